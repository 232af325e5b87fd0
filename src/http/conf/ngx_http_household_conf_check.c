
/*
 * What a configuration of a location lacks, once it is merged.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_api_audit.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_denied.h"


static char *ngx_http_household_conf_check_required(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf);
static void ngx_http_household_conf_check_constant(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf);
static void ngx_http_household_conf_check_device(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf);
static void ngx_http_household_conf_check_effect(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf);
static void ngx_http_household_conf_warn(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf, ngx_http_household_warning_e warning,
    const char *text);


char *
ngx_http_household_conf_check(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf)
{
    if (ngx_http_household_conf_check_required(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->mode == NGX_HOUSEHOLD_OFF && conf->mode_value == NULL) {
        return NGX_CONF_OK;
    }

    ngx_http_household_conf_check_constant(cf, conf);
    ngx_http_household_conf_check_device(cf, conf);
    ngx_http_household_conf_check_effect(cf, conf);

    return NGX_CONF_OK;
}


/* directives that "household" requires, and that of pseudonyms */

static char *
ngx_http_household_conf_check_required(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf)
{
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    if (conf->api != NULL && conf->audit != NULL && hmcf->hmac == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"household_api_audit\" requires "
                      "\"household_hmac_key\" in %s:%ui",
                      conf->audit->conf_file, conf->audit->conf_line);
        return NGX_CONF_ERROR;
    }

    if (conf->mode == NGX_HOUSEHOLD_OFF && conf->mode_value == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->store == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"household_store\" is defined for the "
                      "\"household\" directive in %s:%ui",
                      conf->mode_file, conf->mode_line);
        return NGX_CONF_ERROR;
    }

    if (conf->shadow_policy != NULL
        && ngx_http_household_shadow_init(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->offer_state != NULL && hmcf->hmac == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"household_offer_state\" requires "
                      "\"household_hmac_key\" for the "
                      "\"household\" directive in %s:%ui",
                      conf->mode_file, conf->mode_line);
        return NGX_CONF_ERROR;
    }

    if (conf->token.sources != NULL) {

        if (ngx_http_household_denied_init(cf, conf->store) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        return ngx_http_household_token_build_policy(cf, &conf->token,
                                                     conf->store->zone);
    }

    if (conf->account == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"household_account\" or \"household_token\" is "
                      "defined for the "
                      "\"household\" directive in %s:%ui",
                      conf->mode_file, conf->mode_line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* a variable without its "$": all clients are one account, or one device */

static void
ngx_http_household_conf_check_constant(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf)
{
    if (conf->token.sources != NULL) {
        return;
    }

    if (conf->account->complex.value.len != 0
        && conf->account->complex.lengths == NULL)
    {
        ngx_http_household_conf_warn(cf, conf,
                                     NGX_HTTP_HOUSEHOLD_WARNING_ACCOUNT,
                                     "\"household_account\" without a "
                                     "variable is one account of all clients, "
                                     "for");
    }

    if (conf->device != NULL && conf->device->complex.value.len != 0
        && conf->device->complex.lengths == NULL)
    {
        ngx_http_household_conf_warn(cf, conf,
                                     NGX_HTTP_HOUSEHOLD_WARNING_ONE_DEVICE,
                                     "\"household_device\" without a variable "
                                     "is one device of all clients, for");
    }
}


/* without a device id no device is ever trusted */

static void
ngx_http_household_conf_check_device(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf)
{
    ngx_uint_t  known;

    known = conf->token.sources != NULL ? conf->token.policy.device.len != 0
                                        : conf->device != NULL;

    if (known) {
        if (conf->store != NULL) {
            conf->store->devices = 1;
        }

        return;
    }

    if (conf->trusted_device != 0) {
        ngx_http_household_conf_warn(cf, conf,
                                     NGX_HTTP_HOUSEHOLD_WARNING_DEVICE,
                                     "no device id is configured for "
                                     "\"household_trusted_device\" and");
    }
}


/* directives that have no effect as the others are */

static void
ngx_http_household_conf_check_effect(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf)
{
    if (conf->action == NGX_HTTP_HOUSEHOLD_REDIRECT && conf->offers == NULL) {
        ngx_http_household_conf_warn(cf, conf,
                                     NGX_HTTP_HOUSEHOLD_WARNING_OFFER,
                                     "no \"household_offer\" is configured "
                                     "for \"household_action redirect\" "
                                     "and");
    }

    if (conf->sharing != NULL
        && (conf->unregistered == NGX_HOUSEHOLD_ALLOW
            || conf->family_unknown == NGX_HOUSEHOLD_ALLOW))
    {
        ngx_http_household_conf_warn(cf, conf,
                                     NGX_HTTP_HOUSEHOLD_WARNING_SHARING,
                                     conf->unregistered == NGX_HOUSEHOLD_ALLOW
                                     ? "\"household_unregistered allow\" is "
                                       "evaluated before "
                                       "\"household_sharing\", for"
                                     : "\"household_family_unknown allow\" is "
                                       "evaluated before "
                                       "\"household_sharing\", for");
    }
}


/* one line for each directive "household", however many locations inherit it */

static void
ngx_http_household_conf_warn(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf, ngx_http_household_warning_e warning,
    const char *text)
{
    ngx_http_household_warned_t     *warned;
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    warned = &hmcf->warned[warning];

    if (warned->file == conf->mode_file && warned->line == conf->mode_line) {
        return;
    }

    warned->file = conf->mode_file;
    warned->line = conf->mode_line;

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "%s the \"household\" directive in %s:%ui",
                  text, conf->mode_file, conf->mode_line);
}
