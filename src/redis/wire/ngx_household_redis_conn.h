
/*
 * One connection to a node.  The connection resolves the name, connects,
 * starts TLS, authenticates, pipelines commands, reconnects with backoff, and
 * detects that the node is down.  nginx does the input and output; hiredis
 * parses the replies (see ngx_household_resp.h).
 *
 * The owner decides on error replies, and on commands that are unanswered when
 * the connection is lost.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_connection.h"


/*
 * Takes a reference to the node, and does not connect.  The caller sets the
 * flags before ngx_household_redis_conn_start().
 */
void ngx_household_redis_conn_init(ngx_household_redis_conn_t *conn,
    ngx_household_redis_node_t *node,
    const ngx_household_redis_conn_calls_t *owner, void *data);

/* connects after "delay" ms; 0: soon, but not within the call */
void ngx_household_redis_conn_start(ngx_household_redis_conn_t *conn,
    ngx_msec_t delay);

/*
 * Closes the connection for good.  The commands become orphans, and the node
 * is released.  After that, the connection owns nothing but its own memory,
 * which the owner frees.
 */
void ngx_household_redis_conn_shutdown(ngx_household_redis_conn_t *conn);

/*
 * Queues a command for sending.  Returns NGX_OK; NGX_DECLINED if the node is
 * down or the connection is shut down; or NGX_BUSY if
 * NGX_HOUSEHOLD_REDIS_MAX_CMDS commands are queued or in flight.
 */
ngx_int_t ngx_household_redis_conn_enqueue(ngx_household_redis_conn_t *conn,
    ngx_household_redis_cmd_t *cmd);

/*
 * _socket.c, for a node with several addresses, or whose name was resolved to
 * another address since.  at_first() returns 0 if the connection is established
 * to another address than the first, or 1.  In the former case, reopen() closes
 * the connection, and connects again beginning with the first address.
 */
ngx_uint_t ngx_household_redis_conn_at_first(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_reopen(ngx_household_redis_conn_t *conn);

/*
 * Reconnects if the connection is ready and its server is identified by the
 * address only: an access control list may have denied INFO when the connection
 * was established, and other connections know the run_id.
 */
void ngx_household_redis_conn_identify(ngx_household_redis_conn_t *conn);

/*
 * _redirect.c: enables tracking of all keys that are read from now on
 * ("CLIENT TRACKING ON"); invalidations are sent to the client "id", which is
 * not 0, of the same server.  "done" is called with the error reply, or with
 * NULL if tracking is enabled, which conn->redirect shows; not if the
 * connection is lost before.  The connection must be ready.
 */
void ngx_household_redis_conn_track(ngx_household_redis_conn_t *conn,
    int64_t id, void (*done)(ngx_household_redis_conn_t *conn,
    ngx_str_t *error));

/* a suspended connection stays open, but does not reconnect when it is lost */
void ngx_household_redis_conn_suspend(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resume(ngx_household_redis_conn_t *conn);


#endif /* _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_ */
