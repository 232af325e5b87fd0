
/*
 * The offer to a denied client: which one is made, and its url.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_offer.h"
#include "ngx_http_household_problem.h"
#include "ngx_household_str.h"


static ngx_int_t ngx_http_household_offer_make(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_http_household_offer_t *offer);
static ngx_int_t ngx_http_household_offer_url(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *url);
static ngx_int_t ngx_http_household_offer_escape(ngx_pool_t *pool,
    ngx_str_t *raw, ngx_str_t *url);


ngx_int_t
ngx_http_household_offer_choose(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_int_t                    rc;
    const u_char                *country;
    ngx_http_household_offer_t  *offer;

    ctx->offer = NULL;
    ngx_str_null(&ctx->offer_state);

    /* first the offer for the country, then the default one */

    if (ctx->decision.free_seat) {

        country = ctx->decision.country[0] != '\0' ? ctx->decision.country
                                                   : ctx->country;

        offer = country[0] != '\0'
                ? ngx_http_household_offer_find(hlcf->offers, country) : NULL;

        if (offer != NULL) {
            rc = ngx_http_household_offer_make(r, ctx, offer);

            if (rc != NGX_DECLINED) {
                return rc;
            }
        }
    }

    if (hlcf->offer_default != NULL
        && ngx_http_household_offer_make(r, ctx, hlcf->offer_default)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_http_household_offer_t *
ngx_http_household_offer_find(ngx_array_t *offers, const u_char country[2])
{
    ngx_uint_t                   i;
    ngx_http_household_offer_t  *offer;

    if (offers == NULL) {
        return NULL;
    }

    offer = offers->elts;

    for (i = 0; i < offers->nelts; i++) {
        if (offer[i].country[0] == country[0]
            && offer[i].country[1] == country[1])
        {
            return &offer[i];
        }
    }

    return NULL;
}


/* returns NGX_OK; NGX_DECLINED if its url is empty; or NGX_ERROR */

static ngx_int_t
ngx_http_household_offer_make(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_http_household_offer_t *offer)
{
    /* variables in the url may refer to the offer */

    ctx->offer = offer;

    if (offer->fixed) {
        ctx->offer_url = offer->fixed_url;
        ctx->verify_url = offer->fixed_verify;

    } else if (ngx_http_household_offer_url(r, &offer->url, &ctx->offer_url)
               != NGX_OK
               || ngx_http_household_offer_url(r, &offer->verify,
                                               &ctx->verify_url)
                  != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->offer_url.len == 0) {
        ctx->offer = NULL;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_offer_prepare(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer)
{
    if (offer->url.lengths != NULL || offer->verify.lengths != NULL) {
        return NGX_OK;
    }

    if (ngx_http_household_offer_escape(pool, &offer->url.value,
                                        &offer->fixed_url)
        != NGX_OK
        || ngx_http_household_offer_escape(pool, &offer->verify.value,
                                           &offer->fixed_verify)
           != NGX_OK
        || ngx_http_household_offer_link(pool, &offer->fixed_url, &offer->link)
           != NGX_OK
        || ngx_http_household_problem_prepare(pool, offer) != NGX_OK)
    {
        return NGX_ERROR;
    }

    offer->fixed = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_household_offer_link(ngx_pool_t *pool, ngx_str_t *url,
    ngx_str_t *link)
{
    u_char  *p;

    p = ngx_pnalloc(pool, url->len + sizeof("<>; rel=\"payment\"") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    link->data = p;

    *p++ = '<';
    p = ngx_household_str_put(p, url);
    p = ngx_cpymem(p, ">; rel=\"payment\"",
                   sizeof(">; rel=\"payment\"") - 1);

    link->len = p - link->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_offer_url(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *url)
{
    ngx_str_t  raw;

    if (ngx_http_complex_value(r, value, &raw) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_household_offer_escape(r->pool, &raw, url);
}


static ngx_int_t
ngx_http_household_offer_escape(ngx_pool_t *pool, ngx_str_t *raw,
    ngx_str_t *url)
{
    u_char      *p, c;
    size_t       i;

    /* not allowed in a URI (RFC 3986), as bits */

    static const uint32_t  unsafe[8] = {
        0xffffffff,  /* controls */
        0x50000005,  /* space, ", <, > */
        0x50000000,  /* \, ^ */
        0xb8000001,  /* `, {, |, }, DEL */
        0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff
    };

    static const u_char  hex[] = "0123456789ABCDEF";

    if (raw->len == 0) {
        ngx_str_null(url);
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, 3 * raw->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    for (i = 0; i < raw->len; i++) {

        c = raw->data[i];

        if (unsafe[c >> 5] & (1U << (c & 0x1f))) {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 0xf];
            continue;
        }

        *p++ = c;
    }

    url->len = p - url->data;

    return NGX_OK;
}
