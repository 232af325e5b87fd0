
/*
 * TLS of an outgoing connection: the name that is sent and verified, and the
 * cause of a failure.
 */


#ifndef _NGX_HOUSEHOLD_TLS_H_INCLUDED_
#define _NGX_HOUSEHOLD_TLS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* size of the cause of a failure, for the log */
#define NGX_HOUSEHOLD_TLS_CAUSE  160


typedef struct {
    ngx_log_t   log;    /* for nginx, of the connection */
    ngx_log_t   pass;   /* for alerts of log */

    /* cause of a failure of TLS, or empty; NUL-terminated */
    u_char      cause[NGX_HOUSEHOLD_TLS_CAUSE];
} ngx_household_tls_t;


/*
 * Sets tls->log, to which nginx logs events of the connection.  Only alerts
 * are passed to the error log; the cause of a TLS error is put into
 * tls->cause.  "tls" must not move afterwards.
 */
void ngx_household_tls_init(ngx_household_tls_t *tls);


#if (NGX_SSL)

/*
 * Prepares TLS on a connection, and sends "name" as SNI unless it is empty or
 * an address (RFC 6066, 3).  The caller starts the handshake.  Returns NGX_OK
 * or NGX_ERROR.
 */
ngx_int_t ngx_household_tls_create(ngx_household_tls_t *tls,
    ngx_connection_t *c, ngx_ssl_t *ssl, ngx_str_t *name);

/*
 * Verifies the certificate after the handshake: its chain, and that it is for
 * "name", a host name or an address.  Returns NGX_OK, or NGX_ERROR with the
 * cause in tls->cause.
 */
ngx_int_t ngx_household_tls_verify(ngx_household_tls_t *tls,
    ngx_connection_t *c, ngx_str_t *name);

#endif


/*
 * Ends TLS, if there is any, and frees c->pool.  Sends close_notify if it is
 * possible at once, and does not wait for one.  The caller closes the
 * connection.
 */
void ngx_household_tls_close(ngx_connection_t *c);


#endif /* _NGX_HOUSEHOLD_TLS_H_INCLUDED_ */
