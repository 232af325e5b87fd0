
/*
 * A request that waits for its lookup, for the presence of its account, for the
 * override or for the deny list.
 *
 * Meanwhile nginx may redirect or finalize the request: the client closes the
 * connection and a "post_action" follows, another module redirects it, or the
 * worker process exits.  All of these replace the write handler of the request,
 * and a redirect resets the contexts of modules.  The request is resumed only
 * if both are still those that were set when the wait started.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cache.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_fleet.h"
#include "ngx_http_household_sharing.h"
#include "ngx_http_household_wait.h"
#include "ngx_household_compiler.h"


struct ngx_http_household_wait_s {
    ngx_household_waiter_t             waiter;
    ngx_http_household_fleet_waiter_t
                             fleet[NGX_HTTP_HOUSEHOLD_FLEETS_AWAITED];
    ngx_event_t                        resume;    /* after the lookup */
    ngx_msec_t                         started;
};


static void ngx_http_household_wait_done(ngx_household_waiter_t *waiter,
    ngx_household_lookup_status_e status, ngx_household_record_t *record);
static ngx_int_t ngx_http_household_wait_create(ngx_http_household_ctx_t *ctx);
static ngx_household_noinline ngx_int_t ngx_http_household_wait_begin(
    ngx_http_household_ctx_t *ctx);
static ngx_int_t ngx_http_household_wait_fleet(ngx_http_household_ctx_t *ctx);
static void ngx_http_household_wait_fleet_done(void *data);
static ngx_uint_t ngx_http_household_wait_pending(
    ngx_http_household_ctx_t *ctx);
static void ngx_http_household_wait_resume(ngx_event_t *ev);
static ngx_uint_t ngx_http_household_wait_valid(
    ngx_http_household_ctx_t *ctx);
static void ngx_http_household_wait_write_handler(ngx_http_request_t *r);


ngx_household_waiter_t *
ngx_http_household_wait_waiter(ngx_http_household_ctx_t *ctx)
{
    return ngx_http_household_wait_create(ctx) == NGX_OK ? &ctx->wait->waiter
                                                         : NULL;
}


/* most requests have nothing to wait for, and need no memory for it */

static ngx_int_t
ngx_http_household_wait_create(ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                  i;
    ngx_http_household_wait_t  *wait;

    if (ctx->wait != NULL) {
        return NGX_OK;
    }

    wait = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_household_wait_t));
    if (wait == NULL) {
        return NGX_ERROR;
    }

    wait->waiter.handler = ngx_http_household_wait_done;
    wait->waiter.data = ctx;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_FLEETS_AWAITED; i++) {
        wait->fleet[i].handler = ngx_http_household_wait_fleet_done;
        wait->fleet[i].data = ctx;
    }

    wait->resume.handler = ngx_http_household_wait_resume;
    wait->resume.data = ctx;
    wait->resume.log = ctx->request->connection->log;

    ctx->wait = wait;

    return NGX_OK;
}


ngx_int_t
ngx_http_household_wait_start(ngx_http_household_ctx_t *ctx)
{
    ngx_http_household_fleet_t  *fleet;

    fleet = ctx->store->fleet;

    if (ctx->wait == NULL
        && ctx->sharing == NULL
        && fleet[NGX_HTTP_HOUSEHOLD_FLEET_OVERRIDE].fetch == NULL
        && fleet[NGX_HTTP_HOUSEHOLD_FLEET_DENIED].fetch == NULL)
    {
        /* most requests */
        return NGX_OK;
    }

    return ngx_http_household_wait_begin(ctx);
}


static ngx_household_noinline ngx_int_t
ngx_http_household_wait_begin(ngx_http_household_ctx_t *ctx)
{
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ngx_http_household_wait_fleet(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_http_household_wait_pending(ctx)) {
        return NGX_OK;
    }

    if (ngx_http_household_wait_create(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    /* detect that the client closes the connection */

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_household_wait_cancel(ctx);
        return NGX_ERROR;
    }

    ctx->state = NGX_HTTP_HOUSEHOLD_WAITING;
    ctx->wait->started = ngx_current_msec;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_household_wait_write_handler;

    r->connection->log->action = "looking up the household";

    return NGX_AGAIN;
}


void
ngx_http_household_wait_cancel(ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                  i;
    ngx_http_household_wait_t  *wait;

    wait = ctx->wait;

    if (wait != NULL) {

        for (i = 0; i < NGX_HTTP_HOUSEHOLD_FLEETS_AWAITED; i++) {
            ngx_http_household_fleet_cancel(&wait->fleet[i]);
        }

        ngx_household_lookup_cancel(&wait->waiter);

        if (wait->resume.posted) {
            ngx_delete_posted_event(&wait->resume);
        }
    }

    ngx_http_household_sharing_cancel(ctx);

    if (ctx->state == NGX_HTTP_HOUSEHOLD_WAITING
        || ctx->state == NGX_HTTP_HOUSEHOLD_KNOWN)
    {
        ctx->state = NGX_HTTP_HOUSEHOLD_NEW;
    }

    if (ctx->record == NULL) {
        /* the next record need not be the outdated one */
        ctx->stale = NULL;
        ctx->outdated = 0;
    }
}


static void
ngx_http_household_wait_done(ngx_household_waiter_t *waiter,
    ngx_household_lookup_status_e status, ngx_household_record_t *record)
{
    ngx_http_household_ctx_t *ctx = waiter->data;

    if (!ngx_http_household_wait_valid(ctx)) {
        ngx_http_household_wait_cancel(ctx);
        return;
    }

    if (status == NGX_HOUSEHOLD_LOOKUP_TOO_LARGE) {
        ctx->no_record = NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE;
    }

    if (record != NULL) {
        ctx->record = ngx_palloc(ctx->request->pool, record->size);

        if (ctx->record != NULL) {
            ngx_memcpy(ctx->record, record, record->size);
        }

        ngx_http_household_cache_fetched(ctx->store, ctx);

    } else {
        ngx_http_household_cache_stale(ctx->store, ctx);
    }

    ngx_http_household_wait_part(ctx);
}


/* the deny list is of tokens only */

static ngx_int_t
ngx_http_household_wait_fleet(ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                   i;
    ngx_http_household_fleet_t  *fleet;

    fleet = ctx->store->fleet;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_FLEETS_AWAITED; i++) {

        if (i == NGX_HTTP_HOUSEHOLD_FLEET_DENIED && !ctx->token) {
            continue;
        }

        if (!ngx_http_household_fleet_pending(&fleet[i])) {
            continue;
        }

        if (ngx_http_household_wait_create(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        (void) ngx_http_household_fleet_wait(&fleet[i], &ctx->wait->fleet[i]);
    }

    return NGX_OK;
}


static void
ngx_http_household_wait_fleet_done(void *data)
{
    ngx_http_household_wait_part(data);
}


void
ngx_http_household_wait_part(ngx_http_household_ctx_t *ctx)
{
    if (!ngx_http_household_wait_valid(ctx)) {
        ngx_http_household_wait_cancel(ctx);
        return;
    }

    if (ngx_http_household_wait_pending(ctx)) {
        return;
    }

    ctx->state = NGX_HTTP_HOUSEHOLD_KNOWN;
    ctx->elapsed = ngx_current_msec - ctx->wait->started;

    /* phases are not run from within the reading of replies */
    ngx_post_event(&ctx->wait->resume, &ngx_posted_events);
}


static ngx_uint_t
ngx_http_household_wait_pending(ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t  i;

    if (ngx_http_household_sharing_waits(ctx)) {
        return 1;
    }

    if (ctx->wait == NULL) {
        return 0;
    }

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_FLEETS_AWAITED; i++) {
        if (ctx->wait->fleet[i].fleet != NULL) {
            return 1;
        }
    }

    return ctx->wait->waiter.lookup != NULL;
}


static void
ngx_http_household_wait_resume(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_household_ctx_t  *ctx = ev->data;

    if (!ngx_http_household_wait_valid(ctx)) {
        /* another event of this iteration came first */
        ngx_http_household_wait_cancel(ctx);
        return;
    }

    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);
    c->log->action = NULL;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "household resume: \"%V\"", &r->uri);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/* returns 1 if the request was not redirected or finalized meanwhile */

static ngx_uint_t
ngx_http_household_wait_valid(ngx_http_household_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    return ngx_http_get_module_ctx(r, ngx_http_household_module) == ctx
           && r->write_event_handler == ngx_http_household_wait_write_handler;
}


/* writes nothing; its address identifies a request that waits */

static void
ngx_http_household_wait_write_handler(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "household waits for a lookup");
}
