
/*
 * The variables.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_VARIABLES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


ngx_int_t ngx_http_household_add_variables(ngx_conf_t *cf);

/* returns the value of $household_status, e.g. "ALLOWED"; static */
ngx_str_t *ngx_http_household_status_name(
    ngx_http_household_status_e status);


#endif /* _NGX_HTTP_HOUSEHOLD_VARIABLES_H_INCLUDED_ */
