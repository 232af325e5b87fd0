
/*
 * Connections to one node.  See ngx_household_redis_peer.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_peer.h"


#define NGX_HOUSEHOLD_REDIS_AVOID_TIME  1000    /* ms */


static void ngx_household_redis_peer_ready(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_peer_recovered(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_peer_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *what);
static void ngx_household_redis_peer_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);
static ngx_int_t ngx_household_redis_peer_error(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *error);


static const ngx_household_redis_conn_calls_t
    ngx_household_redis_peer_calls =
{
    ngx_household_redis_peer_ready,
    ngx_household_redis_peer_recovered,
    ngx_household_redis_peer_lost,
    ngx_household_redis_peer_orphan,
    ngx_household_redis_peer_error,
    NULL,
    NULL
};


ngx_household_redis_peer_t *
ngx_household_redis_peer_create(ngx_household_redis_node_t *node,
    ngx_uint_t lazy, const ngx_household_redis_peer_calls_t *owner, void *data)
{
    size_t                       size;
    ngx_uint_t                   i, n;
    ngx_household_redis_conn_t  *conn;
    ngx_household_redis_peer_t  *pool;

    n = node->conf->connections;

    size = sizeof(ngx_household_redis_peer_t)
           + (n - 1) * sizeof(ngx_household_redis_conn_t);

    pool = ngx_alloc(size, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    ngx_memzero(pool, size);

    pool->node = ngx_household_redis_node_keep(node);
    pool->owner = owner;
    pool->data = data;
    pool->n = n;

    for (i = 0; i < n; i++) {

        conn = &pool->conns[i];

        ngx_household_redis_conn_init(conn, node,
                                      &ngx_household_redis_peer_calls, pool);
        conn->lazy = lazy ? 1 : 0;

        if (!lazy) {
            /* workers that start together do not connect together */
            ngx_household_redis_conn_start(conn, 1 + ngx_random() % 100);
        }
    }

    return pool;
}


void
ngx_household_redis_peer_destroy(ngx_household_redis_peer_t *pool)
{
    ngx_uint_t  i;

    for (i = 0; i < pool->n; i++) {
        ngx_household_redis_conn_shutdown(&pool->conns[i]);
    }

    ngx_household_redis_node_release(pool->node);
    ngx_free(pool);
}


ngx_int_t
ngx_household_redis_peer_enqueue(ngx_household_redis_peer_t *pool,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_household_redis_conn_t  *conn;

    rc = NGX_DECLINED;

    /*
     * Operations take turns, their commands stay together; those known dead
     * are passed over.
     */

    if (cmd->index == 0) {
        pool->next = (pool->next + 1) % pool->n;
    }

    for (i = 0; i < pool->n; i++) {

        conn = &pool->conns[(pool->next + i) % pool->n];

        rc = ngx_household_redis_conn_enqueue(conn, cmd);

        if (rc == NGX_OK) {
            return NGX_OK;
        }
    }

    return rc;
}


ngx_uint_t
ngx_household_redis_peer_usable(ngx_household_redis_peer_t *pool)
{
    ngx_uint_t  i;

    for (i = 0; i < pool->n; i++) {
        if (!pool->conns[i].down) {
            return 1;
        }
    }

    return 0;
}


void
ngx_household_redis_peer_avoid(ngx_household_redis_peer_t *pool)
{
    pool->is_sick = 1;
    pool->sick = ngx_current_msec + NGX_HOUSEHOLD_REDIS_AVOID_TIME;
}


ngx_uint_t
ngx_household_redis_peer_avoided(ngx_household_redis_peer_t *pool)
{
    if (pool->is_sick
        && (ngx_msec_int_t) (pool->sick - ngx_current_msec) <= 0)
    {
        pool->is_sick = 0;
    }

    return pool->is_sick;
}


void
ngx_household_redis_peer_suspend(ngx_household_redis_peer_t *pool)
{
    ngx_uint_t  i;

    for (i = 0; i < pool->n; i++) {
        ngx_household_redis_conn_suspend(&pool->conns[i]);
    }
}


void
ngx_household_redis_peer_resume(ngx_household_redis_peer_t *pool)
{
    ngx_uint_t  i;

    for (i = 0; i < pool->n; i++) {
        ngx_household_redis_conn_resume(&pool->conns[i]);
    }
}


static void
ngx_household_redis_peer_ready(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_peer_t  *pool = conn->data;

    conn->down = 0;
    pool->down = 0;

    if (!conn->suspect) {
        ngx_household_redis_peer_recovered(conn);
    }

    pool->owner->changed(pool);
}


/* a server that works only until it is used is not up: the log need not tell */

static void
ngx_household_redis_peer_recovered(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_peer_t  *pool = conn->data;

    if (pool->told) {
        pool->told = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household redis \"%V\" %V: server up",
                      &pool->node->conf->name, &pool->node->name);
    }
}


static void
ngx_household_redis_peer_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *what)
{
    ngx_uint_t                   level;
    ngx_household_redis_peer_t  *pool = conn->data;

    if (!conn->down) {

        level = status == NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL ? NGX_LOG_ERR
                                                       : NGX_LOG_INFO;

        ngx_log_error(level, ngx_cycle->log, err,
                      "household redis \"%V\" %V: connection lost: %s",
                      &pool->node->conf->name, &pool->node->name, what);

        pool->owner->changed(pool);
        return;
    }

    /* two reasons that take turns are no news */

    if (!pool->told
        || (ngx_strcmp(pool->what, what) != 0
            && ngx_strcmp(pool->before, what) != 0))
    {

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "household redis \"%V\" %V: server down: %s",
                      &pool->node->conf->name, &pool->node->name, what);

        ngx_memcpy(pool->before, pool->what, sizeof(pool->what));
        (void) ngx_cpystrn(pool->what, (u_char *) what, sizeof(pool->what));
    }

    pool->told = 1;
    pool->down = 1;
    pool->owner->changed(pool);
}


static void
ngx_household_redis_peer_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent)
{
    ngx_household_redis_peer_t  *pool = conn->data;

    pool->owner->orphan(pool, cmd, sent);
}


static ngx_int_t
ngx_household_redis_peer_error(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_str_t *error)
{
    ngx_household_redis_peer_t  *pool = conn->data;

    return pool->owner->error(pool, cmd, error);
}
