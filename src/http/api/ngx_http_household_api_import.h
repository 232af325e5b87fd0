
/*
 * Import of accounts.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_IMPORT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_IMPORT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/*
 * Reads lines of JSON, of an account each, as they come, writes the accounts,
 * and answers with the numbers and the invalid lines.
 */
ngx_int_t ngx_http_household_api_import(ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_IMPORT_H_INCLUDED_ */
