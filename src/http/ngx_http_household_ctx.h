
/*
 * The context of a request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CTX_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CTX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_memo.h"


typedef enum {
    NGX_HTTP_HOUSEHOLD_NEW = 0,
    NGX_HTTP_HOUSEHOLD_WAITING,        /* for a lookup, or the fleet's */
    NGX_HTTP_HOUSEHOLD_KNOWN,          /* record read, or failed */
    NGX_HTTP_HOUSEHOLD_DECIDED
} ngx_http_household_state_e;


/* $household_cache_status */

typedef enum {
    NGX_HTTP_HOUSEHOLD_CACHE_NONE = 0, /* no lookup */
    NGX_HTTP_HOUSEHOLD_CACHE_HIT,
    NGX_HTTP_HOUSEHOLD_CACHE_MISS,
    NGX_HTTP_HOUSEHOLD_CACHE_STALE,
    NGX_HTTP_HOUSEHOLD_CACHE_EXPIRED,  /* was not fresh, is fetched */
    NGX_HTTP_HOUSEHOLD_CACHE_UPDATING, /* is not fresh, is refreshed */
    NGX_HTTP_HOUSEHOLD_CACHE_BYPASS
} ngx_http_household_cache_e;


/* ctx->written: writes that were made for the request */
#define NGX_HTTP_HOUSEHOLD_WRITTEN_DEVICE   0x01
#define NGX_HTTP_HOUSEHOLD_WRITTEN_HOME     0x02
#define NGX_HTTP_HOUSEHOLD_WRITTEN_OUTSIDE  0x04
#define NGX_HTTP_HOUSEHOLD_WRITTEN_RETURN   0x08
#define NGX_HTTP_HOUSEHOLD_WRITTEN_LEFT     0x10
#define NGX_HTTP_HOUSEHOLD_WRITTEN_AWAY     0x20
#define NGX_HTTP_HOUSEHOLD_WRITTEN_PRESENCE 0x40
#define NGX_HTTP_HOUSEHOLD_WRITTEN_SEAT     0x80


/* ctx->reported: invalid values that were logged for the request */
#define NGX_HTTP_HOUSEHOLD_REPORTED_MODE    0x01
#define NGX_HTTP_HOUSEHOLD_REPORTED_ROLLOUT 0x02
#define NGX_HTTP_HOUSEHOLD_REPORTED_DEVICE  0x04


typedef struct ngx_http_household_sharing_s  ngx_http_household_sharing_t;
typedef struct ngx_http_household_wait_s  ngx_http_household_wait_t;


/*
 * The context of a main request; it survives internal redirects.  It keeps the
 * input of the evaluation: another location with the same input need not
 * evaluate the request again.
 */

typedef struct {
    ngx_pool_cleanup_t              cleanup;   /* of the request's pool */

    ngx_http_household_state_e      state;
    ngx_http_household_status_e     status;

    ngx_http_household_loc_conf_t  *conf;      /* of the evaluation */
    ngx_http_household_store_t     *store;
    struct sockaddr                *client;    /* another one after realip */
    ngx_uint_t                      configured; /* mode in nginx.conf */
    ngx_uint_t                      mode;      /* with the override */
    ngx_uint_t                      rollout;   /* in nginx.conf */

    ngx_str_t                       account;
    ngx_str_t                       device;
    int64_t                         issued_at;
    ngx_uint_t                      token;     /* identity is from one */
    uint64_t                        jti;       /* digests for the deny list */
    uint64_t                        kid;
    ngx_http_household_tokens_t     tokens;
    ngx_http_household_tokens_t     renewable; /* its token may be empty */
    uint64_t                        key;       /* of that token */
    ngx_str_t                       claims;    /* values of variables */
    ngx_uint_t                      reject_status; /* 401, 403, 503 */
    ngx_http_household_response_t  *response;  /* NULL: as for any token */

    ngx_http_request_t             *request;
    ngx_http_household_wait_t      *wait;      /* NULL: was not needed */
    ngx_msec_t                      elapsed;   /* in it */

    ngx_http_household_memo_found_t   memo;    /* for the account */
    ngx_http_household_memo_value_t  *held;    /* NULL: none */

    ngx_household_record_t         *record;    /* NULL: none */
    ngx_household_record_t         *stale;     /* for stale-if-error */
    ngx_http_household_cache_e      cache;
    ngx_household_reason_e          no_record; /* why there is none */
    ngx_household_reason_e          unauthorized; /* NONE, or why */
    ngx_http_household_sharing_t   *sharing;   /* NULL: off */
    ngx_household_decision_t        decision;
    ngx_http_household_offer_t     *offer;     /* NULL: no offer */
    ngx_str_t                       offer_url; /* evaluated */
    ngx_str_t                       verify_url; /* may be empty */
    ngx_str_t                       offer_state; /* empty: not made yet */
    u_char                          country[2]; /* of the client */

    ngx_household_counters_set_t   *counted;   /* where; or NULL */
    ngx_http_household_status_e     counted_status;
    ngx_household_reason_e          counted_reason;
    ngx_household_detail_e          counted_detail;

    ngx_household_verdict_e         shadow_verdict;
    ngx_household_reason_e          shadow_reason; /* NONE: no shadow */
    ngx_household_counters_set_t   *shadow_counted; /* where; or NULL */
    ngx_uint_t                      shadow_counter;

    ngx_uint_t                      written;   /* ..._WRITTEN_* */
    ngx_uint_t                      reported;  /* ..._REPORTED_* */
    ngx_uint_t                      uri_changes; /* when it was rejected */
    unsigned                        verified:1; /* the token, here */
    unsigned                        outdated:1; /* "stale" cannot deny */
    unsigned                        rejected:1; /* by 401, 403, 303, ... */
} ngx_http_household_ctx_t;


/* creates the context of a main request; NULL on allocation failure */
ngx_http_household_ctx_t *ngx_http_household_ctx_create(
    ngx_http_request_t *r);

/* returns the context of r->main, or NULL if there is none */
ngx_http_household_ctx_t *ngx_http_household_ctx_get(ngx_http_request_t *r);

/*
 * Returns 1 once for a request, whose values may be evaluated in several
 * locations, and for each kind of them (..._REPORTED_*).
 */
ngx_uint_t ngx_http_household_ctx_report(ngx_http_request_t *r,
    ngx_uint_t kind);


#endif /* _NGX_HTTP_HOUSEHOLD_CTX_H_INCLUDED_ */
