
/*
 * The claim "catif": the response to a token that another of its claims
 * rejects.
 *
 * Links without any nginx object file; needs libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_ANSWER_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"
#include "ngx_household_cbor.h"


/*
 * Checks the form of the claim: a map of keys of claims, and for each an array
 * of a status of 300 to 599, a map of header fields and, optionally, the id of
 * a key.  Returns NGX_HOUSEHOLD_REASON_NONE; or TOKEN_CLAIM if a type or a
 * value is wrong.
 */
ngx_household_reason_e ngx_household_cat_answer_check(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map);

/*
 * Reads the response to a token that is rejected by the claim "key", from the
 * set of claims "set", whose signature is valid.  Sets answer->status to 0 if
 * there is none, or if it has what is not supported: a value that is no text, a
 * field that nginx itself sends, or more than "answer" holds.
 */
void ngx_household_cat_answer_read(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *set, int64_t key,
    ngx_household_cat_answer_t *answer);

/* return 1 if a text may be the name, or the value, of a header field */
ngx_uint_t ngx_household_cat_answer_name(const ngx_str_t *name);
ngx_uint_t ngx_household_cat_answer_value(const ngx_str_t *value);


#endif /* _NGX_HOUSEHOLD_CAT_ANSWER_H_INCLUDED_ */
