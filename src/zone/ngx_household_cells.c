
#include "ngx_household_cells_layout.h"


/* a position within the bytes of an entry, which may span several cells */

typedef struct {
    uint32_t   next_cell;
    size_t     left;
    u_char    *pos;
} ngx_household_cells_cursor_t;


/*
 * Each cell of an entry but the first is the number of the next cell, followed
 * by bytes.  The first cell has the same number at the same offset.  All code
 * reads and writes the number by this macro: under strict aliasing a compiler
 * may assume that members of two structures do not overlap.
 */
#define ngx_household_cells_next(cell)  (*(uint32_t *) (cell))
#define ngx_household_cells_data(cell)  ((u_char *) (cell) + sizeof(uint32_t))

#define ngx_household_cells_number(c, e)                                      \
    ((uint32_t) (((u_char *) (e) - (c)->cells) / NGX_HOUSEHOLD_CELL + 1))


static uint32_t ngx_household_cells_alloc(ngx_household_cells_t *c);
static void ngx_household_cells_free(ngx_household_cells_t *c, uint32_t n);
static void ngx_household_cells_start(ngx_household_cells_cursor_t *cur,
    ngx_household_cells_entry_t *e);
static size_t ngx_household_cells_span(ngx_household_cells_t *c,
    ngx_household_cells_cursor_t *cur, size_t len);
static void ngx_household_cells_write(ngx_household_cells_t *c,
    ngx_household_cells_cursor_t *cur, const u_char *p, size_t len);
static ngx_inline void ngx_household_cells_copy(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf, size_t skip, size_t len);
static ngx_uint_t ngx_household_cells_same(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, const ngx_household_cells_key_t *key);
static void ngx_household_cells_link(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);
static void ngx_household_cells_unlink(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);


ngx_household_cells_t *
ngx_household_cells_create(u_char *p, size_t size, const ngx_uint_t *reserved,
    const uint64_t *seed)
{
    size_t                  n;
    ngx_uint_t              i;
    ngx_household_cells_t  *c;

    if (size < sizeof(ngx_household_cells_t) + 8) {
        return NULL;
    }

    /*
     * One bucket per cell: as entries take several cells, buckets are short,
     * and the wanted entry is usually the first.  8 bytes align the cells.
     */

    n = (size - sizeof(ngx_household_cells_t) - 8)
        / (NGX_HOUSEHOLD_CELL + sizeof(uint32_t));

    n = ngx_min(n, NGX_MAX_INT32_VALUE);

    if (n == 0) {
        return NULL;
    }

    c = (ngx_household_cells_t *) p;

    c->seed[0] = seed[0];
    c->seed[1] = seed[1];

    c->ncells = n;
    c->nbuckets = n;
    c->buckets = (uint32_t *) (p + sizeof(ngx_household_cells_t));
    c->cells = ngx_align_ptr(c->buckets + c->nbuckets, 8);

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_LISTS; i++) {
        c->lists[i].reserved = (uint64_t) n * reserved[i] / 100;
    }

    ngx_household_cells_reset(c);

    return c;
}


void
ngx_household_cells_reset(ngx_household_cells_t *c)
{
    ngx_uint_t  i;

    ngx_memzero(c->buckets, c->nbuckets * sizeof(uint32_t));

    c->high_water = 0;
    c->free = 0;
    c->nfree = c->ncells;

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_LISTS; i++) {
        c->lists[i].newest = 0;
        c->lists[i].oldest = 0;
        c->lists[i].lru_clock = 0;
        c->lists[i].entries = 0;
        c->lists[i].used = 0;
    }
}


ngx_uint_t
ngx_household_cells_need(size_t keylen, size_t len)
{
    size_t  size;

    size = keylen + len;

    if (size <= NGX_HOUSEHOLD_CELL_FIRST) {
        return 1;
    }

    size -= NGX_HOUSEHOLD_CELL_FIRST;

    return 1 + (size + NGX_HOUSEHOLD_CELL_NEXT - 1) / NGX_HOUSEHOLD_CELL_NEXT;
}


ngx_household_cells_entry_t *
ngx_household_cells_find(ngx_household_cells_t *c,
    const ngx_household_cells_key_t *key)
{
    uint32_t                      n, hash;
    ngx_household_cells_entry_t  *e;

    hash = (uint32_t) key->hash;

    for (n = *ngx_household_cells_bucket(c, hash); n; n = e->hash_next) {

        e = ngx_household_cells_addr(c, n);

        /* the second cell usually follows in memory: prefetch both */

        ngx_household_prefetch(e, 64);
        ngx_household_prefetch(e, 128);
        ngx_household_prefetch(e, 192);

        if (e->hash == hash
            && e->keylen == key->len
            && ngx_household_cells_same(c, e, key))
        {
            return e;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_household_cells_same(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, const ngx_household_cells_key_t *key)
{
    size_t                         n, done;
    ngx_household_cells_cursor_t   cur;

    ngx_household_cells_start(&cur, e);

    for (done = 0; done < key->len; done += n) {
        n = ngx_household_cells_span(c, &cur, key->len - done);

        if (ngx_memcmp(cur.pos, key->bytes + done, n) != 0) {
            return 0;
        }

        cur.pos += n;
        cur.left -= n;
    }

    return 1;
}


void
ngx_household_cells_touch(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e)
{
    ngx_household_cells_list_t  *list;

    list = &c->lists[e->list];

    if (c->nfree < c->ncells / 2
        && list->lru_clock - e->lru_clock >= list->entries / 2)
    {
        ngx_household_cells_unlink(c, e);
        ngx_household_cells_link(c, e);
    }
}


void
ngx_household_cells_read(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf)
{
    ngx_household_cells_copy(c, e, buf, e->keylen, e->len);
}


void
ngx_household_cells_read_all(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf)
{
    ngx_household_cells_copy(c, e, buf, 0, (size_t) e->keylen + e->len);
}


static ngx_inline void
ngx_household_cells_copy(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e, u_char *buf, size_t skip, size_t len)
{
    size_t                         n;
    ngx_household_cells_cursor_t   cur;

    ngx_household_cells_start(&cur, e);

    while (len) {

        if (skip) {
            n = ngx_household_cells_span(c, &cur, skip);
            skip -= n;

        } else {
            n = ngx_household_cells_span(c, &cur, len);
            buf = ngx_cpymem(buf, cur.pos, n);
            len -= n;
        }

        cur.pos += n;
        cur.left -= n;
    }
}


void
ngx_household_cells_insert(ngx_household_cells_t *c, ngx_uint_t list,
    const ngx_household_cells_key_t *key, const ngx_household_cells_entry_t *e,
    const u_char *value, size_t len)
{
    void                          *cell;
    uint32_t                       n, first, *bucket;
    ngx_uint_t                     i, need;
    ngx_household_cells_entry_t   *entry;
    ngx_household_cells_cursor_t   cur;

    need = ngx_household_cells_need(key->len, len);

    first = ngx_household_cells_alloc(c);
    cell = ngx_household_cells_addr(c, first);

    for (i = 1; i < need; i++) {
        n = ngx_household_cells_alloc(c);
        ngx_household_cells_next(cell) = n;
        cell = ngx_household_cells_addr(c, n);
    }

    ngx_household_cells_next(cell) = 0;

    entry = ngx_household_cells_addr(c, first);

    entry->stored = e->stored;
    entry->hash = (uint32_t) key->hash;
    entry->fresh = e->fresh;
    entry->stale = e->stale;
    entry->seq = e->seq;
    entry->gen = e->gen;
    entry->updating_since = e->updating_since;
    entry->len = len;
    entry->list = list;
    entry->keylen = key->len;
    entry->flags = e->flags;

    ngx_household_cells_start(&cur, entry);
    ngx_household_cells_write(c, &cur, key->bytes, key->len);
    ngx_household_cells_write(c, &cur, value, len);

    ngx_household_cells_link(c, entry);

    c->lists[list].entries++;
    c->lists[list].used += need;

    bucket = ngx_household_cells_bucket(c, entry->hash);

    entry->hash_next = *bucket;
    *bucket = first;
}


void
ngx_household_cells_remove(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e)
{
    uint32_t                      n, *p;
    ngx_household_cells_entry_t  *prev;

    n = ngx_household_cells_number(c, e);
    p = ngx_household_cells_bucket(c, e->hash);

    while (*p != n) {
        prev = ngx_household_cells_addr(c, *p);
        p = &prev->hash_next;
    }

    *p = e->hash_next;

    ngx_household_cells_unlink(c, e);

    c->lists[e->list].entries--;
    c->lists[e->list].used -= ngx_household_cells_need(e->keylen, e->len);

    ngx_household_cells_free(c, n);
}


ngx_household_cells_entry_t *
ngx_household_cells_victim(ngx_household_cells_t *c, ngx_uint_t list,
    ngx_uint_t need)
{
    ngx_uint_t  i;

    if (need <= c->nfree) {
        return NULL;
    }

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_LISTS; i++) {
        if (i != list && c->lists[i].used > c->lists[i].reserved) {
            return ngx_household_cells_oldest(c, i);
        }
    }

    return ngx_household_cells_oldest(c, list);
}


ngx_household_cells_entry_t *
ngx_household_cells_oldest(ngx_household_cells_t *c, ngx_uint_t list)
{
    uint32_t  n;

    n = c->lists[list].oldest;

    return n ? ngx_household_cells_addr(c, n) : NULL;
}


ngx_household_cells_entry_t *
ngx_household_cells_walk(ngx_household_cells_t *c, uint32_t bucket,
    ngx_household_cells_entry_t *e)
{
    uint32_t  n;

    n = e ? e->hash_next : c->buckets[bucket];

    return n ? ngx_household_cells_addr(c, n) : NULL;
}


static uint32_t
ngx_household_cells_alloc(ngx_household_cells_t *c)
{
    void      *cell;
    uint32_t   n;

    c->nfree--;

    if (c->free == 0) {
        return ++c->high_water;
    }

    n = c->free;

    cell = ngx_household_cells_addr(c, n);
    c->free = ngx_household_cells_next(cell);

    return n;
}


/* the cells of a freed entry are allocated again in the same order */

static void
ngx_household_cells_free(ngx_household_cells_t *c, uint32_t n)
{
    void      *cell;
    uint32_t   next;

    next = n;

    do {
        cell = ngx_household_cells_addr(c, next);
        next = ngx_household_cells_next(cell);

#if (NGX_DEBUG_MALLOC)
        ngx_memset(ngx_household_cells_data(cell), 0xA5,
                   NGX_HOUSEHOLD_CELL_NEXT);
#endif

        c->nfree++;

    } while (next);

    ngx_household_cells_next(cell) = c->free;
    c->free = n;
}


static void
ngx_household_cells_start(ngx_household_cells_cursor_t *cur,
    ngx_household_cells_entry_t *e)
{
    cur->next_cell = ngx_household_cells_next(e);
    cur->left = NGX_HOUSEHOLD_CELL_FIRST;
    cur->pos = e->data;
}


/*
 * Returns how many of "len" bytes are contiguous at cur->pos.  Moves on to the
 * next cell if the current one is used up.
 */

static size_t
ngx_household_cells_span(ngx_household_cells_t *c,
    ngx_household_cells_cursor_t *cur, size_t len)
{
    void  *cell;

    if (cur->left == 0) {
        cell = ngx_household_cells_addr(c, cur->next_cell);

        cur->next_cell = ngx_household_cells_next(cell);
        cur->left = NGX_HOUSEHOLD_CELL_NEXT;
        cur->pos = ngx_household_cells_data(cell);
    }

    return ngx_min(len, cur->left);
}


static void
ngx_household_cells_write(ngx_household_cells_t *c,
    ngx_household_cells_cursor_t *cur, const u_char *p, size_t len)
{
    size_t  n;

    while (len) {
        n = ngx_household_cells_span(c, cur, len);

        ngx_memcpy(cur->pos, p, n);

        cur->pos += n;
        cur->left -= n;
        p += n;
        len -= n;
    }
}


/* inserts the entry as the most recently used of its list */

static void
ngx_household_cells_link(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e)
{
    uint32_t                      n;
    ngx_household_cells_entry_t  *newest;
    ngx_household_cells_list_t   *list;

    n = ngx_household_cells_number(c, e);
    list = &c->lists[e->list];

    e->lru_clock = ++list->lru_clock;
    e->lru_prev = 0;
    e->lru_next = list->newest;

    if (list->newest) {
        newest = ngx_household_cells_addr(c, list->newest);
        newest->lru_prev = n;

    } else {
        list->oldest = n;
    }

    list->newest = n;
}


static void
ngx_household_cells_unlink(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e)
{
    ngx_household_cells_entry_t  *next;
    ngx_household_cells_list_t   *list;

    list = &c->lists[e->list];

    if (e->lru_prev) {
        next = ngx_household_cells_addr(c, e->lru_prev);
        next->lru_next = e->lru_next;

    } else {
        list->newest = e->lru_next;
    }

    if (e->lru_next) {
        next = ngx_household_cells_addr(c, e->lru_next);
        next->lru_prev = e->lru_prev;

    } else {
        list->oldest = e->lru_prev;
    }
}
