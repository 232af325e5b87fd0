
/*
 * The structure of a connection.  An owner embeds it, and may set the flags
 * "once", "lazy" and "resident", "reply_timeout" and "limits" before the
 * connection is started.  All other changes are made by the files of the
 * connection.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONNECTION_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONNECTION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis_node.h"
#include "ngx_household_redis_op.h"
#include "ngx_household_tls.h"


/* maximum number of commands queued or in flight on one connection */
#define NGX_HOUSEHOLD_REDIS_MAX_CMDS   16384

/*
 * Limits of one reply: number of values, total bytes, and bytes of one value.
 * Data over a limit are read and discarded, and the reply is "too large".  One
 * value is also the description of a cluster: about 150 bytes a node.
 */
#define NGX_HOUSEHOLD_REDIS_REPLY_VALUES  16384
#define NGX_HOUSEHOLD_REDIS_REPLY_BYTES   (1024 * 1024)
#define NGX_HOUSEHOLD_REDIS_REPLY_BULK    (256 * 1024)

/* size of a buffer for the cause of an error, for the log */
#define NGX_HOUSEHOLD_REDIS_ERRLEN       160

#define NGX_HOUSEHOLD_REDIS_MAX_STEPS  8

#define NGX_HOUSEHOLD_REDIS_BACKOFF      100    /* ms; doubles up to */
#define NGX_HOUSEHOLD_REDIS_BACKOFF_MAX  2000

/* maximum ms until a resident connection that was lost reconnects */
#define NGX_HOUSEHOLD_REDIS_JITTER       200

#define NGX_HOUSEHOLD_REDIS_PING_INTERVAL  10000  /* ms, if idle */

/*
 * The reply timeout: a connection is closed if commands are in flight and the
 * server has sent nothing for so long.  It is twice the timeout of the
 * configuration, but at least this, in ms.
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
 * The handlers of the owner.  A handler must not free the connection, but may
 * shut it down.
 */

typedef struct {
    /* the connection is ready; the queued commands are sent next */
    void       (*ready)(ngx_household_redis_conn_t *conn);

    /* the connection is not suspect any more; may be NULL */
    void       (*recovered)(ngx_household_redis_conn_t *conn);

    /*
     * A ready connection was lost.  It reconnects at once, or soon if it is
     * "lazy" or "resident", but not while it is suspended.
     *
     * Or no connection could be established, or the server is unreliable.  Then
     * conn->down is set, and the connection reconnects in the background,
     * unless it is "once" or suspended.
     *
     * "errstr" is the cause; "err" is the error of the system, or 0.
     */
    void       (*lost)(ngx_household_redis_conn_t *conn,
                       ngx_household_redis_result_e status, ngx_err_t err,
                       const char *errstr);

    /*
     * A command is unanswered, and the connection is lost.  The command is in
     * no list, and its operation has not ended.  "sent" is 1 if the server may
     * have received the command.
     */
    void       (*orphan)(ngx_household_redis_conn_t *conn,
                         ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);

    /*
     * A command got an error reply.  Returns NGX_DECLINED if the error is to be
     * delivered as the reply; or NGX_OK if the owner has taken the command out
     * of the list of the connection.  May be NULL.
     */
    ngx_int_t  (*error)(ngx_household_redis_conn_t *conn,
                        ngx_household_redis_cmd_t *cmd, ngx_str_t *error);

    /*
     * A message of a subscription.  Returns NGX_OK, or NGX_ERROR on a protocol
     * error.  If it is NULL, any message without a command is a protocol error.
     */
    ngx_int_t  (*push)(ngx_household_redis_conn_t *conn,
                       ngx_household_resp_reply_t *reply);

    /*
     * The worker process quits, and the connection is "resident".  Returns
     * NGX_OK if the connection stays open, or NGX_DECLINED if it is to be
     * closed.  May be NULL.
     */
    ngx_int_t  (*quit)(ngx_household_redis_conn_t *conn);

    /*
     * The connection was closed while it was tracked: keys that were read
     * before are not tracked any more.  Called after the operations have ended
     * that were answered.  May be NULL.
     */
    void       (*untracked)(ngx_household_redis_conn_t *conn);
} ngx_household_redis_conn_calls_t;


/*
 * Events that the files below report to the state machine.  Any of these may
 * close the connection, or shut it down.
 */

typedef struct {
    /*
     * The name is resolved, or cannot be, and "errstr" is the cause.  Known
     * addresses are used in either case.
     */
    void       (*resolved)(ngx_household_redis_conn_t *conn,
                           const char *errstr);
    void       (*connected)(ngx_household_redis_conn_t *conn);
    void       (*secured)(ngx_household_redis_conn_t *conn);

    /*
     * A reply was received before the connection was ready.  Returns NGX_OK, or
     * NGX_ERROR if the connection was closed.
     */
    ngx_int_t  (*handshake)(ngx_household_redis_conn_t *conn,
                            ngx_household_resp_reply_t *reply);

    /* all data received in this event were valid replies */
    void       (*replied)(ngx_household_redis_conn_t *conn);

    /* available data were sent, or were read */
    void       (*idle)(ngx_household_redis_conn_t *conn);

    /* nginx requests to close the connection, as the worker process quits */
    void       (*quit)(ngx_household_redis_conn_t *conn);

    /* a command was queued by the connection itself */
    void       (*queued)(ngx_household_redis_conn_t *conn);

    /*
     * The connection is lost, or must be closed.  "status" is DOWN, TIMEOUT or
     * PROTOCOL; with PROTOCOL, the answered operations end with it, too.  "err"
     * and "errstr" are for the log.
     */
    void       (*lost)(ngx_household_redis_conn_t *conn,
                       ngx_household_redis_result_e status, ngx_err_t err,
                       const char *errstr);
} ngx_household_redis_conn_events_t;


struct ngx_household_redis_conn_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_node_t              *node;
    ngx_household_resp_t                    *resp;
    u_char                                  *out;     /* output buffer */
    ngx_int_t                                ident;

    size_t                                   out_size;
    size_t                                   out_pos;
    size_t                                   out_last;

    const ngx_household_redis_conn_calls_t  *owner;
    const ngx_household_redis_conn_events_t *events;
    void                                    *data;    /* of the owner */
    const ngx_household_resp_limits_t       *limits;

    ngx_peer_connection_t                    peer;
    ngx_resolver_ctx_t                      *resolving;
    ngx_household_redis_conn_state_e         state;

    ngx_household_redis_fifo_t               sent;    /* in reply order */
    ngx_household_redis_fifo_t               waiting;
    ngx_household_redis_fifo_t               unverified; /* but answered */
    ngx_queue_t                              answered; /* complete operations */

    ngx_event_t                              post;    /* deferred send */
    ngx_event_t                              retry;   /* next attempt */
    ngx_event_t                              ping;    /* checks an idle node */
    ngx_event_t                              reply_timer;
    ngx_msec_t                               reply_timeout;
    ngx_msec_t                               received; /* time of last data */

    ngx_uint_t                               addr;    /* index in node->addrs */
    ngx_uint_t                               tried;   /* addresses tried */
    ngx_uint_t                               failures; /* in succession */
    ngx_msec_t                               since;   /* when it got ready */

    /*
     * The server: a hash of its run_id, or of its address if the run_id is
     * unknown.  Two connections with different values are to different
     * servers.  The value is set when the connection is ready, and is 0 unless
     * "identify" is set in the options.
     */
    uint64_t                                 server;
    ngx_sockaddr_t                           sockaddr;
    socklen_t                                socklen;

    /* the client whose connection gets invalidations of what is read; or 0 */
    int64_t                                  redirect;
    int64_t                                  redirecting; /* in flight */

    /* commands of the handshake */
    u_char                            steps[NGX_HOUSEHOLD_REDIS_MAX_STEPS];
    ngx_uint_t                               nsteps;
    ngx_uint_t                               step;    /* next to be answered */

    ngx_household_tls_t                      tls;

    unsigned                                 down:1;  /* refuses commands */
    unsigned                                 once:1;  /* do not reconnect */
    unsigned                                 lazy:1;  /* first when needed */
    unsigned                                 suspended:1; /* do not connect */
    unsigned                                 resident:1; /* always c->idle */
    unsigned                                 stopped:1; /* shut down */
    unsigned                                 resolved:1; /* for this attempt */
    unsigned                                 replied:1; /* in this event */
    unsigned                                 used:1;  /* got a valid reply */
    unsigned                                 suspect:1; /* failed in use */
    unsigned                                 anonymous:1; /* no run_id */
};


/*
 * _handshake.c: finds the run_id of a server in its reply to INFO.  Returns
 * NGX_OK, or NGX_DECLINED if there is none.
 */
ngx_int_t ngx_household_redis_conn_run_id(ngx_household_resp_value_t *v,
    ngx_str_t *id);


#endif /* _NGX_HOUSEHOLD_REDIS_CONNECTION_H_INCLUDED_ */
