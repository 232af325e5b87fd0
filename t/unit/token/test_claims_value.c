
/*
 * Units of claims by their names: nested ones, those that variables name, and
 * "typ".
 */


#include "ngx_household_jwt_test.h"


/* texts of the claims "names" of a token; NULL: the token is refused */

static const char *
values(const char *payload, const char *names)
{
    char                         list[1024], *p;
    ngx_str_t                    token, all, value, name[40];
    ngx_uint_t                   i, n;
    ngx_household_jwt_policy_t   policy;

    static char  text[4096];

    strcpy(list, names);
    n = 0;

    for (p = strtok(list, " "); p != NULL; p = strtok(NULL, " ")) {
        name[n++] = mint_str(p);
    }

    policy = plain;
    policy.values = name;
    policy.nvalues = n;

    token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}", payload);

    if (verify(&policy, &token) != NONE) {
        return NULL;
    }

    text[0] = '\0';
    all = mint_bytes(claims.values, claims.values_len);

    for (i = 0; i < n; i++) {
        assert_int_equal(ngx_household_jwt_value(&all, i, &value), NGX_OK);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s",
                 i ? "|" : "", (int) value.len, value.data);
    }

    assert_int_equal(ngx_household_jwt_value(&all, n, &value), NGX_DECLINED);

    return text;
}


static void
texts(void **state)
{
    ngx_uint_t  i;

    static const struct {
        const char  *claims;
        const char  *names;
        const char  *texts;
    } cases[] = {
        { "\"a\":1", "", "" },
        { "\"plan\":\"gold\"", "plan none sub", "gold||alice" },
        { "\"n\":-7,\"f\":1.25,\"big\":18446744073709551615,\"m\":1e3",
          "n f big m", "-7|1.25||1000" },
        { "\"y\":true,\"n\":false,\"z\":null", "y n z", "1|0|" },
        { "\"e\":\"\",\"o\":{},\"a\":[]", "e o a", "||" },
        { "\"a\":[\"x\",1,true,\"y\"]", "a", "x,1,1,y" },
        { "\"a\":[\"x\",[\"y\"]],\"b\":[\"x\",{}],\"c\":[null]",
          "a b c", "||" },

        /* one name for what is written in many ways */

        { "\"deviceId\":\"d\",\"x-y\":\"e\",\"https://a.b/c\":\"f\"",
          "deviceid x_y https___a_b_c", "d|e|f" },
        { "\"realm_access\":{\"roles\":[\"r\",\"s\"]}",
          "realm_access_roles realm_access realm", "r,s||" },
        { "\"a\":{\"b\":{\"c\":\"x\",\"d\":\"y\"}}",
          "a_b_c a_b_d a_b a_b_ a_b_c_", "x|y|||" },

        /* what could be two is none */

        { "\"a_b\":\"x\",\"a\":{\"b\":\"y\"}", "a_b", "" },
        { "\"A\":\"x\",\"a\":\"y\"", "a", "" },
        { "\"a\":{\"b_c\":\"x\"},\"a_b\":{\"d\":\"y\"}", "a_b_c a_b_d",
          "x|y" },

        /* a control character ends no header */

        { "\"a\":\"x\\r\\nSet-Cookie: y\",\"b\":[\"x\",\"\\u007f\"],"
          "\"c\":\"z\"",
          "a b c", "||z" },
        { "\"a\":\"\xc3\xa9\"", "a", "\xc3\xa9" }
    };

    for (i = 0; i < mint_count(cases); i++) {
        char  payload[1024];

        sprintf(payload, "{" SUB "," EXP ",%s}", cases[i].claims);
        assert_string_equal(values(payload, cases[i].names), cases[i].texts);
    }
}


/* 1024 bytes are for all: one that has no room is empty */

static void
bounds(void **state)
{
    char         payload[4096], names[256];
    const char  *got;
    ngx_uint_t   i;

    sprintf(payload, "{" SUB "," EXP ",\"a\":\"%01018d\",\"b\":\"xx\"}", 1);
    got = values(payload, "a b");
    assert_int_equal(strlen(got), 1018 + 1 + 2);
    assert_string_equal(got + 1018 - 1, "1|xx");

    sprintf(payload, "{" SUB "," EXP ",\"a\":\"%01019d\",\"b\":\"xx\"}", 1);
    got = values(payload, "a b");
    assert_int_equal(strlen(got), 1019 + 1);

    sprintf(payload, "{" SUB "," EXP ",\"a\":\"%01021d\",\"b\":\"xx\"}", 1);
    assert_string_equal(values(payload, "a b"), "|xx");

    /* as many names as there may be, the first of which takes all */

    names[0] = '\0';

    for (i = 0; i < NGX_HOUSEHOLD_JWT_VALUES; i++) {
        sprintf(names + strlen(names), "%s ", i ? "b" : "a");
    }

    sprintf(payload, "{" SUB "," EXP ",\"a\":\"%0960d\",\"b\":\"x\"}", 1);
    got = values(payload, names);
    assert_int_equal(strlen(got), 960 + NGX_HOUSEHOLD_JWT_VALUES - 1);
}


/* dots descend where there is no claim of the whole name */

static void
nested_ids(void **state)
{
    ngx_str_t                    token;
    ngx_uint_t                   i;
    ngx_household_jwt_policy_t   policy;

    static const struct {
        const char              *claims;
        ngx_household_reason_e   reason;
    } cases[] = {
        { "\"tv\":{\"account\":{\"id\":\"bob\"}}", NONE },
        { "\"tv.account\":{\"id\":\"bob\"}", NONE },
        { "\"tv\":{\"account.id\":\"bob\"}", NONE },
        { "\"tv.account.id\":\"bob\",\"tv\":{\"account\":{\"id\":\"eve\"}}",
          NONE },
        { "\"tv\":{\"account\":{}},\"tv.account\":{\"id\":\"bob\"}", NONE },
        { "\"tv\":{\"account\":{\"id\":7}}", CLAIM },
        { "\"tv\":{\"account\":\"bob\"}", CLAIM },
        { "\"tv\":\"bob\"", CLAIM },
        { "\"tv\":[{\"account\":{\"id\":\"bob\"}}]", CLAIM },
        { "\"TV\":{\"account\":{\"id\":\"bob\"}}", CLAIM },
        { "\"id\":\"bob\"", CLAIM }
    };

    policy = plain;
    ngx_str_set(&policy.account, "tv.account.id");
    ngx_str_set(&policy.device, "tv.device");

    for (i = 0; i < mint_count(cases); i++) {
        char  payload[512];

        sprintf(payload, "{" EXP ",%s}", cases[i].claims);
        token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}", payload);
        expect(cases[i].claims, verify(&policy, &token), cases[i].reason);

        if (cases[i].reason == NONE) {
            assert_int_equal(claims.account_len, 3);
            assert_memory_equal(claims.account, "bob", 3);
            assert_int_equal(claims.device_len, 0);
        }
    }

    token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}",
                 "{" EXP ",\"tv\":{\"account\":{\"id\":\"bob\"},"
                 "\"device\":\"d1\"}}");
    assert_int_equal(verify(&policy, &token), NONE);
    assert_int_equal(claims.device_len, 2);
    assert_memory_equal(claims.device, "d1", 2);
}


static void
types(void **state)
{
    char                         header[256];
    ngx_str_t                    token;
    ngx_uint_t                   i;
    ngx_household_jwt_issuer_t   issuer;
    ngx_household_jwt_policy_t   policy;

    static const struct {
        const char              *required;
        const char              *typ;
        ngx_household_reason_e   reason;
    } cases[] = {
        { "at+jwt", "\"at+jwt\"", NONE },
        { "at+jwt", "\"AT+JWT\"", NONE },
        { "at+jwt", "\"application/at+jwt\"", NONE },
        { "application/at+jwt", "\"at+jwt\"", NONE },
        { "Application/At+Jwt", "\"application/AT+JWT\"", NONE },
        { "at+jwt", "\"JWT\"", TYPE },
        { "at+jwt", "\"\"", TYPE },
        { "at+jwt", "\"at+jwt \"", TYPE },
        { "at+jwt", "\"at+jw\"", TYPE },
        { "at+jwt", "\"text/at+jwt\"", TYPE },
        { "at+jwt", "\"application/application/at+jwt\"", TYPE },
        { "at+jwt", "1", MALFORMED },
        { "", "\"JWT\"", NONE }
    };

    issuer = plain_issuer;
    set_policy(&policy, &issuer, 1);

    for (i = 0; i < mint_count(cases); i++) {
        issuer.type = mint_str(cases[i].required);
        sprintf(header, "{\"alg\":\"HS256\",\"typ\":%s}", cases[i].typ);
        token = sign(buf, A_HS, "HS256", header, GOOD);
        expect(cases[i].typ, verify(&policy, &token), cases[i].reason);
    }

    ngx_str_set(&issuer.type, "at+jwt");
    token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}", GOOD);
    expect("none", verify(&policy, &token), TYPE);

    token = sign(buf, EVIL_HS, "HS256", "{\"alg\":\"HS256\"}", GOOD);
    expect("none, and forged", verify(&policy, &token), SIGNATURE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(bounds),
        cmocka_unit_test(nested_ids),
        cmocka_unit_test(types)
    };

    return cmocka_run_group_tests_name("claims value", tests, setup,
                                       teardown);
}
