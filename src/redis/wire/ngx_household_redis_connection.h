
/*
 * A connection as its owners, which embed it, and its files see it.  Only the
 * files of the connection change it; an owner reads what says so, and sets
 * flags before it starts.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONNECTION_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONNECTION_H_INCLUDED_


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

#define NGX_HOUSEHOLD_REDIS_PING_INTERVAL  10000  /* ms between looks */

/*
 * Milliseconds without a byte from the server, while commands are unanswered,
 * after which a connection is given up: twice the timeout, but no less.
 */
#define NGX_HOUSEHOLD_REDIS_MIN_REPLY_TIMEOUT  1000


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
    void       (*recovered)(ngx_household_redis_conn_t *conn);

    /*
     * It broke, having been ready, and is made anew at once (unless it is
     * held now, or was made for one time); or it could not be made, or not be
     * relied on: conn->down is set, and attempts go on in the background.
     */
    void       (*lost)(ngx_household_redis_conn_t *conn,
                       ngx_household_redis_result_e status, ngx_err_t err,
                       const char *errstr);

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


/*
 * What the files below the state machine report to it: names, sockets, TLS,
 * bytes.  Any of these may close the connection, or shut it down.
 */

typedef struct {
    /* the name is resolved, or "errstr" tells why not; then it is connected */
    void       (*resolved)(ngx_household_redis_conn_t *conn,
                           const char *errstr);
    void       (*connected)(ngx_household_redis_conn_t *conn);
    void       (*secured)(ngx_household_redis_conn_t *conn);

    /*
     * A reply that came before the connection was established.  Returns
     * NGX_OK, or NGX_ERROR if the connection was lost.
     */
    ngx_int_t  (*handshake)(ngx_household_redis_conn_t *conn,
                            ngx_household_resp_reply_t *reply);

    /* replies were valid, and nothing was behind them */
    void       (*replied)(ngx_household_redis_conn_t *conn);

    /* all that was to be sent now was; all that came was read */
    void       (*idle)(ngx_household_redis_conn_t *conn);

    /* nginx closes the connection, as the worker process exits */
    void       (*quit)(ngx_household_redis_conn_t *conn);

    /* commands wait that something else than an owner has queued */
    void       (*queued)(ngx_household_redis_conn_t *conn);

    /*
     * The connection broke, or is not to be trusted any more.  "status" is the
     * result of the operation whose reply was being read; "err" and "errstr"
     * are for the log.
     */
    void       (*lost)(ngx_household_redis_conn_t *conn,
                       ngx_household_redis_result_e status, ngx_err_t err,
                       const char *errstr);
} ngx_household_redis_conn_events_t;


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
    const ngx_household_redis_conn_events_t *events;
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
    ngx_event_t                              reply_timer;
    ngx_msec_t                               reply_timeout;
    ngx_msec_t                               received; /* time of last data */

    ngx_uint_t                               addr;    /* index in node->addrs */
    ngx_uint_t                               tried;   /* addresses tried */
    ngx_uint_t                               failures; /* since it was well */
    ngx_msec_t                               since;   /* it is ready */

    /*
     * Which server this is connected to: a hash of its run_id, or of its
     * address if it does not tell its run_id.  Two connections are to one
     * server only if these are equal.  Known once the connection is ready,
     * and 0 unless the options ask for it ("identify").
     */
    uint64_t                                 server;
    ngx_sockaddr_t                           sockaddr;
    socklen_t                                socklen;

    /* of the handshake */
    u_char                            steps[NGX_HOUSEHOLD_REDIS_MAX_STEPS];
    ngx_uint_t                               nsteps;
    ngx_uint_t                               step;    /* awaiting its reply */

    u_char                                   tls[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                                 down:1;  /* dead: do not wait */
    unsigned                                 once:1;  /* do not reconnect */
    unsigned                                 lazy:1;  /* only when needed */
    unsigned                                 suspended:1; /* do not connect */
    unsigned                                 resident:1; /* idle to nginx */
    unsigned                                 stopped:1; /* shut down */
    unsigned                                 resolved:1; /* for this round */
    unsigned                                 replied:1; /* in this turn */
    unsigned                                 used:1;  /* has replied, once */
    unsigned                                 suspect:1; /* fails in use */
};


#endif /* _NGX_HOUSEHOLD_REDIS_CONNECTION_H_INCLUDED_ */
