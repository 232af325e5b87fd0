
/*
 * Fetching a document by HTTP or HTTPS.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_household_fetch.h"
#include "ngx_household_socket.h"
#include "ngx_household_tls.h"


#define NGX_HOUSEHOLD_FETCH_READ_SIZE    16384
#define NGX_HOUSEHOLD_FETCH_READ_BUDGET     16    /* reads per event */

#define NGX_HOUSEHOLD_FETCH_ADDRS            8    /* tried, at most */

/* size of the cause of a failure */
#define NGX_HOUSEHOLD_FETCH_ERROR          192


struct ngx_household_fetch_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_fetch_conf_t   *conf;
    ngx_pool_t                   *pool;
    ngx_household_fetch_done_pt   done;
    ngx_int_t                     ident;
    void                         *data;

    ngx_resolver_ctx_t           *resolving;
    ngx_addr_t                   *addrs;
    ngx_uint_t                    naddrs;
    ngx_uint_t                    addr;       /* the one that is tried */

    ngx_peer_connection_t         peer;
    ngx_household_tls_t           tls;
    ngx_event_t                   timer;
    ngx_msec_t                    deadline;

    ngx_buf_t                    *request;
    ngx_household_response_t      response;
    unsigned                      connecting:1; /* or in the TLS handshake */
    unsigned                      handshake:1;
    unsigned                      sent:1;       /* a part of the request */
};


static ngx_int_t ngx_household_fetch_request(ngx_household_fetch_t *f,
    ngx_str_t *etag, ngx_str_t *modified);
static ngx_int_t ngx_household_fetch_resolve(ngx_household_fetch_t *f);
static void ngx_household_fetch_resolve_handler(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_household_fetch_set_addrs(ngx_household_fetch_t *f,
    ngx_resolver_addr_t *resolved, ngx_uint_t n);
static void ngx_household_fetch_connect(ngx_household_fetch_t *f);
static void ngx_household_fetch_connected(ngx_household_fetch_t *f);
static void ngx_household_fetch_secured(ngx_household_fetch_t *f);
static void ngx_household_fetch_arm(ngx_household_fetch_t *f);
static void ngx_household_fetch_timeout_handler(ngx_event_t *ev);
static void ngx_household_fetch_write_handler(ngx_event_t *wev);
static void ngx_household_fetch_read_handler(ngx_event_t *rev);
static void ngx_household_fetch_fail(ngx_household_fetch_t *f, ngx_err_t err,
    const char *error);
static void ngx_household_fetch_finish(ngx_household_fetch_t *f, ngx_err_t err,
    const char *error);
static void ngx_household_fetch_close(ngx_household_fetch_t *f);

#if (NGX_SSL)

#pragma weak ngx_ssl_handshake

static ngx_int_t ngx_household_fetch_handshake(ngx_household_fetch_t *f);
static void ngx_household_fetch_handshake_handler(ngx_connection_t *c);

#endif


ngx_household_fetch_t *
ngx_household_fetch_create(ngx_household_fetch_conf_t *conf, ngx_str_t *etag,
    ngx_str_t *modified, ngx_household_fetch_done_pt done, void *data)
{
    u_char                 *body;
    ngx_pool_t             *pool;
    ngx_household_fetch_t  *f;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    f = ngx_pcalloc(pool, sizeof(ngx_household_fetch_t));
    body = ngx_pnalloc(pool, conf->max);

    if (f == NULL || body == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    f->conf = conf;
    f->pool = pool;
    f->done = done;
    f->data = data;
    f->ident = -1;

    f->timer.handler = ngx_household_fetch_timeout_handler;
    f->timer.data = f;
    f->timer.log = ngx_cycle->log;
    f->timer.cancelable = 1;

    ngx_household_tls_init(&f->tls);
    ngx_household_response_init(&f->response, body, conf->max);

    if (ngx_household_fetch_request(f, etag, modified) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    return f;
}


static ngx_int_t
ngx_household_fetch_request(ngx_household_fetch_t *f, ngx_str_t *etag,
    ngx_str_t *modified)
{
    size_t                       len;
    u_char                      *p;
    ngx_household_fetch_conf_t  *conf;

    static const char  method[] = "GET ";
    static const char  host[] = " HTTP/1.1" CRLF "Host: ";
    static const char  fields[] = CRLF "Connection: close" CRLF
        "User-Agent: nginx-household" CRLF
        "Accept: application/jwk-set+json, application/json" CRLF
        "Accept-Encoding: identity" CRLF;
    static const char  none_match[] = "If-None-Match: ";
    static const char  modified_since[] = "If-Modified-Since: ";

    conf = f->conf;

    len = sizeof(method) + conf->uri.len + sizeof(host) + conf->authority.len
          + sizeof(fields) + sizeof(none_match) + etag->len
          + sizeof(modified_since) + modified->len + 3 * sizeof(CRLF);

    f->request = ngx_create_temp_buf(f->pool, len);
    if (f->request == NULL) {
        return NGX_ERROR;
    }

    p = f->request->last;

    p = ngx_cpymem(p, method, sizeof(method) - 1);
    p = ngx_cpymem(p, conf->uri.data, conf->uri.len);
    p = ngx_cpymem(p, host, sizeof(host) - 1);
    p = ngx_cpymem(p, conf->authority.data, conf->authority.len);
    p = ngx_cpymem(p, fields, sizeof(fields) - 1);

    if (etag->len) {
        p = ngx_sprintf(p, "%s%V" CRLF, none_match, etag);
    }

    if (modified->len) {
        p = ngx_sprintf(p, "%s%V" CRLF, modified_since, modified);
    }

    f->request->last = ngx_cpymem(p, CRLF, sizeof(CRLF) - 1);

    return NGX_OK;
}


void
ngx_household_fetch_start(ngx_household_fetch_t *f)
{
    f->deadline = ngx_current_msec + f->conf->timeout;

    if (f->conf->naddrs) {
        f->addrs = f->conf->addrs;
        f->naddrs = f->conf->naddrs;
        ngx_household_fetch_connect(f);
        return;
    }

    if (ngx_household_fetch_resolve(f) != NGX_OK) {
        ngx_household_fetch_finish(f, 0, "host not found");
    }
}


/* returns NGX_OK if the handler will be called, or was called already */

static ngx_int_t
ngx_household_fetch_resolve(ngx_household_fetch_t *f)
{
    ngx_resolver_ctx_t  *ctx;

    ctx = ngx_resolve_start(f->conf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return NGX_ERROR;
    }

    ctx->name = f->conf->host;
    ctx->handler = ngx_household_fetch_resolve_handler;
    ctx->data = f;
    ctx->timeout = f->conf->timeout;
    ctx->cancelable = 1;

    f->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        f->resolving = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_household_fetch_resolve_handler(ngx_resolver_ctx_t *ctx)
{
    u_char                  error[NGX_HOUSEHOLD_FETCH_ERROR];
    ngx_household_fetch_t  *f = ctx->data;

    f->resolving = NULL;

    if (ctx->state == NGX_OK
        && ngx_household_fetch_set_addrs(f, ctx->addrs, ctx->naddrs) == NGX_OK)
    {
        ngx_resolve_name_done(ctx);
        ngx_household_fetch_connect(f);
        return;
    }

    (void) ngx_snprintf(error, sizeof(error), "host not found: %s%Z",
                        ctx->state == NGX_OK
                        ? "no memory" : ngx_resolver_strerror(ctx->state));

    ngx_resolve_name_done(ctx);
    ngx_household_fetch_finish(f, 0, (char *) error);
}


static ngx_int_t
ngx_household_fetch_set_addrs(ngx_household_fetch_t *f,
    ngx_resolver_addr_t *resolved, ngx_uint_t n)
{
    ngx_uint_t  i;

    n = ngx_min(n, NGX_HOUSEHOLD_FETCH_ADDRS);

    f->addrs = ngx_pcalloc(f->pool, n * sizeof(ngx_addr_t));
    if (f->addrs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        f->addrs[i].sockaddr = ngx_pcalloc(f->pool, resolved[i].socklen);
        if (f->addrs[i].sockaddr == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(f->addrs[i].sockaddr, resolved[i].sockaddr,
                   resolved[i].socklen);
        f->addrs[i].socklen = resolved[i].socklen;
        f->addrs[i].name = f->conf->host;

        ngx_inet_set_port(f->addrs[i].sockaddr, f->conf->port);
    }

    f->naddrs = n;

    return NGX_OK;
}


static void
ngx_household_fetch_connect(ngx_household_fetch_t *f)
{
    ngx_int_t          rc;
    ngx_err_t          err;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &f->addrs[f->addr];

    ngx_memzero(&f->peer, sizeof(ngx_peer_connection_t));

    f->peer.sockaddr = addr->sockaddr;
    f->peer.socklen = addr->socklen;
    f->peer.name = &addr->name;
    f->peer.get = ngx_event_get_peer;
    f->peer.log = &f->tls.log;
    f->peer.log_error = NGX_ERROR_INFO;

    f->tls.cause[0] = '\0';
    f->connecting = 1;
    f->handshake = 0;

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&f->peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {

        /* NGX_ERROR: no socket or connection; NGX_DECLINED: refused */

        err = ngx_socket_errno;
        f->peer.connection = NULL;

        ngx_household_fetch_fail(f, err, "connect() failed");
        return;
    }

    c = f->peer.connection;

    c->data = f;
    c->log = &f->tls.log;
    c->read->handler = ngx_household_fetch_read_handler;
    c->write->handler = ngx_household_fetch_write_handler;

    ngx_household_fetch_arm(f);

    if (rc == NGX_OK) {
        ngx_household_fetch_connected(f);
    }
}


/* an address gets its part of the time that is left */

static void
ngx_household_fetch_arm(ngx_household_fetch_t *f)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (f->deadline - ngx_current_msec);
    left = ngx_max(left, 1);

    if (f->connecting) {
        left = left / (ngx_msec_int_t) (f->naddrs - f->addr) + 1;
    }

    ngx_add_timer(&f->timer, (ngx_msec_t) left);
}


static void
ngx_household_fetch_timeout_handler(ngx_event_t *ev)
{
    ngx_household_fetch_t  *f = ev->data;

    if (f->connecting) {
        ngx_household_fetch_fail(f, NGX_ETIMEDOUT,
                                 f->handshake ? "TLS handshake timed out"
                                 : "connect() failed");
        return;
    }

    ngx_household_fetch_finish(f, 0, "timed out");
}


static void
ngx_household_fetch_connected(ngx_household_fetch_t *f)
{
    ngx_err_t  err;

    err = ngx_household_socket_error(f->peer.connection);

    if (err) {
        ngx_household_fetch_fail(f, err, "connect() failed");
        return;
    }

#if (NGX_SSL)

    if (f->conf->ssl != NULL) {

        switch (ngx_household_fetch_handshake(f)) {

        case NGX_OK:
            break;

        case NGX_AGAIN:
            return;

        default: /* NGX_ERROR */
            ngx_household_fetch_fail(f, 0, "TLS init failed");
            return;
        }
    }

#endif

    ngx_household_fetch_secured(f);
}


#if (NGX_SSL)

static ngx_int_t
ngx_household_fetch_handshake(ngx_household_fetch_t *f)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = f->peer.connection;

    f->handshake = 1;

    if (ngx_household_tls_create(&f->tls, c, f->conf->ssl, &f->conf->host)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_household_fetch_handshake_handler;
        return NGX_AGAIN;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_household_tls_verify(&f->tls, c, &f->conf->host);
}


static void
ngx_household_fetch_handshake_handler(ngx_connection_t *c)
{
    ngx_household_fetch_t  *f = c->data;

    if (!c->ssl->handshaked) {
        ngx_household_fetch_fail(f, 0, c->read->eof
                         ? "connection closed by peer during TLS handshake"
                         : "TLS handshake failed");
        return;
    }

    c->read->handler = ngx_household_fetch_read_handler;
    c->write->handler = ngx_household_fetch_write_handler;

    if (ngx_household_tls_verify(&f->tls, c, &f->conf->host) != NGX_OK) {
        ngx_household_fetch_fail(f, 0, "TLS handshake failed");
        return;
    }

    ngx_household_fetch_secured(f);
}

#endif


static void
ngx_household_fetch_secured(ngx_household_fetch_t *f)
{
    f->connecting = 0;

    ngx_household_fetch_arm(f);
    ngx_household_fetch_write_handler(f->peer.connection->write);
}


static void
ngx_household_fetch_write_handler(ngx_event_t *wev)
{
    ssize_t                 n;
    ngx_buf_t              *b;
    ngx_connection_t       *c;
    ngx_household_fetch_t  *f;

    c = wev->data;
    f = c->data;

    if (f->connecting) {
        ngx_household_fetch_connected(f);
        return;
    }

    b = f->request;

    while (b->pos < b->last) {

        n = c->send(c, b->pos, b->last - b->pos);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_household_fetch_finish(f, ngx_socket_errno, "send() failed");
            return;
        }

        b->pos += n;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_household_fetch_finish(f, 0, "ngx_handle_write_event() failed");
        return;
    }

    if (!f->sent) {
        f->sent = 1;

        /* data received with the handshake do not cause another event */
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


static void
ngx_household_fetch_read_handler(ngx_event_t *rev)
{
    u_char                  buf[NGX_HOUSEHOLD_FETCH_READ_SIZE];
    ssize_t                 n;
    ngx_int_t               rc;
    ngx_uint_t              i;
    const char             *error;
    ngx_connection_t       *c;
    ngx_household_fetch_t  *f;

    c = rev->data;
    f = c->data;

    if (f->connecting) {
        ngx_household_fetch_connected(f);
        return;
    }

    for (i = 0; i < NGX_HOUSEHOLD_FETCH_READ_BUDGET; i++) {

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_household_fetch_finish(f, ngx_socket_errno, "recv() failed");
            return;
        }

        rc = n ? ngx_household_response_feed(&f->response, buf, n, &error)
               : ngx_household_response_eof(&f->response, &error);

        if (rc != NGX_AGAIN) {
            ngx_household_fetch_finish(f, 0, rc == NGX_OK ? NULL : error);
            return;
        }
    }

    if (i == NGX_HOUSEHOLD_FETCH_READ_BUDGET) {
        /* lets other connections be processed before the remaining data */
        ngx_post_event(rev, &ngx_posted_next_events);
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_household_fetch_finish(f, 0, "ngx_handle_read_event() failed");
    }
}


/* an address failed before the request was sent: tries the next one, if any */

static void
ngx_household_fetch_fail(ngx_household_fetch_t *f, ngx_err_t err,
    const char *error)
{
    if (f->addr + 1 < f->naddrs
        && (ngx_msec_int_t) (f->deadline - ngx_current_msec) > 0)
    {
        ngx_household_fetch_close(f);
        f->addr++;
        ngx_household_fetch_connect(f);
        return;
    }

    ngx_household_fetch_finish(f, err, error);
}


static void
ngx_household_fetch_finish(ngx_household_fetch_t *f, ngx_err_t err,
    const char *error)
{
    u_char  text[NGX_HOUSEHOLD_FETCH_ERROR];

    if (error != NULL && f->tls.cause[0]) {
        (void) ngx_snprintf(text, sizeof(text), "TLS: %s%Z", f->tls.cause);
        text[sizeof(text) - 1] = '\0';
        error = (char *) text;
        err = 0;
    }

    ngx_household_fetch_close(f);

    f->done(f->data, &f->response, err, error);

    ngx_destroy_pool(f->pool);
}


void
ngx_household_fetch_abort(ngx_household_fetch_t *f)
{
    ngx_household_fetch_close(f);
    ngx_destroy_pool(f->pool);
}


static void
ngx_household_fetch_close(ngx_household_fetch_t *f)
{
    if (f->resolving != NULL) {
        ngx_resolve_name_done(f->resolving);
        f->resolving = NULL;
    }

    if (f->timer.timer_set) {
        ngx_del_timer(&f->timer);
    }

    if (f->peer.connection != NULL) {
        ngx_household_tls_close(f->peer.connection);
        ngx_close_connection(f->peer.connection);
        f->peer.connection = NULL;
    }
}
