
/*
 * One connection to Redis: connects, authenticates, pipelines operations,
 * keeps their deadlines, reconnects with backoff, and knows when a server is
 * known dead.  nginx carries the bytes; hiredis, behind the codec, reads them.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis.h"
#include "ngx_household_redis_queue.h"


/* why a server is down, in the log's words */
#define NGX_HOUSEHOLD_REDIS_WHAT  96


typedef enum {
    NGX_HOUSEHOLD_REDIS_CLOSED = 0,
    NGX_HOUSEHOLD_REDIS_CONNECTING,
    NGX_HOUSEHOLD_REDIS_HANDSHAKE,     /* AUTH, SELECT, PING are under way */
    NGX_HOUSEHOLD_REDIS_READY
} ngx_household_redis_state_e;


typedef struct ngx_household_redis_conn_s  ngx_household_redis_conn_t;

struct ngx_household_redis_conn_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t        *redis;
    ngx_household_resp_t         *resp;
    u_char                       *out;      /* bytes to send */
    ngx_int_t                     ident;

    size_t                        out_size;
    size_t                        out_pos;
    size_t                        out_last;

    ngx_log_t                     log;      /* the transport's, quieted */
    ngx_peer_connection_t         peer;
    ngx_household_redis_state_e   state;

    ngx_household_redis_queue_t   queue;

    ngx_event_t                   post;     /* one send per loop turn */
    ngx_event_t                   retry;    /* the next attempt to connect */
    ngx_event_t                   ping;     /* has it been idle for long? */

    ngx_uint_t                    server;   /* index of the current one */
    ngx_uint_t                    tried;    /* servers tried in this round */
    ngx_uint_t                    failures; /* since the last reply */
    ngx_uint_t                    steps;    /* handshake: replies to come */

    u_char                        what[NGX_HOUSEHOLD_REDIS_WHAT];

    unsigned                      down:1;   /* known dead: do not wait */
    unsigned                      stopped:1; /* shut down: do not reconnect */
};


void ngx_household_redis_conn_init(ngx_household_redis_conn_t *conn,
    ngx_household_redis_t *redis, ngx_cycle_t *cycle);

/* ends every operation with DOWN and closes; nothing reconnects after */
void ngx_household_redis_conn_shutdown(ngx_household_redis_conn_t *conn);

/* as ngx_household_redis_submit(), over this connection */
ngx_household_redis_op_t *ngx_household_redis_conn_submit(
    ngx_household_redis_conn_t *conn, ngx_str_t *commands, ngx_uint_t n,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done,
    void *data, ngx_household_redis_status_e *status);


/*
 * The rest is between the connection's two files.
 */

/* the socket is connected, or has failed to */
void ngx_household_redis_conn_connected(ngx_household_redis_conn_t *conn);

/*
 * A reply to the handshake.  Returns NGX_OK, or NGX_ERROR with "what" telling
 * what the server refused: never its own words beyond the error's code, as
 * they may repeat arguments.
 */
ngx_int_t ngx_household_redis_conn_handshake_reply(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply,
    u_char *what, size_t size);

/* the handshake is over */
void ngx_household_redis_conn_ready(ngx_household_redis_conn_t *conn);

/*
 * The connection broke, or is not to be trusted any more: closes it and goes
 * on with the next attempt.  "status" is what becomes of the operation whose
 * reply was being read; "what" and "err" tell the log why.
 */
void ngx_household_redis_conn_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_status_e status, ngx_err_t err, const char *what);

/* closes the connection, if there is one, and nothing more */
void ngx_household_redis_conn_close(ngx_household_redis_conn_t *conn);

/*
 * Encodes a command of the connection's own into the bytes to send.  Returns
 * NGX_OK, or NGX_ERROR if memory is short.
 */
ngx_int_t ngx_household_redis_conn_command(ngx_household_redis_conn_t *conn,
    ngx_str_t *argv, ngx_uint_t argc);

/* sends what waits in the queue, or only the bytes that are there already */
void ngx_household_redis_conn_flush(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_send(ngx_household_redis_conn_t *conn);

void ngx_household_redis_conn_read_handler(ngx_event_t *rev);
void ngx_household_redis_conn_write_handler(ngx_event_t *wev);


#endif /* _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_ */
