
/*
 * Redis Cluster: a command is sent to the node of the hash slot of its key, and
 * redirections (MOVED, ASK) are followed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_cluster.h"


/* retries of a command on a transient error before it is returned */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_MAX_RETRIES  4

/* maximum number of nodes from redirections since the last slot map */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_REDIRECTED   64


static ngx_int_t ngx_household_redis_cluster_create(
    ngx_household_redis_t *redis, ngx_pool_t *pool);
static void ngx_household_redis_cluster_destroy(ngx_household_redis_t *redis);
static ngx_int_t ngx_household_redis_cluster_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);
static ngx_household_redis_unfit_e ngx_household_redis_cluster_unfit(
    ngx_household_redis_cluster_t *cl, ngx_household_redis_peer_t *replica);
static ngx_int_t ngx_household_redis_cluster_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error);
static ngx_int_t ngx_household_redis_cluster_redirect(
    ngx_household_redis_cluster_t *cl, ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t ask, ngx_str_t *error);
static void ngx_household_redis_cluster_asked(
    ngx_household_redis_cluster_t *cl, ngx_uint_t slot);
static ngx_household_redis_peer_t *ngx_household_redis_cluster_target(
    ngx_household_redis_cluster_t *cl, ngx_household_redis_peer_t *peer,
    ngx_str_t *error, ngx_uint_t *slot);
static void ngx_household_redis_cluster_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer);
static void ngx_household_redis_cluster_refresh_soon(
    ngx_household_redis_t *redis);
static void ngx_household_redis_cluster_watch_map(
    ngx_household_redis_t *redis);
static ngx_uint_t ngx_household_redis_cluster_primaries(
    ngx_household_redis_t *redis, ngx_household_redis_node_t **nodes,
    ngx_uint_t max);


const ngx_household_redis_topology_t  ngx_household_redis_cluster = {
    ngx_household_redis_cluster_create,
    ngx_household_redis_cluster_destroy,
    ngx_household_redis_cluster_route,
    ngx_household_redis_cluster_error,
    ngx_household_redis_cluster_changed,
    ngx_household_redis_cluster_refresh_soon,
    ngx_household_redis_cluster_watch_map,
    ngx_household_redis_cluster_primaries
};


static ngx_int_t
ngx_household_redis_cluster_create(ngx_household_redis_t *redis,
    ngx_pool_t *pool)
{
    ngx_uint_t                      i;
    ngx_household_redis_cluster_t  *cl;
    ngx_household_redis_server_t   *servers;

    cl = ngx_pcalloc(pool, sizeof(ngx_household_redis_cluster_t));
    if (cl == NULL) {
        return NGX_ERROR;
    }

    redis->topology_data = cl;

    cl->redis = redis;
    cl->ident = -1;
    cl->nseeds = redis->conf->servers.nelts;

    cl->slots = ngx_pcalloc(pool, 2 * NGX_HOUSEHOLD_REDIS_HASH_SLOTS
                                  * sizeof(ngx_household_redis_peer_t *));
    if (cl->slots == NULL) {
        return NGX_ERROR;
    }

    cl->replicas = cl->slots + NGX_HOUSEHOLD_REDIS_HASH_SLOTS;

    cl->asked = ngx_pcalloc(pool, NGX_HOUSEHOLD_REDIS_HASH_SLOTS / 8);
    if (cl->asked == NULL) {
        return NGX_ERROR;
    }

    cl->seeds = ngx_pcalloc(pool, cl->nseeds
                                  * sizeof(ngx_household_redis_node_t *));
    if (cl->seeds == NULL) {
        return NGX_ERROR;
    }

    servers = redis->conf->servers.elts;

    for (i = 0; i < cl->nseeds; i++) {
        cl->seeds[i] = ngx_household_redis_node_create(redis->conf,
                                           &servers[i],
                                           NGX_HOUSEHOLD_REDIS_NODE_CLUSTER);
        if (cl->seeds[i] == NULL) {
            return NGX_ERROR;
        }
    }

    cl->refresh.handler = ngx_household_redis_cluster_refresh_handler;
    cl->refresh.data = cl;
    cl->refresh.log = ngx_cycle->log;
    cl->refresh.cancelable = 1;

    cl->replica_timer.handler =
                             ngx_household_redis_cluster_replica_timer_handler;
    cl->replica_timer.data = cl;
    cl->replica_timer.log = ngx_cycle->log;
    cl->replica_timer.cancelable = 1;

    /* spread the queries of workers that start together, in time and nodes */
    cl->next = ngx_random() % cl->nseeds;
    ngx_add_timer(&cl->refresh, 1 + ngx_random() % 100);

    return NGX_OK;
}


static void
ngx_household_redis_cluster_destroy(ngx_household_redis_t *redis)
{
    ngx_uint_t                      i;
    ngx_household_redis_cluster_t  *cl = redis->topology_data;

    if (cl->query != NULL) {
        ngx_household_redis_query_cancel(cl->query);
        cl->query = NULL;
    }

    ngx_household_redis_cluster_unwatch(cl);

    if (cl->refresh.timer_set) {
        ngx_del_timer(&cl->refresh);
    }

    if (cl->replica_timer.timer_set) {
        ngx_del_timer(&cl->replica_timer);
    }

    ngx_household_redis_node_release(cl->queried);
    cl->queried = NULL;

    for (i = 0; i < cl->nseeds; i++) {
        ngx_household_redis_node_release(cl->seeds[i]);
    }
}


static ngx_int_t
ngx_household_redis_cluster_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                       rc;
    ngx_household_redis_cluster_t  *cl = redis->topology_data;
    ngx_household_redis_peer_t     *peer, *replica;

    if (!cl->known) {

        if (cl->down) {
            return NGX_DECLINED;
        }

        ngx_household_redis_cluster_refresh(cl);
        return ngx_household_redis_route_park(redis, cmd);
    }

    replica = cmd->op->flags
              & (NGX_HOUSEHOLD_REDIS_WRITE|NGX_HOUSEHOLD_REDIS_NO_REPLICA)
              ? NULL : cl->replicas[cmd->slot];

    cmd->replica = 0;

    if (replica != NULL
        && !ngx_household_redis_peer_avoided(replica)
        && ngx_household_redis_cluster_unfit(cl, replica)
           == NGX_HOUSEHOLD_REDIS_FIT
        && ngx_household_redis_peer_enqueue(replica, cmd) == NGX_OK)
    {
        cmd->replica = 1;
        return NGX_OK;
    }

    peer = cl->slots[cmd->slot];

    if (peer != NULL) {
        rc = ngx_household_redis_peer_enqueue(peer, cmd);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    /* the peer is down, or the hash slot has none: a failover may follow */

    ngx_household_redis_cluster_refresh(cl);

    if (replica == NULL
        || ngx_household_redis_cluster_unfit(cl, replica)
           == NGX_HOUSEHOLD_REDIS_CUT_OFF)
    {
        return NGX_DECLINED;
    }

    cmd->replica = 1;

    return ngx_household_redis_peer_enqueue(replica, cmd);
}


static ngx_household_redis_unfit_e
ngx_household_redis_cluster_unfit(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_peer_t *replica)
{
    return ngx_household_redis_choice_made(cl->redis)
           ? ngx_household_redis_choice_unfit(cl->redis, replica)
           : NGX_HOUSEHOLD_REDIS_FIT;
}


static ngx_int_t
ngx_household_redis_cluster_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error)
{
    ngx_household_redis_cluster_t  *cl = redis->topology_data;

    if (ngx_household_redis_error_is(code, "MOVED")) {
        return ngx_household_redis_cluster_redirect(cl, peer, cmd, 0, error);
    }

    if (ngx_household_redis_error_is(code, "ASK")) {
        return ngx_household_redis_cluster_redirect(cl, peer, cmd, 1, error);
    }

    if (!ngx_household_redis_error_transient(code)) {
        return NGX_DECLINED;
    }

    if (!ngx_household_redis_error_is(code, "TRYAGAIN")) {
        ngx_household_redis_cluster_refresh(cl);
        ngx_household_redis_peer_avoid(peer);
    }

    if (cmd->tries >= NGX_HOUSEHOLD_REDIS_CLUSTER_MAX_RETRIES) {
        return NGX_DECLINED;
    }

    ngx_household_redis_cmd_detach(cmd);
    ngx_household_redis_cmd_retry_later(redis, cmd);

    return NGX_OK;
}


/*
 * MOVED is permanent for the slot: the map is updated, and refreshed, as other
 * slots may have moved, too.  ASK is for one key only.
 */

static ngx_int_t
ngx_household_redis_cluster_redirect(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd,
    ngx_uint_t ask, ngx_str_t *error)
{
    ngx_int_t                    rc;
    ngx_uint_t                   slot;
    ngx_household_redis_peer_t  *target;

    target = ngx_household_redis_cluster_target(cl, peer, error, &slot);

    if (!ask) {
        ngx_household_redis_cluster_refresh(cl);
    }

    if (target == NULL) {
        return NGX_DECLINED;
    }

    if (ask) {
        ngx_household_redis_cluster_asked(cl, slot);

    } else if (ngx_household_redis_cluster_set_slot(cl, slot, target)) {
        cl->replicas[slot] = NULL;
        ngx_household_redis_cluster_moved(cl);
        ngx_household_redis_notify_topology(cl->redis);
    }

    ngx_household_redis_cmd_detach(cmd);

    cmd->tries++;
    cmd->asking = ask ? 1 : 0;

    rc = ngx_household_redis_peer_enqueue(target, cmd);

    if (rc != NGX_OK) {
        ngx_household_redis_op_end(cmd->op, rc == NGX_BUSY
                                            ? NGX_HOUSEHOLD_REDIS_RESULT_BUSY
                                            : NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }

    return NGX_OK;
}


/* the first ASK of a slot in an interval: the slot is being migrated */

static void
ngx_household_redis_cluster_asked(ngx_household_redis_cluster_t *cl,
    ngx_uint_t slot)
{
    u_char  *byte, bit;

    if (ngx_current_msec - cl->asked_since
        >= NGX_HOUSEHOLD_REDIS_CLUSTER_WATCH)
    {
        cl->asked_since = ngx_current_msec;
        ngx_memzero(cl->asked, NGX_HOUSEHOLD_REDIS_HASH_SLOTS / 8);
    }

    byte = &cl->asked[slot / 8];
    bit = 1 << slot % 8;

    if ((*byte & bit) == 0) {
        *byte |= bit;
        ngx_household_redis_cluster_moved(cl);
    }
}


/*
 * Returns the peer of a redirection, or NULL.  The number of nodes that are not
 * in the slot map is limited, as a node may redirect to more and more nodes.
 */

static ngx_household_redis_peer_t *
ngx_household_redis_cluster_target(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_peer_t *peer, ngx_str_t *error, ngx_uint_t *slot)
{
    u_char                              text[NGX_SOCKADDR_STRLEN];
    ngx_str_t                           at;
    ngx_queue_t                        *last;
    ngx_household_redis_peer_t         *target;
    ngx_household_redis_cluster_addr_t  addr;

    if (ngx_household_redis_cluster_parse_redirect(error, slot, &addr)
        != NGX_OK)
    {
        return NULL;
    }

    if (cl->redirected >= NGX_HOUSEHOLD_REDIS_CLUSTER_REDIRECTED) {
        return NULL;
    }

    at.data = text;
    at.len = ngx_household_redis_peer_addr(peer, text, sizeof(text));

    last = ngx_queue_last(&cl->redis->peers);

    target = ngx_household_redis_cluster_peer(cl, &addr, &at,
                                              &peer->node->tls);

    if (last != ngx_queue_last(&cl->redis->peers)) {
        cl->redirected++;
    }

    return target;
}


/* if a primary is lost, a replica may be promoted */

static void
ngx_household_redis_cluster_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    if (peer->down || peer->conns[0].state != NGX_HOUSEHOLD_REDIS_CONN_READY) {
        ngx_household_redis_cluster_refresh(redis->topology_data);
    }
}


static void
ngx_household_redis_cluster_refresh_soon(ngx_household_redis_t *redis)
{
    ngx_household_redis_cluster_refresh(redis->topology_data);
}


static void
ngx_household_redis_cluster_watch_map(ngx_household_redis_t *redis)
{
    ngx_household_redis_cluster_watch(redis->topology_data);
}


/* all nodes that are read from, and the primaries without hash slots */

static ngx_uint_t
ngx_household_redis_cluster_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    ngx_uint_t                      i, n;
    ngx_queue_t                    *q;
    ngx_household_redis_peer_t     *peer;
    ngx_household_redis_cluster_t  *cl = redis->topology_data;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        peer->visited = peer->slotless;
    }

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_HASH_SLOTS; i++) {
        peer = cl->replicas[i];

        if (peer == NULL || ngx_household_redis_cluster_unfit(cl, peer)
                            != NGX_HOUSEHOLD_REDIS_FIT)
        {
            peer = cl->slots[i];
        }

        if (peer != NULL) {
            peer->visited = 1;
        }
    }

    n = 0;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (!peer->visited) {
            continue;
        }

        if (n < max) {
            nodes[n] = peer->node;
        }

        n++;
    }

    return n;
}
