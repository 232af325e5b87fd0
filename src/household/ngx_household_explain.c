
/*
 * Explanations.  The numbers of the rules are those of docs/verdict.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide_case.h"
#include "ngx_household_explain.h"
#include "ngx_household_explain_text.h"


typedef struct {
    const char   *name;
    ngx_uint_t  (*explain)(ngx_household_explain_case_t *c);
} ngx_household_explain_rule_t;


static ngx_uint_t ngx_household_explain_rule(
    const ngx_household_decision_t *d);
static ngx_uint_t ngx_household_explain_identity(
    ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_revoked(
    ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_unknown(
    ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_unregistered(
    ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_unenforced(
    ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_sharing(
    ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_away(ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_grace(ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_outside(
    ngx_household_explain_case_t *c);


static const ngx_household_explain_rule_t
    ngx_household_explain_rules[NGX_HOUSEHOLD_RULES] =
{
    { "identity", ngx_household_explain_identity },
    { "revoked", ngx_household_explain_revoked },
    { "unavailable", ngx_household_explain_unknown },
    { "home", ngx_household_explain_home },
    { "extra_member", ngx_household_explain_extra },
    { "trusted_device", ngx_household_explain_device },
    { "travel", ngx_household_explain_travel },
    { "unregistered", ngx_household_explain_unregistered },
    { "not_enforced", ngx_household_explain_unenforced },
    { "sharing", ngx_household_explain_sharing },
    { "away", ngx_household_explain_away },
    { "grace", ngx_household_explain_grace },
    { "outside", ngx_household_explain_outside }
};


void
ngx_household_explain(const ngx_household_policy_t *policy,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_explain_t *e)
{
    ngx_uint_t                    i;
    ngx_household_explain_case_t  c;

    ngx_household_decide(policy, facts, rec, &e->decision);

    e->rule = ngx_household_explain_rule(&e->decision);

    c.policy = policy;
    c.facts = facts;
    c.rec = rec;

    for (i = 0; i < e->rule; i++) {
        c.step = &e->steps[i];
        c.step->len = 0;
        c.step->matches = ngx_household_explain_rules[i].explain(&c);
    }
}


const char *
ngx_household_explain_name(ngx_uint_t rule)
{
    return ngx_household_explain_rules[rule - 1].name;
}


/* returns the number of the rule that gave the decision */

static ngx_uint_t
ngx_household_explain_rule(const ngx_household_decision_t *d)
{
    switch (d->reason) {

    case NGX_HOUSEHOLD_REASON_REVOKED:
        return 2;

    case NGX_HOUSEHOLD_REASON_UNAVAILABLE:
    case NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE:
    case NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN:
        return 3;

    case NGX_HOUSEHOLD_REASON_HOME:
        return 4;

    case NGX_HOUSEHOLD_REASON_EXTRA_MEMBER:
        return d->matched ? 5 : 10;

    case NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE:
        return 6;

    case NGX_HOUSEHOLD_REASON_TRAVEL:
        return 7;

    case NGX_HOUSEHOLD_REASON_UNREGISTERED:
        return d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW ? 8 : 13;

    case NGX_HOUSEHOLD_REASON_LEARNED:
    case NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN:
        return 8;

    case NGX_HOUSEHOLD_REASON_NOT_ENFORCED:
    case NGX_HOUSEHOLD_REASON_ROLLOUT:
        return 9;

    case NGX_HOUSEHOLD_REASON_MEMBER:
    case NGX_HOUSEHOLD_REASON_NOT_SHARED:
        return 10;

    case NGX_HOUSEHOLD_REASON_AWAY:
        return 11;

    case NGX_HOUSEHOLD_REASON_GRACE:
        return 12;

    case NGX_HOUSEHOLD_REASON_OUTSIDE:
        return 13;

    default:
        return 1;
    }
}


static ngx_uint_t
ngx_household_explain_identity(ngx_household_explain_case_t *c)
{
    if (c->facts->unauthorized == NGX_HOUSEHOLD_REASON_NONE) {
        ngx_household_explain_add(c, "an account is given");
        return 0;
    }

    ngx_household_explain_add(c, "the client is not authenticated: %V",
                              ngx_household_reason_name(
                                                     c->facts->unauthorized));
    return 1;
}


static ngx_uint_t
ngx_household_explain_revoked(ngx_household_explain_case_t *c)
{
    int64_t  before, issued;

    if (c->rec == NULL) {
        ngx_household_explain_add(c, "the record of the account is not known");
        return 0;
    }

    before = c->rec->revoked_before;
    issued = c->facts->issued_at;

    if (before == 0) {
        ngx_household_explain_add(c, "the devices were not signed out");
        return 0;
    }

    ngx_household_explain_add(c, "all devices were signed out at %T, ",
                              before);

    if (issued == NGX_HOUSEHOLD_ISSUED_UNKNOWN) {

        ngx_household_explain_add(c, c->facts->token
                           ? "and the token has no issue time"
                           : "which applies to tokens and sign-ins with a "
                             "time; none is given");

        return c->facts->token;
    }

    ngx_household_explain_add(c, "and this sign-in is of %T, %s", issued,
                              issued < before ? "before it" : "not before it");

    return issued < before;
}


static ngx_uint_t
ngx_household_explain_unknown(ngx_household_explain_case_t *c)
{
    const char  *text;

    if (c->rec == NULL) {

        text = c->facts->no_record == NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE
               ? "the record of the account is too large"
               : "the record of the account cannot be read";

        ngx_household_explain_add(c, "%s", text);
        return 1;
    }

    if (c->facts->addr.family == NGX_HOUSEHOLD_FAMILY_NONE) {
        ngx_household_explain_add(c, "the address of the client is not known");
        return 1;
    }

    ngx_household_explain_add(c, c->rec->exists
                              ? "the account has a record"
                              : "Redis has nothing of the account");
    return 0;
}


static ngx_uint_t
ngx_household_explain_unregistered(ngx_household_explain_case_t *c)
{
    ngx_uint_t  known, allow;

    if (!c->rec->inet && !c->rec->inet6) {

        ngx_household_explain_add(c, "the account has no home network, and "
                                  "household_unregistered is %s",
                                  c->policy->unregistered
                                  == NGX_HOUSEHOLD_ALLOW ? "allow"
                                  : c->policy->unregistered
                                    == NGX_HOUSEHOLD_LEARN ? "learn"
                                  : "deny");

        return c->policy->unregistered != NGX_HOUSEHOLD_DENY;
    }

    known = (c->facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET)
            ? c->rec->inet : c->rec->inet6;

    if (known) {
        ngx_household_explain_add(c, "the account has a home network in this "
                                  "address family");
        return 0;
    }

    allow = (c->policy->family_unknown == NGX_HOUSEHOLD_ALLOW);

    ngx_household_explain_add(c, "the home has no network in this address "
                              "family, and household_family_unknown is %s",
                              allow ? "allow" : "deny");
    return allow;
}


static ngx_uint_t
ngx_household_explain_unenforced(ngx_household_explain_case_t *c)
{
    size_t         i;
    ngx_str_t      country;
    ngx_str_t      list;

    list = c->policy->enforce_in;

    if (list.len != 0) {

        country.data = (u_char *) c->rec->country;
        country.len = country.data[0] ? 2 : 0;

        for (i = 0; i + 1 < list.len; i += 2) {
            if (country.len && ngx_memcmp(list.data + i, country.data, 2) == 0)
            {
                break;
            }
        }

        if (country.len == 0) {
            ngx_household_explain_add(c, "the country of the account is not "
                                      "known, and");
        } else {
            ngx_household_explain_add(c, "the country of the account, %V, is "
                                      "%sin", &country,
                                      i + 1 < list.len ? "" : "not ");
        }

        ngx_household_explain_add(c, " household_enforce_in%s",
                                  country.len ? "; " : " is set");

        if (i + 1 >= list.len) {
            if (country.len) {
                c->step->len -= 2;
            }

            return 1;
        }
    }

    ngx_household_explain_add(c, "the account is number %u of 10000, and the "
                              "first %u are enforced", c->facts->bucket,
                              c->policy->rollout);

    return c->facts->bucket >= c->policy->rollout;
}


static ngx_uint_t
ngx_household_explain_sharing(ngx_household_explain_case_t *c)
{
    switch (c->facts->sharing) {

    case NGX_HOUSEHOLD_SHARING_MEMBER:
        ngx_household_explain_add(c, "the device belongs to the household, or "
                                  "is where one was lately");
        return 1;

    case NGX_HOUSEHOLD_SHARING_SEAT:
        ngx_household_explain_add(c, "the device is of another household, for "
                                  "which a seat is paid");
        return 1;

    case NGX_HOUSEHOLD_SHARING_NOT_SHARED:
        ngx_household_explain_add(c, "no other household was seen at once, or "
                                  "on too few days");
        return 1;

    case NGX_HOUSEHOLD_SHARING_SHARED:
        ngx_household_explain_add(c, "the device is of another household, and "
                                  "no seat is left");
        return 0;

    default: /* NGX_HOUSEHOLD_SHARING_OFF */
        ngx_household_explain_add(c, "household_sharing is off");
        return 0;
    }
}


static ngx_uint_t
ngx_household_explain_away(ngx_household_explain_case_t *c)
{
    int64_t     today;
    ngx_uint_t  n;

    if (c->policy->away_days == 0) {
        ngx_household_explain_add(c, "household_away is off");
        return 0;
    }

    today = c->facts->now / NGX_HOUSEHOLD_DAY;
    n = ngx_household_record_away_days(c->rec,
                                  today - (int64_t) c->policy->away_period,
                                  today);

    ngx_household_explain_add(c, "the household was outside on %u days before "
                              "today, and may be on %u of %u", n,
                              c->policy->away_days, c->policy->away_period);

    return n < c->policy->away_days;
}


static ngx_uint_t
ngx_household_explain_grace(ngx_household_explain_case_t *c)
{
    int64_t  grace, since, home, now;

    grace = c->policy->grace;
    since = c->rec->outside_since;
    home = c->rec->home_since;
    now = c->facts->now;

    if (grace <= 0) {
        ngx_household_explain_add(c, "household_grace is 0");
        return 0;
    }

    if (since == 0) {
        ngx_household_explain_add(c, "the grace period of %P starts now",
                                  grace);
        return 1;
    }

    if (ngx_household_decide_within(since, grace - 1, now)) {
        ngx_household_explain_add(c, "the grace period started at %T and ends "
                                  "at %T", since, since + grace);
        return 1;
    }

    ngx_household_explain_add(c, "the grace period ended %P ago, at %T",
                              now - since - grace, since + grace);

    if (home == 0) {
        ngx_household_explain_add(c, ", and the household was not at home "
                                  "since");
        return 0;
    }

    if (ngx_household_decide_within(home, grace - 1, now)) {
        ngx_household_explain_add(c, ", and the household is at home again for"
                                  " %P only", now - home);
        return 0;
    }

    ngx_household_explain_add(c, ", and a new one of %P starts now", grace);

    return 1;
}


static ngx_uint_t
ngx_household_explain_outside(ngx_household_explain_case_t *c)
{
    ngx_uint_t  seats, taken;

    seats = c->rec->seats;
    taken = ngx_household_record_seats_taken(c->rec, c->facts->now);

    ngx_household_explain_add(c, "no rule allows the client; ");

    if (seats == NGX_HOUSEHOLD_SEATS_UNKNOWN) {
        ngx_household_explain_add(c, "%u seat%s paid, and the number of "
                                  "seats of the plan is not known", taken,
                                  taken == 1 ? " is" : "s are");
    } else {
        ngx_household_explain_add(c, "%u of %u seats are paid", taken, seats);
    }

    return 1;
}
