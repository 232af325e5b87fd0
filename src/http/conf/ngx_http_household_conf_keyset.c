
/*
 * household_token_key with a URL: key sets that are fetched.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"
#include "ngx_household_str.h"


#define NGX_HTTP_HOUSEHOLD_KEYSET_REFRESH      600000    /* ms */
#define NGX_HTTP_HOUSEHOLD_KEYSET_REFRESH_MIN  1000
#define NGX_HTTP_HOUSEHOLD_KEYSET_REFRESH_MAX  86400000
#define NGX_HTTP_HOUSEHOLD_KEYSET_TIMEOUT      10000
#define NGX_HTTP_HOUSEHOLD_KEYSET_TIMEOUT_MAX  300000


static ngx_int_t ngx_http_household_keyset_time(ngx_str_t *value, size_t len,
    ngx_msec_t min, ngx_msec_t max, ngx_msec_t *time);
static ngx_household_keyset_t *ngx_http_household_keyset_create(
    ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_household_keyset_params_t *params);
static ngx_int_t ngx_http_household_keyset_url(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_household_keyset_t *keyset, ngx_uint_t *tls);
static const char *ngx_http_household_keyset_parse_url(ngx_conf_t *cf,
    ngx_household_keyset_t *keyset, size_t scheme);
static ngx_uint_t ngx_http_household_keyset_loopback(ngx_addr_t *addr);
static ngx_int_t ngx_http_household_keyset_state(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_household_keyset_t *keyset);


ngx_uint_t
ngx_http_household_keyset_is_url(ngx_str_t *value)
{
    return ngx_strncasecmp(value->data, (u_char *) "https://", 8) == 0
           || ngx_strncasecmp(value->data, (u_char *) "http://", 7) == 0;
}


ngx_int_t
ngx_http_household_keyset_param(ngx_http_household_keyset_params_t *params,
    ngx_str_t *value)
{
    ngx_str_t  *text;
    size_t      len;

    if (ngx_strncmp(value->data, "refresh=", 8) == 0) {
        return ngx_http_household_keyset_time(value, 8,
                                         NGX_HTTP_HOUSEHOLD_KEYSET_REFRESH_MIN,
                                         NGX_HTTP_HOUSEHOLD_KEYSET_REFRESH_MAX,
                                         &params->refresh);
    }

    if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        return ngx_http_household_keyset_time(value, 8, 1,
                                         NGX_HTTP_HOUSEHOLD_KEYSET_TIMEOUT_MAX,
                                         &params->timeout);
    }

    if (ngx_strncmp(value->data, "state=", 6) == 0) {
        text = &params->state;
        len = 6;

    } else if (ngx_strncmp(value->data, "trusted_certificate=", 20) == 0) {
        text = &params->trusted;
        len = 20;

    } else {
        return NGX_DECLINED;
    }

    if (text->len || value->len == len) {
        return NGX_DECLINED;
    }

    text->data = value->data + len;
    text->len = value->len - len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_keyset_time(ngx_str_t *value, size_t len, ngx_msec_t min,
    ngx_msec_t max, ngx_msec_t *time)
{
    ngx_int_t  ms;
    ngx_str_t  text;

    text.data = value->data + len;
    text.len = value->len - len;

    ms = ngx_parse_time(&text, 0);

    if (*time != 0 || ms == NGX_ERROR
        || (ngx_msec_t) ms < min || (ngx_msec_t) ms > max)
    {
        return NGX_DECLINED;
    }

    *time = ms;

    return NGX_OK;
}


ngx_household_keyset_t *
ngx_http_household_keyset_find_or_add(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_household_keyset_params_t *params)
{
    ngx_uint_t                        i;
    ngx_household_keyset_t          **keyset;
    ngx_http_household_main_conf_t   *hmcf;

    if (params->refresh == 0) {
        params->refresh = NGX_HTTP_HOUSEHOLD_KEYSET_REFRESH;
    }

    if (params->timeout == 0) {
        params->timeout = NGX_HTTP_HOUSEHOLD_KEYSET_TIMEOUT;
    }

    if (params->state.len
        && ngx_conf_full_name(cf->cycle, &params->state, 0) != NGX_OK)
    {
        return NULL;
    }

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    keyset = hmcf->keysets.elts;

    for (i = 0; i < hmcf->keysets.nelts; i++) {

        if (ngx_household_str_equal(&keyset[i]->url, &params->url)) {

            if (keyset[i]->refresh == params->refresh
                && keyset[i]->fetch.timeout == params->timeout
                && ngx_household_str_equal(&keyset[i]->state, &params->state)
                && ngx_household_str_equal(&keyset[i]->trusted,
                                           &params->trusted))
            {
                return keyset[i];
            }

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of \"%V\" must have the same "
                               "\"refresh=\", \"timeout=\", \"state=\" and "
                               "\"trusted_certificate=\" on each of its lines",
                               &params->url, &cmd->name);
            return NULL;
        }

        if (params->state.len
            && ngx_household_str_equal(&keyset[i]->state, &params->state))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of \"%V\" is the state of \"%V\" "
                               "already", &params->state, &cmd->name,
                               &keyset[i]->url);
            return NULL;
        }
    }

    keyset = ngx_array_push(&hmcf->keysets);
    if (keyset == NULL) {
        return NULL;
    }

    *keyset = ngx_http_household_keyset_create(cf, cmd, params);

    return *keyset;
}


static ngx_household_keyset_t *
ngx_http_household_keyset_create(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_household_keyset_params_t *params)
{
    ngx_uint_t               tls;
    ngx_household_keyset_t  *keyset;

    keyset = ngx_household_keyset_add(cf, &params->url,
                                      &ngx_http_household_module);
    if (keyset == NULL) {
        return NULL;
    }

    keyset->refresh = params->refresh;
    keyset->fetch.timeout = params->timeout;
    keyset->state = params->state;
    keyset->trusted = params->trusted;
    keyset->file = cf->conf_file->file.name.data;
    keyset->line = cf->conf_file->line;

    if (ngx_http_household_keyset_url(cf, cmd, keyset, &tls) != NGX_OK) {
        return NULL;
    }

#if (NGX_SSL)

    if (tls) {
        keyset->fetch.ssl = ngx_http_household_ssl_trust(cf, keyset->trusted);

        if (keyset->fetch.ssl == NULL) {
            return NULL;
        }
    }

#endif

    if (keyset->state.len
        && ngx_http_household_keyset_state(cf, cmd, keyset) != NGX_OK)
    {
        return NULL;
    }

    return keyset;
}


static ngx_int_t
ngx_http_household_keyset_url(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_household_keyset_t *keyset, ngx_uint_t *tls)
{
    const char                  *error;
    ngx_household_fetch_conf_t  *fetch;

    fetch = &keyset->fetch;

    *tls = ngx_tolower(keyset->url.data[4]) == 's';

    error = ngx_http_household_keyset_parse_url(cf, keyset, *tls ? 8 : 7);

    if (error != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URL \"%V\" of \"%V\": %s", &keyset->url,
                           &cmd->name, error);
        return NGX_ERROR;
    }

    if (*tls && !ngx_http_household_ssl_supported()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" " NGX_HTTP_HOUSEHOLD_NO_SSL,
                           &keyset->url, &cmd->name);
        return NGX_ERROR;
    }

    if (!*tls
        && (fetch->naddrs == 0
            || !ngx_http_household_keyset_loopback(&fetch->addrs[0])))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is not \"https://\", which is "
                           "possible only for a loopback address such as "
                           "127.0.0.1", &keyset->url, &cmd->name);
        return NGX_ERROR;
    }

    if (!*tls && keyset->trusted.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"trusted_certificate=\" requires \"https://\" in "
                           "\"%V\"", &cmd->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* returns NULL, or what is wrong */

static const char *
ngx_http_household_keyset_parse_url(ngx_conf_t *cf,
    ngx_household_keyset_t *keyset, size_t scheme)
{
    u_char                       ch;
    size_t                       i;
    ngx_url_t                    u;
    ngx_household_fetch_conf_t  *fetch;

    for (i = 0; i < keyset->url.len; i++) {
        ch = keyset->url.data[i];

        if (ch <= ' ' || ch > '~' || ch == '"' || ch == '\\') {
            return "invalid character, must be percent-encoded";
        }

        if (ch == '#') {
            return "must not have a fragment";
        }
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = keyset->url.data + scheme;
    u.url.len = keyset->url.len - scheme;
    u.default_port = scheme == 8 ? 443 : 80;
    u.uri_part = 1;
    u.no_resolve = 1;

    if (u.url.len >= 5
        && ngx_strncasecmp(u.url.data, (u_char *) "unix:", 5) == 0)
    {
        return "unix sockets are not supported";
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return u.err ? u.err : "no memory";
    }

    if (u.host.len == 0) {
        return "no host";
    }

    if (ngx_strlchr(u.host.data, u.host.data + u.host.len, '@') != NULL) {
        return "must not have a user name";
    }

    if (u.uri.len && u.uri.data[0] != '/') {
        return "must have a path";
    }

    fetch = &keyset->fetch;

    fetch->host = u.host;
    fetch->port = u.port;
    fetch->addrs = u.addrs;
    fetch->naddrs = u.naddrs;
    fetch->authority.data = u.url.data;
    fetch->authority.len = u.url.len - u.uri.len;
    fetch->uri = u.uri;

    if (fetch->uri.len == 0) {
        ngx_str_set(&fetch->uri, "/");
    }

    if (fetch->host.data[0] == '[') {
        fetch->host.data++;
        fetch->host.len -= 2;
    }

    return NULL;
}


static ngx_uint_t
ngx_http_household_keyset_loopback(ngx_addr_t *addr)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (addr->sockaddr->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) addr->sockaddr;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr) != 0;
#endif

    case AF_INET:
        sin = (struct sockaddr_in *) addr->sockaddr;
        return ntohl(sin->sin_addr.s_addr) >> 24 == 127;

    default:
        return 0;
    }
}


static ngx_int_t
ngx_http_household_keyset_state(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_household_keyset_t *keyset)
{
    if (keyset->state.data[keyset->state.len - 1] == '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is not the name of a file",
                           &keyset->state, &cmd->name);
        return NGX_ERROR;
    }

    return ngx_household_keyset_read_state(cf, keyset);
}


ngx_int_t
ngx_http_household_keyset_enable(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf)
{
    ngx_uint_t                  i;
    ngx_household_keyset_t    **keyset;
    ngx_http_core_loc_conf_t   *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    keyset = conf->keysets->elts;

    for (i = 0; i < conf->keysets->nelts; i++) {

        if (keyset[i] == NULL) {
            continue;
        }

        conf->fetched = 1;
        keyset[i]->used = 1;

        if (keyset[i]->fetch.naddrs || keyset[i]->fetch.resolver != NULL) {
            continue;
        }

        if (!ngx_http_household_is_resolver(clcf->resolver)) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"resolver\" is defined to resolve the host of "
                          "\"%V\" of \"household_token_key\" in %s:%ui",
                          &keyset[i]->url, keyset[i]->file, keyset[i]->line);
            return NGX_ERROR;
        }

        keyset[i]->fetch.resolver = clcf->resolver;
    }

    return NGX_OK;
}
