
/*
 * When a key set is fetched.
 *
 * Pure: links without any nginx object file.
 */


#ifndef _NGX_HOUSEHOLD_KEYSET_SCHEDULE_H_INCLUDED_
#define _NGX_HOUSEHOLD_KEYSET_SCHEDULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* milliseconds: the shortest interval that a "max-age" can ask for */
#define NGX_HOUSEHOLD_KEYSET_MIN_AGE       60000

/* milliseconds: after a failure; doubles up to */
#define NGX_HOUSEHOLD_KEYSET_BACKOFF        1000
#define NGX_HOUSEHOLD_KEYSET_BACKOFF_MAX   60000

/* milliseconds: between two fetches that unknown key ids cause */
#define NGX_HOUSEHOLD_KEYSET_EARLY         30000


/*
 * Returns the time until the next fetch after a success, in milliseconds:
 * "refresh", or less if the response is fresh for a shorter time ("fresh"
 * seconds; -1: not specified), but at least NGX_HOUSEHOLD_KEYSET_MIN_AGE;
 * and less a jitter of up to a tenth.  "random" is any number.
 */
ngx_msec_t ngx_household_keyset_interval(ngx_msec_t refresh, int64_t fresh,
    uint32_t random);

/*
 * The same after "failures" failures in succession, 1 or more: exponential
 * backoff, not longer than "refresh", and times a random factor of 0.5 to 1.
 */
ngx_msec_t ngx_household_keyset_backoff(ngx_msec_t refresh,
    ngx_uint_t failures, uint32_t random);


#endif /* _NGX_HOUSEHOLD_KEYSET_SCHEDULE_H_INCLUDED_ */
