
/*
 * The allocator behind the shared zone: fixed-size blocks ("cells"), a hash
 * table and LRU lists.  An entry is a linked list of cells.
 *
 * With cells of one size there is no fragmentation: the cells that an eviction
 * frees can hold any other entry.
 *
 * There is no lock, no clock and no system call.  The caller holds a lock
 * around each call.  After a process was killed within a call, the caller
 * calls ngx_household_cells_reset().
 */


#ifndef _NGX_HOUSEHOLD_CELLS_H_INCLUDED_
#define _NGX_HOUSEHOLD_CELLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Two cells hold the record of a typical account: 256 bytes together with
 * their buckets.
 */
#define NGX_HOUSEHOLD_CELL        120

/* bytes of key and value in the first cell and in each of the others */
#define NGX_HOUSEHOLD_CELL_FIRST   63
#define NGX_HOUSEHOLD_CELL_NEXT   116

#define NGX_HOUSEHOLD_CELLS_LISTS   2

#define NGX_HOUSEHOLD_CELLS_KEY   255


/*
 * The first cell of an entry.  Links are numbers of cells, 0 is none.  The
 * caller's members are only stored here, not interpreted.
 */

typedef struct {
    uint32_t               next_cell;  /* the next cell; first in each cell */
    uint32_t               hash_next;  /* the next entry of the bucket */
    uint64_t               stored;     /* the caller's */

    uint32_t               lru_prev;   /* used more recently */
    uint32_t               lru_next;
    uint32_t               lru_clock;  /* of the list at the last move */
    uint32_t               hash;

    uint32_t               fresh;      /* the caller's, as the next four */
    uint32_t               stale;
    uint32_t               seq;
    uint32_t               gen;
    uint32_t               updating_since;

    uint16_t               len;        /* of the value */
    u_char                 list;
    u_char                 keylen;
    u_char                 flags;      /* the caller's */
    u_char                 data[NGX_HOUSEHOLD_CELL_FIRST];
} ngx_household_cells_entry_t;


typedef struct {
    uint32_t               newest;
    uint32_t               oldest;
    uint32_t               lru_clock;  /* moves to the head of the list */
    uint32_t               entries;
    uint32_t               used;       /* cells */
    uint32_t               reserved;   /* cells for this list alone */
} ngx_household_cells_list_t;


typedef struct {
    uint64_t                     seed[2];
    uint32_t                    *buckets;
    u_char                      *cells;
    uint32_t                     nbuckets;
    uint32_t                     ncells;

    /* cells above this one have never been used */
    uint32_t                     high_water;
    uint32_t                     free;
    uint32_t                     nfree;  /* free and never used */

    ngx_household_cells_list_t   lists[NGX_HOUSEHOLD_CELLS_LISTS];
} ngx_household_cells_t;


typedef struct {
    size_t                 len;        /* 1-NGX_HOUSEHOLD_CELLS_KEY */
    uint64_t               hash;       /* a keyed one */
    u_char                 bytes[NGX_HOUSEHOLD_CELLS_KEY];
} ngx_household_cells_key_t;


/*
 * Formats "size" bytes at "p", which is aligned to 8.  Returns "p" as the
 * allocator, or NULL if not a single cell fits.  "reserved" has a percentage
 * of the cells for each list, 100 in all.  Entries are placed by SipHash-2-4
 * keyed with "seed": a client that chooses keys cannot choose their buckets.
 */
ngx_household_cells_t *ngx_household_cells_create(u_char *p, size_t size,
    const ngx_uint_t *reserved, const uint64_t *seed);

/* empties "c", which may be inconsistent; the seed and the reserves are kept */
void ngx_household_cells_reset(ngx_household_cells_t *c);

/* returns the number of cells that an entry takes */
ngx_uint_t ngx_household_cells_need(size_t keylen, size_t len);

ngx_household_cells_entry_t *ngx_household_cells_find(ngx_household_cells_t *c,
    const ngx_household_cells_key_t *key);

/*
 * Reads the memory that ngx_household_cells_find(), _read() and _touch() of
 * "key" are about to use, and waits for it.  To be called without the lock,
 * before the caller takes it: cache misses and page faults then happen outside
 * of the lock.  Other processes may change "c" meanwhile: the number of reads
 * is bounded, and a link that is not the number of a cell ends the walk.
 */
void ngx_household_cells_preload(ngx_household_cells_t *c,
    const ngx_household_cells_key_t *key);

/*
 * Without waiting, and with the lock: the bucket of a hash is about to be
 * used; then, its first entry is.
 */
void ngx_household_cells_prefetch_bucket(ngx_household_cells_t *c,
    uint32_t hash);
void ngx_household_cells_prefetch_entry(ngx_household_cells_t *c,
    uint32_t hash);

/*
 * The same for the entries of a bucket.  Returns 0 if there are none, else 1.
 */
ngx_uint_t ngx_household_cells_preload_bucket(ngx_household_cells_t *c,
    uint32_t bucket);

/*
 * Makes the entry the most recently used of its list.  An entry in the newer
 * half of the list is not moved, which saves writes to distant memory.  So the
 * order is approximate: an entry reaches the tail only if it was not used
 * while about half of the list was moved to the head or added.
 *
 * While half of the cells are free, nothing is moved at all: as much as there
 * is must be added before anything is evicted.
 */
void ngx_household_cells_touch(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);

/* copies the "len" bytes of the value to "buf" */
void ngx_household_cells_read(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf);

/* copies the "keylen" bytes of the key, and then those of the value */
void ngx_household_cells_read_all(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf);

/*
 * For a walk over all entries: returns the first entry of a bucket, or the
 * next one after "e", or NULL.  An entry stays in its bucket, one of
 * c->nbuckets.
 */
ngx_household_cells_entry_t *ngx_household_cells_walk(
    ngx_household_cells_t *c, uint32_t bucket, ngx_household_cells_entry_t *e);

/*
 * Adds an entry.  There must be no entry of this key, and enough free cells:
 * see ngx_household_cells_need().  The caller's members are copied from "e".
 * The entry is linked only after all of its bytes are written.
 */
void ngx_household_cells_insert(ngx_household_cells_t *c, ngx_uint_t list,
    const ngx_household_cells_key_t *key, const ngx_household_cells_entry_t *e,
    const u_char *value, size_t len);

/* removes an entry and frees its cells */
void ngx_household_cells_remove(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);

/*
 * Returns the next entry to evict until "need" cells are free for "list", or
 * NULL if they are free, or if no entry is left to evict.  Another list that
 * uses more than its reserve is evicted from first.  A list within its reserve
 * loses no entries to another list.
 */
ngx_household_cells_entry_t *ngx_household_cells_victim(
    ngx_household_cells_t *c, ngx_uint_t list, ngx_uint_t need);

/* returns the least recently used entry of a list, or NULL */
ngx_household_cells_entry_t *ngx_household_cells_oldest(
    ngx_household_cells_t *c, ngx_uint_t list);


#endif /* _NGX_HOUSEHOLD_CELLS_H_INCLUDED_ */
