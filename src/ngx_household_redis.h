
/*
 * A Redis (or Valkey) deployment as a worker sees it: its configuration, the
 * worker's connections to it, and the operations sent over them.
 *
 * Core layer: ngx_core and ngx_event only.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_resp.h"


#define NGX_HOUSEHOLD_REDIS_PORT  6379

/* a flag of an operation: it changes something */
#define NGX_HOUSEHOLD_REDIS_WRITE  1

/* operations queued or in flight on one connection; more are refused */
#define NGX_HOUSEHOLD_REDIS_MAX_OPS  8192


typedef struct ngx_household_redis_s     ngx_household_redis_t;
typedef struct ngx_household_redis_op_s  ngx_household_redis_op_t;


/* how an operation ended */

typedef enum {
    NGX_HOUSEHOLD_REDIS_OK = 0,

    NGX_HOUSEHOLD_REDIS_DOWN,          /* known dead, or lost on the way */
    NGX_HOUSEHOLD_REDIS_TIMEOUT,       /* no whole answer in time */
    NGX_HOUSEHOLD_REDIS_BUSY,          /* too much is queued already */
    NGX_HOUSEHOLD_REDIS_PROTOCOL       /* the answer was no answer */
} ngx_household_redis_status_e;


/* one household_redis block; lives as long as the configuration */

typedef struct {
    ngx_str_t     name;
    ngx_array_t   servers;             /* of ngx_addr_t, tried in order */
    ngx_str_t     user;
    ngx_str_t     password;
    ngx_str_t     key_prefix;
    ngx_uint_t    database;
    ngx_msec_t    connect_timeout;     /* connect, TLS and AUTH together */
    ngx_msec_t    timeout;             /* of one operation */
    ngx_uint_t    connections;         /* per worker and node */
} ngx_household_redis_conf_t;


struct ngx_household_redis_s {
    ngx_household_redis_conf_t        *conf;
    struct ngx_household_redis_conn_s *conns;
    ngx_uint_t                         next;    /* round robin */

    /* errors that an operator must mend are logged at a limited rate */
    ngx_msec_t                         logged;  /* when the last one was */
    ngx_uint_t                         unlogged;
};


/*
 * Called for each reply of an operation, in order.  NGX_OK, or NGX_ERROR if
 * the reply cannot belong to the command: the connection is then closed.
 */
typedef ngx_int_t (*ngx_household_redis_reply_pt)(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);

/*
 * Called once, at the end of an operation.  "op" is gone after it returns.
 * It may submit further operations.
 */
typedef void (*ngx_household_redis_done_pt)(ngx_household_redis_op_t *op,
    ngx_household_redis_status_e status);


struct ngx_household_redis_op_s {
    ngx_household_redis_reply_pt   reply;
    ngx_household_redis_done_pt    done;
    void                          *data;

    /* the connection's own */
    ngx_queue_t                    queue;
    ngx_msec_t                     deadline;
    ngx_uint_t                     expected;  /* replies to come */
    ngx_str_t                      wire;      /* the commands, behind it */
    unsigned                       answered:1; /* some reply has come */
    unsigned                       retried:1;
    unsigned                       dead:1;    /* ended; awaits its replies */
};


/*
 * Prepares a deployment for this worker: no connection is made before it is
 * needed or shortly after.  "redis" and its connections are allocated from
 * "cycle"'s pool.  Returns NULL if memory is short.
 */
ngx_household_redis_t *ngx_household_redis_create(ngx_cycle_t *cycle,
    ngx_household_redis_conf_t *conf);

/*
 * Closes every connection; operations under way end with DOWN.  To be called
 * from exit_process, before nginx looks for open sockets.
 */
void ngx_household_redis_destroy(ngx_household_redis_t *redis);

/*
 * Submits encoded commands (see ngx_household_resp_encode(); they are copied)
 * as one operation.  Each has one key, which a cluster is routed by, and gets
 * one reply.  The operation ends within the deployment's timeout.  "flags" is
 * 0, or NGX_HOUSEHOLD_REDIS_WRITE.
 *
 * Returns the operation, with "done" called later and never from within; or
 * NULL and sets "status" if it cannot be started: DOWN or BUSY.
 */
ngx_household_redis_op_t *ngx_household_redis_submit(
    ngx_household_redis_t *redis, ngx_str_t *commands, ngx_str_t *keys,
    ngx_uint_t n, ngx_uint_t flags, ngx_household_redis_reply_pt reply,
    ngx_household_redis_done_pt done, void *data,
    ngx_household_redis_status_e *status);

/*
 * Logs an error reply: as an operator's error, at a limited rate, unless it
 * is one that passes by itself (LOADING, READONLY, CLUSTERDOWN, TRYAGAIN,
 * MASTERDOWN).  Only the code, its first word, is logged: the rest may repeat
 * arguments.
 */
void ngx_household_redis_log_error(ngx_household_redis_t *redis,
    ngx_str_t *error);

/* the code of an error reply: its first word, capitals only, else "ERR" */
ngx_str_t ngx_household_redis_error_code(ngx_str_t *error);


#endif /* _NGX_HOUSEHOLD_REDIS_H_INCLUDED_ */
