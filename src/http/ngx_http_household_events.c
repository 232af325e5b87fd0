
/*
 * The events that a verdict causes.  ngx_household_events_add() drops those
 * that were added on this day already.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_events.h"
#include "ngx_http_household_sharing.h"


/* seconds before a grace period, or a seat, ends */
#define NGX_HTTP_HOUSEHOLD_EVENTS_GRACE   86400
#define NGX_HTTP_HOUSEHOLD_EVENTS_SEAT   259200

/* prefix length of an IPv6 network in events: that of a home */
#define NGX_HTTP_HOUSEHOLD_EVENTS_IPV6   56


static size_t ngx_http_household_events_network(ngx_household_addr_t *addr,
    u_char *text);
static ngx_uint_t ngx_http_household_events_learned(
    ngx_http_household_ctx_t *ctx);
static void ngx_http_household_events_outside(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event);
static void ngx_http_household_events_grace(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event);
static void ngx_http_household_events_seat(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event);
static void ngx_http_household_events_kind(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event, ngx_household_event_e kind);


void
ngx_http_household_events_add(ngx_http_household_ctx_t *ctx)
{
    u_char                         text[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_household_addr_t           addr;
    ngx_household_event_t          event;
    ngx_household_decision_t      *d;
    ngx_http_household_sharing_t  *sharing;

    if (ctx->record == NULL
        || ctx->decision.verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED
        || ngx_household_addr_set(&addr, ctx->request->connection->sockaddr)
           != NGX_OK)
    {
        return;
    }

    d = &ctx->decision;
    sharing = ctx->sharing;

    ngx_memzero(&event, sizeof(ngx_household_event_t));

    event.account = ctx->account;
    event.device = ctx->device;
    event.time = ngx_time();

    event.network.data = text;
    event.network.len = ngx_http_household_events_network(&addr, text);

    if (ctx->mode == NGX_HOUSEHOLD_ON) {
        ngx_str_set(&event.mode, "on");

    } else {
        ngx_str_set(&event.mode, "monitor");
    }

    event.detail = *ngx_household_detail_name(d->detail);

    if (sharing != NULL && sharing->evaluated) {

        if (sharing->detail.len) {
            event.detail = sharing->detail;
        }

        if (sharing->answer.first) {
            ngx_http_household_events_kind(ctx, &event,
                                       NGX_HOUSEHOLD_EVENT_ANOTHER_HOUSEHOLD);
        }
    }

    if (d->learn && ngx_http_household_events_learned(ctx)) {
        ngx_http_household_events_kind(ctx, &event,
                                       NGX_HOUSEHOLD_EVENT_HOME_LEARNED);
    }

    switch (d->reason) {

    case NGX_HOUSEHOLD_REASON_EXTRA_MEMBER:
        ngx_http_household_events_seat(ctx, &event);
        break;

    case NGX_HOUSEHOLD_REASON_GRACE:
        ngx_http_household_events_outside(ctx, &event);
        ngx_http_household_events_grace(ctx, &event);
        break;

    case NGX_HOUSEHOLD_REASON_AWAY:
    case NGX_HOUSEHOLD_REASON_UNREGISTERED:
    case NGX_HOUSEHOLD_REASON_OUTSIDE:
        ngx_http_household_events_outside(ctx, &event);
        break;

    default:
        break;
    }
}


/* writes the place of an address; returns the length */

static size_t
ngx_http_household_events_network(ngx_household_addr_t *addr, u_char *text)
{
    size_t                   len;
    ngx_household_network_t  net;

    ngx_memzero(&net, sizeof(ngx_household_network_t));

    net.addr = *addr;
    net.no_prefix = net.addr.family == NGX_HOUSEHOLD_FAMILY_INET6;
    net.prefix = net.no_prefix ? 128 : 32;

    len = ngx_household_network_format(&net, NGX_HTTP_HOUSEHOLD_EVENTS_IPV6,
                                       text);

    return net.no_prefix ? len : len - (sizeof("/32") - 1);
}


/* returns 1 if this is the last one of the days that a home takes, else 0 */

static ngx_uint_t
ngx_http_household_events_learned(ngx_http_household_ctx_t *ctx)
{
    int64_t     last;
    ngx_uint_t  days;

    days = ngx_household_record_learn_days(ctx->record,
                                           &ctx->decision.evidence,
                                           ctx->conf->ipv6_prefix, ngx_time(),
                                           &last);

    return days + 1 >= ctx->conf->learn_days;
}


static void
ngx_http_household_events_outside(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event)
{
    ngx_household_decision_t  *d;

    d = &ctx->decision;

    if (d->reason == NGX_HOUSEHOLD_REASON_UNREGISTERED
        && d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW)
    {
        return;
    }

    ngx_http_household_events_kind(ctx, event, NGX_HOUSEHOLD_EVENT_OUTSIDE);

    if (d->verdict == NGX_HOUSEHOLD_VERDICT_DENY && !d->monitored) {
        ngx_http_household_events_kind(ctx, event,
                                       NGX_HOUSEHOLD_EVENT_DENIED);
    }
}


static void
ngx_http_household_events_grace(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event)
{
    if (ctx->decision.start_grace) {

        event->until = event->time + ctx->conf->grace;
        ngx_http_household_events_kind(ctx, event,
                                       NGX_HOUSEHOLD_EVENT_GRACE_BEGUN);
        return;
    }

    event->until = ctx->record->outside_since + ctx->conf->grace;

    /*
     * For a period of a day at most, the event of its beginning suffices.  One
     * that has ended is followed by another, which mode "monitor" does not
     * begin.
     */

    if (ctx->record->outside_since != 0
        && ctx->conf->grace > NGX_HTTP_HOUSEHOLD_EVENTS_GRACE
        && event->until > event->time
        && event->until - event->time <= NGX_HTTP_HOUSEHOLD_EVENTS_GRACE)
    {
        ngx_http_household_events_kind(ctx, event,
                                       NGX_HOUSEHOLD_EVENT_GRACE_ENDING);
    }
}


/* a seat that presence has matched, and not a network, has no name */

static void
ngx_http_household_events_seat(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event)
{
    event->seat = ctx->decision.seat;

    if (event->seat.len == 0) {
        return;
    }

    ngx_http_household_events_kind(ctx, event, NGX_HOUSEHOLD_EVENT_SEAT_USED);

    if (!ngx_household_record_seat_paid(ctx->record, &event->seat,
                                        event->time
                                        + NGX_HTTP_HOUSEHOLD_EVENTS_SEAT))
    {
        ngx_http_household_events_kind(ctx, event,
                                       NGX_HOUSEHOLD_EVENT_SEAT_ENDING);
    }
}


static void
ngx_http_household_events_kind(ngx_http_household_ctx_t *ctx,
    ngx_household_event_t *event, ngx_household_event_e kind)
{
    event->kind = kind;

    ngx_household_events_add(ctx->store->events, event, ctx->conf->events);
}
