
/*
 * The access handler.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_ACCESS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_ACCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


ngx_int_t ngx_http_household_access_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_HOUSEHOLD_ACCESS_H_INCLUDED_ */
