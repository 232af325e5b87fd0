
/*
 * What the units of the state file share: a clock of the test's own, a file,
 * and more of what stands in place of nginx.
 *
 * Links: see ngx_household_zone_test.h.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_STATE_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_STATE_TEST_H_INCLUDED_


#include "ngx_household_zone_test.h"
#include "ngx_household_zone_state.h"


#define SIZE    (128 * 4096)
#define VALUES  7
#define NOW     1000000           /* ms of ngx_current_msec */
#define UUID    "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"


volatile ngx_time_t  *ngx_cached_time;
ngx_uint_t            ngx_test_config;

static ngx_time_t     test_time;
static char           test_dir[1024];
static char           test_path[sizeof(test_dir) + sizeof("/state")];
static char           test_temp[sizeof(test_path) + sizeof(".tmp")];


void
ngx_time_update(void)
{
}


/* a process does not wait for its own lock, so that this one stands in */

static ngx_err_t  test_locked;

ngx_err_t
ngx_trylock_fd(ngx_fd_t fd)
{
    return test_locked;
}


void *
ngx_array_push(ngx_array_t *a)
{
    return (char *) a->elts + a->nelts++ * a->size;
}


static void
clock_set(uint64_t ms)
{
    test_time.sec = ms / 1000;
    test_time.msec = ms % 1000;
}


static ngx_household_zone_ns_t *
state_declare(size_t size, const char *identity, ngx_uint_t kind)
{
    ngx_str_t              file;
    ngx_household_zone_t  *zone;

    zone = zone_declare(size);

    file.data = (u_char *) test_path;
    file.len = strlen(test_path);

    assert_int_equal(ngx_household_zone_state_add(&test_conf, zone, &file,
                                                  5000, VALUES),
                     NGX_OK);

    return zone_store(zone, kind, identity, 1);
}


static ngx_household_zone_ns_t *
state_start(void)
{
    ngx_household_zone_ns_t  *store;

    store = state_declare(SIZE, "main", ACCOUNT);
    assert_int_equal(zone_start(store->zone), NGX_OK);

    return store;
}


static ngx_household_zone_ns_t *
state_restart(ngx_household_zone_ns_t *store)
{
    assert_int_equal(ngx_household_zone_state_save(store->zone->state, 1),
                     NGX_OK);
    zone_stop(store->zone);

    return state_start();
}


static int
state_setup(void **data)
{
    ngx_cached_time = &test_time;
    clock_set(1000000000000);
    ngx_current_msec = NOW;
    test_locked = 0;
    ngx_test_config = 0;

    (void) unlink(test_path);
    (void) unlink(test_temp);

    return test_setup(data);
}


static int
state_run(int (*run)(void))
{
    int          failed;
    const char  *tmp;

    tmp = getenv("TMPDIR");

    (void) snprintf(test_dir, sizeof(test_dir), "%s/household-state-XXXXXX",
                    tmp != NULL ? tmp : "/tmp");

    /* fails, too, if the name was cut */

    if (mkdtemp(test_dir) == NULL) {
        return 1;
    }

    sprintf(test_path, "%s/state", test_dir);
    sprintf(test_temp, "%s.tmp", test_path);

    failed = run();

    (void) unlink(test_path);
    (void) unlink(test_temp);
    (void) rmdir(test_dir);

    return failed;
}


#endif /* _NGX_HOUSEHOLD_ZONE_STATE_TEST_H_INCLUDED_ */
