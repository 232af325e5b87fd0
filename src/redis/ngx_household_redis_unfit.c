
/*
 * Servers that are unfit to be read from.  See ngx_household_redis_unfit.h.
 *
 * There is no lock: of two processes that use one mark at the same time, the
 * loser sets its mark again at the next renewal.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_unfit.h"


static ngx_uint_t ngx_household_redis_unfit_current(
    ngx_household_redis_unfit_mark_t *mark, ngx_msec_t now);


void
ngx_household_redis_unfit_set(ngx_household_redis_unfit_t *unfit,
    ngx_uint_t id, ngx_household_redis_unfit_e reason, ngx_msec_t now,
    ngx_msec_t valid)
{
    ngx_uint_t                         i;
    ngx_household_redis_unfit_mark_t  *mark, *vacant;

    vacant = NULL;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_UNFIT_MAX; i++) {
        mark = &unfit->marks[i];

        if (mark->id == id) {
            mark->reason = reason;
            mark->until = now + valid;
            return;
        }

        if (vacant == NULL
            && !ngx_household_redis_unfit_current(mark, now))
        {
            vacant = mark;
        }
    }

    if (vacant != NULL) {
        vacant->id = 0;
        vacant->reason = reason;
        vacant->until = now + valid;
        vacant->id = id;
    }
}


void
ngx_household_redis_unfit_clear(ngx_household_redis_unfit_t *unfit,
    ngx_uint_t id)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_UNFIT_MAX; i++) {

        if (unfit->marks[i].id == id) {
            unfit->marks[i].id = 0;
        }
    }
}


ngx_household_redis_unfit_e
ngx_household_redis_unfit_test(ngx_household_redis_unfit_t *unfit,
    ngx_uint_t id, ngx_msec_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_UNFIT_MAX; i++) {

        if (unfit->marks[i].id == id
            && ngx_household_redis_unfit_current(&unfit->marks[i], now))
        {
            return (ngx_household_redis_unfit_e) unfit->marks[i].reason;
        }
    }

    return NGX_HOUSEHOLD_REDIS_FIT;
}


static ngx_uint_t
ngx_household_redis_unfit_current(ngx_household_redis_unfit_mark_t *mark,
    ngx_msec_t now)
{
    return mark->id && (ngx_msec_int_t) (mark->until - now) > 0;
}
