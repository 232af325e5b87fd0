
/*
 * Servers that are unfit to be read from, in shared memory.  With "read_from
 * replica", a machine reads from the first of several servers that is fit.  The
 * tracking process marks the unfit ones, and all worker processes see the
 * marks, so that they choose the same server.  A mark expires unless it is
 * renewed.
 *
 * "now" is ngx_current_msec.  "id" is ngx_household_redis_node_t's, not 0.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_UNFIT_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_UNFIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* maximum number of marks; further servers are not marked */
#define NGX_HOUSEHOLD_REDIS_UNFIT_MAX  64


typedef enum {
    NGX_HOUSEHOLD_REDIS_FIT = 0,
    NGX_HOUSEHOLD_REDIS_UNTRACKABLE,   /* read if there is no other */
    NGX_HOUSEHOLD_REDIS_CUT_OFF        /* of its primary, or lost: not read */
} ngx_household_redis_unfit_e;


/* private to _unfit.c; all zeros: no marks */

typedef struct {
    ngx_atomic_t  id;                  /* 0: unused */
    ngx_atomic_t  until;               /* ms */
    ngx_atomic_t  reason;
} ngx_household_redis_unfit_mark_t;


typedef struct {
    ngx_household_redis_unfit_mark_t  marks[NGX_HOUSEHOLD_REDIS_UNFIT_MAX];
} ngx_household_redis_unfit_t;


/* Marks a server, or renews its mark, for "valid" ms. */
void ngx_household_redis_unfit_set(ngx_household_redis_unfit_t *unfit,
    ngx_uint_t id, ngx_household_redis_unfit_e reason, ngx_msec_t now,
    ngx_msec_t valid);

/* Removes the mark of a server, if there is any. */
void ngx_household_redis_unfit_clear(ngx_household_redis_unfit_t *unfit,
    ngx_uint_t id);

/* Returns the reason of the mark, or FIT.  Takes no lock. */
ngx_household_redis_unfit_e ngx_household_redis_unfit_test(
    ngx_household_redis_unfit_t *unfit, ngx_uint_t id, ngx_msec_t now);


#endif /* _NGX_HOUSEHOLD_REDIS_UNFIT_H_INCLUDED_ */
