
/*
 * Unit of ngx_household_zone_state_save.c: which process writes the file and
 * when, and a file that cannot be written.
 */

#include "ngx_household_zone_state_test.h"

#include <sys/resource.h>


static ngx_path_t  *test_paths[8];


/* part by part, then again after the interval */

static void
test_manage(void **data)
{
    ngx_uint_t                n;
    struct stat               st;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store;

    store = state_start();
    zone = store->zone;
    fetch(store, "a", "value", NOW);

    for (n = 0; ngx_household_zone_state_manage(zone->state) == 1; n++) {
        assert_true(n < 100);
        assert_int_equal(stat(test_path, &st), -1);
        assert_int_equal(stat(test_temp, &st), 0);
    }

    assert_int_equal(stat(test_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(test_temp, &st), -1);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_SAVED), 1);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_NOT_SAVED), 0);

    ngx_current_msec = NOW + 1000;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 4000);

    /* one of a new configuration goes on with the time of the former */

    store = state_declare(SIZE, "main", ACCOUNT);
    assert_int_equal(zone_reuse(store->zone, zone), NGX_OK);
    zone = store->zone;

    ngx_current_msec = NOW + 4990;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 10);

    /* unless its interval is shorter */

    ngx_current_msec = NOW + 500;
    zone->state->interval = 1000;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1000);

    ngx_current_msec = NOW + 1500;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1);
    while (ngx_household_zone_state_manage(zone->state) == 1) { /* void */ }

    zone->state->interval = 5000;
    ngx_current_msec = NOW + 2500;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1);
    while (ngx_household_zone_state_manage(zone->state) == 1) { /* void */ }

    ngx_current_msec = NOW + 7490;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 10);

    ngx_current_msec = NOW + 7500;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1);

    /* killed in the middle: the next one begins again */

    (void) close(zone->state->fd);
    free(zone->state->writer.buf);
    zone->state->fd = NGX_INVALID_FILE;
    zone->state->writer.buf = NULL;
    assert_int_equal(truncate(test_temp, 100000), 0);

    assert_int_equal(ngx_household_zone_state_save(zone->state, 0), NGX_OK);
    zone_stop(zone);

    store = state_start();
    assert_int_equal(records(store), 1);
    zone_stop(store->zone);
}


/* while another process writes, this one does not */

static void
test_busy(void **data)
{
    struct stat               st;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store;

    store = state_start();
    zone = store->zone;

    test_locked = NGX_EAGAIN;
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1000);
    assert_int_equal(ngx_household_zone_state_save(zone->state, 1), NGX_BUSY);
    assert_int_equal(stat(test_path, &st), -1);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_NOT_SAVED), 0);

    test_locked = 0;
    assert_int_equal(ngx_household_zone_state_save(zone->state, 1), NGX_OK);
    zone_stop(zone);
}


/* of all processes of the present configuration the first one that exits */

static void
test_exit(void **data)
{
    struct stat               st;
    ngx_cycle_t               cycle;
    ngx_array_t               zones;
    ngx_household_zone_t     *zone, *next;
    ngx_household_zone_ns_t  *store;

    store = state_start();
    zone = store->zone;

    memset(&cycle, 0, sizeof(cycle));
    cycle.paths.elts = test_paths;
    cycle.paths.size = sizeof(ngx_path_t *);

    zones.elts = &zone;
    zones.nelts = 1;

    assert_int_equal(ngx_household_zone_state_init(&cycle, &zones), NGX_OK);
    assert_int_equal(cycle.paths.nelts, 1);
    assert_ptr_equal(test_paths[0]->manager, ngx_household_zone_state_manage);
    assert_ptr_equal(test_paths[0]->data, zone->state);

    ngx_household_zone_state_start(zone);
    ngx_household_zone_state_exit(zone);
    assert_int_equal(unlink(test_path), 0);

    ngx_household_zone_state_exit(zone);
    assert_int_equal(stat(test_path, &st), -1);

    /* nor does the cache manager: what it began would be left */

    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1000);
    assert_int_equal(stat(test_temp, &st), -1);

    /* workers were started again */

    ngx_household_zone_state_start(zone);
    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1);
    assert_int_equal(stat(test_temp, &st), 0);
    while (ngx_household_zone_state_manage(zone->state) == 1) { /* void */ }
    assert_int_equal(unlink(test_path), 0);

    ngx_household_zone_state_exit(zone);
    assert_int_equal(unlink(test_path), 0);

    /* a reload keeps the zone: those of before do not write */

    store = state_declare(SIZE, "main", ACCOUNT);
    next = store->zone;
    assert_int_equal(zone_reuse(next, zone), NGX_OK);

    /* not before it has taken effect */

    ngx_household_zone_state_start(zone);
    ngx_household_zone_state_exit(zone);
    assert_int_equal(unlink(test_path), 0);

    ngx_household_zone_state_start(zone);
    zones.elts = &next;
    assert_int_equal(ngx_household_zone_state_init(&cycle, &zones), NGX_OK);
    ngx_household_zone_state_exit(zone);
    assert_int_equal(stat(test_path, &st), -1);

    ngx_household_zone_state_exit(next);
    assert_int_equal(unlink(test_path), 0);

    /* another one has no zone at all */

    ngx_household_zone_state_start(next);
    assert_int_equal(ngx_household_zone_state_init(&cycle, NULL), NGX_OK);
    ngx_household_zone_state_exit(next);
    assert_int_equal(stat(test_path, &st), -1);

    zone_stop(next);
}


static void
test_cannot_write(void **data)
{
    struct stat               st;
    struct rlimit             limit, none;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store;

    store = state_start();
    zone = store->zone;
    fetch(store, "a", "value", NOW);
    assert_int_equal(ngx_household_zone_state_save(zone->state, 1), NGX_OK);

    /* a disk that is full */

    (void) signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = limit;
    none.rlim_cur = NGX_HOUSEHOLD_ZONE_STATE_HEADER + 3;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);

    test_log[0] = '\0';
    assert_int_equal(ngx_household_zone_state_save(zone->state, 1),
                     NGX_ERROR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);

    assert_non_null(strstr(test_log, "\" not written: write() failed"));
    assert_int_equal(stat(test_temp, &st), -1);
    assert_int_equal(stat(test_path, &st), 0);

    /* a link in the place of the temporary file: once in the log */

    test_log[0] = '\0';
    assert_int_equal(symlink(test_path, test_temp), 0);
    assert_int_equal(ngx_household_zone_state_save(zone->state, 1),
                     NGX_ERROR);
    assert_string_equal(test_log, "");
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_NOT_SAVED), 2);
    assert_int_equal(unlink(test_temp), 0);

    assert_int_equal(ngx_household_zone_state_save(zone->state, 1), NGX_OK);
    assert_non_null(strstr(test_log, "\" written again"));

    /* a folder in the place of the file */

    assert_int_equal(unlink(test_path), 0);
    assert_int_equal(mkdir(test_path, 0700), 0);
    assert_int_equal(ngx_household_zone_state_save(zone->state, 1),
                     NGX_ERROR);
    assert_non_null(strstr(test_log, "\" not written: rename() failed"));
    assert_int_equal(stat(test_temp, &st), -1);

    zone_stop(zone);

    store = state_start();
    assert_non_null(strstr(test_log, "ignored: not a regular file"));
    assert_int_equal(rmdir(test_path), 0);
    zone_stop(store->zone);
}


static int
run(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_manage, state_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_busy, state_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_exit, state_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_cannot_write, state_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


int
main(void)
{
    return state_run(run);
}
