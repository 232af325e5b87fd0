
/*
 * GET of a verdict.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_VERDICT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_VERDICT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/*
 * Explains the verdict on a request with the address, the device and the times
 * of the query, by the policy that the location has or inherits.
 */
ngx_int_t ngx_http_household_api_verdict_get(
    ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_VERDICT_H_INCLUDED_ */
