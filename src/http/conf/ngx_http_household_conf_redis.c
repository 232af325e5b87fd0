
/*
 * The household_redis block.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_conf.h"


/* a household_redis block while it is parsed */

typedef struct {
    ngx_household_redis_options_t   *conf;
    ngx_http_household_redis_ssl_t   ssl;
} ngx_http_household_redis_block_t;


static ngx_int_t ngx_http_household_redis_unset(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf);
static char *ngx_http_household_redis_directive(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_household_redis_password_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_household_redis_init(ngx_conf_t *cf,
    ngx_household_redis_options_t *conf);
static ngx_int_t ngx_http_household_redis_check_empty(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf);
static char *ngx_http_household_redis_check_topology(ngx_conf_t *cf,
    ngx_household_redis_options_t *conf);


static ngx_conf_num_bounds_t  ngx_http_household_redis_database_bounds = {
    ngx_conf_check_num_bounds, 0, 1048576
};


static ngx_conf_num_bounds_t  ngx_http_household_redis_connections_bounds = {
    ngx_conf_check_num_bounds, 1, 64
};


static ngx_conf_enum_t  ngx_http_household_redis_read_from_values[] = {
    { ngx_string("primary"), NGX_HOUSEHOLD_REDIS_PRIMARY },
    { ngx_string("replica"), NGX_HOUSEHOLD_REDIS_REPLICA },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_household_redis_tracking_values[] = {
    { ngx_string("on"), NGX_HOUSEHOLD_REDIS_TRACKING_ON },
    { ngx_string("broadcast"), NGX_HOUSEHOLD_REDIS_TRACKING_BROADCAST },
    { ngx_string("off"), NGX_HOUSEHOLD_REDIS_TRACKING_OFF },
    { ngx_null_string, 0 }
};


/* of the flags, only the number of arguments is used */

static ngx_command_t  ngx_http_household_redis_commands[] = {

    { ngx_string("server"),
      NGX_CONF_TAKE123,
      ngx_http_household_redis_server,
      0,
      offsetof(ngx_household_redis_options_t, servers),
      NULL },

    { ngx_string("sentinel"),
      NGX_CONF_TAKE12,
      ngx_http_household_redis_server,
      0,
      offsetof(ngx_household_redis_options_t, sentinels),
      NULL },

    { ngx_string("master"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_options_t, master),
      NULL },

    { ngx_string("sentinel_user"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_options_t, sentinel_user),
      NULL },

    { ngx_string("sentinel_password"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_options_t, sentinel_password),
      NULL },

    { ngx_string("sentinel_password_file"),
      NGX_CONF_TAKE1,
      ngx_http_household_redis_password_file,
      0,
      offsetof(ngx_household_redis_options_t, sentinel_password),
      NULL },

    { ngx_string("cluster"),
      NGX_CONF_TAKE1,
      ngx_conf_set_flag_slot,
      0,
      offsetof(ngx_household_redis_options_t, cluster),
      NULL },

    { ngx_string("read_from"),
      NGX_CONF_TAKE12,
      ngx_http_household_redis_read_from,
      0,
      offsetof(ngx_household_redis_options_t, read_from),
      ngx_http_household_redis_read_from_values },

    { ngx_string("user"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_options_t, user),
      NULL },

    { ngx_string("password"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_options_t, password),
      NULL },

    { ngx_string("password_file"),
      NGX_CONF_TAKE1,
      ngx_http_household_redis_password_file,
      0,
      offsetof(ngx_household_redis_options_t, password),
      NULL },

    { ngx_string("database"),
      NGX_CONF_TAKE1,
      ngx_http_household_set_num,
      0,
      offsetof(ngx_household_redis_options_t, database),
      &ngx_http_household_redis_database_bounds },

    { ngx_string("key_prefix"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_household_redis_options_t, key_prefix),
      NULL },

    { ngx_string("connect_timeout"),
      NGX_CONF_TAKE1,
      ngx_http_household_set_msec,
      0,
      offsetof(ngx_household_redis_options_t, connect_timeout),
      NULL },

    { ngx_string("timeout"),
      NGX_CONF_TAKE1,
      ngx_http_household_set_msec,
      0,
      offsetof(ngx_household_redis_options_t, timeout),
      NULL },

    { ngx_string("connections"),
      NGX_CONF_TAKE1,
      ngx_http_household_set_num,
      0,
      offsetof(ngx_household_redis_options_t, connections),
      &ngx_http_household_redis_connections_bounds },

    { ngx_string("tracking"),
      NGX_CONF_TAKE1,
      ngx_http_household_set_enum,
      0,
      offsetof(ngx_household_redis_options_t, tracking),
      ngx_http_household_redis_tracking_values },

      ngx_null_command
};


ngx_http_household_redis_t *
ngx_http_household_redis_find_or_add(ngx_conf_t *cf,
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
    store->stores = &hmcf->stores;
    store->directive = *(ngx_str_t *) cf->args->elts;
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

    char                              *rv;
    ngx_str_t                         *value;
    ngx_conf_t                         save;
    ngx_household_redis_options_t        *rcf;
    ngx_http_household_redis_t        *store;
    ngx_http_household_redis_block_t   block;

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" of \"%V\"", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    store = ngx_http_household_redis_find_or_add(cf, hmcf, &value[1]);
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

    if (ngx_http_household_redis_unset(cf, rcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    block.conf = rcf;
    ngx_http_household_ssl_redis_unset(&block.ssl);

    save = *cf;
    cf->handler = ngx_http_household_redis_directive;
    cf->handler_conf = (void *) &block;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_household_redis_init(cf, rcf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_household_ssl_redis_init(cf, rcf, &block.ssl);
}


static ngx_int_t
ngx_http_household_redis_unset(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf)
{
    rcf->database = NGX_CONF_UNSET_UINT;
    rcf->connect_timeout = NGX_CONF_UNSET_MSEC;
    rcf->timeout = NGX_CONF_UNSET_MSEC;
    rcf->connections = NGX_CONF_UNSET_UINT;
    rcf->tracking = NGX_CONF_UNSET_UINT;
    rcf->cluster = NGX_CONF_UNSET;
    rcf->read_from = NGX_CONF_UNSET_UINT;
    rcf->max_lag = NGX_CONF_UNSET_MSEC;

    if (ngx_array_init(&rcf->servers, cf->pool, 4,
                       sizeof(ngx_household_redis_server_t))
        != NGX_OK
        || ngx_array_init(&rcf->sentinels, cf->pool, 4,
                          sizeof(ngx_household_redis_server_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* called by ngx_conf_parse() for each directive of the block */

static char *
ngx_http_household_redis_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_str_t                         *value;
    ngx_command_t                     *cmd;
    ngx_http_household_redis_block_t  *block;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    block = conf;

    cmd = ngx_http_household_conf_find(ngx_http_household_redis_commands,
                                       &value[0]);
    if (cmd != NULL) {
        return ngx_http_household_conf_set(cf, cmd, block->conf);
    }

    cmd = ngx_http_household_conf_find(ngx_http_household_redis_ssl_commands,
                                       &value[0]);
    if (cmd != NULL) {
        return ngx_http_household_conf_set(cf, cmd, &block->ssl);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in household_redis",
                       &value[0]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_household_redis_password_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_str_t  *value, *password;

    password = (ngx_str_t *) (p + cmd->offset);

    if (password->data != NULL) {
        return "is duplicate or conflicts with the password itself";
    }

    value = cf->args->elts;

    if (ngx_http_household_conf_read_secret(cf, cmd, &value[1], password)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_household_redis_init(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf)
{
    if (ngx_http_household_redis_check_empty(cf, rcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (rcf->user.len && rcf->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"user\" without \"password\" or "
                           "\"password_file\" in household_redis \"%V\"",
                           &rcf->name);
        return NGX_CONF_ERROR;
    }

    if (rcf->sentinel_user.len && rcf->sentinel_password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sentinel_user\" without \"sentinel_password\" or "
                           "\"sentinel_password_file\" in household_redis "
                           "\"%V\"", &rcf->name);
        return NGX_CONF_ERROR;
    }

    ngx_conf_init_uint_value(rcf->database, 0);
    ngx_conf_init_msec_value(rcf->connect_timeout, 200);
    ngx_conf_init_msec_value(rcf->timeout, 50);
    ngx_conf_init_uint_value(rcf->connections, 1);
    ngx_conf_init_uint_value(rcf->tracking,
                             NGX_HOUSEHOLD_REDIS_TRACKING_BROADCAST);
    ngx_conf_init_value(rcf->cluster, 0);
    ngx_conf_init_uint_value(rcf->read_from, NGX_HOUSEHOLD_REDIS_PRIMARY);
    ngx_conf_init_msec_value(rcf->max_lag, NGX_HOUSEHOLD_REDIS_MAX_LAG);

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

    return ngx_http_household_redis_check_topology(cf, rcf);
}


/* an empty value, as of a template whose variable is not set, is an error */

static ngx_int_t
ngx_http_household_redis_check_empty(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf)
{
    ngx_uint_t  i;

    const struct {
        const char        *name;
        const ngx_str_t   *value;
    } texts[] = {
        { "user", &rcf->user },
        { "password", &rcf->password },
        { "sentinel_user", &rcf->sentinel_user },
        { "sentinel_password", &rcf->sentinel_password },
        { "master", &rcf->master }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        if (texts[i].value->data != NULL && texts[i].value->len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\" is empty in household_redis \"%V\"",
                               texts[i].name, &rcf->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* which directives may be combined: standalone, Sentinel or Cluster */

static char *
ngx_http_household_redis_check_topology(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf)
{
    const char                    *err;
    ngx_uint_t                     i, replicas;
    ngx_household_redis_server_t  *servers;

    err = NULL;
    replicas = 0;
    servers = rcf->servers.elts;

    for (i = 0; i < rcf->servers.nelts; i++) {
        replicas += servers[i].replica;

        if (rcf->cluster && servers[i].host.len == 0) {
            err = "\"cluster\" conflicts with a unix socket as \"server\"";
        }
    }

    if (rcf->sentinels.nelts) {

        if (rcf->servers.nelts) {
            err = "\"server\" conflicts with \"sentinel\"";

        } else if (rcf->cluster) {
            err = "\"cluster\" conflicts with \"sentinel\"";

        } else if (rcf->master.len == 0) {
            err = "\"sentinel\" requires \"master\"";
        }

    } else if (rcf->servers.nelts == 0) {
        err = "no \"server\"";

    } else if (rcf->master.data != NULL || rcf->sentinel_password.data != NULL)
    {
        err = rcf->master.data != NULL
              ? "\"master\" requires \"sentinel\""
              : "\"sentinel_password\" requires \"sentinel\"";

    } else if (rcf->cluster) {
        if (rcf->database) {
            err = "\"database\" conflicts with \"cluster\"";

        } else if (replicas) {
            err = "\"replica\" is not allowed with \"cluster\"";

        } else if (ngx_strlchr(rcf->key_prefix.data, rcf->key_prefix.data
                               + rcf->key_prefix.len, '{')
                   != NULL)
        {
            /* the hash tag would be another than the account */
            err = "\"key_prefix\" with \"{\" conflicts with \"cluster\"";
        }

    } else if (replicas == rcf->servers.nelts) {
        err = "at least one \"server\" without \"replica\" is required";

    } else if (rcf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA && replicas == 0) {
        err = "\"read_from replica\" requires a \"replica\"";
    }

    if (err != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in household_redis \"%V\"",
                           err, &rcf->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * The resolver is the one of http {}.  It may be specified below the block,
 * so this is called when the whole configuration has been read.
 */

char *
ngx_http_household_redis_resolver(ngx_conf_t *cf,
    ngx_http_household_redis_t *store)
{
    ngx_uint_t                      i, n, resolve;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_household_redis_options_t  *rcf;
    ngx_household_redis_server_t   *servers;

    rcf = &store->conf;
    resolve = 0;

    for (n = 0; n < 2; n++) {
        servers = n ? rcf->sentinels.elts : rcf->servers.elts;

        for (i = 0; i < (n ? rcf->sentinels.nelts : rcf->servers.nelts); i++) {
            resolve |= servers[i].resolve;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_http_household_is_resolver(clcf->resolver)) {
        rcf->resolver = clcf->resolver;

    } else if (resolve) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"resolve\" in household_redis \"%V\" without "
                      "\"resolver\" in http in %s:%ui", &rcf->name,
                      store->file, store->line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
