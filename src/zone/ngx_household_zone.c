
/*
 * The cache: probe, put, eviction and invalidation.
 */


#include "ngx_household_zone_shm.h"
#include "ngx_household_word.h"


/* expired entries that a put removes from each list at most */
#define NGX_HOUSEHOLD_ZONE_SWEEP  2


static ngx_uint_t ngx_household_zone_lock_refresh(
    ngx_household_cells_entry_t *e, ngx_msec_t now);
static ngx_int_t ngx_household_zone_insert(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, ngx_household_cells_entry_t *e,
    u_char *value, size_t len);
static void ngx_household_zone_supersede(ngx_household_zone_t *zone,
    const ngx_household_cells_key_t *key, ngx_household_cells_entry_t *e);
static ngx_uint_t ngx_household_zone_fits(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, size_t len);
static void ngx_household_zone_replace(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, ngx_household_cells_entry_t *old,
    ngx_household_cells_entry_t *e, u_char *value, size_t len);
static ngx_int_t ngx_household_zone_check_generation(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, const ngx_household_cells_key_t *key,
    ngx_household_cells_entry_t *old, ngx_household_cells_entry_t *e);
static void ngx_household_zone_evict(ngx_household_zone_t *zone,
    ngx_uint_t list, ngx_uint_t need, ngx_msec_t now);
static void ngx_household_zone_sweep(ngx_household_zone_t *zone,
    ngx_uint_t list, ngx_msec_t now);
static uint32_t ngx_household_zone_jitter(uint32_t time, uint64_t hash,
    ngx_msec_t now);


ngx_household_zone_state_e
ngx_household_zone_get(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    ngx_msec_t now, u_char *buf, size_t size,
    ngx_household_zone_result_t *found)
{
    ngx_uint_t                    n;
    ngx_household_zone_t         *zone;
    ngx_household_cells_entry_t  *e;
    ngx_household_cells_key_t     key;
    ngx_household_zone_state_e    state;

    zone = ns->zone;
    state = NGX_HOUSEHOLD_ZONE_MISS;

    ngx_memzero(found, sizeof(ngx_household_zone_result_t));

    if (ngx_household_zone_key(ns, id, &key) == NGX_OK) {

        ngx_household_zone_lock_key(zone, &key);

        e = ngx_household_zone_probe(ns, &key, now, found);

        if (e && e->len <= size) {
            n = found->expired || found->invalidated || found->incoherent;

            state = n ? NGX_HOUSEHOLD_ZONE_EXPIRED : NGX_HOUSEHOLD_ZONE_HIT;

            if (n) {
                found->refresh = ngx_household_zone_lock_refresh(e, now);

            } else {
                found->mark.generation = found->generation;
                found->mark.hash = key.hash;
                found->mark.until = now + (e->fresh - found->age);
            }

            ngx_household_cells_touch(zone->cells, e);
            ngx_household_cells_read(zone->cells, e, buf);
        }

        ngx_household_zone_unlock(zone);
    }

    if (state == NGX_HOUSEHOLD_ZONE_MISS) {
        found->refresh = 1;
        ngx_household_zone_inc_kind(ns, NGX_HOUSEHOLD_ZONE_MISSES);

    } else if (state == NGX_HOUSEHOLD_ZONE_HIT) {
        ngx_household_zone_inc_kind(ns, NGX_HOUSEHOLD_ZONE_HITS);
    }

    return state;
}


/*
 * Takes the refresh lock.  "now" may be a little behind that of the holder, so
 * the lock is valid for NGX_HOUSEHOLD_ZONE_LOCK_AGE before its start, too.
 */

static ngx_uint_t
ngx_household_zone_lock_refresh(ngx_household_cells_entry_t *e, ngx_msec_t now)
{
    uint32_t  since;

    since = (uint32_t) now - e->updating_since + NGX_HOUSEHOLD_ZONE_LOCK_AGE;

    if ((e->flags & NGX_HOUSEHOLD_ZONE_F_UPDATING)
        && since < 2 * NGX_HOUSEHOLD_ZONE_LOCK_AGE)
    {
        return 0;
    }

    e->flags |= NGX_HOUSEHOLD_ZONE_F_UPDATING;
    e->updating_since = (uint32_t) now;

    return 1;
}


/*
 * Takes no lock.  Whoever begins to track the namespace invalidates it first,
 * and then becomes its holder: so the holders are read first here, and the
 * generation after them.
 */

ngx_uint_t
ngx_household_zone_unchanged(ngx_household_zone_ns_t *ns,
    const ngx_household_zone_mark_t *mark, ngx_msec_t now)
{
    uint64_t                      generation;
    ngx_household_zone_ns_shm_t  *shm;

    if ((ngx_msec_int_t) (mark->until - now) <= 0) {
        return 0;
    }

    shm = ns->shm;

    if (ns->tracked && !ngx_household_zone_tracked(shm, now)) {
        return 0;
    }

    ngx_household_zone_read_barrier();

    generation = ngx_household_zone_read_generation(ns, mark->hash);

    /* checked last, as in ngx_household_zone_get_generation() */

    ngx_household_zone_read_barrier();

    if (generation != mark->generation
        || *(volatile uint32_t *) &shm->incarnation != ns->incarnation)
    {
        return 0;
    }

    (void) ngx_atomic_fetch_add(ns->hits, 1);

    return 1;
}


/*
 * Takes no lock.  A generation that is read too early only makes the reply
 * look older than it is, which is safe.
 */

uint64_t
ngx_household_zone_get_generation(ngx_household_zone_ns_t *ns,
    ngx_str_t *id)
{
    uint64_t                   generation;
    ngx_household_cells_key_t  key;

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        return 0;
    }

    generation = ngx_household_zone_read_generation(ns, key.hash);

    /* checked last: a namespace still valid now was valid above, too */

    ngx_memory_barrier();

    return ngx_household_zone_ns_shm(ns) ? generation : 0;
}


ngx_int_t
ngx_household_zone_put(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    u_char *value, size_t len, ngx_uint_t missing, uint64_t generation,
    ngx_msec_t now, ngx_msec_t fresh, ngx_msec_t stale)
{
    ngx_int_t                    rc;
    ngx_household_cells_entry_t  e;
    ngx_household_cells_key_t    key;

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        ngx_household_zone_inc_kind(ns, NGX_HOUSEHOLD_ZONE_TOO_BIG);
        return NGX_ERROR;
    }

    fresh = ngx_min(fresh, NGX_HOUSEHOLD_ZONE_TIME_MAX);
    stale = ngx_min(stale, NGX_HOUSEHOLD_ZONE_TIME_MAX);

    ngx_memzero(&e, sizeof(ngx_household_cells_entry_t));

    e.stored = now;
    e.fresh = ngx_household_zone_jitter(fresh, key.hash, now);
    e.stale = stale;
    e.seq = (uint32_t) (generation >> 32);
    e.gen = (uint32_t) generation;
    e.flags = missing ? NGX_HOUSEHOLD_ZONE_F_MISSING : 0;

    ngx_household_zone_lock_key(ns->zone, &key);

    rc = ngx_household_zone_insert(ns, &key, &e, value, len);

    ngx_household_zone_fetch_end(ns->zone, key.hash, generation);

    ngx_household_zone_unlock(ns->zone);

    return rc;
}


static ngx_int_t
ngx_household_zone_insert(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, ngx_household_cells_entry_t *e,
    u_char *value, size_t len)
{
    ngx_int_t                     rc;
    ngx_household_zone_t         *zone;
    ngx_household_cells_entry_t  *old;
    ngx_household_zone_ns_shm_t  *shm;

    zone = ns->zone;
    shm = ngx_household_zone_ns_shm(ns);

    if (shm == NULL) {
        return NGX_ERROR;
    }

    old = ngx_household_zone_find(zone, key);

    if (!ngx_household_zone_fits(ns, key, len)) {

        if (old) {
            ngx_household_zone_supersede(zone, key, old);
        }

        ngx_household_zone_inc_kind(ns, NGX_HOUSEHOLD_ZONE_TOO_BIG);
        return NGX_ERROR;
    }

    rc = ngx_household_zone_check_generation(zone, shm, key, old, e);

    ngx_household_zone_inc_kind(ns, rc == NGX_OK
                                       ? NGX_HOUSEHOLD_ZONE_STORED
                                       : NGX_HOUSEHOLD_ZONE_SUPERSEDED);

    if (rc == NGX_ABORT) {
        return NGX_DECLINED;
    }

    ngx_household_zone_replace(ns, key, old, e, value, len);

    return rc;
}


/*
 * Neither the present value, which may be NULL, nor one that is being fetched
 * is fresh any more, nor is a copy.  The fetch loses its refresh lock.
 */

static void
ngx_household_zone_supersede(ngx_household_zone_t *zone,
    const ngx_household_cells_key_t *key, ngx_household_cells_entry_t *e)
{
    (*ngx_household_zone_stripe(zone->sh, key->hash))++;

    if (e != NULL) {
        e->flags &= ~NGX_HOUSEHOLD_ZONE_F_UPDATING;
        e->flags |= NGX_HOUSEHOLD_ZONE_F_INVALIDATED;
    }
}


ngx_uint_t
ngx_household_zone_restore(ngx_household_zone_t *zone,
    ngx_household_zone_restore_t *entries, ngx_uint_t n)
{
    ngx_uint_t                     i, stored;
    ngx_household_cells_key_t     *key;
    ngx_household_zone_restore_t  *r;

    for (i = 0; i < n; i++) {
        key = &entries[i].key;
        ngx_household_zone_hash(entries[i].ns, key);

        ngx_household_cells_prefetch_bucket(zone->cells, (uint32_t) key->hash);
    }

    for (i = 0; i < n; i++) {
        ngx_household_cells_prefetch_entry(zone->cells,
                                           (uint32_t) entries[i].key.hash);
    }

    stored = 0;

    for (i = 0; i < n; i++) {
        r = &entries[i];

        if (!ngx_household_zone_fits(r->ns, &r->key, r->len)) {
            continue;
        }

        r->entry.seq = r->ns->shm->seq;

        ngx_household_zone_replace(r->ns, &r->key,
                                   ngx_household_zone_find(zone, &r->key),
                                   &r->entry, r->value, r->len);
        stored++;
    }

    return stored;
}


static ngx_uint_t
ngx_household_zone_fits(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, size_t len)
{
    ngx_household_cells_list_t  *list;

    list = &ns->zone->cells->lists[ngx_household_zone_list(ns->kind)];

    return len <= NGX_HOUSEHOLD_ZONE_VALUE_MAX
           && ngx_household_cells_need(key->len, len) <= list->reserved;
}


/* stores an entry in the place of "old", which may be NULL */

static void
ngx_household_zone_replace(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, ngx_household_cells_entry_t *old,
    ngx_household_cells_entry_t *e, u_char *value, size_t len)
{
    ngx_uint_t             list;
    ngx_household_zone_t  *zone;

    zone = ns->zone;
    list = ngx_household_zone_list(ns->kind);

    if (old) {
        ngx_household_zone_drop(zone, old);
    }

    ngx_household_zone_evict(zone, list,
                             ngx_household_cells_need(key->len, len),
                             e->stored);

    ngx_household_cells_insert(zone->cells, list, key, e, value, len);

    ns->shm->entries++;
}


/*
 * Checks the generation against invalidations and flushes since the fetch.
 * Returns NGX_OK if there were none, NGX_DECLINED if the value is to be stored
 * as not fresh, NGX_ABORT if the value is not to be stored.
 */

static ngx_int_t
ngx_household_zone_check_generation(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, const ngx_household_cells_key_t *key,
    ngx_household_cells_entry_t *old, ngx_household_cells_entry_t *e)
{
    if (!ngx_household_zone_before(e->seq,
                                   ngx_household_zone_fresh_seq(shm, e))
        && e->gen == *ngx_household_zone_stripe(zone->sh, key->hash))
    {
        return NGX_OK;
    }

    if (e->stale == 0 || ngx_household_zone_before(e->seq, shm->flushed_seq)) {
        return NGX_ABORT;
    }

    if (old == NULL) {
        e->flags |= NGX_HOUSEHOLD_ZONE_F_INVALIDATED;
        return NGX_DECLINED;
    }

    if (ngx_household_zone_before(e->seq, old->seq)
        || (e->seq == old->seq && ngx_household_zone_before(e->gen, old->gen)))
    {
        return NGX_ABORT;
    }

    /* a refresh that began after the invalidation keeps its refresh lock */

    e->flags |= NGX_HOUSEHOLD_ZONE_F_INVALIDATED
                | (old->flags & NGX_HOUSEHOLD_ZONE_F_UPDATING);
    e->updating_since = old->updating_since;

    return NGX_DECLINED;
}


/* each iteration frees at least one cell: there are at most "need" */

static void
ngx_household_zone_evict(ngx_household_zone_t *zone, ngx_uint_t list,
    ngx_uint_t need, ngx_msec_t now)
{
    ngx_uint_t                    i, kind;
    ngx_household_cells_entry_t  *e;

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_LISTS; i++) {
        ngx_household_zone_sweep(zone, i, now);
    }

    for ( ;; ) {
        e = ngx_household_cells_victim(zone->cells, list, need);

        if (e == NULL) {
            break;
        }

        if (ngx_household_zone_not_flushed(zone, e)) {
            kind = ngx_household_zone_ns_of(zone, e)->kind;

            ngx_household_zone_inc(zone, ngx_household_zone_kind_counter(
                                             NGX_HOUSEHOLD_ZONE_EVICTED,
                                             kind));
        }

        ngx_household_zone_drop(zone, e);
    }
}


/*
 * Removes expired entries from the tail of a list.  Each put calls this for
 * every list: otherwise a list without puts would keep its cells forever.
 */

static void
ngx_household_zone_sweep(ngx_household_zone_t *zone, ngx_uint_t list,
    ngx_msec_t now)
{
    uint64_t                      life;
    ngx_uint_t                    i;
    ngx_household_cells_entry_t  *e;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_SWEEP; i++) {
        e = ngx_household_cells_oldest(zone->cells, list);

        if (e == NULL) {
            break;
        }

        life = (uint64_t) e->fresh + e->stale;

        if (ngx_household_zone_not_flushed(zone, e)
            && (uint64_t) ngx_household_zone_age(e, now) < life)
        {
            break;
        }

        ngx_household_zone_drop(zone, e);
    }
}


/* subtracts up to a tenth, by a hash of the key and the time */

static uint32_t
ngx_household_zone_jitter(uint32_t time, uint64_t hash, ngx_msec_t now)
{
    uint64_t  n;

    n = (hash ^ now) * NGX_HOUSEHOLD_WORD_MIX;

    return time - (uint64_t) time * (n >> 54) / 10240;
}


void
ngx_household_zone_invalidate(ngx_household_zone_ns_t *ns,
    ngx_str_t *id)
{
    ngx_household_zone_t       *zone;
    ngx_household_cells_key_t   key;

    zone = ns->zone;

    if (ngx_household_zone_key(ns, id, &key) != NGX_OK) {
        return;
    }

    ngx_household_zone_lock_key(zone, &key);

    if (ngx_household_zone_ns_shm(ns)) {

        ngx_household_zone_supersede(zone, &key,
                                     ngx_household_zone_find(zone, &key));

        ngx_household_zone_inc(zone, NGX_HOUSEHOLD_ZONE_INVALIDATED);
    }

    ngx_household_zone_unlock(zone);
}
