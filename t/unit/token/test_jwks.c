
/*
 * Units of key sets: what a JWKS file may hold, what is skipped, and what
 * refuses the file, with the words of the refusal.
 */


#include "ngx_household_jwk.h"
#include "ngx_household_jwks.h"
#include "ngx_household_mint.h"
#include "ngx_household_vectors.h"
#include <openssl/err.h>


static mint_key_t  rsa, rsa2, small, p256, p384, p521, ed, hs32, hs48, hs64;

static char  error[NGX_HOUSEHOLD_JWKS_ERROR];
static char  text[300000];


static int
setup(void **state)
{
    rsa = mint_key("RSA", 2048);
    rsa2 = mint_key("RSA", 2048);
    small = mint_key("RSA", 2040);
    p256 = mint_key("P-256", 0);
    p384 = mint_key("P-384", 0);
    p521 = mint_key("P-521", 0);
    ed = mint_key("ED25519", 0);
    hs32 = mint_key("oct", 32);
    hs48 = mint_key("oct", 48);
    hs64 = mint_key("oct", 64);

    return 0;
}


static int
teardown(void **state)
{
    mint_free(&rsa);
    mint_free(&rsa2);
    mint_free(&small);
    mint_free(&p256);
    mint_free(&p384);
    mint_free(&p521);
    mint_free(&ed);

    return 0;
}


static ngx_household_jwks_t *
parse(const char *set)
{
    char                  *p;
    ngx_str_t              s;
    ngx_household_jwks_t  *jwks;

    strcpy(error, "untouched");

    s = mint_str(set);
    jwks = ngx_household_jwks_parse(&s, error);

    assert_int_equal(ERR_peek_error(), 0);

    if (jwks == NULL) {
        for (p = error; *p != '\0'; p++) {
            assert_in_range(*p, 0x20, 0x7e);
        }

    } else {
        assert_true(jwks->nkeys > 0);
    }

    return jwks;
}


/* a set of one key and further members */

static ngx_household_jwks_t *
parse_key(const mint_key_t *key, const char *more)
{
    char  *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, key, more);
    strcpy(p, "]}");

    return parse(text);
}


static void
expect_algorithms(const mint_key_t *key, const char *more, ngx_uint_t bits)
{
    ngx_household_jwks_t  *jwks;

    jwks = parse_key(key, more);

    if (jwks == NULL) {
        fail_msg("%s: %s", more, error);
    }

    assert_int_equal(jwks->nkeys, 1);
    assert_int_equal(jwks->skipped, 0);
    assert_int_equal(jwks->keys[0].key.algorithms, bits);

    ngx_household_jwks_destroy(jwks);
}


static void
expect_error(const char *set, const char *words)
{
    ngx_household_jwks_t  *jwks;

    jwks = parse(set);

    if (jwks != NULL) {
        ngx_household_jwks_destroy(jwks);
        fail_msg("parsed: %.200s", set);
    }

    if (strstr(error, words) == NULL) {
        fail_msg("\"%s\" says no \"%s\"", error, words);
    }
}


static void
expect_key_error(const mint_key_t *key, const char *more, const char *words)
{
    ngx_household_jwks_t  *jwks;

    jwks = parse_key(key, more);

    if (jwks != NULL) {
        ngx_household_jwks_destroy(jwks);
        fail_msg("parsed: %s", more);
    }

    if (strstr(error, words) == NULL) {
        fail_msg("\"%s\" says no \"%s\"", error, words);
    }
}


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
    expect_algorithms(&ed, "", NGX_HOUSEHOLD_JWS_EDDSA);

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
    expect_algorithms(&ed, "\"alg\":\"EdDSA\"", NGX_HOUSEHOLD_JWS_EDDSA);
    expect_algorithms(&hs64, "\"alg\":\"HS384\"", NGX_HOUSEHOLD_JWS_HS384);

    expect_key_error(&rsa, "\"alg\":\"ES256\"", "does not fit");
    expect_key_error(&rsa, "\"alg\":\"HS256\"", "does not fit");
    expect_key_error(&p256, "\"alg\":\"ES384\"", "does not fit");
    expect_key_error(&p256, "\"alg\":\"HS256\"", "does not fit");
    expect_key_error(&p521, "\"alg\":\"RS256\"", "does not fit");
    expect_key_error(&ed, "\"alg\":\"ES256\"", "does not fit");
    expect_key_error(&hs64, "\"alg\":\"RS256\"", "not for one");
    expect_key_error(&hs32, "\"alg\":\"HS384\"", "shorter than the digest");
    expect_key_error(&hs48, "\"alg\":\"HS512\"", "shorter than the digest");

    expect_key_error(&rsa, "\"alg\":7", "\"alg\" is no string");
    expect_key_error(&rsa, "\"alg\":null", "\"alg\" is no string");
}


static void
use_and_key_ops(void **state)
{
    expect_algorithms(&p256, "\"use\":\"sig\"", NGX_HOUSEHOLD_JWS_ES256);
    expect_algorithms(&p256, "\"key_ops\":[\"verify\"]",
                      NGX_HOUSEHOLD_JWS_ES256);
    expect_algorithms(&p256, "\"key_ops\":[\"sign\",\"verify\"]",
                      NGX_HOUSEHOLD_JWS_ES256);

    expect_key_error(&p256, "\"use\":\"enc\"", "none of 1 keys");
    expect_key_error(&p256, "\"use\":\"\"", "none of 1 keys");
    expect_key_error(&p256, "\"key_ops\":[]", "none of 1 keys");
    expect_key_error(&p256, "\"key_ops\":[\"sign\"]", "none of 1 keys");
    expect_key_error(&p256, "\"key_ops\":[7,null]", "none of 1 keys");
    expect_key_error(&p256, "\"use\":1", "\"use\" is no string");
    expect_key_error(&p256, "\"key_ops\":\"verify\"", "no array");
}


static void
skipped(void **state)
{
    char                  *p;
    ngx_uint_t             i;
    ngx_household_jwks_t  *jwks;

    static const char  *others[] = {
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
    assert_int_equal(jwks->skipped, mint_count(others) + 2);
    assert_int_equal(jwks->keys[0].key.algorithms, NGX_HOUSEHOLD_JWS_ES256);

    ngx_household_jwks_destroy(jwks);

    for (i = 0; i < mint_count(others); i++) {
        sprintf(text, "{\"keys\":[%s]}", others[i]);
        expect_error(text, "none of 1 keys");
    }

    expect_error("{\"keys\":[]}", "none of 0 keys");
}


static void
kids(void **state)
{
    char                  *p, more[600];
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

    expect_key_error(&p256, "\"kid\":\"\"", "keys[0]: no object, or \"kid\"");
    expect_key_error(&p256, "\"kid\":7", "keys[0]: no object, or \"kid\"");
    expect_key_error(&p256, "\"kid\":null", "keys[0]: no object, or \"kid\"");

    sprintf(more, "\"kid\":\"%0256d\"", 0);
    expect_algorithms(&p256, more, NGX_HOUSEHOLD_JWS_ES256);

    sprintf(more, "\"kid\":\"%0257d\"", 0);
    expect_key_error(&p256, more, "keys[0]: no object, or \"kid\"");
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


static void
kid_of_two(void **state)
{
    ngx_household_jwks_t  *jwks;

    assert_null(parse_two(&rsa, "\"kid\":\"k\"", &rsa2, "\"kid\":\"k\""));
    assert_string_equal(error,
                        "keys[1] (kid \"k\"): another key has this kid");

    assert_null(parse_two(&rsa, "\"kid\":\"k\"", &p256, "\"kid\":\"k\""));
    assert_null(parse_two(&hs32, "\"kid\":\"k\"", &hs48, "\"kid\":\"k\""));
    assert_null(parse_two(&hs32, "\"kid\":\"k\"", &hs32, "\"kid\":\"k\""));
    assert_null(parse_two(&rsa, "\"kid\":\"k\"", &hs32, "\"kid\":\"k\""));
    assert_null(parse_two(&rsa, "\"kid\":\"k\",\"alg\":\"RS256\"",
                          &rsa, "\"kid\":\"k\",\"alg\":\"PS256\""));

    /* the very same */

    jwks = parse_two(&rsa, "\"kid\":\"k\"", &rsa, "\"kid\":\"k\"");
    assert_non_null(jwks);
    assert_int_equal(jwks->nkeys, 1);
    assert_int_equal(jwks->skipped, 1);
    ngx_household_jwks_destroy(jwks);

    jwks = parse(RFC9246_JWKS);
    assert_non_null(jwks);
    assert_int_equal(jwks->nkeys, 1);
    assert_int_equal(jwks->skipped, 2);
    ngx_household_jwks_destroy(jwks);
}


static void
weak(void **state)
{
    u_char      zeros[1100];
    char       *p;
    mint_key_t  key;

    expect_key_error(&small, "\"kid\":\"old one\"",
                     "keys[0] (kid \"old one\"): RSA modulus of 2040 bits, "
                     "need 2048 to 8192");

    /* a secret of 31 bytes, of none, and one that is too long */

    key = mint_key("oct", 31);
    expect_key_error(&key, "", "shorter than the digest");

    key = mint_key("oct", 0);
    expect_key_error(&key, "", "shorter than the digest");

    ngx_memzero(zeros, sizeof(zeros));
    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"");
    p = mint_base64url(p, zeros, 1100);
    strcpy(p, "\"}]}");
    expect_error(text, "\"k\" is too long");

    /* an RSA modulus of 8200 bits */

    zeros[0] = 0x80;
    zeros[1024] = 1;
    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\","
                       "\"n\":\"");
    p = mint_base64url(p, zeros, 1025);
    strcpy(p, "\"}]}");
    expect_error(text, "RSA modulus of 8200 bits");
}


/* the public half of "rsa" with an exponent of one's own */

static char *
with_exponent(const char *e)
{
    char  *p;

    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"%s\"", e);
    p = mint_bn(p, "n", rsa.pkey, OSSL_PKEY_PARAM_RSA_N, 0);
    strcpy(p, "}]}");

    return text;
}


static void
rsa_numbers(void **state)
{
    u_char                 n[256];
    char                  *p;
    BIGNUM                *prime;
    ngx_household_jwks_t  *jwks;

    jwks = parse(with_exponent("AQAB"));
    assert_non_null(jwks);
    ngx_household_jwks_destroy(jwks);

    jwks = parse(with_exponent("Aw"));
    assert_non_null(jwks);
    ngx_household_jwks_destroy(jwks);

    expect_error(with_exponent("AQ"), "exponent");         /* 1 */
    expect_error(with_exponent("AA"), "exponent");         /* 0 */
    expect_error(with_exponent(""), "exponent");
    expect_error(with_exponent("AQAA"), "exponent");       /* 65536 */
    expect_error(with_exponent("AQAAAAAAAAAB"), "exponent");
    expect_error(with_exponent("AQAAAAAAAAAAAAAAAAAAAAAAAAAB"), "too long");
    expect_error(with_exponent("AQAB="), "no base64url");
    expect_error(with_exponent("AQAC"), "exponent");

    /* an even modulus, and a prime one: whose key would anybody know */

    memset(n, 0xff, sizeof(n));
    n[255] = 0xfe;

    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\","
                       "\"n\":\"");
    p = mint_base64url(p, n, 256);
    strcpy(p, "\"}]}");
    expect_error(text, "no RSA modulus");

    prime = BN_get_rfc3526_prime_2048(NULL);
    assert_int_equal(BN_bn2binpad(prime, n, 256), 256);
    BN_free(prime);

    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\","
                       "\"n\":\"");
    p = mint_base64url(p, n, 256);
    strcpy(p, "\"}]}");
    expect_error(text, "no RSA modulus");

    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\"}]}",
                 "no \"n\" string");
    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\"}]}",
                 "no \"e\" string");
    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}]}",
                 "no \"n\" string");
    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}]}",
                 "RSA modulus of 0 bits");
}


static void
curve_points(void **state)
{
    expect_error("{\"keys\":[{\"kty\":\"EC\"}]}", "no \"crv\" string");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":1}]}",
                 "no \"crv\" string");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
                 "no \"x\" string");

    /* RFC 7515, A.3 with another y, without x's last byte, of another curve */

    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}]}",
                 "no point of the curve");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
                 "coordinates of P-256 have 32 bytes each");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":"
                 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
                 "coordinates of P-384 have 48 bytes each");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
                 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
                 "no point of the curve");

    expect_error("{\"keys\":[{\"kty\":\"OKP\"}]}", "no \"crv\" string");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}]}",
                 "no \"x\" string");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}]}",
                 "not 32 bytes");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoAAAAAA"
                 "\"}]}",
                 "too long");
}


static void
no_set(void **state)
{
    char        *p;
    ngx_uint_t   i;

    expect_error("", "line 1, column 0: ");
    expect_error("[]", "not a JSON object");
    expect_error("{\"keys\":[]", "line 1, column 10: ");
    expect_error("{\"keys\":[],\n\"keys\":[]}",
                 "line 2, column 6: duplicate object key");
    expect_error("\xef\xbb\xbf{\"keys\":[]}",
                 "line 1, column 1: byte order mark");
    expect_error("{}", "no \"keys\" array");
    expect_error("{\"keys\":{}}", "no \"keys\" array");
    expect_error("{\"Keys\":[]}", "no \"keys\" array");
    expect_error("{\"keys\":[1]}", "keys[0]: no object");
    expect_error("{\"keys\":[{}]}", "keys[0]: no \"kty\" string");
    expect_error("{\"keys\":[{\"kty\":1}]}", "keys[0]: no \"kty\" string");
    expect_error("{\"keys\":[{\"kty\":\"oct\",\"kty\":\"oct\"}]}",
                 "line 1, column 27: duplicate object key");
    expect_error("{\"keys\":[{\"kty\":\"oct\"}]}", "no \"k\" string");
    expect_error("{\"keys\":[{\"kty\":\"oct\",\"k\":\"a+b/\"}]}",
                 "\"k\" is no base64url");
    expect_error("{\"kty\":\"oct\",\"k\":\"AA\"}", "no \"keys\" array");
    expect_error("-----BEGIN PUBLIC KEY-----", "line 1, column 1: ");

    /* what stands in front of the faulty key does not help it */

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, &p256, "");
    strcpy(p, ",{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"bad\"}]}");
    expect_error(text, "keys[1] (kid \"bad\"): no \"x\" string");

    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i <= NGX_HOUSEHOLD_JWKS_KEYS; i++) {
        p += sprintf(p, "%s{\"kty\":\"?\"}", i == 0 ? "" : ",");
    }

    strcpy(p, "]}");
    expect_error(text, "more than 64 keys");

    memset(text, ' ', sizeof(text));
    text[NGX_HOUSEHOLD_JWKS_SIZE + 1] = '\0';
    text[0] = '{';
    expect_error(text, "larger than 262144 bytes");
}


static void
error_is_one_line(void **state)
{
    expect_error("{\"keys\":[{\"kid\":\"a\\n\\\"\\u001b[0m\\u00e9 b\"}]}",
                 "keys[0] (kid \"a???[0m?? b\"): no \"kty\" string");

    sprintf(text, "{\"keys\":[{\"kid\":\"%0200d\"}]}", 0);
    expect_error(text, "): no \"kty\" string");
}


/* nothing of a secret stands in an error */

static void
error_shows_no_key(void **state)
{
    char  k[64];

    mint_base64url(k, hs32.secret, hs32.secret_len);
    assert_null(parse_key(&hs32, "\"alg\":\"HS512\",\"kid\":\"x\""));
    assert_null(strstr(error, k));

    k[8] = '\0';
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
        cmocka_unit_test(skipped),
        cmocka_unit_test(kids),
        cmocka_unit_test(kid_of_two),
        cmocka_unit_test(weak),
        cmocka_unit_test(rsa_numbers),
        cmocka_unit_test(curve_points),
        cmocka_unit_test(no_set),
        cmocka_unit_test(error_is_one_line),
        cmocka_unit_test(error_shows_no_key),
        cmocka_unit_test(digests)
    };

    return cmocka_run_group_tests_name("jwks", tests, setup, teardown);
}
