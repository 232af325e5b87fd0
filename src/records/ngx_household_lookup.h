
/*
 * A lookup fetches the keys of an account from Redis in one round trip and
 * builds the record from them.
 *
 * An account has at most one lookup in progress.  All requests for the account
 * share that lookup (singleflight), also those of other workers if there is a
 * cache.  A request waits for the timeout of the deployment at most.  The
 * lookup continues after that, and the cache stores a late record.  The number
 * of lookups in progress depends on the response time of Redis; other lookups
 * wait in a queue, which is LIFO.
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
    NGX_HOUSEHOLD_LOOKUP_OK = 0,       /* the record may be empty */
    NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
    NGX_HOUSEHOLD_LOOKUP_TOO_LARGE
} ngx_household_lookup_status_e;


/*
 * Called once with the outcome, never from within ngx_household_lookup().
 * The record is NULL unless the status is OK.  The record is valid during the
 * call only.  The handler must not finalize a request, but post an event.
 */
typedef void (*ngx_household_waiter_pt)(ngx_household_waiter_t *waiter,
    ngx_household_lookup_status_e status, ngx_household_record_t *record);


/*
 * A waiting request, allocated by the caller, which sets "handler" and "data".
 */

struct ngx_household_waiter_s {
    ngx_household_waiter_pt    handler;
    void                      *data;

    ngx_household_lookup_t    *lookup; /* NULL: not waiting */
    ngx_queue_t                queue;  /* of the lookup */
    ngx_queue_t                timed;  /* of all waiters */
    ngx_msec_t                 deadline;
};


/* a cache of records shared by processes */

typedef struct {
    /* returns the generation of an account, changed by each invalidation */
    uint64_t    (*generation)(void *data, ngx_str_t *account);

    /*
     * Returns NGX_OK and sets "generation" if the caller may fetch the
     * account; NGX_DONE if the same, and left() is to follow the end;
     * NGX_BUSY if another process is fetching the account; NGX_AGAIN if as
     * many accounts are being fetched as may be; NGX_ABORT if the account is
     * known to be too large.
     */
    ngx_int_t   (*fetch)(void *data, ngx_str_t *account,
                         uint64_t *generation);

    /* stores the record fetched with "generation"; NULL: the fetch failed */
    void        (*store)(void *data, ngx_str_t *account, uint64_t generation,
                         ngx_household_record_t *record);

    /* ends the fetch of an account that is too large */
    void        (*too_large)(void *data, ngx_str_t *account,
                             uint64_t generation);

    /* after store() or too_large(), for the time of fetch() */
    void        (*left)(void *data, ngx_msec_t since);

    /* copies a fresh record to "buf" and returns its length, or 0 */
    size_t      (*find)(void *data, ngx_str_t *account, u_char *buf,
                        size_t size);

    void         *data;
} ngx_household_lookup_cache_t;


/* how a lookup ended, for counters */

typedef enum {
    NGX_HOUSEHOLD_LOOKUP_RESULT_OK = 0,
    NGX_HOUSEHOLD_LOOKUP_RESULT_NEGATIVE,  /* Redis has no such account */
    NGX_HOUSEHOLD_LOOKUP_RESULT_TOO_LARGE,
    NGX_HOUSEHOLD_LOOKUP_RESULT_TIMEOUT,
    NGX_HOUSEHOLD_LOOKUP_RESULT_DOWN,      /* no usable server */
    NGX_HOUSEHOLD_LOOKUP_RESULT_BUSY,      /* queue full */
    NGX_HOUSEHOLD_LOOKUP_RESULT_ERROR,     /* error reply, or invalid reply */

    NGX_HOUSEHOLD_LOOKUP_RESULTS
} ngx_household_lookup_result_e;


/* counters of lookups that this process sends */

typedef struct {
    /* "usec": from the sending of the commands to the end; 0: not sent */
    void        (*ended)(void *data, ngx_household_lookup_result_e result,
                         uint64_t usec);

    /* a request joined a lookup in progress */
    void        (*joined)(void *data);

    /* "n" malformed entries of a record were ignored */
    void        (*ignored)(void *data, ngx_uint_t n);

    void         *data;
} ngx_household_lookup_counts_t;


/*
 * Creates the lookups of one deployment in this worker, allocated from "pool".
 * Fetched records are stored in "cache", unless "cache" is NULL.  "devices" is
 * 1 if devices are known: then household-device:{A} is read, too.  Returns NULL
 * if memory allocation failed.
 */
ngx_household_lookups_t *ngx_household_lookups_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_household_lookup_cache_t *cache,
    const ngx_household_lookup_counts_t *counts, ngx_uint_t devices);

/*
 * Ends the lookups that were not sent, and frees memory.  No sent lookup may
 * be in progress.
 */
void ngx_household_lookups_destroy(ngx_household_lookups_t *lookups);

/*
 * Starts a lookup, or joins a lookup in progress.  "account" has 1 to
 * NGX_HOUSEHOLD_ID_LEN arbitrary bytes, and is copied.  "waiter" is NULL for a
 * background lookup, which only updates the cache.
 *
 * Returns NGX_AGAIN if the handler of the waiter will be called within the
 * timeout.  Otherwise the handler will not be called.  Returns NGX_ABORT if the
 * account is known to be too large.  Returns NGX_DECLINED if Redis is known to
 * be unavailable or memory allocation failed.
 */
ngx_int_t ngx_household_lookup(ngx_household_lookups_t *lookups,
    ngx_str_t *account, ngx_household_waiter_t *waiter);

/* removes the waiter; its handler will not be called; may be repeated */
void ngx_household_lookup_cancel(ngx_household_waiter_t *waiter);


#endif /* _NGX_HOUSEHOLD_LOOKUP_H_INCLUDED_ */
