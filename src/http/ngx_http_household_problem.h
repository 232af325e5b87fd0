
/*
 * The problem document (RFC 9457) of a rejected request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_PROBLEM_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_PROBLEM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"


/* makes the document of a status; returns NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_problem_text(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status, ngx_str_t *text);

/*
 * Makes the member "offer", with the comma before it.  "verify" may be empty.
 * Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_problem_offer(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer, ngx_uint_t priced, ngx_str_t *url,
    ngx_str_t *verify, ngx_str_t *text);


#endif /* _NGX_HTTP_HOUSEHOLD_PROBLEM_H_INCLUDED_ */
