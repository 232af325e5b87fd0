
/*
 * Loading of a verification key from a JWK.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include "ngx_household_edwards.h"
#include "ngx_household_jose.h"
#include "ngx_household_jwk.h"
#include "ngx_household_str.h"


/* bytes of a coordinate of P-521, and of a buffer to decode it into */
#define NGX_HOUSEHOLD_JWK_COORDINATE  66
#define NGX_HOUSEHOLD_JWK_DECODED     (NGX_HOUSEHOLD_JWK_COORDINATE + 6)

#define NGX_HOUSEHOLD_JWK_SECRET_SIZE  (NGX_HOUSEHOLD_JWK_SECRET_MAX + 3)


typedef ngx_int_t (*ngx_household_jwk_load_pt)(const json_t *object,
    ngx_household_jws_key_t *key, char *error);


typedef struct {
    const char                 *kty;
    ngx_household_jwk_load_pt   load;
} ngx_household_jwk_type_t;


typedef struct {
    const char  *crv;                  /* also its name in OpenSSL */
    size_t       size;                 /* bytes of a coordinate */
    ngx_uint_t   algorithm;
} ngx_household_jwk_curve_t;


typedef struct {
    const char               *crv;
    ngx_household_edwards_e   curve;
    int                       type;    /* EVP_PKEY_ED25519, ... */
    ngx_uint_t                algorithm;
} ngx_household_jwk_edwards_t;


static ngx_int_t ngx_household_jwk_verifies(const json_t *object,
    char *error);
static ngx_int_t ngx_household_jwk_alg(const json_t *object,
    ngx_household_jws_key_t *key, char *error);

static ngx_int_t ngx_household_jwk_rsa(const json_t *object,
    ngx_household_jws_key_t *key, char *error);
static ngx_int_t ngx_household_jwk_rsa_check(const BIGNUM *n, const BIGNUM *e,
    char *error);
static EVP_PKEY *ngx_household_jwk_rsa_pkey(const BIGNUM *n, const BIGNUM *e);
static ngx_int_t ngx_household_jwk_ec(const json_t *object,
    ngx_household_jws_key_t *key, char *error);
static EVP_PKEY *ngx_household_jwk_ec_pkey(const char *group,
    ngx_str_t *point);
static ngx_int_t ngx_household_jwk_coordinate(const json_t *object,
    const char *name, u_char *to, size_t size, char *error);
static ngx_int_t ngx_household_jwk_okp(const json_t *object,
    ngx_household_jws_key_t *key, char *error);
static ngx_int_t ngx_household_jwk_oct(const json_t *object,
    ngx_household_jws_key_t *key, char *error);

static EVP_PKEY *ngx_household_jwk_pkey(const char *type, OSSL_PARAM *params);
static ngx_int_t ngx_household_jwk_public_check(EVP_PKEY *pkey);
static ngx_int_t ngx_household_jwk_optional(const json_t *object,
    const char *name, ngx_str_t *value, char *error);
static ngx_int_t ngx_household_jwk_member(const json_t *object,
    const char *name, ngx_str_t *value, size_t size, char *error);
static ngx_int_t ngx_household_jwk_error(char *error, const char *text);


static const ngx_household_jwk_edwards_t  ngx_household_jwk_edwards[] = {
    { "Ed25519", NGX_HOUSEHOLD_ED25519, EVP_PKEY_ED25519,
      NGX_HOUSEHOLD_JWS_ED25519 },
    { "Ed448", NGX_HOUSEHOLD_ED448, EVP_PKEY_ED448, NGX_HOUSEHOLD_JWS_ED448 },
    { NULL, NGX_HOUSEHOLD_ED25519, 0, 0 }
};


static const ngx_household_jwk_type_t  ngx_household_jwk_types[] = {
    { "RSA", ngx_household_jwk_rsa },
    { "EC", ngx_household_jwk_ec },
    { "OKP", ngx_household_jwk_okp },
    { "oct", ngx_household_jwk_oct },
    { NULL, NULL }
};


static const ngx_household_jwk_curve_t  ngx_household_jwk_curves[] = {
    { "P-256", 32, NGX_HOUSEHOLD_JWS_ES256 },
    { "P-384", 48, NGX_HOUSEHOLD_JWS_ES384 },
    { "P-521", 66, NGX_HOUSEHOLD_JWS_ES512 },
    { NULL, 0, 0 }
};


ngx_int_t
ngx_household_jwk_load(const json_t *object, ngx_household_jws_key_t *key,
    char *error)
{
    ngx_int_t                        rc;
    ngx_str_t                        kty;
    const ngx_household_jwk_type_t  *type;

    ngx_memzero(key, sizeof(ngx_household_jws_key_t));

    if (ngx_household_json_string(object, "kty", &kty) != NGX_OK) {
        return ngx_household_jwk_error(error, "\"kty\" must be a string");
    }

    for (type = ngx_household_jwk_types; type->kty != NULL; type++) {
        if (ngx_household_str_is(&kty, type->kty)) {
            break;
        }
    }

    if (type->kty == NULL) {
        return ngx_household_jwk_error(error, "unknown \"kty\"");
    }

    rc = ngx_household_jwk_verifies(object, error);

    if (rc == NGX_OK) {
        rc = type->load(object, key, error);
    }

    if (rc == NGX_OK) {
        rc = ngx_household_jwk_alg(object, key, error);
    }

    if (rc != NGX_OK) {
        ngx_household_jwk_free(key);
    }

    return rc;
}


void
ngx_household_jwk_free(ngx_household_jws_key_t *key)
{
    EVP_PKEY_free(key->pkey);

    if (key->secret.data != NULL) {
        OPENSSL_cleanse(key->secret.data, NGX_HOUSEHOLD_JWK_SECRET_SIZE);
        free(key->secret.data);
    }

    ngx_memzero(key, sizeof(ngx_household_jws_key_t));
}


/* RFC 7517, 4.2 and 4.3 */

static ngx_int_t
ngx_household_jwk_verifies(const json_t *object, char *error)
{
    size_t      i;
    json_t     *ops;
    ngx_int_t   rc;
    ngx_str_t   use;

    rc = ngx_household_jwk_optional(object, "use", &use, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK && !ngx_household_str_is(&use, "sig")) {
        return ngx_household_jwk_error(error, "\"use\" must be \"sig\"");
    }

    ops = json_object_get(object, "key_ops");

    if (ops == NULL || json_is_null(ops)) {
        return NGX_OK;
    }

    if (!json_is_array(ops)) {
        return ngx_household_jwk_error(error, "\"key_ops\" must be an array");
    }

    for (i = 0; i < json_array_size(ops); i++) {
        if (ngx_household_json_is(json_array_get(ops, i), "verify")) {
            return NGX_OK;
        }
    }

    return ngx_household_jwk_error(error,
                                   "\"key_ops\" must include \"verify\"");
}


/* restricts the algorithms of the key type to "alg" */

static ngx_int_t
ngx_household_jwk_alg(const json_t *object, ngx_household_jws_key_t *key,
    char *error)
{
    ngx_int_t   rc;
    ngx_str_t   name;
    ngx_uint_t  algorithm;

    rc = ngx_household_jwk_optional(object, "alg", &name, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        algorithm = ngx_household_jws_algorithm(&name);

        if (algorithm == 0) {
            return ngx_household_jwk_error(error, "unknown \"alg\"");
        }

        key->algorithms &= algorithm;
    }

    if (key->algorithms != 0) {
        return NGX_OK;
    }

    if (key->pkey == NULL) {
        return ngx_household_jwk_error(error, "secret shorter than the HMAC "
                                       "output, or \"alg\" is not an HMAC "
                                       "algorithm");
    }

    return ngx_household_jwk_error(error, "\"alg\" does not match the key");
}


static ngx_int_t
ngx_household_jwk_rsa(const json_t *object, ngx_household_jws_key_t *key,
    char *error)
{
    u_char     nbuf[NGX_HOUSEHOLD_JWK_RSA_MAX / 8 + 3], ebuf[16];
    BIGNUM    *n, *e;
    ngx_int_t  rc;
    ngx_str_t  nval, eval;

    nval.data = nbuf;
    eval.data = ebuf;

    if (ngx_household_jwk_member(object, "n", &nval, sizeof(nbuf), error)
        != NGX_OK
        || ngx_household_jwk_member(object, "e", &eval, sizeof(ebuf), error)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = BN_bin2bn(nval.data, (int) nval.len, NULL);
    e = BN_bin2bn(eval.data, (int) eval.len, NULL);

    if (n == NULL || e == NULL) {
        rc = ngx_household_jwk_error(error, "no memory");
        goto done;
    }

    rc = ngx_household_jwk_rsa_check(n, e, error);

    if (rc != NGX_OK) {
        goto done;
    }

    key->algorithms = NGX_HOUSEHOLD_JWS_RSA;
    key->pkey = ngx_household_jwk_rsa_pkey(n, e);

    if (ngx_household_jwk_public_check(key->pkey) != NGX_OK) {
        rc = ngx_household_jwk_error(error, "\"n\" is not an RSA modulus");
    }

done:

    BN_free(n);
    BN_free(e);

    return rc;
}


static ngx_int_t
ngx_household_jwk_rsa_check(const BIGNUM *n, const BIGNUM *e, char *error)
{
    int  bits;

    bits = BN_num_bits(n);

    if (bits < NGX_HOUSEHOLD_JWK_RSA_MIN || bits > NGX_HOUSEHOLD_JWK_RSA_MAX) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "RSA modulus of %d bits, must be %d to %d", bits,
                        NGX_HOUSEHOLD_JWK_RSA_MIN, NGX_HOUSEHOLD_JWK_RSA_MAX);
        return NGX_ERROR;
    }

    /* with an exponent of 1, a padded digest is a valid signature */

    if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 64) {
        return ngx_household_jwk_error(error, "RSA exponent is out of range");
    }

    return NGX_OK;
}


static EVP_PKEY *
ngx_household_jwk_rsa_pkey(const BIGNUM *n, const BIGNUM *e)
{
    EVP_PKEY        *pkey;
    OSSL_PARAM      *params;
    OSSL_PARAM_BLD  *bld;

    bld = OSSL_PARAM_BLD_new();
    if (bld == NULL) {
        return NULL;
    }

    pkey = NULL;
    params = NULL;

    if (OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        params = OSSL_PARAM_BLD_to_param(bld);
    }

    if (params != NULL) {
        pkey = ngx_household_jwk_pkey("RSA", params);
    }

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);

    return pkey;
}


static ngx_int_t
ngx_household_jwk_ec(const json_t *object, ngx_household_jws_key_t *key,
    char *error)
{
    u_char                            buf[1 + 2 * NGX_HOUSEHOLD_JWK_COORDINATE];
    ngx_str_t                         crv, point;
    const ngx_household_jwk_curve_t  *curve;

    if (ngx_household_json_string(object, "crv", &crv) != NGX_OK) {
        return ngx_household_jwk_error(error, "\"crv\" must be a string");
    }

    for (curve = ngx_household_jwk_curves; curve->crv != NULL; curve++) {
        if (ngx_household_str_is(&crv, curve->crv)) {
            break;
        }
    }

    if (curve->crv == NULL) {
        return ngx_household_jwk_error(error, "unknown \"crv\"");
    }

    /* an uncompressed point: 4, x, y */

    buf[0] = 4;

    if (ngx_household_jwk_coordinate(object, "x", buf + 1, curve->size, error)
        != NGX_OK
        || ngx_household_jwk_coordinate(object, "y", buf + 1 + curve->size,
                                        curve->size, error)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    point.data = buf;
    point.len = 1 + 2 * curve->size;

    key->algorithms = curve->algorithm;
    key->pkey = ngx_household_jwk_ec_pkey(curve->crv, &point);

    if (ngx_household_jwk_public_check(key->pkey) != NGX_OK) {
        return ngx_household_jwk_error(error, "not a point on the curve");
    }

    return NGX_OK;
}


/*
 * RFC 7518, 6.2.1.2 requires leading zeros.  Some implementations omit them,
 * or add one as the sign; the number is the same.
 */

static ngx_int_t
ngx_household_jwk_coordinate(const json_t *object, const char *name,
    u_char *to, size_t size, char *error)
{
    u_char     buf[NGX_HOUSEHOLD_JWK_DECODED];
    ngx_str_t  value;

    value.data = buf;

    if (ngx_household_jwk_member(object, name, &value, sizeof(buf), error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    while (value.len > 0 && value.data[0] == 0) {
        value.data++;
        value.len--;
    }

    if (value.len > size) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "\"%s\" is longer than %u bytes", name,
                        (unsigned) size);
        return NGX_ERROR;
    }

    ngx_memzero(to, size - value.len);
    ngx_memcpy(to + size - value.len, value.data, value.len);

    return NGX_OK;
}


static EVP_PKEY *
ngx_household_jwk_ec_pkey(const char *group, ngx_str_t *point)
{
    OSSL_PARAM  params[3];

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 (char *) group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  point->data, point->len);
    params[2] = OSSL_PARAM_construct_end();

    return ngx_household_jwk_pkey("EC", params);
}


static ngx_int_t
ngx_household_jwk_okp(const json_t *object, ngx_household_jws_key_t *key,
    char *error)
{
    u_char                              buf[NGX_HOUSEHOLD_ED448_SIZE + 6];
    ngx_str_t                           crv, x;
    const ngx_household_jwk_edwards_t  *e;

    if (ngx_household_json_string(object, "crv", &crv) != NGX_OK) {
        return ngx_household_jwk_error(error, "\"crv\" must be a string");
    }

    for (e = ngx_household_jwk_edwards; e->crv != NULL; e++) {
        if (ngx_household_str_is(&crv, e->crv)) {
            break;
        }
    }

    if (e->crv == NULL) {
        return ngx_household_jwk_error(error, "unknown \"crv\"");
    }

    x.data = buf;

    if (ngx_household_jwk_member(object, "x", &x, sizeof(buf), error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_household_edwards_check(e->curve, &x) != NGX_OK) {
        return ngx_household_jwk_error(error, "\"x\" is not a public key of "
                                       "the curve");
    }

    key->algorithms = e->algorithm;
    key->pkey = EVP_PKEY_new_raw_public_key(e->type, NULL, x.data, x.len);

    if (key->pkey == NULL) {
        return ngx_household_jwk_error(error, "\"crv\" is not supported by "
                                       "this OpenSSL");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_jwk_oct(const json_t *object, ngx_household_jws_key_t *key,
    char *error)
{
    static const ngx_uint_t  algorithms[] = {
        NGX_HOUSEHOLD_JWS_HS256,
        NGX_HOUSEHOLD_JWS_HS384,
        NGX_HOUSEHOLD_JWS_HS512,
        0
    };

    ngx_uint_t  i;

    key->secret.data = malloc(NGX_HOUSEHOLD_JWK_SECRET_SIZE);
    if (key->secret.data == NULL) {
        return ngx_household_jwk_error(error, "no memory");
    }

    if (ngx_household_jwk_member(object, "k", &key->secret,
                                 NGX_HOUSEHOLD_JWK_SECRET_SIZE, error)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* RFC 7518, 3.2: a secret is at least as long as the digest */

    for (i = 0; algorithms[i] != 0; i++) {
        if (key->secret.len >= ngx_household_jws_digest_size(algorithms[i])) {
            key->algorithms |= algorithms[i];
        }
    }

    return NGX_OK;
}


static EVP_PKEY *
ngx_household_jwk_pkey(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY      *pkey;
    EVP_PKEY_CTX  *ctx;

    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx == NULL) {
        return NULL;
    }

    pkey = NULL;

    if (EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


static ngx_int_t
ngx_household_jwk_public_check(EVP_PKEY *pkey)
{
    int            ok;
    EVP_PKEY_CTX  *ctx;

    if (pkey == NULL) {
        return NGX_DECLINED;
    }

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ok = EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);

    return ok ? NGX_OK : NGX_DECLINED;
}


/* returns NGX_DECLINED if the member is missing or null */

static ngx_int_t
ngx_household_jwk_optional(const json_t *object, const char *name,
    ngx_str_t *value, char *error)
{
    ngx_int_t  rc;

    if (json_is_null(json_object_get(object, name))) {
        return NGX_DECLINED;
    }

    rc = ngx_household_json_string(object, name, value);

    if (rc == NGX_ERROR) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "\"%s\" must be a string", name);
    }

    return rc;
}


/* decodes a member into "value"; value->data has "size" bytes */

static ngx_int_t
ngx_household_jwk_member(const json_t *object, const char *name,
    ngx_str_t *value, size_t size, char *error)
{
    ngx_str_t  text;

    if (ngx_household_json_string(object, name, &text) != NGX_OK) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "\"%s\" must be a string", name);
        return NGX_ERROR;
    }

    if (ngx_household_base64url_size(text.len) > size) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR, "\"%s\" is too long",
                        name);
        return NGX_ERROR;
    }

    if (ngx_household_base64url_decode(value, &text) != NGX_OK) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "\"%s\" is not base64url without padding", name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_jwk_error(char *error, const char *text)
{
    (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR, "%s", text);

    return NGX_ERROR;
}
