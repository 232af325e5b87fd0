
/*
 * Identity: the account and the device, from variables or from a token.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_claims.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_identity.h"
#include "ngx_http_household_token.h"
#include "ngx_http_household_value.h"


static ngx_int_t ngx_http_household_identity_from_token(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_identity_account(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_household_jwt_claims_t *claims,
    ngx_http_household_memo_value_t *token);
static ngx_int_t ngx_http_household_identity_from_claims(
    ngx_http_request_t *r, ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx, ngx_household_jwt_claims_t *claims,
    ngx_http_household_memo_value_t *token);


ngx_int_t
ngx_http_household_identity_extract_token(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_household_reason_e  reason;

    reason = ngx_http_household_token_find(r, &hlcf->token, &ctx->tokens);

    if (reason == NGX_HOUSEHOLD_REASON_ERROR) {
        return NGX_ERROR;
    }

    if (reason != NGX_HOUSEHOLD_REASON_TOKEN_MISSING
        || ctx->tokens.token.len == 0)
    {
        ctx->unauthorized = reason;
    }

    if (!hlcf->token.strip) {
        return NGX_OK;
    }

    return ngx_http_household_token_strip(r, &hlcf->token);
}


static ngx_int_t
ngx_http_household_identity_from_token(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                     i;
    ngx_household_jwt_claims_t     claims;
    ngx_http_household_verified_t  how;

    if (ctx->unauthorized != NGX_HOUSEHOLD_REASON_NONE) {
        return NGX_OK;
    }

    ctx->unauthorized = ngx_http_household_token_verify_cached(r, &hlcf->token,
                                                               &ctx->tokens,
                                                               &claims, &how);

    if (ctx->unauthorized == NGX_HOUSEHOLD_REASON_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_household_count(ctx->store,
                             ctx->unauthorized != NGX_HOUSEHOLD_REASON_NONE
                             ? NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_REJECTED
                             : how.cached
                             ? NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_CACHED
                             : NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_VERIFIED);

    if (!how.cached) {
        ngx_http_household_counts_token(ctx->store, how.usec);
    }

    if (ctx->unauthorized == NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE) {
        /* the token may be valid: the client is to try again, not to log in */
        ctx->reject_status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (ctx->unauthorized != NGX_HOUSEHOLD_REASON_NONE) {
        ctx->response = how.response;
        return NGX_OK;
    }

    if (claims.renewed && ngx_time() >= claims.renew_at) {
        ctx->renewable = ctx->tokens;
        ctx->key = claims.key;

        if (how.renewed) {
            /* the client also sends the one that has expired */
            i = how.renewed - 1;

            ctx->renewable.token = ctx->tokens.renewed[i];
            ctx->renewable.source = ctx->tokens.renewed_source[i];
            ctx->renewable.renewed_source[i] = ctx->tokens.source;
        }
    }

    return ngx_http_household_identity_from_claims(r, hlcf, ctx, &claims,
                                                   how.memo);
}


/* the claims of a valid token, which may lack one that is required */

static ngx_int_t
ngx_http_household_identity_from_claims(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_jwt_claims_t *claims, ngx_http_household_memo_value_t *token)
{
    ngx_int_t  rc;

    if (ngx_http_household_identity_account(r, ctx, claims, token) != NGX_OK) {
        return NGX_ERROR;
    }

    if (claims->device_len) {

        ctx->device.data = ngx_pnalloc(r->pool, claims->device_len);
        if (ctx->device.data == NULL) {
            return NGX_ERROR;
        }

        ctx->device.len = claims->device_len;
        ngx_memcpy(ctx->device.data, claims->device, claims->device_len);
    }

    ctx->issued_at = claims->issued_at;
    ctx->token = 1;
    ctx->jti = claims->jti;
    ctx->kid = claims->kid;

    if (claims->values_len
        && ngx_http_household_claims_copy(r, claims, &ctx->claims) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->verified = 1;

    if (hlcf->token.requires == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_household_claims_require(r, &hlcf->token,
                                           &ctx->reject_status);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ctx->unauthorized = NGX_HOUSEHOLD_REASON_CLAIM;
    }

    return NGX_OK;
}


/* an id that the process remembers is not copied: the request holds it */

static ngx_int_t
ngx_http_household_identity_account(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_household_jwt_claims_t *claims,
    ngx_http_household_memo_value_t *token)
{
    ngx_str_t                         account;
    ngx_http_household_memo_value_t  *value;

    account.data = claims->account;
    account.len = claims->account_len;

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_RECORD,
                                 ctx->store->cache, &account, &ctx->memo);

    ngx_http_household_memo_link(token, &ctx->memo);

    value = ctx->memo.value;

    if (value != NULL
        && ngx_http_household_memo_hold(&ctx->held, value) != NULL)
    {
        ctx->account = value->key;
        return NGX_OK;
    }

    ctx->account.data = ngx_pstrdup(r->pool, &account);
    ctx->account.len = account.len;

    return ctx->account.data != NULL ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_household_identity_find(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    if (hlcf->token.sources != NULL) {
        return ngx_http_household_identity_from_token(r, hlcf, ctx);
    }

    if (ngx_http_household_value(r, hlcf->account, &ctx->account) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->account.len == 0) {
        ctx->unauthorized = NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING;
        return NGX_OK;
    }

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_RECORD,
                                 ctx->store->cache, &ctx->account, &ctx->memo);

    if (ctx->memo.value == NULL && !ngx_household_id_valid(&ctx->account))
    {
        ngx_str_null(&ctx->account);
        ctx->unauthorized = NGX_HOUSEHOLD_REASON_ACCOUNT_INVALID;
        return NGX_OK;
    }

    if (hlcf->device == NULL) {
        return NGX_OK;
    }

    if (ngx_http_household_value(r, hlcf->device, &ctx->device) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_household_id_valid(&ctx->device)) {
        /* handled like an unknown device */

        if (ngx_http_household_ctx_report(r,
                                         NGX_HTTP_HOUSEHOLD_REPORTED_DEVICE))
        {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "household: invalid device id, ignored");
        }

        ngx_str_null(&ctx->device);
    }

    return NGX_OK;
}
