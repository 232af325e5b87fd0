
/*
 * Units of COSE key sets: each key is what its JWK is, and an odd one does not
 * spoil the others.
 */


#include "ngx_household_cat_test.h"
#include "ngx_household_cose_keys.h"


static char  causes[4096];


static void
skipped(void *data, const char *text)
{
    strcat(causes, text);
    strcat(causes, "\n");
}


/* the set is at the very end of its memory */

static ngx_household_jwks_t *
parse_bytes(const u_char *data, size_t len, char *error)
{
    u_char                *copy;
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    copy = test_copy(data, len);
    s = mint_bytes(copy, len);
    causes[0] = '\0';
    set = ngx_household_cose_keys_parse(&s, skipped, NULL, error);
    free(copy);

    return set;
}


static ngx_household_jwks_t *
parse(const char *text, char *error)
{
    u_char     buf[CAT_SIZE];
    ngx_str_t  s;

    s = cat_cbor(buf, text);

    return parse_bytes(s.data, s.len, error);
}


/* appends a parameter, the base64url of a member, as bytes */

static char *
param(char *p, int label, json_t *jwk, const char *name)
{
    u_char      buf[1024];
    size_t      i;
    ngx_str_t   text, bytes;

    bytes.data = buf;
    assert_int_equal(ngx_household_json_string(jwk, name, &text), NGX_OK);
    assert_int_equal(ngx_household_base64url_decode(&bytes, &text), NGX_OK);

    p += sprintf(p, ",%d:h'", label);

    for (i = 0; i < bytes.len; i++) {
        p += sprintf(p, "%02x", buf[i]);
    }

    return p + sprintf(p, "'");
}


/* appends a key; returns its JWK, and the end in "p" */

static json_t *
key_of(char **p, const char *type, ngx_uint_t bits, const char *more)
{
    char        text[4096];
    json_t     *jwk;
    ngx_str_t   s;
    mint_key_t  key;

    key = mint_key(type, bits);
    mint_jwk(text, &key, "\"kid\":\"k\"");
    s = test_str(text);
    jwk = ngx_household_json_parse(&s, NULL);
    assert_non_null(jwk);

    *p += sprintf(*p, "{2:h'6b'%s", more);

    if (strcmp(type, "oct") == 0) {
        *p = param(*p + sprintf(*p, ",1:4"), -1, jwk, "k");

    } else {

        if (strcmp(type, "RSA") == 0) {
            *p = param(*p + sprintf(*p, ",1:3"), -1, jwk, "n");
            *p = param(*p, -2, jwk, "e");

        } else if (type[0] == 'P') {
            *p += sprintf(*p, ",1:2,-1:%d", type[2] == '2' ? 1
                                            : type[2] == '3' ? 2 : 3);
            *p = param(*p, -2, jwk, "x");
            *p = param(*p, -3, jwk, "y");

        } else {
            *p += sprintf(*p, ",1:1,-1:%d", type[2] == '2' ? 6 : 7);
            *p = param(*p, -2, jwk, "x");
        }

        mint_free(&key);
    }

    *p += sprintf(*p, "},");

    return jwk;
}


static void
kinds(void **state)
{
    size_t                 i;
    char                   text[CAT_SIZE], error[NGX_HOUSEHOLD_JWKS_ERROR];
    char                  *p, *dump;
    json_t                *jwk, *root;
    ngx_str_t              s;
    ngx_household_jwks_t  *set, *same;

    static const struct {
        const char   *type;
        ngx_uint_t    bits;
        const char   *more;
        ngx_uint_t    algorithms;
    } kinds[] = {
        { "P-256", 0, "", NGX_HOUSEHOLD_JWS_ES256 },
        { "P-384", 0, ",3:-35,4:[2]", NGX_HOUSEHOLD_JWS_ES384 },
        { "P-384", 0, ",3:-51", NGX_HOUSEHOLD_JWS_ES384 },
        { "P-521", 0, ",4:[1,2]", NGX_HOUSEHOLD_JWS_ES512 },
        { "ED25519", 0, ",3:-8", NGX_HOUSEHOLD_JWS_ED25519 },
        { "ED25519", 0, ",3:-19", NGX_HOUSEHOLD_JWS_ED25519 },
        { "ED448", 0, "", NGX_HOUSEHOLD_JWS_ED448 },
        { "RSA", 2048, ",3:-37", NGX_HOUSEHOLD_JWS_PS256 },
        { "RSA", 2048, "", NGX_HOUSEHOLD_JWS_RSA },
        { "oct", 64, ",3:5,4:[10]", NGX_HOUSEHOLD_JWS_HS256 },
        { "oct", 32, "", NGX_HOUSEHOLD_JWS_HS256 }
    };

    (void) state;

    for (i = 0; i < test_count(kinds); i++) {
        p = text + sprintf(text, "[");
        jwk = key_of(&p, kinds[i].type, kinds[i].bits, kinds[i].more);
        strcpy(p, "]");

        set = parse(text, error);

        if (set == NULL) {
            fail_msg("%s: %s %s", text, error, causes);
        }

        root = json_pack("{s:[o]}", "keys", jwk);
        dump = json_dumps(root, 0);
        s = test_str(dump);
        same = ngx_household_jwks_parse(&s, NULL, NULL, error);
        assert_non_null(same);

        assert_int_equal(set->nkeys, 1);
        assert_int_equal(set->keys[0].id, same->keys[0].id);
        assert_int_equal(set->keys[0].key.algorithms, kinds[i].algorithms);
        assert_int_equal(set->keys[0].kid.len, 1);
        assert_memory_equal(set->keys[0].kid.data, "k", 1);

        ngx_household_jwks_destroy(set);
        ngx_household_jwks_destroy(same);
        json_decref(root);
        free(dump);
    }
}


#define K  "'3031323334353637383930313233343536373839303132333435363738393031'"

static void
odd(void **state)
{
    size_t                 i;
    char                   text[CAT_SIZE], error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_household_jwks_t  *set;

    static const struct {
        const char  *key;
        const char  *cause;
    } cases[] = {
        { "1", "not an object" }, { "[]", "not an object" },
        { "{}", "\"kty\" must be a string" },
        { "{1:'EC'}", "\"kty\" must be a string" },
        { "{1:5}", "unknown \"kty\"" }, { "{1:-1}", "unknown \"kty\"" },
        { "{1:4}", "\"k\" must be a string" },
        { "{1:4,-1:'x'}", "\"k\" must be a string" },
        { "{1:4,-1:h'00'}", "secret shorter" },
        { "{1:4,-1:h" K ",3:-7}", "is not an HMAC algorithm" },
        { "{1:4,-1:h" K ",3:4}", "unknown \"alg\"" },
        { "{1:4,-1:h" K ",3:'HS256'}", "\"alg\" must be a string" },
        { "{1:4,-1:h" K ",2:'k'}", "\"kid\" must be a string" },
        { "{1:4,-1:h" K ",4:[9]}", "\"key_ops\" must include" },
        { "{1:4,-1:h" K ",4:['verify']}", "\"key_ops\" must include" },
        { "{1:4,-1:h" K ",4:10}", "\"key_ops\" must be an array" },
        { "{1:2}", "\"crv\" must be a string" },
        { "{1:2,-1:4}", "unknown \"crv\"" },
        { "{1:2,-1:6,-2:h'00',-3:h'00'}", "unknown \"crv\"" },
        { "{1:2,-1:1,-2:h'01',-3:true}", "\"y\" must be a string" },
        { "{1:2,-1:1,-2:h'01',-3:h'01'}", "not a point on the curve" },
        { "{1:1,-1:6,-2:h'00'}", "\"x\" is not a public key" },
        { "{1:3,-1:h'ff',-2:h'03'}", "RSA modulus of 8 bits" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        sprintf(text, "[{1:4,2:h'00ff',-1:h" K "},%s,{1:4,-1:h" K ",4:[10]},"
                "{1:4,2:h'6b',-1:h" K "}]", cases[i].key);

        set = parse(text, error);
        assert_non_null(set);
        assert_int_equal(set->nkeys, 3);
        assert_int_equal(set->keys[0].kid.len, 2);
        assert_memory_equal(set->keys[0].kid.data, "\x00\xff", 2);
        assert_int_equal(set->keys[1].kid.len, 0);
        assert_int_equal(set->keys[2].kid.len, 1);

        if (strncmp(causes, "keys[1]", 7) != 0
            || strstr(causes, cases[i].cause) == NULL
            || strchr(causes, '\n')[1] != '\0')
        {
            fail_msg("%s: %s", cases[i].key, causes);
        }

        ngx_household_jwks_destroy(set);
    }
}


static void
sets(void **state)
{
    int                    i;
    char                   text[CAT_SIZE], error[NGX_HOUSEHOLD_JWKS_ERROR];
    char                  *p;
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    static const char  *bad[] = {
        "[]", "[1]", "{}", "{1:4,-1:h" K "}", "{1:{1:4,-1:h" K "},2:0}",
        "'x'", "x'9f'", "x'81'", "x'8101ff'", "[{1:4,1:4,-1:h" K "}]",
        "x'9b00000000ffffffff'"
    };

    (void) state;

    for (i = 0; i < (int) test_count(bad); i++) {
        error[0] = '\0';
        assert_null(parse(bad[i], error));
        assert_true(error[0] != '\0');
    }

    assert_null(parse_bytes((u_char *) "", 0, error));

    /* of indefinite length */

    set = parse("x'9f" "a3" "0104" "0242" "6b6b" "2058207878787878787878787878"
                "787878787878787878787878787878787878787878" "ff'", error);
    assert_non_null(set);
    assert_int_equal(set->keys[0].kid.len, 2);
    ngx_household_jwks_destroy(set);

    /* as many as fit */

    for (i = 73; i < 75; i++) {
        p = text + sprintf(text, "[");

        while (p - text < i * 80) {
            p += sprintf(p, "%-79s,", "{1:4,-1:h'30'}");
        }

        strcpy(p, "]");
        assert_null(parse(text, error));
        assert_non_null(strstr(error, "more than 64 keys"));
    }

    s = test_str("\x9f");
    assert_true(ngx_household_cose_keys_is(&s));
    s = test_str("\x80");
    assert_true(ngx_household_cose_keys_is(&s));
    s = test_str("{");
    assert_false(ngx_household_cose_keys_is(&s));
    s = test_str(" [");
    assert_false(ngx_household_cose_keys_is(&s));
    s = test_str("\xa0");
    assert_false(ngx_household_cose_keys_is(&s));
    s = test_str("");
    assert_false(ngx_household_cose_keys_is(&s));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(odd),
        cmocka_unit_test(sets)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
