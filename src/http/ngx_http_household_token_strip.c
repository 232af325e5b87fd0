
/*
 * Tokens in arguments, cookies and header fields: how they are found, and how
 * they are removed, so that they are in no cache key and are not passed
 * upstream.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_headers.h"
#include "ngx_http_household_token.h"


static ngx_inline ngx_uint_t ngx_http_household_token_bearer(u_char *p);
static u_char *ngx_http_household_token_delimiter(u_char *p, u_char *last);
static ngx_int_t ngx_http_household_token_strip_args(ngx_http_request_t *r,
    ngx_http_household_source_t *source);
static ngx_int_t ngx_http_household_token_strip_headers(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf);
static ngx_int_t ngx_http_household_token_strip_header(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_table_elt_t *h);
static ngx_int_t ngx_http_household_token_strip_cookie(ngx_http_request_t *r,
    ngx_http_household_source_t *source, ngx_str_t *text);


size_t
ngx_http_household_token_field_len(ngx_http_household_source_t *source)
{
    switch (source->type) {

    case NGX_HTTP_HOUSEHOLD_BEARER:
        return sizeof("authorization") - 1;

    case NGX_HTTP_HOUSEHOLD_COOKIE:
        return sizeof("cookie") - 1;

    case NGX_HTTP_HOUSEHOLD_HEADER:
        return source->name.len;

    default:
        return 0;
    }
}


ngx_uint_t
ngx_http_household_token_is_field(ngx_http_household_source_t *source,
    ngx_table_elt_t *h)
{
    u_char     *name;
    size_t      i;

    switch (source->type) {

    case NGX_HTTP_HOUSEHOLD_BEARER:
        return ngx_memcmp(h->lowcase_key, "authorization",
                          sizeof("authorization") - 1)
               == 0
               && h->value.len > sizeof("Bearer ") - 1
               && ngx_http_household_token_bearer(h->value.data);

    case NGX_HTTP_HOUSEHOLD_COOKIE:
        return ngx_memcmp(h->lowcase_key, "cookie", sizeof("cookie") - 1) == 0;

    default: /* NGX_HTTP_HOUSEHOLD_HEADER */

        name = source->name.data;

        /* as in $http_NAME: lower case, dashes are underscores */

        for (i = 0; i < h->key.len; i++) {
            if (ngx_tolower(name[i])
                != (h->lowcase_key[i] == '-' ? '_' : h->lowcase_key[i]))
            {
                return 0;
            }
        }

        return 1;
    }
}


/* in any case (RFC 9110, 11.1); first as nearly all clients write it */

static ngx_inline ngx_uint_t
ngx_http_household_token_bearer(u_char *p)
{
    return ngx_memcmp(p, "Bearer ", sizeof("Bearer ") - 1) == 0
           || ngx_strncasecmp(p, (u_char *) "Bearer ", sizeof("Bearer ") - 1)
              == 0;
}


ngx_uint_t
ngx_http_household_token_arg(u_char **text, u_char *last, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p, *end;

    for (p = *text; p < last; p = end + 1) {

        end = memchr(p, '&', last - p);
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > name->len
            && p[name->len] == '='
            && ngx_strncasecmp(p, name->data, name->len) == 0)
        {
            value->data = p + name->len + 1;
            value->len = end - value->data;
            *text = end + 1;
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_household_token_path(u_char **text, u_char *last, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p, *end;

    for (p = *text; p < last; p = end + 1) {

        end = ngx_http_household_token_delimiter(p, last);

        if (end == last || *end != '=') {
            continue;
        }

        if ((size_t) (end - p) != name->len
            || ngx_strncasecmp(p, name->data, name->len) != 0)
        {
            continue;
        }

        value->data = end + 1;
        *text = ngx_http_household_token_delimiter(value->data, last);
        value->len = *text - value->data;

        return 1;
    }

    return 0;
}


/* finds a slash or a sub-delimiter (RFC 3986, 2.2); otherwise the end */

static u_char *
ngx_http_household_token_delimiter(u_char *p, u_char *last)
{
    for ( /* void */ ; p < last; p++) {

        switch (*p) {

        case '/':
        case '!':
        case '$':
        case '&':
        case '\'':
        case '(':
        case ')':
        case '*':
        case '+':
        case ',':
        case ';':
        case '=':
            return p;
        }
    }

    return last;
}


ngx_uint_t
ngx_http_household_token_cookie(u_char **text, u_char *last, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p, *end;

    for (p = *text; p < last; p = end + 1) {

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = memchr(p, ';', last - p);
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > name->len
            && p[name->len] == '='
            && ngx_strncasecmp(p, name->data, name->len) == 0)
        {
            value->data = p + name->len + 1;
            value->len = end - value->data;
            *text = end + 1;

            while (value->len
                   && (value->data[value->len - 1] == ' '
                       || value->data[value->len - 1] == '\t'))
            {
                value->len--;
            }

            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_household_token_strip(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf)
{
    ngx_uint_t                    i, headers;
    ngx_http_household_source_t  *source;

    headers = 0;
    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {

        if (source[i].type != NGX_HTTP_HOUSEHOLD_ARGUMENT) {
            headers = 1;
            continue;
        }

        if (ngx_http_household_token_strip_args(r, &source[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return headers ? ngx_http_household_token_strip_headers(r, conf) : NGX_OK;
}


static ngx_int_t
ngx_http_household_token_strip_args(ngx_http_request_t *r,
    ngx_http_household_source_t *source)
{
    u_char     *p, *from, *text, *last, *args;
    ngx_str_t   value;

    if (r->args.len == 0) {
        return NGX_OK;
    }

    text = r->args.data;
    last = text + r->args.len;
    from = text;
    args = NULL;
    p = NULL;

    while (ngx_http_household_token_arg(&text, last, &source->name, &value)) {

        if (args == NULL) {
            args = ngx_pnalloc(r->pool, r->args.len);
            if (args == NULL) {
                return NGX_ERROR;
            }

            p = args;
        }

        /* the text before the name */

        p = ngx_cpymem(p, from, value.data - 1 - source->name.len - from);
        from = ngx_min(text, last);
    }

    if (args == NULL) {
        return NGX_OK;
    }

    p = ngx_cpymem(p, from, last - from);

    if (p > args && p[-1] == '&' && from == last && last[-1] != '&') {
        /* the token was the last argument */
        p--;
    }

    r->args.data = args;
    r->args.len = p - args;

    /* the upstream URI is built from r->uri and r->args from now on */
    r->valid_unparsed_uri = 0;

    return NGX_OK;
}


/*
 * Makes a new list without the tokens.  Elements of the old one must not move,
 * because r->headers_in refers to them.
 */

static ngx_int_t
ngx_http_household_token_strip_headers(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf)
{
    ngx_int_t                           rc;
    ngx_list_t                          headers;
    ngx_table_elt_t                    *h, *copy, kept;
    ngx_http_household_headers_walk_t   walk;

    if (ngx_list_init(&headers, r->pool, 20, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_household_headers_start(&walk, &r->headers_in.headers);

    for ( ;; ) {

        h = ngx_http_household_headers_next(&walk);

        if (h == NULL) {
            break;
        }

        kept = *h;

        rc = ngx_http_household_token_strip_header(r, conf, &kept);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        copy = ngx_list_push(&headers);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = kept;
    }

    r->headers_in.headers = headers;

    if (headers.last == &headers.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


/* NGX_OK: keep "h", which may have changed; NGX_DECLINED: omit it */

static ngx_int_t
ngx_http_household_token_strip_header(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_table_elt_t *h)
{
    ngx_uint_t                    i;
    ngx_http_household_source_t  *source;

    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {

        if (h->key.len != ngx_http_household_token_field_len(&source[i])
            || !ngx_http_household_token_is_field(&source[i], h))
        {
            continue;
        }

        if (source[i].type != NGX_HTTP_HOUSEHOLD_COOKIE) {
            return NGX_DECLINED;
        }

        if (ngx_http_household_token_strip_cookie(r, &source[i], &h->value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (h->value.len == 0) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_token_strip_cookie(ngx_http_request_t *r,
    ngx_http_household_source_t *source, ngx_str_t *text)
{
    u_char     *p, *from, *at, *last, *copy;
    ngx_str_t   value;

    at = text->data;
    last = at + text->len;
    from = at;
    copy = NULL;
    p = NULL;

    while (ngx_http_household_token_cookie(&at, last, &source->name, &value))
    {
        if (copy == NULL) {

            /* NUL-terminated, like the values that nginx parses */

            copy = ngx_pnalloc(r->pool, text->len + 1);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            p = copy;
        }

        p = ngx_cpymem(p, from, value.data - 1 - source->name.len - from);
        from = ngx_min(at, last);

        while (from < last && *from == ' ') {
            from++;
        }
    }

    if (copy == NULL) {
        return NGX_OK;
    }

    p = ngx_cpymem(p, from, last - from);

    while (p > copy && (p[-1] == ' ' || p[-1] == ';')) {
        p--;
    }

    *p = '\0';

    text->data = copy;
    text->len = p - copy;

    return NGX_OK;
}
