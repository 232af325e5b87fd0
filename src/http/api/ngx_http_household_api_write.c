
/*
 * Requests that change something: where they come from, and their bodies.
 *
 * A browser sends a request with the type application/json to another origin
 * only after a preflight request, which the API does not answer.  So a page of
 * another origin cannot make an operator's browser change anything.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_jose.h"
#include "ngx_household_str.h"
#include "ngx_http_household_api_write.h"
#include "ngx_http_household_headers.h"


#define NGX_HTTP_HOUSEHOLD_API_BODY  65536


static ngx_uint_t ngx_http_household_api_write_foreign(ngx_http_request_t *r);
static ngx_uint_t ngx_http_household_api_write_origin(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_uint_t ngx_http_household_api_write_typed(
    ngx_http_household_api_call_t *call, ngx_http_household_api_type_e type);
static ngx_uint_t ngx_http_household_api_write_is(ngx_str_t *type,
    const char *name);
static void ngx_http_household_api_write_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_household_api_write_parse(
    ngx_http_household_api_call_t *call, ngx_str_t *text);
static ngx_int_t ngx_http_household_api_write_collect(ngx_http_request_t *r,
    ngx_str_t *text);
static void ngx_http_household_api_write_cleanup(void *data);


ngx_int_t
ngx_http_household_api_write_start(ngx_http_household_api_call_t *call,
    ngx_http_household_api_next_pt next)
{
    ngx_int_t                        rc;
    ngx_http_request_t              *r;
    ngx_http_household_api_fault_t   fault;

    r = call->request;

    if (ngx_http_household_api_write_check(call,
                                           NGX_HTTP_HOUSEHOLD_API_TYPE_JSON,
                                           &fault)
        != NGX_OK)
    {
        return ngx_http_household_api_problem(r, fault.status, fault.code,
                                              fault.detail, fault.pointer);
    }

    if (r->headers_in.content_length_n > NGX_HTTP_HOUSEHOLD_API_BODY) {
        return ngx_http_household_api_problem(r,
                                           NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                           "body_too_large", "the body is "
                                           "larger than 64 KB", NULL);
    }

    if (ngx_http_household_api_call_start(call, next) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_household_api_write_body);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


ngx_int_t
ngx_http_household_api_write_check(ngx_http_household_api_call_t *call,
    ngx_http_household_api_type_e type, ngx_http_household_api_fault_t *fault)
{
    static const char  *details[] = {
        "the content type is not application/json",
        "the content type is not application/x-ndjson"
    };

    fault->pointer = NULL;

    if (ngx_http_household_api_write_foreign(call->request)) {
        fault->status = NGX_HTTP_FORBIDDEN;
        fault->code = "foreign_origin";
        fault->detail = "the request comes from a page of another origin";

        return NGX_DECLINED;
    }

    if (!ngx_http_household_api_write_typed(call, type)) {
        fault->status = NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
        fault->code = "not_json";
        fault->detail = details[type];

        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* Sec-Fetch-Site, or, of a browser that has no such field, Origin */

static ngx_uint_t
ngx_http_household_api_write_foreign(ngx_http_request_t *r)
{
    ngx_uint_t                          foreign;
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    foreign = 0;

    ngx_http_household_headers_start(&walk, &r->headers_in.headers);

    while ((h = ngx_http_household_headers_next(&walk)) != NULL) {
        if (ngx_http_household_headers_is(h, "Sec-Fetch-Site")) {
            foreign |= !ngx_household_str_is(&h->value, "same-origin")
                       && !ngx_household_str_is(&h->value, "none");

        } else if (ngx_http_household_headers_is(h, "Origin")) {
            foreign |= !ngx_http_household_api_write_origin(r, &h->value);
        }
    }

    return foreign;
}


/* returns 1 if the origin is that of the request, the scheme aside */

static ngx_uint_t
ngx_http_household_api_write_origin(ngx_http_request_t *r, ngx_str_t *origin)
{
    u_char     *p, *last;
    ngx_str_t   host, own;

    ngx_http_household_headers_host(r, &own);

    last = origin->data + origin->len;

    p = ngx_strlchr(origin->data, last, '/');

    if (p == NULL || last - p < 2 || p[1] != '/') {
        return 0;
    }

    host.data = p + 2;
    host.len = last - host.data;

    return host.len == own.len
           && host.len != 0
           && ngx_strncasecmp(host.data, own.data, host.len) == 0;
}


/* a body, and any POST, must say what it is */

static ngx_uint_t
ngx_http_household_api_write_typed(ngx_http_household_api_call_t *call,
    ngx_http_household_api_type_e type)
{
    u_char              *p;
    ngx_str_t            value;
    ngx_http_request_t  *r;

    r = call->request;

    if (r->headers_in.content_type == NULL) {
        return r->method != NGX_HTTP_POST
               && !r->headers_in.chunked
               && r->headers_in.content_length_n <= 0;
    }

    value = r->headers_in.content_type->value;

    p = value.len ? ngx_strlchr(value.data, value.data + value.len, ';') : NULL;

    if (p != NULL) {
        value.len = p - value.data;
    }

    while (value.len && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    if (type == NGX_HTTP_HOUSEHOLD_API_TYPE_LINES) {
        return ngx_http_household_api_write_is(&value, "application/x-ndjson");
    }

    return ngx_http_household_api_write_is(&value, "application/json")
           || (r->method == NGX_HTTP_PATCH
               && ngx_http_household_api_write_is(&value,
                                              "application/merge-patch+json"));
}


static ngx_uint_t
ngx_http_household_api_write_is(ngx_str_t *type, const char *name)
{
    return type->len == ngx_strlen(name)
           && ngx_strncasecmp(type->data, (u_char *) name, type->len) == 0;
}


/* the request is referenced: it is finalized here, or by what continues it */

static void
ngx_http_household_api_write_body(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       text;
    ngx_http_household_api_call_t  *call;

    call = ngx_http_household_api_call_find(r);

    switch (ngx_http_household_api_write_collect(r, &text)) {

    case NGX_OK:
        rc = ngx_http_household_api_write_parse(call, &text);
        break;

    case NGX_DECLINED:
        rc = ngx_http_household_api_problem(r,
                                           NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                           "body_too_large", "the body is "
                                           "larger than 64 KB", NULL);
        break;

    default:
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


/* copies the body, of which a part may be in a file */

static ngx_int_t
ngx_http_household_api_write_collect(ngx_http_request_t *r, ngx_str_t *text)
{
    off_t         size;
    u_char       *p;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *bufs;

    ngx_str_null(text);

    bufs = (r->request_body != NULL) ? r->request_body->bufs : NULL;
    size = 0;

    for (cl = bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size == 0) {
        return NGX_OK;
    }

    if (size > NGX_HTTP_HOUSEHOLD_API_BODY) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, (size_t) size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (cl = bufs; cl; cl = cl->next) {

        b = cl->buf;

        if (b->in_file) {
            n = ngx_read_file(b->file, p, (size_t) (b->file_last - b->file_pos),
                              b->file_pos);

            if (n != (ssize_t) (b->file_last - b->file_pos)) {
                return NGX_ERROR;
            }

            p += n;

        } else if (b->pos < b->last) {
            /* the last one of a chunked body may have no memory */
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
        }
    }

    text->len = p - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_write_parse(ngx_http_household_api_call_t *call,
    ngx_str_t *text)
{
    ngx_http_request_t  *r;
    ngx_pool_cleanup_t  *cln;

    r = call->request;

    if (text->len == 0 && r->method != NGX_HTTP_PATCH) {
        return call->next(call);
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->body = ngx_household_json_parse_exact(text, NULL);

    if (call->body == NULL) {

        if (ngx_errno == NGX_ENOMEM) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_household_api_problem(r, NGX_HTTP_BAD_REQUEST,
                                              "invalid_json", "the body is not "
                                              "a JSON object in UTF-8, without "
                                              "duplicate names and numbers "
                                              "of more than 64 bits, at most "
                                              "16 levels deep", NULL);
    }

    cln->handler = ngx_http_household_api_write_cleanup;
    cln->data = call->body;

    return call->next(call);
}


static void
ngx_http_household_api_write_cleanup(void *data)
{
    json_decref(data);
}


/* If-Match: RFC 9110, 13.1.1 */

ngx_uint_t
ngx_http_household_api_write_matches(ngx_http_household_api_call_t *call)
{
    u_char      text[18], *p, *last;
    ngx_str_t  *value;

    value = ngx_http_household_api_write_condition(call->request);

    if (value == NULL) {
        return 1;
    }

    if (value->len == 1 && value->data[0] == '*') {
        return call->account.nhomes || call->account.nfields;
    }

    (void) ngx_sprintf(text, "\"%016xL\"", call->account.version);

    last = value->data + value->len;

    for (p = value->data; last - p >= (ssize_t) sizeof(text); p++) {

        /* a weak one does not match */

        if (ngx_memcmp(p, text, sizeof(text)) == 0
            && (p == value->data || p[-1] != '/'))
        {
            return 1;
        }
    }

    return 0;
}


ngx_str_t *
ngx_http_household_api_write_condition(ngx_http_request_t *r)
{
    return r->headers_in.if_match ? &r->headers_in.if_match->value : NULL;
}
