
/*
 * The page of household_metrics while it is built.  Private to
 * ngx_http_household_metrics*.c.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_METRICS_PAGE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_METRICS_PAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_metrics_out.h"


/* a zone, with a copy of its counters */

typedef struct {
    ngx_household_zone_t       *zone;
    ngx_household_zone_stat_t   stat;
} ngx_http_household_metrics_zone_t;


/* a deployment, with the servers of it that are known */

typedef struct {
    ngx_http_household_redis_t  *redis;
    ngx_array_t                 *servers; /* ..._redis_server_stat_t */
} ngx_http_household_metrics_redis_t;


/* what a page is about: each in the order of the configuration */

typedef struct {
    ngx_http_household_metrics_out_t  out;
    ngx_array_t                       stores; /* ..._store_t *: all sets */
    ngx_array_t                       zones;  /* ..._metrics_zone_t */
    ngx_array_t                       redis;  /* ..._metrics_redis_t */
} ngx_http_household_metrics_page_t;


/*
 * Write the families of the stores, of their second policies, of the zones, of
 * the deployments, and of the key sets, which belong to no zone.
 */
void ngx_http_household_metrics_stores(
    ngx_http_household_metrics_page_t *page);
void ngx_http_household_metrics_shadows(
    ngx_http_household_metrics_page_t *page);
void ngx_http_household_metrics_zones(ngx_http_household_metrics_page_t *page);
void ngx_http_household_metrics_redis(ngx_http_household_metrics_page_t *page);
void ngx_http_household_metrics_keysets(
    ngx_http_household_metrics_page_t *page);


/*
 * Begins a list of labels with the zone and the deployment of a store.  The
 * label "zone" of a store without a zone is empty.
 */

static ngx_inline void
ngx_http_household_metrics_store_labels(
    ngx_http_household_metrics_labels_t *labels,
    ngx_http_household_store_t *store)
{
    labels->n = 0;

    if (store->zone != NULL) {
        ngx_http_household_metrics_label(labels, "zone",
                                         &store->zone->shm_zone->shm.name);
    } else {
        ngx_http_household_metrics_label_text(labels, "zone", "");
    }

    ngx_http_household_metrics_label(labels, "redis",
                                     &store->redis->conf.name);
}


#endif /* _NGX_HTTP_HOUSEHOLD_METRICS_PAGE_H_INCLUDED_ */
