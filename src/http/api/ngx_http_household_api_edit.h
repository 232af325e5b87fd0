
/*
 * Changes of an account.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_EDIT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_EDIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


/*
 * Makes the change that the method, the path and the body say.  The account is
 * read, the change is checked as an edge would read it, and it is made if the
 * account is still the one that was read; otherwise it is tried again.
 */
ngx_int_t ngx_http_household_api_edit(ngx_http_household_api_call_t *call);


#endif /* _NGX_HTTP_HOUSEHOLD_API_EDIT_H_INCLUDED_ */
