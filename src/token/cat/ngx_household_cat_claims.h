
/*
 * The claims of a Common Access Token: which of them are known, and their
 * form.
 *
 * Links without any nginx object file; needs OpenSSL 3, jansson and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_CLAIMS_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_jwt.h"


/*
 * Checks the form of all claims of the map items[0].  A claim is supported if
 * docs/cat.md says so, or if the policy names it: as the account, the device,
 * or a variable.  If there is "crit", only the claims that it lists must be
 * supported, and must be present.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and sets "restricted" to 1 if there are
 * claims for ngx_household_cat_set_match(), otherwise to 0; TOKEN_UNSUPPORTED
 * for a claim that is not supported; or TOKEN_CLAIM if a type or a value is
 * wrong, or a text key is the name or the number of another key.
 */
ngx_household_reason_e ngx_household_cat_claims_check(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cbor_t *c,
    ngx_uint_t *restricted);

/* the name of a registered key, for example "catu" of 312, or NULL */
const char *ngx_household_cat_claims_name(int64_t key);


#endif /* _NGX_HOUSEHOLD_CAT_CLAIMS_H_INCLUDED_ */
