
/*
 * Claims of a token whose signature has been verified.
 *
 * Links without any nginx object file; needs jansson.
 */


#ifndef _NGX_HOUSEHOLD_CLAIMS_H_INCLUDED_
#define _NGX_HOUSEHOLD_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"
#include "ngx_household_jwt.h"


/*
 * Checks the times of a token against "now" (Unix seconds), and reads the
 * times, the account, the device and the claims that are used as variables.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and fills these members of "out"; or the
 * reason of the rejection, with "out" undefined.
 */
ngx_household_reason_e ngx_household_claims_read(
    const ngx_household_jwt_policy_t *policy, const json_t *claims,
    int64_t now, ngx_household_jwt_claims_t *out);

/*
 * Computes the digest of "jti" for a deny list: a string, or an integer, which
 * some issuers write, in decimal.  Returns NGX_OK and sets "digest", to
 * NGX_HOUSEHOLD_JWT_DENIAL_NONE if there is no such claim; or NGX_ERROR if
 * there is no memory.
 */
ngx_int_t ngx_household_claims_jti(const json_t *claims, uint64_t *digest);

/*
 * Checks the claims of RFC 9246, if the token has any, and that they allow
 * "uri" without "sent".
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and fills the container of "out"; or
 * NGX_HOUSEHOLD_REASON_TOKEN_URI.
 */
ngx_household_reason_e ngx_household_claims_uri(
    const ngx_household_jwt_policy_t *policy, const json_t *claims,
    const ngx_str_t *sent, const ngx_str_t *uri,
    ngx_household_jwt_claims_t *out);


#endif /* _NGX_HOUSEHOLD_CLAIMS_H_INCLUDED_ */
