
/*
 * Units of ngx_household_redis_unfit.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_redis_unfit.h"


#define CUT   NGX_HOUSEHOLD_REDIS_CUT_OFF
#define NONE  NGX_HOUSEHOLD_REDIS_FIT


static ngx_household_redis_unfit_t  unfit;


static int
begin(void **data)
{
    ngx_memzero(&unfit, sizeof(ngx_household_redis_unfit_t));

    return 0;
}


static void
test_unfit_marks(void **data)
{
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, 100), NONE);

    ngx_household_redis_unfit_set(&unfit, 7, NGX_HOUSEHOLD_REDIS_UNTRACKABLE,
                                  100, 50);

    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, 149),
                     NGX_HOUSEHOLD_REDIS_UNTRACKABLE);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 8, 149), NONE);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, 150), NONE);

    /* renewed, for another reason */

    ngx_household_redis_unfit_set(&unfit, 7, CUT, 150, 50);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, 199), CUT);

    ngx_household_redis_unfit_clear(&unfit, 8);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, 199), CUT);

    ngx_household_redis_unfit_clear(&unfit, 7);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, 199), NONE);
}


/* the clock of nginx may wrap */

static void
test_unfit_wrap(void **data)
{
    ngx_msec_t  now;

    now = (ngx_msec_t) -10;

    ngx_household_redis_unfit_set(&unfit, 7, CUT, now, 50);

    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, now + 49), CUT);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 7, now + 50),
                     NONE);
}


/* as many as there is room for; the room of expired marks is used again */

static void
test_unfit_full(void **data)
{
    ngx_uint_t  i;

    for (i = 1; i <= NGX_HOUSEHOLD_REDIS_UNFIT_MAX; i++) {
        ngx_household_redis_unfit_set(&unfit, i, CUT, 100, i);
    }

    ngx_household_redis_unfit_set(&unfit, i, CUT, 100, 50);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, i, 100), NONE);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 1, 100), CUT);

    ngx_household_redis_unfit_set(&unfit, i, CUT, 101, 50);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, i, 101), CUT);
    assert_int_equal(ngx_household_redis_unfit_test(&unfit, 2, 101), CUT);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_unfit_marks, begin),
        cmocka_unit_test_setup(test_unfit_wrap, begin),
        cmocka_unit_test_setup(test_unfit_full, begin),
    };

    return cmocka_run_group_tests_name("ngx_household_redis_unfit", tests,
                                       NULL, NULL);
}
