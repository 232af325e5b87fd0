
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_problem.h"
#include "ngx_household_str.h"


static const ngx_str_t *ngx_http_household_problem_head(ngx_uint_t status);
static u_char *ngx_http_household_problem_put(u_char *p, const char *text);


/*
 * Nothing is formatted here: a fixed beginning, the reason, and the offer,
 * which is fixed, too, if its URLs have no variables.
 */

ngx_int_t
ngx_http_household_problem_text(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status, ngx_str_t *text)
{
    u_char                      *p;
    ngx_str_t                   *reason, json;
    ngx_uint_t                   priced;
    const ngx_str_t             *head;
    ngx_http_household_offer_t  *offer;

    offer = ctx->offer;
    head = ngx_http_household_problem_head(status);
    reason = ngx_household_reason_name(ctx->decision.reason);

    ngx_str_null(&json);

    if (offer != NULL) {

        priced = ctx->decision.free_seat && offer->price.len;

        if (offer->fixed) {
            json = offer->json[priced];

        } else if (ngx_http_household_problem_offer(r->pool, offer, priced,
                                                    &ctx->offer_url,
                                                    &ctx->verify_url, &json)
                   != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    p = ngx_pnalloc(r->pool, head->len + reason->len + json.len
                             + sizeof("\"}" CRLF) - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    p = ngx_cpymem(p, head->data, head->len);
    p = ngx_cpymem(p, reason->data, reason->len);
    *p++ = '"';
    p = ngx_household_str_put(p, &json);
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


ngx_int_t
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
