
/*
 * Tracking of the keys that a connection reads.  See
 * ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"
#include "ngx_household_redis_conn_private.h"


static ngx_int_t ngx_household_redis_conn_track_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_conn_track_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


void
ngx_household_redis_conn_track(ngx_household_redis_conn_t *conn, int64_t id,
    void (*done)(ngx_household_redis_conn_t *conn, ngx_str_t *error))
{
    u_char                         text[NGX_INT64_LEN];
    ngx_str_t                      argv[5];
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "TRACKING");
    ngx_str_set(&argv[2], "ON");
    ngx_str_set(&argv[3], "REDIRECT");

    argv[4].data = text;
    argv[4].len = ngx_sprintf(text, "%L", id) - text;

    command.argv = argv;
    command.argc = 5;

    op = ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                       ngx_household_redis_conn_track_reply,
                                       ngx_household_redis_conn_track_done,
                                       conn);
    if (op == NULL) {
        return;
    }

    op->context = (void *) done;

    conn->redirecting = id;

    ngx_household_redis_fifo_push(&conn->waiting, &op->cmds[0]);
    conn->events->queued(conn);
}


static ngx_int_t
ngx_household_redis_conn_track_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_str_t                   *error;
    ngx_household_redis_conn_t  *conn = op->data;

    void  (*done)(ngx_household_redis_conn_t *conn, ngx_str_t *error);

    done = (void (*)(ngx_household_redis_conn_t *, ngx_str_t *)) op->context;
    error = NULL;

    switch (reply->values[0].type) {

    case NGX_HOUSEHOLD_RESP_STATUS:
        conn->redirect = conn->redirecting;
        break;

    case NGX_HOUSEHOLD_RESP_ERROR:
        error = &reply->values[0].str;
        break;

    default:
        return NGX_ERROR;
    }

    conn->redirecting = 0;

    done(conn, error);

    return NGX_OK;
}


static void
ngx_household_redis_conn_track_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    /* if there was no reply, the connection is lost */
}
