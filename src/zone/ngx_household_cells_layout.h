
/*
 * Where cells and buckets are.  Private to ngx_household_cells*.c.
 */


#ifndef _NGX_HOUSEHOLD_CELLS_LAYOUT_H_INCLUDED_
#define _NGX_HOUSEHOLD_CELLS_LAYOUT_H_INCLUDED_


#include "ngx_household_cells.h"
#include "ngx_household_compiler.h"


/* the cell of number "n", which is not 0 */
#define ngx_household_cells_addr(c, n)                                        \
    ((void *) ((c)->cells + (size_t) ((n) - 1) * NGX_HOUSEHOLD_CELL))

#define ngx_household_cells_bucket(c, hash)                                   \
    (&(c)->buckets[((uint64_t) (hash) * (c)->nbuckets) >> 32])


#endif /* _NGX_HOUSEHOLD_CELLS_LAYOUT_H_INCLUDED_ */
