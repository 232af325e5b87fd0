
/*
 * The counters of a household_store, in shared memory.  Directives with the
 * same household_redis and the same zone, or both without a zone, share a set.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_COUNTS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_COUNTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* of the histogram of lookups: upper bounds, and one bucket above the last */
#define NGX_HTTP_HOUSEHOLD_BUCKETS  12

/* of the histogram of verifications: likewise */
#define NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS  9

/* a lookup's counters: those of the buckets, and the sum of microseconds */
#define NGX_HTTP_HOUSEHOLD_LOOKUP_COUNTS  (NGX_HTTP_HOUSEHOLD_BUCKETS + 1)


typedef enum {
    NGX_HTTP_HOUSEHOLD_COUNT_GEO = 0,
    NGX_HTTP_HOUSEHOLD_COUNT_MALFORMED,
    NGX_HTTP_HOUSEHOLD_COUNT_COALESCED,
    NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_UNAVAILABLE,
    NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_IGNORED,
    NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_RETRIED,
    NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_DROPPED,
    NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_WRITTEN,
    NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_VERIFIED,
    NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_CACHED,
    NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_REJECTED,

    /* of the buckets, and the sum of microseconds */
    NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_TIME,

    /* gauges: the fleet override that was fetched last; the mode plus 1 */
    NGX_HTTP_HOUSEHOLD_COUNT_OVERRIDE = NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_TIME
                                        + NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS + 1,
    NGX_HTTP_HOUSEHOLD_COUNT_ROLLOUT,

    /* gauges of the canary, in ms: the last measurement, and its change */
    NGX_HTTP_HOUSEHOLD_COUNT_CANARY_AGE,
    NGX_HTTP_HOUSEHOLD_COUNT_CANARY_CHANGED,

    NGX_HTTP_HOUSEHOLD_COUNT_DETAIL,
    NGX_HTTP_HOUSEHOLD_COUNT_EVENT = NGX_HTTP_HOUSEHOLD_COUNT_DETAIL
                                     + NGX_HOUSEHOLD_DETAILS,
    NGX_HTTP_HOUSEHOLD_COUNT_WRITE = NGX_HTTP_HOUSEHOLD_COUNT_EVENT
                                     + 2 * NGX_HOUSEHOLD_EVENTS,
    NGX_HTTP_HOUSEHOLD_COUNT_LOOKUP = NGX_HTTP_HOUSEHOLD_COUNT_WRITE
                                      + NGX_HOUSEHOLD_WRITER_OPS
                                        * NGX_HOUSEHOLD_WRITER_RESULTS,
    NGX_HTTP_HOUSEHOLD_COUNT_REQUEST = NGX_HTTP_HOUSEHOLD_COUNT_LOOKUP
                                       + NGX_HOUSEHOLD_LOOKUP_RESULTS
                                         * NGX_HTTP_HOUSEHOLD_LOOKUP_COUNTS,

    NGX_HTTP_HOUSEHOLD_COUNTS = NGX_HTTP_HOUSEHOLD_COUNT_REQUEST
                                + NGX_HOUSEHOLD_REASONS
                                  * NGX_HTTP_HOUSEHOLD_STATUSES
} ngx_http_household_count_e;


/* requests: the statuses of one reason are next to each other */
#define ngx_http_household_count_request(status, reason)                      \
    (NGX_HTTP_HOUSEHOLD_COUNT_REQUEST                                         \
     + (reason) * NGX_HTTP_HOUSEHOLD_STATUSES + (status))

/* "household_shadow" has a set of its own: its verdict, and that in effect */
#define ngx_http_household_count_shadow(reason, denied, current)              \
    (NGX_HTTP_HOUSEHOLD_COUNT_REQUEST                                         \
     + (reason) * NGX_HTTP_HOUSEHOLD_STATUSES + 2 * (denied) + (current))

#define ngx_http_household_count_event(kind, written)                         \
    (NGX_HTTP_HOUSEHOLD_COUNT_EVENT + 2 * (kind) + (written))

#define ngx_http_household_count_write(op, result)                            \
    (NGX_HTTP_HOUSEHOLD_COUNT_WRITE                                           \
     + (op) * NGX_HOUSEHOLD_WRITER_RESULTS + (result))

/* "i" is a bucket, or NGX_HTTP_HOUSEHOLD_BUCKETS for the sum */
#define ngx_http_household_count_lookup(result, i)                            \
    (NGX_HTTP_HOUSEHOLD_COUNT_LOOKUP                                          \
     + (result) * NGX_HTTP_HOUSEHOLD_LOOKUP_COUNTS + (i))

#define ngx_http_household_count(store, i)                                    \
    ngx_household_counters_inc((store)->counts, i, 1)


/* upper bounds of the buckets but the last, in microseconds, ascending */
extern const ngx_uint_t
    ngx_http_household_buckets[NGX_HTTP_HOUSEHOLD_BUCKETS - 1];
extern const ngx_uint_t
    ngx_http_household_token_buckets[NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS - 1];


/*
 * Configuration time.  Gives each store its counters, if there is a store.
 * Returns NGX_OK, or NGX_ERROR; the error has been logged.
 */
ngx_int_t ngx_http_household_counts_init(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf);

/*
 * Configuration time.  Returns the counters of a second policy of a store, or
 * NULL if memory allocation failed.
 */
ngx_household_counters_set_t *ngx_http_household_counts_shadow(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_shadow_t *shadow);

/* sets the callbacks of a store that count its lookups */
void ngx_http_household_counts_init_store(ngx_http_household_store_t *store);

/* in a worker process: counts what happens to a household_redis */
void ngx_http_household_counts_init_redis(ngx_http_household_redis_t *redis);

/* counts the duration of the verification of a token */
void ngx_http_household_counts_token(ngx_http_household_store_t *store,
    uint64_t usec);

/* count a write, and an event; "data" is the store */
void ngx_http_household_counts_write(void *data, ngx_household_writer_op_e op,
    ngx_household_writer_result_e result);
void ngx_http_household_counts_event(void *data, ngx_household_event_e kind,
    ngx_uint_t written);


#endif /* _NGX_HTTP_HOUSEHOLD_COUNTS_H_INCLUDED_ */
