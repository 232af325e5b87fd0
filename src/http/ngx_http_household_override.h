
/*
 * The fleet-wide override (kill switch).
 */


#ifndef _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


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


#endif /* _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_ */
