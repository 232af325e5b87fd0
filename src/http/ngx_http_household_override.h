
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


/*
 * Reads the override from the cache, and starts a fetch if it is not fresh.
 * Called before the lookup of the account, so that its reply comes first.
 */
void ngx_http_household_override_refresh(ngx_http_household_store_t *store);

/* the hash was invalidated: fetches it into the zone of the store */
void ngx_http_household_override_changed(ngx_http_household_store_t *store);

/* applies the override; it only loosens "mode" and "rollout" */
void ngx_http_household_override_apply(ngx_http_household_store_t *store,
    ngx_uint_t *mode, ngx_uint_t *rollout);


#endif /* _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_ */
