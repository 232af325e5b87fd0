
/*
 * The next token of a client: of URI Signing (RFC 9246, 3), or a Common Access
 * Token.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cat_renew.h"
#include "ngx_http_household_token.h"


#if (NGX_HOUSEHOLD_CDNI)

static ngx_int_t ngx_http_household_token_renew_cdni(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, uint64_t key,
    ngx_http_household_next_t *next);

#endif


ngx_int_t
ngx_http_household_token_renew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, uint64_t key,
    ngx_http_household_next_t *next)
{
    ngx_memzero(next, sizeof(ngx_http_household_next_t));

#if (NGX_HOUSEHOLD_CAT)

    if (ngx_http_household_token_is_cat(conf, &tokens->token)) {
        return ngx_http_household_cat_renew(r, conf, tokens, key, next);
    }

#endif

#if (NGX_HOUSEHOLD_CDNI)
    return ngx_http_household_token_renew_cdni(r, conf, &tokens->token, key,
                                               next);
#else
    return NGX_OK;
#endif
}


#if (NGX_HOUSEHOLD_CDNI)

static ngx_int_t
ngx_http_household_token_renew_cdni(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, uint64_t key,
    ngx_http_household_next_t *next)
{
    u_char                    buf[NGX_HOUSEHOLD_CHAIN_SIZE];
    u_char                    text[NGX_HOUSEHOLD_URI_SIZE + 1];
    int64_t                   left;
    ngx_int_t                 rc;
    ngx_str_t                 uri, path, renewed, *value;
    ngx_household_renewal_t   renewal;

    renewed.data = buf;

    rc = ngx_household_renewal_sign(conf->renewal, token, key, ngx_time(),
                                    conf->renewal_max, &renewal, &renewed,
                                    &left);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (ngx_http_household_token_uri(r, &uri) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_household_renewal_path(&uri, &conf->policy.package, token,
                                   renewal.depth, text, &path)
        != NGX_OK)
    {
        return NGX_OK;
    }

    value = &next->value;

    value->data = ngx_pnalloc(r->pool, conf->policy.package.len + renewed.len
                              + path.len + NGX_INT64_LEN
                              + sizeof("=; Path=; Max-Age=; HttpOnly; Secure"));
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data,
                             "%V=%V; Path=%V; Max-Age=%L; HttpOnly%s",
                             &conf->policy.package, &renewed, &path, left,
                             ngx_http_household_token_secure(r)
                             ? "; Secure" : "")
                 - value->data;

    next->way = NGX_HTTP_HOUSEHOLD_NEXT_COOKIE;

    return NGX_OK;
}

#endif
