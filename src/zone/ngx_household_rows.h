
/*
 * Rows of counters in shared memory.  Each worker process counts in a row of
 * its own, as a line of the cache that many cores write costs each of them
 * more than a request's decision does.  The value of a counter is the sum of
 * its column.  Processes share a row if there are more of them than rows, or
 * while those of two configurations exist, so increments are atomic.
 */


#ifndef _NGX_HOUSEHOLD_ROWS_H_INCLUDED_
#define _NGX_HOUSEHOLD_ROWS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_ROWS_MAX    64

/* bytes; processors that fetch lines of 64 bytes fetch them in pairs */
#define NGX_HOUSEHOLD_ROWS_ALIGN  128


/* in shared memory itself */

typedef struct {
    ngx_atomic_t                  *first;
    ngx_uint_t                     n;
    ngx_uint_t                     width;  /* counters from row to row */
} ngx_household_rows_t;


/*
 * Returns the number of rows: one for each processor, as the number of worker
 * processes may change with a reload, and rows may not.
 */
static ngx_inline ngx_uint_t
ngx_household_rows_max(void)
{
    return ngx_min((ngx_uint_t) ngx_max(ngx_ncpu, 1), NGX_HOUSEHOLD_ROWS_MAX);
}


/* returns the bytes of "rows" rows of "n" counters, wherever they begin */

static ngx_inline size_t
ngx_household_rows_size(ngx_uint_t rows, ngx_uint_t n)
{
    return rows * ngx_align(n * sizeof(ngx_atomic_t), NGX_HOUSEHOLD_ROWS_ALIGN)
           + NGX_HOUSEHOLD_ROWS_ALIGN;
}


/*
 * Puts rows of ngx_household_rows_size() into memory "p", which is not
 * cleared: the counters have any value.
 */
static ngx_inline void
ngx_household_rows_init(ngx_household_rows_t *rows, u_char *p,
    ngx_uint_t nrows, ngx_uint_t n)
{
    rows->first = (ngx_atomic_t *) ngx_align_ptr(p, NGX_HOUSEHOLD_ROWS_ALIGN);
    rows->n = nrows;
    rows->width = ngx_align(n * sizeof(ngx_atomic_t), NGX_HOUSEHOLD_ROWS_ALIGN)
                  / sizeof(ngx_atomic_t);
}


/* returns the row of a worker process */

static ngx_inline ngx_atomic_t *
ngx_household_rows_of(ngx_household_rows_t *rows, ngx_uint_t worker)
{
    return rows->first + worker % rows->n * rows->width;
}


/* clears "n" counters from number "i" on, in all rows */

static ngx_inline void
ngx_household_rows_clear(ngx_household_rows_t *rows, ngx_uint_t i,
    ngx_uint_t n)
{
    ngx_uint_t  row;

    for (row = 0; row < rows->n; row++) {
        ngx_memzero((void *) (ngx_household_rows_of(rows, row) + i),
                    n * sizeof(ngx_atomic_t));
    }
}


/* returns the value of counter "i" */

static ngx_inline ngx_atomic_uint_t
ngx_household_rows_sum(ngx_household_rows_t *rows, ngx_uint_t i)
{
    ngx_uint_t         row;
    ngx_atomic_uint_t  sum;

    sum = 0;

    for (row = 0; row < rows->n; row++) {
        sum += ngx_household_rows_of(rows, row)[i];
    }

    return sum;
}


#endif /* _NGX_HOUSEHOLD_ROWS_H_INCLUDED_ */
