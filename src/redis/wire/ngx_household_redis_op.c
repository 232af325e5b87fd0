
/*
 * Operations and their deadlines.  See ngx_household_redis_op.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_error.h"
#include "ngx_household_redis_op.h"
#include "ngx_household_spare.h"


/* bytes of a spare block: a lookup needs less, also with long ids */
#define NGX_HOUSEHOLD_REDIS_OP_SPARE  1536


static ngx_household_redis_op_t *ngx_household_redis_op_alloc(ngx_uint_t n,
    size_t room, ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data);
static void ngx_household_redis_deadlines_handler(ngx_event_t *ev);


/* of the worker process */
static ngx_household_spares_t  ngx_household_redis_op_spares;


void
ngx_household_redis_fifo_init(ngx_household_redis_fifo_t *fifo)
{
    ngx_queue_init(&fifo->list);
    fifo->n = 0;
}


void
ngx_household_redis_fifo_move(ngx_household_redis_fifo_t *to,
    ngx_household_redis_fifo_t *from)
{
    while (from->n) {
        ngx_household_redis_fifo_push(to, ngx_household_redis_fifo_head(from));
    }
}


ngx_household_redis_op_t *
ngx_household_redis_op_create(ngx_household_resp_command_t *commands,
    ngx_uint_t n, ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data)
{
    u_char                    *p;
    size_t                     len, room;
    ngx_uint_t                 i;
    ngx_household_redis_op_t  *op;

    room = 0;

    for (i = 0; i < n; i++) {

        len = ngx_household_resp_size(&commands[i]);

        if (len == 0) {
            return NULL;
        }

        room += len;
    }

    op = ngx_household_redis_op_alloc(n, room, flags, reply, done, data);
    if (op == NULL) {
        return NULL;
    }

    p = (u_char *) &op->cmds[n];

    for (i = 0; i < n; i++) {
        op->cmds[i].wire.data = p;

        p = ngx_household_resp_encode(p, &commands[i]);

        op->cmds[i].wire.len = p - op->cmds[i].wire.data;
    }

    return op;
}


ngx_household_redis_op_t *
ngx_household_redis_op_create_encoded(ngx_str_t *wires, ngx_uint_t n,
    ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data)
{
    u_char                    *p;
    size_t                     room;
    ngx_uint_t                 i;
    ngx_household_redis_op_t  *op;

    room = 0;

    for (i = 0; i < n; i++) {
        room += wires[i].len;
    }

    op = ngx_household_redis_op_alloc(n, room, flags, reply, done, data);
    if (op == NULL) {
        return NULL;
    }

    p = (u_char *) &op->cmds[n];

    for (i = 0; i < n; i++) {
        op->cmds[i].wire.data = p;
        op->cmds[i].wire.len = wires[i].len;

        p += wires[i].len;
    }

    ngx_memcpy(&op->cmds[n], wires[0].data, room);

    return op;
}


/* "room" bytes for encoded commands follow the commands */

static ngx_household_redis_op_t *
ngx_household_redis_op_alloc(ngx_uint_t n, size_t room, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data)
{
    size_t                     size;
    ngx_uint_t                 i, spare;
    ngx_household_redis_op_t  *op;

    size = sizeof(ngx_household_redis_op_t)
           + (n - 1) * sizeof(ngx_household_redis_cmd_t);

    spare = size + room <= NGX_HOUSEHOLD_REDIS_OP_SPARE;

    op = spare ? ngx_household_spares_alloc(&ngx_household_redis_op_spares,
                                            NGX_HOUSEHOLD_REDIS_OP_SPARE)
               : ngx_alloc(size + room, ngx_cycle->log);
    if (op == NULL) {
        return NULL;
    }

    ngx_memzero(op, size);

    op->reply = reply;
    op->done = done;
    op->data = data;
    op->flags = flags;
    op->n = n;
    op->left = n;
    op->spare = spare;

    for (i = 0; i < n; i++) {
        op->cmds[i].op = op;
        op->cmds[i].index = i;
    }

    return op;
}


void
ngx_household_redis_op_end(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_uint_t  i;

    if (op->ended) {
        return;
    }

    op->ended = 1;

    if (op->deadlines != NULL) {
        if (op->awaited) {
            ngx_household_redis_op_await(op, 0);
        }

        ngx_queue_remove(&op->timed);
        op->deadlines = NULL;
    }

    for (i = 0; i < op->n; i++) {
        if (!op->cmds[i].on_wire) {
            ngx_household_redis_cmd_unlink(&op->cmds[i]);
        }
    }

    op->pins++;

    if (op->replied != NULL) {
        op->replied(op, status);
    }

    op->done(op, status);
    op->pins--;

    ngx_household_redis_op_release(op);
}


void
ngx_household_redis_op_release(ngx_household_redis_op_t *op)
{
    ngx_uint_t  i;

    if (!op->ended || op->pins) {
        return;
    }

    for (i = 0; i < op->n; i++) {
        if (op->cmds[i].fifo != NULL) {
            return;
        }
    }

    if (op->spare) {
        ngx_household_spares_free(&ngx_household_redis_op_spares, op);

    } else {
        ngx_free(op);
    }
}


ngx_int_t
ngx_household_redis_op_reply(ngx_household_redis_cmd_t *cmd,
    ngx_household_resp_reply_t *reply)
{
    ngx_int_t                  rc;
    ngx_household_redis_op_t  *op;

    op = cmd->op;
    rc = NGX_OK;

    ngx_household_redis_cmd_unlink(cmd);
    cmd->on_wire = 0;

    if (op->ended) {
        ngx_household_redis_op_release(op);
        return NGX_OK;
    }

    op->i = cmd->index;

    op->pins++;
    rc = op->reply(op, reply);
    op->pins--;

    if (rc == NGX_DECLINED) {
        op->unused = 1;
        rc = NGX_OK;
    }

    if (op->ended) {
        /* by op->reply() */
        ngx_household_redis_op_release(op);
        return rc;
    }

    if (rc != NGX_OK) {
        ngx_household_redis_op_end(op, NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL);
        return NGX_ERROR;
    }

    return (op->flags & NGX_HOUSEHOLD_REDIS_NUMBERED)
           ? NGX_AGAIN : ngx_household_redis_op_verified(cmd);
}


ngx_int_t
ngx_household_redis_op_verified(ngx_household_redis_cmd_t *cmd)
{
    ngx_household_redis_op_t  *op;

    op = cmd->op;

    ngx_household_redis_cmd_unlink(cmd);

    if (--op->left) {
        return NGX_OK;
    }

    op->pins++;

    return NGX_DONE;
}


void
ngx_household_redis_op_complete(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    op->pins--;

    if (op->ended) {
        ngx_household_redis_op_release(op);

    } else {
        ngx_household_redis_op_end(op, status);
    }
}


void
ngx_household_redis_deadlines_init(ngx_household_redis_deadlines_t *d,
    ngx_msec_t timeout, ngx_log_t *log)
{
    ngx_memzero(d, sizeof(ngx_household_redis_deadlines_t));

    d->ident = -1;
    d->timeout = timeout;

    ngx_queue_init(&d->timed);

    d->timer.handler = ngx_household_redis_deadlines_handler;
    d->timer.data = d;
    d->timer.log = log;
    d->timer.cancelable = 1;
}


void
ngx_household_redis_deadlines_add(ngx_household_redis_deadlines_t *d,
    ngx_household_redis_op_t *op, ngx_uint_t awaited)
{
    op->deadline = ngx_current_msec + d->timeout;
    op->deadlines = d;

    ngx_queue_insert_tail(&d->timed, &op->timed);

    if (awaited) {
        ngx_household_redis_op_await(op, 1);
    }

    if (!d->timer.timer_set) {
        ngx_add_timer(&d->timer, d->timeout);
    }
}


void
ngx_household_redis_op_await(ngx_household_redis_op_t *op, ngx_uint_t awaited)
{
    ngx_household_redis_deadlines_t  *d;

    d = op->deadlines;

    if (d == NULL || op->awaited == awaited) {
        return;
    }

    op->awaited = awaited;
    d->awaited += awaited ? 1 : -1;

    /* a worker process that quits waits for awaited operations only */
    d->timer.cancelable = d->awaited == 0;
}


void
ngx_household_redis_deadlines_stop(ngx_household_redis_deadlines_t *d)
{
    ngx_household_redis_op_t  *op;

    while (!ngx_queue_empty(&d->timed)) {
        op = ngx_queue_data(ngx_queue_head(&d->timed),
                            ngx_household_redis_op_t, timed);
        ngx_household_redis_op_end(op, NGX_HOUSEHOLD_REDIS_RESULT_DOWN);
    }

    if (d->timer.timer_set) {
        ngx_del_timer(&d->timer);
    }
}


static void
ngx_household_redis_deadlines_handler(ngx_event_t *ev)
{
    ngx_msec_int_t                    left;
    ngx_household_redis_op_t         *op;
    ngx_household_redis_deadlines_t  *d = ev->data;

    while (!ngx_queue_empty(&d->timed)) {

        op = ngx_queue_data(ngx_queue_head(&d->timed),
                            ngx_household_redis_op_t, timed);

        left = (ngx_msec_int_t) (op->deadline - ngx_current_msec);

        if (left > 0) {
            if (ev->timer_set) {
                /* set by an operation added in ngx_household_redis_op_end() */
                ngx_del_timer(ev);
            }

            ngx_add_timer(ev, left);
            return;
        }

        ngx_household_redis_op_end(op, NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT);
    }
}


ngx_int_t
ngx_household_redis_pong(ngx_household_resp_value_t *v, u_char *number,
    size_t len)
{
    switch (v->type) {

    case NGX_HOUSEHOLD_RESP_BULK:
        return v->str.len == len && ngx_memcmp(v->str.data, number, len) == 0
               ? NGX_OK : NGX_ERROR;

    case NGX_HOUSEHOLD_RESP_STATUS:
        return ngx_household_redis_error_is(&v->str, "PONG")
               ? NGX_OK : NGX_ERROR;

    case NGX_HOUSEHOLD_RESP_ERROR:
        return ngx_household_redis_error_of_ping(&v->str) ? NGX_OK
                                                          : NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}
