
/*
 * A server and its connections.  See ngx_household_redis_peer.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_peer.h"


#define NGX_HOUSEHOLD_REDIS_AVOID_TIME  1000    /* ms */


static ngx_int_t ngx_household_redis_peer_probe_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_peer_probe_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_redis_peer_ready(ngx_household_redis_conn_t *conn);
static void ngx_household_redis_peer_recovered(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_peer_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr);
static ngx_uint_t ngx_household_redis_peer_logged(
    ngx_household_redis_peer_t *peer, const char *errstr);
static ngx_household_redis_cause_e ngx_household_redis_peer_cause(
    ngx_household_redis_conn_t *conn, ngx_household_redis_result_e status);
static void ngx_household_redis_peer_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);
static ngx_int_t ngx_household_redis_peer_error(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd,
    ngx_str_t *error);
static void ngx_household_redis_peer_untracked(
    ngx_household_redis_conn_t *conn);
static ngx_uint_t ngx_household_redis_peer_write_unanswered(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_peer_pause(ngx_household_redis_peer_t *peer);
static ngx_int_t ngx_household_redis_peer_enqueue_paused(
    ngx_household_redis_peer_t *peer, ngx_household_redis_cmd_t *cmd);
static void ngx_household_redis_peer_writer_ready(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_peer_writer_lost(
    ngx_household_redis_conn_t *conn, ngx_household_redis_result_e status,
    ngx_err_t err, const char *errstr);


static const ngx_household_redis_conn_calls_t
    ngx_household_redis_peer_calls =
{
    ngx_household_redis_peer_ready,
    ngx_household_redis_peer_recovered,
    ngx_household_redis_peer_lost,
    ngx_household_redis_peer_orphan,
    ngx_household_redis_peer_error,
    NULL,
    NULL,
    ngx_household_redis_peer_untracked
};


static const ngx_household_redis_conn_calls_t
    ngx_household_redis_peer_writer_calls =
{
    ngx_household_redis_peer_writer_ready,
    NULL,
    ngx_household_redis_peer_writer_lost,
    ngx_household_redis_peer_orphan,
    ngx_household_redis_peer_error,
    NULL,
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
    ngx_household_redis_peer_t  *peer;

    n = node->conf->connections;

    /* and one for writes, behind the others */

    size = sizeof(ngx_household_redis_peer_t)
           + n * sizeof(ngx_household_redis_conn_t);

    peer = ngx_alloc(size, ngx_cycle->log);
    if (peer == NULL) {
        return NULL;
    }

    ngx_memzero(peer, size);

    peer->node = ngx_household_redis_node_keep(node);
    peer->owner = owner;
    peer->data = data;
    peer->n = n;
    peer->writer = &peer->conns[n];

    for (i = 0; i < n; i++) {

        conn = &peer->conns[i];

        ngx_household_redis_conn_init(conn, node,
                                      &ngx_household_redis_peer_calls, peer);
        conn->lazy = lazy ? 1 : 0;

        if (!lazy) {
            /* spread the connects of workers that start together */
            ngx_household_redis_conn_start(conn, 1 + ngx_random() % 100);
        }
    }

    return peer;
}


void
ngx_household_redis_peer_destroy(ngx_household_redis_peer_t *peer)
{
    ngx_uint_t  i;

    for (i = 0; i < peer->n; i++) {
        ngx_household_redis_conn_shutdown(&peer->conns[i]);
    }

    if (peer->paused) {
        ngx_household_redis_conn_shutdown(peer->writer);
    }

    ngx_household_redis_node_release(peer->node);
    ngx_free(peer);
}


ngx_int_t
ngx_household_redis_peer_enqueue(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i;
    ngx_household_redis_conn_t  *conn;

    if (peer->paused && (cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE)) {

        rc = ngx_household_redis_peer_enqueue_paused(peer, cmd);

        if (rc != NGX_AGAIN) {
            return rc;
        }
    }

    rc = NGX_DECLINED;

    /*
     * Round robin by operation: the commands of an operation use the same
     * connection.  Connections that are down are skipped.
     */

    if (cmd->index == 0) {
        peer->next = (peer->next + 1) % peer->n;
    }

    for (i = 0; i < peer->n; i++) {

        conn = &peer->conns[(peer->next + i) % peer->n];

        rc = ngx_household_redis_conn_enqueue(conn, cmd);

        if (rc == NGX_OK) {
            return NGX_OK;
        }
    }

    return rc;
}


size_t
ngx_household_redis_peer_addr(ngx_household_redis_peer_t *peer, u_char *text,
    size_t len)
{
    ngx_household_redis_conn_t  *conn;

    /* the last one is the writer */

    for (conn = peer->conns; conn < &peer->conns[peer->n]; conn++) {
        if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY) {
            break;
        }
    }

    return ngx_sock_ntop(&conn->sockaddr.sockaddr, conn->socklen, text, len, 0);
}


ngx_uint_t
ngx_household_redis_peer_usable(ngx_household_redis_peer_t *peer)
{
    ngx_uint_t  i;

    for (i = 0; i < peer->n; i++) {
        if (!peer->conns[i].down) {
            return 1;
        }
    }

    return 0;
}


void
ngx_household_redis_peer_avoid(ngx_household_redis_peer_t *peer)
{
    peer->avoid = 1;
    peer->avoid_until = ngx_current_msec + NGX_HOUSEHOLD_REDIS_AVOID_TIME;
}


ngx_uint_t
ngx_household_redis_peer_avoided(ngx_household_redis_peer_t *peer)
{
    if (peer->avoid
        && (ngx_msec_int_t) (peer->avoid_until - ngx_current_msec) <= 0)
    {
        peer->avoid = 0;
    }

    return peer->avoid;
}


void
ngx_household_redis_peer_set_readonly(ngx_household_redis_peer_t *peer)
{
    peer->readonly = 1;
    peer->readonly_until = ngx_current_msec + NGX_HOUSEHOLD_REDIS_AVOID_TIME;
}


ngx_uint_t
ngx_household_redis_peer_readonly(ngx_household_redis_peer_t *peer)
{
    if (peer->readonly
        && (ngx_msec_int_t) (peer->readonly_until - ngx_current_msec) <= 0)
    {
        peer->readonly = 0;
    }

    return peer->readonly;
}


void
ngx_household_redis_peer_probe(ngx_household_redis_peer_t *peer)
{
    ngx_str_t                      name;
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;

    if (peer->probed || !ngx_household_redis_peer_usable(peer)) {
        return;
    }

    ngx_str_set(&name, "PING");

    command.argv = &name;
    command.argc = 1;

    op = ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                       ngx_household_redis_peer_probe_reply,
                                       ngx_household_redis_peer_probe_done,
                                       peer);
    if (op == NULL) {
        return;
    }

    peer->probed = 1;
    ngx_household_redis_peer_avoid(peer);

    if (ngx_household_redis_peer_enqueue(peer, &op->cmds[0]) != NGX_OK) {
        ngx_household_redis_op_end(op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }
}


static ngx_int_t
ngx_household_redis_peer_probe_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_peer_t  *peer = op->data;

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ERROR
        || ngx_household_redis_error_of_ping(&reply->values[0].str))
    {
        peer->avoid = 0;
        peer->owner->changed(peer);
    }

    return NGX_OK;
}


static void
ngx_household_redis_peer_probe_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_redis_peer_t  *peer = op->data;

    peer->probed = 0;
}


void
ngx_household_redis_peer_suspend(ngx_household_redis_peer_t *peer)
{
    ngx_uint_t  i;

    for (i = 0; i < peer->n; i++) {
        ngx_household_redis_conn_suspend(&peer->conns[i]);
    }

    if (peer->paused) {
        ngx_household_redis_conn_suspend(peer->writer);
    }
}


void
ngx_household_redis_peer_resume(ngx_household_redis_peer_t *peer)
{
    ngx_uint_t  i;

    for (i = 0; i < peer->n; i++) {
        ngx_household_redis_conn_resume(&peer->conns[i]);
    }

    if (peer->paused) {
        ngx_household_redis_conn_resume(peer->writer);
    }
}


static void
ngx_household_redis_peer_ready(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    conn->down = 0;
    peer->down = 0;
    peer->known = 1;

    if (!conn->suspect) {
        ngx_household_redis_peer_recovered(conn);
    }

    peer->owner->changed(peer);
}


/* "server up" is not logged for a server that fails as soon as it is used */

static void
ngx_household_redis_peer_recovered(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    if (peer->logged) {
        peer->logged = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household redis \"%V\" %V: server up",
                      &peer->node->conf->name, &peer->node->name);
    }
}


static void
ngx_household_redis_peer_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr)
{
    ngx_uint_t                   level;
    ngx_household_redis_peer_t  *peer = conn->data;

    peer->known = 1;
    peer->failures[ngx_household_redis_peer_cause(conn, status)]++;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT
        && ngx_household_redis_peer_write_unanswered(conn))
    {
        ngx_household_redis_peer_pause(peer);
    }

    if (!conn->down) {

        level = status == NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL ? NGX_LOG_ERR
                                                       : NGX_LOG_INFO;

        if (!conn->suspect || !ngx_household_redis_peer_logged(peer, errstr)) {
            ngx_log_error(level, ngx_cycle->log, err,
                          "household redis \"%V\" %V: connection lost: %s",
                          &peer->node->conf->name, &peer->node->name, errstr);
        }

        peer->owner->changed(peer);
        return;
    }

    if (!ngx_household_redis_peer_logged(peer, errstr)) {

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "household redis \"%V\" %V: server down: %s",
                      &peer->node->conf->name, &peer->node->name, errstr);

        ngx_memcpy(peer->prev_err, peer->err, sizeof(peer->err));
        (void) ngx_cpystrn(peer->err, (u_char *) errstr, sizeof(peer->err));
    }

    peer->logged = 1;
    peer->down = 1;
    peer->owner->changed(peer);
}


/* returns 1 if the cause is one of the last two: these may alternate */

static ngx_uint_t
ngx_household_redis_peer_logged(ngx_household_redis_peer_t *peer,
    const char *errstr)
{
    return peer->logged
           && (ngx_strcmp(peer->err, errstr) == 0
               || ngx_strcmp(peer->prev_err, errstr) == 0);
}


static ngx_household_redis_cause_e
ngx_household_redis_peer_cause(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status)
{
    if (conn->tls.cause[0]) {
        return NGX_HOUSEHOLD_REDIS_CAUSE_TLS;
    }

    switch (status) {

    case NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT:
        return NGX_HOUSEHOLD_REDIS_CAUSE_TIMEOUT;

    case NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL:
        return NGX_HOUSEHOLD_REDIS_CAUSE_PROTOCOL;

    default:
        return conn->down ? NGX_HOUSEHOLD_REDIS_CAUSE_REFUSED
                          : NGX_HOUSEHOLD_REDIS_CAUSE_CLOSED;
    }
}


static void
ngx_household_redis_peer_orphan(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_uint_t sent)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    peer->owner->orphan(peer, cmd, sent);
}


static ngx_int_t
ngx_household_redis_peer_error(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_str_t *error)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    return peer->owner->error(peer, cmd, error);
}


static void
ngx_household_redis_peer_untracked(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    peer->owner->untracked(peer);
}


/* replies are in order: returns 1 if a write keeps all others from theirs */

static ngx_uint_t
ngx_household_redis_peer_write_unanswered(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_cmd_t  *cmd;

    cmd = ngx_household_redis_fifo_head(&conn->sent);

    return cmd != NULL && cmd->op != NULL
           && (cmd->op->flags & NGX_HOUSEHOLD_REDIS_WRITE);
}


/* the server may also hang as a whole: then the first reply ends this, too */

static void
ngx_household_redis_peer_pause(ngx_household_redis_peer_t *peer)
{
    if (peer->paused) {
        return;
    }

    peer->paused = 1;
    peer->written = 0;

    ngx_household_redis_conn_init(peer->writer, peer->node,
                                  &ngx_household_redis_peer_writer_calls, peer);
    peer->writer->lazy = 1;
}


/*
 * Returns NGX_AGAIN if writes are not paused any more: those that were sent are
 * answered.
 */

static ngx_int_t
ngx_household_redis_peer_enqueue_paused(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_int_t                    rc;
    ngx_household_redis_conn_t  *conn;

    conn = peer->writer;

    if (peer->written && conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY
        && conn->sent.n + conn->waiting.n == 0)
    {
        peer->paused = 0;
        ngx_household_redis_conn_shutdown(conn);

        return NGX_AGAIN;
    }

    rc = ngx_household_redis_conn_enqueue(conn, cmd);

    if (rc == NGX_OK) {
        peer->written = 1;
    }

    return rc;
}


/* only a write that still waits for this connection is sent, and answered */

static void
ngx_household_redis_peer_writer_ready(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    peer->written = conn->waiting.n != 0;
}


/* not logged: whether the server works shows on the other connections */

static void
ngx_household_redis_peer_writer_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *errstr)
{
    ngx_household_redis_peer_t  *peer = conn->data;

    peer->written = 0;
    peer->failures[ngx_household_redis_peer_cause(conn, status)]++;
}
