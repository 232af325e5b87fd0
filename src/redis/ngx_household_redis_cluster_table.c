
/*
 * The slot map of a cluster.  See ngx_household_redis_cluster.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_cluster.h"


/* maximum number of nodes of a slot map; a larger map is rejected */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_NODES  1024


static ngx_uint_t ngx_household_redis_cluster_count(
    ngx_household_redis_cluster_t *cl, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_cluster_apply_entry(
    ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_entry_t *entry, ngx_str_t *at, ngx_str_t *tls,
    ngx_uint_t *changed);
static ngx_household_redis_peer_t *ngx_household_redis_cluster_pick_replica(
    ngx_household_redis_cluster_t *cl, ngx_household_redis_peer_t *replica,
    ngx_household_redis_peer_t *peer, ngx_uint_t n);
static ngx_uint_t ngx_household_redis_cluster_clear(
    ngx_household_redis_cluster_t *cl);
static void ngx_household_redis_cluster_drop_unused_peers(
    ngx_household_redis_cluster_t *cl);


ngx_household_redis_peer_t *
ngx_household_redis_cluster_peer(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_addr_t *addr, ngx_str_t *at, ngx_str_t *tls)
{
    ngx_str_t                   *host, *name;
    ngx_uint_t                   flags;
    ngx_queue_t                 *q;
    ngx_household_redis_node_t  *node;
    ngx_household_redis_peer_t  *peer;

    host = &addr->host;
    name = NULL;

    if (host->len == 0) {
        host = at;
        name = tls;

    } else if (addr->ip.len && cl->redis->conf->resolver == NULL) {
        name = host;
        host = &addr->ip;
    }

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (ngx_household_redis_node_is(peer->node, host, addr->port)) {
            return peer;
        }
    }

    flags = NGX_HOUSEHOLD_REDIS_NODE_CLUSTER;

    if (cl->redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA) {
        flags |= NGX_HOUSEHOLD_REDIS_NODE_READONLY;
    }

    node = ngx_household_redis_node_discover(cl->redis->conf, host,
                                             addr->port, flags, name);
    if (node == NULL) {
        return NULL;
    }

    peer = ngx_household_redis_route_add_peer(cl->redis, node, 1);
    ngx_household_redis_node_release(node);

    if (peer != NULL) {
        peer->rank = ngx_household_redis_choice_rank(peer->node);
    }

    return peer;
}


const char *
ngx_household_redis_cluster_apply(ngx_household_redis_cluster_t *cl,
    ngx_household_resp_reply_t *reply, ngx_str_t *at, ngx_str_t *tls)
{
    const char                           *err;
    ngx_uint_t                            i, changed;
    ngx_queue_t                          *q;
    ngx_household_redis_peer_t           *peer;
    ngx_household_redis_cluster_entry_t   entry;

    err = ngx_household_redis_cluster_parse_check(reply);

    if (err != NULL) {
        return err;
    }

    if (ngx_household_redis_cluster_count(cl, reply)
        > NGX_HOUSEHOLD_REDIS_CLUSTER_NODES)
    {
        return "too large CLUSTER SLOTS reply";
    }

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        peer->visited = 0;
    }

    changed = 0;

    /*
     * Entries have no order: slots of nodes without an entry are cleared
     * afterwards.  Another slot without one keeps its node, which replies with
     * CLUSTERDOWN.
     */

    for (i = 1; i < reply->nvalues; /* void */) {

        i = ngx_household_redis_cluster_parse_entry(reply, i, &entry);

        if (ngx_household_redis_cluster_apply_entry(cl, &entry, at, tls,
                                                    &changed)
            != NGX_OK)
        {
            return "no memory";
        }
    }

    if (ngx_household_redis_cluster_clear(cl) || changed) {
        ngx_household_redis_notify_topology(cl->redis);
    }

    if (cl->moved) {
        ngx_household_redis_cluster_moved(cl);
    }

    ngx_household_redis_cluster_drop_unused_peers(cl);

    cl->redirected = 0;

    return NULL;
}


ngx_uint_t
ngx_household_redis_cluster_set_slot(ngx_household_redis_cluster_t *cl,
    ngx_uint_t slot, ngx_household_redis_peer_t *primary)
{
    if (cl->slots[slot] == primary) {
        return 0;
    }

    if (cl->slots[slot] != NULL) {
        cl->moved = 1;
    }

    cl->slots[slot] = primary;

    return 1;
}


/* with "tracking broadcast", each tracked server sends all its changes */

void
ngx_household_redis_cluster_moved(ngx_household_redis_cluster_t *cl)
{
    ngx_household_redis_t  *redis;

    cl->moved = 0;
    redis = cl->redis;

    if (redis->tracked != NULL
        && redis->conf->tracking == NGX_HOUSEHOLD_REDIS_TRACKING_ON)
    {
        redis->tracked_calls->moved(redis->tracked_data);
    }
}


/*
 * Returns an upper bound of the number of nodes: a node is counted again in
 * each of its ranges, unless these are adjacent in the reply.
 */

static ngx_uint_t
ngx_household_redis_cluster_count(ngx_household_redis_cluster_t *cl,
    ngx_household_resp_reply_t *reply)
{
    ngx_str_t                             host;
    in_port_t                             port;
    ngx_uint_t                            i, n;
    ngx_household_redis_cluster_addr_t    addr;
    ngx_household_redis_cluster_entry_t   entry;

    n = 0;
    port = 0;
    ngx_str_null(&host);

    for (i = 1; i < reply->nvalues; /* void */) {

        i = ngx_household_redis_cluster_parse_entry(reply, i, &entry);

        while (ngx_household_redis_cluster_parse_node(&entry, &addr)
               == NGX_OK)
        {
            if (addr.port != port || addr.host.len != host.len
                || ngx_strncmp(addr.host.data, host.data, host.len) != 0)
            {
                n++;
            }

            port = addr.port;
            host = addr.host;

            if (cl->redis->conf->read_from == NGX_HOUSEHOLD_REDIS_PRIMARY) {
                break;
            }
        }
    }

    return n;
}


static ngx_int_t
ngx_household_redis_cluster_apply_entry(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_entry_t *entry, ngx_str_t *at, ngx_str_t *tls,
    ngx_uint_t *changed)
{
    ngx_uint_t                           slot, n;
    ngx_household_redis_peer_t          *peer, *primary, *replica;
    ngx_household_redis_cluster_addr_t   addr;

    n = 0;
    primary = NULL;
    replica = NULL;

    while (ngx_household_redis_cluster_parse_node(entry, &addr) == NGX_OK) {

        peer = ngx_household_redis_cluster_peer(cl, &addr, at, tls);
        if (peer == NULL) {
            return NGX_ERROR;
        }

        peer->visited = 1;
        peer->replica = primary != NULL;

        if (primary == NULL) {
            primary = peer;

        } else {
            replica = ngx_household_redis_cluster_pick_replica(cl, replica,
                                                               peer, n++);
        }

        if (cl->redis->conf->read_from == NGX_HOUSEHOLD_REDIS_PRIMARY) {
            break;
        }
    }

    for (slot = entry->from; slot <= entry->to; slot++) {

        if (ngx_household_redis_cluster_set_slot(cl, slot, primary)) {
            *changed = 1;
        }

        if (cl->replicas[slot] != replica) {
            cl->replicas[slot] = replica;
            *changed = 1;
        }
    }

    return NGX_OK;
}


/*
 * The chosen one, as in all worker processes; or, if nothing is tracked, one
 * that is not down, and cl->next spreads the choice of the workers.
 */

static ngx_household_redis_peer_t *
ngx_household_redis_cluster_pick_replica(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_peer_t *replica, ngx_household_redis_peer_t *peer,
    ngx_uint_t n)
{
    if (ngx_household_redis_choice_made(cl->redis)) {
        return ngx_household_redis_choice_shared(cl->redis, replica, peer);
    }

    if (replica == NULL || peer->down < replica->down
        || (peer->down == replica->down && (cl->next + n) % (n + 1) == 0))
    {
        return peer;
    }

    return replica;
}


/* clears slots whose peer is not in the map; returns 1 if there are any */

static ngx_uint_t
ngx_household_redis_cluster_clear(ngx_household_redis_cluster_t *cl)
{
    ngx_uint_t  slot, changed;

    changed = 0;

    for (slot = 0; slot < NGX_HOUSEHOLD_REDIS_HASH_SLOTS; slot++) {

        if (cl->slots[slot] != NULL && !cl->slots[slot]->visited) {
            changed = ngx_household_redis_cluster_set_slot(cl, slot, NULL);
        }

        if (cl->replicas[slot] != NULL && !cl->replicas[slot]->visited) {
            cl->replicas[slot] = NULL;
            changed = 1;
        }
    }

    return changed;
}


static void
ngx_household_redis_cluster_drop_unused_peers(
    ngx_household_redis_cluster_t *cl)
{
    ngx_queue_t                 *q, *next;
    ngx_household_redis_peer_t  *peer;

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = next)
    {
        next = ngx_queue_next(q);
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (!peer->visited && !peer->slotless) {
            ngx_household_redis_route_remove_peer(cl->redis, peer);
        }
    }
}


/*
 * While a slot is migrated to a primary without slots, ASK redirects reads to
 * that primary before it is in the slot map.
 */

void
ngx_household_redis_cluster_apply_slotless(ngx_household_redis_cluster_t *cl,
    ngx_str_t *nodes, ngx_str_t *at, ngx_str_t *tls)
{
    ngx_str_t                            text;
    ngx_uint_t                           n;
    ngx_queue_t                         *q;
    ngx_household_redis_peer_t          *peer;
    ngx_household_redis_cluster_addr_t   addr;

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        peer->was_slotless = peer->slotless;
        peer->slotless = 0;
    }

    text = *nodes;
    n = 0;

    while (n++ < NGX_HOUSEHOLD_REDIS_CLUSTER_NODES
           && ngx_household_redis_cluster_parse_slotless(&text, &addr)
              == NGX_OK)
    {
        peer = ngx_household_redis_cluster_peer(cl, &addr, at, tls);

        if (peer != NULL) {
            peer->slotless = 1;
        }
    }

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer->slotless != peer->was_slotless) {
            ngx_household_redis_notify_topology(cl->redis);
            return;
        }
    }
}
