
/*
 * Looks an account up: asks Redis for its two keys in one round trip and
 * makes the record of them.
 *
 * An account has one lookup under way: requests for it share that one, those
 * of other workers, too, where there is a cache (singleflight).  A request
 * waits for the deployment's timeout.  The lookup goes on, and its record is
 * kept by the cache, however late it comes.  How many lookups are under way
 * depends on how fast they are answered; the others wait in a queue, the
 * latest first.
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
    ngx_queue_t                queue;  /* of the lookup */
    ngx_queue_t                timed;  /* of all that wait */
    ngx_msec_t                 deadline;
};


/* a cache of records that processes share */

typedef struct {
    /* returns the generation of an account: invalidations change it */
    uint64_t    (*generation)(void *data, ngx_str_t *account);

    /*
     * Returns NGX_OK and sets "generation" if the account may be asked for,
     * or NGX_BUSY if another process does that at the moment.
     */
    ngx_int_t   (*fetch)(void *data, ngx_str_t *account,
                         uint64_t *generation);

    /* what was fetched with that generation; NULL: nothing was */
    void        (*store)(void *data, ngx_str_t *account, uint64_t generation,
                         ngx_household_record_t *record);

    /* copies a fresh record to "buf" and returns its length, or 0 */
    size_t      (*find)(void *data, ngx_str_t *account, u_char *buf,
                        size_t size);

    void         *data;
} ngx_household_lookup_cache_t;


/*
 * The lookups of one deployment in this worker, allocated from "pool"; they
 * are brought to "cache", unless it is NULL.  Returns NULL if memory is
 * short.
 */
ngx_household_lookups_t *ngx_household_lookups_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_household_lookup_cache_t *cache);

/*
 * Ends the lookups that were not sent, and frees what all of them keep.  None
 * that was sent may be under way.
 */
void ngx_household_lookups_destroy(ngx_household_lookups_t *lookups);

/*
 * Starts a lookup, or joins one that is under way.  "account" has 1 to
 * NGX_HOUSEHOLD_ID_LEN bytes, any bytes; it is copied.  "waiter" may be NULL:
 * the record is for the cache alone.
 *
 * Returns NGX_AGAIN if the waiter's handler will be called, within the
 * timeout, and NGX_DECLINED if Redis is known to be unavailable or memory is
 * short: then it will not.
 */
ngx_int_t ngx_household_lookup(ngx_household_lookups_t *lookups,
    ngx_str_t *account, ngx_household_waiter_t *waiter);

/* the waiter waits no more; its handler will not be called; may be repeated */
void ngx_household_lookup_cancel(ngx_household_waiter_t *waiter);


#endif /* _NGX_HOUSEHOLD_LOOKUP_H_INCLUDED_ */
