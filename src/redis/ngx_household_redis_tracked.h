
/*
 * The servers whose invalidations are received, in shared memory: each
 * process that tracks a deployment publishes the servers that it tracks, and
 * any worker checks whether a reply came from one of them.  A reply of
 * another server must not be cached as fresh: nobody would report that its
 * keys have changed.
 *
 * A server is identified by its run_id if it gives one, otherwise by its
 * address (see ngx_household_redis_conn.h).
 *
 * "now" is ngx_current_msec, which is the same clock in all workers.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* servers of one process; further ones are not tracked */
#define NGX_HOUSEHOLD_REDIS_TRACKED_MAX  256


typedef struct ngx_household_redis_tracked_sh_s
    ngx_household_redis_tracked_sh_t;


/* per configuration; read only outside */

typedef struct {
    ngx_household_redis_tracked_sh_t  *sh;
    ngx_slab_pool_t                   *shpool;
} ngx_household_redis_tracked_t;


/*
 * Configuration time.  Returns the table of the deployment "name", which a
 * reload keeps.  NULL if memory is short; the error has been logged.
 */
ngx_household_redis_tracked_t *ngx_household_redis_tracked_add(ngx_conf_t *cf,
    ngx_str_t *name, void *tag);

/*
 * Replaces what this process tracks by "n" servers, for "lease" milliseconds.
 * "ids" is sorted and has no duplicates.
 *
 * Returns NGX_OK; NGX_DECLINED if what other processes track does not meet
 * with it, so that invalidations may have been missed: one has died that
 * tracked a server which is not among these, or there is a new one among
 * these that they do not track; or NGX_ERROR if too many processes track, and
 * this one does not count.
 */
ngx_int_t ngx_household_redis_tracked_publish(ngx_household_redis_tracked_t *t,
    uint64_t *ids, ngx_uint_t n, ngx_msec_t now, ngx_msec_t lease);

/* This process tracks nothing any more. */
void ngx_household_redis_tracked_withdraw(ngx_household_redis_tracked_t *t);

/*
 * Tells whether other processes track every server that this one does, and
 * have done so since before "since".  Returns NGX_OK; NGX_DECLINED if they do
 * not; or NGX_ABORT if there is no other process.
 */
ngx_int_t ngx_household_redis_tracked_covered(
    ngx_household_redis_tracked_t *t, ngx_msec_t since, ngx_msec_t now);

/*
 * Tells whether the server is tracked, and was when a command was sent to it
 * at "sent".  Returns NGX_OK; NGX_DECLINED if others are tracked, but it is
 * not; or NGX_ABORT if none is.
 */
ngx_int_t ngx_household_redis_tracked_check(ngx_household_redis_tracked_t *t,
    uint64_t id, ngx_msec_t sent, ngx_msec_t now);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_ */
