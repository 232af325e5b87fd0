
/*
 * The next token of a client (RFC 9246, 3), in a cookie.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_token.h"


ngx_int_t
ngx_http_household_token_renew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, uint64_t key,
    ngx_str_t *value)
{
#if (NGX_HOUSEHOLD_CDNI)

    u_char                    buf[NGX_HOUSEHOLD_RENEWAL_SIZE];
    u_char                    text[NGX_HOUSEHOLD_URI_SIZE + 1];
    int64_t                   left;
    ngx_int_t                 rc;
    ngx_str_t                 uri, path, next;
    ngx_uint_t                secure;
    ngx_household_renewal_t   renewal;

    next.data = buf;

    rc = ngx_household_renewal_sign(conf->renewal, token, key, ngx_time(),
                                    conf->renewal_max, &renewal, &next, &left);

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

    secure = ngx_strncmp(uri.data, "https:", sizeof("https:") - 1) == 0;

    value->data = ngx_pnalloc(r->pool, conf->policy.package.len + next.len
                              + path.len + NGX_INT64_LEN
                              + sizeof("=; Path=; Max-Age=; HttpOnly; Secure"));
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_sprintf(value->data,
                             "%V=%V; Path=%V; Max-Age=%L; HttpOnly%s",
                             &conf->policy.package, &next, &path, left,
                             secure ? "; Secure" : "")
                 - value->data;

#endif

    return NGX_OK;
}
