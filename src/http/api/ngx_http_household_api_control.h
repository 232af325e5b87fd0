
/*
 * The fleet override in the API.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_CONTROL_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_CONTROL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/* reads household:control into call->control; "next" is called after that */
ngx_int_t ngx_http_household_api_control_read(
    ngx_http_household_api_call_t *call, ngx_http_household_api_next_pt next);

/* changes the fleet override to what the body says */
ngx_int_t ngx_http_household_api_control_patch(
    ngx_http_household_api_call_t *call);

/* answers with the fleet override */
ngx_int_t ngx_http_household_api_control_get(
    ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_CONTROL_H_INCLUDED_ */
