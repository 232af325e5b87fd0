
/*
 * When a key set is fetched.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_keyset_schedule.h"


ngx_msec_t
ngx_household_keyset_interval(ngx_msec_t refresh, int64_t fresh,
    uint32_t random)
{
    ngx_msec_t  interval, age;

    interval = refresh;

    if (fresh >= 0 && (uint64_t) fresh < refresh / 1000) {
        age = ngx_max((ngx_msec_t) fresh * 1000, NGX_HOUSEHOLD_KEYSET_MIN_AGE);
        interval = ngx_min(refresh, age);
    }

    return interval - random % (interval / 10 + 1);
}


ngx_msec_t
ngx_household_keyset_backoff(ngx_msec_t refresh, ngx_uint_t failures,
    uint32_t random)
{
    ngx_uint_t  i;
    ngx_msec_t  delay, max;

    max = ngx_min(refresh, NGX_HOUSEHOLD_KEYSET_BACKOFF_MAX);
    delay = NGX_HOUSEHOLD_KEYSET_BACKOFF;

    for (i = 1; i < failures && delay < max; i++) {
        delay *= 2;
    }

    delay = ngx_min(delay, max);

    return delay - random % (delay / 2 + 1);
}
