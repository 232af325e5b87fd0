
/*
 * A Redis Cluster: each command goes to the node that holds the slot of its
 * key, and follows where it is sent on to.
 *
 * Core layer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_cluster.h"


/* a slot of a node that is gone, or a state that passes: tries, then told */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_MAX_RETRIES  4


static ngx_int_t ngx_household_redis_cluster_create(
    ngx_household_redis_t *redis, ngx_pool_t *pool);
static void ngx_household_redis_cluster_destroy(ngx_household_redis_t *redis);
static ngx_int_t ngx_household_redis_cluster_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);
static ngx_int_t ngx_household_redis_cluster_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error);
static ngx_int_t ngx_household_redis_cluster_redirect(
    ngx_household_redis_cluster_t *cl, ngx_household_redis_peer_t *pool,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t ask, ngx_str_t *error);
static ngx_int_t ngx_household_redis_cluster_target(
    ngx_household_redis_peer_t *pool, ngx_str_t *error, ngx_uint_t *slot,
    ngx_str_t *host, in_port_t *port);
static void ngx_household_redis_cluster_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool);
static ngx_uint_t ngx_household_redis_cluster_primaries(
    ngx_household_redis_t *redis, ngx_household_redis_node_t **nodes,
    ngx_uint_t max);


const ngx_household_redis_topology_t  ngx_household_redis_cluster = {
    ngx_household_redis_cluster_create,
    ngx_household_redis_cluster_destroy,
    ngx_household_redis_cluster_route,
    ngx_household_redis_cluster_error,
    ngx_household_redis_cluster_changed,
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

    redis->state = cl;

    cl->redis = redis;
    cl->ident = -1;
    cl->nseeds = redis->conf->servers.nelts;

    cl->slots = ngx_pcalloc(pool, 2 * NGX_HOUSEHOLD_REDIS_HASH_SLOTS
                                  * sizeof(ngx_household_redis_peer_t *));
    if (cl->slots == NULL) {
        return NGX_ERROR;
    }

    cl->replicas = cl->slots + NGX_HOUSEHOLD_REDIS_HASH_SLOTS;

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

    cl->look.handler = ngx_household_redis_cluster_replica_timer_handler;
    cl->look.data = cl;
    cl->look.log = ngx_cycle->log;
    cl->look.cancelable = 1;

    /* workers that start together ask neither together nor the same node */
    cl->turn = ngx_random() % cl->nseeds;
    ngx_add_timer(&cl->refresh, 1 + ngx_random() % 100);

    return NGX_OK;
}


static void
ngx_household_redis_cluster_destroy(ngx_household_redis_t *redis)
{
    ngx_uint_t                      i;
    ngx_household_redis_cluster_t  *cl = redis->state;

    if (cl->ask != NULL) {
        ngx_household_redis_query_cancel(cl->ask);
        cl->ask = NULL;
    }

    if (cl->refresh.timer_set) {
        ngx_del_timer(&cl->refresh);
    }

    if (cl->look.timer_set) {
        ngx_del_timer(&cl->look);
    }

    ngx_household_redis_node_release(cl->asked);
    cl->asked = NULL;

    for (i = 0; i < cl->nseeds; i++) {
        ngx_household_redis_node_release(cl->seeds[i]);
    }
}


static ngx_int_t
ngx_household_redis_cluster_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                       rc;
    ngx_household_redis_cluster_t  *cl = redis->state;
    ngx_household_redis_peer_t     *pool;

    if (!cl->known) {

        if (cl->down) {
            return NGX_DECLINED;
        }

        ngx_household_redis_cluster_refresh(cl);
        return ngx_household_redis_route_park(redis, cmd);
    }

    pool = cl->replicas[cmd->slot];

    if (pool != NULL && !(cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE)
        && !ngx_household_redis_peer_avoided(pool)
        && ngx_household_redis_peer_enqueue(pool, cmd) == NGX_OK)
    {
        return NGX_OK;
    }

    pool = cl->slots[cmd->slot];

    if (pool != NULL) {
        rc = ngx_household_redis_peer_enqueue(pool, cmd);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    /* known dead, or not covered: another may take over at any time */

    ngx_household_redis_cluster_refresh(cl);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_household_redis_cluster_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error)
{
    ngx_household_redis_cluster_t  *cl = redis->state;

    if (ngx_household_redis_error_is(code, "MOVED")) {
        return ngx_household_redis_cluster_redirect(cl, pool, cmd, 0, error);
    }

    if (ngx_household_redis_error_is(code, "ASK")) {
        return ngx_household_redis_cluster_redirect(cl, pool, cmd, 1, error);
    }

    if (!ngx_household_redis_error_transient(code)) {
        return NGX_DECLINED;
    }

    if (!ngx_household_redis_error_is(code, "TRYAGAIN")) {
        ngx_household_redis_cluster_refresh(cl);
        ngx_household_redis_peer_avoid(pool);
    }

    if (cmd->tries >= NGX_HOUSEHOLD_REDIS_CLUSTER_MAX_RETRIES) {
        return NGX_DECLINED;
    }

    ngx_household_redis_cmd_detach(cmd);
    ngx_household_redis_cmd_retry_later(redis, cmd);

    return NGX_OK;
}


/*
 * MOVED tells of all the slot: the table is mended, and asked for anew, as
 * others will have moved too.  ASK tells of one key.
 */

static ngx_int_t
ngx_household_redis_cluster_redirect(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_peer_t *pool, ngx_household_redis_cmd_t *cmd,
    ngx_uint_t ask, ngx_str_t *error)
{
    in_port_t    port;
    ngx_str_t    host;
    ngx_int_t    rc;
    ngx_uint_t   slot;

    if (ngx_household_redis_cluster_target(pool, error, &slot, &host, &port)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    pool = ngx_household_redis_cluster_peer(cl, &host, port);
    if (pool == NULL) {
        return NGX_DECLINED;
    }

    if (!ask) {

        if (cl->slots[slot] != pool) {
            cl->slots[slot] = pool;
            cl->replicas[slot] = NULL;
            ngx_household_redis_notify_primaries(cl->redis);
        }

        ngx_household_redis_cluster_refresh(cl);
    }

    ngx_household_redis_cmd_detach(cmd);

    cmd->tries++;
    cmd->asking = ask ? 1 : 0;

    rc = ngx_household_redis_peer_enqueue(pool, cmd);

    if (rc != NGX_OK) {
        ngx_household_redis_op_end(cmd->op, rc == NGX_BUSY
                                            ? NGX_HOUSEHOLD_REDIS_RESULT_BUSY
                                            : NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }

    return NGX_OK;
}


/*
 * "MOVED 3999 127.0.0.1:6381".  A node that does not know its own address, or
 * that of the other, leaves it out: then it is that of the node which says so.
 */

static ngx_int_t
ngx_household_redis_cluster_target(ngx_household_redis_peer_t *pool,
    ngx_str_t *error, ngx_uint_t *slot, ngx_str_t *host, in_port_t *port)
{
    u_char     *p, *last, *sep;
    ngx_int_t   n;

    last = error->data + error->len;

    p = ngx_strlchr(error->data, last, ' ');
    if (p == NULL) {
        return NGX_ERROR;
    }

    sep = ngx_strlchr(++p, last, ' ');
    if (sep == NULL) {
        return NGX_ERROR;
    }

    n = ngx_atoi(p, sep - p);

    if (n < 0 || n >= NGX_HOUSEHOLD_REDIS_HASH_SLOTS) {
        return NGX_ERROR;
    }

    *slot = n;

    /* the port stands behind the last colon: an IPv6 address has more */

    host->data = sep + 1;

    for (p = last; p > host->data && p[-1] != ':'; p--) {
        /* void */
    }

    if (p == host->data) {
        return NGX_ERROR;
    }

    host->len = p - 1 - host->data;

    n = ngx_atoi(p, last - p);

    if (n < 1 || n > 65535 || host->len > NGX_MAXHOSTNAMELEN) {
        return NGX_ERROR;
    }

    *port = (in_port_t) n;

    if (host->len == 0 || (host->len == 1 && host->data[0] == '?')) {
        *host = pool->node->host;
    }

    return NGX_OK;
}


/* a primary that is lost will have a successor */

static void
ngx_household_redis_cluster_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool)
{
    if (pool->down || pool->conns[0].state != NGX_HOUSEHOLD_REDIS_CONN_READY) {
        ngx_household_redis_cluster_refresh(redis->state);
    }
}


static ngx_uint_t
ngx_household_redis_cluster_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    ngx_uint_t                      i, n;
    ngx_queue_t                    *q;
    ngx_household_redis_cluster_t  *cl = redis->state;
    ngx_household_redis_peer_t     *pool;

    for (q = ngx_queue_head(&redis->pools);
         q != ngx_queue_sentinel(&redis->pools);
         q = ngx_queue_next(q))
    {
        pool = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        pool->mark = 0;
    }

    n = 0;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_HASH_SLOTS; i++) {

        pool = cl->slots[i];

        if (pool == NULL || pool->mark) {
            continue;
        }

        pool->mark = 1;

        if (n < max) {
            nodes[n] = pool->node;
        }

        n++;
    }

    return n;
}
