
/*
 * Walks a block of cells and compares everything that is kept twice: buckets,
 * lists of use, chains of cells, counts.  For the unit tests.
 */


#ifndef _NGX_HOUSEHOLD_CELLS_CHECK_H_INCLUDED_
#define _NGX_HOUSEHOLD_CELLS_CHECK_H_INCLUDED_


#include "ngx_household_cells.h"

#include <stdlib.h>
#include <string.h>


#define CELL(c, n)                                                            \
    ((ngx_household_cells_entry_t *)                                          \
     ((c)->cells + (size_t) ((n) - 1) * NGX_HOUSEHOLD_CELL))


/* marks the cells of a chain; returns how many, 0 if any is out of place */

static ngx_uint_t
cells_check_chain(ngx_household_cells_t *c, u_char *seen, uint32_t n)
{
    ngx_uint_t  count;

    for (count = 0; n; n = CELL(c, n)->next_cell) {

        if (n > c->high_water || seen[n]) {
            return 0;
        }

        seen[n] = 1;
        count++;
    }

    return count;
}


/* counts the entries of all buckets; -1 if any is in the wrong one */

static ngx_int_t
cells_check_buckets(ngx_household_cells_t *c)
{
    uint32_t   i, n;
    uint64_t   b;
    ngx_int_t  count;

    count = 0;

    for (i = 0; i < c->nbuckets; i++) {
        for (n = c->buckets[i]; n; n = CELL(c, n)->hash_next) {

            b = ((uint64_t) CELL(c, n)->hash * c->nbuckets) >> 32;

            if (n > c->high_water || b != i
                || ++count > (ngx_int_t) c->ncells)
            {
                return -1;
            }
        }
    }

    return count;
}


/* NULL, or what is wrong */

static const char *
cells_check_list(ngx_household_cells_t *c, u_char *seen, ngx_uint_t list)
{
    uint32_t                      n, prev;
    ngx_uint_t                    cells, entries, used;
    ngx_household_cells_entry_t  *e;
    ngx_household_cells_list_t   *l;

    l = &c->lists[list];

    prev = 0;
    entries = 0;
    used = 0;

    for (n = l->newest; n; n = e->lru_next) {
        e = CELL(c, n);

        if (e->lru_prev != prev || e->list != list) {
            return "link of the queue of use";
        }

        cells = cells_check_chain(c, seen, n);

        if (cells == 0
            || cells != ngx_household_cells_need(e->keylen, e->len))
        {
            return "cells of an entry";
        }

        prev = n;
        used += cells;
        entries++;
    }

    if (l->oldest != prev) {
        return "end of the queue of use";
    }

    if (l->entries != entries || l->used != used) {
        return "count of a list";
    }

    return NULL;
}


static const char *
cells_check(ngx_household_cells_t *c)
{
    u_char      *seen;
    uint32_t     n;
    ngx_uint_t   i, entries, used, nfree;
    const char  *wrong;

    seen = calloc(c->ncells + 1, 1);
    wrong = NULL;
    entries = 0;
    used = 0;

    for (i = 0; i < NGX_HOUSEHOLD_CELLS_LISTS && wrong == NULL; i++) {
        wrong = cells_check_list(c, seen, i);
        entries += c->lists[i].entries;
        used += c->lists[i].used;
    }

    nfree = c->ncells - c->high_water;

    if (c->free) {
        nfree += cells_check_chain(c, seen, c->free);
    }

    for (n = 1; n <= c->high_water && wrong == NULL; n++) {
        if (!seen[n]) {
            wrong = "cell that is nowhere";
        }
    }

    if (wrong == NULL && (nfree != c->nfree || used + nfree != c->ncells)) {
        wrong = "count of free cells";
    }

    if (wrong == NULL && cells_check_buckets(c) != (ngx_int_t) entries) {
        wrong = "entries of the buckets";
    }

    free(seen);

    return wrong;
}


#endif /* _NGX_HOUSEHOLD_CELLS_CHECK_H_INCLUDED_ */
