
/*
 * A dedicated connection: a connection to a node for one purpose, such as a
 * subscription, which operations do not share.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_DEDICATED_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_DEDICATED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"


/* minimum reply timeout of a connection with a "quit" callback, ms */
#define NGX_HOUSEHOLD_REDIS_DEDICATED_REPLY_TIMEOUT  5000


typedef struct ngx_household_redis_dedicated_s  ngx_household_redis_dedicated_t;


/*
 * Each callback may close the connection.  No callback of a closed connection
 * is called.
 */

typedef struct {
    /* (re)connected; server-side state (subscriptions, tracking) is lost */
    void       (*ready)(ngx_household_redis_dedicated_t *dc);

    /*
     * The connection was lost, or an attempt to connect failed; called for
     * each failed attempt.  Attempts continue, at increasing intervals up to
     * 2 s.  "err" and "errstr" are for a log.
     */
    void       (*lost)(ngx_household_redis_dedicated_t *dc, ngx_err_t err,
                       const char *errstr);

    /*
     * An out-of-band message: an array whose first element is "message" or
     * "pmessage", or any value that is not the reply to a command.  Valid
     * during the call.  Returns NGX_OK, or NGX_ERROR if the message is
     * invalid: the connection is then lost.
     */
    ngx_int_t  (*push)(ngx_household_redis_dedicated_t *dc,
                       ngx_household_resp_reply_t *reply);

    /*
     * The worker process quits.  Returns NGX_OK if the connection stays open,
     * for which the caller needs a timer that is not cancelable; or
     * NGX_DECLINED.  If this is NULL, the connection is closed when it is
     * idle.
     */
    ngx_int_t  (*quit)(ngx_household_redis_dedicated_t *dc);
} ngx_household_redis_dedicated_calls_t;


/*
 * Receives the reply to a command, or NULL if the connection was lost before.
 * Returns NGX_OK, or NGX_ERROR if the reply is invalid: the connection is then
 * lost.
 */
typedef ngx_int_t (*ngx_household_redis_dedicated_reply_pt)(
    ngx_household_redis_dedicated_t *dc, ngx_household_resp_reply_t *reply);


/*
 * Opens a dedicated connection to a node, which is kept.  "ready" is called
 * later, never from within.  The handshake is that of all connections to the
 * node.  The connection does not delay the exit of a worker process.  Returns
 * NULL if there is no memory.
 */
ngx_household_redis_dedicated_t *ngx_household_redis_dedicated_open(
    ngx_household_redis_node_t *node,
    const ngx_household_redis_dedicated_calls_t *calls, void *data);

/*
 * Closes the connection and releases the node.  No callback is called.  The
 * memory is freed later.
 */
void ngx_household_redis_dedicated_close(ngx_household_redis_dedicated_t *dc);

/*
 * Sends a command.  Returns NGX_OK if "reply" will be called; NGX_DECLINED if
 * the connection is not ready; NGX_ERROR if there is no memory or too much is
 * queued.  The connection is lost if nothing is received within the reply
 * timeout: twice the deployment's timeout, but see the minimum above.
 */
ngx_int_t ngx_household_redis_dedicated_send(
    ngx_household_redis_dedicated_t *dc, ngx_str_t *argv, ngx_uint_t argc,
    ngx_household_redis_dedicated_reply_pt reply);

void *ngx_household_redis_dedicated_data(ngx_household_redis_dedicated_t *dc);

/*
 * As ngx_household_redis_conn_at_first(), ngx_household_redis_conn_reopen() and
 * ngx_household_redis_conn_identify().  anonymous() returns 1 if the server is
 * identified by its address only, or 0.
 */
ngx_uint_t ngx_household_redis_dedicated_at_first(
    ngx_household_redis_dedicated_t *dc);
void ngx_household_redis_dedicated_reopen(
    ngx_household_redis_dedicated_t *dc);
void ngx_household_redis_dedicated_identify(
    ngx_household_redis_dedicated_t *dc);
ngx_uint_t ngx_household_redis_dedicated_anonymous(
    ngx_household_redis_dedicated_t *dc);

/*
 * For a connection that is ready.  addr() writes the address of the server, as
 * text without a port, and returns its length.  server() returns the identity
 * of the server (see ngx_household_redis_connection.h).  pin() returns a node
 * that has the address of this server only, which the caller releases; or
 * NULL if there is no memory.
 */
size_t ngx_household_redis_dedicated_addr(
    ngx_household_redis_dedicated_t *dc, u_char *text, size_t len);
uint64_t ngx_household_redis_dedicated_server(
    ngx_household_redis_dedicated_t *dc);
ngx_household_redis_node_t *ngx_household_redis_dedicated_pin(
    ngx_household_redis_dedicated_t *dc);


/*
 * Frees dedicated connections and queries that were closed.  Usually a posted
 * event does that, but a process that exits runs no more of them.
 */
void ngx_household_redis_dedicated_drain(void);


/*
 * For ngx_household_redis_query.c.
 */

/* limits of a reply, which are sufficient for a large slot map */
extern const ngx_household_resp_limits_t  ngx_household_redis_dedicated_limits;

/* the handler of the events that drain() looks for: frees ev->data */
void ngx_household_redis_dedicated_free_handler(ngx_event_t *ev);


#endif /* _NGX_HOUSEHOLD_REDIS_DEDICATED_H_INCLUDED_ */
