
/*
 * Standalone servers: the first primary that works is used.  Servers with the
 * parameter "replica" are used for reads.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_choice.h"
#include "ngx_household_redis_query.h"


/* ms between attempts to reconnect to the first address of a name */
#define NGX_HOUSEHOLD_REDIS_STANDALONE_REOPEN  1000

/* ms between probes of servers that are avoided: less than they are avoided */
#define NGX_HOUSEHOLD_REDIS_STANDALONE_PROBE   500


typedef struct {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t       *redis;
    ngx_household_redis_peer_t  *primary;  /* in use */
    void                        *dummy;
    ngx_int_t                    ident;

    ngx_uint_t                   next;     /* replica, round robin */
    ngx_msec_t                   reopened; /* 0: never */
    ngx_event_t                  reopen;
    ngx_event_t                  probe;    /* of servers that are avoided */

    /* a server whose name may have another address by now */
    ngx_household_redis_peer_t  *moved;
    ngx_resolver_ctx_t          *resolving;
    ngx_household_redis_query_t *query;    /* at the first address */
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
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd, ngx_str_t *code, ngx_str_t *error);
static ngx_uint_t ngx_household_redis_standalone_avoided(
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd);
static void ngx_household_redis_standalone_probe(ngx_event_t *ev);
static void ngx_household_redis_standalone_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer);
static void ngx_household_redis_standalone_refresh(
    ngx_household_redis_t *redis);
static void ngx_household_redis_standalone_reopen(ngx_event_t *ev);
static void ngx_household_redis_standalone_reopen_peer(
    ngx_household_redis_peer_t *peer);
static void ngx_household_redis_standalone_resolve(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *peer);
static void ngx_household_redis_standalone_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_household_redis_standalone_try_first(
    ngx_household_redis_standalone_t *sa);
static void ngx_household_redis_standalone_first_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *errstr);
static void ngx_household_redis_standalone_watch(
    ngx_household_redis_t *redis);
static ngx_household_redis_peer_t *ngx_household_redis_standalone_primary(
    ngx_household_redis_t *redis);
static ngx_uint_t ngx_household_redis_standalone_primaries(
    ngx_household_redis_t *redis, ngx_household_redis_node_t **nodes,
    ngx_uint_t max);
static ngx_household_redis_peer_t *ngx_household_redis_standalone_best(
    ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *(*better)(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *a, ngx_household_redis_peer_t *b));


const ngx_household_redis_topology_t  ngx_household_redis_standalone = {
    ngx_household_redis_standalone_create,
    ngx_household_redis_standalone_destroy,
    ngx_household_redis_standalone_route,
    ngx_household_redis_standalone_error,
    ngx_household_redis_standalone_changed,
    ngx_household_redis_standalone_refresh,
    ngx_household_redis_standalone_watch,
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

    redis->topology_data = sa;

    sa->redis = redis;
    sa->ident = -1;

    sa->reopen.handler = ngx_household_redis_standalone_reopen;
    sa->reopen.data = sa;
    sa->reopen.log = ngx_cycle->log;
    sa->reopen.cancelable = 1;

    sa->probe.handler = ngx_household_redis_standalone_probe;
    sa->probe.data = sa;
    sa->probe.log = ngx_cycle->log;
    sa->probe.cancelable = 1;

    servers = redis->conf->servers.elts;

    for (i = 0; i < redis->conf->servers.nelts; i++) {

        node = ngx_household_redis_node_create(redis->conf, &servers[i],
                                               servers[i].replica
                                         ? NGX_HOUSEHOLD_REDIS_NODE_REPLICA
                                         : 0);
        if (node == NULL) {
            return NGX_ERROR;
        }

        /* connections to standby servers are opened when needed */

        if (servers[i].replica) {
            lazy = redis->conf->read_from == NGX_HOUSEHOLD_REDIS_PRIMARY;

        } else {
            lazy = sa->primary != NULL
                   || redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA;
        }

        p = ngx_household_redis_route_add_peer(redis, node, lazy);

        ngx_household_redis_node_release(node);

        if (p == NULL) {
            return NGX_ERROR;
        }

        p->replica = servers[i].replica ? 1 : 0;
        p->rank = p->replica ? i : redis->conf->servers.nelts + i;

        if (!p->replica && sa->primary == NULL) {
            sa->primary = p;
        }
    }

    return NGX_OK;
}


static void
ngx_household_redis_standalone_destroy(ngx_household_redis_t *redis)
{
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    if (sa->reopen.timer_set) {
        ngx_del_timer(&sa->reopen);
    }

    if (sa->probe.timer_set) {
        ngx_del_timer(&sa->probe);
    }

    if (sa->resolving != NULL) {
        ngx_resolve_name_done(sa->resolving);
    }

    if (sa->query != NULL) {
        ngx_household_redis_query_cancel(sa->query);
    }
}


static ngx_int_t
ngx_household_redis_standalone_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i, replica, write;
    ngx_household_redis_peer_t  *peer;

    write = cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE;
    replica = !write
              && redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA;

    if (replica && ngx_household_redis_choice_made(redis)) {
        peer = ngx_household_redis_standalone_best(redis,
                                            ngx_household_redis_choice_local);

        return ngx_household_redis_choice_readable(redis, peer)
               ? ngx_household_redis_peer_enqueue(peer, cmd)
               : NGX_DECLINED;
    }

    rc = NGX_DECLINED;

    /*
     * The preferred role, the other role; then the same with the servers that
     * are avoided.
     */

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
    ngx_household_redis_peer_t        *peer, *usable;
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    n = 0;
    usable = NULL;

    /* replicas: round robin by operation; primaries: the first */

    if (replica && cmd->index == 0) {
        sa->next++;
    }

    skip = replica ? sa->next : 0;

    for ( ;; ) {

        for (q = ngx_queue_head(&redis->peers);
             q != ngx_queue_sentinel(&redis->peers);
             q = ngx_queue_next(q))
        {
            peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

            if (peer->replica != replica
                || ngx_household_redis_standalone_avoided(peer, cmd)
                   != avoided
                || !ngx_household_redis_peer_usable(peer))
            {
                continue;
            }

            if (n++ == skip) {
                usable = peer;
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
 * A server with a transient error is avoided until it replies to PING without
 * one.  The command is routed again if there is another server.
 */

static ngx_int_t
ngx_household_redis_standalone_error(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *code, ngx_str_t *error)
{
    ngx_queue_t                       *q;
    ngx_household_redis_peer_t        *other;
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    if (!ngx_household_redis_error_transient(code)) {
        return NGX_DECLINED;
    }

    if (ngx_household_redis_error_is(code, "READONLY")
        && (cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE))
    {
        ngx_household_redis_peer_set_readonly(peer);
        ngx_household_redis_standalone_resolve(redis, peer);

    } else {
        ngx_household_redis_peer_avoid(peer);
        ngx_household_redis_standalone_changed(redis, peer);

        if (!sa->probe.timer_set) {
            ngx_add_timer(&sa->probe, NGX_HOUSEHOLD_REDIS_STANDALONE_PROBE);
        }
    }

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (other == peer
            || ngx_household_redis_standalone_avoided(other, cmd)
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


static ngx_uint_t
ngx_household_redis_standalone_avoided(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd)
{
    return ngx_household_redis_peer_avoided(peer)
           || ((cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE)
               && ngx_household_redis_peer_readonly(peer));
}


/*
 * Which server is tracked, and which one is read from, must agree: a server is
 * used again when it works, and not before, and the tracking worker process
 * may have no commands that would show it.
 */

static void
ngx_household_redis_standalone_probe(ngx_event_t *ev)
{
    ngx_queue_t                       *q;
    ngx_household_redis_peer_t        *peer;
    ngx_household_redis_standalone_t  *sa = ev->data;

    for (q = ngx_queue_head(&sa->redis->peers);
         q != ngx_queue_sentinel(&sa->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (ngx_household_redis_peer_avoided(peer)) {
            ngx_household_redis_peer_probe(peer);

            if (!ev->timer_set) {
                ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_STANDALONE_PROBE);
            }
        }
    }

    /* one may be avoided no more as its time is over */

    ngx_household_redis_standalone_changed(sa->redis, NULL);
}


static void
ngx_household_redis_standalone_changed(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    ngx_household_redis_peer_t        *primary;
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    primary = ngx_household_redis_standalone_primary(redis);

    if (primary != NULL && primary != sa->primary) {
        sa->primary = primary;
        ngx_household_redis_notify_topology(redis);
    }
}


/*
 * A reply came from a server that is not tracked.  If the name of a server has
 * several addresses, this worker may be connected to another address than the
 * tracking worker.  Both reconnect to the first address.
 */

static void
ngx_household_redis_standalone_refresh(ngx_household_redis_t *redis)
{
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    if (sa->reopen.timer_set
        || (sa->reopened
            && ngx_current_msec - sa->reopened
               < NGX_HOUSEHOLD_REDIS_STANDALONE_REOPEN))
    {
        return;
    }

    /* not at once: a reply is being read */
    ngx_add_timer(&sa->reopen, 1);
}


static void
ngx_household_redis_standalone_reopen(ngx_event_t *ev)
{
    ngx_queue_t                       *q;
    ngx_household_redis_peer_t        *peer;
    ngx_household_redis_standalone_t  *sa = ev->data;

    sa->reopened = ngx_current_msec;

    for (q = ngx_queue_head(&sa->redis->peers);
         q != ngx_queue_sentinel(&sa->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        ngx_household_redis_standalone_reopen_peer(peer);
        ngx_household_redis_standalone_resolve(sa->redis, peer);
    }
}


static void
ngx_household_redis_standalone_reopen_peer(ngx_household_redis_peer_t *peer)
{
    ngx_uint_t  i;

    for (i = 0; i < peer->n; i++) {
        ngx_household_redis_conn_reopen(&peer->conns[i]);
    }
}


/*
 * A failover by DNS gives the name to another server, and leaves the former one
 * running, as a replica: no connection is lost.  It is given up when the first
 * address of the name replies.
 */

static void
ngx_household_redis_standalone_resolve(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    ngx_resolver_ctx_t                *ctx;
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    if (!peer->node->resolve || sa->resolving != NULL || sa->query != NULL
        || ngx_exiting
        || (peer->resolved
            && ngx_current_msec - peer->resolved
               < NGX_HOUSEHOLD_REDIS_STANDALONE_REOPEN))
    {
        return;
    }

    peer->resolved = ngx_current_msec;

    ctx = ngx_resolve_start(redis->conf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return;
    }

    ctx->name = peer->node->host;
    ctx->handler = ngx_household_redis_standalone_resolved;
    ctx->data = sa;
    ctx->timeout = redis->conf->connect_timeout;
    ctx->cancelable = 1;

    sa->moved = peer;
    sa->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        sa->resolving = NULL;
    }
}


static void
ngx_household_redis_standalone_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_household_redis_standalone_t  *sa = ctx->data;

    sa->resolving = NULL;

    if (ctx->state == NGX_OK
        && ngx_household_redis_node_set(sa->moved->node, ctx->addrs,
                                        ctx->naddrs)
           == NGX_OK)
    {
        ngx_household_redis_standalone_try_first(sa);
    }

    ngx_resolve_name_done(ctx);
}


static void
ngx_household_redis_standalone_try_first(ngx_household_redis_standalone_t *sa)
{
    ngx_str_t                    ping;
    ngx_uint_t                   i;
    ngx_addr_t                  *addr;
    ngx_household_redis_node_t  *node;

    for (i = 0; i < sa->moved->n; i++) {
        if (!ngx_household_redis_conn_at_first(&sa->moved->conns[i])) {
            break;
        }
    }

    if (i == sa->moved->n) {
        return;
    }

    addr = &sa->moved->node->addrs[0];
    node = ngx_household_redis_node_pin(sa->moved->node, addr->sockaddr,
                                        addr->socklen);
    if (node == NULL) {
        return;
    }

    ngx_str_set(&ping, "PING");

    sa->query = ngx_household_redis_query(node, &ping, 1,
                                    node->conf->connect_timeout,
                                    ngx_household_redis_standalone_first_reply,
                                    sa);
    ngx_household_redis_node_release(node);
}


static void
ngx_household_redis_standalone_first_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *errstr)
{
    ngx_household_redis_standalone_t *sa = data;

    sa->query = NULL;

    if (reply == NULL
        || (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR
            && !ngx_household_redis_error_of_ping(&reply->values[0].str)))
    {
        return;
    }

    ngx_household_redis_standalone_reopen_peer(sa->moved);
}


static void
ngx_household_redis_standalone_watch(ngx_household_redis_t *redis)
{
    /* no topology to fetch: all servers are in the configuration */
}


static ngx_household_redis_peer_t *
ngx_household_redis_standalone_primary(ngx_household_redis_t *redis)
{
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *peer;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (!peer->replica && ngx_household_redis_peer_usable(peer)
            && !ngx_household_redis_peer_avoided(peer))
        {
            return peer;
        }
    }

    return NULL;
}


/* the primary in use, or the chosen server */

static ngx_uint_t
ngx_household_redis_standalone_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    ngx_household_redis_peer_t        *peer;
    ngx_household_redis_standalone_t  *sa = redis->topology_data;

    peer = sa->primary;

    if (ngx_household_redis_choice_made(redis)) {
        peer = ngx_household_redis_standalone_best(redis,
                                           ngx_household_redis_choice_shared);
    }

    if (max) {
        nodes[0] = peer->node;
    }

    return 1;
}


/* the best of all servers: replicas have lower ranks than primaries */

static ngx_household_redis_peer_t *
ngx_household_redis_standalone_best(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *(*better)(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *a, ngx_household_redis_peer_t *b))
{
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *best;

    best = NULL;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        best = better(redis, best,
                      ngx_queue_data(q, ngx_household_redis_peer_t, queue));
    }

    return best;
}
