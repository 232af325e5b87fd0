
/*
 * Common Access Tokens in requests: what their claims are compared with.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CAT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_token.h"


#if (NGX_HOUSEHOLD_CAT)

/*
 * Verify a token, as ngx_household_cat_verify(), and match it with another
 * request, as ngx_household_cat_match().  "uri" is the absolute URI as
 * requested, in which "sent" may stand: the token, or the former one.  If the
 * token is rejected and wants a response, *response is set.
 */
ngx_household_reason_e ngx_http_household_cat_verify(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_str_t *sent,
    ngx_str_t *uri, ngx_household_jwt_claims_t *claims,
    ngx_http_household_response_t **response);
ngx_household_reason_e ngx_http_household_cat_match(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_str_t *sent,
    ngx_str_t *uri, ngx_household_jwt_claims_t *claims,
    ngx_http_household_response_t **response);

/*
 * As ngx_household_cose_keys_is() and ngx_household_cose_keys_parse(), for the
 * configuration.
 */
ngx_uint_t ngx_http_household_cat_keys_are(ngx_str_t *text);
ngx_household_jwks_t *ngx_http_household_cat_keys_parse(ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error);

#endif


#endif /* _NGX_HTTP_HOUSEHOLD_CAT_H_INCLUDED_ */
