
/*
 * The directives household_sharing and household_events.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"


/* days, at most: "threshold=" and "excuse=" */
#define NGX_HTTP_HOUSEHOLD_SHARING_DAYS     100

/* seconds, at most: "window=" */
#define NGX_HTTP_HOUSEHOLD_SHARING_WINDOW   86400

/* events that Redis keeps, if nothing is said */
#define NGX_HTTP_HOUSEHOLD_EVENTS_LENGTH    100000


static ngx_int_t ngx_http_household_sharing_param(
    ngx_household_presence_params_t *params, ngx_str_t *param,
    ngx_uint_t *set);
static ngx_int_t ngx_http_household_sharing_days(u_char *p, size_t len,
    ngx_uint_t *days);


/* off | on [window=time] [threshold=days] [excuse=days] */

char *
ngx_http_household_set_sharing(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                        *value;
    ngx_uint_t                        i, set;
    ngx_http_household_main_conf_t   *hmcf;
    ngx_household_presence_params_t  *params;

    if (hlcf->sharing != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        hlcf->sharing = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "on") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be "
                           "\"off\", or \"on\" and its parameters",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    params = ngx_palloc(cf->pool, sizeof(ngx_household_presence_params_t));
    if (params == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_household_presence_defaults(params);

    set = 0;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_household_sharing_param(params, &value[i], &set)
            != NGX_OK)
        {
            return ngx_http_household_conf_invalid(cf, cmd, &value[i]);
        }
    }

    hlcf->sharing = params;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);
    hmcf->sharing = 1;

    return NGX_CONF_OK;
}


/* "set" has a bit for each parameter that has been seen */

static ngx_int_t
ngx_http_household_sharing_param(ngx_household_presence_params_t *params,
    ngx_str_t *param, ngx_uint_t *set)
{
    time_t      time;
    ngx_str_t   text;
    ngx_uint_t  seen;

    seen = *set;

    if (!(seen & 1) && ngx_strncmp(param->data, "window=", 7) == 0) {
        *set |= 1;

        text.data = param->data + 7;
        text.len = param->len - 7;

        time = ngx_parse_time(&text, 1);

        if (time < 1 || time > NGX_HTTP_HOUSEHOLD_SHARING_WINDOW) {
            return NGX_DECLINED;
        }

        params->at_once = time;

        return NGX_OK;
    }

    if (!(seen & 2) && ngx_strncmp(param->data, "threshold=", 10) == 0) {
        *set |= 2;

        return ngx_http_household_sharing_days(param->data + 10,
                                               param->len - 10,
                                               &params->evidence);
    }

    if (!(seen & 4) && ngx_strncmp(param->data, "excuse=", 7) == 0) {
        *set |= 4;

        return ngx_http_household_sharing_days(param->data + 7, param->len - 7,
                                               &params->meeting);
    }

    return NGX_DECLINED;
}


/* a decimal number, in units of NGX_HOUSEHOLD_PRESENCE_DAY */

static ngx_int_t
ngx_http_household_sharing_days(u_char *p, size_t len, ngx_uint_t *days)
{
    ngx_int_t  n;

    n = ngx_atofp(p, len, 3);

    if (n < 0 || n > NGX_HTTP_HOUSEHOLD_SHARING_DAYS * 1000) {
        return NGX_DECLINED;
    }

    *days = n * NGX_HOUSEHOLD_PRESENCE_DAY / 1000;

    return NGX_OK;
}


/* the parameters may be those of an outer level, which keeps its own */

ngx_int_t
ngx_http_household_conf_activity(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *hlcf)
{
    ngx_household_presence_params_t  *params;

    if (hlcf->sharing == NULL || hlcf->sharing->forget == hlcf->activity) {
        return NGX_OK;
    }

    params = ngx_palloc(cf->pool, sizeof(ngx_household_presence_params_t));
    if (params == NULL) {
        return NGX_ERROR;
    }

    *params = *hlcf->sharing;
    params->forget = hlcf->activity;

    hlcf->sharing = params;

    return NGX_OK;
}


/* off | on [maxlen=number] */

char *
ngx_http_household_set_events(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_int_t                        n;
    ngx_str_t                       *value;
    ngx_http_household_main_conf_t  *hmcf;

    if (hlcf->events != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        hlcf->events = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "on") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be "
                           "\"off\", or \"on\" and its parameter",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    n = NGX_HTTP_HOUSEHOLD_EVENTS_LENGTH;

    if (cf->args->nelts == 3) {

        n = NGX_ERROR;

        if (ngx_strncmp(value[2].data, "maxlen=", 7) == 0) {
            n = ngx_atoi(value[2].data + 7, value[2].len - 7);
        }

        if (n < 1) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
        }
    }

    hlcf->events = n;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);
    hmcf->events = 1;

    return NGX_CONF_OK;
}
