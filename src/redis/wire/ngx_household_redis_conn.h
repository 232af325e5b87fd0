
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
#include "ngx_household_redis_connection.h"


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

/*
 * Of a node with several addresses: whether this is a connection to the first
 * of them; and, if it is to another one, makes it again, beginning with the
 * first.
 */
ngx_uint_t ngx_household_redis_conn_at_first(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_reopen(ngx_household_redis_conn_t *conn);

/* a held connection stays, but once it is lost, no attempts are made */
void ngx_household_redis_conn_suspend(ngx_household_redis_conn_t *conn);
void ngx_household_redis_conn_resume(ngx_household_redis_conn_t *conn);


#endif /* _NGX_HOUSEHOLD_REDIS_CONN_H_INCLUDED_ */
