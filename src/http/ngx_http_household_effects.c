
/*
 * Side effects of a verdict: writes to Redis, for which the request does not
 * wait, and counters in the zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_effects.h"
#include "ngx_http_household_invalidate.h"
#include "ngx_http_household_sharing.h"
#include "ngx_household_compiler.h"


/* seconds after which a device is written for all edges again */
#define NGX_HTTP_HOUSEHOLD_UNTOLD  (7 * NGX_HOUSEHOLD_DAY)


static ngx_household_noinline void ngx_http_household_effects_write(
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static void ngx_http_household_effects_device(
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static void ngx_http_household_effects_learn(
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);
static void ngx_http_household_effects_network(ngx_household_network_t *net,
    ngx_uint_t ipv6_prefix, ngx_str_t *text);
static ngx_uint_t ngx_http_household_effects_once(
    ngx_http_household_ctx_t *ctx, ngx_uint_t write);
static ngx_inline void ngx_http_household_effects_add(
    ngx_http_household_ctx_t *ctx, ngx_atomic_int_t n);


const ngx_household_writer_calls_t  ngx_http_household_effects_calls = {
    ngx_http_household_counts_write,
    ngx_http_household_invalidate_seen
};


void
ngx_http_household_effects(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    ngx_household_decision_t  *d;

    d = &ctx->decision;

    if (d->write_device || d->learn || d->join || d->write_away
        || d->start_grace || d->home_again || d->left_again
        || ctx->sharing != NULL)
    {
        ngx_http_household_effects_write(hlcf, ctx);
    }
}


/* most requests write nothing */

static ngx_household_noinline void
ngx_http_household_effects_write(ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx)
{
    u_char                     text[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_str_t                  network;
    ngx_household_writer_t    *writer;
    ngx_household_decision_t  *d;

    d = &ctx->decision;
    writer = ctx->store->writer;

    if (d->write_device
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_DEVICE))
    {
        ngx_http_household_effects_device(hlcf, ctx);
    }

    if (d->learn
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_HOME))
    {
        ngx_http_household_effects_learn(hlcf, ctx);
    }

    if (d->join
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_SEAT))
    {
        network.data = text;
        ngx_http_household_effects_network(&d->network, hlcf->ipv6_prefix,
                                           &network);
        ngx_household_writer_write_seat(writer, &ctx->account, &d->seat,
                                        &network);
    }

    if (d->write_away
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_AWAY))
    {
        ngx_household_writer_write_away(writer, &ctx->account, ngx_time());
    }

    if (ngx_http_household_sharing_written(ctx)
        && ngx_http_household_effects_once(ctx,
                                          NGX_HTTP_HOUSEHOLD_WRITTEN_PRESENCE))
    {
        ngx_http_household_sharing_write(ctx);
    }

    if (d->start_grace
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_OUTSIDE))
    {
        ngx_household_writer_write_grace_start(writer, &ctx->account,
                                    ctx->record->outside_since, ngx_time());
    }

    if (d->home_again
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_RETURN))
    {
        ngx_household_writer_write_grace_return(writer, &ctx->account,
                                                ngx_time());
    }

    if (d->left_again
        && ngx_http_household_effects_once(ctx,
                                           NGX_HTTP_HOUSEHOLD_WRITTEN_LEFT))
    {
        ngx_household_writer_write_grace_return(writer, &ctx->account, 0);
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


/*
 * The other edges are told of a device once a week; if it is trusted for less
 * than two weeks, after half of that time.  So an edge that knows no later time
 * trusts a device that was just at home for half of the time, at least.
 */

static void
ngx_http_household_effects_device(ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx)
{
    u_char                         name[NGX_HOUSEHOLD_ID_LEN];
    ngx_household_seen_t           seen[NGX_HOUSEHOLD_SEEN_MAX];
    ngx_household_decision_t      *d;
    ngx_household_writer_device_t  device, dropped;

    d = &ctx->decision;

    device.id = ctx->device;
    device.nseen = d->nseen;
    device.seen = d->seen;

    dropped.nseen = 0;

    if (d->drop_oldest) {
        dropped.id.data = name;
        dropped.seen = seen;
        dropped.nseen = ngx_household_record_oldest(ctx->record, &ctx->device,
                                                    &dropped.id, seen);
    }

    ngx_household_writer_write_device(ctx->store->writer, &ctx->account,
                                      &device, &d->seat,
                                      ngx_min(NGX_HTTP_HOUSEHOLD_UNTOLD,
                                              hlcf->trusted_device / 2),
                                      dropped.nseen ? &dropped : NULL);
}


static void
ngx_http_household_effects_learn(ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx)
{
    u_char     text[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_str_t  network;

    network.data = text;
    ngx_http_household_effects_network(&ctx->decision.evidence,
                                       hlcf->ipv6_prefix, &network);

    ngx_household_writer_write_learn(ctx->store->writer, &ctx->account,
                                     &network, ngx_time(), hlcf->learn_days,
                                     ctx->record->set_size);
}


/* an IPv6 address is written as the prefix that it stands for */

static void
ngx_http_household_effects_network(ngx_household_network_t *net,
    ngx_uint_t ipv6_prefix, ngx_str_t *text)
{
    text->len = ngx_household_network_format(net, ipv6_prefix, text->data);

    if (!net->no_prefix) {
        /* as people write it */
        text->len -= sizeof("/32") - 1;
    }
}


void
ngx_http_household_effects_count(ngx_http_household_ctx_t *ctx)
{
    if (ctx->counted != NULL) {
        ngx_http_household_effects_add(ctx, -1);
    }

    ctx->counted = ctx->store->counts;
    ctx->counted_status = ctx->status;
    ctx->counted_reason = ctx->decision.reason;
    ctx->counted_detail = ctx->decision.detail;

    ngx_http_household_effects_add(ctx, 1);
}


static ngx_inline void
ngx_http_household_effects_add(ngx_http_household_ctx_t *ctx,
    ngx_atomic_int_t n)
{
    ngx_household_counters_inc(ctx->counted,
                               ngx_http_household_count_request(
                                   ctx->counted_status, ctx->counted_reason),
                               n);

    if (ctx->counted_detail != NGX_HOUSEHOLD_DETAIL_NONE) {
        ngx_household_counters_inc(ctx->counted,
                                   NGX_HTTP_HOUSEHOLD_COUNT_DETAIL
                                   + ctx->counted_detail,
                                   n);
    }
}
