
/*
 * The evaluation of a request.  See ngx_http_household_evaluate.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_denied.h"
#include "ngx_http_household_evaluate.h"
#include "ngx_http_household_facts.h"
#include "ngx_http_household_override.h"
#include "ngx_http_household_shadow.h"
#include "ngx_http_household_sharing.h"
#include "ngx_household_compiler.h"


static ngx_household_noinline ngx_int_t ngx_http_household_evaluate_anew(
    ngx_http_request_t *r, ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx,
    const ngx_http_household_memo_input_t *input);


ngx_int_t
ngx_http_household_evaluate(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                        rollout;
    ngx_http_household_main_conf_t   *hmcf;
    ngx_http_household_memo_input_t   input;

    if (ctx->token
        && ctx->unauthorized == NGX_HOUSEHOLD_REASON_NONE
        && ngx_http_household_denied_match(ctx->store, ctx->jti, ctx->kid))
    {
        /* not earlier: the first list may have come with the record */
        ctx->unauthorized = NGX_HOUSEHOLD_REASON_TOKEN_DENIED;
    }

    if (ngx_http_household_facts_rollout(r, hlcf, &ctx->rollout) != NGX_OK
        || ngx_http_household_facts_issued_at(r, hlcf, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->mode = ctx->configured;
    rollout = ctx->rollout;

    ngx_http_household_override_apply(hlcf->store, &ctx->mode, &rollout);

    input.conf = (uintptr_t) hlcf;
    input.now = ngx_time();
    input.issued_at = ctx->issued_at;
    input.unauthorized = (u_char) ctx->unauthorized;
    input.token = (u_char) ctx->token;
    input.mode = (u_char) ctx->mode;
    input.rollout = (uint32_t) rollout;

    /* realip has replaced the address by now */
    (void) ngx_household_addr_set(&input.addr, r->connection->sockaddr);

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (hmcf->geo != NULL) {
        ngx_http_household_facts_country(r, ctx, &input.addr);
    }

    if (ctx->mode == NGX_HOUSEHOLD_OFF) {
        return NGX_DONE;
    }

    return ngx_http_household_memo_recall(ctx->held, ctx->record, &ctx->device,
                                          &input, &ctx->decision)
           ? NGX_OK
           : ngx_http_household_evaluate_anew(r, hlcf, ctx, &input);
}


/* decides a request whose decision is not remembered */

static ngx_household_noinline ngx_int_t
ngx_http_household_evaluate_anew(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    const ngx_http_household_memo_input_t *input)
{
    ngx_household_facts_t   facts;
    ngx_household_policy_t  policy;

    ngx_http_household_facts_directives(hlcf, &policy);

    policy.mode = input->mode;
    policy.rollout = input->rollout;

    if (ngx_http_household_facts_collect(r, hlcf, ctx, &input->addr, &facts)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (policy.rollout < NGX_HOUSEHOLD_ROLLOUT_ALL) {
        facts.bucket = ngx_household_decide_bucket(&ctx->account);
    }

    if (hlcf->sharing != NULL
        && ngx_http_household_sharing_evaluate(ctx, &facts) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_household_decide(&policy, &facts, ctx->record, &ctx->decision);

    if (ctx->outdated && ctx->decision.verdict == NGX_HOUSEHOLD_VERDICT_DENY) {

        /* an outdated record is no reason to deny */

        ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_MISS;

        ngx_household_decide(&policy, &facts, NULL, &ctx->decision);
    }

    ngx_http_household_shadow_evaluate(ctx, &policy, &facts);

    if (hlcf->sharing == NULL
        && hlcf->offer_state == NULL
        && hlcf->shadow == NULL)
    {
        /* the input is all that the decision was made of */

        ngx_http_household_memo_decided(ctx->held, ctx->record, &ctx->device,
                                        input, &ctx->decision);
    }

    return NGX_OK;
}
