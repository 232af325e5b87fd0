
/*
 * How the next token of a client is sent.  The fields of a response are added
 * by the configuration, with variables: "add_header" knows which responses are
 * errors.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_answer.h"
#include "ngx_http_household_headers.h"
#include "ngx_http_household_next.h"
#include "ngx_household_str.h"


#define NGX_HTTP_HOUSEHOLD_NEXT_HEADER_VAR  "household_token_header_"

#define NGX_HTTP_HOUSEHOLD_NEXT_HEADER_LEN                                   \
    (sizeof(NGX_HTTP_HOUSEHOLD_NEXT_HEADER_VAR) - 1)


static ngx_int_t ngx_http_household_next_header(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_http_household_next_named(ngx_str_t *variable,
    ngx_str_t *name);
static ngx_int_t ngx_http_household_next_make(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_http_household_next_t *next);


ngx_int_t
ngx_http_household_next_add_variable(ngx_conf_t *cf)
{
    ngx_str_t             name;
    ngx_http_variable_t  *var;

    ngx_str_set(&name, NGX_HTTP_HOUSEHOLD_NEXT_HEADER_VAR);

    var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE
                                           |NGX_HTTP_VAR_PREFIX);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_http_household_next_header;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_next_header(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *variable = (ngx_str_t *) data;

    ngx_http_household_ctx_t   *ctx;
    ngx_http_household_next_t   next;

    v->not_found = 1;

    ctx = ngx_http_household_ctx_get(r);

    if (ctx == NULL || ctx->status == NGX_HTTP_HOUSEHOLD_NONE) {
        return NGX_OK;
    }

    if (ngx_http_household_next_make(r, ctx, &next) != NGX_OK) {
        return NGX_ERROR;
    }

    if (next.way != NGX_HTTP_HOUSEHOLD_NEXT_HEADER
        || !ngx_http_household_next_named(variable, &next.name))
    {
        return NGX_OK;
    }

    v->data = next.value.data;
    v->len = next.value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* as nginx names its own: "X-Token" is "x_token" */

static ngx_uint_t
ngx_http_household_next_named(ngx_str_t *variable, ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    if (variable->len != NGX_HTTP_HOUSEHOLD_NEXT_HEADER_LEN + name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        ch = ngx_tolower(name->data[i]);

        if (ch == '-') {
            ch = '_';
        }

        if (variable->data[NGX_HTTP_HOUSEHOLD_NEXT_HEADER_LEN + i] != ch) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_household_next_cookie(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *value)
{
    ngx_http_household_next_t  next;

    if (ngx_http_household_next_make(r, ctx, &next) != NGX_OK) {
        return NGX_ERROR;
    }

    if (next.way == NGX_HTTP_HOUSEHOLD_NEXT_COOKIE) {
        *value = next.value;
    }

    return NGX_OK;
}


/* "monitor" changes no response, and an error page is not to be requested */

ngx_int_t
ngx_http_household_next_redirect(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    ngx_str_t                  method;
    ngx_http_household_next_t  next;

    ngx_http_household_headers_method(r, &method);

    if (r != r->main || r->error_page
        || (!ngx_household_str_is(&method, "GET")
            && !ngx_household_str_is(&method, "HEAD"))
        || ctx->configured != NGX_HOUSEHOLD_ON)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_household_next_make(r, ctx, &next) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return next.way == NGX_HTTP_HOUSEHOLD_NEXT_REDIRECT
           ? ngx_http_household_answer_moved(r, next.status, &next.value)
           : NGX_DECLINED;
}


static ngx_int_t
ngx_http_household_next_make(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_http_household_next_t *next)
{
    ngx_http_household_loc_conf_t  *hlcf;

    next->way = NGX_HTTP_HOUSEHOLD_NEXT_NONE;

    if (ctx->renewable.token.len == 0
        || ctx->decision.verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED
        || ctx->rejected)
    {
        return NGX_OK;
    }

    /* the location that has verified the token */
    hlcf = ctx->conf;

    return ngx_http_household_token_renew(r->main, &hlcf->token,
                                          &ctx->renewable, ctx->key, next);
}
