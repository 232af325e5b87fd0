
/*
 * One command on a connection of its own.  See ngx_household_redis_query.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_query.h"
#include "ngx_household_redis_dedicated.h"


struct ngx_household_redis_query_s {
    ngx_household_redis_conn_t     conn;        /* must be first */
    ngx_household_redis_query_pt   handler;
    void                          *data;
    ngx_household_redis_op_t      *op;
    ngx_event_t                    timer;
    ngx_event_t                    free_event;
};


static ngx_int_t ngx_household_redis_query_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static void ngx_household_redis_query_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_redis_query_ready(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_query_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr);
static void ngx_household_redis_query_timeout(ngx_event_t *ev);
static void ngx_household_redis_query_end(ngx_household_redis_query_t *query,
    ngx_household_resp_reply_t *reply, const char *err);
static void ngx_household_redis_query_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);


static const ngx_household_redis_conn_calls_t
    ngx_household_redis_query_calls =
{
    ngx_household_redis_query_ready,
    NULL,
    ngx_household_redis_query_lost,
    ngx_household_redis_query_orphan,
    NULL,
    NULL,
    NULL,
    NULL
};


ngx_household_redis_query_t *
ngx_household_redis_query(ngx_household_redis_node_t *node, ngx_str_t *argv,
    ngx_uint_t argc, ngx_msec_t timeout, ngx_household_redis_query_pt handler,
    void *data)
{
    ngx_household_redis_query_t   *query;
    ngx_household_resp_command_t   command;

    query = ngx_alloc(sizeof(ngx_household_redis_query_t), ngx_cycle->log);
    if (query == NULL) {
        return NULL;
    }

    ngx_memzero(query, sizeof(ngx_household_redis_query_t));

    command.argv = argv;
    command.argc = argc;

    query->op = ngx_household_redis_op_create(&command, 1,
                                              NGX_HOUSEHOLD_REDIS_OWN,
                                              ngx_household_redis_query_reply,
                                              ngx_household_redis_query_done,
                                              query);
    if (query->op == NULL) {
        ngx_free(query);
        return NULL;
    }

    query->handler = handler;
    query->data = data;

    query->timer.handler = ngx_household_redis_query_timeout;
    query->timer.data = query;
    query->timer.log = ngx_cycle->log;
    query->timer.cancelable = 1;
    ngx_add_timer(&query->timer, timeout);

    query->free_event.handler = ngx_household_redis_dedicated_free_handler;
    query->free_event.data = query;
    query->free_event.log = ngx_cycle->log;

    ngx_household_redis_conn_init(&query->conn, node,
                                  &ngx_household_redis_query_calls, query);

    query->conn.once = 1;
    query->conn.reply_timeout = timeout;
    query->conn.limits = &ngx_household_redis_dedicated_limits;

    ngx_household_redis_conn_start(&query->conn, 0);

    return query;
}


size_t
ngx_household_redis_query_addr(ngx_household_redis_query_t *query, u_char *text,
    size_t len)
{
    return ngx_sock_ntop(&query->conn.sockaddr.sockaddr, query->conn.socklen,
                         text, len, 0);
}


void
ngx_household_redis_query_cancel(ngx_household_redis_query_t *query)
{
    query->handler = NULL;
    ngx_household_redis_query_end(query, NULL, NULL);
}


static void
ngx_household_redis_query_ready(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_query_t  *query = conn->data;

    conn->down = 0;
    (void) ngx_household_redis_conn_enqueue(conn, &query->op->cmds[0]);
}


static ngx_int_t
ngx_household_redis_query_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_query_end(op->data, reply, NULL);

    return NGX_OK;
}


static void
ngx_household_redis_query_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_redis_query_t  *query = op->data;

    query->op = NULL;
}


static void
ngx_household_redis_query_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr)
{
    ngx_household_redis_query_end(conn->data, NULL, errstr);
}


static void
ngx_household_redis_query_timeout(ngx_event_t *ev)
{
    ngx_household_redis_query_end(ev->data, NULL, "timed out");
}


static void
ngx_household_redis_query_end(ngx_household_redis_query_t *query,
    ngx_household_resp_reply_t *reply, const char *err)
{
    ngx_household_redis_query_pt  handler;

    handler = query->handler;
    query->handler = NULL;

    if (query->free_event.posted) {
        return;
    }

    ngx_post_event(&query->free_event, &ngx_posted_events);

    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    /* the reply is in the memory of the connection */

    if (handler != NULL) {
        handler(query->data, reply, err);
    }

    ngx_household_redis_conn_shutdown(&query->conn);

    if (query->op != NULL) {
        /* the command was not sent, or its reply is being read */
        ngx_household_redis_op_end(query->op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }
}


/* not called: the command is internal, so it fails with its connection */

static void
ngx_household_redis_query_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent)
{
    ngx_household_redis_op_end(cmd->op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
}
