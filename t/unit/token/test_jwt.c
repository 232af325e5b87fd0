
/*
 * Units of the verifier of tokens: times, claims, issuers, published tokens,
 * digests.
 */


#include "ngx_household_jwt_test.h"
#include "ngx_household_vectors.h"


static void
leeway(void **state)
{
    int64_t                     i, l;
    ngx_str_t                   token;
    ngx_household_jwt_policy_t  policy;

    static const int64_t  leeways[] = { 0, 1, 30, 300 };

    policy = plain;

    for (i = 0; i < 4; i++) {
        l = policy.leeway = leeways[i];

        token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}",
                     "{" SUB ",\"exp\":2000}");

        expect("exp - 1 s", verify_at(&policy, &token, 2000 + l - 1), NONE);
        assert_int_equal(claims.until, 2000 + l);
        expect("exp", verify_at(&policy, &token, 2000 + l), EXPIRED);
        expect("exp + 1 s", verify_at(&policy, &token, 2000 + l + 1),
               EXPIRED);

        token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}",
                     "{" SUB ",\"exp\":9000,\"nbf\":2000}");

        expect("nbf - 1 s", verify_at(&policy, &token, 2000 - l - 1),
               NOT_YET);
        expect("nbf", verify_at(&policy, &token, 2000 - l), NONE);
        expect("nbf + 1 s", verify_at(&policy, &token, 2000 - l + 1), NONE);

        token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}",
                     "{" SUB ",\"exp\":9000,\"iat\":2000}");

        expect("iat - 1 s", verify_at(&policy, &token, 2000 - l - 1),
               NOT_YET);
        expect("iat", verify_at(&policy, &token, 2000 - l), NONE);
        assert_int_equal(claims.issued_at, 2000);
    }

    nothing_is_left();
}


static void
claims_are_exact(void **state)
{
    char        payload[1024];
    ngx_str_t   token;

    token = sign(buf, A_RSA, "RS256", RS256,
                 "{\"sub\":\" \\\"A\\/b\\u00e9\\ud83d\\ude00{}*\\\\ \","
                 "\"device\":\"tv\\u0080\"," EXP ",\"iat\":1699999999}");
    assert_int_equal(verify(&plain, &token), NONE);

    assert_int_equal(claims.account_len, 16);
    assert_memory_equal(claims.account,
                        " \"A/b\xc3\xa9\xf0\x9f\x98\x80{}*\\ ", 16);
    assert_int_equal(claims.device_len, 4);
    assert_memory_equal(claims.device, "tv\xc2\x80", 4);
    assert_int_equal(claims.issued_at, 1699999999);
    assert_int_equal(claims.until, 1700000060 + LEEWAY);
    assert_int_equal(claims.issuer, 0);

    /* a fraction is not yet another second of life, or a later issue */

    token = sign(buf, A_RSA, "RS256", RS256,
                 "{" SUB ",\"exp\":1700000060.9,\"iat\":1699999999.9}");
    assert_int_equal(verify(&plain, &token), NONE);
    assert_int_equal(claims.issued_at, 1699999999);
    assert_int_equal(claims.until, 1700000060 + LEEWAY);

    assert_int_equal(verify(&plain, &good), NONE);
    assert_int_equal(claims.issued_at, NGX_HOUSEHOLD_ISSUED_UNKNOWN);

    sprintf(payload, "{\"sub\":\"%0128d\",\"device\":\"%0128d\"," EXP "}",
            1, 2);
    token = sign(buf, A_RSA, "RS256", RS256, payload);
    assert_int_equal(verify(&plain, &token), NONE);
    assert_int_equal(claims.account_len, 128);
    assert_int_equal(claims.device_len, 128);
    assert_int_equal(claims.account[127], '1');
    assert_int_equal(claims.device[127], '2');

    sprintf(payload, "{\"sub\":\"%0129d\"," EXP "}", 1);
    token = sign(buf, A_RSA, "RS256", RS256, payload);
    expect("account of 129 bytes", verify(&plain, &token), CLAIM);

    sprintf(payload, "{" SUB ",\"device\":\"%0129d\"," EXP "}", 1);
    token = sign(buf, A_RSA, "RS256", RS256, payload);
    expect("device of 129 bytes", verify(&plain, &token), CLAIM);

    /* 65 characters, 130 bytes */

    strcpy(payload, "{\"sub\":\"");
    while (strlen(payload) < 8 + 65 * 2) {
        strcat(payload, "\xc3\xa9");
    }
    strcat(payload, "\"," EXP "}");
    token = sign(buf, A_RSA, "RS256", RS256, payload);
    expect("account of 130 bytes", verify(&plain, &token), CLAIM);

    nothing_is_left();
}


static void
claim_names(void **state)
{
    ngx_str_t                    token;
    ngx_household_jwt_policy_t   policy;

    policy = plain;
    ngx_str_set(&policy.account, "https://tv.example/account");
    ngx_str_null(&policy.device);

    token = sign(buf, A_RSA, "RS256", RS256,
                 "{\"sub\":\"x\",\"https://tv.example/account\":\"y\","
                 "\"device\":7," EXP "}");
    assert_int_equal(verify(&policy, &token), NONE);
    assert_int_equal(claims.account_len, 1);
    assert_int_equal(claims.account[0], 'y');
    assert_int_equal(claims.device_len, 0);

    expect("no such claim", verify(&policy, &good), CLAIM);
}


static void
issuer_index(void **state)
{
    ngx_str_t  token;

    token = sign(buf, A_RSA, "RS256", RS256,
                 "{" SUB "," EXP "," ISS_A ",\"aud\":\"tv\"}");
    assert_int_equal(verify(&two, &token), NONE);
    assert_int_equal(claims.issuer, 2);

    token = sign(buf, B_RSA, "RS256", RS256, "{" SUB "," EXP "," ISS_B "}");
    assert_int_equal(verify(&two, &token), NONE);
    assert_int_equal(claims.issuer, 1);

    /* nobody is trusted, or only those who are named */

    {
        ngx_household_jwt_policy_t  policy;

        set_policy(&policy, NULL, 0);
        expect("no issuer", verify(&policy, &good), ISSUER);

        set_policy(&policy, two_issuers, 3);
        expect("none but named ones", verify(&policy, &good), ISSUER);

        token = sign(buf, A_RSA, "RS256", RS256,
                     "{" SUB "," EXP ",\"iss\":\"https://c.example\"}");
        expect("another one", verify(&policy, &token), ISSUER);

        token = sign(buf, A_RSA, "RS256", RS256,
                     "{" SUB "," EXP ",\"iss\":\"\"}");
        expect("an empty one", verify(&policy, &token), ISSUER);
    }
}


/* nine lines of one issuer, each with the same keys and another audience */

static void
audience_of_ninth_line(void **state)
{
    char                           names[9][2];
    ngx_str_t                      token, audiences[9];
    ngx_uint_t                     i;
    ngx_household_jwt_issuer_t   issuers[10];
    ngx_household_jwt_policy_t   policy;

    for (i = 0; i < 9; i++) {
        names[i][0] = (char) ('a' + i);
        audiences[i] = mint_bytes(names[i], 1);
        issuers[i] = two_issuers[0];
        issuers[i].audiences = &audiences[i];
        issuers[i].naudiences = 1;
    }

    set_policy(&policy, issuers, 9);

    token = sign(buf, A_RSA, "RS256", RS256,
                 "{" SUB "," EXP "," ISS_A ",\"aud\":\"i\"}");
    expect("the ninth line", verify(&policy, &token), NONE);
    assert_int_equal(claims.issuer, 8);

    token = sign(buf, A_RSA, "RS256", RS256,
                 "{" SUB "," EXP "," ISS_A ",\"aud\":\"j\"}");
    expect("no line", verify(&policy, &token), AUDIENCE);

    token = sign(buf, EVIL_RSA, "RS256", RS256,
                 "{" SUB "," EXP "," ISS_A ",\"aud\":\"i\"}");
    expect("forged", verify(&policy, &token), SIGNATURE);

    /* another key behind them is tried, too */

    issuers[9] = two_issuers[1];
    issuers[9].name = two_issuers[0].name;
    set_policy(&policy, issuers, 10);

    token = sign(buf, B_RSA, "RS256", RS256, "{" SUB "," EXP "," ISS_A "}");
    expect("the tenth line", verify(&policy, &token), NONE);
    assert_int_equal(claims.issuer, 9);
}


/* what is told does not depend on the order of lines */

static void
order_of_lines(void **state)
{
    ngx_str_t                      token;
    ngx_uint_t                     i;
    ngx_household_jwt_issuer_t     issuers[2];
    ngx_household_jwt_policy_t     policy;

    for (i = 0; i < 2; i++) {
        issuers[i] = plain_issuer;
        issuers[1 - i] = nine_issuer;
        set_policy(&policy, issuers, 2);

        /* the one knows the kid, but not for this; the other does not */

        token = sign(buf, A_HS, "HS256",
                     "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD);
        expect("the kid of one", verify(&policy, &token), ALGORITHM);

        /* the one tries its key, the other has none of the kind */

        token = sign(buf, EVIL_RSA, "RS256", RS256, GOOD);
        expect("the algorithm of one", verify(&policy, &token), SIGNATURE);
    }
}


/* two keys live: the old one goes, the new one comes */

static void
rotation(void **state)
{
    char                         text[8192], *p;
    char                         old_buf[MINT_TOKEN], new_buf[MINT_TOKEN];
    ngx_str_t                    old_token, new_token;
    ngx_household_jwt_issuer_t   issuer;
    ngx_household_jwt_policy_t   policy;

    old_token = sign(old_buf, A_RSA, "RS256", H("\"kid\":\"1\""), GOOD);
    new_token = sign(new_buf, B_RSA, "RS256", H("\"kid\":\"2\""), GOOD);

    ngx_memzero(&issuer, sizeof(issuer));
    set_policy(&policy, &issuer, 1);

    p = put(text + sprintf(text, "{\"keys\":["), A_RSA, "\"kid\":\"1\"");
    issuer.jwks = end(text, p);
    expect("before, old", verify(&policy, &old_token), NONE);
    expect("before, new", verify(&policy, &new_token), KEY);
    ngx_household_jwks_destroy(issuer.jwks);

    p = put(text + sprintf(text, "{\"keys\":["), A_RSA, "\"kid\":\"1\"");
    p = put(p, B_RSA, "\"kid\":\"2\"");
    issuer.jwks = end(text, p);
    expect("meanwhile, old", verify(&policy, &old_token), NONE);
    expect("meanwhile, new", verify(&policy, &new_token), NONE);
    ngx_household_jwks_destroy(issuer.jwks);

    p = put(text + sprintf(text, "{\"keys\":["), B_RSA, "\"kid\":\"2\"");
    issuer.jwks = end(text, p);
    expect("after, old", verify(&policy, &old_token), KEY);
    expect("after, new", verify(&policy, &new_token), NONE);
    ngx_household_jwks_destroy(issuer.jwks);
}


/* of a set that was not fetched yet nothing is known */

static void
unknown_keys(void **state)
{
    ngx_str_t                   token;
    ngx_household_jwt_issuer_t  issuers[2];
    ngx_household_jwt_policy_t  policy;

    issuers[0] = two_issuers[0];
    issuers[1] = two_issuers[0];
    issuers[1].jwks = NULL;
    set_policy(&policy, issuers, 2);

    token = sign(buf, A_RSA, "RS256", H("\"kid\":\"k\""),
                 "{" SUB "," EXP "," ISS_A ",\"aud\":\"edge\"}");
    expect("a key of the other set", verify(&policy, &token), NONE);
    assert_int_equal(claims.issuer, 0);

    token = sign(buf, A_RSA, "RS256", H("\"kid\":\"k\""),
                 "{" SUB "," EXP "," ISS_A ",\"aud\":\"tv\"}");
    expect("the same, another audience", verify(&policy, &token), AUDIENCE);

    token = sign(buf, B_RSA, "RS256", H("\"kid\":\"x\""),
                 "{" SUB "," EXP "," ISS_A "}");
    expect("an unknown kid", verify(&policy, &token), KEYS_UNAVAILABLE);

    token = sign(buf, B_RSA, "RS256", H("\"kid\":\"k\""),
                 "{" SUB "," EXP "," ISS_A "}");
    expect("the kid of another key", verify(&policy, &token),
           KEYS_UNAVAILABLE);

    token = sign(buf, A_RSA, "RS256", H("\"kid\":\"k\""),
                 "{" SUB "," EXP "," ISS_B "}");
    expect("another issuer", verify(&policy, &token), ISSUER);

    expect("no token", verify(&policy, &no_uri), MALFORMED);

    /* in any order */

    issuers[0] = issuers[1];
    issuers[1] = two_issuers[0];

    token = sign(buf, B_RSA, "RS256", H("\"kid\":\"k\""),
                 "{" SUB "," EXP "," ISS_A "}");
    expect("the other order", verify(&policy, &token), KEYS_UNAVAILABLE);
}


static void
published(void **state)
{
    size_t                      i;
    char                        text[2048];
    ngx_str_t                   token, uri;
    ngx_household_jwt_issuer_t  issuer;
    ngx_household_jwt_policy_t  policy;

    static const char  *claims_of_joe[] = {
        RFC7515_A1_JWK, RFC7515_A1_TOKEN,
        RFC7515_A2_JWK, RFC7515_A2_TOKEN,
        RFC7515_A3_JWK, RFC7515_A3_TOKEN
    };

    ngx_memzero(&issuer, sizeof(issuer));
    set_policy(&policy, &issuer, 1);
    ngx_str_set(&policy.account, "iss");
    policy.leeway = 0;

    for (i = 0; i < mint_count(claims_of_joe); i += 2) {
        sprintf(text, "{\"keys\":[%s]}", claims_of_joe[i]);
        issuer.jwks = jwks(text);
        token = mint_str(claims_of_joe[i + 1]);

        assert_int_equal(verify_at(&policy, &token, 1300819379), NONE);
        assert_int_equal(claims.account_len, 3);
        assert_memory_equal(claims.account, "joe", 3);

        ngx_str_set(&issuer.name, "joe");
        assert_int_equal(verify_at(&policy, &token, 1300819379), NONE);
        ngx_str_set(&issuer.name, "jo");
        assert_int_equal(verify_at(&policy, &token, 1300819379), ISSUER);
        ngx_str_null(&issuer.name);

        assert_int_equal(verify_at(&policy, &token, 1300819380), EXPIRED);

        ngx_household_jwks_destroy(issuer.jwks);
    }

    /* RFC 9246, A: the first has its URI, the others what is not done */

    issuer.jwks = jwks(RFC9246_JWKS);
    ngx_str_set(&issuer.name, "uCDN Inc");

    token = mint_str(RFC9246_SIMPLE_TOKEN);
    uri = mint_str("http://cdni.example/foo/bar");
    assert_int_equal(ngx_household_jwt_verify(&policy, &token, &token, &uri,
                                              1646867368, &claims),
                     NONE);
    assert_int_equal(claims.container_len, 56);

    assert_int_equal(ngx_household_jwt_verify(&policy, &token, &token, &uri,
                                              1646867369, &claims),
                     EXPIRED);

    uri = mint_str("http://cdni.example/foo/baz");
    assert_int_equal(ngx_household_jwt_verify(&policy, &token, &token, &uri,
                                              1646867368, &claims),
                     URI);
    assert_int_equal(claims.container_len, 0);

    token = mint_str(RFC9246_COMPLEX_TOKEN);
    uri = mint_str("http://cdni.example/foo/bar/123.png");
    assert_int_equal(ngx_household_jwt_verify(&policy, &token, &token, &uri,
                                              1646867368, &claims),
                     URI);

    ngx_str_null(&issuer.name);
    ngx_str_set(&policy.account, "cdniuc");
    token = mint_str(RFC9246_RENEWAL_TOKEN);
    uri = mint_str("http://cdni.example/foo/bar/123.ts");
    assert_int_equal(ngx_household_jwt_verify(&policy, &token, &token, &uri,
                                              1646867368, &claims),
                     URI);

    ngx_household_jwks_destroy(issuer.jwks);
}


static void
uri_restricts(void **state)
{
    char        text[MINT_TOKEN + 256];
    ngx_str_t   token, former, uri;

    token = sign(buf, A_P256, "ES256", "{\"alg\":\"ES256\"}",
                 "{" SUB "," EXP ",\"cdniuc\":"
                 "\"regex:https://edge\\\\.example/v/[0-9]+\\\\.ts\"}");

    uri = mint_str("https://edge.example/v/12.ts");
    assert_int_equal(ngx_household_jwt_verify(&plain, &token, &token, &uri,
                                              NOW, &claims),
                     NONE);
    assert_int_equal(claims.container_len, 40);
    assert_memory_equal(claims.container,
                        "regex:https://edge\\.example/v/[0-9]+\\.ts", 40);

    sprintf(text, "https://edge.example/v/12.ts?URISigningPackage=%s", buf);
    uri = mint_str(text);
    assert_int_equal(ngx_household_jwt_verify(&plain, &token, &token, &uri,
                                              NOW, &claims),
                     NONE);

    /* a token that this one has renewed, and one that was not sent */

    uri = mint_str("https://edge.example/v/12.ts?URISigningPackage=a.b.c");
    former = mint_str("a.b.c");
    assert_int_equal(ngx_household_jwt_verify(&plain, &token, &former, &uri,
                                              NOW, &claims),
                     NONE);
    assert_int_equal(ngx_household_jwt_verify(&plain, &token, &token, &uri,
                                              NOW, &claims),
                     URI);

    uri = mint_str("https://edge.example/w/12.ts");
    assert_int_equal(ngx_household_jwt_verify(&plain, &token, &token, &uri,
                                              NOW, &claims),
                     URI);
}


/* the digests of an id as it stands in a deny list, and of no other kind */

static uint64_t
denial(ngx_household_jwt_denial_e kind, const char *id)
{
    uint64_t   digest;
    ngx_str_t  s;

    s = mint_str(id);
    assert_int_equal(ngx_household_jwt_denial_digest(kind, &s, &digest),
                     NGX_OK);

    return digest;
}


static void
denial_ids(void **state)
{
    uint64_t    jti, kid;
    ngx_str_t   token;
    ngx_uint_t  i;

    static const struct {
        const char  *payload;
        const char  *id;               /* NULL: none */
    } cases[] = {
        { P("\"jti\":\"a\""), "a" },
        { P("\"jti\":\"\\u0061\""), "a" },
        { P("\"jti\":\"A\""), "A" },
        { P("\"jti\":7"), "7" },
        { P("\"jti\":-7"), "-7" },
        { P("\"jti\":\"\""), "" },
        { P("\"jti\":7.5"), NULL },
        { P("\"jti\":true"), NULL },
        { P("\"jti\":null"), NULL },
        { P("\"jti\":[\"a\"]"), NULL },
        { GOOD, NULL }
    };

    kid = denial(NGX_HOUSEHOLD_JWT_DENIAL_KID, "rsa");

    for (i = 0; i < mint_count(cases); i++) {
        jti = cases[i].id ? denial(NGX_HOUSEHOLD_JWT_DENIAL_JTI, cases[i].id)
                          : NGX_HOUSEHOLD_JWT_DENIAL_NONE;

        token = sign(buf, A_RSA, "RS256", H("\"kid\":\"rsa\""),
                     cases[i].payload);
        assert_int_equal(verify(&plain, &token), NONE);
        assert_true(claims.jti == jti);
        assert_true(claims.kid == kid);

        /* the key is named by the set, also if the token does not name it */

        token = sign(buf, A_RSA, "RS256", RS256, cases[i].payload);
        assert_int_equal(verify(&plain, &token), NONE);
        assert_true(claims.kid == kid);
    }

    assert_true(kid != denial(NGX_HOUSEHOLD_JWT_DENIAL_JTI, "rsa"));
    assert_true(kid != denial(NGX_HOUSEHOLD_JWT_DENIAL_KID, "rs"));

    assert_int_equal(verify(&plain, &forged), SIGNATURE);
    assert_true(claims.kid == NGX_HOUSEHOLD_JWT_DENIAL_NONE);
}


/* a token that an edge has signed for a key of the issuer */

static ngx_str_t
renewed(int key, uint64_t id)
{
    char        header[128], *p;
    size_t      i;
    u_char     *bytes;

    p = header + sprintf(header, "{\"alg\":\"HS256\",\"kid\":\"e\","
                         "\"household_renews\":\"");
    bytes = (u_char *) &id;

    for (i = 0; i < sizeof(id); i++) {
        p += sprintf(p, "%02x", bytes[i]);
    }

    strcpy(p, "\"}");

    return sign(buf, key, "HS256", header,
                P("\"cdniets\":30,\"cdnistt\":1,\"cdniuc\":\"regex:.*\""));
}


static void
renewal(void **state)
{
    char                          text[4096], *p;
    uint64_t                      id;
    ngx_str_t                     token, uri;
    ngx_household_jwt_policy_t    policy;
    const ngx_household_jwk_t    *jwk;

    uri = mint_str("https://edge.example/1.ts");
    policy = plain;
    jwk = &plain_issuer.jwks->keys[0];

    token = renewed(B_HS, jwk->id);
    assert_int_equal(verify(&policy, &token), KEY);

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, B_HS, "\"kid\":\"e\",\"alg\":\"HS256\"");
    policy.renewal = end(text, p);

    assert_int_equal(ngx_household_jwt_verify(&policy, &token, &token, &uri,
                                              NOW, &claims),
                     NONE);
    assert_true(claims.renewed);
    assert_true(claims.key == jwk->id);
    assert_true(claims.kid == denial(NGX_HOUSEHOLD_JWT_DENIAL_KID, "rsa"));

    token = renewed(B_HS, jwk->id ^ 1);
    assert_int_equal(verify(&policy, &token), KEY);

    token = renewed(EVIL_HS, jwk->id);
    assert_int_equal(verify(&policy, &token), SIGNATURE);

    /* the secrets of edges are no keys of the issuer, and the reverse */

    token = sign(buf, B_HS, "HS256", "{\"alg\":\"HS256\",\"kid\":\"e\"}",
                 GOOD);
    assert_int_equal(verify(&policy, &token), KEY);

    ngx_household_jwks_destroy(policy.renewal);

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, B_HS, "\"kid\":\"x\"");
    policy.renewal = end(text, p);
    token = renewed(A_HS, jwk->id);
    assert_int_equal(verify(&policy, &token), KEY);

    ngx_household_jwks_destroy(policy.renewal);

    /* a token to be renewed, and no secret */

    token = sign(buf, A_RSA, "RS256", RS256,
                 P("\"cdniets\":30,\"cdnistt\":1"));
    assert_int_equal(verify(&plain, &token), URI);

    token = sign(buf, A_RSA, "RS256", RS256,
                 P("\"cdniets\":30,\"cdnistt\":0"));
    assert_int_equal(verify(&plain, &token), NONE);
    assert_false(claims.renewed);

    /* ids are of keys, not of their names */

    for (id = 0; id < plain_issuer.jwks->nkeys; id++) {
        assert_true(plain_issuer.jwks->keys[id].id != 0);
        assert_true(id == 0 || plain_issuer.jwks->keys[id].id != jwk->id);
    }

    assert_true(two_issuers[0].jwks->keys[0].id == jwk->id);
    assert_true(two_issuers[1].jwks->keys[0].id != jwk->id);
}


/* whatever changes what is accepted or read changes the digest */

static void
policy_digest(void **state)
{
    u_char                      a[NGX_HOUSEHOLD_JWT_DIGEST];
    u_char                      b[NGX_HOUSEHOLD_JWT_DIGEST];
    ngx_uint_t                  i;
    ngx_household_jwt_issuer_t  issuers[2];
    ngx_household_jwt_policy_t  policy;

    for (i = 0; i <= 15; i++) {
        issuers[0] = two_issuers[0];
        issuers[1] = two_issuers[1];
        set_policy(&policy, issuers, 2);
        assert_int_equal(ngx_household_jwt_policy_digest(&policy, a),
                         NGX_OK);

        switch (i) {
        case 0: break;
        case 1: ngx_str_set(&policy.account, "su"); break;
        case 2: ngx_str_set(&policy.device, "did"); break;
        case 3: ngx_str_set(&policy.package, "usp"); break;
        case 4: policy.leeway = 31; break;
        case 5: policy.max_size--; break;
        case 6: policy.nissuers = 1; break;
        case 7: issuers[0].jwks = two_issuers[1].jwks; break;
        case 8: ngx_str_set(&issuers[1].name, "c"); break;
        case 9: issuers[1].audiences = tv; issuers[1].naudiences = 1; break;
        case 10: ngx_str_set(&policy.account, "subdevice");
                 ngx_str_null(&policy.device); break;
        case 11: issuers[0].naudiences = 1; break;
        case 12: ngx_str_set(&issuers[0].type, "at+jwt"); break;
        case 13: policy.values = tv; policy.nvalues = 1; break;
        case 14: issuers[1].jwks = NULL; break;
        case 15: policy.renewal = two_issuers[1].jwks; break;
        }

        assert_int_equal(ngx_household_jwt_policy_digest(&policy, b),
                         NGX_OK);

        if (i == 0) {
            assert_memory_equal(a, b, sizeof(a));

        } else {
            assert_memory_not_equal(a, b, sizeof(a));
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(leeway),
        cmocka_unit_test(claims_are_exact),
        cmocka_unit_test(claim_names),
        cmocka_unit_test(issuer_index),
        cmocka_unit_test(audience_of_ninth_line),
        cmocka_unit_test(order_of_lines),
        cmocka_unit_test(rotation),
        cmocka_unit_test(unknown_keys),
        cmocka_unit_test(published),
        cmocka_unit_test(uri_restricts),
        cmocka_unit_test(denial_ids),
        cmocka_unit_test(renewal),
        cmocka_unit_test(policy_digest)
    };

    return cmocka_run_group_tests_name("token", tests, setup, teardown);
}
