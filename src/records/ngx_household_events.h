
/*
 * Events for subscribers are written to a Redis Stream.  Another program reads
 * the stream and sends the notifications.
 *
 * No request waits for an event.  An event of a kind is written at most once
 * per account and day (UTC), for any number of edges and worker processes: a
 * key of the account is set if it does not exist, and the process that set the
 * key adds the event to the stream.  Two commands are required, since in a
 * cluster the stream and the account are in different hash slots.  An event
 * that is lost between the two commands, or is rejected by Redis, is dropped
 * and counted.
 */


#ifndef _NGX_HOUSEHOLD_EVENTS_H_INCLUDED_
#define _NGX_HOUSEHOLD_EVENTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"


/* pending events in one worker; further events are dropped */
#define NGX_HOUSEHOLD_EVENTS_MAX        256

/* no events are sent for this time after an error reply, milliseconds */
#define NGX_HOUSEHOLD_EVENTS_SUSPEND      1000

/* expiry of the key of a day, and of the key of a used seat, seconds */
#define NGX_HOUSEHOLD_EVENTS_DAY     172800
#define NGX_HOUSEHOLD_EVENTS_SEAT   7776000


/* the longest mark, apart from the key prefix, the account and the seat */
#define NGX_HOUSEHOLD_EVENTS_MARK            64


/* docs/events.md has their fields */

typedef enum {
    NGX_HOUSEHOLD_EVENT_OUTSIDE = 0,
    NGX_HOUSEHOLD_EVENT_ANOTHER_HOUSEHOLD,
    NGX_HOUSEHOLD_EVENT_GRACE_BEGUN,
    NGX_HOUSEHOLD_EVENT_GRACE_ENDING,
    NGX_HOUSEHOLD_EVENT_HOME_LEARNED,
    NGX_HOUSEHOLD_EVENT_SEAT_USED,         /* once per seat, not day */
    NGX_HOUSEHOLD_EVENT_SEAT_ENDING,
    NGX_HOUSEHOLD_EVENT_DENIED,

    NGX_HOUSEHOLD_EVENTS
} ngx_household_event_e;


/* all members are copied; empty strings and zeros are omitted */

typedef struct {
    ngx_household_event_e   kind;
    ngx_str_t               account;
    ngx_str_t               mode;      /* "on" or "monitor" */
    ngx_str_t               device;
    ngx_str_t               network;   /* prefix of the client */
    ngx_str_t               seat;
    ngx_str_t               detail;
    int64_t                 time;      /* Unix seconds */
    int64_t                 until;     /* end of the period */
} ngx_household_event_t;


typedef struct ngx_household_events_s  ngx_household_events_t;


/*
 * Creates the events of one deployment in this worker, allocated from "pool".
 * "ended" is called for each event that was written (1) or dropped (0), but not
 * for an event that was already added.  Returns NULL if memory allocation
 * failed.
 */
ngx_household_events_t *ngx_household_events_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis,
    void (*ended)(void *data, ngx_household_event_e kind, ngx_uint_t written),
    void *data);

/* returns the name of a kind, as in the stream */
ngx_str_t *ngx_household_event_name(ngx_household_event_e kind);

/*
 * Adds an event to the stream, unless the event was already added on this day
 * (for a used seat: for this seat).  Redis keeps about "max" events.
 */
void ngx_household_events_add(ngx_household_events_t *events,
    ngx_household_event_t *event, ngx_uint_t max);

/*
 * Writes the names of the keys that mark the events of an account, of all kinds
 * on "days" days, of which "today", counted from 1970-01-01, is the last; and
 * of a seat that was used, one for each of "nseats".  "p" has for each key
 * NGX_HOUSEHOLD_EVENTS_MARK bytes and room for the prefix, the account and the
 * seat.
 */
void ngx_household_events_marks(ngx_str_t *key_prefix, ngx_str_t *account,
    int64_t today, ngx_uint_t days, ngx_str_t *seats, ngx_uint_t nseats,
    ngx_str_t *keys, u_char *p);


#endif /* _NGX_HOUSEHOLD_EVENTS_H_INCLUDED_ */
