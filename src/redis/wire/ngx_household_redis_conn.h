
/*
 * One connection to a node: resolves, connects, speaks TLS, authenticates,
 * pipelines commands, reconnects with backoff, and knows when the node is
 * known dead.  nginx carries the bytes; hiredis, behind the codec, reads them.
 *
 * What becomes of commands whose connection is lost, and of error replies, is
 * up to the owner.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis_node.h"
#include "ngx_household_redis_op.h"


/* commands queued or in flight on one connection; more are refused */
#define NGX_HOUSEHOLD_REDIS_MAX_CMDS   16384

/*
 * Of one reply, what is kept: values, bytes in all, and bytes of one value.
 * What is longer is read and let go, and the reply is "too large".
 */
#define NGX_HOUSEHOLD_REDIS_REPLY_VALUES  16384
#define NGX_HOUSEHOLD_REDIS_REPLY_BYTES   (1024 * 1024)
#define NGX_HOUSEHOLD_REDIS_REPLY_BULK    (64 * 1024)

/* why a server is down, in the log's words */
#define NGX_HOUSEHOLD_REDIS_ERRLEN       160

#define NGX_HOUSEHOLD_REDIS_MAX_STEPS  8

#define NGX_HOUSEHOLD_REDIS_BACKOFF      100    /* ms; doubles up to */
#define NGX_HOUSEHOLD_REDIS_BACKOFF_MAX  2000

#define NGX_HOUSEHOLD_REDIS_PING         10000  /* ms between looks */

/*
 * Milliseconds without a byte from the server, while commands are unanswered,
 * after which a connection is given up: twice the timeout, but no less.
 */
#define NGX_HOUSEHOLD_REDIS_SILENCE      1000


typedef enum {
    NGX_HOUSEHOLD_REDIS_CONN_CLOSED = 0,
    NGX_HOUSEHOLD_REDIS_CONN_RESOLVING,
    NGX_HOUSEHOLD_REDIS_CONN_CONNECTING,
    NGX_HOUSEHOLD_REDIS_CONN_TLS,
    NGX_HOUSEHOLD_REDIS_CONN_HANDSHAKE,    /* AUTH, SELECT, PING sent */
    NGX_HOUSEHOLD_REDIS_CONN_READY
} ngx_household_redis_conn_state_e;


typedef struct ngx_household_redis_conn_s  ngx_household_redis_conn_t;


/*
 * What the owner does.  None of these may free the connection, but all may
 * shut it down.
 */

typedef struct {
    /* it is connected; commands that wait are sent next */
    void       (*ready)(ngx_household_redis_conn_t *conn);

    /* it was suspect when it got ready, and is not any more; may be NULL */
    void       (*well)(ngx_household_redis_conn_t *conn);

    /*
     * It broke, having been ready, and is made anew at once (unless it is
     * held now, or was made for one time); or it could not be made, or not be
     * relied on: conn->down is set, and attempts go on in the background.
     */
    void       (*lost)(ngx_household_redis_conn_t *conn,
                       ngx_household_redis_result_e status, ngx_err_t err,
                       const char *what);

    /*
     * A command without a reply, in no list any more; its operation has not
     * ended.  "sent" tells whether the server may have seen it.
     */
    void       (*orphan)(ngx_household_redis_conn_t *conn,
                         ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);

    /*
     * A command was answered with an error.  Returns NGX_DECLINED if that is
     * its reply, or NGX_OK if the owner has taken the command, which is in no
     * list any more.  May be NULL.
     */
    ngx_int_t  (*error)(ngx_household_redis_conn_t *conn,
                        ngx_household_redis_cmd_t *cmd, ngx_str_t *error);

    /*
     * A message of a subscription, or NULL: whatever is sent without having
     * been asked for is then a breach of protocol.  Returns NGX_OK, or
     * NGX_ERROR if it is.
     */
    ngx_int_t  (*push)(ngx_household_redis_conn_t *conn,
                       ngx_household_resp_reply_t *reply);

    /*
     * The worker quits, and the connection is "resident".  Returns NGX_OK if
     * it stays open, or NGX_DECLINED.  May be NULL.
     */
    ngx_int_t  (*quit)(ngx_household_redis_conn_t *conn);
} ngx_household_redis_conn_calls_t;


struct ngx_household_redis_conn_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_node_t              *node;
    ngx_household_resp_t                    *resp;
    u_char                                  *out;     /* bytes to send */
    ngx_int_t                                ident;

    size_t                                   out_size;
    size_t                                   out_pos;
    size_t                                   out_last;

    const ngx_household_redis_conn_calls_t  *owner;
    void                                    *data;    /* the owner's */
    const ngx_household_resp_limits_t       *limits;

    ngx_log_t                                log;     /* nginx writes here */
    ngx_log_t                                pass;    /* filtered from log */
    ngx_peer_connection_t                    peer;
    ngx_resolver_ctx_t                      *resolving;
    ngx_household_redis_conn_state_e         state;

    ngx_household_redis_fifo_t               sent;    /* in reply order */
    ngx_household_redis_fifo_t               waiting;
    ngx_queue_t                              answered; /* operations */

    ngx_event_t                              post;    /* one send a turn */
    ngx_event_t                              retry;   /* next attempt */
    ngx_event_t                              ping;    /* idle for long? */
    ngx_event_t                              stuck;   /* no bytes for long? */
    ngx_msec_t                               silence; /* ms that are long */
    ngx_msec_t                               heard;   /* last byte received */

    ngx_uint_t                               addr;    /* index in node->addrs */
    ngx_uint_t                               tried;   /* addresses tried */
    ngx_uint_t                               failures; /* since it was well */
    ngx_msec_t                               since;   /* it is ready */

    /* of the handshake */
    u_char                            steps[NGX_HOUSEHOLD_REDIS_MAX_STEPS];
    ngx_uint_t                               nsteps;
    ngx_uint_t                               step;    /* awaiting its reply */

    u_char                                   tls[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                                 down:1;  /* dead: do not wait */
    unsigned                                 once:1;  /* do not reconnect */
    unsigned                                 lazy:1;  /* only when needed */
    unsigned                                 held:1;  /* do not connect now */
    unsigned                                 resident:1; /* idle to nginx */
    unsigned                                 stopped:1; /* shut down */
    unsigned                                 resolved:1; /* for this round */
    unsigned                                 replied:1; /* in this turn */
    unsigned                                 used:1;  /* has replied, once */
    unsigned                                 suspect:1; /* fails in use */
};


/* keeps the node; nothing happens yet.  Flags are the caller's to set */
void ngx_household_redis_conn_init(ngx_household_redis_conn_t *conn,
    ngx_household_redis_node_t *node,
    const ngx_household_redis_conn_calls_t *owner, void *data);

/* connects in "delay" ms; 0: at once, but not from within */
void ngx_household_redis_conn_start(ngx_household_redis_conn_t *conn,
    ngx_msec_t delay);

/*
 * Closes; commands become orphans, and nothing reconnects after.  Releases
 * the node: nothing but the connection's memory is left.
 */
void ngx_household_redis_conn_shutdown(ngx_household_redis_conn_t *conn);

/*
 * Has a command sent.  Returns NGX_OK; NGX_DECLINED if the node is known
 * dead; or NGX_BUSY if too much is queued.
 */
ngx_int_t ngx_household_redis_conn_enqueue(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd);

/* a held connection stays, but once it is lost, no attempts are made */
void ngx_household_redis_conn_suspend(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resume(ngx_household_redis_conn_t *conn);


/*
 * The rest is between the connection's files.
 */

/* _resolve.c: NGX_OK, NGX_AGAIN: wait for _conn_resolved(); or NGX_ERROR */
ngx_int_t ngx_household_redis_conn_resolve(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resolve_cancel(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resolved(ngx_household_redis_conn_t *conn,
    const char *what);

/* _ssl.c: starts TLS; NGX_OK: it is established, NGX_AGAIN, or NGX_ERROR */
ngx_int_t ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_ssl_close(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_ssl_log(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);

/* the socket is connected, or has failed to; then TLS is established */
void ngx_household_redis_conn_connected(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_secured(ngx_household_redis_conn_t *conn);

/*
 * _handshake.c: writes AUTH, SELECT, READONLY, ROLE and PING, as far as they
 * are configured, into the bytes to send.  Returns NGX_OK, or NGX_ERROR if
 * memory is short.
 */
ngx_int_t ngx_household_redis_conn_handshake(ngx_household_redis_conn_t *conn);

/*
 * A reply to the handshake.  Returns NGX_AGAIN; NGX_OK if it was the last; or
 * NGX_ERROR with "what" telling what the server refused: never its own words
 * beyond the error's code, as they may repeat arguments.
 */
ngx_int_t ngx_household_redis_conn_handshake_reply(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply,
    u_char *what, size_t size);

/* the handshake is over */
void ngx_household_redis_conn_established(ngx_household_redis_conn_t *conn);

/*
 * Replies were good, and there was nothing behind them.  That is enough of a
 * server that was away; one that has failed in use, time and again or by what
 * it sent, must do without that for a while.
 */
void ngx_household_redis_conn_recovered(ngx_household_redis_conn_t *conn);

/*
 * The connection broke, or is not to be trusted any more: closes it and goes
 * on with the next attempt.  "status" is what becomes of the operation whose
 * reply was being read; "what" and "err" tell the log why.
 */
void ngx_household_redis_conn_lost(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status, ngx_err_t err, const char *what);

/* closes the connection, if there is one, and nothing more */
void ngx_household_redis_conn_close(ngx_household_redis_conn_t *conn);

/* _io.c: the bytes */

/*
 * Encodes a command of the connection's own into the bytes to send.  Returns
 * NGX_OK, or NGX_ERROR if memory is short.
 */
ngx_int_t ngx_household_redis_conn_command(ngx_household_redis_conn_t *conn,
    ngx_str_t *argv, ngx_uint_t argc);

/* sends what waits in the queue, or only the bytes that are there already */
void ngx_household_redis_conn_flush(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_send(ngx_household_redis_conn_t *conn);

/* sets the timer for a server that sends nothing for long */
void ngx_household_redis_conn_arm_reply_timer(ngx_household_redis_conn_t *conn);

/*
 * Ends the operations that were answered in this turn of the event loop: not
 * before all that has come was read, as one reply too many makes the others
 * doubtful.
 */
void ngx_household_redis_conn_complete_ops(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status);

/* commands go back to the owner */
void ngx_household_redis_conn_orphans(ngx_household_redis_conn_t *conn);

void ngx_household_redis_conn_read_handler(ngx_event_t *rev);
void ngx_household_redis_conn_write_handler(ngx_event_t *wev);


#endif /* _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_ */
