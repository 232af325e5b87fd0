
/*
 * Playback tokens in requests: their sources, and how they are verified.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cat.h"
#include "ngx_http_household_headers.h"
#include "ngx_household_clock.h"
#include "ngx_household_compiler.h"
#include "ngx_household_str.h"
#include "ngx_http_household_token.h"
#include "ngx_http_household_token_cache.h"


typedef struct {
    ngx_str_t                     token;
    ngx_uint_t                    conflict;
    ngx_http_household_source_t  *source;

    /* if there is a conflict: the next one */
    ngx_str_t                     second;
    ngx_http_household_source_t  *second_source;
} ngx_http_household_token_found_t;


typedef ngx_uint_t (*ngx_http_household_token_next_pt)(u_char **text,
    u_char *last, ngx_str_t *name, ngx_str_t *value);


static ngx_uint_t ngx_http_household_token_renewed(
    ngx_http_household_token_conf_t *conf, ngx_http_household_source_t *source);
static void ngx_http_household_token_extract(
    ngx_http_household_token_found_t *found,
    ngx_http_household_source_t *source, ngx_str_t *value);
static void ngx_http_household_token_headers(ngx_http_request_t *r,
    ngx_http_household_source_t *source,
    ngx_http_household_token_found_t *found);
static void ngx_http_household_token_unquote(ngx_str_t *value);
static void ngx_http_household_token_text(ngx_str_t *text,
    ngx_http_household_source_t *source,
    ngx_http_household_token_next_pt next,
    ngx_http_household_token_found_t *found);
static ngx_household_noinline ngx_household_reason_e
    ngx_http_household_token_verify_renewed(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, ngx_household_jwt_claims_t *claims,
    ngx_http_household_verified_t *how);
static ngx_inline ngx_household_reason_e ngx_http_household_token_verify_one(
    ngx_http_request_t *r, ngx_http_household_token_conf_t *conf,
    ngx_str_t *token, ngx_household_jwt_claims_t *claims,
    ngx_http_household_verified_t *how);
static ngx_household_noinline ngx_household_reason_e
    ngx_http_household_token_verify_anew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token,
    ngx_household_jwt_claims_t *claims, ngx_http_household_verified_t *how,
    ngx_http_household_token_entry_t *entry);
static ngx_household_reason_e ngx_http_household_token_verify(
    ngx_http_request_t *r, ngx_http_household_token_conf_t *conf,
    ngx_str_t *token, ngx_uint_t cat, ngx_household_jwt_claims_t *claims,
    ngx_http_household_verified_t *how);
static ngx_household_reason_e ngx_http_household_token_client(
    ngx_http_request_t *r, ngx_household_jwt_claims_t *claims);
static void ngx_http_household_token_update(
    ngx_http_household_token_conf_t *conf);
static void ngx_http_household_token_want_keys(
    ngx_http_household_token_conf_t *conf, ngx_uint_t issuer);
static void ngx_http_household_token_host(ngx_http_request_t *r,
    ngx_str_t *host);


ngx_household_reason_e
ngx_http_household_token_find(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens)
{
    u_char                            *last;
    ngx_str_t                          value, path;
    ngx_uint_t                         i;
    ngx_http_household_source_t       *source;
    ngx_http_household_token_found_t   found, renewed;

    ngx_memzero(&found, sizeof(ngx_http_household_token_found_t));
    ngx_memzero(&renewed, sizeof(ngx_http_household_token_found_t));

    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {

        switch (source[i].type) {

        case NGX_HTTP_HOUSEHOLD_ARGUMENT:
            ngx_http_household_token_text(&r->args, &source[i],
                                          ngx_http_household_token_arg,
                                          &found);
            break;

        case NGX_HTTP_HOUSEHOLD_PATH:
            /* of the request line: a rewrite may have removed it from $uri */
            path = r->unparsed_uri;

            last = memchr(path.data, '?', path.len);
            if (last != NULL) {
                path.len = last - path.data;
            }

            ngx_http_household_token_text(&path, &source[i],
                                          ngx_http_household_token_path,
                                          &found);
            break;

        case NGX_HTTP_HOUSEHOLD_VALUE:

            if (ngx_http_complex_value(r, &source[i].value, &value) != NGX_OK)
            {
                return NGX_HOUSEHOLD_REASON_ERROR;
            }

            ngx_http_household_token_extract(&found, &source[i], &value);
            break;

        default:
            ngx_http_household_token_headers(r, &source[i],
                                             ngx_http_household_token_renewed(
                                                           conf, &source[i])
                                             ? &renewed : &found);
        }
    }

    if (found.token.len == 0) {
        found.token = renewed.token;
        found.source = renewed.source;

        /* of two cookies the second one may have been renewed */

        renewed.token = renewed.second;
        renewed.source = renewed.second_source;
        ngx_str_null(&renewed.second);
    }

    if (found.conflict) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CONFLICT;
    }

    if (found.token.len == 0) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MISSING;
    }

    tokens->token = found.token;
    tokens->source = found.source;
    tokens->renewed[0] = renewed.token;
    tokens->renewed_source[0] = renewed.source;
    tokens->renewed[1] = renewed.second;
    tokens->renewed_source[1] = renewed.second_source;

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* a token of it may be newer than that of another source */

static ngx_uint_t
ngx_http_household_token_renewed(ngx_http_household_token_conf_t *conf,
    ngx_http_household_source_t *source)
{
    return source == conf->renewed
           || (conf->cat_renewed
               && source->type == NGX_HTTP_HOUSEHOLD_COOKIE);
}


/* one token may occur several times; two different ones are a conflict */

static void
ngx_http_household_token_extract(ngx_http_household_token_found_t *found,
    ngx_http_household_source_t *source, ngx_str_t *value)
{
    if (value->len == 0) {
        return;
    }

    if (found->token.len == 0) {
        found->token = *value;
        found->source = source;
        return;
    }

    if (found->token.len != value->len
        || ngx_memcmp(found->token.data, value->data, value->len) != 0)
    {
        if (!found->conflict) {
            found->second = *value;
            found->second_source = source;
        }

        found->conflict = 1;

    } else if (found->source->type == NGX_HTTP_HOUSEHOLD_ARGUMENT
               && source->type != NGX_HTTP_HOUSEHOLD_ARGUMENT)
    {
        /* a redirect replaces arguments, and not this one */
        found->source = source;
    }
}


/* all fields of that name are read, or a second one could differ */

static void
ngx_http_household_token_headers(ngx_http_request_t *r,
    ngx_http_household_source_t *source,
    ngx_http_household_token_found_t *found)
{
    u_char                             *p, *last;
    size_t                              len;
    ngx_str_t                           value;
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    len = ngx_http_household_token_field_len(source);
    ngx_http_household_headers_start(&walk, &r->headers_in.headers);

    for ( ;; ) {

        h = ngx_http_household_headers_next(&walk);

        if (h == NULL) {
            return;
        }

        if (h->key.len != len
            || !ngx_http_household_token_is_field(source, h))
        {
            continue;
        }

        p = h->value.data;
        last = p + h->value.len;

        if (source->type == NGX_HTTP_HOUSEHOLD_COOKIE) {

            while (ngx_http_household_token_cookie(&p, last, &source->name,
                                                   &value))
            {
                ngx_http_household_token_unquote(&value);
                ngx_http_household_token_extract(found, source, &value);
            }

            continue;
        }

        if (source->type == NGX_HTTP_HOUSEHOLD_BEARER) {

            for (p += sizeof("Bearer") - 1; p < last && *p == ' '; p++) {
                /* void */
            }
        }

        value.data = p;
        value.len = last - p;

        ngx_http_household_token_extract(found, source, &value);
    }
}


/* RFC 6265, 4.1.1: a cookie's value may stand in quotes */

static void
ngx_http_household_token_unquote(ngx_str_t *value)
{
    if (value->len > 1
        && value->data[0] == '"' && value->data[value->len - 1] == '"')
    {
        value->data++;
        value->len -= 2;
    }
}


static void
ngx_http_household_token_text(ngx_str_t *text,
    ngx_http_household_source_t *source,
    ngx_http_household_token_next_pt next,
    ngx_http_household_token_found_t *found)
{
    u_char     *p, *last;
    ngx_str_t   value;

    if (text->len == 0) {
        /* "data" may be NULL */
        return;
    }

    p = text->data;
    last = p + text->len;

    while (next(&p, last, &source->name, &value)) {
        ngx_http_household_token_extract(found, source, &value);
    }
}


ngx_household_reason_e
ngx_http_household_token_verify_cached(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, ngx_household_jwt_claims_t *claims,
    ngx_http_household_verified_t *how)
{
    ngx_household_reason_e  reason;

    how->renewed = 0;
    how->usec = 0;
    how->sent = &tokens->token;
    how->response = NULL;

    reason = ngx_http_household_token_verify_one(r, conf, &tokens->token,
                                                 claims, how);

    if (reason == NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED
        && tokens->renewed[0].len != 0)
    {
        return ngx_http_household_token_verify_renewed(r, conf, tokens, claims,
                                                       how);
    }

    return reason;
}


/*
 * The token of the request has expired; an edge has renewed it.  If all are
 * rejected, the response is that of the first.
 */

static ngx_household_noinline ngx_household_reason_e
ngx_http_household_token_verify_renewed(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, ngx_household_jwt_claims_t *claims,
    ngx_http_household_verified_t *how)
{
    ngx_uint_t                      i;
    ngx_household_reason_e          rc;
    ngx_http_household_response_t  *response;

    response = how->response;
    rc = NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED;

    for (i = 0;
         i < NGX_HTTP_HOUSEHOLD_TOKEN_RENEWED
         && rc == NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED
         && tokens->renewed[i].len != 0;
         i++)
    {
        how->response = NULL;

        rc = ngx_http_household_token_verify_one(r, conf, &tokens->renewed[i],
                                                 claims, how);
    }

    if (rc == NGX_HOUSEHOLD_REASON_NONE) {
        how->renewed = i;
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    how->response = response;

    return rc == NGX_HOUSEHOLD_REASON_ERROR
           ? rc : NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED;
}


static ngx_inline ngx_household_reason_e
ngx_http_household_token_verify_one(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token,
    ngx_household_jwt_claims_t *claims, ngx_http_household_verified_t *how)
{
    ngx_uint_t                        cat;
    ngx_http_household_token_entry_t  entry;

    cat = ngx_http_household_token_is_cat(conf, token);

    if (conf->fetched && !cat) {
        ngx_http_household_token_update(conf);
    }

    how->cached = ngx_http_household_token_cache_get(conf, token, cat, claims,
                                                     &entry);
    how->memo = entry.memo.value;

    if (how->cached && claims->container_len == 0 && !claims->restricted) {
        return ngx_http_household_token_client(r, claims);
    }

    return ngx_http_household_token_verify_anew(r, conf, token, claims, how,
                                                &entry);
}


/* verifies a token that is not kept, or what of it depends on the request */

static ngx_household_noinline ngx_household_reason_e
ngx_http_household_token_verify_anew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token,
    ngx_household_jwt_claims_t *claims, ngx_http_household_verified_t *how,
    ngx_http_household_token_entry_t *entry)
{
    uint64_t                start;
    ngx_uint_t              cat;
    ngx_household_reason_e  reason;

    cat = ngx_http_household_token_is_cat(conf, token);

    start = how->cached ? 0 : ngx_household_clock_usec();

    ngx_set_errno(0);
    reason = ngx_http_household_token_verify(r, conf, token, cat, claims, how);

    /*
     * OpenSSL and jansson do not always tell a failed allocation from a token
     * that is not valid.  The libc does.
     */

    if (reason != NGX_HOUSEHOLD_REASON_NONE && ngx_errno == NGX_ENOMEM) {
        return NGX_HOUSEHOLD_REASON_ERROR;
    }

    if (!how->cached) {
        how->usec += ngx_household_clock_usec() - start;
    }

    if (reason == NGX_HOUSEHOLD_REASON_TOKEN_KEY && conf->fetched && !cat) {
        ngx_http_household_token_want_keys(conf, claims->issuer);
    }

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    if (!how->cached) {
        ngx_http_household_token_cache_put(entry, claims);
    }

    return ngx_http_household_token_client(r, claims);
}


ngx_uint_t
ngx_http_household_token_is_cat(ngx_http_household_token_conf_t *conf,
    ngx_str_t *token)
{
    return conf->cat.nissuers != 0
           && memchr(token->data, '.', token->len) == NULL;
}


/* of a token that is kept, only what depends on the request is checked */

static ngx_household_reason_e
ngx_http_household_token_verify(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_uint_t cat,
    ngx_household_jwt_claims_t *claims, ngx_http_household_verified_t *how)
{
    ngx_str_t  uri;
#if (NGX_HOUSEHOLD_CDNI)
    ngx_str_t  container;
#endif

    if (ngx_http_household_token_uri(r, &uri) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_ERROR;
    }

#if (NGX_HOUSEHOLD_CAT)

    if (cat) {
        return how->cached
               ? ngx_http_household_cat_match(r, conf, token, how->sent, &uri,
                                              claims, &how->response)
               : ngx_http_household_cat_verify(r, conf, token, how->sent,
                                               &uri, claims, &how->response);
    }

#endif

    if (!how->cached) {
        return ngx_household_jwt_verify(&conf->policy, token, how->sent, &uri,
                                        ngx_time(), claims);
    }

#if (NGX_HOUSEHOLD_CDNI)

    container.data = claims->container;
    container.len = claims->container_len;

    if (ngx_household_urisigning_match(&container, &uri,
                                       &conf->policy.package, how->sent)
        != NGX_OK)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_URI;
    }

#endif

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* the client that RFC 9246, 2.1.10 restricts a token to */

static ngx_household_reason_e
ngx_http_household_token_client(ngx_http_request_t *r,
    ngx_household_jwt_claims_t *claims)
{
#if (NGX_HOUSEHOLD_CDNI)

    ngx_household_addr_t  addr;

    if (claims->client.addr.family == NGX_HOUSEHOLD_FAMILY_NONE) {
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    (void) ngx_household_addr_set(&addr, r->connection->sockaddr);

    if (!ngx_household_cdniip_allows(&claims->client, &addr)) {
        return NGX_HOUSEHOLD_REASON_TOKEN_URI;
    }

#endif

    return NGX_HOUSEHOLD_REASON_NONE;
}


static void
ngx_http_household_token_update(ngx_http_household_token_conf_t *conf)
{
    ngx_uint_t                i;
    ngx_household_keyset_t  **keyset;

    keyset = conf->keysets->elts;

    for (i = 0; i < conf->keysets->nelts; i++) {
        if (keyset[i] != NULL) {
            ngx_household_keyset_update(keyset[i]);
        }
    }
}


/* the issuer may have a new key, with which it has signed already */

static void
ngx_http_household_token_want_keys(ngx_http_household_token_conf_t *conf,
    ngx_uint_t issuer)
{
    ngx_uint_t                   i;
    ngx_household_keyset_t     **keyset;
    ngx_household_jwt_issuer_t  *entry;

    entry = conf->policy.issuers;
    keyset = conf->keysets->elts;

    for (i = 0; i < conf->keysets->nelts; i++) {
        if (keyset[i] != NULL
            && ngx_household_str_equal(&entry[i].name, &entry[issuer].name))
        {
            ngx_household_keyset_want(keyset[i]);
        }
    }
}


ngx_int_t
ngx_http_household_token_uri(ngx_http_request_t *r, ngx_str_t *uri)
{
    u_char     *p;
    ngx_str_t   scheme, host;

    if (ngx_http_household_token_secure(r)) {
        ngx_str_set(&scheme, "https");

    } else {
        ngx_str_set(&scheme, "http");
    }

    ngx_http_household_token_host(r, &host);

    uri->len = scheme.len + sizeof("://") - 1 + host.len
               + r->unparsed_uri.len;

    uri->data = ngx_pnalloc(r->pool, uri->len);
    if (uri->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(uri->data, scheme.data, scheme.len);
    p = ngx_cpymem(p, "://", sizeof("://") - 1);

    if (host.len != 0) {
        /* HTTP/1.0 without "Host", on a server without a name: NULL */
        p = ngx_cpymem(p, host.data, host.len);
    }

    ngx_memcpy(p, r->unparsed_uri.data, r->unparsed_uri.len);

    return NGX_OK;
}


ngx_uint_t
ngx_http_household_token_secure(ngx_http_request_t *r)
{
#if (NGX_SSL || NGX_COMPAT)
    return r->connection->ssl != NULL;
#else
    return 0;
#endif
}


/*
 * The host whose server answers, with the port that the client names.  The Host
 * header may name another host than a request line with one, which counts.
 */

static void
ngx_http_household_token_host(ngx_http_request_t *r, ngx_str_t *host)
{
    ngx_str_t  named;

    *host = r->headers_in.server;

    ngx_http_household_headers_host(r, &named);

    if (named.len < host->len
        || (host->len != 0
            && ngx_memcmp(named.data, host->data, host->len) != 0
            && ngx_strncasecmp(named.data, host->data, host->len) != 0))
    {
        return;
    }

    if (named.len != 0
        && (named.len == host->len || named.data[host->len] == ':'))
    {
        *host = named;
    }
}
