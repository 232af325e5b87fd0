
/*
 * The zone as the cache of lookups: which entries may be served, when Redis is
 * queried again, and what is stored.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_compiler.h"
#include "ngx_household_zone_state.h"
#include "ngx_http_household.h"
#include "ngx_http_household_cache.h"
#include "ngx_http_household_ctx.h"


static ngx_household_zone_ns_t *ngx_http_household_cache_namespace(
    ngx_conf_t *cf, ngx_http_household_store_t *store, ngx_uint_t kind);
static ngx_household_noinline ngx_int_t ngx_http_household_cache_read(
    ngx_http_household_store_t *store, ngx_http_household_ctx_t *ctx);
static ngx_household_record_t *ngx_http_household_cache_copy(
    ngx_http_household_store_t *store, ngx_http_household_ctx_t *ctx,
    u_char *buf, ngx_household_zone_result_t *found,
    ngx_household_zone_state_e state);
static void ngx_http_household_cache_count(ngx_http_household_store_t *store,
    ngx_uint_t counter);
static uint64_t ngx_http_household_cache_generation(void *data,
    ngx_str_t *account);
static ngx_int_t ngx_http_household_cache_fetch(void *data,
    ngx_str_t *account, uint64_t *generation);
static void ngx_http_household_cache_too_large(void *data,
    ngx_str_t *account, uint64_t generation);
static void ngx_http_household_cache_left(void *data, ngx_msec_t since);
static size_t ngx_http_household_cache_find(void *data, ngx_str_t *account,
    u_char *buf, size_t size);
static void ngx_http_household_cache_put(void *data, ngx_str_t *account,
    uint64_t generation, ngx_household_record_t *record);
static ngx_int_t ngx_http_household_cache_tracked(ngx_conf_t *cf,
    ngx_http_household_redis_t *redis);
static ngx_uint_t ngx_http_household_cache_usable(
    ngx_http_household_store_t *store, ngx_household_zone_result_t *found);


ngx_int_t
ngx_http_household_cache_init(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf)
{
    ngx_uint_t                      i;
    ngx_http_household_store_t    **store;
    ngx_household_lookup_cache_t   *cache;

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {

        if (store[i]->zone == NULL) {
            continue;
        }

        /* account ids are arbitrary: the fleet has its own namespace */

        store[i]->cache = ngx_http_household_cache_namespace(cf, store[i],
                                               NGX_HOUSEHOLD_ZONE_ACCOUNT);
        store[i]->fleet_cache = ngx_http_household_cache_namespace(cf,
                                               store[i],
                                               NGX_HOUSEHOLD_ZONE_FLEET);

        if (store[i]->cache == NULL || store[i]->fleet_cache == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_household_cache_tracked(cf, store[i]->redis) != NGX_OK) {
            return NGX_ERROR;
        }

        cache = &store[i]->lookup_cache;

        cache->generation = ngx_http_household_cache_generation;
        cache->fetch = ngx_http_household_cache_fetch;
        cache->store = ngx_http_household_cache_put;
        cache->too_large = ngx_http_household_cache_too_large;
        cache->left = ngx_http_household_cache_left;
        cache->find = ngx_http_household_cache_find;
        cache->data = store[i];
    }

    return NGX_OK;
}


void
ngx_http_household_cache_start(ngx_http_household_main_conf_t *hmcf)
{
    ngx_uint_t              i;
    ngx_household_zone_t  **zone;

    zone = hmcf->zones.elts;

    for (i = 0; i < hmcf->zones.nelts; i++) {
        ngx_household_zone_start(zone[i], ngx_worker);
        ngx_household_zone_state_start(zone[i]);
    }
}


void
ngx_http_household_cache_stop(ngx_http_household_main_conf_t *hmcf)
{
    ngx_uint_t              i;
    ngx_household_zone_t  **zone;

    zone = hmcf->zones.elts;

    for (i = 0; i < hmcf->zones.nelts; i++) {
        ngx_household_zone_state_exit(zone[i]);
    }
}


/* what is cached must be of servers that are tracked */

static ngx_int_t
ngx_http_household_cache_tracked(ngx_conf_t *cf,
    ngx_http_household_redis_t *redis)
{
    if (!redis->conf.tracking || redis->tracked != NULL) {
        return NGX_OK;
    }

    redis->tracked = ngx_household_redis_tracked_add(cf, &redis->conf.name,
                                                  &ngx_http_household_module);
    if (redis->tracked == NULL) {
        return NGX_ERROR;
    }

    redis->conf.identify = 1;

    return NGX_OK;
}


/* values are of the servers, database and prefix that they come from */

static ngx_household_zone_ns_t *
ngx_http_household_cache_namespace(ngx_conf_t *cf,
    ngx_http_household_store_t *store, ngx_uint_t kind)
{
    u_char                         *p;
    size_t                          len;
    ngx_str_t                       fingerprint;
    ngx_uint_t                      i, n;
    ngx_array_t                    *lists[2];
    ngx_household_redis_options_t  *conf;
    ngx_household_redis_server_t   *server;

    conf = &store->redis->conf;

    lists[0] = &conf->servers;
    lists[1] = &conf->sentinels;

    len = conf->master.len + NGX_INT_T_LEN + conf->key_prefix.len
          + sizeof("  ");

    for (n = 0; n < 2; n++) {
        server = lists[n]->elts;

        for (i = 0; i < lists[n]->nelts; i++) {
            len += server[i].name.len + 1;
        }
    }

    p = ngx_pnalloc(cf->temp_pool, len);
    if (p == NULL) {
        return NULL;
    }

    fingerprint.data = p;

    p = ngx_sprintf(p, "%V %ui ", &conf->master, conf->database);

    for (n = 0; n < 2; n++) {
        server = lists[n]->elts;

        for (i = 0; i < lists[n]->nelts; i++) {
            p = ngx_sprintf(p, "%V ", &server[i].name);
        }
    }

    p = ngx_cpymem(p, conf->key_prefix.data, conf->key_prefix.len);

    fingerprint.len = p - fingerprint.data;

    return ngx_household_zone_ns(cf, store->zone, kind, &fingerprint,
                                 conf->tracking != 0);
}


ngx_int_t
ngx_http_household_cache_get(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx)
{
    ngx_household_record_t           *record;
    ngx_http_household_memo_value_t  *value;

    if (store->cache == NULL) {
        ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_BYPASS;
        return NGX_DECLINED;
    }

    value = ngx_http_household_memo_fresh(&ctx->memo);

    record = value != NULL ? ngx_http_household_memo_hold(&ctx->held, value)
                           : NULL;

    if (record != NULL) {
        ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_HIT;
        ctx->record = record;
        return NGX_OK;
    }

    return ngx_http_household_cache_read(store, ctx);
}


/* takes the record from the zone; returns as ngx_http_household_cache_get() */

static ngx_household_noinline ngx_int_t
ngx_http_household_cache_read(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx)
{
    u_char                        buf[NGX_HOUSEHOLD_RECORD_SIZE];
    ngx_household_record_t       *record;
    ngx_household_zone_state_e    state;
    ngx_household_zone_result_t   found;

    state = ngx_household_zone_get(store->cache, &ctx->account,
                                   ngx_current_msec, buf, sizeof(buf),
                                   &found);

    if (state == NGX_HOUSEHOLD_ZONE_MISS) {
        ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_MISS;
        return NGX_DECLINED;
    }

    record = ngx_http_household_cache_copy(store, ctx, buf, &found, state);
    if (record == NULL) {
        return NGX_ERROR;
    }

    if (state == NGX_HOUSEHOLD_ZONE_HIT) {
        ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_HIT;
        ctx->record = record;
        return NGX_OK;
    }

    if (!ngx_http_household_cache_usable(store, &found)) {
        ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_EXPIRED;
        ctx->stale = record;
        ctx->outdated = found.changed || found.missing;
        return NGX_DECLINED;
    }

    ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_UPDATING;
    ngx_http_household_cache_count(store, NGX_HOUSEHOLD_ZONE_UPDATING);

    if (found.refresh) {
        (void) ngx_household_lookup(store->lookups, &ctx->account, NULL);
    }

    ctx->record = record;

    return NGX_OK;
}


/* returns a copy for the request, or one that the process remembers */

static ngx_household_record_t *
ngx_http_household_cache_copy(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx, u_char *buf,
    ngx_household_zone_result_t *found, ngx_household_zone_state_e state)
{
    ngx_household_record_t           *record;
    ngx_http_household_memo_value_t  *value;

    if (state == NGX_HOUSEHOLD_ZONE_HIT) {

        value = ngx_http_household_memo_keep(&ctx->memo, store->cache,
                                             &ctx->account, buf, found->len,
                                             &found->mark);

        record = value != NULL
                 ? ngx_http_household_memo_hold(&ctx->held, value) : NULL;

        if (record != NULL) {
            return record;
        }
    }

    record = ngx_palloc(ctx->request->pool, found->len);

    if (record != NULL) {
        ngx_memcpy(record, buf, found->len);
    }

    return record;
}


/*
 * Returns 1 if a record that is not fresh may be used while it is refreshed
 * (stale-while-revalidate).  Not if it was invalidated, or may have been.
 * With tracking, an expired record is still correct.  Without, it may be used
 * for the time of one fetch.
 */

static ngx_uint_t
ngx_http_household_cache_usable(ngx_http_household_store_t *store,
    ngx_household_zone_result_t *found)
{
    ngx_msec_t  fresh;

    if (found->invalidated || found->incoherent) {
        return 0;
    }

    if (store->cache->tracked) {
        return 1;
    }

    fresh = found->missing ? store->missing : store->fresh;

    return !found->refresh && found->age < fresh + NGX_HOUSEHOLD_ZONE_LOCK_AGE;
}


void
ngx_http_household_cache_fetched(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx)
{
    if (ctx->stale == NULL) {
        return;
    }

    ctx->outdated = 0;

    ngx_http_household_cache_count(store, NGX_HOUSEHOLD_ZONE_REFETCHED);
}


void
ngx_http_household_cache_stale(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx)
{
    if (ctx->stale == NULL) {
        return;
    }

    ctx->record = ctx->stale;
    ctx->cache = NGX_HTTP_HOUSEHOLD_CACHE_STALE;

    if (ctx->no_record == NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE) {
        /* the account has been changed since */
        ctx->outdated = 1;
    }

    ngx_http_household_cache_count(store, NGX_HOUSEHOLD_ZONE_STALE);
}


static void
ngx_http_household_cache_count(ngx_http_household_store_t *store,
    ngx_uint_t counter)
{
    ngx_household_zone_count(store->zone,
                             ngx_household_zone_kind_counter(counter,
                                                 NGX_HOUSEHOLD_ZONE_ACCOUNT),
                             1);
}


static uint64_t
ngx_http_household_cache_generation(void *data, ngx_str_t *account)
{
    ngx_http_household_store_t  *store = data;

    return ngx_household_zone_get_generation(store->cache, account);
}


static ngx_int_t
ngx_http_household_cache_fetch(void *data, ngx_str_t *account,
    uint64_t *generation)
{
    ngx_http_household_store_t  *store = data;

    return ngx_household_zone_fetch(store->cache, account, ngx_current_msec,
                                    generation);
}


static size_t
ngx_http_household_cache_find(void *data, ngx_str_t *account, u_char *buf,
    size_t size)
{
    ngx_http_household_store_t  *store = data;

    return ngx_household_zone_peek(store->cache, account, ngx_current_msec,
                                   buf, size);
}


static void
ngx_http_household_cache_put(void *data, ngx_str_t *account,
    uint64_t generation, ngx_household_record_t *record)
{
    ngx_http_household_store_t  *store = data;

    if (record == NULL) {
        ngx_household_zone_fetched(store->cache, account, generation);
        return;
    }

    (void) ngx_household_zone_put(store->cache, account, (u_char *) record,
                                  record->size, !record->exists, generation,
                                  ngx_current_msec,
                                  record->exists ? store->fresh
                                                 : store->missing,
                                  store->stale);
}


/* as long as "no such account", which is no record either */

static void
ngx_http_household_cache_too_large(void *data, ngx_str_t *account,
    uint64_t generation)
{
    ngx_http_household_store_t  *store = data;

    ngx_household_zone_too_large(store->cache, account, generation,
                                 ngx_current_msec, store->missing);
}


static void
ngx_http_household_cache_left(void *data, ngx_msec_t since)
{
    ngx_http_household_store_t  *store = data;

    ngx_household_zone_fetch_left(store->cache, since);
}
