
/*
 * One key of a key set: a JWK (RFC 7517, 4; RFC 7518, 6; RFC 8037, 2) to what
 * signatures are checked with.
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

/* bytes for the longest error text, its NUL included */
#define NGX_HOUSEHOLD_JWK_ERROR        128


/*
 * Reads a key.  The algorithms that it allows follow from "kty", "crv" and,
 * for a secret, its length; "alg" narrows them to one.  An optional member
 * that is null is not there.  Private parts are not read.
 *
 * Returns NGX_OK and fills "key", for ngx_household_jwk_free(); or NGX_ERROR
 * with the reason why it is not used in "error", which holds
 * NGX_HOUSEHOLD_JWK_ERROR bytes and shows nothing of the key.
 */
ngx_int_t ngx_household_jwk_load(const json_t *object,
    ngx_household_jws_key_t *key, char *error);

/* frees the key and wipes its secret */
void ngx_household_jwk_free(ngx_household_jws_key_t *key);


#endif /* _NGX_HOUSEHOLD_JWK_H_INCLUDED_ */
