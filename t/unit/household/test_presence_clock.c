
/*
 * Units of src/household/ngx_household_presence*.c: the clock of an edge was
 * wrong for one request.
 */


#include "ngx_household_presence_test.h"


#define BELONGS     NGX_HOUSEHOLD_PRESENCE_BELONGS
#define NOT_SHARED  NGX_HOUSEHOLD_PRESENCE_NOT_SHARED
#define SHARED      NGX_HOUSEHOLD_PRESENCE_SHARED


static void
test_presence_clock_ahead(void **state)
{
    int                              i;
    ngx_household_presence_t         p;
    ngx_household_presence_reason_e  reason;

    /* a device that is not there any more, and a household that has moved */

    ngx_memzero(&p, sizeof(p));

    assert_int_equal(test_visit(&p, "tv", 1, 0), BELONGS);
    assert_int_equal(test_visit(&p, "tv", 1, 400 * TEST_A_DAY), BELONGS);

    for (i = 1; i < 100; i++) {
        reason = test_visit(&p, "box", 2, i * TEST_A_DAY);
        assert_int_not_equal(reason, SHARED);
    }

    assert_int_equal(p.group[0].conflict, 0);

    /* nor is it the anchor */

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < 8; i++) {
        assert_int_equal(test_visit(&p, "tv", 1, i * TEST_A_DAY), BELONGS);
        assert_int_equal(test_visit(&p, "phone", 1, i * TEST_A_DAY + 60),
                         BELONGS);
    }

    assert_int_equal(test_visit(&p, "tv", 1, 400 * TEST_A_DAY), BELONGS);

    for (/* void */; i < 200; i++) {
        assert_int_equal(test_visit(&p, "phone", 1 + i / 30,
                                    i * TEST_A_DAY + 60), BELONGS);
    }

    assert_int_equal(test_device(&p, "phone") - p.device + 1, p.anchor);

    /* an hour is taken as now */

    ngx_memzero(&p, sizeof(p));

    assert_int_equal(test_visit(&p, "tv", 1, TEST_HOUR), BELONGS);
    assert_int_equal(test_visit(&p, "box", 2, 0), NOT_SHARED);
    assert_int_not_equal(p.group[0].conflict, 0);
}


static void
test_presence_clock_behind(void **state)
{
    test_ask_t                       q;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  a;

    ngx_memzero(&p, sizeof(p));
    ngx_memzero(&q, sizeof(test_ask_t));

    assert_int_equal(test_visit(&p, "tv", 1, 400 * TEST_A_DAY), BELONGS);
    assert_int_equal(test_visit(&p, "phone", 2, 401 * TEST_A_DAY), NOT_SHARED);

    q.device = "phone";
    q.place = 3;

    test_ask(&p, &q, &a);

    assert_int_equal(a.reason, NOT_SHARED);
    assert_int_equal(a.at_once, 0);
    assert_int_equal(p.group[0].conflict, 0);

    q.device = "tv";
    q.place = 4;

    test_ask(&p, &q, &a);

    assert_int_equal(a.reason, BELONGS);
    assert_int_equal(p.devices, 2);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_presence_clock_ahead),
        cmocka_unit_test(test_presence_clock_behind),
    };

    return cmocka_run_group_tests(tests, test_start, NULL);
}
