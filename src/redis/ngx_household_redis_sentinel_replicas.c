
/*
 * Reads from replicas, which a sentinel is queried for.  See
 * ngx_household_redis_sentinel.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_sentinel.h"


#define NGX_HOUSEHOLD_REDIS_SENTINEL_REPLICAS  5000    /* ms between fetches */


static void ngx_household_redis_sentinel_replicas(void *data,
    ngx_household_resp_reply_t *reply, const char *err);
static void ngx_household_redis_sentinel_replicas_failed(
    ngx_household_redis_sentinel_t *st, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_sentinel_add_replica(
    ngx_household_redis_sentinel_t *st, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_sentinel_replica_fields(
    ngx_household_redis_sentinel_t *st, ngx_household_resp_value_t *v,
    ngx_uint_t n);


ngx_int_t
ngx_household_redis_sentinel_replica(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_uint_t                       i, n;
    ngx_queue_t                     *q;
    ngx_household_redis_peer_t      *peer;
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    if (ngx_household_redis_choice_made(redis)) {
        peer = ngx_household_redis_sentinel_best(redis,
                                            ngx_household_redis_choice_local);

        return peer != NULL && peer->replica
               && ngx_household_redis_choice_readable(redis, peer)
               && ngx_household_redis_peer_enqueue(peer, cmd) == NGX_OK
               ? NGX_OK : NGX_DECLINED;
    }

    n = 0;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        n++;
    }

    /* round robin by operation, over the list as a ring */

    if (cmd->index == 0) {
        st->next++;
    }

    q = ngx_queue_head(&redis->peers);

    for (i = n ? st->next % n : 0; i > 0; i--) {
        q = ngx_queue_next(q);
    }

    for (i = 0; i < n; i++) {

        if (q == ngx_queue_sentinel(&redis->peers)) {
            q = ngx_queue_head(&redis->peers);
        }

        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer->replica && !ngx_household_redis_peer_avoided(peer)
            && ngx_household_redis_peer_enqueue(peer, cmd) == NGX_OK)
        {
            return NGX_OK;
        }

        q = ngx_queue_next(q);
    }

    return NGX_DECLINED;
}


ngx_household_redis_peer_t *
ngx_household_redis_sentinel_best(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *(*better)(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *a, ngx_household_redis_peer_t *b))
{
    ngx_queue_t                     *q;
    ngx_household_redis_peer_t      *best, *peer;
    ngx_household_redis_sentinel_t  *st = redis->topology_data;

    best = NULL;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer == st->primary || peer->replica) {
            best = better(redis, best, peer);
        }
    }

    return best;
}


void
ngx_household_redis_sentinel_fetch_replicas(ngx_event_t *ev)
{
    ngx_str_t                        argv[3];
    ngx_household_redis_sentinel_t  *st = ev->data;
    ngx_household_redis_options_t   *conf;

    if (ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_SENTINEL_REPLICAS);

    if (st->replica_query != NULL) {
        return;
    }

    conf = st->redis->conf;

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "replicas");
    argv[2] = conf->master;

    st->replica_node = st->nodes[st->first];
    st->replica_query = ngx_household_redis_query(st->replica_node, argv, 3,
                                          conf->connect_timeout,
                                          ngx_household_redis_sentinel_replicas,
                                          st);
}


static void
ngx_household_redis_sentinel_replicas(void *data,
    ngx_household_resp_reply_t *reply, const char *err)
{
    ngx_queue_t                     *q, *next;
    ngx_household_redis_t           *redis;
    ngx_household_redis_sentinel_t  *st = data;
    ngx_household_redis_peer_t      *peer;

    st->replica_query = NULL;
    redis = st->redis;

    if (reply == NULL || reply->values[0].type != NGX_HOUSEHOLD_RESP_ARRAY
        || reply->too_large)
    {
        ngx_household_redis_sentinel_replicas_failed(st, reply);

        /* the next query is sent to another sentinel */
        st->first = (st->first + 1) % st->n;
        return;
    }

    if (st->replicas_logged) {
        st->replicas_logged = 0;
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household redis \"%V\" %V: replica fetch recovered",
                      &redis->conf->name, &st->replica_node->name);
    }

    ngx_household_redis_sentinel_add_replica(st, reply);

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = next)
    {
        next = ngx_queue_next(q);
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer->replica && !peer->visited) {
            ngx_household_redis_route_remove_peer(redis, peer);
            ngx_household_redis_notify_topology(redis);
        }
    }
}


/*
 * Replicas that are known are kept.  A sentinel that does not reply is logged
 * when it is queried for the primary.
 */

static void
ngx_household_redis_sentinel_replicas_failed(
    ngx_household_redis_sentinel_t *st, ngx_household_resp_reply_t *reply)
{
    u_char  errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];

    if (st->replicas_logged || reply == NULL
        || reply->values[0].type != NGX_HOUSEHOLD_RESP_ERROR)
    {
        return;
    }

    st->replicas_logged = 1;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "household redis \"%V\" %V: replica fetch failed: %s",
                  &st->redis->conf->name, &st->replica_node->name,
                  ngx_household_redis_error_reply(errstr, sizeof(errstr),
                                                  &reply->values[0].str));
}


/* the reply is an array with an array of names and values for each replica */

static void
ngx_household_redis_sentinel_add_replica(ngx_household_redis_sentinel_t *st,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                   i, n;
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *peer;
    ngx_household_resp_value_t  *v;

    for (q = ngx_queue_head(&st->redis->peers);
         q != ngx_queue_sentinel(&st->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        peer->visited = 0;
    }

    v = reply->values;

    for (i = 1; i < reply->nvalues; i += n + 1) {

        for (n = 0; i + n + 1 < reply->nvalues && v[i + n + 1].depth > 1; n++) {
            /* void */
        }

        ngx_household_redis_sentinel_replica_fields(st, &v[i + 1], n);
    }
}


static void
ngx_household_redis_sentinel_replica_fields(ngx_household_redis_sentinel_t *st,
    ngx_household_resp_value_t *v, ngx_uint_t n)
{
    ngx_int_t                    port;
    ngx_str_t                    host, flags;
    ngx_uint_t                   i, usable;
    ngx_queue_t                 *q;
    ngx_household_redis_node_t  *node;
    ngx_household_redis_peer_t  *peer;

    usable = 1;
    port = 0;
    ngx_str_null(&host);

    for (i = 0; i + 1 < n; i += 2) {

        if (ngx_household_redis_error_is(&v[i].str, "ip")) {
            host = v[i + 1].str;

        } else if (ngx_household_redis_error_is(&v[i].str, "port")) {
            port = ngx_atoi(v[i + 1].str.data, v[i + 1].str.len);

        } else if (ngx_household_redis_error_is(&v[i].str,
                                                "master-link-status"))
        {
            usable = usable
                     && ngx_household_redis_error_is(&v[i + 1].str, "ok");

        } else if (ngx_household_redis_error_is(&v[i].str, "flags")) {

            /* "s_down": the link is that of the last reply to the sentinel */

            flags = v[i + 1].str;
            usable = usable
                     && ngx_strlcasestrn(flags.data, flags.data + flags.len,
                                         (u_char *) "s_down",
                                         sizeof("s_down") - 2)
                        == NULL;
        }
    }

    if (!usable || port < 1 || port > 65535
        || host.len == 0 || host.len > NGX_MAXHOSTNAMELEN)
    {
        return;
    }

    for (q = ngx_queue_head(&st->redis->peers);
         q != ngx_queue_sentinel(&st->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer->replica
            && ngx_household_redis_node_is(peer->node, &host, port))
        {
            peer->visited = 1;
            return;
        }
    }

    node = ngx_household_redis_node_discover(st->redis->conf, &host, port,
                                            NGX_HOUSEHOLD_REDIS_NODE_REPLICA,
                                            NULL);
    if (node == NULL) {
        return;
    }

    peer = ngx_household_redis_route_add_peer(st->redis, node, 0);
    ngx_household_redis_node_release(node);

    if (peer != NULL) {
        peer->replica = 1;
        peer->visited = 1;
        peer->rank = ngx_household_redis_choice_rank(peer->node);
        ngx_household_redis_notify_topology(st->redis);
    }
}
