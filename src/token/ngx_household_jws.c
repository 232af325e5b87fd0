
/*
 * Verification of one signature with one key.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "ngx_household_jose.h"
#include "ngx_household_jws.h"
#include "ngx_household_str.h"


/* bytes of a signature */
#define NGX_HOUSEHOLD_JWS_ED25519_SIZE   64
#define NGX_HOUSEHOLD_JWS_ED448_SIZE    114

/* 2 integers of 66 + 1 (sign) bytes; 3 tags; lengths of 2, 1 and 1 bytes */
#define NGX_HOUSEHOLD_JWS_DER_SIZE      144


typedef enum {
    NGX_HOUSEHOLD_JWS_HMAC,
    NGX_HOUSEHOLD_JWS_PKCS1,
    NGX_HOUSEHOLD_JWS_PSS,
    NGX_HOUSEHOLD_JWS_ECDSA,
    NGX_HOUSEHOLD_JWS_EDWARDS
} ngx_household_jws_family_e;


typedef struct {
    const char                  *name;
    ngx_uint_t                   bits;
    ngx_household_jws_family_e   family;
    const EVP_MD              *(*md)(void);
    size_t                       size;       /* of the digest */
    size_t                       signature;  /* 0: varies by key */
} ngx_household_jws_alg_t;


static const ngx_household_jws_alg_t *ngx_household_jws_find(
    ngx_uint_t algorithm);
static const ngx_household_jws_alg_t *ngx_household_jws_signer(
    const ngx_household_jws_key_t *key);
static ngx_int_t ngx_household_jws_check_hmac(
    const ngx_household_jws_alg_t *alg, const ngx_str_t *secret,
    const ngx_str_t *input, const ngx_str_t *signature);
static ngx_int_t ngx_household_jws_mac(const ngx_household_jws_alg_t *alg,
    const ngx_str_t *secret, const ngx_str_t *input, ngx_str_t *mac);
static ngx_int_t ngx_household_jws_check_pkey(
    const ngx_household_jws_alg_t *alg, EVP_PKEY *pkey,
    const ngx_str_t *input, const ngx_str_t *signature);
static ngx_int_t ngx_household_jws_der(ngx_str_t *der,
    const ngx_str_t *signature);


static const ngx_household_jws_alg_t  ngx_household_jws_algs[] = {

    { "HS256", NGX_HOUSEHOLD_JWS_HS256, NGX_HOUSEHOLD_JWS_HMAC,
      EVP_sha256, 32, 32 },

    { "HS384", NGX_HOUSEHOLD_JWS_HS384, NGX_HOUSEHOLD_JWS_HMAC,
      EVP_sha384, 48, 48 },

    { "HS512", NGX_HOUSEHOLD_JWS_HS512, NGX_HOUSEHOLD_JWS_HMAC,
      EVP_sha512, 64, 64 },

    { "RS256", NGX_HOUSEHOLD_JWS_RS256, NGX_HOUSEHOLD_JWS_PKCS1,
      EVP_sha256, 32, 0 },

    { "RS384", NGX_HOUSEHOLD_JWS_RS384, NGX_HOUSEHOLD_JWS_PKCS1,
      EVP_sha384, 48, 0 },

    { "RS512", NGX_HOUSEHOLD_JWS_RS512, NGX_HOUSEHOLD_JWS_PKCS1,
      EVP_sha512, 64, 0 },

    { "PS256", NGX_HOUSEHOLD_JWS_PS256, NGX_HOUSEHOLD_JWS_PSS,
      EVP_sha256, 32, 0 },

    { "PS384", NGX_HOUSEHOLD_JWS_PS384, NGX_HOUSEHOLD_JWS_PSS,
      EVP_sha384, 48, 0 },

    { "PS512", NGX_HOUSEHOLD_JWS_PS512, NGX_HOUSEHOLD_JWS_PSS,
      EVP_sha512, 64, 0 },

    { "ES256", NGX_HOUSEHOLD_JWS_ES256, NGX_HOUSEHOLD_JWS_ECDSA,
      EVP_sha256, 32, 2 * 32 },

    { "ES384", NGX_HOUSEHOLD_JWS_ES384, NGX_HOUSEHOLD_JWS_ECDSA,
      EVP_sha384, 48, 2 * 48 },

    { "ES512", NGX_HOUSEHOLD_JWS_ES512, NGX_HOUSEHOLD_JWS_ECDSA,
      EVP_sha512, 64, 2 * 66 },

    { "Ed25519", NGX_HOUSEHOLD_JWS_ED25519, NGX_HOUSEHOLD_JWS_EDWARDS,
      NULL, 0, NGX_HOUSEHOLD_JWS_ED25519_SIZE },

    { "Ed448", NGX_HOUSEHOLD_JWS_ED448, NGX_HOUSEHOLD_JWS_EDWARDS,
      NULL, 0, NGX_HOUSEHOLD_JWS_ED448_SIZE },

    /* used by ngx_household_jws_algorithm() only: a key has one curve */

    { "EdDSA", NGX_HOUSEHOLD_JWS_EDDSA, NGX_HOUSEHOLD_JWS_EDWARDS,
      NULL, 0, 0 },

    { NULL, 0, NGX_HOUSEHOLD_JWS_HMAC, NULL, 0, 0 }
};


ngx_uint_t
ngx_household_jws_algorithm(const ngx_str_t *name)
{
    const ngx_household_jws_alg_t  *alg;

    for (alg = ngx_household_jws_algs; alg->name != NULL; alg++) {
        if (ngx_household_str_is(name, alg->name)) {
            return alg->bits;
        }
    }

    return 0;
}


size_t
ngx_household_jws_digest_size(ngx_uint_t algorithm)
{
    const ngx_household_jws_alg_t  *alg;

    alg = ngx_household_jws_find(algorithm);

    return alg != NULL ? alg->size : 0;
}


static const ngx_household_jws_alg_t *
ngx_household_jws_find(ngx_uint_t algorithm)
{
    const ngx_household_jws_alg_t  *alg;

    for (alg = ngx_household_jws_algs; alg->name != NULL; alg++) {
        if (alg->bits == algorithm) {
            return alg;
        }
    }

    return NULL;
}


ngx_int_t
ngx_household_jws_check(const ngx_household_jws_key_t *key,
    ngx_uint_t algorithm, const ngx_str_t *input, const ngx_str_t *signature)
{
    ngx_int_t                       rc;
    ngx_str_t                       der;
    u_char                          buf[NGX_HOUSEHOLD_JWS_DER_SIZE];
    const ngx_household_jws_alg_t  *alg;

    /* "EdDSA" is two algorithms, of which a key allows one */

    alg = ngx_household_jws_find(key->algorithms & algorithm);

    if (alg == NULL) {
        return NGX_DECLINED;
    }

    /*
     * A public key must never be used as an HMAC secret, even if its
     * algorithms are wrong.
     */

    if ((key->pkey == NULL) != (alg->family == NGX_HOUSEHOLD_JWS_HMAC)) {
        return NGX_DECLINED;
    }

    if (alg->signature != 0 && signature->len != alg->signature) {
        return NGX_DECLINED;
    }

    switch (alg->family) {

    case NGX_HOUSEHOLD_JWS_HMAC:
        rc = ngx_household_jws_check_hmac(alg, &key->secret, input, signature);
        break;

    case NGX_HOUSEHOLD_JWS_ECDSA:
        der.data = buf;
        rc = ngx_household_jws_der(&der, signature);

        if (rc == NGX_OK) {
            rc = ngx_household_jws_check_pkey(alg, key->pkey, input, &der);
        }

        break;

    default:
        rc = ngx_household_jws_check_pkey(alg, key->pkey, input, signature);
        break;
    }

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    return rc;
}


static ngx_int_t
ngx_household_jws_check_hmac(const ngx_household_jws_alg_t *alg,
    const ngx_str_t *secret, const ngx_str_t *input,
    const ngx_str_t *signature)
{
    int        equal;
    u_char     buf[EVP_MAX_MD_SIZE];
    ngx_str_t  mac;

    mac.data = buf;

    if (ngx_household_jws_mac(alg, secret, input, &mac) != NGX_OK) {
        return NGX_ERROR;
    }

    equal = mac.len == signature->len
            && CRYPTO_memcmp(buf, signature->data, mac.len) == 0;

    OPENSSL_cleanse(buf, sizeof(buf));

    return equal ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_household_jws_mac(const ngx_household_jws_alg_t *alg,
    const ngx_str_t *secret, const ngx_str_t *input, ngx_str_t *mac)
{
    unsigned int  len;

    if (HMAC(alg->md(), secret->data, (int) secret->len, input->data,
             input->len, mac->data, &len)
        == NULL)
    {
        return NGX_ERROR;
    }

    mac->len = len;

    return NGX_OK;
}


const char *
ngx_household_jws_signs_with(const ngx_household_jws_key_t *key)
{
    return ngx_household_jws_signer(key)->name;
}


static const ngx_household_jws_alg_t *
ngx_household_jws_signer(const ngx_household_jws_key_t *key)
{
    const ngx_household_jws_alg_t  *alg;

    for (alg = ngx_household_jws_algs; alg->name != NULL; alg++) {
        if (alg->bits & key->algorithms) {
            break;
        }
    }

    return alg;
}


ngx_int_t
ngx_household_jws_sign(const ngx_household_jws_key_t *key,
    const ngx_str_t *input, ngx_str_t *signature)
{
    const ngx_household_jws_alg_t  *alg;

    alg = ngx_household_jws_signer(key);

    if (key->pkey != NULL || alg->md == NULL
        || ngx_household_jws_mac(alg, &key->secret, input, signature)
           != NGX_OK)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_jws_check_pkey(const ngx_household_jws_alg_t *alg,
    EVP_PKEY *pkey, const ngx_str_t *input, const ngx_str_t *signature)
{
    ngx_int_t      rc;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_DigestVerifyInit(ctx, &pctx, alg->md != NULL ? alg->md() : NULL,
                             NULL, pkey)
        != 1)
    {
        goto done;
    }

    if (alg->family == NGX_HOUSEHOLD_JWS_PSS
        && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) <= 0
            || EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, alg->md()) <= 0
            || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST)
               <= 0))
    {
        goto done;
    }

    /* 0 and negative results: not verified */

    if (EVP_DigestVerify(ctx, signature->data, signature->len, input->data,
                         input->len)
        == 1)
    {
        rc = NGX_OK;

    } else {
        rc = NGX_DECLINED;
    }

done:

    EVP_MD_CTX_free(ctx);

    return rc;
}


/*
 * Converts r and s of a JWS to DER, as OpenSSL requires.  OpenSSL checks that
 * they are between 1 and the order of the curve.
 */

static ngx_int_t
ngx_household_jws_der(ngx_str_t *der, const ngx_str_t *signature)
{
    int         len;
    size_t      half;
    u_char     *p;
    BIGNUM     *r, *s;
    ECDSA_SIG  *sig;

    half = signature->len / 2;

    r = BN_bin2bn(signature->data, (int) half, NULL);
    s = BN_bin2bn(signature->data + half, (int) half, NULL);
    sig = ECDSA_SIG_new();

    if (r == NULL || s == NULL || sig == NULL
        || ECDSA_SIG_set0(sig, r, s) != 1)
    {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return NGX_ERROR;
    }

    len = i2d_ECDSA_SIG(sig, NULL);

    if (len <= 0 || len > NGX_HOUSEHOLD_JWS_DER_SIZE) {
        ECDSA_SIG_free(sig);
        return NGX_ERROR;
    }

    p = der->data;
    der->len = i2d_ECDSA_SIG(sig, &p);

    ECDSA_SIG_free(sig);

    return NGX_OK;
}


ngx_uint_t
ngx_household_jws_same_key(const ngx_household_jws_key_t *a,
    const ngx_household_jws_key_t *b)
{
    ngx_uint_t  same;

    if (a->pkey == NULL || b->pkey == NULL) {
        return a->pkey == b->pkey
               && a->secret.len == b->secret.len
               && CRYPTO_memcmp(a->secret.data, b->secret.data,
                                a->secret.len)
                  == 0;
    }

    same = EVP_PKEY_eq(a->pkey, b->pkey) == 1;

    if (!same) {
        ERR_clear_error();
    }

    return same;
}


ngx_int_t
ngx_household_jws_key_id(const ngx_household_jws_key_t *key, uint64_t *id)
{
    int         len;
    u_char      digest[EVP_MAX_MD_SIZE];
    u_char     *der;
    ngx_int_t   rc;
    ngx_str_t   data;

    der = NULL;
    data = key->secret;

    if (key->pkey != NULL) {
        len = i2d_PUBKEY(key->pkey, &der);

        if (len <= 0) {
            ERR_clear_error();
            return NGX_ERROR;
        }

        data.data = der;
        data.len = len;
    }

    rc = EVP_Digest(data.data, data.len, digest, NULL, EVP_sha256(), NULL) == 1
         ? NGX_OK : NGX_ERROR;

    OPENSSL_free(der);

    if (rc != NGX_OK) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    ngx_memcpy(id, digest, sizeof(uint64_t));

    if (*id == 0) {
        *id = 1;
    }

    OPENSSL_cleanse(digest, sizeof(digest));

    return NGX_OK;
}
