
/*
 * Verification of one signature with one key (RFC 7518, 3; RFC 8037, 3.1;
 * RFC 9864).
 *
 * Links without any nginx object file; needs OpenSSL 3.
 */


#ifndef _NGX_HOUSEHOLD_JWS_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/evp.h>


/* algorithms, as a bit mask */
#define NGX_HOUSEHOLD_JWS_HS256     0x0001
#define NGX_HOUSEHOLD_JWS_HS384     0x0002
#define NGX_HOUSEHOLD_JWS_HS512     0x0004
#define NGX_HOUSEHOLD_JWS_RS256     0x0008
#define NGX_HOUSEHOLD_JWS_RS384     0x0010
#define NGX_HOUSEHOLD_JWS_RS512     0x0020
#define NGX_HOUSEHOLD_JWS_PS256     0x0040
#define NGX_HOUSEHOLD_JWS_PS384     0x0080
#define NGX_HOUSEHOLD_JWS_PS512     0x0100
#define NGX_HOUSEHOLD_JWS_ES256     0x0200
#define NGX_HOUSEHOLD_JWS_ES384     0x0400
#define NGX_HOUSEHOLD_JWS_ES512     0x0800
#define NGX_HOUSEHOLD_JWS_ED25519   0x1000
#define NGX_HOUSEHOLD_JWS_ED448     0x2000

/* RFC 8037, 3.1: both curves; RFC 9864 has a name for each */
#define NGX_HOUSEHOLD_JWS_EDDSA     0x3000

/* algorithms of an RSA key without "alg" */
#define NGX_HOUSEHOLD_JWS_RSA       0x01f8


/* a public key or a secret, and the algorithms that it allows */

typedef struct {
    ngx_uint_t   algorithms;           /* bits */
    EVP_PKEY    *pkey;                 /* NULL: a secret */
    ngx_str_t    secret;
} ngx_household_jws_key_t;


/*
 * Returns the bit of an algorithm by its name in "alg", for example "RS256".
 * The name is case-sensitive.  "EdDSA" has the bits of both curves.  Returns 0
 * for an unknown name, including "none".
 */
ngx_uint_t ngx_household_jws_algorithm(const ngx_str_t *name);

/*
 * Returns the size of the digest of an algorithm (one bit): 32, 48 or 64
 * bytes.  Returns 0 for the algorithms of Edwards curves.
 */
size_t ngx_household_jws_digest_size(ngx_uint_t algorithm);

/*
 * Verifies "signature" (raw bytes) over "input" with "key".  "algorithm" is
 * the result of ngx_household_jws_algorithm().
 *
 * Returns NGX_OK only if the signature is valid; NGX_DECLINED if the signature
 * is not valid or the key does not allow the algorithm; NGX_ERROR if the
 * verification failed, for example because there is no memory.  The error
 * queue of OpenSSL is empty afterwards unless NGX_OK is returned.
 */
ngx_int_t ngx_household_jws_check(const ngx_household_jws_key_t *key,
    ngx_uint_t algorithm, const ngx_str_t *input, const ngx_str_t *signature);

/*
 * Returns the name of the algorithm that ngx_household_jws_sign() uses: the
 * first one that a secret allows.
 */
const char *ngx_household_jws_signs_with(const ngx_household_jws_key_t *key);

/*
 * Signs "input" with a secret.  "signature" has room for EVP_MAX_MD_SIZE bytes.
 * Returns NGX_OK, or NGX_ERROR if OpenSSL fails or the key is no secret.
 */
ngx_int_t ngx_household_jws_sign(const ngx_household_jws_key_t *key,
    const ngx_str_t *input, ngx_str_t *signature);

/*
 * Computes an id of a key from the key itself: a digest of the secret or of
 * the public key.  Returns NGX_OK and sets "id", which is not 0; or NGX_ERROR
 * if OpenSSL fails.
 */
ngx_int_t ngx_household_jws_key_id(const ngx_household_jws_key_t *key,
    uint64_t *id);

/*
 * Returns 1 if both keys are the same secret or the same public key.  The
 * allowed algorithms are not compared.
 */
ngx_uint_t ngx_household_jws_same_key(const ngx_household_jws_key_t *a,
    const ngx_household_jws_key_t *b);


#endif /* _NGX_HOUSEHOLD_JWS_H_INCLUDED_ */
