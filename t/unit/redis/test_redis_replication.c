
/*
 * Units of ngx_household_redis_replication.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_redis_replication.h"


#define TEST_FITS     NULL
#define TEST_INVALID  "invalid INFO reply"
#define TEST_LINK     "replica without a link to its primary"
#define TEST_SILENT   "replica received nothing from its primary"


/* in memory of its own, so that a byte read beyond is found */

static void
test_is(const char *text, ngx_msec_t max_lag, const char *want)
{
    ngx_uint_t                   lag;
    char                        *copy;
    const char                  *got;
    ngx_household_resp_value_t   v;

    ngx_memzero(&v, sizeof(ngx_household_resp_value_t));

    copy = (char *) test_copy(text, strlen(text));

    v.type = NGX_HOUSEHOLD_RESP_BULK;
    v.str.data = (u_char *) copy;
    v.str.len = strlen(text);

    got = ngx_household_redis_replication_check(&v, max_lag, &lag);

    if (want == NULL) {
        assert_null(got);
        assert_true(lag < max_lag / 1000);

    } else {
        assert_non_null(got);
        assert_string_equal(got, want);
    }

    free(copy);
}


static void
test_replication_roles(void **data)
{
    test_is("# Replication\r\nrole:master\r\nconnected_slaves:0\r\n", 1000,
            TEST_FITS);
    test_is("role:master", 1000, TEST_FITS);
    test_is("role:masters\r\n", 1000, TEST_INVALID);
    test_is("role:slave\r\n", 1000, TEST_INVALID);
    test_is("role:", 1000, TEST_INVALID);
    test_is("", 1000, TEST_INVALID);
    test_is("\n", 1000, TEST_INVALID);
    test_is("the_role:master\r\n", 1000, TEST_INVALID);
}


static void
test_replication_link(void **data)
{
    test_is("role:slave\r\nmaster_link_status:down\r\n"
            "master_last_io_seconds_ago:-1\r\n", 1000, TEST_LINK);
    test_is("role:slave\r\nmaster_link_status:upper\r\n"
            "master_last_io_seconds_ago:0\r\n", 1000, TEST_LINK);
    test_is("role:slave\r\nmaster_link_status:up\r\n", 1000, TEST_INVALID);
}


static void
test_replication_lag(void **data)
{
#define TEST_AGO(n)  "role:slave\r\nmaster_link_status:up\r\n"               \
                     "master_last_io_seconds_ago:" n "\r\nmore:1\r\n"

    test_is(TEST_AGO("0"), 1000, TEST_FITS);
    test_is(TEST_AGO("1"), 1000, TEST_SILENT);
    test_is(TEST_AGO("2"), 3999, TEST_FITS);
    test_is(TEST_AGO("3"), 3999, TEST_SILENT);
    test_is(TEST_AGO("14"), 15000, TEST_FITS);
    test_is(TEST_AGO("15"), 15000, TEST_SILENT);
    test_is(TEST_AGO("-1"), 15000, TEST_SILENT);
    test_is(TEST_AGO(""), 15000, TEST_SILENT);
    test_is(TEST_AGO("99999999999999999999"), 15000, TEST_SILENT);
}


static void
test_replication_type(void **data)
{
    ngx_uint_t                  lag;
    ngx_household_resp_value_t  v;

    ngx_memzero(&v, sizeof(ngx_household_resp_value_t));

    v.type = NGX_HOUSEHOLD_RESP_NIL;

    assert_string_equal(ngx_household_redis_replication_check(&v, 1000, &lag),
                        TEST_INVALID);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_replication_roles),
        cmocka_unit_test(test_replication_link),
        cmocka_unit_test(test_replication_lag),
        cmocka_unit_test(test_replication_type),
    };

    return cmocka_run_group_tests_name("ngx_household_redis_replication",
                                       tests, NULL, NULL);
}
