
/*
 * Conditions on a text, as "catu" and "cath" have them: a map of kinds of a
 * match and values, which all must hold.
 *
 * Links without any nginx object file; needs OpenSSL 3 and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_TEXT_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_reason.h"


/*
 * Checks the form of the conditions.  "nregex" counts regular expressions,
 * and is to be 0 at first.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE; TOKEN_CLAIM if a type is wrong; or
 * TOKEN_UNSUPPORTED for an unknown kind, for a regular expression that is not
 * supported, or if there are too many of these.
 */
ngx_household_reason_e ngx_household_cat_text_check(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map,
    ngx_uint_t *nregex);

/* returns the reason why a key is rejected, or NGX_HOUSEHOLD_REASON_NONE */

typedef ngx_household_reason_e (*ngx_household_cat_text_key_pt)(
    const ngx_household_cbor_item_t *key);

/*
 * Checks the form of a map of texts by their keys, each of which "check"
 * accepts, and of the conditions on them.  Returns as
 * ngx_household_cat_text_check().
 */
ngx_household_reason_e ngx_household_cat_text_check_each(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map,
    ngx_household_cat_text_key_pt check, ngx_uint_t *nregex);

/*
 * Tells whether "text" meets all conditions.  "lower" is 1 for a text that is
 * in lower case and compared in any case, except by a regular expression or a
 * digest.
 */
ngx_uint_t ngx_household_cat_text_match(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, const ngx_str_t *text,
    ngx_uint_t lower);


#endif /* _NGX_HOUSEHOLD_CAT_TEXT_H_INCLUDED_ */
