
/*
 * Units of Common Access Tokens: keys, issuers, odd tokens, and the cache.
 */


#include "ngx_household_cat_cases.h"


/* keys and issuers are those of a JWT */

static void
keys(void **state)
{
    size_t      i;
    char        buf[MINT_TOKEN];
    ngx_str_t   token;

    static const struct {
        const char   *tags;
        mint_key_t   *key;
        const char   *alg, *header, *unprotected;
        int           reason;
    } cases[] = {
        { "d1", &hs, "HS256", "{1:5}", "{4:h'6873'}", NONE },
        { "d1", &hs, "HS384", "{1:6}", "{4:h'6873'}", NONE },
        { "d83dd1", &hs, "HS512", "{1:7}", "{4:h'6873'}", NONE },
        { "", &hs, "HS256", "{1:5,4:h'6873'}", "{}", NONE },
        { "d2", &es, "ES256", "{1:-7}", "{4:h'6573'}", NONE },
        { "d83dd2", &rsa, "PS256", "{1:-37}", "{4:h'727361'}", NONE },
        { "d2", &rsa, "PS384", "{1:-38}", "{4:h'727361'}", NONE },
        { "d2", &ed, "EdDSA", "{1:-8}", "{4:h'6564'}", NONE },
        { "d2", &ed, "EdDSA", "{1:-19}", "{}", NONE },

        /* without a kid, and with a wrong one */
        { "d1", &hs, "HS256", "{1:5}", "{}", NONE },
        { "d1", &hs, "HS256", "{1:5}", "{4:h'6563'}", KEY },
        { "d1", &hs, "HS256", "{1:5}", "{4:h''}", KEY },
        { "d1", &hs, "HS256", "{1:5}", "{4:h'687300'}", KEY },
        { "d1", &hs, "HS256", "{1:5}", "{4:h'6573'}", ALGORITHM },

        /* another key, and another algorithm than it says */
        { "d1", &evil, "HS256", "{1:5}", "{4:h'6873'}", SIGNATURE },
        { "d1", &evil, "HS256", "{1:5}", "{}", SIGNATURE },
        { "d1", &hs, "HS384", "{1:5}", "{4:h'6873'}", SIGNATURE },
        { "d2", &es, "ES256/der", "{1:-7}", "{4:h'6573'}", SIGNATURE },
        { "d2", &rsa, "PS256/0", "{1:-37}", "{4:h'727361'}", SIGNATURE },
        { "d2", &rsa, "RS256", "{1:-37}", "{4:h'727361'}", SIGNATURE },
        { "d2", &rsa, "RS256", "{1:-257}", "{4:h'727361'}", ALGORITHM },
        { "d2", &es, "ES256", "{1:-37}", "{4:h'6573'}", ALGORITHM },
        { "d2", &es, "ES256", "{1:-36}", "{4:h'6573'}", ALGORITHM },
        { "d2", &hs, "HS256", "{1:5}", "{4:h'6873'}", ALGORITHM },
        { "d1", &es, "ES256", "{1:-7}", "{4:h'6573'}", ALGORITHM },
        { "d1", &hs, "HS256", "", "{1:5}", ALGORITHM }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        token = cat_token(buf, cases[i].tags, cases[i].key, cases[i].alg,
                          cases[i].header, cases[i].unprotected,
                          "{" GOOD "}");

        if (verify_with(&policy, &token) != (ngx_uint_t) cases[i].reason) {
            fail_msg("%d: %s", (int) i, cases[i].header);
        }
    }
}


/* the signature of the other kind: a MAC of "Signature1", and of nothing */

static void
contexts(void **state)
{
    char        buf[MINT_TOKEN], *last;
    size_t      i, len;
    u_char      in[CAT_SIZE], out[CAT_SIZE], sig[64], *p;
    ngx_str_t   header, payload, input, token;
    u_char      payload_buf[CAT_SIZE];

    static const char  *contexts[] = { "MAC0", "Signature1", "MAC",
                                       "Signature" };

    (void) state;

    header = mint_bytes("\xa1\x01\x05", 3);
    payload = cat_cbor(payload_buf, "{" GOOD "}");

    for (i = 0; i < test_count(contexts); i++) {
        input = cat_signed(in, contexts[i], &header, &payload);
        len = mint_sign(&hs, "HS256", &input, sig);

        p = out;
        *p++ = 0x84;
        p = cat_string(p, 2, header.data, header.len);
        *p++ = 0xa0;
        p = cat_string(p, 2, payload.data, payload.len);
        p = cat_string(p, 2, sig, len);

        last = mint_base64url(buf, out, p - out);
        token = mint_bytes(buf, last - buf);

        assert_int_equal(verify_with(&policy, &token),
                         i == 0 ? NONE : SIGNATURE);
    }
}


static void
trust(void **state)
{
    size_t      i;
    char        buf[MINT_TOKEN];
    ngx_str_t   token;

    static const struct {
        mint_key_t   *key;
        const char   *unprotected, *payload;
        int           reason;
    } cases[] = {
        { &hs, "{16:61}", C("1:'https://a.example',3:'edge'"), NONE },
        { &hs, "{16:'application/cwt'}",
          C("1:'https://a.example',3:['x','edge']"), NONE },
        { &hs, "{16:'CWT'}", C("1:'https://a.example',3:'edge'"), NONE },
        { &evil, "{}", C("1:'https://b.example'"), NONE },

        { &hs, "{}", C("1:'https://a.example',3:'edge'"), TYPE },
        { &hs, "{16:'jwt'}", C("1:'https://a.example',3:'edge'"), TYPE },
        { &hs, "{16:50}", C("1:'https://a.example',3:'edge'"), TYPE },
        { &hs, "{16:61}", C("1:'https://a.example',3:'tv'"), AUDIENCE },
        { &hs, "{16:61}", C("1:'https://a.example',3:[]"), AUDIENCE },
        { &hs, "{16:61}", C("1:'https://a.example'"), AUDIENCE },
        { &hs, "{16:61}", C("1:'https://a.example',3:h'65646765'"), AUDIENCE },

        /* the key of one issuer, the name of the other; no name */
        { &hs, "{16:61}", C("1:'https://b.example',3:'edge'"), SIGNATURE },
        { &evil, "{16:61}", C("1:'https://a.example',3:'edge'"), SIGNATURE },
        { &hs, "{16:61}", C("1:'https://c.example',3:'edge'"), ISSUER },
        { &hs, "{16:61}", C("3:'edge'"), ISSUER },
        { &hs, "{16:61}", C("1:'',3:'edge'"), ISSUER },
        { &hs, "{16:61}", C("1:['https://a.example'],3:'edge'"), CLAIM }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        token = cat_token(buf, "d1", cases[i].key, "HS256", HS256,
                          cases[i].unprotected, cases[i].payload);

        if (verify_with(&two, &token) != (ngx_uint_t) cases[i].reason) {
            fail_msg("%s %s", cases[i].unprotected, cases[i].payload);
        }
    }
}


static void
forms(void **state)
{
    char                         buf[MINT_TOKEN], good[MINT_TOKEN];
    char                         payload[CAT_SIZE];
    size_t                       i;
    ngx_str_t                    token, other;
    ngx_household_jwt_policy_t   small;

    static const char  *odd[] = { "", "A", "AA", "AAA", "=", "....", "a.b.c",
                                  "gA", "oA", "0oRA", "2D0", "2D3RhA", "_w" };

    (void) state;

    for (i = 0; i < test_count(odd); i++) {
        token = test_str(odd[i]);
        assert_int_equal(verify_with(&policy, &token), MALFORMED);
    }

    token = cat_token(good, "d1", &hs, "HS256", HS256, "{}", "{" GOOD "}");
    assert_int_equal(verify_with(&policy, &token), NONE);

    /* padding, a letter less or more, and each letter changed */

    memcpy(buf, good, token.len);
    buf[token.len] = '=';
    other = mint_bytes(buf, token.len + 1);
    assert_int_equal(verify_with(&policy, &other), MALFORMED);
    buf[token.len] = 'A';
    assert_int_not_equal(verify_with(&policy, &other), NONE);
    other.len = token.len - 1;
    assert_int_equal(verify_with(&policy, &other), MALFORMED);

    other.len = token.len;

    for (i = 0; i < token.len; i++) {
        memcpy(buf, good, token.len);
        buf[i] = buf[i] == 'B' ? 'C' : 'B';
        assert_int_not_equal(verify_with(&policy, &other), NONE);
    }

    /* the size */

    small = policy;
    small.max_size = token.len;
    assert_int_equal(verify_with(&small, &token), NONE);
    small.max_size = token.len - 1;
    assert_int_equal(verify_with(&small, &token), MALFORMED);

    memset(buf, 'A', NGX_HOUSEHOLD_JWT_SIZE_MAX + 1);
    small.max_size = NGX_HOUSEHOLD_JWT_SIZE_MAX + 1;
    other = mint_bytes(buf, NGX_HOUSEHOLD_JWT_SIZE_MAX + 1);
    assert_int_equal(verify_with(&small, &other), MALFORMED);

    /* as large as a token can be */

    memset(payload, 'x', sizeof(payload));
    memcpy(payload, "{" GOOD ",'plan':'", sizeof("{" GOOD ",'plan':'") - 1);
    strcpy(payload + 6000, "'}");
    small.max_size = NGX_HOUSEHOLD_JWT_SIZE_MAX;
    other = cat_token(buf, "d1", &hs, "HS256", HS256, "{}", payload);
    assert_in_range(other.len, 8000, NGX_HOUSEHOLD_JWT_SIZE_MAX);
    assert_int_equal(verify_with(&small, &other), NONE);
}


/* another request with the same token, of a cache */

static void
again(void **state)
{
    char                          buf[MINT_TOKEN];
    ngx_str_t                     token;
    ngx_household_cat_request_t   request;

    (void) state;

    token = cat_token(buf, "d1", &hs, "HS256", HS256, "{}",
                      C("312:{3:{1:'/a/'}},313:['GET'],41:[{4:1700000050}]"));
    assert_int_equal(verify_with(&policy, &token), NONE);
    assert_int_equal(claims.restricted, 1);

    request_set(&request, &token);
    assert_int_equal(match(&token, &request), NONE);

    uri = "https://tv.example/b/";
    assert_int_equal(match(&token, &request), URI);

    usual();
    request.method = test_str("PUT");
    assert_int_equal(match(&token, &request), METHOD);

    request.method = test_str("GET");
    request.now = 1700000050;
    assert_int_equal(match(&token, &request), CONDITION);

    token.len--;
    claims.container_len = 0;
    assert_int_equal(match(&token, &request), MALFORMED);
}


/* what is kept are the claims that depend on the request, if there is room */

static void
kept(void **state)
{
    char        text[CAT_SIZE], *p;
    size_t      len;
    u_char      buf[CAT_SIZE];
    ngx_str_t   judged;
    ngx_uint_t  i;

    (void) state;

    assert_int_equal(verify(C("7:h'01'")), NONE);
    assert_int_equal(claims.container_len, 0);

    assert_int_equal(verify(C("7:h'01',313:['GET'],'plan':'x',"
                              "312:{3:{1:'/a/'}}")),
                     NONE);

    judged = cat_cbor(buf, "{313:['GET'],312:{3:{1:'/a/'}}}");
    assert_int_equal(claims.container_len, judged.len);
    assert_memory_equal(claims.container, judged.data, judged.len);

    len = NGX_HOUSEHOLD_CONTAINER_LEN - 20;

    for (i = 0; i <= 20; i++, len++) {
        p = text + sprintf(text, "{" GOOD ",313:['GET','");
        memset(p, 'x', len);
        strcpy(p + len, "']}");

        assert_int_equal(verify(text), NONE);
        assert_true(claims.restricted);

        /* of the largest number of bytes, some may be left */

        if (claims.container_len != 0) {
            assert_in_range(i, 0, 8);
            assert_int_equal(claims.container_len, len + 12);

        } else {
            assert_in_range(i, 1, 20);
        }
    }
}


/*
 * Tokens of other implementations: two of Akamai's EdgeWorkers, which those of
 * npm check against, and the one in the README of a library in Zig.
 */

static void
peers(void **state)
{
    char                          error[NGX_HOUSEHOLD_JWKS_ERROR];
    char                          last, buf[MINT_TOKEN];
    size_t                        i;
    ngx_str_t                     text, token;
    ngx_household_jwt_issuer_t    any;
    ngx_household_jwt_policy_t    peer;
    ngx_household_cat_request_t   request;

#define SECRET  "\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"                 \
                "\"QDaX3oevZGEcHTKgXasP4fy3FahqtDXx7JkZLXlWk4g\""

    static u_char  set[] =
        "{\"keys\":[{\"kid\":\"akamai_key_hs256\"," SECRET "},"
        "{\"kid\":\"Symmetric256\"," SECRET "}]}";

    static const struct {
        const char   *token, *account, *value;
        int64_t       exp;
    } cases[] = {
        { "2D3RhEOhAQWhBFBha2FtYWlfa2V5X2hzMjU2WCijAXgYY29hcDovL2pvbmFzLmV4"
          "YW1wbGUuY29tBhpn1JipBRpn1JipWCCX4nQb8SYQoa0SFLxE2Rh35DdTjoA9TzOS"
          "y1IP9O1BGQ", "iss", NULL, 1742002346 },
        { "2D3RhEOhAQWhBFBha2FtYWlfa2V5X2hzMjU2U6MEGnUCOrsGGmfXRKwFGmfXRKxY"
          "IOM6yRx830uqAamWFv1amFYRa5vaV2z5lIQTqFEvFh8z", "sub", NULL,
          1963080379 },
        { "2D3RhEOhAQWhBExTeW1tZXRyaWMyNTZYS6YHWCA1YmJjNDI2NWVmYTAxOGI4YjU4"
          "Y2I5OTQyY2IwODFmMQFnZXhhbXBsZQQaaQpK1gYaaQpKXgJndXNlcjEyMwNnc2Vy"
          "dmljZVggNRE3wudeG0Fd-vJMZiLpNRO6WU9lrtByioSvzuAEi7U", "sub",
          "user123", 1762282198 }
    };

    (void) state;

    text = mint_bytes(set, sizeof(set) - 1);

    memset(&any, 0, sizeof(any));
    any.jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);
    assert_non_null(any.jwks);

    for (i = 0; i < test_count(cases); i++) {
        peer = policy;
        peer.issuers = &any;
        peer.nissuers = 1;
        peer.account = test_str(cases[i].account);

        strcpy(buf, cases[i].token);
        token = test_str(buf);
        request_set(&request, &token);
        request.now = cases[i].exp - 1;

        /* without an account, or without exp, it is none for an edge */

        assert_int_equal(ngx_household_cat_verify(&peer, &token, &request,
                                                  &claims),
                         cases[i].value != NULL ? NONE : CLAIM);

        if (cases[i].value != NULL) {
            assert_int_equal(claims.account_len, strlen(cases[i].value));
            assert_memory_equal(claims.account, cases[i].value,
                                claims.account_len);

            request.now = cases[i].exp + LEEWAY;
            assert_int_equal(ngx_household_cat_verify(&peer, &token, &request,
                                                      &claims),
                             EXPIRED);
        }

        last = buf[token.len - 3];
        buf[token.len - 3] = last == 'A' ? 'B' : 'A';

        assert_int_equal(ngx_household_cat_verify(&peer, &token, &request,
                                                  &claims),
                         SIGNATURE);
    }

    ngx_household_jwks_destroy(any.jwks);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(keys, start),
        cmocka_unit_test_setup(contexts, start),
        cmocka_unit_test_setup(trust, start),
        cmocka_unit_test_setup(forms, start),
        cmocka_unit_test_setup(again, start),
        cmocka_unit_test_setup(kept, start),
        cmocka_unit_test_setup(peers, start)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
