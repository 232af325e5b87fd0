
/*
 * The content handler of "household_api": the table of resources.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api.h"
#include "ngx_http_household_api_account.h"
#include "ngx_http_household_api_audit.h"
#include "ngx_http_household_api_call.h"
#include "ngx_http_household_api_control.h"
#include "ngx_http_household_api_edit.h"
#include "ngx_http_household_api_erase.h"
#include "ngx_http_household_api_import.h"
#include "ngx_http_household_api_status.h"
#include "ngx_http_household_api_transfer.h"
#include "ngx_http_household_api_verdict.h"
#include "ngx_http_household_headers.h"


typedef struct {
    ngx_http_household_api_resource_e   resource;
    ngx_uint_t                          method;
    ngx_http_household_api_next_pt      handler;
    const char *const                  *args;      /* NULL: any, ignored */
} ngx_http_household_api_route_t;


static ngx_int_t ngx_http_household_api_parse(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_route(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_not_allowed(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_versions(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_index(
    ngx_http_household_api_call_t *call);


/*
 * The arguments of a query.  One that is misspelled must not be ignored where
 * something is written: "dry-run=1" of an import.
 */

static const char *const  ngx_http_household_api_args_none[] = { NULL };

static const char *const  ngx_http_household_api_args_import[] = {
    "dry_run", NULL
};

static const char *const  ngx_http_household_api_args_verdict[] = {
    "address", "device", "issued_at", "at", NULL
};


static const ngx_http_household_api_route_t  ngx_http_household_api_routes[] = {

    { NGX_HTTP_HOUSEHOLD_API_VERSIONS, NGX_HTTP_GET,
      ngx_http_household_api_versions, NULL },

    { NGX_HTTP_HOUSEHOLD_API_INDEX, NGX_HTTP_GET,
      ngx_http_household_api_index, NULL },

    { NGX_HTTP_HOUSEHOLD_API_STATUS, NGX_HTTP_GET,
      ngx_http_household_api_status_get, NULL },

    { NGX_HTTP_HOUSEHOLD_API_CONTROL, NGX_HTTP_GET,
      ngx_http_household_api_control_get, NULL },

    { NGX_HTTP_HOUSEHOLD_API_CONTROL, NGX_HTTP_PATCH,
      ngx_http_household_api_control_patch,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_IMPORT, NGX_HTTP_POST,
      ngx_http_household_api_import,
      ngx_http_household_api_args_import },

    { NGX_HTTP_HOUSEHOLD_API_ACCOUNT, NGX_HTTP_GET,
      ngx_http_household_api_account_get, NULL },

    { NGX_HTTP_HOUSEHOLD_API_ACCOUNT, NGX_HTTP_PATCH,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_ACCOUNT, NGX_HTTP_DELETE,
      ngx_http_household_api_erase,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_HOME, NGX_HTTP_PUT,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_HOME, NGX_HTTP_DELETE,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_SEAT, NGX_HTTP_PUT,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_SEAT, NGX_HTTP_DELETE,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_DEVICE, NGX_HTTP_PUT,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_DEVICE, NGX_HTTP_DELETE,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_TRAVEL, NGX_HTTP_PUT,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_TRAVEL, NGX_HTTP_DELETE,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_SIGN_OUT, NGX_HTTP_POST,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_MOVE_HOME, NGX_HTTP_POST,
      ngx_http_household_api_edit,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_TRANSFER, NGX_HTTP_POST,
      ngx_http_household_api_transfer,
      ngx_http_household_api_args_none },

    { NGX_HTTP_HOUSEHOLD_API_VERDICT, NGX_HTTP_GET,
      ngx_http_household_api_verdict_get,
      ngx_http_household_api_args_verdict }
};


#define NGX_HTTP_HOUSEHOLD_API_ROUTES                                         \
    (sizeof(ngx_http_household_api_routes)                                    \
     / sizeof(ngx_http_household_api_routes[0]))


ngx_int_t
ngx_http_household_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_household_loc_conf_t  *hlcf;
    ngx_http_household_api_call_t  *call;

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_household_api_call_t));
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

    call->request = r;
    call->conf = hlcf->api;

    rc = ngx_http_household_api_parse(call);

    /* problems find the call from here on */

    if (ngx_http_household_api_call_start(call, NULL) != NGX_OK
        || ngx_http_household_api_audit_start(call) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (rc) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_household_api_problem(r, NGX_HTTP_NOT_FOUND,
                                              "no_such_path",
                                              "there is no such path", NULL);

    default:
        return ngx_http_household_api_problem(r, NGX_HTTP_BAD_REQUEST,
                                    "invalid_id", "an id in the path is not "
                                    "valid: 1 to 128 bytes, percent-encoded, "
                                    "no control characters", NULL);
    }

    rc = ngx_http_household_api_route(call);

    if (rc == NGX_DONE && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        /* the reading of a body has counted the request */
        r->main->count++;
    }

    return rc;
}


/*
 * The path is taken from the request line: nginx decodes and merges slashes in
 * the URI.  A path that does not begin with the name of the location, after a
 * rewrite or if it is written in another way, is none of the API.
 */

static ngx_int_t
ngx_http_household_api_parse(ngx_http_household_api_call_t *call)
{
    u_char      *p;
    ngx_str_t    path, *prefix;

    path = call->request->unparsed_uri;
    prefix = &call->conf->prefix;

    p = path.len ? ngx_strlchr(path.data, path.data + path.len, '?') : NULL;

    if (p != NULL) {
        path.len = p - path.data;
    }

    if (path.len < prefix->len
        || ngx_strncmp(path.data, prefix->data, prefix->len) != 0)
    {
        return NGX_DECLINED;
    }

    path.data += prefix->len;
    path.len -= prefix->len;

    if ((prefix->len == 0 || prefix->data[prefix->len - 1] != '/')
        && path.len && path.data[0] != '/')
    {
        return NGX_DECLINED;
    }

    return ngx_http_household_api_path_parse(&path, &call->path);
}


static ngx_int_t
ngx_http_household_api_route(ngx_http_household_api_call_t *call)
{
    ngx_uint_t                             i, method;
    const ngx_http_household_api_route_t  *route;

    method = call->request->method;

    if (method == NGX_HTTP_HEAD) {
        method = NGX_HTTP_GET;
    }

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_API_ROUTES; i++) {

        route = &ngx_http_household_api_routes[i];

        if (route->resource != call->path.resource || route->method != method
            || (method != NGX_HTTP_GET && !call->conf->write))
        {
            continue;
        }

        if (route->args != NULL
            && !ngx_http_household_api_path_query(&call->request->args,
                                                  route->args))
        {
            return ngx_http_household_api_problem(call->request,
                                      NGX_HTTP_BAD_REQUEST, "invalid_query",
                                      "an argument of the query is not known, "
                                      "has no value, or is there twice", NULL);
        }

        return route->handler(call);
    }

    return ngx_http_household_api_not_allowed(call);
}


static ngx_int_t
ngx_http_household_api_not_allowed(ngx_http_household_api_call_t *call)
{
    u_char              *p;
    ngx_str_t            allow;
    ngx_uint_t           i;
    ngx_http_request_t  *r;

    static const struct {
        ngx_uint_t   method;
        const char  *name;
    } methods[] = {
        { NGX_HTTP_GET, "GET, HEAD" },
        { NGX_HTTP_PUT, "PUT" },
        { NGX_HTTP_PATCH, "PATCH" },
        { NGX_HTTP_POST, "POST" },
        { NGX_HTTP_DELETE, "DELETE" }
    };

    ngx_uint_t  k;

    r = call->request;

    p = ngx_pnalloc(r->pool, sizeof("GET, HEAD, PUT, PATCH, POST, DELETE"));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    allow.data = p;

    for (k = 0; k < sizeof(methods) / sizeof(methods[0]); k++) {
        for (i = 0; i < NGX_HTTP_HOUSEHOLD_API_ROUTES; i++) {

            if (ngx_http_household_api_routes[i].resource
                == call->path.resource
                && ngx_http_household_api_routes[i].method
                   == methods[k].method
                && (call->conf->write || methods[k].method == NGX_HTTP_GET))
            {
                p = ngx_sprintf(p, "%s%s", p > allow.data ? ", " : "",
                                methods[k].name);
            }
        }
    }

    allow.len = p - allow.data;

    if (ngx_http_household_headers_add(r, "Allow", &allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_household_api_problem(r, NGX_HTTP_NOT_ALLOWED,
                                          "method_not_allowed",
                                          "the resource does not have this "
                                          "method here", NULL);
}


static ngx_int_t
ngx_http_household_api_versions(ngx_http_household_api_call_t *call)
{
    ngx_http_household_api_json_t  json;

    ngx_http_household_api_json_init(&json, call->request->pool);
    ngx_http_household_api_json_array(&json, NULL);
    ngx_http_household_api_json_number(&json, NULL, 1);
    ngx_http_household_api_json_array_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(call->request, NGX_HTTP_OK, &json);
}


static ngx_int_t
ngx_http_household_api_index(ngx_http_household_api_call_t *call)
{
    ngx_http_household_api_json_t  json;

    ngx_http_household_api_json_init(&json, call->request->pool);
    ngx_http_household_api_json_array(&json, NULL);
    ngx_http_household_api_json_text(&json, NULL, "accounts");
    ngx_http_household_api_json_text(&json, NULL, "control");
    ngx_http_household_api_json_text(&json, NULL, "import");
    ngx_http_household_api_json_text(&json, NULL, "status");
    ngx_http_household_api_json_array_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(call->request, NGX_HTTP_OK, &json);
}
