
/*
 * The operations of one connection.  See ngx_household_redis_queue.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_queue.h"


static void ngx_household_redis_queue_handler(ngx_event_t *ev);
static ngx_uint_t ngx_household_redis_queue_expire(
    ngx_household_redis_queue_t *queue);
static void ngx_household_redis_queue_arm(ngx_household_redis_queue_t *queue);
static ngx_household_redis_op_t *ngx_household_redis_queue_live(
    ngx_household_redis_queue_t *queue);


void
ngx_household_redis_queue_init(ngx_household_redis_queue_t *queue,
    ngx_msec_t timeout, void (*silent)(ngx_household_redis_queue_t *queue),
    void *data, ngx_log_t *log)
{
    ngx_memzero(queue, sizeof(ngx_household_redis_queue_t));

    queue->silent = silent;
    queue->data = data;
    queue->ident = -1;
    queue->timeout = timeout;

    ngx_queue_init(&queue->sent);
    ngx_queue_init(&queue->waiting);

    queue->timer.handler = ngx_household_redis_queue_handler;
    queue->timer.data = queue;
    queue->timer.log = log;
}


void
ngx_household_redis_queue_stop(ngx_household_redis_queue_t *queue)
{
    ngx_household_redis_queue_fail(queue);

    if (queue->timer.timer_set) {
        ngx_del_timer(&queue->timer);
    }
}


ngx_household_redis_op_t *
ngx_household_redis_queue_add(ngx_household_redis_queue_t *queue,
    ngx_str_t *commands, ngx_uint_t n, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data)
{
    u_char                    *p;
    size_t                     len;
    ngx_uint_t                 i;
    ngx_household_redis_op_t  *op;

    if (queue->n >= NGX_HOUSEHOLD_REDIS_MAX_OPS) {
        return NULL;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        len += commands[i].len;
    }

    op = ngx_alloc(sizeof(ngx_household_redis_op_t) + len, ngx_cycle->log);
    if (op == NULL) {
        return NULL;
    }

    ngx_memzero(op, sizeof(ngx_household_redis_op_t));

    p = (u_char *) op + sizeof(ngx_household_redis_op_t);

    op->wire.data = p;
    op->wire.len = len;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, commands[i].data, commands[i].len);
    }

    op->reply = reply;
    op->done = done;
    op->data = data;
    op->expected = n;
    op->deadline = ngx_current_msec + queue->timeout;

    ngx_queue_insert_tail(&queue->waiting, &op->queue);
    queue->n++;

    /* somebody waits: a worker that quits must, too */
    queue->timer.cancelable = 0;

    if (!queue->timer.timer_set) {
        ngx_add_timer(&queue->timer, queue->timeout);
    }

    return op;
}


ngx_household_redis_op_t *
ngx_household_redis_queue_waiting(ngx_household_redis_queue_t *queue)
{
    if (ngx_queue_empty(&queue->waiting)) {
        return NULL;
    }

    return ngx_queue_data(ngx_queue_head(&queue->waiting),
                          ngx_household_redis_op_t, queue);
}


ngx_household_redis_op_t *
ngx_household_redis_queue_sent(ngx_household_redis_queue_t *queue)
{
    if (ngx_queue_empty(&queue->sent)) {
        return NULL;
    }

    return ngx_queue_data(ngx_queue_head(&queue->sent),
                          ngx_household_redis_op_t, queue);
}


void
ngx_household_redis_queue_send(ngx_household_redis_queue_t *queue)
{
    ngx_queue_t  *q;

    q = ngx_queue_head(&queue->waiting);

    ngx_queue_remove(q);
    ngx_queue_insert_tail(&queue->sent, q);
}


void
ngx_household_redis_queue_finish(ngx_household_redis_queue_t *queue,
    ngx_household_redis_op_t *op, ngx_household_redis_status_e status)
{
    ngx_queue_remove(&op->queue);
    queue->n--;

    if (!op->dead) {
        op->done(op, status);
    }

    ngx_free(op);
}


void
ngx_household_redis_queue_fail(ngx_household_redis_queue_t *queue)
{
    ngx_uint_t                 n;
    ngx_household_redis_op_t  *op;

    /* what is added meanwhile is not of this round */

    for (n = queue->n; n != 0; n--) {

        op = ngx_household_redis_queue_sent(queue);

        if (op == NULL) {
            op = ngx_household_redis_queue_waiting(queue);
        }

        ngx_household_redis_queue_finish(queue, op, NGX_HOUSEHOLD_REDIS_DOWN);
    }
}


void
ngx_household_redis_queue_requeue(ngx_household_redis_queue_t *queue,
    ngx_household_redis_status_e status)
{
    ngx_uint_t                 culprit;
    ngx_queue_t               *q;
    ngx_household_redis_op_t  *op;

    while (!ngx_queue_empty(&queue->sent)) {

        q = ngx_queue_last(&queue->sent);
        op = ngx_queue_data(q, ngx_household_redis_op_t, queue);

        culprit = status == NGX_HOUSEHOLD_REDIS_PROTOCOL
                  && q == ngx_queue_head(&queue->sent);

        if (op->dead || op->answered || op->retried || culprit) {
            ngx_household_redis_queue_finish(queue, op,
                                             culprit ? status
                                             : NGX_HOUSEHOLD_REDIS_DOWN);
            continue;
        }

        op->retried = 1;

        ngx_queue_remove(q);
        ngx_queue_insert_head(&queue->waiting, q);
    }
}


static void
ngx_household_redis_queue_handler(ngx_event_t *ev)
{
    ngx_household_redis_queue_t  *queue = ev->data;

    if (ngx_household_redis_queue_expire(queue)) {
        queue->silent(queue);
    }

    if (!queue->timer.timer_set) {
        ngx_household_redis_queue_arm(queue);
    }
}


/* ends what is due; returns 1 if the peer is stuck */

static ngx_uint_t
ngx_household_redis_queue_expire(ngx_household_redis_queue_t *queue)
{
    ngx_msec_t                 now;
    ngx_queue_t               *q;
    ngx_household_redis_op_t  *op;

    now = ngx_current_msec;

    for (q = ngx_queue_head(&queue->sent);
         q != ngx_queue_sentinel(&queue->sent);
         q = ngx_queue_next(q))
    {
        op = ngx_queue_data(q, ngx_household_redis_op_t, queue);

        if ((ngx_msec_int_t) (op->deadline - now) > 0) {
            break;
        }

        if (!op->dead) {
            /* it stays in its place, so that replies are told apart */
            op->dead = 1;
            op->done(op, NGX_HOUSEHOLD_REDIS_TIMEOUT);
        }
    }

    for ( ;; ) {

        op = ngx_household_redis_queue_waiting(queue);

        if (op == NULL || (ngx_msec_int_t) (op->deadline - now) > 0) {
            break;
        }

        ngx_household_redis_queue_finish(queue, op,
                                         NGX_HOUSEHOLD_REDIS_TIMEOUT);
    }

    op = ngx_household_redis_queue_sent(queue);

    return op != NULL
           && (ngx_msec_int_t) (op->deadline + queue->timeout - now) <= 0;
}


/* sets the timer for what is due first: a deadline, or a stuck peer */

static void
ngx_household_redis_queue_arm(ngx_household_redis_queue_t *queue)
{
    ngx_msec_t                 at, stuck;
    ngx_household_redis_op_t  *live, *first;

    if (queue->n == 0) {
        return;
    }

    at = 0;

    live = ngx_household_redis_queue_live(queue);

    if (live != NULL) {
        at = live->deadline;
    }

    first = ngx_household_redis_queue_sent(queue);

    if (first != NULL && first->dead) {

        stuck = first->deadline + queue->timeout;

        if (live == NULL || (ngx_msec_int_t) (stuck - at) < 0) {
            at = stuck;
        }
    }

    /* nobody waits for an answer that comes too late */
    queue->timer.cancelable = (live == NULL);

    at -= ngx_current_msec;

    ngx_add_timer(&queue->timer, (ngx_msec_int_t) at > 0 ? at : 1);
}


/* the first for whose end somebody waits */

static ngx_household_redis_op_t *
ngx_household_redis_queue_live(ngx_household_redis_queue_t *queue)
{
    ngx_queue_t               *q;
    ngx_household_redis_op_t  *op;

    for (q = ngx_queue_head(&queue->sent);
         q != ngx_queue_sentinel(&queue->sent);
         q = ngx_queue_next(q))
    {
        op = ngx_queue_data(q, ngx_household_redis_op_t, queue);

        if (!op->dead) {
            return op;
        }
    }

    return ngx_household_redis_queue_waiting(queue);
}
