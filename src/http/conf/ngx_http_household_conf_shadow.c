
/*
 * The directives household_policy and household_shadow.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_facts.h"
#include "ngx_household_str.h"


static ngx_http_household_named_policy_t *ngx_http_household_shadow_get(
    ngx_conf_t *cf, ngx_str_t *name);
static char *ngx_http_household_shadow_directive(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static ngx_uint_t ngx_http_household_shadow_takes(ngx_str_t *name);
static char *ngx_http_household_shadow_check(ngx_conf_t *cf,
    ngx_http_household_named_policy_t *policy);


/* what the verdict depends on, other than who asks */

static ngx_str_t  ngx_http_household_shadow_names[] = {
    ngx_string("household_away"),
    ngx_string("household_enforce_in"),
    ngx_string("household_family_unknown"),
    ngx_string("household_grace"),
    ngx_string("household_ipv6_prefix"),
    ngx_string("household_rollout"),
    ngx_string("household_sharing"),
    ngx_string("household_trusted_device"),
    ngx_string("household_unavailable"),
    ngx_string("household_unregistered")
};


char *
ngx_http_household_shadow_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                               *rv;
    ngx_str_t                          *value;
    ngx_conf_t                          save;
    ngx_http_module_t                  *module;
    ngx_http_household_named_policy_t  *policy;

    value = cf->args->elts;

    /* "household_shadow off" names no policy */

    if (value[1].len == 0 || ngx_strcmp(value[1].data, "off") == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" of \"%V\"", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    policy = ngx_http_household_shadow_get(cf, &value[1]);
    if (policy == NULL) {
        return NGX_CONF_ERROR;
    }

    if (policy->conf != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate household_policy \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    module = ngx_http_household_module.ctx;

    policy->conf = module->create_loc_conf(cf);
    if (policy->conf == NULL) {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_http_household_shadow_directive;
    cf->handler_conf = (void *) policy->conf;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return rv == NGX_CONF_OK ? ngx_http_household_shadow_check(cf, policy)
                             : rv;
}


/* finds the policy of that name, or adds it: it may be defined further down */

static ngx_http_household_named_policy_t *
ngx_http_household_shadow_get(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                           i;
    ngx_http_household_main_conf_t      *hmcf;
    ngx_http_household_named_policy_t   *policy, **known;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    known = hmcf->policies.elts;

    for (i = 0; i < hmcf->policies.nelts; i++) {
        if (ngx_household_str_equal(&known[i]->name, name)) {
            return known[i];
        }
    }

    policy = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_named_policy_t));
    known = ngx_array_push(&hmcf->policies);

    if (policy == NULL || known == NULL) {
        return NULL;
    }

    policy->name = *name;
    policy->file = cf->conf_file->file.name.data;
    policy->line = cf->conf_file->line;

    *known = policy;

    return policy;
}


/* called by ngx_conf_parse() for each directive of the block */

static char *
ngx_http_household_shadow_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_str_t      *value;
    ngx_command_t  *cmd;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    cmd = ngx_http_household_conf_find(ngx_http_household_module.commands,
                                       &value[0]);

    if (cmd == NULL || !ngx_http_household_shadow_takes(&value[0])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in household_policy",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_household_conf_set(cf, cmd, conf);
}


static ngx_uint_t
ngx_http_household_shadow_takes(ngx_str_t *name)
{
    ngx_uint_t  i, n;

    n = sizeof(ngx_http_household_shadow_names)
        / sizeof(ngx_http_household_shadow_names[0]);

    for (i = 0; i < n; i++) {
        if (ngx_household_str_equal(&ngx_http_household_shadow_names[i], name))
        {
            return 1;
        }
    }

    return 0;
}


static char *
ngx_http_household_shadow_check(ngx_conf_t *cf,
    ngx_http_household_named_policy_t *policy)
{
    ngx_http_household_loc_conf_t  *conf;

    conf = policy->conf;

    if (conf->sharing != NGX_CONF_UNSET_PTR && conf->sharing != NULL) {
        /* the presence that is kept is that of the first policy */
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"household_sharing\" of household_policy \"%V\" "
                           "must be \"off\"", &policy->name);
        return NGX_CONF_ERROR;
    }

    if (conf->rollout_value != NGX_CONF_UNSET_PTR
        && conf->rollout_value != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"household_rollout\" of household_policy \"%V\" "
                           "must be a percentage", &policy->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_shadow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t  *value;

    if (hlcf->shadow_policy != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        hlcf->shadow_policy = NULL;
        return NGX_CONF_OK;
    }

    hlcf->shadow_policy = ngx_http_household_shadow_get(cf, &value[1]);

    return hlcf->shadow_policy != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_household_shadow_defined(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf)
{
    ngx_uint_t                           i;
    ngx_http_household_named_policy_t  **policy;

    policy = hmcf->policies.elts;

    for (i = 0; i < hmcf->policies.nelts; i++) {

        if (policy[i]->conf == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown household_policy \"%V\" of "
                          "\"household_shadow\" in %s:%ui",
                          &policy[i]->name, policy[i]->file, policy[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_shadow_init(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf)
{
    ngx_uint_t                          i;
    ngx_http_household_shadow_t        *shadow, **list;
    ngx_http_household_loc_conf_t       merged;
    ngx_http_household_main_conf_t     *hmcf;
    ngx_http_household_named_policy_t  *policy;

    policy = conf->shadow_policy;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    shadow = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_shadow_t));
    if (shadow == NULL) {
        return NGX_ERROR;
    }

    conf->shadow = shadow;

    /* a directive that the policy does not have is that of the location */

    merged = *policy->conf;
    ngx_http_household_policy_merge(&merged, conf);

    shadow->name = policy->name;
    shadow->store = conf->store;
    shadow->without_sharing = (merged.sharing == NULL);
    shadow->own_rollout = (policy->conf->rollout != NGX_CONF_UNSET_UINT);

    ngx_http_household_facts_directives(&merged, &shadow->policy);

    shadow->policy.mode = NGX_HOUSEHOLD_ON;
    shadow->policy.rollout = merged.rollout;

    shadow->counts = ngx_http_household_counts_shadow(cf, hmcf, shadow);

    if (shadow->counts == NULL) {
        return NGX_ERROR;
    }

    /* thousands of locations may have the same counters */

    list = hmcf->shadows.elts;

    for (i = 0; i < hmcf->shadows.nelts; i++) {
        if (list[i]->counts == shadow->counts) {
            return NGX_OK;
        }
    }

    list = ngx_array_push(&hmcf->shadows);
    if (list == NULL) {
        return NGX_ERROR;
    }

    *list = shadow;

    return NGX_OK;
}
