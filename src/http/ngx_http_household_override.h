
/*
 * The fleet-wide override (kill switch).
 */


#ifndef _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* configuration time: initially nothing is overridden */
void ngx_http_household_override_init(ngx_http_household_store_t *store);

/* as ngx_http_household_fleet_refresh() */
void ngx_http_household_override_refresh(ngx_http_household_store_t *store);

/* applies the override; it only loosens "mode" and "rollout" */

static ngx_inline void
ngx_http_household_override_apply(const ngx_http_household_store_t *store,
    ngx_uint_t *mode, ngx_uint_t *rollout)
{
    *mode = ngx_min(*mode, store->override.mode);
    *rollout = ngx_min(*rollout, store->override.rollout);
}


#endif /* _NGX_HTTP_HOUSEHOLD_OVERRIDE_H_INCLUDED_ */
