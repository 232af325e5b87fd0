
/*
 * The canary: an account that an operator changes at intervals, so that each
 * machine measures how long a change takes to reach it.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CANARY_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CANARY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* the canary of a store as it was read last */

typedef struct {
    uint64_t  changed;                 /* ms since 1970; 0: never */
} ngx_http_household_canary_t;


/*
 * Configuration time.  Sets the canary of "store" to an account.  Returns
 * NGX_OK, or NGX_ERROR if memory allocation failed.
 */
ngx_int_t ngx_http_household_canary_init(ngx_conf_t *cf,
    ngx_http_household_store_t *store, ngx_str_t *account);


#endif /* _NGX_HTTP_HOUSEHOLD_CANARY_H_INCLUDED_ */
