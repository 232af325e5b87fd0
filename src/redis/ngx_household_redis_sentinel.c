
/*
 * Redis Sentinel: sentinels are queried for the primary before each reconnect,
 * and ROLE must confirm that the server is a primary.
 *
 * https://redis.io/docs/latest/develop/reference/sentinel-clients/
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_sentinel.h"


static ngx_int_t ngx_household_redis_sentinel_create(
    ngx_household_redis_t *redis, ngx_pool_t *pool);
static void ngx_household_redis_sentinel_timer(
    ngx_household_redis_sentinel_t *st, ngx_event_t *ev,
    ngx_event_handler_pt handler);
static void ngx_household_redis_sentinel_destroy(ngx_household_redis_t *redis);
static ngx_int_t ngx_household_redis_sentinel_route(
    ngx_household_redis_t *redis, ngx_household_redis_cmd_t *cmd);
static ngx_int_t ngx_household_redis_sentinel_error(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd, ngx_str_t *code, ngx_str_t *error);
static void ngx_household_redis_sentinel_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer);
static void ngx_household_redis_sentinel_refresh_soon(
    ngx_household_redis_t *redis);
static void ngx_household_redis_sentinel_watch_always(
    ngx_household_redis_t *redis);
static ngx_uint_t ngx_household_redis_sentinel_primaries(
    ngx_household_redis_t *redis, ngx_household_redis_node_t **nodes,
    ngx_uint_t max);


const ngx_household_redis_topology_t  ngx_household_redis_sentinel = {
    ngx_household_redis_sentinel_create,
    ngx_household_redis_sentinel_destroy,
    ngx_household_redis_sentinel_route,
    ngx_household_redis_sentinel_error,
    ngx_household_redis_sentinel_changed,
    ngx_household_redis_sentinel_refresh_soon,
    ngx_household_redis_sentinel_watch_always,
    ngx_household_redis_sentinel_primaries
};


static ngx_int_t
ngx_household_redis_sentinel_create(ngx_household_redis_t *redis,
    ngx_pool_t *pool)
{
    ngx_uint_t                       i;
    ngx_household_redis_sentinel_t  *st;
    ngx_household_redis_server_t    *servers;

    st = ngx_pcalloc(pool, sizeof(ngx_household_redis_sentinel_t));
    if (st == NULL) {
        return NGX_ERROR;
    }

    redis->topology_data = st;

    st->redis = redis;
    st->n = redis->conf->sentinels.nelts;
    st->ident = -1;

    st->nodes = ngx_pcalloc(pool, st->n * sizeof(ngx_household_redis_node_t *));
    if (st->nodes == NULL) {
        return NGX_ERROR;
    }

    servers = redis->conf->sentinels.elts;

    for (i = 0; i < st->n; i++) {
        st->nodes[i] = ngx_household_redis_node_create(redis->conf,
                                         &servers[i],
                                         NGX_HOUSEHOLD_REDIS_NODE_SENTINEL);
        if (st->nodes[i] == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_household_redis_sentinel_timer(st, &st->retry,
                                    ngx_household_redis_sentinel_retry_handler);
    ngx_household_redis_sentinel_timer(st, &st->replica_timer,
                                   ngx_household_redis_sentinel_fetch_replicas);

    /* spread the queries of workers that start together */
    ngx_add_timer(&st->retry, 1 + ngx_random() % 100);

    ngx_household_redis_sentinel_watch(st);

    return NGX_OK;
}


static void
ngx_household_redis_sentinel_timer(ngx_household_redis_sentinel_t *st,
    ngx_event_t *ev, ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = st;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;
}


static void
ngx_household_redis_sentinel_destroy(ngx_household_redis_t *redis)
{
    ngx_uint_t                       i;
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    if (st->query != NULL) {
        ngx_household_redis_query_cancel(st->query);
        st->query = NULL;
    }

    if (st->replica_query != NULL) {
        ngx_household_redis_query_cancel(st->replica_query);
        st->replica_query = NULL;
    }

    ngx_household_redis_sentinel_unwatch(st);

    if (st->retry.timer_set) {
        ngx_del_timer(&st->retry);
    }

    if (st->replica_timer.timer_set) {
        ngx_del_timer(&st->replica_timer);
    }

    for (i = 0; i < st->n; i++) {
        ngx_household_redis_node_release(st->nodes[i]);
    }
}


static ngx_int_t
ngx_household_redis_sentinel_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                        rc;
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    if (redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA
        && !(cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE))
    {
        rc = ngx_household_redis_sentinel_replica(redis, cmd);

        if (rc == NGX_OK) {
            return NGX_OK;
        }
    }

    if (st->primary != NULL && !ngx_household_redis_peer_avoided(st->primary)) {

        rc = ngx_household_redis_peer_enqueue(st->primary, cmd);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (st->down) {
        return NGX_DECLINED;
    }

    /* a query for the primary is pending or scheduled */

    return ngx_household_redis_route_park(redis, cmd);
}


/* READONLY: the server is not the primary anymore */

static ngx_int_t
ngx_household_redis_sentinel_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error)
{
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    if (!ngx_household_redis_error_transient(code)) {
        return NGX_DECLINED;
    }

    if (!peer->replica) {

        if (!ngx_household_redis_error_is(code, "READONLY") || st->down) {
            return NGX_DECLINED;
        }

        ngx_household_redis_sentinel_schedule(st);
    }

    ngx_household_redis_peer_avoid(peer);
    ngx_household_redis_cmd_detach(cmd);
    ngx_household_redis_reroute(redis, cmd);

    return NGX_OK;
}


static void
ngx_household_redis_sentinel_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    if (peer != st->primary) {
        return;
    }

    if (ngx_household_redis_peer_usable(peer)
        && peer->conns[0].state == NGX_HOUSEHOLD_REDIS_CONN_READY)
    {
        st->failures = 0;
        st->down = 0;
        return;
    }

    if (peer->down) {
        /* fail the commands; another sentinel may know the primary */
        st->down = 1;
        st->first = (st->first + 1) % st->n;
    }

    ngx_household_redis_peer_suspend(peer);
    ngx_household_redis_sentinel_schedule(st);
}


static void
ngx_household_redis_sentinel_refresh_soon(ngx_household_redis_t *redis)
{
    ngx_household_redis_sentinel_refresh(redis->topology_data);
}


static void
ngx_household_redis_sentinel_watch_always(ngx_household_redis_t *redis)
{
    /* each worker has a subscription already: see _watch.c */
}


/* the primary, or the chosen server */

static ngx_uint_t
ngx_household_redis_sentinel_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    ngx_household_redis_peer_t      *peer;
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    peer = st->primary;

    if (ngx_household_redis_choice_made(redis)) {
        peer = ngx_household_redis_sentinel_best(redis,
                                           ngx_household_redis_choice_shared);
    }

    if (peer == NULL) {
        return 0;
    }

    if (max) {
        nodes[0] = peer->node;
    }

    return 1;
}
