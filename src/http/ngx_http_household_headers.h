
/*
 * Header fields of requests and answers: one way to walk them, one to add
 * them.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* a place in a list of header fields; zeros: before the first */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} ngx_http_household_headers_walk_t;


/* returns the next field of the list, or NULL if there is none left */
ngx_table_elt_t *ngx_http_household_headers_next(ngx_list_t *headers,
    ngx_http_household_headers_walk_t *walk);

/* does the field have that name?  "name" is in lower case */
ngx_uint_t ngx_http_household_headers_is(ngx_table_elt_t *h,
    const char *name);

/*
 * Adds a field to the answer.  "name" is static, "value" lives as long as the
 * request.  Returns the field, or NULL if memory is short.
 */
ngx_table_elt_t *ngx_http_household_headers_push(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/* likewise, unless the answer has the very same one; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_headers_add(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/* takes all fields of that name, in any case, out of the answer */
void ngx_http_household_headers_clear(ngx_http_request_t *r,
    const char *name);


#endif /* _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_ */
