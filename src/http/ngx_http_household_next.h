
/*
 * How the next token of a client is sent: by variables, or by a redirect.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_NEXT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_NEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* adds $household_token_header_NAME; returns NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_next_add_variable(ngx_conf_t *cf);

/*
 * Sets the value of $household_token_cookie, which is empty if there is none.
 * Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_next_cookie(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);

/*
 * Redirects a request that passes, if its token is renewed in that way.
 * Returns the return code for the access handler; or NGX_DECLINED if the
 * request is not redirected.
 */
ngx_int_t ngx_http_household_next_redirect(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_NEXT_H_INCLUDED_ */
