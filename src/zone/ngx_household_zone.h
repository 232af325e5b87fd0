
/*
 * The cache in shared memory: records of accounts, and verified tokens, which
 * all workers share and which live on through a reload.
 *
 * A value is opaque bytes.  A key is a store, which says where the value came
 * from, and an id.  A value is fresh for a time, then may still serve for
 * another, while it is fetched again by whoever was granted that.  It ceases
 * to be fresh at once when it is invalidated, and so does a reply that was on
 * its way then.
 *
 * Core layer: knows neither the store behind it nor a request.  Every call
 * returns at once; the lock is held for the copy of one value at most.
 *
 * "now" is ngx_current_msec, which is the same clock in all workers.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cells.h"


#define NGX_HOUSEHOLD_ZONE_ID_LEN        128
#define NGX_HOUSEHOLD_ZONE_VALUE_MAX   16384

/* stores of one zone, those of earlier configurations included */
#define NGX_HOUSEHOLD_ZONE_NAMESPACES         16

/* who may receive a store's invalidations at the same time */
#define NGX_HOUSEHOLD_ZONE_HOLDERS        4

/* milliseconds: the longest time, the time that a refresh is granted for */
#define NGX_HOUSEHOLD_ZONE_TIME_MAX  0x7fffffff
#define NGX_HOUSEHOLD_ZONE_LOCK_AGE        1000

/* milliseconds by which two trackers overlap, or neither covers the other */
#define NGX_HOUSEHOLD_ZONE_OVERLAP      1000

/* percent of the zone that accounts cannot take from tokens if they need it */
#define NGX_HOUSEHOLD_ZONE_TOKEN_RESERVED    25


/* kinds of values; overrides are few, and kept among accounts */

#define NGX_HOUSEHOLD_ZONE_ACCOUNT         0
#define NGX_HOUSEHOLD_ZONE_TOKEN           1
#define NGX_HOUSEHOLD_ZONE_OVERRIDE        2
#define NGX_HOUSEHOLD_ZONE_KINDS           3


typedef enum {
    NGX_HOUSEHOLD_ZONE_MISS = 0,       /* nothing usable is there */
    NGX_HOUSEHOLD_ZONE_HIT,            /* fresh */
    NGX_HOUSEHOLD_ZONE_EXPIRED         /* not fresh, may still serve */
} ngx_household_zone_state_e;


/*
 * Counters, as the metrics page shows them.  Those of the first group are
 * separate for each kind: see ngx_household_zone_kind_counter().
 */

typedef enum {
    NGX_HOUSEHOLD_ZONE_HITS = 0,
    NGX_HOUSEHOLD_ZONE_MISSES,

    /* of an EXPIRED value; counted by the caller, who decides which it is */
    NGX_HOUSEHOLD_ZONE_REFETCHED,      /* not used, fetched again */
    NGX_HOUSEHOLD_ZONE_UPDATING,       /* used while it is refreshed */
    NGX_HOUSEHOLD_ZONE_STALE,          /* used, as it cannot be fetched */

    NGX_HOUSEHOLD_ZONE_STORED,         /* fresh */
    NGX_HOUSEHOLD_ZONE_SUPERSEDED,     /* replies older than an invalidation */
    NGX_HOUSEHOLD_ZONE_TOO_BIG,
    NGX_HOUSEHOLD_ZONE_EVICTED,
    NGX_HOUSEHOLD_ZONE_KIND_COUNTERS,

    NGX_HOUSEHOLD_ZONE_INVALIDATED     /* keys */
        = NGX_HOUSEHOLD_ZONE_KIND_COUNTERS * NGX_HOUSEHOLD_ZONE_KINDS,
    NGX_HOUSEHOLD_ZONE_NS_INVALIDATED, /* whole namespaces */
    NGX_HOUSEHOLD_ZONE_FLUSHED,
    NGX_HOUSEHOLD_ZONE_RESETS,
    NGX_HOUSEHOLD_ZONE_MALFORMED,      /* entries of records, by the caller */

    NGX_HOUSEHOLD_ZONE_USER_COUNTERS = 32,  /* the caller's start here */
    NGX_HOUSEHOLD_ZONE_COUNTERS = 512
} ngx_household_zone_counter_e;


#define ngx_household_zone_kind_counter(counter, kind)                        \
    ((counter) * NGX_HOUSEHOLD_ZONE_KINDS + (kind))


typedef struct ngx_household_zone_s        ngx_household_zone_t;
typedef struct ngx_household_zone_ns_s  ngx_household_zone_ns_t;
typedef struct ngx_household_zone_sh_s     ngx_household_zone_sh_t;


/* both are per configuration, allocated from its pool; read only outside */

struct ngx_household_zone_s {
    ngx_household_zone_sh_t  *sh;
    ngx_household_cells_t    *cells;
    ngx_slab_pool_t          *shpool;
    ngx_shm_zone_t           *shm_zone;
    ngx_household_zone_ns_t  *namespaces;
    ngx_uint_t                declared;  /* unsigned  declared:1; */
};


struct ngx_household_zone_ns_s {
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *next;
    ngx_uint_t                kind;
    ngx_uint_t                tracked;   /* unsigned  tracked:1; */
    ngx_uint_t                index;
    uint32_t                  serial;    /* of the slot when it was taken */
    uint32_t                  config;    /* number of this configuration */
    uint32_t                  tracker;   /* of this process; 0: none */
    u_char                    digest[16];
};


/* what ngx_household_zone_get() says besides the state; never undefined */

typedef struct {
    uint64_t                     generation;
    ngx_msec_t                   age;
    size_t                       len;

    unsigned                     missing:1; /* "there is no such account" */

    /* MISS and EXPIRED: fetch; at most one caller is granted it at a time */
    unsigned                     refresh:1;

    /* why it is EXPIRED: any of these */
    unsigned                     expired:1;     /* its fresh time is over */
    unsigned                     invalidated:1; /* it, or all, or a flush */
    unsigned                     changed:1;     /* it alone was invalidated */
    unsigned                     incoherent:1;  /* nobody tracks the store */
} ngx_household_zone_result_t;


typedef struct {
    size_t                       size;      /* bytes for values */
    size_t                       used;
    ngx_uint_t                   records[NGX_HOUSEHOLD_ZONE_KINDS];
    ngx_atomic_uint_t            counters[NGX_HOUSEHOLD_ZONE_COUNTERS];
} ngx_household_zone_stat_t;


/*
 * Configuration time.
 *
 * Returns the zone "name", adding it if need be; "size" 0 refers to a zone
 * that is declared elsewhere, earlier or later.  NULL if memory is short, the
 * zone is smaller than 8 pages, is declared twice, or belongs to another
 * "tag"; the error has been logged.
 *
 * A reload keeps what is in a zone of the same name and size.  It fails if the
 * zone was laid out by a build of the module that laid it out differently.
 */
ngx_household_zone_t *ngx_household_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/*
 * Configuration time.
 *
 * Returns a store of the zone.  "identity" is any bytes that tell where its
 * values come from, such as addresses, database and prefix, or a set of keys:
 * after a reload with another identity the values of the former are not found
 * any more.  "tracked": a value is fresh only while someone tracks the store
 * (see ngx_household_zone_renew()); otherwise time alone decides.  The same
 * kind and identity give the same store.  NULL if memory is short.
 *
 * One zone has at most NGX_HOUSEHOLD_ZONE_NAMESPACES: with more the
 * configuration fails when zones are created, and the error is logged.
 */
ngx_household_zone_ns_t *ngx_household_zone_ns(ngx_conf_t *cf,
    ngx_household_zone_t *zone, ngx_uint_t kind, ngx_str_t *fingerprint,
    ngx_uint_t tracked);


/*
 * Looks "id" up, copies the value to "buf", and tells what it is worth.  A
 * value that is larger than "size" is a MISS, and found->len its length.
 *
 * EXPIRED with found->refresh: this caller is to fetch it again; nobody else
 * is told so until a put, an invalidation, or NGX_HOUSEHOLD_ZONE_LOCK_AGE
 * later.  Whether the old value serves meanwhile is for the caller to say; an
 * invalidated one is known to be wrong.  MISS grants a fetch to every caller.
 *
 * found->generation is for the put of a fetch that is sent after this call.
 */
ngx_household_zone_state_e ngx_household_zone_get(
    ngx_household_zone_ns_t *ns, ngx_str_t *id, ngx_msec_t now,
    u_char *buf, size_t size, ngx_household_zone_result_t *found);

/*
 * Returns the generation for a fetch that is about to be sent.  It goes with
 * the reply to ngx_household_zone_put().  Takes no lock.
 */
uint64_t ngx_household_zone_get_generation(ngx_household_zone_ns_t *ns,
    ngx_str_t *id);

/*
 * The same for a fetch of which there is to be one at a time among all
 * processes.  Returns NGX_OK and sets "generation": the caller is to fetch,
 * until ngx_household_zone_put() or ngx_household_zone_fetched() with that
 * generation, or until NGX_HOUSEHOLD_ZONE_LOCK_AGE later.  Returns NGX_BUSY if
 * another fetch is under way that no invalidation has overtaken.
 */
ngx_int_t ngx_household_zone_fetch(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, ngx_msec_t now, uint64_t *generation);

/* the fetch has failed; one that is not under way does no harm */
void ngx_household_zone_fetched(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, uint64_t generation);

/*
 * Returns the length of a value that is fresh and copies it to "buf", or 0.
 * Unlike ngx_household_zone_get() it counts nothing, and is no use of it: for
 * whoever waits for another process.
 */
size_t ngx_household_zone_peek(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, ngx_msec_t now, u_char *buf, size_t size);

/*
 * Keeps a copy of a value, or of "no such account" ("missing"; "len" may be
 * 0).  It is fresh for "fresh" milliseconds, less up to a tenth so that what
 * came together does not expire together, and may serve for "stale" after
 * "fresh"; both are cut at NGX_HOUSEHOLD_ZONE_TIME_MAX.  With "stale" 0 a
 * value that is not fresh is a MISS.
 *
 * Returns
 *
 *     NGX_OK        it is kept and fresh;
 *     NGX_DECLINED  an invalidation came after the generation was taken: it
 *                   is kept as not fresh, or not at all, if what is there
 *                   was fetched later, or a flush came in between;
 *     NGX_ERROR     it is too big, or the id is, or the store has been given
 *                   up by a newer configuration: it is not kept, and what
 *                   was there is not fresh any more.
 *
 * In each case the reply itself is as good as any that is not cached.
 */
ngx_int_t ngx_household_zone_put(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, u_char *value, size_t len, ngx_uint_t missing,
    uint64_t generation, ngx_msec_t now, ngx_msec_t fresh, ngx_msec_t stale);


/* what is kept of "id", and what is being fetched, is not fresh any more */
void ngx_household_zone_invalidate(ngx_household_zone_ns_t *ns,
    ngx_str_t *id);

/* the same for the whole store, at once whatever its size */
void ngx_household_zone_invalidate_all(ngx_household_zone_ns_t *ns);

/*
 * Empties the store, at once whatever its size, and keeps what is being
 * fetched out altogether.  The memory is used again as it is needed.
 */
void ngx_household_zone_flush(ngx_household_zone_ns_t *ns);


/*
 * States that this process receives ("coherent") or does not receive the
 * invalidations of the store.  To be called
 *
 *   - with 1 when all its subscriptions are confirmed, and after that each
 *     time that a later reply on all of them proves that they are alive,
 *     several times within "lease" milliseconds;
 *   - with 0 as soon as one of them is lost.
 *
 * "now" is then the time until which all of them are known to be received:
 * that of the request which the reply answers.
 *
 * The store is coherent while such a process is within its lease: one that
 * dies or hangs needs not call anything.  A process whose lease was over, but
 * whose subscriptions were never lost, has missed nothing and goes on.  If
 * invalidations may have been missed between one process and the next, the
 * whole store is invalidated as by ngx_household_zone_invalidate_all(), once.
 * Two that overlap by more than NGX_HOUSEHOLD_ZONE_OVERLAP miss nothing: a
 * new worker takes over from an old one without that.
 *
 * Returns NGX_OK; NGX_DONE if another process covers all that this one does;
 * NGX_DECLINED if there are too many, and this one does not count.
 */
ngx_int_t ngx_household_zone_renew(ngx_household_zone_ns_t *ns,
    ngx_msec_t now, ngx_msec_t lease, ngx_uint_t coherent);

/*
 * The same with "coherent" 1 in a process that quits: it leaves as soon as
 * another one covers it.  Returns NGX_DONE if it does not track the store any
 * more, else as above.
 */
ngx_int_t ngx_household_zone_yield(ngx_household_zone_ns_t *ns,
    ngx_msec_t now, ngx_msec_t lease);

/*
 * The process that is to track the store exits.  If no newer configuration
 * uses it, nobody takes over from others that still do.
 */
void ngx_household_zone_close(ngx_household_zone_ns_t *ns);

/*
 * Returns 1 if this process tracks the store, and a newer configuration uses
 * it, of which a process is to take over; otherwise 0.
 */
ngx_uint_t ngx_household_zone_succeeded(ngx_household_zone_ns_t *ns);

/* tells whether anyone tracks the store */
ngx_uint_t ngx_household_zone_coherent(ngx_household_zone_ns_t *ns,
    ngx_msec_t now);


/* adds to a counter; beyond NGX_HOUSEHOLD_ZONE_COUNTERS nothing happens */
void ngx_household_zone_count(ngx_household_zone_t *zone, ngx_uint_t counter,
    ngx_uint_t n);

/* what a status page shows, at one moment but for the counters */
void ngx_household_zone_stat(ngx_household_zone_t *zone,
    ngx_household_zone_stat_t *stat);


#endif /* _NGX_HOUSEHOLD_ZONE_H_INCLUDED_ */
