
/*
 * Dedicated connections.  See ngx_household_redis_dedicated.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_dedicated.h"


struct ngx_household_redis_dedicated_s {
    ngx_household_redis_conn_t                    conn;  /* must be first */
    const ngx_household_redis_dedicated_calls_t  *calls; /* NULL: closed */
    void                                         *data;
    ngx_event_t                                   free_event;
};


static ngx_int_t ngx_household_redis_dedicated_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_dedicated_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_redis_dedicated_ready(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_dedicated_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr);
static ngx_int_t ngx_household_redis_dedicated_push(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_dedicated_quit(
    ngx_household_redis_conn_t *conn);

static void ngx_household_redis_dedicated_orphan(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd,
    ngx_uint_t sent);


static const ngx_household_redis_conn_calls_t
    ngx_household_redis_dedicated_calls =
{
    ngx_household_redis_dedicated_ready,
    NULL,
    ngx_household_redis_dedicated_lost,
    ngx_household_redis_dedicated_orphan,
    NULL,
    ngx_household_redis_dedicated_push,
    ngx_household_redis_dedicated_quit,
    NULL
};


/*
 * The slot map of a large cluster, or an invalidation of many keys, is larger
 * than any record.
 */

const ngx_household_resp_limits_t  ngx_household_redis_dedicated_limits = {
    256 * 1024,                        /* values kept of one reply */
    4 * 1024 * 1024,                   /* bytes kept of one reply */
    256 * 1024,                        /* elements of one array */
    8,                                 /* arrays within arrays */
    8 * 1024 * 1024,                   /* bytes not yet parsed */
    0                                  /* bytes of one value: any */
};


ngx_household_redis_dedicated_t *
ngx_household_redis_dedicated_open(ngx_household_redis_node_t *node,
    const ngx_household_redis_dedicated_calls_t *calls, void *data)
{
    ngx_household_redis_dedicated_t  *dc;

    dc = ngx_alloc(sizeof(ngx_household_redis_dedicated_t), ngx_cycle->log);
    if (dc == NULL) {
        return NULL;
    }

    ngx_memzero(dc, sizeof(ngx_household_redis_dedicated_t));

    dc->calls = calls;
    dc->data = data;
    dc->free_event.handler = ngx_household_redis_dedicated_free_handler;
    dc->free_event.data = dc;
    dc->free_event.log = ngx_cycle->log;

    ngx_household_redis_conn_init(&dc->conn, node,
                                  &ngx_household_redis_dedicated_calls, dc);
    dc->conn.limits = &ngx_household_redis_dedicated_limits;

    /*
     * An invalidation is useful even if it is late.  The owner sends PING to
     * detect that.
     */

    if (calls->quit != NULL) {
        dc->conn.reply_timeout = ngx_max(dc->conn.reply_timeout,
                                  NGX_HOUSEHOLD_REDIS_DEDICATED_REPLY_TIMEOUT);
        dc->conn.resident = 1;
    }

    ngx_household_redis_conn_start(&dc->conn, 0);

    return dc;
}


void
ngx_household_redis_dedicated_close(ngx_household_redis_dedicated_t *dc)
{
    dc->calls = NULL;

    ngx_household_redis_conn_shutdown(&dc->conn);

    /* this may be called from a callback of the connection */
    ngx_post_event(&dc->free_event, &ngx_posted_events);
}


void
ngx_household_redis_dedicated_free_handler(ngx_event_t *ev)
{
    ngx_free(ev->data);
}


void
ngx_household_redis_dedicated_drain(void)
{
    ngx_event_t  *ev;
    ngx_queue_t  *q, *next;

    for (q = ngx_queue_head(&ngx_posted_events);
         q != ngx_queue_sentinel(&ngx_posted_events);
         q = next)
    {
        next = ngx_queue_next(q);
        ev = ngx_queue_data(q, ngx_event_t, queue);

        if (ev->handler == ngx_household_redis_dedicated_free_handler) {
            ngx_delete_posted_event(ev);
            ngx_free(ev->data);
        }
    }
}


ngx_int_t
ngx_household_redis_dedicated_send(ngx_household_redis_dedicated_t *dc,
    ngx_str_t *argv, ngx_uint_t argc,
    ngx_household_redis_dedicated_reply_pt reply)
{
    ngx_int_t                      rc;
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;

    if (dc->conn.state != NGX_HOUSEHOLD_REDIS_CONN_READY) {
        return NGX_DECLINED;
    }

    command.argv = argv;
    command.argc = argc;

    op = ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                       ngx_household_redis_dedicated_reply,
                                       ngx_household_redis_dedicated_done, dc);
    if (op == NULL) {
        return NGX_ERROR;
    }

    op->context = (void *) reply;
    dc->conn.down = 0;

    rc = ngx_household_redis_conn_enqueue(&dc->conn, &op->cmds[0]);

    if (rc != NGX_OK) {
        ngx_free(op);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_redis_dedicated_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_dedicated_t         *dc = op->data;
    ngx_household_redis_dedicated_reply_pt   handler;

    handler = (ngx_household_redis_dedicated_reply_pt) op->context;
    op->context = NULL;

    return dc->calls == NULL ? NGX_OK : handler(dc, reply);
}


static void
ngx_household_redis_dedicated_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_redis_dedicated_t         *dc = op->data;
    ngx_household_redis_dedicated_reply_pt   handler;

    handler = (ngx_household_redis_dedicated_reply_pt) op->context;

    if (handler != NULL && dc->calls != NULL) {
        (void) handler(dc, NULL);
    }
}


void *
ngx_household_redis_dedicated_data(ngx_household_redis_dedicated_t *dc)
{
    return dc->data;
}


ngx_uint_t
ngx_household_redis_dedicated_at_first(ngx_household_redis_dedicated_t *dc)
{
    return ngx_household_redis_conn_at_first(&dc->conn);
}


void
ngx_household_redis_dedicated_reopen(ngx_household_redis_dedicated_t *dc)
{
    ngx_household_redis_conn_reopen(&dc->conn);
}


void
ngx_household_redis_dedicated_identify(ngx_household_redis_dedicated_t *dc)
{
    ngx_household_redis_conn_identify(&dc->conn);
}


ngx_uint_t
ngx_household_redis_dedicated_anonymous(ngx_household_redis_dedicated_t *dc)
{
    return dc->conn.anonymous;
}


size_t
ngx_household_redis_dedicated_addr(ngx_household_redis_dedicated_t *dc,
    u_char *text, size_t len)
{
    return ngx_sock_ntop(&dc->conn.sockaddr.sockaddr, dc->conn.socklen,
                         text, len, 0);
}


uint64_t
ngx_household_redis_dedicated_server(ngx_household_redis_dedicated_t *dc)
{
    return dc->conn.server;
}


ngx_household_redis_node_t *
ngx_household_redis_dedicated_pin(ngx_household_redis_dedicated_t *dc)
{
    return ngx_household_redis_node_pin(dc->conn.node,
                                        &dc->conn.sockaddr.sockaddr,
                                        dc->conn.socklen);
}


static void
ngx_household_redis_dedicated_ready(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_dedicated_t  *dc = conn->data;

    dc->calls->ready(dc);
}


static void
ngx_household_redis_dedicated_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr)
{
    ngx_household_redis_dedicated_t  *dc = conn->data;

    dc->calls->lost(dc, err, errstr);
}


static ngx_int_t
ngx_household_redis_dedicated_push(ngx_household_redis_conn_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_dedicated_t  *dc = conn->data;

    return dc->calls->push(dc, reply);
}


static ngx_int_t
ngx_household_redis_dedicated_quit(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_dedicated_t  *dc = conn->data;

    return dc->calls->quit != NULL ? dc->calls->quit(dc) : NGX_DECLINED;
}


/* not called: all commands are internal, so they fail with the connection */

static void
ngx_household_redis_dedicated_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent)
{
    ngx_household_redis_op_end(cmd->op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
}
