
/*
 * TLS of a connection.  See ngx_household_redis_conn_private.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn_private.h"


#if (NGX_SSL)

/*
 * nginx built without TLS does not have these functions.  The module can still
 * be loaded, and "ssl on" is a configuration error.
 */

#pragma weak ngx_ssl_get_session
#pragma weak ngx_ssl_handshake
#pragma weak ngx_ssl_set_session


static void ngx_household_redis_conn_ssl_save(ngx_connection_t *c);
static void ngx_household_redis_conn_ssl_forget(
    ngx_household_redis_conn_t *conn);
static void ngx_household_redis_conn_ssl_handler(ngx_connection_t *c);
static ngx_int_t ngx_household_redis_conn_ssl_verify(
    ngx_household_redis_conn_t *conn);


ngx_int_t
ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn)
{
    ngx_int_t                       rc;
    ngx_connection_t               *c;
    ngx_household_redis_options_t  *conf;

    conf = conn->node->conf;
    c = conn->peer.connection;

    if (!conf->ssl) {
        return NGX_OK;
    }

    if (ngx_household_tls_create(&conn->tls, c, conf->ssl_ctx,
                                 &conn->node->tls)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a TLS session is reused when the connection is made again */

    c->ssl->save_session = ngx_household_redis_conn_ssl_save;

    if (conn->node->session != NULL
        && ngx_ssl_set_session(c, conn->node->session) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_household_redis_conn_ssl_handler;
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        ngx_household_redis_conn_ssl_forget(conn);
        return NGX_ERROR;
    }

    return ngx_household_redis_conn_ssl_verify(conn);
}


/* TLS 1.3 calls this after the handshake, and more than once */

static void
ngx_household_redis_conn_ssl_save(ngx_connection_t *c)
{
    ngx_ssl_session_t           *session;
    ngx_household_redis_conn_t  *conn = c->data;

    if (conn->node->conf->ssl_verify
        && SSL_get_verify_result(c->ssl->connection) != X509_V_OK)
    {
        return;
    }

    session = ngx_ssl_get_session(c);

    if (session == NULL) {
        return;
    }

    ngx_household_redis_conn_ssl_forget(conn);

    conn->node->session = session;
}


static void
ngx_household_redis_conn_ssl_forget(ngx_household_redis_conn_t *conn)
{
    if (conn->node->session != NULL) {
        ngx_ssl_free_session(conn->node->session);
        conn->node->session = NULL;
    }
}


static void
ngx_household_redis_conn_ssl_handler(ngx_connection_t *c)
{
    const char                  *errstr;
    ngx_err_t                    err;
    ngx_household_redis_conn_t  *conn;

    conn = c->data;
    errstr = "TLS handshake failed";
    err = 0;

    if (c->ssl->handshaked) {

        c->read->handler = ngx_household_redis_conn_read_handler;
        c->write->handler = ngx_household_redis_conn_write_handler;

        if (ngx_household_redis_conn_ssl_verify(conn) == NGX_OK) {

            /* data received with the handshake do not cause another event */
            ngx_post_event(c->read, &ngx_posted_events);

            conn->events->secured(conn);
            return;
        }

    } else if (c->write->timedout) {
        errstr = "TLS handshake timed out";
        err = NGX_ETIMEDOUT;

    } else if (c->read->eof) {
        errstr = "connection closed by peer during TLS handshake";
    }

    ngx_household_redis_conn_ssl_forget(conn);

    conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, err, errstr);
}


/*
 * Returns NGX_OK, or NGX_ERROR with the cause in conn->tls.  A session has the
 * certificate that it began with: if it were resumed after an error, a server
 * that has got the right one since would still be refused.
 */

static ngx_int_t
ngx_household_redis_conn_ssl_verify(ngx_household_redis_conn_t *conn)
{
    if (!conn->node->conf->ssl_verify
        || ngx_household_tls_verify(&conn->tls, conn->peer.connection,
                                    &conn->node->tls)
           == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_household_redis_conn_ssl_forget(conn);

    return NGX_ERROR;
}


#else


ngx_int_t
ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn)
{
    return NGX_OK;
}

#endif
