
/*
 * The page of household_dashboard: the files of src/http/dashboard, which
 * "config" has made strings of, the metrics, and the settings of the location.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_household_dashboard.h>
#include "ngx_http_household.h"
#include "ngx_http_household_dashboard.h"
#include "ngx_http_household_headers.h"
#include "ngx_http_household_metrics.h"


/* what follows the location in the URI, and what is sent */

typedef struct {
    ngx_str_t   name;
    ngx_str_t   type;
    ngx_str_t   text;
} ngx_http_household_dashboard_file_t;


static ngx_int_t ngx_http_household_dashboard_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_household_dashboard_headers(ngx_http_request_t *r,
    ngx_uint_t page);
static ngx_int_t ngx_http_household_dashboard_settings(ngx_http_request_t *r,
    ngx_str_t *api);
static ngx_int_t ngx_http_household_dashboard_send(ngx_http_request_t *r,
    ngx_str_t *type, ngx_str_t *text);


static ngx_http_household_dashboard_file_t
    ngx_http_household_dashboard_files[] =
{
    { ngx_string(""), ngx_string("text/html; charset=utf-8"),
      ngx_string(NGX_HOUSEHOLD_DASHBOARD_INDEX_HTML) },
    { ngx_string("dashboard.css"), ngx_string("text/css; charset=utf-8"),
      ngx_string(NGX_HOUSEHOLD_DASHBOARD_DASHBOARD_CSS) },
    { ngx_string("dashboard.js"), ngx_string("text/javascript; charset=utf-8"),
      ngx_string(NGX_HOUSEHOLD_DASHBOARD_DASHBOARD_JS) },
    { ngx_string("icon.svg"), ngx_string("image/svg+xml"),
      ngx_string(NGX_HOUSEHOLD_DASHBOARD_ICON_SVG) },
    { ngx_null_string, ngx_null_string, ngx_null_string }
};


char *
ngx_http_household_set_dashboard(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (hlcf->dashboard) {
        return "is duplicate";
    }

    if (hlcf->content != NULL) {
        return NGX_HTTP_HOUSEHOLD_ONE_CONTENT;
    }

    hlcf->dashboard = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->exact_match
        || clcf->named
        || clcf->noname
        || clcf->name.len == 0
        || clcf->name.data[clcf->name.len - 1] != '/'
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        return "must be in a location given by a prefix that ends in \"/\"";
    }

    if (cf->args->nelts == 2) {
        value = cf->args->elts;

        if (value[1].len <= 5
            || ngx_strncmp(value[1].data, "api=/", 5) != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\"",
                               &value[1], &cmd->name);
            return NGX_CONF_ERROR;
        }

        hlcf->dashboard_api.data = value[1].data + 4;
        hlcf->dashboard_api.len = value[1].len - 4;
    }

    hlcf->content = ngx_http_household_dashboard_handler;
    clcf->handler = hlcf->content;

    /* the links of the page are relative */
    clcf->auto_redirect = 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_household_dashboard_handler(ngx_http_request_t *r)
{
    ngx_int_t                             rc;
    ngx_str_t                             name;
    ngx_http_core_loc_conf_t             *clcf;
    ngx_http_household_loc_conf_t        *hlcf;
    ngx_http_household_dashboard_file_t  *file;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->uri.len < clcf->name.len) {
        return NGX_HTTP_NOT_FOUND;
    }

    name.data = r->uri.data + clcf->name.len;
    name.len = r->uri.len - clcf->name.len;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    for (file = ngx_http_household_dashboard_files; file->text.len; file++) {

        if (file->name.len == name.len
            && ngx_memcmp(file->name.data, name.data, name.len) == 0)
        {
            if (ngx_http_household_dashboard_headers(r, 1) != NGX_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            return ngx_http_household_dashboard_send(r, &file->type,
                                                     &file->text);
        }
    }

    if (ngx_http_household_dashboard_headers(r, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (name.len == sizeof("metrics.json") - 1
        && ngx_strncmp(name.data, "metrics.json", name.len) == 0)
    {
        return ngx_http_household_metrics_send_json(r);
    }

    if (name.len == sizeof("settings.json") - 1
        && ngx_strncmp(name.data, "settings.json", name.len) == 0)
    {
        hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

        return ngx_http_household_dashboard_settings(r, &hlcf->dashboard_api);
    }

    return NGX_HTTP_NOT_FOUND;
}


/* "page": a file, which may be cached if it is checked; otherwise numbers */

static ngx_int_t
ngx_http_household_dashboard_headers(ngx_http_request_t *r, ngx_uint_t page)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    static struct {
        const char   *name;
        ngx_str_t     value;
    } headers[] = {
        { "Content-Security-Policy",
          ngx_string("default-src 'self'; base-uri 'none'; "
                     "form-action 'self'; frame-ancestors 'none'") },
        { "X-Content-Type-Options", ngx_string("nosniff") },
        { "Referrer-Policy", ngx_string("no-referrer") }
    };

    static ngx_str_t  cache[] = {
        ngx_string("no-store"), ngx_string("no-cache")
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        h = ngx_http_household_headers_push(r, headers[i].name,
                                            &headers[i].value);
        if (h == NULL) {
            return NGX_ERROR;
        }
    }

    return ngx_http_household_headers_add(r, "Cache-Control", &cache[page]);
}


static ngx_int_t
ngx_http_household_dashboard_settings(ngx_http_request_t *r, ngx_str_t *api)
{
    u_char     *p;
    ngx_str_t   text;

    static ngx_str_t  type = ngx_string("application/json");

    p = ngx_pnalloc(r->pool, sizeof("{\"api\":\"\"}\n") + sizeof("null")
                    + api->len
                    + ngx_escape_json(NULL, api->data, api->len));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.data = p;

    if (api->len == 0) {
        p = ngx_sprintf(p, "{\"api\":null}\n");

    } else {
        p = ngx_sprintf(p, "{\"api\":\"");
        p = (u_char *) ngx_escape_json(p, api->data, api->len);
        p = ngx_sprintf(p, "\"}\n");
    }

    text.len = p - text.data;

    return ngx_http_household_dashboard_send(r, &type, &text);
}


static ngx_int_t
ngx_http_household_dashboard_send(ngx_http_request_t *r, ngx_str_t *type,
    ngx_str_t *text)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}
