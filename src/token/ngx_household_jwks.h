
/*
 * Key sets: the text of a JWKS file (RFC 7517, 5) to keys.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JWKS_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWKS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jws.h"


#define NGX_HOUSEHOLD_JWKS_SIZE     262144  /* bytes of a file */
#define NGX_HOUSEHOLD_JWKS_KEYS         64  /* members of "keys" */
#define NGX_HOUSEHOLD_JWKS_KID_LEN     256
#define NGX_HOUSEHOLD_JWKS_DIGEST       32

/* bytes for the longest error text, its NUL included */
#define NGX_HOUSEHOLD_JWKS_ERROR       256


typedef struct {
    ngx_str_t                 kid;     /* empty: has none */
    ngx_household_jws_key_t   key;
} ngx_household_jwk_t;


typedef struct {
    ngx_household_jwk_t      *keys;
    ngx_uint_t                nkeys;   /* at least 1 */

    /* keys that are for something else, or for what is not known here */
    ngx_uint_t                skipped;

    /* SHA-256 of the text */
    u_char                    digest[NGX_HOUSEHOLD_JWKS_DIGEST];
} ngx_household_jwks_t;


/*
 * Parses a JWK Set.
 *
 * Skipped are keys with a "kty", "crv" or "alg" that is not known here, with
 * a "use" other than "sig" or "key_ops" without "verify", and a public key
 * that stands there already under the same "kid".
 *
 * Everything else that is wrong refuses the set: a key malformed or too weak,
 * an "alg" that does not fit the key, two keys of one "kid", no key left.
 *
 * Returns the set, for ngx_household_jwks_destroy(); or NULL, with the reason
 * in "error", which holds NGX_HOUSEHOLD_JWKS_ERROR bytes: NUL-terminated
 * printable ASCII that names the key by its place and "kid", e.g. 'keys[2]
 * (kid "a"): RSA modulus of 1024 bits, need 2048 to 8192', and shows nothing
 * of it.
 */
ngx_household_jwks_t *ngx_household_jwks_parse(const ngx_str_t *text,
    char *error);

/* frees the set and wipes its secrets; takes NULL too */
void ngx_household_jwks_destroy(ngx_household_jwks_t *jwks);


#endif /* _NGX_HOUSEHOLD_JWKS_H_INCLUDED_ */
