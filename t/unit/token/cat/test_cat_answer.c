
/*
 * Units of the claim "catif": the response to a token that another claim
 * rejects.
 */


#include "ngx_household_cat_cases.h"


static const case_t  forms[] = {
    { C("322:{}"), NONE }, { C("322:{4:[307,{}]}"), NONE },
    { C("322:{4:[300,{},'k'],5:[599,{'A-b_9':''}]}"), NONE },
    { C("322:{4:[307,{'X':'a'},h'6b']}"), NONE },
    { C("322:{4:[307,{'X':'a'},null]}"), NONE },
    { C("322:{4:[307,{'X':'a'},undefined]}"), NONE },
    { C("322:{-70000:[307,{'X':['a',{}]}]}"), NONE },
    { C("322:1"), CLAIM }, { C("322:[]"), CLAIM },
    { C("322:{'exp':[307,{}]}"), CLAIM }, { C("322:{4:307}"), CLAIM },
    { C("322:{h'04':[307,{}]}"), CLAIM }, { C("322:{4:{0:307}}"), CLAIM },
    { C("322:{4:[307]}"), CLAIM }, { C("322:{4:[]}"), CLAIM },
    { C("322:{4:[307,{},'k',1]}"), CLAIM },
    { C("322:{4:[307,{},1]}"), CLAIM }, { C("322:{4:[307,[]]}"), CLAIM },
    { C("322:{4:['307',{}]}"), CLAIM }, { C("322:{4:[299,{}]}"), CLAIM },
    { C("322:{4:[600,{}]}"), CLAIM }, { C("322:{4:[-307,{}]}"), CLAIM },
    { C("322:{4:[307,{1:'a'}]}"), CLAIM },
    { C("322:{4:[307,{'':'a'}]}"), CLAIM },
    { C("322:{4:[307,{'X y':'a'}]}"), CLAIM },
    { C("322:{4:[307,{'X:':'a'}]}"), CLAIM },
    { C("322:{4:[307,{'X':x'610a'}]}"), CLAIM },
    { C("322:{4:[307,{'X':x'617f'}]}"), CLAIM },
    { C("322:{4:[307,{x'610a':'a'}]}"), CLAIM }
};


/* "claims" are rejected, and the response is STATUS NAME=VALUE ... */

static const struct {
    const char   *claims;
    int           reason;
    const char   *answer;
} cases[] = {
    { "{2:'a',4:1699999970,322:{4:[307,{'Location':'/login','X':'1'}]}}",
      EXPIRED, "307 Location=/login X=1" },
    { C("5:1700000031,322:{4:[307,{}],5:[425,{}]}"), NOT_YET, "425" },
    { C("6:1700000031,322:{5:[425,{}]}"), NOT_YET, "425" },
    { C("313:['PUT'],322:{313:[405,{'Allow':'PUT'}]}"), METHOD,
      "405 Allow=PUT" },
    { C("312:{1:{0:'x'}},322:{312:[404,{}]}"), URI, "404" },
    { C("314:['x'],322:{314:[421,{}]}"), PROTOCOL, "421" },
    { C("315:{'X-None':{0:'x'}},322:{315:[400,{}]}"), HEADER, "400" },
    { C("311:[],322:{311:[451,{}]}"), NETWORK, "451" },
    { C("316:['DE'],322:{316:[451,{}]}"), COUNTRY, "451" },
    { C("41:[{313:['PUT']}],322:{41:[401,{}],313:[405,{}]}"), CONDITION,
      "401" },
    { C("42:[{313:['GET']}],322:{41:[400,{}],42:[402,{}]}"), CONDITION,
      "402" },
    { C("43:[{313:['PUT']}],322:{42:[400,{}],43:[403,{}]}"), CONDITION,
      "403" },

    /* in the order in which claims are judged */
    { C("312:{1:{0:'x'}},313:['PUT'],322:{312:[404,{}],313:[405,{}]}"),
      METHOD, "405" },
    { C("312:{1:{0:'x'}},313:['PUT'],322:{312:[404,{}]}"), METHOD, "" },

    /* none of this claim, or not by this claim */
    { C("313:['PUT'],322:{4:[405,{}]}"), METHOD, "" },
    { C("313:['PUT'],322:{}"), METHOD, "" },
    { C("313:['PUT']"), METHOD, "" },
    { C("308:1,322:{308:[405,{}]}"), UNSUPPORTED, "" },
    { "{4:1700000060,322:{2:[405,{}]}}", CLAIM, "" },
    { "{4:1700000060,322:{0:[405,{}]}}", CLAIM, "" },
    { C("313:['GET'],322:{313:[405,{}]}"), NONE, "" },

    /* what is not supported: a new token, and fields of nginx */
    { C("313:['PUT'],322:{313:[307,{'Location':['/?',{}]},'k']}"), METHOD,
      "" },
    { C("313:['PUT'],322:{313:[405,{'X':'1','X-N':1}]}"), METHOD, "" },
    { C("313:['PUT'],322:{313:[405,{'CONTENT-length':'1'}]}"), METHOD,
      "" },
    { C("313:['PUT'],322:{313:[405,{'Content-Lengths':'1'}]}"), METHOD,
      "405 Content-Lengths=1" },
    { C("313:['PUT'],322:{313:[405,{'T':'1'}]}"), METHOD, "405 T=1" },
    { C("313:['PUT'],322:{313:[405,{'a':'','b':'','c':'','d':'','e':'',"
        "'f':'','g':'','h':''}]}"), METHOD,
      "405 a= b= c= d= e= f= g= h=" },
    { C("313:['PUT'],322:{313:[405,{'a':'','b':'','c':'','d':'','e':'',"
        "'f':'','g':'','h':'','i':''}]}"), METHOD, "" },

    /* rejected before the form of "catif" is checked */
    { "{2:'a',4:1700000060,3:'tv',322:{3:[404,{}]}}", AUDIENCE, "404" },
    { "{2:'a',4:1700000060,3:'tv',322:{3:[404,{}],4:1}}", AUDIENCE, "" },
    { "{2:'a',4:1700000060,3:'tv',322:[3]}", AUDIENCE, "" },
    { "{2:'a',4:1700000060,3:'edge',322:{3:[404,{}]}}", NONE, "" }
};


static void
form(void **state)
{
    (void) state;

    run(forms, test_count(forms));
}


static void
answer_print(const ngx_household_cat_answer_t *answer, char *p)
{
    ngx_uint_t  n;

    *p = '\0';

    if (answer->status == 0) {
        return;
    }

    p += sprintf(p, "%d", (int) answer->status);

    for (n = 0; n < answer->nfields; n++) {
        p += sprintf(p, " %.*s=%.*s", (int) answer->fields[n].key.len,
                     answer->fields[n].key.data,
                     (int) answer->fields[n].value.len,
                     answer->fields[n].value.data);
    }
}


static void
answers(void **state)
{
    size_t                        i;
    char                          text[1024], buf[MINT_TOKEN];
    ngx_str_t                     token;
    ngx_household_reason_e        reason;
    ngx_household_cat_answer_t    answer;
    ngx_household_cat_request_t   request;

    (void) state;

    country = NULL;
    issuer.audiences = edge;

    for (i = 0; i < test_count(cases); i++) {

        issuer.naudiences = strstr(cases[i].claims, ",3:") != NULL;

        token = cat_token(buf, "d1", &hs, "HS256", HS256, "{}",
                          cases[i].claims);
        request_set(&request, &token);

        memset(&answer, 0xa5, sizeof(answer));
        request.answer = &answer;

        reason = ngx_household_cat_verify(&policy, &token, &request, &claims);
        answer_print(&answer, text);

        if (reason != (ngx_uint_t) cases[i].reason
            || strcmp(text, cases[i].answer) != 0)
        {
            fail_msg("%s: %d, \"%s\"", cases[i].claims, (int) reason, text);
        }

        /* a forged token wants nothing */

        buf[token.len - 10] = buf[token.len - 10] == 'A' ? 'B' : 'A';
        memset(&answer, 0xa5, sizeof(answer));

        assert_int_equal(ngx_household_cat_verify(&policy, &token, &request,
                                                  &claims),
                         SIGNATURE);
        assert_int_equal(answer.status, 0);
    }

    issuer.naudiences = 0;
}


/* the response to a known token, and one as long as can be */

static void
again(void **state)
{
    char                          claims_text[CAT_SIZE], buf[MINT_TOKEN];
    size_t                        len;
    ngx_str_t                     token;
    ngx_household_cat_answer_t    answer;
    ngx_household_cat_request_t   request;

    (void) state;

    for (len = NGX_HOUSEHOLD_CAT_ANSWER_SIZE - 1;
         len <= NGX_HOUSEHOLD_CAT_ANSWER_SIZE; len++)
    {
        strcpy(claims_text, C("313:['GET'],322:{313:[405,{'X':'"));
        memset(strchr(claims_text, 'X') + 4, 'x', len);
        strcpy(strchr(claims_text, 'X') + 4 + len, "'}]}}");

        token = cat_token(buf, "d1", &hs, "HS256", HS256, "{}", claims_text);
        request_set(&request, &token);
        request.answer = &answer;

        assert_int_equal(ngx_household_cat_verify(&policy, &token, &request,
                                                  &claims),
                         NONE);
        assert_int_not_equal(claims.container_len, 0);
        assert_int_equal(match(&token, &request), NONE);

        request.method = test_str("PUT");
        assert_int_equal(match(&token, &request), METHOD);
        assert_int_equal(answer.status,
                         len < NGX_HOUSEHOLD_CAT_ANSWER_SIZE ? 405 : 0);

        /* whoever wants no response */

        request.answer = NULL;
        assert_int_equal(match(&token, &request), METHOD);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(form, start),
        cmocka_unit_test_setup(answers, start),
        cmocka_unit_test_setup(again, start)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
