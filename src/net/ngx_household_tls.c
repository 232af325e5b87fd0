
/*
 * TLS of outgoing connections.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_tls.h"


static void ngx_household_tls_log(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);

#if (NGX_SSL)

/*
 * nginx built without TLS does not have these functions.  The module can still
 * be loaded, and TLS is a configuration error.
 */

#pragma weak ngx_ssl_check_host
#pragma weak ngx_ssl_create_connection
#pragma weak ngx_ssl_error
#pragma weak ngx_ssl_shutdown


static ngx_int_t ngx_household_tls_set_name(ngx_connection_t *c,
    ngx_str_t *name);
static ngx_int_t ngx_household_tls_check(ngx_connection_t *c, ngx_str_t *name);


ngx_int_t
ngx_household_tls_create(ngx_household_tls_t *tls, ngx_connection_t *c,
    ngx_ssl_t *ssl, ngx_str_t *name)
{
    c->pool = ngx_create_pool(512, &tls->log);
    if (c->pool == NULL) {
        return NGX_ERROR;
    }

    if (ngx_ssl_create_connection(ssl, c, NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the output buffer may be moved and extended between two SSL_write() */

    SSL_set_mode(c->ssl->connection, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                     |SSL_MODE_ENABLE_PARTIAL_WRITE);

    return ngx_household_tls_set_name(c, name);
}


/* for names only (RFC 6066, section 3) */

static ngx_int_t
ngx_household_tls_set_name(ngx_connection_t *c, ngx_str_t *name)
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


ngx_int_t
ngx_household_tls_verify(ngx_household_tls_t *tls, ngx_connection_t *c,
    ngx_str_t *name)
{
    long  rc;

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        (void) ngx_snprintf(tls->cause, sizeof(tls->cause),
                            "certificate verify failed: %s%Z",
                            X509_verify_cert_error_string(rc));
        tls->cause[sizeof(tls->cause) - 1] = '\0';
        return NGX_ERROR;
    }

    if (ngx_household_tls_check(c, name) != NGX_OK) {
        (void) ngx_snprintf(tls->cause, sizeof(tls->cause),
                            "certificate does not match \"%V\"%Z", name);
        tls->cause[sizeof(tls->cause) - 1] = '\0';
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the certificate must have the name, or the address as an IP address */

static ngx_int_t
ngx_household_tls_check(ngx_connection_t *c, ngx_str_t *name)
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


#endif


void
ngx_household_tls_close(ngx_connection_t *c)
{
#if (NGX_SSL)

    if (c->ssl != NULL) {

        c->ssl->no_wait_shutdown = 1;

        if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
            c->ssl->no_send_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }
    }

#endif

    if (c->pool != NULL) {
        ngx_destroy_pool(c->pool);
        c->pool = NULL;
    }
}


void
ngx_household_tls_init(ngx_household_tls_t *tls)
{
    tls->cause[0] = '\0';

    /*
     * nginx logs each failed attempt, but only changes of state are to be
     * logged, which the owner does.  The writer of tls->log extracts the cause
     * of a TLS error, and only alerts are passed to the error log.
     */

    tls->pass = *ngx_cycle->log;
    tls->log = *ngx_cycle->log;

    if (tls->pass.log_level <= NGX_LOG_DEBUG) {
        tls->pass.log_level = ngx_min(tls->pass.log_level, NGX_LOG_ALERT);
        tls->log.log_level = NGX_LOG_INFO;
    }

    tls->log.writer = ngx_household_tls_log;
    tls->log.wdata = tls;
    tls->log.next = &tls->pass;
}


/*
 * nginx writes the cause of a TLS error only to the log, at the end of a line:
 * "... (SSL: error:0A000418:SSL routines:function:reason:more)".  The reason is
 * copied to tls->cause, for the line that the owner logs.
 */

static void
ngx_household_tls_log(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    ngx_household_tls_t *tls = log->wdata;

    u_char      *p, *last, *start;
    ngx_uint_t   colons;

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

    (void) ngx_cpystrn(tls->cause, start,
                       ngx_min((size_t) (p - start) + 1, sizeof(tls->cause)));
}
