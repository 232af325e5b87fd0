
/*
 * Blocks with directives of their own: household_redis and household_policy.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_conf.h"


static ngx_uint_t ngx_http_household_conf_takes(ngx_command_t *cmd,
    ngx_uint_t n);


ngx_command_t *
ngx_http_household_conf_find(ngx_command_t *cmd, ngx_str_t *name)
{
    for ( /* void */ ; cmd->name.len; cmd++) {

        if (cmd->name.len == name->len
            && ngx_strncmp(cmd->name.data, name->data, name->len) == 0)
        {
            return cmd;
        }
    }

    return NULL;
}


char *
ngx_http_household_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (!ngx_http_household_conf_takes(cmd, cf->args->nelts - 1)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" directive",
                           &value[0]);
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


/* returns 1 if the directive may have "n" arguments */

static ngx_uint_t
ngx_http_household_conf_takes(ngx_command_t *cmd, ngx_uint_t n)
{
    static const ngx_uint_t  takes[] = {
        NGX_CONF_NOARGS, NGX_CONF_TAKE1, NGX_CONF_TAKE2, NGX_CONF_TAKE3,
        NGX_CONF_TAKE4
    };

    if (cmd->type & NGX_CONF_1MORE) {
        return n > 0;
    }

    return n < sizeof(takes) / sizeof(takes[0]) && (cmd->type & takes[n]);
}
