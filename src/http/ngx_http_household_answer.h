
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
 * Answers a refused request by ctx->decision.  Returns what the access
 * handler is to return.
 */
ngx_int_t ngx_http_household_answer_refuse(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);

/*
 * Finds the offer to make to a denied viewer, ctx->offer and ctx->offer_url:
 * the one for the country of the account if a seat is free, else the default
 * one.  One whose url is empty is none.  The url is safe in a header: whatever
 * cannot stand in a URI (RFC 3986) is percent-encoded.  Returns NGX_OK, with
 * NULL if there is none, or NGX_ERROR.
 */
ngx_int_t ngx_http_household_answer_choose_offer(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_ANSWER_H_INCLUDED_ */
