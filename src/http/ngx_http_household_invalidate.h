
/*
 * From invalidations by Redis to the zones.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_INVALIDATE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_INVALIDATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/*
 * Starts tracking of a deployment in this worker, if a zone caches its records.
 * Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_invalidate_start(ngx_cycle_t *cycle,
    ngx_http_household_redis_t *redis);

/*
 * A device of the account was written to a key that is not tracked, by a store,
 * which is "data": the records of this machine are read again.
 */
void ngx_http_household_invalidate_seen(void *data, ngx_str_t *account);

/* stops tracking, as the worker exits */
void ngx_http_household_invalidate_stop(ngx_http_household_redis_t *redis);


#endif /* _NGX_HTTP_HOUSEHOLD_INVALIDATE_H_INCLUDED_ */
