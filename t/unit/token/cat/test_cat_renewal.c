
/*
 * Units of renewal: the claim "catr", the next token, and what is accepted of
 * such tokens.  t/cat-renew.t has it in responses.
 */


#include "ngx_household_cat_cases.h"
#include "ngx_household_cbor.h"
#include "ngx_household_chain.h"
#include "ngx_household_cose.h"



static mint_key_t                 secret, other;
static ngx_household_cat_next_t   next;
static ngx_str_t                  renewed;
static u_char                     buf[NGX_HOUSEHOLD_CHAIN_SIZE];

/* of the next token */
static ngx_household_cose_t       message;
static ngx_household_cbor_t       set;
static u_char                     bytes[CAT_SIZE], input[2 * CAT_SIZE];


static ngx_household_jwks_t *
secrets(mint_key_t *key, const char *more)
{
    char  text[4096], *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = jwk(p, key, more);

    return jwks(text, p);
}


/* renews a token of these claims, which is valid; "way" is how it came */

static ngx_int_t
renew_typed(const char *payload, ngx_household_cat_way_e way,
    const char *header)
{
    char       text[MINT_TOKEN];
    ngx_int_t  rc;
    ngx_str_t  token;

    token = cat_token(text, "d83dd1", &hs, "HS256", HS256, header, payload);

    assert_int_equal(verify_with(&policy, &token), NONE);

    memset(buf, 0xa5, sizeof(buf));
    renewed.data = buf;
    next.way = way;

    rc = ngx_household_cat_renew(&policy, &token, claims.key, NOW, &next,
                                 &renewed);

    if (rc == NGX_OK) {
        token.data = bytes;
        assert_int_equal(ngx_household_base64url_decode(&token, &renewed),
                         NGX_OK);
        assert_int_equal(ngx_household_cose_parse(&message, &token, input),
                         NONE);
        assert_int_equal(ngx_household_cbor_parse(&set, &message.payload,
                                                  NGX_HOUSEHOLD_CBOR_ITEMS),
                         NGX_OK);
    }

    return rc;
}


static ngx_int_t
renew(const char *payload, ngx_household_cat_way_e way)
{
    return renew_typed(payload, way, "{4:h'6873'}");
}


static int64_t
number(int64_t key)
{
    int64_t                           value;
    const ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_find(&set, set.items, key);

    return item != NULL && ngx_household_cbor_int(item, &value) == NGX_OK
           ? value : -1;
}


static void
forms(void **state)
{
    static const case_t  cases[] = {
        { C("323:{0:0,1:0}"), NONE },
        { C("323:{0:0,1:9007199254740992}"), NONE },
        { C("323:{0:0,1:9007199254740993}"), CLAIM },
        { C("323:{0:0,1:f-0.5}"), CLAIM },
        { C("323:{0:0,1:x'fb7ff8000000000000'}"), CLAIM },
        { C("323:{0:0,1:x'fb7ff0000000000000'}"), CLAIM },
        { C("323:{0:0,1:1,2:0}"), NONE }, { C("323:{0:0,1:1,2:-1}"), CLAIM },
        { C("323:{0:0,1:1,2:'1'}"), CLAIM },
        { C("323:{0:1,1:1,3:''}"), CLAIM }, { C("323:{0:1,1:1,3:1}"), CLAIM },
        { C("323:{0:1,1:1,3:h'61'}"), CLAIM },
        { C("323:{0:1,1:1,3:'a=b'}"), CLAIM },
        { C("323:{0:1,1:1,3:'a;b'}"), CLAIM },
        { C("323:{0:1,1:1,3:x'62610a'}"), CLAIM },
        { C("323:{0:2,1:1,4:'a:b'}"), CLAIM },
        { C("323:{0:2,1:1,4:'a b'}"), CLAIM },
        { C("323:{0:1,1:1,5:'Secure'}"), NONE },
        { C("323:{0:1,1:1,5:[]}"), NONE },
        { C("323:{0:1,1:1,5:['a','b']}"), NONE },
        { C("323:{0:1,1:1,5:['a',1]}"), CLAIM },
        { C("323:{0:1,1:1,5:[['a']]}"), CLAIM },
        { C("323:{0:1,1:1,5:{'a':'b'}}"), CLAIM },
        { C("323:{0:1,1:1,5:[x'620d0a']}"), CLAIM },
        { C("323:{0:1,1:1,5:x'620d0a'}"), CLAIM },
        { C("323:{0:2,1:1,6:h'61'}"), CLAIM },
        { C("323:{0:3,1:1,7:'302'}"), CLAIM },
        { C("323:{0:3,1:1,7:301}"), NONE }, { C("323:{0:3,1:1,7:302}"), NONE },
        { C("323:{0:3,1:1,7:303}"), NONE }, { C("323:{0:3,1:1,7:308}"), NONE },
        { C("323:{0:3,1:1,7:200}"), UNSUPPORTED },
        { C("323:{0:3,1:1,7:300}"), UNSUPPORTED },
        { C("323:{0:3,1:1,7:304}"), UNSUPPORTED },
        { C("323:{0:3,1:1,7:305}"), UNSUPPORTED },

        /* a wrong type counts more than what is not supported */
        { C("323:{0:4,1:'1'}"), CLAIM }, { C("323:{8:1,0:1}"), CLAIM },
        { C("45:[2],323:{0:4,1:1}"), NONE },
        { C("45:[2,323],323:{0:4,1:1}"), UNSUPPORTED },
        { C("45:[2,323],323:{0:2,1:1}"), NONE },
        { C("45:[2],323:{0:2,1:'1'}"), CLAIM }
    };

    char  payload[CAT_SIZE], name[600];
    int   i;

    (void) state;

    run(cases, test_count(cases));

    memset(name, 'x', sizeof(name));

    for (i = 127; i < 131; i++) {
        sprintf(payload, C("323:{0:1,1:1,3:'%.*s'}"), i, name);
        assert_int_equal(verify(payload), i <= 128 ? NONE : UNSUPPORTED);
    }

    for (i = 508; i < 513; i++) {
        sprintf(payload, C("323:{0:1,1:1,5:['%.*s']}"), i, name);
        assert_int_equal(verify(payload), i <= 510 ? NONE : UNSUPPORTED);
    }
}


/* when it is renewed: the claims that a cache keeps */

static void
window(void **state)
{
    (void) state;

    assert_int_equal(verify(C("323:{0:0,1:600}")), NONE);
    assert_int_equal(claims.renewed, 1);
    assert_int_equal(claims.renew_at, 1700000060 - 60);

    assert_int_equal(verify(C("323:{0:0,1:600,2:10}")), NONE);
    assert_int_equal(claims.renew_at, 1700000060 - 10);

    assert_int_equal(verify(C("323:{0:0,1:600,2:f10.9}")), NONE);
    assert_int_equal(claims.renew_at, 1700000060 - 10);

    assert_int_equal(verify("{" GOOD "}"), NONE);
    assert_int_equal(claims.renewed, 0);

    assert_int_equal(verify(C("45:[2],323:{0:4,1:600}")), NONE);
    assert_int_equal(claims.renewed, 0);
}


static void
without_secret(void **state)
{
    ngx_household_jwks_t  *renewal;

    (void) state;

    renewal = policy.renewal;
    policy.renewal = NULL;

    assert_int_equal(verify(C("323:{0:2,1:600}")), NONE);
    assert_int_equal(claims.renewed, 0);
    assert_int_equal(verify(C("45:[2],323:{0:2,1:600}")), NONE);
    assert_int_equal(claims.renewed, 0);
    assert_int_equal(verify(C("45:[2,323],323:{0:2,1:600}")), UNSUPPORTED);
    assert_int_equal(verify(C("45:[2,323],323:{0:2,1:'1'}")), CLAIM);

    policy.renewal = renewal;
}


static void
ways(void **state)
{
    (void) state;

    assert_int_equal(renew(C("323:{0:1,1:600,3:'c',5:['a','b=1']}"),
                           NGX_HOUSEHOLD_CAT_BY_HEADER), NGX_OK);
    assert_int_equal(next.way, NGX_HOUSEHOLD_CAT_BY_COOKIE);
    assert_int_equal(next.left, 600);
    assert_int_equal(next.name.len, 1);
    assert_memory_equal(next.name.data, "c", 1);
    assert_int_equal(next.params.len, 8);
    assert_memory_equal(next.params.data, "; a; b=1", 8);

    assert_int_equal(renew(C("323:{0:2,1:600,3:'c',4:'X-T',5:['a'],6:'z'}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_OK);
    assert_int_equal(next.way, NGX_HOUSEHOLD_CAT_BY_HEADER);
    assert_int_equal(next.name.len, 3);
    assert_memory_equal(next.name.data, "X-T", 3);
    assert_int_equal(next.params.len, 3);
    assert_memory_equal(next.params.data, "; z", 3);

    assert_int_equal(renew(C("323:{0:2,1:600}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_OK);
    assert_int_equal(next.name.len, 0);
    assert_int_equal(next.params.len, 0);

    /* no redirect to a token that is redirected at once */

    assert_int_equal(renew(C("323:{0:3,1:61}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_OK);
    assert_int_equal(next.way, NGX_HOUSEHOLD_CAT_BY_REDIRECT);
    assert_int_equal(next.status, 302);
    assert_int_equal(renew(C("323:{0:3,1:60}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_DECLINED);
    assert_int_equal(renew(C("323:{0:3,1:600,2:599,7:307}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_OK);
    assert_int_equal(next.status, 307);
    assert_int_equal(renew(C("323:{0:2,1:60}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_OK);

    /* automatic */

    assert_int_equal(renew(C("323:{0:0,1:600}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_DECLINED);
    assert_int_equal(renew(C("323:{0:0,1:600}"),
                           NGX_HOUSEHOLD_CAT_BY_COOKIE), NGX_OK);
    assert_int_equal(next.way, NGX_HOUSEHOLD_CAT_BY_COOKIE);

    assert_int_equal(renew("{" GOOD "}", NGX_HOUSEHOLD_CAT_BY_COOKIE),
                     NGX_DECLINED);
    assert_int_equal(renew(C("323:{0:2,1:0}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_DECLINED);
}


static void
chain(void **state)
{
    char        text[MINT_TOKEN];
    uint64_t    key;
    ngx_uint_t  i;

    (void) state;

    assert_int_equal(renew(C("6:1699999000,7:h'01',323:{0:2,1:600}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_OK);
    assert_int_equal(number(4), NOW + 600);
    assert_int_equal(number(6), 1699999000);
    assert_int_equal(set.items[0].count, 5);
    assert_int_equal(message.renewed, 1);
    assert_int_equal(message.first, claims.key);
    assert_int_equal(message.kid.len, 4);
    assert_memory_equal(bytes, "\xd8\x3d\xd1\x84", 4);

    key = claims.key;

    for (i = 0; i < 2; i++) {
        assert_int_equal(verify_with(&policy, &renewed), NONE);
        assert_int_equal(claims.key, key);
        assert_int_equal(claims.issued_at, 1699999000);
    }

    /* by another algorithm of the secret */

    policy.renewal->keys[0].key.algorithms = NGX_HOUSEHOLD_JWS_HS512;
    assert_int_equal(renew(C("323:{0:2,1:600}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_OK);
    assert_int_equal(verify_with(&policy, &renewed), NONE);
    policy.renewal->keys[0].key.algorithms = NGX_HOUSEHOLD_JWS_HS256;

    /* without "iat"; a fraction of it */

    assert_int_equal(renew(C("323:{0:2,1:600}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_OK);
    assert_int_equal(number(6), NOW);
    assert_int_equal(set.items[0].count, 4);

    assert_int_equal(renew(C("6:f1699999000.5,323:{0:2,1:f600.5}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_OK);
    assert_int_equal(number(4), NOW + 600);
    assert_int_equal(verify_with(&policy, &renewed), NONE);
    assert_int_equal(claims.issued_at, 1699999000);

    /* max= */

    assert_int_equal(renew(C("6:1699996460,323:{0:2,1:600}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_OK);
    assert_int_equal(number(4), NOW + 60);
    assert_int_equal(renew(C("6:1699996401,323:{0:2,1:600}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_OK);
    assert_int_equal(next.left, 1);
    assert_int_equal(renew(C("6:1699996400,323:{0:2,1:600}"),
                           NGX_HOUSEHOLD_CAT_BY_ANY), NGX_DECLINED);

    /* "typ" */

    assert_int_equal(renew_typed(C("323:{0:2,1:600}"),
                                 NGX_HOUSEHOLD_CAT_BY_ANY,
                                 "{4:h'6873',16:'at+cwt'}"), NGX_OK);
    assert_int_equal(message.type.len, 6);
    assert_memory_equal(message.type.data, "at+cwt", 6);
    assert_int_equal(renew(C("323:{0:2,1:600}"), NGX_HOUSEHOLD_CAT_BY_ANY),
                     NGX_OK);
    assert_null(message.type.data);

    sprintf(text, "{4:h'6873',16:'%0257d'}", 1);
    assert_int_equal(renew_typed(C("323:{0:2,1:600}"),
                                 NGX_HOUSEHOLD_CAT_BY_ANY, text),
                     NGX_DECLINED);
}


/* a token as large as a cookie may be, and a larger one */

static void
sizes(void **state)
{
    int   i, largest;
    char  payload[CAT_SIZE];

    (void) state;

    largest = 0;

    for (i = 2500; i < 2950; i++) {
        sprintf(payload, C("323:{0:2,1:600},313:['GET','%0*d']"), i, 1);

        if (renew(payload, NGX_HOUSEHOLD_CAT_BY_ANY) == NGX_OK) {
            assert_int_equal(largest, i == 2500 ? 0 : i - 1);
            assert_in_range(renewed.len, 3000, NGX_HOUSEHOLD_CHAIN_SIZE);
            assert_int_equal(verify_with(&policy, &renewed), NONE);
            largest = i;
        }
    }

    assert_in_range(largest, 2600, 2900);
}


static ngx_household_reason_e
header(mint_key_t *key, const char *protected, const char *unprotected)
{
    char       text[MINT_TOKEN];
    ngx_str_t  token;

    token = cat_token(text, "d1", key, "HS256", protected, unprotected,
                      "{" GOOD "}");

    return verify_with(&policy, &token);
}


static void
signers(void **state)
{
    size_t  i;
    char    id[NGX_HOUSEHOLD_CHAIN_ID_LEN + 1], protected[256];

    static const char  *values[] = {
        "1", "''", "'000123456789abe'", "'000123456789abeff'", "null",
        "'000123456789ABEF'", "h'30303031323334353637383961626566'"
    };

    (void) state;

    assert_int_equal(verify("{" GOOD "}"), NONE);
    ngx_household_chain_write_key(claims.key, id);
    sprintf(protected, "{1:5,'household_renews':'%s'}", id);

    assert_int_equal(header(&secret, protected, "{4:h'65646765'}"), NONE);
    assert_int_equal(header(&secret, protected, "{}"), NONE);
    assert_int_equal(header(&secret, HS256, "{4:h'65646765'}"),
                     KEY);
    assert_int_equal(header(&hs, protected, "{4:h'6873'}"), KEY);
    assert_int_equal(header(&other, protected, "{4:h'65646765'}"), SIGNATURE);

    policy.renewal->keys[0].key.algorithms = NGX_HOUSEHOLD_JWS_HS512;
    assert_int_equal(header(&secret, protected, "{4:h'65646765'}"), ALGORITHM);
    policy.renewal->keys[0].key.algorithms = NGX_HOUSEHOLD_JWS_HS256;

    assert_int_equal(header(&secret, "{1:5,'household_renews':"
                            "'0000000000000000'}", "{4:h'65646765'}"),
                     KEY);

    for (i = 0; i < test_count(values); i++) {
        sprintf(protected, "{1:5,'household_renews':%s}", values[i]);
        assert_int_equal(header(&secret, protected, "{4:h'65646765'}"),
                         MALFORMED);
    }

    sprintf(protected, "{4:h'65646765','household_renews':'%s'}", id);
    assert_int_equal(header(&secret, HS256, protected), MALFORMED);
}


/* what is written is what was read */

static void
encoding(void **state)
{
    size_t     i, n;
    u_char     in[CAT_SIZE], copy[CAT_SIZE], out[CAT_SIZE], *last;
    ngx_str_t  data;

    static const char  *cases[] = {
        "0", "23", "24", "255", "256", "65535", "65536", "4294967295",
        "4294967296", "18446744073709551615", "-1", "-24", "-25",
        "-18446744073709551615", "f1.5", "f-0.0", "f1e300",
        "x'fb7ff0000000000000'", "true", "false", "null", "undefined",
        "h''", "h'00ff'", "''", "'text'", "[]", "{}", "61(17([1]))",
        "[1,[2,[3]],{1:{'a':[h'01',null]},-1:f2.5},1(7)]"
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        data = cat_cbor(in, cases[i]);
        memcpy(copy, in, data.len);

        assert_int_equal(ngx_household_cbor_parse(&set, &data,
                                                  NGX_HOUSEHOLD_CBOR_ITEMS),
                         NGX_OK);

        last = ngx_household_cbor_write(out, out + sizeof(out), &set,
                                        set.items);
        assert_non_null(last);

        if ((size_t) (last - out) != data.len
            || memcmp(out, copy, data.len) != 0)
        {
            fail_msg("%s", cases[i]);
        }

        /* never more than there is room for, and always with a head to spare */

        for (n = 0; n < data.len + NGX_HOUSEHOLD_CBOR_HEAD; n++) {
            memset(out, 0xa5, sizeof(out));
            last = ngx_household_cbor_write(out, out + n, &set, set.items);
            assert_true(last == NULL || last <= out + n);
            assert_int_equal(out[n], 0xa5);
        }

        assert_non_null(last);
    }

    /* of indefinite length, and longer than need be */

    data = cat_cbor(in, "x'9f1801ff'");
    assert_int_equal(ngx_household_cbor_parse(&set, &data, 8), NGX_OK);
    last = ngx_household_cbor_write(out, out + 64, &set, set.items);
    assert_int_equal(last - out, 2);
    assert_memory_equal(out, "\x81\x01", 2);
}


static int
renewal_setup(void **state)
{
    assert_int_equal(setup(state), 0);

    secret = mint_key("oct", 32);
    other = mint_key("oct", 32);

    policy.renewal = secrets(&secret, "\"kid\":\"edge\"");
    policy.renewal_max = 3600;

    return 0;
}


static int
renewal_teardown(void **state)
{
    ngx_household_jwks_destroy(policy.renewal);

    return teardown(state);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(forms, start),
        cmocka_unit_test_setup(window, start),
        cmocka_unit_test_setup(without_secret, start),
        cmocka_unit_test_setup(ways, start),
        cmocka_unit_test_setup(chain, start),
        cmocka_unit_test_setup(sizes, start),
        cmocka_unit_test_setup(signers, start),
        cmocka_unit_test_setup(encoding, start)
    };

    return cmocka_run_group_tests(tests, renewal_setup, renewal_teardown);
}
