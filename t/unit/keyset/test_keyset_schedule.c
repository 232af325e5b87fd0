
/*
 * Units of when a key set is fetched.
 */


#include "ngx_household_test.h"
#include "ngx_household_keyset_schedule.h"


typedef struct {
    ngx_msec_t  refresh;
    int64_t     fresh;
    ngx_msec_t  longest;
} test_case_t;


static void
test_interval(void **state)
{
    size_t      i, n;
    uint32_t    random;
    ngx_msec_t  t, min, max;

    static const test_case_t  cases[] = {
        { 600000, -1, 600000 },
        { 600000, 3600, 600000 },
        { 600000, 600, 600000 },
        { 600000, 599, 599000 },
        { 600000, 60, 60000 },
        { 600000, 59, 60000 },
        { 600000, 0, 60000 },
        { 1000, -1, 1000 },
        { 1000, 0, 1000 },
        { 1000, 3600, 1000 },
        { 86400000, 0x7fffffff, 86400000 },
    };

    test_random_start("interval");

    for (i = 0; i < test_count(cases); i++) {
        min = (ngx_msec_t) -1;
        max = 0;

        for (n = 0; n < 100000; n++) {
            random = (uint32_t) test_random();
            t = ngx_household_keyset_interval(cases[i].refresh,
                                              cases[i].fresh, random);
            min = ngx_min(min, t);
            max = ngx_max(max, t);
        }

        /* a jitter of up to a tenth, and no more */

        assert_true(max <= cases[i].longest);
        assert_true(max >= cases[i].longest - cases[i].longest / 100);
        assert_true(min >= cases[i].longest - cases[i].longest / 10);
        assert_true(min <= cases[i].longest - cases[i].longest / 11);
    }
}


static void
test_backoff(void **state)
{
    size_t      i, n;
    ngx_msec_t  t, min, max, longest;

    static const ngx_msec_t  times[] = {
        1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000
    };

    test_random_start("backoff");

    for (i = 0; i < 2 * test_count(times); i++) {
        min = (ngx_msec_t) -1;
        max = 0;

        /* not longer than the interval between two fetches */

        longest = times[i / 2];
        longest = i % 2 ? ngx_min(longest, 10000) : longest;

        for (n = 0; n < 100000; n++) {
            t = ngx_household_keyset_backoff(i % 2 ? 10000 : 600000,
                                             i / 2 + 1,
                                             (uint32_t) test_random());
            min = ngx_min(min, t);
            max = ngx_max(max, t);
        }

        assert_true(max <= longest);
        assert_true(max >= longest - longest / 100);
        assert_true(min >= longest / 2);
        assert_true(min <= longest / 2 + longest / 100);
    }

    t = ngx_household_keyset_backoff(600000, (ngx_uint_t) -1, 0);
    assert_int_equal(t, 60000);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_backoff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
