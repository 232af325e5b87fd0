
/*
 * Limits the number of concurrent lookups: congestion control for a server of
 * unknown capacity.  The window grows while the response time is near the
 * minimum, and shrinks when lookups queue up in the server.  The algorithm is
 * slow start, then additive increase and multiplicative decrease (AIMD).
 *
 * The signal is the queueing delay, that is, the response time above the
 * minimum.  A high network latency alone does not shrink the window.
 *
 * The code reads no clock: "now" is in milliseconds.
 */


#ifndef _NGX_HOUSEHOLD_PACE_H_INCLUDED_
#define _NGX_HOUSEHOLD_PACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the initial window and its bounds, in lookups */
#define NGX_HOUSEHOLD_PACE_START     64
#define NGX_HOUSEHOLD_PACE_MIN        8
#define NGX_HOUSEHOLD_PACE_MAX     4096

/* the largest queueing delay in a server, ms */
#define NGX_HOUSEHOLD_PACE_QUEUE    100

/* the interval of new measurements of the minimum response time, ms */
#define NGX_HOUSEHOLD_PACE_PROBE  10000


typedef struct {
    ngx_uint_t      window;
    ngx_uint_t      pending;           /* sent, without a reply */
    ngx_uint_t      grown;             /* replies since the window grew */
    ngx_msec_t      queue;             /* max. queueing delay, ms */
    ngx_msec_t      shortest;          /* min. time since "measured", ms */
    ngx_msec_t      measured;
    ngx_msec_t      reduced;           /* time of the last reduction */
    unsigned        slow_start:1;
    unsigned        limited:1;         /* the window was the limit */
    unsigned        known:1;           /* "shortest" is set */
} ngx_household_pace_t;


/* "timeout" is the time that a request waits for its lookup, in milliseconds */
void ngx_household_pace_init(ngx_household_pace_t *pace, ngx_msec_t timeout,
    ngx_msec_t now);

/*
 * Returns 1 if a lookup may be sent.  Otherwise returns 0 and allows the window
 * to grow.
 */
ngx_uint_t ngx_household_pace_open(ngx_household_pace_t *pace);

void ngx_household_pace_sent(ngx_household_pace_t *pace);

/* the reply to a lookup sent at "sent" was received */
void ngx_household_pace_answered(ngx_household_pace_t *pace, ngx_msec_t sent,
    ngx_msec_t now);

/* a lookup failed: timeout or lost connection */
void ngx_household_pace_failed(ngx_household_pace_t *pace, ngx_msec_t now);


#endif /* _NGX_HOUSEHOLD_PACE_H_INCLUDED_ */
