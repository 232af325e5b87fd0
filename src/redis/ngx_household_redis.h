
/*
 * A Redis (or Valkey) deployment of a worker process: submits operations,
 * reports the primaries, and refreshes the topology.
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
 * Prepares a deployment for this worker process.  Connections are opened
 * later: shortly after, or when they are needed.  The deployment is allocated
 * from the pool of "cycle".  Returns NULL if there is no memory.
 */
ngx_household_redis_t *ngx_household_redis_create(ngx_cycle_t *cycle,
    ngx_household_redis_options_t *conf);

/*
 * Closes all connections.  Pending operations end with DOWN.  To be called
 * from exit_process, before nginx checks for open sockets.
 */
void ngx_household_redis_destroy(ngx_household_redis_t *redis);

/*
 * Submits "n" commands as one operation.  The commands are encoded at once.
 * Each command has one key, which selects the node of a cluster, and gets one
 * reply.  The operation ends within the deployment's timeout.  "flags" may
 * have
 *
 *     NGX_HOUSEHOLD_REDIS_WRITE  the commands are sent to a primary, and sent
 *                                once only;
 *     NGX_HOUSEHOLD_REDIS_LATE   a late reply is still useful: the operation
 *                                has a longer timeout, and does not delay the
 *                                exit of a worker process, unless it is
 *                                awaited (ngx_household_redis_op_await());
 *     NGX_HOUSEHOLD_REDIS_NUMBERED  the operation does not end with OK before a
 *                                PING with a number, which follows, shows that
 *                                the replies belong to their commands;
 *     NGX_HOUSEHOLD_REDIS_NO_REPLICA  in a cluster, the commands are sent to
 *                                primaries.  For keys that a replica has just
 *                                been read for: unless a node redirects, the
 *                                reply of the replica determines if a value
 *                                may be cached as fresh;
 *     and one of LOOKUP, PRESENCE, UPDATE, EVENT, FLEET, API: what is counted.
 *
 * Returns the operation; "done" is called later, never from within.  Returns
 * NULL and sets "status" to DOWN or BUSY if the operation cannot be started.
 */
ngx_household_redis_op_t *ngx_household_redis_submit(
    ngx_household_redis_t *redis, ngx_household_resp_command_t *commands,
    ngx_str_t *keys, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data, ngx_household_redis_result_e *status);

/*
 * The same with commands that are encoded, one after the other in memory; they
 * are copied.  The key is the last argument of the first command.
 */
ngx_household_redis_op_t *ngx_household_redis_submit_encoded(
    ngx_household_redis_t *redis, ngx_str_t *wires, ngx_str_t *keys,
    ngx_uint_t n, ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data,
    ngx_household_redis_result_e *status);

/*
 * Returns 1 if a replica of a cluster has replied to a command of the
 * operation, otherwise 0.  To be called from "reply" or "done".  A replica does
 * not reply with ASK: it returns no value for a key that was moved to another
 * node, while the hash slot of the key is being migrated.
 */
ngx_uint_t ngx_household_redis_from_replica(ngx_household_redis_op_t *op);

/* Logs, at a limited rate, that a lookup or a write was rejected as BUSY. */
void ngx_household_redis_busy(ngx_household_redis_t *redis);

/*
 * Logs "EVENT failed: error reply CODE", at most once a second for each event
 * and code.  "event" is static.  The level is "error", or "warn" if the error
 * is transient (BUSY, LOADING, READONLY, CLUSTERDOWN, TRYAGAIN, MASTERDOWN).
 * The rest of the error reply is not logged, because it may repeat arguments.
 */
void ngx_household_redis_log_error(ngx_household_redis_t *redis,
    const char *event, ngx_str_t *error);

/*
 * Sets the table of tracked servers.  To be called before the first operation.
 * With "tracking on", also starts to track what the connections of this process
 * read.
 */
void ngx_household_redis_set_tracked(ngx_household_redis_t *redis,
    ngx_household_redis_tracked_t *tracked,
    const ngx_household_redis_tracked_calls_t *calls, void *data);

/*
 * Refreshes the topology soon.  To be called if the topology may have changed:
 * a connection of the caller was lost, or a reply came from an unexpected
 * server.
 */
void ngx_household_redis_refresh(ngx_household_redis_t *redis);

/*
 * To be called after the set of servers that are unfit to be read from has
 * changed (ngx_household_redis_unfit.h): calls the observers soon, and
 * refreshes the topology.
 */
void ngx_household_redis_rechoose(ngx_household_redis_t *redis);

/*
 * Refreshes the topology at short intervals from now on, with or without
 * operations.  The interval depends on the topology.
 */
void ngx_household_redis_watch_topology(ngx_household_redis_t *redis);

/*
 * Calls "handler" with "data" and an ngx_household_redis_count_e for what is
 * counted from now on: error replies to commands, redirections, and changes of
 * the servers or their roles, as this worker process sees them; and, each
 * second while they are published (ngx_household_redis_servers.h), commands.
 */
void ngx_household_redis_count_by(ngx_household_redis_t *redis,
    ngx_household_redis_count_pt handler, void *data);

/*
 * Fills "nodes" with the nodes that are read from: the primary, or with
 * "read_from replica" the chosen replica; in a cluster those of each hash slot,
 * and the primaries without slots.  The caller must keep a node that it uses
 * after the call (ngx_household_redis_node_keep()); a dedicated connection
 * keeps its node.  Returns the number of nodes, which may be greater than
 * "max".
 */
ngx_uint_t ngx_household_redis_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max);

/*
 * Calls observer->changed from the event loop after the primaries may have
 * changed.  A node that did not change has the same pointer.
 */
void ngx_household_redis_observe_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_observer_t *observer);
void ngx_household_redis_unobserve_primaries(
    ngx_household_redis_observer_t *observer);


#endif /* _NGX_HOUSEHOLD_REDIS_H_INCLUDED_ */
