
/*
 * One connection to Redis: its life.  See ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis_conn.h"


#define NGX_HOUSEHOLD_REDIS_BACKOFF      100    /* ms; doubles up to */
#define NGX_HOUSEHOLD_REDIS_BACKOFF_MAX  2000

#define NGX_HOUSEHOLD_REDIS_PING         10000  /* ms between looks */


static void ngx_household_redis_post(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_post_handler(ngx_event_t *ev);
static void ngx_household_redis_silent(ngx_household_redis_queue_t *queue);
static void ngx_household_redis_retry_handler(ngx_event_t *ev);
static void ngx_household_redis_ping_handler(ngx_event_t *ev);
static ngx_int_t ngx_household_redis_pong(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static void ngx_household_redis_ponged(ngx_household_redis_op_t *op,
    ngx_household_redis_status_e status);

static void ngx_household_redis_connect(ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_handshake(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_next(ngx_household_redis_conn_t *conn,
    ngx_err_t err, const char *what);
static void ngx_household_redis_down(ngx_household_redis_conn_t *conn,
    ngx_err_t err, const char *what);
static ngx_str_t *ngx_household_redis_server(ngx_household_redis_conn_t *conn);


static const ngx_household_resp_limits_t  ngx_household_redis_limits = {
    2048,                              /* values kept of one reply */
    256 * 1024,                        /* bytes kept of one reply */
    1024 * 1024,                       /* elements of one array */
    8,                                 /* arrays within arrays */
    1024 * 1024                        /* bytes not yet parsed */
};


void
ngx_household_redis_conn_init(ngx_household_redis_conn_t *conn,
    ngx_household_redis_t *redis, ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    ngx_memzero(conn, sizeof(ngx_household_redis_conn_t));

    conn->redis = redis;
    conn->ident = -1;

    ngx_household_redis_queue_init(&conn->queue, redis->conf->timeout,
                                   ngx_household_redis_silent, conn,
                                   cycle->log);

    /*
     * nginx would write a line at each failed attempt; what matters is the
     * change of state, which is written here, to the cycle's log.
     */

    conn->log = *cycle->log;

    if (conn->log.log_level <= NGX_LOG_DEBUG) {
        conn->log.log_level = ngx_min(conn->log.log_level, NGX_LOG_ALERT);
    }

    ev = &conn->post;
    ev->handler = ngx_household_redis_post_handler;
    ev->data = conn;
    ev->log = cycle->log;

    ev = &conn->retry;
    ev->handler = ngx_household_redis_retry_handler;
    ev->data = conn;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ev = &conn->ping;
    ev->handler = ngx_household_redis_ping_handler;
    ev->data = conn;
    ev->log = cycle->log;
    ev->cancelable = 1;

    /* workers that start together do not connect together */
    ngx_add_timer(&conn->retry, 1 + ngx_random() % 100);
}


void
ngx_household_redis_conn_shutdown(ngx_household_redis_conn_t *conn)
{
    conn->stopped = 1;

    ngx_household_redis_conn_close(conn);

    ngx_household_redis_queue_stop(&conn->queue);

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
    }
}


ngx_household_redis_op_t *
ngx_household_redis_conn_submit(ngx_household_redis_conn_t *conn,
    ngx_str_t *commands, ngx_uint_t n, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data,
    ngx_household_redis_status_e *status)
{
    ngx_household_redis_op_t  *op;

    if (conn->down || conn->stopped) {
        *status = NGX_HOUSEHOLD_REDIS_DOWN;
        return NULL;
    }

    op = ngx_household_redis_queue_add(&conn->queue, commands, n, reply, done,
                                       data);
    if (op == NULL) {
        *status = NGX_HOUSEHOLD_REDIS_BUSY;
        return NULL;
    }

    if (conn->peer.connection != NULL) {
        conn->peer.connection->idle = 0;
    }

    ngx_household_redis_post(conn);

    return op;
}


static void
ngx_household_redis_post(ngx_household_redis_conn_t *conn)
{
    if (conn->state == NGX_HOUSEHOLD_REDIS_READY
        || conn->state == NGX_HOUSEHOLD_REDIS_CLOSED)
    {
        ngx_post_event(&conn->post, &ngx_posted_events);
    }
}


static void
ngx_household_redis_post_handler(ngx_event_t *ev)
{
    ngx_household_redis_conn_t  *conn = ev->data;

    switch (conn->state) {

    case NGX_HOUSEHOLD_REDIS_READY:
        ngx_household_redis_conn_flush(conn);
        break;

    case NGX_HOUSEHOLD_REDIS_CLOSED:
        if (!conn->down && !conn->stopped
            && (conn->queue.n != 0 || !ngx_exiting))
        {
            ngx_household_redis_connect(conn);
        }

        break;

    default: /* the handshake's end will flush */
        break;
    }
}


static void
ngx_household_redis_silent(ngx_household_redis_queue_t *queue)
{
    ngx_household_redis_conn_lost(queue->data, NGX_HOUSEHOLD_REDIS_TIMEOUT, 0,
                                  "it does not answer");
}


static void
ngx_household_redis_retry_handler(ngx_event_t *ev)
{
    ngx_household_redis_conn_t  *conn = ev->data;

    if (conn->state == NGX_HOUSEHOLD_REDIS_CLOSED && !ngx_exiting) {
        ngx_household_redis_connect(conn);
    }
}


static void
ngx_household_redis_ping_handler(ngx_event_t *ev)
{
    ngx_str_t                     name, wire;
    ngx_household_redis_status_e  status;
    ngx_household_redis_conn_t   *conn = ev->data;

    if (ngx_exiting || conn->state != NGX_HOUSEHOLD_REDIS_READY) {
        return;
    }

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_PING);

    if (conn->queue.n != 0) {
        return;
    }

    ngx_str_set(&name, "PING");

    if (ngx_household_resp_encode(&name, 1, &wire) == NGX_OK) {
        (void) ngx_household_redis_conn_submit(conn, &wire, 1,
                                               ngx_household_redis_pong,
                                               ngx_household_redis_ponged,
                                               NULL, &status);
        ngx_household_resp_free(&wire);
    }
}


static ngx_int_t
ngx_household_redis_pong(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    /* any answer tells that somebody is there */
    return NGX_OK;
}


static void
ngx_household_redis_ponged(ngx_household_redis_op_t *op,
    ngx_household_redis_status_e status)
{
    /* silence shows as a stale operation */
}


static void
ngx_household_redis_connect(ngx_household_redis_conn_t *conn)
{
    ngx_int_t          rc;
    ngx_err_t          err;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = conn->redis->conf->servers.elts;
    addr = &addr[conn->server];

    if (conn->retry.timer_set) {
        ngx_del_timer(&conn->retry);
    }

    ngx_memzero(&conn->peer, sizeof(ngx_peer_connection_t));

    conn->peer.sockaddr = addr->sockaddr;
    conn->peer.socklen = addr->socklen;
    conn->peer.name = &addr->name;
    conn->peer.get = ngx_event_get_peer;
    conn->peer.log = &conn->log;
    conn->peer.log_error = NGX_ERROR_INFO;

    conn->resp = ngx_household_resp_create(&ngx_household_redis_limits);

    if (conn->resp == NULL) {
        ngx_household_redis_next(conn, 0, "memory is short");
        return;
    }

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&conn->peer);

    err = ngx_socket_errno;

    if (rc != NGX_OK && rc != NGX_AGAIN) {

        /* NGX_ERROR: no socket or connection slot; NGX_DECLINED: refused */

        conn->peer.connection = NULL;
        ngx_household_redis_conn_close(conn);
        ngx_household_redis_next(conn, err, "connect() failed");
        return;
    }

    c = conn->peer.connection;

    c->data = conn;
    c->log = &conn->log;
    c->read->handler = ngx_household_redis_conn_read_handler;
    c->write->handler = ngx_household_redis_conn_write_handler;

    conn->state = NGX_HOUSEHOLD_REDIS_CONNECTING;

    /* operations have deadlines of their own: this need not hold a worker */
    c->write->cancelable = 1;
    ngx_add_timer(c->write, conn->redis->conf->connect_timeout);

    if (rc == NGX_OK) {
        ngx_household_redis_conn_connected(conn);
    }
}


void
ngx_household_redis_conn_connected(ngx_household_redis_conn_t *conn)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;

    c = conn->peer.connection;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN, err,
                                      "connect() failed");
        return;
    }

    if (ngx_tcp_nodelay(c) != NGX_OK) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN, 0,
                                      "TCP_NODELAY failed");
        return;
    }

    conn->state = NGX_HOUSEHOLD_REDIS_HANDSHAKE;

    if (ngx_household_redis_handshake(conn) != NGX_OK) {
        ngx_household_redis_conn_lost(conn, NGX_HOUSEHOLD_REDIS_DOWN, 0,
                                      "memory is short");
        return;
    }

    ngx_household_redis_conn_send(conn);
}


/*
 * AUTH and SELECT where they are configured, and a PING, whose answer tells
 * that the server works: a stopped one still lets the kernel accept.
 */

static ngx_int_t
ngx_household_redis_handshake(ngx_household_redis_conn_t *conn)
{
    u_char                       number[NGX_INT_T_LEN];
    ngx_uint_t                   n;
    ngx_str_t                    argv[3];
    ngx_household_redis_conf_t  *conf;

    conf = conn->redis->conf;
    conn->steps = 1;

    if (conf->password.len) {
        n = 0;
        ngx_str_set(&argv[n], "AUTH");
        n++;

        if (conf->user.len) {
            argv[n++] = conf->user;
        }

        argv[n++] = conf->password;

        if (ngx_household_redis_conn_command(conn, argv, n) != NGX_OK) {
            return NGX_ERROR;
        }

        conn->steps++;
    }

    if (conf->database) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = number;
        argv[1].len = ngx_sprintf(number, "%ui", conf->database) - number;

        if (ngx_household_redis_conn_command(conn, argv, 2) != NGX_OK) {
            return NGX_ERROR;
        }

        conn->steps++;
    }

    ngx_str_set(&argv[0], "PING");

    return ngx_household_redis_conn_command(conn, argv, 1);
}


ngx_int_t
ngx_household_redis_conn_handshake_reply(ngx_household_redis_conn_t *conn,
    ngx_household_resp_reply_t *reply, u_char *what, size_t size)
{
    u_char     *p;
    ngx_str_t   code;

    conn->steps--;

    switch (reply->values[0].type) {

    case NGX_HOUSEHOLD_RESP_STATUS:
        return NGX_OK;

    case NGX_HOUSEHOLD_RESP_ERROR:
        code = ngx_household_redis_error_code(&reply->values[0].str);

        /* an access list need not allow PING: the server is there */

        if (conn->steps == 0
            && code.len == 6 && ngx_strncmp(code.data, "NOPERM", 6) == 0)
        {
            return NGX_OK;
        }

        p = ngx_snprintf(what, size - 1, "it answered %V", &code);
        break;

    default:
        p = ngx_snprintf(what, size - 1, "it does not speak Redis");
    }

    *p = '\0';

    return NGX_ERROR;
}


void
ngx_household_redis_conn_ready(ngx_household_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    conn->state = NGX_HOUSEHOLD_REDIS_READY;
    conn->tried = 0;

    if (conn->down) {
        conn->down = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household_redis \"%V\": %V is up",
                      &conn->redis->conf->name, conn->peer.name);
    }

    if (!conn->ping.timer_set && !ngx_exiting) {
        ngx_add_timer(&conn->ping, NGX_HOUSEHOLD_REDIS_PING);
    }

    ngx_household_redis_conn_flush(conn);
}


/*
 * The connection broke, or is not to be trusted any more.  "status" is what
 * becomes of the operation whose reply was being read.
 */

void
ngx_household_redis_conn_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_status_e status, ngx_err_t err, const char *what)
{
    u_char                       text[NGX_HOUSEHOLD_REDIS_WHAT];
    ngx_uint_t                   level;
    ngx_household_redis_state_e  state;

    /* "what" may live in the decoder, which is about to go */
    (void) ngx_cpystrn(text, (u_char *) what, sizeof(text));

    state = conn->state;

    ngx_household_redis_conn_close(conn);
    ngx_household_redis_queue_requeue(&conn->queue, status);

    if (state != NGX_HOUSEHOLD_REDIS_READY
        || status == NGX_HOUSEHOLD_REDIS_TIMEOUT
        || conn->failures != 0)
    {
        ngx_household_redis_next(conn, err, (char *) text);
        return;
    }

    /* it worked until now: a restart, a failover, an idle timeout */

    level = status == NGX_HOUSEHOLD_REDIS_PROTOCOL ? NGX_LOG_ERR
                                                   : NGX_LOG_INFO;

    ngx_log_error(level, ngx_cycle->log, err,
                  "household_redis \"%V\": lost the connection to %V: %s",
                  &conn->redis->conf->name, ngx_household_redis_server(conn),
                  text);

    conn->failures++;
    conn->server = 0;
    conn->tried = 0;

    ngx_household_redis_post(conn);
}


/* tries the next server, or gives up for now when all were tried */

static void
ngx_household_redis_next(ngx_household_redis_conn_t *conn, ngx_err_t err,
    const char *what)
{
    ngx_str_t   *failed;
    ngx_uint_t   n;

    n = conn->redis->conf->servers.nelts;

    if (++conn->tried >= n) {
        ngx_household_redis_down(conn, err, what);
        return;
    }

    failed = ngx_household_redis_server(conn);

    conn->server = (conn->server + 1) % n;

    if (conn->down) {
        ngx_add_timer(&conn->retry, 1);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, err,
                  "household_redis \"%V\": %V is down: %s; trying %V",
                  &conn->redis->conf->name, failed, what,
                  ngx_household_redis_server(conn));

    ngx_household_redis_post(conn);
}


/*
 * No server answers.  Until one does, requests are told so at once; attempts
 * go on in the background, at growing intervals that differ between workers.
 */

static void
ngx_household_redis_down(ngx_household_redis_conn_t *conn, ngx_err_t err,
    const char *what)
{
    ngx_msec_t  delay;

    if (!conn->down || ngx_strcmp(conn->what, what) != 0) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "household_redis \"%V\": %V is down: %s",
                      &conn->redis->conf->name,
                      ngx_household_redis_server(conn), what);

        (void) ngx_cpystrn(conn->what, (u_char *) what, sizeof(conn->what));
    }

    conn->down = 1;
    conn->server = 0;
    conn->tried = 0;

    delay = NGX_HOUSEHOLD_REDIS_BACKOFF << ngx_min(conn->failures, 8);
    delay = ngx_min(delay, NGX_HOUSEHOLD_REDIS_BACKOFF_MAX);

    conn->failures++;

    if (!ngx_exiting) {
        ngx_add_timer(&conn->retry, delay / 2 + ngx_random() % (delay / 2));
    }

    ngx_household_redis_queue_fail(&conn->queue);
}


void
ngx_household_redis_conn_close(ngx_household_redis_conn_t *conn)
{
    if (conn->peer.connection != NULL) {
        ngx_close_connection(conn->peer.connection);
        conn->peer.connection = NULL;
    }

    ngx_household_resp_destroy(conn->resp);

    conn->resp = NULL;
    conn->out_pos = 0;
    conn->out_last = 0;
    conn->state = NGX_HOUSEHOLD_REDIS_CLOSED;
}


static ngx_str_t *
ngx_household_redis_server(ngx_household_redis_conn_t *conn)
{
    ngx_addr_t  *addr;

    addr = conn->redis->conf->servers.elts;

    return &addr[conn->server].name;
}
