
/*
 * Sets of counters in shared memory.  A set has a fingerprint, and is kept by
 * a reload.  All worker processes count in the same set, without a lock, and
 * each in its own row.
 */


#ifndef _NGX_HOUSEHOLD_COUNTERS_H_INCLUDED_
#define _NGX_HOUSEHOLD_COUNTERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_rows.h"


/* sets of one configuration; those of earlier configurations are reused */
#define NGX_HOUSEHOLD_COUNTERS_SETS  64


typedef struct ngx_household_counters_sh_s   ngx_household_counters_sh_t;
typedef struct ngx_household_counters_s      ngx_household_counters_t;
typedef struct ngx_household_counters_set_s  ngx_household_counters_set_t;


/* both are allocated from the pool of a configuration */

struct ngx_household_counters_s {
    ngx_household_counters_sh_t   *sh;
    ngx_shm_zone_t                *shm_zone;
    ngx_household_counters_set_t  *sets;
    ngx_uint_t                     n;      /* counters of each set */
};


struct ngx_household_counters_set_s {
    ngx_household_counters_set_t  *next;

    /* since zones were initialized */
    ngx_atomic_t                  *values; /* of this process */
    ngx_household_rows_t          *rows;
    ngx_uint_t                     first;  /* of the counters of a row */

    u_char                         digest[16];
};


/*
 * Configuration time.  Returns the shared memory "name" of sets that have "n"
 * counters each.  A reload keeps it, and fails if another build of the module
 * with another number of counters created it.  Returns NULL on an error, which
 * has been logged.
 */
ngx_household_counters_t *ngx_household_counters_add(ngx_conf_t *cf,
    ngx_str_t *name, ngx_uint_t n, void *tag);

/*
 * Configuration time.  Returns the set with this fingerprint; the counters of
 * a new set are 0.  Returns NULL if memory allocation failed.  With more than
 * NGX_HOUSEHOLD_COUNTERS_SETS the configuration fails when zones are created.
 */
ngx_household_counters_set_t *ngx_household_counters_set(ngx_conf_t *cf,
    ngx_household_counters_t *counters, ngx_str_t *fingerprint);

/* start of worker process number "worker", which counts in its own row */
void ngx_household_counters_start(ngx_household_counters_t *counters,
    ngx_uint_t worker);


#define ngx_household_counters_inc(set, i, by)                                \
    (void) ngx_atomic_fetch_add(&(set)->values[i], by)

/* for a counter that is never incremented: it is in the first row */
#define ngx_household_counters_put(set, i, value)                             \
    (set)->rows->first[(set)->first + (i)] = (value)

#define ngx_household_counters_get(set, i)                                    \
    ngx_household_rows_sum((set)->rows, (set)->first + (i))


#endif /* _NGX_HOUSEHOLD_COUNTERS_H_INCLUDED_ */
