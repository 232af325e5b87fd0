
/*
 * The household_redis block.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


static char *ngx_http_household_redis_directive(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_household_redis_server(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_household_redis_password_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_household_redis_init(ngx_conf_t *cf,
    ngx_household_redis_conf_t *conf);


static ngx_conf_num_bounds_t  ngx_http_household_redis_database_bounds = {
    ngx_conf_check_num_bounds, 0, 1048576
};


static ngx_conf_num_bounds_t  ngx_http_household_redis_connections_bounds = {
    ngx_conf_check_num_bounds, 1, 64
};


/* the flags are the numbers of arguments alone */

static ngx_command_t  ngx_http_household_redis_commands[] = {

    { ngx_string("server"),
      NGX_CONF_TAKE1,
      ngx_http_household_redis_server,
      0,
      offsetof(ngx_household_redis_conf_t, servers),
      NULL },

    { ngx_string("user"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_conf_t, user),
      NULL },

    { ngx_string("password"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_conf_t, password),
      NULL },

    { ngx_string("password_file"),
      NGX_CONF_TAKE1,
      ngx_http_household_redis_password_file,
      0,
      offsetof(ngx_household_redis_conf_t, password),
      NULL },

    { ngx_string("database"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_household_redis_conf_t, database),
      &ngx_http_household_redis_database_bounds },

    { ngx_string("key_prefix"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_conf_t, key_prefix),
      NULL },

    { ngx_string("connect_timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_household_redis_conf_t, connect_timeout),
      NULL },

    { ngx_string("timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_household_redis_conf_t, timeout),
      NULL },

    { ngx_string("connections"),
      NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      0,
      offsetof(ngx_household_redis_conf_t, connections),
      &ngx_http_household_redis_connections_bounds },

      ngx_null_command
};


ngx_http_household_redis_t *
ngx_http_household_redis_get(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_http_household_redis_t  **stores, *store;

    stores = hmcf->redis.elts;

    for (i = 0; i < hmcf->redis.nelts; i++) {

        if (stores[i]->conf.name.len == name->len
            && ngx_strncmp(stores[i]->conf.name.data, name->data, name->len)
               == 0)
        {
            return stores[i];
        }
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_redis_t));
    if (store == NULL) {
        return NULL;
    }

    store->conf.name = *name;
    store->file = cf->conf_file->file.name.data;
    store->line = cf->conf_file->line;

    stores = ngx_array_push(&hmcf->redis);
    if (stores == NULL) {
        return NULL;
    }

    *stores = store;

    return store;
}


char *
ngx_http_household_redis_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_main_conf_t *hmcf = conf;

    char                        *rv;
    ngx_str_t                   *value;
    ngx_conf_t                   save;
    ngx_household_redis_conf_t  *rcf;
    ngx_http_household_redis_t  *store;

    value = cf->args->elts;

    store = ngx_http_household_redis_get(cf, hmcf, &value[1]);
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    if (store->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate household_redis \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    store->defined = 1;

    rcf = &store->conf;

    rcf->database = NGX_CONF_UNSET_UINT;
    rcf->connect_timeout = NGX_CONF_UNSET_MSEC;
    rcf->timeout = NGX_CONF_UNSET_MSEC;
    rcf->connections = NGX_CONF_UNSET_UINT;

    if (ngx_array_init(&rcf->servers, cf->pool, 4, sizeof(ngx_addr_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_http_household_redis_directive;
    cf->handler_conf = (void *) rcf;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_household_redis_init(cf, rcf);
}


/* one line of the block */

static char *
ngx_http_household_redis_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    char           *rv;
    ngx_str_t      *value;
    ngx_command_t  *cmd;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    for (cmd = ngx_http_household_redis_commands; cmd->name.len; cmd++) {

        if (ngx_strcmp(value[0].data, cmd->name.data) != 0) {
            continue;
        }

        if (cf->args->nelts != 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of arguments in \"%V\" "
                               "directive", &value[0]);
            return NGX_CONF_ERROR;
        }

        rv = cmd->set(cf, cmd, conf);

        if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
            return rv;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" directive %s", &value[0], rv);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in household_redis",
                       &value[0]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_household_redis_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_household_redis_conf_t *rcf = conf;

    ngx_url_t    u;
    ngx_str_t   *value;
    ngx_uint_t   i;
    ngx_addr_t  *addr;

    value = cf->args->elts;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = NGX_HOUSEHOLD_REDIS_PORT;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in server \"%V\"",
                           u.err ? u.err : "invalid address", &u.url);
        return NGX_CONF_ERROR;
    }

    if (u.uri.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"server\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < u.naddrs; i++) {

        addr = ngx_array_push(&rcf->servers);
        if (addr == NULL) {
            return NGX_CONF_ERROR;
        }

        *addr = u.addrs[i];
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_household_redis_password_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_household_redis_conf_t *rcf = conf;

    ngx_str_t  *value;

    if (rcf->password.data != NULL) {
        return "is duplicate or stands beside \"password\"";
    }

    value = cf->args->elts;

    if (ngx_http_household_read_secret(cf, &value[1], &rcf->password)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_household_redis_init(ngx_conf_t *cf, ngx_household_redis_conf_t *rcf)
{
    if (rcf->servers.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"server\" in household_redis \"%V\"",
                           &rcf->name);
        return NGX_CONF_ERROR;
    }

    if (rcf->user.len && rcf->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"user\" without \"password\" or "
                           "\"password_file\" in household_redis \"%V\"",
                           &rcf->name);
        return NGX_CONF_ERROR;
    }

    ngx_conf_init_uint_value(rcf->database, 0);
    ngx_conf_init_msec_value(rcf->connect_timeout, 200);
    ngx_conf_init_msec_value(rcf->timeout, 50);
    ngx_conf_init_uint_value(rcf->connections, 1);

    if (rcf->connect_timeout == 0 || rcf->timeout == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" must not be 0 in household_redis \"%V\"",
                           rcf->timeout == 0 ? "timeout" : "connect_timeout",
                           &rcf->name);
        return NGX_CONF_ERROR;
    }

    if (rcf->key_prefix.data == NULL) {
        ngx_str_set(&rcf->key_prefix, "household:");
    }

    return NGX_CONF_OK;
}
