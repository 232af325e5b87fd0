
/*
 * Metrics of deployments: tracking and servers.  See
 * ngx_http_household_metrics_page.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_metrics_page.h"

static void ngx_http_household_metrics_redis_tracking(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_heartbeats(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_lag(
    ngx_http_household_metrics_page_t *page);
static ngx_int_t ngx_http_household_metrics_redis_state(
    ngx_http_household_redis_t *redis, ngx_msec_t *age, ngx_uint_t *lag,
    ngx_http_household_metrics_labels_t *labels);
static void ngx_http_household_metrics_redis_servers(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_connections(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_labels(
    ngx_http_household_metrics_labels_t *labels,
    ngx_http_household_metrics_redis_t *redis,
    ngx_household_redis_server_stat_t *server);
static void ngx_http_household_metrics_redis_reconnects(
    ngx_http_household_metrics_page_t *page);

static void ngx_http_household_metrics_redis_commands(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_errors(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_changes(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_redis_count(
    ngx_http_household_metrics_page_t *page, ngx_http_household_redis_t *redis,
    const char *label, const char *value, ngx_uint_t count);
static void ngx_http_household_metrics_redis_count_op(
    ngx_http_household_metrics_page_t *page, ngx_http_household_redis_t *redis,
    ngx_uint_t kind, const char *label, const char *value, ngx_uint_t count);


static const char
    *ngx_http_household_metrics_causes[NGX_HOUSEHOLD_REDIS_CAUSES] =
{
    [NGX_HOUSEHOLD_REDIS_CAUSE_REFUSED] = "refused",
    [NGX_HOUSEHOLD_REDIS_CAUSE_TIMEOUT] = "timeout",
    [NGX_HOUSEHOLD_REDIS_CAUSE_CLOSED] = "closed",
    [NGX_HOUSEHOLD_REDIS_CAUSE_PROTOCOL] = "protocol",
    [NGX_HOUSEHOLD_REDIS_CAUSE_TLS] = "tls"
};


static const char
    *ngx_http_household_metrics_kinds[NGX_HOUSEHOLD_REDIS_KINDS] =
{
    [ngx_household_redis_op_kind(NGX_HOUSEHOLD_REDIS_LOOKUP)] = "lookup",
    [ngx_household_redis_op_kind(NGX_HOUSEHOLD_REDIS_PRESENCE)] = "presence",
    [ngx_household_redis_op_kind(NGX_HOUSEHOLD_REDIS_UPDATE)] = "write",
    [ngx_household_redis_op_kind(NGX_HOUSEHOLD_REDIS_EVENT)] = "event",
    [ngx_household_redis_op_kind(NGX_HOUSEHOLD_REDIS_FLEET)] = "fleet",
    [ngx_household_redis_op_kind(NGX_HOUSEHOLD_REDIS_API)] = "api"
};


static const char
    *ngx_http_household_metrics_ends[NGX_HOUSEHOLD_REDIS_ENDS] =
{
    [NGX_HOUSEHOLD_REDIS_ENDED_OK] = "ok",
    [NGX_HOUSEHOLD_REDIS_ENDED_ERROR] = "error",
    [NGX_HOUSEHOLD_REDIS_ENDED_TIMEOUT] = "timeout",
    [NGX_HOUSEHOLD_REDIS_ENDED_DOWN] = "down",
    [NGX_HOUSEHOLD_REDIS_ENDED_BUSY] = "busy"
};


void
ngx_http_household_metrics_redis(ngx_http_household_metrics_page_t *page)
{
    ngx_http_household_metrics_redis_tracking(page);
    ngx_http_household_metrics_redis_heartbeats(page);
    ngx_http_household_metrics_redis_lag(page);
    ngx_http_household_metrics_redis_servers(page);
    ngx_http_household_metrics_redis_connections(page);
    ngx_http_household_metrics_redis_reconnects(page);
    ngx_http_household_metrics_redis_commands(page);
    ngx_http_household_metrics_redis_errors(page);
    ngx_http_household_metrics_redis_changes(page);
}


/* whether the invalidations of a deployment are received */

static void
ngx_http_household_metrics_redis_tracking(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out, "tracking_coherent",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Whether invalidations are received");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {

        if (store[i]->zone == NULL || !store[i]->redis->conf.tracking) {
            continue;
        }

        ngx_http_household_metrics_store_labels(&labels, store[i]);
        ngx_http_household_metrics_out_value(&page->out, &labels,
                           ngx_household_zone_coherent(store[i]->cache,
                                                       ngx_current_msec));
    }
}


static void
ngx_http_household_metrics_redis_heartbeats(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, lag;
    ngx_msec_t                            age;
    ngx_http_household_metrics_redis_t   *redis;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out,
                                          "tracking_heartbeat_age_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Time since the last heartbeat that "
                                          "was acknowledged");

    redis = page->redis.elts;

    for (i = 0; i < page->redis.nelts; i++) {

        if (ngx_http_household_metrics_redis_state(redis[i].redis, &age, &lag,
                                                   &labels)
            == NGX_OK)
        {
            ngx_http_household_metrics_out_fraction(&page->out, &labels, age,
                                                    1000);
        }
    }
}


static void
ngx_http_household_metrics_redis_lag(ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, lag;
    ngx_msec_t                            age;
    ngx_http_household_metrics_redis_t   *redis;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out, "replica_lag_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Time since the replica that is "
                                          "read from received data");

    redis = page->redis.elts;

    for (i = 0; i < page->redis.nelts; i++) {

        if (redis[i].redis->conf.read_from == NGX_HOUSEHOLD_REDIS_REPLICA
            && ngx_http_household_metrics_redis_state(redis[i].redis, &age,
                                                      &lag, &labels)
               == NGX_OK)
        {
            ngx_http_household_metrics_out_value(&page->out, &labels, lag);
        }
    }
}


/* returns NGX_DECLINED if the deployment is not tracked, or not yet */

static ngx_int_t
ngx_http_household_metrics_redis_state(ngx_http_household_redis_t *redis,
    ngx_msec_t *age, ngx_uint_t *lag,
    ngx_http_household_metrics_labels_t *labels)
{
    if (redis->tracked == NULL) {
        return NGX_DECLINED;
    }

    labels->n = 0;

    ngx_http_household_metrics_label(labels, "redis", &redis->conf.name);

    return ngx_household_redis_tracked_state(redis->tracked, ngx_current_msec,
                                             age, lag);
}


static void
ngx_http_household_metrics_redis_servers(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, k;
    ngx_http_household_metrics_redis_t   *redis;
    ngx_household_redis_server_stat_t    *server;
    ngx_http_household_metrics_labels_t   labels;

    redis = page->redis.elts;

    ngx_http_household_metrics_out_family(&page->out, "redis_up",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Whether all worker processes can "
                                          "use the server");

    for (i = 0; i < page->redis.nelts; i++) {
        server = redis[i].servers->elts;

        for (k = 0; k < redis[i].servers->nelts; k++) {
            ngx_http_household_metrics_redis_labels(&labels, &redis[i],
                                                    &server[k]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                                                 server[k].up);
        }
    }

    ngx_http_household_metrics_out_family(&page->out, "redis_fit",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Whether the server may be chosen "
                                          "to be read from");

    for (i = 0; i < page->redis.nelts; i++) {
        server = redis[i].servers->elts;

        for (k = 0; k < redis[i].servers->nelts; k++) {

            if (!server[k].chosen) {
                continue;
            }

            ngx_http_household_metrics_redis_labels(&labels, &redis[i],
                                                    &server[k]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                                                 server[k].fit);
        }
    }
}


static void
ngx_http_household_metrics_redis_connections(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, k, ready;
    ngx_http_household_metrics_redis_t   *redis;
    ngx_household_redis_server_stat_t    *server;
    ngx_http_household_metrics_labels_t   labels;

    redis = page->redis.elts;

    ngx_http_household_metrics_out_family(&page->out, "redis_connections",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Connections of all worker "
                                          "processes");

    for (i = 0; i < page->redis.nelts; i++) {
        server = redis[i].servers->elts;

        for (k = 0; k < redis[i].servers->nelts; k++) {
            for (ready = 0; ready < 2; ready++) {

                ngx_http_household_metrics_redis_labels(&labels, &redis[i],
                                                        &server[k]);
                ngx_http_household_metrics_label_text(&labels, "state",
                                               ready ? "ready" : "connecting");
                ngx_http_household_metrics_out_value(&page->out, &labels,
                                                ready ? server[k].ready
                                                      : server[k].connecting);
            }
        }
    }
}


static void
ngx_http_household_metrics_redis_labels(
    ngx_http_household_metrics_labels_t *labels,
    ngx_http_household_metrics_redis_t *redis,
    ngx_household_redis_server_stat_t *server)
{
    labels->n = 0;

    ngx_http_household_metrics_label(labels, "redis",
                                     &redis->redis->conf.name);
    ngx_http_household_metrics_label(labels, "server", &server->name);
    ngx_http_household_metrics_label_text(labels, "role",
                                          server->replica ? "replica"
                                                          : "primary");
}


static void
ngx_http_household_metrics_redis_reconnects(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, k, cause;
    ngx_http_household_metrics_redis_t   *redis;
    ngx_household_redis_server_stat_t    *server;
    ngx_http_household_metrics_labels_t   labels;

    redis = page->redis.elts;

    ngx_http_household_metrics_out_family(&page->out, "redis_reconnects_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Connections that were lost or not "
                                          "established");

    for (i = 0; i < page->redis.nelts; i++) {
        server = redis[i].servers->elts;

        for (k = 0; k < redis[i].servers->nelts; k++) {
            for (cause = 0; cause < NGX_HOUSEHOLD_REDIS_CAUSES; cause++) {

                labels.n = 0;
                ngx_http_household_metrics_label(&labels, "redis",
                                                 &redis[i].redis->conf.name);
                ngx_http_household_metrics_label(&labels, "server",
                                                 &server[k].name);
                ngx_http_household_metrics_label_text(&labels, "cause",
                                   ngx_http_household_metrics_causes[cause]);
                ngx_http_household_metrics_out_value(&page->out, &labels,
                                                  server[k].failures[cause]);
            }
        }
    }
}


static void
ngx_http_household_metrics_redis_commands(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, kind, ended;
    ngx_http_household_metrics_redis_t   *redis;

    redis = page->redis.elts;

    ngx_http_household_metrics_out_family(&page->out, "redis_commands_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Commands by the outcome of their "
                                          "operation");

    for (i = 0; i < page->redis.nelts; i++) {
        for (kind = 0; kind < NGX_HOUSEHOLD_REDIS_KINDS; kind++) {
            for (ended = 0; ended < NGX_HOUSEHOLD_REDIS_ENDS; ended++) {
                ngx_http_household_metrics_redis_count_op(page, redis[i].redis,
                    kind, "result", ngx_http_household_metrics_ends[ended],
                    ngx_household_redis_count_command(kind, ended));
            }
        }
    }
}


static void
ngx_http_household_metrics_redis_errors(ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, kind, code;
    ngx_http_household_metrics_redis_t   *redis;

    redis = page->redis.elts;

    ngx_http_household_metrics_out_family(&page->out,
                                          "redis_error_replies_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Error replies to commands");

    for (i = 0; i < page->redis.nelts; i++) {
        for (kind = 0; kind < NGX_HOUSEHOLD_REDIS_KINDS; kind++) {
            for (code = 0; code < NGX_HOUSEHOLD_REDIS_ERROR_CODES; code++) {
                ngx_http_household_metrics_redis_count_op(page, redis[i].redis,
                    kind, "code", ngx_household_redis_error_name(code),
                    ngx_household_redis_count_error(kind, code));
            }
        }
    }
}


static void
ngx_http_household_metrics_redis_changes(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i;
    ngx_http_household_metrics_redis_t   *redis;

    redis = page->redis.elts;

    ngx_http_household_metrics_out_family(&page->out, "redis_redirects_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Commands that a node of a Cluster "
                                          "redirected");

    for (i = 0; i < page->redis.nelts; i++) {
        ngx_http_household_metrics_redis_count(page, redis[i].redis, "type",
                                   "moved", NGX_HOUSEHOLD_REDIS_COUNT_MOVED);
        ngx_http_household_metrics_redis_count(page, redis[i].redis, "type",
                                   "ask", NGX_HOUSEHOLD_REDIS_COUNT_ASK);
    }

    ngx_http_household_metrics_out_family(&page->out,
                                          "redis_topology_changes_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Changes of the servers or their "
                                          "roles");

    for (i = 0; i < page->redis.nelts; i++) {
        ngx_http_household_metrics_redis_count(page, redis[i].redis, NULL,
                                   NULL, NGX_HOUSEHOLD_REDIS_COUNT_TOPOLOGY);
    }
}


static void
ngx_http_household_metrics_redis_count(ngx_http_household_metrics_page_t *page,
    ngx_http_household_redis_t *redis, const char *label, const char *value,
    ngx_uint_t count)
{
    ngx_http_household_metrics_labels_t  labels;

    labels.n = 0;

    ngx_http_household_metrics_label(&labels, "redis", &redis->conf.name);

    if (label != NULL) {
        ngx_http_household_metrics_label_text(&labels, label, value);
    }

    ngx_http_household_metrics_out_value(&page->out, &labels,
                            ngx_household_counters_get(redis->counts, count));
}


static void
ngx_http_household_metrics_redis_count_op(
    ngx_http_household_metrics_page_t *page, ngx_http_household_redis_t *redis,
    ngx_uint_t kind, const char *label, const char *value, ngx_uint_t count)
{
    ngx_http_household_metrics_labels_t  labels;

    labels.n = 0;

    ngx_http_household_metrics_label(&labels, "redis", &redis->conf.name);
    ngx_http_household_metrics_label_text(&labels, "op",
                                      ngx_http_household_metrics_kinds[kind]);
    ngx_http_household_metrics_label_text(&labels, label, value);

    ngx_http_household_metrics_out_value(&page->out, &labels,
                            ngx_household_counters_get(redis->counts, count));
}
