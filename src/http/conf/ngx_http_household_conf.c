
/*
 * Configuration structures: creation, merging, and directives that nginx has
 * no setter for.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_country.h"
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_cache.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_offer.h"
#include "ngx_http_household_sharing.h"
#include "ngx_http_household_value.h"


static void ngx_http_household_merge_identity(
    ngx_http_household_loc_conf_t *prev, ngx_http_household_loc_conf_t *conf);
static void ngx_http_household_merge_content(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *prev, ngx_http_household_loc_conf_t *conf);
static ngx_int_t ngx_http_household_offer_compile(ngx_conf_t *cf,
    ngx_http_household_offer_t *offer, ngx_str_t *url, ngx_str_t *verify);
static ngx_int_t ngx_http_household_offer_param(ngx_str_t *param,
    ngx_http_household_offer_t *offer, ngx_str_t *url, ngx_str_t *verify);
static ngx_uint_t ngx_http_household_conf_valid_price(ngx_str_t *price);
static ngx_uint_t ngx_http_household_conf_valid_currency(ngx_str_t *currency);
static ngx_uint_t ngx_http_household_conf_valid_url(ngx_str_t *url);


void *
ngx_http_household_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_main_conf_t));
    if (hmcf == NULL) {
        return NULL;
    }

    hmcf->loaded = ngx_time();

    ngx_rbtree_init(&hmcf->keys, &hmcf->keys_sentinel,
                    ngx_str_rbtree_insert_value);

    if (ngx_array_init(&hmcf->redis, cf->pool, 2,
                       sizeof(ngx_http_household_redis_t *))
        != NGX_OK
        || ngx_array_init(&hmcf->stores, cf->pool, 2,
                          sizeof(ngx_http_household_store_t *))
           != NGX_OK
        || ngx_array_init(&hmcf->zones, cf->pool, 2,
                          sizeof(ngx_household_zone_t *))
           != NGX_OK
        || ngx_array_init(&hmcf->tokens, cf->pool, 4,
                          sizeof(ngx_http_household_token_conf_t *))
           != NGX_OK
        || ngx_array_init(&hmcf->claims, cf->pool, 4, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&hmcf->keysets, cf->pool, 2,
                          sizeof(ngx_household_keyset_t *))
           != NGX_OK
        || ngx_array_init(&hmcf->policies, cf->pool, 2,
                          sizeof(ngx_http_household_named_policy_t *))
           != NGX_OK
        || ngx_array_init(&hmcf->shadows, cf->pool, 2,
                          sizeof(ngx_http_household_shadow_t *))
           != NGX_OK)
    {
        return NULL;
    }

    return hmcf;
}


char *
ngx_http_household_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_household_main_conf_t *hmcf = conf;

    ngx_uint_t                    i;
    ngx_http_household_redis_t  **stores;

    stores = hmcf->redis.elts;

    for (i = 0; i < hmcf->redis.nelts; i++) {

        if (!stores[i]->defined) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown household_redis \"%V\" of \"%V\" in "
                          "%s:%ui", &stores[i]->conf.name,
                          &stores[i]->directive, stores[i]->file,
                          stores[i]->line);
            return NGX_CONF_ERROR;
        }

        if (ngx_http_household_redis_resolver(cf, stores[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_household_zone_check(cf) != NGX_OK
        || ngx_http_household_shadow_defined(cf, hmcf) != NGX_OK
        || ngx_http_household_cache_init(cf, hmcf) != NGX_OK
        || ngx_http_household_sharing_init_cache(cf, hmcf) != NGX_OK
        || ngx_http_household_counts_init(cf, hmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void *
ngx_http_household_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_household_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->mode = NGX_CONF_UNSET_UINT;
    conf->mode_value = NGX_CONF_UNSET_PTR;
    conf->store = NGX_CONF_UNSET_PTR;
    conf->account = NGX_CONF_UNSET_PTR;
    conf->device = NGX_CONF_UNSET_PTR;
    conf->offer_state = NGX_CONF_UNSET_PTR;
    conf->issued_at = NGX_CONF_UNSET_PTR;
    ngx_http_household_token_create(&conf->token);
    conf->preflight = NGX_CONF_UNSET_UINT;
    conf->action = NGX_CONF_UNSET_UINT;
    conf->offers = NGX_CONF_UNSET_PTR;
    conf->log_level = NGX_CONF_UNSET_UINT;
    conf->unavailable = NGX_CONF_UNSET_UINT;
    conf->unregistered = NGX_CONF_UNSET_UINT;
    conf->learn_days = NGX_CONF_UNSET_UINT;
    conf->family_unknown = NGX_CONF_UNSET_UINT;
    conf->ipv6_prefix = NGX_CONF_UNSET;
    conf->trusted_device = NGX_CONF_UNSET;
    conf->grace = NGX_CONF_UNSET;
    conf->away_days = NGX_CONF_UNSET_UINT;
    conf->away_period = NGX_CONF_UNSET_UINT;
    conf->enforce_in = NGX_CONF_UNSET_PTR;
    conf->rollout = NGX_CONF_UNSET_UINT;
    conf->rollout_value = NGX_CONF_UNSET_PTR;
    conf->sharing = NGX_CONF_UNSET_PTR;
    conf->audit = NGX_CONF_UNSET_PTR;
    conf->activity = NGX_CONF_UNSET;
    conf->events = NGX_CONF_UNSET_UINT;
    conf->shadow_policy = NGX_CONF_UNSET_PTR;

    return conf;
}


char *
ngx_http_household_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_household_loc_conf_t *prev = parent;
    ngx_http_household_loc_conf_t *conf = child;

    if (conf->mode_file == NULL) {
        conf->mode_file = prev->mode_file;
        conf->mode_line = prev->mode_line;
    }

    /* a fixed mode and a variable are set together, and inherited together */

    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HOUSEHOLD_OFF);
    ngx_conf_merge_ptr_value(conf->mode_value, prev->mode_value, NULL);

    ngx_conf_merge_ptr_value(conf->store, prev->store, NULL);

    ngx_http_household_merge_identity(prev, conf);

    ngx_conf_merge_ptr_value(conf->device, prev->device, NULL);
    ngx_conf_merge_ptr_value(conf->offer_state, prev->offer_state, NULL);
    ngx_conf_merge_ptr_value(conf->issued_at, prev->issued_at, NULL);

    ngx_conf_merge_uint_value(conf->preflight, prev->preflight,
                              NGX_HTTP_HOUSEHOLD_PREFLIGHT_ANSWER);
    ngx_conf_merge_uint_value(conf->action, prev->action,
                              NGX_HTTP_HOUSEHOLD_AUTO);
    ngx_conf_merge_ptr_value(conf->offers, prev->offers, NULL);
    conf->offer_default = ngx_http_household_offer_find(conf->offers,
                                                        (u_char *) "\0\0");
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level, NGX_LOG_ERR);

    ngx_http_household_policy_merge(conf, prev);

    ngx_http_household_merge_content(cf, prev, conf);

    ngx_conf_merge_ptr_value(conf->audit, prev->audit, NULL);
    ngx_conf_merge_sec_value(conf->activity, prev->activity,
                             NGX_HTTP_HOUSEHOLD_ACTIVITY_MAX);

    if (ngx_http_household_conf_activity(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_uint_value(conf->events, prev->events, 0);
    ngx_conf_merge_ptr_value(conf->shadow_policy, prev->shadow_policy, NULL);

    return ngx_http_household_conf_check(cf, conf);
}


/* "household_account" or "household_token", whichever level is nearer */

static void
ngx_http_household_merge_identity(ngx_http_household_loc_conf_t *prev,
    ngx_http_household_loc_conf_t *conf)
{
    if (conf->account == NGX_CONF_UNSET_PTR
        && conf->token.sources == NGX_CONF_UNSET_PTR)
    {
        conf->token.strip = prev->token.strip;
        conf->token.file = prev->token.file;
        conf->token.line = prev->token.line;

        ngx_conf_merge_ptr_value(conf->account, prev->account, NULL);
        ngx_conf_merge_ptr_value(conf->token.sources, prev->token.sources,
                                 NULL);
    }

    ngx_conf_init_ptr_value(conf->account, NULL);
    ngx_conf_init_ptr_value(conf->token.sources, NULL);

    ngx_http_household_token_merge(&prev->token, &conf->token);
}


/*
 * A request in a block "if" of a location has the content handler of the
 * location, and the configuration of the block.  In a block "limit_except" it
 * has the handler of the block, too.
 */

static void
ngx_http_household_merge_content(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *prev, ngx_http_household_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname || clcf->handler != NULL || prev->content == NULL) {
        return;
    }

    conf->content = prev->content;
    conf->metrics_zone = prev->metrics_zone;
    conf->dashboard_api = prev->dashboard_api;
    conf->api = prev->api;

    if (clcf->lmt_excpt) {
        clcf->handler = conf->content;
    }
}


char *
ngx_http_household_set_mode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                         *value;

    if (hlcf->mode != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hlcf->mode_file = cf->conf_file->file.name.data;
    hlcf->mode_line = cf->conf_file->line;

    if (ngx_http_script_variables_count(&value[1]) == 0) {

        hlcf->mode_value = NULL;

        if (ngx_http_household_value_parse_mode(&value[1], &hlcf->mode)
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of \"%V\", it must be "
                               "\"off\", \"monitor\", \"on\" or a "
                               "variable", &value[1], &cmd->name);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    hlcf->mode = NGX_HOUSEHOLD_ON;
    hlcf->mode_value = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));

    if (hlcf->mode_value == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_household_value_compile_complex(cf, &value[1],
                                                 hlcf->mode_value)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_offer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                         *value, url, verify;
    ngx_uint_t                         i;
    ngx_http_household_offer_t        *offer, *other;

    value = cf->args->elts;

    if (hlcf->offers == NGX_CONF_UNSET_PTR) {
        hlcf->offers = ngx_array_create(cf->pool, 4,
                                        sizeof(ngx_http_household_offer_t));
        if (hlcf->offers == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    offer = ngx_array_push(hlcf->offers);
    if (offer == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(offer, sizeof(ngx_http_household_offer_t));
    ngx_str_null(&url);
    ngx_str_null(&verify);

    if (ngx_strcmp(value[1].data, "default") != 0
        && ngx_household_country_set(offer->country, value[1].data,
                                     value[1].len) != NGX_OK)
    {
        i = 1;
        goto invalid;
    }

    other = hlcf->offers->elts;
    for (i = 0; i < hlcf->offers->nelts - 1; i++) {
        if (ngx_memcmp(other[i].country, offer->country, 2) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate offer for \"%V\" of \"%V\"",
                               &value[1], &cmd->name);
            return NGX_CONF_ERROR;
        }
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_household_offer_param(&value[i], offer, &url, &verify)
            != NGX_OK)
        {
            goto invalid;
        }
    }

    if (url.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"url=\" in \"%V\" for \"%V\"", &cmd->name,
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if ((offer->price.len == 0) != (offer->currency.len == 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"price=\" and \"currency=\" must be specified "
                           "together in \"%V\" for \"%V\"", &cmd->name,
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_household_offer_compile(cf, offer, &url, &verify) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;

invalid:

    return ngx_http_household_conf_invalid(cf, cmd, &value[i]);
}


static ngx_int_t
ngx_http_household_offer_compile(ngx_conf_t *cf,
    ngx_http_household_offer_t *offer, ngx_str_t *url, ngx_str_t *verify)
{
    if (ngx_http_household_value_compile_complex(cf, url, &offer->url)
        != NGX_OK
        || ngx_http_household_value_compile_complex(cf, verify, &offer->verify)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_household_offer_prepare(cf->pool, offer);
}


/* one "name=value"; NGX_OK, or NGX_DECLINED if invalid */

static ngx_int_t
ngx_http_household_offer_param(ngx_str_t *param,
    ngx_http_household_offer_t *offer, ngx_str_t *url, ngx_str_t *verify)
{
    size_t       len;
    ngx_uint_t   valid;
    ngx_str_t   *target, text;

    text.data = ngx_strlchr(param->data, param->data + param->len, '=');

    if (text.data == NULL) {
        return NGX_DECLINED;
    }

    text.data++;
    text.len = param->data + param->len - text.data;

    len = text.data - param->data;

    if (len == 6 && ngx_strncmp(param->data, "price=", 6) == 0) {
        target = &offer->price;
        valid = ngx_http_household_conf_valid_price(&text);

    } else if (len == 9 && ngx_strncmp(param->data, "currency=", 9) == 0) {
        target = &offer->currency;
        valid = ngx_http_household_conf_valid_currency(&text);

    } else if (len == 4 && ngx_strncmp(param->data, "url=", 4) == 0) {
        target = url;
        valid = ngx_http_household_conf_valid_url(&text);

    } else if (len == 7 && ngx_strncmp(param->data, "verify=", 7) == 0) {
        target = verify;
        valid = ngx_http_household_conf_valid_url(&text);

    } else {
        return NGX_DECLINED;
    }

    if (!valid || target->len) {
        return NGX_DECLINED;
    }

    *target = text;

    return NGX_OK;
}


char *
ngx_http_household_set_enforce_in(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    u_char      *country;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (hlcf->enforce_in != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hlcf->enforce_in = ngx_array_create(cf->pool, cf->args->nelts - 1, 2);
    if (hlcf->enforce_in == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        country = ngx_array_push(hlcf->enforce_in);
        if (country == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_household_country_set(country, value[i].data, value[i].len)
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid country \"%V\" of \"%V\", it must be "
                               "two letters", &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_rollout(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                         *value;

    if (hlcf->rollout != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_script_variables_count(&value[1]) == 0) {

        hlcf->rollout_value = NULL;

        if (ngx_http_household_value_parse_percent(&value[1], &hlcf->rollout)
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of \"%V\", it must be "
                               "\"0%%\" to \"100%%\" with at most two "
                               "decimals, or a variable", &value[1],
                               &cmd->name);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    hlcf->rollout = 0;
    hlcf->rollout_value = ngx_palloc(cf->pool,
                                     sizeof(ngx_http_complex_value_t));
    if (hlcf->rollout_value == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_household_value_compile_complex(cf, &value[1],
                                                 hlcf->rollout_value)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* digits, and optionally a point with one to three (ISO 4217) decimals */

static ngx_uint_t
ngx_http_household_conf_valid_price(ngx_str_t *price)
{
    size_t  i, point;

    point = price->len;

    for (i = 0; i < price->len; i++) {

        if (price->data[i] == '.' && point == price->len) {
            point = i;
            continue;
        }

        if (price->data[i] < '0' || price->data[i] > '9') {
            return 0;
        }
    }

    if (point == 0 || (point > 1 && price->data[0] == '0')) {
        return 0;
    }

    return point == price->len
           || (price->len - point - 1 >= 1 && price->len - point - 1 <= 3);
}


/* ISO 4217, checked by form only */

static ngx_uint_t
ngx_http_household_conf_valid_currency(ngx_str_t *currency)
{
    size_t  i;

    for (i = 0; i < currency->len; i++) {
        if (currency->data[i] < 'A' || currency->data[i] > 'Z') {
            return 0;
        }
    }

    return currency->len == 3;
}


/* an absolute URL, a path, or a string that begins with a variable */

static ngx_uint_t
ngx_http_household_conf_valid_url(ngx_str_t *url)
{
    if (url->len == 0) {
        return 0;
    }

    if (url->data[0] == '/' || url->data[0] == '$') {
        return 1;
    }

    return (url->len > 8 && ngx_strncmp(url->data, "https://", 8) == 0)
           || (url->len > 7 && ngx_strncmp(url->data, "http://", 7) == 0);
}
