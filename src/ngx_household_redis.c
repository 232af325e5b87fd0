
/*
 * A Redis deployment of this worker.  See ngx_household_redis.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"
#include "ngx_household_redis_conn.h"


/* ms between two lines about errors that an operator must mend */
#define NGX_HOUSEHOLD_REDIS_LOG_INTERVAL  1000

#define NGX_HOUSEHOLD_REDIS_CODE_LEN      32


ngx_household_redis_t *
ngx_household_redis_create(ngx_cycle_t *cycle,
    ngx_household_redis_conf_t *conf)
{
    ngx_uint_t              i;
    ngx_household_redis_t  *redis;

    redis = ngx_pcalloc(cycle->pool, sizeof(ngx_household_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->conf = conf;
    redis->logged = ngx_current_msec - NGX_HOUSEHOLD_REDIS_LOG_INTERVAL;

    redis->conns = ngx_palloc(cycle->pool, conf->connections
                                        * sizeof(ngx_household_redis_conn_t));
    if (redis->conns == NULL) {
        return NULL;
    }

    for (i = 0; i < conf->connections; i++) {
        ngx_household_redis_conn_init(&redis->conns[i], redis, cycle);
    }

    return redis;
}


void
ngx_household_redis_destroy(ngx_household_redis_t *redis)
{
    ngx_uint_t  i;

    for (i = 0; i < redis->conf->connections; i++) {
        ngx_household_redis_conn_shutdown(&redis->conns[i]);
    }
}


ngx_household_redis_op_t *
ngx_household_redis_submit(ngx_household_redis_t *redis, ngx_str_t *commands,
    ngx_str_t *keys, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data, ngx_household_redis_status_e *status)
{
    ngx_uint_t                   i;
    ngx_household_redis_op_t    *op;
    ngx_household_redis_conn_t  *conn;

    /* each in turn, and past those known dead */

    for (i = 0; i < redis->conf->connections; i++) {

        conn = &redis->conns[redis->next];
        redis->next = (redis->next + 1) % redis->conf->connections;

        op = ngx_household_redis_conn_submit(conn, commands, n, reply, done,
                                             data, status);

        if (op != NULL) {
            return op;
        }
    }

    return NULL;
}


void
ngx_household_redis_log_error(ngx_household_redis_t *redis, ngx_str_t *error)
{
    ngx_str_t    code;
    ngx_uint_t   i, level;

    static ngx_str_t  transient[] = {
        ngx_string("LOADING"),
        ngx_string("READONLY"),
        ngx_string("CLUSTERDOWN"),
        ngx_string("TRYAGAIN"),
        ngx_string("MASTERDOWN"),
        ngx_null_string
    };

    if (ngx_current_msec - redis->logged < NGX_HOUSEHOLD_REDIS_LOG_INTERVAL) {
        redis->unlogged++;
        return;
    }

    code = ngx_household_redis_error_code(error);
    level = NGX_LOG_ERR;

    for (i = 0; transient[i].len; i++) {
        if (code.len == transient[i].len
            && ngx_strncmp(code.data, transient[i].data, code.len) == 0)
        {
            level = NGX_LOG_WARN;
            break;
        }
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "household_redis \"%V\": a lookup was answered %V, "
                  "%ui more errors since the last such line",
                  &redis->conf->name, &code, redis->unlogged);

    redis->logged = ngx_current_msec;
    redis->unlogged = 0;
}


ngx_str_t
ngx_household_redis_error_code(ngx_str_t *error)
{
    size_t     i;
    ngx_str_t  code;

    for (i = 0; i < error->len; i++) {
        if (error->data[i] < 'A' || error->data[i] > 'Z') {
            break;
        }
    }

    if (i == 0 || i > NGX_HOUSEHOLD_REDIS_CODE_LEN
        || (i < error->len && error->data[i] != ' '))
    {
        ngx_str_set(&code, "ERR");
        return code;
    }

    code.data = error->data;
    code.len = i;

    return code;
}
