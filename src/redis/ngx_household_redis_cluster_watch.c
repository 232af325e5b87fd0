
/*
 * Keeps the slot map of a cluster up to date while invalidations are received:
 * a node that joins the cluster or is promoted must be tracked, even if this
 * worker sends no commands to the node.  See ngx_household_redis_cluster.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_cluster.h"


static void ngx_household_redis_cluster_watch_open(
    ngx_household_redis_cluster_t *cl);
static void ngx_household_redis_cluster_watch_close(
    ngx_household_redis_cluster_t *cl);
static void ngx_household_redis_cluster_watch_handler(ngx_event_t *ev);
static void ngx_household_redis_cluster_watch_ready(
    ngx_household_redis_dedicated_t *conn);
static void ngx_household_redis_cluster_watch_lost(
    ngx_household_redis_dedicated_t *conn, ngx_err_t err, const char *errstr);
static void ngx_household_redis_cluster_watch_next(
    ngx_household_redis_cluster_t *cl);
static ngx_int_t ngx_household_redis_cluster_watch_push(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_cluster_watch_slots(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_cluster_watch_nodes(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_cluster_watch_moving(
    ngx_household_redis_cluster_t *cl);
static ngx_household_redis_peer_t *ngx_household_redis_cluster_watch_primary(
    ngx_household_redis_cluster_t *cl);
static ngx_int_t ngx_household_redis_cluster_watch_moving_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_cluster_watch_moving_done(
    ngx_household_redis_op_t *op, ngx_household_redis_result_e status);


static const ngx_household_redis_dedicated_calls_t
    ngx_household_redis_cluster_watch_calls =
{
    ngx_household_redis_cluster_watch_ready,
    ngx_household_redis_cluster_watch_lost,
    ngx_household_redis_cluster_watch_push,
    NULL
};


void
ngx_household_redis_cluster_watch(ngx_household_redis_cluster_t *cl)
{
    if (cl->watching) {
        return;
    }

    cl->watching = 1;

    cl->watch_timer.handler = ngx_household_redis_cluster_watch_handler;
    cl->watch_timer.data = cl;
    cl->watch_timer.log = ngx_cycle->log;
    cl->watch_timer.cancelable = 1;

    ngx_add_timer(&cl->watch_timer, NGX_HOUSEHOLD_REDIS_CLUSTER_WATCH);
}


void
ngx_household_redis_cluster_unwatch(ngx_household_redis_cluster_t *cl)
{
    cl->watching = 0;

    ngx_household_redis_cluster_watch_close(cl);

    if (cl->watch_timer.timer_set) {
        ngx_del_timer(&cl->watch_timer);
    }
}


static void
ngx_household_redis_cluster_watch_open(ngx_household_redis_cluster_t *cl)
{
    ngx_household_redis_node_t  *node;

    node = ngx_household_redis_cluster_candidate(cl, 0);

    cl->watch = ngx_household_redis_dedicated_open(node,
                                      &ngx_household_redis_cluster_watch_calls,
                                      cl);
    if (cl->watch != NULL) {
        cl->watched = ngx_household_redis_node_keep(node);
    }
}


static void
ngx_household_redis_cluster_watch_close(ngx_household_redis_cluster_t *cl)
{
    if (cl->watch != NULL) {
        ngx_household_redis_dedicated_close(cl->watch);
        cl->watch = NULL;
    }

    ngx_household_redis_node_release(cl->watched);
    cl->watched = NULL;
}


static void
ngx_household_redis_cluster_watch_handler(ngx_event_t *ev)
{
    ngx_household_redis_cluster_t *cl = ev->data;

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_CLUSTER_WATCH);

    if (cl->watch == NULL) {
        ngx_household_redis_cluster_watch_open(cl);

    } else {
        ngx_household_redis_cluster_watch_ready(cl->watch);
    }

    ngx_household_redis_cluster_watch_moving(cl);
}


static void
ngx_household_redis_cluster_watch_ready(ngx_household_redis_dedicated_t *conn)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "CLUSTER");
    ngx_str_set(&argv[1], "SLOTS");

    (void) ngx_household_redis_dedicated_send(conn, argv, 2,
                                      ngx_household_redis_cluster_watch_slots);

    ngx_str_set(&argv[1], "NODES");

    (void) ngx_household_redis_dedicated_send(conn, argv, 2,
                                      ngx_household_redis_cluster_watch_nodes);
}


/* the next node is used; a failover of the lost one may follow */

static void
ngx_household_redis_cluster_watch_lost(ngx_household_redis_dedicated_t *conn,
    ngx_err_t err, const char *errstr)
{
    ngx_household_redis_cluster_watch_next(
                                     ngx_household_redis_dedicated_data(conn));
}


static void
ngx_household_redis_cluster_watch_next(ngx_household_redis_cluster_t *cl)
{
    cl->next++;

    ngx_household_redis_cluster_watch_close(cl);
    ngx_household_redis_cluster_refresh(cl);
}


static ngx_int_t
ngx_household_redis_cluster_watch_push(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    return NGX_ERROR;
}


static ngx_int_t
ngx_household_redis_cluster_watch_slots(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    u_char                          text[NGX_SOCKADDR_STRLEN];
    ngx_str_t                       at;
    ngx_household_redis_cluster_t  *cl;

    if (reply == NULL) {
        return NGX_OK;
    }

    cl = ngx_household_redis_dedicated_data(conn);

    at.data = text;
    at.len = ngx_household_redis_dedicated_addr(conn, text, sizeof(text));

    if (ngx_household_redis_cluster_apply(cl, reply, &at, &cl->watched->tls)
        == NULL)
    {
        ngx_household_redis_cluster_refreshed(cl, cl->watched);
        return NGX_OK;
    }

    /* another node may return a valid map */

    ngx_household_redis_cluster_watch_next(cl);

    return NGX_OK;
}


/*
 * An error reply is ignored: the user may lack the permission.  A node that is
 * cut off returns the same map for as long as that lasts, although replicas
 * have been promoted: another node is used.
 */

static ngx_int_t
ngx_household_redis_cluster_watch_nodes(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    u_char                          text[NGX_SOCKADDR_STRLEN];
    ngx_str_t                       at;
    ngx_household_redis_cluster_t  *cl;

    if (reply == NULL || reply->values[0].type != NGX_HOUSEHOLD_RESP_BULK
        || reply->too_large)
    {
        return NGX_OK;
    }

    cl = ngx_household_redis_dedicated_data(conn);

    at.data = text;
    at.len = ngx_household_redis_dedicated_addr(conn, text, sizeof(text));

    ngx_household_redis_cluster_apply_slotless(cl, &reply->values[0].str, &at,
                                               &cl->watched->tls);

    if (ngx_household_redis_cluster_parse_cut_off(&reply->values[0].str)) {
        ngx_household_redis_cluster_watch_next(cl);
    }

    return NGX_OK;
}


/*
 * Only the primary of a hash slot tells that the slot is being migrated.  From
 * then on, keys that do not exist are created at the other node.  To limit the
 * costs, one primary is queried at a time.
 */

static void
ngx_household_redis_cluster_watch_moving(ngx_household_redis_cluster_t *cl)
{
    ngx_str_t                      argv[2];
    ngx_household_redis_op_t      *op;
    ngx_household_redis_peer_t    *peer;
    ngx_household_resp_command_t   command;

    if (cl->redis->conf->tracking != NGX_HOUSEHOLD_REDIS_TRACKING_ON
        || ngx_exiting)
    {
        return;
    }

    peer = ngx_household_redis_cluster_watch_primary(cl);

    if (peer == NULL) {
        return;
    }

    ngx_str_set(&argv[0], "CLUSTER");
    ngx_str_set(&argv[1], "NODES");

    command.argv = argv;
    command.argc = 2;

    op = ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                ngx_household_redis_cluster_watch_moving_reply,
                                ngx_household_redis_cluster_watch_moving_done,
                                peer);

    if (op != NULL
        && ngx_household_redis_peer_enqueue(peer, &op->cmds[0]) != NGX_OK)
    {
        ngx_household_redis_op_end(op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }
}


/* returns the next primary that is not down, or NULL */

static ngx_household_redis_peer_t *
ngx_household_redis_cluster_watch_primary(ngx_household_redis_cluster_t *cl)
{
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *peer, *first;

    n = 0;
    first = NULL;

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer->replica || !ngx_household_redis_peer_usable(peer)) {
            continue;
        }

        if (n++ == cl->primary) {
            cl->primary++;
            return peer;
        }

        if (first == NULL) {
            first = peer;
        }
    }

    cl->primary = 1;

    return first;
}


/* an error reply is ignored: the user may lack the permission */

static ngx_int_t
ngx_household_redis_cluster_watch_moving_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_str_t                    moving;
    uint64_t                     hash;
    ngx_household_redis_t       *redis;
    ngx_household_redis_peer_t  *peer = op->data;

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_BULK || reply->too_large) {
        return NGX_OK;
    }

    ngx_household_redis_cluster_parse_moving(&reply->values[0].str, &moving);

    hash = moving.len ? ngx_household_redis_hash(moving.data, moving.len) : 0;

    if (hash != peer->moving) {
        peer->moving = hash;

        redis = peer->data;
        ngx_household_redis_cluster_moved(redis->topology_data);
    }

    return NGX_OK;
}


static void
ngx_household_redis_cluster_watch_moving_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    /* if there was no reply, the next query follows */
}
