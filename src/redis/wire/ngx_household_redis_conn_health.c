
/*
 * Health checks of a connection: the reply timeout, and PING if it is idle.
 * See ngx_household_redis_conn_private.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn_private.h"


/* ms after which a server may close a connection that it has accepted */
#define NGX_HOUSEHOLD_REDIS_CONN_IDLE  1000


static ngx_msec_int_t ngx_household_redis_conn_reply_time_left(
    ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_conn_ping_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_conn_ping_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


void
ngx_household_redis_conn_arm_reply_timer(ngx_household_redis_conn_t *conn)
{
    ngx_msec_int_t  left;

    if (conn->sent.n != 0 && !conn->reply_timer.timer_set) {
        left = ngx_household_redis_conn_reply_time_left(conn);
        ngx_add_timer(&conn->reply_timer, ngx_max(left, 1));
    }
}


/*
 * Returns the milliseconds left until the reply timeout.  It restarts when data
 * are received: a slow server that still replies is alive, even if the oldest
 * command is older than the timeout.
 */

static ngx_msec_int_t
ngx_household_redis_conn_reply_time_left(ngx_household_redis_conn_t *conn)
{
    ngx_msec_t                  since;
    ngx_household_redis_cmd_t  *cmd;

    cmd = ngx_household_redis_fifo_head(&conn->sent);
    since = cmd->sent;

    if ((ngx_msec_int_t) (conn->received - since) > 0) {
        since = conn->received;
    }

    return (ngx_msec_int_t) (since + conn->reply_timeout - ngx_current_msec);
}


/* closes the connection if the server does not reply */

void
ngx_household_redis_conn_reply_timeout_handler(ngx_event_t *ev)
{
    ngx_household_redis_conn_t  *conn = ev->data;

    if (conn->sent.n != 0
        && ngx_household_redis_conn_reply_time_left(conn) <= 0)
    {
        conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT, 0,
                           "timed out");
        return;
    }

    ngx_household_redis_conn_arm_reply_timer(conn);
}


/*
 * A valid reply resets the backoff.  A suspect server, which failed repeatedly
 * in use or sent an invalid reply, must first work for some time; and a
 * resident connection, whose first commands may be answered whenever it is
 * opened, although it is closed because of the next one.
 */

void
ngx_household_redis_conn_recovered(ngx_household_redis_conn_t *conn)
{
    ngx_uint_t  proven;

    proven = ngx_current_msec - conn->since >= NGX_HOUSEHOLD_REDIS_BACKOFF_MAX;

    conn->replied = 0;

    if (conn->resident && !proven) {
        return;
    }

    conn->used = 1;

    if (!conn->suspect) {
        conn->failures = 0;
        conn->tried = 0;
        return;
    }

    if (!proven) {
        return;
    }

    conn->suspect = 0;
    conn->failures = 0;
    conn->tried = 0;

    if (conn->owner->recovered != NULL) {
        conn->owner->recovered(conn);
    }
}


void
ngx_household_redis_conn_forgive_idle(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status)
{
    if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY
        && status == NGX_HOUSEHOLD_REDIS_RESULT_DOWN
        && conn->sent.n == 0 && !conn->suspect
        && ngx_current_msec - conn->since >= NGX_HOUSEHOLD_REDIS_CONN_IDLE)
    {
        conn->used = 1;
        conn->failures = 0;
    }
}


void
ngx_household_redis_conn_ping_handler(ngx_event_t *ev)
{
    ngx_str_t                      name;
    ngx_household_redis_op_t      *op;
    ngx_household_redis_conn_t    *conn = ev->data;
    ngx_household_resp_command_t   command;

    if (ngx_exiting || conn->state != NGX_HOUSEHOLD_REDIS_CONN_READY) {
        return;
    }

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_PING_INTERVAL);

    if (conn->sent.n + conn->waiting.n != 0) {
        return;
    }

    ngx_str_set(&name, "PING");

    command.argv = &name;
    command.argc = 1;

    op = ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                       ngx_household_redis_conn_ping_reply,
                                       ngx_household_redis_conn_ping_done,
                                       NULL);
    if (op != NULL) {
        ngx_household_redis_fifo_push(&conn->waiting, &op->cmds[0]);
        conn->events->queued(conn);
    }
}


static ngx_int_t
ngx_household_redis_conn_ping_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    /* any reply shows that the server is alive */
    return NGX_OK;
}


static void
ngx_household_redis_conn_ping_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    /* the reply timer detects a missing reply */
}
