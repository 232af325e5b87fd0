
/*
 * Metrics of household_shadow.  See ngx_http_household_metrics_page.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_metrics_page.h"


static ngx_uint_t ngx_http_household_metrics_shadows_hidden(
    ngx_http_household_metrics_page_t *page,
    ngx_http_household_shadow_t *shadow);
static void ngx_http_household_metrics_shadows_requests(
    ngx_http_household_metrics_page_t *page,
    ngx_http_household_shadow_t *shadow, ngx_household_reason_e reason);
static const char *ngx_http_household_metrics_shadows_verdict(
    ngx_household_reason_e reason, ngx_uint_t denied);


void
ngx_http_household_metrics_shadows(ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                       i, reason;
    ngx_http_household_shadow_t    **shadow;
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(page->out.request,
                                         ngx_http_household_module);

    ngx_http_household_metrics_out_family(&page->out, "shadow_requests_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Requests by the verdict of a "
                                          "second policy");

    shadow = hmcf->shadows.elts;

    for (i = 0; i < hmcf->shadows.nelts; i++) {

        if (ngx_http_household_metrics_shadows_hidden(page, shadow[i])) {
            continue;
        }

        for (reason = 1; reason < NGX_HOUSEHOLD_REASONS; reason++) {
            ngx_http_household_metrics_shadows_requests(page, shadow[i],
                                                        reason);
        }
    }
}


/* returns 1 if the store is not shown */

static ngx_uint_t
ngx_http_household_metrics_shadows_hidden(
    ngx_http_household_metrics_page_t *page,
    ngx_http_household_shadow_t *shadow)
{
    ngx_uint_t                    k;
    ngx_http_household_store_t  **store;

    store = page->stores.elts;

    for (k = 0; k < page->stores.nelts; k++) {
        if (store[k]->counts == shadow->store->counts) {
            return 0;
        }
    }

    return 1;
}


/* series with the reason "outside" are shown before their first request */

static void
ngx_http_household_metrics_shadows_requests(
    ngx_http_household_metrics_page_t *page,
    ngx_http_household_shadow_t *shadow, ngx_household_reason_e reason)
{
    ngx_uint_t                           n, denied, current;
    ngx_http_household_metrics_labels_t  labels;

    for (denied = 0; denied < 2; denied++) {
        for (current = 0; current < 2; current++) {

            n = ngx_household_counters_get(shadow->counts,
                           ngx_http_household_count_shadow(reason, denied,
                                                           current));

            if (n == 0
                && (reason != NGX_HOUSEHOLD_REASON_OUTSIDE || !denied))
            {
                continue;
            }

            ngx_http_household_metrics_store_labels(&labels, shadow->store);
            ngx_http_household_metrics_label(&labels, "policy", &shadow->name);
            ngx_http_household_metrics_label_text(&labels, "verdict",
                ngx_http_household_metrics_shadows_verdict(reason, denied));
            ngx_http_household_metrics_label_text(&labels, "current",
                ngx_http_household_metrics_shadows_verdict(reason, current));
            ngx_http_household_metrics_label(&labels, "reason",
                                           ngx_household_reason_name(reason));
            ngx_http_household_metrics_out_value(&page->out, &labels, n);
        }
    }
}


/* a request without a valid identity has the same verdict by any policy */

static const char *
ngx_http_household_metrics_shadows_verdict(ngx_household_reason_e reason,
    ngx_uint_t denied)
{
    if (!denied) {
        return "allow";
    }

    return reason <= NGX_HOUSEHOLD_REASON_REVOKED ? "unauthorized" : "deny";
}
