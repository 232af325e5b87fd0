
/*
 * Setters like ngx_conf_set_*_slot() of nginx.  Their errors also name the
 * directive, the value and what is wrong with it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_value.h"


char *
ngx_http_household_conf_invalid(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *value)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\"", value,
                       &cmd->name);
    return NGX_CONF_ERROR;
}


char *
ngx_http_household_set_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    u_char           *last, words[256];
    ngx_str_t        *value;
    ngx_uint_t       *np, i;
    ngx_conf_enum_t  *e;

    np = (ngx_uint_t *) (p + cmd->offset);

    if (*np != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    e = cmd->post;
    last = words;

    for (i = 0; e[i].name.len; i++) {

        if (e[i].name.len == value[1].len
            && ngx_strncmp(e[i].name.data, value[1].data, value[1].len) == 0)
        {
            *np = e[i].value;
            return NGX_CONF_OK;
        }

        last = ngx_slprintf(last, words + sizeof(words), "%s\"%V\"",
                            i == 0 ? "" : e[i + 1].name.len ? ", " : " or ",
                            &e[i].name);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\", it must be %*s",
                       &value[1], &cmd->name, (size_t) (last - words), words);

    return NGX_CONF_ERROR;
}


char *
ngx_http_household_set_sec(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    time_t                          *sp, time;
    ngx_str_t                       *value;
    ngx_http_household_sec_range_t  *range;

    sp = (time_t *) (p + cmd->offset);

    if (*sp != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    time = ngx_parse_time(&value[1], 1);

    if (time == (time_t) NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be a time "
                           "in whole seconds", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    range = cmd->post;

    if (time < range->min || time > range->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be %s",
                           &value[1], &cmd->name, range->text);
        return NGX_CONF_ERROR;
    }

    *sp = time;

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_msec(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t   *value;
    ngx_msec_t  *msp, time;

    msp = (ngx_msec_t *) (p + cmd->offset);

    if (*msp != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    time = ngx_parse_time(&value[1], 0);

    /* also if it is NGX_ERROR; epoll waits for an int of milliseconds */

    if (time > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be a time "
                           "of at most 24d", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    *msp = time;

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_num(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_int_t              *np, n;
    ngx_str_t              *value;
    ngx_conf_num_bounds_t  *bounds;

    np = (ngx_int_t *) (p + cmd->offset);

    if (*np != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    bounds = cmd->post;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number \"%V\" of \"%V\"", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (bounds != NULL && (n < bounds->low || n > bounds->high)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be "
                           "between %i and %i", &value[1], &cmd->name,
                           bounds->low, bounds->high);
        return NGX_CONF_ERROR;
    }

    *np = n;

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_bitmask(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t           *value;
    ngx_uint_t          *np, i, n;
    ngx_conf_bitmask_t  *mask;

    np = (ngx_uint_t *) (p + cmd->offset);
    value = cf->args->elts;
    mask = cmd->post;

    if (*np != 0) {
        return "is duplicate";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        for (n = 0; mask[n].name.len; n++) {

            if (mask[n].name.len == value[i].len
                && ngx_strcasecmp(mask[n].name.data, value[i].data) == 0)
            {
                break;
            }
        }

        if (mask[n].name.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of \"%V\"", &value[i],
                               &cmd->name);
            return NGX_CONF_ERROR;
        }

        *np |= mask[n].mask;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                  *value;
    ngx_http_household_value_t  *text, **field;

    field = (ngx_http_household_value_t **) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    text = ngx_palloc(cf->pool, sizeof(ngx_http_household_value_t));
    if (text == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    if (ngx_http_household_value_compile(cf, &value[1], text) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    *field = text;

    return NGX_CONF_OK;
}
