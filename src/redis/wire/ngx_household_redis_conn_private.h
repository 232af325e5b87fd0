
/*
 * Functions that the files of a connection provide to each other.  Calls go
 * from the state machine down; events are reported up by conn->events.
 *
 *     conn  ->  handshake, health  ->  io  ->  end  ->  number
 *                                      io  ->  socket, resolve, ssl
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONN_PRIVATE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONN_PRIVATE_H_INCLUDED_


#include "ngx_household_redis_connection.h"


/*
 * _resolve.c: resolves the name of the node.  Returns NGX_AGAIN if "resolved"
 * will be called, or was called already; or NGX_ERROR.
 */
ngx_int_t ngx_household_redis_conn_resolve(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resolve_cancel(ngx_household_redis_conn_t *conn);


/*
 * _socket.c: connects to conn->addr, the index of an address of the node.
 * Returns the result of ngx_event_connect_peer(); if it is not NGX_OK or
 * NGX_AGAIN, "err" is the error of the system.  The caller sets the handlers.
 */
ngx_int_t ngx_household_redis_conn_open_socket(
    ngx_household_redis_conn_t *conn, ngx_err_t *err);

/*
 * To be called when the server has accepted the connection.  After failures it
 * has more time for the handshake, up to the reply timeout: a server that is
 * slow for its load would never be connected to, and never be tracked, which
 * keeps its load high.
 */
void ngx_household_redis_conn_extend(ngx_household_redis_conn_t *conn);


/*
 * _ssl.c: starts TLS.  Returns NGX_OK if it is established, NGX_AGAIN if
 * "secured" or "lost" will be called, or NGX_ERROR.
 */
ngx_int_t ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn);


/*
 * _handshake.c: appends AUTH, SELECT, READONLY, ROLE, INFO and PING to the
 * output buffer, each if it is configured or needed.  Returns NGX_OK, or
 * NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_household_redis_conn_handshake(ngx_household_redis_conn_t *conn);

/*
 * Handles a reply to the handshake.  Returns NGX_AGAIN if further replies are
 * expected; NGX_OK if this was the last; or NGX_ERROR with the cause in
 * "errstr", a buffer of "size" bytes.  The cause contains only known texts of
 * the server, since other texts may repeat arguments of the command.
 */
ngx_int_t ngx_household_redis_conn_handshake_reply(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply,
    u_char *errstr, size_t size);


/* _health.c: arms the reply timer if commands are in flight */
void ngx_household_redis_conn_arm_reply_timer(ngx_household_redis_conn_t *conn);

/* handlers of conn->reply_timer and conn->ping */
void ngx_household_redis_conn_reply_timeout_handler(ngx_event_t *ev);
void ngx_household_redis_conn_ping_handler(ngx_event_t *ev);

/* resets the backoff, since all data received so far were valid replies */
void ngx_household_redis_conn_recovered(ngx_household_redis_conn_t *conn);

/*
 * To be called before a connection that was lost is closed.  A server that
 * closes it because no command was sent for some time ("timeout" in redis.conf)
 * does not fail: resets the backoff.
 */
void ngx_household_redis_conn_forgive_idle(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status);


/*
 * _number.c: creates PING with a number, whose reply verifies the replies that
 * are in conn->unverified then.  It is a command of no operation, and is never
 * sent again.  Its encoded form is valid until the next call.  Returns NULL if
 * there is no memory.
 */
ngx_household_redis_cmd_t *ngx_household_redis_conn_number(void);

/* removes the command from its list, if any, and frees it */
void ngx_household_redis_conn_number_free(ngx_household_redis_cmd_t *cmd);

/*
 * Handles the reply to the number, and frees the command.  Returns NGX_OK: the
 * replies before it belong to their commands, or are not used; or NGX_ERROR if
 * they may be those to other commands.
 */
ngx_int_t ngx_household_redis_conn_number_reply(
    ngx_household_redis_conn_t *conn, ngx_household_redis_cmd_t *cmd,
    ngx_household_resp_reply_t *reply);

/* ends the operations whose replies are to be verified with "status" */
void ngx_household_redis_conn_fail_unverified(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status);


/*
 * _end.c: ends the operations that were answered in this iteration of the event
 * loop with "status".  Must be called after all available data were read: one
 * unexpected reply makes the replies before it doubtful.
 */
void ngx_household_redis_conn_complete_ops(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status);

/*
 * orphans() returns the unanswered commands to the owner.  fail_all() ends
 * their operations with DOWN, as the worker process exits.
 */
void ngx_household_redis_conn_orphans(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_fail_all(ngx_household_redis_conn_t *conn);


/*
 * _io.c: appends a command of the handshake to the output buffer.  Returns
 * NGX_OK, or NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_household_redis_conn_command(ngx_household_redis_conn_t *conn,
    ngx_str_t *argv, ngx_uint_t argc);

/* flush() sends the queued commands; send() sends the output buffer only */
void ngx_household_redis_conn_flush(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_send(ngx_household_redis_conn_t *conn);

void ngx_household_redis_conn_read_handler(ngx_event_t *rev);
void ngx_household_redis_conn_write_handler(ngx_event_t *wev);


#endif /* _NGX_HOUSEHOLD_REDIS_CONN_PRIVATE_H_INCLUDED_ */
