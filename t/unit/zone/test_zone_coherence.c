
/*
 * Unit of ngx_household_zone_coherence.c: who receives the invalidations of a
 * store, and what becomes of its values when nobody does.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE   (64 * 4096)
#define LEASE  2000
#define LONG   (NGX_HOUSEHOLD_ZONE_OVERLAP + 1)
#define QUITS  2


static uint32_t  holders[100];


static ngx_household_zone_ns_t *
begin(ngx_uint_t tracked)
{
    memset(holders, 0, sizeof(holders));

    return store_start(SIZE, tracked);
}


/* as the worker "pid" */

static ngx_int_t
track(ngx_household_zone_ns_t *store, ngx_pid_t pid, ngx_msec_t now,
    ngx_uint_t coherent)
{
    ngx_int_t  rc;

    store->holder = holders[pid];

    rc = coherent == QUITS ? ngx_household_zone_yield(store, now, LEASE)
                           : ngx_household_zone_renew(store, now, LEASE,
                                                      coherent);
    holders[pid] = store->holder;

    return rc;
}


/* tells whether anything fetched before "now" is marked by a step */

static ngx_uint_t
marked(ngx_household_zone_ns_t *store)
{
    static ngx_uint_t  last;

    ngx_uint_t  n, before;

    before = last;
    n = counter(store, NGX_HOUSEHOLD_ZONE_NS_INVALIDATED);
    last = n;

    return n > before;
}


static void
test_untracked(void **data)
{
    ngx_household_zone_ns_t  *store;

    /* never tracked: fetched values are kept, but nothing is fresh */

    store = begin(1);

    assert_int_equal(ngx_household_zone_coherent(store, 0), 0);
    assert_int_equal(fetch(store, "a", "record", 0), NGX_OK);

    assert_int_equal(get(store, "a", 0), EXPIRED);
    assert_int_equal(found.incoherent, 1);
    assert_int_equal(found.invalidated, 0);
    assert_int_equal(found.expired, 0);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(get(store, "a", 0), EXPIRED);
    assert_int_equal(found.refresh, 0);

    zone_stop(store->zone);

    /* a store that is not to be tracked: the time alone */

    store = begin(0);
    fetch(store, "a", "record", 0);
    assert_int_equal(get(store, "a", 0), HIT);
    zone_stop(store->zone);
}


static void
test_track(void **data)
{
    uint64_t                  gen;
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    fetch(store, "a", "record", 0);
    gen = ngx_household_zone_get_generation(store, id_of("b"));

    /* what was fetched before is not known to be right */

    assert_int_equal(track(store, 10, 0, 1), NGX_OK);
    assert_int_equal(ngx_household_zone_coherent(store, 0), 1);
    assert_int_equal(get(store, "a", 0), EXPIRED);
    assert_int_equal(found.invalidated, 1);
    assert_int_equal(found.incoherent, 0);
    assert_int_equal(put(store, "b", "record", gen, 0), NGX_DECLINED);

    fetch(store, "a", "record", 0);
    assert_int_equal(get(store, "a", 0), HIT);

    /* it is alive */

    assert_int_equal(track(store, 10, LEASE - 1, 1), NGX_OK);
    assert_int_equal(get(store, "a", 2 * LEASE - 2), HIT);

    /* it is lost */

    assert_int_equal(track(store, 10, LEASE, 0), NGX_OK);
    assert_int_equal(ngx_household_zone_coherent(store, LEASE), 0);
    assert_int_equal(get(store, "a", LEASE), EXPIRED);
    assert_string_equal(got, "record");
    assert_int_equal(found.incoherent, 1);
    assert_int_equal(found.invalidated, 0);

    /* still lost, which is nothing new */

    (void) marked(store);
    assert_int_equal(track(store, 10, LEASE, 0), NGX_OK);
    assert_int_equal(marked(store), 0);

    /* what is fetched meanwhile is not fresh, then or later */

    assert_int_equal(fetch(store, "a", "record", LEASE), NGX_OK);
    assert_int_equal(get(store, "a", LEASE), EXPIRED);
    assert_int_equal(track(store, 10, LEASE, 1), NGX_OK);
    assert_int_equal(marked(store), 1);
    assert_int_equal(get(store, "a", LEASE), EXPIRED);
    assert_int_equal(found.incoherent, 0);
    assert_int_equal(fetch(store, "a", "record", LEASE), NGX_OK);
    assert_int_equal(get(store, "a", LEASE), HIT);

    zone_stop(store->zone);
}


/* a holder that dies, or hangs, says nothing */

static void
test_lease(void **data)
{
    uint64_t                  gen;
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    track(store, 10, 0, 1);
    fetch(store, "a", "record", 0);
    gen = ngx_household_zone_get_generation(store, id_of("b"));

    assert_int_equal(get(store, "a", LEASE - 1), HIT);
    assert_int_equal(get(store, "a", LEASE), EXPIRED);
    assert_int_equal(found.incoherent, 1);

    /* it was late, but has received all that there was */

    (void) marked(store);
    assert_int_equal(track(store, 10, LEASE, 1), NGX_OK);
    assert_int_equal(marked(store), 0);
    assert_int_equal(get(store, "a", LEASE), HIT);
    assert_int_equal(put(store, "b", "record", gen, LEASE), NGX_OK);

    /* as it is after a long time, unless a subscription was lost */

    assert_int_equal(get(store, "a", 2 * LEASE), EXPIRED);
    assert_int_equal(track(store, 10, 9 * LEASE, 1), NGX_OK);
    assert_int_equal(get(store, "a", 9 * LEASE), HIT);
    assert_int_equal(track(store, 10, 9 * LEASE, 0), NGX_OK);
    assert_int_equal(track(store, 10, 9 * LEASE, 1), NGX_OK);
    assert_int_equal(get(store, "a", 9 * LEASE), EXPIRED);
    assert_int_equal(marked(store), 1);

    /* another one after it, which knows nothing of the time between */

    fetch(store, "a", "record", 9 * LEASE);
    assert_int_equal(get(store, "a", 9 * LEASE), HIT);
    assert_int_equal(track(store, 11, 12 * LEASE, 1), NGX_OK);
    assert_int_equal(get(store, "a", 12 * LEASE), EXPIRED);
    assert_int_equal(found.invalidated, 1);

    /* the first one was slow, and finds the second one: it missed nothing */

    (void) marked(store);
    assert_int_equal(track(store, 10, 12 * LEASE + 1, 1), NGX_OK);
    assert_int_equal(marked(store), 0);

    zone_stop(store->zone);
}


/* a new worker takes over from an old one, and nothing is marked */

static void
test_handover(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    track(store, 10, 0, 1);
    (void) marked(store);

    /* the new one could leave at once, the old one not yet */

    assert_int_equal(track(store, 11, 1500, 1), NGX_DONE);
    assert_int_equal(track(store, 10, 1600, 1), NGX_OK);
    assert_int_equal(track(store, 10, 1500 + LONG - 1, 1), NGX_OK);
    assert_int_equal(track(store, 10, 1500 + LONG, 1), NGX_DONE);
    assert_int_equal(track(store, 10, 1500 + LONG, 0), NGX_OK);
    assert_int_equal(marked(store), 0);

    fetch(store, "a", "record", 2600);
    assert_int_equal(get(store, "a", 2600), HIT);

    /* the new one is alone now: the next one to come begins anew */

    assert_int_equal(track(store, 11, 3000, 1), NGX_OK);
    assert_int_equal(track(store, 11, 3500, 0), NGX_OK);
    assert_int_equal(marked(store), 0);
    assert_int_equal(get(store, "a", 3500), EXPIRED);
    assert_int_equal(track(store, 12, 3600, 1), NGX_OK);
    assert_int_equal(marked(store), 1);

    zone_stop(store->zone);
}


/* two that quit, and cover each other: one of them stays */

static void
test_yield(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    track(store, 10, 0, 1);
    track(store, 11, 100, 1);
    track(store, 10, 1900, 1);
    (void) marked(store);

    assert_int_equal(track(store, 11, 1900, QUITS), NGX_DONE);
    assert_int_equal(track(store, 10, 1900, QUITS), NGX_OK);
    assert_int_equal(track(store, 11, 1900, QUITS), NGX_DONE);
    assert_int_equal(ngx_household_zone_coherent(store, 1900), 1);

    /* until a new one has been there for long enough */

    assert_int_equal(track(store, 12, 2000, 1), NGX_DONE);
    assert_int_equal(track(store, 10, 2000 + LONG - 1, QUITS), NGX_OK);
    assert_int_equal(track(store, 10, 2000 + LONG, QUITS), NGX_DONE);
    assert_int_equal(track(store, 12, 2000 + LONG, 1), NGX_OK);
    assert_int_equal(marked(store), 0);

    zone_stop(store->zone);
}


/* whether a process of a newer configuration is to take over */

static void
test_succeeded(void **data)
{
    ngx_household_zone_t     *zone, *next, *last;
    ngx_household_zone_ns_t  *store, *other, *newer;

    memset(holders, 0, sizeof(holders));

    zone = zone_declare(SIZE);
    store = zone_store(zone, ACCOUNT, "main", 1);
    other = zone_store(zone, ACCOUNT, "other", 1);
    assert_int_equal(zone_start(zone), NGX_OK);

    track(store, 10, 0, 1);
    track(other, 11, 0, 1);
    assert_int_equal(ngx_household_zone_succeeded(store), 0);

    /* a reload that fails, as nginx cannot listen, has no processes */

    next = zone_declare(SIZE);
    (void) zone_store(next, ACCOUNT, "main", 1);
    assert_int_equal(zone_reuse_fail(next, zone), NGX_OK);
    assert_int_equal(ngx_household_zone_succeeded(store), 0);

    next = zone_declare(SIZE);
    newer = zone_store(next, ACCOUNT, "main", 1);
    assert_int_equal(zone_reuse(next, zone), NGX_OK);

    assert_int_equal(ngx_household_zone_succeeded(store), 1);
    assert_int_equal(ngx_household_zone_succeeded(other), 0);

    /* of which it has left as well, or has come back */

    ngx_household_zone_close(store);
    assert_int_equal(ngx_household_zone_succeeded(store), 1);
    ngx_household_zone_close(newer);
    assert_int_equal(ngx_household_zone_succeeded(store), 0);
    assert_int_equal(ngx_household_zone_renew(newer, 0, LEASE, 1), NGX_OK);
    assert_int_equal(ngx_household_zone_succeeded(store), 1);

    /* of one that does not track it no process takes over */

    last = zone_declare(SIZE);
    (void) zone_store(last, ACCOUNT, "main", 0);
    assert_int_equal(zone_reuse(last, next), NGX_OK);

    assert_int_equal(ngx_household_zone_succeeded(store), 0);
    assert_int_equal(ngx_household_zone_succeeded(newer), 0);

    /* nor if an old process has lost its connection, and is back */

    track(store, 10, 0, 0);
    assert_int_equal(ngx_household_zone_succeeded(store), 0);
    track(store, 10, 0, 1);
    assert_int_equal(ngx_household_zone_succeeded(store), 0);

    zone_stop(last);
}


/* the old one leaves too soon: nobody saw what it had not read yet */

static void
test_handover_too_soon(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    track(store, 10, 0, 1);
    fetch(store, "a", "record", 0);
    (void) marked(store);

    track(store, 11, 1500, 1);
    assert_int_equal(get(store, "a", 1500), HIT);
    assert_int_equal(track(store, 10, 1600, 0), NGX_OK);
    assert_int_equal(marked(store), 1);

    /* the cache is tracked, but has to start anew */

    assert_int_equal(ngx_household_zone_coherent(store, 1600), 1);
    assert_int_equal(get(store, "a", 1600), EXPIRED);
    fetch(store, "a", "record", 1600);
    assert_int_equal(get(store, "a", 1600), HIT);

    zone_stop(store->zone);
}


/* the old one dies: whether it was covered is seen by when it was last heard */

static void
test_handover_death(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    track(store, 10, 0, 1);
    (void) marked(store);

    track(store, 11, 1500, 1);
    track(store, 11, 3000, 1);
    assert_int_equal(marked(store), 1);

    track(store, 12, 3500, 1);
    track(store, 11, 3500 + LONG, 1);
    track(store, 12, 5000, 1);
    track(store, 12, 6900, 1);
    track(store, 12, 8800, 1);
    assert_int_equal(marked(store), 0);
    assert_int_equal(track(store, 12, 8900, 1), NGX_OK);

    zone_stop(store->zone);
}


/* one that was late, and then is gone: the other one has not seen it all */

static void
test_lapsed_twice(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    track(store, 10, 0, 1);
    assert_int_equal(track(store, 10, LEASE, 1), NGX_OK);
    assert_int_equal(marked(store), 0);

    assert_int_equal(track(store, 12, LEASE + 100, 1), NGX_DONE);
    assert_int_equal(marked(store), 0);

    assert_int_equal(track(store, 12, 2 * LEASE, 1), NGX_OK);
    assert_int_equal(marked(store), 1);

    zone_stop(store->zone);
}


static void
test_too_many_trackers(void **data)
{
    ngx_uint_t                i, number;
    ngx_household_zone_ns_t  *store;

    store = begin(1);

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        assert_int_equal(track(store, 10 + i, i, 1), NGX_OK);
    }

    assert_int_equal(track(store, 99, i, 1), NGX_DECLINED);

    /* it does not count */

    assert_int_equal(track(store, 99, i, 0), NGX_OK);
    assert_int_equal(ngx_household_zone_coherent(store, i), 1);

    /* there is room again when one has lapsed */

    assert_int_equal(track(store, 99, LEASE, 1), NGX_DONE);

    /* that which lapsed first: a later one is back in time, and is the same */

    number = holders[13];
    assert_int_equal(track(store, 98, LEASE + 3, 1), NGX_OK);
    (void) track(store, 13, LEASE + 3, 1);
    assert_int_equal(holders[13], number);

    assert_int_equal(track(store, 97, LEASE + 3, 1), NGX_DONE);
    assert_int_equal(track(store, 96, LEASE + 3, 1), NGX_DECLINED);

    zone_stop(store->zone);
}


/* each store by itself, and through a reload */

static void
test_stores(void **data)
{
    ngx_household_zone_t     *zone, *next;
    ngx_household_zone_ns_t  *store, *other;

    memset(holders, 0, sizeof(holders));

    zone = zone_declare(SIZE);
    store = zone_store(zone, ACCOUNT, "main", 1);
    other = zone_store(zone, ACCOUNT, "other", 1);
    assert_int_equal(zone_start(zone), NGX_OK);

    track(store, 10, 0, 1);
    track(other, 11, 0, 1);
    fetch(store, "a", "record", 0);
    fetch(other, "a", "record", 0);

    track(other, 11, 0, 0);
    assert_int_equal(get(store, "a", 0), HIT);
    assert_int_equal(get(other, "a", 0), EXPIRED);

    next = zone_declare(SIZE);
    store = zone_store(next, ACCOUNT, "main", 1);
    assert_int_equal(zone_reuse(next, zone), NGX_OK);

    assert_int_equal(get(store, "a", LEASE - 1), HIT);
    assert_int_equal(get(store, "a", LEASE), EXPIRED);

    zone_stop(next);
}


/*
 * A copy is as good as the value was, until anything happens that would make
 * a get return another one.
 */

static ngx_household_zone_mark_t
mark(ngx_household_zone_ns_t *store, ngx_msec_t now)
{
    fetch(store, "a", "record", now);
    assert_int_equal(get(store, "a", now), HIT);
    assert_int_equal(ngx_household_zone_unchanged(store, &found.mark, now), 1);

    return found.mark;
}


static void
test_unchanged(void **data)
{
    ngx_uint_t                  hits;
    ngx_msec_t                  now;
    ngx_household_zone_t       *zone, *next;
    ngx_household_zone_ns_t    *store, *other;
    ngx_household_zone_mark_t   m;

    store = begin(1);
    zone = store->zone;

    track(store, 10, 0, 1);
    m = mark(store, 0);

    hits = counter(store, NGX_HOUSEHOLD_ZONE_HITS);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, 1), 1);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_HITS), hits + 1);

    /* another key; one of the same stripe would only be a miss too many */

    fetch(store, "b", "record", 1);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, 1), 1);

    invalidate(store, "a");
    assert_int_equal(ngx_household_zone_unchanged(store, &m, 1), 0);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_HITS), hits + 2);

    m = mark(store, 1);
    ngx_household_zone_invalidate_all(store);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, 1), 0);

    m = mark(store, 1);
    ngx_household_zone_flush(store);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, 1), 0);

    /* the lease ends, and is renewed by the same process, and by another one */

    m = mark(store, 1);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, LEASE - 1), 1);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, LEASE), 0);
    track(store, 10, LEASE, 1);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, LEASE), 1);
    track(store, 10, LEASE, 0);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, LEASE), 0);
    track(store, 11, LEASE, 1);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, LEASE), 0);

    /* the lock's holder died, and the zone is empty */

    m = mark(store, LEASE);
    zone->sh->dirty = 1;
    assert_int_equal(get(store, "a", LEASE), MISS);
    track(store, 11, LEASE, 1);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, LEASE), 0);

    /* time: as long as a get finds it fresh, and no longer */

    m = mark(store, LEASE);

    for (now = LEASE; now < LEASE + OLD; now += 100) {
        track(store, 11, now, 1);
        assert_int_equal(ngx_household_zone_unchanged(store, &m, now),
                         get(store, "a", now) == HIT);
    }

    assert_int_equal(ngx_household_zone_unchanged(store, &m, now), 0);

    /* another configuration has taken the namespace */

    m = mark(store, now);
    next = zone_declare(SIZE);
    other = zone_store(next, ACCOUNT, "main", 1);
    assert_int_equal(zone_reuse(next, zone), NGX_OK);
    assert_int_equal(ngx_household_zone_unchanged(store, &m, now), 1);
    next->sh->namespaces[other->index].incarnation++;
    assert_int_equal(ngx_household_zone_unchanged(store, &m, now), 0);

    zone_stop(next);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_untracked),
        cmocka_unit_test(test_track),
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_handover),
        cmocka_unit_test(test_yield),
        cmocka_unit_test(test_succeeded),
        cmocka_unit_test(test_handover_too_soon),
        cmocka_unit_test(test_handover_death),
        cmocka_unit_test(test_lapsed_twice),
        cmocka_unit_test(test_too_many_trackers),
        cmocka_unit_test(test_stores),
        cmocka_unit_test(test_unchanged)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_renew", tests,
                                       test_setup, test_teardown);
}
