
/*
 * DELETE of an account.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_ERASE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_ERASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/* erases the account, and answers with what was removed */
ngx_int_t ngx_http_household_api_erase(ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_ERASE_H_INCLUDED_ */
