
/*
 * Learns of changes in Redis as they are made: client-side caching over
 * RESP2, in broadcasting mode.  Each primary has two connections: one that
 * asks to be told of the keys of a prefix, and one that is told.
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


/* ms between proofs of life, and how long one is good for */
#define NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT    500
#define NGX_HOUSEHOLD_REDIS_TRACKING_LEASE  2000

/* ms that a worker that quits waits for another one to take over, at most */
#define NGX_HOUSEHOLD_TRACKING_HANDOVER  30000

/* primaries of one deployment; with more, nothing is coherent */
#define NGX_HOUSEHOLD_REDIS_TRACKING_NODES   256


typedef struct ngx_household_redis_tracking_s  ngx_household_redis_tracking_t;


typedef struct {
    /* a key has changed, or has ceased to be */
    void       (*changed)(void *data, ngx_str_t *key);

    /* all keys are gone */
    void       (*flushed)(void *data);

    /*
     * "on" 1, again and again: all invalidations sent until "when" have been
     * received.  0: some may be missed from now on.  Returns NGX_DONE if
     * another process receives the same, so that a worker that quits may stop.
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
 * "redis" of this worker.  Allocated from "pool".  Returns NULL if memory is
 * short.
 */
ngx_household_redis_tracking_t *ngx_household_redis_tracking_create(
    ngx_pool_t *pool, ngx_household_redis_t *redis, ngx_str_t *prefix,
    const ngx_household_redis_tracking_calls_t *calls, void *data);

/* says "coherent 0" and closes; to be called before the deployment goes */
void ngx_household_redis_tracking_destroy(
    ngx_household_redis_tracking_t *tracking);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKING_H_INCLUDED_ */
