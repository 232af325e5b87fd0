
/*
 * A tracked server and the two connections to it.  Private to the tracking
 * files.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_TRACKING_NODE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_TRACKING_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"


#define NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL  "__redis__:invalidate"

/* the last heartbeats, whose replies count; replies to earlier ones do not */
#define NGX_HOUSEHOLD_REDIS_TRACKING_PINGS  16


/* each callback may destroy the node */

typedef struct {
    /* tracking has been enabled on the server */
    void       (*enabled)(void *data);

    /* the server has replied to a heartbeat, or is no longer pending */
    void       (*answered)(void *data);

    /* tracking was enabled and is lost: invalidations may have been missed */
    void       (*lost)(void *data);

    /* invalidations of one key, of all keys, and of unknown keys */
    void       (*changed)(void *data, ngx_str_t *key);
    void       (*flushed)(void *data);
    void       (*missed)(void *data);

    /*
     * The worker quits, and nginx closes idle connections.  Returns NGX_OK if
     * the connection stays open, or NGX_DECLINED.
     */
    ngx_int_t  (*quit)(void *data);
} ngx_household_redis_tracking_node_calls_t;


/*
 * PINGs of one connection.  Their replies come in the same order, so that a
 * reply acknowledges the heartbeat of its own PING, and none that was sent
 * later.
 */

typedef struct {
    ngx_uint_t                        sent;
    ngx_uint_t                        done;     /* replied, or lost */
    ngx_uint_t                        acked;    /* heartbeat; 0: none */
    ngx_uint_t                        heartbeats[
                                           NGX_HOUSEHOLD_REDIS_TRACKING_PINGS];
} ngx_household_redis_tracking_pings_t;


typedef struct {
    ngx_household_redis_node_t       *node;
    ngx_household_redis_t            *redis;
    ngx_str_t                        *prefix;
    ngx_queue_t                       queue;    /* used by the caller */

    const ngx_household_redis_tracking_node_calls_t  *calls;
    void                             *data;

    ngx_household_redis_dedicated_t  *sub;      /* receives invalidations */
    ngx_household_redis_dedicated_t  *tracker;  /* has tracking enabled */

    int64_t                           id;       /* client id of "sub" */
    uint64_t                          server;   /* both are connected to it */
    ngx_uint_t                        lag;      /* seconds; of a replica */
    ngx_uint_t                        retry;    /* heartbeats left; 0: none */

    /* checks if the first of several addresses works again */
    ngx_household_redis_query_t      *probe;
    ngx_uint_t                        probe_in; /* heartbeats since a probe */

    ngx_household_redis_tracking_pings_t  sub_pings;
    ngx_household_redis_tracking_pings_t  tracker_pings;

    /* the last two logged causes of a loss */
    u_char                            err[NGX_HOUSEHOLD_REDIS_ERRLEN];
    u_char                            prev_err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                          subscribed:1;
    unsigned                          enabled:1;
    unsigned                          pending:1; /* first attempt */
    unsigned                          lost:1;    /* the loss was logged */
    unsigned                          seen:1;    /* used by the caller */
    unsigned                          active:1;  /* CLIENT TRACKING is ON */
    unsigned                          unfit:1;   /* does not follow */
    unsigned                          denied:1;  /* by an error reply */
    unsigned                          good:1;    /* the last INFO reply */
} ngx_household_redis_tracking_node_t;


/*
 * Creates the node.  The connections are opened later.  Returns NULL if memory
 * allocation failed.
 */
ngx_household_redis_tracking_node_t *ngx_household_redis_tracking_node_create(
    ngx_household_redis_t *redis, ngx_household_redis_node_t *node,
    ngx_str_t *prefix, const ngx_household_redis_tracking_node_calls_t *calls,
    void *data);

/* the caller must have removed the node from its queue */
void ngx_household_redis_tracking_node_destroy(
    ngx_household_redis_tracking_node_t *n);

/*
 * Sends PING on both connections, after all commands sent before.  "heartbeat"
 * is greater than in the call before.  Returns NGX_OK, or NGX_DECLINED if
 * tracking is enabled but a connection is closed.
 */
ngx_int_t ngx_household_redis_tracking_node_heartbeat(
    ngx_household_redis_tracking_node_t *n, ngx_uint_t heartbeat);

/* _probe.c: if another address is in use, checks if the first one works */
void ngx_household_redis_tracking_probe(
    ngx_household_redis_tracking_node_t *n);

/* _push.c: a message of either connection; NGX_ERROR if it is invalid */
ngx_int_t ngx_household_redis_tracking_push(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);

/* the last heartbeat with a reply on both connections; 0: none */
ngx_uint_t ngx_household_redis_tracking_node_acked(
    ngx_household_redis_tracking_node_t *n);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKING_NODE_H_INCLUDED_ */
