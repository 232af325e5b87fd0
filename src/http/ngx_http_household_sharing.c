
/*
 * The presence of an account, between requests, the zone and Redis.  The
 * verdict needs no more of it than one fact.
 *
 * A presence that cannot be read, or is of a later release, denies nobody: the
 * account counts as not shared.  A metric counts such presences.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_sharing.h"


static uint64_t ngx_http_household_sharing_generation(void *data,
    ngx_str_t *account);
static void ngx_http_household_sharing_store(void *data, ngx_str_t *account,
    uint64_t generation, ngx_str_t *bytes);
static void ngx_http_household_sharing_event(void *data,
    ngx_household_presences_event_e event);
static ngx_int_t ngx_http_household_sharing_get(
    ngx_http_household_store_t *store, ngx_http_household_ctx_t *ctx);
static void ngx_http_household_sharing_done(
    ngx_household_presences_waiter_t *waiter, ngx_str_t *bytes);
static ngx_int_t ngx_http_household_sharing_copy(
    ngx_http_household_ctx_t *ctx, u_char *data, size_t len);
static ngx_int_t ngx_http_household_sharing_facts(
    ngx_http_household_ctx_t *ctx, ngx_household_facts_t *facts);


/*
 * A namespace beside that of the records, which identifies the deployment.  Its
 * keys are not tracked: entries expire by time, or if the home changes.
 */

ngx_int_t
ngx_http_household_sharing_init_cache(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf)
{
    u_char                        buf[sizeof("presence ") + 16], *p;
    ngx_str_t                     fingerprint;
    ngx_uint_t                    i;
    ngx_http_household_store_t  **store;

    if (!hmcf->sharing) {
        return NGX_OK;
    }

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {

        if (store[i]->zone == NULL) {
            continue;
        }

        p = ngx_cpymem(buf, "presence ", sizeof("presence ") - 1);
        p = ngx_cpymem(p, store[i]->cache->digest,
                       sizeof(store[i]->cache->digest));

        fingerprint.data = buf;
        fingerprint.len = p - buf;

        store[i]->presence_cache = ngx_household_zone_ns(cf, store[i]->zone,
                                                   NGX_HOUSEHOLD_ZONE_PRESENCE,
                                                   &fingerprint, 0);
        if (store[i]->presence_cache == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_sharing_init_store(ngx_cycle_t *cycle,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_store_t *store)
{
    if (hmcf->sharing) {

        store->presences_cache.generation =
                                        ngx_http_household_sharing_generation;
        store->presences_cache.store = ngx_http_household_sharing_store;
        store->presences_cache.count = ngx_http_household_sharing_event;
        store->presences_cache.data = store;

        store->presences = ngx_household_presences_create(cycle->pool,
                                                     store->redis->redis,
                                                     &store->presences_cache);
        if (store->presences == NULL) {
            return NGX_ERROR;
        }
    }

    if (hmcf->events) {

        store->events = ngx_household_events_create(cycle->pool,
                                      store->redis->redis,
                                      ngx_http_household_counts_event,
                                      store);
        if (store->events == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static uint64_t
ngx_http_household_sharing_generation(void *data, ngx_str_t *account)
{
    ngx_http_household_store_t *store = data;

    return store->presence_cache != NULL
           ? ngx_household_zone_get_generation(store->presence_cache, account)
           : 0;
}


static void
ngx_http_household_sharing_store(void *data, ngx_str_t *account,
    uint64_t generation, ngx_str_t *bytes)
{
    ngx_http_household_store_t *store = data;

    if (store->presence_cache == NULL) {
        return;
    }

    (void) ngx_household_zone_put(store->presence_cache, account, bytes->data,
                                  bytes->len, bytes->len == 0, generation,
                                  ngx_current_msec,
                                  NGX_HTTP_HOUSEHOLD_SHARING_FRESH,
                                  NGX_HTTP_HOUSEHOLD_SHARING_AGE
                                  - NGX_HTTP_HOUSEHOLD_SHARING_FRESH);
}


static void
ngx_http_household_sharing_event(void *data,
    ngx_household_presences_event_e event)
{
    ngx_http_household_store_t *store = data;

    switch (event) {

    case NGX_HOUSEHOLD_PRESENCES_DROPPED:
        ngx_http_household_count(store,
                                 NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_DROPPED);
        break;

    case NGX_HOUSEHOLD_PRESENCES_RETRIED:
        ngx_http_household_count(store,
                                 NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_RETRIED);
        break;

    case NGX_HOUSEHOLD_PRESENCES_WRITTEN:
        ngx_http_household_count(store,
                                 NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_WRITTEN);
        break;
    }
}


ngx_int_t
ngx_http_household_sharing_fetch(ngx_http_household_ctx_t *ctx,
    ngx_http_household_sharing_pt handler)
{
    ngx_int_t                      rc;
    ngx_http_household_sharing_t  *sharing;

    if (ctx->sharing == NULL) {

        sharing = ngx_pcalloc(ctx->request->pool,
                              sizeof(ngx_http_household_sharing_t));
        if (sharing == NULL) {
            return NGX_ERROR;
        }

        sharing->waiter.handler = ngx_http_household_sharing_done;
        sharing->waiter.data = ctx;
        sharing->handler = handler;

        ctx->sharing = sharing;
    }

    if (ctx->sharing->known) {
        /* the same account in another place */
        return NGX_OK;
    }

    rc = ngx_http_household_sharing_get(ctx->store, ctx);

    if (rc == NGX_DECLINED) {

        /* if the command cannot be sent, the presence is not known */

        (void) ngx_household_presences_read(ctx->store->presences,
                                            &ctx->account,
                                            &ctx->sharing->waiter);
        rc = NGX_OK;
    }

    return rc;
}


/* returns NGX_OK, NGX_DECLINED if it must be read from Redis, or NGX_ERROR */

static ngx_int_t
ngx_http_household_sharing_get(ngx_http_household_store_t *store,
    ngx_http_household_ctx_t *ctx)
{
    u_char                       buf[NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_household_zone_state_e   state;
    ngx_household_zone_result_t  found;

    if (store->presence_cache == NULL) {
        return NGX_DECLINED;
    }

    state = ngx_household_zone_get(store->presence_cache, &ctx->account,
                                   ngx_current_msec, buf, sizeof(buf),
                                   &found);

    if (state == NGX_HOUSEHOLD_ZONE_MISS || found.invalidated) {
        return NGX_DECLINED;
    }

    if (state == NGX_HOUSEHOLD_ZONE_EXPIRED && found.refresh) {
        (void) ngx_household_presences_read(store->presences, &ctx->account,
                                            NULL);
    }

    return ngx_http_household_sharing_copy(ctx, buf, found.len);
}


static void
ngx_http_household_sharing_done(ngx_household_presences_waiter_t *waiter,
    ngx_str_t *bytes)
{
    ngx_http_household_ctx_t *ctx = waiter->data;

    if (bytes != NULL) {
        /* if memory allocation fails, the presence is not known */
        (void) ngx_http_household_sharing_copy(ctx, bytes->data, bytes->len);
    }

    ctx->sharing->handler(ctx);
}


static ngx_int_t
ngx_http_household_sharing_copy(ngx_http_household_ctx_t *ctx, u_char *data,
    size_t len)
{
    ngx_str_t  *bytes;

    bytes = &ctx->sharing->bytes;

    bytes->data = ngx_pnalloc(ctx->request->pool, ngx_max(len, 1));
    if (bytes->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(bytes->data, data, len);
    bytes->len = len;

    ctx->sharing->known = 1;

    return NGX_OK;
}


ngx_uint_t
ngx_http_household_sharing_waits(ngx_http_household_ctx_t *ctx)
{
    return ctx->sharing != NULL && ctx->sharing->waiter.read != NULL;
}


void
ngx_http_household_sharing_cancel(ngx_http_household_ctx_t *ctx)
{
    if (ctx->sharing != NULL) {
        ngx_household_presences_cancel(&ctx->sharing->waiter);
    }
}


void
ngx_http_household_sharing_reset(ngx_http_household_ctx_t *ctx)
{
    ngx_http_household_sharing_t  *sharing;

    sharing = ctx->sharing;

    if (sharing != NULL) {
        sharing->evaluated = 0;
        ngx_str_null(&sharing->updated);
        ngx_str_null(&sharing->detail);
    }
}


void
ngx_http_household_sharing_forget(ngx_http_household_ctx_t *ctx)
{
    if (ctx->sharing != NULL) {
        ctx->sharing->known = 0;
    }
}


/*
 * Rules 1 to 3 do not use this fact: without a record no device is known to
 * belong to the account.
 */

ngx_int_t
ngx_http_household_sharing_evaluate(ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts)
{
    u_char                         text[NGX_HOUSEHOLD_PRESENCE_DETAIL];
    ngx_pool_t                    *pool;
    ngx_household_presence_t       p;
    ngx_http_household_sharing_t  *sharing;

    facts->sharing = NGX_HOUSEHOLD_SHARING_NOT_SHARED;

    sharing = ctx->sharing;

    if (ctx->record == NULL || sharing == NULL) {
        return NGX_OK;
    }

    if (!sharing->known) {
        ngx_http_household_count(ctx->store,
                             NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_UNAVAILABLE);
        return NGX_OK;
    }

    if (ngx_household_presence_decode(&p, sharing->bytes.data,
                                      sharing->bytes.len)
        != NGX_OK)
    {
        ngx_http_household_count(ctx->store,
                                 NGX_HTTP_HOUSEHOLD_COUNT_PRESENCE_IGNORED);
        return NGX_OK;
    }

    if (ngx_http_household_sharing_facts(ctx, facts) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_household_presence_evaluate(ctx->conf->sharing, &sharing->facts, &p,
                                    &sharing->answer);

    sharing->evaluated = 1;
    facts->sharing = ngx_http_household_sharing_fact(sharing->answer.reason);

    pool = ctx->request->pool;

    if (sharing->answer.write) {

        sharing->updated.data = ngx_pnalloc(pool, NGX_HOUSEHOLD_PRESENCE_SIZE);
        if (sharing->updated.data == NULL) {
            return NGX_ERROR;
        }

        sharing->updated.len = ngx_household_presence_encode(&p,
                                                       sharing->updated.data);
    }

    sharing->detail.len = ngx_household_presence_detail(&sharing->answer,
                                                        text);
    if (sharing->detail.len == 0) {
        return NGX_OK;
    }

    sharing->detail.data = ngx_pnalloc(pool, sharing->detail.len);
    if (sharing->detail.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(sharing->detail.data, text, sharing->detail.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_sharing_facts(ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts)
{
    ngx_household_presence_facts_t  *known;

    known = &ctx->sharing->facts;

    ngx_memzero(known, sizeof(ngx_household_presence_facts_t));

    known->addr = facts->addr;
    known->now = facts->now;
    known->device = facts->device;
    known->seats = ngx_household_record_seats_taken(ctx->record, facts->now);

    return ngx_http_household_sharing_members(ctx->request->pool, ctx->record,
                                              known);
}


/* all of them, more than a presence has devices, too: each is a member */

ngx_int_t
ngx_http_household_sharing_members(ngx_pool_t *pool,
    const ngx_household_record_t *rec, ngx_household_presence_facts_t *known)
{
    u_char      *text;
    ngx_str_t   *ids;
    ngx_uint_t   n;

    n = ngx_household_record_members(rec, NULL, NULL);
    if (n == 0) {
        return NGX_OK;
    }

    ids = ngx_palloc(pool, n * (sizeof(ngx_str_t) + NGX_HOUSEHOLD_UUID_LEN));
    if (ids == NULL) {
        return NGX_ERROR;
    }

    text = (u_char *) &ids[n];

    known->members = ids;
    known->nmembers = ngx_household_record_members(rec, ids, text);

    return NGX_OK;
}


ngx_household_sharing_e
ngx_http_household_sharing_fact(ngx_household_presence_reason_e reason)
{
    switch (reason) {

    case NGX_HOUSEHOLD_PRESENCE_BELONGS:
    case NGX_HOUSEHOLD_PRESENCE_BESIDE:
        return NGX_HOUSEHOLD_SHARING_MEMBER;

    case NGX_HOUSEHOLD_PRESENCE_SEAT:
        return NGX_HOUSEHOLD_SHARING_SEAT;

    case NGX_HOUSEHOLD_PRESENCE_SHARED:
        return NGX_HOUSEHOLD_SHARING_SHARED;

    default:
        return NGX_HOUSEHOLD_SHARING_NOT_SHARED;
    }
}


ngx_uint_t
ngx_http_household_sharing_written(ngx_http_household_ctx_t *ctx)
{
    return ctx->sharing != NULL
           && ctx->sharing->updated.len != 0
           && ctx->decision.verdict != NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED;
}


void
ngx_http_household_sharing_write(ngx_http_household_ctx_t *ctx)
{
    ngx_http_household_sharing_t     *sharing;
    ngx_household_presences_write_t   write;

    sharing = ctx->sharing;

    write.account = &ctx->account;
    write.params = ctx->conf->sharing;
    write.facts = &sharing->facts;
    write.former = &sharing->bytes;
    write.bytes = &sharing->updated;

    ngx_household_presences_write(ctx->store->presences, &write);
}
