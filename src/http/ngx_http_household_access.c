
/*
 * The access handler: identity, record, verdict and response of a request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_access.h"
#include "ngx_http_household_answer.h"
#include "ngx_http_household_cache.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_denied.h"
#include "ngx_http_household_offer.h"
#include "ngx_http_household_effects.h"
#include "ngx_http_household_evaluate.h"
#include "ngx_http_household_events.h"
#include "ngx_http_household_facts.h"
#include "ngx_http_household_identity.h"
#include "ngx_http_household_next.h"
#include "ngx_http_household_override.h"
#include "ngx_http_household_postpone.h"
#include "ngx_http_household_shadow.h"
#include "ngx_http_household_sharing.h"
#include "ngx_http_household_wait.h"
#include "ngx_household_str.h"


static ngx_uint_t ngx_http_household_access_exempt(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf);
static ngx_int_t ngx_http_household_access_redirected(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_same(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_repeat(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_start(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_restart(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_identify(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static void ngx_http_household_access_reset(ngx_http_household_ctx_t *ctx);
static void ngx_http_household_access_forget(ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_preflight(
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_fetch(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_fetch_record(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_evaluate(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_finalize(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_http_household_status_e ngx_http_household_access_status(
    ngx_household_decision_t *d);
static ngx_int_t ngx_http_household_access_pass(ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_reject(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_bypass(
    ngx_http_household_ctx_t *ctx, ngx_household_reason_e reason);


ngx_int_t
ngx_http_household_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_household_ctx_t       *ctx;
    ngx_http_household_loc_conf_t  *hlcf;

    if (ngx_http_household_postpone(r) == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

    ctx = ngx_http_get_module_ctx(r, ngx_http_household_module);

    if (ctx == NULL) {

        ctx = ngx_http_household_ctx_get(r);

        if (ctx != NULL) {
            return ngx_http_household_access_redirected(r, hlcf, ctx);
        }
    }

    if (ngx_http_household_access_exempt(r, hlcf)) {
        return NGX_DECLINED;
    }

    if (ctx == NULL) {
        ctx = ngx_http_household_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    switch (ctx->state) {

    case NGX_HTTP_HOUSEHOLD_NEW:

        rc = ngx_http_household_access_start(r, hlcf, ctx);

        return ctx->state == NGX_HTTP_HOUSEHOLD_KNOWN
               ? ngx_http_household_access_evaluate(r, hlcf, ctx) : rc;

    case NGX_HTTP_HOUSEHOLD_WAITING:
        return NGX_AGAIN;

    case NGX_HTTP_HOUSEHOLD_KNOWN:
        return ngx_http_household_access_evaluate(r, hlcf, ctx);

    default: /* NGX_HTTP_HOUSEHOLD_DECIDED */
        return ngx_http_household_access_repeat(r, ctx);
    }
}


/*
 * An API inherits the policy that it explains, and is not guarded; a handler
 * that replaces it is.  At a post_action the client has its response, or has
 * left.
 */

static ngx_uint_t
ngx_http_household_access_exempt(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf)
{
    return hlcf->mode == NGX_HOUSEHOLD_OFF
           || r->post_action
           || (hlcf->api != NULL && r->content_handler == hlcf->content);
}


/*
 * Handles a request after an internal redirect: by index, try_files,
 * X-Accel-Redirect, error_page, post_action or another module, possibly while
 * the request was waiting for its lookup.
 */

static ngx_int_t
ngx_http_household_access_redirected(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_household_wait_cancel(ctx);

    if (ngx_http_household_access_exempt(r, hlcf)) {
        return NGX_DECLINED;
    }

    if (ctx->rejected && (ngx_uint_t) r->uri_changes + 1 == ctx->uri_changes) {
        /* the error_page of the rejection, but no location after that */
        return NGX_DECLINED;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_household_module);

    if (ctx->state == NGX_HTTP_HOUSEHOLD_DECIDED) {

        rc = r->filter_finalize ? NGX_OK
                                : ngx_http_household_access_same(r, hlcf, ctx);

        if (rc == NGX_OK) {
            return ngx_http_household_access_repeat(r, ctx);
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
    }

    rc = ngx_http_household_access_start(r, hlcf, ctx);

    return ctx->state == NGX_HTTP_HOUSEHOLD_KNOWN
           ? ngx_http_household_access_evaluate(r, hlcf, ctx) : rc;
}


/*
 * Returns NGX_OK if the request would be evaluated here by the same directives
 * and the same values as before; NGX_DECLINED if not; or NGX_ERROR.
 */

static ngx_int_t
ngx_http_household_access_same(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                mode, rollout;
    ngx_http_household_ctx_t  now;

    /* what is required may be of other values now; realip may have run */

    if (ctx->status == NGX_HTTP_HOUSEHOLD_BYPASSED
        || ctx->client != r->connection->sockaddr
        || hlcf->token.requires != NULL
        || !ngx_http_household_facts_same(hlcf, ctx->conf))
    {
        return NGX_DECLINED;
    }

    now = *ctx;
    now.unauthorized = NGX_HOUSEHOLD_REASON_NONE;

    if (hlcf->token.sources != NULL) {

        if (ngx_http_household_identity_extract_token(r, hlcf, &now)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (now.unauthorized == NGX_HOUSEHOLD_REASON_NONE) {
            /* the same token would be rejected for the same reason */
            now.unauthorized = ctx->unauthorized;
        }

    } else if (ngx_http_household_identity_find(r, hlcf, &now) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_household_facts_mode(r, hlcf, &mode) != NGX_OK
        || ngx_http_household_facts_rollout(r, hlcf, &rollout) != NGX_OK
        || ngx_http_household_facts_issued_at(r, hlcf, &now) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return mode == ctx->configured
           && rollout == ctx->rollout
           && now.issued_at == ctx->issued_at
           && now.unauthorized == ctx->unauthorized
           && ngx_household_str_equal(&now.tokens.token, &ctx->tokens.token)
           && ngx_household_str_equal(&now.tokens.renewed[0],
                                      &ctx->tokens.renewed[0])
           && ngx_household_str_equal(&now.tokens.renewed[1],
                                      &ctx->tokens.renewed[1])
           && ngx_household_str_equal(&now.account, &ctx->account)
           && ngx_household_str_equal(&now.device, &ctx->device)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_household_access_repeat(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    return ctx->rejected ? ngx_http_household_access_reject(r, ctx)
                         : ngx_http_household_access_pass(ctx);
}


/*
 * Sets ctx->state.  The return value is that of the access handler, unless the
 * state is KNOWN.  On error the state is NEW.
 */

static ngx_int_t
ngx_http_household_access_start(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->conf != NULL) {
        return ngx_http_household_access_restart(r, hlcf, ctx);
    }

    rc = ngx_http_household_access_identify(r, hlcf, ctx);

    return rc == NGX_DONE ? ngx_http_household_access_fetch(r, ctx) : rc;
}


/* the same after an earlier evaluation, whose record may be used again */

static ngx_int_t
ngx_http_household_access_restart(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_str_t                    account, device;
    ngx_http_household_store_t  *store;

    store = ctx->store;
    account = ctx->account;
    device = ctx->device;

    ngx_http_household_access_reset(ctx);

    rc = ngx_http_household_access_identify(r, hlcf, ctx);

    if (rc != NGX_DONE) {
        return rc;
    }

    if (ctx->store != store
        || !ngx_household_str_equal(&ctx->account, &account))
    {
        ngx_http_household_access_forget(ctx);
    }

    if (!ngx_household_str_equal(&ctx->device, &device)) {
        ctx->written = 0;
    }

    return ngx_http_household_access_fetch(r, ctx);
}


/*
 * Sets mode and identity.  Returns NGX_DONE, or the return value of the access
 * handler: the request is not evaluated, or there was an error.
 */

static ngx_int_t
ngx_http_household_access_identify(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ctx->conf = hlcf;
    ctx->store = hlcf->store;
    ctx->client = r->connection->sockaddr;
    ctx->no_record = NGX_HOUSEHOLD_REASON_UNAVAILABLE;
    ctx->issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;
    ctx->rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;
    ctx->reject_status = NGX_HTTP_UNAUTHORIZED;

    if (hlcf->token.sources != NULL
        && ngx_http_household_identity_extract_token(r, hlcf, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_household_facts_mode(r, hlcf, &ctx->configured) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->mode = ctx->configured;

    if (ctx->mode == NGX_HOUSEHOLD_OFF) {
        return ngx_http_household_access_bypass(ctx, NGX_HOUSEHOLD_REASON_OFF);
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_household_access_preflight(hlcf, ctx);
    }

    /*
     * Refreshed for unauthenticated requests, too: a bad key set is a case
     * for an override.
     */

    ngx_http_household_override_refresh(hlcf->store);

    if (hlcf->token.sources != NULL) {
        ngx_http_household_denied_refresh(hlcf->store);
    }

    if (ngx_http_household_identity_find(r, hlcf, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


/* keeps the record, which the next evaluation may use */

static void
ngx_http_household_access_reset(ngx_http_household_ctx_t *ctx)
{
    ctx->status = NGX_HTTP_HOUSEHOLD_NONE;
    ctx->offer = NULL;
    ctx->unauthorized = NGX_HOUSEHOLD_REASON_NONE;
    ctx->token = 0;
    ctx->verified = 0;
    ctx->rejected = 0;
    ctx->response = NULL;
    ngx_http_household_sharing_reset(ctx);
    ngx_http_household_shadow_forget(ctx);
    ngx_str_null(&ctx->account);
    ngx_str_null(&ctx->device);
    ngx_str_null(&ctx->claims);
    ngx_str_null(&ctx->renewable.token);
    ngx_memzero(ctx->country, 2);
}


static void
ngx_http_household_access_forget(ngx_http_household_ctx_t *ctx)
{
    ngx_http_household_sharing_forget(ctx);
    ctx->record = NULL;
    ctx->stale = NULL;
    ctx->outdated = 0;
    ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_NONE;
    ctx->elapsed = 0;
    ctx->written = 0;
}


/*
 * A CORS preflight request carries no credentials and cannot be evaluated.
 * It is not passed by default, because an origin that ignores the method would
 * return what the location protects.
 */

static ngx_int_t
ngx_http_household_access_preflight(ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_household_access_bypass(ctx, NGX_HOUSEHOLD_REASON_OPTIONS);

    if (ctx->configured == NGX_HOUSEHOLD_ON
        && hlcf->preflight == NGX_HTTP_HOUSEHOLD_PREFLIGHT_ANSWER)
    {
        return NGX_HTTP_NO_CONTENT;
    }

    return rc;
}


/* starts what the verdict needs, and waits for it */

static ngx_int_t
ngx_http_household_access_fetch(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    ngx_int_t  rc;

    ctx->state = NGX_HTTP_HOUSEHOLD_KNOWN;

    rc = ctx->unauthorized == NGX_HOUSEHOLD_REASON_NONE
         ? ngx_http_household_access_fetch_record(r, ctx) : NGX_OK;

    if (rc == NGX_OK) {

        if (r->filter_finalize) {
            /* after a filter error nginx terminates a request that waits */
            ngx_http_household_sharing_cancel(ctx);

        } else {
            rc = ngx_http_household_wait_start(ctx);
        }
    }

    if (rc == NGX_ERROR) {
        ngx_http_household_wait_cancel(ctx);
        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return rc;
}


/* returns NGX_OK, also if a lookup was started or Redis is unavailable */

static ngx_int_t
ngx_http_household_access_fetch_record(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_household_waiter_t  *waiter;

    /* first, so that its reply comes before that of the lookup */

    if (ctx->conf->sharing != NULL
        && ngx_http_household_sharing_fetch(ctx, ngx_http_household_wait_part)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->record != NULL) {
        /* the same account in another location */
        return NGX_OK;
    }

    rc = ngx_http_household_cache_get(ctx->store, ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = NGX_DECLINED;

    if (!r->filter_finalize) {

        waiter = ngx_http_household_wait_waiter(ctx);
        if (waiter == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_household_lookup(ctx->store->lookups, &ctx->account, waiter);
    }

    if (rc == NGX_ABORT) {
        ctx->no_record = NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE;
    }

    if (rc != NGX_AGAIN) {
        ngx_http_household_sharing_cancel(ctx);
        ngx_http_household_cache_stale(ctx->store, ctx);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_access_evaluate(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    switch (ngx_http_household_evaluate(r, hlcf, ctx)) {

    case NGX_OK:
        break;

    case NGX_DONE:
        /* by the override */
        return ngx_http_household_access_bypass(ctx, NGX_HOUSEHOLD_REASON_OFF);

    default: /* NGX_ERROR */
        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_household_effects(r, hlcf, ctx);

    if (hlcf->events) {
        ngx_http_household_events_add(ctx);
    }

    return ngx_http_household_access_finalize(r, hlcf, ctx);
}


/* sets the status, counts the request and passes or rejects it */

static ngx_int_t
ngx_http_household_access_finalize(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_household_decision_t  *d;

    d = &ctx->decision;

    ctx->status = ngx_http_household_access_status(d);

    if (ctx->status == NGX_HTTP_HOUSEHOLD_OFFERED
        && ngx_http_household_offer_choose(r, hlcf, ctx) != NGX_OK)
    {
        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->status == NGX_HTTP_HOUSEHOLD_OFFERED && ctx->offer == NULL) {
        ctx->status = NGX_HTTP_HOUSEHOLD_DENIED;
    }

    if (d->monitored) {
        ctx->status = NGX_HTTP_HOUSEHOLD_MONITORED;
    }

    ctx->state = NGX_HTTP_HOUSEHOLD_DECIDED;

    ngx_http_household_effects_count(ctx);

    if (d->monitored || d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {

        if (ctx->renewable.token.len != 0) {
            rc = ngx_http_household_next_redirect(r, ctx);

            if (rc != NGX_DECLINED) {
                return rc;
            }
        }

        return ngx_http_household_access_pass(ctx);
    }

    ngx_log_error(hlcf->log_level, r->connection->log, 0,
                  "household: %s, reason: %V",
                  d->verdict == NGX_HOUSEHOLD_VERDICT_DENY
                  ? "denied" : "unauthorized",
                  ngx_household_reason_name(d->reason));

    return ngx_http_household_access_reject(r, ctx);
}


/* returns the status of a decision; OFFERED if an offer may be made */

static ngx_http_household_status_e
ngx_http_household_access_status(ngx_household_decision_t *d)
{
    ngx_uint_t  unavailable;

    switch (d->reason) {

    case NGX_HOUSEHOLD_REASON_UNAVAILABLE:
    case NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE:
    case NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN:
        unavailable = 1;
        break;

    default:
        unavailable = 0;
    }

    switch (d->verdict) {

    case NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED:
        return NGX_HTTP_HOUSEHOLD_UNAUTHORIZED;

    case NGX_HOUSEHOLD_VERDICT_DENY:
        /* no offer if the request is denied because of an outage */
        return unavailable ? NGX_HTTP_HOUSEHOLD_DENIED
                           : NGX_HTTP_HOUSEHOLD_OFFERED;

    default: /* NGX_HOUSEHOLD_VERDICT_ALLOW */
        return unavailable ? NGX_HTTP_HOUSEHOLD_UNAVAILABLE
                           : NGX_HTTP_HOUSEHOLD_ALLOWED;
    }
}


/*
 * Returns the code of a request that passes.  In mode "monitor" the module does
 * not satisfy "satisfy any".  The configured mode is used here, not that of the
 * override: an override must not deny requests that pass without it.
 */

static ngx_int_t
ngx_http_household_access_pass(ngx_http_household_ctx_t *ctx)
{
    return ctx->configured == NGX_HOUSEHOLD_ON ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_household_access_reject(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    ctx->rejected = 1;
    ctx->uri_changes = r->uri_changes;

    return ngx_http_household_answer_reject(r, ctx);
}


static ngx_int_t
ngx_http_household_access_bypass(ngx_http_household_ctx_t *ctx,
    ngx_household_reason_e reason)
{
    ngx_http_household_access_forget(ctx);

    ngx_memzero(&ctx->decision, sizeof(ngx_household_decision_t));

    ctx->decision.reason = reason;
    ctx->status = NGX_HTTP_HOUSEHOLD_BYPASSED;
    ctx->state = NGX_HTTP_HOUSEHOLD_DECIDED;

    ngx_http_household_effects_count(ctx);

    return ngx_http_household_access_pass(ctx);
}
