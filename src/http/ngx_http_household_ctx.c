
/*
 * The context of a main request.  nginx resets the contexts of all modules on
 * an internal redirect; this one is then found by its pool cleanup handler.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_wait.h"


static void ngx_http_household_ctx_cleanup(void *data);


ngx_http_household_ctx_t *
ngx_http_household_ctx_create(ngx_http_request_t *r)
{
    ngx_http_household_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_household_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    /* as ngx_pool_cleanup_add(), which would take memory of its own */

    ctx->cleanup.handler = ngx_http_household_ctx_cleanup;
    ctx->cleanup.data = ctx;
    ctx->cleanup.next = r->pool->cleanup;
    r->pool->cleanup = &ctx->cleanup;

    ctx->request = r;

    ngx_http_set_ctx(r, ctx, ngx_http_household_module);

    return ctx;
}


ngx_http_household_ctx_t *
ngx_http_household_ctx_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_household_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_household_module);

    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_household_ctx_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_household_ctx_report(ngx_http_request_t *r, ngx_uint_t kind)
{
    ngx_http_household_ctx_t  *ctx;

    ctx = ngx_http_household_ctx_get(r);

    if (ctx->reported & kind) {
        return 0;
    }

    ctx->reported |= kind;

    return 1;
}


/* the request ends, possibly while it waits */

static void
ngx_http_household_ctx_cleanup(void *data)
{
    ngx_http_household_ctx_t  *ctx = data;

    if (ctx->wait != NULL || ctx->sharing != NULL) {
        ngx_http_household_wait_cancel(ctx);
    }

    if (ctx->held != NULL) {
        ngx_http_household_memo_release(ctx->held);
    }
}
