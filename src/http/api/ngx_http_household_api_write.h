
/*
 * Requests that change something.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_WRITE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_WRITE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/*
 * Checks that the request does not come from a page of another origin, and
 * reads its body into call->body, which is NULL if there is none.  "next" is
 * called after that.  Returns what a content handler returns.
 */
ngx_int_t ngx_http_household_api_write_start(
    ngx_http_household_api_call_t *call, ngx_http_household_api_next_pt next);

/* the types of bodies */

typedef enum {
    NGX_HTTP_HOUSEHOLD_API_TYPE_JSON = 0,
    NGX_HTTP_HOUSEHOLD_API_TYPE_LINES    /* a line of JSON each */
} ngx_http_household_api_type_e;


/*
 * Checks that the request does not come from a page of another origin, and has
 * a body of that type, or none.  Returns NGX_OK, or NGX_DECLINED and fills
 * "fault".
 */
ngx_int_t ngx_http_household_api_write_check(
    ngx_http_household_api_call_t *call, ngx_http_household_api_type_e type,
    ngx_http_household_api_fault_t *fault);

/*
 * condition() returns the value of If-Match, or NULL if there is none.
 * matches() returns 1 if it is met by call->account, which was read, or if
 * there is none.
 */
ngx_str_t *ngx_http_household_api_write_condition(ngx_http_request_t *r);
ngx_uint_t ngx_http_household_api_write_matches(
    ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_WRITE_H_INCLUDED_ */
