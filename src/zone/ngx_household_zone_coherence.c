
#include "ngx_household_zone_shm.h"


static void ngx_household_zone_ns_invalidate(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm);
static ngx_int_t ngx_household_zone_holder_add(ngx_household_zone_ns_t *ns,
    ngx_household_zone_ns_shm_t *shm, ngx_msec_t now, ngx_msec_t lease);
static void ngx_household_zone_remove(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, ngx_household_zone_holder_t *t,
    ngx_msec_t now);
static void ngx_household_zone_holder_expire(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, ngx_msec_t now);
static ngx_household_zone_holder_t *ngx_household_zone_holder_find(
    ngx_household_zone_ns_t *ns, ngx_household_zone_ns_shm_t *shm);
static ngx_household_zone_holder_t *ngx_household_zone_vacant(
    ngx_household_zone_ns_shm_t *shm, ngx_msec_t now);
static ngx_uint_t ngx_household_zone_holder_redundant(
    ngx_household_zone_ns_shm_t *shm, ngx_household_zone_holder_t *t,
    ngx_msec_t now);


void
ngx_household_zone_invalidate_all(ngx_household_zone_ns_t *ns)
{
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm) {
        ngx_household_zone_ns_invalidate(ns->zone, shm);
    }

    ngx_household_zone_unlock(ns->zone);
}


static void
ngx_household_zone_ns_invalidate(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm)
{
    shm->seq++;
    shm->invalidated_seq = shm->seq;
    shm->missing_seq = shm->seq;

    ngx_household_zone_inc(zone, NGX_HOUSEHOLD_ZONE_NS_INVALIDATED);
}


void
ngx_household_zone_invalidate_missing(ngx_household_zone_ns_t *ns)
{
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm) {
        shm->seq++;
        shm->missing_seq = shm->seq;
    }

    ngx_household_zone_unlock(ns->zone);
}


void
ngx_household_zone_flush(ngx_household_zone_ns_t *ns)
{
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm) {
        shm->seq++;
        shm->flushed_seq = shm->seq;
        shm->invalidated_seq = shm->seq;
        shm->missing_seq = shm->seq;
        shm->entries = 0;

        ngx_household_zone_inc(ns->zone, NGX_HOUSEHOLD_ZONE_FLUSHED);
    }

    ngx_household_zone_unlock(ns->zone);
}


ngx_int_t
ngx_household_zone_renew(ngx_household_zone_ns_t *ns, ngx_msec_t now,
    ngx_msec_t lease, ngx_uint_t coherent)
{
    ngx_int_t                     rc;
    ngx_household_zone_ns_shm_t  *shm;
    ngx_household_zone_holder_t  *t;

    rc = NGX_DECLINED;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm) {
        ngx_household_zone_holder_expire(ns->zone, shm, now);

        if (coherent) {
            rc = ngx_household_zone_holder_add(ns, shm, now, lease);

        } else {
            rc = NGX_OK;
            t = ngx_household_zone_holder_find(ns, shm);

            if (t) {
                ngx_household_zone_remove(ns->zone, shm, t, now);
            }
        }
    }

    ngx_household_zone_unlock(ns->zone);

    return rc;
}


ngx_int_t
ngx_household_zone_yield(ngx_household_zone_ns_t *ns, ngx_msec_t now,
    ngx_msec_t lease)
{
    ngx_int_t                     rc;
    ngx_household_zone_ns_shm_t  *shm;
    ngx_household_zone_holder_t  *t;

    rc = NGX_DONE;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);
    t = shm ? ngx_household_zone_holder_find(ns, shm) : NULL;

    if (t) {
        ngx_household_zone_holder_expire(ns->zone, shm, now);

        rc = ngx_household_zone_holder_add(ns, shm, now, lease);

        /* under one lock: of two that cover each other only one leaves */

        if (rc == NGX_DONE) {
            ngx_household_zone_remove(ns->zone, shm, t, now);
        }
    }

    ngx_household_zone_unlock(ns->zone);

    return rc;
}


ngx_uint_t
ngx_household_zone_succeeded(ngx_household_zone_ns_t *ns)
{
    ngx_uint_t                    succeeded;
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);

    succeeded = shm && shm->config_gen != ns->config_gen
                && shm->config_gen != shm->closed
                && ngx_household_zone_holder_find(ns, shm) != NULL;

    ngx_household_zone_unlock(ns->zone);

    return succeeded;
}


void
ngx_household_zone_close(ngx_household_zone_ns_t *ns)
{
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm && shm->config_gen == ns->config_gen) {
        shm->closed = shm->config_gen;
    }

    ngx_household_zone_unlock(ns->zone);
}


/*
 * A process whose lease ended, but whose connections were never lost, has
 * missed no invalidation.  Only before a new process may some be missed.
 */

static ngx_int_t
ngx_household_zone_holder_add(ngx_household_zone_ns_t *ns,
    ngx_household_zone_ns_shm_t *shm, ngx_msec_t now, ngx_msec_t lease)
{
    ngx_household_zone_holder_t  *t;

    t = ngx_household_zone_holder_find(ns, shm);

    if (t == NULL) {
        t = ngx_household_zone_vacant(shm, now);

        if (t == NULL) {
            return NGX_DECLINED;
        }

        if (shm->config_gen == ns->config_gen) {
            shm->closed = 0;
        }

        if (!ngx_household_zone_tracked(shm, now)) {
            ngx_household_zone_ns_invalidate(ns->zone, shm);
        }

        ns->holder = ++ns->zone->sh->numbers;

        t->number = ns->holder;
        t->since = now;
        t->lapsed = 0;
    }

    t->renewed = now;
    t->until = now + lease;
    t->lapsed = 0;

    return ngx_household_zone_holder_redundant(shm, t, now)
           ? NGX_DONE
           : NGX_OK;
}


/*
 * If no other process tracks the namespace, none of its values is fresh, and
 * the next process that begins to track the namespace invalidates it.
 */

static void
ngx_household_zone_remove(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, ngx_household_zone_holder_t *t,
    ngx_msec_t now)
{
    t->until = now;

    if (ngx_household_zone_tracked(shm, now)
        && !ngx_household_zone_holder_redundant(shm, t, now))
    {
        ngx_household_zone_ns_invalidate(zone, shm);
    }

    t->number = 0;
}


/* handles each process whose lease has ended, once */

static void
ngx_household_zone_holder_expire(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, ngx_msec_t now)
{
    ngx_uint_t                    i;
    ngx_household_zone_holder_t  *t;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        t = &shm->holders[i];

        if (t->number == 0 || t->lapsed
            || ngx_household_zone_current(t, now))
        {
            continue;
        }

        t->lapsed = 1;

        if (ngx_household_zone_tracked(shm, now)
            && !ngx_household_zone_holder_redundant(shm, t, now))
        {
            ngx_household_zone_ns_invalidate(zone, shm);
        }
    }
}


/* returns the entry of this process, or NULL */

static ngx_household_zone_holder_t *
ngx_household_zone_holder_find(ngx_household_zone_ns_t *ns,
    ngx_household_zone_ns_shm_t *shm)
{
    ngx_uint_t  i;

    if (ns->holder == 0) {
        return NULL;
    }

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        if (shm->holders[i].number == ns->holder) {
            return &shm->holders[i];
        }
    }

    return NULL;
}


/* returns a free entry, or else the one that lapsed first, or NULL */

static ngx_household_zone_holder_t *
ngx_household_zone_vacant(ngx_household_zone_ns_shm_t *shm, ngx_msec_t now)
{
    ngx_uint_t                    i;
    ngx_household_zone_holder_t  *t, *vacant;

    vacant = NULL;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        t = &shm->holders[i];

        if (t->number == 0) {
            return t;
        }

        if (t->lapsed && (vacant == NULL
            || (ngx_msec_int_t) (t->until - vacant->until) < 0))
        {
            vacant = t;
        }
    }

    return vacant;
}


/*
 * Returns 1 if another process has tracked the namespace since before the last
 * renewal of "t".  Then no invalidation is missed when "t" is removed.
 */

static ngx_uint_t
ngx_household_zone_holder_redundant(ngx_household_zone_ns_shm_t *shm,
    ngx_household_zone_holder_t *t, ngx_msec_t now)
{
    ngx_uint_t                    i;
    ngx_household_zone_holder_t  *other;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        other = &shm->holders[i];

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
ngx_household_zone_coherent(ngx_household_zone_ns_t *ns, ngx_msec_t now)
{
    ngx_uint_t                    coherent;
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(ns->zone);

    shm = ngx_household_zone_ns_shm(ns);
    coherent = shm ? ngx_household_zone_tracked(shm, now) : 0;

    ngx_household_zone_unlock(ns->zone);

    return coherent;
}
