
/*
 * Reads of an entry ahead of the lock.
 */


#include "ngx_household_cells_layout.h"


/* entries of a bucket, and cells of an entry, that are preloaded at most */
#define NGX_HOUSEHOLD_CELLS_PRELOAD  8

/* a read that the compiler neither omits nor repeats */
#define ngx_household_cells_load(p)  (*(volatile const uint32_t *) (p))

/* the reads before are complete before anything after */

#if (__x86_64__ || __i386__)
#define ngx_household_cells_fence()  __asm__ volatile ("lfence" ::: "memory")
#elif (__GNUC__)
#define ngx_household_cells_fence()  __sync_synchronize()
#else
#define ngx_household_cells_fence()  ngx_memory_barrier()
#endif


static ngx_household_cells_entry_t *ngx_household_cells_preload_entry(
    ngx_household_cells_t *c, uint32_t n);
static void ngx_household_cells_preload_rest(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);
static void ngx_household_cells_preload_used(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e);


void
ngx_household_cells_preload(ngx_household_cells_t *c,
    const ngx_household_cells_key_t *key)
{
    uint32_t                      n, hash;
    ngx_uint_t                    i;
    ngx_household_cells_entry_t  *e;

    hash = (uint32_t) key->hash;

    n = ngx_household_cells_load(ngx_household_cells_bucket(c, hash));

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_PRELOAD; i++) {

        e = ngx_household_cells_preload_entry(c, n);

        if (e == NULL) {
            break;
        }

        if (ngx_household_cells_load(&e->hash) == hash) {
            ngx_household_cells_preload_used(c, e);
            break;
        }

        n = ngx_household_cells_load(&e->hash_next);
    }

    ngx_household_cells_fence();
}


void
ngx_household_cells_prefetch_bucket(ngx_household_cells_t *c, uint32_t hash)
{
    ngx_household_prefetch(ngx_household_cells_bucket(c, hash), 0);
}


void
ngx_household_cells_prefetch_entry(ngx_household_cells_t *c, uint32_t hash)
{
    uint32_t  n;

    n = *ngx_household_cells_bucket(c, hash);

    if (n) {
        ngx_household_prefetch(ngx_household_cells_addr(c, n), 0);
    }
}


ngx_uint_t
ngx_household_cells_preload_bucket(ngx_household_cells_t *c, uint32_t bucket)
{
    uint32_t                      n;
    ngx_uint_t                    i;
    ngx_household_cells_entry_t  *e;

    n = ngx_household_cells_load(&c->buckets[bucket]);

    if (n == 0) {
        return 0;
    }

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_PRELOAD; i++) {

        e = ngx_household_cells_preload_entry(c, n);

        if (e == NULL) {
            break;
        }

        ngx_household_cells_preload_rest(c, e);

        n = ngx_household_cells_load(&e->hash_next);
    }

    ngx_household_cells_fence();

    return 1;
}


/* reads each line of the cell "n"; returns NULL if there is no such cell */

static ngx_household_cells_entry_t *
ngx_household_cells_preload_entry(ngx_household_cells_t *c, uint32_t n)
{
    u_char  *cell;

    if (n == 0 || n > c->ncells) {
        return NULL;
    }

    cell = ngx_household_cells_addr(c, n);

    (void) ngx_household_cells_load(cell);
    (void) ngx_household_cells_load(cell + 64);
    (void) ngx_household_cells_load(cell + NGX_HOUSEHOLD_CELL
                                    - sizeof(uint32_t));

    return (ngx_household_cells_entry_t *) cell;
}


/* reads the other cells of the entry */

static void
ngx_household_cells_preload_rest(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e)
{
    uint32_t                      n;
    ngx_uint_t                    i;
    ngx_household_cells_entry_t  *cell;

    cell = e;

    for (i = 1; i < NGX_HOUSEHOLD_CELLS_PRELOAD && cell; i++) {
        n = ngx_household_cells_load(&cell->next_cell);
        cell = ngx_household_cells_preload_entry(c, n);
    }
}


/* the same, and what a move of the entry would change */

static void
ngx_household_cells_preload_used(ngx_household_cells_t *c,
    ngx_household_cells_entry_t *e)
{
    uint32_t                     n;
    ngx_household_cells_list_t  *list;

    ngx_household_cells_preload_rest(c, e);

    if (ngx_household_cells_load(&c->nfree) >= c->ncells / 2) {
        return;
    }

    list = &c->lists[*(volatile u_char *) &e->list
                     % NGX_HOUSEHOLD_CELLS_LISTS];

    n = ngx_household_cells_load(&list->lru_clock)
        - ngx_household_cells_load(&e->lru_clock);

    if (n < ngx_household_cells_load(&list->entries) / 2) {
        return;
    }

    n = ngx_household_cells_load(&e->lru_prev);
    (void) ngx_household_cells_preload_entry(c, n);

    n = ngx_household_cells_load(&e->lru_next);
    (void) ngx_household_cells_preload_entry(c, n);
}
