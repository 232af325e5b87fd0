
/*
 * Units of ngx_household_time.c, compared with the C library.
 */


#include "ngx_household_test.h"
#include "ngx_household_time.h"
#include <time.h>


#define TEST_TIMES  200000


static ngx_int_t
test_parse(const char *text, int64_t *time)
{
    ngx_int_t  rc;
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = test_copy(text, s.len);

    rc = ngx_household_time_parse(&s, time);

    free(s.data);

    return rc;
}


static void
test_time_random(void **state)
{
    char        expected[64];
    u_char      text[NGX_HOUSEHOLD_TIME_LEN];
    time_t      t;
    int64_t     parsed;
    struct tm   tm;
    ngx_str_t   s;
    ngx_uint_t  i;

    test_random_start("time");

    for (i = 0; i < TEST_TIMES; i++) {
        t = (time_t) test_below(i % 2 ? 253402300800ULL : 4102444800ULL);

        (void) gmtime_r(&t, &tm);
        (void) strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm);

        assert_ptr_equal(ngx_household_time_format(text, t),
                         text + NGX_HOUSEHOLD_TIME_LEN);
        assert_memory_equal(text, expected, NGX_HOUSEHOLD_TIME_LEN);

        s.data = text;
        s.len = NGX_HOUSEHOLD_TIME_LEN;

        assert_int_equal(ngx_household_time_parse(&s, &parsed), NGX_OK);
        assert_int_equal(parsed, t);
    }
}


static void
test_time_forms(void **state)
{
    int64_t     time;
    ngx_uint_t  i;

    static const struct {
        const char  *text;
        int64_t      time;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01t00:00:01z", 1 },
        { "2026-11-25T20:00:00+01:00", 1795633200 },
        { "2026-11-25T20:00:00-01:30", 1795642200 },
        { "2026-11-25T20:00:00.999Z", 1795636800 },
        { "2024-02-29T00:00:00Z", 1709164800 },
        { "2000-02-29T00:00:00Z", 951782400 },
        { "2016-12-31T23:59:60Z", 1483228799 },
        { "9999-12-31T23:59:59Z", 253402300799LL }
    };

    static const char  *bad[] = {
        "", "2026", "2026-11-25", "2026-11-25T20:00:00",
        "2026-11-25 20:00:00Z", "2026-11-25T20:00Z", "2026-11-25T20:00:00ZZ",
        "2026-11-25T20:00:00.Z", "2026-11-25T20:00:00+0100",
        "2026-11-25T20:00:00+1:00", "2026-11-25T20:00:00+24:00",
        "2026-11-25T20:00:00+01:60", "2026-11-25T20:00:00+01:00Z",
        "2026-13-25T20:00:00Z", "2026-00-25T20:00:00Z",
        "2026-11-31T20:00:00Z", "2026-11-00T20:00:00Z",
        "2026-02-29T20:00:00Z", "1900-02-29T00:00:00Z",
        "2026-11-25T24:00:00Z", "2026-11-25T20:60:00Z",
        "2026-11-25T20:00:61Z", "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-00:01", "1970-01-01T00:00:00+00:01",
        "0000-01-01T00:00:00Z", "+026-11-25T20:00:00Z", "1795636800"
    };

    for (i = 0; i < test_count(good); i++) {
        assert_int_equal(test_parse(good[i].text, &time), NGX_OK);
        assert_int_equal(time, good[i].time);
    }

    for (i = 0; i < test_count(bad); i++) {
        assert_int_equal(test_parse(bad[i], &time), NGX_DECLINED);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_time_random),
        cmocka_unit_test(test_time_forms)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
