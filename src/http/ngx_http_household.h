
/*
 * The configuration of the module, which all files of the http layer share.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_decide.h"
#include "ngx_household_redis.h"
#include "ngx_household_lookup.h"
#include "ngx_household_zone.h"
#include "ngx_household_writer.h"
#include "ngx_household_presences.h"
#include "ngx_household_events.h"
#include "ngx_household_redis_tracking.h"
#include "ngx_household_redis_servers.h"
#include "ngx_household_counters.h"
#include "ngx_household_geo.h"
#include "ngx_household_hmac.h"
#include "ngx_http_household_value.h"
#include "ngx_http_household_token.h"


#define NGX_HTTP_HOUSEHOLD_VERSION   "0.1.0"


/* in nginx an array, in Angie a list */

#if (NGX_HTTP_HOUSEHOLD_RESOLVER_ARRAY)
#define ngx_http_household_is_resolver(r)                                    \
    ((r) != NULL && (r)->connections.nelts)
#else
#define ngx_http_household_is_resolver(r)                                    \
    ((r) != NULL && (r)->connections != NULL)
#endif


/* "household_action" */
#define NGX_HTTP_HOUSEHOLD_AUTO      0
#define NGX_HTTP_HOUSEHOLD_403       1
#define NGX_HTTP_HOUSEHOLD_REDIRECT  2


/* "household_preflight" */
#define NGX_HTTP_HOUSEHOLD_PREFLIGHT_ANSWER  0
#define NGX_HTTP_HOUSEHOLD_PREFLIGHT_PASS    1


/* default lifetime of the state of an offer, in seconds */
#define NGX_HTTP_HOUSEHOLD_STATE_VALID  600

/* days that a household has to be seen at a network to be at home there */
#define NGX_HTTP_HOUSEHOLD_LEARN_DAYS   3


/* $household_status */

typedef enum {
    NGX_HTTP_HOUSEHOLD_NONE = 0,
    NGX_HTTP_HOUSEHOLD_ALLOWED,
    NGX_HTTP_HOUSEHOLD_DENIED,
    NGX_HTTP_HOUSEHOLD_OFFERED,
    NGX_HTTP_HOUSEHOLD_UNAUTHORIZED,
    NGX_HTTP_HOUSEHOLD_MONITORED,
    NGX_HTTP_HOUSEHOLD_UNAVAILABLE,
    NGX_HTTP_HOUSEHOLD_BYPASSED,

    NGX_HTTP_HOUSEHOLD_STATUSES
} ngx_http_household_status_e;


/* a household_redis block and, in a worker process, its connections */

typedef struct {
    ngx_household_redis_options_t    conf;

    /* of the first reference: for the error if there is no such block */
    ngx_str_t                        directive;
    u_char                          *file;
    ngx_uint_t                       line;
    ngx_uint_t                       defined;

    ngx_array_t                     *stores;    /* all of the configuration */
    ngx_household_redis_tracked_t   *tracked;   /* NULL: nothing is cached */

    /* of a worker process */
    ngx_household_redis_t           *redis;
    ngx_household_redis_tracking_t  *tracking;  /* of one worker */
    ngx_household_log_limit_t        flushed;   /* limits log lines */
    ngx_household_redis_publisher_t  publisher; /* of its servers */

    ngx_household_counters_set_t    *counts;    /* NULL: no store */
} ngx_http_household_redis_t;


typedef struct ngx_http_household_store_s  ngx_http_household_store_t;
typedef struct ngx_http_household_fleet_s  ngx_http_household_fleet_t;


/* values of the whole fleet, see ngx_http_household_fleet.h */

#define NGX_HTTP_HOUSEHOLD_FLEET_OVERRIDE  0   /* household:control */
#define NGX_HTTP_HOUSEHOLD_FLEET_DENIED    1   /* household:denied */
#define NGX_HTTP_HOUSEHOLD_FLEET_CANARY    2   /* household:{A}:account */
#define NGX_HTTP_HOUSEHOLD_FLEETS          3

/* the first ones, which verdicts wait for */
#define NGX_HTTP_HOUSEHOLD_FLEETS_AWAITED  2


typedef struct {
    ngx_str_t                       key;   /* without its prefix; also the
                                              id in the zone */
    const char                     *event; /* of the fetch, in the log */
    size_t                          size;  /* of the value at most */

    /*
     * Decodes the hash to "value", which has "size" bytes.  Returns the bytes
     * that are used; or NGX_ERROR, and the former value stays.
     */
    ssize_t                       (*decode)(ngx_http_household_fleet_t *fleet,
                                            ngx_household_resp_reply_t *reply,
                                            void *value);

    /* the value that Redis has is about to replace the last one; or NULL */
    void                          (*fetched)(ngx_http_household_fleet_t *fleet,
                                             void *value);
} ngx_http_household_fleet_type_t;


struct ngx_http_household_fleet_s {
    const ngx_http_household_fleet_type_t  *type; /* NULL: unused */
    ngx_http_household_store_t             *store;
    void                                   *value; /* the last one */
    size_t                                  len;

    ngx_household_zone_mark_t               mark; /* if "marked" */
    ngx_msec_t                              checked;
    ngx_msec_t                              queried; /* last reply */
    uint64_t                                generation;
    ngx_household_redis_op_t               *fetch; /* NULL: none */
    void                                   *fetched; /* its value, or NULL */
    size_t                                  nfetched;
    ngx_queue_t                             waiters; /* of the fetch */
    unsigned                                known:1; /* not of before a gap */
    unsigned                                rejected:1; /* by an error reply */
    unsigned                                again:1; /* changed meanwhile */
    unsigned                                marked:1; /* it is of the zone */
    unsigned                                missing:1; /* no such key */
};


typedef struct {
    uint32_t                        mode;  /* ON: no override */
    uint32_t                        rollout;
} ngx_http_household_override_t;


/* household_store: a deployment and the zone that caches its records */

struct ngx_http_household_store_s {
    ngx_http_household_redis_t     *redis;
    ngx_household_zone_t           *zone;   /* NULL: no cache */
    ngx_household_zone_ns_t        *cache;  /* its namespace */
    ngx_household_zone_ns_t        *fleet_cache;
    ngx_household_zone_ns_t        *presence_cache;
    ngx_household_counters_set_t   *counts;

    ngx_uint_t                      devices; /* unsigned  devices:1; known */

    ngx_str_t                       canary; /* an account; empty: none */

    ngx_msec_t                      fresh;
    ngx_msec_t                      missing;
    ngx_msec_t                      stale;

    ngx_household_lookup_cache_t    lookup_cache;
    ngx_household_lookup_counts_t   lookup_counts;
    ngx_household_presences_cache_t presences_cache;

    /* of a worker process */
    ngx_household_lookups_t        *lookups;
    ngx_household_writer_t         *writer;
    ngx_household_presences_t      *presences; /* NULL: unused */
    ngx_household_events_t         *events;    /* NULL: unused */
    ngx_http_household_fleet_t      fleet[NGX_HTTP_HOUSEHOLD_FLEETS];
    ngx_http_household_override_t   override;
    ngx_uint_t                      denied_ignored; /* as last reported */
    ngx_uint_t                      denied_malformed;
};


typedef struct ngx_http_household_loc_conf_s  ngx_http_household_loc_conf_t;


/* a household_policy block */

typedef struct {
    ngx_str_t                       name;
    ngx_http_household_loc_conf_t  *conf;   /* not merged; NULL: undefined */

    /* of the first reference */
    u_char                         *file;
    ngx_uint_t                      line;
} ngx_http_household_named_policy_t;


/* household_shadow: that policy, with what it takes from the location */

typedef struct {
    ngx_str_t                       name;
    ngx_http_household_store_t     *store;
    ngx_household_policy_t          policy;
    ngx_household_counters_set_t   *counts;
    unsigned                        without_sharing:1;
    unsigned                        own_rollout:1;
} ngx_http_household_shadow_t;


/* what a location most probably lacks */

typedef enum {
    NGX_HTTP_HOUSEHOLD_WARNING_ACCOUNT = 0,
    NGX_HTTP_HOUSEHOLD_WARNING_ONE_DEVICE,
    NGX_HTTP_HOUSEHOLD_WARNING_DEVICE,
    NGX_HTTP_HOUSEHOLD_WARNING_OFFER,
    NGX_HTTP_HOUSEHOLD_WARNING_SHARING,
    NGX_HTTP_HOUSEHOLD_WARNINGS
} ngx_http_household_warning_e;


typedef struct {
    u_char                       *file;
    ngx_uint_t                    line;
} ngx_http_household_warned_t;


typedef struct {
    time_t                        loaded; /* when it was read */
    ngx_array_t                   redis;  /* ngx_http_household_redis_t * */
    ngx_array_t                   stores; /* ngx_http_household_store_t * */
    ngx_array_t                   zones;  /* ngx_household_zone_t * */
    ngx_array_t                   tokens; /* ..._token_conf_t * */
    ngx_array_t                   claims; /* ngx_str_t: those used */
    ngx_array_t                   keysets; /* ngx_household_keyset_t * */
    ngx_rbtree_t                  keys;   /* of files, by their text */
    ngx_rbtree_node_t             keys_sentinel;
    ngx_array_t                   policies; /* ..._named_policy_t * */
    ngx_array_t                   shadows; /* ..._shadow_t *: counters */
    ngx_household_geo_t          *geo;    /* NULL: no database */
    ngx_household_hmac_t         *hmac;   /* NULL: no key */
    time_t                        state_valid; /* seconds */

    ngx_household_counters_t     *counters; /* NULL: no store */
    ngx_household_redis_servers_t  *servers; /* likewise */

    /* the directive "household" that each warning was last logged for */
    ngx_http_household_warned_t   warned[NGX_HTTP_HOUSEHOLD_WARNINGS];

    ngx_uint_t                    postponed; /* in a worker: times */
    ngx_uint_t                    sharing; /* unsigned  sharing:1; used */
    ngx_uint_t                    events;  /* unsigned  events:1; used */
} ngx_http_household_main_conf_t;


/* reasons of denials that come with an offer */
#define NGX_HTTP_HOUSEHOLD_OFFER_REASONS  2


typedef struct {
    u_char                        country[2];  /* zeros: default */

    /* if "fixed": what a response needs, made at configuration time */
    ngx_uint_t                    fixed; /* unsigned  fixed:1; no variables */
    ngx_str_t                     fixed_url;
    ngx_str_t                     fixed_verify;
    ngx_str_t                     link;        /* field */

    /* by reason, without and with a free seat; see ..._problem_prepare() */
    ngx_str_t                     documents[NGX_HTTP_HOUSEHOLD_OFFER_REASONS]
                                           [2];

    ngx_str_t                     price;       /* e.g. 5.99; may be empty */
    ngx_str_t                     currency;    /* ISO 4217; may be empty */
    ngx_http_complex_value_t      url;
    ngx_http_complex_value_t      verify;      /* empty: no such page */
} ngx_http_household_offer_t;


/* the error of a second content handler of a location */
#define NGX_HTTP_HOUSEHOLD_ONE_CONTENT                                        \
    "is not allowed: \"household_api\", \"household_dashboard\" and "         \
    "\"household_metrics\" need a location each"


typedef struct ngx_http_household_api_conf_s  ngx_http_household_api_conf_t;
typedef struct ngx_http_household_api_audit_s  ngx_http_household_api_audit_t;


struct ngx_http_household_loc_conf_s {
    ngx_uint_t                        mode;       /* NGX_HOUSEHOLD_OFF, ... */
    ngx_http_complex_value_t         *mode_value; /* NULL: no variables */
    u_char                           *mode_file;  /* of "household" */
    ngx_uint_t                        mode_line;

    ngx_http_household_store_t       *store;

    ngx_http_household_value_t       *account;
    ngx_http_household_value_t       *device;
    ngx_http_household_value_t       *offer_state; /* brought back */
    ngx_http_complex_value_t         *issued_at;
    ngx_http_household_token_conf_t   token;      /* excludes account */

    ngx_uint_t                        preflight;
    ngx_uint_t                        action;
    ngx_array_t                      *offers;     /* ..._offer_t */
    ngx_http_household_offer_t       *offer_default; /* of them; NULL: none */
    ngx_uint_t                        log_level;

    ngx_uint_t                        unavailable;
    ngx_uint_t                        unregistered;
    ngx_uint_t                        learn_days;
    ngx_uint_t                        family_unknown;
    ngx_int_t                         ipv6_prefix;
    time_t                            trusted_device;
    time_t                            grace;
    ngx_uint_t                        away_days;
    ngx_uint_t                        away_period;
    ngx_array_t                      *enforce_in; /* u_char[2] */
    ngx_uint_t                        rollout;
    ngx_http_complex_value_t         *rollout_value;

    ngx_household_presence_params_t  *sharing;    /* NULL: off */
    time_t                            activity;   /* seconds */
    ngx_uint_t                        events;     /* stream length; 0: off */

    ngx_http_household_named_policy_t  *shadow_policy; /* NULL: off */
    ngx_http_household_shadow_t      *shadow;     /* of it; NULL: off */

    ngx_uint_t                        metrics;    /* unsigned  metrics:1; */
    ngx_household_zone_t             *metrics_zone; /* NULL: all */
    ngx_uint_t                        dashboard; /* unsigned  dashboard:1; */
    ngx_str_t                         dashboard_api; /* URI; or empty */
    ngx_http_household_api_conf_t    *api;        /* NULL: no "household_api" */
    ngx_http_household_api_audit_t   *audit;      /* NULL: off */

    /* of household_metrics, _dashboard or _api; NULL: none of them */
    ngx_http_handler_pt               content;
};


extern ngx_module_t  ngx_http_household_module;


#endif /* _NGX_HTTP_HOUSEHOLD_H_INCLUDED_ */
