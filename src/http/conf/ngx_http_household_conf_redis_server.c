
/*
 * The household_redis block: its servers, and which of them are read from.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_conf.h"


static char *ngx_http_household_redis_server_url(ngx_conf_t *cf,
    ngx_household_redis_server_t *server, ngx_url_t *u);


/* "server" or "sentinel", depending on cmd->offset */

char *
ngx_http_household_redis_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_url_t                      u;
    ngx_str_t                     *value;
    ngx_uint_t                     i, sentinel;
    ngx_array_t                   *servers;
    ngx_household_redis_server_t  *server;

    value = cf->args->elts;
    servers = (ngx_array_t *) (p + cmd->offset);
    sentinel = cmd->offset
        == offsetof(ngx_household_redis_options_t, sentinels);

    server = ngx_array_push(servers);
    if (server == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(server, sizeof(ngx_household_redis_server_t));

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "resolve") == 0 && !server->resolve) {
            server->resolve = 1;

        } else if (ngx_strcmp(value[i].data, "replica") == 0 && !sentinel
                   && !server->replica)
        {
            server->replica = 1;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\"",
                               &value[i], &value[0]);
            return NGX_CONF_ERROR;
        }
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = sentinel ? NGX_HOUSEHOLD_REDIS_SENTINEL_PORT
                              : NGX_HOUSEHOLD_REDIS_PORT;
    u.no_resolve = server->resolve;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in %V \"%V\"",
                           u.err ? u.err : "invalid address", &value[0],
                           &u.url);
        return NGX_CONF_ERROR;
    }

    if (u.uri.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\"", &value[1],
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_household_redis_server_url(cf, server, &u);
}


static char *
ngx_http_household_redis_server_url(ngx_conf_t *cf,
    ngx_household_redis_server_t *server, ngx_url_t *u)
{
    u_char  *p;
    size_t   len;

    server->addrs = u->addrs;
    server->naddrs = u->naddrs;
    server->port = u->port;

    if (u->family == AF_UNIX) {

        if (server->resolve) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"resolve\" requires a host name, not \"%V\"",
                               &u->url);
            return NGX_CONF_ERROR;
        }

        server->name = u->url;
        return NGX_CONF_OK;
    }

    server->host = u->host;

    if (server->host.len && server->host.data[0] == '[') {
        server->host.data++;
        server->host.len -= 2;
    }

    if (server->resolve && server->naddrs) {
        /* an address needs no resolving */
        server->resolve = 0;
    }

    /* names in the log include the port */

    len = u->host.len + sizeof(":65535") - 1;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    server->name.data = p;
    server->name.len = ngx_sprintf(p, "%V:%ui", &u->host,
                                   (ngx_uint_t) u->port)
                       - p;

    return NGX_CONF_OK;
}


/* "read_from primary", or "read_from replica [max_lag=TIME]" */

char *
ngx_http_household_redis_read_from(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_household_redis_options_t *rcf = conf;

    char       *rv;
    ngx_str_t  *value, text;

    rv = ngx_http_household_set_enum(cf, cmd, conf);

    if (rv != NGX_CONF_OK || cf->args->nelts == 2) {
        return rv;
    }

    value = cf->args->elts;

    if (rcf->read_from != NGX_HOUSEHOLD_REDIS_REPLICA
        || ngx_strncmp(value[2].data, "max_lag=", 8) != 0)
    {
        return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
    }

    text.data = value[2].data + 8;
    text.len = value[2].len - 8;

    rcf->max_lag = ngx_parse_time(&text, 0);

    if (rcf->max_lag == (ngx_msec_t) NGX_ERROR
        || rcf->max_lag < NGX_HOUSEHOLD_REDIS_MAX_LAG_MIN
        || rcf->max_lag > NGX_HOUSEHOLD_REDIS_MAX_LAG_MAX)
    {
        return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
    }

    return NGX_CONF_OK;
}
