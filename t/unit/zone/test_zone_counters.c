
/*
 * Unit of ngx_household_zone_shm.c: what a zone counts, and where.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE  (64 * 4096)
#define UUID  "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"

#define KIND(counter, kind)                                                   \
    ngx_household_zone_kind_counter(NGX_HOUSEHOLD_ZONE_##counter, kind)


static void
test_counters(void **data)
{
    void                       *before;
    ngx_uint_t                  i;
    ngx_household_zone_t       *zone;
    ngx_household_zone_stat_t   stat;
    ngx_household_zone_ns_t    *store, *token, *fleet;

    zone = zone_declare(SIZE);
    store = zone_store(zone, ACCOUNT, "main", 0);
    token = zone_store(zone, TOKEN, "keys", 0);
    fleet = zone_store(zone, FLEET, "main", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(store, UUID, "record", 0);
    fetch(token, UUID, "claims", 0);
    fetch(fleet, "control", "mode", 0);

    get(store, UUID, 0);
    get(store, UUID, 0);
    get(store, "unknown", 0);
    get(token, "unknown", 0);
    get(store, UUID, OLD);
    invalidate(store, UUID);
    ngx_household_zone_invalidate_all(store);

    ngx_household_zone_count(zone, KIND(STALE, ACCOUNT), 1);
    ngx_household_zone_count(zone, NGX_HOUSEHOLD_ZONE_COUNTERS - 1, 2);

    /* there are no more: nothing at all is written */

    before = malloc(SIZE);
    memcpy(before, zone->shpool, SIZE);
    ngx_household_zone_count(zone, NGX_HOUSEHOLD_ZONE_COUNTERS, 2);
    ngx_household_zone_count(zone, (ngx_uint_t) -1, 2);
    assert_memory_equal(before, zone->shpool, SIZE);
    free(before);

    ngx_household_zone_stat(zone, &stat);

    assert_int_equal(stat.records[ACCOUNT], 1);
    assert_int_equal(stat.records[TOKEN], 1);
    assert_int_equal(stat.records[FLEET], 1);
    assert_int_equal(stat.used, 3 * NGX_HOUSEHOLD_CELL);
    assert_int_equal(stat.size,
                     (size_t) zone->cells->ncells * NGX_HOUSEHOLD_CELL);

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_COUNTERS; i++) {
        assert_int_equal(stat.counters[i],
                         i == KIND(HITS, ACCOUNT) ? 2
                         : i == KIND(MISSES, ACCOUNT) ? 1
                         : i == KIND(MISSES, TOKEN) ? 1
                         : i == KIND(STALE, ACCOUNT) ? 1
                         : i == KIND(STORED, ACCOUNT) ? 1
                         : i == KIND(STORED, TOKEN) ? 1
                         : i == KIND(STORED, FLEET) ? 1
                         : i == NGX_HOUSEHOLD_ZONE_INVALIDATED ? 1
                         : i == NGX_HOUSEHOLD_ZONE_NS_INVALIDATED ? 1
                         : i == NGX_HOUSEHOLD_ZONE_COUNTERS - 1 ? 2 : 0);
    }

    ngx_household_zone_flush(store);
    ngx_household_zone_stat(zone, &stat);
    assert_int_equal(stat.records[ACCOUNT], 0);
    assert_int_equal(stat.records[TOKEN], 1);
    assert_int_equal(stat.counters[NGX_HOUSEHOLD_ZONE_FLUSHED], 1);

    zone_stop(zone);
}


/* each worker process counts in its own row, in a zone of some size */

static void
test_rows(void **data)
{
    ngx_uint_t                  i;
    ngx_atomic_t               *rows[4];
    ngx_household_zone_t       *zone, *next;
    ngx_household_zone_ns_t    *store, *token;
    ngx_household_zone_stat_t   stat;

    ngx_ncpu = 64;
    zone = zone_declare(5 * 65536);
    store = zone_store(zone, ACCOUNT, "main", 0);
    token = zone_store(zone, TOKEN, "keys", 0);
    assert_int_equal(zone_start(zone), NGX_OK);
    ngx_ncpu = 2;

    fetch(store, UUID, "record", 0);

    for (i = 0; i < 5; i++) {
        ngx_household_zone_start(zone, i);

        get(token, UUID, 0);
        get(store, UUID, 0);
        assert_int_equal(ngx_household_zone_unchanged(store, &found.mark, 0),
                         1);
        ngx_household_zone_count(zone, KIND(STALE, ACCOUNT), 1);

        rows[i % 4] = zone->counters;
        assert_true(i < 4 || zone->counters == rows[0]);
        assert_ptr_equal(store->hits, zone->counters + KIND(HITS, ACCOUNT));
    }

    for (i = 1; i < 4; i++) {
        assert_true(rows[i] - rows[i - 1] >= NGX_HOUSEHOLD_ZONE_COUNTERS);
        assert_int_equal((uintptr_t) rows[i] % 128, 0);
    }

    ngx_household_zone_stat(zone, &stat);
    assert_int_equal(stat.counters[KIND(HITS, ACCOUNT)], 10);
    assert_int_equal(stat.counters[KIND(MISSES, TOKEN)], 5);
    assert_int_equal(stat.counters[KIND(STALE, ACCOUNT)], 5);

    next = zone_declare(5 * 65536);
    store = zone_store(next, ACCOUNT, "main", 0);
    assert_int_equal(zone_reuse(next, zone), NGX_OK);
    assert_int_equal(get(store, UUID, 0), HIT);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_HITS), 11);

    zone_stop(next);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_rows)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_counters", tests,
                                       test_setup, test_teardown);
}
