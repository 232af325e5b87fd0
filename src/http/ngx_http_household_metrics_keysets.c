
/*
 * Metrics of key sets that are fetched.  See ngx_http_household_metrics_page.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_metrics_page.h"


static void ngx_http_household_metrics_keysets_fetches(
    ngx_http_household_metrics_page_t *page, ngx_array_t *keysets);
static void ngx_http_household_metrics_keysets_gauge(
    ngx_http_household_metrics_page_t *page, ngx_array_t *keysets,
    ngx_uint_t keys);


static const char
    *ngx_http_household_metrics_keyset_results[NGX_HOUSEHOLD_KEYSET_RESULTS] =
{
    [NGX_HOUSEHOLD_KEYSET_REPLACED] = "replaced",
    [NGX_HOUSEHOLD_KEYSET_UNCHANGED] = "unchanged",
    [NGX_HOUSEHOLD_KEYSET_FAILED] = "failed",
    [NGX_HOUSEHOLD_KEYSET_INVALID] = "invalid"
};


void
ngx_http_household_metrics_keysets(ngx_http_household_metrics_page_t *page)
{
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(page->out.request,
                                         ngx_http_household_module);

    ngx_http_household_metrics_keysets_fetches(page, &hmcf->keysets);

    ngx_http_household_metrics_out_family(&page->out, "keyset_keys",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Usable keys of key sets");
    ngx_http_household_metrics_keysets_gauge(page, &hmcf->keysets, 1);

    ngx_http_household_metrics_out_family(&page->out,
                                       "keyset_last_success_timestamp_seconds",
                                       NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                       "Time of the last successful fetch");
    ngx_http_household_metrics_keysets_gauge(page, &hmcf->keysets, 0);
}


static void
ngx_http_household_metrics_keysets_fetches(
    ngx_http_household_metrics_page_t *page, ngx_array_t *keysets)
{
    ngx_uint_t                             i, n;
    ngx_household_keyset_t               **keyset;
    ngx_household_keyset_stat_t            stat;
    ngx_http_household_metrics_labels_t    labels;

    ngx_http_household_metrics_out_family(&page->out, "keyset_fetches_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Fetches of key sets");

    keyset = keysets->elts;

    for (i = 0; i < keysets->nelts; i++) {

        ngx_household_keyset_stat(keyset[i], &stat);

        for (n = 0; n < NGX_HOUSEHOLD_KEYSET_RESULTS; n++) {
            labels.n = 0;

            ngx_http_household_metrics_label(&labels, "url", &keyset[i]->url);
            ngx_http_household_metrics_label_text(&labels, "result",
                                 ngx_http_household_metrics_keyset_results[n]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                                                 stat.results[n]);
        }
    }
}


/* the number of keys, or the time of the last success */

static void
ngx_http_household_metrics_keysets_gauge(
    ngx_http_household_metrics_page_t *page, ngx_array_t *keysets,
    ngx_uint_t keys)
{
    ngx_uint_t                             i;
    ngx_household_keyset_t               **keyset;
    ngx_household_keyset_stat_t            stat;
    ngx_http_household_metrics_labels_t    labels;

    keyset = keysets->elts;

    for (i = 0; i < keysets->nelts; i++) {

        ngx_household_keyset_stat(keyset[i], &stat);

        labels.n = 0;

        ngx_http_household_metrics_label(&labels, "url", &keyset[i]->url);
        ngx_http_household_metrics_out_value(&page->out, &labels,
                                             keys ? (uint64_t) stat.keys
                                             : (uint64_t) stat.success);
    }
}
