
/*
 * The presence of an account, between requests, the zone and Redis.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_SHARING_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_SHARING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/*
 * ms: how long a presence is used after it was read, and after which part of
 * that it is read again while it is used
 */
#define NGX_HTTP_HOUSEHOLD_SHARING_AGE    300000
#define NGX_HTTP_HOUSEHOLD_SHARING_FRESH  150000


/* called when the presence that a request waits for has come, or failed */
typedef void (*ngx_http_household_sharing_pt)(ngx_http_household_ctx_t *ctx);


/* of a request in a location with "household_sharing on" */

struct ngx_http_household_sharing_s {
    ngx_household_presences_waiter_t  waiter;
    ngx_http_household_sharing_pt     handler;
    ngx_str_t                         bytes;   /* as they are stored */
    ngx_str_t                         updated; /* to be stored; or empty */
    ngx_str_t                         detail;  /* what was seen; or empty */
    ngx_household_presence_facts_t    facts;
    ngx_household_presence_answer_t   answer;
    unsigned                          known:1; /* "bytes" are */
    unsigned                          evaluated:1; /* "answer" is set */
};


/*
 * Creates the namespaces of presence, if any location needs them.  To be called
 * after ngx_http_household_cache_init().  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_sharing_init_cache(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf);

/*
 * Creates the reader of presence and the writer of events of a store in this
 * worker process, if they are configured.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_sharing_init_store(ngx_cycle_t *cycle,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_store_t *store);

/*
 * Finds the presence of ctx->account in the zone, or reads it from Redis.  In
 * the second case ngx_http_household_sharing_waits() returns 1, and "handler"
 * is called later.  To be called before the lookup of the record.  Returns
 * NGX_OK, or NGX_ERROR if memory allocation failed.
 */
ngx_int_t ngx_http_household_sharing_fetch(ngx_http_household_ctx_t *ctx,
    ngx_http_household_sharing_pt handler);

/* returns 1 if the request waits for the presence, else 0 */
ngx_uint_t ngx_http_household_sharing_waits(ngx_http_household_ctx_t *ctx);

/* does not wait for the presence any more; may be repeated */
void ngx_http_household_sharing_cancel(ngx_http_household_ctx_t *ctx);

/* drops the result, before the next evaluation */
void ngx_http_household_sharing_reset(ngx_http_household_ctx_t *ctx);

/* drops the presence: the next evaluation is of another account */
void ngx_http_household_sharing_forget(ngx_http_household_ctx_t *ctx);

/*
 * Evaluates the presence: sets facts->sharing, and the presence to be stored.
 * Returns NGX_OK, or NGX_ERROR if memory allocation failed.
 */
ngx_int_t ngx_http_household_sharing_evaluate(ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts);

/*
 * The first returns 1 if the verdict allows the presence to be stored, and it
 * has changed; else 0.  The second stores it.
 */
ngx_uint_t ngx_http_household_sharing_written(ngx_http_household_ctx_t *ctx);
void ngx_http_household_sharing_write(ngx_http_household_ctx_t *ctx);

/*
 * Sets the members that the record names, of "known" that is all zeros, in
 * memory of the pool.  Texts may point into the record.  Returns NGX_OK, or
 * NGX_ERROR if memory allocation failed.
 */
ngx_int_t ngx_http_household_sharing_members(ngx_pool_t *pool,
    const ngx_household_record_t *rec, ngx_household_presence_facts_t *known);

/* the fact that the verdict takes of an answer of the presence */
ngx_household_sharing_e ngx_http_household_sharing_fact(
    ngx_household_presence_reason_e reason);



#endif /* _NGX_HTTP_HOUSEHOLD_SHARING_H_INCLUDED_ */
