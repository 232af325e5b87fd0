
/*
 * The verdict: the writes to Redis.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"
#include "ngx_household_decide_case.h"
#include "ngx_household_str.h"


static ngx_uint_t ngx_household_decide_device_due(ngx_household_case_t *c,
    const ngx_household_place_t *places, ngx_uint_t n);
static int64_t ngx_household_decide_interval(
    const ngx_household_policy_t *policy);
static ngx_uint_t ngx_household_decide_fresh(ngx_household_case_t *c,
    const ngx_str_t *seat, int64_t interval);
static void ngx_household_decide_see(ngx_household_case_t *c,
    const ngx_str_t *seat);
static void ngx_household_decide_keep(ngx_household_case_t *c,
    ngx_uint_t seats);
static ngx_uint_t ngx_household_decide_grows(ngx_household_case_t *c);


static const ngx_str_t  ngx_household_decide_home = ngx_null_string;


/*
 * A place is written once an interval.  The home has precedence over all
 * seats, as the home does not depend on a payment: the time at home replaces
 * the times at seats, and while the time at home is fresh no seat is written.
 * A write at a seat keeps the time at home, as another location may trust that
 * time for longer, and the times at other seats, which may be paid for longer.
 */

void
ngx_household_decide_write_device(ngx_household_case_t *c,
    const ngx_household_place_t *places, ngx_uint_t n)
{
    u_char                     buf[NGX_HOUSEHOLD_ID_LEN];
    ngx_str_t                  name;
    ngx_uint_t                 i;
    ngx_household_seen_t       seen[NGX_HOUSEHOLD_SEEN_MAX];
    ngx_household_decision_t  *d;

    if (!ngx_household_decide_device_due(c, places, n)) {
        return;
    }

    if (n == 0) {
        ngx_household_decide_see(c, &ngx_household_decide_home);

    } else {
        ngx_household_decide_keep(c, 0);

        for (i = 0; i < n; i++) {
            ngx_household_decide_see(c, &places[i].seat);
        }

        ngx_household_decide_keep(c, 1);
    }

    d = c->d;
    d->write_device = 1;

    if (!ngx_household_decide_grows(c)
        || ngx_household_record_has_capacity(c->rec, c->facts->now))
    {
        return;
    }

    /* in place of the device that was seen least recently */

    name.data = buf;

    d->drop_oldest = (ngx_household_record_oldest(c->rec, &c->facts->device,
                                                  &name, seen)
                      != 0);
    d->write_device = d->drop_oldest;
}


static ngx_uint_t
ngx_household_decide_device_due(ngx_household_case_t *c,
    const ngx_household_place_t *places, ngx_uint_t n)
{
    size_t      len;
    int64_t     interval;
    ngx_uint_t  i;

    len = c->facts->device.len;
    interval = ngx_household_decide_interval(c->policy);

    if (len == 0 || len > NGX_HOUSEHOLD_ID_LEN
        || ngx_household_decide_fresh(c, &ngx_household_decide_home, interval))
    {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (!ngx_household_decide_fresh(c, &places[i].seat, interval)) {
            return 1;
        }
    }

    return n == 0;
}


/*
 * A day, or half of the time that a device is trusted for, if that is shorter:
 * otherwise a device that comes home before the day is over would be trusted
 * for hours less than it is to be, or not at all.
 */

static int64_t
ngx_household_decide_interval(const ngx_household_policy_t *policy)
{
    if (policy->trusted_device <= 0) {
        return NGX_HOUSEHOLD_WRITER_INTERVAL;
    }

    return ngx_min(NGX_HOUSEHOLD_WRITER_INTERVAL,
                   (policy->trusted_device + 1) / 2);
}


/* returns 1 if the device was written at that place within the interval */

static ngx_uint_t
ngx_household_decide_fresh(ngx_household_case_t *c, const ngx_str_t *seat,
    int64_t interval)
{
    ngx_uint_t  i;

    for (i = 0; i < c->nseen; i++) {
        if (ngx_household_str_equal(&c->seen[i].seat, seat)
            && ngx_household_decide_within(c->seen[i].time, interval - 1,
                                           c->facts->now))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_household_decide_see(ngx_household_case_t *c, const ngx_str_t *seat)
{
    ngx_household_seen_t  *seen;

    seen = &c->d->seen[c->d->nseen++];

    seen->time = c->facts->now;
    seen->seat = *seat;
}


/* keeps the time at home, or the times at seats that are not rewritten */

static void
ngx_household_decide_keep(ngx_household_case_t *c, ngx_uint_t seats)
{
    ngx_uint_t                 i, n;
    ngx_household_seen_t      *seen;
    ngx_household_decision_t  *d;

    d = c->d;

    for (i = 0; i < c->nseen && d->nseen < NGX_HOUSEHOLD_SEEN_MAX; i++) {
        seen = &c->seen[i];

        if ((seen->seat.len != 0) != seats
            || c->facts->now - seen->time > NGX_HOUSEHOLD_DEVICE_GONE)
        {
            continue;
        }

        for (n = 0; n < d->nseen; n++) {
            if (ngx_household_str_equal(&d->seen[n].seat, &seen->seat)) {
                break;
            }
        }

        if (n == d->nseen) {
            d->seen[d->nseen++] = *seen;
        }
    }
}


/* returns 1 if the write makes the record larger */

static ngx_uint_t
ngx_household_decide_grows(ngx_household_case_t *c)
{
    size_t      before, after;
    ngx_uint_t  i;

    if (c->d->nseen > c->nseen) {
        return 1;
    }

    before = 0;
    after = 0;

    for (i = 0; i < c->nseen; i++) {
        before += c->seen[i].seat.len;
    }

    for (i = 0; i < c->d->nseen; i++) {
        after += c->d->seen[i].seat.len;
    }

    return after > before;
}


/* takes the address as one registered without a length; once a day */

void
ngx_household_decide_learn(ngx_household_case_t *c)
{
    int64_t                   last;
    ngx_uint_t                days;
    ngx_household_network_t  *net;

    net = &c->d->evidence;

    ngx_household_network_of(net, &c->facts->addr);

    days = ngx_household_record_learn_days(c->rec, net, c->policy->ipv6_prefix,
                                           c->facts->now, &last);

    /* a later day is that of an edge whose clock is ahead */

    c->d->learn = (days == 0
                   || last / NGX_HOUSEHOLD_DAY
                      < c->facts->now / NGX_HOUSEHOLD_DAY);
}


void
ngx_household_decide_learn_family(ngx_household_case_t *c)
{
    ngx_uint_t  home, other;

    if (c->d->reason != NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE
        && c->d->reason != NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN)
    {
        return;
    }

    home = c->rec->inet;
    other = c->rec->inet6;

    if (c->facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET6) {
        home = c->rec->inet6;
        other = c->rec->inet;
    }

    if (other && !home
        && ngx_household_decide_fresh(c, &ngx_household_decide_home,
                                      NGX_HOUSEHOLD_DAY))
    {
        ngx_household_decide_learn(c);
    }
}


void
ngx_household_decide_write_away(ngx_household_case_t *c)
{
    int64_t  today;

    today = c->facts->now / NGX_HOUSEHOLD_DAY;

    c->d->write_away = (c->policy->mode != NGX_HOUSEHOLD_MONITOR
                       && ngx_household_record_away_days(c->rec, today - 1,
                                                         today + 1)
                          == 0);
}
