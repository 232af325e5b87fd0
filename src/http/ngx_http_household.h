
/*
 * What the files of the http layer share.
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
#include "ngx_household_redis_tracking.h"
#include "ngx_household_geo.h"
#include "ngx_household_hmac.h"
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


/* seconds that a signed state is good for, if nothing is said */
#define NGX_HTTP_HOUSEHOLD_STATE_VALID  600


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


/* counters of a zone, beyond those of the zone itself */

#define NGX_HTTP_HOUSEHOLD_COUNT_STATUS   NGX_HOUSEHOLD_ZONE_USER_COUNTERS
#define NGX_HTTP_HOUSEHOLD_COUNT_REASON                                       \
    (NGX_HTTP_HOUSEHOLD_COUNT_STATUS + NGX_HTTP_HOUSEHOLD_STATUSES)
#define NGX_HTTP_HOUSEHOLD_COUNT_DROPPED                                      \
    (NGX_HTTP_HOUSEHOLD_COUNT_REASON + NGX_HOUSEHOLD_REASONS)
#define NGX_HTTP_HOUSEHOLD_COUNT_GEO                                          \
    (NGX_HTTP_HOUSEHOLD_COUNT_DROPPED + 1)


/* $household_cache_status */

typedef enum {
    NGX_HTTP_HOUSEHOLD_CACHE_NONE = 0, /* nothing was looked up */
    NGX_HTTP_HOUSEHOLD_CACHE_HIT,
    NGX_HTTP_HOUSEHOLD_CACHE_MISS,
    NGX_HTTP_HOUSEHOLD_CACHE_STALE,
    NGX_HTTP_HOUSEHOLD_CACHE_EXPIRED,
    NGX_HTTP_HOUSEHOLD_CACHE_BYPASS
} ngx_http_household_cache_e;


/* "ssl" and "ssl_*" of a household_redis block, while it is read */

typedef struct {
    ngx_flag_t                    on;
    ngx_flag_t                    verify;
    ngx_int_t                     depth;
    ngx_uint_t                    protocols;
    ngx_str_t                     name;
    ngx_str_t                     trusted;
    ngx_str_t                     crl;
    ngx_str_t                     certificate;
    ngx_str_t                     key;
    ngx_str_t                     ciphers;
} ngx_http_household_redis_ssl_t;


/* a household_redis block and, in a worker, what is connected to it */

typedef struct {
    ngx_household_redis_options_t    conf;

    /* where it was first named, for the message if it is never defined */
    u_char                          *file;
    ngx_uint_t                       line;
    ngx_uint_t                       defined;

    ngx_array_t                     *stores;    /* all, of the configuration */

    /* of a worker */
    ngx_household_redis_t           *redis;
    ngx_household_redis_tracking_t  *tracking;  /* in one of them */
    ngx_household_log_limit_t        flushed;   /* as is logged */
} ngx_http_household_redis_t;


/* household:control, as it was last known */

typedef struct {
    uint32_t                      mode;        /* ON: it does not loosen */
    uint32_t                      rollout;
} ngx_http_household_override_value_t;


typedef struct {
    ngx_http_household_override_value_t   value;
    ngx_msec_t                            checked;
    ngx_msec_t                            queried;
    uint64_t                              generation;
    unsigned                              known:1;
    unsigned                              fetching:1;
    unsigned                              again:1;   /* changed meanwhile */
    unsigned                              answered:1;
} ngx_http_household_override_t;


/* a household_store: a deployment, and the zone that keeps its records */

typedef struct {
    ngx_http_household_redis_t     *redis;
    ngx_household_zone_t           *zone;   /* NULL: nothing is kept */
    ngx_household_zone_ns_t        *cache;  /* within the zone */
    ngx_household_zone_ns_t        *override_cache;

    ngx_msec_t                      fresh;
    ngx_msec_t                      missing;
    ngx_msec_t                      stale;

    ngx_household_lookup_cache_t    keeper;

    /* of a worker */
    ngx_household_lookups_t        *lookups;
    ngx_household_writer_t         *notes;
    ngx_http_household_override_t   override;
} ngx_http_household_store_t;


typedef struct {
    ngx_array_t                   redis;  /* ngx_http_household_redis_t * */
    ngx_array_t                   stores; /* ngx_http_household_store_t * */
    ngx_household_geo_t          *geo;    /* NULL: no database */
    ngx_household_hmac_t         *hmac;   /* NULL: no key */
    time_t                        state_valid; /* seconds */
} ngx_http_household_main_conf_t;


/* a text with variables: see ngx_http_household_value() */

typedef struct {
    ngx_http_complex_value_t      complex;
    ngx_int_t                     index;  /* of the variable that is all */
} ngx_http_household_value_t;


typedef struct {
    u_char                        country[2];  /* zeros: default */
    ngx_str_t                     price;       /* e.g. 5.99; may be empty */
    ngx_str_t                     currency;    /* ISO 4217; may be empty */
    ngx_http_complex_value_t      url;
} ngx_http_household_offer_t;


typedef struct {
    ngx_uint_t                        mode;       /* NGX_HOUSEHOLD_OFF, ... */
    ngx_http_complex_value_t         *mode_value; /* instead, where variable */
    u_char                           *mode_file;  /* of "household" */
    ngx_uint_t                        mode_line;

    ngx_http_household_store_t       *store;

    ngx_http_household_value_t       *account;
    ngx_http_household_value_t       *device;
    ngx_http_complex_value_t         *issued_at;
    ngx_http_household_token_conf_t   token;      /* or this, not both */

    ngx_uint_t                        action;
    ngx_array_t                      *offers;     /* ..._offer_t */
    ngx_uint_t                        log_level;

    ngx_uint_t                        unavailable;
    ngx_uint_t                        unregistered;
    ngx_uint_t                        family_unknown;
    ngx_int_t                         ipv6_prefix;
    time_t                            trusted_device;
    time_t                            grace;
    ngx_array_t                      *enforce_in; /* u_char[2] */
    ngx_uint_t                        rollout;
    ngx_http_complex_value_t         *rollout_value;

    ngx_household_zone_t             *status_zone; /* of household_status */
} ngx_http_household_loc_conf_t;


typedef enum {
    NGX_HTTP_HOUSEHOLD_NEW = 0,
    NGX_HTTP_HOUSEHOLD_WAITING,        /* for the lookup */
    NGX_HTTP_HOUSEHOLD_KNOWN,          /* all that will be known is */
    NGX_HTTP_HOUSEHOLD_DECIDED
} ngx_http_household_state_e;


/* of a main request; found again after an internal redirect */

typedef struct {
    ngx_http_household_state_e    state;
    ngx_http_household_status_e   status;
    ngx_uint_t                    mode;

    ngx_str_t                     account;
    ngx_str_t                     device;
    int64_t                       issued_at;
    ngx_uint_t                    token;       /* they come from a token */
    ngx_str_t                     raw_token;

    ngx_http_request_t           *request;
    ngx_household_waiter_t        waiter;
    ngx_event_t                   resume;      /* after the lookup */
    ngx_msec_t                    started;
    ngx_msec_t                    elapsed;

    ngx_household_record_t       *record;      /* NULL: nothing is known */
    ngx_household_record_t       *stale;       /* to serve if need be */
    ngx_http_household_cache_e    cache;
    ngx_household_reason_e        unknown;     /* why it is NULL */
    ngx_household_reason_e        unauthorized; /* NONE, or why */
    ngx_household_decision_t      decision;
    ngx_http_household_offer_t   *offer;       /* NULL: none is made */
    u_char                        country[2];  /* of the viewer */

    unsigned                      refused:1;   /* 401, 403 or 303 was given */
} ngx_http_household_ctx_t;


extern ngx_module_t  ngx_http_household_module;


/* ngx_http_household_conf.c: what the directives need beyond nginx's slots */

void *ngx_http_household_create_main_conf(ngx_conf_t *cf);
char *ngx_http_household_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_household_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_household_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

char *ngx_http_household_set_mode(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_offer(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_enforce_in(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_rollout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Parses "off", "monitor" or "on".  Returns NGX_OK, or NGX_DECLINED if the
 * text is none of them.
 */
ngx_int_t ngx_http_household_conf_parse_mode(ngx_str_t *text, ngx_uint_t *mode);

/*
 * Parses "25%" or "0.5%", 0-100 with at most two decimals, the sign optional,
 * to hundredths of a percent.  Returns NGX_OK or NGX_DECLINED.
 */
ngx_int_t ngx_http_household_conf_parse_percent(ngx_str_t *text,
    ngx_uint_t *percent);


/* ngx_http_household_conf_slot.c: nginx's slots, with more to say */

char *ngx_http_household_set_enum(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_sec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_msec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_num(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_household_set_bitmask(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_household_set_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* compiles a text with variables; NGX_OK, or NGX_ERROR, which is logged */
ngx_int_t ngx_http_household_value_compile(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_household_value_t *text);

/*
 * Evaluates it; what is not found is empty.  "value" is good for as long as
 * the request.  Returns NGX_OK, or NGX_ERROR if memory is short.
 */
ngx_int_t ngx_http_household_value(ngx_http_request_t *r,
    ngx_http_household_value_t *text, ngx_str_t *value);

/* compiles a text with variables; NGX_OK, or NGX_ERROR, which is logged */
ngx_int_t ngx_http_household_value_compile_complex(ngx_conf_t *cf,
    ngx_str_t *text, ngx_http_complex_value_t *value);

/* logs that a parameter is invalid; returns NGX_CONF_ERROR */
char *ngx_http_household_conf_invalid(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *value);


/* ngx_http_household_conf_file.c: files that directives name */

/*
 * Reads a whole file of at most "max" bytes; the name is taken as nginx takes
 * those of its own directives.  Returns NGX_OK, or NGX_ERROR when the error
 * has been logged.
 */
ngx_int_t ngx_http_household_conf_read_file(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *file, size_t max, ngx_str_t *text);

/*
 * Reads the first line of a file, without its end, which keeps a secret out
 * of nginx.conf.  An empty one is an error.  Returns as above.
 */
ngx_int_t ngx_http_household_conf_read_secret(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_str_t *file, ngx_str_t *secret);

char *ngx_http_household_set_hmac_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_geoip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_household_conf_redis.c: the household_redis block */

char *ngx_http_household_redis_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Finds the deployment of that name, or makes room for it: it may be defined
 * further down.  Returns NULL if memory is short.
 */
ngx_http_household_redis_t *ngx_http_household_redis_find_or_add(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_str_t *name);


/*
 * When all has been read: takes the resolver of http {}, which a server with
 * "resolve" requires.
 */
char *ngx_http_household_redis_resolver(ngx_conf_t *cf,
    ngx_http_household_redis_t *store);


/* ngx_http_household_conf_ssl.c: TLS in the household_redis block */

extern ngx_command_t  ngx_http_household_redis_ssl_commands[];

void ngx_http_household_redis_ssl_unset(ngx_http_household_redis_ssl_t *ssl);

/* checks what was set, and makes rcf->ssl_ctx of it */
char *ngx_http_household_redis_ssl_init(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl);


/* ngx_http_household_load.c: whether this nginx may load the module */

/* nonzero in a process that has connections and timers of a configuration */
extern ngx_uint_t  ngx_http_household_started;

/*
 * Refuses a reload that would leave the process in pieces: one that does not
 * load the file of the module again, or one with "master_process off".
 * Returns NGX_OK, or NGX_ERROR, which is logged.
 */
ngx_int_t ngx_http_household_check_reload(ngx_conf_t *cf);

/* logs which versions run */
ngx_int_t ngx_http_household_init_module(ngx_cycle_t *cycle);


/* ngx_http_household_cache.c: the zone between requests and lookups */

/*
 * Gives every store of the configuration its part of its zone.  Returns
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_cache_init(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf);

/*
 * Looks ctx->account up.  Returns NGX_OK with ctx->record, which may be
 * served; NGX_DECLINED if the store must be asked, with ctx->stale if that
 * may serve should the store be away; NGX_ERROR if memory is short.  Sets
 * ctx->cache.
 */
ngx_int_t ngx_http_household_cache_get(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);

/* serves ctx->stale, if there is one, because the store is away */
void ngx_http_household_cache_stale(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx);


/* ngx_http_household_invalidate.c: from changes in Redis to zones */

/*
 * Has the zones told of changes in a deployment, if that is this worker's
 * part.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_invalidate_start(ngx_cycle_t *cycle,
    ngx_http_household_redis_t *redis);


/* ngx_http_household_override.c: the fleet-wide brake */

/* the brake's key, after the prefix, and its id in a zone */
#define NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY  "control"


/*
 * Takes note of the brake, and asks the store for it again if need be: before
 * the lookup of an account, so that its answer comes first.
 */
void ngx_http_household_override_refresh(ngx_http_household_store_t *store);

/* the hash is another one: fetches it into the zone of the store */
void ngx_http_household_override_changed(ngx_http_household_store_t *store);

/* loosens "mode" and "rollout" by what is known of the brake */
void ngx_http_household_override_apply(ngx_http_household_store_t *store,
    ngx_uint_t *mode, ngx_uint_t *rollout);


/* ngx_http_household_effects.c: what a verdict leaves behind */

/* writes what ctx->decision says is to be noted */
void ngx_http_household_effects(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/* counts a request that was judged */
void ngx_http_household_effects_count(ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx);

/* counts a note that was not written; "data" is the store */
void ngx_http_household_effects_write_dropped(void *data);


/* ngx_http_household_metrics.c: the page of counters */

char *ngx_http_household_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_household_identity.c: who asks */

/*
 * Finds the token of a request, and takes it out where that is wanted: before
 * anything else, and whatever the verdict.  After an internal redirect it is
 * not there any more, and the one found before counts.  Sets ctx->raw_token,
 * or ctx->unauthorized.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_identity_extract_token(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/*
 * Sets ctx->account and ctx->device, or ctx->unauthorized.  Returns NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_household_identity_find(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);


/* ngx_http_household_access.c: the way of a request */

ngx_int_t ngx_http_household_access_handler(ngx_http_request_t *r);

/* the context of r's main request, or NULL if it was not judged */
ngx_http_household_ctx_t *ngx_http_household_get_ctx(ngx_http_request_t *r);


/* ngx_http_household_answer.c */

/*
 * Answers a refused request by ctx->decision.  Returns what the access
 * handler is to return.
 */
ngx_int_t ngx_http_household_answer_refuse(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx);

/*
 * Finds the offer to make to a viewer: the one for "country" (zeros: unknown)
 * if a seat is free, else the default one.  Returns NULL if there is none.
 */
ngx_http_household_offer_t *ngx_http_household_answer_find_offer(
    ngx_http_household_loc_conf_t *hlcf, const u_char *country,
    ngx_uint_t seat);

/*
 * The offer's url for this request, safe in a header: whatever cannot stand
 * in a URI (RFC 3986) is percent-encoded.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_answer_offer_url(ngx_http_request_t *r,
    ngx_http_household_offer_t *offer, ngx_str_t *url);


/* ngx_http_household_variables.c */

ngx_int_t ngx_http_household_add_variables(ngx_conf_t *cf);

/* the word of a status, e.g. "ALLOWED"; static memory */
ngx_str_t *ngx_http_household_status_name(
    ngx_http_household_status_e status);


#endif /* _NGX_HTTP_HOUSEHOLD_H_INCLUDED_ */
