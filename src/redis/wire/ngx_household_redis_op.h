
/*
 * Operations: commands that belong together, their deadline, and the lists
 * that they pass through on their way.
 *
 * Each command travels by itself, as a cluster may send it elsewhere than the
 * others; the operation ends when all are answered, or when its time is up.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_OP_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_OP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_resp.h"


/* flags of an operation */
#define NGX_HOUSEHOLD_REDIS_WRITE  0x01    /* to a primary; sent once only */
#define NGX_HOUSEHOLD_REDIS_FIRST  0x40    /* others may wait for it */
#define NGX_HOUSEHOLD_REDIS_LATE   0x02    /* a late reply is an answer, too */
#define NGX_HOUSEHOLD_REDIS_OWN    0x80    /* a connection's: goes with it */

/*
 * Milliseconds after which an operation with NGX_HOUSEHOLD_REDIS_LATE ends:
 * twice the timeout, but no less.
 */
#define NGX_HOUSEHOLD_REDIS_LATE_TIMEOUT  10000


typedef struct ngx_household_redis_op_s   ngx_household_redis_op_t;
typedef struct ngx_household_redis_cmd_s  ngx_household_redis_cmd_t;


/* how an operation ended */

typedef enum {
    NGX_HOUSEHOLD_REDIS_RESULT_OK = 0,

    NGX_HOUSEHOLD_REDIS_RESULT_DOWN,      /* server down, or connection lost */
    NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT,   /* not all replies came in time */
    NGX_HOUSEHOLD_REDIS_RESULT_BUSY,      /* queue full */
    NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL   /* invalid reply */
} ngx_household_redis_result_e;


/*
 * Called for the reply of each command, op->i telling which, once, in any
 * order.  NGX_OK, or NGX_ERROR if the reply cannot belong to the command: the
 * connection is then closed.
 */
typedef ngx_int_t (*ngx_household_redis_reply_pt)(
    ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);

/*
 * Called once, at the end of an operation.  "op" is gone after it returns.
 * It may submit further operations.
 */
typedef void (*ngx_household_redis_done_pt)(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


/* what waits, in order */

typedef struct {
    ngx_queue_t                    list;
    ngx_uint_t                     n;
} ngx_household_redis_fifo_t;


struct ngx_household_redis_cmd_s {
    ngx_household_redis_op_t      *op;
    ngx_household_redis_fifo_t    *fifo;      /* where it is; or NULL */
    ngx_queue_t                    queue;
    ngx_str_t                      wire;      /* encoded; the operation's */
    ngx_uint_t                     index;
    ngx_uint_t                     slot;      /* of a cluster */
    ngx_uint_t                     tries;     /* how often it was routed */
    ngx_msec_t                     sent;      /* when */
    uint64_t                       server;    /* that replied; 0: none */
    unsigned                       on_wire:1; /* sent; its reply must come */
    unsigned                       resent:1;  /* after a lost connection */
    unsigned                       asking:1;  /* ASKING goes before it */
    unsigned                       skip:1;    /* the reply to that is to come */
};


/* operations in the order of their deadlines, which all are as far away */

typedef struct {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    void                          *dummy[3];
    ngx_int_t                      ident;

    ngx_queue_t                    timed;
    ngx_msec_t                     timeout;
    ngx_event_t                    timer;
    ngx_uint_t                     awaited;   /* how many of them are */
} ngx_household_redis_deadlines_t;


struct ngx_household_redis_op_s {
    ngx_household_redis_reply_pt      reply;
    ngx_household_redis_done_pt       done;
    void                             *data;
    ngx_uint_t                        i;     /* what is answered */

    /* the transport's own */
    void                          *context;
    ngx_household_redis_done_pt    replied;   /* before "done"; or NULL */
    ngx_queue_t                    timed;
    ngx_msec_t                     deadline;
    ngx_household_redis_deadlines_t  *deadlines;  /* NULL: it has none */
    ngx_queue_t                    answered;  /* of a connection, until told */
    size_t                         key_len;   /* of the first command */
    ngx_uint_t                     flags;
    ngx_uint_t                     n;
    ngx_uint_t                     left;      /* replies to come */
    ngx_uint_t                     pins;
    unsigned                       ended:1;   /* "done" was called */
    unsigned                       awaited:1;
    ngx_household_redis_cmd_t      cmds[1];
};


void ngx_household_redis_fifo_init(ngx_household_redis_fifo_t *fifo);

/* the first, or NULL */
ngx_household_redis_cmd_t *ngx_household_redis_fifo_head(
    ngx_household_redis_fifo_t *fifo);

/* appends; the command leaves the list that it is in */
void ngx_household_redis_fifo_push(ngx_household_redis_fifo_t *fifo,
    ngx_household_redis_cmd_t *cmd);

/* moves all of "from" to the end of "to" */
void ngx_household_redis_fifo_move(ngx_household_redis_fifo_t *to,
    ngx_household_redis_fifo_t *from);

/* takes it from its list, if it is in one; its operation stays */
void ngx_household_redis_cmd_unlink(ngx_household_redis_cmd_t *cmd);


/*
 * Makes an operation of "n" commands, which are encoded.  It is in no list
 * and has no deadline.  Returns NULL if memory is short, or if a command has
 * no argument or is too long (see ngx_household_resp_size()).
 */
ngx_household_redis_op_t *ngx_household_redis_op_create(
    ngx_household_resp_command_t *commands, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data);

/*
 * Ends it: calls "done", once, and takes its commands from where they wait.
 * Those that were sent stay in their place until their replies come; then
 * the memory is freed.
 */
void ngx_household_redis_op_end(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);

/* frees it if it has ended and no list holds a part of it */
void ngx_household_redis_op_release(ngx_household_redis_op_t *op);

/*
 * A command has its reply.  Both may be gone afterwards, unless it returns
 * NGX_DONE: then it was the last reply, and the operation is held until
 * ngx_household_redis_op_complete() is called.  Returns NGX_OK otherwise, or
 * NGX_ERROR if the reply is not one of this command: the operation has then
 * ended with PROTOCOL.
 */
ngx_int_t ngx_household_redis_op_reply(ngx_household_redis_cmd_t *cmd,
    ngx_household_resp_reply_t *reply);
void ngx_household_redis_op_complete(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


void ngx_household_redis_deadlines_init(ngx_household_redis_deadlines_t *d,
    ngx_msec_t timeout, ngx_log_t *log);

/* the operation ends with TIMEOUT if nothing ends it before */
void ngx_household_redis_deadlines_add(ngx_household_redis_deadlines_t *d,
    ngx_household_redis_op_t *op);

/*
 * Tells whether somebody waits for it, as is assumed of one that was added: a
 * worker that quits stays for no other.  It may have ended.
 */
void ngx_household_redis_op_await(ngx_household_redis_op_t *op,
    ngx_uint_t awaited);

/* ends all operations with DOWN and stops the timer */
void ngx_household_redis_deadlines_stop(ngx_household_redis_deadlines_t *d);

/* the code of an error reply: its first word, capitals only, else "ERR" */
ngx_str_t ngx_household_redis_error_code(ngx_str_t *error);

/*
 * What may be logged of an error reply: its code, and more if it is one of a
 * list of known texts.  Never what else the server says, as that may repeat
 * arguments.  Points into "error" or at a constant.
 */
ngx_str_t ngx_household_redis_error_text(ngx_str_t *error);


#define ngx_household_redis_error_is(code, text)                              \
    ((code)->len == sizeof(text) - 1                                          \
     && ngx_strncmp((code)->data, text, sizeof(text) - 1) == 0)


#endif /* _NGX_HOUSEHOLD_REDIS_OP_H_INCLUDED_ */
