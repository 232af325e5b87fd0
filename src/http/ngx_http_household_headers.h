
/*
 * Header fields of requests and responses, and method and host of a request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* position in a list of header fields: "h" up to "last", and what follows */

typedef struct {
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    ngx_table_elt_t  *last;
} ngx_http_household_headers_walk_t;


/* before the first field of a list */

static ngx_inline void
ngx_http_household_headers_start(ngx_http_household_headers_walk_t *walk,
    ngx_list_t *headers)
{
    walk->part = &headers->part;
    walk->h = walk->part->elts;
    walk->last = walk->h + walk->part->nelts;
}


/* returns the next field of the list; or NULL, once, if there is none left */

static ngx_inline ngx_table_elt_t *
ngx_http_household_headers_next(ngx_http_household_headers_walk_t *walk)
{
    while (walk->h == walk->last) {

        walk->part = walk->part->next;

        if (walk->part == NULL) {
            return NULL;
        }

        walk->h = walk->part->elts;
        walk->last = walk->h + walk->part->nelts;
    }

    return walk->h++;
}


/* returns 1 if the list has no fields, not even some that are not sent */

static ngx_inline ngx_uint_t
ngx_http_household_headers_empty(ngx_list_t *headers)
{
    return headers->part.nelts == 0 && headers->part.next == NULL;
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

static ngx_inline ngx_table_elt_t *
ngx_http_household_headers_push_name(ngx_http_request_t *r, const char *name,
    size_t len, const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = len;
    h->value = *value;

    return h;
}


/* the same for a name that ends with a NUL: of a literal the length is known */

static ngx_inline ngx_table_elt_t *
ngx_http_household_headers_push(ngx_http_request_t *r, const char *name,
    const ngx_str_t *value)
{
    return ngx_http_household_headers_push_name(r, name, ngx_strlen(name),
                                                value);
}


/* likewise, unless the response has the same field; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_headers_add_name(ngx_http_request_t *r,
    const char *name, size_t len, const ngx_str_t *value);

static ngx_inline ngx_int_t
ngx_http_household_headers_add(ngx_http_request_t *r, const char *name,
    const ngx_str_t *value)
{
    return ngx_http_household_headers_add_name(r, name, ngx_strlen(name),
                                               value);
}


/* removes all fields of that name, in any case, from the response */
void ngx_http_household_headers_clear(ngx_http_request_t *r,
    const char *name);

/*
 * Removes the fields that were added with this very name, by its address: those
 * of other modules stay.
 */
void ngx_http_household_headers_withdraw(ngx_http_request_t *r,
    const char *name);

/*
 * Sets "host" to that of the client, with its port: of the field "Host", or
 * else of the request line or ":authority".  It is empty if there is none.
 */
void ngx_http_household_headers_host(ngx_http_request_t *r, ngx_str_t *host);

/* sets "method" to that of the client, also after an internal redirect */
void ngx_http_household_headers_method(ngx_http_request_t *r,
    ngx_str_t *method);


#endif /* _NGX_HTTP_HOUSEHOLD_HEADERS_H_INCLUDED_ */
