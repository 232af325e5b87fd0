
/*
 * Resolves the name of a node by the resolver of nginx.  See
 * ngx_household_redis_conn_private.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn_private.h"


static void ngx_household_redis_conn_resolve_handler(ngx_resolver_ctx_t *ctx);


ngx_int_t
ngx_household_redis_conn_resolve(ngx_household_redis_conn_t *conn)
{
    u_char                       errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_resolver_ctx_t          *ctx;
    ngx_household_redis_node_t  *node;

    node = conn->node;

    if (node->conf->resolver == NULL) {
        /* a discovered node; "resolve" in nginx.conf requires a resolver */

        (void) ngx_snprintf(errstr, sizeof(errstr) - 1,
                            "no resolver defined to resolve %V%Z",
                            &node->host);
        errstr[sizeof(errstr) - 1] = '\0';

        conn->events->resolved(conn, (char *) errstr);
        return NGX_AGAIN;
    }

    ctx = ngx_resolve_start(node->conf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        return NGX_ERROR;
    }

    ctx->name = node->host;
    ctx->handler = ngx_household_redis_conn_resolve_handler;
    ctx->data = conn;
    ctx->timeout = node->conf->connect_timeout;
    ctx->cancelable = 1;

    conn->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        conn->resolving = NULL;
        return NGX_ERROR;
    }

    /* the handler may have been called already */

    return NGX_AGAIN;
}


static void
ngx_household_redis_conn_resolve_handler(ngx_resolver_ctx_t *ctx)
{
    u_char                       errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_household_redis_conn_t  *conn = ctx->data;

    (void) ngx_snprintf(errstr, sizeof(errstr),
                        "host not found: %s%Z",
                        ngx_resolver_strerror(ctx->state));

    if (ctx->state == NGX_OK
        && ngx_household_redis_node_set(conn->node, ctx->addrs, ctx->naddrs)
           != NGX_OK)
    {
        (void) ngx_cpystrn(errstr, (u_char *) "no memory", sizeof(errstr));
    }

    conn->resolving = NULL;
    ngx_resolve_name_done(ctx);

    conn->events->resolved(conn, (char *) errstr);
}


void
ngx_household_redis_conn_resolve_cancel(ngx_household_redis_conn_t *conn)
{
    ngx_resolve_name_done(conn->resolving);
    conn->resolving = NULL;
}
