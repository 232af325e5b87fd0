
/*
 * Header fields of requests and responses.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* position in a list of header fields */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} ngx_http_household_headers_walk_t;


/* before the first field of a list */

static ngx_inline void
ngx_http_household_headers_start(ngx_http_household_headers_walk_t *walk)
{
    walk->part = NULL;
    walk->i = 0;
}


/* returns the next field of the list, or NULL if there is none left */

static ngx_inline ngx_table_elt_t *
ngx_http_household_headers_next(ngx_list_t *headers,
    ngx_http_household_headers_walk_t *walk)
{
    ngx_table_elt_t  *h;

    if (walk->part == NULL) {
        walk->part = &headers->part;
        walk->i = 0;
    }

    while (walk->i >= walk->part->nelts) {

        if (walk->part->next == NULL) {
            return NULL;
        }

        walk->part = walk->part->next;
        walk->i = 0;
    }

    h = walk->part->elts;

    return &h[walk->i++];
}


/* returns 1 if the field has that name, in any case */

static ngx_inline ngx_uint_t
ngx_http_household_headers_is(ngx_table_elt_t *h, const char *name)
{
    size_t  len;

    len = ngx_strlen(name);

    return h->key.len == len
           && ngx_strncasecmp(h->key.data, (u_char *) name, len) == 0;
}


/*
 * Adds a field to the response.  "name" must be static, and "value" must live
 * as long as the request.  Returns the field, or NULL on allocation failure.
 */
ngx_table_elt_t *ngx_http_household_headers_push(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/* likewise, unless the response has the same field; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_headers_add(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/* removes all fields of that name, in any case, from the response */
void ngx_http_household_headers_clear(ngx_http_request_t *r,
    const char *name);


#endif /* _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_ */
