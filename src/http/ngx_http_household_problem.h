
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


/*
 * Makes the document of a status.  An offer is made with 403 only.  Returns
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_problem_text(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status, ngx_str_t *text);

/*
 * Configuration time.  Makes the documents with an offer that has no variables;
 * its "fixed_url" and "fixed_verify" are set.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_problem_prepare(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer);


#endif /* _NGX_HTTP_HOUSEHOLD_PROBLEM_H_INCLUDED_ */
