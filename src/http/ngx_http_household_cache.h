
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
 * Creates the namespaces of all stores in their zones.  Returns NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_household_cache_init(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf);

/* to be called when a worker process starts and exits: for the state files */
void ngx_http_household_cache_start(ngx_http_household_main_conf_t *hmcf);
void ngx_http_household_cache_stop(ngx_http_household_main_conf_t *hmcf);

/*
 * Probes the cache for ctx->account.  Returns NGX_OK with ctx->record, which
 * may be served; NGX_DECLINED if Redis must be queried, with ctx->stale set to
 * a record that may be served on error; or NGX_ERROR on allocation failure.
 * Sets ctx->cache.
 */
ngx_int_t ngx_http_household_cache_get(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);

/* counts that the lookup which cache_get() called for has a record */
void ngx_http_household_cache_fetched(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);

/*
 * Uses ctx->stale, if any, because Redis is unavailable (stale-if-error).  If
 * ctx->outdated is set, it must not deny.
 */
void ngx_http_household_cache_stale(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_CACHE_H_INCLUDED_ */
