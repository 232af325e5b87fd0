
/*
 * Random accounts of the model, and the addresses of their viewers.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_ACCOUNTS_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_ACCOUNTS_H_INCLUDED_


#include "ngx_household_decide_model.h"
#include "ngx_household_decide_model_record.h"


/* times at which rules change their minds, and a second before and after */

static int64_t
test_offset(void)
{
    static const int64_t  offsets[] = {
        0, 60, 3600, MODEL_DAY, 7 * MODEL_DAY, 31 * MODEL_DAY
    };

    return offsets[test_below(6)] + (int64_t) test_below(3) - 1;
}


static int64_t
test_past(void)
{
    /* or, by a clock ahead of ours, a little in the future */

    return MODEL_NOW - (test_below(16) ? test_offset() : -test_offset());
}


static int64_t
test_end(void)
{
    return MODEL_NOW + (test_below(2) ? test_offset() : -test_offset());
}


/* or, of a seat, no end */

static int64_t
test_until(void)
{
    return test_below(4) ? test_end() : 0;
}


static void
test_random_site(model_network_t *net)
{
    ngx_uint_t  i;

    ngx_memzero(net, sizeof(model_network_t));

    net->family = test_below(2) ? 4 : 6;
    net->prefix = MODEL_UNKNOWN;

    for (i = 0; i < (net->family == 4 ? 4 : 16); i++) {
        net->addr[i] = (u_char) test_random();
    }

    /* neither mapped nor multicast */

    if (net->family == 6) {
        net->addr[0] = 0x20 | (net->addr[0] & 0x0f);
    }
}


/* somewhere at or around one of the account's sites */

static void
test_random_addr(const model_account_t *a, model_network_t *net)
{
    ngx_uint_t  bits, bit;

    *net = a->site[test_below(4)];

    if (test_below(4) == 0) {
        return;
    }

    bits = (net->family == 4) ? 32 : 128;
    bit = test_below(2) ? bits - 1 - test_below(bits / 4) : 8 + test_below(24);

    net->addr[bit / 8] ^= 0x80 >> bit % 8;
}


static void
test_random_network(const model_account_t *a, model_network_t *net)
{
    int  bits;

    test_random_addr(a, net);

    bits = (net->family == 4) ? 32 : 128;

    switch (test_below(4)) {
    case 0:
        break;
    case 1:
        net->prefix = bits;
        break;
    case 2:
        net->prefix = (net->family == 4) ? 24 : 56;
        break;
    default:
        net->prefix = 8 + (int) test_below(bits - 7);
    }
}


static void
test_random_extra(const model_account_t *a, model_extra_t *extra)
{
    extra->seat = model_seats[test_below(test_count(model_seats))];
    extra->until = test_until();
    test_random_network(a, &extra->network);
}


static void
test_random_device(model_device_t *device, const char *id)
{
    ngx_uint_t  i;

    ngx_memzero(device, sizeof(model_device_t));
    device->id = id;

    /* at home or at a seat, or at each in turn */

    do {
        i = test_below(test_count(model_seats));
        model_write(device, test_past(), test_below(3) ? "" : model_seats[i]);

    } while (test_below(3) == 0);
}


/* evidence of networks, and days outside */

static void
test_random_days(model_account_t *a)
{
    int64_t             today;
    ngx_uint_t          i;
    model_evidence_t   *e;

    today = MODEL_NOW / MODEL_DAY;

    for (i = 0; i < MODEL_MAX; i++) {

        if (test_below(2)) {
            continue;
        }

        e = &a->evidence[a->evidences++];
        e->network = a->site[i];
        e->days = 1 + test_below(31);
        e->last = test_past();

        if (test_below(4) == 0) {
            e->network.prefix = (e->network.family == 4) ? 24 : 56;
        }
    }

    if (test_below(2)) {
        return;
    }

    for (i = 0; i < 1 + test_below(30); i++) {
        a->day[a->days++] = today - (int64_t) test_below(40) + 1;
    }
}


static void
test_random_account(model_account_t *a)
{
    ngx_uint_t  i;

    ngx_memzero(a, sizeof(model_account_t));

    a->exists = (test_below(16) != 0);

    for (i = 0; i < 4; i++) {
        test_random_site(&a->site[i]);
    }

    a->homes = test_below(MODEL_MAX);
    a->extras = test_below(MODEL_MAX);

    for (i = 0; i < a->homes; i++) {
        test_random_network(a, &a->home[i]);
    }

    for (i = 0; i < a->extras; i++) {
        test_random_extra(a, &a->extra[i]);
    }

    for (i = 0; i < test_count(model_seats); i++) {
        if (test_below(4) == 0) {
            a->open[a->opens].seat = model_seats[i];
            a->open[a->opens++].until = test_until();
        }
    }

    /* the first five are ids that an account can have */

    for (i = 0; i < 5; i++) {
        if (a->devices < MODEL_MAX && test_below(2)) {
            test_random_device(&a->device[a->devices++], model_ids[i]);
        }

        if (a->travels < MODEL_MAX && test_below(8) == 0) {
            a->travel[a->travels].id = model_ids[i];
            a->travel[a->travels++].until = test_end();
        }
    }

    a->member = test_below(4) ? NULL : model_ids[test_below(5)];

    test_random_days(a);

    a->revoked_before = test_below(4) ? 0 : test_past();
    a->outside_since = test_below(2) ? 0 : test_past();
    a->home_since = test_below(2) ? 0 : test_past();
    a->seats = (int) test_below(5) - 1;
    a->country = model_countries[test_below(4)];
}


static void
test_addr(ngx_household_addr_t *to, const model_network_t *from)
{
    to->family = (from->family == 4) ? NGX_HOUSEHOLD_FAMILY_INET
                 : (from->family == 6) ? NGX_HOUSEHOLD_FAMILY_INET6
                                       : NGX_HOUSEHOLD_FAMILY_NONE;
    ngx_memcpy(to->bytes, from->addr, 16);
}


static void
test_random_policy(ngx_household_policy_t *policy)
{
    ngx_uint_t  i;

    static const int64_t      trusted[] = { 0, 60, 3600, MODEL_DAY,
                                            31 * MODEL_DAY };
    static const ngx_uint_t   away[][2] = { { 0, 0 }, { 0, 0 }, { 1, 2 },
                                            { 3, 30 }, { 31, 366 } };
    static const int64_t      grace[] = { 0, 1, 3600, 7 * MODEL_DAY };
    static const ngx_uint_t   rollout[] = { 0, 1, 5000, 9999, 10000, 10000 };
    static const ngx_str_t    lists[] = { ngx_null_string, ngx_null_string,
                                          ngx_string("FR"),
                                          ngx_string("FRDE"),
                                          ngx_string("BEITFR") };

    policy->mode = NGX_HOUSEHOLD_MONITOR + test_below(2);
    policy->unavailable = test_below(2);
    policy->unregistered = test_below(3);
    policy->family_unknown = test_below(2);
    policy->ipv6_prefix = test_below(3) ? 64 : 1 + test_below(128);
    policy->rollout = rollout[test_below(6)];
    policy->trusted_device = trusted[test_below(5)];
    policy->grace = grace[test_below(4)];

    i = test_below(5);
    policy->away_days = away[i][0];
    policy->away_period = away[i][1];

    policy->enforce_in = lists[test_below(5)];
}


static void
test_random_request(const model_account_t *a, model_request_t *r)
{
    ngx_household_facts_t  *facts;

    ngx_memzero(r, sizeof(model_request_t));

    test_random_policy(&r->policy);

    if (test_below(32)) {
        test_random_addr(a, &r->addr);
    }

    r->device = model_ids[test_below(test_count(model_ids))];

    facts = &r->facts;

    test_addr(&facts->addr, &r->addr);

    facts->device = test_str(r->device);
    facts->now = MODEL_NOW + (int64_t) test_below(3) - 1;
    facts->issued_at = test_below(2) ? test_past()
                                     : NGX_HOUSEHOLD_ISSUED_UNKNOWN;
    facts->token = test_below(2);
    facts->returned = test_below(2);
    facts->sharing = test_below(2) ? test_below(5) : NGX_HOUSEHOLD_SHARING_OFF;
    facts->bucket = test_below(8) ? test_below(10000) : 4999 + test_below(2);

    if (test_below(32) == 0) {
        facts->unauthorized = NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING
                              + test_below(NGX_HOUSEHOLD_REASON_REVOKED
                                    - NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING);
    }

    if (!a->exists && test_below(3)) {
        facts->no_record = NGX_HOUSEHOLD_REASON_UNAVAILABLE + test_below(2);
    }
}


#endif /* _NGX_HOUSEHOLD_DECIDE_ACCOUNTS_H_INCLUDED_ */
