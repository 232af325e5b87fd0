
/*
 * Receives the invalidations of Redis: client-side caching over RESP2, in
 * broadcasting mode.  Each server has two connections: the invalidation
 * connection (SUBSCRIBE __redis__:invalidate), and the tracking connection
 * (CLIENT TRACKING ON REDIRECT id BCAST PREFIX prefix).
 *
 * https://redis.io/docs/latest/develop/reference/client-side-caching/
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"


/* ms between heartbeats, and how long one is good for */
#define NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT    500
#define NGX_HOUSEHOLD_REDIS_TRACKING_LEASE       2000

/* ms that a worker that quits waits for another one to take over, at most */
#define NGX_HOUSEHOLD_REDIS_TRACKING_HANDOVER    30000

/* servers of one deployment; what others say is not cached as fresh */
#define NGX_HOUSEHOLD_REDIS_TRACKING_NODES  NGX_HOUSEHOLD_REDIS_TRACKED_MAX


typedef struct ngx_household_redis_tracking_s  ngx_household_redis_tracking_t;


typedef struct {
    /* a key has been written, deleted or evicted, or has expired */
    void       (*changed)(void *data, ngx_str_t *key);

    /* a server has deleted all its keys */
    void       (*flushed)(void *data);

    /* invalidations of any key may have been missed */
    void       (*missed)(void *data);

    /*
     * Heartbeat.  "on" 1: all invalidations that the tracked servers have sent
     * until "when" were received; repeated each interval.  0: some may be
     * missed from now on.  Returns NGX_DONE if another process receives the
     * same, so that a worker that quits may stop.
     */
    ngx_int_t  (*coherent)(void *data, ngx_uint_t on, ngx_msec_t when);

    /*
     * The worker quits.  Returns NGX_OK if another process is to take over
     * from this one, which goes on until that has happened, or NGX_DECLINED.
     */
    ngx_int_t  (*quit)(void *data);
} ngx_household_redis_tracking_calls_t;


/*
 * Begins to track the keys that start with "prefix", in the deployment
 * "redis" of this worker, which publishes the servers that are tracked (see
 * ngx_household_redis_set_tracked()).  Allocated from "pool".  Returns NULL if
 * memory is short.
 */
ngx_household_redis_tracking_t *ngx_household_redis_tracking_create(
    ngx_pool_t *pool, ngx_household_redis_t *redis, ngx_str_t *prefix,
    const ngx_household_redis_tracking_calls_t *calls, void *data);

/* calls "coherent 0" and closes; to be called before the deployment goes */
void ngx_household_redis_tracking_destroy(
    ngx_household_redis_tracking_t *tracking);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_ */
