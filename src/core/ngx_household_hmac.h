
/*
 * What is told of an account to those who must not learn its id: a keyed
 * pseudonym, and a signed, short-lived state for the offer's page.
 *
 * Core layer; needs OpenSSL.  RFC 2104, FIPS 180-4: HMAC with SHA-256.
 */


#ifndef _NGX_HOUSEHOLD_HMAC_H_INCLUDED_
#define _NGX_HOUSEHOLD_HMAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of key material: less would be guessed */
#define NGX_HOUSEHOLD_HMAC_KEY_MIN   16

/* hexadecimal digits of a pseudonym: 128 bits */
#define NGX_HOUSEHOLD_HMAC_ID_LEN    32

/* "v1.", pseudonym, ".", seconds, ".", 43 characters of base64url */
#define NGX_HOUSEHOLD_HMAC_STATE_LEN                                          \
    (3 + NGX_HOUSEHOLD_HMAC_ID_LEN + 1 + NGX_INT64_LEN + 1 + 43)


/* one key file; each use has a key of its own, derived from it */

typedef struct {
    u_char  id[32];
    u_char  state[32];
} ngx_household_hmac_t;


/*
 * Derives the keys.  Returns NGX_OK; NGX_DECLINED if "key" is shorter than
 * NGX_HOUSEHOLD_HMAC_KEY_MIN; NGX_ERROR if OpenSSL fails.
 */
ngx_int_t ngx_household_hmac_init(ngx_household_hmac_t *hmac, ngx_str_t *key);

/*
 * Writes the pseudonym of an account: NGX_HOUSEHOLD_HMAC_ID_LEN digits, no
 * NUL.  The same account and key give the same pseudonym everywhere.  Returns
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_household_hmac_id(const ngx_household_hmac_t *hmac,
    const ngx_str_t *account, u_char *id);

/*
 * Writes a state that is good until "expires" (Unix seconds), at most
 * NGX_HOUSEHOLD_HMAC_STATE_LEN bytes, no NUL, characters that need no escape
 * in a query:
 *
 *     v1.<pseudonym>.<expires>.<base64url of HMAC over all before the dot>
 *
 * docs/offers.md tells how a shop verifies it.  Returns the length, or 0 if
 * OpenSSL fails.
 */
size_t ngx_household_hmac_state(const ngx_household_hmac_t *hmac,
    const ngx_str_t *account, int64_t expires, u_char *state);


#endif /* _NGX_HOUSEHOLD_HMAC_H_INCLUDED_ */
