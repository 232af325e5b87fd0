
/*
 * Claims by their names: those that nginx.conf names with dots, and those
 * that it names as variables.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_CLAIMS_VALUE_H_INCLUDED_
#define _NGX_HOUSEHOLD_CLAIMS_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"
#include "ngx_household_jwt.h"


/*
 * Finds the claim of a name that ends with a NUL: the one of this very name,
 * or else, where the name has dots, the one within objects.  Returns NULL if
 * there is none.
 */
json_t *ngx_household_claims_find(const json_t *claims,
    const ngx_str_t *name);

/*
 * Writes the texts of policy->values, which are names of variables, to
 * out->values.  A name is in lower case with "_" in place of every character
 * but letters and digits, and of the dots between objects; it is of no claim
 * if it could be of two.  A text is a string, a number, "1" for true, "0" for
 * false, or those of an array with commas between them; of anything else, of
 * one with control characters, and of one that has no room it is empty.
 */
void ngx_household_claims_values(const ngx_household_jwt_policy_t *policy,
    const json_t *claims, ngx_household_jwt_claims_t *out);


#endif /* _NGX_HOUSEHOLD_CLAIMS_VALUE_H_INCLUDED_ */
