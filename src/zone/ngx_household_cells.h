
/*
 * A block of memory cut into cells, and entries found by key in it, each a
 * chain of cells: the store behind the shared zone.
 *
 * Cells of one size leave nothing to fragment: an eviction always gives room
 * to whatever comes next, where chunks of several sizes end up with free ones
 * of every size but the wanted.
 *
 * No lock, no clock, no system call: the caller holds a lock around each call
 * and repairs with ngx_household_cells_reset() what a killed process left.
 */


#ifndef _NGX_HOUSEHOLD_CELLS_H_INCLUDED_
#define _NGX_HOUSEHOLD_CELLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Two cells hold the record of a typical account, with its share of the
 * buckets within 256 bytes.
 */
#define NGX_HOUSEHOLD_CELL        120

/* bytes of key and value in the first cell and in each of the others */
#define NGX_HOUSEHOLD_CELL_FIRST   63
#define NGX_HOUSEHOLD_CELL_NEXT   116

#define NGX_HOUSEHOLD_CELLS_LISTS   2

#define NGX_HOUSEHOLD_CELLS_KEY   255


/*
 * The first cell of an entry.  Links are numbers of cells, 0 is none.  What
 * is the caller's has no meaning here.
 */

typedef struct {
    uint32_t               next_cell;  /* the next cell; first in each cell */
    uint32_t               hash_next;  /* the next entry of the bucket */
    uint64_t               stored;     /* the caller's */

    uint32_t               newer;      /* used more recently */
    uint32_t               older;
    uint32_t               lru_clock;  /* of the list when it was put there */
    uint32_t               hash;

    uint32_t               fresh;      /* the caller's, up to "lease" */
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
    uint32_t               lru_clock;  /* how often anything became newest */
    uint32_t               entries;
    uint32_t               used;       /* cells */
    uint32_t               share;      /* cells that others cannot take */
} ngx_household_cells_list_t;


typedef struct {
    uint64_t                     seed[2];
    uint32_t                    *buckets;
    u_char                      *cells;
    uint32_t                     nbuckets;
    uint32_t                     ncells;

    /* cells never used yet are those above "touched" */
    uint32_t                     touched;
    uint32_t                     free;
    uint32_t                     nfree;  /* both kinds */

    ngx_household_cells_list_t   lists[NGX_HOUSEHOLD_CELLS_LISTS];
} ngx_household_cells_t;


typedef struct {
    size_t                 len;        /* 1-NGX_HOUSEHOLD_CELLS_KEY */
    uint64_t               hash;       /* ngx_household_cells_hash() */
    u_char                 bytes[NGX_HOUSEHOLD_CELLS_KEY];
} ngx_household_cells_key_t;


/*
 * Formats "size" bytes at "p", aligned to 8, and returns what is there; NULL
 * if not even a cell fits.  "shares" are percentages of the cells, a list
 * each, 100 in all.  A keyed hash (SipHash-2-4) of "seed" places the entries,
 * so that who chooses keys cannot choose their buckets.
 */
ngx_household_cells_t *ngx_household_cells_create(u_char *p, size_t size,
    const ngx_uint_t *reserved, const uint64_t *seed);

/* empties whatever state it is in; "seed" and shares remain */
void ngx_household_cells_reset(ngx_household_cells_t *c);

uint64_t ngx_household_cells_hash(const uint64_t *seed, const u_char *p,
    size_t len);

/* how many cells an entry takes */
ngx_uint_t ngx_household_cells_need(size_t keylen, size_t len);

ngx_household_cells_entry_t *ngx_household_cells_find(ngx_household_cells_t *c,
    const ngx_household_cells_key_t *key);

/*
 * Makes the entry the most recently used of its list, unless it is among the
 * newer half: there it stays, which spares memory that is far away.  So what
 * goes first was not used for as long as half of the list has lived.
 */
void ngx_household_cells_touch(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);

/* copies the "len" bytes of the value to "buf" */
void ngx_household_cells_read(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf);

/*
 * Adds an entry; there is none of this key, and the cells it needs are free.
 * The caller's fields are taken from "e".  It is linked when it is whole.
 */
void ngx_household_cells_insert(ngx_household_cells_t *c, ngx_uint_t list,
    const ngx_household_cells_key_t *key, const ngx_household_cells_entry_t *e,
    const u_char *value, size_t len);

/* removes an entry and frees its cells */
void ngx_household_cells_remove(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);

/*
 * Returns the entry that has to go before "need" cells are free for "list",
 * or NULL if they are, or if nothing is left.  A list over its share gives
 * first; a list that is not gives nothing to another.
 */
ngx_household_cells_entry_t *ngx_household_cells_victim(
    ngx_household_cells_t *c, ngx_uint_t list, ngx_uint_t need);

/* the least recently used entry of a list, or NULL */
ngx_household_cells_entry_t *ngx_household_cells_oldest(
    ngx_household_cells_t *c, ngx_uint_t list);


#endif /* _NGX_HOUSEHOLD_CELLS_H_INCLUDED_ */
