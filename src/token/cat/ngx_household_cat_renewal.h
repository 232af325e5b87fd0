
/*
 * The claim "catr": how a token is renewed.
 *
 * The module does not renew these tokens: it shows the claim in variables.
 *
 * Links without any nginx object file; needs libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_RENEWAL_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_RENEWAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_reason.h"


/*
 * Checks the form of the claim.  Returns NGX_HOUSEHOLD_REASON_NONE;
 * TOKEN_CLAIM if a type is wrong, or there is no type of renewal or no
 * extension; or TOKEN_UNSUPPORTED for an unknown type or parameter.
 */
ngx_household_reason_e ngx_household_cat_renewal_check(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map);

/* the name of a parameter, for example "expadd" of 1, or NULL */
const char *ngx_household_cat_renewal_name(int64_t key);

/* the name of a type of renewal, for example "header" of 2, or NULL */
const char *ngx_household_cat_renewal_type(uint64_t type);


#endif /* _NGX_HOUSEHOLD_CAT_RENEWAL_H_INCLUDED_ */
