
/*
 * The page of household_metrics: the counters of a zone, in the text format
 * of Prometheus, version 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_metrics.h"
#include "ngx_http_household_variables.h"


/* bytes of one line without names, and of the lines before a metric */
#define NGX_HTTP_HOUSEHOLD_METRICS_LINE   128
#define NGX_HTTP_HOUSEHOLD_METRICS_HEAD   256

/* lines besides those of requests, details and deployments, at most */
#define NGX_HTTP_HOUSEHOLD_METRICS_LINES  64

#define NGX_HTTP_HOUSEHOLD_METRICS_PREFIX  "nginx_household_"


/* a series, or one for each kind; without a name, of the metric before */

typedef struct {
    ngx_uint_t    counter;
    const char   *name;
    const char   *help;
    const char   *label;               /* NULL: none but the zone */
    const char   *value;
    ngx_uint_t    kinds;               /* unsigned  kinds:1; */
} ngx_http_household_metric_t;


static ngx_int_t ngx_http_household_metrics_handler(ngx_http_request_t *r);
static size_t ngx_http_household_metrics_size(ngx_http_request_t *r,
    ngx_str_t *zone);
static u_char *ngx_http_household_metrics_build(u_char *p);
static u_char *ngx_http_household_metrics_requests(
    ngx_household_zone_stat_t *stat, ngx_str_t *zone, u_char *p);
static ngx_uint_t ngx_http_household_metrics_shown(ngx_uint_t reason,
    ngx_uint_t status);
static u_char *ngx_http_household_metrics_details(
    ngx_household_zone_stat_t *stat, ngx_str_t *zone, u_char *p);
static u_char *ngx_http_household_metrics_counters(
    ngx_household_zone_stat_t *stat, ngx_str_t *zone, u_char *p);
static u_char *ngx_http_household_metrics_gauges(
    ngx_household_zone_stat_t *stat, ngx_str_t *zone, u_char *p);
static u_char *ngx_http_household_metrics_tracking(ngx_http_request_t *r,
    ngx_household_zone_t *zone, u_char *p);
static u_char *ngx_http_household_metrics_head(u_char *p, const char *name,
    const char *help, const char *type);


static const char  *ngx_http_household_metrics_kinds[] = {
    [NGX_HOUSEHOLD_ZONE_ACCOUNT] = "account",
    [NGX_HOUSEHOLD_ZONE_TOKEN] = "token",
    [NGX_HOUSEHOLD_ZONE_FLEET] = "fleet"
};


static ngx_http_household_metric_t  ngx_http_household_metrics[] = {
    { NGX_HOUSEHOLD_ZONE_HITS, "cache_lookups_total",
      "Lookups in the zone.", "result", "hit", 1 },
    { NGX_HOUSEHOLD_ZONE_MISSES, NULL, NULL, "result", "miss", 1 },
    { NGX_HOUSEHOLD_ZONE_REFETCHED, NULL, NULL, "result", "expired", 1 },
    { NGX_HOUSEHOLD_ZONE_UPDATING, NULL, NULL, "result", "updating", 1 },
    { NGX_HOUSEHOLD_ZONE_STALE, NULL, NULL, "result", "stale", 1 },

    { NGX_HOUSEHOLD_ZONE_STORED, "cache_inserts_total",
      "Values offered to the zone.", "result", "stored", 1 },
    { NGX_HOUSEHOLD_ZONE_SUPERSEDED, NULL, NULL, "result", "superseded", 1 },
    { NGX_HOUSEHOLD_ZONE_TOO_BIG, NULL, NULL, "result", "too_large", 1 },

    { NGX_HOUSEHOLD_ZONE_EVICTED, "cache_evictions_total",
      "Entries evicted to make room.", NULL, NULL, 1 },

    { NGX_HOUSEHOLD_ZONE_INVALIDATED, "cache_invalidations_total",
      "Invalidations.", "scope", "key", 0 },
    { NGX_HOUSEHOLD_ZONE_NS_INVALIDATED, NULL, NULL, "scope", "namespace", 0 },
    { NGX_HOUSEHOLD_ZONE_FLUSHED, NULL, NULL, "scope", "flush", 0 },

    { NGX_HOUSEHOLD_ZONE_RESETS, "cache_resets_total",
      "Resets of the zone after the death of a process.", NULL, NULL, 0 },
    { NGX_HTTP_HOUSEHOLD_COUNT_DROPPED, "writes_dropped_total",
      "Writes to Redis that were not made.", NULL, NULL, 0 },
    { NGX_HOUSEHOLD_ZONE_MALFORMED, "record_entries_ignored_total",
      "Malformed networks and fields in Redis.", NULL, NULL, 0 },
    { NGX_HTTP_HOUSEHOLD_COUNT_GEO, "geoip_errors_total",
      "Lookups in a damaged country database.", NULL, NULL, 0 },

    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_UNAVAILABLE,
      "presence_unavailable_total",
      "Requests evaluated without presence.", NULL, NULL, 0 },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_IGNORED, "presence_ignored_total",
      "Presence that is malformed or of a later release.", NULL, NULL, 0 },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_RETRIED,
      "presence_writes_retried_total",
      "Writes of presence that another edge overtook.", NULL, NULL, 0 },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_DROPPED,
      "presence_writes_dropped_total",
      "Writes of presence that were not made.", NULL, NULL, 0 },
    { NGX_HTTP_HOUSEHOLD_COUNT_EVENTS_DROPPED, "events_dropped_total",
      "Events that were not written.", NULL, NULL, 0 }
};


char *
ngx_http_household_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                 *value, name;
    ngx_http_core_loc_conf_t  *clcf;

    if (hlcf->metrics_zone != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len <= 5 || ngx_strncmp(value[1].data, "zone=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\"",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data + 5;
    name.len = value[1].len - 5;

    hlcf->metrics_zone = ngx_household_zone_add(cf, &name, 0,
                                                &ngx_http_household_module);
    if (hlcf->metrics_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_household_metrics_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_household_metrics_handler(ngx_http_request_t *r)
{
    u_char                         *p;
    ngx_str_t                       type, *zone;
    ngx_http_complex_value_t        cv;
    ngx_household_zone_stat_t      *stat;
    ngx_http_household_loc_conf_t  *hlcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);
    zone = &hlcf->metrics_zone->shm_zone->shm.name;

    stat = ngx_palloc(r->pool, sizeof(ngx_household_zone_stat_t));
    if (stat == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_household_zone_stat(hlcf->metrics_zone, stat);

    p = ngx_pnalloc(r->pool, ngx_http_household_metrics_size(r, zone));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    cv.value.data = p;

    p = ngx_http_household_metrics_build(p);
    p = ngx_http_household_metrics_requests(stat, zone, p);
    p = ngx_http_household_metrics_details(stat, zone, p);
    p = ngx_http_household_metrics_counters(stat, zone, p);
    p = ngx_http_household_metrics_gauges(stat, zone, p);
    p = ngx_http_household_metrics_tracking(r, hlcf->metrics_zone, p);

    cv.value.len = p - cv.value.data;

    ngx_str_set(&type, "text/plain; version=0.0.4");

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}


static size_t
ngx_http_household_metrics_size(ngx_http_request_t *r, ngx_str_t *zone)
{
    size_t                            line, size;
    ngx_uint_t                        i;
    ngx_http_household_store_t      **store;
    ngx_http_household_main_conf_t   *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    line = NGX_HTTP_HOUSEHOLD_METRICS_LINE + zone->len;

    size = (NGX_HOUSEHOLD_REASONS * NGX_HTTP_HOUSEHOLD_STATUSES
            + NGX_HOUSEHOLD_DETAILS + NGX_HTTP_HOUSEHOLD_METRICS_LINES)
           * line
           + NGX_HTTP_HOUSEHOLD_METRICS_LINES
             * NGX_HTTP_HOUSEHOLD_METRICS_HEAD;

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {
        size += line + store[i]->redis->conf.name.len;
    }

    return size;
}


static u_char *
ngx_http_household_metrics_build(u_char *p)
{
    p = ngx_http_household_metrics_head(p, "build_info",
                                        "Versions of the module.", "gauge");

    return ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                       "build_info{version=\"%s\",nginx_version=\"%s\","
                       "hiredis_version=\"%s\"} 1\n",
                       NGX_HTTP_HOUSEHOLD_VERSION, NGINX_VERSION,
                       ngx_household_resp_library());
}


static u_char *
ngx_http_household_metrics_requests(ngx_household_zone_stat_t *stat,
    ngx_str_t *zone, u_char *p)
{
    ngx_uint_t         reason, status;
    ngx_atomic_uint_t  n;

    p = ngx_http_household_metrics_head(p, "requests_total",
                                        "Requests by status and reason.",
                                        "counter");

    for (reason = 1; reason < NGX_HOUSEHOLD_REASONS; reason++) {
        for (status = 1; status < NGX_HTTP_HOUSEHOLD_STATUSES; status++) {

            n = stat->counters[ngx_http_household_count_request(status,
                                                                reason)];

            if (n || ngx_http_household_metrics_shown(reason, status)) {
                p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                                "requests_total{zone=\"%V\",status=\"%V\","
                                "reason=\"%V\"} %uA\n", zone,
                                ngx_http_household_status_name(status),
                                ngx_household_reason_name(reason), n);
            }
        }
    }

    return p;
}


/* a series that is there from the beginning: the status that is usual */

static ngx_uint_t
ngx_http_household_metrics_shown(ngx_uint_t reason, ngx_uint_t status)
{
    switch (reason) {

    case NGX_HOUSEHOLD_REASON_OFF:
    case NGX_HOUSEHOLD_REASON_OPTIONS:
        return status == NGX_HTTP_HOUSEHOLD_BYPASSED;

    case NGX_HOUSEHOLD_REASON_UNAVAILABLE:
    case NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE:
    case NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN:
        return status == NGX_HTTP_HOUSEHOLD_UNAVAILABLE;

    case NGX_HOUSEHOLD_REASON_UNREGISTERED:
    case NGX_HOUSEHOLD_REASON_OUTSIDE:
        return status == NGX_HTTP_HOUSEHOLD_DENIED
               || status == NGX_HTTP_HOUSEHOLD_OFFERED
               || status == NGX_HTTP_HOUSEHOLD_MONITORED;

    default:
        return status == (reason <= NGX_HOUSEHOLD_REASON_REVOKED
                          ? NGX_HTTP_HOUSEHOLD_UNAUTHORIZED
                          : NGX_HTTP_HOUSEHOLD_ALLOWED);
    }
}


static u_char *
ngx_http_household_metrics_details(ngx_household_zone_stat_t *stat,
    ngx_str_t *zone, u_char *p)
{
    ngx_uint_t  i;

    p = ngx_http_household_metrics_head(p, "details_total",
                                        "Requests from outside by detail.",
                                        "counter");

    for (i = 1; i < NGX_HOUSEHOLD_DETAILS; i++) {
        p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                        "details_total{zone=\"%V\",detail=\"%V\"} %uA\n",
                        zone, ngx_household_detail_name(i),
                        stat->counters[NGX_HTTP_HOUSEHOLD_COUNT_DETAIL + i]);
    }

    return p;
}


static u_char *
ngx_http_household_metrics_counters(ngx_household_zone_stat_t *stat,
    ngx_str_t *zone, u_char *p)
{
    ngx_uint_t                    i, kind, kinds, n;
    const char                   *name;
    ngx_http_household_metric_t  *m;

    name = NULL;

    n = sizeof(ngx_http_household_metrics)
        / sizeof(ngx_http_household_metrics[0]);

    for (i = 0; i < n; i++) {
        m = &ngx_http_household_metrics[i];

        if (m->name) {
            name = m->name;
            p = ngx_http_household_metrics_head(p, name, m->help, "counter");
        }

        kinds = m->kinds ? NGX_HOUSEHOLD_ZONE_KINDS : 1;

        for (kind = 0; kind < kinds; kind++) {

            p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                            "%s{zone=\"%V\"", name, zone);

            if (m->kinds) {
                p = ngx_sprintf(p, ",kind=\"%s\"",
                                ngx_http_household_metrics_kinds[kind]);
            }

            if (m->label) {
                p = ngx_sprintf(p, ",%s=\"%s\"", m->label, m->value);
            }

            p = ngx_sprintf(p, "} %uA\n",
                            stat->counters[m->kinds
                                ? ngx_household_zone_kind_counter(m->counter,
                                                                  kind)
                                : m->counter]);
        }
    }

    return p;
}


static u_char *
ngx_http_household_metrics_gauges(ngx_household_zone_stat_t *stat,
    ngx_str_t *zone, u_char *p)
{
    ngx_uint_t  kind;

    p = ngx_http_household_metrics_head(p, "cache_entries",
                                        "Entries in the zone.", "gauge");

    for (kind = 0; kind < NGX_HOUSEHOLD_ZONE_KINDS; kind++) {
        p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                        "cache_entries{zone=\"%V\",kind=\"%s\"} %ui\n", zone,
                        ngx_http_household_metrics_kinds[kind],
                        stat->records[kind]);
    }

    p = ngx_http_household_metrics_head(p, "zone_size_bytes",
                                        "Memory for entries.", "gauge");
    p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                    "zone_size_bytes{zone=\"%V\"} %uz\n", zone, stat->size);

    p = ngx_http_household_metrics_head(p, "zone_used_bytes",
                                        "Memory that entries occupy.",
                                        "gauge");

    return ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                       "zone_used_bytes{zone=\"%V\"} %uz\n", zone, stat->used);
}


/* whether the invalidations of a deployment are received */

static u_char *
ngx_http_household_metrics_tracking(ngx_http_request_t *r,
    ngx_household_zone_t *zone, u_char *p)
{
    ngx_uint_t                        i, k;
    ngx_http_household_store_t      **store;
    ngx_http_household_main_conf_t   *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);
    store = hmcf->stores.elts;

    p = ngx_http_household_metrics_head(p, "tracking_coherent",
                                        "Whether invalidations are received.",
                                        "gauge");

    for (i = 0; i < hmcf->stores.nelts; i++) {

        if (store[i]->zone != zone || !store[i]->redis->conf.tracking) {
            continue;
        }

        for (k = 0; k < i; k++) {
            if (store[k]->zone == zone && store[k]->redis == store[i]->redis) {
                break;
            }
        }

        if (k < i) {
            /* another store of the same deployment */
            continue;
        }

        p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                        "tracking_coherent{zone=\"%V\",redis=\"%V\"} %ui\n",
                        &zone->shm_zone->shm.name,
                        &store[i]->redis->conf.name,
                        ngx_household_zone_coherent(store[i]->cache,
                                                    ngx_current_msec));
    }

    return p;
}


static u_char *
ngx_http_household_metrics_head(u_char *p, const char *name, const char *help,
    const char *type)
{
    return ngx_sprintf(p, "# HELP " NGX_HTTP_HOUSEHOLD_METRICS_PREFIX "%s %s\n"
                       "# TYPE " NGX_HTTP_HOUSEHOLD_METRICS_PREFIX "%s %s\n",
                       name, help, name, type);
}
