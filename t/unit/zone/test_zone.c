
/*
 * Unit of ngx_household_zone.c: values, times, refreshes, invalidations.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE    (64 * 4096)
#define UUID    "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"
#define OTHERS  16


static void
test_get(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    assert_int_equal(get(store, UUID, 1000), MISS);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(found.len, 0);
    assert_int_equal(records(store), 0);

    assert_int_equal(put(store, UUID, "record", found.generation, 1000),
                     NGX_OK);
    assert_int_equal(records(store), 1);

    assert_int_equal(get(store, UUID, 1500), HIT);
    assert_string_equal(got, "record");
    assert_int_equal(found.len, 6);
    assert_int_equal(found.age, 500);
    assert_int_equal(found.missing, 0);
    assert_int_equal(found.refresh, 0);
    assert_int_equal(found.expired, 0);
    assert_int_equal(found.invalidated, 0);
    assert_int_equal(found.incoherent, 0);

    assert_int_equal(put(store, UUID, "another record", found.generation,
                         1600), NGX_OK);
    assert_int_equal(get(store, UUID, 1600), HIT);
    assert_string_equal(got, "another record");
    assert_int_equal(found.age, 0);
    assert_int_equal(records(store), 1);

    zone_stop(store->zone);
}


/* what is read is evicted last, whether it is fresh or not */

static void
test_get_recent(void **data)
{
    char                       id[NGX_INT_T_LEN + 1];
    ngx_uint_t                 i;
    ngx_household_zone_ns_t   *store;

    store = store_start(SIZE, 0);

    fetch(store, "fresh", "record", 0);
    fetch(store, "other", "record", 0);
    fetch(store, "expired", "record", 0);

    for (i = 0; counter(store, NGX_HOUSEHOLD_ZONE_EVICTED) < 8; i++) {
        assert_true(i < SIZE / NGX_HOUSEHOLD_CELL);

        assert_int_equal(get(store, "fresh", 0), HIT);
        assert_int_equal(get(store, "expired", OLD), EXPIRED);

        snprintf(id, sizeof(id), "%u", (unsigned) i);
        fetch(store, id, "record", 0);
    }

    assert_int_equal(get(store, "fresh", 0), HIT);
    assert_int_equal(get(store, "expired", OLD), EXPIRED);
    assert_int_equal(get(store, "other", 0), MISS);
    assert_int_equal(get(store, "0", 0), MISS);

    zone_stop(store->zone);
}


static void
test_missing(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    assert_int_equal(ngx_household_zone_put(store, id_of("nobody"), NULL, 0,
                         1, ngx_household_zone_get_generation(store,
                                                     id_of("nobody")),
                         0, 10000, 0), NGX_OK);

    assert_int_equal(get(store, "nobody", 8999), HIT);
    assert_int_equal(found.missing, 1);
    assert_int_equal(found.len, 0);

    assert_int_equal(get(store, "nobody", 10000), MISS);
    assert_int_equal(found.missing, 0);
    assert_int_equal(records(store), 0);

    zone_stop(store->zone);
}


static void
test_small_buffer(void **data)
{
    u_char                        buf[5];
    ngx_household_zone_ns_t      *store;
    ngx_household_zone_result_t   f;

    store = store_start(SIZE, 0);

    fetch(store, UUID, "record", 0);

    memset(buf, 'x', sizeof(buf));

    assert_int_equal(ngx_household_zone_get(store, id_of(UUID), 0, buf, 5, &f),
                     MISS);
    assert_int_equal(f.len, 6);
    assert_int_equal(f.refresh, 1);
    assert_memory_equal(buf, "xxxxx", 5);

    zone_stop(store->zone);
}


static void
test_times(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    fetch(store, UUID, "record", 5000);

    assert_int_equal(get(store, UUID, 5000 + YOUNG), HIT);
    assert_int_equal(found.age, YOUNG);

    assert_int_equal(get(store, UUID, 5000 + OLD), EXPIRED);
    assert_string_equal(got, "record");
    assert_int_equal(found.expired, 1);
    assert_int_equal(found.invalidated, 0);
    assert_int_equal(found.age, OLD);

    assert_int_equal(get(store, UUID, 5000 + YOUNG + STALE), EXPIRED);
    assert_int_equal(get(store, UUID, 5000 + OLD + STALE), MISS);
    assert_int_equal(records(store), 0);

    /* the last moments, with a time that is too short to be spread */

    ngx_household_zone_put(store, id_of(UUID), (u_char *) "x", 1, 0,
                        ngx_household_zone_get_generation(store, id_of(UUID)),
                        0, 1, 100);
    assert_int_equal(get(store, UUID, 0), HIT);
    assert_int_equal(get(store, UUID, 1), EXPIRED);
    assert_int_equal(get(store, UUID, 100), EXPIRED);
    assert_int_equal(get(store, UUID, 101), MISS);

    /* a worker whose time is a little behind */

    fetch(store, UUID, "record", 5000);
    assert_int_equal(get(store, UUID, 4990), HIT);
    assert_int_equal(found.age, 0);

    /* the clock of a machine that has been up for long */

    fetch(store, UUID, "record", (ngx_msec_t) 0 - 1000);
    assert_int_equal(get(store, UUID, YOUNG - 1000), HIT);
    assert_int_equal(get(store, UUID, OLD - 1000), EXPIRED);

    zone_stop(store->zone);
}


static void
test_longest_times(void **data)
{
    ngx_msec_t                max;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    max = NGX_HOUSEHOLD_ZONE_TIME_MAX;

    ngx_household_zone_put(store, id_of(UUID), (u_char *) "x", 1, 0,
                        ngx_household_zone_get_generation(store, id_of(UUID)),
                        0, (ngx_msec_t) -1, (ngx_msec_t) -1);

    assert_int_equal(get(store, UUID, max - max / 10 - 1), HIT);
    assert_int_equal(get(store, UUID, max), EXPIRED);

#if (NGX_PTR_SIZE == 8)
    assert_int_equal(get(store, UUID, max - max / 10 - 1 + max), EXPIRED);
    assert_int_equal(get(store, UUID, 2 * max), MISS);
#endif

    zone_stop(store->zone);
}


/* without a stale time, what is not fresh is not there */

static void
test_no_stale(void **data)
{
    ngx_msec_t                fresh;
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    for (i = 0; i < 3; i++) {
        fresh = FRESH;

        ngx_household_zone_put(store, id_of(UUID), (u_char *) "x", 1, 0,
                        ngx_household_zone_get_generation(store, id_of(UUID)),
                        0, fresh, 0);
        assert_int_equal(get(store, UUID, YOUNG), HIT);

        if (i == 0) {
            assert_int_equal(get(store, UUID, OLD), MISS);

        } else if (i == 1) {
            invalidate(store, UUID);
            assert_int_equal(get(store, UUID, 0), MISS);

        } else {
            ngx_household_zone_invalidate_all(store);
            assert_int_equal(get(store, UUID, 0), MISS);
        }
    }

    zone_stop(store->zone);
}


/* what is put at the same time does not expire at the same time */

static void
test_jitter(void **data)
{
    char                      id[16];
    ngx_msec_t                t;
    ngx_uint_t                i, fresh, last, fell;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    for (i = 0; i < 500; i++) {
        sprintf(id, "%u", (unsigned) i);
        fetch(store, id, "", 0);
    }

    last = 500;

    for (t = YOUNG; t <= OLD; t += FRESH / 100) {
        fresh = 0;

        for (i = 0; i < 500; i++) {
            sprintf(id, "%u", (unsigned) i);
            fresh += (get(store, id, t) == HIT);
        }

        fell = last - fresh;
        last = fresh;

        /* a tenth of them each time, roughly */

        assert_in_range(fell, (t == YOUNG) ? 0 : 20, 90);
    }

    assert_int_equal(get(store, "0", OLD), EXPIRED);

    zone_stop(store->zone);
}


static void
test_refresh(void **data)
{
    ngx_msec_t                t;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    t = OLD;

    fetch(store, UUID, "record", 0);

    assert_int_equal(get(store, UUID, t), EXPIRED);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(get(store, UUID, t), EXPIRED);
    assert_int_equal(found.refresh, 0);
    assert_int_equal(get(store, UUID, t + NGX_HOUSEHOLD_ZONE_LOCK_AGE - 1),
                     EXPIRED);
    assert_int_equal(found.refresh, 0);

    /* a worker whose time is a little behind */

    assert_int_equal(get(store, UUID, t - 10), EXPIRED);
    assert_int_equal(found.refresh, 0);

    /* whoever was granted it has not come back */

    t += NGX_HOUSEHOLD_ZONE_LOCK_AGE;

    assert_int_equal(get(store, UUID, t), EXPIRED);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(get(store, UUID, t), EXPIRED);
    assert_int_equal(found.refresh, 0);

    /* an invalidation: that refresh will not do */

    invalidate(store, UUID);

    assert_int_equal(get(store, UUID, t), EXPIRED);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(get(store, UUID, t), EXPIRED);
    assert_int_equal(found.refresh, 0);

    /* it comes back; the next expiry is for everyone again */

    fetch(store, UUID, "record", t);
    assert_int_equal(get(store, UUID, t), HIT);
    assert_int_equal(get(store, UUID, t + OLD), EXPIRED);
    assert_int_equal(found.refresh, 1);

    zone_stop(store->zone);
}


/* a reply that was overtaken does not end the refresh granted after it */

static void
test_refresh_overtaken(void **data)
{
    uint64_t                  first, second;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    fetch(store, UUID, "old", 0);

    assert_int_equal(get(store, UUID, OLD), EXPIRED);
    first = found.generation;

    invalidate(store, UUID);

    assert_int_equal(get(store, UUID, OLD), EXPIRED);
    assert_int_equal(found.refresh, 1);
    second = found.generation;

    assert_int_equal(put(store, UUID, "overtaken", first, OLD), NGX_DECLINED);
    assert_int_equal(get(store, UUID, OLD), EXPIRED);
    assert_string_equal(got, "overtaken");
    assert_int_equal(found.refresh, 0);
    assert_int_equal(found.invalidated, 1);

    assert_int_equal(put(store, UUID, "new", second, OLD), NGX_OK);
    assert_int_equal(get(store, UUID, OLD), HIT);
    assert_string_equal(got, "new");

    zone_stop(store->zone);
}


static void
test_invalidate(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    fetch(store, UUID, "record", 0);
    fetch(store, "other", "other", 0);

    invalidate(store, UUID);
    invalidate(store, "unknown");

    assert_int_equal(get(store, UUID, 0), EXPIRED);
    assert_string_equal(got, "record");
    assert_int_equal(found.invalidated, 1);
    assert_int_equal(found.expired, 0);
    assert_int_equal(get(store, "other", 0), HIT);

    /* it stays for as long as it would have */

    assert_int_equal(get(store, UUID, YOUNG + STALE), EXPIRED);
    assert_int_equal(found.expired, 1);
    assert_int_equal(get(store, UUID, OLD + STALE), MISS);

    zone_stop(store->zone);
}


/* a reply on its way, of an account that is cached, or is not */

static void
test_invalidate_between(void **data)
{
    char                      other[] = "other ?";
    uint64_t                  gen, gens[OTHERS];
    ngx_uint_t                i, kept, cached;
    ngx_household_zone_ns_t  *store;

    for (cached = 0; cached < 2; cached++) {

        store = store_start(SIZE, 0);

        if (cached) {
            fetch(store, UUID, "before", 0);
        }

        gen = ngx_household_zone_get_generation(store, id_of(UUID));
        for (i = 0; i < OTHERS; i++) {
            other[6] = 'a' + i;
            gens[i] = ngx_household_zone_get_generation(store, id_of(other));
        }

        invalidate(store, UUID);

        assert_int_equal(put(store, UUID, "between", gen, 0), NGX_DECLINED);
        assert_int_equal(get(store, UUID, 0), EXPIRED);
        assert_int_equal(found.invalidated, 1);
        assert_string_equal(got, "between");

        /* a false alarm of a stripe is all right, but a rare one */

        for (i = kept = 0; i < OTHERS; i++) {
            other[6] = 'a' + i;
            kept += (put(store, other, "other", gens[i], 0) == NGX_OK);
        }

        assert_in_range(kept, OTHERS / 2, OTHERS);

        assert_int_equal(fetch(store, UUID, "after", 0), NGX_OK);
        assert_int_equal(get(store, UUID, 0), HIT);

        /* the first fetch once more, later than the last */

        assert_int_equal(put(store, UUID, "between", gen, 0), NGX_DECLINED);
        assert_int_equal(get(store, UUID, 0), HIT);
        assert_string_equal(got, "after");

        assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_SUPERSEDED),
                         2 + OTHERS - kept);

        zone_stop(store->zone);
    }
}


static void
test_invalidate_between_no_stale(void **data)
{
    uint64_t                  gen;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    gen = ngx_household_zone_get_generation(store, id_of(UUID));
    invalidate(store, UUID);

    assert_int_equal(ngx_household_zone_put(store, id_of(UUID),
                                            (u_char *) "x", 1, 0, gen, 0,
                                            FRESH, 0),
                     NGX_DECLINED);
    assert_int_equal(records(store), 0);

    zone_stop(store->zone);
}


static void
test_invalidate_all(void **data)
{
    uint64_t                  gen, known;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store, *other;

    zone = zone_declare(SIZE);
    store = zone_store(zone, ACCOUNT, "main", 0);
    other = zone_store(zone, ACCOUNT, "other", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(store, UUID, "record", 0);
    fetch(other, UUID, "of the other", 0);

    gen = ngx_household_zone_get_generation(store, id_of("new"));
    known = ngx_household_zone_get_generation(store, id_of(UUID));

    ngx_household_zone_invalidate_all(store);

    assert_int_equal(get(store, UUID, 0), EXPIRED);
    assert_int_equal(found.invalidated, 1);
    assert_string_equal(got, "record");
    assert_int_equal(get(other, UUID, 0), HIT);
    assert_string_equal(got, "of the other");

    assert_int_equal(put(store, "new", "new", gen, 0), NGX_DECLINED);
    assert_int_equal(get(store, "new", 0), EXPIRED);

    assert_int_equal(fetch(store, UUID, "later", 0), NGX_OK);
    assert_int_equal(put(store, UUID, "earlier", known, 0), NGX_DECLINED);
    assert_int_equal(get(store, UUID, 0), HIT);
    assert_string_equal(got, "later");

    zone_stop(zone);
}


static void
test_invalidate_missing(void **data)
{
    uint64_t                  gen;
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    fetch(store, "record", "record", 0);
    gen = ngx_household_zone_get_generation(store, id_of(UUID));

    assert_int_equal(ngx_household_zone_put(store, id_of(UUID), NULL, 0, 1, gen,
                                            0, FRESH, STALE),
                     NGX_OK);
    assert_int_equal(get(store, UUID, 0), HIT);

    ngx_household_zone_invalidate_missing(store);

    assert_int_equal(get(store, UUID, 0), EXPIRED);
    assert_int_equal(found.missing, 1);
    assert_int_equal(found.invalidated, 1);
    assert_int_equal(get(store, "record", 0), HIT);

    /* replies on their way: of the former node, or of any node */

    for (i = 0; i < 2; i++) {
        assert_int_equal(ngx_household_zone_put(store, id_of("new"), NULL, 0,
                                                !i, gen, 0, FRESH, STALE),
                         i ? NGX_OK : NGX_DECLINED);
        assert_int_equal(get(store, "new", 0), i ? HIT : EXPIRED);
    }

    /* and after an invalidation of all, none is fresh */

    ngx_household_zone_invalidate_all(store);
    assert_int_equal(get(store, "record", 0), EXPIRED);
    assert_int_equal(get(store, UUID, 0), EXPIRED);

    zone_stop(store->zone);
}


static void
test_flush(void **data)
{
    uint64_t                  gen;
    ngx_uint_t                i;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store, *other;

    zone = zone_declare(SIZE);
    store = zone_store(zone, ACCOUNT, "main", 0);
    other = zone_store(zone, ACCOUNT, "other", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(store, UUID, "record", 0);
    fetch(store, "second", "second", 0);
    fetch(other, UUID, "of the other", 0);
    gen = ngx_household_zone_get_generation(store, id_of("new"));

    ngx_household_zone_flush(store);

    assert_int_equal(records(store), 1);
    assert_int_equal(get(store, UUID, 0), MISS);
    assert_int_equal(get(other, UUID, 0), HIT);

    /* a reply from before is not even good while the store is away */

    assert_int_equal(put(store, "new", "new", gen, 0), NGX_DECLINED);
    assert_int_equal(get(store, "new", 0), MISS);
    assert_int_equal(records(store), 1);

    assert_int_equal(fetch(store, "second", "again", 0), NGX_OK);
    assert_int_equal(get(store, "second", 0), HIT);
    assert_int_equal(records(store), 2);

    /* what was flushed makes room first, and is not counted as evicted */

    for (i = 0; i < zone->cells->ncells - 3; i++) {
        char  id[16];

        sprintf(id, "%u", (unsigned) i);
        fetch(store, id, "", 0);
    }

    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_EVICTED), 0);
    assert_int_equal(get(other, UUID, 0), HIT);

    zone_stop(zone);
}


static void
test_too_big(void **data)
{
    u_char                     *value;
    size_t                      max;
    ngx_str_t                  *id;
    ngx_household_zone_t       *zone;
    ngx_household_zone_ns_t    *store;
    ngx_household_zone_mark_t   mark;

    value = calloc(1, NGX_HOUSEHOLD_ZONE_VALUE_MAX + 1);

    store = store_start(SIZE, 0);
    id = id_of(UUID);
    max = NGX_HOUSEHOLD_ZONE_VALUE_MAX;

    assert_int_equal(ngx_household_zone_put(store, id, value, max, 0,
                         ngx_household_zone_get_generation(store, id), 0, FRESH,
                         STALE), NGX_OK);
    assert_int_equal(get(store, UUID, 0), HIT);
    assert_int_equal(found.len, max);

    mark = found.mark;
    assert_int_equal(ngx_household_zone_unchanged(store, &mark, 0), 1);

    /* the old one is known to be old, and so is a copy of it */

    assert_int_equal(ngx_household_zone_put(store, id, value, max + 1, 0,
                         ngx_household_zone_get_generation(store, id), 0, FRESH,
                         STALE), NGX_ERROR);
    assert_int_equal(get(store, UUID, 0), EXPIRED);
    assert_int_equal(ngx_household_zone_unchanged(store, &mark, 0), 0);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_TOO_BIG), 1);

    zone_stop(store->zone);

    /* a zone where the longest is more than the share of its kind */

    zone = zone_declare(8 * 4096);
    store = zone_store(zone, TOKEN, "keys", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    id = id_of(UUID);
    max = NGX_HOUSEHOLD_CELL_FIRST - 1 - 16
          + (zone->cells->lists[TOKEN].reserved - 1) * NGX_HOUSEHOLD_CELL_NEXT;
    assert_true(max < NGX_HOUSEHOLD_ZONE_VALUE_MAX);

    assert_int_equal(ngx_household_zone_put(store, id, value, max + 1, 0,
                         ngx_household_zone_get_generation(store, id), 0, FRESH,
                         STALE), NGX_ERROR);
    assert_int_equal(get(store, UUID, 0), MISS);

    assert_int_equal(ngx_household_zone_put(store, id, value, max, 0,
                         ngx_household_zone_get_generation(store, id), 0, FRESH,
                         STALE), NGX_OK);
    assert_int_equal(get(store, UUID, 0), HIT);
    assert_int_equal(found.len, max);

    zone_stop(store->zone);
    free(value);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_recent),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_small_buffer),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_longest_times),
        cmocka_unit_test(test_no_stale),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_refresh_overtaken),
        cmocka_unit_test(test_invalidate),
        cmocka_unit_test(test_invalidate_between),
        cmocka_unit_test(test_invalidate_between_no_stale),
        cmocka_unit_test(test_invalidate_all),
        cmocka_unit_test(test_invalidate_missing),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_too_big)
    };

    return cmocka_run_group_tests_name("ngx_household_zone", tests,
                                       test_setup, test_teardown);
}
