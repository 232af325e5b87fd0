
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
#include "ngx_household_spare.h"


/* digits of the number */
#define NGX_HOUSEHOLD_REDIS_NUMBER  8


/* a number that was sent */

typedef struct {
    ngx_household_redis_cmd_t  cmd;
    u_char                     digits[NGX_HOUSEHOLD_REDIS_NUMBER];
} ngx_household_redis_number_t;


static u_char *ngx_household_redis_conn_next_number(ngx_str_t *wire);
static ngx_uint_t ngx_household_redis_conn_unused(
    ngx_household_redis_conn_t *conn);


/* of the worker process */
static ngx_household_spares_t  ngx_household_redis_conn_numbers;


ngx_household_redis_cmd_t *
ngx_household_redis_conn_number(void)
{
    ngx_household_redis_number_t  *number;

    number = ngx_household_spares_alloc(&ngx_household_redis_conn_numbers,
                                        sizeof(ngx_household_redis_number_t));
    if (number == NULL) {
        return NULL;
    }

    ngx_memzero(&number->cmd, sizeof(ngx_household_redis_cmd_t));

    ngx_memcpy(number->digits,
               ngx_household_redis_conn_next_number(&number->cmd.wire),
               NGX_HOUSEHOLD_REDIS_NUMBER);

    return &number->cmd;
}


/*
 * Returns the digits of the next number, which is unique among the connections
 * of the process, and sets "wire" to the command.  Both are valid until the
 * next call.
 */

static u_char *
ngx_household_redis_conn_next_number(ngx_str_t *wire)
{
    u_char      *digits;
    ngx_uint_t   i;

    static u_char  ping[] = "*2" CRLF "$4" CRLF "PING" CRLF
                            "$8" CRLF "00000000" CRLF;

    wire->len = sizeof(ping) - 1;
    wire->data = ping;

    digits = ping + sizeof(ping) - sizeof(CRLF) - NGX_HOUSEHOLD_REDIS_NUMBER;

    for (i = NGX_HOUSEHOLD_REDIS_NUMBER; i > 0; i--) {

        if (digits[i - 1] != '9') {
            digits[i - 1]++;
            break;
        }

        digits[i - 1] = '0';
    }

    return digits;
}


void
ngx_household_redis_conn_number_free(ngx_household_redis_cmd_t *cmd)
{
    ngx_household_redis_cmd_unlink(cmd);
    ngx_household_spares_free(&ngx_household_redis_conn_numbers, cmd);
}


ngx_int_t
ngx_household_redis_conn_number_reply(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd, ngx_household_resp_reply_t *reply)
{
    ngx_int_t                      rc;
    ngx_household_redis_op_t      *verified;
    ngx_household_redis_number_t  *number;

    number = (ngx_household_redis_number_t *) cmd;

    rc = ngx_household_redis_pong(&reply->values[0], number->digits,
                                  NGX_HOUSEHOLD_REDIS_NUMBER);

    ngx_household_redis_conn_number_free(cmd);

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
