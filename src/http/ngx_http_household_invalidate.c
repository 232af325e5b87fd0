
/*
 * Maps invalidation messages of Redis to entries of the zones.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_invalidate.h"
#include "ngx_http_household_fleet.h"


static void ngx_http_household_invalidate_key(void *data, ngx_str_t *key);
static void ngx_http_household_invalidate_entries(
    ngx_http_household_redis_t *redis, ngx_str_t *key, ngx_uint_t changed);
static ngx_int_t ngx_http_household_invalidate_key_account(ngx_str_t *key,
    ngx_str_t *account, ngx_uint_t *homes);
static void ngx_http_household_invalidate_untracked(void *data,
    ngx_str_t *key);
static void ngx_http_household_invalidate_zones(
    ngx_http_household_redis_t *redis,
    void (*change)(ngx_household_zone_ns_t *ns));
static void ngx_http_household_invalidate_flushed(void *data);
static void ngx_http_household_invalidate_missed(void *data);
static void ngx_http_household_invalidate_moved(void *data);
static ngx_int_t ngx_http_household_invalidate_coherent(void *data,
    ngx_uint_t on, ngx_msec_t when);
static ngx_int_t ngx_http_household_invalidate_renew(
    ngx_household_zone_ns_t *cache, ngx_uint_t on, ngx_msec_t when);
static ngx_int_t ngx_http_household_invalidate_quit(void *data);
static ngx_http_household_store_t *ngx_http_household_invalidate_next_store(
    ngx_http_household_redis_t *redis, ngx_uint_t *i);


static const ngx_household_redis_tracking_calls_t
    ngx_http_household_invalidate_calls =
{
    ngx_http_household_invalidate_key,
    ngx_http_household_invalidate_flushed,
    ngx_http_household_invalidate_missed,
    ngx_http_household_invalidate_coherent,
    ngx_http_household_invalidate_quit
};


static const ngx_household_redis_tracked_calls_t
    ngx_http_household_invalidate_tracked =
{
    ngx_http_household_invalidate_untracked,
    ngx_http_household_invalidate_missed,
    ngx_http_household_invalidate_moved
};


ngx_int_t
ngx_http_household_invalidate_start(ngx_cycle_t *cycle,
    ngx_http_household_redis_t *redis)
{
    if (redis->tracked == NULL) {
        return NGX_OK;
    }

    ngx_household_redis_set_tracked(redis->redis, redis->tracked,
                                    &ngx_http_household_invalidate_tracked,
                                    redis);

    /* one worker receives invalidations, for all workers */

    if (ngx_process == NGX_PROCESS_WORKER && ngx_worker != 0) {
        return NGX_OK;
    }

    redis->tracking = ngx_household_redis_tracking_create(cycle->pool,
                                           redis->redis,
                                           &redis->conf.key_prefix,
                                           &ngx_http_household_invalidate_calls,
                                           redis);

    return redis->tracking != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_http_household_invalidate_stop(ngx_http_household_redis_t *redis)
{
    ngx_uint_t                   i;
    ngx_http_household_store_t  *store;

    i = 0;

    ngx_household_redis_tracking_destroy(redis->tracking);

    while ((store = ngx_http_household_invalidate_next_store(redis, &i))
           != NULL)
    {
        ngx_household_zone_close(store->cache);
    }
}


/* returns the next store that caches records of this deployment */

static ngx_http_household_store_t *
ngx_http_household_invalidate_next_store(ngx_http_household_redis_t *redis,
    ngx_uint_t *i)
{
    ngx_http_household_store_t  **store;

    store = redis->stores->elts;

    while (*i < redis->stores->nelts) {

        (*i)++;

        if (store[*i - 1]->redis == redis && store[*i - 1]->zone != NULL) {
            return store[*i - 1];
        }
    }

    return NULL;
}


static void
ngx_http_household_invalidate_key(void *data, ngx_str_t *key)
{
    ngx_http_household_invalidate_entries(data, key, 1);
}


static void
ngx_http_household_invalidate_entries(ngx_http_household_redis_t *redis,
    ngx_str_t *key, ngx_uint_t changed)
{
    ngx_str_t                    name, account;
    ngx_uint_t                   i, record, homes;
    ngx_http_household_fleet_t  *fleet;
    ngx_http_household_store_t  *store;

    /* presence is beside the records: with "tracking on" it is tracked, too */

    if (key->len < redis->conf.key_prefix.len
        || ngx_memcmp(key->data, redis->conf.key_prefix.data,
                      redis->conf.key_prefix.len)
           != 0)
    {
        return;
    }

    name.data = key->data + redis->conf.key_prefix.len;
    name.len = key->len - redis->conf.key_prefix.len;

    record = ngx_http_household_invalidate_key_account(&name, &account, &homes)
             == NGX_OK;

    i = 0;

    while ((store = ngx_http_household_invalidate_next_store(redis, &i))
           != NULL)
    {
        if (record) {
            ngx_household_zone_invalidate(store->cache, &account);

            if (homes && changed && store->presence_cache != NULL) {
                /* seldom changes; an erased account has no presence either */
                ngx_household_zone_invalidate(store->presence_cache, &account);
            }

            if (store->canary.len == 0) {
                continue;
            }
        }

        fleet = ngx_http_household_fleet_find(store, &name);

        if (fleet == NULL) {
            continue;
        }

        ngx_household_zone_invalidate(store->fleet_cache, &name);

        if (changed) {
            ngx_http_household_fleet_changed(fleet);
        }
    }
}


void
ngx_http_household_invalidate_seen(void *data, ngx_str_t *account)
{
    ngx_http_household_store_t *from = data;

    ngx_uint_t                   i;
    ngx_http_household_store_t  *store;

    i = 0;

    while ((store = ngx_http_household_invalidate_next_store(from->redis, &i))
           != NULL)
    {
        ngx_household_zone_invalidate(store->cache, account);
    }
}


/* "{A}", the home networks, or "{A}:account"; A may contain braces */

static ngx_int_t
ngx_http_household_invalidate_key_account(ngx_str_t *key, ngx_str_t *account,
    ngx_uint_t *homes)
{
    size_t  tail;

    *homes = 0;

    tail = sizeof("}:account") - 1;

    if (key->len > tail + 1
        && ngx_strncmp(key->data + key->len - tail, "}:account", tail) == 0)
    {
        account->len = key->len - 1 - tail;

    } else if (key->len > 2 && key->data[key->len - 1] == '}') {
        account->len = key->len - 2;
        *homes = 1;

    } else {
        return NGX_DECLINED;
    }

    account->data = key->data + 1;

    return key->data[0] == '{' && account->len <= NGX_HOUSEHOLD_ID_LEN
           ? NGX_OK : NGX_DECLINED;
}


/*
 * The key is being fetched from a server that is not tracked: its value will
 * not be fresh.
 */

static void
ngx_http_household_invalidate_untracked(void *data, ngx_str_t *key)
{
    ngx_http_household_invalidate_entries(data, key, 0);
}


/* what concerns no single account, in each zone of the server's records */

static void
ngx_http_household_invalidate_zones(ngx_http_household_redis_t *redis,
    void (*change)(ngx_household_zone_ns_t *ns))
{
    ngx_uint_t                   i;
    ngx_http_household_store_t  *store;

    i = 0;

    while ((store = ngx_http_household_invalidate_next_store(redis, &i))
           != NULL)
    {
        change(store->cache);
        change(store->fleet_cache);
        ngx_http_household_fleet_changed_all(store);
    }
}


static void
ngx_http_household_invalidate_missed(void *data)
{
    ngx_http_household_invalidate_zones(data,
                                        ngx_household_zone_invalidate_all);
}


static void
ngx_http_household_invalidate_moved(void *data)
{
    ngx_http_household_invalidate_zones(data,
                                        ngx_household_zone_invalidate_missing);
}


static void
ngx_http_household_invalidate_flushed(void *data)
{
    ngx_http_household_redis_t *redis = data;

    ngx_http_household_invalidate_zones(redis, ngx_household_zone_flush);

    /* all replies from now on are followed by invalidations */

    if (ngx_household_log_limit(&redis->flushed, 1)) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "household redis \"%V\": keyspace flushed, cached "
                      "records dropped", &redis->conf.name);
    }
}


static ngx_int_t
ngx_http_household_invalidate_coherent(void *data, ngx_uint_t on,
    ngx_msec_t when)
{
    ngx_http_household_redis_t *redis = data;

    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_http_household_store_t  *store;

    i = 0;
    rc = NGX_DONE;

    while ((store = ngx_http_household_invalidate_next_store(redis, &i))
           != NULL)
    {
        if (ngx_http_household_invalidate_renew(store->cache, on, when)
            != NGX_DONE)
        {
            rc = NGX_OK;
        }

        if (ngx_http_household_invalidate_renew(store->fleet_cache, on,
                                                when)
            != NGX_DONE)
        {
            rc = NGX_OK;
        }

        if (on && store->canary.len) {
            /* no request reads it */
            ngx_http_household_fleet_refresh(
                              &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_CANARY]);
        }
    }

    return rc;
}


static ngx_int_t
ngx_http_household_invalidate_renew(ngx_household_zone_ns_t *cache,
    ngx_uint_t on, ngx_msec_t when)
{
    if (on && ngx_exiting) {
        return ngx_household_zone_yield(cache, when,
                                        NGX_HOUSEHOLD_REDIS_TRACKING_LEASE);
    }

    return ngx_household_zone_renew(cache, when,
                                    NGX_HOUSEHOLD_REDIS_TRACKING_LEASE, on);
}


/* a reload: the worker of the new configuration is to take over */

static ngx_int_t
ngx_http_household_invalidate_quit(void *data)
{
    ngx_http_household_redis_t *redis = data;

    ngx_uint_t                   i;
    ngx_http_household_store_t  *store;

    i = 0;

    while ((store = ngx_http_household_invalidate_next_store(redis, &i))
           != NULL)
    {
        if (ngx_household_zone_succeeded(store->cache)) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
