
/*
 * Input and output of a connection.  See ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_compiler.h"
#include "ngx_household_redis_conn_private.h"


#define NGX_HOUSEHOLD_REDIS_READ_SIZE    16384
#define NGX_HOUSEHOLD_REDIS_READ_BUDGET  16     /* reads per event */

/* a larger output buffer is freed after it was sent */
#define NGX_HOUSEHOLD_REDIS_OUT_KEEP     65536


static ngx_int_t ngx_household_redis_conn_flush_cmd(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd);
static ngx_household_noinline ngx_int_t ngx_household_redis_conn_flush_first(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd);
static ngx_int_t ngx_household_redis_conn_flush_number(
    ngx_household_redis_conn_t *conn);
static ngx_inline ngx_int_t ngx_household_redis_conn_append(
    ngx_household_redis_conn_t *conn, ngx_str_t *wire);
static ngx_int_t ngx_household_redis_conn_reserve(
    ngx_household_redis_conn_t *conn, size_t len);
static ngx_int_t ngx_household_redis_conn_watch_write(
    ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_conn_process(
    ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_conn_reply(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_conn_deliver(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd,
    ngx_household_resp_reply_t *reply);
static ngx_uint_t ngx_household_redis_conn_is_message(
    ngx_household_redis_cmd_t *cmd, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_conn_protocol_error(
    ngx_household_redis_conn_t *conn, const char *errstr);


ngx_int_t
ngx_household_redis_conn_command(ngx_household_redis_conn_t *conn,
    ngx_str_t *argv, ngx_uint_t argc)
{
    u_char                        *p;
    size_t                         size;
    ngx_household_resp_command_t   command;

    command.argv = argv;
    command.argc = argc;

    size = ngx_household_resp_size(&command);

    if (size == 0 || ngx_household_redis_conn_reserve(conn, size) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_household_resp_encode(conn->out + conn->out_last, &command);
    conn->out_last = p - conn->out;

    return NGX_OK;
}


/*
 * PING with a number is sent after all commands of numbered operations that are
 * written together.  If another command follows, PING does not wait for its
 * reply.
 */

void
ngx_household_redis_conn_flush(ngx_household_redis_conn_t *conn)
{
    ngx_int_t                   rc;
    ngx_uint_t                  numbered;
    ngx_household_redis_cmd_t  *cmd;

    rc = NGX_OK;
    numbered = 0;

    while (rc == NGX_OK
           && (cmd = ngx_household_redis_fifo_head(&conn->waiting)) != NULL)
    {
        if (cmd->op->flags & NGX_HOUSEHOLD_REDIS_NUMBERED) {
            numbered = 1;

        } else if (numbered) {
            numbered = 0;
            rc = ngx_household_redis_conn_flush_number(conn);

            if (rc != NGX_OK) {
                break;
            }
        }

        rc = ngx_household_redis_conn_flush_cmd(conn, cmd);
    }

    if (rc == NGX_OK && numbered) {
        rc = ngx_household_redis_conn_flush_number(conn);
    }

    if (rc != NGX_OK) {
        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                           "no memory");
        return;
    }

    ngx_household_redis_conn_arm_reply_timer(conn);
    ngx_household_redis_conn_send(conn);
}


static ngx_int_t
ngx_household_redis_conn_flush_cmd(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd)
{
    cmd->skip = 0;

    if ((cmd->asking || cmd->moved)
        && ngx_household_redis_conn_flush_first(conn, cmd) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_household_redis_conn_append(conn, &cmd->wire) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_household_redis_fifo_push(&conn->sent, cmd);

    cmd->sent = ngx_current_msec;
    cmd->redirect = conn->redirect;
    cmd->on_wire = 1;

    return NGX_OK;
}


/* the reply to what is sent first is skipped */

static ngx_household_noinline ngx_int_t
ngx_household_redis_conn_flush_first(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd)
{
    static ngx_str_t  asking = ngx_string("*1\r\n$6\r\nASKING\r\n");
    static ngx_str_t  ping = ngx_string("*1\r\n$4\r\nPING\r\n");

    cmd->skip = 1;

    return ngx_household_redis_conn_append(conn, cmd->asking ? &asking : &ping);
}


static ngx_int_t
ngx_household_redis_conn_flush_number(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_cmd_t  *cmd;

    cmd = ngx_household_redis_conn_number();

    if (cmd == NULL) {
        return NGX_ERROR;
    }

    if (ngx_household_redis_conn_flush_cmd(conn, cmd) != NGX_OK) {
        ngx_household_redis_conn_number_free(cmd);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_inline ngx_int_t
ngx_household_redis_conn_append(ngx_household_redis_conn_t *conn,
    ngx_str_t *wire)
{
    if (conn->out_size - conn->out_last < wire->len
        && ngx_household_redis_conn_reserve(conn, wire->len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(conn->out + conn->out_last, wire->data, wire->len);
    conn->out_last += wire->len;

    return NGX_OK;
}


/* makes room for "len" bytes in the output buffer */

static ngx_int_t
ngx_household_redis_conn_reserve(ngx_household_redis_conn_t *conn, size_t len)
{
    u_char  *p;
    size_t   size, used;

    if (conn->out_size - conn->out_last >= len) {
        return NGX_OK;
    }

    used = conn->out_last - conn->out_pos;
    size = ngx_max(4096, conn->out_size);

    while (size - used < len) {
        size *= 2;
    }

    p = ngx_alloc(size, ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (conn->out != NULL) {
        ngx_memcpy(p, conn->out + conn->out_pos, used);
        ngx_free(conn->out);
    }

    conn->out = p;
    conn->out_size = size;
    conn->out_pos = 0;
    conn->out_last = used;

    return NGX_OK;
}


void
ngx_household_redis_conn_send(ngx_household_redis_conn_t *conn)
{
    u_char             last[1];
    ssize_t            n;
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = conn->peer.connection;

    while (conn->out_pos < conn->out_last) {

        n = c->send(c, conn->out + conn->out_pos,
                    conn->out_last - conn->out_pos);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            err = ngx_socket_errno;

            if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_HANDSHAKE) {
                /* reads a TLS alert, if any, to log the cause */
                (void) c->recv(c, last, 1);
            }

            conn->events->lost(conn,
                               NGX_HOUSEHOLD_REDIS_RESULT_DOWN, err,
                               "send() failed");
            return;
        }

        conn->out_pos += n;
    }

    if (conn->out_pos == conn->out_last) {
        conn->out_pos = 0;
        conn->out_last = 0;

        if (conn->out_size > NGX_HOUSEHOLD_REDIS_OUT_KEEP) {
            ngx_free(conn->out);
            conn->out = NULL;
            conn->out_size = 0;
        }
    }

    if (ngx_household_redis_conn_watch_write(conn) != NGX_OK) {
        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                           "ngx_handle_write_event() failed");
        return;
    }

    conn->events->idle(conn);
}


/*
 * A UNIX domain socket becomes writable anew whenever the server has read.
 * Unless something is left to be sent, that is no event to wake up for.
 */

static ngx_int_t
ngx_household_redis_conn_watch_write(ngx_household_redis_conn_t *conn)
{
    ngx_event_t  *wev;

    wev = conn->peer.connection->write;

    if (wev->active && wev->ready
        && (ngx_event_flags & NGX_USE_EPOLL_EVENT)
        && conn->peer.sockaddr->sa_family == AF_UNIX)
    {
        return ngx_del_event(wev, NGX_WRITE_EVENT, NGX_CLEAR_EVENT);
    }

    return ngx_handle_write_event(wev, 0);
}


void
ngx_household_redis_conn_write_handler(ngx_event_t *wev)
{
    const char                  *errstr;
    ngx_connection_t            *c;
    ngx_household_redis_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    if (wev->timedout) {
        errstr = conn->state == NGX_HOUSEHOLD_REDIS_CONN_CONNECTING
                 ? "connect() failed" : "timed out";

        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN,
                           NGX_ETIMEDOUT, errstr);
        return;
    }

    if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_CONNECTING) {
        conn->events->connected(conn);
        return;
    }

    ngx_household_redis_conn_send(conn);
}


void
ngx_household_redis_conn_read_handler(ngx_event_t *rev)
{
    u_char                       buf[NGX_HOUSEHOLD_REDIS_READ_SIZE];
    ssize_t                      n;
    ngx_uint_t                   i;
    ngx_connection_t            *c;
    ngx_household_redis_conn_t  *conn;

    c = rev->data;
    conn = c->data;

    if (c->close) {
        conn->events->quit(conn);
        return;
    }

    if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_CONNECTING) {
        conn->events->connected(conn);

        if (conn->state != NGX_HOUSEHOLD_REDIS_CONN_HANDSHAKE) {
            return;
        }
    }

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_READ_BUDGET; i++) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN,
                               n == 0 ? 0 : ngx_socket_errno,
                               n == 0 ? "connection closed by peer"
                               : "recv() failed");
            return;
        }

        conn->received = ngx_current_msec;

        if (ngx_household_resp_feed(conn->resp, buf, n) != NGX_OK) {
            ngx_household_redis_conn_protocol_error(conn,
                                          ngx_household_resp_error(conn->resp));
            return;
        }

        if (ngx_household_redis_conn_process(conn) != NGX_OK) {
            return;
        }

        if (!rev->ready) {
            break;
        }
    }

    if (conn->replied) {
        conn->events->replied(conn);
    }

    ngx_household_redis_conn_complete_ops(conn, NGX_HOUSEHOLD_REDIS_RESULT_OK);

    if (conn->peer.connection != c) {
        return;
    }

    if (i == NGX_HOUSEHOLD_REDIS_READ_BUDGET) {
        /* lets other connections be processed before the remaining data */
        ngx_post_event(rev, &ngx_posted_next_events);
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                           "ngx_handle_read_event() failed");
        return;
    }

    conn->events->idle(conn);
}


/* returns NGX_OK, or NGX_ERROR if the connection was closed */

static ngx_int_t
ngx_household_redis_conn_process(ngx_household_redis_conn_t *conn)
{
    ngx_int_t                    rc;
    ngx_household_resp_reply_t   reply;

    while (conn->resp != NULL) {

        rc = ngx_household_resp_next(conn->resp, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_household_redis_conn_protocol_error(conn,
                                          ngx_household_resp_error(conn->resp));
            return NGX_ERROR;
        }

        if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY) {

            if (ngx_household_redis_conn_reply(conn, &reply) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (conn->events->handshake(conn, &reply) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_household_redis_conn_reply(ngx_household_redis_conn_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_int_t                   rc;
    ngx_household_redis_cmd_t  *cmd;

    cmd = ngx_household_redis_fifo_head(&conn->sent);

    if (conn->owner->push != NULL
        && ngx_household_redis_conn_is_message(cmd, reply))
    {
        rc = conn->owner->push(conn, reply);

        if (rc != NGX_OK && !conn->stopped) {
            conn->events->lost(conn,
                               NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL,
                               0, "invalid push message");
        }

        return rc;
    }

    if (cmd == NULL) {
        ngx_household_redis_conn_protocol_error(conn,
                                               "unexpected reply");
        return NGX_ERROR;
    }

    if (cmd->skip) {
        cmd->skip = 0;

        if (reply->values[0].type == NGX_HOUSEHOLD_RESP_STATUS
            || reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR)
        {
            /* to ASKING or PING; if it failed, the command fails, too */
            return NGX_OK;
        }

        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL, 0,
                           "reply does not match the command");
        return NGX_ERROR;
    }

    conn->replied = 1;

    if (cmd->op == NULL) {

        if (ngx_household_redis_conn_number_reply(conn, cmd, reply) == NGX_OK) {
            return NGX_OK;
        }

        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL, 0,
                           "reply does not match the command");
        return NGX_ERROR;
    }

    cmd->server = conn->server;

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR
        && !cmd->op->ended && conn->owner->error != NULL
        && !(cmd->op->flags & NGX_HOUSEHOLD_REDIS_OWN))
    {
        if (conn->owner->error(conn, cmd, &reply->values[0].str) == NGX_OK) {
            return NGX_OK;
        }
    }

    return ngx_household_redis_conn_deliver(conn, cmd, reply);
}


static ngx_int_t
ngx_household_redis_conn_deliver(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_household_resp_reply_t *reply)
{
    ngx_int_t                  rc;
    ngx_household_redis_op_t  *op;

    op = cmd->op;
    rc = ngx_household_redis_op_reply(cmd, reply);

    switch (rc) {

    case NGX_DONE:

        if (conn->resp == NULL) {
            /* op->reply() has closed the connection */
            ngx_household_redis_op_complete(op, NGX_HOUSEHOLD_REDIS_RESULT_OK);
            return NGX_ERROR;
        }

        ngx_queue_insert_tail(&conn->answered, &op->answered);
        return NGX_OK;

    case NGX_AGAIN:

        if (conn->resp == NULL) {
            ngx_household_redis_op_end(op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
            return NGX_ERROR;
        }

        ngx_household_redis_fifo_push(&conn->unverified, cmd);
        return NGX_OK;

    case NGX_OK:
        return NGX_OK;

    default: /* NGX_ERROR */
        break;
    }

    if (!conn->stopped) {
        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL, 0,
                           "reply does not match the command");
    }

    return NGX_ERROR;
}


/* data are malformed: the first command in flight is taken for the cause */

static void
ngx_household_redis_conn_protocol_error(ngx_household_redis_conn_t *conn,
    const char *errstr)
{
    ngx_household_redis_cmd_t  *cmd;

    cmd = ngx_household_redis_fifo_head(&conn->sent);

    if (cmd != NULL && cmd->op != NULL) {
        /* if resent, the command would break the next connection, too */
        ngx_household_redis_op_end(cmd->op,
                                   NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL);
    }

    conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL, 0,
                       errstr);
}


/*
 * Returns 1 for a message of a subscription: either no command is in flight, or
 * the first element is "message" or "pmessage", as in no reply to a command of
 * a subscriber.
 */

static ngx_uint_t
ngx_household_redis_conn_is_message(ngx_household_redis_cmd_t *cmd,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_resp_value_t  *v;

    if (cmd == NULL) {
        return 1;
    }

    v = reply->values;

    return v[0].type == NGX_HOUSEHOLD_RESP_ARRAY
           && reply->nvalues > 1
           && v[1].type == NGX_HOUSEHOLD_RESP_BULK
           && ((v[1].str.len == 7
                && ngx_strncmp(v[1].str.data, "message", 7) == 0)
               || (v[1].str.len == 8
                   && ngx_strncmp(v[1].str.data, "pmessage", 8) == 0));
}
