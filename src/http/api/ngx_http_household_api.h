
/*
 * The API for those who look after accounts: "household_api".  docs/api.md
 * describes it, docs/openapi.yaml is its contract.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* "household_api" */

struct ngx_http_household_api_conf_s {
    ngx_http_household_redis_t      *redis;
    ngx_str_t                        prefix;   /* of the location */
    ngx_uint_t                       write;    /* unsigned  write:1; */
};


/* the content handler of a location that has loc_conf->api */
ngx_int_t ngx_http_household_api_handler(ngx_http_request_t *r);



#endif /* _NGX_HTTP_HOUSEHOLD_API_H_INCLUDED_ */
