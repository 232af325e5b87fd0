
/*
 * Unit of ngx_http_household_memo.c: the decisions that are remembered with a
 * record.
 *
 * Links: see ngx_household_zone_test.h, and ngx_http_household_memo.c.
 */

#include "ngx_http_household_memo_test.h"


/* 1 if the decision for exactly this input is remembered */

static ngx_uint_t
recalled(ngx_http_household_memo_value_t *value, const void *record,
    ngx_str_t *device, ngx_http_household_memo_input_t *input)
{
    ngx_household_decision_t  d;

    memset(&d, 0, sizeof(d));

    if (!ngx_http_household_memo_recall(value, record, device, input, &d)) {
        return 0;
    }

    assert_int_equal(d.reason, NGX_HOUSEHOLD_REASON_TRAVEL);

    return 1;
}


#define assert_other(member, other)                                           \
    do {                                                                      \
        changed = input;                                                      \
        changed.member = (other);                                             \
        assert_false(recalled(value, record, &device, &changed));             \
        assert_true(recalled(value, record, &device, &input));                \
    } while (0)


static void
test_decision(void **data)
{
    int                               conf[2];
    u_char                            text[] = "tv";
    ngx_str_t                         device, longer, other;
    const void                       *record;
    ngx_household_zone_ns_t          *store;
    ngx_household_decision_t          d;
    ngx_http_household_memo_input_t   input, changed;
    ngx_http_household_memo_value_t  *value;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    value = kept(store, "decided", "record");

    device.data = text;
    device.len = 2;
    ngx_str_set(&longer, "tv2");
    ngx_str_set(&other, "pc");

    record = value->data;

    /* it is compared as bytes, eight at a time */

    assert_int_equal(sizeof(input), 3 * 8 + sizeof(input.addr) + 3 + 4);
    assert_int_equal(sizeof(input) % 8, 0);

    memset(&input, 0, sizeof(input));
    input.conf = (uintptr_t) &conf[0];
    input.mode = 2;
    input.rollout = 10000;
    input.now = 1700000000;
    input.issued_at = 1600000000;
    input.addr.family = NGX_HOUSEHOLD_FAMILY_INET6;
    input.addr.bytes[15] = 1;

    memset(&d, 0, sizeof(d));
    d.reason = NGX_HOUSEHOLD_REASON_TRAVEL;

    assert_false(recalled(NULL, record, &device, &input));
    assert_false(recalled(value, record, &device, &input));

    ngx_http_household_memo_decided(NULL, record, &device, &input, &d);
    ngx_http_household_memo_decided(value, &conf[0], &device, &input, &d);
    assert_false(recalled(value, record, &device, &input));

    ngx_http_household_memo_decided(value, record, &device, &input, &d);
    assert_true(recalled(value, record, &device, &input));

    assert_other(conf, (uintptr_t) &conf[1]);
    assert_other(unauthorized, NGX_HOUSEHOLD_REASON_REVOKED);
    assert_other(mode, 1);
    assert_other(rollout, 9999);
    assert_other(now, 1700000001);
    assert_other(issued_at, 1600000001);
    assert_other(token, 1);
    assert_other(addr.family, NGX_HOUSEHOLD_FAMILY_INET);
    assert_other(addr.bytes[0], 1);
    assert_other(addr.bytes[15], 2);

    assert_false(recalled(value, &conf[0], &device, &input));
    assert_false(recalled(value, record, &longer, &input));
    assert_false(recalled(value, record, &other, &input));
    assert_false(recalled(value, record, id_of(""), &input));
    assert_true(recalled(value, record, &device, &input));

    /* the device's text need not stay */

    text[0] = 'p';
    assert_false(recalled(value, record, &device, &input));
    text[0] = 't';
    assert_true(recalled(value, record, &device, &input));

    /* a decision is one for the record that it was made of */

    invalidate(store, "decided");
    assert_ptr_equal(kept(store, "decided", "RECORD"), value);
    assert_false(recalled(value, record, &device, &input));

    zone_stop(store->zone);
}


/* fails unless all of the decision is remembered */

static void
assert_remembered(ngx_http_household_memo_value_t *value,
    const ngx_household_decision_t *d)
{
    ngx_household_decision_t         same;
    ngx_http_household_memo_input_t  input;

    memset(&input, 0, sizeof(input));
    memset(&same, 0, sizeof(same));

    ngx_http_household_memo_decided(value, value->data, id_of(""), &input, d);
    assert_true(ngx_http_household_memo_recall(value, value->data, id_of(""),
                                               &input, &same));
    assert_memory_equal(&same, d, sizeof(same));
}


/* what a decision has for its writes is remembered with it */

static void
test_writes(void **data)
{
    ngx_household_zone_ns_t          *store;
    ngx_household_decision_t          d;
    ngx_http_household_memo_value_t  *value;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    value = kept(store, "writes", "record");

    memset(&d, 0, sizeof(d));
    d.write_device = 1;
    d.nseen = 1;
    memset(d.seen, 's', sizeof(d.seen));

    assert_remembered(value, &d);

    memset(&d, 0, sizeof(d));
    d.learn = 1;
    memset(&d.evidence, 'e', sizeof(d.evidence));

    assert_remembered(value, &d);

    zone_stop(store->zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decision),
        cmocka_unit_test(test_writes)
    };

    return cmocka_run_group_tests_name("ngx_http_household_memo, decisions",
                                       tests, test_setup, test_teardown);
}
