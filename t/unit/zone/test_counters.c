
/*
 * Unit of ngx_household_counters.c: sets of counters through configurations.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"
#include "ngx_household_counters.h"


#define COUNTERS  5


static ngx_str_t  name = ngx_string("household_counters");


/* a configuration with sets of these numbers; NULL: it is refused */

static ngx_household_counters_t *
configure(ngx_household_counters_t *old, ngx_uint_t counters, ngx_uint_t first,
    ngx_uint_t n)
{
    char                       text[32];
    void                      *addr;
    ngx_shm_t                 *shm;
    ngx_str_t                  fingerprint;
    ngx_uint_t                 i;
    ngx_slab_pool_t           *sp;
    ngx_household_counters_t  *c;

    addr = old != NULL ? old->shm_zone->shm.addr : NULL;

    test_config();

    c = ngx_household_counters_add(&test_conf, &name, counters, &test_tag);
    assert_non_null(c);
    assert_ptr_equal(ngx_household_counters_add(&test_conf, &name, counters,
                                                &test_tag), c);

    for (i = first; i < first + n; i++) {
        fingerprint.len = snprintf(text, sizeof(text), "set %u", (unsigned) i);
        fingerprint.data = (u_char *) text;

        assert_non_null(ngx_household_counters_set(&test_conf, c,
                                                   &fingerprint));
    }

    shm = &c->shm_zone->shm;

    if (addr != NULL) {
        shm->addr = addr;

    } else {
        shm->addr = mmap(NULL, shm->size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(shm->addr, MAP_FAILED);

        sp = (ngx_slab_pool_t *) shm->addr;
        sp->end = shm->addr + shm->size;
        sp->min_shift = 3;
        sp->addr = shm->addr;

        assert_int_equal(ngx_shmtx_create(&sp->mutex, &sp->lock, NULL),
                         NGX_OK);
        ngx_slab_init(sp);
    }

    return c->shm_zone->init(c->shm_zone, addr != NULL ? old : NULL) == NGX_OK
           ? c : NULL;
}


/* the set of a number, which was added before */

static ngx_household_counters_set_t *
set(ngx_household_counters_t *c, ngx_uint_t n)
{
    char        text[32];
    ngx_str_t   fingerprint;
    ngx_household_counters_set_t  *s, *first;

    first = c->sets;

    fingerprint.len = snprintf(text, sizeof(text), "set %u", (unsigned) n);
    fingerprint.data = (u_char *) text;

    s = ngx_household_counters_set(&test_conf, c, &fingerprint);
    assert_ptr_equal(c->sets, first);

    return s;
}


static void
test_count(void **data)
{
    ngx_uint_t                 i;
    ngx_household_counters_t  *c;

    c = configure(NULL, COUNTERS, 0, 2);

    for (i = 0; i < COUNTERS; i++) {
        assert_int_equal(ngx_household_counters_get(set(c, 0), i), 0);
        assert_int_equal(ngx_household_counters_get(set(c, 1), i), 0);
    }

    ngx_household_counters_inc(set(c, 0), COUNTERS - 1, 3);
    ngx_household_counters_inc(set(c, 0), COUNTERS - 1, -1);
    ngx_household_counters_put(set(c, 1), 0, 7);

    assert_int_equal(ngx_household_counters_get(set(c, 0), COUNTERS - 1), 2);
    assert_int_equal(ngx_household_counters_get(set(c, 1), 0), 7);
    assert_int_equal(ngx_household_counters_get(set(c, 0), 0), 0);
    assert_int_equal(ngx_household_counters_get(set(c, 1), COUNTERS - 1), 0);
}


/* a row for each processor, which worker processes beyond them share */

static void
test_rows(void **data)
{
    ngx_uint_t                 i;
    ngx_atomic_t              *values[4];
    ngx_household_counters_t  *c;

    ngx_ncpu = 3;
    c = configure(NULL, COUNTERS, 0, 2);

    for (i = 0; i < 4; i++) {
        ngx_household_counters_start(c, i);
        ngx_household_counters_inc(set(c, 1), 0, 10);
        ngx_household_counters_inc(set(c, 1), COUNTERS - 1, i);
        values[i] = set(c, 1)->values;
    }

    assert_int_equal(ngx_household_counters_get(set(c, 1), 0), 40);
    assert_int_equal(ngx_household_counters_get(set(c, 1), COUNTERS - 1), 6);
    assert_int_equal(ngx_household_counters_get(set(c, 0), 0), 0);

    /* not in one line of the cache, nor in two that are next to each other */

    assert_int_equal((uintptr_t) c->sets->rows->first % 128, 0);
    assert_int_equal((u_char *) values[1] - (u_char *) values[0],
                     (u_char *) values[2] - (u_char *) values[1]);
    assert_int_equal(((u_char *) values[1] - (u_char *) values[0]) % 128, 0);
    assert_true(values[1] - values[0]
                >= NGX_HOUSEHOLD_COUNTERS_SETS * COUNTERS);
    assert_ptr_equal(values[3], values[0]);

    /* one process takes back what another has counted */

    ngx_household_counters_start(c, 2);
    ngx_household_counters_inc(set(c, 1), COUNTERS - 1, -5);
    assert_int_equal(ngx_household_counters_get(set(c, 1), COUNTERS - 1), 1);

    /* what is put is not added up */

    for (i = 0; i < 3; i++) {
        ngx_household_counters_start(c, i);
        ngx_household_counters_put(set(c, 0), 2, 7 + i);
        assert_int_equal(ngx_household_counters_get(set(c, 0), 2), 7 + i);
    }

    ngx_ncpu = 1000;
    c = configure(NULL, COUNTERS, 0, 1);
    assert_int_equal(c->sets->rows->n, 64);
    ngx_household_counters_start(c, 63);
    ngx_household_counters_inc(set(c, 0), COUNTERS - 1, 1);
    assert_int_equal(ngx_household_counters_get(set(c, 0), COUNTERS - 1), 1);

    /* it is not known */

    ngx_ncpu = -1;
    c = configure(NULL, COUNTERS, 0, 1);
    assert_int_equal(c->sets->rows->n, 1);

    ngx_ncpu = 2;
}


static void
test_reload(void **data)
{
    ngx_household_counters_t  *c, *next;

    c = configure(NULL, COUNTERS, 0, 2);
    ngx_household_counters_inc(set(c, 0), 0, 1);
    ngx_household_counters_inc(set(c, 1), 0, 2);

    /* without the first, with a third */

    next = configure(c, COUNTERS, 1, 2);
    assert_int_equal(ngx_household_counters_get(set(next, 1), 0), 2);
    assert_int_equal(ngx_household_counters_get(set(next, 2), 0), 0);

    /* worker processes of the former configuration go on */

    ngx_household_counters_inc(set(c, 0), 0, 1);
    ngx_household_counters_inc(set(c, 1), 0, 1);
    assert_int_equal(ngx_household_counters_get(set(next, 1), 0), 3);

    c = configure(next, COUNTERS, 0, 1);
    assert_int_equal(ngx_household_counters_get(set(c, 0), 0), 2);
}


static void
test_full(void **data)
{
    ngx_uint_t                 i;
    ngx_household_counters_t  *c;

    c = configure(NULL, COUNTERS, 0, NGX_HOUSEHOLD_COUNTERS_SETS);

    ngx_household_counters_start(c, 1);

    for (i = 0; i < NGX_HOUSEHOLD_COUNTERS_SETS; i++) {
        ngx_household_counters_inc(set(c, i), 1, i + 1);
    }

    for (i = 0; i < NGX_HOUSEHOLD_COUNTERS_SETS; i++) {
        assert_int_equal(ngx_household_counters_get(set(c, i), 1), i + 1);
    }

    /* those of this configuration stay, an older one makes room */

    c = configure(c, COUNTERS, 1, NGX_HOUSEHOLD_COUNTERS_SETS);

    for (i = 1; i < NGX_HOUSEHOLD_COUNTERS_SETS; i++) {
        assert_int_equal(ngx_household_counters_get(set(c, i), 1), i + 1);
    }

    assert_int_equal(ngx_household_counters_get(set(c, i), 1), 0);

    assert_null(configure(NULL, COUNTERS, 0, NGX_HOUSEHOLD_COUNTERS_SETS + 1));
    assert_string_equal(test_log, "zone \"household_counters\": too many "
                                  "stores: 65, limit 64");
}


/* another build of the module counts other things */

static void
test_layout(void **data)
{
    ngx_household_counters_t  *c;

    c = configure(NULL, COUNTERS, 0, 1);
    assert_null(configure(c, COUNTERS + 1, 0, 1));
    assert_string_equal(test_log, "zone \"household_counters\": incompatible "
                                  "layout of another version of the household "
                                  "module");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_layout)
    };

    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
