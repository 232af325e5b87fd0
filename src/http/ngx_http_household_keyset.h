
/*
 * Key sets that are fetched: which policies they belong to.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_KEYSET_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_KEYSET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* in a worker process: fetches the sets that are used */
void ngx_http_household_keyset_start(ngx_http_household_main_conf_t *hmcf);
void ngx_http_household_keyset_stop(ngx_http_household_main_conf_t *hmcf);


#endif /* _NGX_HTTP_HOUSEHOLD_KEYSET_H_INCLUDED_ */
