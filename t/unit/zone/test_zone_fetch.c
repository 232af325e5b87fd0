
/*
 * Unit of ngx_household_zone_fetch.c: one fetch of a key at a time, and keys
 * whose values are too large to be fetched.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE   (1024 * 1024)
#define LOCK   NGX_HOUSEHOLD_ZONE_LOCK_AGE
#define TIME   10000
#define PROBES NGX_HOUSEHOLD_ZONE_PROBES


static uint64_t  gen;


static ngx_int_t
begin(ngx_household_zone_ns_t *store, const char *id, ngx_msec_t now)
{
    return ngx_household_zone_fetch(store, id_of(id), now, &gen);
}


static void
test_one_at_a_time(void **data)
{
    uint64_t                  first;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    assert_int_equal(begin(store, "a", 5), NGX_OK);
    first = gen;

    assert_int_equal(begin(store, "b", 5), NGX_OK);
    assert_int_equal(begin(store, "a", 5), NGX_BUSY);
    assert_int_equal(gen, first);

    /* also for a process that is a little behind */

    assert_int_equal(begin(store, "a", 0), NGX_BUSY);
    assert_int_equal(begin(store, "a", 5 + LOCK - 1), NGX_BUSY);

    /* the process that fetches may have died */

    assert_int_equal(begin(store, "a", 5 + LOCK), NGX_OK);
    assert_int_equal(begin(store, "a", 5 + LOCK), NGX_BUSY);

    ngx_household_zone_fetched(store, id_of("a"), gen);
    assert_int_equal(begin(store, "a", 5 + LOCK), NGX_OK);

    ngx_household_zone_invalidate(store, id_of("a"));
    assert_int_equal(begin(store, "a", 5 + LOCK), NGX_OK);
    assert_int_not_equal(gen, first);

    /* the end of an earlier fetch is not the end of this one */

    ngx_household_zone_fetched(store, id_of("a"), first);
    assert_int_equal(begin(store, "a", 5 + LOCK), NGX_BUSY);

    zone_stop(store->zone);
}


static void
test_too_large(void **data)
{
    ngx_msec_t                now;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    /* the clock is 32 bits wide in the table */

    now = 0xfffffffful - TIME / 2;

    assert_int_equal(begin(store, "a", now), NGX_OK);
    ngx_household_zone_too_large(store, id_of("a"), gen, now, TIME);

    assert_int_equal(begin(store, "a", now), NGX_ABORT);
    assert_int_equal(begin(store, "a", now - 1), NGX_ABORT);
    assert_int_equal(begin(store, "a", now + TIME - 1), NGX_ABORT);
    assert_int_equal(begin(store, "b", now), NGX_OK);
    assert_int_equal(begin(store, "a", now + TIME), NGX_OK);
    assert_int_equal(begin(store, "a", now + TIME), NGX_BUSY);

    /* not at all, or for very long */

    ngx_household_zone_too_large(store, id_of("a"), gen, now, 0);
    assert_int_equal(begin(store, "a", now), NGX_OK);

    ngx_household_zone_too_large(store, id_of("a"), gen, now,
                                 (ngx_msec_t) -1);
    assert_int_equal(begin(store, "a", now + NGX_HOUSEHOLD_ZONE_TIME_MAX - 1),
                     NGX_ABORT);

    zone_stop(store->zone);
}


static void
test_too_large_invalidated(void **data)
{
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    for (i = 0; i < 3; i++) {
        assert_int_equal(begin(store, "a", 0), NGX_OK);
        ngx_household_zone_too_large(store, id_of("a"), gen, 0, TIME);
        assert_int_equal(begin(store, "a", 0), NGX_ABORT);

        if (i == 0) {
            ngx_household_zone_invalidate(store, id_of("a"));

        } else if (i == 1) {
            ngx_household_zone_invalidate_all(store);

        } else {
            ngx_household_zone_flush(store);
        }
    }

    /* a reply that is older than the invalidation says nothing */

    assert_int_equal(begin(store, "a", 0), NGX_OK);
    ngx_household_zone_invalidate(store, id_of("a"));
    ngx_household_zone_too_large(store, id_of("a"), gen, 0, TIME);
    assert_int_equal(begin(store, "a", 0), NGX_OK);

    zone_stop(store->zone);
}


static void
test_too_large_untracked(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 1);

    ngx_household_zone_renew(store, 0, 2000, 1);
    assert_int_equal(begin(store, "a", 0), NGX_OK);
    ngx_household_zone_too_large(store, id_of("a"), gen, 0, TIME);

    assert_int_equal(begin(store, "a", 1999), NGX_ABORT);
    assert_int_equal(begin(store, "a", 2000), NGX_OK);

    zone_stop(store->zone);
}


/* keys that are too large take no position from a fetch */

static void
test_too_large_many(void **data)
{
    char                      id[16];
    ngx_uint_t                i, kept;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    for (i = 0; i < 4096; i++) {
        sprintf(id, "large%u", (unsigned) i);
        (void) begin(store, id, 0);
        ngx_household_zone_too_large(store, id_of(id), gen, 0, TIME);
    }

    assert_int_equal(begin(store, "a", 0), NGX_OK);
    assert_int_equal(begin(store, "a", 0), NGX_BUSY);

    /* the latest first, as a fetch takes the position of another one */

    for (i = kept = 0; i < 4096; i++) {
        sprintf(id, "large%u", 4095 - (unsigned) i);
        kept += (begin(store, id, 0) == NGX_ABORT);
    }

    assert_in_range(kept, 1, store->zone->sh->fetches_mask + 1);

    zone_stop(store->zone);
}


/* of all keys together; what a process that has died had is forgotten */

/*
 * A zone in which these ids, of one letter each, share no place in the table of
 * fetches and no generation: a fetch without a place is not waited for.  The
 * places depend on the secret of the zone.
 */

static ngx_household_zone_ns_t *
start_apart(const char *letters)
{
    char                       id[2] = "";
    uint32_t                   distance, mask;
    ngx_uint_t                 i, k, n, shared;
    ngx_household_zone_ns_t   *store;
    ngx_household_cells_key_t  keys[8];

    n = strlen(letters);
    assert_true(n <= 8);

    for ( ;; ) {
        store = store_start(SIZE, 0);
        mask = store->zone->sh->fetches_mask;
        shared = 0;

        for (i = 0; i < n; i++) {
            id[0] = letters[i];
            assert_int_equal(ngx_household_zone_key(store, id_of(id), &keys[i]),
                             NGX_OK);

            for (k = 0; k < i; k++) {
                distance = ((keys[i].hash >> 16) - (keys[k].hash >> 16)) & mask;
                shared += distance < PROBES || mask - distance < PROBES;
                shared += ngx_household_zone_stripe(store->zone->sh,
                                                    keys[i].hash)
                          == ngx_household_zone_stripe(store->zone->sh,
                                                       keys[k].hash);
            }
        }

        if (!shared) {
            return store;
        }

        zone_stop(store->zone);
    }
}


static void
test_fetches_limited(void **data)
{
    char                      id[16];
    uint64_t                  first;
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_msec_t                now;
    ngx_household_zone_ns_t  *store;

    store = start_apart("abcdef");
    store->zone->lookups = 3;
    now = 100000;

    assert_int_equal(begin(store, "a", now), NGX_OK);
    first = gen;
    assert_int_equal(begin(store, "b", now + 10), NGX_OK);
    assert_int_equal(begin(store, "c", now + 1000), NGX_OK);
    assert_int_equal(begin(store, "d", now + 1000), NGX_AGAIN);
    assert_int_equal(begin(store, "d", now), NGX_AGAIN);

    /* one that is under way is waited for, one that has ended makes room */

    assert_int_equal(begin(store, "c", now + 1000), NGX_BUSY);
    ngx_household_zone_fetched(store, id_of("a"), first);
    ngx_household_zone_fetched(store, id_of("a"), first);
    assert_int_equal(begin(store, "d", now + 1000), NGX_OK);
    assert_int_equal(begin(store, "e", now + 1000), NGX_AGAIN);

    /* a superseded one is under way, too, until it ends */

    ngx_household_zone_invalidate(store, id_of("d"));
    assert_int_equal(begin(store, "d", now + 1000), NGX_AGAIN);

    /* time passes: b, then c and d */

    assert_int_equal(begin(store, "e", now + 2999), NGX_AGAIN);
    assert_int_equal(begin(store, "e", now + 3000), NGX_OK);
    assert_int_equal(begin(store, "f", now + 3000), NGX_AGAIN);
    assert_int_equal(begin(store, "f", now + 4000), NGX_OK);

    /* the clock is 32 bits wide in the table, and begins anew */

    zone_stop(store->zone);
    store = start_apart("abcd");
    store->zone->lookups = 3;
    now = 0xfffffffful;

    assert_int_equal(begin(store, "a", now), NGX_OK);
    assert_int_equal(begin(store, "b", now), NGX_OK);
    assert_int_equal(begin(store, "c", now), NGX_OK);
    assert_int_equal(begin(store, "d", now), NGX_AGAIN);
    assert_int_equal(begin(store, "d", now + 10000), NGX_OK);

    /* whatever was counted or not, no number falls below zero */

    now = 100000;
    zone_stop(store->zone);
    store = store_start(SIZE, 0);
    store->zone->lookups = 3;

    for (i = 0; i < 1000; i++) {
        sprintf(id, "g%u", (unsigned) i);

        rc = begin(store, id, now + 5000 + 7 * i);

        if (rc == NGX_OK && i % 2) {
            ngx_household_zone_fetched(store, id_of(id), gen);

        } else if (rc == NGX_DONE && i % 2) {
            ngx_household_zone_fetch_left(store, now + 5000 + 7 * i);
        }
    }

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_FETCH_SECONDS; i++) {
        assert_in_range(store->zone->sh->fetch_seconds[i].n, 0, 3);
    }

    zone_stop(store->zone);
}


/* what is not under way any more is counted no more, and not below zero */

static void
test_fetches_given_up(void **data)
{
    uint64_t                  first;
    ngx_uint_t                i;
    ngx_msec_t                now;
    ngx_household_zone_ns_t  *store;

    store = start_apart("abcde");
    store->zone->lookups = 3;
    now = 100000;

    /* the next fetch of the same key replaces one that is superseded */

    assert_int_equal(begin(store, "a", now), NGX_OK);

    for (i = 0; i < 4; i++) {
        ngx_household_zone_invalidate(store, id_of("a"));
        assert_int_equal(begin(store, "a", now + i), NGX_OK);
    }

    first = gen;

    assert_int_equal(begin(store, "b", now), NGX_OK);
    assert_int_equal(begin(store, "c", now), NGX_OK);
    assert_int_equal(begin(store, "d", now), NGX_AGAIN);

    ngx_household_zone_fetched(store, id_of("c"), gen);
    ngx_household_zone_fetched(store, id_of("a"), first);

    for (i = 0; i < 4; i++) {
        ngx_household_zone_fetch_left(store, now);
    }

    assert_int_equal(begin(store, "c", now), NGX_OK);
    assert_int_equal(begin(store, "d", now), NGX_OK);

    /* a zone that is reset knows of none */

    assert_int_equal(begin(store, "a", now), NGX_OK);
    assert_int_equal(begin(store, "e", now), NGX_AGAIN);

    store->zone->sh->dirty = 1;
    assert_int_equal(begin(store, "e", now), NGX_OK);

    zone_stop(store->zone);
}


/* also of those for which the table of fetches has no place */

static void
test_fetches_limited_all(void **data)
{
    char                      id[16];
    uint64_t                  generation[1000];
    ngx_int_t                 rc[1000];
    ngx_uint_t                i, n, more, size;
    ngx_msec_t                now;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    size = store->zone->sh->fetches_mask + 1;
    store->zone->lookups = 2 * size;
    now = 100000;

    assert_in_range(store->zone->lookups, 1, 999);

    for (i = 0, n = 0, more = 0; i < 1000; i++) {
        sprintf(id, "l%u", (unsigned) i);
        rc[i] = begin(store, id, now);
        generation[i] = gen;

        n += rc[i] == NGX_OK || rc[i] == NGX_DONE;
        more += rc[i] == NGX_DONE;
    }

    assert_int_equal(n, store->zone->lookups);
    assert_in_range(more, size, n);

    /* each end makes room for one */

    for (i = 0; i < 1000; i++) {
        sprintf(id, "l%u", (unsigned) i);

        if (rc[i] != NGX_OK && rc[i] != NGX_DONE) {
            continue;
        }

        ngx_household_zone_fetched(store, id_of(id), generation[i]);

        if (rc[i] == NGX_DONE) {
            assert_int_equal(begin(store, "m", now), NGX_AGAIN);
            ngx_household_zone_fetch_left(store, now);
        }

        switch (begin(store, "m", now)) {

        case NGX_OK:
            ngx_household_zone_fetched(store, id_of("m"), gen);
            break;

        case NGX_DONE:
            ngx_household_zone_fetch_left(store, now);
            break;

        default:
            fail();
        }

        /* it is taken again */
        sprintf(id, "n%u", (unsigned) i);
        assert_int_not_equal(begin(store, id, now), NGX_AGAIN);
        assert_int_equal(begin(store, "o", now), NGX_AGAIN);
    }

    /* what began long ago is forgotten: its end changes no number */

    now += 1000 * NGX_HOUSEHOLD_ZONE_FETCH_SECONDS;
    assert_int_not_equal(begin(store, "a", now), NGX_AGAIN);
    ngx_household_zone_fetch_left(store, now - 4000);

    for (i = 0, n = 0; i < NGX_HOUSEHOLD_ZONE_FETCH_SECONDS; i++) {
        if (store->zone->sh->fetch_seconds[i].second == now / 1000) {
            n += store->zone->sh->fetch_seconds[i].n;
        }
    }

    assert_int_equal(n, 1);

    zone_stop(store->zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_fetches_limited),
        cmocka_unit_test(test_fetches_given_up),
        cmocka_unit_test(test_fetches_limited_all),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_large_invalidated),
        cmocka_unit_test(test_too_large_untracked),
        cmocka_unit_test(test_too_large_many)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_fetch", tests,
                                       test_setup, test_teardown);
}
