
/*
 * What may happen with each request is logged once a second at most, with how
 * often it happened.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_LOG_LIMIT_H_INCLUDED_
#define _NGX_HOUSEHOLD_LOG_LIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_LOG_LIMIT_INTERVAL  1000    /* ms */


/* of one line of the log; zeros at the start */

typedef struct {
    ngx_msec_t   last;
    ngx_uint_t   n;                    /* that no line has told of */
    unsigned     told:1;
} ngx_household_log_limit_t;


/*
 * Counts "n" more.  Returns how many a line is to tell of now, these included;
 * or 0 if the last line is too recent.
 */
static ngx_inline ngx_uint_t
ngx_household_log_limit(ngx_household_log_limit_t *limit, ngx_uint_t n)
{
    n += limit->n;

    if (limit->told
        && ngx_current_msec - limit->last < NGX_HOUSEHOLD_LOG_LIMIT_INTERVAL)
    {
        limit->n = n;
        return 0;
    }

    limit->told = 1;
    limit->last = ngx_current_msec;
    limit->n = 0;

    return n;
}


#endif /* _NGX_HOUSEHOLD_LOG_LIMIT_H_INCLUDED_ */
