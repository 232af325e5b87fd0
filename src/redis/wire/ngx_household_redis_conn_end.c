
/*
 * The end of operations and commands.  See ngx_household_redis_conn_private.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_conn_private.h"


void
ngx_household_redis_conn_complete_ops(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&conn->answered)) {

        q = ngx_queue_head(&conn->answered);
        ngx_queue_remove(q);

        ngx_household_redis_op_complete(
                          ngx_queue_data(q, ngx_household_redis_op_t, answered),
                          status);
    }
}


void
ngx_household_redis_conn_orphans(ngx_household_redis_conn_t *conn)
{
    ngx_uint_t                  sent;
    ngx_household_redis_op_t   *op;
    ngx_household_redis_cmd_t  *cmd;
    ngx_household_redis_fifo_t  list[2];

    ngx_household_redis_conn_fail_unverified(conn,
                                             NGX_HOUSEHOLD_REDIS_RESULT_DOWN);

    ngx_household_redis_fifo_init(&list[0]);
    ngx_household_redis_fifo_init(&list[1]);

    ngx_household_redis_fifo_move(&list[0], &conn->waiting);

    while ((cmd = ngx_household_redis_fifo_head(&conn->sent)) != NULL) {

        op = cmd->op;
        cmd->on_wire = 0;

        if (op == NULL) {
            ngx_household_redis_conn_number_free(cmd);

        } else if (op->ended) {
            ngx_household_redis_cmd_unlink(cmd);
            ngx_household_redis_op_release(op);

        } else {
            ngx_household_redis_fifo_push(&list[1], cmd);
        }
    }

    for (sent = 2; sent-- > 0; /* void */) {

        while ((cmd = ngx_household_redis_fifo_head(&list[sent])) != NULL) {

            if (cmd->op->flags & NGX_HOUSEHOLD_REDIS_OWN) {
                ngx_household_redis_op_end(cmd->op,
                                           NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
                continue;
            }

            ngx_household_redis_cmd_unlink(cmd);
            conn->owner->orphan(conn, cmd, sent);
        }
    }
}


void
ngx_household_redis_conn_fail_all(ngx_household_redis_conn_t *conn)
{
    ngx_household_redis_cmd_t   *cmd;
    ngx_household_redis_fifo_t   list;

    ngx_household_redis_conn_fail_unverified(conn,
                                             NGX_HOUSEHOLD_REDIS_RESULT_DOWN);

    ngx_household_redis_fifo_init(&list);
    ngx_household_redis_fifo_move(&list, &conn->sent);
    ngx_household_redis_fifo_move(&list, &conn->waiting);

    while ((cmd = ngx_household_redis_fifo_head(&list)) != NULL) {

        cmd->on_wire = 0;

        if (cmd->op == NULL) {
            ngx_household_redis_conn_number_free(cmd);
            continue;
        }

        ngx_household_redis_cmd_unlink(cmd);

        if (cmd->op->ended) {
            /* by another command; this one may be the last reference */
            ngx_household_redis_op_release(cmd->op);
            continue;
        }

        ngx_household_redis_op_end(cmd->op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }
}
