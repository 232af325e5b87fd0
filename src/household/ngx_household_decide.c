
/*
 * The verdict.  The numbers of the rules are those of docs/verdict.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"
#include "ngx_household_decide_case.h"


static void ngx_household_decide_case(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_preconditions(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_home_or_extra(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_device_or_travel(
    ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_unregistered(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_unenforced(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_sharing(ngx_household_case_t *c);
static ngx_uint_t ngx_household_decide_outside_days(ngx_household_case_t *c);
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
static ngx_household_detail_e ngx_household_decide_detail(
    ngx_household_case_t *c);


void
ngx_household_decide(const ngx_household_policy_t *policy,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_decision_t *d)
{
    ngx_household_case_t  c;

    c.policy = policy;
    c.facts = facts;
    c.rec = rec;
    c.d = d;
    c.nseen = 0;
    c.verdict_only = 0;
    c.no_network = 0;
    c.no_travel = 0;

    ngx_household_decide_case(&c);

    if (policy->unregistered == NGX_HOUSEHOLD_LEARN && rec != NULL) {
        ngx_household_decide_learn_family(&c);
    }

    if (policy->mode == NGX_HOUSEHOLD_MONITOR
        && d->verdict != NGX_HOUSEHOLD_VERDICT_ALLOW)
    {
        d->monitored = 1;
    }
}


void
ngx_household_decide_second(const ngx_household_policy_t *policy,
    const ngx_household_decision_t *first, const ngx_household_policy_t *other,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_verdict_e *verdict, ngx_household_reason_e *reason)
{
    ngx_uint_t                by_network, after;
    ngx_household_case_t      c;
    ngx_household_decision_t  d;

    *verdict = first->verdict;
    *reason = first->reason;

    /* by rule 10, an extra member has no network */

    by_network = first->matched
                 && (first->reason == NGX_HOUSEHOLD_REASON_HOME
                     || first->reason == NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);

    if (first->verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED
        || (by_network && policy->ipv6_prefix == other->ipv6_prefix))
    {
        return;
    }

    after = rec != NULL && !by_network
            && first->reason >= NGX_HOUSEHOLD_REASON_HOME
            && policy->ipv6_prefix == other->ipv6_prefix;

    c.policy = other;
    c.facts = facts;
    c.rec = rec;
    c.d = &d;
    c.nseen = 0;
    c.verdict_only = 1;
    c.no_network = after;
    c.no_travel = after
                  && first->reason != NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE
                  && first->reason != NGX_HOUSEHOLD_REASON_TRAVEL;

    ngx_household_decide_case(&c);

    *verdict = d.verdict;
    *reason = d.reason;
}


static void
ngx_household_decide_case(ngx_household_case_t *c)
{
    ngx_memzero(c->d, sizeof(ngx_household_decision_t));

    if (!ngx_household_decide_preconditions(c)
        && !ngx_household_decide_home_or_extra(c)
        && !ngx_household_decide_device_or_travel(c)
        && !ngx_household_decide_unregistered(c)
        && !ngx_household_decide_unenforced(c)
        && !ngx_household_decide_sharing(c)
        && !ngx_household_decide_outside_days(c)
        && !ngx_household_decide_grace(c))
    {
        ngx_household_decide_deny(c);
    }
}


/* rules 1 to 3: the account, its record or the address is not known */

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
                                   facts->no_record != NGX_HOUSEHOLD_REASON_NONE
                                   ? facts->no_record
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


/* rules 4 and 5: the client is in a network of the account */

static ngx_uint_t
ngx_household_decide_home_or_extra(ngx_household_case_t *c)
{
    ngx_uint_t                    n;
    ngx_household_place_t         places[2];
    ngx_household_decision_t     *d;
    const ngx_household_facts_t  *facts;

    d = c->d;
    facts = c->facts;

    c->nseen = ngx_household_record_seen(c->rec, &facts->device, c->seen);

    if (c->no_network) {
        return 0;
    }

    if (ngx_household_record_home(c->rec, &facts->addr,
                                  c->policy->ipv6_prefix, &d->network))
    {
        d->matched = 1;

        ngx_household_decide_write_device(c, NULL, 0);

        /*
         * In mode monitor, too: a household that was outside before is to have
         * notice again when it is enforced again.
         */

        d->home_again = (c->policy->grace > 0
                         && c->rec->outside_since != 0
                         && c->rec->home_since == 0);

        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_HOME);
    }

    n = ngx_household_record_extra(c->rec, &facts->addr,
                                   c->policy->ipv6_prefix, facts->now,
                                   c->seen, c->nseen, places);
    if (n == 0 && facts->returned) {
        n = ngx_household_record_open(c->rec, &facts->addr, facts->now,
                                      &facts->device, c->seen, c->nseen,
                                      places);
        d->join = n;
    }

    if (n) {
        d->matched = 1;
        d->network = places[0].network;
        d->seat = places[0].seat;

        ngx_household_decide_write_device(c, places, n);

        return ngx_household_decide_allow(c,
                                          NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);
    }

    return 0;
}


/* rules 6 and 7: the device is allowed in any network */

static ngx_uint_t
ngx_household_decide_device_or_travel(ngx_household_case_t *c)
{
    if (ngx_household_decide_trusted(c)) {
        return ngx_household_decide_allow(c,
                                          NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE);
    }

    if (!c->no_travel
        && ngx_household_record_travel(c->rec, &c->facts->device,
                                       c->facts->now))
    {
        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_TRAVEL);
    }

    return 0;
}


/* rule 8: no home network is registered, or none of the client's family */

static ngx_uint_t
ngx_household_decide_unregistered(ngx_household_case_t *c)
{
    ngx_uint_t  home;

    if (!c->rec->inet && !c->rec->inet6) {

        if (c->policy->unregistered == NGX_HOUSEHOLD_ALLOW) {
            return ngx_household_decide_allow(c,
                                            NGX_HOUSEHOLD_REASON_UNREGISTERED);
        }

        if (c->policy->unregistered != NGX_HOUSEHOLD_LEARN) {
            return 0;
        }

        ngx_household_decide_learn(c);

        c->d->matched = 1;
        c->d->network = c->d->evidence;

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


/* rule 9: the account is not enforced yet */

static ngx_uint_t
ngx_household_decide_unenforced(ngx_household_case_t *c)
{
    size_t            i;
    const u_char     *country;
    const ngx_str_t  *list;

    list = &c->policy->enforce_in;

    if (list->len != 0) {

        /* of the subscription; an unknown country is in no list */

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
 * Rule 10.  With "household_sharing", only another household is denied, not
 * another address.  The rules for days outside and grace follow, and apply to
 * requests that would be denied.
 */

static ngx_uint_t
ngx_household_decide_sharing(ngx_household_case_t *c)
{
    switch (c->facts->sharing) {

    case NGX_HOUSEHOLD_SHARING_MEMBER:
        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_MEMBER);

    case NGX_HOUSEHOLD_SHARING_SEAT:
        return ngx_household_decide_allow(c,
                                          NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);

    case NGX_HOUSEHOLD_SHARING_NOT_SHARED:
        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_NOT_SHARED);

    default: /* NGX_HOUSEHOLD_SHARING_OFF, _SHARED */
        return 0;
    }
}


/*
 * Rule 11.  All days outside count, including denied ones.  If denied days were
 * not written, a seat that covers one of the days would move the others within
 * the period, and turn an allow into a deny.
 */

static ngx_uint_t
ngx_household_decide_outside_days(ngx_household_case_t *c)
{
    int64_t     today;
    ngx_uint_t  n;

    if (c->policy->away_days == 0) {
        return 0;
    }

    ngx_household_decide_write_away(c);

    today = c->facts->now / NGX_HOUSEHOLD_DAY;
    n = ngx_household_record_away_days(c->rec,
                                  today - (int64_t) c->policy->away_period,
                                  today);

    if (n >= c->policy->away_days) {
        return 0;
    }

    c->d->detail = ngx_household_decide_detail(c);

    return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_AWAY);
}


/*
 * Rule 12.  A grace period ends by time.  A new grace period starts only after
 * the household was seen at home again, and was then not seen outside for the
 * length of the period.
 */

static ngx_uint_t
ngx_household_decide_grace(ngx_household_case_t *c)
{
    int64_t     grace, since, home;
    ngx_uint_t  writes;

    grace = c->policy->grace;
    since = c->rec->outside_since;
    home = c->rec->home_since;
    writes = (c->policy->mode != NGX_HOUSEHOLD_MONITOR);

    if (grace <= 0) {
        return 0;
    }

    c->d->detail = ngx_household_decide_detail(c);

    if (since == 0
        || (home != 0
            && !ngx_household_decide_within(home, grace - 1, c->facts->now)
            && !ngx_household_decide_within(since, grace - 1, c->facts->now)))
    {
        c->d->start_grace = writes;

        return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_GRACE);
    }

    c->d->left_again = writes && home != 0;

    if (!ngx_household_decide_within(since, grace - 1, c->facts->now)) {
        return 0;
    }

    return ngx_household_decide_allow(c, NGX_HOUSEHOLD_REASON_GRACE);
}


/* rule 13 */

static void
ngx_household_decide_deny(ngx_household_case_t *c)
{
    ngx_uint_t              seats;
    ngx_household_reason_e  reason;

    reason = (c->rec->inet || c->rec->inet6
              || c->facts->sharing == NGX_HOUSEHOLD_SHARING_SHARED)
             ? NGX_HOUSEHOLD_REASON_OUTSIDE
             : NGX_HOUSEHOLD_REASON_UNREGISTERED;

    (void) ngx_household_decide_as(c, NGX_HOUSEHOLD_VERDICT_DENY, reason);

    if (c->verdict_only) {
        return;
    }

    c->d->detail = ngx_household_decide_detail(c);

    ngx_memcpy(c->d->country, c->rec->country, 2);

    seats = c->rec->seats;

    c->d->free_seat = (seats == NGX_HOUSEHOLD_SEATS_UNKNOWN
                  || seats > ngx_household_record_seats_taken(c->rec,
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


/* rule 3, and reasons that are handled like an unavailable Redis */

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
    ngx_uint_t             i;
    ngx_household_seen_t  *seen;

    if (c->policy->trusted_device <= 0) {
        return 0;
    }

    for (i = 0; i < c->nseen; i++) {
        seen = &c->seen[i];

        if (!ngx_household_decide_within(seen->time, c->policy->trusted_device,
                                         c->facts->now))
        {
            continue;
        }

        /* a device seen at a seat is trusted only while the seat is paid */

        if (seen->seat.len == 0
            || ngx_household_record_seat_paid(c->rec, &seen->seat,
                                              c->facts->now))
        {
            return 1;
        }
    }

    return 0;
}


/* returns what the client had before: at time 0 no seat or grant was over */

static ngx_household_detail_e
ngx_household_decide_detail(ngx_household_case_t *c)
{
    ngx_uint_t                    i, home;
    ngx_household_place_t         places[2];
    const ngx_household_facts_t  *facts;

    facts = c->facts;

    if (c->verdict_only) {
        return NGX_HOUSEHOLD_DETAIL_NONE;
    }

    if (ngx_household_record_extra(c->rec, &facts->addr,
                                   c->policy->ipv6_prefix, 0, NULL, 0, places))
    {
        return NGX_HOUSEHOLD_DETAIL_SEAT_ENDED;
    }

    for (i = 0; i < c->nseen; i++) {
        if (c->seen[i].seat.len != 0
            && !ngx_household_record_seat_paid(c->rec, &c->seen[i].seat,
                                               facts->now))
        {
            return NGX_HOUSEHOLD_DETAIL_SEAT_ENDED;
        }
    }

    if (c->nseen) {
        return NGX_HOUSEHOLD_DETAIL_DEVICE_EXPIRED;
    }

    if (ngx_household_record_travel(c->rec, &facts->device, 0)) {
        return NGX_HOUSEHOLD_DETAIL_TRAVEL_OVER;
    }

    home = (facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET)
           ? c->rec->inet : c->rec->inet6;

    if (!home && (c->rec->inet || c->rec->inet6)) {
        return NGX_HOUSEHOLD_DETAIL_FAMILY_MISSING;
    }

    return NGX_HOUSEHOLD_DETAIL_NEVER_SEEN;
}


/*
 * FNV-1a of 64 bits, and then the finalizer of MurmurHash3: FNV alone moves
 * the upper bits little for ids that differ in their last bytes only.
 */

ngx_uint_t
ngx_household_decide_bucket(const ngx_str_t *account)
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
