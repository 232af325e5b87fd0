
/*
 * Loading of a verification key from a JWK (RFC 7517, 4; RFC 7518, 6;
 * RFC 8037, 2).
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JWK_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"
#include "ngx_household_jws.h"


#define NGX_HOUSEHOLD_JWK_RSA_MIN     2048  /* bits */
#define NGX_HOUSEHOLD_JWK_RSA_MAX     8192
#define NGX_HOUSEHOLD_JWK_SECRET_MAX  1024  /* bytes */

/* size of the longest error text, including NUL */
#define NGX_HOUSEHOLD_JWK_ERROR        128


/*
 * Loads a key.  The allowed algorithms follow from "kty", "crv" and, for a
 * secret, its length; "alg" restricts them to one.  An optional member that is
 * null is ignored.  Private parts are not read.
 *
 * Returns NGX_OK and fills "key", which the caller releases with
 * ngx_household_jwk_free(); or NGX_ERROR and writes the cause to "error".
 * "error" has NGX_HOUSEHOLD_JWK_ERROR bytes; the cause shows nothing of the
 * key.
 */
ngx_int_t ngx_household_jwk_load(const json_t *object,
    ngx_household_jws_key_t *key, char *error);

/* frees the key and wipes its secret */
void ngx_household_jwk_free(ngx_household_jws_key_t *key);


#endif /* _NGX_HOUSEHOLD_JWK_H_INCLUDED_ */
