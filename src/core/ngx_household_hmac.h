
/*
 * The pseudonym of an account, for recipients that must not learn the id, and
 * the key for the state of an offer.  HMAC-SHA-256: RFC 2104, FIPS 180-4, by
 * OpenSSL.
 */


#ifndef _NGX_HOUSEHOLD_HMAC_H_INCLUDED_
#define _NGX_HOUSEHOLD_HMAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* minimum length of the key, in bytes */
#define NGX_HOUSEHOLD_HMAC_KEY_MIN   16

/* length of a pseudonym: 128 bits in hexadecimal */
#define NGX_HOUSEHOLD_HMAC_ID_LEN    32


/* the keys of both uses, derived from one key file */

typedef struct {
    u_char  id[32];
    u_char  state[32];                 /* of ngx_household_state_t */
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


#endif /* _NGX_HOUSEHOLD_HMAC_H_INCLUDED_ */
