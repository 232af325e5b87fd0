
/*
 * Two HMACs of an account id, for recipients that must not learn the id: a
 * pseudonym, and a signed state with a short lifetime for the offer page.
 * Nothing is encrypted.  HMAC-SHA-256: RFC 2104, FIPS 180-4, by OpenSSL.
 */


#ifndef _NGX_HOUSEHOLD_HMAC_H_INCLUDED_
#define _NGX_HOUSEHOLD_HMAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* minimum length of the key, in bytes */
#define NGX_HOUSEHOLD_HMAC_KEY_MIN   16

/* length of a pseudonym: 128 bits in hexadecimal */
#define NGX_HOUSEHOLD_HMAC_ID_LEN    32

/* maximum length of a state: "v1.", pseudonym, ".", time, ".", base64url */
#define NGX_HOUSEHOLD_HMAC_STATE_LEN                                          \
    (3 + NGX_HOUSEHOLD_HMAC_ID_LEN + 1 + NGX_INT64_LEN + 1 + 43)


/* the keys of both uses, derived from one key file */

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
 * Writes the pseudonym of an account: NGX_HOUSEHOLD_HMAC_ID_LEN hexadecimal
 * digits, without NUL.  It depends on the account and the key only, and so is
 * the same on all edges.  Returns NGX_OK, or NGX_ERROR if OpenSSL fails.
 */
ngx_int_t ngx_household_hmac_id(const ngx_household_hmac_t *hmac,
    const ngx_str_t *account, u_char *id);

/*
 * Writes a state that is valid until "expires" (Unix seconds): at most
 * NGX_HOUSEHOLD_HMAC_STATE_LEN bytes, without NUL, of characters that need no
 * escaping in a query string:
 *
 *     v1.<pseudonym>.<expires>.<base64url of HMAC over all before the dot>
 *
 * docs/offers.md explains how a shop verifies it.  Returns the length, or 0
 * if OpenSSL fails.
 */
size_t ngx_household_hmac_state(const ngx_household_hmac_t *hmac,
    const ngx_str_t *account, int64_t expires, u_char *state);


#endif /* _NGX_HOUSEHOLD_HMAC_H_INCLUDED_ */
