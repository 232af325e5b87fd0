
/*
 * How many lookups may be under way at a time: congestion control for a server
 * whose capacity nobody knows.  The window grows while lookups are answered
 * about as fast as they can be, and shrinks when they begin to queue up, by
 * additive increase and multiplicative decrease, after a slow start.
 *
 * What matters is the time that a lookup waits in the server beyond the
 * shortest one that was seen: a server that is far away is not a busy one.
 *
 * No clock: "now" is in milliseconds.
 */


#ifndef _NGX_HOUSEHOLD_PACE_H_INCLUDED_
#define _NGX_HOUSEHOLD_PACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* lookups: the window at the start, and its bounds */
#define NGX_HOUSEHOLD_PACE_START     64
#define NGX_HOUSEHOLD_PACE_MIN        8
#define NGX_HOUSEHOLD_PACE_MAX     4096

/* ms that lookups may queue up in a server, at most */
#define NGX_HOUSEHOLD_PACE_QUEUE    100

/* ms after which the shortest time of a lookup is measured anew */
#define NGX_HOUSEHOLD_PACE_PROBE  10000


typedef struct {
    ngx_uint_t      window;
    ngx_uint_t      pending;           /* sent, and not answered */
    ngx_uint_t      grown;             /* answers since the window grew */
    ngx_msec_t      queue;             /* ms that are too much of a queue */
    ngx_msec_t      shortest;          /* ms of a lookup, since "measured" */
    ngx_msec_t      measured;
    ngx_msec_t      reduced;           /* when the window was */
    unsigned        slow_start:1;
    unsigned        limited:1;         /* a lookup had to wait */
    unsigned        known:1;           /* "shortest" is */
} ngx_household_pace_t;


/* "timeout": the milliseconds that a request waits for its lookup */
void ngx_household_pace_init(ngx_household_pace_t *pace, ngx_msec_t timeout,
    ngx_msec_t now);

/*
 * Returns 1 if a lookup may be sent; otherwise 0, and the window may grow, as
 * there is need for it.
 */
ngx_uint_t ngx_household_pace_open(ngx_household_pace_t *pace);

void ngx_household_pace_sent(ngx_household_pace_t *pace);

/* a lookup that was sent at "sent" was answered */
void ngx_household_pace_answered(ngx_household_pace_t *pace, ngx_msec_t sent,
    ngx_msec_t now);

/* it was not, or the connection was lost */
void ngx_household_pace_failed(ngx_household_pace_t *pace, ngx_msec_t now);


#endif /* _NGX_HOUSEHOLD_PACE_H_INCLUDED_ */
