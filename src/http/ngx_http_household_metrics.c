
/*
 * The page of household_metrics: which stores, zones and deployments it shows.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_metrics.h"
#include "ngx_http_household_metrics_page.h"


static ngx_int_t ngx_http_household_metrics_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_household_metrics_send(ngx_http_request_t *r,
    ngx_household_zone_t *zone, ngx_http_household_metrics_format_e format);
static ngx_int_t ngx_http_household_metrics_collect(
    ngx_http_household_metrics_page_t *page, ngx_http_request_t *r,
    ngx_household_zone_t *zone);
static ngx_int_t ngx_http_household_metrics_collect_store(
    ngx_http_household_metrics_page_t *page, ngx_http_household_store_t *store);
static ngx_int_t ngx_http_household_metrics_collect_redis(
    ngx_http_household_metrics_page_t *page, ngx_http_request_t *r,
    ngx_http_household_redis_t *redis);
static ngx_int_t ngx_http_household_metrics_collect_zone(
    ngx_http_household_metrics_page_t *page, ngx_household_zone_t *zone);
static void ngx_http_household_metrics_build(
    ngx_http_household_metrics_page_t *page);


char *
ngx_http_household_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                 *value, name;
    ngx_http_core_loc_conf_t  *clcf;

    if (hlcf->metrics) {
        return "is duplicate";
    }

    if (hlcf->content != NULL) {
        return NGX_HTTP_HOUSEHOLD_ONE_CONTENT;
    }

    hlcf->metrics = 1;
    value = cf->args->elts;

    if (cf->args->nelts == 2) {

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
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    hlcf->content = ngx_http_household_metrics_handler;
    clcf->handler = hlcf->content;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_household_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_household_loc_conf_t  *hlcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

    return ngx_http_household_metrics_send(r, hlcf->metrics_zone,
                                ngx_http_household_metrics_out_accepted(r));
}


ngx_int_t
ngx_http_household_metrics_send_json(ngx_http_request_t *r)
{
    return ngx_http_household_metrics_send(r, NULL,
                                           NGX_HTTP_HOUSEHOLD_METRICS_JSON);
}


static ngx_int_t
ngx_http_household_metrics_send(ngx_http_request_t *r,
    ngx_household_zone_t *zone, ngx_http_household_metrics_format_e format)
{
    ngx_http_household_metrics_page_t  page;

    if (ngx_http_household_metrics_collect(&page, r, zone) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_household_metrics_out_init(&page.out, r, format);

    ngx_http_household_metrics_build(&page);
    ngx_http_household_metrics_stores(&page);
    ngx_http_household_metrics_shadows(&page);
    ngx_http_household_metrics_zones(&page);
    ngx_http_household_metrics_redis(&page);
    ngx_http_household_metrics_keysets(&page);

    return ngx_http_household_metrics_out_send(&page.out);
}


/* what is shown: all, or what belongs to a zone; NGX_OK or NGX_ERROR */

static ngx_int_t
ngx_http_household_metrics_collect(ngx_http_household_metrics_page_t *page,
    ngx_http_request_t *r, ngx_household_zone_t *only)
{
    ngx_uint_t                       i;
    ngx_household_zone_t           **zone;
    ngx_http_household_store_t     **store;
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (ngx_array_init(&page->stores, r->pool, 4,
                       sizeof(ngx_http_household_store_t *))
        != NGX_OK
        || ngx_array_init(&page->zones, r->pool, 2,
                          sizeof(ngx_http_household_metrics_zone_t))
           != NGX_OK
        || ngx_array_init(&page->redis, r->pool, 2,
                          sizeof(ngx_http_household_metrics_redis_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {

        if (only != NULL && store[i]->zone != only) {
            continue;
        }

        if (ngx_http_household_metrics_collect_store(page, store[i]) != NGX_OK
            || ngx_http_household_metrics_collect_redis(page, r,
                                                        store[i]->redis)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    zone = hmcf->zones.elts;

    for (i = 0; i < hmcf->zones.nelts; i++) {

        if (only != NULL && zone[i] != only) {
            continue;
        }

        if (ngx_http_household_metrics_collect_zone(page, zone[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* stores may share their counters, and deployments have several stores */

static ngx_int_t
ngx_http_household_metrics_collect_store(
    ngx_http_household_metrics_page_t *page, ngx_http_household_store_t *store)
{
    ngx_uint_t                    i;
    ngx_http_household_store_t  **known;

    known = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {
        if (known[i]->counts == store->counts) {
            return NGX_OK;
        }
    }

    known = ngx_array_push(&page->stores);
    if (known == NULL) {
        return NGX_ERROR;
    }

    *known = store;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_metrics_collect_redis(
    ngx_http_household_metrics_page_t *page, ngx_http_request_t *r,
    ngx_http_household_redis_t *redis)
{
    ngx_uint_t                           i;
    ngx_core_conf_t                     *ccf;
    ngx_http_household_main_conf_t      *hmcf;
    ngx_http_household_metrics_redis_t  *known;

    known = page->redis.elts;

    for (i = 0; i < page->redis.nelts; i++) {
        if (known[i].redis == redis) {
            return NGX_OK;
        }
    }

    known = ngx_array_push(&page->redis);
    if (known == NULL) {
        return NGX_ERROR;
    }

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);
    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    known->redis = redis;
    known->servers = ngx_household_redis_servers_list(hmcf->servers,
                                         &redis->conf.name,
                                         ngx_max(ccf->worker_processes, 1),
                                         r->pool);

    return known->servers != NULL ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_household_metrics_collect_zone(
    ngx_http_household_metrics_page_t *page, ngx_household_zone_t *zone)
{
    ngx_http_household_metrics_zone_t  *known;

    known = ngx_array_push(&page->zones);
    if (known == NULL) {
        return NGX_ERROR;
    }

    known->zone = zone;
    ngx_household_zone_stat(zone, &known->stat);

    return NGX_OK;
}


static void
ngx_http_household_metrics_build(ngx_http_household_metrics_page_t *page)
{
    ngx_http_household_main_conf_t      *hmcf;
    ngx_http_household_metrics_labels_t  labels;

    labels.n = 0;

    ngx_http_household_metrics_label_text(&labels, "version",
                                          NGX_HTTP_HOUSEHOLD_VERSION);
    ngx_http_household_metrics_label_text(&labels, "nginx_version",
                                          NGINX_VERSION);
    ngx_http_household_metrics_label_text(&labels, "hiredis_version",
                                          ngx_household_resp_library());

    ngx_http_household_metrics_out_family(&page->out, "build_info",
                                          NGX_HTTP_HOUSEHOLD_METRICS_INFO,
                                          "Versions of the module");
    ngx_http_household_metrics_out_value(&page->out, &labels, 1);

    labels.n = 0;
    hmcf = ngx_http_get_module_main_conf(page->out.request,
                                         ngx_http_household_module);

    ngx_http_household_metrics_out_family(&page->out,
                                          "config_load_timestamp_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Time at which the configuration "
                                          "was read");
    ngx_http_household_metrics_out_value(&page->out, &labels, hmcf->loaded);
}
