
/*
 * The state of an offer: what the application that sells a seat, or verifies a
 * client, must know about the denied request.  It passes through the client,
 * which can neither read nor change it.
 *
 * A state is an encrypted JWT (RFC 7519): a JWE (RFC 7516) in the compact
 * serialization, with "alg" "dir" and "enc" "A128CBC-HS256" (RFC 7518, 4.5 and
 * 5.2.3).  All libraries for JOSE can read it.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_STATE_H_INCLUDED_
#define _NGX_HOUSEHOLD_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"


/* size of the key: 16 bytes for HMAC, then 16 bytes for AES */
#define NGX_HOUSEHOLD_STATE_KEY    32

/*
 * Maximum size of the claims: two ids of which each character may be escaped,
 * and the other claims.
 */
#define NGX_HOUSEHOLD_STATE_CLAIMS (4 * NGX_HOUSEHOLD_ID_LEN + 512)

/* maximum length of a state: header, IV and tag take 100 of these */
#define NGX_HOUSEHOLD_STATE_LEN                                               \
    (128 + ngx_base64_encoded_length(NGX_HOUSEHOLD_STATE_CLAIMS + 16))


/*
 * An empty string, and a string that is not UTF-8, has no claim.
 * "expires" is in Unix seconds.
 */

typedef struct {
    ngx_str_t   account;               /* "sub", an id */
    ngx_str_t   device;                /* "device", an id */
    ngx_str_t   address;               /* "address", at most 64 bytes */
    ngx_str_t   reason;                /* "reason", at most 64 bytes */
    ngx_str_t   pseudonym;             /* "pseudonym", at most 64 bytes */
    int64_t     issued_at;             /* "iat" */
    int64_t     expires;               /* "exp" */
} ngx_household_state_t;


/*
 * Encrypts a state with a key of NGX_HOUSEHOLD_STATE_KEY bytes and a random
 * IV.  Writes at most NGX_HOUSEHOLD_STATE_LEN bytes, without NUL, of
 * characters that need no escaping in a query string.  Returns the length, or 0
 * if there is no memory, or OpenSSL fails.
 */
size_t ngx_household_state_encrypt(const u_char *key,
    const ngx_household_state_t *state, u_char *text);

/*
 * Returns NGX_OK if "text" was made by ngx_household_state_encrypt() with this
 * key for this account, and expires after "now" (Unix seconds); otherwise
 * NGX_DECLINED.
 */
ngx_int_t ngx_household_state_verify(const u_char *key, const ngx_str_t *text,
    const ngx_str_t *account, int64_t now);


#endif /* _NGX_HOUSEHOLD_STATE_H_INCLUDED_ */
