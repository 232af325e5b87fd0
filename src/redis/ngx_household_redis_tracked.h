
/*
 * The table of tracked servers, in shared memory.  A tracking process
 * publishes the servers whose invalidations it receives.  Each worker process
 * checks whether a reply came from one of them.  A reply of another server
 * must not be cached as fresh, because no invalidation would be received.
 *
 * A server is identified by its run_id, or by its address if it has none (see
 * ngx_household_redis_connection.h).
 *
 * "now" is ngx_current_msec, which is the same clock in all workers.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_unfit.h"


/* maximum number of servers of one process; more are not tracked */
#define NGX_HOUSEHOLD_REDIS_TRACKED_MAX  256


typedef struct ngx_household_redis_tracked_sh_s
    ngx_household_redis_tracked_sh_t;


/* one for each configuration; private to _tracked.c */

typedef struct {
    ngx_household_redis_tracked_sh_t  *sh;
    ngx_slab_pool_t                   *shpool;
} ngx_household_redis_tracked_t;


/*
 * Configuration time.  Returns the table of the deployment "name".  The shared
 * memory is kept by a reload.  Returns NULL on an error, which has been logged.
 */
ngx_household_redis_tracked_t *ngx_household_redis_tracked_add(ngx_conf_t *cf,
    ngx_str_t *name, void *tag);

/*
 * Replaces the servers of this process by "n" servers, for "lease" ms.  "ids"
 * is sorted and has no duplicates.
 *
 * Returns
 *
 *     NGX_OK;
 *     NGX_DECLINED  invalidations may have been missed: another process has
 *                   died that tracked a server which is not in "ids", or
 *                   "ids" has a new server that the other processes do not
 *                   track;
 *     NGX_ERROR     too many processes track, so the servers of this process
 *                   were not published.
 */
ngx_int_t ngx_household_redis_tracked_publish(ngx_household_redis_tracked_t *t,
    uint64_t *ids, ngx_uint_t n, ngx_msec_t now, ngx_msec_t lease);

/* Removes the servers of this process. */
void ngx_household_redis_tracked_withdraw(ngx_household_redis_tracked_t *t);

/*
 * Checks whether other processes track every server of this process, and began
 * before "since".  Returns NGX_OK; NGX_DECLINED if they do not; or NGX_ABORT
 * if there is no other process.
 */
ngx_int_t ngx_household_redis_tracked_covered(
    ngx_household_redis_tracked_t *t, ngx_msec_t since, ngx_msec_t now);

/*
 * Checks whether a server is tracked, and was tracked already at "sent", when
 * a command was sent to the server.  Returns NGX_OK; NGX_DECLINED if only
 * other servers are tracked; or NGX_ABORT if no server is tracked.
 */
ngx_int_t ngx_household_redis_tracked_check(ngx_household_redis_tracked_t *t,
    uint64_t id, ngx_msec_t sent, ngx_msec_t now);

/* Returns the table of servers that are unfit to be read from. */
ngx_household_redis_unfit_t *ngx_household_redis_tracked_unfit(
    ngx_household_redis_tracked_t *t);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_ */
