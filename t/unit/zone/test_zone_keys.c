
/*
 * Unit of ngx_household_zone.c: keys.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE  (64 * 4096)
#define UUID  "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"


static void
test_keys(void **data)
{
    char                      id[37];
    ngx_str_t                 s;
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    static const char  raw[16] = "\x0d\x8f\x7f\x6c\x3b\x1e\x4c\x5a"
                                 "\x9a\x77\x1f\x0e\x2d\x3c\x4b\x5a";

    /* none of them is another one */

    static const char  *ids[] = {
        UUID,
        "0D8F7F6C-3B1E-4C5A-9A77-1F0E2D3C4B5A",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5b",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5A",
        "0d8f7f6c03b1e04c5a09a7701f0e2d3c4b5a",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a-",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5g",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5:",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5/",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5`",
        "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5\xb5",
        "0d8f7f6c3b1e4c5a9a771f0e2d3c4b5a",
        "1d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a",
        "-0d8f7f6-3b1e-4c5a-9a77-1f0e2d3c4b5a",
        "",
        "a"
    };

    store = store_start(SIZE, 0);

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(get(store, ids[i], 0), MISS);
        assert_int_equal(fetch(store, ids[i], ids[i], 0), NGX_OK);
    }

    /* nor one byte of it */

    for (i = 0; i < 36; i++) {
        strcpy(id, UUID);
        id[i] = '_';
        assert_int_equal(get(store, id, 0), MISS);
    }

    s.data = (u_char *) raw;
    s.len = 16;

    assert_int_equal(ngx_household_zone_get(store, &s, 0, (u_char *) got, 99,
                                            &found), MISS);

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(get(store, ids[i], 0), HIT);
        assert_string_equal(got, ids[i]);
    }

    zone_stop(store->zone);
}


/* the longest, and one too long */

static void
test_keys_long(void **data)
{
    char                      id[200];
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    memset(id, 'x', sizeof(id));
    id[NGX_HOUSEHOLD_ZONE_ID_LEN] = '\0';
    assert_int_equal(fetch(store, id, "longest", 0), NGX_OK);
    assert_int_equal(get(store, id, 0), HIT);

    id[NGX_HOUSEHOLD_ZONE_ID_LEN] = 'x';
    id[NGX_HOUSEHOLD_ZONE_ID_LEN + 1] = '\0';
    assert_int_equal(fetch(store, id, "too long", 0), NGX_ERROR);
    assert_int_equal(get(store, id, 0), MISS);
    invalidate(store, id);

    zone_stop(store->zone);
}


static void
test_keys_bytes(void **data)
{
    ngx_str_t                 s;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    s.data = (u_char *) "a\0b";
    s.len = 3;
    ngx_household_zone_put(store, &s, (u_char *) "nul", 3, 0,
                           ngx_household_zone_get_generation(store, &s), 0,
                           FRESH, 0);
    assert_int_equal(ngx_household_zone_get(store, &s, 0, (u_char *) got, 99,
                                            &found), HIT);
    s.data = (u_char *) "a\0c";
    assert_int_equal(ngx_household_zone_get(store, &s, 0, (u_char *) got, 99,
                                            &found), MISS);

    zone_stop(store->zone);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_long),
        cmocka_unit_test(test_keys_bytes)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_keys", tests,
                                       test_setup, test_teardown);
}
