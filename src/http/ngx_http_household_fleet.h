
/*
 * Values of Redis that all requests of a store share: the override, the deny
 * list, and the canary.  Each is a hash below the key prefix.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_FLEET_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_FLEET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* something that waits for the first value; zeroed, but for the first two */

typedef struct {
    void                        (*handler)(void *data);
    void                         *data;

    ngx_http_household_fleet_t   *fleet; /* NULL: not waiting */
    ngx_queue_t                   queue;
} ngx_http_household_fleet_waiter_t;


/*
 * Prepares a value at configuration time.  "value" has type->size bytes, is
 * aligned for the decoded value, and holds the one that applies until Redis
 * has answered.
 */
void ngx_http_household_fleet_init(ngx_http_household_fleet_t *fleet,
    ngx_http_household_store_t *store,
    const ngx_http_household_fleet_type_t *type, void *value);

/* for ngx_http_household_fleet_refresh() */
void ngx_http_household_fleet_refresh_now(ngx_http_household_fleet_t *fleet);

/*
 * Reads the value from the zone, at most once per ms, and starts a fetch if it
 * is not fresh.  Called before the lookup of the account, so that its reply
 * comes first.
 */
static ngx_inline void
ngx_http_household_fleet_refresh(ngx_http_household_fleet_t *fleet)
{
    if (fleet->checked != ngx_current_msec) {
        ngx_http_household_fleet_refresh_now(fleet);
    }
}

/* 1 if no value is known yet, and one is being fetched */
#define ngx_http_household_fleet_pending(fleet)                               \
    (!(fleet)->known && (fleet)->fetch != NULL)

/*
 * Waits for the fetch if no value is known yet.  The handler is called once,
 * within the deployment's timeout, with or without a value.  Returns NGX_AGAIN;
 * or NGX_OK if there is nothing to wait for: a value is known, or cannot be
 * fetched.
 */
ngx_int_t ngx_http_household_fleet_wait(ngx_http_household_fleet_t *fleet,
    ngx_http_household_fleet_waiter_t *waiter);

/* may be repeated; the handler is not called */
void ngx_http_household_fleet_cancel(
    ngx_http_household_fleet_waiter_t *waiter);

/*
 * Finds the value whose key is "name", without the prefix.  Returns NULL if
 * the store uses no such value.
 */
ngx_http_household_fleet_t *ngx_http_household_fleet_find(
    ngx_http_household_store_t *store, ngx_str_t *name);

/* the hash was invalidated: fetches it into the zone of the store */
void ngx_http_household_fleet_changed(ngx_http_household_fleet_t *fleet);

/* the same for all values of the store */
void ngx_http_household_fleet_changed_all(ngx_http_household_store_t *store);


#endif /* _NGX_HTTP_HOUSEHOLD_FLEET_H_INCLUDED_ */
