
/*
 * Unit of ngx_http_household_memo.c: what is remembered, and for how long.
 *
 * Links: see ngx_household_zone_test.h, and ngx_http_household_memo.c.
 */

#include "ngx_household_zone_test.h"
#include "ngx_http_household_memo.h"


#define SIZE  (64 * 4096)
#define UUID  "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"

#define RECORD  NGX_HTTP_HOUSEHOLD_MEMO_RECORD


static ngx_http_household_memo_found_t
found_of(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_http_household_memo_found_t  it;

    ngx_http_household_memo_find(RECORD, store, id_of(id), &it);

    return it;
}


static void *
place_of(const char *id)
{
    return found_of(NULL, id).place;
}


/* 1 if there is a value, fresh or not */

static ngx_uint_t
known(ngx_household_zone_ns_t *store, const char *id)
{
    return found_of(store, id).value != NULL;
}


static ngx_http_household_memo_value_t *
find(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_http_household_memo_found_t  it;

    it = found_of(store, id);

    return ngx_http_household_memo_fresh(&it);
}


/* what a request does that finds nothing: a hit of the zone is offered */

static ngx_http_household_memo_value_t *
keep(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_http_household_memo_found_t   it;
    ngx_http_household_memo_value_t  *value;

    assert_int_equal(get(store, id, ngx_current_msec), HIT);

    it = found_of(store, id);
    value = ngx_http_household_memo_keep(&it, store, id_of(id), (u_char *) got,
                                         found.len, &found.mark);

    assert_ptr_equal(it.value, value);

    return value;
}


/* stores a record, and has it kept */

static ngx_http_household_memo_value_t *
kept(ngx_household_zone_ns_t *store, const char *id, const char *value)
{
    ngx_http_household_memo_value_t  *v;

    assert_int_equal(fetch(store, id, value, ngx_current_msec), NGX_OK);

    (void) keep(store, id);
    v = keep(store, id);

    assert_non_null(v);
    assert_ptr_equal(find(store, id), v);
    assert_memory_equal(v->data, value, strlen(value));

    return v;
}


/* another id of the same place */

static const char *
neighbour(const char *id)
{
    ngx_uint_t   i;
    static char  other[16];

    for (i = 0; i < 1000000; i++) {
        (void) snprintf(other, sizeof(other), "n%lu", (unsigned long) i);

        if (place_of(other) == place_of(id)) {
            return other;
        }
    }

    fail_msg("no id has the place of %s", id);

    return NULL;
}


static void
test_second(void **data)
{
    ngx_uint_t                hits;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    assert_int_equal(fetch(store, UUID, "record", 1000), NGX_OK);

    assert_null(find(store, UUID));
    assert_false(known(store, UUID));

    assert_null(keep(store, UUID));
    assert_null(find(store, UUID));

    assert_non_null(keep(store, UUID));
    assert_true(known(store, UUID));

    /* each is a hit of the zone */

    hits = counter(store, NGX_HOUSEHOLD_ZONE_HITS);

    assert_non_null(find(store, UUID));
    assert_non_null(find(store, UUID));
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_HITS), hits + 2);

    zone_stop(store->zone);
}


static void
test_change(void **data)
{
    ngx_household_zone_ns_t          *store;
    ngx_http_household_memo_value_t  *value;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    (void) kept(store, "changes", "record");

    invalidate(store, "changes");
    assert_null(find(store, "changes"));

    /* the id is still one, and the next value is kept at once */

    assert_true(known(store, "changes"));

    assert_int_equal(fetch(store, "changes", "other", 1000), NGX_OK);

    value = keep(store, "changes");
    assert_non_null(value);
    assert_memory_equal(value->data, "other", 5);
    assert_ptr_equal(find(store, "changes"), value);

    zone_stop(store->zone);
}


static void
test_time(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    (void) kept(store, "ages", "record");

    /* the zone is told every 10 seconds that the entry is in use */

    ngx_current_msec = 10999;
    assert_non_null(find(store, "ages"));

    ngx_current_msec = 11000;
    assert_null(find(store, "ages"));
    assert_non_null(keep(store, "ages"));

    /* not longer than the zone would return it */

    ngx_current_msec = 1000 + YOUNG;
    assert_non_null(keep(store, "ages"));
    assert_non_null(find(store, "ages"));

    ngx_current_msec = 1000 + OLD;
    assert_null(find(store, "ages"));

    zone_stop(store->zone);
}


static void
test_lease(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 1);
    ngx_current_msec = 1000;

    (void) ngx_household_zone_renew(store, 1000, 100, 1);

    (void) kept(store, "tracked", "record");

    ngx_current_msec = 1099;
    assert_non_null(find(store, "tracked"));

    ngx_current_msec = 1100;
    assert_null(find(store, "tracked"));

    zone_stop(store->zone);
}


static void
test_neighbours(void **data)
{
    const char                       *other;
    ngx_household_zone_ns_t          *store;
    ngx_http_household_memo_value_t  *value;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    other = neighbour("here");

    (void) kept(store, "here", "record");
    assert_int_equal(fetch(store, other, "neighbour", 1000), NGX_OK);

    assert_null(find(store, other));
    assert_false(known(store, other));
    assert_null(keep(store, other));

    /* one that is in use stays */

    assert_non_null(find(store, "here"));
    assert_null(keep(store, other));
    assert_non_null(find(store, "here"));
    assert_null(keep(store, other));

    value = keep(store, other);
    assert_non_null(value);
    assert_memory_equal(value->data, "neighbour", 9);

    assert_ptr_equal(find(store, other), value);
    assert_null(find(store, "here"));

    zone_stop(store->zone);
}


static void
test_namespaces(void **data)
{
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *one, *two;

    zone = zone_declare(SIZE);
    one = zone_store(zone, ACCOUNT, "one", 0);
    two = zone_store(zone, ACCOUNT, "two", 0);
    assert_int_equal(zone_start(zone), NGX_OK);
    ngx_current_msec = 1000;

    (void) kept(one, "both", "of one");
    assert_null(find(two, "both"));

    /* as those of another key */

    assert_int_equal(fetch(two, "both", "of two", 1000), NGX_OK);
    assert_null(keep(two, "both"));
    assert_non_null(find(one, "both"));
    assert_null(keep(two, "both"));
    assert_non_null(find(one, "both"));

    (void) kept(two, "both", "of two");
    assert_null(find(one, "both"));

    zone_stop(zone);
}


static void
test_held(void **data)
{
    void                             *record;
    const char                       *other;
    ngx_household_zone_ns_t          *store;
    ngx_http_household_memo_value_t  *value, *held, *again;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    value = kept(store, "held", "record");

    held = NULL;
    record = ngx_http_household_memo_hold(&held, value);
    assert_ptr_equal(held, value);
    assert_ptr_equal(ngx_http_household_memo_hold(&held, value), record);
    assert_int_equal(value->holders, 2);

    /* a change, and a neighbour: the request still has what it has */

    invalidate(store, "held");
    again = kept(store, "held", "RECORD");
    assert_ptr_not_equal(again, value);
    assert_memory_equal(record, "record", 6);
    assert_null(ngx_http_household_memo_hold(&held, again));

    other = neighbour("held");
    (void) kept(store, other, "neighbour");
    assert_memory_equal(record, "record", 6);

    ngx_http_household_memo_release(held);

    /* memory that nobody holds is used again */

    value = kept(store, other, "neighbour");
    invalidate(store, other);
    assert_ptr_equal(kept(store, other, "neighbouR"), value);

    zone_stop(store->zone);
}


static void
test_large(void **data)
{
    static char               value[4097];
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    /* 4096 bytes with the key */

    memset(value, 'v', 4091);
    (void) kept(store, "large", value);

    value[4091] = 'v';
    assert_int_equal(fetch(store, "large", value, 1000), NGX_OK);
    assert_null(keep(store, "large"));
    assert_null(find(store, "large"));
    assert_false(known(store, "large"));

    (void) kept(store, "large", "small again");

    zone_stop(store->zone);
}


static void
test_out_of_memory(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    assert_int_equal(fetch(store, "none", "record", 1000), NGX_OK);
    assert_null(keep(store, "none"));

    test_no_memory = 1;
    assert_null(keep(store, "none"));
    assert_null(find(store, "none"));
    test_no_memory = 0;

    (void) kept(store, "none", "record");

    zone_stop(store->zone);
}


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


/* accounts are spread over the places, whatever their ids have in common */

static void
test_places(void **data)
{
    char                              id[64];
    ngx_uint_t                        i, j, k, n;
    const void                       *places[256];
    ngx_http_household_memo_found_t   token;

    static const char  *forms[] = {
        "%08lx-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-%012lx",
        "user%lu@example.com",
        "%lu",
        "a%07lu",
        "household-of-the-viewer-with-the-number-%lu",
        "%lu-is-the-number-of-the-viewer@customers.example.net",
        "account%c-screen%c"
    };

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {

        n = 0;

        for (k = 0; k < 256; k++) {
            if (strstr(forms[i], "%c")) {
                (void) snprintf(id, sizeof(id), forms[i],
                                (int) ('a' + k % 16), (int) ('a' + k / 16));
            } else {
                (void) snprintf(id, sizeof(id), forms[i], (unsigned long) k);
            }

            places[k] = place_of(id);
        }

        for (k = 1; k < 256; k++) {
            for (j = 0; j < k && places[j] != places[k]; j++) { /* void */ }

            n += j < k;
        }

        /* by chance about 8 of 256 share a place of 4096 */

        assert_in_range(n, 0, 24);
    }

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_TOKEN, NULL,
                                 id_of("both"), &token);
    assert_ptr_not_equal(place_of("both"), token.place);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_second),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_decision),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_places)
    };

    return cmocka_run_group_tests_name("ngx_http_household_memo", tests,
                                       test_setup, test_teardown);
}
