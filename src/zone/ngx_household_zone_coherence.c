
#include "ngx_household_zone_shm.h"


static void ngx_household_zone_mark(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot);
static ngx_int_t ngx_household_zone_holder_add(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot, ngx_msec_t now, ngx_msec_t lease);
static ngx_int_t ngx_household_zone_holder_remove(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot, ngx_msec_t now);
static void ngx_household_zone_holder_expire(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot, ngx_msec_t now);
static ngx_household_zone_holder_t *ngx_household_zone_holder_find(
    ngx_household_zone_ns_shm_t *slot, ngx_pid_t pid);
static ngx_uint_t ngx_household_zone_current(ngx_household_zone_holder_t *t,
    ngx_msec_t now);
static ngx_uint_t ngx_household_zone_holder_redundant(
    ngx_household_zone_ns_shm_t *slot, ngx_household_zone_holder_t *t,
    ngx_msec_t now);


void
ngx_household_zone_invalidate_all(ngx_household_zone_ns_t *store)
{
    ngx_household_zone_ns_shm_t  *slot;

    ngx_household_zone_lock(store->zone);

    slot = ngx_household_zone_ns_shm(store);

    if (slot) {
        ngx_household_zone_mark(store->zone, slot);
    }

    ngx_household_zone_unlock(store->zone);
}


static void
ngx_household_zone_mark(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot)
{
    slot->seq++;
    slot->marked = slot->seq;

    ngx_household_zone_inc(zone, NGX_HOUSEHOLD_ZONE_NS_INVALIDATED);
}


void
ngx_household_zone_flush(ngx_household_zone_ns_t *store)
{
    ngx_household_zone_ns_shm_t  *slot;

    ngx_household_zone_lock(store->zone);

    slot = ngx_household_zone_ns_shm(store);

    if (slot) {
        slot->seq++;
        slot->flushed = slot->seq;
        slot->marked = slot->seq;
        slot->live = 0;

        ngx_household_zone_inc(store->zone, NGX_HOUSEHOLD_ZONE_FLUSHED);
    }

    ngx_household_zone_unlock(store->zone);
}


ngx_int_t
ngx_household_zone_renew(ngx_household_zone_ns_t *store, ngx_msec_t now,
    ngx_msec_t lease, ngx_uint_t coherent)
{
    ngx_int_t                     rc;
    ngx_household_zone_ns_shm_t  *slot;

    rc = NGX_DECLINED;

    ngx_household_zone_lock(store->zone);

    slot = ngx_household_zone_ns_shm(store);

    if (slot) {
        ngx_household_zone_holder_expire(store->zone, slot, now);

        rc = coherent
             ? ngx_household_zone_holder_add(store->zone, slot, now, lease)
             : ngx_household_zone_holder_remove(store->zone, slot, now);
    }

    ngx_household_zone_unlock(store->zone);

    return rc;
}


static ngx_int_t
ngx_household_zone_holder_add(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot, ngx_msec_t now, ngx_msec_t lease)
{
    ngx_household_zone_holder_t  *t;

    t = ngx_household_zone_holder_find(slot, ngx_pid);

    if (t == NULL) {
        t = ngx_household_zone_holder_find(slot, 0);

        if (t == NULL) {
            return NGX_DECLINED;
        }

        if (!ngx_household_zone_tracked(slot, now)) {
            ngx_household_zone_mark(zone, slot);
        }

        t->pid = ngx_pid;
        t->since = now;
    }

    t->renewed = now;
    t->until = now + lease;

    return ngx_household_zone_holder_redundant(slot, t, now)
           ? NGX_DONE
           : NGX_OK;
}


static ngx_int_t
ngx_household_zone_holder_remove(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot, ngx_msec_t now)
{
    ngx_household_zone_holder_t  *t;

    t = ngx_household_zone_holder_find(slot, ngx_pid);

    if (t) {
        if (!ngx_household_zone_holder_redundant(slot, t, now)) {
            ngx_household_zone_mark(zone, slot);
        }

        t->pid = 0;
    }

    return NGX_OK;
}


/* takes away those that have not been heard of within their lease */

static void
ngx_household_zone_holder_expire(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *slot, ngx_msec_t now)
{
    ngx_uint_t                    i;
    ngx_household_zone_holder_t  *t;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        t = &slot->trackers[i];

        if (t->pid && !ngx_household_zone_current(t, now)) {

            if (!ngx_household_zone_holder_redundant(slot, t, now)) {
                ngx_household_zone_mark(zone, slot);
            }

            t->pid = 0;
        }
    }
}


static ngx_household_zone_holder_t *
ngx_household_zone_holder_find(ngx_household_zone_ns_shm_t *slot, ngx_pid_t pid)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        if (slot->trackers[i].pid == pid) {
            return &slot->trackers[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_household_zone_tracked(ngx_household_zone_ns_shm_t *slot, ngx_msec_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        if (ngx_household_zone_current(&slot->trackers[i], now)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_household_zone_current(ngx_household_zone_holder_t *t, ngx_msec_t now)
{
    return t->pid && (ngx_msec_int_t) (t->until - now) > 0;
}


/*
 * Tells whether another one was there before this one was last known to be:
 * what was said while neither listened is then nothing.
 */

static ngx_uint_t
ngx_household_zone_holder_redundant(ngx_household_zone_ns_shm_t *slot,
    ngx_household_zone_holder_t *t, ngx_msec_t now)
{
    ngx_uint_t                    i;
    ngx_household_zone_holder_t  *other;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        other = &slot->trackers[i];

        if (other != t
            && ngx_household_zone_current(other, now)
            && (ngx_msec_int_t) (t->renewed - other->since)
               > NGX_HOUSEHOLD_ZONE_OVERLAP)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_zone_coherent(ngx_household_zone_ns_t *store, ngx_msec_t now)
{
    ngx_uint_t                    coherent;
    ngx_household_zone_ns_shm_t  *slot;

    ngx_household_zone_lock(store->zone);

    slot = ngx_household_zone_ns_shm(store);
    coherent = slot ? ngx_household_zone_tracked(slot, now) : 0;

    ngx_household_zone_unlock(store->zone);

    return coherent;
}
