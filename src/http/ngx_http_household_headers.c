
/*
 * Header fields of requests and answers.  See ngx_http_household_headers.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_headers.h"


/* of an internal redirect nginx makes a GET, unless it is a HEAD */

void
ngx_http_household_headers_method(ngx_http_request_t *r, ngx_str_t *method)
{
    u_char  *p;

    *method = r->method_name;

    p = memchr(r->request_line.data, ' ', r->request_line.len);

    if (p != NULL) {
        method->data = r->request_line.data;
        method->len = p - method->data;
    }
}


/* nginx makes a field "Host" of the ":authority" of HTTP/2, not of HTTP/3 */

void
ngx_http_household_headers_host(ngx_http_request_t *r, ngx_str_t *host)
{
    if (r->headers_in.host != NULL) {
        *host = r->headers_in.host->value;
        return;
    }

    host->data = r->host_start;
    host->len = r->host_end - r->host_start;
}


ngx_int_t
ngx_http_household_headers_add_name(ngx_http_request_t *r, const char *name,
    size_t len, const ngx_str_t *value)
{
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    ngx_http_household_headers_start(&walk, &r->headers_out.headers);

    while ((h = ngx_http_household_headers_next(&walk)) != NULL) {

        if (h->key.len == len
            && h->value.len == value->len
            && h->hash
            && ngx_strncasecmp(h->key.data, (u_char *) name, len) == 0
            && ngx_memcmp(h->value.data, value->data, value->len) == 0)
        {
            return NGX_OK;
        }
    }

    return ngx_http_household_headers_push_name(r, name, len, value) != NULL
           ? NGX_OK : NGX_ERROR;
}


void
ngx_http_household_headers_clear(ngx_http_request_t *r, const char *name)
{
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    ngx_http_household_headers_start(&walk, &r->headers_out.headers);

    for ( ;; ) {

        h = ngx_http_household_headers_next(&walk);

        if (h == NULL) {
            return;
        }

        if (ngx_http_household_headers_is(h, name)) {
            h->hash = 0;
        }
    }
}


void
ngx_http_household_headers_withdraw(ngx_http_request_t *r, const char *name)
{
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    ngx_http_household_headers_start(&walk, &r->headers_out.headers);

    while ((h = ngx_http_household_headers_next(&walk)) != NULL) {
        if (h->key.data == (const u_char *) name) {
            h->hash = 0;
        }
    }
}
