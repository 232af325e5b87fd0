
/*
 * Operations.  An operation is one or more commands with a common deadline.
 * Each command is routed separately, since a cluster may redirect it.  An
 * operation ends when all its commands are answered, or at the deadline.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_OP_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_OP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_error.h"
#include "ngx_household_resp.h"


/* flags of an operation */
#define NGX_HOUSEHOLD_REDIS_WRITE  0x01    /* to a primary; never resent */
#define NGX_HOUSEHOLD_REDIS_LATE   0x02    /* accepts a late reply */
#define NGX_HOUSEHOLD_REDIS_NUMBERED  0x04 /* verified by a number */
#define NGX_HOUSEHOLD_REDIS_NO_REPLICA  0x08 /* not to a replica of a cluster */
#define NGX_HOUSEHOLD_REDIS_OWN    0x80    /* of the connection itself */

/* what an operation is for, to be counted; LOOKUP is the default */
#define NGX_HOUSEHOLD_REDIS_LOOKUP    0x000
#define NGX_HOUSEHOLD_REDIS_PRESENCE  0x100
#define NGX_HOUSEHOLD_REDIS_UPDATE    0x200  /* a write of a request */
#define NGX_HOUSEHOLD_REDIS_EVENT     0x300
#define NGX_HOUSEHOLD_REDIS_FLEET     0x400  /* a value of the whole fleet */
#define NGX_HOUSEHOLD_REDIS_API       0x500
#define NGX_HOUSEHOLD_REDIS_KINDS     6

#define ngx_household_redis_op_kind(flags)  ((flags) >> 8)

/*
 * Milliseconds after which an operation with NGX_HOUSEHOLD_REDIS_LATE ends.
 * It is twice the timeout of the configuration, but at least this.
 */
#define NGX_HOUSEHOLD_REDIS_LATE_TIMEOUT  10000


typedef struct ngx_household_redis_op_s   ngx_household_redis_op_t;
typedef struct ngx_household_redis_cmd_s  ngx_household_redis_cmd_t;


/* how an operation ended */

typedef enum {
    NGX_HOUSEHOLD_REDIS_RESULT_OK = 0,

    NGX_HOUSEHOLD_REDIS_RESULT_DOWN,      /* server down, or connection lost */
    NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT,   /* deadline exceeded */
    NGX_HOUSEHOLD_REDIS_RESULT_BUSY,      /* queue full */
    NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL   /* invalid reply */
} ngx_household_redis_result_e;


/*
 * Called once for the reply to each command, in any order; op->i is the index
 * of the command.  Returns NGX_OK; NGX_DECLINED if the operation has failed, so
 * that no reply of it is used; or NGX_ERROR if the reply is not valid for the
 * command; the connection is closed then.
 */
typedef ngx_int_t (*ngx_household_redis_reply_pt)(
    ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);

/*
 * Called once, at the end of an operation.  "op" must not be used after it
 * returns.  It may submit further operations.
 */
typedef void (*ngx_household_redis_done_pt)(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


/* a list of commands, in order */

typedef struct {
    ngx_queue_t                    list;
    ngx_uint_t                     n;
} ngx_household_redis_fifo_t;


struct ngx_household_redis_cmd_s {
    ngx_household_redis_op_t      *op;        /* NULL: number of connection */
    ngx_household_redis_fifo_t    *fifo;      /* that it is in, or NULL */
    ngx_queue_t                    queue;
    ngx_str_t                      wire;      /* encoded, in op's memory */
    ngx_uint_t                     index;
    ngx_uint_t                     slot;      /* hash slot */
    ngx_uint_t                     tries;     /* times routed */
    ngx_msec_t                     sent;      /* time, ms */
    uint64_t                       server;    /* conn->server; 0: unknown */
    int64_t                        redirect;  /* conn->redirect, when sent */
    unsigned                       on_wire:1; /* sent, reply expected */
    unsigned                       resent:1;  /* after connection loss */
    unsigned                       asking:1;  /* ASKING is sent first */
    unsigned                       moved:1;   /* PING is sent first */
    unsigned                       replica:1; /* sent to one of a cluster */
    unsigned                       skip:1;    /* reply to either pending */
};


/* operations with the same timeout, in the order of their deadlines */

typedef struct {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    void                          *dummy[3];
    ngx_int_t                      ident;

    ngx_queue_t                    timed;
    ngx_msec_t                     timeout;
    ngx_event_t                    timer;
    ngx_uint_t                     awaited;   /* with op->awaited */
} ngx_household_redis_deadlines_t;


struct ngx_household_redis_op_s {
    ngx_household_redis_reply_pt      reply;
    ngx_household_redis_done_pt       done;
    void                             *data;
    ngx_uint_t                        i;      /* command answered */

    /* the members below are not for the caller */
    void                             *context;
    ngx_household_redis_done_pt       replied; /* called before done; or NULL */
    ngx_queue_t                       timed;
    ngx_msec_t                        deadline;
    ngx_household_redis_deadlines_t  *deadlines; /* NULL: no deadline */
    ngx_queue_t                       answered; /* in conn->answered */
    size_t                            key_len; /* of the first command */
    ngx_uint_t                        flags;
    ngx_uint_t                        n;
    ngx_uint_t                        left;   /* not answered and verified */
    ngx_uint_t                        pins;   /* freed only if 0 */
    unsigned                          ended:1; /* "done" was called */
    unsigned                          awaited:1;
    unsigned                          failed:1; /* an error reply */
    unsigned                          unused:1; /* no reply is used */
    unsigned                          spare:1; /* of a spare block */
    ngx_household_redis_cmd_t         cmds[1];
};


void ngx_household_redis_fifo_init(ngx_household_redis_fifo_t *fifo);

/* moves all commands of "from" to the end of "to" */
void ngx_household_redis_fifo_move(ngx_household_redis_fifo_t *to,
    ngx_household_redis_fifo_t *from);


/* returns the first command, or NULL */

static ngx_inline ngx_household_redis_cmd_t *
ngx_household_redis_fifo_head(ngx_household_redis_fifo_t *fifo)
{
    if (fifo->n == 0) {
        return NULL;
    }

    return ngx_queue_data(ngx_queue_head(&fifo->list),
                          ngx_household_redis_cmd_t, queue);
}


/* removes the command from its list, if any; does not end the operation */

static ngx_inline void
ngx_household_redis_cmd_unlink(ngx_household_redis_cmd_t *cmd)
{
    if (cmd->fifo == NULL) {
        return;
    }

    ngx_queue_remove(&cmd->queue);
    cmd->fifo->n--;
    cmd->fifo = NULL;
}


/* removes the command from its list, if any, and appends it to this one */

static ngx_inline void
ngx_household_redis_fifo_push(ngx_household_redis_fifo_t *fifo,
    ngx_household_redis_cmd_t *cmd)
{
    ngx_household_redis_cmd_unlink(cmd);

    ngx_queue_insert_tail(&fifo->list, &cmd->queue);
    fifo->n++;
    cmd->fifo = fifo;
}


/*
 * Creates an operation of "n" commands, at least 1.  The commands are encoded
 * into memory of the operation.  The operation is in no list, and has no
 * deadline.  Returns NULL if there is no memory, or if a command has no
 * argument or is too long (see ngx_household_resp_size()).
 */
ngx_household_redis_op_t *ngx_household_redis_op_create(
    ngx_household_resp_command_t *commands, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data);

/*
 * The same with commands that are encoded, one after the other in memory; they
 * are copied.
 */
ngx_household_redis_op_t *ngx_household_redis_op_create_encoded(
    ngx_str_t *wires, ngx_uint_t n, ngx_uint_t flags,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data);

/*
 * Ends the operation: removes its queued commands from their lists, and calls
 * "done", unless it has ended already.  Commands in flight stay in their lists
 * until they are answered; the memory is freed after the last.
 */
void ngx_household_redis_op_end(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);

/* frees the operation if it has ended and no command is in a list */
void ngx_household_redis_op_release(ngx_household_redis_op_t *op);

/*
 * reply() delivers a reply to its command.  Returns NGX_DONE if this was the
 * last reply: the operation is kept until complete() is called, which ends it
 * with "status".  Returns NGX_AGAIN if the reply is to be verified: the command
 * is to be put into a list until verified() is called for it, which returns
 * NGX_DONE or NGX_OK.  Returns NGX_OK if further replies are expected or the
 * operation has ended; or NGX_ERROR if the reply is not valid for the command,
 * and the operation has ended with PROTOCOL.  After NGX_OK and NGX_ERROR, the
 * command and the operation may have been freed.
 */
ngx_int_t ngx_household_redis_op_reply(ngx_household_redis_cmd_t *cmd,
    ngx_household_resp_reply_t *reply);
ngx_int_t ngx_household_redis_op_verified(ngx_household_redis_cmd_t *cmd);
void ngx_household_redis_op_complete(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


/* initializes an empty list; "timeout" is in ms */
void ngx_household_redis_deadlines_init(ngx_household_redis_deadlines_t *d,
    ngx_msec_t timeout, ngx_log_t *log);

/*
 * Starts the deadline: the operation ends with TIMEOUT after d->timeout.
 * "awaited" is 1 if a worker process that quits waits for the operation.
 */
void ngx_household_redis_deadlines_add(ngx_household_redis_deadlines_t *d,
    ngx_household_redis_op_t *op, ngx_uint_t awaited);

/*
 * Changes whether a worker process that quits waits for the operation.  Does
 * nothing if the operation has ended or has no deadline.
 */
void ngx_household_redis_op_await(ngx_household_redis_op_t *op,
    ngx_uint_t awaited);

/* ends all operations with DOWN and stops the timer */
void ngx_household_redis_deadlines_stop(ngx_household_redis_deadlines_t *d);

/*
 * Checks the reply to "PING number", which shows that the replies before it
 * belong to their commands.  Accepted are the number; a plain PONG, which
 * servers send that ignore the argument; and the error replies of
 * ngx_household_redis_error_of_ping().  Returns NGX_OK; NGX_DECLINED for other
 * error replies; or NGX_ERROR.
 */
ngx_int_t ngx_household_redis_pong(ngx_household_resp_value_t *v,
    u_char *number, size_t len);


#endif /* _NGX_HOUSEHOLD_REDIS_OP_H_INCLUDED_ */
