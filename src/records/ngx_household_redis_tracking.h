
/*
 * Receives the invalidations of Redis: client-side caching over RESP2.  Each
 * server has two connections: the invalidation connection (SUBSCRIBE
 * __redis__:invalidate), and the tracking connection (CLIENT TRACKING ON
 * REDIRECT id BCAST PREFIX prefix).  With "tracking on", the latter is for
 * heartbeats only, and the connections that read have tracking enabled (see
 * ngx_household_redis_reader.h).
 *
 * https://redis.io/docs/latest/develop/reference/client-side-caching/
 */


#ifndef _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"


/* ms between heartbeats, and ms for which a heartbeat is valid */
#define NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT    500
#define NGX_HOUSEHOLD_REDIS_TRACKING_LEASE       2000

/* the longest time, in ms, that a quitting worker waits for a successor */
#define NGX_HOUSEHOLD_REDIS_TRACKING_HANDOVER    30000

/* tracked servers of one deployment; replies of others are never fresh */
#define NGX_HOUSEHOLD_REDIS_TRACKING_NODES  NGX_HOUSEHOLD_REDIS_TRACKED_MAX


typedef struct ngx_household_redis_tracking_s  ngx_household_redis_tracking_t;


typedef struct {
    /* a key was written, deleted or evicted, or has expired */
    void       (*changed)(void *data, ngx_str_t *key);

    /* a server has deleted all its keys */
    void       (*flushed)(void *data);

    /* invalidations of any key may have been missed */
    void       (*missed)(void *data);

    /*
     * Heartbeat.  "on" is 1 if all invalidations that the tracked servers sent
     * until "when" were received; the call is repeated at each heartbeat.
     * "on" is 0 if invalidations may be missed from now on.  Returns NGX_DONE
     * if another process receives the same invalidations, so that a quitting
     * worker may stop tracking.
     */
    ngx_int_t  (*coherent)(void *data, ngx_uint_t on, ngx_msec_t when);

    /*
     * The worker quits.  Returns NGX_OK if another process will take over;
     * this worker continues to track until then.  Returns NGX_DECLINED if this
     * worker may stop tracking now.
     */
    ngx_int_t  (*quit)(void *data);
} ngx_household_redis_tracking_calls_t;


/*
 * Starts tracking of the keys that begin with "prefix" in the deployment
 * "redis" of this worker.  The tracked servers are published to other workers
 * (see ngx_household_redis_set_tracked()).  The object is allocated from
 * "pool".  Returns NULL if memory allocation failed.
 */
ngx_household_redis_tracking_t *ngx_household_redis_tracking_create(
    ngx_pool_t *pool, ngx_household_redis_t *redis, ngx_str_t *prefix,
    const ngx_household_redis_tracking_calls_t *calls, void *data);

/*
 * Calls "coherent" with "on" 0 and closes the connections.  Must be called
 * before the deployment is destroyed.
 */
void ngx_household_redis_tracking_destroy(
    ngx_household_redis_tracking_t *tracking);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_ */
