
/*
 * What the files of a connection call of each other, from the state machine
 * down.  What comes back up goes through conn->events.
 *
 *     conn  ->  handshake, health  ->  io  ->  socket, resolve, ssl
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONN_PRIVATE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONN_PRIVATE_H_INCLUDED_


#include "ngx_household_redis_connection.h"


/* _resolve.c: returns NGX_AGAIN: "resolved" will be called; or NGX_ERROR */
ngx_int_t ngx_household_redis_conn_resolve(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resolve_cancel(ngx_household_redis_conn_t *conn);


/*
 * _socket.c: connects to conn->addr, the index of an address of the node.
 * Returns as ngx_event_connect_peer(), with "err" if it is not NGX_OK or
 * NGX_AGAIN.  The caller sets the handlers.
 */
ngx_int_t ngx_household_redis_conn_open_socket(
    ngx_household_redis_conn_t *conn, ngx_err_t *err);


/*
 * _ssl.c: starts TLS.  Returns NGX_OK if it is established, NGX_AGAIN if
 * "secured" or "lost" will be called, or NGX_ERROR.
 */
ngx_int_t ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_ssl_close(ngx_household_redis_conn_t *conn);

/* makes conn->log, to which nginx writes what it says of it */
void ngx_household_redis_conn_ssl_init_log(ngx_household_redis_conn_t *conn);


/*
 * _handshake.c: writes AUTH, SELECT, READONLY, ROLE, INFO and PING, as far as
 * they are configured, into the bytes to send.  Returns NGX_OK, or NGX_ERROR
 * if memory is short.
 */
ngx_int_t ngx_household_redis_conn_handshake(ngx_household_redis_conn_t *conn);

/*
 * A reply to the handshake.  Returns NGX_AGAIN; NGX_OK if it was the last; or
 * NGX_ERROR with "errstr" telling what the server refused: never its own words
 * beyond those that are known, as they may repeat arguments.
 */
ngx_int_t ngx_household_redis_conn_handshake_reply(
    ngx_household_redis_conn_t *conn, ngx_household_resp_reply_t *reply,
    u_char *errstr, size_t size);


/* _health.c: arms the timer for a server that sends nothing for long */
void ngx_household_redis_conn_arm_reply_timer(ngx_household_redis_conn_t *conn);

/* the handlers of conn->reply_timer and conn->ping */
void ngx_household_redis_conn_reply_timeout_handler(ngx_event_t *ev);
void ngx_household_redis_conn_ping_handler(ngx_event_t *ev);

/* replies were valid, and nothing was behind them */
void ngx_household_redis_conn_recovered(ngx_household_redis_conn_t *conn);


/*
 * _io.c: encodes a command of the connection's own into the bytes to send.
 * Returns NGX_OK, or NGX_ERROR if memory is short.
 */
ngx_int_t ngx_household_redis_conn_command(ngx_household_redis_conn_t *conn,
    ngx_str_t *argv, ngx_uint_t argc);

/* sends what waits in the queue, or only the bytes that are there already */
void ngx_household_redis_conn_flush(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_send(ngx_household_redis_conn_t *conn);

/*
 * Ends the operations that were answered in this iteration of the event loop:
 * not before all that has come was read, as one reply too many makes the
 * others doubtful.
 */
void ngx_household_redis_conn_complete_ops(ngx_household_redis_conn_t *conn,
    ngx_household_redis_result_e status);

/* commands go back to the owner; or all end, as the worker process exits */
void ngx_household_redis_conn_orphans(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_fail_all(ngx_household_redis_conn_t *conn);

void ngx_household_redis_conn_read_handler(ngx_event_t *rev);
void ngx_household_redis_conn_write_handler(ngx_event_t *wev);


#endif /* _NGX_HOUSEHOLD_REDIS_CONN_PRIVATE_H_INCLUDED_ */
