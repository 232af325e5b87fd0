
/*
 * The fleet-wide override (kill switch).
 */


#ifndef _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* the key without its prefix; also the id in the zone */
#define NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY  "control"


/* something that waits for the first value; zeroed, but for the first two */

typedef struct {
    void                        (*handler)(void *data);
    void                         *data;

    ngx_http_household_store_t   *store; /* NULL: not waiting */
    ngx_queue_t                   queue;
} ngx_http_household_override_waiter_t;


void ngx_http_household_override_init(ngx_http_household_store_t *store);

/*
 * Reads the override from the cache, and starts a fetch if it is not fresh.
 * Called before the lookup of the account, so that its reply comes first.
 */
void ngx_http_household_override_refresh(ngx_http_household_store_t *store);

/*
 * Waits for the fetch if no value is known yet.  The handler is called once,
 * within the deployment's timeout, with or without a value.  Returns NGX_AGAIN;
 * or NGX_OK if there is nothing to wait for: a value is known, or cannot be
 * fetched.
 */
ngx_int_t ngx_http_household_override_wait(ngx_http_household_store_t *store,
    ngx_http_household_override_waiter_t *waiter);

/* may be repeated; the handler is not called */
void ngx_http_household_override_cancel(
    ngx_http_household_override_waiter_t *waiter);

/* the hash was invalidated: fetches it into the zone of the store */
void ngx_http_household_override_changed(ngx_http_household_store_t *store);

/* applies the override; it only loosens "mode" and "rollout" */
void ngx_http_household_override_apply(ngx_http_household_store_t *store,
    ngx_uint_t *mode, ngx_uint_t *rollout);


#endif /* _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_ */
