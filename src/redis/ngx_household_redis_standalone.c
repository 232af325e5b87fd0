
/*
 * Servers by themselves: the first that works is used, and replicas for
 * reading if they are marked so.
 *
 * Core layer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_route.h"


typedef struct {
    ngx_uint_t                   next;     /* replica, in turn */
    ngx_household_redis_peer_t  *primary;  /* the one in use */
} ngx_household_redis_standalone_t;


static ngx_int_t ngx_household_redis_standalone_create(
    ngx_household_redis_t *redis, ngx_pool_t *pool);
static void ngx_household_redis_standalone_destroy(
    ngx_household_redis_t *redis);
static ngx_int_t ngx_household_redis_standalone_route(
    ngx_household_redis_t *redis, ngx_household_redis_cmd_t *cmd);
static ngx_int_t ngx_household_redis_standalone_enqueue(
    ngx_household_redis_t *redis, ngx_household_redis_cmd_t *cmd,
    ngx_uint_t replica, ngx_uint_t avoided);
static ngx_int_t ngx_household_redis_standalone_error(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *pool,
    ngx_household_redis_cmd_t *cmd, ngx_str_t *code, ngx_str_t *error);
static void ngx_household_redis_standalone_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool);
static ngx_household_redis_peer_t *ngx_household_redis_standalone_primary(
    ngx_household_redis_t *redis);
static ngx_uint_t ngx_household_redis_standalone_primaries(
    ngx_household_redis_t *redis, ngx_household_redis_node_t **nodes,
    ngx_uint_t max);


const ngx_household_redis_topology_t  ngx_household_redis_standalone = {
    ngx_household_redis_standalone_create,
    ngx_household_redis_standalone_destroy,
    ngx_household_redis_standalone_route,
    ngx_household_redis_standalone_error,
    ngx_household_redis_standalone_changed,
    ngx_household_redis_standalone_primaries
};


static ngx_int_t
ngx_household_redis_standalone_create(ngx_household_redis_t *redis,
    ngx_pool_t *pool)
{
    ngx_uint_t                         i, lazy;
    ngx_household_redis_node_t        *node;
    ngx_household_redis_peer_t        *p;
    ngx_household_redis_standalone_t  *sa;
    ngx_household_redis_server_t      *servers;

    sa = ngx_pcalloc(pool, sizeof(ngx_household_redis_standalone_t));
    if (sa == NULL) {
        return NGX_ERROR;
    }

    redis->state = sa;
    servers = redis->conf->servers.elts;

    for (i = 0; i < redis->conf->servers.nelts; i++) {

        node = ngx_household_redis_node_create(redis->conf, &servers[i], 0);
        if (node == NULL) {
            return NGX_ERROR;
        }

        /* one that stands by is connected to when it is needed */

        if (servers[i].replica) {
            lazy = redis->conf->read_from == NGX_HOUSEHOLD_REDIS_PRIMARY;

        } else {
            lazy = sa->primary != NULL;
        }

        p = ngx_household_redis_route_add_peer(redis, node, lazy);

        ngx_household_redis_node_release(node);

        if (p == NULL) {
            return NGX_ERROR;
        }

        p->replica = servers[i].replica ? 1 : 0;

        if (!p->replica && sa->primary == NULL) {
            sa->primary = p;
        }
    }

    return NGX_OK;
}


static void
ngx_household_redis_standalone_destroy(ngx_household_redis_t *redis)
{
    /* there is nothing beyond the pools */
}


static ngx_int_t
ngx_household_redis_standalone_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t   rc;
    ngx_uint_t  i, replica, write;

    write = cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE;
    replica = !write
              && redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA;

    rc = NGX_DECLINED;

    /* what is preferred, the rest; then those that said they cannot */

    for (i = 0; i < 4; i++) {

        if (write && (i & 1)) {
            continue;
        }

        rc = ngx_household_redis_standalone_enqueue(redis, cmd,
                                                    replica ^ (i & 1), i >> 1);
        if (rc != NGX_DECLINED) {
            break;
        }
    }

    return rc;
}


static ngx_int_t
ngx_household_redis_standalone_enqueue(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t replica, ngx_uint_t avoided)
{
    ngx_uint_t                         n, skip;
    ngx_queue_t                       *q;
    ngx_household_redis_peer_t        *pool, *usable;
    ngx_household_redis_standalone_t  *sa = redis->state;

    n = 0;
    usable = NULL;
    /* replicas take turns, by operation; of primaries, the first */

    if (replica && cmd->index == 0) {
        sa->next++;
    }

    skip = replica ? sa->next : 0;

    for ( ;; ) {

        for (q = ngx_queue_head(&redis->pools);
             q != ngx_queue_sentinel(&redis->pools);
             q = ngx_queue_next(q))
        {
            pool = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

            if (pool->replica != replica
                || ngx_household_redis_peer_avoided(pool) != avoided
                || !ngx_household_redis_peer_usable(pool))
            {
                continue;
            }

            if (n++ == skip) {
                usable = pool;
                break;
            }
        }

        if (usable != NULL || n == 0) {
            break;
        }

        skip %= n;
        n = 0;
    }

    if (usable == NULL) {
        return NGX_DECLINED;
    }

    return ngx_household_redis_peer_enqueue(usable, cmd);
}


/*
 * One that cannot serve for now is left alone for a while, if there is
 * another.
 */

static ngx_int_t
ngx_household_redis_standalone_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error)
{
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *other;

    if (!ngx_household_redis_error_transient(code)) {
        return NGX_DECLINED;
    }

    ngx_household_redis_peer_avoid(pool);
    ngx_household_redis_standalone_changed(redis, pool);

    for (q = ngx_queue_head(&redis->pools);
         q != ngx_queue_sentinel(&redis->pools);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (other == pool
            || ngx_household_redis_peer_avoided(other)
            || !ngx_household_redis_peer_usable(other)
            || (other->replica
                && (cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE)))
        {
            continue;
        }

        ngx_household_redis_cmd_detach(cmd);
        ngx_household_redis_reroute(redis, cmd);

        return NGX_OK;
    }

    return NGX_DECLINED;
}


static void
ngx_household_redis_standalone_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *pool)
{
    ngx_household_redis_peer_t        *primary;
    ngx_household_redis_standalone_t  *sa = redis->state;

    primary = ngx_household_redis_standalone_primary(redis);

    if (primary != NULL && primary != sa->primary) {
        sa->primary = primary;
        ngx_household_redis_notify_primaries(redis);
    }
}


static ngx_household_redis_peer_t *
ngx_household_redis_standalone_primary(ngx_household_redis_t *redis)
{
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *pool;

    for (q = ngx_queue_head(&redis->pools);
         q != ngx_queue_sentinel(&redis->pools);
         q = ngx_queue_next(q))
    {
        pool = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (!pool->replica && ngx_household_redis_peer_usable(pool)
            && !ngx_household_redis_peer_avoided(pool))
        {
            return pool;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_household_redis_standalone_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    ngx_household_redis_standalone_t  *sa = redis->state;

    if (sa->primary == NULL) {
        return 0;
    }

    if (max) {
        nodes[0] = sa->primary->node;
    }

    return 1;
}
