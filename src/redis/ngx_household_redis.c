
/*
 * A Redis deployment of this worker.  See ngx_household_redis.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"
#include "ngx_household_redis_keyslot.h"


static void ngx_household_redis_abandon(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


ngx_household_redis_t *
ngx_household_redis_create(ngx_cycle_t *cycle,
    ngx_household_redis_options_t *conf)
{
    ngx_household_redis_t                 *redis;
    const ngx_household_redis_topology_t  *kind;

    redis = ngx_pcalloc(cycle->pool, sizeof(ngx_household_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    if (conf->cluster) {
        kind = &ngx_household_redis_cluster;

    } else if (conf->sentinels.nelts) {
        kind = &ngx_household_redis_sentinel;

    } else {
        kind = &ngx_household_redis_standalone;
    }

    ngx_household_redis_route_init(redis, conf, kind);

    if (kind->create(redis, cycle->pool) != NGX_OK) {
        return NULL;
    }

    return redis;
}


void
ngx_household_redis_destroy(ngx_household_redis_t *redis)
{
    redis->stopped = 1;
    redis->kind->destroy(redis);

    ngx_household_redis_route_stop(redis);
    ngx_household_redis_dedicated_drain();
}


ngx_household_redis_op_t *
ngx_household_redis_submit(ngx_household_redis_t *redis,
    ngx_household_resp_command_t *commands, ngx_str_t *keys, ngx_uint_t n,
    ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data,
    ngx_household_redis_result_e *status)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_household_redis_op_t  *op;

    op = ngx_household_redis_op_create(commands, n, flags, reply, done, data);
    if (op == NULL) {
        *status = NGX_HOUSEHOLD_REDIS_RESULT_BUSY;
        return NULL;
    }

    for (i = 0; i < n; i++) {

        if (redis->conf->cluster) {
            op->cmds[i].slot = ngx_household_redis_keyslot(&keys[i]);
        }

        rc = ngx_household_redis_route(redis, &op->cmds[i]);

        if (rc != NGX_OK) {
            *status = rc == NGX_BUSY ? NGX_HOUSEHOLD_REDIS_RESULT_BUSY
                                     : NGX_HOUSEHOLD_REDIS_RESULT_DOWN;

            if (rc == NGX_BUSY) {
                ngx_household_redis_busy(redis);
            }

            op->done = ngx_household_redis_abandon;
            ngx_household_redis_op_end(op, *status);
            return NULL;
        }
    }

    if (flags & NGX_HOUSEHOLD_REDIS_LATE) {
        ngx_household_redis_deadlines_add(&redis->late, op);
        ngx_household_redis_op_await(op, 0);

    } else {
        ngx_household_redis_deadlines_add(&redis->deadlines, op);
    }

    return op;
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
    /* it was not started: the caller is told so otherwise */
}


void
ngx_household_redis_log_error(ngx_household_redis_t *redis, const char *what,
    ngx_str_t *error)
{
    ngx_str_t    code;
    ngx_uint_t   n, level;

    n = ngx_household_log_limit(&redis->errors, 1);

    if (n == 0) {
        return;
    }

    code = ngx_household_redis_error_code(error);
    level = ngx_household_redis_error_transient(&code)
            ? NGX_LOG_WARN
            : NGX_LOG_ERR;

    ngx_log_error(level, ngx_cycle->log, 0,
                  "household redis \"%V\": %s failed: error reply %V, "
                  "%ui suppressed",
                  &redis->conf->name, what, &code, n - 1);
}


ngx_uint_t
ngx_household_redis_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_node_t **nodes, ngx_uint_t max)
{
    return redis->stopped ? 0 : redis->kind->primaries(redis, nodes, max);
}


void
ngx_household_redis_observe_primaries(ngx_household_redis_t *redis,
    ngx_household_redis_observer_t *watch)
{
    ngx_queue_insert_tail(&redis->watches, &watch->queue);
}


void
ngx_household_redis_unobserve_primaries(ngx_household_redis_observer_t *watch)
{
    ngx_queue_remove(&watch->queue);
}
