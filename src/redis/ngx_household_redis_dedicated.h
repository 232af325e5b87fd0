
/*
 * A connection to a node for one purpose of its own, beside those that
 * operations share: a subscription, or a question.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_DEDICATED_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_DEDICATED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"


/* ms without a byte, at least, after which a link that stays is given up */
#define NGX_HOUSEHOLD_REDIS_DEDICATED_REPLY_TIMEOUT  5000


typedef struct ngx_household_redis_dedicated_s  ngx_household_redis_dedicated_t;


/* each may close the link; the callbacks of a closed link are not called */

typedef struct {
    /* it is connected, and has forgotten all that was said before */
    void       (*ready)(ngx_household_redis_dedicated_t *dc);

    /*
     * It was ready and is no more; or an attempt has failed, again.  It goes
     * on trying, at growing intervals up to 2 s.  "err" and "what" are for a
     * log.
     */
    void       (*lost)(ngx_household_redis_dedicated_t *dc, ngx_err_t err,
                       const char *errstr);

    /*
     * A message: an array whose first element is "message" or "pmessage", or
     * anything that no command asked for.  Valid during the call.  NGX_OK, or
     * NGX_ERROR if it makes no sense: the connection is then lost.
     */
    ngx_int_t  (*push)(ngx_household_redis_dedicated_t *dc,
                       ngx_household_resp_reply_t *reply);

    /*
     * The worker quits.  Returns NGX_OK if the link stays open, which then
     * needs a timer that is not cancelable, or NGX_DECLINED.  NULL: it is
     * closed when it is idle.
     */
    ngx_int_t  (*quit)(ngx_household_redis_dedicated_t *dc);
} ngx_household_redis_dedicated_calls_t;


/*
 * The reply to a command, or NULL if the connection was lost before.  NGX_OK,
 * or NGX_ERROR if it makes no sense: the connection is then lost.
 */
typedef ngx_int_t (*ngx_household_redis_dedicated_reply_pt)(
    ngx_household_redis_dedicated_t *dc, ngx_household_resp_reply_t *reply);


/*
 * Opens a link to a node, which is kept; "ready" is called later, never from
 * within.  It authenticates as all connections to the node do.  It holds no
 * worker that quits.  Returns NULL if memory is short.
 */
ngx_household_redis_dedicated_t *ngx_household_redis_dedicated_open(
    ngx_household_redis_node_t *node,
    const ngx_household_redis_dedicated_calls_t *calls, void *data);

void ngx_household_redis_dedicated_close(ngx_household_redis_dedicated_t *dc);

/*
 * Sends a command.  Returns NGX_OK if "reply" will be called; NGX_DECLINED
 * if the link is not ready; NGX_ERROR if memory is short.  No reply for twice
 * the deployment's timeout is a lost connection.
 */
ngx_int_t ngx_household_redis_dedicated_send(
    ngx_household_redis_dedicated_t *dc, ngx_str_t *argv, ngx_uint_t argc,
    ngx_household_redis_dedicated_reply_pt reply);

void *ngx_household_redis_dedicated_data(ngx_household_redis_dedicated_t *dc);

/* as those of a connection, ngx_household_redis_conn_...() */
ngx_uint_t ngx_household_redis_dedicated_at_first(
    ngx_household_redis_dedicated_t *dc);
void ngx_household_redis_dedicated_reopen(
    ngx_household_redis_dedicated_t *dc);

/*
 * Of a link that is ready: the address that it is connected to, as text
 * without a port, of which the length is returned; the server (see
 * ngx_household_redis_conn.h); and a node that is at the address of that
 * server alone, which the caller releases, or NULL if memory is short.
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

/* limits of a reply: those of the largest slot map */
extern const ngx_household_resp_limits_t  ngx_household_redis_dedicated_limits;

/* the handler of the events that drain() looks for: frees ev->data */
void ngx_household_redis_dedicated_free_handler(ngx_event_t *ev);


#endif /* _NGX_HOUSEHOLD_REDIS_DEDICATED_H_INCLUDED_ */
