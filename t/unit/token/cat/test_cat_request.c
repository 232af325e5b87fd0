
/*
 * Units of the claims that are compared with the request, other than the URI.
 */


#include "ngx_household_cat_cases.h"


static void
methods(void **state)
{
    static const case_t  cases[] = {
        { C("313:['GET']"), NONE }, { C("313:['HEAD','GET']"), NONE },
        { C("313:['HEAD']"), METHOD }, { C("313:[]"), METHOD },
        { C("313:['get']"), METHOD }, { C("313:['GE']"), METHOD },
        { C("313:['GETS']"), METHOD }, { C("313:['']"), METHOD },
        { C("313:'GET'"), CLAIM }, { C("313:{'GET':1}"), CLAIM },
        { C("313:['GET',1]"), CLAIM }, { C("313:[h'474554']"), CLAIM }
    };

    (void) state;

    run(cases, test_count(cases));
    assert_int_equal(verify(C("313:['GET']")), NONE);
    assert_int_equal(claims.restricted, 1);

    method = "";
    assert_int_equal(verify(C("313:['GET']")), METHOD);
}


static void
protocols(void **state)
{
    static const case_t  cases[] = {
        { C("314:['h2']"), NONE }, { C("314:[h'6832']"), NONE },
        { C("314:['h3','h2']"), NONE }, { C("314:['h3']"), PROTOCOL },
        { C("314:[]"), PROTOCOL }, { C("314:['h']"), PROTOCOL },
        { C("314:'h2'"), CLAIM }, { C("314:[1]"), CLAIM },
        { C("314:h'6832'"), CLAIM }
    };

    (void) state;

    run(cases, test_count(cases));

    alpn = NULL;
    assert_int_equal(verify(C("314:['h2']")), PROTOCOL);
    assert_int_equal(verify(C("314:['']")), PROTOCOL);
    assert_int_equal(verify(C("42:[{314:['h2']}]")), NONE);
}


static void
header_fields(void **state)
{
    static const case_t  cases[] = {
        { C("315:{'X-One':{0:'one'}}"), NONE },
        { C("315:{'X-One':{0:'two'}}"), HEADER },
        { C("315:{'X-One':{0:'One'}}"), HEADER },
        { C("315:{'X-One':{1:'o',2:'e'}}"), NONE },
        { C("315:{'X-One':{1:'o',2:'x'}}"), HEADER },
        { C("315:{'X-One':{}}"), NONE },
        { C("315:{'X-Empty':{0:''}}"), NONE },
        { C("315:{'X-None':{0:''}}"), HEADER },
        { C("315:{'X-None':{}}"), HEADER },
        { C("315:{'X-Two':{1:''}}"), HEADER },
        { C("315:{'X-One':{0:'one'},'X-None':{0:'x'}}"), HEADER },
        { C("315:{'X-One':{0:'one'},'X-Two':{0:'x'}}"), HEADER },
        { C("315:{}"), NONE },
        { C("315:['X-One']"), CLAIM }, { C("315:{1:{0:'one'}}"), CLAIM },
        { C("315:{'X-One':'one'}"), CLAIM },
        { C("315:{'X-One':{9:'one'}}"), UNSUPPORTED },

        /* a field that is there twice is neither this nor not this */
        { C("42:[{315:{'X-None':{}}}]"), NONE },
        { C("42:[{315:{'X-One':{0:'one'}}}]"), CONDITION },
        { C("42:[{315:{'X-Two':{0:'x'}}}]"), CONDITION },
        { C("42:[{315:{'X-Two':{0:'x'},'X-One':{0:'x'}}}]"), NONE }
    };

    (void) state;

    run(cases, test_count(cases));
}


static void
networks(void **state)
{
    static const case_t  v4[] = {
        { C("311:[52(h'c0000207')]"), NONE },
        { C("311:[52(h'c0000208')]"), NETWORK },
        { C("311:[52([24,h'c00002'])]"), NONE },
        { C("311:[52([24,h'c0000200'])]"), NONE },
        { C("311:[52([24,h'c00003'])]"), NETWORK },
        { C("311:[52([31,h'c0000206'])]"), NONE },
        { C("311:[52([31,h'c0000208'])]"), NETWORK },
        { C("311:[52([32,h'c0000207'])]"), NONE },
        { C("311:[52([0,h''])]"), NONE },
        { C("311:[52([32,h'c00002'])]"), NETWORK },
        { C("311:[52(h'c0000208'),52(h'c0000207')]"), NONE },
        { C("311:[]"), NETWORK },
        { C("311:[54([0,h''])]"), NETWORK },
        { C("311:[54(h'00000000000000000000ffffc0000207')]"), NETWORK },

        /* autonomous systems, other tags */
        { C("311:[64496]"), UNSUPPORTED },
        { C("311:[52(h'c0000207'),64496]"), UNSUPPORTED },
        { C("311:[260(h'c0000207')]"), UNSUPPORTED },
        { C("311:[261({h'c0000207':24})]"), UNSUPPORTED },

        /* addresses of another form or size, and bits after the prefix */
        { C("311:['192.0.2.7']"), CLAIM }, { C("311:[-1]"), CLAIM },
        { C("311:52(h'c0000207')"), CLAIM }, { C("311:{}"), CLAIM },
        { C("311:[52(h'c00002')]"), CLAIM },
        { C("311:[52(h'c000020700')]"), CLAIM },
        { C("311:[54(h'c0000207')]"), CLAIM },
        { C("311:[52('192.0.2.7')]"), CLAIM },
        { C("311:[52([33,h'c0000207'])]"), CLAIM },
        { C("311:[52([24,h'c0000207'])]"), CLAIM },
        { C("311:[52([23,h'c00003'])]"), CLAIM },
        { C("311:[52([8,h'c000020700'])]"), CLAIM },
        { C("311:[52([h'c0000207',24])]"), CLAIM },
        { C("311:[52([-1,h'c0'])]"), CLAIM },
        { C("311:[52([24,'x'])]"), CLAIM },
        { C("311:[52([24])]"), CLAIM },
        { C("311:[52([24,h'c0',1])]"), CLAIM },
        { C("311:[52([])]"), CLAIM }, { C("311:[52(52(h'c0000207'))]"), CLAIM }
    };

    static const case_t  v6[] = {
        { C("311:[54(h'20010db8000000000000000000000007')]"), NONE },
        { C("311:[54(h'20010db8000000000000000000000008')]"), NETWORK },
        { C("311:[54([32,h'20010db8'])]"), NONE },
        { C("311:[54([33,h'20010db880'])]"), NETWORK },
        { C("311:[54([127,h'20010db8000000000000000000000006'])]"), NONE },
        { C("311:[54([0,h''])]"), NONE },
        { C("311:[52([0,h''])]"), NETWORK },
        { C("311:[54([129,h''])]"), CLAIM },
        { C("311:[54([31,h'20010db9'])]"), CLAIM }
    };

    (void) state;

    run(v4, test_count(v4));

    address = "2001:db8::7";
    run(v6, test_count(v6));

    /* a unix socket: neither inside nor outside */

    address = NULL;
    assert_int_equal(verify(C("311:[52([0,h''])]")), NETWORK);
    assert_int_equal(verify(C("42:[{311:[52([0,h''])]}]")), CONDITION);
}


static void
countries(void **state)
{
    static const case_t  cases[] = {
        { C("316:['FR']"), NONE }, { C("316:['fr']"), NONE },
        { C("316:['DE','FR']"), NONE }, { C("316:['DE']"), COUNTRY },
        { C("316:[]"), COUNTRY }, { C("316:'FR'"), CLAIM },
        { C("316:[250]"), CLAIM }, { C("316:[h'4652']"), CLAIM },
        { C("316:['FI']"), COUNTRY }, { C("316:['DR']"), COUNTRY },
        { C("315:{'X-One':{0:'two',1:'o'}}"), HEADER },
        { C("316:['FR-75']"), UNSUPPORTED }, { C("316:['FRA']"), UNSUPPORTED },
        { C("316:['FR','US-NY']"), UNSUPPORTED }, { C("316:['']"), UNSUPPORTED }
    };

    (void) state;

    run(cases, test_count(cases));

    country = NULL;
    assert_int_equal(verify(C("316:['FR']")), COUNTRY);
    assert_int_equal(verify(C("42:[{316:['FR']}]")), CONDITION);
    assert_int_equal(verify(C("41:[{316:['FR']},{313:['GET']}]")), NONE);
    assert_int_equal(verify(C("41:[{316:['FR']},{313:['PUT']}]")), CONDITION);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(methods, start),
        cmocka_unit_test_setup(protocols, start),
        cmocka_unit_test_setup(header_fields, start),
        cmocka_unit_test_setup(networks, start),
        cmocka_unit_test_setup(countries, start)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
