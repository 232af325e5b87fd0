
/*
 * The policy: its inheritance, and directives that take more than one word.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"


/* the longest "household_away" period, in days */
#define NGX_HTTP_HOUSEHOLD_AWAY_PERIOD  366


static ngx_int_t ngx_http_household_conf_days(u_char *p, u_char *last);


void
ngx_http_household_policy_merge(ngx_http_household_loc_conf_t *conf,
    const ngx_http_household_loc_conf_t *prev)
{
    /* a fixed percentage and a variable are set and inherited together */

    ngx_conf_merge_uint_value(conf->rollout, prev->rollout,
                              NGX_HOUSEHOLD_ROLLOUT_ALL);
    ngx_conf_merge_ptr_value(conf->rollout_value, prev->rollout_value, NULL);

    ngx_conf_merge_uint_value(conf->unavailable, prev->unavailable,
                              NGX_HOUSEHOLD_ALLOW);
    ngx_conf_merge_uint_value(conf->unregistered, prev->unregistered,
                              NGX_HOUSEHOLD_DENY);
    ngx_conf_merge_uint_value(conf->learn_days, prev->learn_days,
                              NGX_HTTP_HOUSEHOLD_LEARN_DAYS);
    ngx_conf_merge_uint_value(conf->family_unknown, prev->family_unknown,
                              NGX_HOUSEHOLD_DENY);
    ngx_conf_merge_value(conf->ipv6_prefix, prev->ipv6_prefix, 64);
    ngx_conf_merge_sec_value(conf->trusted_device, prev->trusted_device,
                             31 * 24 * 60 * 60);
    ngx_conf_merge_sec_value(conf->grace, prev->grace, 0);
    ngx_conf_merge_uint_value(conf->away_days, prev->away_days, 0);
    ngx_conf_merge_uint_value(conf->away_period, prev->away_period, 0);
    ngx_conf_merge_ptr_value(conf->enforce_in, prev->enforce_in, NULL);
    ngx_conf_merge_ptr_value(conf->sharing, prev->sharing, NULL);
}


/* allow | deny | learn [days=number] */

char *
ngx_http_household_set_unregistered(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    char       *rv;
    ngx_int_t   days;
    ngx_str_t  *value;

    rv = ngx_http_household_set_enum(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    hlcf->learn_days = NGX_HTTP_HOUSEHOLD_LEARN_DAYS;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    if (hlcf->unregistered != NGX_HOUSEHOLD_LEARN
        || ngx_strncmp(value[2].data, "days=", 5) != 0)
    {
        return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
    }

    days = ngx_atoi(value[2].data + 5, value[2].len - 5);

    if (days < 1 || days > NGX_HOUSEHOLD_LEARN_DAYS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\", it must be 1 "
                           "to %d", &value[2], &cmd->name,
                           NGX_HOUSEHOLD_LEARN_DAYS);
        return NGX_CONF_ERROR;
    }

    hlcf->learn_days = days;

    return NGX_CONF_OK;
}


/* off | days/period */

char *
ngx_http_household_set_away(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    u_char     *slash, *last;
    ngx_int_t   days, period;
    ngx_str_t  *value;

    if (hlcf->away_days != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        hlcf->away_days = 0;
        hlcf->away_period = 0;
        return NGX_CONF_OK;
    }

    last = value[1].data + value[1].len;
    slash = ngx_strlchr(value[1].data, last, '/');

    days = NGX_ERROR;
    period = NGX_ERROR;

    if (slash != NULL) {
        days = ngx_http_household_conf_days(value[1].data, slash);
        period = ngx_http_household_conf_days(slash + 1, last);
    }

    if (days < 1 || days > NGX_HOUSEHOLD_AWAY_MAX
        || period <= days || period > NGX_HTTP_HOUSEHOLD_AWAY_PERIOD)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be "
                           "\"off\", or 1 to %d days of a longer period of at "
                           "most %d days, as \"3d/30d\"", &value[1],
                           &cmd->name, NGX_HOUSEHOLD_AWAY_MAX,
                           NGX_HTTP_HOUSEHOLD_AWAY_PERIOD);
        return NGX_CONF_ERROR;
    }

    hlcf->away_days = days;
    hlcf->away_period = period;

    return NGX_CONF_OK;
}


/* a time in whole days; returns their number, or NGX_ERROR */

static ngx_int_t
ngx_http_household_conf_days(u_char *p, u_char *last)
{
    time_t     time;
    ngx_str_t  text;

    text.data = p;
    text.len = last - p;

    time = ngx_parse_time(&text, 1);

    if (time == (time_t) NGX_ERROR || time % NGX_HOUSEHOLD_DAY) {
        return NGX_ERROR;
    }

    return time / NGX_HOUSEHOLD_DAY;
}
