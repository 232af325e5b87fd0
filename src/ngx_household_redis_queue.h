
/*
 * The operations of one connection: sent ones in the order of their replies,
 * then those not sent yet, with their deadlines.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_QUEUE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_QUEUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"


typedef struct ngx_household_redis_queue_s  ngx_household_redis_queue_t;

struct ngx_household_redis_queue_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    void                        (*silent)(ngx_household_redis_queue_t *queue);
    void                         *data;
    void                         *dummy;
    ngx_int_t                     ident;

    ngx_queue_t                   sent;
    ngx_queue_t                   waiting;  /* their deadlines are later */
    ngx_uint_t                    n;        /* in both */
    ngx_msec_t                    timeout;  /* of each, in ms */
    ngx_event_t                   timer;
};


/*
 * "silent" is called when an operation that ended by its deadline has still
 * not been answered after another "timeout": the peer is stuck, and what is
 * queued behind would wait for nothing.
 */
void ngx_household_redis_queue_init(ngx_household_redis_queue_t *queue,
    ngx_msec_t timeout, void (*silent)(ngx_household_redis_queue_t *queue),
    void *data, ngx_log_t *log);

/* ends all operations with DOWN and stops the timer */
void ngx_household_redis_queue_stop(ngx_household_redis_queue_t *queue);

/*
 * Appends an operation (see ngx_household_redis_submit()) to those waiting.
 * Returns it, or NULL if the queue is full or memory is short.
 */
ngx_household_redis_op_t *ngx_household_redis_queue_add(
    ngx_household_redis_queue_t *queue, ngx_str_t *commands, ngx_uint_t n,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data);

/* the first that waits, or whose replies come next; NULL if there is none */
ngx_household_redis_op_t *ngx_household_redis_queue_waiting(
    ngx_household_redis_queue_t *queue);
ngx_household_redis_op_t *ngx_household_redis_queue_sent(
    ngx_household_redis_queue_t *queue);

/* the first that waits is sent now */
void ngx_household_redis_queue_send(ngx_household_redis_queue_t *queue);

/* ends an operation, which is gone then */
void ngx_household_redis_queue_finish(ngx_household_redis_queue_t *queue,
    ngx_household_redis_op_t *op, ngx_household_redis_status_e status);

/* ends all operations with DOWN: there is nobody to answer them */
void ngx_household_redis_queue_fail(ngx_household_redis_queue_t *queue);

/*
 * The connection is gone.  What was sent and has no reply yet waits to be
 * sent again, once: reading twice does no harm.  The rest ends with DOWN; the
 * operation whose reply broke the protocol ends with "status" PROTOCOL, or it
 * would break the next connection, too.
 */
void ngx_household_redis_queue_requeue(ngx_household_redis_queue_t *queue,
    ngx_household_redis_status_e status);


#endif /* _NGX_HOUSEHOLD_REDIS_QUEUE_H_INCLUDED_ */
