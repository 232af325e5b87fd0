
/*
 * The pace of lookups.  See ngx_household_pace.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_pace.h"


static void ngx_household_pace_measure(ngx_household_pace_t *pace,
    ngx_msec_t time, ngx_msec_t now);
static void ngx_household_pace_grow(ngx_household_pace_t *pace);
static void ngx_household_pace_reduce(ngx_household_pace_t *pace,
    ngx_uint_t window, ngx_msec_t now);


void
ngx_household_pace_init(ngx_household_pace_t *pace, ngx_msec_t timeout,
    ngx_msec_t now)
{
    ngx_memzero(pace, sizeof(ngx_household_pace_t));

    pace->window = NGX_HOUSEHOLD_PACE_START;
    pace->slow_start = 1;
    pace->measured = now;
    pace->reduced = now;

    /* the other half is left for network latency and a retry */

    pace->queue = ngx_min(timeout / 2, NGX_HOUSEHOLD_PACE_QUEUE);
}


ngx_uint_t
ngx_household_pace_open(ngx_household_pace_t *pace)
{
    if (pace->pending < pace->window) {
        return 1;
    }

    pace->limited = 1;

    return 0;
}


void
ngx_household_pace_sent(ngx_household_pace_t *pace)
{
    pace->pending++;
}


void
ngx_household_pace_answered(ngx_household_pace_t *pace, ngx_msec_t sent,
    ngx_msec_t now)
{
    ngx_msec_t  time, most;

    pace->pending--;

    if (2 * pace->pending < pace->window) {
        pace->limited = 0;
    }

    time = now - sent;

    ngx_household_pace_measure(pace, time, now);

    most = 2 * pace->shortest + pace->queue;

    if (time <= most) {
        ngx_household_pace_grow(pace);
        return;
    }

    /* only once for all lookups that were sent before the reduction */

    if ((ngx_msec_int_t) (sent - pace->reduced) >= 0) {
        ngx_household_pace_reduce(pace, time > 2 * most ? pace->window / 2
                                                        : pace->window * 3 / 4,
                                  now);
    }
}


void
ngx_household_pace_failed(ngx_household_pace_t *pace, ngx_msec_t now)
{
    pace->pending--;

    ngx_household_pace_reduce(pace, NGX_HOUSEHOLD_PACE_MIN, now);
    pace->slow_start = 1;
}


/*
 * If lookups queue up permanently, the minimum response time includes the
 * queueing delay.  So the minimum is measured again at intervals, with a small
 * window, which lets the queue drain.
 */

static void
ngx_household_pace_measure(ngx_household_pace_t *pace, ngx_msec_t time,
    ngx_msec_t now)
{
    if (now - pace->measured >= NGX_HOUSEHOLD_PACE_PROBE) {
        pace->measured = now;
        pace->known = 0;

        if (pace->limited) {
            pace->limited = 0;
            ngx_household_pace_reduce(pace, NGX_HOUSEHOLD_PACE_MIN, now);
            pace->slow_start = 1;
        }
    }

    if (!pace->known || time < pace->shortest) {
        pace->shortest = time;
        pace->known = 1;
    }
}


/*
 * The window grows only if it was the limit: otherwise the response time says
 * nothing about a larger window.  After a reduction, the window does not grow
 * until the lookups above it are answered.
 */

static void
ngx_household_pace_grow(ngx_household_pace_t *pace)
{
    if (!pace->limited || pace->pending >= pace->window
        || pace->window >= NGX_HOUSEHOLD_PACE_MAX)
    {
        return;
    }

    if (pace->slow_start) {
        pace->window++;
        return;
    }

    if (++pace->grown >= pace->window) {
        pace->grown = 0;
        pace->window++;
    }
}


static void
ngx_household_pace_reduce(ngx_household_pace_t *pace, ngx_uint_t window,
    ngx_msec_t now)
{
    pace->window = ngx_max(window, NGX_HOUSEHOLD_PACE_MIN);
    pace->grown = 0;
    pace->reduced = now;
    pace->slow_start = 0;
}
