
/*
 * The context of a request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CTX_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CTX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


typedef enum {
    NGX_HTTP_HOUSEHOLD_NEW = 0,
    NGX_HTTP_HOUSEHOLD_WAITING,        /* for the lookup */
    NGX_HTTP_HOUSEHOLD_KNOWN,          /* all that will be known is */
    NGX_HTTP_HOUSEHOLD_DECIDED
} ngx_http_household_state_e;


/* $household_cache_status */

typedef enum {
    NGX_HTTP_HOUSEHOLD_CACHE_NONE = 0, /* nothing was looked up */
    NGX_HTTP_HOUSEHOLD_CACHE_HIT,
    NGX_HTTP_HOUSEHOLD_CACHE_MISS,
    NGX_HTTP_HOUSEHOLD_CACHE_STALE,
    NGX_HTTP_HOUSEHOLD_CACHE_EXPIRED,
    NGX_HTTP_HOUSEHOLD_CACHE_BYPASS
} ngx_http_household_cache_e;


/* writes that were made for a request: ngx_http_household_ctx_t.written */
#define NGX_HTTP_HOUSEHOLD_WRITTEN_DEVICE   0x01
#define NGX_HTTP_HOUSEHOLD_WRITTEN_HOME     0x02
#define NGX_HTTP_HOUSEHOLD_WRITTEN_OUTSIDE  0x04
#define NGX_HTTP_HOUSEHOLD_WRITTEN_RETURN   0x08
#define NGX_HTTP_HOUSEHOLD_WRITTEN_LEFT     0x10


/*
 * Of a main request; found again after an internal redirect.  What it was
 * judged by is kept, as a second place that would judge it alike need not.
 */

typedef struct {
    ngx_http_household_state_e      state;
    ngx_http_household_status_e     status;

    ngx_http_household_loc_conf_t  *conf;      /* of the place; NULL: none */
    ngx_http_household_store_t     *store;
    ngx_uint_t                      configured; /* mode, by nginx.conf */
    ngx_uint_t                      mode;      /* with the override */
    ngx_uint_t                      rollout;   /* by nginx.conf */

    ngx_str_t                       account;
    ngx_str_t                       device;
    int64_t                         issued_at;
    ngx_uint_t                      token;     /* they come from a token */
    ngx_str_t                       raw_token;

    ngx_http_request_t             *request;
    ngx_household_waiter_t          waiter;
    ngx_event_t                     resume;    /* after the lookup */
    ngx_msec_t                      started;
    ngx_msec_t                      elapsed;

    ngx_household_record_t         *record;    /* NULL: nothing is known */
    ngx_household_record_t         *stale;     /* to serve if need be */
    ngx_http_household_cache_e      cache;
    ngx_household_reason_e          unknown;   /* why it is NULL */
    ngx_household_reason_e          unauthorized; /* NONE, or why */
    ngx_household_decision_t        decision;
    ngx_http_household_offer_t     *offer;     /* NULL: none is made */
    ngx_str_t                       offer_url; /* its url, if there is one */
    u_char                          country[2]; /* of the viewer */

    ngx_household_zone_t           *counted;   /* where; NULL: not yet */
    ngx_http_household_status_e     counted_status;
    ngx_household_reason_e          counted_reason;

    ngx_uint_t                      written;   /* ..._WRITTEN_* */
    ngx_uint_t                      uri_changes; /* at the refusal */
    unsigned                        refused:1; /* 401, 403 or 303 was given */
} ngx_http_household_ctx_t;


/* makes the context of a main request; NULL if memory is short */
ngx_http_household_ctx_t *ngx_http_household_ctx_create(
    ngx_http_request_t *r);

/* the context of r's main request, or NULL if it was not judged */
ngx_http_household_ctx_t *ngx_http_household_ctx_get(ngx_http_request_t *r);


#endif /* _NGX_HTTP_HOUSEHOLD_CTX_H_INCLUDED_ */
