
/*
 * The next Common Access Token of a client: a cookie, a header field, or a
 * redirect to the same URI with it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cat_renew.h"


#if (NGX_HOUSEHOLD_CAT)

#include "ngx_household_cat.h"


static ngx_household_cat_way_e ngx_http_household_cat_renew_way(
    ngx_http_household_source_t *source);
static ngx_int_t ngx_http_household_cat_renew_cookie(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_source_t *source, ngx_household_cat_next_t *cat,
    ngx_str_t *token, ngx_http_household_next_t *next);
static ngx_int_t ngx_http_household_cat_renew_header(ngx_http_request_t *r,
    ngx_household_cat_next_t *cat, ngx_str_t *token,
    ngx_http_household_next_t *next);
static ngx_int_t ngx_http_household_cat_renew_redirect(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, ngx_str_t *token,
    ngx_http_household_next_t *next);
static ngx_uint_t ngx_http_household_cat_renew_repeats(
    ngx_http_household_source_t *source);
static ngx_http_household_source_t *ngx_http_household_cat_renew_source(
    ngx_http_household_token_conf_t *conf, ngx_uint_t type, ngx_str_t *name);
static u_char *ngx_http_household_cat_renew_args(u_char *p, ngx_str_t *query,
    ngx_array_t *names);
static ngx_uint_t ngx_http_household_cat_renew_arg(u_char *p, u_char *last,
    ngx_array_t *names);


/* of cookies and fields, in requests and in responses */

static ngx_str_t  ngx_http_household_cat_name =
    ngx_string("CTA-Common-Access-Token");


ngx_int_t
ngx_http_household_cat_renew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, uint64_t key,
    ngx_http_household_next_t *next)
{
    u_char                     buf[NGX_HOUSEHOLD_CHAIN_SIZE];
    ngx_int_t                  rc;
    ngx_str_t                  token;
    ngx_household_cat_next_t   cat;

    token.data = buf;
    cat.way = ngx_http_household_cat_renew_way(tokens->source);

    rc = ngx_household_cat_renew(&conf->cat, &tokens->token, key, ngx_time(),
                                 &cat, &token);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    switch (cat.way) {

    case NGX_HOUSEHOLD_CAT_BY_COOKIE:
        return ngx_http_household_cat_renew_cookie(r, conf, tokens->source,
                                                   &cat, &token, next);

    case NGX_HOUSEHOLD_CAT_BY_HEADER:
        return ngx_http_household_cat_renew_header(r, &cat, &token, next);

    default: /* NGX_HOUSEHOLD_CAT_BY_REDIRECT */
        next->status = cat.status;
        return ngx_http_household_cat_renew_redirect(r, conf, tokens, &token,
                                                     next);
    }
}


static ngx_household_cat_way_e
ngx_http_household_cat_renew_way(ngx_http_household_source_t *source)
{
    switch (source->type) {

    case NGX_HTTP_HOUSEHOLD_COOKIE:
        return NGX_HOUSEHOLD_CAT_BY_COOKIE;

    case NGX_HTTP_HOUSEHOLD_BEARER:
    case NGX_HTTP_HOUSEHOLD_HEADER:
        return NGX_HOUSEHOLD_CAT_BY_HEADER;

    case NGX_HTTP_HOUSEHOLD_ARGUMENT:
        return NGX_HOUSEHOLD_CAT_BY_REDIRECT;

    default:
        return NGX_HOUSEHOLD_CAT_BY_ANY;
    }
}


/* a cookie that no source reads would be of no use */

static ngx_int_t
ngx_http_household_cat_renew_cookie(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_source_t *source, ngx_household_cat_next_t *cat,
    ngx_str_t *token, ngx_http_household_next_t *next)
{
    ngx_str_t  *name, *value;

    name = &cat->name;

    if (name->len == 0) {
        name = source->type == NGX_HTTP_HOUSEHOLD_COOKIE
               ? &source->name : &ngx_http_household_cat_name;
    }

    if (ngx_http_household_cat_renew_source(conf, NGX_HTTP_HOUSEHOLD_COOKIE,
                                            name)
        == NULL)
    {
        return NGX_OK;
    }

    if (cat->params.len == 0) {

        if (ngx_http_household_token_secure(r)) {
            ngx_str_set(&cat->params, "; HttpOnly; Secure");

        } else {
            ngx_str_set(&cat->params, "; HttpOnly");
        }
    }

    value = &next->value;

    value->data = ngx_pnalloc(r->pool, name->len + token->len
                              + cat->params.len + NGX_INT64_LEN
                              + sizeof("=; Path=/; Max-Age="));
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data, "%V=%V; Path=/; Max-Age=%L%V",
                             name, token, cat->left, &cat->params)
                 - value->data;

    next->way = NGX_HTTP_HOUSEHOLD_NEXT_COOKIE;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_cat_renew_header(ngx_http_request_t *r,
    ngx_household_cat_next_t *cat, ngx_str_t *token,
    ngx_http_household_next_t *next)
{
    u_char     *p;
    ngx_str_t  *name;

    name = cat->name.len != 0 ? &cat->name : &ngx_http_household_cat_name;

    p = ngx_pnalloc(r->pool, name->len + token->len + cat->params.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    next->name.data = p;
    next->name.len = name->len;
    p = ngx_cpymem(p, name->data, name->len);

    next->value.data = p;
    next->value.len = token->len + cat->params.len;
    p = ngx_cpymem(p, token->data, token->len);
    ngx_memcpy(p, cat->params.data, cat->params.len);

    next->way = NGX_HTTP_HOUSEHOLD_NEXT_HEADER;

    return NGX_OK;
}


/* the same URI, with the new token in the place of the former one */

static ngx_int_t
ngx_http_household_cat_renew_redirect(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, ngx_str_t *token,
    ngx_http_household_next_t *next)
{
    u_char                       *p;
    ngx_str_t                     path, query;
    ngx_http_household_source_t  *source;

    if (ngx_http_household_cat_renew_repeats(tokens->source)
        || ngx_http_household_cat_renew_repeats(tokens->renewed_source[0])
        || ngx_http_household_cat_renew_repeats(tokens->renewed_source[1]))
    {
        return NGX_OK;
    }

    source = tokens->source;

    if (source->type != NGX_HTTP_HOUSEHOLD_ARGUMENT) {
        source = ngx_http_household_cat_renew_source(conf,
                                         NGX_HTTP_HOUSEHOLD_ARGUMENT, NULL);
        if (source == NULL) {
            return NGX_OK;
        }
    }

    path = r->unparsed_uri;
    ngx_str_null(&query);

    p = ngx_strlchr(path.data, path.data + path.len, '?');

    if (p != NULL) {
        query.data = p + 1;
        query.len = path.data + path.len - query.data;
        path.len = p - path.data;
    }

    if (path.len == 0 || path.data[0] != '/'
        || (path.len > 1 && (path.data[1] == '/' || path.data[1] == '\\')))
    {
        /* it would be the URI of another host */
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, path.len + query.len + source->name.len
                             + token->len + sizeof("?&="));
    if (p == NULL) {
        return NGX_ERROR;
    }

    next->value.data = p;

    p = ngx_cpymem(p, path.data, path.len);
    *p++ = '?';
    p = ngx_http_household_cat_renew_args(p, &query, conf->arguments);
    p = ngx_sprintf(p, "%V=%V", &source->name, token);

    next->value.len = p - next->value.data;
    next->way = NGX_HTTP_HOUSEHOLD_NEXT_REDIRECT;

    return NGX_OK;
}


/*
 * Returns 1 if a client that follows a redirect sends the former token again,
 * which would be another one than that of the argument.  A cookie does not
 * count beside that.
 */

static ngx_uint_t
ngx_http_household_cat_renew_repeats(ngx_http_household_source_t *source)
{
    return source != NULL
           && source->type != NGX_HTTP_HOUSEHOLD_ARGUMENT
           && source->type != NGX_HTTP_HOUSEHOLD_COOKIE;
}


/* the first source of that type and name; NULL is any name */

static ngx_http_household_source_t *
ngx_http_household_cat_renew_source(ngx_http_household_token_conf_t *conf,
    ngx_uint_t type, ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_http_household_source_t  *source;

    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {

        if (source[i].type == type
            && (name == NULL
                || (source[i].name.len == name->len
                    && ngx_strncasecmp(source[i].name.data, name->data,
                                       name->len)
                       == 0)))
        {
            return &source[i];
        }
    }

    return NULL;
}


/* writes all arguments but those of the names, each with "&" behind it */

static u_char *
ngx_http_household_cat_renew_args(u_char *p, ngx_str_t *query,
    ngx_array_t *names)
{
    u_char  *start, *last, *end;

    if (query->len == 0) {
        return p;
    }

    last = query->data + query->len;

    for (start = query->data; start < last; start = end + 1) {

        end = ngx_strlchr(start, last, '&');

        if (end == NULL) {
            end = last;
        }

        if (end == start
            || ngx_http_household_cat_renew_arg(start, end, names))
        {
            continue;
        }

        p = ngx_cpymem(p, start, end - start);
        *p++ = '&';
    }

    return p;
}


static ngx_uint_t
ngx_http_household_cat_renew_arg(u_char *p, u_char *last, ngx_array_t *names)
{
    u_char      *text;
    ngx_str_t    value, *name;
    ngx_uint_t   i;

    name = names->elts;

    for (i = 0; i < names->nelts; i++) {
        text = p;

        if (ngx_http_household_token_arg(&text, last, &name[i], &value)) {
            return 1;
        }
    }

    return 0;
}

#endif
