
/*
 * Units of ngx_household_decide.c: random accounts and requests, judged
 * as the model does, and properties that hold for all of them.
 */


#include "ngx_household_test.h"
#include "ngx_household_decide.h"
#include "ngx_household_decide_model.h"


#define TEST_ACCOUNTS    125000
#define TEST_REQUESTS    8
#define TEST_PROPERTIES  150000


static ngx_household_record_builder_t  builder;


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
    extra->slot = model_slots[test_below(test_count(model_slots))];
    extra->until = test_until();
    test_random_network(a, &extra->network);
}


static void
test_random_device(model_device_t *device, const char *id)
{
    device->id = id;
    device->time = test_past();
    device->slot = "";

    if (test_below(3) == 0) {
        device->slot = model_slots[test_below(test_count(model_slots))];
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

    /* the first five are ids that an account can have */

    for (i = 0; i < 5; i++) {
        if (a->devices < MODEL_MAX && test_below(2)) {
            test_random_device(&a->device[a->devices++], model_ids[i]);
        }

        if (a->travels < MODEL_MAX && test_below(8) == 0) {
            a->travel[a->travels].id = model_ids[i];
            a->travel[a->travels++].time = test_end();
        }
    }

    a->revoked_before = test_below(4) ? 0 : test_past();
    a->outside_since = test_below(2) ? 0 : test_past();
    a->home_since = test_below(2) ? 0 : test_past();
    a->seats = (int) test_below(5) - 1;
    a->country = model_countries[test_below(4)];
}


static void
test_random_policy(ngx_household_policy_t *policy)
{
    static const int64_t      trusted[] = { 0, 60, 3600, MODEL_DAY,
                                            31 * MODEL_DAY };
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
    policy->enforce_in = lists[test_below(5)];
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
    facts->bucket = test_below(8) ? test_below(10000) : 4999 + test_below(2);

    if (test_below(32) == 0) {
        facts->unauthorized = NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING
                              + test_below(NGX_HOUSEHOLD_REASON_REVOKED
                                    - NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING);
    }

    if (!a->exists && test_below(3)) {
        facts->unknown = NGX_HOUSEHOLD_REASON_UNAVAILABLE + test_below(2);
    }
}


static void
test_same_network(const ngx_household_decision_t *d,
    const model_network_t *net, ngx_uint_t ipv6_prefix)
{
    int              i, bits;
    model_network_t  found;

    found.family = (d->network.addr.family == NGX_HOUSEHOLD_FAMILY_INET)
                   ? 4 : 6;
    ngx_memcpy(found.addr, d->network.addr.bytes, 16);

    bits = net->prefix;

    if (bits == MODEL_UNKNOWN) {
        bits = (net->family == 4) ? 32 : (int) ipv6_prefix;
    }

    found.prefix = d->network.bare ? (int) ipv6_prefix : d->network.prefix;

    assert_int_equal(found.family, net->family);
    assert_int_equal(found.prefix, bits);
    assert_true(model_inside(net, &found, ipv6_prefix));

    if (d->network.bare) {
        assert_int_equal(d->network.prefix, 128);
        return;
    }

    for (i = bits; i < 128; i++) {
        assert_int_equal(found.addr[i / 8] & (0x80 >> i % 8), 0);
    }
}


static void
test_same(const ngx_household_decision_t *d, const model_verdict_t *v,
    ngx_uint_t ipv6_prefix)
{
    assert_int_equal(d->reason, v->reason);
    assert_int_equal(d->verdict, v->verdict);
    assert_int_equal(d->monitored, v->monitored);
    assert_int_equal(d->seat, v->seat);
    assert_int_equal(d->note_device, v->note);
    assert_int_equal(d->learn, v->learn);
    assert_int_equal(d->start_grace, v->grace);
    assert_int_equal(d->home_again, v->home_again);
    assert_int_equal(d->left_again, v->left_again);
    assert_int_equal(d->matched, v->network != NULL);
    assert_int_equal(d->slot.len, strlen(v->slot));

    if (d->slot.len != 0) {
        assert_memory_equal(d->slot.data, v->slot, d->slot.len);
    }

    if (d->matched) {
        test_same_network(d, v->network, ipv6_prefix);
    }
}


/* a million requests, and every reason among them */

static void
test_decide_model(void **state)
{
    ngx_uint_t                 i, n, seen[NGX_HOUSEHOLD_REASONS];
    ngx_uint_t                 notes, seats, begun, over, again, left;
    model_account_t            a;
    model_request_t            r;
    model_verdict_t            v;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    test_random_start("model");

    begun = over = again = left = 0;

    ngx_memzero(seen, sizeof(seen));
    notes = 0;
    seats = 0;

    for (i = 0; i < TEST_ACCOUNTS; i++) {
        test_random_account(&a);
        rec = model_record(&builder, &a);

        for (n = 0; n < TEST_REQUESTS; n++) {
            test_random_request(&a, &r);

            ngx_memset(&d, 0xa5, sizeof(d));
            ngx_household_decide(&r.policy, &r.facts, rec, &d);
            model_decide(&a, &r, &v);

            test_same(&d, &v, r.policy.ipv6_prefix);

            seen[d.reason]++;
            notes += d.note_device;
            seats += d.seat;
            begun += d.start_grace && a.outside_since == 0;
            over += d.start_grace && a.outside_since != 0;
            again += d.home_again;
            left += d.left_again;
        }
    }

    /* the first two are of requests that are not judged */

    assert_int_equal(seen[NGX_HOUSEHOLD_REASON_NONE], 0);
    assert_int_equal(seen[NGX_HOUSEHOLD_REASON_OFF], 0);
    assert_int_equal(seen[NGX_HOUSEHOLD_REASON_OPTIONS], 0);

    for (i = NGX_HOUSEHOLD_REASON_OPTIONS + 1; i < NGX_HOUSEHOLD_REASONS; i++)
    {
        assert_in_range(seen[i], 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    }

    assert_in_range(notes, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 2);
    assert_in_range(seats, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 2);
    assert_in_range(begun, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(over, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(again, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(left, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
}


/* one more device, grant, paid seat, or home of a family that has one */

static ngx_uint_t
test_give(model_account_t *a)
{
    ngx_uint_t        i;
    model_extra_t    *extra;
    model_device_t   *travel;
    model_network_t  *home;

    switch (test_below(4)) {

    case 0:
        for (i = 0; i < 5; i++) {
            if (model_find(a->device, a->devices, model_ids[i]) == NULL) {
                test_random_device(&a->device[a->devices++], model_ids[i]);
                return 1;
            }
        }

        return 0;

    case 1:
        travel = &a->travel[a->travels++];
        travel->id = model_ids[test_below(5)];
        travel->time = test_end();
        return 1;

    case 2:
        extra = &a->extra[a->extras++];
        test_random_extra(a, extra);
        extra->until = test_below(2) ? 0 : MODEL_NOW + 2;
        return 1;

    default:
        home = &a->home[a->homes];
        test_random_network(a, home);

        if (!model_has_family(a, home->family)) {
            return 0;
        }

        a->homes++;
        return 1;
    }
}


static void
test_decide_more_is_never_less(void **state)
{
    ngx_uint_t                 i, given, turned;
    model_account_t            a;
    model_request_t            r;
    ngx_household_decision_t   before, after;

    test_random_start("more");

    given = 0;
    turned = 0;

    for (i = 0; i < TEST_PROPERTIES; i++) {
        test_random_account(&a);
        test_random_request(&a, &r);

        ngx_household_decide(&r.policy, &r.facts, model_record(&builder, &a),
                             &before);

        if (!test_give(&a)) {
            continue;
        }

        ngx_household_decide(&r.policy, &r.facts, model_record(&builder, &a),
                             &after);

        given++;

        if (before.verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {
            assert_int_equal(after.verdict, NGX_HOUSEHOLD_VERDICT_ALLOW);

        } else if (after.verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {
            turned++;
        }
    }

    /* which would prove nothing if a gift hardly ever mattered */

    assert_in_range(given, TEST_PROPERTIES / 2, TEST_PROPERTIES);
    assert_in_range(turned, TEST_PROPERTIES / 1000, TEST_PROPERTIES);
}


static void
test_renumber(model_network_t *net, const u_char *mask4, const u_char *mask6)
{
    ngx_uint_t     i;
    const u_char  *mask;

    mask = (net->family == 4) ? mask4 : mask6;

    for (i = 0; i < (net->family == 4 ? 4 : 16); i++) {
        net->addr[i] ^= mask[i];
    }
}


/* all networks are alike, whosever they are */

static void
test_decide_renumber(void **state)
{
    u_char                     mask4[4], mask6[16];
    ngx_uint_t                 i, n;
    model_account_t            a;
    model_request_t            r;
    model_verdict_t            v;
    ngx_household_decision_t   before, after;

    test_random_start("renumber");

    for (i = 0; i < TEST_PROPERTIES; i++) {
        test_random_account(&a);
        test_random_request(&a, &r);

        ngx_household_decide(&r.policy, &r.facts, model_record(&builder, &a),
                             &before);

        for (n = 0; n < 16; n++) {
            mask4[n % 4] = (u_char) test_random();
            mask6[n] = (u_char) test_random();
        }

        mask6[0] &= 0x0f;

        for (n = 0; n < a.homes; n++) {
            test_renumber(&a.home[n], mask4, mask6);
        }

        for (n = 0; n < a.extras; n++) {
            test_renumber(&a.extra[n].network, mask4, mask6);
        }

        if (r.addr.family != 0) {
            test_renumber(&r.addr, mask4, mask6);
            test_addr(&r.facts.addr, &r.addr);
        }

        ngx_household_decide(&r.policy, &r.facts, model_record(&builder, &a),
                             &after);

        assert_int_equal(after.verdict, before.verdict);

        /* and nothing else, the renumbered network aside */

        model_decide(&a, &r, &v);
        test_same(&after, &v, r.policy.ipv6_prefix);

        after.network = before.network;
        after.slot = before.slot;
        assert_memory_equal(&after, &before, sizeof(after));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decide_model),
        cmocka_unit_test(test_decide_more_is_never_less),
        cmocka_unit_test(test_decide_renumber),
    };

    ngx_memset(model_long_id, 'i', sizeof(model_long_id) - 1);

    return cmocka_run_group_tests_name("ngx_household_decide_random", tests,
                                       NULL, NULL);
}
