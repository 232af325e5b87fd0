
/*
 * A Redis deployment of this worker.  See ngx_household_redis.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"
#include "ngx_household_redis_keyslot.h"
#include "ngx_household_redis_reader.h"


/* ms: longest gap within a series, and length of a series that is logged */
#define NGX_HOUSEHOLD_REDIS_UNTRACKED_GAP  2000
#define NGX_HOUSEHOLD_REDIS_UNTRACKED_LOG  5000


static ngx_household_redis_op_t *ngx_household_redis_submit_op(
    ngx_household_redis_t *redis, ngx_household_redis_op_t *op,
    ngx_str_t *keys, ngx_household_redis_result_e *status);
static ngx_uint_t ngx_household_redis_follow(ngx_household_redis_cmd_t *cmd);
static void ngx_household_redis_ended(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_redis_replied(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_redis_log_untracked(ngx_household_redis_t *redis);
static void ngx_household_redis_identify_handler(ngx_event_t *ev);
static void ngx_household_redis_abandon(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


ngx_household_redis_t *
ngx_household_redis_create(ngx_cycle_t *cycle,
    ngx_household_redis_options_t *conf)
{
    ngx_household_redis_t                 *redis;
    const ngx_household_redis_topology_t  *topology;

    redis = ngx_pcalloc(cycle->pool, sizeof(ngx_household_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    if (conf->cluster) {
        topology = &ngx_household_redis_cluster;

    } else if (conf->sentinels.nelts) {
        topology = &ngx_household_redis_sentinel;

    } else {
        topology = &ngx_household_redis_standalone;
    }

    ngx_household_redis_route_init(redis, conf, topology);

    if (topology->create(redis, cycle->pool) != NGX_OK) {
        return NULL;
    }

    return redis;
}


void
ngx_household_redis_destroy(ngx_household_redis_t *redis)
{
    redis->stopped = 1;
    redis->topology->destroy(redis);

    if (redis->identify.timer_set) {
        ngx_del_timer(&redis->identify);
    }

    ngx_household_redis_route_stop(redis);
    ngx_household_redis_reader_stop(redis);
    ngx_household_redis_dedicated_drain();
}


ngx_household_redis_op_t *
ngx_household_redis_submit(ngx_household_redis_t *redis,
    ngx_household_resp_command_t *commands, ngx_str_t *keys, ngx_uint_t n,
    ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data,
    ngx_household_redis_result_e *status)
{
    ngx_household_redis_op_t  *op;

    op = ngx_household_redis_op_create(commands, n, flags, reply, done, data);

    return ngx_household_redis_submit_op(redis, op, keys, status);
}


ngx_household_redis_op_t *
ngx_household_redis_submit_encoded(ngx_household_redis_t *redis,
    ngx_str_t *wires, ngx_str_t *keys, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data, ngx_household_redis_result_e *status)
{
    ngx_household_redis_op_t  *op;

    op = ngx_household_redis_op_create_encoded(wires, n, flags, reply, done,
                                               data);

    return ngx_household_redis_submit_op(redis, op, keys, status);
}


static ngx_household_redis_op_t *
ngx_household_redis_submit_op(ngx_household_redis_t *redis,
    ngx_household_redis_op_t *op, ngx_str_t *keys,
    ngx_household_redis_result_e *status)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    if (op == NULL) {
        *status = NGX_HOUSEHOLD_REDIS_RESULT_BUSY;
        return NULL;
    }

    op->context = redis;
    op->replied = ngx_household_redis_ended;

    if (redis->tracked != NULL && !(op->flags & NGX_HOUSEHOLD_REDIS_WRITE)) {
        op->replied = ngx_household_redis_replied;
        op->key_len = keys[0].len;
    }

    for (i = 0; i < op->n; i++) {

        if (redis->conf->cluster) {
            op->cmds[i].slot = ngx_household_redis_keyslot(&keys[i]);
        }

        if (i && ngx_household_redis_follow(&op->cmds[i])) {
            continue;
        }

        rc = ngx_household_redis_route(redis, &op->cmds[i]);

        if (rc != NGX_OK) {
            *status = rc == NGX_BUSY ? NGX_HOUSEHOLD_REDIS_RESULT_BUSY
                                     : NGX_HOUSEHOLD_REDIS_RESULT_DOWN;

            if (rc == NGX_BUSY) {
                ngx_household_redis_busy(redis);
            }

            op->done = ngx_household_redis_abandon;
            op->replied = ngx_household_redis_ended;
            ngx_household_redis_op_end(op, *status);
            return NULL;
        }
    }

    if (op->flags & NGX_HOUSEHOLD_REDIS_LATE) {
        ngx_household_redis_deadlines_add(&redis->late, op, 0);

    } else {
        ngx_household_redis_deadlines_add(&redis->deadlines, op, 1);
    }

    return op;
}


/*
 * Puts a command to where the one before it waits, if both are for the same
 * hash slot.  Returns 1, or 0 if it must be routed itself.
 */

static ngx_uint_t
ngx_household_redis_follow(ngx_household_redis_cmd_t *cmd)
{
    ngx_household_redis_cmd_t  *prev;

    prev = cmd - 1;

    if (cmd->slot != prev->slot
        || prev->fifo == NULL
        || prev->fifo->n >= NGX_HOUSEHOLD_REDIS_MAX_CMDS)
    {
        return 0;
    }

    cmd->tries = prev->tries;
    cmd->replica = prev->replica;

    ngx_household_redis_fifo_push(prev->fifo, cmd);

    return 1;
}


static void
ngx_household_redis_ended(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_redis_t  *redis = op->context;

    ngx_household_redis_route_ended(redis, op, status);
}


/*
 * Checks that all replies came from tracked servers.  Otherwise the value must
 * not be cached as fresh, and the topology may have changed: this worker
 * process, or the tracking one, does not know the new topology yet.
 */

static void
ngx_household_redis_replied(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_str_t                   key;
    ngx_uint_t                  i;
    ngx_household_redis_t      *redis = op->context;
    ngx_household_redis_cmd_t  *cmd;

    ngx_household_redis_route_ended(redis, op, status);

    if (status != NGX_HOUSEHOLD_REDIS_RESULT_OK || redis->stopped) {
        return;
    }

    for (i = 0; i < op->n; i++) {
        cmd = &op->cmds[i];

        if ((op->flags & NGX_HOUSEHOLD_REDIS_NO_REPLICA) && !cmd->moved) {

            /*
             * The replica that the keys were read from before sends the
             * invalidations: it applies all that happens at its primary.
             */

            continue;
        }

        if (i && cmd->server == cmd[-1].server && cmd->sent >= cmd[-1].sent
            && cmd->redirect == cmd[-1].redirect)
        {
            continue;
        }

        if (ngx_household_redis_tracked_check(redis->tracked, cmd->server,
                                              cmd->redirect, cmd->sent)
            == NGX_DECLINED)
        {
            break;
        }
    }

    if (i == op->n) {
        return;
    }

    /* the key is the last argument of the first command */

    cmd = &op->cmds[0];

    key.len = op->key_len;
    key.data = cmd->wire.data + cmd->wire.len - key.len - (sizeof(CRLF) - 1);

    redis->tracked_calls->untracked(redis->tracked_data, &key);

    if (op->flags & NGX_HOUSEHOLD_REDIS_NO_REPLICA) {
        /* redirected to a primary: only its replica is tracked */
        return;
    }

    ngx_household_redis_reader_hurry(redis);
    ngx_household_redis_log_untracked(redis);
    ngx_household_redis_refresh(redis);
}


ngx_uint_t
ngx_household_redis_from_replica(ngx_household_redis_op_t *op)
{
    ngx_uint_t  i;

    for (i = 0; i < op->n; i++) {
        if (op->cmds[i].replica) {
            return 1;
        }
    }

    return 0;
}


/*
 * A change of the topology is known after about a second.  A longer series
 * means that several servers share an address, or that worker processes are
 * connected to different servers.
 */

static void
ngx_household_redis_log_untracked(ngx_household_redis_t *redis)
{
    ngx_msec_t  now;

    now = ngx_current_msec;

    if (redis->nuntracked == 0
        || now - redis->untracked_last > NGX_HOUSEHOLD_REDIS_UNTRACKED_GAP)
    {
        redis->nuntracked = 0;
        redis->untracked_first = now;
    }

    redis->nuntracked++;
    redis->untracked_last = now;

    if (now - redis->untracked_first < NGX_HOUSEHOLD_REDIS_UNTRACKED_LOG) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "household redis \"%V\": server not tracked, several servers "
                  "at one address or name: %ui records not cached",
                  &redis->conf->name, redis->nuntracked);

    redis->nuntracked = 0;

    /* not at once: a reply is being read */
    if (!redis->identify.timer_set) {
        ngx_add_timer(&redis->identify, 1);
    }
}


/*
 * A server that did not reply to INFO for some time, such as by its access
 * control list, is identified in two ways: connections of that time are
 * replaced, but for those in use.
 */

static void
ngx_household_redis_identify_handler(ngx_event_t *ev)
{
    ngx_uint_t                   i;
    ngx_queue_t                 *q;
    ngx_household_redis_peer_t  *peer;
    ngx_household_redis_t       *redis = ev->data;

    for (q = ngx_queue_head(&redis->peers);
         q != ngx_queue_sentinel(&redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        for (i = 0; i < peer->n; i++) {
            if (peer->conns[i].sent.n + peer->conns[i].waiting.n == 0) {
                ngx_household_redis_conn_identify(&peer->conns[i]);
            }
        }
    }
}


void
ngx_household_redis_set_tracked(ngx_household_redis_t *redis,
    ngx_household_redis_tracked_t *tracked,
    const ngx_household_redis_tracked_calls_t *calls, void *data)
{
    redis->tracked = tracked;
    redis->tracked_calls = calls;
    redis->tracked_data = data;

    redis->identify.handler = ngx_household_redis_identify_handler;
    redis->identify.data = redis;
    redis->identify.log = ngx_cycle->log;
    redis->identify.cancelable = 1;

    if (redis->conf->tracking == NGX_HOUSEHOLD_REDIS_TRACKING_ON) {
        ngx_household_redis_reader_start(redis);
    }
}


void
ngx_household_redis_refresh(ngx_household_redis_t *redis)
{
    if (!redis->stopped) {
        redis->topology->refresh(redis);
    }
}


void
ngx_household_redis_count_by(ngx_household_redis_t *redis,
    ngx_household_redis_count_pt handler, void *data)
{
    redis->count = handler;
    redis->count_data = data;
}


void
ngx_household_redis_rechoose(ngx_household_redis_t *redis)
{
    ngx_household_redis_notify_primaries(redis);
    ngx_household_redis_refresh(redis);
}


void
ngx_household_redis_watch_topology(ngx_household_redis_t *redis)
{
    if (!redis->stopped) {
        redis->topology->watch(redis);
    }
}


void
ngx_household_redis_busy(ngx_household_redis_t *redis)
{
    ngx_uint_t  n;

    n = ngx_household_log_limit(&redis->busy, 1);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "household redis \"%V\": command queue full, %ui "
                      "commands dropped",
                      &redis->conf->name, n);
    }
}


static void
ngx_household_redis_abandon(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    /* submit() has returned the status */
}


ngx_uint_t
ngx_household_redis_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    return redis->stopped ? 0 : redis->topology->primaries(redis, nodes, max);
}


void
ngx_household_redis_observe_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_observer_t *observer)
{
    ngx_queue_insert_tail(&redis->observers, &observer->queue);
}


void
ngx_household_redis_unobserve_primaries(
    ngx_household_redis_observer_t *observer)
{
    ngx_queue_remove(&observer->queue);
}
