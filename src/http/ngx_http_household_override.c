
/*
 * household:control, the override of the whole fleet (kill switch): a mode and
 * a percentage of accounts that only loosen those of nginx.conf.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_fleet.h"
#include "ngx_http_household_override.h"
#include "ngx_http_household_value.h"


static ssize_t ngx_http_household_override_decode(
    ngx_http_household_fleet_t *fleet, ngx_household_resp_reply_t *reply,
    void *value);
static void ngx_http_household_override_field(
    ngx_http_household_override_t *override, ngx_str_t *name,
    ngx_str_t *value);


static const ngx_http_household_fleet_type_t
    ngx_http_household_override_type =
{
    ngx_string("control"),
    "override fetch",
    sizeof(ngx_http_household_override_t),
    ngx_http_household_override_decode,
    NULL
};


void
ngx_http_household_override_init(ngx_http_household_store_t *store)
{
    store->override.mode = NGX_HOUSEHOLD_ON;
    store->override.rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;

    ngx_http_household_fleet_init(
                            &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_OVERRIDE],
                            store, &ngx_http_household_override_type,
                            &store->override);
}


void
ngx_http_household_override_refresh(ngx_http_household_store_t *store)
{
    ngx_http_household_fleet_refresh(
                            &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_OVERRIDE]);
}


static ssize_t
ngx_http_household_override_decode(ngx_http_household_fleet_t *fleet,
    ngx_household_resp_reply_t *reply, void *value)
{
    ngx_http_household_override_t *override = value;

    ngx_uint_t                   i;
    ngx_household_resp_value_t  *v;

    if (reply->too_large) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household override: too many fields, ignored");
        return NGX_ERROR;
    }

    override->mode = NGX_HOUSEHOLD_ON;
    override->rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;

    v = reply->values;

    for (i = 2; i < reply->nvalues; i += 2) {
        ngx_http_household_override_field(override, &v[i - 1].str, &v[i].str);
    }

    ngx_household_counters_put(fleet->store->counts,
                               NGX_HTTP_HOUSEHOLD_COUNT_ROLLOUT,
                               override->rollout);
    ngx_household_counters_put(fleet->store->counts,
                               NGX_HTTP_HOUSEHOLD_COUNT_OVERRIDE,
                               override->mode + 1);

    return sizeof(ngx_http_household_override_t);
}


static void
ngx_http_household_override_field(ngx_http_household_override_t *override,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    if (name->len == 4 && ngx_strncmp(name->data, "mode", 4) == 0) {

        rc = ngx_http_household_value_parse_mode(value, &n);

        if (rc == NGX_OK) {
            override->mode = n;
        }

    } else if (name->len == 7 && ngx_strncmp(name->data, "rollout", 7) == 0) {

        rc = ngx_http_household_value_parse_percent(value, &n);

        if (rc == NGX_OK) {
            override->rollout = n;
        }

    } else {
        return;
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household override: invalid \"%V\", ignored",
                      name);
    }
}
