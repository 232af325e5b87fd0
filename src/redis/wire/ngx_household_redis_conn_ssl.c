
/*
 * TLS of a connection.  See ngx_household_redis_conn_private.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn_private.h"


static void ngx_household_redis_conn_ssl_log(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);

#if (NGX_SSL)

/*
 * nginx built without TLS does not have these functions.  The module can still
 * be loaded, and "ssl on" is a configuration error.
 */

#pragma weak ngx_ssl_check_host
#pragma weak ngx_ssl_create_connection
#pragma weak ngx_ssl_error
#pragma weak ngx_ssl_get_session
#pragma weak ngx_ssl_handshake
#pragma weak ngx_ssl_set_session
#pragma weak ngx_ssl_shutdown


static ngx_int_t ngx_household_redis_conn_ssl_name(ngx_connection_t *c,
    ngx_str_t *name);
static void ngx_household_redis_conn_ssl_save(ngx_connection_t *c);
static void ngx_household_redis_conn_ssl_handler(ngx_connection_t *c);
static ngx_int_t ngx_household_redis_conn_ssl_verify(
    ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_conn_ssl_check(ngx_connection_t *c,
    ngx_str_t *name);


ngx_int_t
ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn)
{
    ngx_int_t                       rc;
    ngx_str_t                      *name;
    ngx_connection_t               *c;
    ngx_household_redis_options_t  *conf;

    conf = conn->node->conf;
    c = conn->peer.connection;

    if (!conf->ssl) {
        return NGX_OK;
    }

    c->pool = ngx_create_pool(512, &conn->log);
    if (c->pool == NULL) {
        return NGX_ERROR;
    }

    if (ngx_ssl_create_connection(conf->ssl_ctx, c,
                                  NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the output buffer may be moved and extended between two SSL_write() */

    SSL_set_mode(c->ssl->connection, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                     |SSL_MODE_ENABLE_PARTIAL_WRITE);

    name = &conn->node->tls;

    if (ngx_household_redis_conn_ssl_name(c, name) != NGX_OK) {
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
        return NGX_ERROR;
    }

    return ngx_household_redis_conn_ssl_verify(conn);
}


/* sets SNI, for names only (RFC 6066, section 3) */

static ngx_int_t
ngx_household_redis_conn_ssl_name(ngx_connection_t *c, ngx_str_t *name)
{
    u_char  *host;
#if (NGX_HAVE_INET6)
    u_char   addr6[16];
#endif

    if (name->len == 0
        || ngx_inet_addr(name->data, name->len) != INADDR_NONE)
    {
        return NGX_OK;
    }

#if (NGX_HAVE_INET6)
    if (ngx_inet6_addr(name->data, name->len, addr6) == NGX_OK) {
        return NGX_OK;
    }
#endif

    host = ngx_pnalloc(c->pool, name->len + 1);
    if (host == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(host, name->data, name->len + 1);

    if (SSL_set_tlsext_host_name(c->ssl->connection, (char *) host) == 0) {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%s\") failed", host);
        return NGX_ERROR;
    }

    return NGX_OK;
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

    if (conn->node->session != NULL) {
        ngx_ssl_free_session(conn->node->session);
    }

    conn->node->session = session;
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

    conn->events->lost(conn, NGX_HOUSEHOLD_REDIS_RESULT_DOWN, err, errstr);
}


/* returns NGX_OK, or NGX_ERROR with the cause in conn->tls */

static ngx_int_t
ngx_household_redis_conn_ssl_verify(ngx_household_redis_conn_t *conn)
{
    long                            rc;
    ngx_str_t                      *name;
    ngx_connection_t               *c;
    ngx_household_redis_options_t  *conf;

    c = conn->peer.connection;
    conf = conn->node->conf;

    if (!conf->ssl_verify) {
        return NGX_OK;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        (void) ngx_snprintf(conn->tls, sizeof(conn->tls),
                            "certificate verify failed: %s%Z",
                            X509_verify_cert_error_string(rc));
        conn->tls[sizeof(conn->tls) - 1] = '\0';
        return NGX_ERROR;
    }

    name = &conn->node->tls;

    if (ngx_household_redis_conn_ssl_check(c, name) != NGX_OK) {
        (void) ngx_snprintf(conn->tls, sizeof(conn->tls),
                            "certificate does not match \"%V\"%Z", name);
        conn->tls[sizeof(conn->tls) - 1] = '\0';
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the certificate must have the name, or the address as an IP address */

static ngx_int_t
ngx_household_redis_conn_ssl_check(ngx_connection_t *c, ngx_str_t *name)
{
    int      rc;
    X509    *cert;
    u_char   text[NGX_INET6_ADDRSTRLEN + 1];

    if (ngx_ssl_check_host(c, name) == NGX_OK) {
        return NGX_OK;
    }

    if (name->len == 0 || name->len > NGX_INET6_ADDRSTRLEN) {
        return NGX_ERROR;
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(text, name->data, name->len + 1);

    /* returns 0 or less on a mismatch, or if the text is not an address */
    rc = X509_check_ip_asc(cert, (char *) text, 0);

    X509_free(cert);

    return rc == 1 ? NGX_OK : NGX_ERROR;
}


void
ngx_household_redis_conn_ssl_close(ngx_household_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    if (c->ssl != NULL) {

        /* sends close_notify if possible at once, and does not wait for one */

        c->ssl->no_wait_shutdown = 1;

        if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
            c->ssl->no_send_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }
    }

    if (c->pool != NULL) {
        ngx_destroy_pool(c->pool);
        c->pool = NULL;
    }
}


#else


ngx_int_t
ngx_household_redis_conn_ssl_start(ngx_household_redis_conn_t *conn)
{
    return NGX_OK;
}


void
ngx_household_redis_conn_ssl_close(ngx_household_redis_conn_t *conn)
{
}

#endif


void
ngx_household_redis_conn_ssl_init_log(ngx_household_redis_conn_t *conn)
{
    /*
     * nginx logs each failed attempt, but only changes of state are to be
     * logged, which the owner does.  The writer of conn->log extracts the cause
     * of a TLS error, and only alerts are passed to the error log.
     */

    conn->pass = *ngx_cycle->log;
    conn->log = *ngx_cycle->log;

    if (conn->pass.log_level <= NGX_LOG_DEBUG) {
        conn->pass.log_level = ngx_min(conn->pass.log_level, NGX_LOG_ALERT);
        conn->log.log_level = NGX_LOG_INFO;
    }

    conn->log.writer = ngx_household_redis_conn_ssl_log;
    conn->log.wdata = conn;
    conn->log.next = &conn->pass;
}


/*
 * nginx writes the cause of a TLS error only to the log, at the end of a line:
 * "... (SSL: error:0A000418:SSL routines:function:reason:more)".  The reason is
 * copied to conn->tls, for the line that the owner logs.
 */

static void
ngx_household_redis_conn_ssl_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    u_char                      *p, *last, *start;
    ngx_uint_t                   colons;
    ngx_household_redis_conn_t  *conn = log->wdata;

    static u_char  mark[] = "(SSL: error:";

    last = buf + len;

    if (level >= NGX_LOG_DEBUG) {
        return;
    }

    for (p = buf; p + sizeof(mark) < last; p++) {
        if (ngx_strncmp(p, mark, sizeof(mark) - 1) == 0) {
            break;
        }
    }

    if (p + sizeof(mark) >= last) {
        return;
    }

    start = p + sizeof(mark) - 1;

    /* skip the code, the library, and the function, which may be empty */

    for (colons = 0; start < last && colons < 3; start++) {
        if (*start == ':') {
            colons++;
        }
    }

    for (p = start; p < last && *p != ':' && *p != ')'; p++) {
        /* void */
    }

    (void) ngx_cpystrn(conn->tls, start, ngx_min((size_t) (p - start) + 1,
                                                 sizeof(conn->tls)));
}
