
/*
 * household_shadow: a second policy, whose verdict is counted and logged only.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_SHADOW_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_SHADOW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * Evaluates the shadow of ctx->conf, if it has one, after "policy" has made
 * ctx->decision, and counts its verdict.  It has no other effect.
 */
void ngx_http_household_shadow_evaluate(ngx_http_household_ctx_t *ctx,
    const ngx_household_policy_t *policy, const ngx_household_facts_t *facts);

/* takes back the verdict and its count: the request is evaluated again */
void ngx_http_household_shadow_forget(ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_SHADOW_H_INCLUDED_ */
