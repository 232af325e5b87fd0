
/*
 * GET of the status.  See ngx_http_household_api_status.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_status.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_variables.h"


static void ngx_http_household_api_status_redis(
    ngx_http_household_api_json_t *json, ngx_http_household_redis_t *redis);
static void ngx_http_household_api_status_tracking(
    ngx_http_household_api_json_t *json, ngx_http_household_redis_t *redis);
static ngx_int_t ngx_http_household_api_status_zone(
    ngx_http_household_api_json_t *json, ngx_household_zone_t *zone);
static void ngx_http_household_api_status_store(
    ngx_http_household_api_json_t *json, ngx_http_household_store_t *store);


ngx_int_t
ngx_http_household_api_status_get(ngx_http_household_api_call_t *call)
{
    ngx_uint_t                        i, k;
    ngx_http_household_redis_t      **redis;
    ngx_http_household_store_t      **store;
    ngx_http_household_api_json_t     json;
    ngx_http_household_main_conf_t   *hmcf;

    hmcf = ngx_http_get_module_main_conf(call->request,
                                         ngx_http_household_module);

    ngx_http_household_api_json_init(&json, call->request->pool);
    ngx_http_household_api_json_object(&json, NULL);

    ngx_http_household_api_json_text(&json, "version",
                                     NGX_HTTP_HOUSEHOLD_VERSION);
    ngx_http_household_api_json_text(&json, "nginx_version", NGINX_VERSION);
    ngx_http_household_api_json_text(&json, "hiredis_version",
                                     ngx_household_resp_library());
    ngx_http_household_api_json_time(&json, "time", ngx_time());
    ngx_http_household_api_json_number(&json, "pid", ngx_pid);
    ngx_http_household_api_json_number(&json, "worker", ngx_worker);

    ngx_http_household_api_json_array(&json, "redis");

    redis = hmcf->redis.elts;

    for (i = 0; i < hmcf->redis.nelts; i++) {
        ngx_http_household_api_status_redis(&json, redis[i]);
    }

    ngx_http_household_api_json_array_end(&json);
    ngx_http_household_api_json_array(&json, "zones");

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {

        for (k = 0; k < i; k++) {
            if (store[k]->zone == store[i]->zone) {
                break;
            }
        }

        if (k == i && store[i]->zone != NULL
            && ngx_http_household_api_status_zone(&json, store[i]->zone)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_household_api_json_array_end(&json);
    ngx_http_household_api_json_array(&json, "stores");

    for (i = 0; i < hmcf->stores.nelts; i++) {
        ngx_http_household_api_status_store(&json, store[i]);
    }

    ngx_http_household_api_json_array_end(&json);
    ngx_http_household_api_json_object_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(call->request, NGX_HTTP_OK, &json);
}


static void
ngx_http_household_api_status_redis(ngx_http_household_api_json_t *json,
    ngx_http_household_redis_t *redis)
{
    ngx_uint_t                   up;
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *peer;

    up = 0;

    ngx_http_household_api_json_object(json, NULL);
    ngx_http_household_api_json_str(json, "name", &redis->conf.name);
    ngx_http_household_api_json_text(json, "topology",
                         redis->conf.cluster ? "cluster"
                         : redis->conf.sentinels.nelts ? "sentinel"
                         : "standalone");

    ngx_http_household_api_json_array(json, "servers");

    for (q = ngx_queue_head(&redis->redis->peers);
         q != ngx_queue_sentinel(&redis->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        up += !peer->down && !peer->replica;

        ngx_http_household_api_json_object(json, NULL);
        ngx_http_household_api_json_str(json, "server", &peer->node->name);
        ngx_http_household_api_json_text(json, "role",
                                         peer->replica ? "replica"
                                                       : "primary");
        ngx_http_household_api_json_bool(json, "up", !peer->down);
        ngx_http_household_api_json_object_end(json);
    }

    ngx_http_household_api_json_array_end(json);
    ngx_http_household_api_json_bool(json, "up", up != 0);

    ngx_http_household_api_status_tracking(json, redis);

    ngx_http_household_api_json_object_end(json);
}


static void
ngx_http_household_api_status_tracking(ngx_http_household_api_json_t *json,
    ngx_http_household_redis_t *redis)
{
    ngx_uint_t                    i, k;
    ngx_http_household_store_t  **store;

    store = redis->stores->elts;

    ngx_http_household_api_json_array(json, "tracking");

    for (i = 0; i < redis->stores->nelts; i++) {

        if (store[i]->redis != redis || store[i]->zone == NULL
            || !redis->conf.tracking)
        {
            continue;
        }

        for (k = 0; k < i; k++) {
            if (store[k]->redis == redis && store[k]->zone == store[i]->zone) {
                break;
            }
        }

        if (k < i) {
            /* another store of the same deployment */
            continue;
        }

        ngx_http_household_api_json_object(json, NULL);
        ngx_http_household_api_json_str(json, "zone",
                                        &store[i]->zone->shm_zone->shm.name);
        ngx_http_household_api_json_bool(json, "coherent",
                       ngx_household_zone_coherent(store[i]->cache,
                                                   ngx_current_msec));
        ngx_http_household_api_json_object_end(json);
    }

    ngx_http_household_api_json_array_end(json);
}


static ngx_int_t
ngx_http_household_api_status_zone(ngx_http_household_api_json_t *json,
    ngx_household_zone_t *zone)
{
    ngx_household_zone_stat_t  *stat;

    stat = ngx_palloc(json->pool, sizeof(ngx_household_zone_stat_t));
    if (stat == NULL) {
        return NGX_ERROR;
    }

    ngx_household_zone_stat(zone, stat);

    ngx_http_household_api_json_object(json, NULL);
    ngx_http_household_api_json_str(json, "name", &zone->shm_zone->shm.name);
    ngx_http_household_api_json_number(json, "size_bytes", stat->size);
    ngx_http_household_api_json_number(json, "used_bytes", stat->used);
    ngx_http_household_api_json_number(json, "accounts",
                                 stat->records[NGX_HOUSEHOLD_ZONE_ACCOUNT]);
    ngx_http_household_api_json_number(json, "tokens",
                                 stat->records[NGX_HOUSEHOLD_ZONE_TOKEN]);

    ngx_http_household_api_json_object_end(json);

    return NGX_OK;
}


/* counted since the start of nginx; pairs without requests are omitted */

static void
ngx_http_household_api_status_store(ngx_http_household_api_json_t *json,
    ngx_http_household_store_t *store)
{
    uint64_t    n;
    ngx_uint_t  reason, status;

    ngx_http_household_api_json_object(json, NULL);
    ngx_http_household_api_json_str(json, "redis", &store->redis->conf.name);

    if (store->zone != NULL) {
        ngx_http_household_api_json_str(json, "zone",
                                        &store->zone->shm_zone->shm.name);
    } else {
        ngx_http_household_api_json_null(json, "zone");
    }

    ngx_http_household_api_json_array(json, "requests");

    for (reason = 1; reason < NGX_HOUSEHOLD_REASONS; reason++) {
        for (status = 1; status < NGX_HTTP_HOUSEHOLD_STATUSES; status++) {

            n = ngx_household_counters_get(store->counts,
                             ngx_http_household_count_request(status, reason));
            if (n == 0) {
                continue;
            }

            ngx_http_household_api_json_object(json, NULL);
            ngx_http_household_api_json_str(json, "status",
                                     ngx_http_household_status_name(status));
            ngx_http_household_api_json_str(json, "reason",
                                     ngx_household_reason_name(reason));
            ngx_http_household_api_json_number(json, "count", n);
            ngx_http_household_api_json_object_end(json);
        }
    }

    ngx_http_household_api_json_array_end(json);
    ngx_http_household_api_json_object_end(json);
}
