
/*
 * Units of key sets: what a JWKS file may hold, what is skipped, and what
 * refuses the file, with the words of the refusal.
 */


#include "ngx_household_jwks_test.h"


static void
without_alg(void **state)
{
    expect_algorithms(&rsa, "", NGX_HOUSEHOLD_JWS_RS256
                                | NGX_HOUSEHOLD_JWS_RS384
                                | NGX_HOUSEHOLD_JWS_RS512
                                | NGX_HOUSEHOLD_JWS_PS256
                                | NGX_HOUSEHOLD_JWS_PS384
                                | NGX_HOUSEHOLD_JWS_PS512);

    expect_algorithms(&p256, "", NGX_HOUSEHOLD_JWS_ES256);
    expect_algorithms(&p384, "", NGX_HOUSEHOLD_JWS_ES384);
    expect_algorithms(&p521, "", NGX_HOUSEHOLD_JWS_ES512);
    expect_algorithms(&ed, "", NGX_HOUSEHOLD_JWS_ED25519);
    expect_algorithms(&ed448, "", NGX_HOUSEHOLD_JWS_ED448);

    expect_algorithms(&hs32, "", NGX_HOUSEHOLD_JWS_HS256);
    expect_algorithms(&hs48, "", NGX_HOUSEHOLD_JWS_HS256
                                 | NGX_HOUSEHOLD_JWS_HS384);
    expect_algorithms(&hs64, "", NGX_HOUSEHOLD_JWS_HS256
                                 | NGX_HOUSEHOLD_JWS_HS384
                                 | NGX_HOUSEHOLD_JWS_HS512);
}


static void
with_alg(void **state)
{
    expect_algorithms(&rsa, "\"alg\":\"RS256\"", NGX_HOUSEHOLD_JWS_RS256);
    expect_algorithms(&rsa2, "\"alg\":\"PS512\"", NGX_HOUSEHOLD_JWS_PS512);
    expect_algorithms(&p384, "\"alg\":\"ES384\"", NGX_HOUSEHOLD_JWS_ES384);
    expect_algorithms(&ed, "\"alg\":\"EdDSA\"", NGX_HOUSEHOLD_JWS_ED25519);
    expect_algorithms(&hs64, "\"alg\":\"HS384\"", NGX_HOUSEHOLD_JWS_HS384);

    expect_key_error(&rsa, "\"alg\":\"ES256\"", "does not match");
    expect_key_error(&rsa, "\"alg\":\"HS256\"", "does not match");
    expect_key_error(&p256, "\"alg\":\"ES384\"", "does not match");
    expect_key_error(&p256, "\"alg\":\"HS256\"", "does not match");
    expect_key_error(&p521, "\"alg\":\"RS256\"", "does not match");
    expect_key_error(&ed, "\"alg\":\"ES256\"", "does not match");
    expect_key_error(&hs64, "\"alg\":\"RS256\"", "not an HMAC algorithm");
    expect_key_error(&hs32, "\"alg\":\"HS384\"", "shorter than the HMAC");
    expect_key_error(&hs48, "\"alg\":\"HS512\"", "shorter than the HMAC");

    expect_algorithms(&ed, "\"alg\":\"Ed25519\"",
                      NGX_HOUSEHOLD_JWS_ED25519);
    expect_algorithms(&ed448, "\"alg\":\"Ed448\"", NGX_HOUSEHOLD_JWS_ED448);
    expect_algorithms(&ed448, "\"alg\":\"EdDSA\"", NGX_HOUSEHOLD_JWS_ED448);
    expect_key_error(&ed, "\"alg\":\"Ed448\"", "does not match");
    expect_key_error(&ed448, "\"alg\":\"Ed25519\"", "does not match");

    expect_key_error(&rsa, "\"alg\":7", "\"alg\" must be a string");
}


static void
use_and_key_ops(void **state)
{
    expect_algorithms(&p256, "\"use\":\"sig\"", NGX_HOUSEHOLD_JWS_ES256);
    expect_algorithms(&p256, "\"key_ops\":[\"verify\"]",
                      NGX_HOUSEHOLD_JWS_ES256);
    expect_algorithms(&p256, "\"key_ops\":[\"sign\",\"verify\"]",
                      NGX_HOUSEHOLD_JWS_ES256);

    expect_key_error(&p256, "\"use\":\"enc\"", "\"use\" must be \"sig\"");
    expect_key_error(&p256, "\"use\":\"\"", "\"use\" must be \"sig\"");
    expect_key_error(&p256, "\"key_ops\":[]", "must include \"verify\"");
    expect_key_error(&p256, "\"key_ops\":[\"sign\"]",
                     "must include \"verify\"");
    expect_key_error(&p256, "\"key_ops\":[7,null]", "must include \"verify\"");
    expect_key_error(&p256, "\"use\":1", "\"use\" must be a string");
    expect_key_error(&p256, "\"key_ops\":\"verify\"", "must be an array");
}


/* as if it were not there */

static void
null_members(void **state)
{
    expect_algorithms(&p256, "\"use\":null,\"key_ops\":null,\"alg\":null,"
                             "\"kid\":null,\"x5c\":null,\"d\":null",
                      NGX_HOUSEHOLD_JWS_ES256);

    expect_error("{\"keys\":[{\"kty\":null}]}", "\"kty\" must be a string");
    expect_error("{\"keys\":[null]}", "keys[0]: not an object");
    expect_error("{\"keys\":[{\"kty\":\"oct\",\"k\":null}]}",
                 "\"k\" must be a string");
}


static void
skipped(void **state)
{
    char                  *p;
    ngx_uint_t             i;
    ngx_household_jwks_t  *jwks;

    static const char  *others[] = {
        "7", "null", "{}",
        "{\"kty\":\"RSA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}",
        ("{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "B\"}"),
        "{\"kty\":\"oct\",\"kid\":\"\",\"k\":\"AA\"}",
        "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\"}",
        "{\"kty\":\"rsa\",\"n\":\"AA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"p-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
        "{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"AA\"}",
        "{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AA\",\"e\":\"AA\"}"
    };

    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i < mint_count(others); i++) {
        p += sprintf(p, "%s,", others[i]);
    }

    p = mint_jwk(p, &rsa, "\"alg\":\"RSA-OAEP\",\"kid\":\"same\"");
    *p++ = ',';
    p = mint_jwk(p, &hs64, "\"alg\":\"A256KW\"");
    *p++ = ',';
    p = mint_jwk(p, &p256, "\"kid\":\"same\",\"x5c\":[1],\"other\":{}");
    strcpy(p, "],\"more\":0}");

    jwks = parse(text);

    if (jwks == NULL) {
        fail_msg("%s", error);
    }

    assert_int_equal(jwks->nkeys, 1);
    assert_int_equal(nskips, mint_count(others) + 2);
    assert_non_null(strstr(skips, "(kid \"same\"): unknown \"alg\"\n"));
    assert_int_equal(jwks->keys[0].key.algorithms, NGX_HOUSEHOLD_JWS_ES256);

    ngx_household_jwks_destroy(jwks);

    for (i = 0; i < mint_count(others); i++) {
        sprintf(text, "{\"keys\":[%s]}", others[i]);
        expect_error(text, "no usable verification key among 1 keys");
        assert_int_equal(nskips, 1);
        assert_int_equal(strncmp(skips, "keys[0]", 7), 0);
    }

    expect_error("{\"keys\":[]}", "no usable verification key among 0 keys");
}


static void
kids(void **state)
{
    char                  *p, more[1200];
    ngx_household_jwks_t  *jwks;

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, &p256, "\"kid\":\"a\"");
    *p++ = ',';
    p = mint_jwk(p, &p384, "\"kid\":\"A\"");
    *p++ = ',';
    p = mint_jwk(p, &rsa, "");
    *p++ = ',';
    p = mint_jwk(p, &hs64, "");
    strcpy(p, "]}");

    jwks = parse(text);

    if (jwks == NULL) {
        fail_msg("%s", error);
    }

    assert_int_equal(jwks->nkeys, 4);
    assert_int_equal(jwks->keys[0].kid.len, 1);
    assert_memory_equal(jwks->keys[0].kid.data, "a", 1);
    assert_memory_equal(jwks->keys[1].kid.data, "A", 1);
    assert_int_equal(jwks->keys[2].kid.len, 0);
    assert_int_equal(jwks->keys[3].kid.len, 0);

    ngx_household_jwks_destroy(jwks);

    expect_key_error(&p256, "\"kid\":\"\"", "keys[0]: \"kid\" must be");
    expect_key_error(&p256, "\"kid\":7", "keys[0]: \"kid\" must be");

    sprintf(more, "\"kid\":\"%01024d\"", 0);
    expect_algorithms(&p256, more, NGX_HOUSEHOLD_JWS_ES256);

    sprintf(more, "\"kid\":\"%01025d\"", 0);
    expect_key_error(&p256, more, "a string of 1 to 1024 bytes");
}


static ngx_household_jwks_t *
parse_two(const mint_key_t *one, const char *more, const mint_key_t *two,
    const char *more2)
{
    char  *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, one, more);
    *p++ = ',';
    p = mint_jwk(p, two, more2);
    strcpy(p, "]}");

    return parse(text);
}


/* RFC 7517, 4.5 wants one kid for "equivalent alternatives", at least */

static void
kid_of_two(void **state)
{
    ngx_uint_t             i;
    ngx_household_jwks_t  *jwks;

    struct {
        mint_key_t  *one;
        const char  *more;
        mint_key_t  *two;
        const char  *more2;
    } pairs[] = {
        { &rsa, "\"kid\":\"k\"", &rsa2, "\"kid\":\"k\"" },
        { &rsa, "\"kid\":\"k\"", &p256, "\"kid\":\"k\"" },
        { &rsa, "\"kid\":\"k\"", &hs32, "\"kid\":\"k\"" },
        { &hs32, "\"kid\":\"k\"", &hs48, "\"kid\":\"k\"" },
        { &rsa, "\"kid\":\"k\"", &rsa, "\"kid\":\"k\"" },
        { &rsa, "\"kid\":\"k\"", &rsa, "\"kid\":\"k\",\"alg\":\"RS256\"" },
        { &rsa, "\"kid\":\"k\",\"alg\":\"RS256\"",
          &rsa, "\"kid\":\"k\",\"alg\":\"PS256\"" }
    };

    for (i = 0; i < mint_count(pairs); i++) {
        jwks = parse_two(pairs[i].one, pairs[i].more, pairs[i].two,
                         pairs[i].more2);
        assert_non_null(jwks);
        assert_int_equal(jwks->nkeys, 2);
        assert_int_equal(nskips, 0);
        ngx_household_jwks_destroy(jwks);
    }

    /* the public and the private half */

    jwks = parse(RFC9246_JWKS);
    assert_non_null(jwks);
    assert_int_equal(jwks->nkeys, 2);
    assert_int_equal(nskips, 1);
    assert_non_null(strstr(skips, "\"use\" must be \"sig\""));
    ngx_household_jwks_destroy(jwks);
}


static void
no_set(void **state)
{
    char                  *p;
    ngx_uint_t             i;
    ngx_household_jwks_t  *jwks;

    expect_error("", "line 1, column 0: ");
    expect_error("[]", "not a JSON object");
    expect_error("{\"keys\":[]", "line 1, column 10: ");
    expect_error("{\"keys\":[],\n\"keys\":[]}",
                 "line 2, column 6: duplicate object key");
    expect_error("\xef\xbb\xbf{\"keys\":[]}",
                 "line 1, column 1: byte order mark");
    expect_error("{}", "\"keys\" must be an array");
    expect_error("{\"keys\":{}}", "\"keys\" must be an array");
    expect_error("{\"Keys\":[]}", "\"keys\" must be an array");
    expect_error("{\"keys\":[1]}", "keys[0]: not an object");
    expect_error("{\"keys\":[{}]}", "keys[0]: \"kty\" must be a string");
    expect_error("{\"keys\":[{\"kty\":1}]}",
                 "keys[0]: \"kty\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"oct\",\"kty\":\"oct\"}]}",
                 "line 1, column 27: duplicate object key");
    expect_error("{\"keys\":[{\"kty\":\"oct\"}]}", "\"k\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"oct\",\"k\":\"a+b/\"}]}",
                 "\"k\" is not base64url");
    expect_error("{\"kty\":\"oct\",\"k\":\"AA\"}", "\"keys\" must be an array");
    expect_error("-----BEGIN PUBLIC KEY-----", "line 1, column 1: ");

    /* a faulty key is named, and spoils nothing */

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, &p256, "");
    strcpy(p, ",{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"bad\"}]}");
    jwks = parse(text);
    assert_non_null(jwks);
    assert_string_equal(skips,
                        "keys[1] (kid \"bad\"): \"x\" must be a string\n");
    ngx_household_jwks_destroy(jwks);

    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i <= NGX_HOUSEHOLD_JWKS_KEYS; i++) {
        p += sprintf(p, "%s{\"kty\":\"?\"}", i == 0 ? "" : ",");
    }

    strcpy(p, "]}");
    expect_error(text, "more than 64 keys");
    strcpy(p - strlen(",{\"kty\":\"?\"}"), "]}");
    expect_error(text, "among 64 keys");

    /* as large as may be, and a byte more */

    memset(text, ' ', sizeof(text));
    text[NGX_HOUSEHOLD_JWKS_SIZE] = '\0';
    memcpy(text, "{\"keys\":[]}", strlen("{\"keys\":[]}"));
    expect_error(text, "no usable");

    memset(text, ' ', sizeof(text));
    text[NGX_HOUSEHOLD_JWKS_SIZE + 1] = '\0';
    text[0] = '{';
    expect_error(text, "larger than 262144 bytes");
}


static void
error_is_one_line(void **state)
{
    expect_error("{\"keys\":[{\"kid\":\"a\\n\\\"\\u001b[0m\\u00e9 b\"}]}",
                 "keys[0] (kid \"a???[0m?? b\"): \"kty\" must be a string");

    sprintf(text, "{\"keys\":[{\"kid\":\"%0200d\"}]}", 0);
    expect_error(text, "): \"kty\" must be a string");
}


/* nothing of a secret stands in an error */

static void
error_shows_no_key(void **state)
{
    char  k[64];

    mint_base64url(k, hs32.secret, hs32.secret_len);
    assert_null(parse_key(&hs32, "\"alg\":\"HS512\",\"kid\":\"x\""));
    assert_null(strstr(skips, k));

    k[8] = '\0';
    assert_null(strstr(skips, k));

    /* nor of a file that is no JSON */

    k[7] = '"';
    sprintf(text, "{\"keys\":[{\"k\":%s", k);
    assert_null(parse(text));
    k[7] = '\0';
    assert_null(strstr(error, k));
}


static void
digests(void **state)
{
    ngx_household_jwks_t  *a, *b;

    a = parse_key(&p256, "");
    b = parse_key(&p256, "");
    assert_memory_equal(a->digest, b->digest, NGX_HOUSEHOLD_JWKS_DIGEST);
    ngx_household_jwks_destroy(b);

    b = parse_key(&p256, "\"kid\":\"a\"");
    assert_memory_not_equal(a->digest, b->digest, NGX_HOUSEHOLD_JWKS_DIGEST);
    ngx_household_jwks_destroy(b);
    ngx_household_jwks_destroy(a);

    ngx_household_jwks_destroy(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(without_alg),
        cmocka_unit_test(with_alg),
        cmocka_unit_test(use_and_key_ops),
        cmocka_unit_test(null_members),
        cmocka_unit_test(skipped),
        cmocka_unit_test(kids),
        cmocka_unit_test(kid_of_two),
        cmocka_unit_test(no_set),
        cmocka_unit_test(error_is_one_line),
        cmocka_unit_test(error_shows_no_key),
        cmocka_unit_test(digests)
    };

    return cmocka_run_group_tests_name("jwks", tests, setup, teardown);
}
