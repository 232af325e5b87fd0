
/*
 * Units of the claims that a token has for itself, and of those that are not
 * supported.
 */


#include "ngx_household_cat_cases.h"


static const case_t  identities[] = {
    { "{" GOOD "}", NONE },

    /* the account */
    { "{4:1700000060}", CLAIM },
    { "{2:h'6162',4:1700000060}", CLAIM },
    { "{2:1,4:1700000060}", CLAIM },
    { "{2:null,4:1700000060}", CLAIM },
    { "{2:['a'],4:1700000060}", CLAIM },
    { "{2:'',4:1700000060}", CLAIM },
    { "{2:x'610a',4:1700000060}", CLAIM },
    { "{'sub':'alice',4:1700000060}", CLAIM },
    { C("'sub':'bob'"), MALFORMED },
    { C("'2':'bob'"), CLAIM },
    { C("'exp':1"), MALFORMED }, { C("'jti':'x'"), CLAIM },
    { C("'jti':'x',7:h'01'"), MALFORMED },
    { C("'-70000':'x'"), CLAIM },

    /* the device */
    { C("-70000:'tv'"), NONE },
    { C("-70000:h'0102'"), NONE },
    { C("-70000:1"), CLAIM },
    { C("-70000:x'610a'"), CLAIM },

    /* not UTF-8, and a NUL */
    { C("'plan':x'61ff'"), MALFORMED },
    { C("x'61ff':1"), MALFORMED },
    { C("'plan':x'6100'"), MALFORMED },

    /* other registered claims */
    { C("1:h'61'"), CLAIM }, { C("1:1"), CLAIM },
    { C("3:1"), CLAIM }, { C("3:['a',1]"), CLAIM }, { C("3:[]"), NONE },
    { C("3:['a','b']"), NONE },
    { C("7:h'0102'"), NONE }, { C("7:'id'"), CLAIM }, { C("7:1"), CLAIM },

    /* a payload that is no map */
    { "[]", MALFORMED }, { "1", MALFORMED }, { "h'a0'", MALFORMED },
    { "61({" GOOD "})", MALFORMED }, { "x'ff'", MALFORMED },
    { "x'a10100'", CLAIM }, { "x'a1010000'", MALFORMED },
    { "{" GOOD "," GOOD "}", MALFORMED }
};


static void
identity(void **state)
{
    size_t  i;

    (void) state;

    run(identities, test_count(identities));

    assert_int_equal(verify(C("-70000:'tv',7:h'00ff10',-70001:f1.5,"
                              "'plan':'gold','a':{'b':[1,'x',true]},"
                              "323:{0:2,1:3600}")), NONE);

    assert_int_equal(claims.account_len, 5);
    assert_memory_equal(claims.account, "alice", 5);
    assert_int_equal(claims.device_len, 2);
    assert_memory_equal(claims.device, "tv", 2);
    assert_int_equal(claims.until, 1700000090);
    assert_int_equal(claims.issued_at, NGX_HOUSEHOLD_ISSUED_UNKNOWN);
    assert_int_equal(claims.restricted, 0);
    assert_int_equal(claims.container_len, 0);

    value_is(0, "gold");
    value_is(1, "1.5");
    value_is(2, "1,x,1");
    value_is(3, "AP8Q");
    value_is(4, "header");
    value_is(5, "3600");

    /* numbers that JSON has not, and deep ones */

    assert_int_equal(verify(C("-70001:18446744073709551615")), NONE);
    value_is(1, "");
    assert_int_equal(verify(C("-70001:x'fb7ff0000000000000'")), NONE);
    value_is(1, "");
    assert_int_equal(verify(C("'plan':{1:2,'1':3}")), MALFORMED);
    assert_int_equal(verify(C("'plan':{h'00':2,'AA':3}")), MALFORMED);
    assert_int_equal(verify(C("'plan':undefined,-70001:1(7)")), NONE);
    value_is(1, "7");

    for (i = 0; i < 2; i++) {
        assert_int_equal(verify(i ? C("'plan':[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]")
                                  : C("'plan':[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]"
                                      "]")),
                         i ? NONE : MALFORMED);
    }
}


static void
times(void **state)
{
    static const case_t  cases[] = {
        { "{2:'a'}", CLAIM },
        { "{2:'a',4:1699999971}", NONE },
        { "{2:'a',4:1699999970}", EXPIRED },
        { "{2:'a',4:f1699999971.5}", NONE },
        { "{2:'a',4:f1699999970.5}", EXPIRED },
        { "{2:'a',4:x'fb7ff0000000000000'}", CLAIM },
        { "{2:'a',4:x'fb7ff8000000000000'}", CLAIM },
        { "{2:'a',4:18446744073709551615}", CLAIM },
        { "{2:'a',4:9007199254740993}", CLAIM },
        { "{2:'a',4:-1}", CLAIM },
        { "{2:'a',4:f-1.5}", CLAIM },
        { "{2:'a',4:'1700000060'}", CLAIM },
        { "{2:'a',4:1(1700000060)}", CLAIM },
        { "{2:'a',4:null}", CLAIM },
        { "{2:'a',4:true}", CLAIM },
        { "{2:'a',4:h'65'}", CLAIM },

        { C("5:1700000030"), NONE }, { C("5:1700000031"), NOT_YET },
        { C("5:f1700000029.5"), NONE }, { C("5:f1700000030.5"), NOT_YET },
        { C("5:'x'"), CLAIM }, { C("5:-1"), CLAIM },
        { C("6:1700000030"), NONE }, { C("6:1700000031"), NOT_YET },
        { C("6:1(1)"), CLAIM }, { C("6:null"), CLAIM }
    };

    (void) state;

    run(cases, test_count(cases));

    assert_int_equal(verify(C("6:f1600000000.5")), NONE);
    assert_int_equal(claims.issued_at, 1600000000);
}


/* version, single use, and all that is not supported, or not known */

static void
unsupported(void **state)
{
    static const case_t  cases[] = {
        { C("310:1"), NONE }, { C("310:2"), UNSUPPORTED },
        { C("310:0"), UNSUPPORTED }, { C("310:'1'"), CLAIM },
        { C("310:-1"), CLAIM }, { C("310:f1.0"), CLAIM },

        { C("308:0"), NONE }, { C("308:1"), UNSUPPORTED },
        { C("308:2"), UNSUPPORTED }, { C("308:3"), UNSUPPORTED },
        { C("308:true"), CLAIM }, { C("308:'0'"), CLAIM },

        { C("8:{1:{}}"), UNSUPPORTED }, { C("44:{}"), UNSUPPORTED },
        { C("275:1"), UNSUPPORTED }, { C("282:'u09'"), UNSUPPORTED },
        { C("309:[1]"), UNSUPPORTED }, { C("309:25"), UNSUPPORTED },
        { C("317:[[f1.5,f2.5,3]]"), UNSUPPORTED },
        { C("318:[0,100]"), UNSUPPORTED },
        { C("319:h'00'"), UNSUPPORTED }, { C("320:'x'"), UNSUPPORTED },
        { C("321:{0:1}"), UNSUPPORTED },
        { C("324:{0:4,1:'t'}"), UNSUPPORTED },

        /* not known, and not named by the configuration */
        { C("325:1"), UNSUPPORTED }, { C("0:1"), UNSUPPORTED },
        { C("-1:1"), UNSUPPORTED }, { C("-70002:1"), UNSUPPORTED },
        { C("18446744073709551615:1"), UNSUPPORTED },
        { C("'email':'x'"), UNSUPPORTED }, { C("h'01':1"), UNSUPPORTED },
        { C("'':1"), CLAIM }, { C("'pla':1"), UNSUPPORTED },
        { C("'plans':1"), UNSUPPORTED }, { C("'a':1"), NONE },
        { C("'A':1"), NONE }, { C("'PLAN':1"), NONE },
        { C("'a b':1"), NONE }, { C("'a/c':1"), UNSUPPORTED },
        { C("'catu':{}"), CLAIM }, { C("'or':[]"), CLAIM },
        { C("'5':1"), CLAIM }, { C("'-':1"), CLAIM },

        /* "crit": what it lists must be there, and supported */
        { C("45:[2,4]"), NONE },
        { C("45:[2,4],'email':'x',325:1,h'01':1"), NONE },
        { C("45:[2,4],317:[1]"), NONE },
        { C("45:[317],317:[1]"), UNSUPPORTED },
        { C("45:['email'],'email':1"), UNSUPPORTED },
        { C("45:['plan'],'plan':1"), NONE },
        { C("45:[-70000],-70000:'tv'"), NONE },
        { C("45:[5]"), UNSUPPORTED }, { C("45:['x']"), UNSUPPORTED },
        { C("45:[308],308:1"), UNSUPPORTED },
        { C("45:[312],312:{1:{0:'tv.example'}}"), NONE },
        { C("45:[2],312:{1:{0:'no.example'}}"), URI },
        { C("45:[2],312:{9:{}}"), UNSUPPORTED },
        { C("45:[2],313:'GET'"), CLAIM },
        { C("45:[]"), CLAIM }, { C("45:2"), CLAIM }, { C("45:{2:4}"), CLAIM },
        { C("45:[h'02']"), CLAIM }, { C("45:[2,null]"), CLAIM },
        { C("45:[18446744073709551615]"), CLAIM }
    };

    (void) state;

    run(cases, test_count(cases));
}


static void
renewal(void **state)
{
    static const case_t  cases[] = {
        { C("323:{0:0,1:3600}"), NONE }, { C("323:{0:1,1:f60.5}"), NONE },
        { C("323:{0:2,1:1,4:'X-Token',6:['a'],2:60}"), NONE },
        { C("323:{0:3,1:1,7:307}"), NONE },
        { C("323:{0:1,1:1,3:'c',5:['Secure']}"), NONE },
        { C("323:{0:4,1:1}"), UNSUPPORTED },
        { C("323:{0:0,1:1,8:1}"), UNSUPPORTED },
        { C("323:{0:0,1:1,-1:1}"), UNSUPPORTED },
        { C("323:{0:0,1:1,'x':1}"), UNSUPPORTED },
        { C("323:{1:1}"), CLAIM }, { C("323:{0:0}"), CLAIM },
        { C("323:{0:'header',1:1}"), CLAIM }, { C("323:{0:0,1:'1'}"), CLAIM },
        { C("323:{0:0,1:-1}"), CLAIM }, { C("323:[0,1]"), CLAIM },
        { C("323:1"), CLAIM }, { C("323:{}"), CLAIM }
    };

    (void) state;

    run(cases, test_count(cases));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(identity, start),
        cmocka_unit_test_setup(times, start),
        cmocka_unit_test_setup(unsupported, start),
        cmocka_unit_test_setup(renewal, start)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
