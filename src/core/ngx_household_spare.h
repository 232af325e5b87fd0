
/*
 * Spare blocks of memory, all of one size, for what a worker process allocates
 * and frees with each lookup.
 */


#ifndef _NGX_HOUSEHOLD_SPARE_H_INCLUDED_
#define _NGX_HOUSEHOLD_SPARE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Maximum number of spare blocks.  None, if memory is to be allocated in a way
 * that a sanitizer finds blocks that are used after they were freed.
 */
#if (NGX_DEBUG_PALLOC)
#define NGX_HOUSEHOLD_SPARES  0
#else
#define NGX_HOUSEHOLD_SPARES  64
#endif


/* initialized with zeros */

typedef struct {
    void                          *first;  /* begins with the next, or NULL */
    ngx_uint_t                     n;
} ngx_household_spares_t;


/* returns a block that is not initialized, or NULL if there is no memory */

static ngx_inline void *
ngx_household_spares_alloc(ngx_household_spares_t *spares, size_t size)
{
    void  *p;

    p = spares->first;

    if (p == NULL) {
        return ngx_alloc(size, ngx_cycle->log);
    }

    spares->first = *(void **) p;
    spares->n--;

    return p;
}


static ngx_inline void
ngx_household_spares_free(ngx_household_spares_t *spares, void *p)
{
    if (spares->n == NGX_HOUSEHOLD_SPARES) {
        ngx_free(p);
        return;
    }

    *(void **) p = spares->first;
    spares->first = p;
    spares->n++;
}


/* frees all spare blocks */

static ngx_inline void
ngx_household_spares_release(ngx_household_spares_t *spares)
{
    void  *p;

    while (spares->n) {
        p = spares->first;
        spares->first = *(void **) p;
        spares->n--;

        ngx_free(p);
    }
}


#endif /* _NGX_HOUSEHOLD_SPARE_H_INCLUDED_ */
