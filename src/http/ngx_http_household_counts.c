
/*
 * The counters of a household_store.  See ngx_http_household_counts.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_household_str.h"


static ngx_household_counters_set_t *ngx_http_household_counts_set(
    ngx_conf_t *cf, ngx_http_household_main_conf_t *hmcf,
    ngx_http_household_store_t *store, ngx_str_t *policy);
static void ngx_http_household_counts_lookup(void *data,
    ngx_household_lookup_result_e result, uint64_t usec);
static ngx_uint_t ngx_http_household_counts_bucket(const ngx_uint_t *bounds,
    ngx_uint_t n, uint64_t usec);
static void ngx_http_household_counts_redis(void *data, ngx_uint_t count,
    ngx_uint_t n);
static void ngx_http_household_counts_joined(void *data);
static void ngx_http_household_counts_ignored(void *data, ngx_uint_t n);


const ngx_uint_t
    ngx_http_household_buckets[NGX_HTTP_HOUSEHOLD_BUCKETS - 1] =
{
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000
};


const ngx_uint_t
    ngx_http_household_token_buckets[NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS - 1] =
{
    10, 25, 50, 100, 250, 500, 1000, 2500
};


ngx_int_t
ngx_http_household_counts_init(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf)
{
    ngx_str_t                     name;
    ngx_uint_t                    i, n;
    ngx_http_household_redis_t  **redis;
    ngx_http_household_store_t  **store;

    if (hmcf->stores.nelts == 0) {
        return NGX_OK;
    }

    ngx_str_set(&name, "household_counters");

    /* a set is of a store, or of a household_redis */

    n = ngx_max((ngx_uint_t) NGX_HTTP_HOUSEHOLD_COUNTS,
                NGX_HOUSEHOLD_REDIS_COUNTS);

    hmcf->counters = ngx_household_counters_add(cf, &name, n,
                                                &ngx_http_household_module);
    if (hmcf->counters == NULL) {
        return NGX_ERROR;
    }

    hmcf->servers = ngx_household_redis_servers_add(cf,
                                                &ngx_http_household_module);
    if (hmcf->servers == NULL) {
        return NGX_ERROR;
    }

    redis = hmcf->redis.elts;

    for (i = 0; i < hmcf->redis.nelts; i++) {

        redis[i]->counts = ngx_household_counters_set(cf, hmcf->counters,
                                                      &redis[i]->conf.name);
        if (redis[i]->counts == NULL) {
            return NGX_ERROR;
        }
    }

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {

        store[i]->counts = ngx_http_household_counts_set(cf, hmcf, store[i],
                                                         NULL);
        if (store[i]->counts == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_household_counters_set_t *
ngx_http_household_counts_shadow(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_shadow_t *shadow)
{
    return ngx_http_household_counts_set(cf, hmcf, shadow->store,
                                         &shadow->name);
}


/* "policy" is NULL for the counters of the store itself */

static ngx_household_counters_set_t *
ngx_http_household_counts_set(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_store_t *store,
    ngx_str_t *policy)
{
    u_char     *p;
    ngx_str_t   text, *redis, *zone;

    static ngx_str_t  none = ngx_string("");

    redis = &store->redis->conf.name;
    zone = store->zone != NULL ? &store->zone->shm_zone->shm.name : &none;

    text.len = redis->len + 1 + zone->len
               + (policy != NULL ? 1 + policy->len : 0);

    text.data = ngx_pnalloc(cf->temp_pool, text.len);
    if (text.data == NULL) {
        return NULL;
    }

    p = ngx_cpymem(text.data, redis->data, redis->len);
    *p++ = '\0';
    p = ngx_household_str_put(p, zone);

    if (policy != NULL) {
        *p++ = '\0';
        ngx_memcpy(p, policy->data, policy->len);
    }

    return ngx_household_counters_set(cf, hmcf->counters, &text);
}


void
ngx_http_household_counts_init_store(ngx_http_household_store_t *store)
{
    store->lookup_counts.ended = ngx_http_household_counts_lookup;
    store->lookup_counts.joined = ngx_http_household_counts_joined;
    store->lookup_counts.ignored = ngx_http_household_counts_ignored;
    store->lookup_counts.data = store;
}


static void
ngx_http_household_counts_lookup(void *data,
    ngx_household_lookup_result_e result, uint64_t usec)
{
    ngx_http_household_store_t *store = data;

    ngx_uint_t  i;

    i = ngx_http_household_counts_bucket(ngx_http_household_buckets,
                                         NGX_HTTP_HOUSEHOLD_BUCKETS - 1, usec);

    ngx_http_household_count(store,
                             ngx_http_household_count_lookup(result, i));

    i = ngx_http_household_count_lookup(result, NGX_HTTP_HOUSEHOLD_BUCKETS);

    ngx_household_counters_inc(store->counts, i, (ngx_atomic_int_t) usec);
}


/* returns the first of "n" ascending bounds that the duration is within */

static ngx_uint_t
ngx_http_household_counts_bucket(const ngx_uint_t *bounds, ngx_uint_t n,
    uint64_t usec)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (usec <= bounds[i]) {
            break;
        }
    }

    return i;
}


void
ngx_http_household_counts_token(ngx_http_household_store_t *store,
    uint64_t usec)
{
    ngx_uint_t  i;

    i = ngx_http_household_counts_bucket(ngx_http_household_token_buckets,
                                         NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS - 1,
                                         usec);

    ngx_http_household_count(store, NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_TIME + i);

    ngx_household_counters_inc(store->counts,
                               NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_TIME
                               + NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS,
                               (ngx_atomic_int_t) usec);
}


static void
ngx_http_household_counts_joined(void *data)
{
    ngx_http_household_store_t *store = data;

    ngx_http_household_count(store, NGX_HTTP_HOUSEHOLD_COUNT_COALESCED);
}


static void
ngx_http_household_counts_ignored(void *data, ngx_uint_t n)
{
    ngx_http_household_store_t *store = data;

    ngx_household_counters_inc(store->counts,
                               NGX_HTTP_HOUSEHOLD_COUNT_MALFORMED,
                               (ngx_atomic_int_t) n);
}


void
ngx_http_household_counts_init_redis(ngx_http_household_redis_t *redis)
{
    /* without a store there is no page that shows it */

    if (redis->counts != NULL) {
        ngx_household_redis_count_by(redis->redis,
                                     ngx_http_household_counts_redis, redis);
    }
}


static void
ngx_http_household_counts_redis(void *data, ngx_uint_t count, ngx_uint_t n)
{
    ngx_http_household_redis_t *redis = data;

    ngx_household_counters_inc(redis->counts, count, (ngx_atomic_int_t) n);
}


void
ngx_http_household_counts_write(void *data, ngx_household_writer_op_e op,
    ngx_household_writer_result_e result)
{
    ngx_http_household_store_t *store = data;

    ngx_http_household_count(store,
                             ngx_http_household_count_write(op, result));
}


void
ngx_http_household_counts_event(void *data, ngx_household_event_e kind,
    ngx_uint_t written)
{
    ngx_http_household_store_t *store = data;

    ngx_http_household_count(store,
                             ngx_http_household_count_event(kind, written));
}
