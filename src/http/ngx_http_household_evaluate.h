
/*
 * The evaluation of a request: policy, facts, record and decision.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_EVALUATE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_EVALUATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * Decides a request whose identity and record are known: sets ctx->decision
 * and ctx->mode.  Returns NGX_OK; NGX_DONE if the override has switched the
 * location off, and there is no decision; or NGX_ERROR.
 */
ngx_int_t ngx_http_household_evaluate(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_EVALUATE_H_INCLUDED_ */
