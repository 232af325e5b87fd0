
/*
 * GET of the status.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_STATUS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_STATUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/*
 * Answers with versions, deployments and zones.  Connections are those of the
 * worker process that answers; zones are shared.
 */
ngx_int_t ngx_http_household_api_status_get(
    ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_STATUS_H_INCLUDED_ */
