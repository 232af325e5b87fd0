
/*
 * household_shadow.  See ngx_http_household_shadow.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_shadow.h"


static void ngx_http_household_shadow_decide(ngx_http_household_ctx_t *ctx,
    const ngx_household_policy_t *policy, const ngx_household_facts_t *facts);


void
ngx_http_household_shadow_evaluate(ngx_http_household_ctx_t *ctx,
    const ngx_household_policy_t *policy, const ngx_household_facts_t *facts)
{
    if (ctx->conf->shadow == NULL) {
        return;
    }

    ngx_http_household_shadow_decide(ctx, policy, facts);

    ctx->shadow_counted = ctx->conf->shadow->counts;
    ctx->shadow_counter = ngx_http_household_count_shadow(ctx->shadow_reason,
                      ctx->shadow_verdict != NGX_HOUSEHOLD_VERDICT_ALLOW,
                      ctx->decision.verdict != NGX_HOUSEHOLD_VERDICT_ALLOW);

    ngx_household_counters_inc(ctx->shadow_counted, ctx->shadow_counter, 1);
}


static void
ngx_http_household_shadow_decide(ngx_http_household_ctx_t *ctx,
    const ngx_household_policy_t *policy, const ngx_household_facts_t *facts)
{
    ngx_household_facts_t         second_facts;
    ngx_household_policy_t        second;
    ngx_household_decision_t      d;
    ngx_http_household_shadow_t  *shadow;

    shadow = ctx->conf->shadow;
    second = shadow->policy;
    second_facts = *facts;

    if (!shadow->own_rollout) {
        /* as configured, by a variable or not, without the override */
        second.rollout = ctx->rollout;
    }

    if (second.rollout < NGX_HOUSEHOLD_ROLLOUT_ALL) {
        second_facts.bucket = ngx_household_decide_bucket(&ctx->account);
    }

    if (shadow->without_sharing) {
        second_facts.sharing = NGX_HOUSEHOLD_SHARING_OFF;
    }

    ngx_household_decide_second(policy, &ctx->decision, &second, &second_facts,
                                ctx->record, &ctx->shadow_verdict,
                                &ctx->shadow_reason);

    if (ctx->outdated && ctx->shadow_verdict == NGX_HOUSEHOLD_VERDICT_DENY) {

        /* an outdated record is no reason to deny */

        ngx_household_decide(&second, &second_facts, NULL, &d);

        ctx->shadow_verdict = d.verdict;
        ctx->shadow_reason = d.reason;
    }
}


void
ngx_http_household_shadow_forget(ngx_http_household_ctx_t *ctx)
{
    if (ctx->shadow_counted == NULL) {
        return;
    }

    ngx_household_counters_inc(ctx->shadow_counted, ctx->shadow_counter,
                               (ngx_atomic_int_t) -1);

    ctx->shadow_counted = NULL;
    ctx->shadow_reason = NGX_HOUSEHOLD_REASON_NONE;
}
