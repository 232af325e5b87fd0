
/*
 * Transfer of a profile to another account.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_TRANSFER_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_TRANSFER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/*
 * Makes a seat, or devices, of the account of the path the home of another
 * account: that one is written first, so that the person has both for a moment,
 * and never neither.
 */
ngx_int_t ngx_http_household_api_transfer(ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_TRANSFER_H_INCLUDED_ */
