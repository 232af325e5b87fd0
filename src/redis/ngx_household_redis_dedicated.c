
/*
 * Connections for one purpose.  See ngx_household_redis_dedicated.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_dedicated.h"


struct ngx_household_redis_dedicated_s {
    ngx_household_redis_conn_t                    conn;  /* must be first */
    const ngx_household_redis_dedicated_calls_t  *calls;
    void                                         *data;
    ngx_event_t                                   gone;  /* frees it */
};


static ngx_int_t ngx_household_redis_dedicated_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_dedicated_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_redis_dedicated_ready(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_dedicated_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *what);
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
    ngx_household_redis_dedicated_quit
};


/*
 * The slot map of a large cluster, or the keys of many changes at a time, are
 * larger than any record.
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
    ngx_household_redis_dedicated_t  *link;

    link = ngx_alloc(sizeof(ngx_household_redis_dedicated_t), ngx_cycle->log);
    if (link == NULL) {
        return NULL;
    }

    ngx_memzero(link, sizeof(ngx_household_redis_dedicated_t));

    link->calls = calls;
    link->data = data;
    link->gone.handler = ngx_household_redis_dedicated_free_handler;
    link->gone.data = link;
    link->gone.log = ngx_cycle->log;

    ngx_household_redis_conn_init(&link->conn, node,
                                  &ngx_household_redis_dedicated_calls, link);
    link->conn.limits = &ngx_household_redis_dedicated_limits;

    /*
     * What is received by a link that stays is of use however late it comes.
     * That it comes late is found out by whoever sends a PING.
     */

    if (calls->quit != NULL) {
        link->conn.silence = ngx_max(link->conn.silence,
                                     NGX_HOUSEHOLD_REDIS_LINK_SILENCE);
        link->conn.resident = 1;
    }

    ngx_household_redis_conn_start(&link->conn, 0);

    return link;
}


void
ngx_household_redis_dedicated_close(ngx_household_redis_dedicated_t *link)
{
    link->calls = NULL;

    ngx_household_redis_conn_shutdown(&link->conn);

    /* the caller may be one of our own calls */
    ngx_post_event(&link->gone, &ngx_posted_events);
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
ngx_household_redis_dedicated_send(ngx_household_redis_dedicated_t *link,
    ngx_str_t *argv, ngx_uint_t argc,
    ngx_household_redis_dedicated_reply_pt reply)
{
    ngx_int_t                      rc;
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;

    if (link->conn.state != NGX_HOUSEHOLD_REDIS_CONN_READY) {
        return NGX_DECLINED;
    }

    command.argv = argv;
    command.argc = argc;

    op = ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                       ngx_household_redis_dedicated_reply,
                                       ngx_household_redis_dedicated_done,
                                       link);
    if (op == NULL) {
        return NGX_ERROR;
    }

    op->context = (void *) reply;
    link->conn.down = 0;

    rc = ngx_household_redis_conn_enqueue(&link->conn, &op->cmds[0]);

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
    ngx_household_redis_dedicated_t         *link = op->data;
    ngx_household_redis_dedicated_reply_pt   handler;

    handler = (ngx_household_redis_dedicated_reply_pt) op->context;
    op->context = NULL;

    return link->calls == NULL ? NGX_OK : handler(link, reply);
}


static void
ngx_household_redis_dedicated_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_redis_dedicated_t         *link = op->data;
    ngx_household_redis_dedicated_reply_pt   handler;

    handler = (ngx_household_redis_dedicated_reply_pt) op->context;

    if (handler != NULL && link->calls != NULL) {
        (void) handler(link, NULL);
    }
}


void *
ngx_household_redis_dedicated_data(ngx_household_redis_dedicated_t *link)
{
    return link->data;
}


ngx_uint_t
ngx_household_redis_dedicated_at_first(ngx_household_redis_dedicated_t *link)
{
    return ngx_household_redis_conn_at_first(&link->conn);
}


void
ngx_household_redis_dedicated_reopen(ngx_household_redis_dedicated_t *link)
{
    ngx_household_redis_conn_reopen(&link->conn);
}


size_t
ngx_household_redis_dedicated_addr(ngx_household_redis_dedicated_t *link,
    u_char *text, size_t len)
{
    return ngx_sock_ntop(&link->conn.sockaddr.sockaddr, link->conn.socklen,
                         text, len, 0);
}


uint64_t
ngx_household_redis_dedicated_server(ngx_household_redis_dedicated_t *link)
{
    return link->conn.server;
}


ngx_household_redis_node_t *
ngx_household_redis_dedicated_pin(ngx_household_redis_dedicated_t *link)
{
    return ngx_household_redis_node_pin(link->conn.node,
                                        &link->conn.sockaddr.sockaddr,
                                        link->conn.socklen);
}


static void
ngx_household_redis_dedicated_ready(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_dedicated_t  *link = conn->data;

    link->calls->ready(link);
}


static void
ngx_household_redis_dedicated_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *what)
{
    ngx_household_redis_dedicated_t  *link = conn->data;

    link->calls->lost(link, err, what);
}


static ngx_int_t
ngx_household_redis_dedicated_push(ngx_household_redis_conn_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_dedicated_t  *link = conn->data;

    return link->calls->push(link, reply);
}


static ngx_int_t
ngx_household_redis_dedicated_quit(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_dedicated_t  *link = conn->data;

    return link->calls->quit != NULL ? link->calls->quit(link) : NGX_DECLINED;
}


/* there are none: all commands are the connections' own */

static void
ngx_household_redis_dedicated_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent)
{
    ngx_household_redis_op_end(cmd->op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
}
