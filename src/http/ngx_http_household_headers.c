
/*
 * Header fields of requests and answers.  See ngx_http_household_headers.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_headers.h"


ngx_table_elt_t *
ngx_http_household_headers_push(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return h;
}


ngx_int_t
ngx_http_household_headers_add(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    ngx_http_household_headers_start(&walk);

    for ( ;; ) {

        h = ngx_http_household_headers_next(&r->headers_out.headers, &walk);

        if (h == NULL) {
            break;
        }

        if (h->hash
            && ngx_http_household_headers_is(h, name)
            && h->value.len == value->len
            && ngx_memcmp(h->value.data, value->data, value->len) == 0)
        {
            return NGX_OK;
        }
    }

    h = ngx_http_household_headers_push(r, name, value);

    return h != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_http_household_headers_clear(ngx_http_request_t *r, const char *name)
{
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    ngx_http_household_headers_start(&walk);

    for ( ;; ) {

        h = ngx_http_household_headers_next(&r->headers_out.headers, &walk);

        if (h == NULL) {
            return;
        }

        if (ngx_http_household_headers_is(h, name)) {
            h->hash = 0;
        }
    }
}
