
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_problem.h"
#include "ngx_household_compiler.h"
#include "ngx_household_str.h"


static ngx_household_noinline ngx_int_t ngx_http_household_problem_evaluate(
    ngx_http_request_t *r, ngx_http_household_ctx_t *ctx, ngx_uint_t status,
    ngx_str_t *text);
static ngx_int_t ngx_http_household_problem_make(ngx_pool_t *pool,
    ngx_uint_t status, ngx_household_reason_e reason, ngx_str_t *offer,
    ngx_str_t *text);
static const ngx_str_t *ngx_http_household_problem_head(ngx_uint_t status);
static ngx_int_t ngx_http_household_problem_offer(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer, ngx_uint_t priced, ngx_str_t *url,
    ngx_str_t *verify, ngx_str_t *text);
static u_char *ngx_http_household_problem_put(u_char *p, const char *text);


static const ngx_household_reason_e
    ngx_http_household_problem_reasons[NGX_HTTP_HOUSEHOLD_OFFER_REASONS] = {
    NGX_HOUSEHOLD_REASON_OUTSIDE,
    NGX_HOUSEHOLD_REASON_UNREGISTERED
};


ngx_int_t
ngx_http_household_problem_text(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status, ngx_str_t *text)
{
    ngx_uint_t                   i;
    ngx_http_household_offer_t  *offer;

    offer = ctx->offer;

    if (offer != NULL && offer->fixed && status == NGX_HTTP_FORBIDDEN) {

        for (i = 0; i < NGX_HTTP_HOUSEHOLD_OFFER_REASONS; i++) {

            if (ngx_http_household_problem_reasons[i]
                == ctx->decision.reason)
            {
                *text = offer->documents[i][ctx->decision.free_seat];
                return NGX_OK;
            }
        }
    }

    return ngx_http_household_problem_evaluate(r, ctx, status, text);
}


/* makes a document that is not prepared */

static ngx_household_noinline ngx_int_t
ngx_http_household_problem_evaluate(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status, ngx_str_t *text)
{
    ngx_str_t                    json;
    ngx_http_household_offer_t  *offer;

    offer = ctx->offer;

    ngx_str_null(&json);

    if (offer != NULL
        && ngx_http_household_problem_offer(r->pool, offer,
                                            ctx->decision.free_seat
                                            && offer->price.len,
                                            &ctx->offer_url, &ctx->verify_url,
                                            &json)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_household_problem_make(r->pool, status,
                                           ctx->decision.reason, &json, text);
}


ngx_int_t
ngx_http_household_problem_prepare(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer)
{
    ngx_str_t   json;
    ngx_uint_t  i, free_seat;

    for (free_seat = 0; free_seat < 2; free_seat++) {

        if (ngx_http_household_problem_offer(pool, offer,
                                             free_seat && offer->price.len,
                                             &offer->fixed_url,
                                             &offer->fixed_verify, &json)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        for (i = 0; i < NGX_HTTP_HOUSEHOLD_OFFER_REASONS; i++) {

            if (ngx_http_household_problem_make(pool, NGX_HTTP_FORBIDDEN,
                                         ngx_http_household_problem_reasons[i],
                                         &json, &offer->documents[i][free_seat])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/* nothing is formatted: a fixed beginning, the reason, and the offer, if any */

static ngx_int_t
ngx_http_household_problem_make(ngx_pool_t *pool, ngx_uint_t status,
    ngx_household_reason_e reason, ngx_str_t *offer, ngx_str_t *text)
{
    u_char           *p;
    ngx_str_t        *name;
    const ngx_str_t  *head;

    head = ngx_http_household_problem_head(status);
    name = ngx_household_reason_name(reason);

    p = ngx_pnalloc(pool, head->len + name->len + offer->len
                          + sizeof("\"}" CRLF) - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    p = ngx_cpymem(p, head->data, head->len);
    p = ngx_household_str_put(p, name);
    *p++ = '"';
    p = ngx_household_str_put(p, offer);
    *p++ = '}';
    *p++ = CR;
    *p++ = LF;

    text->len = p - text->data;

    return NGX_OK;
}


static const ngx_str_t *
ngx_http_household_problem_head(ngx_uint_t status)
{
    static const ngx_str_t  forbidden = ngx_string(
        "{\"type\":\"about:blank\",\"title\":\"Forbidden\","
        "\"status\":403,\"reason\":\"");

    static const ngx_str_t  unauthorized = ngx_string(
        "{\"type\":\"about:blank\",\"title\":\"Unauthorized\","
        "\"status\":401,\"reason\":\"");

    static const ngx_str_t  unavailable = ngx_string(
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
        "\"status\":503,\"reason\":\"");

    static const ngx_str_t  proxy = ngx_string(
        "{\"type\":\"about:blank\",\"title\":\"Proxy Authentication Required\","
        "\"status\":407,\"reason\":\"");

    switch (status) {

    case NGX_HTTP_FORBIDDEN:
        return &forbidden;

    case NGX_HTTP_UNAUTHORIZED:
        return &unauthorized;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return &unavailable;

    default: /* NGX_HTTP_PROXY_AUTH_REQUIRED, which not every nginx has */
        return &proxy;
    }
}


/*
 * Makes the member "offer", with the comma before it.  "verify" may be empty.
 * Returns NGX_OK or NGX_ERROR.
 */

static ngx_int_t
ngx_http_household_problem_offer(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer, ngx_uint_t priced, ngx_str_t *url,
    ngx_str_t *verify, ngx_str_t *text)
{
    u_char  *p;

    p = ngx_pnalloc(pool, sizeof(",\"offer\":{\"kind\":\"extra_member\","
                                 "\"price\":\"\",\"currency\":\"\","
                                 "\"period\":\"month\",\"url\":\"\","
                                 "\"verify\":\"\"}")
                          + offer->price.len + offer->currency.len + url->len
                          + ngx_escape_json(NULL, url->data, url->len)
                          + verify->len
                          + ngx_escape_json(NULL, verify->data, verify->len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    if (priced) {
        p = ngx_http_household_problem_put(p,
                        ",\"offer\":{\"kind\":\"extra_member\",\"price\":\"");
        p = ngx_household_str_put(p, &offer->price);
        p = ngx_http_household_problem_put(p, "\",\"currency\":\"");
        p = ngx_household_str_put(p, &offer->currency);
        p = ngx_http_household_problem_put(p,
                                        "\",\"period\":\"month\",\"url\":\"");

    } else {
        p = ngx_http_household_problem_put(p,
                            ",\"offer\":{\"kind\":\"household\",\"url\":\"");
    }

    p = (u_char *) ngx_escape_json(p, url->data, url->len);

    if (verify->len) {
        p = ngx_http_household_problem_put(p, "\",\"verify\":\"");
        p = (u_char *) ngx_escape_json(p, verify->data, verify->len);
    }

    p = ngx_http_household_problem_put(p, "\"}");

    text->len = p - text->data;

    return NGX_OK;
}


static u_char *
ngx_http_household_problem_put(u_char *p, const char *text)
{
    return ngx_cpymem(p, text, ngx_strlen(text));
}
