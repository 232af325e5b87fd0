
/*
 * The directives household_zone and household_store.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_str.h"
#include "ngx_household_zone_state.h"
#include "ngx_http_household.h"
#include "ngx_http_household_canary.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_override.h"


#define NGX_HTTP_HOUSEHOLD_FRESH    60000      /* ms */
#define NGX_HTTP_HOUSEHOLD_MISSING  10000
#define NGX_HTTP_HOUSEHOLD_STALE    3600000

#define NGX_HTTP_HOUSEHOLD_STATE_INTERVAL      300000
#define NGX_HTTP_HOUSEHOLD_STATE_INTERVAL_MIN    1000

#define NGX_HTTP_HOUSEHOLD_LOOKUPS       4096
#define NGX_HTTP_HOUSEHOLD_LOOKUPS_MAX  65536

/*
 * The layout of the values in a state file: of records, and of the values of a
 * fleet.  The latter must change with that of ngx_http_household_override_t
 * and of the deny list.
 */
#define NGX_HTTP_HOUSEHOLD_FLEET_LAYOUT  1
#define NGX_HTTP_HOUSEHOLD_STATE_VALUES                                       \
    (NGX_HOUSEHOLD_RECORD_LAYOUT << 16 | NGX_HTTP_HOUSEHOLD_FLEET_LAYOUT)


static ngx_int_t ngx_http_household_store_zone_size(ngx_str_t *param,
    ngx_str_t *name, ssize_t *size);
static ngx_int_t ngx_http_household_store_zone_params(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_str_t *file, ngx_msec_t *interval,
    ngx_uint_t *lookups);
static ngx_int_t ngx_http_household_store_zone_file(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_http_household_main_conf_t *hmcf, ngx_str_t *file);
static char *ngx_http_household_store_params(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_http_household_store_t *store);
static ngx_int_t ngx_http_household_store_time(
    ngx_http_household_store_t *store, ngx_str_t *param);
static ngx_http_household_store_t *ngx_http_household_store_find_or_add(
    ngx_conf_t *cf, ngx_http_household_main_conf_t *hmcf,
    ngx_http_household_store_t *store);


char *
ngx_http_household_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_main_conf_t *hmcf = conf;

    ssize_t                 size;
    ngx_str_t              *value, name, file;
    ngx_uint_t              lookups;
    ngx_msec_t              interval;
    ngx_household_zone_t  **zone;

    value = cf->args->elts;

    if (ngx_http_household_store_zone_size(&value[1], &name, &size) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\", it must be "
                           "\"zone=name:size\"", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_household_store_zone_params(cf, cmd, &file, &interval,
                                             &lookups)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    zone = ngx_array_push(&hmcf->zones);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    *zone = ngx_household_zone_add(cf, &name, size,
                                   &ngx_http_household_module);
    if (*zone == NULL) {
        return NGX_CONF_ERROR;
    }

    (*zone)->lookups = lookups;

    if (file.len == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_http_household_store_zone_file(cf, cmd, hmcf, &file) != NGX_OK
        || ngx_household_zone_state_add(cf, *zone, &file, interval,
                                        NGX_HTTP_HOUSEHOLD_STATE_VALUES)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* "zone=name:size"; NGX_OK, or NGX_DECLINED if invalid */

static ngx_int_t
ngx_http_household_store_zone_size(ngx_str_t *param, ngx_str_t *name,
    ssize_t *size)
{
    u_char     *p;
    ngx_str_t   text;

    if (ngx_strncmp(param->data, "zone=", 5) != 0) {
        return NGX_DECLINED;
    }

    name->data = param->data + 5;

    p = (u_char *) ngx_strchr(name->data, ':');
    if (p == NULL || p == name->data) {
        return NGX_DECLINED;
    }

    name->len = p - name->data;

    text.data = p + 1;
    text.len = param->data + param->len - text.data;

    *size = ngx_parse_size(&text);

    return *size == NGX_ERROR || *size == 0 ? NGX_DECLINED : NGX_OK;
}


/* "state=", "state_interval=" and "lookups=" */

static ngx_int_t
ngx_http_household_store_zone_params(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *file, ngx_msec_t *interval, ngx_uint_t *lookups)
{
    ngx_int_t    n;
    ngx_str_t   *value, text;
    ngx_uint_t   i;

    ngx_str_null(file);
    *interval = 0;
    *lookups = 0;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (file->len == 0 && value[i].len > 6
            && ngx_strncmp(value[i].data, "state=", 6) == 0)
        {
            file->data = value[i].data + 6;
            file->len = value[i].len - 6;
            continue;
        }

        if (*lookups == 0
            && ngx_strncmp(value[i].data, "lookups=", 8) == 0)
        {
            n = ngx_atoi(value[i].data + 8, value[i].len - 8);

            if (n > 0 && n <= NGX_HTTP_HOUSEHOLD_LOOKUPS_MAX) {
                *lookups = n;
                continue;
            }
        }

        if (*interval == 0
            && ngx_strncmp(value[i].data, "state_interval=", 15) == 0)
        {
            text.data = value[i].data + 15;
            text.len = value[i].len - 15;

            *interval = ngx_parse_time(&text, 0);

            if (*interval >= NGX_HTTP_HOUSEHOLD_STATE_INTERVAL_MIN
                && *interval <= NGX_HOUSEHOLD_ZONE_TIME_MAX)
            {
                continue;
            }
        }

        (void) ngx_http_household_conf_invalid(cf, cmd, &value[i]);
        return NGX_ERROR;
    }

    if (*interval && file->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"state_interval=\" needs a \"state=\" in "
                           "\"%V\"", &cmd->name);
        return NGX_ERROR;
    }

    if (*interval == 0) {
        *interval = NGX_HTTP_HOUSEHOLD_STATE_INTERVAL;
    }

    if (*lookups == 0) {
        *lookups = NGX_HTTP_HOUSEHOLD_LOOKUPS;
    }

    return NGX_OK;
}


/* makes the name a full one; two zones must not have the same file */

static ngx_int_t
ngx_http_household_store_zone_file(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_household_main_conf_t *hmcf, ngx_str_t *file)
{
    ngx_uint_t              i;
    ngx_household_zone_t  **zone;

    if (file->data[file->len - 1] == '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is not the name of a file",
                           file, &cmd->name);
        return NGX_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, file, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    zone = hmcf->zones.elts;

    for (i = 0; i < hmcf->zones.nelts; i++) {
        if (zone[i]->state != NULL
            && ngx_household_str_equal(&zone[i]->state->file, file))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "state file \"%V\" of \"%V\" is used twice",
                               file, &cmd->name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_http_household_set_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    char                            *rv;
    ngx_str_t                       *value;
    ngx_http_household_store_t       store;
    ngx_http_household_main_conf_t  *hmcf;

    if (hlcf->store != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    ngx_memzero(&store, sizeof(ngx_http_household_store_t));

    store.redis = ngx_http_household_redis_find_or_add(cf, hmcf, &value[1]);
    if (store.redis == NULL) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_household_store_params(cf, cmd, &store);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    hlcf->store = ngx_http_household_store_find_or_add(cf, hmcf, &store);

    return hlcf->store != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_household_store_params(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_household_store_t *store)
{
    ngx_str_t   *value, name;
    ngx_uint_t   i;

    value = cf->args->elts;

    store->fresh = NGX_CONF_UNSET_MSEC;
    store->missing = NGX_CONF_UNSET_MSEC;
    store->stale = NGX_CONF_UNSET_MSEC;

    for (i = 2; i < cf->args->nelts; i++) {

        if (value[i].len > 5 && store->zone == NULL
            && ngx_strncmp(value[i].data, "zone=", 5) == 0)
        {
            name.data = value[i].data + 5;
            name.len = value[i].len - 5;

            store->zone = ngx_household_zone_add(cf, &name, 0,
                                                 &ngx_http_household_module);
            if (store->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (value[i].len > 7 && store->canary.len == 0
            && ngx_strncmp(value[i].data, "canary=", 7) == 0
            && value[i].len - 7 <= NGX_HOUSEHOLD_ID_LEN)
        {
            store->canary.data = value[i].data + 7;
            store->canary.len = value[i].len - 7;
            continue;
        }

        if (ngx_http_household_store_time(store, &value[i]) != NGX_OK) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[i]);
        }
    }

    if (store->zone == NULL
        && (store->fresh != NGX_CONF_UNSET_MSEC
            || store->missing != NGX_CONF_UNSET_MSEC
            || store->stale != NGX_CONF_UNSET_MSEC
            || store->canary.len != 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"fresh=\", \"missing=\", \"stale=\" and "
                           "\"canary=\" need a \"zone=\" in \"%V\"",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    ngx_conf_init_msec_value(store->fresh, NGX_HTTP_HOUSEHOLD_FRESH);
    ngx_conf_init_msec_value(store->missing, NGX_HTTP_HOUSEHOLD_MISSING);
    ngx_conf_init_msec_value(store->stale, NGX_HTTP_HOUSEHOLD_STALE);

    return NGX_CONF_OK;
}


/* "fresh=", "missing=" or "stale="; NGX_OK, or NGX_DECLINED if invalid */

static ngx_int_t
ngx_http_household_store_time(ngx_http_household_store_t *store,
    ngx_str_t *param)
{
    size_t       len;
    ngx_str_t    text;
    ngx_msec_t  *time;

    if (ngx_strncmp(param->data, "fresh=", 6) == 0) {
        time = &store->fresh;
        len = 6;

    } else if (ngx_strncmp(param->data, "missing=", 8) == 0) {
        time = &store->missing;
        len = 8;

    } else if (ngx_strncmp(param->data, "stale=", 6) == 0) {
        time = &store->stale;
        len = 6;

    } else {
        return NGX_DECLINED;
    }

    if (*time != NGX_CONF_UNSET_MSEC) {
        return NGX_DECLINED;
    }

    text.data = param->data + len;
    text.len = param->len - len;

    *time = ngx_parse_time(&text, 0);

    return *time <= NGX_HOUSEHOLD_ZONE_TIME_MAX ? NGX_OK : NGX_DECLINED;
}


/* equal directives share one store, and so coalesce their lookups */

static ngx_http_household_store_t *
ngx_http_household_store_find_or_add(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_store_t *store)
{
    ngx_uint_t                    i;
    ngx_http_household_store_t  **known, *copy;

    known = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {

        if (known[i]->redis == store->redis
            && known[i]->zone == store->zone
            && known[i]->fresh == store->fresh
            && known[i]->missing == store->missing
            && known[i]->stale == store->stale
            && ngx_household_str_equal(&known[i]->canary, &store->canary))
        {
            return known[i];
        }
    }

    copy = ngx_palloc(cf->pool, sizeof(ngx_http_household_store_t));
    if (copy == NULL) {
        return NULL;
    }

    *copy = *store;

    ngx_http_household_override_init(copy);

    if (copy->canary.len != 0
        && ngx_http_household_canary_init(cf, copy, &copy->canary) != NGX_OK)
    {
        return NULL;
    }

    known = ngx_array_push(&hmcf->stores);
    if (known == NULL) {
        return NULL;
    }

    *known = copy;

    return copy;
}
