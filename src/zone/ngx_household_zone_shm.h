
/*
 * What the cache keeps in shared memory, and its lock.  For the files of the
 * zone only.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_SHM_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_SHM_H_INCLUDED_


#include "ngx_household_zone.h"


/*
 * A process that receives the invalidations of a store; serial 0: none.  One
 * whose lease is over is kept, as it may have missed nothing nonetheless.
 */

typedef struct {
    uint32_t                       serial;
    uint32_t                       lapsed;   /* unsigned  lapsed:1; */
    ngx_msec_t                     since;
    ngx_msec_t                     renewed;
    ngx_msec_t                     until;
} ngx_household_zone_holder_t;


/*
 * A store.  "seq" counts the events that concern all of it, and an entry has
 * its value at the time when it was fetched: one before "flushed" is gone,
 * one before "marked" is not fresh.
 */

typedef struct {
    u_char                        digest[16];
    ngx_uint_t                    kind;
    ngx_uint_t                    live;     /* entries not flushed */
    uint32_t                      serial;   /* 0: nobody's */
    uint32_t                      config;   /* that named it last */
    uint32_t                      closed;   /* the same, if it exited */
    uint32_t                      seq;      /* 0 in no entry */
    uint32_t                      flushed_seq;
    uint32_t                      invalidated_seq;
    ngx_household_zone_holder_t   trackers[NGX_HOUSEHOLD_ZONE_HOLDERS];
} ngx_household_zone_ns_shm_t;


/*
 * A fetch that is under way; hash 0: none.  After an invalidation, which
 * changes the generation of its key, another one may begin.
 */

typedef struct {
    uint64_t                       hash;
    uint64_t                       generation;
    uint64_t                       since;
} ngx_household_zone_fetch_t;


struct ngx_household_zone_sh_s {
    uint32_t                      layout;  /* first in every layout */
    uint32_t                      dirty;   /* someone changes the zone */
    uint32_t                      configs;
    uint32_t                      serials;

    /* counters of invalidations, each for the ids of its hash */
    uint32_t                      stripes_mask;
    uint32_t                     *stripes;

    uint32_t                      fetches_mask;
    ngx_household_zone_fetch_t   *fetches;

    ngx_household_cells_t        *cells;
    ngx_household_zone_ns_shm_t   namespaces[NGX_HOUSEHOLD_ZONE_NAMESPACES];
    ngx_atomic_t                  counters[NGX_HOUSEHOLD_ZONE_COUNTERS];
};


/* of numbers that wrap around */
#define ngx_household_zone_before(a, b)  ((int32_t) ((a) - (b)) < 0)

#define ngx_household_zone_inc_kind(ns, n)                                    \
    ngx_household_zone_inc((ns)->zone,                                        \
                           ngx_household_zone_kind_counter(n, (ns)->kind))

/* the list of cells of a kind */
#define ngx_household_zone_list(kind)                                         \
    ((kind) == NGX_HOUSEHOLD_ZONE_TOKEN ? NGX_HOUSEHOLD_ZONE_TOKEN            \
                                        : NGX_HOUSEHOLD_ZONE_ACCOUNT)

#define ngx_household_zone_inc(zone, n)                                       \
    (void) ngx_atomic_fetch_add(&(zone)->sh->counters[n], 1)


/*
 * A process that is killed while it holds the lock leaves it to the master,
 * which unlocks it, and "busy" set.  Whatever it was about to change is not
 * to be trusted then: the next one to lock the zone empties it.
 */
void ngx_household_zone_lock(ngx_household_zone_t *zone);
void ngx_household_zone_unlock(ngx_household_zone_t *zone);

/*
 * Returns the slot of a store, or NULL if a newer configuration gave it to
 * another one.
 */
ngx_household_zone_ns_shm_t *ngx_household_zone_ns_shm(
    ngx_household_zone_ns_t *ns);

/* returns NGX_OK, or NGX_DECLINED if the id is too long */
ngx_int_t ngx_household_zone_key(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, ngx_household_cells_key_t *key);

/*
 * The rest is called with the lock.
 */

/* returns the usable entry, or NULL; fills "found" but for "refresh" */
ngx_household_cells_entry_t *ngx_household_zone_probe(
    ngx_household_zone_ns_t *ns, const ngx_household_cells_key_t *key,
    ngx_msec_t now, ngx_household_zone_result_t *found);

/* may be called without the lock: see ngx_household_zone_get_generation() */
uint64_t ngx_household_zone_read_generation(ngx_household_zone_t *zone,
    ngx_household_zone_ns_shm_t *shm, uint64_t hash);

/* a fetch is not under way any more, if it was */
void ngx_household_zone_fetch_end(ngx_household_zone_t *zone, uint64_t hash,
    uint64_t generation);

/* tells whether anyone tracks the store at "now" */
ngx_uint_t ngx_household_zone_tracked(ngx_household_zone_ns_shm_t *shm,
    ngx_msec_t now);


#endif /* _NGX_HOUSEHOLD_ZONE_SHM_H_INCLUDED_ */
