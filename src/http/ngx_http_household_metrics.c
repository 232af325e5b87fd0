
/*
 * The page of household_status: the counters of a zone, in the text format
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


/* maximum length of a line, and of the HELP and TYPE lines */
#define NGX_HTTP_HOUSEHOLD_LINE    128
#define NGX_HTTP_HOUSEHOLD_PREFACE 256


typedef struct {
    ngx_uint_t    counter;
    const char   *name;
    const char   *help;
} ngx_http_household_metric_t;


static ngx_int_t ngx_http_household_metrics_handler(ngx_http_request_t *r);
static u_char *ngx_http_household_metrics_text(ngx_http_request_t *r,
    ngx_household_zone_stat_t *stat, u_char *p);
static u_char *ngx_http_household_metrics_words(
    ngx_household_zone_stat_t *stat, u_char *p);


static ngx_http_household_metric_t  ngx_http_household_metrics[] = {
    { NGX_HOUSEHOLD_ZONE_HITS, "cache_hits",
      "Lookups that the zone answered with a fresh value." },
    { NGX_HOUSEHOLD_ZONE_MISSES, "cache_misses",
      "Lookups that the zone had nothing usable for." },
    { NGX_HOUSEHOLD_ZONE_EXPIRATIONS, "cache_expired",
      "Lookups that found a value that was not fresh." },
    { NGX_HOUSEHOLD_ZONE_STALE, "cache_stale",
      "Values that were served because the store was away." },
    { NGX_HOUSEHOLD_ZONE_STORED, "cache_stored", "Values kept." },
    { NGX_HOUSEHOLD_ZONE_SUPERSEDED, "cache_overtaken",
      "Replies that an invalidation overtook." },
    { NGX_HOUSEHOLD_ZONE_EVICTED, "cache_evicted",
      "Values removed to make room." },
    { NGX_HOUSEHOLD_ZONE_TOO_BIG, "cache_too_big",
      "Values that were too big to be kept." },
    { NGX_HOUSEHOLD_ZONE_INVALIDATED, "cache_invalidated",
      "Changes of single accounts that were told of." },
    { NGX_HOUSEHOLD_ZONE_NS_INVALIDATED, "cache_marked",
      "Times that everything ceased to be fresh." },
    { NGX_HOUSEHOLD_ZONE_FLUSHED, "cache_flushed",
      "Times that everything was forgotten." },
    { NGX_HOUSEHOLD_ZONE_RESETS, "cache_repaired",
      "Times that the zone was emptied after a crash." },
    { NGX_HOUSEHOLD_ZONE_MALFORMED, "record_malformed",
      "Networks and values dropped from records." },
    { NGX_HTTP_HOUSEHOLD_COUNT_DROPPED, "notes_dropped",
      "Notes that could not be written to the store." },
    { NGX_HTTP_HOUSEHOLD_COUNT_GEO, "geoip_corrupt",
      "Lookups in a country database that is corrupt." },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_UNAVAILABLE, "presence_unavailable",
      "Requests that were judged without presence." },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_IGNORED, "presence_ignored",
      "The same, as presence is malformed or of a later release." },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_RETRIED, "presence_writes_retried",
      "Presence that another edge wrote at the same time." },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_DROPPED, "presence_writes_dropped",
      "Presence that could not be written to Redis." },
    { NGX_HTTP_HOUSEHOLD_COUNT_EVENTS_DROPPED, "events_dropped",
      "Events that could not be written to Redis." },
    { 0, NULL, NULL }
};


char *
ngx_http_household_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (hlcf->status_zone != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hlcf->status_zone = ngx_household_zone_add(cf, &value[1], 0,
                                               &ngx_http_household_module);
    if (hlcf->status_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_household_metrics_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_household_metrics_handler(ngx_http_request_t *r)
{
    size_t                          size;
    ngx_int_t                       rc;
    ngx_str_t                       type, text;
    ngx_http_complex_value_t        cv;
    ngx_household_zone_stat_t      *stat;
    ngx_http_household_metric_t    *m;
    ngx_http_household_loc_conf_t  *hlcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

    stat = ngx_palloc(r->pool, sizeof(ngx_household_zone_stat_t));
    if (stat == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_household_zone_stat(hlcf->status_zone, stat);

    size = 9 * NGX_HTTP_HOUSEHOLD_PREFACE
           + (NGX_HTTP_HOUSEHOLD_STATUSES + NGX_HOUSEHOLD_REASONS
              + NGX_HOUSEHOLD_DETAILS + 4)
             * NGX_HTTP_HOUSEHOLD_LINE;

    for (m = ngx_http_household_metrics; m->name; m++) {
        size += NGX_HTTP_HOUSEHOLD_PREFACE + NGX_HTTP_HOUSEHOLD_LINE;
    }

    text.data = ngx_pnalloc(r->pool, size);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.len = ngx_http_household_metrics_text(r, stat, text.data) - text.data;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    cv.value = text;

    ngx_str_set(&type, "text/plain; version=0.0.4");

    rc = ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);

    return rc;
}


static u_char *
ngx_http_household_metrics_text(ngx_http_request_t *r,
    ngx_household_zone_stat_t *stat, u_char *p)
{
    ngx_http_household_metric_t  *m;

    p = ngx_sprintf(p, "# HELP nginx_household_build_info Versions of the "
                       "module.\n"
                       "# TYPE nginx_household_build_info gauge\n"
                       "nginx_household_build_info{version=\"%s\","
                       "nginx_version=\"%s\",hiredis_version=\"%s\"} 1\n",
                    NGX_HTTP_HOUSEHOLD_VERSION, NGINX_VERSION,
                    ngx_household_resp_library());

    p = ngx_http_household_metrics_words(stat, p);

    for (m = ngx_http_household_metrics; m->name; m++) {
        p = ngx_sprintf(p, "# HELP household_%s_total %s\n"
                           "# TYPE household_%s_total counter\n"
                           "household_%s_total %uA\n",
                        m->name, m->help, m->name, m->name,
                        stat->counters[m->counter]);
    }

    p = ngx_sprintf(p, "# HELP household_zone_bytes Size of the zone.\n"
                       "# TYPE household_zone_bytes gauge\n"
                       "household_zone_bytes{state=\"size\"} %uz\n"
                       "household_zone_bytes{state=\"used\"} %uz\n",
                    stat->size, stat->used);

    return ngx_sprintf(p, "# HELP household_zone_records Values kept.\n"
                          "# TYPE household_zone_records gauge\n"
                          "household_zone_records{kind=\"account\"} %ui\n"
                          "household_zone_records{kind=\"token\"} %ui\n",
                       stat->records[NGX_HOUSEHOLD_ZONE_ACCOUNT],
                       stat->records[NGX_HOUSEHOLD_ZONE_TOKEN]);
}


/* every word of the status, the reason and the detail, also at zero */

static u_char *
ngx_http_household_metrics_words(ngx_household_zone_stat_t *stat, u_char *p)
{
    ngx_uint_t  i;

    p = ngx_sprintf(p, "# HELP household_requests_total Requests by status.\n"
                       "# TYPE household_requests_total counter\n");

    for (i = 1; i < NGX_HTTP_HOUSEHOLD_STATUSES; i++) {
        p = ngx_sprintf(p, "household_requests_total{status=\"%V\"} %uA\n",
                        ngx_http_household_status_name(i),
                        stat->counters[NGX_HTTP_HOUSEHOLD_COUNT_STATUS + i]);
    }

    p = ngx_sprintf(p, "# HELP household_reasons_total Requests by reason.\n"
                       "# TYPE household_reasons_total counter\n");

    for (i = 1; i < NGX_HOUSEHOLD_REASONS; i++) {
        p = ngx_sprintf(p, "household_reasons_total{reason=\"%V\"} %uA\n",
                        ngx_household_reason_name(i),
                        stat->counters[NGX_HTTP_HOUSEHOLD_COUNT_REASON + i]);
    }

    p = ngx_sprintf(p, "# HELP household_details_total Requests from outside, "
                       "by detail.\n"
                       "# TYPE household_details_total counter\n");

    for (i = 1; i < NGX_HOUSEHOLD_DETAILS; i++) {
        p = ngx_sprintf(p, "household_details_total{detail=\"%V\"} %uA\n",
                        ngx_household_detail_name(i),
                        stat->counters[NGX_HTTP_HOUSEHOLD_COUNT_DETAIL + i]);
    }

    return p;
}
