
/*
 * Unit of ngx_http_household_memo.c: what is remembered, and for how long.
 *
 * Links: see ngx_household_zone_test.h, and ngx_http_household_memo.c.
 */

#include "ngx_http_household_memo_test.h"


#define UUID  "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"


/* another id of the same bucket, by number */

static const char *
neighbour(const char *id, ngx_uint_t number)
{
    ngx_uint_t   i;
    static char  other[16];

    for (i = 0; i < 1000000; i++) {
        (void) snprintf(other, sizeof(other), "n%lu", (unsigned long) i);

        if (bucket_of(other) == bucket_of(id) && number-- == 0) {
            return other;
        }
    }

    fail_msg("too few ids have the bucket of %s", id);

    return NULL;
}


/* as many records as a bucket has places, the last one that of "id" */

static void
fill_bucket(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1; i++) {
        (void) kept(store, neighbour(id, i), "neighbour");
    }

    (void) kept(store, id, "record");
}


/* the places of a bucket that have a value; none is behind an empty one */

static ngx_uint_t
places_of(const char *id)
{
    ngx_uint_t                       i, n;
    ngx_http_household_memo_found_t  it;

    it = found_of(NULL, id);
    n = 0;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_MEMO_WAYS; i++) {

        if (it.bucket->values[i] != NULL) {
            assert_int_equal(n, i);
            n++;
        }
    }

    return n;
}


static void
test_first(void **data)
{
    ngx_uint_t                hits;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    assert_int_equal(fetch(store, UUID, "record", 1000), NGX_OK);

    assert_null(find(store, UUID));
    assert_false(known(store, UUID));

    /* there is room for it */

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
test_bucket(void **data)
{
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    fill_bucket(store, "here");
    assert_int_equal(places_of("here"), NGX_HTTP_HOUSEHOLD_MEMO_WAYS);

    /* all are found, in whatever order, again and again */

    for (i = 0; i < 3 * (NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1); i++) {
        assert_non_null(find(store, "here"));
        assert_non_null(find(store, neighbour("here", i
                                        % (NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1))));
    }

    assert_int_equal(places_of("here"), NGX_HTTP_HOUSEHOLD_MEMO_WAYS);

    zone_stop(store->zone);
}


/* a key is not kept in place of another one's before it is asked for twice */

static void
test_full(void **data)
{
    ngx_uint_t                i, n;
    const char               *other;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    fill_bucket(store, "busy");

    n = NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_MEMO_WAYS; i++) {
        assert_non_null(find(store, "busy"));
    }

    /* five take turns, and each is forgotten before its next one */

    for (i = 0; i < 15; i++) {
        other = neighbour("busy", n + i % 5);
        assert_int_equal(fetch(store, other, "another", 1000), NGX_OK);
        assert_null(keep(store, other));
        assert_false(known(store, other));
    }

    /* of four it is known, and what is asked for often stays */

    for (i = 0; i < 8; i++) {
        other = neighbour("busy", n + 5 + i % 4);
        assert_int_equal(fetch(store, other, "another", 1000), NGX_OK);

        if (i < 4) {
            assert_null(keep(store, other));

        } else {
            assert_non_null(keep(store, other));
            assert_non_null(find(store, other));
        }
    }

    assert_non_null(find(store, "busy"));
    assert_int_equal(places_of("busy"), NGX_HTTP_HOUSEHOLD_MEMO_WAYS);

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

    /* as those of two keys */

    (void) kept(two, "both", "of two");

    assert_memory_equal(find(one, "both")->data, "of one", 6);
    assert_memory_equal(find(two, "both")->data, "of two", 6);

    zone_stop(zone);
}


/* has another id kept in place of one of a full bucket */

static void
replace(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_uint_t   i, n;
    const char  *other;

    /* all others move before it */

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1; i++) {
        other = neighbour(id, i);

        if (find(store, other) == NULL) {
            /* its generation is also that of a key which has changed */
            (void) kept(store, other, "neighbour");
        }

        for (n = 0; n < NGX_HTTP_HOUSEHOLD_MEMO_WAYS; n++) {
            assert_non_null(find(store, neighbour(id, i)));
        }
    }

    assert_true(known(store, id));

    (void) kept(store, neighbour(id, NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1),
                "another");

    assert_false(known(store, id));
}


static void
test_held(void **data)
{
    void                             *record;
    ngx_household_zone_ns_t          *store;
    ngx_http_household_memo_value_t  *value, *held, *again;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    fill_bucket(store, "held");
    value = find(store, "held");
    assert_non_null(value);

    held = NULL;
    record = ngx_http_household_memo_hold(&held, value);
    assert_ptr_equal(held, value);
    assert_ptr_equal(ngx_http_household_memo_hold(&held, value), record);
    assert_int_equal(value->holders, 2);

    /* after a change the request still has what it has */

    invalidate(store, "held");
    again = kept(store, "held", "RECORD");
    assert_ptr_not_equal(again, value);
    assert_memory_equal(record, "record", 6);
    assert_null(ngx_http_household_memo_hold(&held, again));

    ngx_http_household_memo_release(held);

    /* so it has if another key is kept in that place */

    held = NULL;
    record = ngx_http_household_memo_hold(&held, again);
    replace(store, "held");
    assert_memory_equal(record, "RECORD", 6);
    assert_int_equal(again->holders, 1);

    ngx_http_household_memo_release(held);

    /* memory that nobody holds is used again */

    value = kept(store, UUID, "neighbour");
    invalidate(store, UUID);
    assert_ptr_equal(kept(store, UUID, "neighbouR"), value);

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
    ngx_uint_t                i;
    const char               *first;
    static char               value[1001];
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    assert_int_equal(fetch(store, "none", "record", 1000), NGX_OK);

    test_no_memory = 1;
    assert_null(keep(store, "none"));
    assert_null(find(store, "none"));
    test_no_memory = 0;

    (void) kept(store, "none", "record");

    /* of a bucket that is full, one is forgotten that has become larger */

    fill_bucket(store, "none");
    first = neighbour("none", 0);
    memset(value, 'v', 1000);
    assert_int_equal(fetch(store, first, value, 1000), NGX_OK);

    test_no_memory = 1;
    assert_null(keep(store, first));
    test_no_memory = 0;

    assert_false(known(store, first));
    assert_int_equal(places_of("none"), NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1);

    for (i = 1; i < NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1; i++) {
        assert_true(known(store, neighbour("none", i)));
    }

    assert_true(known(store, "none"));

    zone_stop(store->zone);
}


/* a token knows where its account's value is, or was: it is only prefetched */

static void
test_link(void **data)
{
    ngx_household_zone_ns_t          *store;
    ngx_http_household_memo_found_t   account, token;
    ngx_http_household_memo_value_t  *value;

    store = store_start(SIZE, 0);
    ngx_current_msec = 1000;

    (void) kept(store, "linked", "record");
    account = found_of(store, "linked");

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_TOKEN, store,
                                 id_of("token"), &token);
    assert_null(token.value);
    ngx_http_household_memo_link(token.value, &account);

    assert_int_equal(get(store, "linked", 1000), HIT);
    value = ngx_http_household_memo_keep(&token, store, id_of("token"),
                                         (u_char *) got, found.len,
                                         &found.mark);
    assert_non_null(value);
    assert_int_equal(value->account, 0);

    ngx_http_household_memo_link(value, &account);
    assert_int_equal(value->account, (uintptr_t) account.value);

    /* the address is not used once the value is gone */

    invalidate(store, "linked");
    test_no_memory = 1;
    assert_int_equal(fetch(store, "linked", "a longer record, for which there "
                           "is not room enough where the former one was, as "
                           "memory is allocated in steps of 128 bytes", 1000),
                     NGX_OK);
    (void) keep(store, "linked");
    test_no_memory = 0;
    assert_false(known(store, "linked"));

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_TOKEN, store,
                                 id_of("token"), &token);
    assert_ptr_equal(token.value, value);

    account = found_of(store, "linked");
    ngx_http_household_memo_link(value, &account);
    assert_int_equal(value->account, 0);

    zone_stop(store->zone);
}


/* accounts are spread over the buckets, whatever their ids have in common */

static void
test_buckets(void **data)
{
    char                              id[64];
    ngx_uint_t                        i, j, k, n;
    const void                       *buckets[256];
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

            buckets[k] = bucket_of(id);
        }

        for (k = 1; k < 256; k++) {
            for (j = 0; j < k && buckets[j] != buckets[k]; j++) { /* void */ }

            n += j < k;
        }

        /* by chance about 55 of 256 have a bucket of 512 that another has */

        assert_in_range(n, 0, 80);
    }

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_TOKEN, NULL,
                                 id_of("both"), &token);
    assert_ptr_not_equal(bucket_of("both"), token.bucket);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_buckets)
    };

    return cmocka_run_group_tests_name("ngx_http_household_memo", tests,
                                       test_setup, test_teardown);
}
