
/*
 * A query: one command on a connection of its own, which is closed after the
 * reply.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_QUERY_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"


typedef struct ngx_household_redis_query_s  ngx_household_redis_query_t;


/*
 * Called once, from the event loop, with the reply; or with NULL and the
 * reason in "err".  The reply is valid during the call.  The query is freed
 * afterwards.
 */
typedef void (*ngx_household_redis_query_pt)(void *data,
    ngx_household_resp_reply_t *reply, const char *err);

/*
 * Connects to the node, which is kept, and sends the command.  Connection,
 * handshake and reply together take at most "timeout" ms.  Returns NULL if
 * there is no memory.
 */
ngx_household_redis_query_t *ngx_household_redis_query(
    ngx_household_redis_node_t *node, ngx_str_t *argv, ngx_uint_t argc,
    ngx_msec_t timeout, ngx_household_redis_query_pt handler, void *data);

/*
 * Writes the address that the reply came from, as text without a port, and
 * returns its length.  To be called by the handler.
 */
size_t ngx_household_redis_query_addr(ngx_household_redis_query_t *query,
    u_char *text, size_t len);

/* Ends the query without a call of the handler. */
void ngx_household_redis_query_cancel(ngx_household_redis_query_t *query);


#endif /* _NGX_HOUSEHOLD_REDIS_QUERY_H_INCLUDED_ */
