
/*
 * One connection to Redis: the bytes.  See ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis_conn.h"


#define NGX_HOUSEHOLD_REDIS_READ_SIZE    16384
#define NGX_HOUSEHOLD_REDIS_READ_BUDGET  16     /* reads per event */

/* a buffer that a burst has made larger than this is given back */
#define NGX_HOUSEHOLD_REDIS_OUT_KEEP     65536


static ngx_int_t ngx_household_redis_append(ngx_household_redis_conn_t *conn,
    ngx_str_t *wire);
static ngx_int_t ngx_household_redis_process(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_settle(ngx_household_redis_conn_t *conn);


ngx_int_t
ngx_household_redis_conn_command(ngx_household_redis_conn_t *conn,
    ngx_str_t *argv, ngx_uint_t argc)
{
    ngx_int_t  rc;
    ngx_str_t  wire;

    if (ngx_household_resp_encode(argv, argc, &wire) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_household_redis_append(conn, &wire);

    ngx_household_resp_free(&wire);

    return rc;
}


void
ngx_household_redis_conn_flush(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_op_t  *op;

    for ( ;; ) {

        op = ngx_household_redis_queue_waiting(&conn->queue);

        if (op == NULL) {
            break;
        }

        if (ngx_household_redis_append(conn, &op->wire) != NGX_OK) {
            ngx_household_redis_queue_finish(&conn->queue, op,
                                             NGX_HOUSEHOLD_REDIS_BUSY);
            continue;
        }

        ngx_household_redis_queue_send(&conn->queue);
    }

    ngx_household_redis_conn_send(conn);
}


static ngx_int_t
ngx_household_redis_append(ngx_household_redis_conn_t *conn, ngx_str_t *wire)
{
    u_char  *p;
    size_t   size, used;

    if (conn->out_size - conn->out_last < wire->len) {

        used = conn->out_last - conn->out_pos;
        size = ngx_max(4096, conn->out_size);

        while (size - used < wire->len) {
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
    }

    ngx_memcpy(conn->out + conn->out_last, wire->data, wire->len);
    conn->out_last += wire->len;

    return NGX_OK;
}


void
ngx_household_redis_conn_send(ngx_household_redis_conn_t *conn)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = conn->peer.connection;

    while (conn->out_pos < conn->out_last) {

        n = c->send(c, conn->out + conn->out_pos,
                    conn->out_last - conn->out_pos);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN,
                                          ngx_socket_errno, "send() failed");
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

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN, 0,
                                      "the event could not be added");
        return;
    }

    ngx_household_redis_settle(conn);
}


void
ngx_household_redis_conn_write_handler(ngx_event_t *wev)
{
    const char                  *what;
    ngx_connection_t            *c;
    ngx_household_redis_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    if (wev->timedout) {
        what = conn->state == NGX_HOUSEHOLD_REDIS_CONNECTING
               ? "connect() failed" : "it does not answer";

        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN,
                                      NGX_ETIMEDOUT, what);
        return;
    }

    if (conn->state == NGX_HOUSEHOLD_REDIS_CONNECTING) {
        ngx_household_redis_conn_connected(conn);
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
        /* the worker quits: idle, or out of time */
        ngx_household_redis_conn_close(conn);
        ngx_household_redis_queue_fail(&conn->queue);
        return;
    }

    if (conn->state == NGX_HOUSEHOLD_REDIS_CONNECTING) {
        ngx_household_redis_conn_connected(conn);

        if (conn->state == NGX_HOUSEHOLD_REDIS_CLOSED) {
            return;
        }
    }

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_READ_BUDGET; i++) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN,
                                          n == 0 ? 0 : ngx_socket_errno,
                                          n == 0 ? "it closed the connection"
                                                 : "recv() failed");
            return;
        }

        if (ngx_household_resp_feed(conn->resp, buf, n) != NGX_OK) {
            ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_PROTOCOL, 0,
                                          ngx_household_resp_error(conn->resp));
            return;
        }

        if (ngx_household_redis_process(conn) != NGX_OK) {
            return;
        }
    }

    if (i == NGX_HOUSEHOLD_REDIS_READ_BUDGET) {
        /* others want a turn, too */
        ngx_post_event(rev, &ngx_posted_events);
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN, 0,
                                      "the event could not be added");
        return;
    }

    ngx_household_redis_settle(conn);
}


/* returns NGX_OK, or NGX_ERROR if the connection is no more */

static ngx_int_t
ngx_household_redis_process(ngx_household_redis_conn_t *conn)
{
    u_char                       what[NGX_HOUSEHOLD_REDIS_WHAT];
    ngx_int_t                    rc;
    ngx_household_redis_op_t    *op;
    ngx_household_resp_reply_t   reply;

    for ( ;; ) {

        rc = ngx_household_resp_next(conn->resp, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_PROTOCOL, 0,
                                          ngx_household_resp_error(conn->resp));
            return NGX_ERROR;
        }

        if (conn->state == NGX_HOUSEHOLD_REDIS_HANDSHAKE) {

            if (ngx_household_redis_conn_handshake_reply(conn, &reply, what,
                                                         sizeof(what))
                != NGX_OK)
            {
                ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN, 0,
                                              (char *) what);
                return NGX_ERROR;
            }

            if (conn->steps == 0) {
                ngx_household_redis_conn_ready(conn);

                if (conn->state != NGX_HOUSEHOLD_REDIS_READY) {
                    return NGX_ERROR;
                }
            }

            continue;
        }

        op = ngx_household_redis_queue_sent(&conn->queue);

        if (op == NULL) {
            ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_PROTOCOL, 0,
                                          "it sent a reply to no command");
            return NGX_ERROR;
        }

        op->answered = 1;

        if (!op->dead && op->reply(op, &reply) != NGX_OK) {
            ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_PROTOCOL, 0,
                                          "it sent a reply of another command");
            return NGX_ERROR;
        }

        if (--op->expected == 0) {
            conn->failures = 0;
            ngx_household_redis_queue_finish(&conn->queue, op,
                                             NGX_HOUSEHOLD_REDIS_OK);
        }
    }
}


/* nothing in flight: nginx may close it when it quits, or it does so here */

static void
ngx_household_redis_settle(ngx_household_redis_conn_t *conn)
{
    if (conn->state != NGX_HOUSEHOLD_REDIS_READY || conn->queue.n != 0) {
        return;
    }

    if (ngx_exiting) {
        ngx_household_redis_conn_close(conn);
        return;
    }

    conn->peer.connection->idle = 1;
}
