
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
 *                                keep a worker that quits.
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
 * Logs an error reply to "what": as an operator's error, at a limited rate,
 * unless it is one that passes by itself (LOADING, READONLY, CLUSTERDOWN,
 * TRYAGAIN, MASTERDOWN).  Only the code, its first word, is logged: the rest
 * may repeat arguments.
 */
void ngx_household_redis_log_error(ngx_household_redis_t *redis,
    const char *what, ngx_str_t *error);

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
    ngx_household_redis_observer_t *watch);
void ngx_household_redis_unobserve_primaries(
    ngx_household_redis_observer_t *watch);


#endif /* _NGX_HOUSEHOLD_REDIS_H_INCLUDED_ */
