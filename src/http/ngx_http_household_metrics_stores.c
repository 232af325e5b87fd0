
/*
 * Metrics of stores: requests, lookups, writes, events.  See
 * ngx_http_household_metrics_page.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_metrics_page.h"
#include "ngx_http_household_variables.h"


/* a series of a store */

typedef struct {
    ngx_uint_t    counter;
    const char   *name;
    const char   *help;
} ngx_http_household_metrics_count_t;


static void ngx_http_household_metrics_stores_requests(
    ngx_http_household_metrics_page_t *page);
static ngx_uint_t ngx_http_household_metrics_stores_shown(
    ngx_uint_t reason, ngx_uint_t status);
static void ngx_http_household_metrics_stores_details(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_lookups(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_writes(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_tokens(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_verifications(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_events(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_counts(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_override(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_stores_canary(
    ngx_http_household_metrics_page_t *page, ngx_uint_t count);
static ngx_uint_t ngx_http_household_metrics_stores_has_canary(
    ngx_http_household_store_t *store);


static const char
    *ngx_http_household_metrics_results[NGX_HOUSEHOLD_LOOKUP_RESULTS] =
{
    [NGX_HOUSEHOLD_LOOKUP_RESULT_OK] = "ok",
    [NGX_HOUSEHOLD_LOOKUP_RESULT_NEGATIVE] = "negative",
    [NGX_HOUSEHOLD_LOOKUP_RESULT_TOO_LARGE] = "too_large",
    [NGX_HOUSEHOLD_LOOKUP_RESULT_TIMEOUT] = "timeout",
    [NGX_HOUSEHOLD_LOOKUP_RESULT_DOWN] = "down",
    [NGX_HOUSEHOLD_LOOKUP_RESULT_BUSY] = "busy",
    [NGX_HOUSEHOLD_LOOKUP_RESULT_ERROR] = "error"
};


static const char
    *ngx_http_household_metrics_ops[NGX_HOUSEHOLD_WRITER_OPS] =
{
    [NGX_HOUSEHOLD_WRITER_DEVICE] = "device",
    [NGX_HOUSEHOLD_WRITER_HOME] = "home",
    [NGX_HOUSEHOLD_WRITER_AWAY] = "away",
    [NGX_HOUSEHOLD_WRITER_GRACE_START] = "grace_start",
    [NGX_HOUSEHOLD_WRITER_SEAT] = "seat",
    [NGX_HOUSEHOLD_WRITER_GRACE_END] = "grace_end"
};


static const char
    *ngx_http_household_metrics_ended[NGX_HOUSEHOLD_WRITER_RESULTS] =
{
    [NGX_HOUSEHOLD_WRITER_OK] = "ok",
    [NGX_HOUSEHOLD_WRITER_DROPPED] = "dropped",
    [NGX_HOUSEHOLD_WRITER_ERROR] = "error"
};


static ngx_http_household_metrics_count_t
    ngx_http_household_metrics_list[] =
{
    { NGX_HTTP_HOUSEHOLD_COUNT_COALESCED, "lookups_coalesced_total",
      "Requests that joined a lookup in progress" },
    { NGX_HTTP_HOUSEHOLD_COUNT_MALFORMED, "record_entries_ignored_total",
      "Malformed networks and fields in Redis" },
    { NGX_HTTP_HOUSEHOLD_COUNT_GEO, "geoip_errors_total",
      "Lookups in a damaged country database" },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_UNAVAILABLE,
      "presence_unavailable_total", "Requests evaluated without presence" },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_IGNORED, "presence_ignored_total",
      "Presence that is malformed or of a later release" },
    { NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_RETRIED,
      "presence_writes_retried_total",
      "Writes of presence that another edge overtook" }
};


void
ngx_http_household_metrics_stores(ngx_http_household_metrics_page_t *page)
{
    ngx_http_household_metrics_stores_requests(page);
    ngx_http_household_metrics_stores_details(page);
    ngx_http_household_metrics_stores_lookups(page);
    ngx_http_household_metrics_stores_writes(page);
    ngx_http_household_metrics_stores_tokens(page);
    ngx_http_household_metrics_stores_verifications(page);
    ngx_http_household_metrics_stores_events(page);
    ngx_http_household_metrics_stores_counts(page);
    ngx_http_household_metrics_stores_override(page);

    ngx_http_household_metrics_out_family(&page->out, "propagation_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Time that the last change of the "
                                          "canary took to be seen");

    ngx_http_household_metrics_stores_canary(page,
                                       NGX_HTTP_HOUSEHOLD_COUNT_CANARY_AGE);

    ngx_http_household_metrics_out_family(&page->out,
                                          "propagation_timestamp_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "When the canary was changed, as "
                                          "seen last");

    ngx_http_household_metrics_stores_canary(page,
                                   NGX_HTTP_HOUSEHOLD_COUNT_CANARY_CHANGED);
}


static void
ngx_http_household_metrics_stores_requests(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, n, reason, status;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out, "requests_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Requests by status and reason");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {

        for (reason = 1; reason < NGX_HOUSEHOLD_REASONS; reason++) {

            for (status = 1; status < NGX_HTTP_HOUSEHOLD_STATUSES; status++) {

                n = ngx_household_counters_get(store[i]->counts,
                            ngx_http_household_count_request(status, reason));

                if (n == 0
                    && !ngx_http_household_metrics_stores_shown(reason,
                                                                status))
                {
                    continue;
                }

                ngx_http_household_metrics_store_labels(&labels, store[i]);
                ngx_http_household_metrics_label(&labels, "status",
                                      ngx_http_household_status_name(status));
                ngx_http_household_metrics_label(&labels, "reason",
                                      ngx_household_reason_name(reason));
                ngx_http_household_metrics_out_value(&page->out, &labels, n);
            }
        }
    }
}


/* a series that is there from the beginning: the status that is usual */

static ngx_uint_t
ngx_http_household_metrics_stores_shown(ngx_uint_t reason, ngx_uint_t status)
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


static void
ngx_http_household_metrics_stores_details(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, detail;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out, "details_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Requests from outside by detail");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {
        for (detail = 1; detail < NGX_HOUSEHOLD_DETAILS; detail++) {

            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_label(&labels, "detail",
                                           ngx_household_detail_name(detail));
            ngx_http_household_metrics_out_value(&page->out, &labels,
                ngx_household_counters_get(store[i]->counts,
                                           NGX_HTTP_HOUSEHOLD_COUNT_DETAIL
                                           + detail));
        }
    }
}


static void
ngx_http_household_metrics_stores_lookups(
    ngx_http_household_metrics_page_t *page)
{
    uint64_t                              counts[NGX_HTTP_HOUSEHOLD_BUCKETS];
    ngx_uint_t                            i, k, result;
    ngx_http_household_store_t          **store;
    ngx_household_counters_set_t         *set;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out,
                                          "lookup_duration_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_HISTOGRAM,
                                          "Lookups in Redis");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {
        set = store[i]->counts;

        for (result = 0; result < NGX_HOUSEHOLD_LOOKUP_RESULTS; result++) {

            for (k = 0; k < NGX_HTTP_HOUSEHOLD_BUCKETS; k++) {
                counts[k] = ngx_household_counters_get(set,
                                 ngx_http_household_count_lookup(result, k));
            }

            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_label_text(&labels, "result",
                                 ngx_http_household_metrics_results[result]);
            ngx_http_household_metrics_out_histogram(&page->out, &labels,
                                 ngx_http_household_buckets, counts,
                                 NGX_HTTP_HOUSEHOLD_BUCKETS - 1,
                                 ngx_household_counters_get(set,
                                     ngx_http_household_count_lookup(result,
                                                                     k)));
        }
    }
}


static void
ngx_http_household_metrics_stores_writes(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, op, result;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    static const ngx_uint_t  presence[] = {
        [NGX_HOUSEHOLD_WRITER_OK] = NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_WRITTEN,
        [NGX_HOUSEHOLD_WRITER_DROPPED] =
                                    NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_DROPPED
    };

    ngx_http_household_metrics_out_family(&page->out, "writes_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Writes to Redis");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {

        for (op = 0; op < NGX_HOUSEHOLD_WRITER_OPS; op++) {
            for (result = 0; result < NGX_HOUSEHOLD_WRITER_RESULTS; result++) {

                ngx_http_household_metrics_store_labels(&labels, store[i]);
                ngx_http_household_metrics_label_text(&labels, "op",
                                         ngx_http_household_metrics_ops[op]);
                ngx_http_household_metrics_label_text(&labels, "result",
                                   ngx_http_household_metrics_ended[result]);
                ngx_http_household_metrics_out_value(&page->out, &labels,
                    ngx_household_counters_get(store[i]->counts,
                               ngx_http_household_count_write(op, result)));
            }
        }

        for (result = 0; result < 2; result++) {

            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_label_text(&labels, "op", "presence");
            ngx_http_household_metrics_label_text(&labels, "result",
                                   ngx_http_household_metrics_ended[result]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                ngx_household_counters_get(store[i]->counts,
                                           presence[result]));
        }
    }
}


static void
ngx_http_household_metrics_stores_tokens(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, k;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    static const char  *results[] = { "verified", "cached", "rejected" };

    ngx_http_household_metrics_out_family(&page->out,
                                          "token_verifications_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Tokens that were verified, found "
                                          "in the cache, or rejected");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {
        for (k = 0; k < 3; k++) {

            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_label_text(&labels, "result",
                                                  results[k]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                ngx_household_counters_get(store[i]->counts,
                                  NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_VERIFIED
                                  + k));
        }
    }
}


static void
ngx_http_household_metrics_stores_verifications(
    ngx_http_household_metrics_page_t *page)
{
    uint64_t                        counts[NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS];
    ngx_uint_t                            i, k;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out,
                                          "token_verification_duration_seconds",
                                          NGX_HTTP_HOUSEHOLD_METRICS_HISTOGRAM,
                                          "Verifications of tokens that were "
                                          "not cached");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {

        for (k = 0; k < NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS; k++) {
            counts[k] = ngx_household_counters_get(store[i]->counts,
                                      NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_TIME + k);
        }

        ngx_http_household_metrics_store_labels(&labels, store[i]);
        ngx_http_household_metrics_out_histogram(&page->out, &labels,
            ngx_http_household_token_buckets, counts,
            NGX_HTTP_HOUSEHOLD_TOKEN_BUCKETS - 1,
            ngx_household_counters_get(store[i]->counts,
                                  NGX_HTTP_HOUSEHOLD_COUNT_TOKEN_TIME + k));
    }
}


static void
ngx_http_household_metrics_stores_events(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, kind, written;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    ngx_http_household_metrics_out_family(&page->out, "events_total",
                                          NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                          "Events for subscribers");

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {
        for (kind = 0; kind < NGX_HOUSEHOLD_EVENTS; kind++) {
            for (written = 0; written < 2; written++) {

                ngx_http_household_metrics_store_labels(&labels, store[i]);
                ngx_http_household_metrics_label(&labels, "kind",
                                             ngx_household_event_name(kind));
                ngx_http_household_metrics_label_text(&labels, "result",
                                                      written ? "ok"
                                                              : "dropped");
                ngx_http_household_metrics_out_value(&page->out, &labels,
                    ngx_household_counters_get(store[i]->counts,
                            ngx_http_household_count_event(kind, written)));
            }
        }
    }
}


static void
ngx_http_household_metrics_stores_counts(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, k, n;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_count_t   *count;
    ngx_http_household_metrics_labels_t   labels;

    store = page->stores.elts;

    n = sizeof(ngx_http_household_metrics_list)
        / sizeof(ngx_http_household_metrics_list[0]);

    for (i = 0; i < n; i++) {
        count = &ngx_http_household_metrics_list[i];

        ngx_http_household_metrics_out_family(&page->out, count->name,
                                           NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                           count->help);

        for (k = 0; k < page->stores.nelts; k++) {
            ngx_http_household_metrics_store_labels(&labels, store[k]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                ngx_household_counters_get(store[k]->counts, count->counter));
        }
    }
}


/* absent as long as it has not been fetched */

static void
ngx_http_household_metrics_stores_override(
    ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, mode;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    store = page->stores.elts;

    ngx_http_household_metrics_out_family(&page->out, "override_mode",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Mode of the fleet override: "
                                          "0 off, 1 monitor, 2 on");

    for (i = 0; i < page->stores.nelts; i++) {

        mode = ngx_household_counters_get(store[i]->counts,
                                          NGX_HTTP_HOUSEHOLD_COUNT_OVERRIDE);
        if (mode) {
            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                                                 mode - 1);
        }
    }

    ngx_http_household_metrics_out_family(&page->out, "override_rollout_ratio",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Share of accounts of the fleet "
                                          "override");

    for (i = 0; i < page->stores.nelts; i++) {

        if (ngx_household_counters_get(store[i]->counts,
                                       NGX_HTTP_HOUSEHOLD_COUNT_OVERRIDE))
        {
            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_out_fraction(&page->out, &labels,
                ngx_household_counters_get(store[i]->counts,
                                           NGX_HTTP_HOUSEHOLD_COUNT_ROLLOUT),
                NGX_HOUSEHOLD_ROLLOUT_ALL);
        }
    }
}


/*
 * In milliseconds; absent as long as no change was seen, and when a reload has
 * removed the canary: what was seen before would look like an edge that lags.
 */

static void
ngx_http_household_metrics_stores_canary(
    ngx_http_household_metrics_page_t *page, ngx_uint_t count)
{
    ngx_uint_t                            i;
    ngx_http_household_store_t          **store;
    ngx_http_household_metrics_labels_t   labels;

    store = page->stores.elts;

    for (i = 0; i < page->stores.nelts; i++) {

        if (ngx_http_household_metrics_stores_has_canary(store[i])
            && ngx_household_counters_get(store[i]->counts,
                                   NGX_HTTP_HOUSEHOLD_COUNT_CANARY_CHANGED))
        {
            ngx_http_household_metrics_store_labels(&labels, store[i]);
            ngx_http_household_metrics_out_fraction(&page->out, &labels,
                    ngx_household_counters_get(store[i]->counts, count), 1000);
        }
    }
}


/* stores with the same counters are one to the page */

static ngx_uint_t
ngx_http_household_metrics_stores_has_canary(ngx_http_household_store_t *store)
{
    ngx_uint_t                    i;
    ngx_http_household_store_t  **other;

    other = store->redis->stores->elts;

    for (i = 0; i < store->redis->stores->nelts; i++) {
        if (other[i]->counts == store->counts && other[i]->canary.len) {
            return 1;
        }
    }

    return 0;
}
