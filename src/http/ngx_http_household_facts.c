
/*
 * The input of an evaluation: the policy from the directives of the location,
 * and the facts of the request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_state.h"
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_facts.h"
#include "ngx_http_household_value.h"


static ngx_int_t ngx_http_household_facts_returned(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts);


ngx_int_t
ngx_http_household_facts_mode_value(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *mode)
{
    ngx_str_t  value;

    if (ngx_http_complex_value(r, hlcf->mode_value, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        *mode = NGX_HOUSEHOLD_OFF;
        return NGX_OK;
    }

    if (ngx_http_household_value_parse_mode(&value, mode) != NGX_OK) {

        /* a typing error must not deny requests */

        if (ngx_http_household_ctx_report(r, NGX_HTTP_HOUSEHOLD_REPORTED_MODE))
        {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "household: invalid mode \"%V\", using \"monitor\"",
                          &value);
        }

        *mode = NGX_HOUSEHOLD_MONITOR;
    }

    return NGX_OK;
}


void
ngx_http_household_facts_directives(ngx_http_household_loc_conf_t *hlcf,
    ngx_household_policy_t *policy)
{
    policy->unavailable = hlcf->unavailable;
    policy->unregistered = hlcf->unregistered;
    policy->family_unknown = hlcf->family_unknown;
    policy->ipv6_prefix = hlcf->ipv6_prefix;
    policy->trusted_device = hlcf->trusted_device;
    policy->grace = hlcf->grace;
    policy->away_days = hlcf->away_days;
    policy->away_period = hlcf->away_period;

    ngx_str_null(&policy->enforce_in);

    if (hlcf->enforce_in != NULL) {
        policy->enforce_in.data = hlcf->enforce_in->elts;
        policy->enforce_in.len = 2 * hlcf->enforce_in->nelts;
    }
}


ngx_int_t
ngx_http_household_facts_rollout_value(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *rollout)
{
    ngx_str_t  value;

    if (ngx_http_complex_value(r, hlcf->rollout_value, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_household_value_parse_percent(&value, rollout) != NGX_OK) {

        if (ngx_http_household_ctx_report(r,
                                         NGX_HTTP_HOUSEHOLD_REPORTED_ROLLOUT))
        {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "household: invalid rollout \"%V\", using \"0%%\"",
                          &value);
        }

        *rollout = 0;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_facts_collect(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    const ngx_household_addr_t *addr, ngx_household_facts_t *facts)
{
    ngx_memzero(facts, sizeof(ngx_household_facts_t));

    facts->addr = *addr;
    facts->unauthorized = ctx->unauthorized;
    facts->no_record = ctx->no_record;
    facts->device = ctx->device;
    facts->now = ngx_time();
    facts->issued_at = ctx->issued_at;

    /* with revoked_before, a configured time must be known */

    facts->token = ctx->token || hlcf->issued_at != NULL;

    return ngx_http_household_facts_returned(r, hlcf, ctx, facts);
}


/* the state is verified only where it makes a difference */

static ngx_int_t
ngx_http_household_facts_returned(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts)
{
    ngx_str_t                        state;
    ngx_http_household_main_conf_t  *hmcf;

    if (hlcf->offer_state == NULL
        || ctx->record == NULL
        || !(ctx->record->kinds & NGX_HOUSEHOLD_RECORD_OPEN))
    {
        return NGX_OK;
    }

    if (ngx_http_household_value(r, hlcf->offer_state, &state) != NGX_OK) {
        return NGX_ERROR;
    }

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    facts->returned = state.len != 0
                      && ngx_household_state_verify(hmcf->hmac->state, &state,
                                                    &ctx->account, facts->now)
                         == NGX_OK;

    return NGX_OK;
}


ngx_int_t
ngx_http_household_facts_issued_at_value(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    time_t     issued_at;
    ngx_str_t  value;

    if (ngx_http_complex_value(r, hlcf->issued_at, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    issued_at = ngx_atotm(value.data, value.len);

    ctx->issued_at = issued_at != NGX_ERROR ? issued_at
                                            : NGX_HOUSEHOLD_ISSUED_UNKNOWN;
    return NGX_OK;
}


/* the country is for logs and offers, and no input of the verdict */

void
ngx_http_household_facts_country(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, const ngx_household_addr_t *addr)
{
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (ngx_household_geo_country(hmcf->geo, addr, ctx->country)
        == NGX_ERROR)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "household: the country database is corrupt");

        ngx_http_household_count(ctx->store, NGX_HTTP_HOUSEHOLD_COUNT_GEO);
    }
}


ngx_uint_t
ngx_http_household_facts_same(ngx_http_household_loc_conf_t *a,
    ngx_http_household_loc_conf_t *b)
{
    if (a == b) {
        return 1;
    }

    /* inherited values have the same address */

    return a->mode == b->mode
           && a->mode_value == b->mode_value
           && a->store == b->store
           && a->account == b->account
           && a->device == b->device
           && a->offer_state == b->offer_state
           && a->issued_at == b->issued_at
           && a->token.sources == b->token.sources
           && a->token.issuers == b->token.issuers
           && a->token.claims == b->token.claims
           && a->token.requires == b->token.requires
           && a->token.leeway == b->token.leeway
           && a->token.cdniip == b->token.cdniip
           && a->token.renewal == b->token.renewal
           && a->unavailable == b->unavailable
           && a->unregistered == b->unregistered
           && a->family_unknown == b->family_unknown
           && a->ipv6_prefix == b->ipv6_prefix
           && a->trusted_device == b->trusted_device
           && a->grace == b->grace
           && a->learn_days == b->learn_days
           && a->away_days == b->away_days
           && a->away_period == b->away_period
           && a->enforce_in == b->enforce_in
           && a->rollout == b->rollout
           && a->rollout_value == b->rollout_value
           && a->sharing == b->sharing
           && a->events == b->events
           && a->shadow_policy == b->shadow_policy;
}
