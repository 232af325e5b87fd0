
/*
 * The socket of a connection to Redis, and the address that it is connected
 * to.  See ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_redis_conn.h"
#include "ngx_household_redis_conn_private.h"


static void ngx_household_redis_conn_renew(ngx_household_redis_conn_t *conn,
    const char *errstr);


ngx_int_t
ngx_household_redis_conn_open_socket(ngx_household_redis_conn_t *conn,
    ngx_err_t *err)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &conn->node->addrs[conn->addr % conn->node->naddrs];

    ngx_memzero(&conn->peer, sizeof(ngx_peer_connection_t));

    /* node->addrs may be freed when the name is resolved again */

    ngx_memcpy(&conn->sockaddr, addr->sockaddr, addr->socklen);
    conn->socklen = addr->socklen;

    conn->peer.sockaddr = &conn->sockaddr.sockaddr;
    conn->peer.socklen = addr->socklen;
    conn->peer.name = &conn->node->name;
    conn->peer.get = ngx_event_get_peer;
    conn->peer.log = &conn->tls.log;
    conn->peer.log_error = NGX_ERROR_INFO;

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&conn->peer);

    *err = ngx_socket_errno;

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return rc;
    }

    c = conn->peer.connection;

    c->data = conn;
    c->log = &conn->tls.log;

    /* a worker process that quits waits for operations, not for this timer */
    c->write->cancelable = 1;
    ngx_add_timer(c->write, conn->node->conf->connect_timeout);

    return rc;
}


void
ngx_household_redis_conn_extend(ngx_household_redis_conn_t *conn)
{
    ngx_uint_t    i;
    ngx_msec_t    timeout, max;
    ngx_event_t  *wev;

    if (conn->failures == 0) {
        return;
    }

    timeout = conn->node->conf->connect_timeout;
    max = ngx_max(timeout, conn->reply_timeout);

    for (i = 0; i < conn->failures && timeout < max; i++) {
        timeout *= 2;
    }

    wev = conn->peer.connection->write;

    ngx_del_timer(wev);
    ngx_add_timer(wev, ngx_min(timeout, max));
}


ngx_uint_t
ngx_household_redis_conn_at_first(ngx_household_redis_conn_t *conn)
{
    ngx_addr_t  *addr;

    if (conn->state != NGX_HOUSEHOLD_REDIS_CONN_READY
        || conn->node->naddrs < (conn->node->resolve ? 1 : 2))
    {
        return 1;
    }

    addr = &conn->node->addrs[0];

    return ngx_cmp_sockaddr(&conn->sockaddr.sockaddr, conn->socklen,
                            addr->sockaddr, addr->socklen, 1)
           == NGX_OK;
}


void
ngx_household_redis_conn_reopen(ngx_household_redis_conn_t *conn)
{
    if (!ngx_household_redis_conn_at_first(conn)) {
        ngx_household_redis_conn_renew(conn,
                                       "reconnecting to the first address");
    }
}


void
ngx_household_redis_conn_identify(ngx_household_redis_conn_t *conn)
{
    if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY && conn->anonymous) {
        ngx_household_redis_conn_renew(conn,
                                       "reconnecting to identify the server");
    }
}


/* the connection has not failed: connects beginning with the first address */

static void
ngx_household_redis_conn_renew(ngx_household_redis_conn_t *conn,
    const char *errstr)
{
    conn->failures = 0;

    conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, 0, errstr);
}
