
/*
 * The presence of an account in the API.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_PRESENCE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_PRESENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_api_json.h"


/*
 * Writes the member "presence": which device was where, and when.  Null if
 * Redis has none, or if it cannot be read.
 */
void ngx_http_household_api_presence_show(ngx_http_household_api_json_t *json,
    ngx_str_t *bytes);

/*
 * Sets facts->sharing and the detail, which is empty if there is no evidence,
 * as a request of these facts would: by the presence, the record, and
 * "household_sharing" of the location.  Stores nothing.  Returns NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_http_household_api_presence_ask(ngx_pool_t *pool,
    ngx_http_household_loc_conf_t *hlcf, ngx_household_record_t *rec,
    ngx_str_t *bytes, ngx_household_facts_t *facts, ngx_str_t *detail);


#endif /* _NGX_HTTP_HOUSEHOLD_API_PRESENCE_H_INCLUDED_ */
