
/*
 * Side effects of a verdict: writes to Redis, for which the request does not
 * wait, and counters in the zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_effects.h"


static void ngx_http_household_effects_learn(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static ngx_uint_t ngx_http_household_effects_once(
    ngx_http_household_ctx_t *ctx, ngx_uint_t write);
static void ngx_http_household_effects_add(ngx_http_household_ctx_t *ctx,
    ngx_uint_t n);


void
ngx_http_household_effects(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_household_writer_t    *notes;
    ngx_household_decision_t  *d;

    d = &ctx->decision;
    notes = ctx->store->notes;

    if (d->note_device
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_DEVICE))
    {
        ngx_household_writer_write_device(notes, &ctx->account, &ctx->device,
                                          &d->slot, ngx_time());
    }

    if (d->learn
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_HOME))
    {
        ngx_http_household_effects_learn(r, hlcf, ctx);
    }

    if (d->start_grace
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_OUTSIDE))
    {
        ngx_household_writer_write_grace_start(notes, &ctx->account,
                                    ctx->record->outside_since, ngx_time());
    }

    if (d->home_again
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_RETURN))
    {
        ngx_household_writer_write_grace_return(notes, &ctx->account,
                                                ngx_time());
    }

    if (d->left_again
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_LEFT))
    {
        ngx_household_writer_write_grace_return(notes, &ctx->account, 0);
    }
}


/* a request that is evaluated in two locations writes nothing twice */

static ngx_uint_t
ngx_http_household_effects_once(ngx_http_household_ctx_t *ctx,
    ngx_uint_t write)
{
    if (ctx->written & write) {
        return 0;
    }

    ctx->written |= write;

    return 1;
}


/* trust on first use; an IPv6 address is registered as its prefix */

static void
ngx_http_household_effects_learn(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    u_char                   text[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_str_t                network;
    ngx_household_network_t  net;

    ngx_memzero(&net, sizeof(ngx_household_network_t));

    if (ngx_household_addr_set(&net.addr, r->connection->sockaddr) != NGX_OK) {
        return;
    }

    net.bare = net.addr.family == NGX_HOUSEHOLD_FAMILY_INET6;
    net.prefix = net.bare ? 128 : 32;

    network.data = text;
    network.len = ngx_household_network_format(&net, hlcf->ipv6_prefix, text);

    if (!net.bare) {
        /* without the length, as it is usually written */
        network.len -= sizeof("/32") - 1;
    }

    ngx_household_writer_write_home(hlcf->store->notes, &ctx->account,
                                    &network);
}


void
ngx_http_household_effects_count(ngx_http_household_ctx_t *ctx)
{
    if (ctx->counted != NULL) {
        ngx_http_household_effects_add(ctx, (ngx_uint_t) -1);
    }

    ctx->counted = ctx->store->zone;

    if (ctx->counted == NULL) {
        return;
    }

    ctx->counted_status = ctx->status;
    ctx->counted_reason = ctx->decision.reason;

    ngx_http_household_effects_add(ctx, 1);
}


static void
ngx_http_household_effects_add(ngx_http_household_ctx_t *ctx, ngx_uint_t n)
{
    ngx_household_zone_count(ctx->counted,
                             ngx_http_household_count_request(
                                 ctx->counted_status, ctx->counted_reason),
                             n);
}


void
ngx_http_household_effects_write_dropped(void *data)
{
    ngx_http_household_store_t *store = data;

    if (store->zone != NULL) {
        ngx_household_zone_count(store->zone, NGX_HTTP_HOUSEHOLD_COUNT_DROPPED,
                                 1);
    }
}
