
/*
 * Unit of ngx_household_keyset_shm.c: the shared memory through configurations.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"
#include "ngx_household_keyset_shm.h"


#define TEST_SIZE  (256 * 4096)


static ngx_str_t  url = ngx_string("https://id.example.tv/jwks.json");


/* memory as nginx hands it over: with the slab allocator in it */

static void
test_memory(ngx_shm_zone_t *zone, ngx_household_keyset_t *keyset)
{
    ngx_slab_pool_t  *sp;

    memset(zone, 0, sizeof(ngx_shm_zone_t));
    memset(keyset, 0, sizeof(ngx_household_keyset_t));

    keyset->url = url;
    keyset->refresh = 1000;

    zone->data = keyset;
    zone->shm.size = TEST_SIZE;
    zone->shm.log = &test_log_object;
    zone->shm.addr = aligned_alloc(4096, TEST_SIZE);
    assert_non_null(zone->shm.addr);
    memset(zone->shm.addr, 0, TEST_SIZE);

    sp = (ngx_slab_pool_t *) zone->shm.addr;
    sp->end = zone->shm.addr + TEST_SIZE;
    sp->min_shift = 3;
    sp->addr = zone->shm.addr;

    assert_int_equal(ngx_shmtx_create(&sp->mutex, &sp->lock, NULL), NGX_OK);
    ngx_slab_init(sp);

    assert_int_equal(ngx_household_keyset_shm_init(zone, NULL), NGX_OK);
}


static void
test_reload(void **data)
{
    ngx_shm_zone_t           zone;
    ngx_household_keyset_t   keyset, next;

    test_memory(&zone, &keyset);

    keyset.sh->generation = 7;
    keyset.sh->started = 1;
    keyset.sh->next = ngx_current_msec + 100000;

    next = keyset;
    next.sh = NULL;
    next.refresh = 500;
    zone.data = &next;

    assert_int_equal(ngx_household_keyset_shm_init(&zone, &keyset), NGX_OK);
    assert_ptr_equal(next.sh, keyset.sh);
    assert_int_equal(next.sh->generation, 7);

    /* fetched earlier if "refresh" is shorter now */

    assert_int_equal(next.sh->next, ngx_current_msec + 500);

    free(zone.shm.addr);
}


static void
test_other_layout(void **data)
{
    ngx_shm_zone_t           zone;
    ngx_household_keyset_t   keyset, next;

    test_memory(&zone, &keyset);

    keyset.sh->layout++;
    next = keyset;
    zone.data = &next;

    assert_int_equal(ngx_household_keyset_shm_init(&zone, &keyset), NGX_ERROR);
    assert_string_equal(test_log, "household keyset "
                                  "\"https://id.example.tv/jwks.json\": "
                                  "incompatible layout of another module "
                                  "version; restart");

    /* after an upgrade of the program, as well */

    test_log[0] = '\0';
    zone.shm.exists = 1;

    assert_int_equal(ngx_household_keyset_shm_init(&zone, NULL), NGX_ERROR);
    assert_non_null(strstr(test_log, "incompatible layout"));

    free(zone.shm.addr);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_other_layout)
    };

    return cmocka_run_group_tests_name("ngx_household_keyset_shm", tests,
                                       test_setup, test_teardown);
}
