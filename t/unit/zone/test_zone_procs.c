
/*
 * Unit of ngx_household_zone*.c: several processes in one zone, and some
 * that die in it.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"

#include <sched.h>


#define PROCS   4
#define KEYS    300
#define OPS     15000
#define ROUNDS  200
#define KILLS   30
#define VALUE   2500
#define UUID    "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"


/* shared by the processes of a test */

typedef struct {
    ngx_atomic_t  gets;
    ngx_atomic_t  puts;
    ngx_atomic_t  failed;
    ngx_atomic_t  arrived;
    ngx_atomic_t  granted[ROUNDS];
} board_t;


static board_t   *board;
static uint32_t   state;


static uint32_t
rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state % n;
}


static board_t *
board_new(void)
{
    board_t  *b;

    b = mmap(NULL, sizeof(board_t), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(b, MAP_FAILED);

    return b;
}


static ngx_str_t *
key_id(uint32_t key)
{
    static u_char     buf[64];
    static ngx_str_t  id;

    id.data = buf;
    id.len = ngx_sprintf(buf, "%08xi-0000-4000-8000-00000000000a", key) - buf;

    return &id;
}


/* a value that tells whose it is, and whether it is whole */

static size_t
value_make(u_char *p, uint32_t key)
{
    size_t    i, len;
    uint32_t  sum;

    len = 12 + rnd(rnd(8) ? 200 : VALUE - 12);
    sum = 2166136261U;

    ngx_memcpy(p, &key, 4);

    for (i = 8; i < len; i++) {
        p[i] = (u_char) rnd(256);
        sum = (sum ^ p[i]) * 16777619U;
    }

    sum ^= len;
    ngx_memcpy(p + 4, &sum, 4);

    return len;
}


static ngx_uint_t
value_whole(u_char *p, size_t len, uint32_t key)
{
    size_t    i;
    uint32_t  sum, k, s;

    if (len < 12) {
        return 0;
    }

    ngx_memcpy(&k, p, 4);
    ngx_memcpy(&s, p + 4, 4);

    sum = 2166136261U;

    for (i = 8; i < len; i++) {
        sum = (sum ^ p[i]) * 16777619U;
    }

    return k == key && s == (sum ^ (uint32_t) len);
}


static void
one(ngx_household_zone_ns_t *store, ngx_msec_t now)
{
    u_char                       buf[VALUE];
    size_t                       len;
    uint32_t                     key, op;
    ngx_household_zone_state_e   s;

    key = rnd(KEYS);
    op = rnd(1000);

    if (op < 600) {
        s = ngx_household_zone_get(store, key_id(key), now, buf, VALUE,
                                   &found);
        (void) ngx_atomic_fetch_add(&board->gets, 1);

        if (s != MISS && !value_whole(buf, found.len, key)) {
            (void) ngx_atomic_fetch_add(&board->failed, 1);
        }

    } else if (op < 900) {
        len = value_make(buf, key);

        ngx_household_zone_put(store, key_id(key), buf, len, 0,
                        ngx_household_zone_get_generation(store, key_id(key)),
                        now, rnd(20000), rnd(2) ? rnd(40000) : 0);
        (void) ngx_atomic_fetch_add(&board->puts, 1);

    } else if (op < 980) {
        ngx_household_zone_invalidate(store, key_id(key));

    } else if (op < 985) {
        ngx_household_zone_invalidate_all(store);

    } else if (op < 987) {
        ngx_household_zone_flush(store);

    } else if (op < 995) {
        ngx_household_zone_renew(store, now, 1000, rnd(4) != 0);

    } else {
        (void) records(store);
    }
}


static void
child(ngx_household_zone_ns_t **stores, ngx_uint_t n, ngx_uint_t ops)
{
    ngx_uint_t  i;

    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);

    ngx_pid = getpid();
    state = 104729 * (n + 1);

    for (i = 0; i < ops; i++) {
        one(stores[rnd(2)], i * 7);
    }

    _exit(0);
}


static ngx_household_zone_t *
two_stores(ngx_household_zone_ns_t **stores, size_t size)
{
    ngx_household_zone_t  *zone;

    zone = zone_declare(size);
    stores[0] = zone_store(zone, ACCOUNT, "main", 1);
    stores[1] = zone_store(zone, TOKEN, "keys", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    return zone;
}


/* what is found by walking is what is counted */

static void
check_records(ngx_household_zone_t *zone)
{
    uint32_t                      n;
    ngx_uint_t                    kind, alive;
    ngx_household_cells_entry_t  *e;
    ngx_household_zone_ns_shm_t  *slot;
    ngx_household_zone_stat_t     stat;

    assert_null(cells_check(zone->cells));

    ngx_household_zone_stat(zone, &stat);

    for (kind = 0; kind < 2; kind++) {
        alive = 0;

        for (n = zone->cells->lists[kind].newest; n; n = e->lru_next) {
            e = CELL(zone->cells, n);
            slot = &zone->sh->namespaces[e->data[0] & 0x7f];
            alive += !ngx_household_zone_before(e->seq, slot->flushed_seq);
        }

        assert_int_equal(stat.records[kind], alive);
    }
}


static void
test_processes(void **data)
{
    int                         status;
    pid_t                       pids[PROCS];
    ngx_uint_t                  i;
    ngx_household_zone_t       *zone;
    ngx_household_zone_stat_t   stat;
    ngx_household_zone_ns_t    *stores[2];

    board = board_new();
    zone = two_stores(stores, 96 * 1024);

    for (i = 0; i < PROCS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] == 0) {
            child(stores, i, OPS);
        }
    }

    for (i = 0; i < PROCS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }

    assert_int_equal(board->failed, 0);

    check_records(zone);
    ngx_household_zone_stat(zone, &stat);

    assert_in_range(total(&stat, NGX_HOUSEHOLD_ZONE_HITS)
                    + total(&stat, NGX_HOUSEHOLD_ZONE_MISSES),
                    1, board->gets);
    assert_true(total(&stat, NGX_HOUSEHOLD_ZONE_HITS) > 0);
    assert_true(total(&stat, NGX_HOUSEHOLD_ZONE_EVICTED) > 0);
    assert_in_range(total(&stat, NGX_HOUSEHOLD_ZONE_STORED)
                    + total(&stat, NGX_HOUSEHOLD_ZONE_SUPERSEDED),
                    board->puts / 2, board->puts);
    assert_int_equal(total(&stat, NGX_HOUSEHOLD_ZONE_RESETS), 0);

    zone_stop(zone);
    munmap(board, sizeof(board_t));
}


/* of all that find an expired value at the same time, one refreshes it */

static void
refreshers(ngx_household_zone_ns_t *store)
{
    u_char      buf[VALUE];
    ngx_uint_t  i;
    ngx_msec_t  t;

    ngx_pid = getpid();

    for (i = 0; i < ROUNDS; i++) {

        (void) ngx_atomic_fetch_add(&board->arrived, 1);

        while (board->arrived < PROCS * (i + 1)) {
            sched_yield();
        }

        t = OLD + i * NGX_HOUSEHOLD_ZONE_LOCK_AGE;

        (void) ngx_household_zone_get(store, id_of(UUID), t, buf, VALUE,
                                      &found);

        (void) ngx_atomic_fetch_add(&board->granted[i], found.refresh);
    }

    _exit(0);
}


static void
test_one_refresh(void **data)
{
    int                       status;
    pid_t                     pids[PROCS];
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    board = board_new();
    store = store_start(64 * 4096, 0);

    fetch(store, UUID, "record", 0);

    for (i = 0; i < PROCS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] == 0) {
            refreshers(store);
        }
    }

    for (i = 0; i < PROCS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }

    for (i = 0; i < ROUNDS; i++) {
        assert_int_equal(board->granted[i], 1);
    }

    zone_stop(store->zone);
    munmap(board, sizeof(board_t));
}


/* waits for a child that was killed, and unlocks as nginx's master does */

static ngx_uint_t
bury(ngx_household_zone_t *zone, pid_t pid)
{
    int  status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));

    return ngx_shmtx_force_unlock(&zone->shpool->mutex, pid);
}


/* a process that faults while it copies a value into the zone */

static void
test_killed_inside(void **data)
{
    pid_t                     pid;
    u_char                   *nothing;
    uint64_t                  gen;
    ngx_household_zone_ns_t  *store;

    store = store_start(64 * 4096, 1);

    ngx_household_zone_renew(store, 0, 60000, 1);
    fetch(store, UUID, "record", 0);
    fetch(store, "other", "other", 0);
    gen = ngx_household_zone_get_generation(store, id_of("new"));

    nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(nothing, MAP_FAILED);

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        ngx_pid = getpid();
        signal(SIGSEGV, SIG_DFL);
        ngx_household_zone_put(store, id_of(UUID), nothing, 1000, 0,
                        ngx_household_zone_get_generation(store, id_of(UUID)),
                        0, FRESH, STALE);
        _exit(0);
    }

    assert_int_equal(bury(store->zone, pid), 1);
    assert_int_equal(store->zone->sh->dirty, 1);

    /* it had the old value removed, the new one half written */

    assert_int_equal(get(store, UUID, 0), MISS);
    assert_string_equal(test_log, "household zone \"households\": process died "
                                  "holding the lock, zone reset");
    assert_int_equal(get(store, "other", 0), MISS);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_RESETS), 1);
    assert_int_equal(records(store), 0);
    check_records(store->zone);

    /* an invalidation may have died with it */

    assert_int_equal(ngx_household_zone_coherent(store, 0), 0);
    assert_int_equal(put(store, "new", "new", gen, 0), NGX_DECLINED);
    assert_int_equal(get(store, "new", 0), MISS);

    ngx_household_zone_renew(store, 0, 60000, 1);
    assert_int_equal(fetch(store, UUID, "record", 0), NGX_OK);
    assert_int_equal(get(store, UUID, 0), HIT);

    zone_stop(store->zone);
    munmap(nothing, 4096);
}


/* processes that are killed at any moment */

static void
test_killed_anywhere(void **data)
{
    pid_t                     pid;
    ngx_uint_t                i, j, inside;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *stores[2];

    board = board_new();
    zone = two_stores(stores, 96 * 1024);
    state = 42;
    inside = 0;

    for (i = 0; i < KILLS; i++) {

        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            child(stores, i, (ngx_uint_t) -1);
        }

        usleep(500 + rnd(3000));

        assert_int_equal(kill(pid, SIGKILL), 0);

        inside += bury(zone, pid);

        for (j = 0; j < 100; j++) {
            one(stores[rnd(2)], j);
        }

        check_records(zone);
    }

    assert_int_equal(board->failed, 0);
    assert_in_range(counter(stores[0], NGX_HOUSEHOLD_ZONE_RESETS), 0,
                    inside);

    print_message("# %u of %u were killed inside\n", (unsigned) inside,
                  (unsigned) KILLS);

    zone_stop(zone);
    munmap(board, sizeof(board_t));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_one_refresh),
        cmocka_unit_test(test_killed_inside),
        cmocka_unit_test(test_killed_anywhere)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_procs", tests,
                                       test_setup, test_teardown);
}
