
/*
 * A rate limit for lines of the error log that any request can cause: one
 * line a second, with the number of events since the last one.
 */


#ifndef _NGX_HOUSEHOLD_LOG_LIMIT_H_INCLUDED_
#define _NGX_HOUSEHOLD_LOG_LIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_LOG_LIMIT_INTERVAL  1000    /* ms */


/* the state of one kind of line; initially zeros */

typedef struct {
    ngx_msec_t   last;
    ngx_uint_t   n;                    /* events not logged yet */
    unsigned     logged:1;
} ngx_household_log_limit_t;


/*
 * Counts "n" events.  Returns the number of events to log now, including
 * these; or 0 if the last line was written less than a second ago.
 */
static ngx_inline ngx_uint_t
ngx_household_log_limit(ngx_household_log_limit_t *limit, ngx_uint_t n)
{
    n += limit->n;

    if (limit->logged
        && ngx_current_msec - limit->last < NGX_HOUSEHOLD_LOG_LIMIT_INTERVAL)
    {
        limit->n = n;
        return 0;
    }

    limit->logged = 1;
    limit->last = ngx_current_msec;
    limit->n = 0;

    return n;
}


#endif /* _NGX_HOUSEHOLD_LOG_LIMIT_H_INCLUDED_ */
