
/*
 * The context of one evaluation.  Private to ngx_household_presence*.c.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCE_CASE_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCE_CASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presence.h"


/* ngx_household_presence_id_t.kind */
#define NGX_HOUSEHOLD_PRESENCE_UUID   0x10
#define NGX_HOUSEHOLD_PRESENCE_HASH   0x20
#define NGX_HOUSEHOLD_PRESENCE_PLACE  0x30
#define NGX_HOUSEHOLD_PRESENCE_TEXT   0x40  /* and the length, 1-16 */

#define NGX_HOUSEHOLD_PRESENCE_COUNT  0xff  /* where counts of days end */

/* seconds by which the clocks of edges may differ */
#define NGX_HOUSEHOLD_PRESENCE_AHEAD  3600


/* sets of devices are masks: there are at most 64 */

typedef struct {
    const ngx_household_presence_params_t  *params;
    const ngx_household_presence_facts_t   *facts;
    ngx_household_presence_t               *p;
    ngx_household_presence_answer_t        *answer;

    ngx_household_presence_id_t             id;
    uint64_t                                key;
    int64_t                                 now;
    ngx_uint_t                              family;  /* index of a place */
    ngx_uint_t                              d;       /* the device */
    ngx_uint_t                              named;   /* by the record */

    uint64_t                                here;    /* others at the place */
    uint64_t                                together; /* and of late */
    uint64_t                                mates;   /* members, of late */
    uint64_t                                elsewhere; /* members, at once */
    ngx_uint_t                              alive;   /* a member elsewhere */
    ngx_uint_t                              silent;  /* no member in use */
} ngx_household_presence_case_t;


#define ngx_household_presence_in(set, i)  (((set) >> (i)) & 1)

#define ngx_household_presence_today(time)  ((uint16_t) ((time) / 86400))

#define ngx_household_presence_same(id1, id2)                                 \
    (ngx_memcmp(id1, id2, sizeof(ngx_household_presence_id_t)) == 0)


/* seconds since a time; 0 for a time in the future */

static ngx_inline int64_t
ngx_household_presence_age(uint32_t seen, int64_t now)
{
    return (int64_t) seen >= now ? 0 : now - (int64_t) seen;
}


/*
 * Returns 1 if less than "within" seconds have passed since a time, else 0.  A
 * time far in the future was written by a clock that was wrong: it is not now,
 * or its device would be in use until then, and deny others.
 */

static ngx_inline ngx_uint_t
ngx_household_presence_lately(uint32_t seen, int64_t within, int64_t now)
{
    return (int64_t) seen - now <= NGX_HOUSEHOLD_PRESENCE_AHEAD
           && ngx_household_presence_age(seen, now) < within;
}


/* in any family; 0: never */

static ngx_inline uint32_t
ngx_household_presence_seen(const ngx_household_presence_device_t *device)
{
    return ngx_max(device->place[0].seen, device->place[1].seen);
}


/* makes devices that the record names members, and unmakes former ones */
void ngx_household_presence_name(ngx_household_presence_case_t *c);

/* what the request means for a member: it meets others, or has lapsed */
void ngx_household_presence_member(ngx_household_presence_case_t *c);

/* returns 1 if any device is a member, else 0 */
ngx_uint_t ngx_household_presence_household(ngx_household_presence_t *p);

/* returns a number after "days" of exponential decay with half-life "half" */
uint16_t ngx_household_presence_decay(uint16_t value, ngx_uint_t days,
    ngx_uint_t half);

/* returns 1 if somebody stays at the place of the device, else 0 */
ngx_uint_t ngx_household_presence_settled(ngx_household_presence_case_t *c,
    ngx_uint_t device);

/* what the request says about a device that does not belong */
void ngx_household_presence_evidence(ngx_household_presence_case_t *c);

/* what a member's request says about those that do not belong */
void ngx_household_presence_strangers(ngx_household_presence_case_t *c);

/* returns 1 if a member's place is not yet an address of somebody else */
ngx_uint_t ngx_household_presence_mate(ngx_household_presence_case_t *c,
    const ngx_household_presence_place_t *place);

/* returns an unused group: there are as many of them as devices */
ngx_uint_t ngx_household_presence_free(ngx_household_presence_t *p);

/* removes a device; the sets of the context are then invalid */
void ngx_household_presence_remove(ngx_household_presence_t *p,
    ngx_uint_t device);

/* numbers the groups in the order of devices; removes groups without any */
void ngx_household_presence_renumber(ngx_household_presence_t *p);

/* groups that are other households, but for "group" (1-64) */
ngx_uint_t ngx_household_presence_others(const ngx_household_presence_t *p,
    ngx_uint_t group);


#endif /* _NGX_HOUSEHOLD_PRESENCE_CASE_H_INCLUDED_ */
