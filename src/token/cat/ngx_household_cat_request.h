
/*
 * Claims that are compared with the request, other than the URI: "catm",
 * "catalpn", "catnip", "catgeoiso3166" and "cath".
 *
 * Links without any nginx object file; needs OpenSSL 3 and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_REQUEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"
#include "ngx_household_cbor.h"


/*
 * Check the form of a claim.  Return as ngx_household_cat_text_check(), whose
 * "nregex" is used by "cath" only.
 */
ngx_household_reason_e ngx_household_cat_request_check_methods(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);
ngx_household_reason_e ngx_household_cat_request_check_protocols(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);
ngx_household_reason_e ngx_household_cat_request_check_networks(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);
ngx_household_reason_e ngx_household_cat_request_check_countries(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);
ngx_household_reason_e ngx_household_cat_request_check_headers(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);

/*
 * Compare a claim, whose form has been checked, with the request.  Return
 * NGX_OK if it holds, and NGX_DECLINED if it does not.  Return NGX_ERROR if
 * that is not known: no address, no country, or a field that occurs twice.
 */
ngx_int_t ngx_household_cat_request_method(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
ngx_int_t ngx_household_cat_request_protocol(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
ngx_int_t ngx_household_cat_request_network(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
ngx_int_t ngx_household_cat_request_country(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
ngx_int_t ngx_household_cat_request_header(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);


#endif /* _NGX_HOUSEHOLD_CAT_REQUEST_H_INCLUDED_ */
