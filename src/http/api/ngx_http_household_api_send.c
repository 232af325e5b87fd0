
/*
 * The responses of the API.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"
#include "ngx_http_household_headers.h"


/* seconds after which a client may repeat a request that was not answered */
#define NGX_HTTP_HOUSEHOLD_API_RETRY  "1"


static ngx_int_t ngx_http_household_api_send_type(ngx_http_request_t *r,
    ngx_uint_t status, const char *type, ngx_http_household_api_json_t *json);
static const char *ngx_http_household_api_title(ngx_uint_t status);


ngx_int_t
ngx_http_household_api_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_household_api_json_t *json)
{
    return ngx_http_household_api_send_type(r, status, "application/json",
                                            json);
}


ngx_int_t
ngx_http_household_api_send_version(ngx_http_request_t *r, uint64_t version,
    ngx_http_household_api_json_t *json)
{
    ngx_str_t  etag;

    etag.data = ngx_pnalloc(r->pool, 18);
    if (etag.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    etag.len = ngx_sprintf(etag.data, "\"%016xL\"", version) - etag.data;

    if (ngx_http_household_headers_add(r, "ETag", &etag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_household_api_send(r, NGX_HTTP_OK, json);
}


static ngx_int_t
ngx_http_household_api_send_type(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_http_household_api_json_t *json)
{
    ngx_int_t     rc;
    ngx_buf_t    *last;
    ngx_chain_t  *cl;

    static ngx_str_t  store = ngx_string("no-store");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    if (json != NULL && json->failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the body of a request that was not read is discarded */

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* nginx does not know the ETag, which compression would make weak */
    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = (json != NULL) ? json->size : 0;

    if (json != NULL) {
        r->headers_out.content_type.data = (u_char *) type;
        r->headers_out.content_type.len = ngx_strlen(type);
        r->headers_out.content_type_len = r->headers_out.content_type.len;
    }

    if (ngx_http_household_headers_add(r, "Cache-Control", &store) != NGX_OK
        || ngx_http_household_headers_add(r, "X-Content-Type-Options",
                                         &nosniff)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (json == NULL) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    last = NULL;

    for (cl = json->out; cl; cl = cl->next) {
        last = cl->buf;
    }

    last->last_buf = (r == r->main) ? 1 : 0;
    last->last_in_chain = 1;

    return ngx_http_output_filter(r, json->out);
}


ngx_int_t
ngx_http_household_api_problem(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *detail, const char *pointer)
{
    ngx_http_household_api_call_t  *call;
    ngx_http_household_api_json_t   json;

    ngx_http_household_api_json_init(&json, r->pool);

    ngx_http_household_api_json_object(&json, NULL);
    ngx_http_household_api_json_text(&json, "type", "about:blank");
    ngx_http_household_api_json_text(&json, "title",
                                     ngx_http_household_api_title(status));
    ngx_http_household_api_json_number(&json, "status", status);
    ngx_http_household_api_json_text(&json, "code", code);
    ngx_http_household_api_json_text(&json, "detail", detail);

    if (pointer != NULL) {
        ngx_http_household_api_json_text(&json, "pointer", pointer);
    }

    call = ngx_http_household_api_call_find(r);

    if (call != NULL) {
        call->code = code;

        if (call->more != NULL) {
            call->more(call, &json);
        }
    }

    ngx_http_household_api_json_object_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send_type(r, status,
                                            "application/problem+json", &json);
}


static const char *
ngx_http_household_api_title(ngx_uint_t status)
{
    switch (status) {

    case NGX_HTTP_BAD_REQUEST:
        return "Bad Request";

    case NGX_HTTP_FORBIDDEN:
        return "Forbidden";

    case NGX_HTTP_NOT_FOUND:
        return "Not Found";

    case NGX_HTTP_NOT_ALLOWED:
        return "Method Not Allowed";

    case NGX_HTTP_CONFLICT:
        return "Conflict";

    case NGX_HTTP_PRECONDITION_FAILED:
        return "Precondition Failed";

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return "Content Too Large";

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        return "Unsupported Media Type";

    case 422:
        return "Unprocessable Content";

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return "Service Unavailable";

    default:
        return "Internal Server Error";
    }
}


ngx_int_t
ngx_http_household_api_failed(ngx_http_household_api_call_t *call)
{
    const char          *detail;
    ngx_http_request_t  *r;

    static ngx_str_t  retry = ngx_string(NGX_HTTP_HOUSEHOLD_API_RETRY);

    r = call->request;

    switch (call->result) {

    case NGX_HOUSEHOLD_ACCOUNT_TOO_LARGE:
        return ngx_http_household_api_problem(r,
                               NGX_HTTP_INTERNAL_SERVER_ERROR, "too_large",
                               "the account has more entries in Redis than "
                               "the module reads", NULL);

    case NGX_HOUSEHOLD_ACCOUNT_ERROR:
        return ngx_http_household_api_problem(r,
                               NGX_HTTP_INTERNAL_SERVER_ERROR, "redis_error",
                               "Redis rejected the command; the error log has "
                               "the cause", NULL);

    case NGX_HOUSEHOLD_ACCOUNT_CONFLICT:
        return ngx_http_household_api_problem(r, NGX_HTTP_PRECONDITION_FAILED,
                               "changed", "the account has changed since it "
                               "was read", NULL);

    default:

        if (ngx_http_household_headers_add(r, "Retry-After", &retry) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (call->result != NGX_HOUSEHOLD_ACCOUNT_TIMEOUT) {
            detail = "Redis is unavailable";

        } else if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
            detail = "Redis did not answer";

        } else {
            detail = "Redis did not answer; a write may have been made, and "
                     "may be repeated";
        }

        return ngx_http_household_api_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                              "redis_unavailable", detail,
                                              NULL);
    }
}
