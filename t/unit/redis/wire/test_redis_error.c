
/*
 * Unit of ngx_household_redis_error.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_redis_error.h"


static void
test_reply(void **state)
{
    char       buf[160];
    ngx_str_t  error;
    size_t     i;

    static const struct {
        const char  *error;
        const char  *err;
    } cases[] = {
        { "NOPERM this user has no permissions", "error reply NOPERM" },
        { "LOADING Redis is loading", "error reply LOADING" },
        { "CLUSTERDOWN", "error reply CLUSTERDOWN" },

        /* of a script, in Redis 7 and 6 */
        { "ERR The user executing the script can't run this command or "
          "subcommand script: 1f3a, on @user_script:4.", "error reply NOPERM" },
        { "ERR Error running script (call to f_1): @user_script:4: The user "
          "executing the script can't access at least one of the keys",
          "error reply NOPERM" },

        /* known texts, but no argument of a command */
        { "ERR This instance has cluster support disabled",
          "error reply ERR This instance has cluster support disabled" },
        { "ERR max number of clients reached",
          "error reply ERR max number of clients reached" },
        { "ERR invalid DB index 'secret'", "error reply ERR" },
        { "WHAT a secret", "error reply WHAT" },

        /* without a code */
        { "", "error reply ERR" },
        { "Secret", "error reply ERR" },
        { "SECRET-1 no", "error reply ERR" },
        { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "error reply ERR" },
        { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "error reply AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error.data = (u_char *) cases[i].error;
        error.len = strlen(cases[i].error);

        assert_string_equal(ngx_household_redis_error_reply((u_char *) buf,
                                                            sizeof(buf),
                                                            &error),
                            cases[i].err);
    }

    ngx_str_set(&error, "NOPERM");

    assert_string_equal(ngx_household_redis_error_reply((u_char *) buf, 15,
                                                        &error),
                        "error reply NO");
}


static void
test_ping(void **state)
{
    ngx_str_t   error;
    ngx_uint_t  i;

    static const struct {
        const char  *error;
        ngx_uint_t   alone;
    } cases[] = {
        { "NOPERM this user has no permissions to run the 'ping' command", 1 },
        { "MISCONF Redis is configured to save RDB snapshots, but", 1 },
        { "LOADING Redis is loading the dataset in memory", 0 },
        { "NOAUTH Authentication required.", 0 },
        { "MISCONFIGURED", 0 },
        { "ERR MISCONF", 0 },
        { "", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error.data = (u_char *) cases[i].error;
        error.len = strlen(cases[i].error);

        assert_int_equal(ngx_household_redis_error_of_ping(&error),
                         cases[i].alone);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_ping)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
