
/*
 * A second opinion: the table of docs/verdict.md written down once more, as
 * plainly as it goes and on plain structures.  Nothing here calls the code
 * under test.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_MODEL_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_MODEL_H_INCLUDED_


#include "ngx_household_decide_model_account.h"


/* at the seat where the device was before, and at the one that ends last */

static ngx_uint_t
model_extra(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    int64_t                until, now;
    ngx_uint_t             i;
    const model_extra_t   *extra, *kept, *last;
    const model_device_t  *device;

    now = r->facts.now;
    kept = last = NULL;
    device = model_find(a, r->device);

    for (i = 0; i < a->extras; i++) {
        extra = &a->extra[i];

        if (!model_paid(extra->until, now)
            || !model_inside(&extra->network, &r->addr, r->policy.ipv6_prefix))
        {
            continue;
        }

        until = model_paid_until(a, extra->seat, now);

        if (last == NULL || until > model_paid_until(a, last->seat, now)) {
            last = extra;
        }

        if (model_seen(device, extra->seat)
            && (kept == NULL || until > model_paid_until(a, kept->seat, now)))
        {
            kept = extra;
        }
    }

    if (last == NULL) {
        return 0;
    }

    if (kept == NULL) {
        kept = last;
    }

    v->network = &kept->network;
    v->seat = kept->seat;

    model_write_seen(a, r, kept->seat,
               model_paid_until(a, last->seat, now)
               > model_paid_until(a, kept->seat, now) ? last->seat : NULL, v);

    return 1;
}


/*
 * A seat that learns, for a client that has brought back the state of an
 * offer: it has no network yet, or none of this family and the device was
 * there.
 */

static ngx_uint_t
model_joins(const model_account_t *a, const model_request_t *r,
    const char *seat)
{
    ngx_uint_t            i, taken;
    const model_extra_t  *extra;

    taken = 0;

    for (i = 0; i < a->extras; i++) {
        extra = &a->extra[i];

        if (strcmp(extra->seat, seat) != 0) {
            continue;
        }

        if (extra->network.family == r->addr.family) {
            return 0;
        }

        taken = 1;
    }

    return !taken || *r->device == '\0'
           || model_seen(model_find(a, r->device), seat) != 0;
}


static ngx_uint_t
model_open(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_uint_t  i;

    for (i = 0; r->facts.returned && i < a->opens; i++) {

        if (model_paid(a->open[i].until, r->facts.now)
            && model_joins(a, r, a->open[i].seat))
        {
            v->join = 1;
            v->network = &r->addr;
            v->seat = a->open[i].seat;
            model_write_seen(a, r, v->seat, NULL, v);

            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
model_say(model_verdict_t *v, ngx_household_verdict_e verdict,
    ngx_household_reason_e reason)
{
    v->verdict = verdict;
    v->reason = reason;

    return 1;
}


static ngx_uint_t
model_allow(model_verdict_t *v, ngx_household_reason_e reason)
{
    return model_say(v, NGX_HOUSEHOLD_VERDICT_ALLOW, reason);
}


static ngx_uint_t
model_rules_1_to_3(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_household_verdict_e  away;

    away = (r->policy.unavailable == NGX_HOUSEHOLD_DENY)
           ? NGX_HOUSEHOLD_VERDICT_DENY : NGX_HOUSEHOLD_VERDICT_ALLOW;

    if (r->facts.unauthorized) {
        return model_say(v, NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED,
                         r->facts.unauthorized);
    }

    if (!a->exists) {
        return model_say(v, away,
                         r->facts.no_record ? r->facts.no_record
                                          : NGX_HOUSEHOLD_REASON_UNAVAILABLE);
    }

    if (a->revoked_before > 0) {
        if (r->facts.issued_at == NGX_HOUSEHOLD_ISSUED_UNKNOWN
            ? r->facts.token : r->facts.issued_at < a->revoked_before)
        {
            return model_say(v, NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED,
                             NGX_HOUSEHOLD_REASON_REVOKED);
        }
    }

    if (r->addr.family == 0) {
        return model_say(v, away, NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN);
    }

    return 0;
}


static ngx_uint_t
model_trusted(const model_account_t *a, const model_request_t *r)
{
    ngx_uint_t             i;
    const model_seen_t    *seen;
    const model_device_t  *device;

    device = model_find(a, r->device);

    for (i = 0; device != NULL && i < device->n; i++) {
        seen = &device->seen[i];

        if (r->policy.trusted_device > 0
            && model_age(seen->time, r->facts.now) <= r->policy.trusted_device
            && (*seen->seat == '\0'
                || model_seat_paid(a, seen->seat, r->facts.now)))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
model_rules_4_to_7(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_uint_t  i;

    for (i = 0; i < a->homes; i++) {
        if (model_inside(&a->home[i], &r->addr, r->policy.ipv6_prefix)) {
            v->network = &a->home[i];
            model_write_seen(a, r, "", NULL, v);

            v->home_again = (r->policy.grace > 0
                             && a->outside_since && !a->home_since);

            return model_allow(v, NGX_HOUSEHOLD_REASON_HOME);
        }
    }

    if (model_extra(a, r, v) || model_open(a, r, v)) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);
    }

    if (model_trusted(a, r)) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE);
    }

    for (i = 0; i < a->travels; i++) {
        if (a->travel[i].until > r->facts.now
            && (strcmp(a->travel[i].id, "*") == 0
                || strcmp(a->travel[i].id, r->device) == 0))
        {
            return model_allow(v, NGX_HOUSEHOLD_REASON_TRAVEL);
        }
    }

    return 0;
}


static ngx_uint_t
model_has_family(const model_account_t *a, ngx_uint_t family)
{
    ngx_uint_t  i;

    for (i = 0; i < a->homes; i++) {
        if (a->home[i].family == family) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
model_enforced_in(const ngx_str_t *list, const char *country)
{
    size_t  i;

    if (list->len == 0) {
        return 1;
    }

    for (i = 0; i < list->len; i += 2) {
        if (strncmp((char *) list->data + i, country, 2) == 0) {
            return 1;
        }
    }

    return 0;
}


/* is there evidence of this day, or none yet? */

static ngx_uint_t
model_evidence(const model_account_t *a, const model_request_t *r)
{
    int               bits;
    ngx_uint_t        i;
    model_network_t   net;

    for (i = 0; i < a->evidences; i++) {

        /* weeks ago, or of the day after tomorrow */

        if (r->facts.now - a->evidence[i].last > 28 * MODEL_DAY
            || a->evidence[i].last - r->facts.now > MODEL_DAY)
        {
            continue;
        }

        net = a->evidence[i].network;
        bits = (r->addr.family == 4) ? 32 : (int) r->policy.ipv6_prefix;

        if (net.prefix == MODEL_UNKNOWN) {
            net.prefix = (net.family == 4) ? 32 : (int) r->policy.ipv6_prefix;
        }

        if (net.prefix == bits
            && model_inside(&net, &r->addr, r->policy.ipv6_prefix))
        {
            return a->evidence[i].last / MODEL_DAY
                   < r->facts.now / MODEL_DAY;
        }
    }

    return 1;
}


/* days outside before today, within the period, each of them once */

static ngx_uint_t
model_days(const model_account_t *a, int64_t from, int64_t to)
{
    int64_t     day;
    ngx_uint_t  i, n;

    n = 0;

    for (day = from; day <= to; day++) {

        for (i = 0; i < a->days; i++) {
            if (a->day[i] == day) {
                n++;
                break;
            }
        }
    }

    return n;
}


static ngx_uint_t
model_rule_10(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    int64_t  today;

    today = r->facts.now / MODEL_DAY;

    v->day = (r->policy.mode == NGX_HOUSEHOLD_ON
              && model_days(a, today, today) == 0);

    if (model_days(a, today - r->policy.away_period + 1, today - 1)
        < r->policy.away_days)
    {
        return model_allow(v, NGX_HOUSEHOLD_REASON_AWAY);
    }

    return 0;
}


static ngx_uint_t
model_rule_11(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    int64_t     outside, home, grace;
    ngx_uint_t  writes;

    grace = r->policy.grace;
    outside = model_age(a->outside_since, r->facts.now);
    home = model_age(a->home_since, r->facts.now);
    writes = (r->policy.mode == NGX_HOUSEHOLD_ON);

    if (a->outside_since == 0) {
        v->grace = writes;
        return model_allow(v, NGX_HOUSEHOLD_REASON_GRACE);
    }

    if (a->home_since != 0) {

        if (outside >= grace && home >= grace) {
            v->grace = writes;
            return model_allow(v, NGX_HOUSEHOLD_REASON_GRACE);
        }

        v->left_again = writes;
    }

    if (outside < grace) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_GRACE);
    }

    return 0;
}


static ngx_uint_t
model_rules_8_to_11(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    const ngx_household_policy_t  *p;

    p = &r->policy;

    if (a->homes == 0) {
        if (p->unregistered == NGX_HOUSEHOLD_ALLOW) {
            return model_allow(v, NGX_HOUSEHOLD_REASON_UNREGISTERED);
        }

        if (p->unregistered == NGX_HOUSEHOLD_LEARN) {
            v->learn = model_evidence(a, r);
            v->network = &r->addr;
            return model_allow(v, NGX_HOUSEHOLD_REASON_LEARNED);
        }

    } else if (p->family_unknown == NGX_HOUSEHOLD_ALLOW
               && !model_has_family(a, r->addr.family))
    {
        return model_allow(v, NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN);
    }

    if (!model_enforced_in(&p->enforce_in, a->country)) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_NOT_ENFORCED);
    }

    if (r->facts.bucket >= p->rollout) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_ROLLOUT);
    }

    switch (r->facts.sharing) {

    case NGX_HOUSEHOLD_SHARING_MEMBER:
        return model_allow(v, NGX_HOUSEHOLD_REASON_MEMBER);

    case NGX_HOUSEHOLD_SHARING_SEAT:
        return model_allow(v, NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);

    case NGX_HOUSEHOLD_SHARING_NOT_SHARED:
        return model_allow(v, NGX_HOUSEHOLD_REASON_NOT_SHARED);

    default:
        break;
    }

    return (p->away_days > 0 && model_rule_10(a, r, v))
           || (p->grace > 0 && model_rule_11(a, r, v));
}


static void
model_rule_12(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    int         taken;
    ngx_uint_t  i;

    model_say(v, NGX_HOUSEHOLD_VERDICT_DENY,
              a->homes || r->facts.sharing == NGX_HOUSEHOLD_SHARING_SHARED
              ? NGX_HOUSEHOLD_REASON_OUTSIDE
              : NGX_HOUSEHOLD_REASON_UNREGISTERED);

    v->country = a->country;
    taken = 0;

    for (i = 0; i < test_count(model_seats); i++) {
        taken += model_seat_paid(a, model_seats[i], r->facts.now);
    }

    v->free_seat = (a->seats == MODEL_UNKNOWN || a->seats > taken);
}


/* why a viewer who is outside is not inside */

static const char *
model_detail(const model_account_t *a, const model_request_t *r)
{
    int64_t                now;
    ngx_uint_t             i;
    const model_device_t  *device;

    now = r->facts.now;
    device = model_find(a, r->device);

    for (i = 0; i < a->extras; i++) {
        if (model_inside(&a->extra[i].network, &r->addr,
                         r->policy.ipv6_prefix))
        {
            return "seat_ended";
        }
    }

    for (i = 0; device != NULL && i < device->n; i++) {
        if (*device->seen[i].seat
            && !model_seat_paid(a, device->seen[i].seat, now))
        {
            return "seat_ended";
        }
    }

    if (device != NULL) {
        return "device_expired";
    }

    for (i = 0; i < a->travels; i++) {
        if (strcmp(a->travel[i].id, "*") == 0
            || strcmp(a->travel[i].id, r->device) == 0)
        {
            return "travel_over";
        }
    }

    if (a->homes && !model_has_family(a, r->addr.family)) {
        return "family_missing";
    }

    return "never_seen";
}


static void
model_decide(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_memzero(v, sizeof(model_verdict_t));
    v->seat = "";
    v->detail = "";
    v->country = "";

    if (model_rules_1_to_3(a, r, v)) {
        /* nothing more is known */

    } else if (!model_rules_4_to_7(a, r, v)
               && !model_rules_8_to_11(a, r, v))
    {
        model_rule_12(a, r, v);
        v->detail = model_detail(a, r);
    }

    if (v->reason == NGX_HOUSEHOLD_REASON_AWAY
        || v->reason == NGX_HOUSEHOLD_REASON_GRACE)
    {
        v->detail = model_detail(a, r);
    }

    if (r->policy.unregistered == NGX_HOUSEHOLD_LEARN
        && (v->reason == NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE
            || v->reason == NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN)
        && a->homes && !model_has_family(a, r->addr.family)
        && model_fresh(model_find(a, r->device), "", r->facts.now, MODEL_DAY))
    {
        v->learn = model_evidence(a, r);
    }

    v->monitored = (r->policy.mode == NGX_HOUSEHOLD_MONITOR
                    && v->verdict != NGX_HOUSEHOLD_VERDICT_ALLOW);
}


#endif /* _NGX_HOUSEHOLD_DECIDE_MODEL_H_INCLUDED_ */
