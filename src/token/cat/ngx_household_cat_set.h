
/*
 * A set of claims and the request that it is valid for: the claims that are
 * judged for each request, and their combination by "or", "nor" and "and".
 *
 * Links without any nginx object file; needs OpenSSL 3 and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_SET_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_SET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"
#include "ngx_household_cbor.h"


/* keys of claims: RFC 8392, 4; draft-lemmons-cose-composite-claims; CTA-5007 */

typedef enum {
    NGX_HOUSEHOLD_CAT_ISS = 1,
    NGX_HOUSEHOLD_CAT_SUB = 2,
    NGX_HOUSEHOLD_CAT_AUD = 3,
    NGX_HOUSEHOLD_CAT_EXP = 4,
    NGX_HOUSEHOLD_CAT_NBF = 5,
    NGX_HOUSEHOLD_CAT_IAT = 6,
    NGX_HOUSEHOLD_CAT_CTI = 7,
    NGX_HOUSEHOLD_CAT_CNF = 8,
    NGX_HOUSEHOLD_CAT_OR = 41,
    NGX_HOUSEHOLD_CAT_NOR = 42,
    NGX_HOUSEHOLD_CAT_AND = 43,
    NGX_HOUSEHOLD_CAT_ENC = 44,
    NGX_HOUSEHOLD_CAT_CRIT = 45,
    NGX_HOUSEHOLD_CAT_GEOHASH = 282,
    NGX_HOUSEHOLD_CAT_CATREPLAY = 308,
    NGX_HOUSEHOLD_CAT_CATPOR = 309,
    NGX_HOUSEHOLD_CAT_CATV = 310,
    NGX_HOUSEHOLD_CAT_CATNIP = 311,
    NGX_HOUSEHOLD_CAT_CATU = 312,
    NGX_HOUSEHOLD_CAT_CATM = 313,
    NGX_HOUSEHOLD_CAT_CATALPN = 314,
    NGX_HOUSEHOLD_CAT_CATH = 315,
    NGX_HOUSEHOLD_CAT_CATGEOISO3166 = 316,
    NGX_HOUSEHOLD_CAT_CATGEOCOORD = 317,
    NGX_HOUSEHOLD_CAT_CATGEOALT = 318,
    NGX_HOUSEHOLD_CAT_CATTPK = 319,
    NGX_HOUSEHOLD_CAT_CATIFDATA = 320,
    NGX_HOUSEHOLD_CAT_CATDPOP = 321,
    NGX_HOUSEHOLD_CAT_CATIF = 322,
    NGX_HOUSEHOLD_CAT_CATR = 323,
    NGX_HOUSEHOLD_CAT_CATTPRINT = 324
} ngx_household_cat_key_e;


/*
 * Checks the form of a claim that is judged for each request: "catu", "catm",
 * "cath", "catalpn", "catnip", "catgeoiso3166", "or", "nor" and "and".  Sets
 * in the latter three may have these, "exp" and "nbf".  "nregex" is as in
 * ngx_household_cat_text_check().
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE; TOKEN_CLAIM if a type or a value is
 * wrong; or TOKEN_UNSUPPORTED if something is not supported.  Returns
 * NGX_HOUSEHOLD_REASON_OFF if "key" is another claim.
 */
ngx_household_reason_e ngx_household_cat_set_check(
    const ngx_household_cbor_t *c, int64_t key,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex);

/*
 * Matches the claims in the map "set", whose form has been checked, with the
 * request.  Other claims are not looked at.  Returns
 * NGX_HOUSEHOLD_REASON_NONE; or the reason of the rejection, see
 * ngx_household_cat_verify(), and sets "key" to that of the claim.
 */
ngx_household_reason_e ngx_household_cat_set_match(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *set,
    const ngx_household_cat_request_t *request, int64_t *key);

/*
 * Writes a map of those claims of "set" that ngx_household_cat_set_match()
 * looks at, to be matched in place of it.  Returns the end, or NULL if there is
 * no room up to "last".
 */
u_char *ngx_household_cat_set_write(u_char *p, u_char *last,
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *set);


#endif /* _NGX_HOUSEHOLD_CAT_SET_H_INCLUDED_ */
