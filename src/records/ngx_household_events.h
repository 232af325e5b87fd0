
/*
 * Events: what a subscriber should be told, in a Redis Stream for whatever
 * program sends mail.
 *
 * No request waits for an event.  Each kind is written once an account and
 * day (UTC), whatever the number of edges and worker processes: a key of the
 * account is set if it does not exist, and whoever set it adds to the stream.
 * These are two commands, as in a cluster the stream is in another slot than
 * the account.  An event is written once at most: one that is lost between the
 * two, or that Redis does not accept, is dropped and counted.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_EVENTS_H_INCLUDED_
#define _NGX_HOUSEHOLD_EVENTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"


/* events under way in one worker; more are dropped */
#define NGX_HOUSEHOLD_EVENTS_MAX        256

/* milliseconds without events after Redis has refused one */
#define NGX_HOUSEHOLD_EVENTS_SUSPEND      1000

/* seconds until a key of a day expires, and that of the use of a seat */
#define NGX_HOUSEHOLD_EVENTS_DAY     172800
#define NGX_HOUSEHOLD_EVENTS_SEAT   7776000


/* docs/events.md has their fields */

typedef enum {
    NGX_HOUSEHOLD_EVENT_OUTSIDE = 0,
    NGX_HOUSEHOLD_EVENT_ANOTHER_HOUSEHOLD,
    NGX_HOUSEHOLD_EVENT_GRACE_BEGUN,
    NGX_HOUSEHOLD_EVENT_GRACE_ENDING,
    NGX_HOUSEHOLD_EVENT_HOME_LEARNED,
    NGX_HOUSEHOLD_EVENT_SEAT_USED,         /* once a seat, not a day */
    NGX_HOUSEHOLD_EVENT_SEAT_ENDING,
    NGX_HOUSEHOLD_EVENT_REFUSED,

    NGX_HOUSEHOLD_EVENTS
} ngx_household_event_e;


/* all of it is copied; an empty text and a zero are left out */

typedef struct {
    ngx_household_event_e   kind;
    ngx_str_t               account;
    ngx_str_t               mode;      /* "on" or "monitor" */
    ngx_str_t               device;
    ngx_str_t               network;   /* where: a prefix */
    ngx_str_t               seat;
    ngx_str_t               detail;
    int64_t                 time;      /* Unix seconds */
    int64_t                 until;     /* when what it tells of ends */
} ngx_household_event_t;


typedef struct ngx_household_events_s  ngx_household_events_t;


/*
 * The events of one deployment in this worker, allocated from "pool".
 * "dropped" is called for each event that was not written, and may be NULL.
 * Returns NULL if memory is short.
 */
ngx_household_events_t *ngx_household_events_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, void (*dropped)(void *data), void *data);

/*
 * Adds an event to the stream, unless that was done on this day.  Redis keeps
 * about "max" events.
 */
void ngx_household_events_add(ngx_household_events_t *events,
    ngx_household_event_t *event, ngx_uint_t max);


#endif /* _NGX_HOUSEHOLD_EVENTS_H_INCLUDED_ */
