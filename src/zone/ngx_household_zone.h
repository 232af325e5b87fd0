
/*
 * The cache in shared memory: records of accounts and verified tokens.  All
 * worker processes share the cache, and a reload keeps it.
 *
 * A value is opaque bytes.  A key is a namespace, which is the origin of the
 * value, and an id.  A value is fresh for some time, and may be used as stale
 * for some time after that, while the caller with the refresh lock fetches it
 * again.  An invalidation ends the freshness of a value at once.  A reply to a
 * fetch that began before the invalidation is not fresh either.
 *
 * No function blocks.  The lock is held for the copy of one value at most.
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
#define NGX_HOUSEHOLD_ZONE_DIGEST         16

/* namespaces of one zone, including those of earlier configurations */
#define NGX_HOUSEHOLD_ZONE_NAMESPACES         16

/* processes that may track a namespace at the same time */
#define NGX_HOUSEHOLD_ZONE_HOLDERS        4

/* milliseconds: the longest time, the age at which a refresh lock expires */
#define NGX_HOUSEHOLD_ZONE_TIME_MAX  0x7fffffff
#define NGX_HOUSEHOLD_ZONE_LOCK_AGE        1000

/* milliseconds; a process covers another one if both overlap by more */
#define NGX_HOUSEHOLD_ZONE_OVERLAP      1000

/* percent of the zone that is reserved for tokens */
#define NGX_HOUSEHOLD_ZONE_TOKEN_RESERVED    25


/* kinds of values; all but tokens share the cells of accounts */

#define NGX_HOUSEHOLD_ZONE_ACCOUNT         0
#define NGX_HOUSEHOLD_ZONE_TOKEN           1
#define NGX_HOUSEHOLD_ZONE_FLEET           2
#define NGX_HOUSEHOLD_ZONE_PRESENCE        3
#define NGX_HOUSEHOLD_ZONE_KINDS           4


typedef enum {
    NGX_HOUSEHOLD_ZONE_MISS = 0,       /* no usable value */
    NGX_HOUSEHOLD_ZONE_HIT,            /* fresh */
    NGX_HOUSEHOLD_ZONE_EXPIRED         /* not fresh, may be used */
} ngx_household_zone_state_e;


/*
 * Counters, as the metrics page shows them.  The first group has a counter for
 * each kind of values: see ngx_household_zone_kind_counter().
 */

typedef enum {
    NGX_HOUSEHOLD_ZONE_HITS = 0,
    NGX_HOUSEHOLD_ZONE_MISSES,

    /* use of an EXPIRED value; the caller counts these */
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

    NGX_HOUSEHOLD_ZONE_SAVED,          /* the state file was written */
    NGX_HOUSEHOLD_ZONE_NOT_SAVED,      /* it could not be written */

    NGX_HOUSEHOLD_ZONE_COUNTERS
} ngx_household_zone_counter_e;


#define ngx_household_zone_kind_counter(counter, kind)                        \
    ((counter) * NGX_HOUSEHOLD_ZONE_KINDS + (kind))


typedef struct ngx_household_zone_s     ngx_household_zone_t;
typedef struct ngx_household_zone_ns_s  ngx_household_zone_ns_t;
typedef struct ngx_household_zone_sh_s  ngx_household_zone_sh_t;
typedef struct ngx_household_zone_ns_shm_s  ngx_household_zone_ns_shm_t;
typedef struct ngx_household_zone_state_s  ngx_household_zone_state_t;

typedef void (*ngx_household_zone_created_pt)(ngx_household_zone_t *zone);


/* both are allocated from the pool of a configuration; read-only outside */

struct ngx_household_zone_s {
    ngx_household_zone_sh_t  *sh;
    ngx_household_cells_t    *cells;
    ngx_atomic_t             *counters;  /* of this process */
    ngx_slab_pool_t          *shpool;
    ngx_shm_zone_t           *shm_zone;
    ngx_household_zone_ns_t  *namespaces;
    ngx_household_zone_state_t  *state;  /* NULL: none is kept */

    /* called once the zone exists, unless a reload has kept it */
    ngx_household_zone_created_pt  created;

    ngx_uint_t                lookups;   /* fetches at most; 0: any number */
    uint32_t                  config_gen; /* number of this configuration */
    ngx_uint_t                declared;  /* unsigned  declared:1; */

    /* of the first reference, if it came before the declaration */
    ngx_str_t                 directive;
    u_char                   *file;
    ngx_uint_t                line;
};


/* what each request reads is together */

struct ngx_household_zone_ns_s {
    ngx_household_zone_t     *zone;

    /* in shared memory, once the zone exists */
    ngx_household_zone_ns_shm_t  *shm;
    uint32_t                 *stripes;
    ngx_atomic_t             *hits;

    uint32_t                  stripes_mask;
    uint32_t                  incarnation; /* of the shared part, if bound */
    ngx_uint_t                tracked;   /* unsigned  tracked:1; */
    ngx_uint_t                kind;
    ngx_uint_t                index;

    ngx_household_zone_ns_t  *next;
    uint32_t                  config_gen; /* number of this configuration */
    uint32_t                  holder;    /* of this process; 0: none */
    u_char                    digest[16];
};


/* of a fresh value, see ngx_household_zone_unchanged() */

typedef struct {
    uint64_t                     generation;
    uint64_t                     hash;
    ngx_msec_t                   until;     /* it is fresh; exclusive */
} ngx_household_zone_mark_t;


/* the result of ngx_household_zone_get(); all members are always set */

typedef struct {
    uint64_t                     generation;
    ngx_household_zone_mark_t    mark;      /* of a HIT */
    ngx_msec_t                   age;
    size_t                       len;

    unsigned                     missing:1; /* "there is no such account" */

    /* MISS: fetch; EXPIRED: fetch, as this caller took the refresh lock */
    unsigned                     refresh:1;

    /* EXPIRED: the reasons, at least one */
    unsigned                     expired:1;     /* by time */
    unsigned                     invalidated:1; /* id or namespace */
    unsigned                     changed:1;     /* this id */
    unsigned                     incoherent:1;  /* not tracked */
} ngx_household_zone_result_t;


typedef struct {
    size_t                       size;      /* bytes for values */
    size_t                       used;
    ngx_uint_t                   records[NGX_HOUSEHOLD_ZONE_KINDS];
    ngx_uint_t                   saved;     /* Unix time; 0: never was */
    ngx_uint_t                   restored;  /* entries of the state */
    ngx_atomic_uint_t            counters[NGX_HOUSEHOLD_ZONE_COUNTERS];
} ngx_household_zone_stat_t;


/*
 * Configuration time.
 *
 * Returns the zone "name", and adds the zone if it does not exist.  "size" 0
 * refers to a zone that is declared elsewhere, earlier or later.  Returns NULL
 * if an allocation fails, or the zone is smaller than 8 pages, is declared
 * twice, or belongs to another "tag"; the error has been logged.
 *
 * A reload keeps the values of a zone of the same name and size.  A reload
 * fails if another build of the module, with another layout of the shared
 * memory, created the zone.
 */
ngx_household_zone_t *ngx_household_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/*
 * The end of the configuration.  Returns NGX_ERROR if a zone that was referred
 * to is not declared, which has been logged; otherwise NGX_OK.
 */
ngx_int_t ngx_household_zone_check(ngx_conf_t *cf);

/*
 * Configuration time.
 *
 * Returns a namespace of the zone.  "fingerprint" is any bytes that name the
 * origin of the values, such as addresses, database and prefix, or a set of
 * keys.  After a reload with another fingerprint the old values are not found
 * any more.  With "tracked" a value is fresh only while a process tracks the
 * namespace (see ngx_household_zone_renew()), otherwise freshness depends on
 * time alone.  The same kind and fingerprint give the same namespace.  Returns
 * NULL if an allocation fails.
 *
 * One zone has at most NGX_HOUSEHOLD_ZONE_NAMESPACES: with more the
 * configuration fails when zones are created, and the error is logged.
 */
ngx_household_zone_ns_t *ngx_household_zone_ns(ngx_conf_t *cf,
    ngx_household_zone_t *zone, ngx_uint_t kind, ngx_str_t *fingerprint,
    ngx_uint_t tracked);

/*
 * To be called when the configuration of the zone takes effect: from then on
 * its processes are to take over from those of the former one.  A reload that
 * fails after zones were created does not get here.
 */
void ngx_household_zone_commit(ngx_household_zone_t *zone);

/* start of worker process number "worker", which counts in its own row */
void ngx_household_zone_start(ngx_household_zone_t *zone, ngx_uint_t worker);


/*
 * Computes a digest that stands for the text of a token: an id of the kind
 * NGX_HOUSEHOLD_ZONE_TOKEN begins with it.  It is SipHash-2-4 of 128 bits,
 * keyed with a secret of the zone.  Without the secret nobody can find two
 * texts of one digest.  Returns NGX_OK; or NGX_DECLINED if there is no secret,
 * because the system had no random bytes when the zone was created.
 */
ngx_int_t ngx_household_zone_digest(ngx_household_zone_ns_t *ns,
    const ngx_str_t *text, u_char digest[NGX_HOUSEHOLD_ZONE_DIGEST]);

/*
 * Looks up "id", copies the value to "buf", and returns the state of the
 * value.  A value larger than "size" is a MISS, with its length in found->len.
 *
 * EXPIRED with found->refresh: this caller has the refresh lock and is to
 * fetch the value again.  No other caller gets the lock until a put, an
 * invalidation, or until NGX_HOUSEHOLD_ZONE_LOCK_AGE has passed.  The caller
 * decides whether to use the old value meanwhile; an invalidated value is
 * known to be outdated.  On MISS, found->refresh is set for every caller.
 *
 * found->generation is for the put of a fetch that is sent after this call.
 */
ngx_household_zone_state_e ngx_household_zone_get(
    ngx_household_zone_ns_t *ns, ngx_str_t *id, ngx_msec_t now,
    u_char *buf, size_t size, ngx_household_zone_result_t *found);

/*
 * Returns 1 if a copy of a value that was a HIT with this mark, and nothing
 * else, would still be one; otherwise 0.  Takes no lock, and counts the HIT.
 * Another fetch may have replaced the value by one of the same generation:
 * both are fresh.
 */
ngx_uint_t ngx_household_zone_unchanged(ngx_household_zone_ns_t *ns,
    const ngx_household_zone_mark_t *mark, ngx_msec_t now);

/*
 * Returns the generation for a fetch that is about to be sent.  The caller
 * passes the generation to ngx_household_zone_put() with the reply.  Takes no
 * lock.
 */
uint64_t ngx_household_zone_get_generation(ngx_household_zone_ns_t *ns,
    ngx_str_t *id);

/*
 * The same with request coalescing: one fetch at a time among all processes.
 * Returns NGX_OK and sets "generation" if the caller is to fetch.  The fetch
 * ends with ngx_household_zone_put(), ngx_household_zone_fetched() or
 * ngx_household_zone_too_large() of that generation, or after
 * NGX_HOUSEHOLD_ZONE_LOCK_AGE.  Returns NGX_DONE if the same, but others may
 * fetch the value, too: then ngx_household_zone_fetch_left() follows that.
 * Returns NGX_BUSY if another fetch is under way, and no invalidation has
 * superseded that fetch.  Returns NGX_AGAIN if as many fetches are under way as
 * the zone may have, of all processes.  Returns NGX_ABORT if the value is known
 * to be too large.
 */
ngx_int_t ngx_household_zone_fetch(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, ngx_msec_t now, uint64_t *generation);

/* of a fetch that began at "since" with NGX_DONE, after its end */
void ngx_household_zone_fetch_left(ngx_household_zone_ns_t *ns,
    ngx_msec_t since);

/* ends a fetch that has failed; ignored if the fetch is not under way */
void ngx_household_zone_fetched(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, uint64_t generation);

/*
 * Ends a fetch whose value is too large to be read.  Further fetches are
 * rejected for "time" milliseconds while an entry would be fresh: until an
 * invalidation, and while the namespace is tracked.  A present value is kept.
 * Not guaranteed: the table of fetches is small, and those under way go first.
 */
void ngx_household_zone_too_large(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, uint64_t generation, ngx_msec_t now, ngx_msec_t time);

/*
 * Copies a fresh value to "buf" and returns its length; otherwise returns 0.
 * Unlike ngx_household_zone_get(), changes neither the counters nor the LRU
 * order.  For a caller that waits for the fetch of another process.
 */
size_t ngx_household_zone_peek(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, ngx_msec_t now, u_char *buf, size_t size);

/*
 * Stores a copy of a value, or a negative entry ("missing": there is no such
 * account; "len" may be 0).  The value is fresh for "fresh" milliseconds, less
 * a jitter of up to a tenth, and may be used as stale for "stale" milliseconds
 * after that.  Both times are limited to NGX_HOUSEHOLD_ZONE_TIME_MAX.  With
 * "stale" 0 a value that is not fresh is a MISS.
 *
 * Returns
 *
 *     NGX_OK        the value is stored and fresh;
 *     NGX_DECLINED  an invalidation came after the generation was taken: the
 *                   value is stored as not fresh, or is not stored if "stale"
 *                   is 0, the present value was fetched later, or the
 *                   namespace was flushed since;
 *     NGX_ERROR     the value or the id is too large, or a newer configuration
 *                   has replaced the namespace: the value is not stored, and a
 *                   present value is not fresh any more.
 *
 * In each case the caller may use the reply itself, like an uncached one.
 */
ngx_int_t ngx_household_zone_put(ngx_household_zone_ns_t *ns,
    ngx_str_t *id, u_char *value, size_t len, ngx_uint_t missing,
    uint64_t generation, ngx_msec_t now, ngx_msec_t fresh, ngx_msec_t stale);


/* invalidates the value of "id", and the fetches of "id" under way */
void ngx_household_zone_invalidate(ngx_household_zone_ns_t *ns,
    ngx_str_t *id);

/* the same for the whole namespace, in constant time */
void ngx_household_zone_invalidate_all(ngx_household_zone_ns_t *ns);

/* the same for the negative entries of the namespace only */
void ngx_household_zone_invalidate_missing(ngx_household_zone_ns_t *ns);

/*
 * Empties the namespace in constant time.  Replies to fetches under way are
 * not stored.  The memory is reused on demand.
 */
void ngx_household_zone_flush(ngx_household_zone_ns_t *ns);


/*
 * Records that this process receives ("coherent" 1) or does not receive (0)
 * the invalidations of the namespace.  To be called
 *
 *   - with 1 when all subscriptions of the process are confirmed, and then
 *     with each heartbeat that was answered on all of them, several times
 *     within "lease" milliseconds;
 *   - with 0 as soon as one subscription is lost.
 *
 * With "coherent" 1, "now" is the time when the heartbeat was sent:
 * invalidations up to that time are known to be received.
 *
 * The namespace is coherent while a process that tracks it is within its
 * lease.  A process that dies or hangs needs no call: the lease ends.  A
 * process whose lease has ended, but whose subscriptions were never lost, has
 * missed no invalidation and may continue.  If invalidations may have been
 * missed between one process and the next, the whole namespace is invalidated
 * once, as by ngx_household_zone_invalidate_all().  Two processes that overlap
 * by more than NGX_HOUSEHOLD_ZONE_OVERLAP miss no invalidation: a new worker
 * process takes over from an old one without invalidating the namespace.
 *
 * Returns NGX_OK; NGX_DONE if another process covers this one; NGX_DECLINED if
 * NGX_HOUSEHOLD_ZONE_HOLDERS processes track the namespace already: this
 * process is then not recorded.
 */
ngx_int_t ngx_household_zone_renew(ngx_household_zone_ns_t *ns,
    ngx_msec_t now, ngx_msec_t lease, ngx_uint_t coherent);

/*
 * The same with "coherent" 1 for a process that quits.  The process stops
 * tracking the namespace as soon as another process covers it.  Returns
 * NGX_DONE if the process does not track the namespace any more, otherwise as
 * above.
 */
ngx_int_t ngx_household_zone_yield(ngx_household_zone_ns_t *ns,
    ngx_msec_t now, ngx_msec_t lease);

/*
 * To be called when the process that is to track the namespace exits.  If no
 * newer configuration uses the namespace, no process will take over from older
 * processes that still track the namespace.
 */
void ngx_household_zone_close(ngx_household_zone_ns_t *ns);

/*
 * Returns 1 if this process tracks the namespace, and a process of a newer
 * configuration is to take over; otherwise 0, also if the newer configuration
 * uses the namespace, but does not track it.
 */
ngx_uint_t ngx_household_zone_succeeded(ngx_household_zone_ns_t *ns);

/* returns 1 if a process within its lease tracks the namespace, else 0 */
ngx_uint_t ngx_household_zone_coherent(ngx_household_zone_ns_t *ns,
    ngx_msec_t now);


/* adds "n" to a counter; ignored from NGX_HOUSEHOLD_ZONE_COUNTERS on */
void ngx_household_zone_count(ngx_household_zone_t *zone, ngx_uint_t counter,
    ngx_uint_t n);

/* fills "stat"; all of it but the counters is read under one lock */
void ngx_household_zone_stat(ngx_household_zone_t *zone,
    ngx_household_zone_stat_t *stat);


#endif /* _NGX_HOUSEHOLD_ZONE_H_INCLUDED_ */
