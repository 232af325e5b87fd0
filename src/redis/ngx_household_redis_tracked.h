
/*
 * The table of tracked servers, in shared memory.  A tracking process
 * publishes the servers whose invalidations it receives.  Each worker process
 * checks whether a reply came from one of them.  A reply of another server
 * must not be cached as fresh, because no invalidation would be received.
 *
 * A server is identified by its run_id, or by its address if it has none (see
 * ngx_household_redis_connection.h).
 *
 * With "tracking on", the invalidations of a server are sent to one connection
 * of the tracking process, the listener, and the connections that read redirect
 * theirs to it.  Each worker process registers as a reader, because keys are
 * not tracked any more after the connection that has read them is closed.
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

/* maximum number of processes that read; records of others are not cached */
#define NGX_HOUSEHOLD_REDIS_TRACKED_READERS  256


/* a tracked server */

typedef struct {
    uint64_t                           id;
    int64_t                            listener; /* client id; 0: broadcast */
} ngx_household_redis_tracked_id_t;


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
 * is sorted by "id" and has no duplicates.
 *
 * Returns
 *
 *     NGX_OK;
 *     NGX_DECLINED  invalidations may have been missed: another process has
 *                   died that tracked a server which is not in "ids", or
 *                   "ids" has a new server that the other processes do not
 *                   track, or a reader has died;
 *     NGX_ERROR     too many processes track, so the servers of this process
 *                   were not published.
 */
ngx_int_t ngx_household_redis_tracked_publish(ngx_household_redis_tracked_t *t,
    ngx_household_redis_tracked_id_t *ids, ngx_uint_t n, ngx_msec_t now,
    ngx_msec_t lease);

/*
 * Removes the servers of this process.  Returns NGX_OK; or NGX_DECLINED if
 * readers redirect to a listener of this process.
 */
ngx_int_t ngx_household_redis_tracked_withdraw(
    ngx_household_redis_tracked_t *t);

/*
 * Checks whether other processes track every server of this process, and began
 * before "since".  Returns NGX_OK; NGX_DECLINED if they do not; or NGX_ABORT
 * if there is no other process.
 */
ngx_int_t ngx_household_redis_tracked_covered(
    ngx_household_redis_tracked_t *t, ngx_msec_t since, ngx_msec_t now);

/*
 * Checks whether a server is tracked, and was tracked already at "sent", when a
 * command was sent to the server, on a connection that redirected to the
 * listener "redirect" (0: none).  Servers of processes whose lease has ended
 * count.  Returns NGX_OK; NGX_DECLINED if only other servers or listeners are
 * known; or NGX_ABORT if no server is tracked.
 */
ngx_int_t ngx_household_redis_tracked_check(ngx_household_redis_tracked_t *t,
    uint64_t id, int64_t redirect, ngx_msec_t sent);

/*
 * Returns the listener of a server, to which a connection to that server is to
 * redirect: that of the process that began to track last, whose number is
 * stored in "tracker".  Returns 0 if there is none.
 */
int64_t ngx_household_redis_tracked_listener(ngx_household_redis_tracked_t *t,
    uint64_t id, ngx_msec_t now, ngx_uint_t *tracker);

/*
 * Registers this process as a reader for "lease" ms, or renews that.
 * "tracker" is the number of the process whose listeners all its connections
 * redirect to.  Returns NGX_OK, or NGX_ERROR if there are too many readers.
 * leave() is to be called when the connections are closed.
 */
ngx_int_t ngx_household_redis_tracked_read(ngx_household_redis_tracked_t *t,
    ngx_uint_t tracker, ngx_msec_t now, ngx_msec_t lease);
void ngx_household_redis_tracked_leave(ngx_household_redis_tracked_t *t);

/*
 * For metrics.  heard() records that a heartbeat which was sent at "sent" is
 * acknowledged, and the "lag" in seconds of the replica that is read from.
 * state() returns the last values, "age" in ms.  Returns NGX_OK, or
 * NGX_DECLINED if there was no heartbeat.
 */
void ngx_household_redis_tracked_heard(ngx_household_redis_tracked_t *t,
    ngx_msec_t sent, ngx_uint_t lag);
ngx_int_t ngx_household_redis_tracked_state(ngx_household_redis_tracked_t *t,
    ngx_msec_t now, ngx_msec_t *age, ngx_uint_t *lag);

/* Returns the table of servers that are unfit to be read from. */
ngx_household_redis_unfit_t *ngx_household_redis_tracked_unfit(
    ngx_household_redis_tracked_t *t);


#endif /* _NGX_HOUSEHOLD_REDIS_TRACKED_H_INCLUDED_ */
