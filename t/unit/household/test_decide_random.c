
/*
 * Units of ngx_household_decide.c: random accounts and requests, judged
 * as the model does, and properties that hold for all of them.
 */


#include "ngx_household_test.h"
#include "ngx_household_decide.h"
#include "ngx_household_decide_model.h"
#include "ngx_household_decide_accounts.h"


#define TEST_ACCOUNTS    125000
#define TEST_REQUESTS    8
#define TEST_PROPERTIES  150000


static ngx_household_record_builder_t  builder;


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

    found.prefix = d->network.no_prefix ? (int) ipv6_prefix : d->network.prefix;

    assert_int_equal(found.family, net->family);
    assert_int_equal(found.prefix, bits);
    assert_true(model_inside(net, &found, ipv6_prefix));

    if (d->network.no_prefix) {
        assert_int_equal(d->network.prefix, 128);
        return;
    }

    for (i = bits; i < 128; i++) {
        assert_int_equal(found.addr[i / 8] & (0x80 >> i % 8), 0);
    }
}


static void
test_same_places(const ngx_household_decision_t *d,
    const model_device_t *device)
{
    ngx_uint_t                    i;
    const ngx_household_seen_t   *seen;

    if (!d->write_device) {
        return;
    }

    assert_int_equal(d->nseen, device->n);

    for (i = 0; i < d->nseen; i++) {
        seen = &d->seen[i];

        assert_int_equal(seen->time, device->seen[i].time);
        assert_int_equal(seen->seat.len, strlen(device->seen[i].seat));

        if (seen->seat.len) {
            assert_memory_equal(seen->seat.data, device->seen[i].seat,
                                seen->seat.len);
        }
    }
}


static void
test_same(const ngx_household_decision_t *d, const model_verdict_t *v,
    ngx_uint_t ipv6_prefix)
{
    assert_int_equal(d->reason, v->reason);
    assert_int_equal(d->verdict, v->verdict);
    assert_int_equal(d->monitored, v->monitored);
    assert_int_equal(d->free_seat, v->free_seat);
    assert_memory_equal(d->country, *v->country ? v->country : "\0", 2);
    assert_int_equal(d->write_device, v->write);
    assert_int_equal(d->drop_oldest, 0);
    assert_int_equal(d->join, v->join);
    assert_int_equal(d->learn, v->learn);
    assert_int_equal(d->write_away, v->day);
    assert_string_equal(d->detail
                        ? (char *) ngx_household_detail_name(d->detail)->data
                        : "", v->detail);
    assert_int_equal(d->start_grace, v->grace);
    assert_int_equal(d->home_again, v->home_again);
    assert_int_equal(d->left_again, v->left_again);
    assert_int_equal(d->matched, v->network != NULL);
    assert_int_equal(d->seat.len, strlen(v->seat));

    if (d->seat.len != 0) {
        assert_memory_equal(d->seat.data, v->seat, d->seat.len);
    }

    test_same_places(d, &v->device);

    if (d->matched) {
        test_same_network(d, v->network, ipv6_prefix);
    }
}


/* a million requests, and every reason among them */

static void
test_decide_model(void **state)
{
    ngx_uint_t                 i, n, seen[NGX_HOUSEHOLD_REASONS];
    ngx_uint_t                 writes, seats, joins, begun, over, again;
    ngx_uint_t                 left;
    model_account_t            a;
    model_request_t            r;
    model_verdict_t            v;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    test_random_start("model");

    begun = over = again = left = 0;

    ngx_memzero(seen, sizeof(seen));
    writes = 0;
    seats = 0;
    joins = 0;

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
            writes += d.write_device;
            seats += d.free_seat;
            joins += d.join;
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

    assert_in_range(writes, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 2);
    assert_in_range(seats, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 2);
    assert_in_range(joins, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(begun, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(over, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(again, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
    assert_in_range(left, 1000, TEST_ACCOUNTS * TEST_REQUESTS / 4);
}


static ngx_uint_t
test_has_open(const model_account_t *a, const char *seat)
{
    ngx_uint_t  i;

    for (i = 0; i < a->opens; i++) {
        if (strcmp(a->open[i].seat, seat) == 0) {
            return 1;
        }
    }

    return 0;
}


/*
 * One more device, grant, paid seat, or home of a family that has one.  A
 * network for a seat that learns is none of these: the seat is taken by it.
 */

static ngx_uint_t
test_give(model_account_t *a)
{
    ngx_uint_t        i;
    model_extra_t    *extra;
    model_travel_t   *travel;
    model_network_t  *home;

    switch (test_below(6)) {

    case 5:
        i = test_below(test_count(model_seats));

        if (test_has_open(a, model_seats[i])) {
            return 0;
        }

        a->open[a->opens].seat = model_seats[i];
        a->open[a->opens++].until = MODEL_NOW + 2;
        return 1;

    case 4:
        if (a->member != NULL) {
            return 0;
        }

        a->member = model_ids[test_below(5)];
        return 1;

    case 0:
        for (i = 0; i < 5; i++) {
            if (model_find(a, model_ids[i]) == NULL) {
                test_random_device(&a->device[a->devices++], model_ids[i]);
                return 1;
            }
        }

        return 0;

    case 1:
        travel = &a->travel[a->travels++];
        travel->id = model_ids[test_below(5)];
        travel->until = test_end();
        return 1;

    case 2:
        extra = &a->extra[a->extras];
        test_random_extra(a, extra);

        if (test_has_open(a, extra->seat)) {
            return 0;
        }

        a->extras++;
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

        for (n = 0; n < a.evidences; n++) {
            test_renumber(&a.evidence[n].network, mask4, mask6);
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
        after.evidence = before.evidence;
        after.seat = before.seat;
        ngx_memcpy(after.seen, before.seen, sizeof(after.seen));
        assert_memory_equal(&after, &before, sizeof(after));
    }
}


/* what a second policy decides is what it would decide alone */

static void
test_decide_second(void **state)
{
    ngx_uint_t                 i, n, others;
    model_account_t            a;
    model_request_t            r, other;
    ngx_household_record_t    *rec;
    ngx_household_reason_e     reason;
    ngx_household_verdict_e    verdict;
    ngx_household_decision_t   d, alone;

    test_random_start("second");

    others = 0;

    for (i = 0; i < TEST_PROPERTIES / TEST_REQUESTS; i++) {
        test_random_account(&a);
        rec = model_record(&builder, &a);

        for (n = 0; n < TEST_REQUESTS; n++) {
            test_random_request(&a, &r);
            test_random_request(&a, &other);

            ngx_household_decide(&r.policy, &r.facts, rec, &d);

            r.facts.bucket = other.facts.bucket;
            r.facts.sharing = other.facts.sharing;

            ngx_household_decide(&other.policy, &r.facts, rec, &alone);
            ngx_household_decide_second(&r.policy, &d, &other.policy, &r.facts,
                                        rec, &verdict, &reason);

            assert_int_equal(verdict, alone.verdict);
            assert_int_equal(reason, alone.reason);

            others += (reason != d.reason);
        }
    }

    assert_true(others > TEST_PROPERTIES / 20);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decide_model),
        cmocka_unit_test(test_decide_more_is_never_less),
        cmocka_unit_test(test_decide_renumber),
        cmocka_unit_test(test_decide_second),
    };

    ngx_memset(model_long_id, 'i', sizeof(model_long_id) - 1);

    return cmocka_run_group_tests_name("ngx_household_decide_random", tests,
                                       NULL, NULL);
}
