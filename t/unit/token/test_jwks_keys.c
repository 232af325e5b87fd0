
/*
 * Units of key sets: keys that are too weak, no points of their curve, or
 * written otherwise than the RFC has it.
 */


#include "ngx_household_jwks_test.h"


static void
weak(void **state)
{
    u_char      zeros[1100];
    char       *p;
    mint_key_t  key;

    expect_key_error(&small, "\"kid\":\"old one\"",
                     "keys[0] (kid \"old one\"): RSA modulus of 2040 bits, "
                     "must be 2048 to 8192");

    /* a secret of 31 bytes, of none, and one that is too long */

    key = mint_key("oct", 31);
    expect_key_error(&key, "", "shorter than the HMAC output");

    key = mint_key("oct", 0);
    expect_key_error(&key, "", "shorter than the HMAC output");

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
    expect_error(with_exponent("AQAB="), "is not base64url");
    expect_error(with_exponent("AQAC"), "exponent");

    /* an even modulus, and a prime one: whose key would anybody know */

    memset(n, 0xff, sizeof(n));
    n[255] = 0xfe;

    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\","
                       "\"n\":\"");
    p = mint_base64url(p, n, 256);
    strcpy(p, "\"}]}");
    expect_error(text, "not an RSA modulus");

    prime = BN_get_rfc3526_prime_2048(NULL);
    assert_int_equal(BN_bn2binpad(prime, n, 256), 256);
    BN_free(prime);

    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\","
                       "\"n\":\"");
    p = mint_base64url(p, n, 256);
    strcpy(p, "\"}]}");
    expect_error(text, "not an RSA modulus");

    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\"}]}",
                 "\"n\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\"}]}",
                 "\"e\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}]}",
                 "\"n\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}]}",
                 "RSA modulus of 0 bits");
}


static void
curve_points(void **state)
{
    expect_error("{\"keys\":[{\"kty\":\"EC\"}]}", "\"crv\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":1}]}",
                 "\"crv\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
                 "\"x\" must be a string");

    /* RFC 7515, A.3 with another y, without x's last byte, of another curve */

    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}]}",
                 "not a point on the curve");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
                 "not a point on the curve");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":"
                 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
                 "not a point on the curve");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"AX_NyTdw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\",\"y\":"
                 "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
                 "\"x\" is longer than 32 bytes");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
                 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
                 "not a point on the curve");
    expect_error("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
                 "\"\",\"y\":\"\"}]}",
                 "not a point on the curve");

    /* anybody signs for a key of small order; 2 is no y of the curve */

    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
                 "\"x\" is not a public key of the curve");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                 "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
                 "\"x\" is not a public key of the curve");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                 "\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
                 "\"x\" is not a public key of the curve");

    expect_error("{\"keys\":[{\"kty\":\"OKP\"}]}", "\"crv\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}]}",
                 "\"x\" must be a string");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}]}",
                 "\"x\" is not a public key of the curve");
    expect_error("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoAAAAAA"
                 "\"}]}",
                 "\"x\" is not base64url");
}


/* a coordinate that begins with zeros, as some write it */

static void
coordinates(void **state)
{
    int                    i;
    char                  *p;
    u_char                 x[67], y[67];
    BIGNUM                *bx, *by;
    mint_key_t             key;
    ngx_household_jwks_t  *jwks;

    for (i = 0; i < 20000; i++) {
        key = mint_key("P-256", 0);
        bx = NULL;
        by = NULL;
        EVP_PKEY_get_bn_param(key.pkey, OSSL_PKEY_PARAM_EC_PUB_X, &bx);
        EVP_PKEY_get_bn_param(key.pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &by);
        mint_free(&key);

        if (BN_num_bytes(bx) < 32) {
            break;
        }

        BN_free(bx);
        BN_free(by);
    }

    assert_true(i < 20000);

    /* "x" without its zeros, "y" with one more */

    BN_bn2bin(bx, x);
    BN_bn2binpad(by, y, 33);

    p = text + sprintf(text, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                       "\"x\":\"");
    p = mint_base64url(p, x, BN_num_bytes(bx));
    p += sprintf(p, "\",\"y\":\"");
    p = mint_base64url(p, y, 33);
    strcpy(p, "\"}]}");

    BN_free(bx);
    BN_free(by);

    jwks = parse(text);
    assert_non_null(jwks);
    assert_int_equal(nskips, 0);
    ngx_household_jwks_destroy(jwks);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(weak),
        cmocka_unit_test(rsa_numbers),
        cmocka_unit_test(curve_points),
        cmocka_unit_test(coordinates)
    };

    return cmocka_run_group_tests_name("jwks keys", tests, setup, teardown);
}
