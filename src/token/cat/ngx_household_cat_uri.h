
/*
 * The claim "catu": conditions on parts of the requested URI.
 *
 * Links without any nginx object file; needs OpenSSL 3 and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_URI_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_URI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"
#include "ngx_household_cbor.h"


/* checks the form of the claim; returns as ngx_household_cat_text_check() */
ngx_household_reason_e ngx_household_cat_uri_check(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map,
    ngx_uint_t *nregex);

/*
 * Returns NGX_OK if the URI meets all conditions, and NGX_DECLINED if it does
 * not.  Returns NGX_ERROR if that is not known: the URI is invalid, or there
 * is a condition on its path, which nginx could interpret in another way.
 */
ngx_int_t ngx_household_cat_uri_match(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map,
    const ngx_household_cat_request_t *request);


#endif /* _NGX_HOUSEHOLD_CAT_URI_H_INCLUDED_ */
