
/*
 * Units of combined claims, and of the limits of a set.
 */


#include "ngx_household_cat_cases.h"


#define YES    "{313:['GET']}"
#define NO     "{313:['PUT']}"
#define MAYBE  "{315:{'X-Two':{0:'x'}}}"

static void
combinations(void **state)
{
    static const case_t  cases[] = {
        { C("41:[" YES "]"), NONE }, { C("41:[" NO "]"), CONDITION },
        { C("41:[" NO "," YES "]"), NONE }, { C("41:[{}]"), NONE },
        { C("41:[" NO "," NO "]"), CONDITION },
        { C("41:[" MAYBE "," YES "]"), NONE },
        { C("41:[" MAYBE "," NO "]"), CONDITION },
        { C("41:[{313:['GET'],314:['h3']}]"), CONDITION },

        { C("42:[" NO "]"), NONE }, { C("42:[" YES "]"), CONDITION },
        { C("42:[" NO "," YES "]"), CONDITION }, { C("42:[{}]"), CONDITION },
        { C("42:[" NO "," NO "]"), NONE },
        { C("42:[" NO "," MAYBE "]"), CONDITION },
        { C("42:[{313:['GET'],314:['h3']}]"), NONE },

        { C("43:[" YES "]"), NONE }, { C("43:[" NO "]"), CONDITION },
        { C("43:[" YES "," YES "]"), NONE }, { C("43:[{}]"), NONE },
        { C("43:[" YES "," NO "]"), CONDITION },
        { C("43:[" YES "," MAYBE "]"), CONDITION },

        /* nested */
        { C("43:[{41:[" YES "," NO "]},{42:[" NO "]}]"), NONE },
        { C("43:[{41:[" YES "," NO "]},{42:[" YES "]}]"), CONDITION },
        { C("42:[{42:[" YES "]}]"), NONE },
        { C("42:[{42:[" NO "]}]"), CONDITION },
        { C("42:[{42:[" MAYBE "]}]"), CONDITION },
        { C("42:[{43:[" MAYBE "," NO "]}]"), NONE },
        { C("42:[{43:[" MAYBE "," YES "]}]"), CONDITION },
        { C("41:[{43:[{41:[{42:[{41:[" NO "]}]}]}]}]"), NONE },
        { C("41:[{43:[{41:[{42:[{41:[" YES "]}]}]}]}]"), CONDITION },

        /* all of the set counts */
        { C("41:[" YES "],42:[" YES "]"), CONDITION },
        { C("41:[" YES "],313:['PUT']"), METHOD },
        { C("41:[" NO "],312:{1:{0:'x'}}"), URI },

        /* times */
        { C("41:[{4:1700000001}]"), NONE }, { C("41:[{4:1700000000}]"),
          CONDITION },
        { C("41:[{5:1700000000}]"), NONE }, { C("41:[{5:1700000001}]"),
          CONDITION },
        { C("42:[{4:1700000000}]"), NONE }, { C("41:[{4:f1.5}]"), CLAIM },
        { C("41:[{4:18446744073709551615}]"), CLAIM },
        { C("41:[{5:'x'}]"), CLAIM },

        /* other shapes, and claims that have no place in it */
        { C("41:[]"), CLAIM }, { C("42:[]"), CLAIM }, { C("43:[]"), CLAIM },
        { C("41:{}"), CLAIM }, { C("41:1"), CLAIM }, { C("41:[1]"), CLAIM },
        { C("41:[" YES ",[]]"), CLAIM },
        { C("41:[{2:'bob'}]"), UNSUPPORTED },
        { C("41:[{1:'x'}]"), UNSUPPORTED }, { C("41:[{3:'x'}]"), UNSUPPORTED },
        { C("41:[{6:1}]"), UNSUPPORTED }, { C("41:[{45:[2]}]"), UNSUPPORTED },
        { C("41:[{'plan':1}]"), UNSUPPORTED },
        { C("41:[" YES ",{317:1}]"), UNSUPPORTED },
        { C("41:[{313:['GET'],317:1}]"), UNSUPPORTED },
        { C("41:[{313:['GET'],4:'x'}]"), CLAIM },
        { C("42:[{317:1}]"), UNSUPPORTED },
        { C("42:[" NO ",{313:'x'}]"), CLAIM },
        { C("41:[{41:[{42:[{312:{3:{9:1}}}]}]}]"), UNSUPPORTED },
        { C("45:[2],41:[" YES ",{317:1}]"), UNSUPPORTED }
    };

    (void) state;

    run(cases, test_count(cases));
}


/* too many regular expressions; a long one */

static void
expressions(void **state)
{
    char   payload[CAT_SIZE], *p;
    int    i, n;

    (void) state;

    for (n = 16; n < 18; n++) {
        p = payload + sprintf(payload, "{" GOOD ",43:[");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "{312:{3:{4:['film']}}},");
        }

        strcpy(p, "]}");
        assert_int_equal(verify(payload), n == 16 ? NONE : UNSUPPORTED);
    }

    /* those of all claims count */

    for (n = 15; n < 17; n++) {
        p = payload + sprintf(payload, "{" GOOD ",312:{3:{4:['film']}},43:[");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "{312:{3:{4:['film']}}},");
        }

        strcpy(p, "]}");
        assert_int_equal(verify(payload), n == 15 ? NONE : UNSUPPORTED);
    }

    p = payload + sprintf(payload, "{" GOOD ",312:{3:{4:['film|");
    memset(p, 'x', 450);
    strcpy(p + 450, "']}}}");
    assert_int_equal(verify(payload), NONE);
    memset(p, 'x', 510);
    strcpy(p + 510, "']}}}");
    assert_int_equal(verify(payload), UNSUPPORTED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(combinations, start),
        cmocka_unit_test_setup(expressions, start)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
