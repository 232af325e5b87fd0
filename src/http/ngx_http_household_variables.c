
/*
 * The variables.  Without an evaluation they are not found, which is "-" in
 * logs.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_state.h"
#include "ngx_http_household.h"
#include "ngx_http_household_claims.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_next.h"
#include "ngx_http_household_sharing.h"
#include "ngx_http_household_variables.h"


static ngx_int_t ngx_http_household_variable_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_household_variable_status(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_reason(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_detail(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_shadow_status(
    ngx_http_request_t *r, ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_shadow_reason(
    ngx_http_request_t *r, ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_account(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_device(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_network(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_country(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_viewer_country(
    ngx_http_request_t *r, ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_pseudonym(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_offer_state(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_cache_status(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_lookup_time(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_offer_url(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_offer_price(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_household_variable_offer_currency(
    ngx_http_request_t *r, ngx_http_household_ctx_t *ctx, ngx_str_t *value);


/*
 * Sets "value"; if it is empty, the variable is not found.  Returns NGX_OK or
 * NGX_ERROR.
 */
typedef ngx_int_t (*ngx_http_household_variable_pt)(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value);


typedef struct {
    ngx_str_t                       name;
    ngx_http_household_variable_pt  value;
} ngx_http_household_variable_t;


static ngx_http_household_variable_t  ngx_http_household_variables[] = {
    { ngx_string("household_status"), ngx_http_household_variable_status },
    { ngx_string("household_reason"), ngx_http_household_variable_reason },
    { ngx_string("household_detail"), ngx_http_household_variable_detail },
    { ngx_string("household_shadow_status"),
      ngx_http_household_variable_shadow_status },
    { ngx_string("household_shadow_reason"),
      ngx_http_household_variable_shadow_reason },
    { ngx_string("household_account"), ngx_http_household_variable_account },
    { ngx_string("household_device"), ngx_http_household_variable_device },
    { ngx_string("household_network"), ngx_http_household_variable_network },
    { ngx_string("household_country"), ngx_http_household_variable_country },
    { ngx_string("household_viewer_country"),
      ngx_http_household_variable_viewer_country },
    { ngx_string("household_pseudonym"),
      ngx_http_household_variable_pseudonym },
    { ngx_string("household_cache_status"),
      ngx_http_household_variable_cache_status },
    { ngx_string("household_lookup_time"),
      ngx_http_household_variable_lookup_time },
    { ngx_string("household_token_cookie"), ngx_http_household_next_cookie },
    { ngx_string("household_offer_url"),
      ngx_http_household_variable_offer_url },
    { ngx_string("household_offer_state"),
      ngx_http_household_variable_offer_state },
    { ngx_string("household_offer_price"),
      ngx_http_household_variable_offer_price },
    { ngx_string("household_offer_currency"),
      ngx_http_household_variable_offer_currency },
    { ngx_null_string, NULL }
};


static ngx_str_t  ngx_http_household_statuses[] = {
    ngx_null_string,                   /* NGX_HTTP_HOUSEHOLD_NONE */
    ngx_string("ALLOWED"),
    ngx_string("DENIED"),
    ngx_string("OFFERED"),
    ngx_string("UNAUTHORIZED"),
    ngx_string("MONITORED"),
    ngx_string("UNAVAILABLE"),
    ngx_string("BYPASSED")
};


static ngx_str_t  ngx_http_household_caches[] = {
    ngx_null_string,                   /* NGX_HTTP_HOUSEHOLD_CACHE_NONE */
    ngx_string("HIT"),
    ngx_string("MISS"),
    ngx_string("STALE"),
    ngx_string("EXPIRED"),
    ngx_string("UPDATING"),
    ngx_string("BYPASS")
};


ngx_int_t
ngx_http_household_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t            *var;
    ngx_http_household_variable_t  *v;

    for (v = ngx_http_household_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_household_variable_get;
        var->data = (uintptr_t) v;
    }

    if (ngx_http_household_next_add_variable(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_household_claims_add_variable(cf);
}


static ngx_int_t
ngx_http_household_variable_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                       value;
    ngx_http_household_ctx_t       *ctx;
    ngx_http_household_variable_t  *variable;

    variable = (ngx_http_household_variable_t *) data;

    v->not_found = 1;

    ctx = ngx_http_household_ctx_get(r);

    if (ctx == NULL || ctx->status == NGX_HTTP_HOUSEHOLD_NONE) {
        return NGX_OK;
    }

    ngx_str_null(&value);

    if (variable->value(r, ctx, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    v->data = value.data;
    v->len = value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_status(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    *value = *ngx_http_household_status_name(ctx->status);

    return NGX_OK;
}


ngx_str_t *
ngx_http_household_status_name(ngx_http_household_status_e status)
{
    return &ngx_http_household_statuses[status];
}


static ngx_int_t
ngx_http_household_variable_reason(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    *value = *ngx_household_reason_name(ctx->decision.reason);

    return NGX_OK;
}


/* "household_shadow": ALLOWED, DENIED or UNAUTHORIZED */

static ngx_int_t
ngx_http_household_variable_shadow_status(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    static const ngx_http_household_status_e  statuses[] = {
        [NGX_HOUSEHOLD_VERDICT_ALLOW] = NGX_HTTP_HOUSEHOLD_ALLOWED,
        [NGX_HOUSEHOLD_VERDICT_DENY] = NGX_HTTP_HOUSEHOLD_DENIED,
        [NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED] = NGX_HTTP_HOUSEHOLD_UNAUTHORIZED
    };

    if (ctx->shadow_reason != NGX_HOUSEHOLD_REASON_NONE) {
        *value = *ngx_http_household_status_name(
                                               statuses[ctx->shadow_verdict]);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_shadow_reason(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    *value = *ngx_household_reason_name(ctx->shadow_reason);

    return NGX_OK;
}


/* of a viewer who is outside: why */

static ngx_int_t
ngx_http_household_variable_detail(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->sharing != NULL && ctx->sharing->detail.len) {
        *value = ctx->sharing->detail;

    } else {
        *value = *ngx_household_detail_name(ctx->decision.detail);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_account(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    *value = ctx->account;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_device(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    *value = ctx->device;

    return NGX_OK;
}


/* the registered network that contains the client, as it was evaluated */

static ngx_int_t
ngx_http_household_variable_network(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (!ctx->decision.matched) {
        return NGX_OK;
    }

    value->data = ngx_pnalloc(r->pool, NGX_HOUSEHOLD_NETWORK_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_household_network_format(&ctx->decision.network,
                                              ctx->conf->ipv6_prefix,
                                              value->data);
    return NGX_OK;
}


/* of the account; if unknown, of the client */

static ngx_int_t
ngx_http_household_variable_country(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    value->data = ctx->country;

    if (ctx->record != NULL && ctx->record->country[0] != '\0') {
        value->data = ctx->record->country;
    }

    value->len = value->data[0] != '\0' ? 2 : 0;

    return NGX_OK;
}


/* the country of the client by the database */

static ngx_int_t
ngx_http_household_variable_viewer_country(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->country[0] != '\0') {
        value->data = ctx->country;
        value->len = 2;
    }

    return NGX_OK;
}


/* the pseudonym of the account, for logs */

static ngx_int_t
ngx_http_household_variable_pseudonym(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (hmcf->hmac == NULL || ctx->account.len == 0) {
        return NGX_OK;
    }

    value->data = ngx_pnalloc(r->pool, NGX_HOUSEHOLD_HMAC_ID_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = NGX_HOUSEHOLD_HMAC_ID_LEN;

    return ngx_household_hmac_id(hmcf->hmac, &ctx->account, value->data);
}


/* for the url of an offer */

static ngx_int_t
ngx_http_household_variable_offer_state(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    u_char                           id[NGX_HOUSEHOLD_HMAC_ID_LEN];
    ngx_household_state_t            state;
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (hmcf->hmac == NULL || ctx->offer == NULL) {
        return NGX_OK;
    }

    /* a state is random: the url and the log have the same one */

    if (ctx->offer_state.len != 0) {
        *value = ctx->offer_state;
        return NGX_OK;
    }

    if (ngx_household_hmac_id(hmcf->hmac, &ctx->account, id) != NGX_OK) {
        return NGX_ERROR;
    }

    state.account = ctx->account;
    state.device = ctx->device;
    state.address = r->connection->addr_text;
    state.reason = *ngx_household_reason_name(ctx->decision.reason);
    state.pseudonym.data = id;
    state.pseudonym.len = NGX_HOUSEHOLD_HMAC_ID_LEN;
    state.issued_at = ngx_time();
    state.expires = ngx_time() + hmcf->state_valid;

    value->data = ngx_pnalloc(r->pool, NGX_HOUSEHOLD_STATE_LEN);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_household_state_encrypt(hmcf->hmac->state, &state,
                                             value->data);

    ctx->offer_state = *value;

    return value->len ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_household_variable_cache_status(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    *value = ngx_http_household_caches[ctx->cache];

    return NGX_OK;
}


/* in seconds with milliseconds, like $request_time */

static ngx_int_t
ngx_http_household_variable_lookup_time(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->cache == NGX_HTTP_HOUSEHOLD_CACHE_NONE) {
        return NGX_OK;
    }

    value->data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data, "%T.%03M",
                             (time_t) (ctx->elapsed / 1000),
                             ctx->elapsed % 1000)
                 - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_offer_url(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->offer != NULL) {
        *value = ctx->offer_url;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_offer_price(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->offer != NULL && ctx->decision.free_seat) {
        *value = ctx->offer->price;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_variable_offer_currency(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->offer != NULL && ctx->decision.free_seat) {
        *value = ctx->offer->currency;
    }

    return NGX_OK;
}
