
/*
 * The zone as the cache of lookups.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CACHE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * Gives every store of the configuration its part of its zone.  Returns
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_cache_init(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf);

/*
 * Looks ctx->account up.  Returns NGX_OK with ctx->record, which may be
 * served; NGX_DECLINED if the store must be asked, with ctx->stale if that
 * may serve should the store be away; NGX_ERROR if memory is short.  Sets
 * ctx->cache.
 */
ngx_int_t ngx_http_household_cache_get(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);

/* serves ctx->stale, if there is one, because the store is away */
void ngx_http_household_cache_stale(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_CACHE_H_INCLUDED_ */
