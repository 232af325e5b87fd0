
/*
 * Queries the sentinels for the primary, one after the other.  ROLE must
 * confirm the reply.  See ngx_household_redis_sentinel.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_sentinel.h"


#define NGX_HOUSEHOLD_REDIS_SENTINEL_BACKOFF      50     /* ms; doubles up to */
#define NGX_HOUSEHOLD_REDIS_SENTINEL_BACKOFF_MAX  800

/* minimum ms between queries while the primary works */
#define NGX_HOUSEHOLD_REDIS_SENTINEL_INTERVAL     100


static ngx_uint_t ngx_household_redis_sentinel_awaited(
    ngx_household_redis_sentinel_t *st);
static void ngx_household_redis_sentinel_query_master(
    ngx_household_redis_sentinel_t *st);
static void ngx_household_redis_sentinel_master_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *err);
static const char *ngx_household_redis_sentinel_address(
    ngx_household_resp_reply_t *reply, ngx_str_t *host, ngx_int_t *port);
static void ngx_household_redis_sentinel_failed(
    ngx_household_redis_sentinel_t *st, const char *err);
static void ngx_household_redis_sentinel_confirmed(
    ngx_household_redis_sentinel_t *st);
static void ngx_household_redis_sentinel_found(
    ngx_household_redis_sentinel_t *st, ngx_str_t *host, in_port_t port);


void
ngx_household_redis_sentinel_refresh(ngx_household_redis_sentinel_t *st)
{
    ngx_msec_t      next;
    ngx_msec_int_t  left;

    if (st->query != NULL || st->retry.timer_set || st->redis->stopped) {
        return;
    }

    next = st->refreshed + NGX_HOUSEHOLD_REDIS_SENTINEL_INTERVAL;
    left = (ngx_msec_int_t) (next - ngx_current_msec);

    if (left < 1 || left > NGX_HOUSEHOLD_REDIS_SENTINEL_INTERVAL) {
        left = 1;
    }

    st->refreshed = ngx_current_msec + left;
    st->tried = 0;

    ngx_add_timer(&st->retry, left);
}


void
ngx_household_redis_sentinel_schedule(ngx_household_redis_sentinel_t *st)
{
    ngx_msec_t  delay;

    if (st->query != NULL || st->retry.timer_set || st->redis->stopped) {
        return;
    }

    delay = 1;

    if (st->failures) {
        delay = NGX_HOUSEHOLD_REDIS_SENTINEL_BACKOFF
            << ngx_min(st->failures, 8);
        delay = ngx_min(delay, NGX_HOUSEHOLD_REDIS_SENTINEL_BACKOFF_MAX);
        delay = delay / 2 + ngx_random() % (delay / 2);
    }

    st->failures++;
    st->tried = 0;

    ngx_add_timer(&st->retry, delay);
}


void
ngx_household_redis_sentinel_retry_handler(ngx_event_t *ev)
{
    ngx_household_redis_sentinel_t  *st = ev->data;

    if (ngx_exiting && !ngx_household_redis_sentinel_awaited(st)) {
        return;
    }

    if (st->query == NULL) {
        ngx_household_redis_sentinel_query_master(st);
    }
}


/* returns 1 if a command waits for the primary, else 0 */

static ngx_uint_t
ngx_household_redis_sentinel_awaited(ngx_household_redis_sentinel_t *st)
{
    ngx_uint_t  i;

    if (st->redis->parked.n != 0) {
        return 1;
    }

    for (i = 0; st->primary != NULL && i < st->primary->n; i++) {
        if (st->primary->conns[i].waiting.n != 0) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_household_redis_sentinel_query_master(ngx_household_redis_sentinel_t *st)
{
    ngx_str_t                       argv[3];
    ngx_household_redis_options_t  *conf;

    conf = st->redis->conf;

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "get-master-addr-by-name");
    argv[2] = conf->master;

    st->query = ngx_household_redis_query(
                                     st->nodes[(st->first + st->tried) % st->n],
                                     argv, 3, conf->connect_timeout,
                                     ngx_household_redis_sentinel_master_reply,
                                     st);
    if (st->query == NULL) {
        ngx_household_redis_sentinel_failed(st, "no memory");
    }
}


static void
ngx_household_redis_sentinel_master_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *err)
{
    u_char                           errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_int_t                        port;
    ngx_str_t                        host;
    ngx_household_redis_sentinel_t  *st = data;

    st->query = NULL;

    port = 0;
    ngx_str_null(&host);

    if (reply != NULL && reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        err = ngx_household_redis_error_reply(errstr, sizeof(errstr),
                                              &reply->values[0].str);

    } else if (reply != NULL) {
        err = ngx_household_redis_sentinel_address(reply, &host, &port);
    }

    if (err == NULL) {
        st->first = (st->first + st->tried) % st->n;
        st->tried = 0;

        ngx_household_redis_sentinel_found(st, &host, (in_port_t) port);
        return;
    }

    if (st->tried + 1 < st->n) {
        st->tried++;
        ngx_household_redis_sentinel_query_master(st);
        return;
    }

    ngx_household_redis_sentinel_failed(st, err);
}


/* returns NULL, or the reason if the reply has no address */

static const char *
ngx_household_redis_sentinel_address(ngx_household_resp_reply_t *reply,
    ngx_str_t *host, ngx_int_t *port)
{
    ngx_household_resp_value_t  *v;

    v = reply->values;

    if (v[0].type == NGX_HOUSEHOLD_RESP_NIL
        || (v[0].type == NGX_HOUSEHOLD_RESP_ARRAY && reply->nvalues == 1))
    {
        return "unknown master name";
    }

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY || reply->nvalues != 3
        || v[1].type != NGX_HOUSEHOLD_RESP_BULK || v[1].str.len == 0
        || v[1].str.len > NGX_MAXHOSTNAMELEN
        || v[2].type != NGX_HOUSEHOLD_RESP_BULK)
    {
        return "not a sentinel";
    }

    *host = v[1].str;
    *port = ngx_atoi(v[2].str.data, v[2].str.len);

    if (*port < 1 || *port > 65535) {
        return "not a sentinel";
    }

    return NULL;
}


static void
ngx_household_redis_sentinel_failed(ngx_household_redis_sentinel_t *st,
    const char *err)
{
    ngx_household_redis_t  *redis;

    redis = st->redis;

    if (!st->logged || ngx_strcmp(st->err, err) != 0) {

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household redis \"%V\": master \"%V\" not found by "
                      "any sentinel, last %V: %s",
                      &redis->conf->name, &redis->conf->master,
                      &st->nodes[(st->first + st->tried) % st->n]->name, err);

        (void) ngx_cpystrn(st->err, (u_char *) err, sizeof(st->err));
        st->logged = 1;
    }

    st->down = 1;

    if (st->primary != NULL) {
        /* try the known primary, which may still work */
        ngx_household_redis_peer_resume(st->primary);
    }

    ngx_household_redis_sentinel_schedule(st);
    ngx_household_redis_route_unpark(redis);
}


/* the primary is the one before */

static void
ngx_household_redis_sentinel_confirmed(ngx_household_redis_sentinel_t *st)
{
    ngx_uint_t  ready;

    ready = st->primary->conns[0].state == NGX_HOUSEHOLD_REDIS_CONN_READY;

    if (ready) {
        /* it works, while the sentinels did not reply */
        st->down = 0;
    }

    if (ngx_household_redis_peer_avoided(st->primary)) {

        /*
         * It replied READONLY: either a sentinel has its successor soon, or
         * the parked commands are sent when it is used again.
         */

        ngx_household_redis_sentinel_schedule(st);
        return;
    }

    if (ready) {
        st->failures = 0;
    }

    ngx_household_redis_route_unpark(st->redis);
}


static void
ngx_household_redis_sentinel_found(ngx_household_redis_sentinel_t *st,
    ngx_str_t *host, in_port_t port)
{
    ngx_household_redis_t       *redis;
    ngx_household_redis_node_t  *node;
    ngx_household_redis_peer_t  *old, *peer;

    redis = st->redis;
    old = st->primary;

    if (st->logged) {
        st->logged = 0;
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household redis \"%V\": master \"%V\" found again",
                      &redis->conf->name, &redis->conf->master);
    }

    if (old != NULL && ngx_household_redis_node_is(old->node, host, port)) {
        ngx_household_redis_peer_resume(old);
        ngx_household_redis_sentinel_confirmed(st);
        return;
    }

    peer = NULL;

    node = ngx_household_redis_node_discover(redis->conf, host, port,
                                             NGX_HOUSEHOLD_REDIS_NODE_ROLE,
                                             NULL);
    if (node != NULL) {
        peer = ngx_household_redis_route_add_peer(redis, node, 0);
        ngx_household_redis_node_release(node);
    }

    if (peer == NULL) {
        ngx_household_redis_sentinel_schedule(st);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "household redis \"%V\": primary is %V",
                  &redis->conf->name, &peer->node->name);

    peer->rank = NGX_HOUSEHOLD_REDIS_CHOICE_LAST;

    st->primary = peer;
    st->down = 0;

    if (old != NULL) {
        ngx_household_redis_route_remove_peer(redis, old);
    }

    ngx_household_redis_route_unpark(redis);
    ngx_household_redis_notify_topology(redis);

    if (redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA) {

        if (st->replica_timer.timer_set) {
            ngx_del_timer(&st->replica_timer);
        }

        ngx_add_timer(&st->replica_timer, 1);
    }
}
