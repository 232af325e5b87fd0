
/*
 * The list of tracked servers and their heartbeats.  See
 * ngx_household_redis_tracking.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_tracking.h"
#include "ngx_household_redis_tracking_node.h"
#include "ngx_household_redis_fitness.h"


struct ngx_household_redis_tracking_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t                       *redis;
    ngx_str_t                                   *prefix;
    const ngx_household_redis_tracking_calls_t  *calls;
    ngx_int_t                                    ident;

    void                                        *data;
    ngx_queue_t                                  nodes;
    ngx_household_redis_fitness_t                fitness;
    ngx_household_redis_observer_t               observer;
    ngx_event_t                                  timer;
    ngx_uint_t                                   heartbeat;
    ngx_uint_t                                   published; /* heartbeat */
    ngx_msec_t                                   renewed;   /* its time */
    ngx_msec_t                                   quit;      /* the deadline */

    /* times of the last heartbeats */
    ngx_msec_t                                   sent[
                                           NGX_HOUSEHOLD_REDIS_TRACKING_PINGS];

    unsigned                                     stopped:1;
    unsigned                                     quitting:1;
};


static void ngx_household_redis_tracking_stop(
    ngx_household_redis_tracking_t *tracking);
static void ngx_household_redis_tracking_sync_primaries(void *data);
static ngx_household_redis_tracking_node_t *ngx_household_redis_tracking_find(
    ngx_household_redis_tracking_t *tracking,
    ngx_household_redis_node_t *node);
static void ngx_household_redis_tracking_handler(ngx_event_t *ev);
static void ngx_household_redis_tracking_heartbeat(
    ngx_household_redis_tracking_t *tracking);
static void ngx_household_redis_tracking_judge(
    ngx_household_redis_tracking_t *tracking);
static ngx_uint_t ngx_household_redis_tracking_lag(
    ngx_household_redis_tracking_t *tracking);
static ngx_uint_t ngx_household_redis_tracking_acked(
    ngx_household_redis_tracking_t *tracking,
    ngx_household_redis_tracked_id_t *ids, ngx_uint_t *nids);
static int ngx_libc_cdecl ngx_household_redis_tracking_cmp(const void *one,
    const void *two);
static void ngx_household_redis_tracking_set_incoherent(
    ngx_household_redis_tracking_t *tracking);

static void ngx_household_redis_tracking_enabled(void *data);
static void ngx_household_redis_tracking_publish(void *data);
static void ngx_household_redis_tracking_lost(void *data);
static void ngx_household_redis_tracking_changed(void *data, ngx_str_t *key);
static void ngx_household_redis_tracking_flushed(void *data);
static void ngx_household_redis_tracking_missed(void *data);
static ngx_int_t ngx_household_redis_tracking_quit(void *data);


static const ngx_household_redis_tracking_node_calls_t
    ngx_household_redis_tracking_node_calls =
{
    ngx_household_redis_tracking_enabled,
    ngx_household_redis_tracking_publish,
    ngx_household_redis_tracking_lost,
    ngx_household_redis_tracking_changed,
    ngx_household_redis_tracking_flushed,
    ngx_household_redis_tracking_missed,
    ngx_household_redis_tracking_quit
};


ngx_household_redis_tracking_t *
ngx_household_redis_tracking_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_str_t *prefix,
    const ngx_household_redis_tracking_calls_t *calls, void *data)
{
    ngx_household_redis_tracking_t  *tracking;

    tracking = ngx_pcalloc(pool, sizeof(ngx_household_redis_tracking_t));
    if (tracking == NULL) {
        return NULL;
    }

    tracking->redis = redis;
    tracking->prefix = prefix;
    tracking->calls = calls;
    tracking->data = data;
    tracking->ident = -1;

    ngx_queue_init(&tracking->nodes);
    ngx_household_redis_fitness_init(&tracking->fitness, redis);

    tracking->timer.handler = ngx_household_redis_tracking_handler;
    tracking->timer.data = tracking;
    tracking->timer.log = ngx_cycle->log;
    tracking->timer.cancelable = 1;

    ngx_add_timer(&tracking->timer, NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT);

    tracking->observer.changed = ngx_household_redis_tracking_sync_primaries;
    tracking->observer.data = tracking;

    ngx_household_redis_observe_primaries(redis, &tracking->observer);
    ngx_household_redis_watch_topology(redis);

    ngx_household_redis_tracking_sync_primaries(tracking);

    return tracking;
}


void
ngx_household_redis_tracking_destroy(ngx_household_redis_tracking_t *tracking)
{
    if (!tracking->stopped) {
        ngx_household_redis_tracking_stop(tracking);
    }
}


static void
ngx_household_redis_tracking_stop(ngx_household_redis_tracking_t *tracking)
{
    ngx_queue_t  *q;

    tracking->stopped = 1;

    ngx_household_redis_tracking_set_incoherent(tracking);

    ngx_household_redis_unobserve_primaries(&tracking->observer);
    ngx_household_redis_fitness_stop(&tracking->fitness);

    while (!ngx_queue_empty(&tracking->nodes)) {
        q = ngx_queue_head(&tracking->nodes);
        ngx_queue_remove(q);

        ngx_household_redis_tracking_node_destroy(
            ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue));
    }

    if (tracking->timer.timer_set) {
        ngx_del_timer(&tracking->timer);
    }
}


/* the set of primaries may have changed */

static void
ngx_household_redis_tracking_sync_primaries(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    ngx_uint_t                            i, n;
    ngx_queue_t                          *q, *next;
    ngx_household_redis_node_t           *nodes[
                                           NGX_HOUSEHOLD_REDIS_TRACKING_NODES];
    ngx_household_redis_tracking_node_t  *node;

    n = ngx_household_redis_primaries(tracking->redis, nodes,
                                      NGX_HOUSEHOLD_REDIS_TRACKING_NODES);

    n = ngx_min(n, NGX_HOUSEHOLD_REDIS_TRACKING_NODES);

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);
        node->seen = 0;
    }

    for (i = 0; i < n; i++) {

        node = ngx_household_redis_tracking_find(tracking, nodes[i]);

        if (node == NULL) {

            /* earlier invalidations of this server were not received */
            ngx_household_redis_tracking_set_incoherent(tracking);

            node = ngx_household_redis_tracking_node_create(tracking->redis,
                                      nodes[i], tracking->prefix,
                                      &ngx_household_redis_tracking_node_calls,
                                      tracking);
            if (node == NULL) {
                continue;
            }

            ngx_queue_insert_tail(&tracking->nodes, &node->queue);
        }

        node->seen = 1;
    }

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = next)
    {
        next = ngx_queue_next(q);
        node = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (!node->seen) {
            ngx_queue_remove(q);
            ngx_household_redis_tracking_node_destroy(node);
        }
    }

    if (n == 0) {
        ngx_household_redis_tracking_set_incoherent(tracking);
    }
}


static ngx_household_redis_tracking_node_t *
ngx_household_redis_tracking_find(ngx_household_redis_tracking_t *tracking,
    ngx_household_redis_node_t *node)
{
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *n;

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = ngx_queue_next(q))
    {
        n = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (n->node == node) {
            return n;
        }
    }

    return NULL;
}


static void
ngx_household_redis_tracking_handler(ngx_event_t *ev)
{
    ngx_household_redis_tracking_t *tracking = ev->data;

    if (tracking->quitting
        && ((ngx_msec_int_t) (tracking->quit - ngx_current_msec) <= 0
            || tracking->calls->quit(tracking->data) != NGX_OK))
    {
        ngx_household_redis_tracking_stop(tracking);
        return;
    }

    ngx_household_redis_tracking_heartbeat(tracking);
    ngx_household_redis_tracking_judge(tracking);
    ngx_household_redis_fitness_heartbeat(&tracking->fitness);

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT);
}


static void
ngx_household_redis_tracking_heartbeat(
    ngx_household_redis_tracking_t *tracking)
{
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *n;

    tracking->heartbeat++;
    tracking->sent[tracking->heartbeat % NGX_HOUSEHOLD_REDIS_TRACKING_PINGS]
                                                            = ngx_current_msec;

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = ngx_queue_next(q))
    {
        n = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (ngx_household_redis_tracking_node_heartbeat(n, tracking->heartbeat)
            != NGX_OK)
        {
            /* nginx has closed a connection in a quitting worker */
            tracking->quit = ngx_current_msec;
        }
    }
}


/*
 * A server that cannot be tracked, or does not follow, is not to be read.  A
 * replica that was lost may come back with the data of then.
 */

static void
ngx_household_redis_tracking_judge(ngx_household_redis_tracking_t *tracking)
{
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *n;

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = ngx_queue_next(q))
    {
        n = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (n->unfit
            || (!n->enabled && !n->pending && !n->denied
                && (n->node->flags & NGX_HOUSEHOLD_REDIS_NODE_REPLICA)))
        {
            ngx_household_redis_fitness_refuse(&tracking->fitness, n->node,
                                              NGX_HOUSEHOLD_REDIS_CUT_OFF);

        } else if (!n->enabled && !n->pending) {
            ngx_household_redis_fitness_refuse(&tracking->fitness, n->node,
                                              NGX_HOUSEHOLD_REDIS_UNTRACKABLE);

        } else if (n->enabled) {
            ngx_household_redis_fitness_accept(&tracking->fitness, n->node);
        }
    }
}


static void
ngx_household_redis_tracking_enabled(void *data)
{
    /* the first heartbeat is sent at once */
    ngx_household_redis_tracking_heartbeat(data);
}


/*
 * A heartbeat is published once, after all servers with tracking enabled have
 * replied on both connections.  A server that is down is skipped: none of its
 * records is fresh.  A pending server delays the heartbeat until its first
 * attempt succeeds or fails.
 */

static void
ngx_household_redis_tracking_publish(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    ngx_int_t                         rc;
    ngx_uint_t                        n, acked;
    ngx_msec_t                        sent;
    ngx_household_redis_tracked_id_t  ids[NGX_HOUSEHOLD_REDIS_TRACKING_NODES];

    if (tracking->stopped) {
        return;
    }

    acked = ngx_household_redis_tracking_acked(tracking, ids, &n);

    if (acked <= tracking->published
        || tracking->heartbeat - acked >= NGX_HOUSEHOLD_REDIS_TRACKING_PINGS)
    {
        return;
    }

    sent = tracking->sent[acked % NGX_HOUSEHOLD_REDIS_TRACKING_PINGS];

    rc = ngx_household_redis_tracked_publish(tracking->redis->tracked, ids, n,
                                             ngx_current_msec,
                                           NGX_HOUSEHOLD_REDIS_TRACKING_LEASE);
    if (rc == NGX_ERROR) {
        return;
    }

    if (rc == NGX_DECLINED) {
        tracking->calls->missed(tracking->data);
    }

    tracking->published = acked;
    tracking->renewed = sent;

    ngx_household_redis_tracked_heard(tracking->redis->tracked, sent,
                                      ngx_household_redis_tracking_lag(
                                                                  tracking));

    rc = tracking->calls->coherent(tracking->data, 1, sent);

    if (rc == NGX_DONE && ngx_exiting
        && ngx_household_redis_tracked_covered(tracking->redis->tracked,
                                               tracking->renewed,
                                               ngx_current_msec)
           == NGX_OK)
    {
        ngx_household_redis_tracking_stop(tracking);
    }
}


/* returns the longest lag of the servers in use, in seconds */

static ngx_uint_t
ngx_household_redis_tracking_lag(ngx_household_redis_tracking_t *tracking)
{
    ngx_uint_t                            lag;
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *node;

    lag = 0;

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (node->enabled) {
            lag = ngx_max(lag, node->lag);
        }
    }

    return lag;
}


/*
 * Returns the last heartbeat that all servers have replied to, and fills "ids",
 * sorted.  Returns 0 if there is none.
 */

static ngx_uint_t
ngx_household_redis_tracking_acked(ngx_household_redis_tracking_t *tracking,
    ngx_household_redis_tracked_id_t *ids, ngx_uint_t *nids)
{
    ngx_uint_t                            i, n, acked;
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *node;

    n = 0;
    acked = tracking->heartbeat;

    for (q = ngx_queue_head(&tracking->nodes);
         q != ngx_queue_sentinel(&tracking->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (node->pending) {
            return 0;
        }

        if (!node->enabled) {
            continue;
        }

        acked = ngx_min(acked, ngx_household_redis_tracking_node_acked(node));

        ids[n].id = node->server;
        ids[n].listener = tracking->redis->conf->tracking
                          == NGX_HOUSEHOLD_REDIS_TRACKING_ON ? node->id : 0;
        n++;
    }

    ngx_qsort(ids, n, sizeof(ngx_household_redis_tracked_id_t),
              ngx_household_redis_tracking_cmp);

    /* several names of one server */

    for (i = 1; i < n; /* void */) {

        if (ids[i].id != ids[i - 1].id) {
            i++;
            continue;
        }

        n--;
        ngx_memmove(&ids[i], &ids[i + 1],
                    (n - i) * sizeof(ngx_household_redis_tracked_id_t));
    }

    *nids = n;

    return n ? acked : 0;
}


static int ngx_libc_cdecl
ngx_household_redis_tracking_cmp(const void *one, const void *two)
{
    const ngx_household_redis_tracked_id_t *a = one;
    const ngx_household_redis_tracked_id_t *b = two;

    return (a->id > b->id) - (a->id < b->id);
}


/* withdraws at once, before the lease expires */

static void
ngx_household_redis_tracking_set_incoherent(
    ngx_household_redis_tracking_t *tracking)
{
    /* no heartbeat until now may be published */

    tracking->published = tracking->heartbeat;

    /* another process may be coherent without some of these servers */

    if (ngx_household_redis_tracked_covered(tracking->redis->tracked,
                                            tracking->renewed,
                                            ngx_current_msec)
        == NGX_DECLINED)
    {
        tracking->calls->missed(tracking->data);
    }

    if (ngx_household_redis_tracked_withdraw(tracking->redis->tracked)
        == NGX_DECLINED)
    {
        tracking->calls->missed(tracking->data);
    }

    (void) tracking->calls->coherent(tracking->data, 0, ngx_current_msec);
}


static void
ngx_household_redis_tracking_lost(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    /* a worker that quits does not connect again */

    tracking->quit = ngx_current_msec;

    ngx_household_redis_tracking_set_incoherent(tracking);
    ngx_household_redis_tracking_judge(tracking);
}


static void
ngx_household_redis_tracking_changed(void *data, ngx_str_t *key)
{
    ngx_household_redis_tracking_t *tracking = data;

    tracking->calls->changed(tracking->data, key);
}


static void
ngx_household_redis_tracking_flushed(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    tracking->calls->flushed(tracking->data);
}


static void
ngx_household_redis_tracking_missed(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    tracking->calls->missed(tracking->data);
}


/*
 * nginx closes idle connections of a quitting worker, long before its successor
 * receives invalidations.  The tracking connections stay open until then, and
 * keep the worker running.
 */

static ngx_int_t
ngx_household_redis_tracking_quit(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    if (tracking->quitting) {
        return NGX_OK;
    }

    if (tracking->calls->quit(tracking->data) != NGX_OK) {
        ngx_household_redis_tracking_stop(tracking);
        return NGX_DECLINED;
    }

    tracking->quitting = 1;
    tracking->quit = ngx_current_msec + NGX_HOUSEHOLD_REDIS_TRACKING_HANDOVER;
    tracking->timer.cancelable = 0;

    return NGX_OK;
}
