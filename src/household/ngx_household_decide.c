
/*
 * The verdict.  docs/verdict.md explains the rules; their numbers are here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"


/* what the rules look at, in one hand */

typedef struct {
    const ngx_household_policy_t  *policy;
    const ngx_household_facts_t   *facts;
    const ngx_household_record_t  *rec;
    ngx_household_decision_t      *d;
} ngx_household_case_t;


static ngx_uint_t ngx_household_decide_preconditions(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_home_or_extra(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_device_or_travel(
    ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_unregistered(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_unenforced(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_grace(ngx_household_case_t *c);
static void ngx_household_decide_deny(ngx_household_case_t *c);

static ngx_uint_t ngx_household_decide_as(ngx_household_case_t *c,
    ngx_household_verdict_e verdict, ngx_household_reason_e reason);
static ngx_uint_t ngx_household_decide_allow(ngx_household_case_t *c,
    ngx_household_reason_e reason);
static ngx_uint_t ngx_household_decide_without_record(ngx_household_case_t *c,
    ngx_household_reason_e reason);
static ngx_uint_t ngx_household_decide_revoked(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_trusted(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_note(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_within(int64_t since, int64_t period,
    int64_t now);


void
ngx_household_decide(const ngx_household_policy_t *policy,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_decision_t *d)
{
    ngx_household_case_t  c;

    ngx_memzero(d, sizeof(ngx_household_decision_t));

    c.policy = policy;
    c.facts = facts;
    c.rec = rec;
    c.d = d;

    if (!ngx_household_decide_preconditions(&c)
        && !ngx_household_decide_home_or_extra(&c)
        && !ngx_household_decide_device_or_travel(&c)
        && !ngx_household_decide_unregistered(&c)
        && !ngx_household_decide_unenforced(&c)
        && !ngx_household_decide_grace(&c))
    {
        ngx_household_decide_deny(&c);
    }

    if (policy->mode == NGX_HOUSEHOLD_MONITOR
        && d->verdict != NGX_HOUSEHOLD_VERDICT_ALLOW)
    {
        d->monitored = 1;
    }
}


/* rules 1 to 3: the account or the place of the viewer is not known */

static ngx_uint_t
ngx_household_decide_preconditions(ngx_household_case_t *c)
{
    const ngx_household_facts_t  *facts;

    facts = c->facts;

    if (facts->unauthorized != NGX_HOUSEHOLD_REASON_NONE) {
        return ngx_household_decide_as(c, NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED,
                                       facts->unauthorized);
    }

    if (c->rec == NULL) {
        return ngx_household_decide_without_record(c,
                                   facts->unknown != NGX_HOUSEHOLD_REASON_NONE
                                   ? facts->unknown
                                   : NGX_HOUSEHOLD_REASON_UNAVAILABLE);
    }

    if (ngx_household_decide_revoked(c)) {
        return ngx_household_decide_as(c, NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED,
                                       NGX_HOUSEHOLD_REASON_REVOKED);
    }

    if (facts->addr.family == NGX_HOUSEHOLD_FAMILY_NONE) {
        return ngx_household_decide_without_record(c,
                                         NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN);
    }

    return 0;
}


/* rules 4 and 5: the viewer is at a place that belongs to the account */

static ngx_uint_t
ngx_household_decide_home_or_extra(ngx_household_case_t *c)
{
    ngx_household_decision_t     *d;
    const ngx_household_facts_t  *facts;

    d = c->d;
    facts = c->facts;

    if (ngx_household_record_home(c->rec, &facts->addr,
                                  c->policy->ipv6_prefix, &d->network))
    {
        d->matched = 1;
        d->note_device = ngx_household_decide_note(c);

        d->home_again = (c->policy->grace > 0
                         && c->policy->mode != NGX_HOUSEHOLD_MONITOR
                         && c->rec->outside_since != 0
                         && c->rec->home_since == 0);

        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_HOME);
    }

    if (ngx_household_record_extra(c->rec, &facts->addr,
                                   c->policy->ipv6_prefix, facts->now,
                                   &d->network, &d->slot))
    {
        d->matched = 1;
        d->note_device = ngx_household_decide_note(c);

        return ngx_household_decide_allow(c,
                                          NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);
    }

    return 0;
}


/* rules 6 and 7: the device may be anywhere */

static ngx_uint_t
ngx_household_decide_device_or_travel(ngx_household_case_t *c)
{
    if (ngx_household_decide_trusted(c)) {
        return ngx_household_decide_allow(c,
                                          NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE);
    }

    if (ngx_household_record_travel(c->rec, &c->facts->device, c->facts->now))
    {
        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_TRAVEL);
    }

    return 0;
}


/* rule 8: it is not known where the home is, as far as this viewer goes */

static ngx_uint_t
ngx_household_decide_unregistered(ngx_household_case_t *c)
{
    ngx_uint_t                 home;
    ngx_household_decision_t  *d;

    if (!c->rec->inet && !c->rec->inet6) {

        if (c->policy->unregistered == NGX_HOUSEHOLD_ALLOW) {
            return ngx_household_decide_allow(c,
                                            NGX_HOUSEHOLD_REASON_UNREGISTERED);
        }

        if (c->policy->unregistered != NGX_HOUSEHOLD_LEARN) {
            return 0;
        }

        d = c->d;

        d->learn = 1;
        d->matched = 1;
        d->network.addr = c->facts->addr;

        /* as if the address had been registered without a length */

        if (c->facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET6) {
            d->network.prefix = 128;
            d->network.bare = 1;

        } else {
            d->network.prefix = 32;
        }

        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_LEARNED);
    }

    home = (c->facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET)
           ? c->rec->inet : c->rec->inet6;

    if (!home && c->policy->family_unknown == NGX_HOUSEHOLD_ALLOW) {
        return ngx_household_decide_allow(c,
                                          NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN);
    }

    return 0;
}


/* rule 9: the account is not among those that are enforced yet */

static ngx_uint_t
ngx_household_decide_unenforced(ngx_household_case_t *c)
{
    size_t            i;
    const u_char     *country;
    const ngx_str_t  *list;

    list = &c->policy->enforce_in;

    if (list->len != 0) {

        /* the subscription's; one that is unknown is in no list */

        country = c->rec->country;

        for (i = 0; i + 1 < list->len; i += 2) {
            if (list->data[i] == country[0]
                && list->data[i + 1] == country[1])
            {
                break;
            }
        }

        if (i + 1 >= list->len) {
            return ngx_household_decide_allow(c,
                                            NGX_HOUSEHOLD_REASON_NOT_ENFORCED);
        }
    }

    if (c->facts->bucket >= c->policy->rollout) {
        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_ROLLOUT);
    }

    return 0;
}


/*
 * Rule 10.  A grace period ends by itself.  It starts over only when the
 * household was seen at home again, and for as long as the period lasts was
 * not seen outside.
 */

static ngx_uint_t
ngx_household_decide_grace(ngx_household_case_t *c)
{
    int64_t     grace, since, home;
    ngx_uint_t  notes;

    grace = c->policy->grace;
    since = c->rec->outside_since;
    home = c->rec->home_since;
    notes = (c->policy->mode != NGX_HOUSEHOLD_MONITOR);

    if (grace <= 0) {
        return 0;
    }

    if (since == 0
        || (home != 0
            && !ngx_household_decide_within(home, grace - 1, c->facts->now)
            && !ngx_household_decide_within(since, grace - 1, c->facts->now)))
    {
        c->d->start_grace = notes;

        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_GRACE);
    }

    c->d->left_again = notes && home != 0;

    if (!ngx_household_decide_within(since, grace - 1, c->facts->now)) {
        return 0;
    }

    return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_GRACE);
}


/* rule 11 */

static void
ngx_household_decide_deny(ngx_household_case_t *c)
{
    ngx_uint_t              slots;
    ngx_household_reason_e  reason;

    reason = (c->rec->inet || c->rec->inet6)
             ? NGX_HOUSEHOLD_REASON_OUTSIDE
             : NGX_HOUSEHOLD_REASON_UNREGISTERED;

    (void) ngx_household_decide_as(c, NGX_HOUSEHOLD_VERDICT_DENY, reason);

    slots = c->rec->seats;

    c->d->seat = (slots == NGX_HOUSEHOLD_SEATS_UNKNOWN
                  || slots > ngx_household_record_seats_taken(c->rec,
                                                              c->facts->now));
}


static ngx_uint_t
ngx_household_decide_as(ngx_household_case_t *c,
    ngx_household_verdict_e verdict, ngx_household_reason_e reason)
{
    c->d->verdict = verdict;
    c->d->reason = reason;

    return 1;
}


static ngx_uint_t
ngx_household_decide_allow(ngx_household_case_t *c,
    ngx_household_reason_e reason)
{
    return ngx_household_decide_as(c, NGX_HOUSEHOLD_VERDICT_ALLOW, reason);
}


/* rule 3, and what is handled as the store being away */

static ngx_uint_t
ngx_household_decide_without_record(ngx_household_case_t *c,
    ngx_household_reason_e reason)
{
    return ngx_household_decide_as(c,
                                   c->policy->unavailable == NGX_HOUSEHOLD_DENY
                                   ? NGX_HOUSEHOLD_VERDICT_DENY
                                   : NGX_HOUSEHOLD_VERDICT_ALLOW,
                                   reason);
}


static ngx_uint_t
ngx_household_decide_revoked(ngx_household_case_t *c)
{
    int64_t  before;

    before = c->rec->revoked_before;

    if (before == 0) {
        return 0;
    }

    if (c->facts->issued_at == NGX_HOUSEHOLD_ISSUED_UNKNOWN) {
        return c->facts->token;
    }

    return c->facts->issued_at < before;
}


static ngx_uint_t
ngx_household_decide_trusted(ngx_household_case_t *c)
{
    int64_t    seen;
    ngx_str_t  slot;

    if (c->policy->trusted_device <= 0) {
        return 0;
    }

    if (!ngx_household_record_device(c->rec, &c->facts->device, &seen, &slot)
        || !ngx_household_decide_within(seen, c->policy->trusted_device,
                                        c->facts->now))
    {
        return 0;
    }

    /* who moved out with an extra member's seat is away as long as it lasts */

    return slot.len == 0
           || ngx_household_record_seat_paid(c->rec, &slot, c->facts->now);
}


/*
 * Tells whether the device is to be noted as seen at d->slot (empty: at home).
 *
 * A note at home outranks one at a slot, as it does not depend on a payment:
 * while it counts, being seen at a slot leaves it alone.  It is kept for the
 * interval at least, or a location that trusts no device would undo it.
 */

static ngx_uint_t
ngx_household_decide_note(ngx_household_case_t *c)
{
    int64_t           seen, period;
    ngx_str_t         slot, *place;
    ngx_uint_t        moved;
    const ngx_str_t  *device;

    place = &c->d->slot;
    device = &c->facts->device;

    if (device->len == 0 || device->len > NGX_HOUSEHOLD_ID_LEN) {
        return 0;
    }

    if (!ngx_household_record_device(c->rec, device, &seen, &slot)) {
        return ngx_household_record_has_capacity(c->rec);
    }

    moved = (slot.len != 0
             && (slot.len != place->len
                 || ngx_memcmp(slot.data, place->data, slot.len) != 0));

    period = NGX_HOUSEHOLD_WRITER_INTERVAL - 1;

    if (slot.len == 0 && place->len != 0) {
        period = ngx_max(period, c->policy->trusted_device);
    }

    if (!moved && ngx_household_decide_within(seen, period, c->facts->now)) {
        return 0;
    }

    /* a note that grows takes room as a new one does */

    return place->len <= slot.len || ngx_household_record_has_capacity(c->rec);
}


/*
 * Tells whether at most "period" seconds passed since a time.  A time that is
 * yet to come was written by a clock ahead of ours, and is taken for now.
 */

static ngx_uint_t
ngx_household_decide_within(int64_t since, int64_t period, int64_t now)
{
    return since >= now || now - since <= period;
}


/*
 * FNV-1a of 64 bits, and then the finalizer of MurmurHash3: FNV alone moves
 * the upper bits little for ids that differ in their last bytes only.
 */

ngx_uint_t
ngx_household_bucket(const ngx_str_t *account)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325ULL;

    for (i = 0; i < account->len; i++) {
        hash ^= account->data[i];
        hash *= 0x100000001b3ULL;
    }

    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdULL;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53ULL;
    hash ^= hash >> 33;

    return (ngx_uint_t) (hash % NGX_HOUSEHOLD_ROLLOUT_ALL);
}
