
/*
 * Accounts and requests of the model on plain structures, and where a device
 * of them was seen.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_MODEL_ACCOUNT_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_MODEL_ACCOUNT_H_INCLUDED_


#include "ngx_household_test.h"
#include "ngx_household_decide.h"


#define MODEL_NOW      1700000000
#define MODEL_DAY      86400
#define MODEL_MAX      4
#define MODEL_SEEN     4
#define MODEL_DAYS     32
#define MODEL_UNKNOWN  -1


typedef struct {
    ngx_uint_t   family;               /* 4 or 6; 0: no address */
    u_char       addr[16];
    int          prefix;               /* MODEL_UNKNOWN: not written */
} model_network_t;


typedef struct {
    const char      *seat;
    model_network_t  network;
    int64_t          until;
} model_extra_t;


typedef struct {
    const char      *seat;             /* which has "learn" */
    int64_t          until;
} model_open_t;


typedef struct {
    int64_t          time;
    const char      *seat;             /* "": at home */
} model_seen_t;


typedef struct {
    const char      *id;
    ngx_uint_t       n;
    model_seen_t     seen[MODEL_SEEN];
} model_device_t;


typedef struct {
    const char      *id;
    int64_t          until;
} model_travel_t;


typedef struct {
    model_network_t  network;
    ngx_uint_t       days;
    int64_t          last;
} model_evidence_t;


typedef struct {
    ngx_uint_t       exists;           /* 0: no record is to be had */
    ngx_uint_t       homes;
    ngx_uint_t       extras;
    ngx_uint_t       opens;
    ngx_uint_t       devices;
    ngx_uint_t       travels;
    model_network_t  home[MODEL_MAX + 1];
    model_extra_t    extra[MODEL_MAX + 1];
    model_open_t     open[MODEL_MAX];
    model_device_t   device[MODEL_MAX + 1];
    model_travel_t   travel[MODEL_MAX + 1];
    const char      *member;           /* or NULL */
    ngx_uint_t       evidences;
    model_evidence_t evidence[MODEL_MAX];
    ngx_uint_t       days;             /* outside */
    int64_t          day[MODEL_DAYS];
    int64_t          revoked_before;
    int64_t          outside_since;
    int64_t          home_since;
    int              seats;            /* or MODEL_UNKNOWN */
    const char      *country;          /* "": unknown */
    model_network_t  site[4];          /* where viewers of this one are */
} model_account_t;


typedef struct {
    ngx_household_policy_t   policy;
    ngx_household_facts_t    facts;
    const char              *device;
    model_network_t          addr;
} model_request_t;


typedef struct {
    ngx_household_verdict_e  verdict;
    ngx_household_reason_e   reason;
    ngx_uint_t               monitored;
    ngx_uint_t               free_seat;
    const char              *country;  /* for the offer; "": unknown */
    ngx_uint_t               write;
    model_device_t           device;   /* what is written of it */
    ngx_uint_t               join;
    ngx_uint_t               learn;
    ngx_uint_t               day;
    const char              *detail;
    ngx_uint_t               grace;
    ngx_uint_t               home_again;
    ngx_uint_t               left_again;
    const model_network_t   *network;  /* NULL: none matched */
    const char              *seat;
} model_verdict_t;


static char  model_long_id[130];

static const char  *model_ids[] = {
    "tv", "phone", "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f36",
    "0B8D7F42-6C3E-4F1A-9D25-E7A4C1B80F36", "*", "", model_long_id
};

static const char  *model_seats[] = { "kid", "kid2", "a@b" };

static const char  *model_countries[] = { "", "FR", "DE", "RD" };


static ngx_uint_t
model_inside(const model_network_t *net, const model_network_t *addr,
    ngx_uint_t ipv6_prefix)
{
    int  i, bits;

    if (net->family != addr->family) {
        return 0;
    }

    bits = net->prefix;

    if (bits == MODEL_UNKNOWN) {
        bits = (net->family == 4) ? 32 : (int) ipv6_prefix;
    }

    for (i = 0; i < bits; i++) {
        if ((net->addr[i / 8] ^ addr->addr[i / 8]) & (0x80 >> i % 8)) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
model_paid(int64_t until, int64_t now)
{
    return until == 0 || until > now;
}


static ngx_uint_t
model_seat_paid(const model_account_t *a, const char *seat, int64_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < a->extras; i++) {
        if (strcmp(a->extra[i].seat, seat) == 0
            && model_paid(a->extra[i].until, now))
        {
            return 1;
        }
    }

    for (i = 0; i < a->opens; i++) {
        if (strcmp(a->open[i].seat, seat) == 0
            && model_paid(a->open[i].until, now))
        {
            return 1;
        }
    }

    return 0;
}


static void
model_paid_latest(int64_t *last, int64_t until, int64_t now)
{
    if (until == 0) {
        until = INT64_MAX;
    }

    if (until > now && until > *last) {
        *last = until;
    }
}


/* until when the seat is paid, by all its fields; 0: it is not */

static int64_t
model_paid_until(const model_account_t *a, const char *seat, int64_t now)
{
    int64_t     last;
    ngx_uint_t  i;

    last = 0;

    for (i = 0; i < a->extras; i++) {
        if (strcmp(a->extra[i].seat, seat) == 0) {
            model_paid_latest(&last, a->extra[i].until, now);
        }
    }

    for (i = 0; i < a->opens; i++) {
        if (strcmp(a->open[i].seat, seat) == 0) {
            model_paid_latest(&last, a->open[i].until, now);
        }
    }

    return last;
}


static const model_device_t *
model_find(const model_account_t *a, const char *id)
{
    ngx_uint_t  i;

    for (i = 0; i < a->devices; i++) {
        if (strcmp(a->device[i].id, id) == 0) {
            return &a->device[i];
        }
    }

    return NULL;
}


/* when the device was at the place last; 0: never */

static int64_t
model_seen(const model_device_t *device, const char *seat)
{
    ngx_uint_t  i;

    for (i = 0; device != NULL && i < device->n; i++) {
        if (strcmp(device->seen[i].seat, seat) == 0) {
            return device->seen[i].time;
        }
    }

    return 0;
}


static int64_t
model_age(int64_t since, int64_t now)
{
    return (since > now) ? 0 : now - since;
}


static ngx_uint_t
model_fresh(const model_device_t *device, const char *seat, int64_t now,
    int64_t interval)
{
    int64_t  seen;

    seen = model_seen(device, seat);

    return seen != 0 && model_age(seen, now) < interval;
}


/* daily, and in half of the time that trusts it */

static int64_t
model_interval(const ngx_household_policy_t *policy)
{
    int64_t  half;

    half = policy->trusted_device / 2 + policy->trusted_device % 2;

    return (half > 0 && half < MODEL_DAY) ? half : MODEL_DAY;
}


static void
model_write(model_device_t *device, int64_t time, const char *seat)
{
    if (device->n < MODEL_SEEN && model_seen(device, seat) == 0) {
        device->seen[device->n].time = time;
        device->seen[device->n++].seat = seat;
    }
}


/* what is written of a device that is at one or two seats, or at home */

static void
model_write_seen(const model_account_t *a, const model_request_t *r,
    const char *seat, const char *other, model_verdict_t *v)
{
    int64_t                now, often;
    ngx_uint_t             i;
    const model_device_t  *device;

    now = r->facts.now;
    often = model_interval(&r->policy);

    if (strlen(r->device) == 0 || strlen(r->device) > 128) {
        return;
    }

    device = model_find(a, r->device);

    if (model_fresh(device, "", now, often)
        || (*seat && model_fresh(device, seat, now, often)
            && (other == NULL || model_fresh(device, other, now, often))))
    {
        return;
    }

    v->write = 1;
    v->device.id = r->device;

    if (*seat == '\0') {
        model_write(&v->device, now, "");
        return;
    }

    if (now - model_seen(device, "") <= 400 * MODEL_DAY) {
        model_write(&v->device, model_seen(device, ""), "");
    }

    model_write(&v->device, now, seat);

    if (other != NULL) {
        model_write(&v->device, now, other);
    }

    for (i = 0; device != NULL && i < device->n; i++) {
        if (now - device->seen[i].time <= 400 * MODEL_DAY) {
            model_write(&v->device, device->seen[i].time,
                        device->seen[i].seat);
        }
    }
}


#endif /* _NGX_HOUSEHOLD_DECIDE_MODEL_ACCOUNT_H_INCLUDED_ */
