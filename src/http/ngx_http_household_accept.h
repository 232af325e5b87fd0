
/*
 * Selects a media type by the request's Accept header fields (RFC 9110,
 * section 12.5.1).
 */


#ifndef _NGX_HTTP_HOUSEHOLD_ACCEPT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_ACCEPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* a media type that is offered; all in lower case */

typedef struct {
    ngx_str_t   type;
    ngx_str_t   subtype;
    ngx_str_t   version;               /* the parameter; empty: has none */
} ngx_http_household_accept_t;


/*
 * Returns the index of the offered type with the greatest weight; the first one
 * of those with the same weight.  Returns 0 if no type is acceptable, or the
 * request has no such field.  A range with another version than the offered
 * one, such as text/plain;version=1.0.0, does not match.
 */
ngx_uint_t ngx_http_household_accept(ngx_http_request_t *r,
    ngx_http_household_accept_t *offered, ngx_uint_t n);


#endif /* _NGX_HTTP_HOUSEHOLD_ACCEPT_H_INCLUDED_ */
