
/*
 * A clock for durations that ngx_current_msec is too coarse for: it is read
 * once per iteration of the event loop, and counts milliseconds.
 */


#ifndef _NGX_HOUSEHOLD_CLOCK_H_INCLUDED_
#define _NGX_HOUSEHOLD_CLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* returns microseconds since an arbitrary time; never goes back */

static ngx_inline uint64_t
ngx_household_clock_usec(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


#endif /* _NGX_HOUSEHOLD_CLOCK_H_INCLUDED_ */
