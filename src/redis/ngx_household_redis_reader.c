
/*
 * Tracking of what this process reads.  See ngx_household_redis_reader.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"
#include "ngx_household_redis_reader.h"


/*
 * ms between checks: usually, while nothing is tracked, and while a connection
 * is to be redirected
 */
#define NGX_HOUSEHOLD_REDIS_READER_INTERVAL  500
#define NGX_HOUSEHOLD_REDIS_READER_WAITING   200
#define NGX_HOUSEHOLD_REDIS_READER_SHORT     50

/* ms after which a process that does not check is considered dead */
#define NGX_HOUSEHOLD_REDIS_READER_LEASE     2000


static void ngx_household_redis_reader_handler(ngx_event_t *ev);
static ngx_msec_t ngx_household_redis_reader_interval(
    ngx_household_redis_t *redis, ngx_uint_t missing);
static ngx_uint_t ngx_household_redis_reader_peer(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *peer,
    ngx_uint_t *tracker);
static void ngx_household_redis_reader_done(ngx_household_redis_conn_t *conn,
    ngx_str_t *error);


void
ngx_household_redis_reader_start(ngx_household_redis_t *redis)
{
    redis->reader.handler = ngx_household_redis_reader_handler;
    redis->reader.data = redis;
    redis->reader.log = ngx_cycle->log;
    redis->reader.cancelable = 1;

    ngx_add_timer(&redis->reader, NGX_HOUSEHOLD_REDIS_READER_SHORT);
}


void
ngx_household_redis_reader_hurry(ngx_household_redis_t *redis)
{
    if (redis->reader.timer_set && !redis->hurried) {
        redis->hurried = 1;

        ngx_del_timer(&redis->reader);
        ngx_add_timer(&redis->reader, NGX_HOUSEHOLD_REDIS_READER_SHORT);
    }
}


void
ngx_household_redis_reader_stop(ngx_household_redis_t *redis)
{
    if (redis->reader.handler == NULL) {
        return;
    }

    if (redis->reader.timer_set) {
        ngx_del_timer(&redis->reader);
    }

    ngx_household_redis_tracked_leave(redis->tracked);
}


/*
 * The process is registered as a reader before the first connection redirects,
 * and follows a tracking process when all connections redirect to it.
 */

static void
ngx_household_redis_reader_handler(ngx_event_t *ev)
{
    ngx_int_t               rc;
    ngx_uint_t              tracker, missing;
    ngx_queue_t            *q;
    ngx_household_redis_t  *redis = ev->data;

    rc = ngx_household_redis_tracked_read(redis->tracked, redis->tracker,
                                          ngx_current_msec,
                                          NGX_HOUSEHOLD_REDIS_READER_LEASE);

    tracker = (ngx_uint_t) -1;
    missing = 0;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers) && rc == NGX_OK;
         q = ngx_queue_next(q))
    {
        missing += ngx_household_redis_reader_peer(redis,
                            ngx_queue_data(q, ngx_household_redis_peer_t,
                                           queue),
                            &tracker);
    }

    if (missing == 0 && tracker != (ngx_uint_t) -1) {
        redis->tracker = tracker;
    }

    ngx_add_timer(ev, ngx_household_redis_reader_interval(redis, missing));

    redis->hurried = 0;
    redis->reader_failed = 0;
}


static ngx_msec_t
ngx_household_redis_reader_interval(ngx_household_redis_t *redis,
    ngx_uint_t missing)
{
    if (missing && !redis->reader_failed) {
        return NGX_HOUSEHOLD_REDIS_READER_SHORT;
    }

    return redis->tracker == 0 ? NGX_HOUSEHOLD_REDIS_READER_WAITING
                               : NGX_HOUSEHOLD_REDIS_READER_INTERVAL;
}


/*
 * Returns the number of connections that do not redirect yet.  "tracker"
 * becomes the lowest number of the processes that they are to redirect to.
 */

static ngx_uint_t
ngx_household_redis_reader_peer(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer, ngx_uint_t *tracker)
{
    int64_t                      listener;
    ngx_uint_t                   i, number, missing;
    ngx_household_redis_conn_t  *conn;

    missing = 0;

    for (i = 0; i < peer->n; i++) {
        conn = &peer->conns[i];

        if (conn->state != NGX_HOUSEHOLD_REDIS_CONN_READY) {
            continue;
        }

        listener = ngx_household_redis_tracked_listener(redis->tracked,
                                                        conn->server,
                                                        ngx_current_msec,
                                                        &number);
        if (listener == 0) {
            continue;
        }

        *tracker = ngx_min(*tracker, number);

        if (listener == conn->redirect) {
            continue;
        }

        missing++;

        if (conn->redirecting == 0) {
            ngx_household_redis_conn_track(conn, listener,
                                           ngx_household_redis_reader_done);
        }
    }

    return missing;
}


static void
ngx_household_redis_reader_done(ngx_household_redis_conn_t *conn,
    ngx_str_t *error)
{
    ngx_household_redis_t       *redis;
    ngx_household_redis_peer_t  *peer = conn->data;

    redis = peer->data;

    if (error != NULL) {
        redis->reader_failed = 1;
        ngx_household_redis_log_error(redis, "tracking", error);
    }
}
