
/*
 * Changes in Redis.  See ngx_household_redis_tracking.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_tracking.h"


#define NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL  "__redis__:invalidate"

/* beats between attempts at what a server has refused */
#define NGX_HOUSEHOLD_REDIS_TRACKING_RETRY    20


/* a primary, and the two connections to it */

typedef struct {
    ngx_household_redis_tracking_t   *tracking;
    ngx_household_redis_node_t       *node;
    ngx_queue_t                       queue;

    ngx_household_redis_dedicated_t  *listener;  /* it is told */
    ngx_household_redis_dedicated_t  *asker;     /* it asks to */

    int64_t                           id;        /* of the listener's client */
    ngx_uint_t                        refused;   /* beats since */

    ngx_uint_t                        heard;     /* beats that were answered */
    ngx_uint_t                        echoed;

    unsigned                          listening:1;
    unsigned                          asking:1;
    unsigned                          told:1;    /* the server has agreed */
    unsigned                          seen:1;    /* still a primary */
} ngx_household_redis_tracking_node_t;


struct ngx_household_redis_tracking_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t                       *redis;
    ngx_str_t                                   *prefix;
    const ngx_household_redis_tracking_calls_t  *calls;
    ngx_int_t                                    ident;

    void                                        *data;
    ngx_queue_t                                  pairs;
    ngx_household_redis_observer_t               watch;
    ngx_msec_t                                   quit;   /* give up by then */
    ngx_event_t                                  timer;
    ngx_uint_t                                   beat;
    ngx_msec_t                                   sent;     /* the beat, when */
    ngx_uint_t                                   reported; /* beats that were */

    unsigned                                     incomplete:1;
    unsigned                                     stopped:1;
    unsigned                                     quitting:1;
};


static void ngx_household_redis_tracking_sync_primaries(void *data);
static ngx_household_redis_tracking_node_t *ngx_household_redis_tracking_find(
    ngx_household_redis_tracking_t *tracking, ngx_household_redis_node_t *node);
static ngx_int_t ngx_household_redis_tracking_add(
    ngx_household_redis_tracking_t *tracking, ngx_household_redis_node_t *node);
static void ngx_household_redis_tracking_remove(
    ngx_household_redis_tracking_node_t *pair);
static void ngx_household_redis_tracking_stop(
    ngx_household_redis_tracking_t *tracking);
static void ngx_household_redis_tracking_set_incoherent(
    ngx_household_redis_tracking_t *tracking);

static void ngx_household_redis_tracking_sub_ready(
    ngx_household_redis_dedicated_t *link);
static ngx_int_t ngx_household_redis_tracking_client_id(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_tracking_subscribed(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_tracking_tracker_ready(
    ngx_household_redis_dedicated_t *link);
static void ngx_household_redis_tracking_conn_lost(
    ngx_household_redis_dedicated_t *link, const char *what);
static void ngx_household_redis_tracking_enable(
    ngx_household_redis_tracking_node_t *pair);
static ngx_int_t ngx_household_redis_tracking_ignored(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_tracking_enabled(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_tracking_refused(
    ngx_household_redis_tracking_node_t *pair,
    ngx_household_resp_reply_t *reply);

static ngx_int_t ngx_household_redis_tracking_push(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply);

static ngx_int_t ngx_household_tracking_quit(
    ngx_household_redis_dedicated_t *link);
static void ngx_household_redis_tracking_handler(ngx_event_t *ev);
static void ngx_household_redis_tracking_heartbeat(
    ngx_household_redis_tracking_t *tracking);
static ngx_int_t ngx_household_redis_tracking_heartbeat_reply(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_tracking_publish(
    ngx_household_redis_tracking_t *tracking);


static const ngx_household_redis_dedicated_calls_t
    ngx_household_redis_tracking_sub =
{
    ngx_household_redis_tracking_sub_ready,
    ngx_household_redis_tracking_conn_lost,
    ngx_household_redis_tracking_push,
    ngx_household_tracking_quit
};


static const ngx_household_redis_dedicated_calls_t
    ngx_household_redis_tracking_tracker =
{
    ngx_household_redis_tracking_tracker_ready,
    ngx_household_redis_tracking_conn_lost,
    ngx_household_redis_tracking_push,
    ngx_household_tracking_quit
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

    ngx_queue_init(&tracking->pairs);

    tracking->timer.handler = ngx_household_redis_tracking_handler;
    tracking->timer.data = tracking;
    tracking->timer.log = ngx_cycle->log;
    tracking->timer.cancelable = 1;

    ngx_add_timer(&tracking->timer, NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT);

    tracking->watch.changed = ngx_household_redis_tracking_sync_primaries;
    tracking->watch.data = tracking;

    ngx_household_redis_observe_primaries(redis, &tracking->watch);

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

    ngx_household_redis_unobserve_primaries(&tracking->watch);

    while (!ngx_queue_empty(&tracking->pairs)) {
        q = ngx_queue_head(&tracking->pairs);
        ngx_household_redis_tracking_remove(
                 ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue));
    }

    if (tracking->timer.timer_set) {
        ngx_del_timer(&tracking->timer);
    }
}


/* the primaries may be other ones */

static void
ngx_household_redis_tracking_sync_primaries(void *data)
{
    ngx_household_redis_tracking_t *tracking = data;

    ngx_uint_t                      i, n;
    ngx_queue_t                    *q, *next;
    ngx_household_redis_node_t     *nodes[NGX_HOUSEHOLD_REDIS_TRACKING_NODES];
    ngx_household_redis_tracking_node_t  *pair;

    n = ngx_household_redis_primaries(tracking->redis, nodes,
                                      NGX_HOUSEHOLD_REDIS_TRACKING_NODES);

    tracking->incomplete = n == 0 || n > NGX_HOUSEHOLD_REDIS_TRACKING_NODES;

    n = ngx_min(n, NGX_HOUSEHOLD_REDIS_TRACKING_NODES);

    for (q = ngx_queue_head(&tracking->pairs);
         q != ngx_queue_sentinel(&tracking->pairs);
         q = ngx_queue_next(q))
    {
        pair = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);
        pair->seen = 0;
    }

    for (i = 0; i < n; i++) {

        pair = ngx_household_redis_tracking_find(tracking, nodes[i]);

        if (pair != NULL) {
            pair->seen = 1;
            continue;
        }

        /* nothing is known of what this one has changed until now */
        ngx_household_redis_tracking_set_incoherent(tracking);

        if (ngx_household_redis_tracking_add(tracking, nodes[i]) != NGX_OK) {
            tracking->incomplete = 1;
        }
    }

    for (q = ngx_queue_head(&tracking->pairs);
         q != ngx_queue_sentinel(&tracking->pairs);
         q = next)
    {
        next = ngx_queue_next(q);
        pair = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (!pair->seen) {
            ngx_household_redis_tracking_remove(pair);
        }
    }

    if (tracking->incomplete) {
        ngx_household_redis_tracking_set_incoherent(tracking);
    }
}


static ngx_household_redis_tracking_node_t *
ngx_household_redis_tracking_find(ngx_household_redis_tracking_t *tracking,
    ngx_household_redis_node_t *node)
{
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *pair;

    for (q = ngx_queue_head(&tracking->pairs);
         q != ngx_queue_sentinel(&tracking->pairs);
         q = ngx_queue_next(q))
    {
        pair = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (pair->node == node) {
            return pair;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_household_redis_tracking_add(ngx_household_redis_tracking_t *tracking,
    ngx_household_redis_node_t *node)
{
    ngx_household_redis_tracking_node_t  *pair;

    pair = ngx_alloc(sizeof(ngx_household_redis_tracking_node_t),
                     ngx_cycle->log);
    if (pair == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(pair, sizeof(ngx_household_redis_tracking_node_t));

    pair->tracking = tracking;
    pair->node = node;
    pair->seen = 1;

    pair->listener = ngx_household_redis_dedicated_open(node,
                                             &ngx_household_redis_tracking_sub,
                                             pair);
    pair->asker = ngx_household_redis_dedicated_open(node,
                                          &ngx_household_redis_tracking_tracker,
                                          pair);

    ngx_queue_insert_tail(&tracking->pairs, &pair->queue);

    if (pair->listener == NULL || pair->asker == NULL) {
        ngx_household_redis_tracking_remove(pair);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_household_redis_tracking_remove(ngx_household_redis_tracking_node_t *pair)
{
    if (pair->listener != NULL) {
        ngx_household_redis_dedicated_close(pair->listener);
    }

    if (pair->asker != NULL) {
        ngx_household_redis_dedicated_close(pair->asker);
    }

    ngx_queue_remove(&pair->queue);

    ngx_free(pair);
}


/* it is said at once, and not only when the lease is over */

static void
ngx_household_redis_tracking_set_incoherent(
    ngx_household_redis_tracking_t *tracking)
{
    tracking->reported = tracking->beat;

    (void) tracking->calls->coherent(tracking->data, 0, ngx_current_msec);
}


static void
ngx_household_redis_tracking_sub_ready(ngx_household_redis_dedicated_t *link)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "ID");

    (void) ngx_household_redis_dedicated_send(link, argv, 2,
                                        ngx_household_redis_tracking_client_id);

    ngx_str_set(&argv[0], "SUBSCRIBE");
    ngx_str_set(&argv[1], NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL);

    (void) ngx_household_redis_dedicated_send(link, argv, 2,
                                       ngx_household_redis_tracking_subscribed);
}


static ngx_int_t
ngx_household_redis_tracking_client_id(ngx_household_redis_dedicated_t *link,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *pair;

    if (reply == NULL) {
        return NGX_OK;
    }

    pair = ngx_household_redis_dedicated_data(link);

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_INTEGER) {
        return ngx_household_redis_tracking_refused(pair, reply);
    }

    pair->id = reply->values[0].integer;

    return NGX_OK;
}


static ngx_int_t
ngx_household_redis_tracking_subscribed(ngx_household_redis_dedicated_t *link,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *pair;

    if (reply == NULL) {
        return NGX_OK;
    }

    pair = ngx_household_redis_dedicated_data(link);

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return ngx_household_redis_tracking_refused(pair, reply);
    }

    pair->listening = pair->id != 0;

    ngx_household_redis_tracking_enable(pair);

    return NGX_OK;
}


static void
ngx_household_redis_tracking_tracker_ready(
    ngx_household_redis_dedicated_t *link)
{
    ngx_household_redis_tracking_node_t  *pair;

    pair = ngx_household_redis_dedicated_data(link);
    pair->asking = 1;

    ngx_household_redis_tracking_enable(pair);
}


static void
ngx_household_redis_tracking_conn_lost(ngx_household_redis_dedicated_t *link,
    const char *what)
{
    ngx_household_redis_tracking_node_t  *pair;

    pair = ngx_household_redis_dedicated_data(link);

    if (link == pair->listener) {
        pair->listening = 0;
        pair->id = 0;

    } else {
        pair->asking = 0;
    }

    pair->told = 0;

    /* a worker that quits does not connect again */
    pair->tracking->quit = ngx_current_msec;

    ngx_household_redis_tracking_set_incoherent(pair->tracking);
}


/* both are there: the server is to tell the one of what the other asks */

static void
ngx_household_redis_tracking_enable(ngx_household_redis_tracking_node_t *pair)
{
    u_char     id[NGX_INT64_LEN];
    ngx_str_t  argv[8];

    if (!pair->listening || !pair->asking) {
        return;
    }

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "TRACKING");

    /* a former listener is forgotten: prefixes must not overlap */

    ngx_str_set(&argv[2], "OFF");

    (void) ngx_household_redis_dedicated_send(pair->asker, argv, 3,
                                          ngx_household_redis_tracking_ignored);

    ngx_str_set(&argv[2], "ON");
    ngx_str_set(&argv[3], "REDIRECT");

    argv[4].data = id;
    argv[4].len = ngx_sprintf(id, "%L", pair->id) - id;

    ngx_str_set(&argv[5], "BCAST");
    ngx_str_set(&argv[6], "PREFIX");
    argv[7] = *pair->tracking->prefix;

    (void) ngx_household_redis_dedicated_send(pair->asker, argv, 8,
                                          ngx_household_redis_tracking_enabled);
}


static ngx_int_t
ngx_household_redis_tracking_ignored(ngx_household_redis_dedicated_t *link,
    ngx_household_resp_reply_t *reply)
{
    return NGX_OK;
}


static ngx_int_t
ngx_household_redis_tracking_enabled(ngx_household_redis_dedicated_t *link,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *pair;

    if (reply == NULL) {
        return NGX_OK;
    }

    pair = ngx_household_redis_dedicated_data(link);

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_STATUS) {
        return ngx_household_redis_tracking_refused(pair, reply);
    }

    /* the listener may have changed while the server was asked */

    pair->told = pair->listening;

    ngx_household_redis_tracking_heartbeat(pair->tracking);

    return NGX_OK;
}


/* an old server, or an access list: without it nothing is coherent */

static ngx_int_t
ngx_household_redis_tracking_refused(ngx_household_redis_tracking_node_t *pair,
    ngx_household_resp_reply_t *reply)
{
    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ERROR) {
        return NGX_ERROR;
    }

    ngx_household_redis_log_error(pair->tracking->redis,
                                  "tracking",
                                  &reply->values[0].str);

    pair->refused = 1;

    return NGX_OK;
}


/* message, channel, keys; all are gone where there is nil instead of keys */

static ngx_int_t
ngx_household_redis_tracking_push(ngx_household_redis_dedicated_t *link,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                            i;
    ngx_household_resp_value_t           *v;
    ngx_household_redis_tracking_t       *tracking;
    ngx_household_redis_tracking_node_t  *pair;

    pair = ngx_household_redis_dedicated_data(link);
    tracking = pair->tracking;

    if (reply->too_large) {
        /* some keys were not read: it could have been any */
        ngx_household_redis_tracking_set_incoherent(tracking);
        return NGX_OK;
    }

    v = reply->values;

    if (reply->nvalues < 4
        || v[0].type != NGX_HOUSEHOLD_RESP_ARRAY
        || v[0].elements != 3
        || v[2].type != NGX_HOUSEHOLD_RESP_BULK
        || v[2].str.len != sizeof(NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL) - 1
        || ngx_strncmp(v[2].str.data, NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL,
                       v[2].str.len)
           != 0)
    {
        return NGX_ERROR;
    }

    if (v[3].type == NGX_HOUSEHOLD_RESP_NIL) {
        tracking->calls->flushed(tracking->data);
        return NGX_OK;
    }

    for (i = 4; i < reply->nvalues; i++) {

        if (v[i].type != NGX_HOUSEHOLD_RESP_BULK) {
            return NGX_ERROR;
        }

        tracking->calls->changed(tracking->data, &v[i].str);
    }

    return NGX_OK;
}


/*
 * nginx closes idle connections in a worker that quits, long before its
 * successor receives invalidations.  The links stay until then, and so does
 * the worker.
 */

static ngx_int_t
ngx_household_tracking_quit(ngx_household_redis_dedicated_t *link)
{
    ngx_household_redis_tracking_t       *tracking;
    ngx_household_redis_tracking_node_t  *pair;

    pair = ngx_household_redis_dedicated_data(link);
    tracking = pair->tracking;

    if (tracking->quitting) {
        return NGX_OK;
    }

    if (tracking->calls->quit(tracking->data) != NGX_OK) {
        ngx_household_redis_tracking_stop(tracking);
        return NGX_DECLINED;
    }

    tracking->quitting = 1;
    tracking->quit = ngx_current_msec + NGX_HOUSEHOLD_TRACKING_HANDOVER;
    tracking->timer.cancelable = 0;

    return NGX_OK;
}


static void
ngx_household_redis_tracking_handler(ngx_event_t *ev)
{
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_t       *tracking = ev->data;
    ngx_household_redis_tracking_node_t  *pair;

    if (tracking->quitting
        && ((ngx_msec_int_t) (tracking->quit - ngx_current_msec) <= 0
            || tracking->calls->quit(tracking->data) != NGX_OK))
    {
        ngx_household_redis_tracking_stop(tracking);
        return;
    }

    for (q = ngx_queue_head(&tracking->pairs);
         q != ngx_queue_sentinel(&tracking->pairs);
         q = ngx_queue_next(q))
    {
        pair = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (pair->refused
            && pair->refused++ >= NGX_HOUSEHOLD_REDIS_TRACKING_RETRY)
        {
            pair->refused = 0;

            if (pair->listening) {
                ngx_household_redis_tracking_enable(pair);

            } else {
                ngx_household_redis_tracking_sub_ready(pair->listener);
            }
        }
    }

    ngx_household_redis_tracking_heartbeat(tracking);

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_TRACKING_HEARTBEAT);
}


/* asks both connections for a sign of life, behind all that was told */

static void
ngx_household_redis_tracking_heartbeat(ngx_household_redis_tracking_t *tracking)
{
    ngx_str_t                             ping;
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *pair;

    tracking->beat++;
    tracking->sent = ngx_current_msec;

    ngx_str_set(&ping, "PING");

    for (q = ngx_queue_head(&tracking->pairs);
         q != ngx_queue_sentinel(&tracking->pairs);
         q = ngx_queue_next(q))
    {
        pair = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (!pair->told) {
            continue;
        }

        if (ngx_household_redis_dedicated_send(pair->listener, &ping, 1,
                         ngx_household_redis_tracking_heartbeat_reply) != NGX_OK
            || ngx_household_redis_dedicated_send(pair->asker, &ping, 1,
                        ngx_household_redis_tracking_heartbeat_reply) != NGX_OK)
        {
            /* nginx has closed it */
            tracking->quit = ngx_current_msec;
        }
    }
}


static ngx_int_t
ngx_household_redis_tracking_heartbeat_reply(
    ngx_household_redis_dedicated_t *link, ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *pair;

    if (reply == NULL) {
        return NGX_OK;
    }

    pair = ngx_household_redis_dedicated_data(link);

    if (link == pair->listener) {
        pair->heard = pair->tracking->beat;

    } else {
        pair->echoed = pair->tracking->beat;
    }

    ngx_household_redis_tracking_publish(pair->tracking);

    return NGX_OK;
}


/* once a beat, when every primary has answered on both connections */

static void
ngx_household_redis_tracking_publish(ngx_household_redis_tracking_t *tracking)
{
    ngx_int_t                             rc;
    ngx_queue_t                          *q;
    ngx_household_redis_tracking_node_t  *pair;

    if (tracking->incomplete || tracking->reported == tracking->beat) {
        return;
    }

    for (q = ngx_queue_head(&tracking->pairs);
         q != ngx_queue_sentinel(&tracking->pairs);
         q = ngx_queue_next(q))
    {
        pair = ngx_queue_data(q, ngx_household_redis_tracking_node_t, queue);

        if (!pair->told
            || pair->heard != tracking->beat
            || pair->echoed != tracking->beat)
        {
            return;
        }
    }

    tracking->reported = tracking->beat;

    rc = tracking->calls->coherent(tracking->data, 1, tracking->sent);

    if (rc == NGX_DONE && ngx_exiting) {
        ngx_household_redis_tracking_stop(tracking);
    }
}
