
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


static u_char *ngx_household_redis_conn_digits(ngx_str_t *wire);
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
    u_char      *digits;
    ngx_str_t    wire;
    ngx_uint_t   i;

    static u_char  ping[] = "*2" CRLF "$4" CRLF "PING" CRLF
                            "$8" CRLF "00000000" CRLF;

    wire.len = sizeof(ping) - 1;
    wire.data = ping;

    digits = ngx_household_redis_conn_digits(&wire);

    for (i = NGX_HOUSEHOLD_REDIS_NUMBER; i > 0; i--) {

        if (digits[i - 1] != '9') {
            digits[i - 1]++;
            break;
        }

        digits[i - 1] = '0';
    }

    return ngx_household_redis_op_create_encoded(&wire, 1,
                                         NGX_HOUSEHOLD_REDIS_OWN,
                                         ngx_household_redis_conn_number_reply,
                                         ngx_household_redis_conn_number_done,
                                         conn);
}


static u_char *
ngx_household_redis_conn_digits(ngx_str_t *wire)
{
    return wire->data + wire->len - (sizeof(CRLF) - 1)
           - NGX_HOUSEHOLD_REDIS_NUMBER;
}


/* the replies before this one belong to their commands, or are not used */

static ngx_int_t
ngx_household_redis_conn_number_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_int_t                    rc;
    ngx_household_redis_op_t    *verified;
    ngx_household_redis_cmd_t   *cmd;
    ngx_household_redis_conn_t  *conn = op->data;

    rc = ngx_household_redis_pong(&reply->values[0],
                             ngx_household_redis_conn_digits(&op->cmds[0].wire),
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
