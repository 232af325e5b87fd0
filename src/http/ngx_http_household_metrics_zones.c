
/*
 * Metrics of zones: the cache.  See ngx_http_household_metrics_page.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_metrics_page.h"


/* a series of a zone, or one for each kind; without a name: of the one above */

typedef struct {
    ngx_uint_t    counter;
    const char   *name;
    const char   *help;
    const char   *label;               /* NULL: none but the zone */
    const char   *value;
    ngx_uint_t    kinds;               /* unsigned  kinds:1; */
} ngx_http_household_metrics_cache_t;


/* a series of each zone that has a state file */

typedef struct {
    const char   *name;                /* NULL: of the one above */
    const char   *help;
    ngx_uint_t    type;
    const char   *result;
    size_t        offset;              /* in ngx_household_zone_stat_t */
} ngx_http_household_metrics_state_t;


static void ngx_http_household_metrics_zones_caches(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_zones_gauges(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_zones_states(
    ngx_http_household_metrics_page_t *page);
static void ngx_http_household_metrics_zones_state(
    ngx_http_household_metrics_page_t *page,
    ngx_http_household_metrics_state_t *m);


static const char  *ngx_http_household_metrics_kinds[] = {
    [NGX_HOUSEHOLD_ZONE_ACCOUNT] = "account",
    [NGX_HOUSEHOLD_ZONE_TOKEN] = "token",
    [NGX_HOUSEHOLD_ZONE_FLEET] = "fleet",
    [NGX_HOUSEHOLD_ZONE_PRESENCE] = "presence"
};


static ngx_http_household_metrics_cache_t
    ngx_http_household_metrics_cache[] =
{
    { NGX_HOUSEHOLD_ZONE_HITS, "cache_lookups_total",
      "Lookups in the zone", "result", "hit", 1 },
    { NGX_HOUSEHOLD_ZONE_MISSES, NULL, NULL, "result", "miss", 1 },
    { NGX_HOUSEHOLD_ZONE_REFETCHED, NULL, NULL, "result", "expired", 1 },
    { NGX_HOUSEHOLD_ZONE_UPDATING, NULL, NULL, "result", "updating", 1 },
    { NGX_HOUSEHOLD_ZONE_STALE, NULL, NULL, "result", "stale", 1 },

    { NGX_HOUSEHOLD_ZONE_STORED, "cache_inserts_total",
      "Values offered to the zone", "result", "stored", 1 },
    { NGX_HOUSEHOLD_ZONE_SUPERSEDED, NULL, NULL, "result", "superseded", 1 },
    { NGX_HOUSEHOLD_ZONE_TOO_BIG, NULL, NULL, "result", "too_large", 1 },

    { NGX_HOUSEHOLD_ZONE_EVICTED, "cache_evictions_total",
      "Entries evicted to make room", NULL, NULL, 1 },

    { NGX_HOUSEHOLD_ZONE_INVALIDATED, "cache_invalidations_total",
      "Invalidations", "scope", "key", 0 },
    { NGX_HOUSEHOLD_ZONE_NS_INVALIDATED, NULL, NULL, "scope", "namespace", 0 },
    { NGX_HOUSEHOLD_ZONE_FLUSHED, NULL, NULL, "scope", "flush", 0 },

    { NGX_HOUSEHOLD_ZONE_RESETS, "cache_resets_total",
      "Resets of the zone after the death of a process", NULL, NULL, 0 }
};


#define ngx_http_household_metrics_state_counter(counter)                     \
    (offsetof(ngx_household_zone_stat_t, counters)                            \
     + (counter) * sizeof(ngx_atomic_uint_t))


static ngx_http_household_metrics_state_t
    ngx_http_household_metrics_state[] =
{
    { "zone_state_saves_total", "Saves of the zone to its state file",
      NGX_HTTP_HOUSEHOLD_METRICS_COUNTER, "ok",
      ngx_http_household_metrics_state_counter(NGX_HOUSEHOLD_ZONE_SAVED) },

    { NULL, NULL, 0, "failed",
      ngx_http_household_metrics_state_counter(NGX_HOUSEHOLD_ZONE_NOT_SAVED) },

    { "zone_state_last_save_timestamp_seconds", "Time of the last save",
      NGX_HTTP_HOUSEHOLD_METRICS_GAUGE, NULL,
      offsetof(ngx_household_zone_stat_t, saved) },

    { "zone_state_restored_entries",
      "Entries that came from the state file at start",
      NGX_HTTP_HOUSEHOLD_METRICS_GAUGE, NULL,
      offsetof(ngx_household_zone_stat_t, restored) }
};


void
ngx_http_household_metrics_zones(ngx_http_household_metrics_page_t *page)
{
    ngx_http_household_metrics_zones_caches(page);
    ngx_http_household_metrics_zones_gauges(page);
    ngx_http_household_metrics_zones_states(page);
}


static void
ngx_http_household_metrics_zones_caches(ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                            i, k, z, kind, kinds, n;
    ngx_http_household_metrics_zone_t    *zone;
    ngx_http_household_metrics_cache_t   *m;
    ngx_http_household_metrics_labels_t   labels;

    zone = page->zones.elts;

    n = sizeof(ngx_http_household_metrics_cache)
        / sizeof(ngx_http_household_metrics_cache[0]);

    for (i = 0; i < n; i = k) {
        m = &ngx_http_household_metrics_cache[i];

        ngx_http_household_metrics_out_family(&page->out, m->name,
                                           NGX_HTTP_HOUSEHOLD_METRICS_COUNTER,
                                           m->help);

        k = i;

        do {
            m = &ngx_http_household_metrics_cache[k];
            kinds = m->kinds ? NGX_HOUSEHOLD_ZONE_KINDS : 1;

            for (z = 0; z < page->zones.nelts * kinds; z++) {

                kind = z % kinds;
                labels.n = 0;

                ngx_http_household_metrics_label(&labels, "zone",
                                &zone[z / kinds].zone->shm_zone->shm.name);

                if (m->kinds) {
                    ngx_http_household_metrics_label_text(&labels, "kind",
                                     ngx_http_household_metrics_kinds[kind]);
                }

                if (m->label) {
                    ngx_http_household_metrics_label_text(&labels, m->label,
                                                          m->value);
                }

                ngx_http_household_metrics_out_value(&page->out, &labels,
                    zone[z / kinds].stat.counters[m->kinds
                        ? ngx_household_zone_kind_counter(m->counter, kind)
                        : m->counter]);
            }

            k++;

        } while (k < n && ngx_http_household_metrics_cache[k].name == NULL);
    }
}


static void
ngx_http_household_metrics_zones_gauges(ngx_http_household_metrics_page_t *page)
{
    ngx_str_t                            *name;
    ngx_uint_t                            i, kind;
    ngx_http_household_metrics_zone_t    *zone;
    ngx_http_household_metrics_labels_t   labels;

    zone = page->zones.elts;

    ngx_http_household_metrics_out_family(&page->out, "cache_entries",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Entries in the zone");

    for (i = 0; i < page->zones.nelts; i++) {
        for (kind = 0; kind < NGX_HOUSEHOLD_ZONE_KINDS; kind++) {

            name = &zone[i].zone->shm_zone->shm.name;
            labels.n = 0;

            ngx_http_household_metrics_label(&labels, "zone", name);
            ngx_http_household_metrics_label_text(&labels, "kind",
                                     ngx_http_household_metrics_kinds[kind]);
            ngx_http_household_metrics_out_value(&page->out, &labels,
                                                 zone[i].stat.records[kind]);
        }
    }

    ngx_http_household_metrics_out_family(&page->out, "zone_size_bytes",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Memory for entries");

    for (i = 0; i < page->zones.nelts; i++) {
        labels.n = 0;
        ngx_http_household_metrics_label(&labels, "zone",
                                         &zone[i].zone->shm_zone->shm.name);
        ngx_http_household_metrics_out_value(&page->out, &labels,
                                             zone[i].stat.size);
    }

    ngx_http_household_metrics_out_family(&page->out, "zone_used_bytes",
                                          NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
                                          "Memory that entries occupy");

    for (i = 0; i < page->zones.nelts; i++) {
        labels.n = 0;
        ngx_http_household_metrics_label(&labels, "zone",
                                         &zone[i].zone->shm_zone->shm.name);
        ngx_http_household_metrics_out_value(&page->out, &labels,
                                             zone[i].stat.used);
    }
}


/* a page of zones without a state file has no series of it */

static void
ngx_http_household_metrics_zones_states(ngx_http_household_metrics_page_t *page)
{
    ngx_uint_t                           i, n;
    ngx_http_household_metrics_zone_t   *zone;
    ngx_http_household_metrics_state_t  *m;

    zone = page->zones.elts;

    for (i = 0; i < page->zones.nelts && zone[i].zone->state == NULL; i++) {
        /* void */
    }

    if (i == page->zones.nelts) {
        return;
    }

    m = ngx_http_household_metrics_state;
    n = sizeof(ngx_http_household_metrics_state)
        / sizeof(ngx_http_household_metrics_state[0]);

    for (i = 0; i < n; i++) {
        ngx_http_household_metrics_zones_state(page, &m[i]);
    }
}


static void
ngx_http_household_metrics_zones_state(ngx_http_household_metrics_page_t *page,
    ngx_http_household_metrics_state_t *m)
{
    u_char                               *p;
    ngx_uint_t                            i;
    ngx_http_household_metrics_zone_t    *zone;
    ngx_http_household_metrics_labels_t   labels;

    if (m->name != NULL) {
        ngx_http_household_metrics_out_family(&page->out, m->name, m->type,
                                              m->help);
    }

    zone = page->zones.elts;

    for (i = 0; i < page->zones.nelts; i++) {

        if (zone[i].zone->state == NULL) {
            continue;
        }

        labels.n = 0;
        ngx_http_household_metrics_label(&labels, "zone",
                                         &zone[i].zone->shm_zone->shm.name);

        if (m->result != NULL) {
            ngx_http_household_metrics_label_text(&labels, "result",
                                                  m->result);
        }

        p = (u_char *) &zone[i].stat + m->offset;

        ngx_http_household_metrics_out_value(&page->out, &labels,
                                             *(ngx_uint_t *) p);
    }
}
