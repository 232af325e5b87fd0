
/*
 * The response to a request that is rejected.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * Makes the response to a rejected request by ctx->decision.  Returns the
 * return code for the access handler.
 */
ngx_int_t ngx_http_household_answer_reject(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);

/* likewise, with a redirect, of a request that is not rejected */
ngx_int_t ngx_http_household_answer_moved(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *url);


#endif /* _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_ */
