
/*
 * Unit of ngx_household_zone*.c: long random runs against a plain model,
 * which knows all but the jitter, and learns that from what it sees.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE      (4 * 1024 * 1024)
#define OPS       40000
#define RUNS      6
#define STORES    3
#define KEYS      40
#define FETCHES   30
#define LEASE     20000


/* a value that is cached */

typedef struct {
    ngx_uint_t   there;
    uint32_t     seed;
    size_t       len;
    ngx_msec_t   stored;
    ngx_msec_t   fresh_min;
    ngx_msec_t   fresh_max;
    ngx_msec_t   stale;
    ngx_uint_t   missing;
    ngx_uint_t   invalidated;
    ngx_uint_t   leased;
    ngx_msec_t   lease;
    uint64_t     gen;
} value_t;


/* a fetch that is under way */

typedef struct {
    ngx_uint_t   store;
    ngx_uint_t   key;
    uint64_t     gen;
    ngx_uint_t   invalidated;
    ngx_uint_t   flushed;
    ngx_uint_t   missing;       /* missing_epochs of the store */
} fetch_t;


static ngx_household_zone_t        *zone;
static ngx_household_zone_ns_t  *stores[STORES];

static value_t      values[STORES][KEYS];
static fetch_t      fetches[FETCHES];
static ngx_uint_t   nfetches;
static ngx_uint_t   missing_epochs[STORES];
static ngx_uint_t   tracking;
static ngx_msec_t   tracked_until;
static ngx_msec_t   now;

static ngx_uint_t   states[3];
static ngx_uint_t   collisions;
static uint32_t     state;


static uint32_t
rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state % n;
}


static ngx_str_t *
key_id(ngx_uint_t key)
{
    static u_char     buf[NGX_HOUSEHOLD_ZONE_ID_LEN];
    static ngx_str_t  id;

    ngx_uint_t  i;

    id.data = buf;

    if (key % 2) {
        id.len = ngx_sprintf(buf, "%08xi-0000-4000-8000-00000000000a", key)
                 - buf;

    } else {
        id.len = 1 + key * 3;

        for (i = 0; i < id.len; i++) {
            buf[i] = (u_char) (key + i);
        }
    }

    return &id;
}


/* the clock of these runs wraps around */

static ngx_uint_t
is_tracked(void)
{
    return tracking && (ngx_msec_int_t) (tracked_until - now) > 0;
}


static void
value_bytes(u_char *p, uint32_t seed, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (seed + i * 31 + (i >> 7));
    }
}


static void
configure(ngx_uint_t first)
{
    uint32_t               holder;
    ngx_household_zone_t  *old;

    old = zone;
    holder = first ? 0 : stores[1]->holder;
    zone = zone_declare(SIZE);

    stores[0] = zone_store(zone, ACCOUNT, "untracked", 0);
    stores[1] = zone_store(zone, ACCOUNT, "tracked", 1);
    stores[2] = zone_store(zone, TOKEN, "keys", 0);

    if (first) {
        assert_int_equal(zone_start(zone), NGX_OK);

    } else {
        assert_int_equal(zone_reuse(zone, old), NGX_OK);
        stores[1]->holder = holder;
    }
}


/* one key of a store, or all if "key" is KEYS */

static void
model_invalidate(ngx_uint_t store, ngx_uint_t key, ngx_uint_t flush)
{
    ngx_uint_t  i;

    for (i = 0; i < KEYS; i++) {
        if (key == KEYS || key == i) {
            values[store][i].invalidated = 1;

            if (key == i) {
                values[store][i].leased = 0;
            }

            if (flush) {
                values[store][i].there = 0;
            }
        }
    }

    for (i = 0; i < nfetches; i++) {
        if (fetches[i].store == store
            && (key == KEYS || key == fetches[i].key))
        {
            fetches[i].invalidated = 1;
            fetches[i].flushed |= flush;
        }
    }
}


/* compares what is found with what may be; the model learns the fresh time */

static void
check_get(value_t *v, ngx_household_zone_state_e got_state, u_char *buf,
    ngx_uint_t incoherent)
{
    u_char      value[4000];
    ngx_msec_t  age;
    ngx_uint_t  spoilt;

    age = now - v->stored;
    spoilt = v->invalidated || incoherent;

    if (got_state == MISS) {

        if (v->there && spoilt) {
            assert_true(v->stale == 0 || age >= v->fresh_min + v->stale);

        } else if (v->there) {
            assert_true(age >= v->fresh_min + v->stale);
        }

        assert_int_equal(found.refresh, 1);
        v->there = 0;
        return;
    }

    assert_true(v->there);
    assert_int_equal(found.age, age);
    assert_int_equal(found.missing, v->missing);
    assert_int_equal(found.invalidated, v->invalidated);
    assert_int_equal(found.incoherent, incoherent);

    if (found.expired) {
        assert_true(age >= v->fresh_min);
        v->fresh_max = ngx_min(v->fresh_max, age);

    } else {
        assert_true(age < v->fresh_max);
        v->fresh_min = ngx_max(v->fresh_min, age + 1);
    }

    assert_int_equal(got_state, (found.expired || spoilt) ? EXPIRED : HIT);
    assert_int_equal(found.len, v->len);
    value_bytes(value, v->seed, v->len);
    assert_memory_equal(buf, value, v->len);

    if (got_state == HIT) {
        assert_int_equal(found.refresh, 0);
        return;
    }

    assert_true(v->stale && age < v->fresh_max + v->stale);
    assert_int_equal(found.refresh, !v->leased
                                    || now - v->lease
                                       >= NGX_HOUSEHOLD_ZONE_LOCK_AGE);

    if (found.refresh) {
        v->leased = 1;
        v->lease = now;
    }
}


static void
do_get(ngx_uint_t store, ngx_uint_t key)
{
    u_char                       buf[4000];
    fetch_t                     *f;
    ngx_household_zone_state_e   s;

    s = ngx_household_zone_get(stores[store], key_id(key), now, buf,
                               sizeof(buf), &found);
    states[s]++;

    check_get(&values[store][key], s, buf,
              store == 1 && !is_tracked());

    if (found.refresh && nfetches < FETCHES) {
        f = &fetches[nfetches++];
        f->store = store;
        f->key = key;
        f->gen = found.generation;
        f->invalidated = 0;
        f->flushed = 0;
        f->missing = missing_epochs[store];
    }
}


static void
do_put(void)
{
    u_char      buf[4000];
    size_t      len;
    value_t    *v;
    fetch_t     f;
    uint32_t    seed;
    ngx_int_t   rc;
    uint64_t    gen;
    ngx_uint_t  i, moved, missing, kept;
    ngx_msec_t  fresh, stale;

    if (nfetches == 0) {
        return;
    }

    i = rnd(nfetches);
    f = fetches[i];
    fetches[i] = fetches[--nfetches];

    v = &values[f.store][f.key];

    /* any put may have cleared away what is past its time: a look tells */

    if (v->there && now - v->stored >= v->fresh_min + v->stale) {
        do_get(f.store, f.key);
    }

    missing = (rnd(8) == 0);
    len = missing ? 0 : rnd(rnd(10) ? 200 : 4000);
    fresh = 1 + rnd(60000);
    stale = rnd(3) ? rnd(200000) : 0;
    seed = rnd(1000000);
    value_bytes(buf, seed, len);

    gen = ngx_household_zone_get_generation(stores[f.store], key_id(f.key));

    if (!missing) {
        /* the epoch in the upper half */
        gen -= (uint64_t) (missing_epochs[f.store] - f.missing) << 32;
    }

    moved = (gen != f.gen);

    rc = ngx_household_zone_put(stores[f.store], key_id(f.key), buf, len,
                                missing, f.gen, now, fresh, stale);

    /* a false alarm of a stripe is all right, but a rare one */

    if (f.invalidated) {
        assert_true(moved);

    } else {
        collisions += moved;
    }

    assert_int_equal(rc, moved ? NGX_DECLINED : NGX_OK);

    kept = !moved || (stale && !f.flushed && !(v->there && f.gen < v->gen));

    if (!kept) {
        return;
    }

    v->leased = moved && v->there && v->leased;
    v->there = 1;
    v->seed = seed;
    v->len = len;
    v->stored = now;
    v->fresh_min = fresh - fresh / 10;
    v->fresh_max = fresh;
    v->stale = stale;
    v->missing = missing;
    v->invalidated = moved;
    v->gen = f.gen;
}


static void
do_invalidate_missing(ngx_uint_t store)
{
    ngx_uint_t  i;

    ngx_household_zone_invalidate_missing(stores[store]);

    missing_epochs[store]++;

    for (i = 0; i < KEYS; i++) {
        values[store][i].invalidated |= values[store][i].missing;
    }
}


static void
do_track(ngx_uint_t coherent)
{
    ngx_household_zone_renew(stores[1], now, LEASE, coherent);

    /* one that goes on, however late, has missed nothing */

    if (coherent && !tracking) {
        model_invalidate(1, KEYS, 0);
    }

    tracking = coherent;
    tracked_until = now + LEASE;
}


static void
step(void)
{
    ngx_uint_t  store, key, op;

    store = rnd(STORES);
    key = rnd(KEYS);
    op = rnd(1000);

    if (op < 500) {
        do_get(store, key);

    } else if (op < 800) {
        do_put();

    } else if (op < 900) {
        ngx_household_zone_invalidate(stores[store], key_id(key));
        model_invalidate(store, key, 0);

    } else if (op < 905) {
        ngx_household_zone_invalidate_all(stores[store]);
        model_invalidate(store, KEYS, 0);

    } else if (op < 915) {
        do_invalidate_missing(store);

    } else if (op < 918) {
        ngx_household_zone_flush(stores[store]);
        model_invalidate(store, KEYS, 1);

    } else if (op < 930) {
        do_track(1);

    } else if (op < 932) {
        do_track(0);

    } else if (op < 934) {
        configure(0);

    } else {
        now += rnd(rnd(10) ? 1000 : 30000);
    }
}


static void
test_model(void **data)
{
    ngx_uint_t                 i, run;
    ngx_household_zone_stat_t  stat;

    for (run = 0; run < RUNS; run++) {

        state = 7919 * (run + 1);
        now = run % 2 ? 5 : (ngx_msec_t) 0 - 100000;
        nfetches = 0;
        tracking = 0;
        collisions = 0;
        zone = NULL;

        memset(values, 0, sizeof(values));
        memset(states, 0, sizeof(states));

        configure(1);

        for (i = 0; i < OPS; i++) {
            step();

            if (i % 4000 == 0) {
                assert_null(cells_check(zone->cells));
            }
        }

        ngx_household_zone_stat(zone, &stat);

        assert_int_equal(total(&stat, NGX_HOUSEHOLD_ZONE_EVICTED), 0);
        assert_int_equal(total(&stat, NGX_HOUSEHOLD_ZONE_HITS), states[HIT]);
        assert_int_equal(total(&stat, NGX_HOUSEHOLD_ZONE_MISSES),
                         states[MISS]);

        /* each of them was reached, and often */

        assert_true(states[HIT] > OPS / 50);
        assert_true(states[MISS] > OPS / 50);
        assert_true(states[EXPIRED] > OPS / 50);
        assert_true(collisions < OPS / 100);

        print_message("# run %u: %u misses, %u hits, %u expired, "
                      "%u collisions\n", (unsigned) run,
                      (unsigned) states[MISS], (unsigned) states[HIT],
                      (unsigned) states[EXPIRED], (unsigned) collisions);

        zone_stop(zone);
        test_teardown(NULL);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_model)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_model", tests,
                                       test_setup, test_teardown);
}
