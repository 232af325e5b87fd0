
/*
 * Lookup of claims by name: by a name with dots, and by the name of a
 * variable.
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
 * Finds a claim.  "name" is NUL-terminated.  A claim whose name equals "name"
 * is preferred; otherwise the dots in "name" separate the names of nested
 * objects.  Returns NULL if the claim is not found.
 */
json_t *ngx_household_claims_find(const json_t *claims,
    const ngx_str_t *name);

/*
 * Writes the values of the claims that policy->values names to out->values.
 *
 * policy->values has names of variables: the name of a claim in lower case,
 * with "_" in place of each character that is neither a letter nor a digit,
 * and of the dot between nested objects.  A name that matches two claims
 * matches none.
 *
 * A value is a string, a number, "1" for true, "0" for false, or the values of
 * an array separated by commas.  The value is empty if the claim has another
 * type, has control characters, or does not fit in the remaining space.
 */
void ngx_household_claims_values(const ngx_household_jwt_policy_t *policy,
    const json_t *claims, ngx_household_jwt_claims_t *out);


#endif /* _NGX_HOUSEHOLD_CLAIMS_VALUE_H_INCLUDED_ */
