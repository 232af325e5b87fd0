
/*
 * Claims of the verified token: $household_claim_NAME, and what a location
 * requires of them.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CLAIMS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_token.h"


/* $household_claim_NAME */
ngx_int_t ngx_http_household_claims_add_variable(ngx_conf_t *cf);

/*
 * Appends the names of all $household_claim_NAME that are used, as
 * ngx_str_t without the prefix.  Returns NGX_OK, or NGX_ERROR if there are
 * more than NGX_HOUSEHOLD_JWT_VALUES.
 */
ngx_int_t ngx_http_household_claims_names(ngx_conf_t *cf, ngx_array_t *names);

/* copies the values of verified claims for the request; NGX_OK, NGX_ERROR */
ngx_int_t ngx_http_household_claims_copy(ngx_http_request_t *r,
    ngx_household_jwt_claims_t *claims, ngx_str_t *values);

/*
 * Evaluates "household_token_require", which the location must have.  Returns
 * NGX_OK; NGX_DECLINED with the "status" of the first value that is empty or
 * "0"; or NGX_ERROR.
 */
ngx_int_t ngx_http_household_claims_require(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_uint_t *status);


#endif /* _NGX_HTTP_HOUSEHOLD_CLAIMS_H_INCLUDED_ */
