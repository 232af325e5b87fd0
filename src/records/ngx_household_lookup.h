
/*
 * Looks an account up: asks Redis for its two keys in one round trip and
 * makes the record of them.  Requests for the same account at the same time
 * share one lookup.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_LOOKUP_H_INCLUDED_
#define _NGX_HOUSEHOLD_LOOKUP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"
#include "ngx_household_record.h"


typedef struct ngx_household_lookups_s  ngx_household_lookups_t;
typedef struct ngx_household_lookup_s   ngx_household_lookup_t;
typedef struct ngx_household_waiter_s   ngx_household_waiter_t;


typedef enum {
    NGX_HOUSEHOLD_LOOKUP_OK = 0,       /* there is a record, maybe empty */
    NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
    NGX_HOUSEHOLD_LOOKUP_TOO_LARGE
} ngx_household_lookup_status_e;


/*
 * Called once with the outcome, never from within ngx_household_lookup().
 * The record is NULL unless the status is OK, and is valid during the call
 * only.  The handler must not finalize a request: it posts an event.
 */
typedef void (*ngx_household_waiter_pt)(ngx_household_waiter_t *waiter,
    ngx_household_lookup_status_e status, ngx_household_record_t *record);


/* one request that waits; the caller's memory, "handler" and "data" its own */

struct ngx_household_waiter_s {
    ngx_household_waiter_pt    handler;
    void                      *data;

    ngx_household_lookup_t    *lookup; /* NULL: does not wait */
    ngx_queue_t                queue;
};


/*
 * Who keeps records, if anybody does.  "begin" is called before an account is
 * asked for; what it returns goes to "end" with the record, and tells a later
 * request whether a lookup under way is recent enough to be shared.
 */

typedef struct {
    uint64_t                 (*begin)(void *data, ngx_str_t *account);
    void                     (*end)(void *data, ngx_str_t *account,
                                    uint64_t generation,
                                    ngx_household_record_t *record);
    void                      *data;
} ngx_household_lookup_cache_t;


/*
 * The lookups of one deployment in this worker, allocated from "pool"; they
 * are brought to "keeper", unless it is NULL.  Returns NULL if memory is
 * short.
 */
ngx_household_lookups_t *ngx_household_lookups_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_household_lookup_cache_t *keeper);

/* frees what lookups keep; none may be under way */
void ngx_household_lookups_destroy(ngx_household_lookups_t *lookups);

/*
 * Starts a lookup, or joins one that is under way.  "account" has 1 to
 * NGX_HOUSEHOLD_ID_LEN bytes, any bytes; it is copied.  "waiter" may be NULL:
 * the record is for the keeper alone.
 *
 * Returns NGX_AGAIN if the waiter's handler will be called, and NGX_DECLINED
 * if the store is away or the queue is full: then it will not.
 */
ngx_int_t ngx_household_lookup(ngx_household_lookups_t *lookups,
    ngx_str_t *account, ngx_household_waiter_t *waiter);

/* the waiter waits no more; its handler will not be called; may be repeated */
void ngx_household_lookup_cancel(ngx_household_waiter_t *waiter);


#endif /* _NGX_HOUSEHOLD_LOOKUP_H_INCLUDED_ */
