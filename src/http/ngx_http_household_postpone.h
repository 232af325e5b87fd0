
/*
 * The place of the access handler in its phase.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_POSTPONE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_POSTPONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* maximum number of moves to the end of the access phase, per worker */
#define NGX_HTTP_HOUSEHOLD_POSTPONE_MAX  8


/*
 * Makes the handler that is being called the last one of the access phase.  No
 * request can be waiting in one of the handlers that are moved, because it
 * would have passed this one first.  Returns NGX_OK, or NGX_DECLINED if the
 * handlers were moved and this one will be called again.
 */
ngx_int_t ngx_http_household_postpone(ngx_http_request_t *r);


#endif /* _NGX_HTTP_HOUSEHOLD_POSTPONE_H_INCLUDED_ */
