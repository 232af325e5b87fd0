
/*
 * A server that is tracked, and the two connections to it.  For the files of
 * tracking only.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_TRACKING_NODE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_TRACKING_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"


/* each may destroy the node */

typedef struct {
    /* the server has agreed to send invalidations */
    void       (*enabled)(void *data);

    /* it has answered a heartbeat, or is not pending any more */
    void       (*answered)(void *data);

    /* it was enabled until now: invalidations may have been missed */
    void       (*lost)(void *data);

    /* invalidations: of a key, of all keys, and of keys that were not read */
    void       (*changed)(void *data, ngx_str_t *key);
    void       (*flushed)(void *data);
    void       (*missed)(void *data);

    /*
     * nginx closes a connection, as the worker quits.  Returns NGX_OK if it
     * stays open, or NGX_DECLINED.
     */
    ngx_int_t  (*quit)(void *data);
} ngx_household_redis_tracking_node_calls_t;


typedef struct {
    ngx_household_redis_node_t       *node;
    ngx_household_redis_t            *redis;
    ngx_str_t                        *prefix;
    ngx_queue_t                       queue;    /* the caller's */

    const ngx_household_redis_tracking_node_calls_t  *calls;
    void                             *data;

    ngx_household_redis_dedicated_t  *sub;      /* receives invalidations */
    ngx_household_redis_dedicated_t  *tracker;  /* has tracking enabled */

    int64_t                           id;       /* of the client of "sub" */
    uint64_t                          server;   /* both are connected to it */
    ngx_uint_t                        retry;    /* heartbeats until; 0: none */

    /* of a name with several addresses, whether the first works again */
    ngx_household_redis_query_t      *probe;
    ngx_uint_t                        probe_in; /* heartbeats */

    ngx_uint_t                        heartbeat;
    ngx_uint_t                        sub_ack;  /* the last heartbeats that */
    ngx_uint_t                        tracker_ack; /* were answered */

    /* the last causes of a loss that were logged */
    u_char                            err[NGX_HOUSEHOLD_REDIS_ERRLEN];
    u_char                            prev_err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                          subscribed:1;
    unsigned                          enabled:1;
    unsigned                          pending:1; /* first attempt, so far */
    unsigned                          lost:1;    /* which was logged */
    unsigned                          seen:1;    /* the caller's */
} ngx_household_redis_tracking_node_t;


/* opens the connections, later; NULL if memory is short */
ngx_household_redis_tracking_node_t *ngx_household_redis_tracking_node_create(
    ngx_household_redis_t *redis, ngx_household_redis_node_t *node,
    ngx_str_t *prefix, const ngx_household_redis_tracking_node_calls_t *calls,
    void *data);

/* it must be in no queue any more */
void ngx_household_redis_tracking_node_destroy(
    ngx_household_redis_tracking_node_t *n);

/*
 * Sends a PING on both connections, behind all that was sent to them.  It is
 * answered when both "sub_ack" and "tracker_ack" are this heartbeat's number.
 * Returns NGX_OK, or NGX_DECLINED if tracking is enabled but a connection is
 * closed.
 */
ngx_int_t ngx_household_redis_tracking_node_heartbeat(
    ngx_household_redis_tracking_node_t *n, ngx_uint_t heartbeat);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKING_NODE_H_INCLUDED_ */
