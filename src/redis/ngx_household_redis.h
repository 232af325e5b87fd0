
/*
 * A Redis (or Valkey) deployment as a worker sees it: the operations sent to
 * it, and the connections that whoever needs one of its own may open.
 *
 * Core layer: ngx_core and ngx_event only.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_route.h"
#include "ngx_household_redis_dedicated.h"
#include "ngx_household_redis_query.h"


/*
 * Prepares a deployment for this worker: no connection is made before it is
 * needed or shortly after.  "redis" is allocated from "cycle"'s pool.
 * Returns NULL if memory is short.
 */
ngx_household_redis_t *ngx_household_redis_create(ngx_cycle_t *cycle,
    ngx_household_redis_options_t *conf);

/*
 * Closes every connection; operations under way end with DOWN.  To be called
 * from exit_process, before nginx looks for open sockets.
 */
void ngx_household_redis_destroy(ngx_household_redis_t *redis);

/*
 * Submits commands, which are encoded at once, as one operation.  Each has
 * one key, which a cluster is routed by, and gets one reply.  The operation
 * ends within the deployment's timeout.  "flags" may have
 *
 *     NGX_HOUSEHOLD_REDIS_WRITE  it is sent to a primary, once only;
 *     NGX_HOUSEHOLD_REDIS_LATE   it ends within the longer time of operations
 *                                whose late reply is of use, and does not
 *                                keep a worker that quits;
 *     NGX_HOUSEHOLD_REDIS_FIRST  see ngx_household_redis_hold().
 *
 * Returns the operation, with "done" called later and never from within; or
 * NULL and sets "status" if it cannot be started: DOWN or BUSY.
 */
ngx_household_redis_op_t *ngx_household_redis_submit(
    ngx_household_redis_t *redis, ngx_household_resp_command_t *commands,
    ngx_str_t *keys, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data, ngx_household_redis_result_e *status);

/* logs, at a limited rate, that a lookup or a note had to be refused */
void ngx_household_redis_busy(ngx_household_redis_t *redis);

/*
 * Logs "WHAT failed: error reply CODE", at most once a second for each "what",
 * which is static, and code: as an error of the operator, or as a warning if
 * it is transient (LOADING, READONLY, CLUSTERDOWN, TRYAGAIN, MASTERDOWN).
 * What else the server says is not logged: it may repeat arguments.
 */
void ngx_household_redis_log_error(ngx_household_redis_t *redis,
    const char *event, ngx_str_t *error);

/*
 * Has "handler" called with the first key of an operation that has not
 * written, before its "done", if one of its replies came from a server that
 * nobody tracks while others are tracked: its value must not be cached as
 * fresh.  To be called before the first operation.
 */
void ngx_household_redis_set_tracked(ngx_household_redis_t *redis,
    ngx_household_redis_tracked_t *tracked,
    void (*handler)(void *data, ngx_str_t *key), void *data);

/*
 * Between these, operations wait for what was submitted with the flag
 * NGX_HOUSEHOLD_REDIS_FIRST, within their timeout.  Calls may be nested.
 */
void ngx_household_redis_hold(ngx_household_redis_t *redis);
void ngx_household_redis_release(ngx_household_redis_t *redis);

/*
 * The topology may have changed (a connection of the caller's own was lost, a
 * reply came from an unexpected server): it is asked for soon.
 */
void ngx_household_redis_refresh(ngx_household_redis_t *redis);

/*
 * The topology is asked for at short intervals from now on, whether there are
 * operations or not: NGX_HOUSEHOLD_REDIS_WATCH_INTERVAL.
 */
void ngx_household_redis_watch_topology(ngx_household_redis_t *redis);

/*
 * Fills "nodes" with the primaries, as far as they are known: in a cluster
 * all that hold slots, otherwise one or none.  A node must be kept
 * (ngx_household_redis_node_keep()) beyond the call; a link keeps its own.
 * Returns how many there are, which may be more than "max".
 */
ngx_uint_t ngx_household_redis_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max);

/*
 * Has watch->changed called, from the event loop, after the primaries may
 * have changed; a node that is the same has the same pointer.
 */
void ngx_household_redis_observe_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_observer_t *observer);
void ngx_household_redis_unobserve_primaries(
    ngx_household_redis_observer_t *observer);


#endif /* _NGX_HOUSEHOLD_REDIS_H_INCLUDED_ */
