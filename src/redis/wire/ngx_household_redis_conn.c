
/*
 * The state machine of a connection.  See ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis_conn.h"
#include "ngx_household_redis_conn_private.h"
#include "ngx_household_socket.h"


static void ngx_household_redis_conn_init_event(
    ngx_household_redis_conn_t *conn, ngx_event_t *ev,
    ngx_event_handler_pt handler);
static void ngx_household_redis_conn_schedule(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_post_handler(ngx_event_t *ev);
static void ngx_household_redis_conn_retry_handler(ngx_event_t *ev);

static void ngx_household_redis_conn_attempt(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_connect(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_next_addr(ngx_household_redis_conn_t *conn,
    ngx_uint_t ready, ngx_household_redis_result_e status, ngx_err_t err,
    const char *errstr);
static void ngx_household_redis_conn_backoff(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr);
static void ngx_household_redis_conn_queued(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_resolved(
    ngx_household_redis_conn_t *conn, const char *errstr);
static void ngx_household_redis_conn_connected(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_secured(ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_conn_greeted(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_conn_established(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_idle(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_quit(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr);
static void ngx_household_redis_conn_close(ngx_household_redis_conn_t *conn);


static const ngx_household_redis_conn_events_t
    ngx_household_redis_conn_events =
{
    ngx_household_redis_conn_resolved,
    ngx_household_redis_conn_connected,
    ngx_household_redis_conn_secured,
    ngx_household_redis_conn_greeted,
    ngx_household_redis_conn_recovered,
    ngx_household_redis_conn_idle,
    ngx_household_redis_conn_quit,
    ngx_household_redis_conn_queued,
    ngx_household_redis_conn_lost
};


static const ngx_household_resp_limits_t  ngx_household_redis_limits = {
    NGX_HOUSEHOLD_REDIS_REPLY_VALUES,
    NGX_HOUSEHOLD_REDIS_REPLY_BYTES,
    0x7fffffff,                        /* elements of one array */
    8,                                 /* nested arrays */
    1024 * 1024,                       /* bytes not yet parsed */
    NGX_HOUSEHOLD_REDIS_REPLY_BULK
};


void
ngx_household_redis_conn_init(ngx_household_redis_conn_t *conn,
    ngx_household_redis_node_t *node,
    const ngx_household_redis_conn_calls_t *owner, void *data)
{
    ngx_memzero(conn, sizeof(ngx_household_redis_conn_t));

    conn->node = ngx_household_redis_node_keep(node);
    conn->owner = owner;
    conn->events = &ngx_household_redis_conn_events;
    conn->data = data;
    conn->limits = &ngx_household_redis_limits;
    conn->reply_timeout = ngx_max(2 * node->conf->timeout,
                                  NGX_HOUSEHOLD_REDIS_MIN_REPLY_TIMEOUT);
    conn->ident = -1;

    ngx_household_redis_fifo_init(&conn->sent);
    ngx_household_redis_fifo_init(&conn->waiting);
    ngx_household_redis_fifo_init(&conn->unverified);
    ngx_queue_init(&conn->answered);

    ngx_household_tls_init(&conn->tls);

    ngx_household_redis_conn_init_event(conn, &conn->post,
                                        ngx_household_redis_conn_post_handler);
    ngx_household_redis_conn_init_event(conn, &conn->retry,
                                        ngx_household_redis_conn_retry_handler);
    ngx_household_redis_conn_init_event(conn, &conn->ping,
                                        ngx_household_redis_conn_ping_handler);
    ngx_household_redis_conn_init_event(conn, &conn->reply_timer,
                                ngx_household_redis_conn_reply_timeout_handler);
}


static void
ngx_household_redis_conn_init_event(ngx_household_redis_conn_t *conn,
    ngx_event_t *ev, ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = conn;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;
}


void
ngx_household_redis_conn_start(ngx_household_redis_conn_t *conn,
    ngx_msec_t delay)
{
    if (conn->stopped || conn->state != NGX_HOUSEHOLD_REDIS_CONN_CLOSED) {
        return;
    }

    if (conn->retry.timer_set) {
        ngx_del_timer(&conn->retry);
    }

    ngx_add_timer(&conn->retry, delay ? delay : 1);
}


void
ngx_household_redis_conn_shutdown(ngx_household_redis_conn_t *conn)
{
    if (conn->stopped) {
        return;
    }

    conn->stopped = 1;

    ngx_household_redis_conn_close(conn);

    if (conn->post.posted) {
        ngx_delete_posted_event(&conn->post);
    }

    if (conn->retry.timer_set) {
        ngx_del_timer(&conn->retry);
    }

    if (conn->ping.timer_set) {
        ngx_del_timer(&conn->ping);
    }

    if (conn->out != NULL) {
        ngx_free(conn->out);
        conn->out = NULL;
        conn->out_size = 0;
    }

    ngx_household_redis_conn_orphans(conn);

    ngx_household_redis_node_release(conn->node);
    conn->node = NULL;
}


ngx_int_t
ngx_household_redis_conn_enqueue(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd)
{
    if (conn->down || conn->stopped) {
        return NGX_DECLINED;
    }

    if (conn->sent.n + conn->waiting.n >= NGX_HOUSEHOLD_REDIS_MAX_CMDS) {
        return NGX_BUSY;
    }

    ngx_household_redis_fifo_push(&conn->waiting, cmd);
    ngx_household_redis_conn_queued(conn);

    return NGX_OK;
}


static void
ngx_household_redis_conn_queued(ngx_household_redis_conn_t *conn)
{
    if (conn->peer.connection != NULL) {
        conn->peer.connection->idle = conn->resident;
    }

    ngx_household_redis_conn_schedule(conn);
}


void
ngx_household_redis_conn_suspend(ngx_household_redis_conn_t *conn)
{
    conn->suspended = 1;
}


void
ngx_household_redis_conn_resume(ngx_household_redis_conn_t *conn)
{
    conn->suspended = 0;

    if (!conn->lazy || conn->waiting.n || conn->down) {
        ngx_household_redis_conn_start(conn, 0);
    }
}


static void
ngx_household_redis_conn_schedule(ngx_household_redis_conn_t *conn)
{
    if (!conn->stopped
        && (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY
            || conn->state == NGX_HOUSEHOLD_REDIS_CONN_CLOSED))
    {
        ngx_post_event(&conn->post, &ngx_posted_events);
    }
}


static void
ngx_household_redis_conn_post_handler(ngx_event_t *ev)
{
    ngx_household_redis_conn_t  *conn = ev->data;

    switch (conn->state) {

    case NGX_HOUSEHOLD_REDIS_CONN_READY:
        ngx_household_redis_conn_flush(conn);
        break;

    case NGX_HOUSEHOLD_REDIS_CONN_CLOSED:
        if (!conn->down && (conn->waiting.n != 0 || !ngx_exiting)) {
            ngx_household_redis_conn_attempt(conn);
        }

        break;

    default: /* ngx_household_redis_conn_established() flushes */
        break;
    }
}


static void
ngx_household_redis_conn_retry_handler(ngx_event_t *ev)
{
    ngx_household_redis_conn_t  *conn = ev->data;

    if (!ngx_exiting || conn->once || conn->waiting.n != 0) {
        ngx_household_redis_conn_attempt(conn);
    }
}


static void
ngx_household_redis_conn_attempt(ngx_household_redis_conn_t *conn)
{
    ngx_int_t                    rc;
    ngx_household_redis_node_t  *node;

    if (conn->stopped || conn->suspended
        || conn->state != NGX_HOUSEHOLD_REDIS_CONN_CLOSED)
    {
        return;
    }

    if (conn->retry.timer_set) {
        ngx_del_timer(&conn->retry);
    }

    node = conn->node;

    if (node->resolve && !conn->resolved) {

        conn->state = NGX_HOUSEHOLD_REDIS_CONN_RESOLVING;
        rc = ngx_household_redis_conn_resolve(conn);

        if (rc == NGX_AGAIN) {
            return;
        }

        conn->state = NGX_HOUSEHOLD_REDIS_CONN_CLOSED;

        if (rc == NGX_ERROR && node->naddrs == 0) {
            ngx_household_redis_conn_resolved(conn,
                                              "host not found");
            return;
        }
    }

    ngx_household_redis_conn_connect(conn);
}


static void
ngx_household_redis_conn_resolved(ngx_household_redis_conn_t *conn,
    const char *errstr)
{
    conn->state = NGX_HOUSEHOLD_REDIS_CONN_CLOSED;
    conn->resolved = 1;

    if (conn->node->naddrs) {
        /* if the name was not resolved, the previous addresses are used */
        ngx_household_redis_conn_connect(conn);
        return;
    }

    ngx_household_redis_conn_backoff(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                                     errstr);
    ngx_household_redis_conn_orphans(conn);
}


static void
ngx_household_redis_conn_connect(ngx_household_redis_conn_t *conn)
{
    ngx_int_t          rc;
    ngx_err_t          err;
    ngx_connection_t  *c;

    err = 0;
    conn->tls.cause[0] = '\0';
    conn->state = NGX_HOUSEHOLD_REDIS_CONN_CONNECTING;
    conn->resp = ngx_household_resp_create(conn->limits);

    if (conn->resp == NULL) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                                      "no memory");
        return;
    }

    rc = ngx_household_redis_conn_open_socket(conn, &err);

    if (rc == NGX_OK || rc == NGX_AGAIN) {
        c = conn->peer.connection;
        c->read->handler = ngx_household_redis_conn_read_handler;
        c->write->handler = ngx_household_redis_conn_write_handler;

    } else {

        /* NGX_ERROR: no socket or connection; NGX_DECLINED: refused */

        conn->peer.connection = NULL;
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN,
                                      err, "connect() failed");
        return;
    }

    if (rc == NGX_OK) {
        ngx_household_redis_conn_connected(conn);
    }
}


static void
ngx_household_redis_conn_connected(ngx_household_redis_conn_t *conn)
{
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = conn->peer.connection;
    err = ngx_household_socket_error(c);

    if (err) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN,
                                      err, "connect() failed");
        return;
    }

    if (ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                                      "setsockopt(TCP_NODELAY) failed");
        return;
    }

    ngx_household_redis_conn_extend(conn);

    conn->state = NGX_HOUSEHOLD_REDIS_CONN_TLS;

    switch (ngx_household_redis_conn_ssl_start(conn)) {

    case NGX_OK:
        ngx_household_redis_conn_secured(conn);
        return;

    case NGX_AGAIN:
        return;

    default: /* NGX_ERROR */
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                                      "TLS init failed");
    }
}


static void
ngx_household_redis_conn_secured(ngx_household_redis_conn_t *conn)
{
    conn->state = NGX_HOUSEHOLD_REDIS_CONN_HANDSHAKE;

    if (ngx_household_redis_conn_handshake(conn) != NGX_OK) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                                      "no memory");
        return;
    }

    ngx_household_redis_conn_send(conn);
}


static void
ngx_household_redis_conn_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr)
{
    u_char      text[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_uint_t  ready, failed;

    /* "errstr" may be in memory of the decoder, which is freed below */

    if (conn->tls.cause[0]) {
        (void) ngx_snprintf(text, sizeof(text), "TLS: %s%Z",
                            conn->tls.cause);
        text[sizeof(text) - 1] = '\0';
        err = 0;

    } else {
        (void) ngx_cpystrn(text, (u_char *) errstr, sizeof(text));
    }

    ready = conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL) {
        ngx_household_redis_conn_complete_ops(conn, status);
        ngx_household_redis_conn_fail_unverified(conn, status);
        conn->suspect = 1;
    }

    ngx_household_redis_conn_forgive_idle(conn, status);
    ngx_household_redis_conn_close(conn);

    failed = conn->failures != 0
             && (!conn->used || status != NGX_HOUSEHOLD_REDIS_RESULT_DOWN);

    if (ready && failed) {
        conn->suspect = 1;
    }

    if (!ready
        || status == NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT
        || failed
        || conn->once)
    {
        ngx_household_redis_conn_next_addr(conn, ready, status, err,
                                           (char *) text);

    } else {

        /* probably a restart, a failover, or an idle timeout of the server */

        conn->failures++;
        conn->addr = 0;
        conn->tried = 0;
        conn->resolved = 0;

        conn->owner->lost(conn, status, err, (char *) text);

        if (conn->resident || conn->lazy) {
            /* of all machines that have lost the same server */
            ngx_household_redis_conn_start(conn,
                            1 + ngx_random() % NGX_HOUSEHOLD_REDIS_JITTER);

        } else {
            ngx_household_redis_conn_schedule(conn);
        }
    }

    ngx_household_redis_conn_orphans(conn);
}


/*
 * Tries the next address, or backs off if all were tried.  The owner of a ready
 * connection learns of its loss in either case.
 */

static void
ngx_household_redis_conn_next_addr(ngx_household_redis_conn_t *conn,
    ngx_uint_t ready, ngx_household_redis_result_e status, ngx_err_t err,
    const char *errstr)
{
    if (++conn->tried < conn->node->naddrs) {

        conn->addr = (conn->addr + 1) % conn->node->naddrs;

        if (ready) {
            conn->owner->lost(conn, status, err, errstr);
        }

        if (conn->down || conn->once) {
            ngx_household_redis_conn_start(conn, 1);

        } else {
            ngx_household_redis_conn_schedule(conn);
        }

        return;
    }

    ngx_household_redis_conn_backoff(conn, status, err, errstr);
}


/*
 * No address works.  Commands are refused at once until the connection is
 * ready again.  Attempts continue in the background, at growing intervals with
 * a random part, so that worker processes do not connect simultaneously.
 */

static void
ngx_household_redis_conn_backoff(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr)
{
    ngx_msec_t  delay;

    conn->down = 1;
    conn->addr = 0;
    conn->tried = 0;
    conn->resolved = 0;

    delay = NGX_HOUSEHOLD_REDIS_BACKOFF << ngx_min(conn->failures, 8);
    delay = ngx_min(delay, NGX_HOUSEHOLD_REDIS_BACKOFF_MAX);

    conn->failures++;

    if (!ngx_exiting && !conn->once) {
        ngx_household_redis_conn_start(conn,
                                       delay / 2 + ngx_random() % (delay / 2));
    }

    conn->owner->lost(conn, status, err, errstr);
}


static void
ngx_household_redis_conn_close(ngx_household_redis_conn_t *conn)
{
    if (conn->resolving != NULL) {
        ngx_household_redis_conn_resolve_cancel(conn);
    }

    if (conn->peer.connection != NULL) {
        ngx_household_tls_close(conn->peer.connection);
        ngx_close_connection(conn->peer.connection);
        conn->peer.connection = NULL;
    }

    if (conn->reply_timer.timer_set) {
        ngx_del_timer(&conn->reply_timer);
    }

    ngx_household_redis_conn_complete_ops(conn, NGX_HOUSEHOLD_REDIS_RESULT_OK);

    ngx_household_resp_destroy(conn->resp);

    conn->resp = NULL;
    conn->out_pos = 0;
    conn->out_last = 0;
    conn->state = NGX_HOUSEHOLD_REDIS_CONN_CLOSED;

    if (conn->redirect || conn->redirecting) {
        conn->redirect = 0;
        conn->redirecting = 0;

        if (conn->owner->untracked != NULL) {
            conn->owner->untracked(conn);
        }
    }
}


static void
ngx_household_redis_conn_established(ngx_household_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    conn->state = NGX_HOUSEHOLD_REDIS_CONN_READY;
    conn->resolved = 0;
    conn->since = ngx_current_msec;
    conn->received = ngx_current_msec;
    conn->replied = 0;
    conn->used = 0;

    if (!conn->ping.timer_set && !ngx_exiting && !conn->once) {
        ngx_add_timer(&conn->ping, NGX_HOUSEHOLD_REDIS_PING_INTERVAL);
    }

    if (conn->resident) {
        c->idle = 1;
    }

    /* conn->down is cleared later, as the owner logs a recovery if it is set */
    conn->owner->ready(conn);
    conn->down = 0;

    if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY) {
        ngx_household_redis_conn_flush(conn);
    }
}


/*
 * If no commands are queued or in flight, nginx may close the connection when
 * the worker process quits.  If it is quitting already, closes it here.
 */

static void
ngx_household_redis_conn_idle(ngx_household_redis_conn_t *conn)
{
    if (conn->state != NGX_HOUSEHOLD_REDIS_CONN_READY
        || conn->sent.n + conn->waiting.n != 0) {
        return;
    }

    if (ngx_exiting && !conn->resident) {
        ngx_household_redis_conn_close(conn);
        return;
    }

    conn->peer.connection->idle = 1;
}


static ngx_int_t
ngx_household_redis_conn_greeted(ngx_household_redis_conn_t *conn,
    ngx_household_resp_reply_t *reply)
{
    u_char     errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_int_t  rc;

    rc = ngx_household_redis_conn_handshake_reply(conn, reply, errstr,
                                                  sizeof(errstr));
    if (rc == NGX_ERROR) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0,
                                      (char *) errstr);
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_household_redis_conn_established(conn);
    }

    return NGX_OK;
}


/*
 * The worker process quits.  Either the connection is idle, or
 * worker_shutdown_timeout has expired, and c->error is set.
 */

static void
ngx_household_redis_conn_quit(ngx_household_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    if (!c->error && conn->owner->quit != NULL) {

        if (conn->owner->quit(conn) == NGX_OK) {
            c->close = 0;
            return;
        }

        if (conn->stopped) {
            return;
        }
    }

    ngx_household_redis_conn_close(conn);
    ngx_household_redis_conn_fail_all(conn);
}
