
/*
 * Unit of ngx_household_zone_state.c: what of a zone is saved and restored,
 * by a clock of the test's own, and files that are not what was written.
 */

#include "ngx_household_zone_state_test.h"


/* fresh before, stale after; and so for each of a thousand */

static void
test_restart(void **data)
{
    char                      id[32];
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    store = state_start();
    assert_int_equal(records(store), 0);

    (void) ngx_household_zone_renew(store, NOW, 2000, 1);

    for (i = 0; i < 500; i++) {
        sprintf(id, "account %d", (int) i);
        assert_int_equal(fetch(store, id, id, NOW), NGX_OK);
    }

    assert_int_equal(fetch(store, UUID, "the uuid", NOW), NGX_OK);
    assert_int_equal(get(store, "account 0", NOW), HIT);

    store = state_restart(store);

    assert_string_equal(test_log, "household zone \"households\": "
                                  "state restored, 501 entries");
    assert_int_equal(records(store), 501);

    /* nor once the namespace is tracked */

    for (i = 0; i < 500; i++) {
        sprintf(id, "account %d", (int) i);
        assert_int_equal(get(store, id, NOW), EXPIRED);
        assert_string_equal(got, id);
        assert_int_equal(found.invalidated, 1);
        assert_int_equal(found.changed, 0);

        if (i == 250) {
            (void) ngx_household_zone_renew(store, NOW, 2000, 1);
        }
    }

    assert_int_equal(get(store, UUID, NOW), EXPIRED);
    assert_string_equal(got, "the uuid");

    /* a fetch makes it fresh */

    assert_int_equal(fetch(store, UUID, "new", NOW), NGX_OK);
    assert_int_equal(get(store, UUID, NOW), HIT);
    assert_string_equal(got, "new");

    zone_stop(store->zone);
}


static void
test_flags(void **data)
{
    char                      large[NGX_HOUSEHOLD_ZONE_VALUE_MAX + 1];
    ngx_household_zone_ns_t  *store;

    memset(large, 'l', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';

    store = state_start();

    assert_int_equal(ngx_household_zone_put(store, id_of("missing"), NULL, 0,
                         1, ngx_household_zone_get_generation(store,
                                                        id_of("missing")),
                         NOW, FRESH, STALE),
                     NGX_OK);

    fetch(store, "changed", "old", NOW);
    invalidate(store, "changed");
    fetch(store, "large", large, NOW);

    /* another caller is fetching it: not so after a restart */

    fetch(store, "updating", "value", NOW);
    assert_int_equal(get(store, "updating", NOW + OLD), EXPIRED);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(get(store, "updating", NOW + OLD), EXPIRED);
    assert_int_equal(found.refresh, 0);

    store = state_restart(store);

    assert_int_equal(get(store, "missing", NOW), EXPIRED);
    assert_int_equal(found.missing, 1);
    assert_int_equal(get(store, "changed", NOW), EXPIRED);
    assert_int_equal(found.changed, 1);
    assert_int_equal(get(store, "large", NOW), EXPIRED);
    assert_string_equal(got, large);
    assert_int_equal(get(store, "updating", NOW), EXPIRED);
    assert_int_equal(found.refresh, 1);

    zone_stop(store->zone);
}


/* time goes on while there is no process; a machine starts its clock anew */

static void
test_age(void **data)
{
    ngx_household_zone_ns_t  *store;

    store = state_start();

    fetch(store, "a", "value", NOW);
    ngx_current_msec = NOW + 1000;

    assert_int_equal(ngx_household_zone_state_save(store->zone->state, 1),
                     NGX_OK);
    zone_stop(store->zone);

    clock_set(1000000000000 + FRESH + STALE - 2 * FRESH / 10);
    ngx_current_msec = 50;

    store = state_start();
    assert_int_equal(get(store, "a", 50), EXPIRED);
    assert_int_equal(found.age, FRESH + STALE - 2 * FRESH / 10 + 1000);

    assert_int_equal(get(store, "a", 50 + 2 * FRESH / 10), MISS);
    zone_stop(store->zone);

    clock_set(1000000000000 + FRESH + STALE);

    store = state_start();
    assert_int_equal(records(store), 0);
    zone_stop(store->zone);

    /* the clock was set back: by a little, by much */

    clock_set(1000000000000 - 59000);

    store = state_start();
    assert_int_equal(get(store, "a", 50), EXPIRED);
    assert_int_equal(found.age, 0);
    zone_stop(store->zone);

    clock_set(1000000000000 - 61000);

    store = state_start();
    assert_int_equal(records(store), 0);
    assert_non_null(strstr(test_log, "ignored: time in the future"));
    zone_stop(store->zone);
}


/* of no use later: tokens, values that may not be stale, what is over */

static void
test_not_saved(void **data)
{
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store, *token, *fleet;

    store = state_declare(SIZE, "main", ACCOUNT);
    token = zone_store(store->zone, TOKEN, "main", 0);
    fleet = zone_store(store->zone, FLEET, "main", 0);
    zone = store->zone;
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(store, "account", "value", NOW);
    fetch(token, "token", "value", NOW);
    fetch(fleet, "control", "value", NOW);

    assert_int_equal(ngx_household_zone_put(store, id_of("not stale"),
                         (u_char *) "v", 1, 0,
                         ngx_household_zone_get_generation(store,
                                                       id_of("not stale")),
                         NOW, FRESH, 0),
                     NGX_OK);
    assert_int_equal(ngx_household_zone_put(store, id_of("over"),
                         (u_char *) "v", 1, 0,
                         ngx_household_zone_get_generation(store,
                                                           id_of("over")),
                         NOW, 10, 10),
                     NGX_OK);

    ngx_current_msec = NOW + 20;
    clock_set(1000000000020);

    assert_int_equal(ngx_household_zone_state_save(zone->state, 1), NGX_OK);
    zone_stop(zone);

    store = state_declare(SIZE, "main", ACCOUNT);
    (void) zone_store(store->zone, TOKEN, "main", 0);
    fleet = zone_store(store->zone, FLEET, "main", 0);
    assert_int_equal(zone_start(store->zone), NGX_OK);

    assert_string_equal(test_log, "household zone \"households\": "
                                  "state restored, 2 entries");
    assert_int_equal(get(store, "account", NOW), EXPIRED);
    assert_int_equal(get(fleet, "control", NOW), EXPIRED);
    assert_int_equal(found.invalidated, 1);

    zone_stop(store->zone);
}


/* values of other servers are not those of these */

static void
test_namespaces(void **data)
{
    ngx_household_zone_ns_t  *store, *other;

    store = state_declare(SIZE, "main", ACCOUNT);
    other = zone_store(store->zone, ACCOUNT, "other", 1);
    assert_int_equal(zone_start(store->zone), NGX_OK);

    fetch(store, "a", "of main", NOW);
    fetch(other, "a", "of other", NOW);
    fetch(other, "b", "of other", NOW);
    fetch(store, "d", "of main", NOW);
    fetch(store, "e", "of main", NOW);
    ngx_household_zone_flush(store);
    fetch(store, "c", "of main", NOW);

    assert_int_equal(ngx_household_zone_state_save(store->zone->state, 1),
                     NGX_OK);
    zone_stop(store->zone);

    /* in another order, beside a new one */

    other = state_declare(SIZE, "other", ACCOUNT);
    (void) zone_store(other->zone, ACCOUNT, "new", 1);
    store = zone_store(other->zone, ACCOUNT, "main", 1);
    assert_int_equal(zone_start(other->zone), NGX_OK);

    assert_int_equal(get(store, "a", NOW), MISS);
    assert_int_equal(get(store, "b", NOW), MISS);
    assert_int_equal(get(store, "e", NOW), MISS);
    assert_int_equal(get(store, "c", NOW), EXPIRED);
    assert_string_equal(got, "of main");
    assert_int_equal(get(other, "a", NOW), EXPIRED);
    assert_string_equal(got, "of other");
    zone_stop(other->zone);

    store = state_declare(SIZE, "another", ACCOUNT);
    assert_int_equal(zone_start(store->zone), NGX_OK);
    assert_string_equal(test_log, "household zone \"households\": "
                                  "state restored, 0 entries");
    zone_stop(store->zone);
}


/* a reload replaces a namespace during a save: its values are of no origin */

static void
test_replaced(void **data)
{
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store;

    store = state_start();
    zone = store->zone;
    fetch(store, "a", "of main", NOW);

    assert_int_equal(ngx_household_zone_state_manage(zone->state), 1);

    zone->sh->namespaces[store->index].incarnation++;

    while (zone->state->fd != NGX_INVALID_FILE) {
        (void) ngx_household_zone_state_manage(zone->state);
    }

    zone_stop(zone);

    store = state_start();
    assert_int_equal(records(store), 0);
    zone_stop(store->zone);
}


/* into a smaller zone as much as fits; the rest is evicted */

static void
test_smaller(void **data)
{
    char                      id[32];
    ngx_uint_t                i, n;
    ngx_household_zone_ns_t  *store;

    store = state_start();

    for (i = 0; i < 1000; i++) {
        sprintf(id, "account %d", (int) i);
        fetch(store, id, id, NOW);
    }

    assert_int_equal(ngx_household_zone_state_save(store->zone->state, 1),
                     NGX_OK);
    zone_stop(store->zone);

    store = state_declare(16 * 4096, "main", ACCOUNT);
    assert_int_equal(zone_start(store->zone), NGX_OK);

    n = 0;

    for (i = 0; i < 1000; i++) {
        sprintf(id, "account %d", (int) i);
        n += get(store, id, NOW) == EXPIRED;
    }

    assert_in_range(n, 100, 900);
    assert_int_equal(records(store), n);
    zone_stop(store->zone);
}


/* half of the entries are in the zone already when the fault is found */

static void
test_damaged(void **data)
{
    int                       fd;
    char                      id[32], value[100], byte;
    ngx_uint_t                i;
    struct stat               st;
    ngx_household_zone_ns_t  *store;

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';

    store = state_start();

    for (i = 0; i < 1200; i++) {
        sprintf(id, "account %d", (int) i);
        assert_int_equal(fetch(store, id, value, NOW), NGX_OK);
    }

    assert_int_equal(ngx_household_zone_state_save(store->zone->state, 1),
                     NGX_OK);
    zone_stop(store->zone);

    /* nginx -t reads no file */

    ngx_test_config = 1;
    store = state_start();
    assert_int_equal(records(store), 0);
    zone_stop(store->zone);
    ngx_test_config = 0;

    /* the checksum of the last block */

    fd = open(test_path, O_RDWR);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size > NGX_HOUSEHOLD_ZONE_STATE_BLOCK);
    assert_int_equal(pread(fd, &byte, 1, st.st_size - 1), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 1), 1);

    store = state_start();
    assert_non_null(strstr(test_log, "ignored: wrong checksum"));
    assert_int_equal(records(store), 0);
    assert_int_equal(get(store, "account 0", NOW), MISS);
    assert_int_equal(fetch(store, "account 0", "value", NOW), NGX_OK);
    zone_stop(store->zone);

    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 1), 1);
    assert_int_equal(pwrite(fd, &byte, 1, st.st_size), 1);

    store = state_start();
    assert_non_null(strstr(test_log, "ignored: data after the end"));
    assert_int_equal(records(store), 0);
    zone_stop(store->zone);

    assert_int_equal(ftruncate(fd, st.st_size - 16), 0);
    (void) close(fd);

    store = state_start();
    assert_non_null(strstr(test_log, "ignored: truncated"));
    assert_int_equal(records(store), 0);
    zone_stop(store->zone);
}


static int
run(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_restart, state_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_flags, state_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_age, state_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_not_saved, state_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_namespaces, state_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_replaced, state_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_smaller, state_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_damaged, state_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


int
main(void)
{
    return state_run(run);
}
