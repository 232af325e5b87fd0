
/*
 * The offer to a denied client.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_OFFER_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_OFFER_H_INCLUDED_


#include "ngx_http_household_ctx.h"


/*
 * Sets ctx->offer, ctx->offer_url and ctx->verify_url: the offer for the
 * country of the account if a seat is free, otherwise the default one.  Offers
 * with an empty url are skipped.  Characters that are not allowed in a URI
 * (RFC 3986) are percent-encoded.  Returns NGX_OK, with ctx->offer NULL if
 * there is no offer, or NGX_ERROR.
 */
ngx_int_t ngx_http_household_offer_choose(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/* returns the offer for the country, or NULL; "offers" may be NULL */
ngx_http_household_offer_t *ngx_http_household_offer_find(ngx_array_t *offers,
    const u_char country[2]);

/*
 * Configuration time.  Makes all that is the same for each request, if the URLs
 * have no variables.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_offer_prepare(ngx_pool_t *pool,
    ngx_http_household_offer_t *offer);

/* makes the value of the Link field; returns NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_offer_link(ngx_pool_t *pool, ngx_str_t *url,
    ngx_str_t *link);


#endif /* _NGX_HTTP_HOUSEHOLD_OFFER_H_INCLUDED_ */
