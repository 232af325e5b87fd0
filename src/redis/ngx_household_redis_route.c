
/*
 * Routing of commands.  See ngx_household_redis_route.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_route.h"


#define NGX_HOUSEHOLD_REDIS_DELAY   10     /* ms until the next try */
#define NGX_HOUSEHOLD_REDIS_PARKED  16384


static void ngx_household_redis_route_count(ngx_household_redis_t *redis,
    ngx_uint_t count, ngx_uint_t n);
static void ngx_household_redis_route_count_error(
    ngx_household_redis_t *redis, ngx_household_redis_op_t *op,
    ngx_str_t *code);
static void ngx_household_redis_route_orphan(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);
static ngx_int_t ngx_household_redis_route_error(
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *error);
static void ngx_household_redis_route_changed(
    ngx_household_redis_peer_t *peer);
static void ngx_household_redis_route_untracked(
    ngx_household_redis_peer_t *peer);
static void ngx_household_redis_route_retry_handler(ngx_event_t *ev);
static void ngx_household_redis_route_notify_handler(ngx_event_t *ev);
static void ngx_household_redis_route_all(ngx_household_redis_t *redis,
    ngx_household_redis_fifo_t *fifo);


static const ngx_household_redis_peer_calls_t  ngx_household_redis_route_calls
    = {
    ngx_household_redis_route_orphan,
    ngx_household_redis_route_error,
    ngx_household_redis_route_changed,
    ngx_household_redis_route_untracked
};


void
ngx_household_redis_route_init(ngx_household_redis_t *redis,
    ngx_household_redis_options_t *conf,
    const ngx_household_redis_topology_t *topology)
{
    redis->conf = conf;
    redis->topology = topology;
    redis->ident = -1;

    ngx_queue_init(&redis->peers);
    ngx_queue_init(&redis->observers);

    ngx_household_redis_deadlines_init(&redis->deadlines, conf->timeout,
                                       ngx_cycle->log);
    ngx_household_redis_deadlines_init(&redis->late,
                                       ngx_max(2 * conf->timeout,
                                           NGX_HOUSEHOLD_REDIS_LATE_TIMEOUT),
                                       ngx_cycle->log);
    ngx_household_redis_fifo_init(&redis->parked);
    ngx_household_redis_fifo_init(&redis->delayed);

    /* deadlines delay the exit of a worker, this timer does not */
    redis->retry.handler = ngx_household_redis_route_retry_handler;
    redis->retry.data = redis;
    redis->retry.log = ngx_cycle->log;
    redis->retry.cancelable = 1;

    redis->notify.handler = ngx_household_redis_route_notify_handler;
    redis->notify.data = redis;
    redis->notify.log = ngx_cycle->log;
}


void
ngx_household_redis_route_stop(ngx_household_redis_t *redis)
{
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *peer;

    redis->stopped = 1;

    while (!ngx_queue_empty(&redis->peers)) {
        q = ngx_queue_head(&redis->peers);
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        ngx_household_redis_route_remove_peer(redis, peer);
    }

    ngx_household_redis_deadlines_stop(&redis->deadlines);
    ngx_household_redis_deadlines_stop(&redis->late);

    if (redis->retry.timer_set) {
        ngx_del_timer(&redis->retry);
    }

    if (redis->notify.posted) {
        ngx_delete_posted_event(&redis->notify);
    }
}


ngx_int_t
ngx_household_redis_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    if (redis->stopped || cmd->tries++ >= NGX_HOUSEHOLD_REDIS_MAX_REDIRECTS) {
        return NGX_DECLINED;
    }

    return redis->topology->route(redis, cmd);
}


void
ngx_household_redis_reroute(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t  rc;

    rc = ngx_household_redis_route(redis, cmd);

    if (rc != NGX_OK) {
        ngx_household_redis_op_end(cmd->op, rc == NGX_BUSY
                                            ? NGX_HOUSEHOLD_REDIS_RESULT_BUSY
                                            : NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }
}


static void
ngx_household_redis_route_orphan(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent)
{
    ngx_household_redis_t  *redis = peer->data;

    if (sent) {

        /* reads are sent again once, writes are not */

        if (cmd->resent || (cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE)) {
            ngx_household_redis_op_end(cmd->op,
                                       NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
            return;
        }

        cmd->resent = 1;
    }

    cmd->asking = 0;

    ngx_household_redis_reroute(redis, cmd);
}


static ngx_int_t
ngx_household_redis_route_error(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd, ngx_str_t *error)
{
    ngx_int_t               rc;
    ngx_str_t               code;
    ngx_household_redis_t  *redis = peer->data;

    code = ngx_household_redis_error_code(error);

    ngx_household_redis_route_count_error(redis, cmd->op, &code);

    if (redis->stopped || cmd->tries >= NGX_HOUSEHOLD_REDIS_MAX_REDIRECTS) {
        rc = NGX_DECLINED;

    } else {
        rc = redis->topology->error(redis, peer, cmd, &code, error);
    }

    /* else the command is sent again, as the caller does after NOSCRIPT */

    if (rc == NGX_DECLINED
        && !ngx_household_redis_error_is(&code, "NOSCRIPT"))
    {
        cmd->op->failed = 1;
    }

    return rc;
}


static void
ngx_household_redis_route_changed(ngx_household_redis_peer_t *peer)
{
    ngx_household_redis_t  *redis = peer->data;

    if (!redis->stopped) {
        redis->topology->changed(redis, peer);
    }
}


/* also while the deployment is being destroyed */

static void
ngx_household_redis_route_untracked(ngx_household_redis_peer_t *peer)
{
    ngx_household_redis_t  *redis = peer->data;

    redis->tracked_calls->missed(redis->tracked_data);
}


ngx_household_redis_peer_t *
ngx_household_redis_route_add_peer(ngx_household_redis_t *redis,
    ngx_household_redis_node_t *node, ngx_uint_t lazy)
{
    ngx_household_redis_peer_t  *peer;

    peer = ngx_household_redis_peer_create(node, lazy,
                                           &ngx_household_redis_route_calls,
                                           redis);
    if (peer == NULL) {
        return NULL;
    }

    ngx_queue_insert_tail(&redis->peers, &peer->queue);

    return peer;
}


void
ngx_household_redis_route_remove_peer(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    ngx_queue_remove(&peer->queue);

    ngx_household_redis_peer_destroy(peer);
}


ngx_int_t
ngx_household_redis_route_park(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    if (redis->parked.n >= NGX_HOUSEHOLD_REDIS_PARKED) {
        return NGX_BUSY;
    }

    ngx_household_redis_fifo_push(&redis->parked, cmd);

    return NGX_OK;
}


void
ngx_household_redis_route_unpark(ngx_household_redis_t *redis)
{
    ngx_household_redis_route_all(redis, &redis->parked);
}


void
ngx_household_redis_cmd_detach(ngx_household_redis_cmd_t *cmd)
{
    ngx_household_redis_cmd_unlink(cmd);

    cmd->on_wire = 0;
    cmd->asking = 0;
    cmd->replica = 0;

    /* the replies to others of its operation come from another server */
    cmd->moved = 1;
}


void
ngx_household_redis_cmd_retry_later(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_household_redis_fifo_push(&redis->delayed, cmd);

    if (!redis->retry.timer_set) {
        ngx_add_timer(&redis->retry, NGX_HOUSEHOLD_REDIS_DELAY);
    }
}


static void
ngx_household_redis_route_retry_handler(ngx_event_t *ev)
{
    ngx_household_redis_t  *redis = ev->data;

    ngx_household_redis_route_all(redis, &redis->delayed);
}


static void
ngx_household_redis_route_all(ngx_household_redis_t *redis,
    ngx_household_redis_fifo_t *fifo)
{
    ngx_household_redis_cmd_t   *cmd;
    ngx_household_redis_fifo_t   list;

    /* commands that are queued again are not routed in this call */

    ngx_household_redis_fifo_init(&list);
    ngx_household_redis_fifo_move(&list, fifo);

    while ((cmd = ngx_household_redis_fifo_head(&list)) != NULL) {
        ngx_household_redis_cmd_unlink(cmd);
        ngx_household_redis_reroute(redis, cmd);
    }
}


void
ngx_household_redis_notify_topology(ngx_household_redis_t *redis)
{
    ngx_household_redis_route_count(redis, NGX_HOUSEHOLD_REDIS_COUNT_TOPOLOGY,
                                    1);
    ngx_household_redis_notify_primaries(redis);
}


static void
ngx_household_redis_route_count(ngx_household_redis_t *redis, ngx_uint_t count,
    ngx_uint_t n)
{
    if (redis->count != NULL) {
        redis->count(redis->count_data, count, n);
    }
}


void
ngx_household_redis_route_ended(ngx_household_redis_t *redis,
    ngx_household_redis_op_t *op, ngx_household_redis_result_e status)
{
    ngx_household_redis_ended_e  ended;

    static const ngx_household_redis_ended_e  ends[] = {
        [NGX_HOUSEHOLD_REDIS_RESULT_OK] = NGX_HOUSEHOLD_REDIS_ENDED_OK,
        [NGX_HOUSEHOLD_REDIS_RESULT_DOWN] = NGX_HOUSEHOLD_REDIS_ENDED_DOWN,
        [NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT] =
                                            NGX_HOUSEHOLD_REDIS_ENDED_TIMEOUT,
        [NGX_HOUSEHOLD_REDIS_RESULT_BUSY] = NGX_HOUSEHOLD_REDIS_ENDED_BUSY,
        [NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL] = NGX_HOUSEHOLD_REDIS_ENDED_ERROR
    };

    ended = (op->failed && status == NGX_HOUSEHOLD_REDIS_RESULT_OK)
            ? NGX_HOUSEHOLD_REDIS_ENDED_ERROR : ends[status];

    redis->commands[ngx_household_redis_op_kind(op->flags)][ended] += op->n;
}


void
ngx_household_redis_route_publish(ngx_household_redis_t *redis)
{
    ngx_uint_t  kind, ended;

    for (kind = 0; kind < NGX_HOUSEHOLD_REDIS_KINDS; kind++) {
        for (ended = 0; ended < NGX_HOUSEHOLD_REDIS_ENDS; ended++) {

            if (redis->commands[kind][ended] == 0) {
                continue;
            }

            ngx_household_redis_route_count(redis,
                              ngx_household_redis_count_command(kind, ended),
                              redis->commands[kind][ended]);

            redis->commands[kind][ended] = 0;
        }
    }
}


/* a redirection is no error */

static void
ngx_household_redis_route_count_error(ngx_household_redis_t *redis,
    ngx_household_redis_op_t *op, ngx_str_t *code)
{
    ngx_uint_t  count;

    if (ngx_household_redis_error_is(code, "MOVED")) {
        count = NGX_HOUSEHOLD_REDIS_COUNT_MOVED;

    } else if (ngx_household_redis_error_is(code, "ASK")) {
        count = NGX_HOUSEHOLD_REDIS_COUNT_ASK;

    } else {
        count = ngx_household_redis_count_error(
                                      ngx_household_redis_op_kind(op->flags),
                                      ngx_household_redis_error_number(code));
    }

    ngx_household_redis_route_count(redis, count, 1);
}


void
ngx_household_redis_notify_primaries(ngx_household_redis_t *redis)
{
    if (!redis->stopped && !ngx_queue_empty(&redis->observers)) {
        ngx_post_event(&redis->notify, &ngx_posted_events);
    }
}


static void
ngx_household_redis_route_notify_handler(ngx_event_t *ev)
{
    ngx_queue_t                     *q, *next;
    ngx_household_redis_t           *redis = ev->data;
    ngx_household_redis_observer_t  *observer;

    for (q = ngx_queue_head(&redis->observers);
         q != ngx_queue_sentinel(&redis->observers);
         q = next)
    {
        next = ngx_queue_next(q);
        observer = ngx_queue_data(q, ngx_household_redis_observer_t, queue);

        observer->changed(observer->data);
    }
}


ngx_uint_t
ngx_household_redis_error_transient(ngx_str_t *code)
{
    ngx_uint_t  i;

    static ngx_str_t  transient[] = {
        ngx_string("BUSY"),
        ngx_string("LOADING"),
        ngx_string("READONLY"),
        ngx_string("CLUSTERDOWN"),
        ngx_string("TRYAGAIN"),
        ngx_string("MASTERDOWN"),
        ngx_null_string
    };

    for (i = 0; transient[i].len; i++) {
        if (code->len == transient[i].len
            && ngx_strncmp(code->data, transient[i].data, code->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
