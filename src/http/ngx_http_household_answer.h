
/*
 * The response to a request that is refused.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * Makes the response to a refused request by ctx->decision.  Returns the return
 * code for the access handler.
 */
ngx_int_t ngx_http_household_answer_refuse(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);

/*
 * Sets ctx->offer and ctx->offer_url: the offer for the country of the account
 * if a seat is free, otherwise the default one.  Offers with an empty url are
 * skipped.  Characters that are not allowed in a URI (RFC 3986) are
 * percent-encoded.  Returns NGX_OK, with ctx->offer NULL if there is no offer,
 * or NGX_ERROR.
 */
ngx_int_t ngx_http_household_answer_choose_offer(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_ */
