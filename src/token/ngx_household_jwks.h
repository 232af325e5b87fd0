
/*
 * Parsing of JWK Sets (RFC 7517, 5).
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JWKS_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWKS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"
#include "ngx_household_jws.h"


#define NGX_HOUSEHOLD_JWKS_SIZE     262144  /* bytes of a file */
#define NGX_HOUSEHOLD_JWKS_KEYS         64  /* members of "keys" */
#define NGX_HOUSEHOLD_JWKS_KID_LEN    1024
#define NGX_HOUSEHOLD_JWKS_DIGEST       32

/* size of the longest error text, including NUL */
#define NGX_HOUSEHOLD_JWKS_ERROR       256


typedef struct {
    ngx_str_t                 kid;     /* empty: no "kid" */
    uint64_t                  id;      /* ngx_household_jws_key_id() */
    ngx_household_jws_key_t   key;
} ngx_household_jwk_t;


typedef struct {
    ngx_household_jwk_t      *keys;
    ngx_uint_t                nkeys;   /* at least 1 */

    /* SHA-256 of the text */
    u_char                    digest[NGX_HOUSEHOLD_JWKS_DIGEST];
} ngx_household_jwks_t;


/*
 * Called for each key that is skipped.  "text" is the key and the cause, in
 * the same form as "error" of ngx_household_jwks_parse(), for example
 * 'keys[2] (kid "a"): RSA modulus of 1024 bits, must be 2048 to 8192'.
 */
typedef void (*ngx_household_jwks_skip_pt)(void *data, const char *text);


/*
 * Parses a JWK Set.  A key that is malformed, too weak, not for verifying
 * signatures or of an unknown type is skipped (RFC 7517, 5).  "skip" may be
 * NULL.  Several keys may have the same "kid" (RFC 7517, 4.5).
 *
 * Returns the set, which the caller releases with
 * ngx_household_jwks_destroy().  Returns NULL if "text" is not a JWK Set or
 * has no usable key, and writes the cause to "error".  "error" has
 * NGX_HOUSEHOLD_JWKS_ERROR bytes; the cause is NUL-terminated printable ASCII
 * and shows nothing of a key.
 */
ngx_household_jwks_t *ngx_household_jwks_parse(const ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error);

/*
 * Likewise, of an array of keys that were read from "text" in another format.
 * "kids" has the "kid" of each, which is empty if there is none; or NULL: those
 * are members.
 */
ngx_household_jwks_t *ngx_household_jwks_build(const ngx_str_t *text,
    const json_t *keys, const ngx_str_t *kids,
    ngx_household_jwks_skip_pt skip, void *data, char *error);

/* frees the set and wipes its secrets; "jwks" may be NULL */
void ngx_household_jwks_destroy(ngx_household_jwks_t *jwks);


#endif /* _NGX_HOUSEHOLD_JWKS_H_INCLUDED_ */
