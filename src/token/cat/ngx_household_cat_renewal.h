
/*
 * The claim "catr": how a token is renewed, and the claims of the next one.
 *
 * Links without any nginx object file; needs libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_RENEWAL_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_RENEWAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"
#include "ngx_household_cbor.h"
#include "ngx_household_reason.h"


/*
 * Checks the form of the claim.  Returns NGX_HOUSEHOLD_REASON_NONE;
 * TOKEN_CLAIM if a type or a value is wrong, or there is no type of renewal or
 * no extension; or TOKEN_UNSUPPORTED for an unknown type or parameter, a status
 * that is no redirect, or more than "ngx_household_cat_next_t" holds.
 */
ngx_household_reason_e ngx_household_cat_renewal_check(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map);

/* seconds before "exp" from which on the token of a valid claim is renewed */
int64_t ngx_household_cat_renewal_deadline(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map);

/*
 * Reads the claim of the set items[0], which is valid, and writes the claims of
 * the next token: another "exp", and "iat" if there is none.  "max" is as in
 * ngx_household_chain_left(), and next->way is how the former token came.
 *
 * Returns NGX_OK, fills "next" and sets "claims", whose data have "size" bytes;
 * or NGX_DECLINED as ngx_household_cat_renew() does.
 */
ngx_int_t ngx_household_cat_renewal_next(const ngx_household_cbor_t *c,
    int64_t now, int64_t max, ngx_household_cat_next_t *next,
    ngx_str_t *claims, size_t size);

/* the name of a parameter, for example "expadd" of 1, or NULL */
const char *ngx_household_cat_renewal_name(int64_t key);

/* the name of a type of renewal, for example "header" of 2, or NULL */
const char *ngx_household_cat_renewal_type(uint64_t type);


#endif /* _NGX_HOUSEHOLD_CAT_RENEWAL_H_INCLUDED_ */
