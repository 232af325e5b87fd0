
/*
 * The canary: the time in the field "changed" of household:{A}:account is that
 * at which an operator has changed it.  The worker that receives the
 * invalidation reads the account at once, on the same way as any other account
 * is read after a change, and takes the time that has passed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_str.h"
#include "ngx_http_household_canary.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_fleet.h"


static ssize_t ngx_http_household_canary_decode(
    ngx_http_household_fleet_t *fleet, ngx_household_resp_reply_t *reply,
    void *value);
static void ngx_http_household_canary_fetched(
    ngx_http_household_fleet_t *fleet, void *value);
static uint64_t ngx_http_household_canary_time(ngx_str_t *text);
static void ngx_http_household_canary_measure(
    ngx_http_household_store_t *store, uint64_t changed);


ngx_int_t
ngx_http_household_canary_init(ngx_conf_t *cf,
    ngx_http_household_store_t *store, ngx_str_t *account)
{
    ngx_http_household_canary_t      *canary;
    ngx_http_household_fleet_type_t  *type;

    type = ngx_palloc(cf->pool, sizeof(ngx_http_household_fleet_type_t));
    canary = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_canary_t));

    if (type == NULL || canary == NULL) {
        return NGX_ERROR;
    }

    type->key.data = ngx_pnalloc(cf->pool,
                                 account->len + sizeof("{}:account") - 1);
    if (type->key.data == NULL) {
        return NGX_ERROR;
    }

    type->key.len = ngx_sprintf(type->key.data, "{%V}:account", account)
                    - type->key.data;
    type->event = "canary fetch";
    type->size = sizeof(ngx_http_household_canary_t);
    type->decode = ngx_http_household_canary_decode;
    type->fetched = ngx_http_household_canary_fetched;

    ngx_http_household_fleet_init(
                              &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_CANARY],
                              store, type, canary);

    return NGX_OK;
}


static ssize_t
ngx_http_household_canary_decode(ngx_http_household_fleet_t *fleet,
    ngx_household_resp_reply_t *reply, void *value)
{
    ngx_http_household_canary_t *canary = value;

    ngx_uint_t                   i;
    ngx_household_resp_value_t  *v;

    canary->changed = 0;

    v = reply->values;

    for (i = 2; !reply->too_large && i < reply->nvalues; i += 2) {
        if (ngx_household_str_is(&v[i - 1].str, "changed")) {
            canary->changed = ngx_http_household_canary_time(&v[i].str);
        }
    }

    return sizeof(ngx_http_household_canary_t);
}


/* the first value of a process may be of long ago: it is not measured */

static void
ngx_http_household_canary_fetched(ngx_http_household_fleet_t *fleet,
    void *value)
{
    ngx_http_household_canary_t *canary = value;

    ngx_http_household_canary_t  *last;

    last = fleet->value;

    if (canary->changed != 0 && canary->changed != last->changed
        && fleet->known)
    {
        ngx_http_household_canary_measure(fleet->store, canary->changed);
    }
}


/*
 * Unix seconds, with a fraction or without one, in milliseconds; 0 if invalid.
 * Digits after the third of a fraction are ignored.
 */

static uint64_t
ngx_http_household_canary_time(ngx_str_t *text)
{
    u_char      *p, *last;
    uint64_t     n;
    ngx_uint_t   places, point;

    n = 0;
    places = 0;
    point = 0;
    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (*p == '.' && !point && p != text->data) {
            point = 1;
            continue;
        }

        if (*p < '0' || *p > '9') {
            return 0;
        }

        if (places == 3) {
            continue;
        }

        n = n * 10 + *p - '0';
        places += point;

        if (n > (uint64_t) NGX_HOUSEHOLD_TIME_MAX * 1000) {
            return 0;
        }
    }

    while (places++ < 3) {
        n *= 10;
    }

    return n <= (uint64_t) NGX_HOUSEHOLD_TIME_MAX * 1000 ? n : 0;
}


/* the clock of the operator may be ahead */

static void
ngx_http_household_canary_measure(ngx_http_household_store_t *store,
    uint64_t changed)
{
    uint64_t     now;
    ngx_time_t  *tp;

    ngx_time_update();

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    ngx_household_counters_put(store->counts,
                               NGX_HTTP_HOUSEHOLD_COUNT_CANARY_AGE,
                               now > changed ? now - changed : 0);
    ngx_household_counters_put(store->counts,
                               NGX_HTTP_HOUSEHOLD_COUNT_CANARY_CHANGED,
                               changed);
}
