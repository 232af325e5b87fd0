
/*
 * The account and the device of a request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_IDENTITY_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_IDENTITY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * Finds the token of a request and, with "strip", removes it from the request,
 * whatever the verdict will be.  After an internal redirect the token that was
 * found before is used.  Sets ctx->tokens or ctx->unauthorized.  Returns
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_identity_extract_token(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/*
 * Sets ctx->account and ctx->device, or ctx->unauthorized.  Returns NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_household_identity_find(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_IDENTITY_H_INCLUDED_ */
