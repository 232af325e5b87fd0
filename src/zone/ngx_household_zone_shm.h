
/*
 * The layout of the shared memory of the cache, its lock, and the functions
 * that the files of the cache share.  Private to ngx_household_zone*.c.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_SHM_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_SHM_H_INCLUDED_


#include "ngx_household_zone.h"
#include "ngx_household_rows.h"


/*
 * A process that receives the invalidations of a namespace; number 0: none.
 * A process whose lease has ended is kept, as it may still receive all of them.
 */

typedef struct {
    uint32_t                       number;
    uint32_t                       lapsed;   /* unsigned  lapsed:1; */
    ngx_msec_t                     since;
    ngx_msec_t                     renewed;
    ngx_msec_t                     until;
} ngx_household_zone_holder_t;


/*
 * A namespace.  "seq" is its epoch: each flush or invalidation of the whole
 * namespace, or of its negative entries, increments "seq".  An entry has the
 * value of "seq" at the start of its fetch.  Entries before "flushed_seq" do
 * not exist any more, entries before "invalidated_seq" are not fresh, and
 * negative entries before "missing_seq", which is never the lower one.
 */

struct ngx_household_zone_ns_shm_s {
    u_char                        digest[16];
    ngx_uint_t                    kind;
    ngx_uint_t                    entries;  /* that are not flushed */
    uint32_t                      incarnation; /* 0: not in use */
    uint32_t                      config_gen; /* in effect, used it last */
    uint32_t                      bound;    /* the same, or one that failed */
    uint32_t                      closed;   /* the same, if none tracks */
    uint32_t                      seq;      /* never 0 in an entry */
    uint32_t                      flushed_seq;
    uint32_t                      invalidated_seq;
    uint32_t                      missing_seq;
    ngx_household_zone_holder_t   holders[NGX_HOUSEHOLD_ZONE_HOLDERS];
};


/*
 * A fetch under way, or one whose value was too large; hash 0: none.  An
 * invalidation changes the generation of the key, after which another fetch
 * may begin.
 */

typedef struct {
    uint64_t                       hash;
    uint64_t                       generation;
    uint32_t                       since;
    uint32_t                       too_large; /* ms; 0: under way */
} ngx_household_zone_fetch_t;


/* of the state file: see ngx_household_zone_state.h */

typedef struct {
    uint32_t                       config_gen; /* its processes write on exit */
    uint32_t                       exiting;  /* one of them does */
    uint32_t                       started;  /* "next" is set */
    ngx_msec_t                     next;     /* time of the next save */
    time_t                         saved;    /* of the last save; 0: none */
    ngx_uint_t                     restored; /* entries */
} ngx_household_zone_state_sh_t;


/* fetches under way that began in a second; after so many they do not count */
#define NGX_HOUSEHOLD_ZONE_FETCH_SECONDS  4

typedef struct {
    uint32_t                       second;   /* of the clock of ngx_msec_t */
    uint32_t                       n;
} ngx_household_zone_fetch_second_t;


struct ngx_household_zone_sh_s {
    uint32_t                      layout;  /* must stay the first member */
    uint32_t                      dirty;   /* a process is changing the zone */
    uint32_t                      config_gen; /* configurations so far */
    uint32_t                      numbers;    /* of holders, incarnations */

    /* counters of invalidations, selected by the hash of the key */
    uint32_t                      stripes_mask;
    uint32_t                     *stripes;

    /* of ngx_household_zone_digest() */
    uint32_t                      has_secret;
    uint64_t                      secret[2];

    uint32_t                      fetches_mask;
    ngx_household_zone_fetch_t   *fetches;
    ngx_household_zone_fetch_second_t
                             fetch_seconds[NGX_HOUSEHOLD_ZONE_FETCH_SECONDS];

    ngx_household_cells_t        *cells;
    ngx_household_zone_state_sh_t state;
    ngx_household_zone_ns_shm_t   namespaces[NGX_HOUSEHOLD_ZONE_NAMESPACES];
    ngx_household_rows_t          rows;    /* of counters */
};


/* flags of an entry */
#define NGX_HOUSEHOLD_ZONE_F_MISSING      1
#define NGX_HOUSEHOLD_ZONE_F_INVALIDATED  2
#define NGX_HOUSEHOLD_ZONE_F_UPDATING     4

/* flag in the first byte of a key; the other bits are the namespace's index */
#define NGX_HOUSEHOLD_ZONE_UUID        0x80

/* positions in the table of fetches that a fetch may have */
#define NGX_HOUSEHOLD_ZONE_PROBES      4

/* of the shared part of a zone, or of one of its namespaces */
#define ngx_household_zone_stripe(p, hash)                                    \
    (&(p)->stripes[((hash) >> 32) & (p)->stripes_mask])

/* the shared part of the namespace of an entry */
#define ngx_household_zone_ns_of(zone, e)                                     \
    (&(zone)->sh->namespaces[(e)->data[0] & ~NGX_HOUSEHOLD_ZONE_UUID])

/* what is read before is not read after what follows; writers use atomics */

#if (__GNUC__)
#define ngx_household_zone_read_barrier()                                     \
    __atomic_thread_fence(__ATOMIC_ACQUIRE)
#else
#define ngx_household_zone_read_barrier()  ngx_memory_barrier()
#endif

/* compares numbers that wrap around */
#define ngx_household_zone_before(a, b)  ((int32_t) ((a) - (b)) < 0)

#define ngx_household_zone_inc_kind(ns, n)                                    \
    ngx_household_zone_inc((ns)->zone,                                        \
                           ngx_household_zone_kind_counter(n, (ns)->kind))

/* the list of cells of a kind */
#define ngx_household_zone_list(kind)                                         \
    ((kind) == NGX_HOUSEHOLD_ZONE_TOKEN ? NGX_HOUSEHOLD_ZONE_TOKEN            \
                                        : NGX_HOUSEHOLD_ZONE_ACCOUNT)

#define ngx_household_zone_inc(zone, n)                                       \
    (void) ngx_atomic_fetch_add(&(zone)->counters[n], 1)


/*
 * If a process is killed while it holds the lock, the master process unlocks
 * the mutex, but "dirty" stays set.  The zone may then be inconsistent: the
 * next process that locks the zone empties it.
 */
void ngx_household_zone_lock(ngx_household_zone_t *zone);

/* the same, after the memory of the entry of "key" was read */
void ngx_household_zone_lock_key(ngx_household_zone_t *zone,
    const ngx_household_cells_key_t *key);

void ngx_household_zone_unlock(ngx_household_zone_t *zone);

/* returns NGX_OK, or NGX_DECLINED if the id is too long */
ngx_int_t ngx_household_zone_key(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, ngx_household_cells_key_t *key);

/* sets key->hash by the bytes of the key */
void ngx_household_zone_hash(ngx_household_zone_ns_t *ns,
    ngx_household_cells_key_t *key);

/*
 * The lock must be held to call the functions below.
 */

/* returns the entry, or NULL; removes an entry that has been flushed */
ngx_household_cells_entry_t *ngx_household_zone_find(
    ngx_household_zone_t *zone, const ngx_household_cells_key_t *key);

/* an entry that was saved */

typedef struct {
    ngx_household_zone_ns_t      *ns;
    ngx_household_cells_key_t     key;
    ngx_household_cells_entry_t   entry;
    u_char                       *value;
    size_t                        len;
} ngx_household_zone_restore_t;


/* removes an entry */
void ngx_household_zone_drop(ngx_household_zone_t *zone,
    ngx_household_cells_entry_t *e);

/*
 * Stores entries that were saved, in a zone that no other process uses yet:
 * memory of many is loaded at the same time.  Sets "hash" of the keys.  Returns
 * how many were stored: the zone may be too small for one.
 */
ngx_uint_t ngx_household_zone_restore(ngx_household_zone_t *zone,
    ngx_household_zone_restore_t *entries, ngx_uint_t n);

/* removes all entries */
void ngx_household_zone_clear(ngx_household_zone_t *zone);

/* returns the usable entry, or NULL; fills "found" except "refresh" */
ngx_household_cells_entry_t *ngx_household_zone_probe(
    ngx_household_zone_ns_t *ns, const ngx_household_cells_key_t *key,
    ngx_msec_t now, ngx_household_zone_result_t *found);

/* ends the fetch of this generation, if it is under way */
void ngx_household_zone_fetch_end(ngx_household_zone_t *zone, uint64_t hash,
    uint64_t generation);


/* each request calls the functions below, which are therefore inline */

/*
 * Returns the shared part of a namespace, or NULL if a newer configuration has
 * replaced it with another namespace.
 */

static ngx_inline ngx_household_zone_ns_shm_t *
ngx_household_zone_ns_shm(ngx_household_zone_ns_t *ns)
{
    return (ns->shm->incarnation == ns->incarnation) ? ns->shm : NULL;
}


/* returns 1 if the process is within its lease, else 0 */

static ngx_inline ngx_uint_t
ngx_household_zone_current(const ngx_household_zone_holder_t *t,
    ngx_msec_t now)
{
    return t->number && (ngx_msec_int_t) (t->until - now) > 0;
}


/* returns 1 if a process within its lease tracks the namespace, else 0 */

static ngx_inline ngx_uint_t
ngx_household_zone_tracked(const ngx_household_zone_ns_shm_t *shm,
    ngx_msec_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_HOLDERS; i++) {
        if (ngx_household_zone_current(&shm->holders[i], now)) {
            return 1;
        }
    }

    return 0;
}


/* needs no lock: see ngx_household_zone_get_generation() */

static ngx_inline uint64_t
ngx_household_zone_read_generation(ngx_household_zone_ns_t *ns, uint64_t hash)
{
    uint32_t  seq, gen;

    seq = *(volatile uint32_t *) &ns->shm->seq;
    gen = *(volatile uint32_t *) ngx_household_zone_stripe(ns, hash);

    return ((uint64_t) seq << 32) | gen;
}


/*
 * Returns the time since the value was stored.  "now" may be behind "stored"
 * of another worker process: the time is then 0.
 */

static ngx_inline ngx_msec_t
ngx_household_zone_age(ngx_household_cells_entry_t *e, ngx_msec_t now)
{
    ngx_msec_int_t  age;

    age = (ngx_msec_int_t) (now - (ngx_msec_t) e->stored);

    return ngx_max(age, 0);
}


/*
 * Returns 0 if the namespace was flushed since the value was fetched.  The
 * lock must be held.
 */

static ngx_inline ngx_uint_t
ngx_household_zone_not_flushed(ngx_household_zone_t *zone,
    ngx_household_cells_entry_t *e)
{
    ngx_household_zone_ns_shm_t  *shm;

    shm = ngx_household_zone_ns_of(zone, e);

    return !ngx_household_zone_before(e->seq, shm->flushed_seq);
}


/* returns the first epoch of which an entry like "e" is fresh */

static ngx_inline uint32_t
ngx_household_zone_fresh_seq(ngx_household_zone_ns_shm_t *shm,
    ngx_household_cells_entry_t *e)
{
    return (e->flags & NGX_HOUSEHOLD_ZONE_F_MISSING) ? shm->missing_seq
                                                     : shm->invalidated_seq;
}


#endif /* _NGX_HOUSEHOLD_ZONE_SHM_H_INCLUDED_ */
