
/*
 * What the units of tokens share: keys that are made anew for every run,
 * their JWKs, and tokens signed with them, rightly or wrongly.
 */


#ifndef _NGX_HOUSEHOLD_MINT_H_INCLUDED_
#define _NGX_HOUSEHOLD_MINT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>


#define MINT_TOKEN  32768

#define mint_count(array)  (sizeof(array) / sizeof((array)[0]))

#define mint_str(text)  mint_bytes(text, strlen(text))


typedef struct {
    EVP_PKEY       *pkey;              /* NULL: a secret */
    u_char          secret[512];
    size_t          secret_len;
} mint_key_t;


static ngx_inline ngx_str_t
mint_bytes(const void *data, size_t len)
{
    ngx_str_t  s;

    s.data = (u_char *) data;
    s.len = len;

    return s;
}


/* appends base64url of the bytes; returns the new end, with a NUL there */

static ngx_inline char *
mint_base64url(char *p, const void *data, size_t len)
{
    size_t         i;
    uint32_t       bits;
    const u_char  *d;

    static const char  set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_";

    d = data;

    for (i = 0; i < len; i += 3) {
        bits = (uint32_t) d[i] << 16;
        bits |= (i + 1 < len) ? (uint32_t) d[i + 1] << 8 : 0;
        bits |= (i + 2 < len) ? d[i + 2] : 0;

        *p++ = set[bits >> 18];
        *p++ = set[bits >> 12 & 63];

        if (i + 1 < len) {
            *p++ = set[bits >> 6 & 63];
        }

        if (i + 2 < len) {
            *p++ = set[bits & 63];
        }
    }

    *p = '\0';

    return p;
}


/* "RSA" with its bits, "P-256", "ED25519", "ED448", or "oct" with its bytes */

static ngx_inline mint_key_t
mint_key(const char *type, size_t size)
{
    mint_key_t  key;

    memset(&key, 0, sizeof(mint_key_t));

    if (strcmp(type, "oct") == 0) {
        key.secret_len = size;
        assert_int_equal(RAND_bytes(key.secret, (int) size), 1);

    } else if (strcmp(type, "RSA") == 0) {
        key.pkey = EVP_RSA_gen((unsigned) size);
        assert_non_null(key.pkey);

    } else if (type[0] == 'P') {
        key.pkey = EVP_EC_gen(type);
        assert_non_null(key.pkey);

    } else {
        key.pkey = EVP_PKEY_Q_keygen(NULL, NULL, type);
        assert_non_null(key.pkey);
    }

    return key;
}


static ngx_inline void
mint_free(mint_key_t *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}


static ngx_inline char *
mint_bn(char *p, const char *name, EVP_PKEY *pkey, const char *param,
    int size)
{
    u_char   buf[1024];
    BIGNUM  *bn;

    bn = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &bn), 1);

    if (size == 0) {
        size = BN_num_bytes(bn);
    }

    assert_int_equal(BN_bn2binpad(bn, buf, size), size);
    BN_free(bn);

    p += sprintf(p, ",\"%s\":\"", name);
    p = mint_base64url(p, buf, size);
    *p++ = '"';
    *p = '\0';

    return p;
}


/*
 * Appends the public JWK of a key; "more" is further members, such as
 * "\"alg\":\"RS256\"".
 */

static ngx_inline char *
mint_jwk(char *p, const mint_key_t *key, const char *more)
{
    char    crv[32];
    int     size;
    u_char  raw[64];
    size_t  len;

    if (key->pkey == NULL) {
        p += sprintf(p, "{\"kty\":\"oct\",\"k\":\"");
        p = mint_base64url(p, key->secret, key->secret_len);
        p += sprintf(p, "\"");

    } else if (EVP_PKEY_is_a(key->pkey, "RSA")) {
        p += sprintf(p, "{\"kty\":\"RSA\"");
        p = mint_bn(p, "n", key->pkey, OSSL_PKEY_PARAM_RSA_N, 0);
        p = mint_bn(p, "e", key->pkey, OSSL_PKEY_PARAM_RSA_E, 0);

    } else if (EVP_PKEY_is_a(key->pkey, "EC")) {
        assert_int_equal(EVP_PKEY_get_group_name(key->pkey, crv, sizeof(crv),
                                                 &len),
                         1);
        size = (EVP_PKEY_get_bits(key->pkey) + 7) / 8;

        p += sprintf(p, "{\"kty\":\"EC\",\"crv\":\"P-%d\"",
                     EVP_PKEY_get_bits(key->pkey));
        p = mint_bn(p, "x", key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, size);
        p = mint_bn(p, "y", key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size);

    } else {
        len = sizeof(raw);
        assert_int_equal(EVP_PKEY_get_raw_public_key(key->pkey, raw, &len),
                         1);
        p += sprintf(p, "{\"kty\":\"OKP\",\"crv\":\"%s\",\"x\":\"",
                     len == 57 ? "Ed448" : "Ed25519");
        p = mint_base64url(p, raw, len);
        p += sprintf(p, "\"");
    }

    if (more[0] != '\0') {
        p += sprintf(p, ",%s", more);
    }

    return p + sprintf(p, "}");
}


/* ECDSA: OpenSSL's DER to r and s of "half" bytes each */

static ngx_inline size_t
mint_raw(u_char *sig, size_t len, int half)
{
    ECDSA_SIG     *s;
    const u_char  *p;

    p = sig;
    s = d2i_ECDSA_SIG(NULL, &p, (long) len);
    assert_non_null(s);

    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, half), half);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + half, half),
                     half);
    ECDSA_SIG_free(s);

    return 2 * half;
}


/*
 * Signs as "alg" says, whether that suits the key's JWK or not.  "alg" may
 * have a suffix: "PS256/0" is a salt of no bytes, "ES256/der" is left in DER.
 */

static ngx_inline size_t
mint_sign(const mint_key_t *key, const char *alg, const ngx_str_t *input,
    u_char *sig)
{
    size_t         len;
    unsigned int   maclen;
    EVP_MD_CTX    *ctx;
    const EVP_MD  *md;
    EVP_PKEY_CTX  *pctx;

    md = strncmp(alg + 2, "256", 3) == 0 ? EVP_sha256()
         : strncmp(alg + 2, "384", 3) == 0 ? EVP_sha384()
         : strncmp(alg + 2, "512", 3) == 0 ? EVP_sha512() : NULL;

    if (alg[0] == 'H') {
        assert_non_null(HMAC(md, key->secret, (int) key->secret_len,
                             input->data, input->len, sig, &maclen));
        return maclen;
    }

    ctx = EVP_MD_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, key->pkey), 1);

    if (alg[0] == 'P') {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING)
                    > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                        alg[5] == '/' ? atoi(alg + 6) : RSA_PSS_SALTLEN_DIGEST)
                    > 0);
    }

    len = 1024;
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, input->data, input->len),
                     1);
    EVP_MD_CTX_free(ctx);

    if (alg[0] == 'E' && alg[1] == 'S' && alg[5] != '/') {
        len = mint_raw(sig, len, (EVP_PKEY_get_bits(key->pkey) + 7) / 8);
    }

    return len;
}


/* writes a token of these texts; returns it as a string of "buf" */

static ngx_inline ngx_str_t
mint_token(char *buf, const mint_key_t *key, const char *alg,
    const ngx_str_t *header, const ngx_str_t *payload)
{
    char       *p;
    size_t      len;
    u_char      sig[1024];
    ngx_str_t   input;

    p = mint_base64url(buf, header->data, header->len);
    *p++ = '.';
    p = mint_base64url(p, payload->data, payload->len);

    input = mint_bytes(buf, p - buf);
    len = mint_sign(key, alg, &input, sig);

    *p++ = '.';
    p = mint_base64url(p, sig, len);

    return mint_bytes(buf, p - buf);
}


#endif /* _NGX_HOUSEHOLD_MINT_H_INCLUDED_ */
