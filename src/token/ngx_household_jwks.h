
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
#define NGX_HOUSEHOLD_JWKS_KID_LEN    1024
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

    /* SHA-256 of the text */
    u_char                    digest[NGX_HOUSEHOLD_JWKS_DIGEST];
} ngx_household_jwks_t;


/*
 * Is called for every key that is skipped, with the reason: text as that of
 * ngx_household_jwks_parse(), e.g. 'keys[2] (kid "a"): RSA modulus of 1024
 * bits, must be 2048 to 8192'.
 */
typedef void (*ngx_household_jwks_skip_pt)(void *data, const char *text);


/*
 * Parses a JWK Set.  A key that is malformed, too weak, for something else or
 * of a kind that is not known here is skipped (RFC 7517, 5); "skip" may be
 * NULL.  Several keys may have one "kid" (RFC 7517, 4.5).
 *
 * Returns the set, for ngx_household_jwks_destroy(); or NULL if the text is
 * not a set or has no usable key, with the reason in "error", which holds
 * NGX_HOUSEHOLD_JWKS_ERROR bytes: NUL-terminated printable ASCII that shows
 * nothing of a key.
 */
ngx_household_jwks_t *ngx_household_jwks_parse(const ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error);

/* frees the set and wipes its secrets; takes NULL too */
void ngx_household_jwks_destroy(ngx_household_jwks_t *jwks);


#endif /* _NGX_HOUSEHOLD_JWKS_H_INCLUDED_ */
