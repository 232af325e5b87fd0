
/*
 * Verification of replies.  See ngx_household_redis_conn_private.h.
 *
 * Replies are matched by order only.  After an extra reply, each command would
 * get the reply to another command.  PING returns its number, which detects
 * this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_conn_private.h"


/* digits of the number */
#define NGX_HOUSEHOLD_REDIS_NUMBER  8


static ngx_int_t ngx_household_redis_conn_number_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_conn_number_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static ngx_uint_t ngx_household_redis_conn_unused(
    ngx_household_redis_conn_t *conn);


/* the number is unique among the connections of the process */

ngx_household_redis_op_t *
ngx_household_redis_conn_number(ngx_household_redis_conn_t *conn)
{
    u_char                         digits[NGX_HOUSEHOLD_REDIS_NUMBER];
    uint32_t                       n;
    ngx_str_t                      argv[2];
    ngx_household_resp_command_t   command;

    static uint32_t  number;

    n = number++;
    (void) ngx_hex_dump(digits, (u_char *) &n, sizeof(n));

    ngx_str_set(&argv[0], "PING");
    argv[1].data = digits;
    argv[1].len = NGX_HOUSEHOLD_REDIS_NUMBER;

    command.argv = argv;
    command.argc = 2;

    return ngx_household_redis_op_create(&command, 1, NGX_HOUSEHOLD_REDIS_OWN,
                                         ngx_household_redis_conn_number_reply,
                                         ngx_household_redis_conn_number_done,
                                         conn);
}


/* the replies before this one belong to their commands, or are not used */

static ngx_int_t
ngx_household_redis_conn_number_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    u_char                      *digits;
    ngx_int_t                    rc;
    ngx_str_t                   *wire;
    ngx_household_redis_op_t    *verified;
    ngx_household_redis_cmd_t   *cmd;
    ngx_household_redis_conn_t  *conn = op->data;

    wire = &op->cmds[0].wire;
    digits = wire->data + wire->len - (sizeof(CRLF) - 1)
             - NGX_HOUSEHOLD_REDIS_NUMBER;

    rc = ngx_household_redis_pong(&reply->values[0], digits,
                                  NGX_HOUSEHOLD_REDIS_NUMBER);

    if (rc == NGX_ERROR
        || (rc == NGX_DECLINED && !ngx_household_redis_conn_unused(conn)))
    {
        return NGX_ERROR;
    }

    while ((cmd = ngx_household_redis_fifo_head(&conn->unverified)) != NULL) {
        verified = cmd->op;

        if (ngx_household_redis_op_verified(cmd) == NGX_DONE) {
            ngx_queue_insert_tail(&conn->answered, &verified->answered);
        }
    }

    return NGX_OK;
}


static void
ngx_household_redis_conn_number_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    /* the operations before it end on their own */
}


/* returns 1 if no reply that is to be verified is used */

static ngx_uint_t
ngx_household_redis_conn_unused(ngx_household_redis_conn_t *conn)
{
    ngx_queue_t                *q;
    ngx_household_redis_cmd_t  *cmd;

    for (q = ngx_queue_head(&conn->unverified.list);
         q != ngx_queue_sentinel(&conn->unverified.list);
         q = ngx_queue_next(q))
    {
        cmd = ngx_queue_data(q, ngx_household_redis_cmd_t, queue);

        if (!cmd->op->unused) {
            return 0;
        }
    }

    return 1;
}


void
ngx_household_redis_conn_fail_unverified(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status)
{
    ngx_household_redis_cmd_t  *cmd;

    while ((cmd = ngx_household_redis_fifo_head(&conn->unverified)) != NULL) {
        ngx_household_redis_op_end(cmd->op, status);
    }
}
