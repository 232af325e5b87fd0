
/*
 * What a change of an account is made of.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_PLAN_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_PLAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/* what is wrong with a request: see ngx_http_household_api_problem() */

typedef struct {
    ngx_uint_t     status;
    const char    *code;
    const char    *detail;
    const char    *pointer;
} ngx_http_household_api_fault_t;


/*
 * Fills call->edits from the method, the path, the body, and the account that
 * was read.  Returns NGX_OK; NGX_DECLINED and fills "fault" if the request is
 * not valid; or NGX_ERROR.
 */
ngx_int_t ngx_http_household_api_plan(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *fault);


#endif /* _NGX_HTTP_HOUSEHOLD_API_PLAN_H_INCLUDED_ */
