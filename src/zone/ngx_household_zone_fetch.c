
/*
 * Fetches under way: one at a time for each key, among all processes, and not
 * more than a maximum; and the keys whose values are too large to be fetched.
 *
 * The number of fetches is counted by the second in which they began, so that
 * those of a process that has died are forgotten with their second.
 */


#include "ngx_household_zone_shm.h"


static ngx_household_zone_fetch_t *ngx_household_zone_fetch_find(
    ngx_household_zone_t *zone, uint64_t hash, ngx_msec_t now);
static void ngx_household_zone_fetch_set(ngx_household_zone_fetch_t *fetch,
    uint64_t hash, uint64_t generation, ngx_msec_t now, ngx_msec_t too_large);
static ngx_uint_t ngx_household_zone_fetch_current(
    ngx_household_zone_fetch_t *fetch, ngx_msec_t now);
static ngx_uint_t ngx_household_zone_fetch_full(ngx_household_zone_t *zone,
    ngx_msec_t now);
static void ngx_household_zone_fetch_count(ngx_household_zone_t *zone,
    uint32_t since, ngx_int_t n);


ngx_int_t
ngx_household_zone_fetch(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    ngx_msec_t now, uint64_t *generation)
{
    ngx_int_t                     rc;
    ngx_household_zone_t         *zone;
    ngx_household_cells_key_t     key;
    ngx_household_zone_ns_shm_t  *shm;
    ngx_household_zone_fetch_t   *fetch;

    rc = NGX_OK;
    zone = ns->zone;
    *generation = 0;

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        return NGX_OK;
    }

    ngx_household_zone_lock(zone);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm) {
        *generation = ngx_household_zone_read_generation(ns, key.hash);

        fetch = ngx_household_zone_fetch_find(zone, key.hash, now);

        if (fetch && fetch->hash == key.hash
            && fetch->generation == *generation
            && ngx_household_zone_fetch_current(fetch, now)
            && (!fetch->too_large || !ns->tracked
                || ngx_household_zone_tracked(shm, now)))
        {
            rc = fetch->too_large ? NGX_ABORT : NGX_BUSY;

        } else if (ngx_household_zone_fetch_full(zone, now)) {
            rc = NGX_AGAIN;

        } else if (fetch == NULL) {
            ngx_household_zone_fetch_count(zone, (uint32_t) now, 1);
            rc = NGX_DONE;

        } else {

            if (fetch->hash && !fetch->too_large) {
                /* superseded, or it has not ended within its time */
                ngx_household_zone_fetch_count(zone, fetch->since, -1);
            }

            ngx_household_zone_fetch_set(fetch, key.hash, *generation, now, 0);
            ngx_household_zone_fetch_count(zone, fetch->since, 1);
        }
    }

    ngx_household_zone_unlock(zone);

    return rc;
}


/*
 * Returns the entry of the fetch, or else a vacant one, or else one whose value
 * was too large, or NULL if all positions are taken by fetches under way.  A
 * fetch without an entry is not coalesced, but counts.
 */

static ngx_household_zone_fetch_t *
ngx_household_zone_fetch_find(ngx_household_zone_t *zone, uint64_t hash,
    ngx_msec_t now)
{
    ngx_uint_t                   i;
    ngx_household_zone_fetch_t  *fetch, *vacant, *large;

    vacant = NULL;
    large = NULL;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_PROBES; i++) {

        fetch = &zone->sh->fetches[((hash >> 16) + i)
                                   & zone->sh->fetches_mask];

        if (fetch->hash == hash) {
            return fetch;
        }

        if (!ngx_household_zone_fetch_current(fetch, now)) {
            vacant = vacant ? vacant : fetch;

        } else if (fetch->too_large) {
            large = fetch;
        }
    }

    return vacant ? vacant : large;
}


static void
ngx_household_zone_fetch_set(ngx_household_zone_fetch_t *fetch, uint64_t hash,
    uint64_t generation, ngx_msec_t now, ngx_msec_t too_large)
{
    fetch->hash = hash;
    fetch->generation = generation;
    fetch->since = (uint32_t) now;
    fetch->too_large = ngx_min(too_large, NGX_HOUSEHOLD_ZONE_TIME_MAX);
}


/* "now" may be a little behind "since" of another process */

static ngx_uint_t
ngx_household_zone_fetch_current(ngx_household_zone_fetch_t *fetch,
    ngx_msec_t now)
{
    uint32_t  age, life;

    age = (uint32_t) now - fetch->since + NGX_HOUSEHOLD_ZONE_LOCK_AGE;

    life = fetch->too_large ? fetch->too_large : NGX_HOUSEHOLD_ZONE_LOCK_AGE;

    return fetch->hash && age < life + NGX_HOUSEHOLD_ZONE_LOCK_AGE;
}


static ngx_uint_t
ngx_household_zone_fetch_full(ngx_household_zone_t *zone, ngx_msec_t now)
{
    ngx_uint_t                          i, n;
    ngx_household_zone_fetch_second_t  *second;

    n = 0;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_FETCH_SECONDS; i++) {
        second = &zone->sh->fetch_seconds[i];

        /* "now" may be behind another process; 2^32 ms are followed by 0 */

        if ((uint32_t) now / 1000 - second->second
            + NGX_HOUSEHOLD_ZONE_FETCH_SECONDS
            < 2 * NGX_HOUSEHOLD_ZONE_FETCH_SECONDS - 1)
        {
            n += second->n;
        }
    }

    return zone->lookups != 0 && n >= zone->lookups;
}


static void
ngx_household_zone_fetch_count(ngx_household_zone_t *zone, uint32_t since,
    ngx_int_t n)
{
    uint32_t                            time;
    ngx_household_zone_fetch_second_t  *second;

    time = since / 1000;
    second = &zone->sh->fetch_seconds[time % NGX_HOUSEHOLD_ZONE_FETCH_SECONDS];

    if (second->second != time) {

        if (n < 0) {
            /* forgotten */
            return;
        }

        second->second = time;
        second->n = 0;
    }

    if (n > 0 || second->n > 0) {
        second->n += n;
    }
}


void
ngx_household_zone_fetch_left(ngx_household_zone_ns_t *ns, ngx_msec_t since)
{
    ngx_household_zone_lock(ns->zone);

    ngx_household_zone_fetch_count(ns->zone, (uint32_t) since, -1);

    ngx_household_zone_unlock(ns->zone);
}


void
ngx_household_zone_too_large(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    uint64_t generation, ngx_msec_t now, ngx_msec_t time)
{
    ngx_household_zone_t         *zone;
    ngx_household_cells_key_t     key;
    ngx_household_zone_ns_shm_t  *shm;
    ngx_household_zone_fetch_t   *fetch;

    zone = ns->zone;

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        return;
    }

    ngx_household_zone_lock(zone);

    ngx_household_zone_fetch_end(zone, key.hash, generation);

    shm = ngx_household_zone_ns_shm(ns);

    if (shm && time != 0
        && ngx_household_zone_read_generation(ns, key.hash)
           == generation)
    {
        fetch = ngx_household_zone_fetch_find(zone, key.hash, now);

        if (fetch) {
            ngx_household_zone_fetch_set(fetch, key.hash, generation, now,
                                         time);
        }
    }

    ngx_household_zone_unlock(zone);
}


void
ngx_household_zone_fetched(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    uint64_t generation)
{
    ngx_household_cells_key_t  key;

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        return;
    }

    ngx_household_zone_lock(ns->zone);

    ngx_household_zone_fetch_end(ns->zone, key.hash, generation);

    ngx_household_zone_unlock(ns->zone);
}


void
ngx_household_zone_fetch_end(ngx_household_zone_t *zone, uint64_t hash,
    uint64_t generation)
{
    ngx_uint_t                   i;
    ngx_household_zone_fetch_t  *fetch;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_PROBES; i++) {

        fetch = &zone->sh->fetches[((hash >> 16) + i)
                                   & zone->sh->fetches_mask];

        if (fetch->hash == hash && fetch->generation == generation) {

            if (!fetch->too_large) {
                ngx_household_zone_fetch_count(zone, fetch->since, -1);
            }

            fetch->hash = 0;
            return;
        }
    }
}


size_t
ngx_household_zone_peek(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    ngx_msec_t now, u_char *buf, size_t size)
{
    size_t                        len;
    ngx_household_cells_entry_t  *e;
    ngx_household_cells_key_t     key;
    ngx_household_zone_result_t   found;

    len = 0;

    ngx_memzero(&found, sizeof(ngx_household_zone_result_t));

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        return 0;
    }

    ngx_household_zone_lock_key(ns->zone, &key);

    e = ngx_household_zone_probe(ns, &key, now, &found);

    if (e && e->len <= size
        && !found.expired && !found.invalidated && !found.incoherent)
    {
        ngx_household_cells_read(ns->zone->cells, e, buf);
        len = e->len;
    }

    ngx_household_zone_unlock(ns->zone);

    return len;
}
