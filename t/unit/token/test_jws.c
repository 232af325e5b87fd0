
/*
 * Units of one signature against one key: published vectors, every algorithm
 * with a key made anew, and signatures that must not pass.
 */


#include "ngx_household_jose.h"
#include "ngx_household_jwk.h"
#include "ngx_household_mint.h"
#include "ngx_household_vectors.h"
#include <openssl/err.h>


static const struct {
    const char  *name;
    const char  *key;
    size_t       size;
    ngx_uint_t   bit;
} algorithms[] = {
    { "HS256", "oct", 32, NGX_HOUSEHOLD_JWS_HS256 },
    { "HS384", "oct", 48, NGX_HOUSEHOLD_JWS_HS384 },
    { "HS512", "oct", 64, NGX_HOUSEHOLD_JWS_HS512 },
    { "RS256", "RSA", 2048, NGX_HOUSEHOLD_JWS_RS256 },
    { "RS384", "RSA", 2048, NGX_HOUSEHOLD_JWS_RS384 },
    { "RS512", "RSA", 2048, NGX_HOUSEHOLD_JWS_RS512 },
    { "PS256", "RSA", 2048, NGX_HOUSEHOLD_JWS_PS256 },
    { "PS384", "RSA", 2048, NGX_HOUSEHOLD_JWS_PS384 },
    { "PS512", "RSA", 2048, NGX_HOUSEHOLD_JWS_PS512 },
    { "ES256", "P-256", 0, NGX_HOUSEHOLD_JWS_ES256 },
    { "ES384", "P-384", 0, NGX_HOUSEHOLD_JWS_ES384 },
    { "ES512", "P-521", 0, NGX_HOUSEHOLD_JWS_ES512 },
    { "EdDSA", "ED25519", 0, NGX_HOUSEHOLD_JWS_EDDSA },
    { "Ed25519", "ED25519", 0, NGX_HOUSEHOLD_JWS_ED25519 },
    { "Ed448", "ED448", 0, NGX_HOUSEHOLD_JWS_ED448 }
};


/* keys of this run; the RSA ones are one */

static mint_key_t                keys[mint_count(algorithms)];
static ngx_household_jws_key_t   publics[mint_count(algorithms)];

static const ngx_str_t  input = ngx_string("what is signed");


static ngx_household_jws_key_t
load(const char *text)
{
    char                      error[NGX_HOUSEHOLD_JWK_ERROR];
    json_t                   *object;
    ngx_str_t                 s;
    ngx_household_jws_key_t   key;

    s = mint_str(text);
    object = ngx_household_json_parse(&s, NULL);
    assert_non_null(object);

    if (ngx_household_jwk_load(object, &key, error) != NGX_OK) {
        fail_msg("%s: %s", text, error);
    }

    json_decref(object);

    return key;
}


static int
setup(void **state)
{
    char        text[4096];
    ngx_uint_t  i;

    for (i = 0; i < mint_count(algorithms); i++) {

        if (i > 3 && strcmp(algorithms[i].key, "RSA") == 0) {
            keys[i] = keys[3];
            EVP_PKEY_up_ref(keys[i].pkey);

        } else {
            keys[i] = mint_key(algorithms[i].key, algorithms[i].size);
        }

        mint_jwk(text, &keys[i], "");
        publics[i] = load(text);
    }

    return 0;
}


static int
teardown(void **state)
{
    ngx_uint_t  i;

    for (i = 0; i < mint_count(algorithms); i++) {
        mint_free(&keys[i]);
        ngx_household_jwk_free(&publics[i]);
    }

    return 0;
}


static ngx_uint_t
number(const char *name)
{
    ngx_uint_t  i;

    for (i = 0; i < mint_count(algorithms); i++) {
        if (strcmp(algorithms[i].name, name) == 0) {
            return i;
        }
    }

    fail();

    return 0;
}


static ngx_int_t
check(ngx_uint_t i, const u_char *sig, size_t len)
{
    ngx_int_t  rc;
    ngx_str_t  s;

    s = mint_bytes(sig, len);
    rc = ngx_household_jws_check(&publics[i], algorithms[i].bit, &input, &s);

    /* or nginx would blame the next connection */

    assert_int_equal(ERR_peek_error(), 0);

    return rc;
}


static void
names(void **state)
{
    ngx_str_t   s;
    ngx_uint_t  i;

    static const char  *others[] = {
        "", "none", "None", "NONE", "nOnE", "hs256", "HS256 ", " HS256",
        "HS25", "HS2566", "HS1", "ES256K", "RSA-OAEP", "A128KW", "dir",
        "eddsa", "EDDSA", "RS1", "null"
    };

    for (i = 0; i < mint_count(algorithms); i++) {
        s = mint_str(algorithms[i].name);
        assert_int_equal(ngx_household_jws_algorithm(&s), algorithms[i].bit);
        assert_int_equal(ngx_household_jws_digest_size(algorithms[i].bit),
                         algorithms[i].name[1] == 'd' ? 0
                         : atoi(algorithms[i].name + 2) / 8);
    }

    for (i = 0; i < mint_count(others); i++) {
        s = mint_str(others[i]);
        assert_int_equal(ngx_household_jws_algorithm(&s), 0);
    }

    s = mint_bytes("HS256\0", 6);
    assert_int_equal(ngx_household_jws_algorithm(&s), 0);

    assert_int_equal(ngx_household_jws_digest_size(0), 0);
}


/* each verifies, and does no more with a bit changed anywhere in it */

static void
published(void **state)
{
    char                     *first, *second, text[8192];
    u_char                    hbuf[256], sbuf[1024];
    size_t                    k;
    json_t                   *object;
    ngx_str_t                 src, header, name, sig, signing;
    ngx_uint_t                i, bit;
    ngx_household_jws_key_t   key;

    for (i = 0; i < mint_count(vectors); i++) {
        key = load(vectors[i].jwk);

        strcpy(text, vectors[i].token);
        first = strchr(text, '.');
        second = strrchr(text, '.');

        src = mint_bytes(text, first - text);
        header.data = hbuf;
        assert_int_equal(ngx_household_base64url_decode(&header, &src),
                         NGX_OK);

        src = mint_str(second + 1);
        sig.data = sbuf;
        assert_int_equal(ngx_household_base64url_decode(&sig, &src), NGX_OK);

        object = ngx_household_json_parse(&header, NULL);
        assert_non_null(object);
        assert_int_equal(ngx_household_json_string(object, "alg", &name),
                         NGX_OK);
        bit = ngx_household_jws_algorithm(&name);
        json_decref(object);

        signing = mint_bytes(text, second - text);

        if (ngx_household_jws_check(&key, bit, &signing, &sig) != NGX_OK) {
            fail_msg("%s is refused", vectors[i].name);
        }

        for (k = 0; k < sig.len; k += 1 + sig.len / 16) {
            sbuf[k] ^= 1 << k % 8;
            assert_int_equal(ngx_household_jws_check(&key, bit, &signing,
                                                     &sig),
                             NGX_DECLINED);
            sbuf[k] ^= 1 << k % 8;
        }

        for (k = 0; k < signing.len; k += 1 + signing.len / 16) {
            text[k] ^= 1;
            assert_int_equal(ngx_household_jws_check(&key, bit, &signing,
                                                     &sig),
                             NGX_DECLINED);
            text[k] ^= 1;
        }

        ngx_household_jwk_free(&key);
    }
}


static void
every_algorithm(void **state)
{
    u_char      sig[1024];
    size_t      len;
    ngx_str_t   s;
    ngx_uint_t  i, k, good;

    for (i = 0; i < mint_count(algorithms); i++) {
        len = mint_sign(&keys[i], algorithms[i].name, &input, sig);
        s = mint_bytes(sig, len);

        for (k = 0; k < mint_count(algorithms); k++) {

            /* "EdDSA" is the algorithm of whatever curve the key has */

            good = i == k
                   || (algorithms[i].name[1] == 'd'
                       && (publics[i].algorithms & algorithms[k].bit) != 0);

            if (ngx_household_jws_check(&publics[i], algorithms[k].bit,
                                        &input, &s)
                != (good ? NGX_OK : NGX_DECLINED))
            {
                fail_msg("%s as %s", algorithms[i].name, algorithms[k].name);
            }
        }

        assert_int_equal(check(i, sig, len - 1), NGX_DECLINED);
        assert_int_equal(check(i, sig, 0), NGX_DECLINED);

        sig[len] = 0;
        assert_int_equal(check(i, sig, len + 1), NGX_DECLINED);

        ngx_memmove(sig + 1, sig, len);
        sig[0] = 0;
        assert_int_equal(check(i, sig, len + 1), NGX_DECLINED);

        ngx_memzero(sig, len);
        assert_int_equal(check(i, sig, len), NGX_DECLINED);
    }
}


/* a key that does not allow an algorithm verifies nothing with it */

static void
key_decides(void **state)
{
    u_char                    sig[1024];
    size_t                    len;
    ngx_str_t                 s;
    ngx_household_jws_key_t   key;

    key = publics[number("RS256")];
    len = mint_sign(&keys[number("RS256")], "RS512", &input, sig);
    s = mint_bytes(sig, len);

    assert_int_equal(ngx_household_jws_check(&key, NGX_HOUSEHOLD_JWS_RS512,
                                             &input, &s),
                     NGX_OK);

    key.algorithms = NGX_HOUSEHOLD_JWS_RS256;
    assert_int_equal(ngx_household_jws_check(&key, NGX_HOUSEHOLD_JWS_RS512,
                                             &input, &s),
                     NGX_DECLINED);

    /* no bit, or several */

    assert_int_equal(ngx_household_jws_check(&key, 0, &input, &s),
                     NGX_DECLINED);
    assert_int_equal(ngx_household_jws_check(&key, NGX_HOUSEHOLD_JWS_RSA,
                                             &input, &s),
                     NGX_DECLINED);
}


/* even if its bits were wrong, a public key would be no secret */

static void
public_key_is_no_secret(void **state)
{
    BIO                      *bio;
    u_char                    sig[1024];
    size_t                    len;
    ngx_str_t                 s;
    ngx_uint_t                i;
    mint_key_t                pem;
    ngx_household_jws_key_t   key;

    static const char  *types[] = { "RS256", "ES256", "EdDSA" };

    for (i = 0; i < mint_count(types); i++) {
        memset(&pem, 0, sizeof(mint_key_t));

        bio = BIO_new(BIO_s_mem());
        assert_int_equal(PEM_write_bio_PUBKEY(bio,
                                              keys[number(types[i])].pkey),
                         1);
        pem.secret_len = BIO_read(bio, pem.secret, sizeof(pem.secret));
        BIO_free(bio);

        len = mint_sign(&pem, "HS256", &input, sig);
        s = mint_bytes(sig, len);

        key = publics[number(types[i])];
        key.algorithms |= NGX_HOUSEHOLD_JWS_HS256;
        key.secret = mint_bytes(pem.secret, pem.secret_len);

        assert_int_equal(ngx_household_jws_check(&key,
                                                 NGX_HOUSEHOLD_JWS_HS256,
                                                 &input, &s),
                         NGX_DECLINED);
    }

    /* nor is a secret a public key */

    len = mint_sign(&keys[number("RS256")], "RS256", &input, sig);
    s = mint_bytes(sig, len);

    key = publics[number("HS256")];
    key.algorithms |= NGX_HOUSEHOLD_JWS_RS256;

    assert_int_equal(ngx_household_jws_check(&key, NGX_HOUSEHOLD_JWS_RS256,
                                             &input, &s),
                     NGX_DECLINED);
}


static void
hmac_truncated(void **state)
{
    u_char      sig[1024];
    size_t      len;
    ngx_uint_t  i;

    i = number("HS256");
    len = mint_sign(&keys[i], "HS256", &input, sig);
    assert_int_equal(len, 32);

    for (len = 0; len < 32; len++) {
        assert_int_equal(check(i, sig, len), NGX_DECLINED);
    }

    assert_int_equal(check(i, sig, 32), NGX_OK);
}


/* r and s of nothing, of the order and of what is over it */

static void
ecdsa_range(void **state)
{
    int         half, k, c;
    u_char      sig[1024], good[1024], *at;
    size_t      len;
    BIGNUM     *order, *n;
    EC_GROUP   *group;
    ngx_uint_t  i;

    static const struct {
        const char  *name;
        int          nid;
    } curves[] = {
        { "ES256", NID_X9_62_prime256v1 },
        { "ES384", NID_secp384r1 },
        { "ES512", NID_secp521r1 }
    };

    for (c = 0; c < 3; c++) {
        i = number(curves[c].name);
        len = mint_sign(&keys[i], curves[c].name, &input, good);
        half = (int) len / 2;

        assert_int_equal(check(i, good, len), NGX_OK);

        group = EC_GROUP_new_by_curve_name(curves[c].nid);
        order = BN_dup(EC_GROUP_get0_order(group));
        n = BN_new();

        ngx_memzero(sig, len);
        assert_int_equal(check(i, sig, len), NGX_DECLINED);

        for (k = 0; k < 2; k++) {
            ngx_memcpy(sig, good, len);
            at = sig + k * half;

            ngx_memzero(at, half);
            assert_int_equal(check(i, sig, len), NGX_DECLINED);

            at[half - 1] = 1;
            assert_int_equal(check(i, sig, len), NGX_DECLINED);

            assert_int_equal(BN_bn2binpad(order, at, half), half);
            assert_int_equal(check(i, sig, len), NGX_DECLINED);

            ngx_memset(at, 0xff, half);
            assert_int_equal(check(i, sig, len), NGX_DECLINED);

            /* r + n and s + n are the same modulo n, where they fit */

            BN_bin2bn(good + k * half, half, n);
            assert_int_equal(BN_add(n, n, order), 1);

            if (BN_num_bytes(n) <= half) {
                BN_bn2binpad(n, at, half);
                assert_int_equal(check(i, sig, len), NGX_DECLINED);
            }
        }

        /* the halves the other way round */

        ngx_memcpy(sig, good + half, half);
        ngx_memcpy(sig + half, good, half);
        assert_int_equal(check(i, sig, len), NGX_DECLINED);

        BN_free(n);
        BN_free(order);
        EC_GROUP_free(group);
    }
}


static void
ecdsa_der(void **state)
{
    u_char      sig[1024];
    size_t      len;
    ngx_uint_t  i;

    i = number("ES256");
    len = mint_sign(&keys[i], "ES256/der", &input, sig);
    assert_int_equal(check(i, sig, len), NGX_DECLINED);

    i = number("ES512");
    len = mint_sign(&keys[i], "ES512/der", &input, sig);
    assert_int_equal(check(i, sig, len), NGX_DECLINED);
}


static void
pss_salt(void **state)
{
    u_char      sig[1024];
    size_t      len;
    ngx_uint_t  i, k;

    static const char  *salts[] = {
        "PS256/0", "PS256/20", "PS256/31", "PS256/33", "PS256/64",
        "PS256/222"
    };

    i = number("PS256");

    len = mint_sign(&keys[i], "PS256/32", &input, sig);
    assert_int_equal(check(i, sig, len), NGX_OK);

    for (k = 0; k < mint_count(salts); k++) {
        len = mint_sign(&keys[i], salts[k], &input, sig);
        assert_int_equal(check(i, sig, len), NGX_DECLINED);
    }
}


/* PS256 with SHA-1 in MGF1 */

static void
pss_mgf1(void **state)
{
    u_char         sig[1024];
    size_t         len;
    ngx_uint_t     i;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    i = number("PS256");
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL,
                                        keys[i].pkey),
                     1);
    EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32);
    EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, EVP_sha1());

    len = sizeof(sig);
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, input.data, input.len),
                     1);
    EVP_MD_CTX_free(ctx);

    assert_int_equal(check(i, sig, len), NGX_DECLINED);
}


/* s + L is the same modulo L: RFC 8032, 5.1.7 */

static void
eddsa_malleable(void **state)
{
    int         sum, carry;
    u_char      sig[1024];
    size_t      len;
    ngx_uint_t  i, k;

    static const u_char  order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
        0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10
    };

    i = number("EdDSA");
    len = mint_sign(&keys[i], "EdDSA", &input, sig);
    assert_int_equal(check(i, sig, len), NGX_OK);

    carry = 0;

    for (k = 0; k < 32; k++) {
        sum = sig[32 + k] + order[k] + carry;
        sig[32 + k] = (u_char) sum;
        carry = sum >> 8;
    }

    assert_int_equal(check(i, sig, len), NGX_DECLINED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(published),
        cmocka_unit_test(every_algorithm),
        cmocka_unit_test(key_decides),
        cmocka_unit_test(public_key_is_no_secret),
        cmocka_unit_test(hmac_truncated),
        cmocka_unit_test(ecdsa_range),
        cmocka_unit_test(ecdsa_der),
        cmocka_unit_test(pss_salt),
        cmocka_unit_test(pss_mgf1),
        cmocka_unit_test(eddsa_malleable)
    };

    return cmocka_run_group_tests_name("jws", tests, setup, teardown);
}
