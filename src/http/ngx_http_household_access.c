
/*
 * The way of a request: who asks, what is known of the account, the verdict,
 * the answer.  A request that waits for the store is resumed by a posted
 * event.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


static ngx_int_t ngx_http_household_access_mode(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *mode);
static ngx_int_t ngx_http_household_access_start(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_fetch_record(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static void ngx_http_household_access_lookup_done(
    ngx_household_waiter_t *waiter, ngx_household_lookup_status_e status,
    ngx_household_record_t *record);
static void ngx_http_household_access_resume(ngx_event_t *ev);
static ngx_int_t ngx_http_household_access_evaluate(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_policy(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_policy_t *policy);
static ngx_int_t ngx_http_household_access_facts(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts);
static void ngx_http_household_access_viewer_country(ngx_http_request_t *r,
    ngx_http_household_store_t *store, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts);
static ngx_int_t ngx_http_household_access_finalize(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_access_bypass(
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_reason_e reason, ngx_int_t rc);
static ngx_http_household_ctx_t *ngx_http_household_access_create_ctx(
    ngx_http_request_t *r);
static void ngx_http_household_access_cleanup(void *data);


ngx_int_t
ngx_http_household_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_household_ctx_t       *ctx;
    ngx_http_household_loc_conf_t  *hlcf;

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

    if (hlcf->mode == NGX_HOUSEHOLD_OFF) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_household_module);

    if (ctx == NULL) {

        ctx = ngx_http_household_get_ctx(r);

        if (ctx != NULL && ctx->refused) {
            /* an error_page of our own refusal */
            return NGX_DECLINED;
        }

        if (ctx == NULL) {
            ctx = ngx_http_household_access_create_ctx(r);
            if (ctx == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        /* an internal redirect may have led to another configuration */

        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
        ngx_http_set_ctx(r, ctx, ngx_http_household_module);
    }

    if (ctx->state == NGX_HTTP_HOUSEHOLD_NEW) {

        rc = ngx_http_household_access_start(r, hlcf, ctx);

        if (ctx->state == NGX_HTTP_HOUSEHOLD_NEW
            || ctx->state == NGX_HTTP_HOUSEHOLD_DECIDED)
        {
            return rc;
        }
    }

    if (ctx->state == NGX_HTTP_HOUSEHOLD_WAITING) {
        return NGX_AGAIN;
    }

    return ngx_http_household_access_evaluate(r, hlcf, ctx);
}


/* returns with a state: WAITING, KNOWN; DECIDED and what to return; or NEW */

static ngx_int_t
ngx_http_household_access_start(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ctx->status = NGX_HTTP_HOUSEHOLD_NONE;
    ctx->record = NULL;
    ctx->stale = NULL;
    ctx->offer = NULL;
    ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_NONE;
    ngx_memzero(ctx->country, 2);
    ctx->unknown = NGX_HOUSEHOLD_REASON_UNAVAILABLE;
    ctx->unauthorized = NGX_HOUSEHOLD_REASON_NONE;
    ctx->issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;
    ctx->token = 0;
    ngx_str_null(&ctx->account);
    ngx_str_null(&ctx->device);

    if (hlcf->token.carriers != NULL
        && ngx_http_household_identity_extract_token(r, hlcf, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_household_access_mode(r, hlcf, &ctx->mode) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->mode == NGX_HOUSEHOLD_OFF) {
        return ngx_http_household_access_bypass(hlcf, ctx,
                                                NGX_HOUSEHOLD_REASON_OFF,
                                                NGX_DECLINED);
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        /* a CORS preflight carries no credentials, so nothing to judge by */
        return ngx_http_household_access_bypass(hlcf, ctx,
                                                NGX_HOUSEHOLD_REASON_OPTIONS,
                                                ctx->mode == NGX_HOUSEHOLD_ON
                                                ? NGX_OK : NGX_DECLINED);
    }

    /* also if nobody is known to ask: keys that are wrong need a brake, too */

    ngx_http_household_override_refresh(hlcf->store);

    if (ngx_http_household_identity_find(r, hlcf, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->unauthorized != NGX_HOUSEHOLD_REASON_NONE) {
        ctx->state = NGX_HTTP_HOUSEHOLD_KNOWN;
        return NGX_OK;
    }

    return ngx_http_household_access_fetch_record(r, hlcf, ctx);
}


static ngx_int_t
ngx_http_household_access_mode(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *mode)
{
    ngx_str_t  value;

    *mode = hlcf->mode;

    if (hlcf->mode_value == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, hlcf->mode_value, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        *mode = NGX_HOUSEHOLD_OFF;
        return NGX_OK;
    }

    if (ngx_http_household_conf_parse_mode(&value, mode) != NGX_OK) {

        /* seen and counted, but nobody is denied for a slip of the pen */

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "household: invalid mode \"%V\", using \"monitor\"",
                      &value);

        *mode = NGX_HOUSEHOLD_MONITOR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_access_fetch_record(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_event_t  *rev;

    ctx->started = ngx_current_msec;
    ctx->elapsed = 0;
    ctx->state = NGX_HTTP_HOUSEHOLD_KNOWN;

    rc = ngx_http_household_cache_get(hlcf->store, ctx);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR) {
        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_household_lookup(hlcf->store->lookups, &ctx->account,
                             &ctx->waiter)
        != NGX_AGAIN)
    {
        ngx_http_household_cache_stale(hlcf->store, ctx);
        return NGX_OK;
    }

    ctx->state = NGX_HTTP_HOUSEHOLD_WAITING;

    /* meanwhile the client may go away */

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_household_lookup_cancel(&ctx->waiter);
        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    r->connection->log->action = "looking up the household";

    return NGX_OK;
}


static void
ngx_http_household_access_lookup_done(ngx_household_waiter_t *waiter,
    ngx_household_lookup_status_e status, ngx_household_record_t *record)
{
    ngx_http_household_ctx_t *ctx = waiter->data;

    ngx_http_household_loc_conf_t  *hlcf;

    ctx->state = NGX_HTTP_HOUSEHOLD_KNOWN;
    ctx->elapsed = ngx_current_msec - ctx->started;

    if (status == NGX_HOUSEHOLD_LOOKUP_TOO_LARGE) {
        ctx->unknown = NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE;
    }

    if (record != NULL) {
        ctx->record = ngx_palloc(ctx->request->pool, record->size);

        if (ctx->record != NULL) {
            ngx_memcpy(ctx->record, record, record->size);
        }

    } else {
        hlcf = ngx_http_get_module_loc_conf(ctx->request,
                                            ngx_http_household_module);

        ngx_http_household_cache_stale(hlcf->store, ctx);
    }

    /* replies are being read: not the place to run a request */
    ngx_post_event(&ctx->resume, &ngx_posted_events);
}


static void
ngx_http_household_access_resume(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_household_ctx_t  *ctx = ev->data;

    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);
    c->log->action = NULL;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "household resume: \"%V\"", &r->uri);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_household_access_evaluate(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_household_facts_t   facts;
    ngx_household_policy_t  policy;

    ctx->state = NGX_HTTP_HOUSEHOLD_DECIDED;

    if (ngx_http_household_access_policy(r, hlcf, ctx, &policy) != NGX_OK
        || ngx_http_household_access_facts(r, hlcf, ctx, &facts) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (policy.mode == NGX_HOUSEHOLD_OFF) {
        /* the brake */
        return ngx_http_household_access_bypass(hlcf, ctx,
                                                NGX_HOUSEHOLD_REASON_OFF,
                                                NGX_DECLINED);
    }

    if (policy.rollout < NGX_HOUSEHOLD_ROLLOUT_ALL) {
        facts.bucket = ngx_household_bucket(&ctx->account);
    }

    ngx_household_decide(&policy, &facts, ctx->record, &ctx->decision);

    ngx_http_household_effects(r, hlcf, ctx);

    return ngx_http_household_access_finalize(r, hlcf, ctx);
}


static ngx_int_t
ngx_http_household_access_policy(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_policy_t *policy)
{
    ngx_str_t  value;

    policy->mode = ctx->mode;
    policy->unavailable = hlcf->unavailable;
    policy->unregistered = hlcf->unregistered;
    policy->family_unknown = hlcf->family_unknown;
    policy->ipv6_prefix = hlcf->ipv6_prefix;
    policy->rollout = hlcf->rollout;
    policy->trusted_device = hlcf->trusted_device;
    policy->grace = hlcf->grace;

    ngx_str_null(&policy->enforce_in);

    if (hlcf->enforce_in != NULL) {
        policy->enforce_in.data = hlcf->enforce_in->elts;
        policy->enforce_in.len = 2 * hlcf->enforce_in->nelts;
    }

    if (hlcf->rollout_value != NULL) {

        if (ngx_http_complex_value(r, hlcf->rollout_value, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_http_household_conf_parse_percent(&value, &policy->rollout)
            != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "household: invalid rollout \"%V\", using \"0%%\"",
                          &value);
            policy->rollout = 0;
        }
    }

    ngx_http_household_override_apply(hlcf->store, &policy->mode,
                                      &policy->rollout);
    ctx->mode = policy->mode;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_access_facts(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts)
{
    time_t     issued_at;
    ngx_str_t  value;

    ngx_memzero(facts, sizeof(ngx_household_facts_t));

    facts->unauthorized = ctx->unauthorized;
    facts->unknown = ctx->unknown;
    facts->device = ctx->device;
    facts->now = ngx_time();
    facts->issued_at = ctx->issued_at;
    facts->token = ctx->token;

    /* after realip: it has replaced the peer's address by now */
    (void) ngx_household_addr_set(&facts->addr, r->connection->sockaddr);

    ngx_http_household_access_viewer_country(r, hlcf->store, ctx, facts);

    if (ctx->token || hlcf->issued_at == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, hlcf->issued_at, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    /* as for a token: once something is revoked, the time must be known */

    facts->token = 1;

    issued_at = ngx_atotm(value.data, value.len);

    if (issued_at != NGX_ERROR) {
        facts->issued_at = issued_at;
    }

    return NGX_OK;
}


/* where the viewer is: for logs, and where the account does not say */

static void
ngx_http_household_access_viewer_country(ngx_http_request_t *r,
    ngx_http_household_store_t *store, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts)
{
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (hmcf->geo == NULL) {
        return;
    }

    if (ngx_household_geo_country(hmcf->geo, &facts->addr, facts->country)
        == NGX_ERROR)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "household: the country database is corrupt");

        if (store->zone != NULL) {
            ngx_household_zone_count(store->zone,
                                     NGX_HTTP_HOUSEHOLD_COUNT_GEO, 1);
        }
    }

    ngx_memcpy(ctx->country, facts->country, 2);
}


/* from the decision to what is seen of it */

static ngx_int_t
ngx_http_household_access_finalize(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    const u_char               *country;
    ngx_household_decision_t   *d;

    d = &ctx->decision;

    switch (d->reason) {

    case NGX_HOUSEHOLD_REASON_UNAVAILABLE:
    case NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE:
    case NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN:
        ctx->status = NGX_HTTP_HOUSEHOLD_UNAVAILABLE;
        break;

    default:
        ctx->status = NGX_HTTP_HOUSEHOLD_ALLOWED;
    }

    if (d->verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED) {
        ctx->status = NGX_HTTP_HOUSEHOLD_UNAUTHORIZED;

    } else if (d->verdict == NGX_HOUSEHOLD_VERDICT_DENY) {

        if (ctx->status == NGX_HTTP_HOUSEHOLD_ALLOWED) {

            /* not for sale: what the store's being away has closed */

            country = ctx->country;

            if (ctx->record != NULL && ctx->record->country[0] != '\0') {
                country = ctx->record->country;
            }

            ctx->offer = ngx_http_household_answer_find_offer(hlcf, country,
                                                              d->seat);
        }

        ctx->status = ctx->offer != NULL ? NGX_HTTP_HOUSEHOLD_OFFERED
                                         : NGX_HTTP_HOUSEHOLD_DENIED;
    }

    if (d->monitored) {
        ctx->status = NGX_HTTP_HOUSEHOLD_MONITORED;
    }

    ngx_http_household_effects_count(hlcf, ctx);

    if (d->monitored) {
        return NGX_DECLINED;
    }

    if (d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {
        /* monitoring has no say, so it does not satisfy "satisfy any" */
        return ctx->mode == NGX_HOUSEHOLD_ON ? NGX_OK : NGX_DECLINED;
    }

    ngx_log_error(hlcf->log_level, r->connection->log, 0,
                  "household: %s, reason: %V",
                  d->verdict == NGX_HOUSEHOLD_VERDICT_DENY
                  ? "denied" : "unauthorized",
                  ngx_household_reason_name(d->reason));

    ctx->refused = 1;

    return ngx_http_household_answer_refuse(r, ctx);
}


static ngx_int_t
ngx_http_household_access_bypass(ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx, ngx_household_reason_e reason, ngx_int_t rc)
{
    ngx_memzero(&ctx->decision, sizeof(ngx_household_decision_t));

    ctx->decision.reason = reason;
    ctx->status = NGX_HTTP_HOUSEHOLD_BYPASSED;
    ctx->state = NGX_HTTP_HOUSEHOLD_DECIDED;

    ngx_http_household_effects_count(hlcf, ctx);

    return rc;
}


static ngx_http_household_ctx_t *
ngx_http_household_access_create_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_household_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_household_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_household_ctx_t));

    cln->handler = ngx_http_household_access_cleanup;

    ctx->request = r;

    ctx->waiter.handler = ngx_http_household_access_lookup_done;
    ctx->waiter.data = ctx;

    ctx->resume.handler = ngx_http_household_access_resume;
    ctx->resume.data = ctx;
    ctx->resume.log = r->connection->log;

    return ctx;
}


ngx_http_household_ctx_t *
ngx_http_household_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_household_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_household_module);

    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    /* a redirect has reset the contexts, but the cleanup still knows */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_household_access_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


/* the request ends, perhaps while it waits */

static void
ngx_http_household_access_cleanup(void *data)
{
    ngx_http_household_ctx_t  *ctx = data;

    ngx_household_lookup_cancel(&ctx->waiter);

    if (ctx->resume.posted) {
        ngx_delete_posted_event(&ctx->resume);
    }
}
