
/*
 * Values of the whole fleet.
 *
 * A value is cached in the zone like records.  The worker that receives the
 * invalidation fetches the hash at once, so that all workers use it with the
 * next request.  Each worker keeps the last value, so that an outage of Redis
 * ends neither an override nor a denial.
 *
 * As long as no value is known, verdicts wait for it, within the timeout.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_fleet.h"


/* refresh interval in ms, with and without tracking */
#define NGX_HTTP_HOUSEHOLD_FLEET_TRACKED    60000
#define NGX_HTTP_HOUSEHOLD_FLEET_UNTRACKED  1000


static void ngx_http_household_fleet_fetch(ngx_http_household_fleet_t *fleet,
    uint64_t generation);
static ngx_int_t ngx_http_household_fleet_send(
    ngx_http_household_fleet_t *fleet, ngx_uint_t flags);
static ngx_int_t ngx_http_household_fleet_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static void ngx_http_household_fleet_error(ngx_http_household_fleet_t *fleet,
    ngx_str_t *error);
static ngx_int_t ngx_http_household_fleet_check(
    ngx_household_resp_reply_t *reply);
static void ngx_http_household_fleet_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_http_household_fleet_store(ngx_http_household_fleet_t *fleet);
static void ngx_http_household_fleet_wake(ngx_http_household_fleet_t *fleet);


void
ngx_http_household_fleet_init(ngx_http_household_fleet_t *fleet,
    ngx_http_household_store_t *store,
    const ngx_http_household_fleet_type_t *type, void *value)
{
    fleet->store = store;
    fleet->type = type;
    fleet->value = value;

    ngx_queue_init(&fleet->waiters);
}


void
ngx_http_household_fleet_refresh_now(ngx_http_household_fleet_t *fleet)
{
    ngx_str_t                     id;
    uint64_t                      generation;
    ngx_msec_t                    now;
    ngx_http_household_store_t   *store;
    ngx_household_zone_state_e    state;
    ngx_household_zone_result_t   found;

    store = fleet->store;
    now = ngx_current_msec;
    generation = 0;

    fleet->checked = now;

    if (store->fleet_cache != NULL) {

        if (fleet->marked
            && ngx_household_zone_unchanged(store->fleet_cache, &fleet->mark,
                                            now))
        {
            return;
        }

        id = fleet->type->key;
        fleet->marked = 0;

        state = ngx_household_zone_get(store->fleet_cache, &id, now,
                                       fleet->value, fleet->type->size,
                                       &found);

        if (state != NGX_HOUSEHOLD_ZONE_MISS) {
            fleet->len = found.len;

            /* one of before a restart is waited for, and better than none */
            fleet->known |= !found.invalidated;
        }

        if (state == NGX_HOUSEHOLD_ZONE_HIT) {
            fleet->mark = found.mark;
            fleet->marked = 1;
            return;
        }

        if (state == NGX_HOUSEHOLD_ZONE_EXPIRED) {

            ngx_household_zone_count(store->zone,
                                     ngx_household_zone_kind_counter(
                                         NGX_HOUSEHOLD_ZONE_UPDATING,
                                         NGX_HOUSEHOLD_ZONE_FLEET),
                                     1);

            if (!found.refresh && fleet->known) {
                return;
            }
        }

        generation = found.generation;
    }

    if ((fleet->rejected || (fleet->known && store->fleet_cache == NULL))
        && now - fleet->queried < NGX_HTTP_HOUSEHOLD_FLEET_UNTRACKED)
    {
        return;
    }

    if (fleet->fetch == NULL) {
        ngx_http_household_fleet_fetch(fleet, generation);
    }
}


ngx_int_t
ngx_http_household_fleet_wait(ngx_http_household_fleet_t *fleet,
    ngx_http_household_fleet_waiter_t *waiter)
{
    if (!ngx_http_household_fleet_pending(fleet)) {
        return NGX_OK;
    }

    waiter->fleet = fleet;

    ngx_queue_insert_tail(&fleet->waiters, &waiter->queue);
    ngx_household_redis_op_await(fleet->fetch, 1);

    return NGX_AGAIN;
}


void
ngx_http_household_fleet_cancel(ngx_http_household_fleet_waiter_t *waiter)
{
    ngx_http_household_fleet_t  *fleet;

    fleet = waiter->fleet;

    if (fleet == NULL) {
        return;
    }

    waiter->fleet = NULL;

    ngx_queue_remove(&waiter->queue);

    if (fleet->fetch != NULL && ngx_queue_empty(&fleet->waiters)) {
        ngx_household_redis_op_await(fleet->fetch, 0);
    }
}


ngx_http_household_fleet_t *
ngx_http_household_fleet_find(ngx_http_household_store_t *store,
    ngx_str_t *name)
{
    ngx_uint_t                   i;
    ngx_http_household_fleet_t  *fleet;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_FLEETS; i++) {
        fleet = &store->fleet[i];

        if (fleet->type != NULL
            && fleet->type->key.len == name->len
            && ngx_memcmp(fleet->type->key.data, name->data, name->len) == 0)
        {
            return fleet;
        }
    }

    return NULL;
}


void
ngx_http_household_fleet_changed(ngx_http_household_fleet_t *fleet)
{
    ngx_str_t                 id;
    ngx_household_zone_ns_t  *cache;

    if (fleet->fetch != NULL) {
        /* the fetch under way may have read the former value */
        fleet->again = 1;
        return;
    }

    id = fleet->type->key;
    cache = fleet->store->fleet_cache;

    ngx_http_household_fleet_fetch(fleet,
                                   ngx_household_zone_get_generation(cache,
                                                                     &id));
}


void
ngx_http_household_fleet_changed_all(ngx_http_household_store_t *store)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_FLEETS; i++) {
        if (store->fleet[i].type != NULL) {
            ngx_http_household_fleet_changed(&store->fleet[i]);
        }
    }
}


static void
ngx_http_household_fleet_fetch(ngx_http_household_fleet_t *fleet,
    uint64_t generation)
{
    if (ngx_http_household_fleet_send(fleet, 0) == NGX_OK) {
        fleet->generation = generation;
    }
}


/* only a fetch that a request waits for delays the exit of the process */

static ngx_int_t
ngx_http_household_fleet_send(ngx_http_household_fleet_t *fleet,
    ngx_uint_t flags)
{
    u_char                        *p;
    ngx_str_t                      argv[2], key, prefix;
    ngx_household_redis_t         *redis;
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;
    ngx_household_redis_result_e   status;

    redis = fleet->store->redis->redis;
    prefix = fleet->store->redis->conf.key_prefix;
    key = fleet->type->key;

    argv[1].len = prefix.len + key.len;
    argv[1].data = ngx_alloc(argv[1].len, ngx_cycle->log);

    if (argv[1].data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(argv[1].data, prefix.data, prefix.len);
    ngx_memcpy(p, key.data, key.len);

    ngx_str_set(&argv[0], "HGETALL");

    command.argv = argv;
    command.argc = 2;

    op = ngx_household_redis_submit(redis, &command, &argv[1], 1,
                                    NGX_HOUSEHOLD_REDIS_FLEET
                                    |NGX_HOUSEHOLD_REDIS_NUMBERED
                                    |flags,
                                    ngx_http_household_fleet_reply,
                                    ngx_http_household_fleet_done, fleet,
                                    &status);
    ngx_free(argv[1].data);

    if (op == NULL) {
        return NGX_ERROR;
    }

    ngx_household_redis_op_await(op, !ngx_queue_empty(&fleet->waiters));

    fleet->fetch = op;
    fleet->fetched = NULL;
    fleet->rejected = 0;
    fleet->missing = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_fleet_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_http_household_fleet_t *fleet = op->data;

    ssize_t  len;

    /* decoded here first, so that a failure keeps the former value */
    static uint64_t  value[NGX_HOUSEHOLD_ZONE_VALUE_MAX / sizeof(uint64_t)];

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        ngx_http_household_fleet_error(fleet, &reply->values[0].str);
        return NGX_DECLINED;
    }

    if (ngx_http_household_fleet_check(reply) != NGX_OK) {
        return NGX_ERROR;
    }

    fleet->missing = reply->nvalues == 1;

    if (fleet->missing && ngx_household_redis_from_replica(op)) {
        /* see ngx_http_household_fleet_done() */
        return NGX_OK;
    }

    len = fleet->type->decode(fleet, reply, value);

    if (len == NGX_ERROR) {
        /* not for each request */
        fleet->rejected = 1;
        fleet->queried = ngx_current_msec;
        return NGX_OK;
    }

    /* used when the number after it shows that the reply is that to HGETALL */

    fleet->fetched = ngx_alloc(len, ngx_cycle->log);
    if (fleet->fetched == NULL) {
        return NGX_DECLINED;
    }

    ngx_memcpy(fleet->fetched, value, len);
    fleet->nfetched = len;

    return NGX_OK;
}


static void
ngx_http_household_fleet_error(ngx_http_household_fleet_t *fleet,
    ngx_str_t *error)
{
    ngx_str_t  code;

    ngx_household_redis_log_error(fleet->store->redis->redis,
                                  fleet->type->event, error);

    code = ngx_household_redis_error_code(error);

    if (!ngx_household_redis_error_transient(&code)) {
        /* verdicts need not wait for it, as with an ACL */
        fleet->rejected = 1;
        fleet->queried = ngx_current_msec;
    }
}


/* returns NGX_OK if the reply is a hash */

static ngx_int_t
ngx_http_household_fleet_check(ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                   i;
    ngx_household_resp_value_t  *v;

    v = reply->values;

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY || v[0].elements % 2) {
        return NGX_ERROR;
    }

    for (i = 1; i < reply->nvalues; i++) {
        if (v[i].type != NGX_HOUSEHOLD_RESP_BULK || v[i].depth != 1) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_household_fleet_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_http_household_fleet_t *fleet = op->data;

    void        *fetched;
    ngx_uint_t   again;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && fleet->missing
        && ngx_household_redis_from_replica(op)
        && ngx_http_household_fleet_send(fleet,
                                         NGX_HOUSEHOLD_REDIS_NO_REPLICA)
           == NGX_OK)
    {
        /* the key may have been moved */
        return;
    }

    again = fleet->again;
    fetched = fleet->fetched;

    fleet->again = 0;
    fleet->fetch = NULL;
    fleet->fetched = NULL;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && fetched != NULL) {

        if (fleet->type->fetched != NULL) {
            fleet->type->fetched(fleet, fetched);
        }

        ngx_memcpy(fleet->value, fetched, fleet->nfetched);

        fleet->len = fleet->nfetched;
        fleet->marked = 0;
        fleet->known = 1;
        fleet->queried = ngx_current_msec;

        ngx_http_household_fleet_store(fleet);

        if (again) {
            ngx_http_household_fleet_changed(fleet);
        }
    }

    if (fetched != NULL) {
        ngx_free(fetched);
    }

    ngx_http_household_fleet_wake(fleet);
}


static void
ngx_http_household_fleet_store(ngx_http_household_fleet_t *fleet)
{
    ngx_str_t                 id;
    ngx_msec_t                fresh;
    ngx_household_zone_ns_t  *cache;

    cache = fleet->store->fleet_cache;

    if (cache == NULL) {
        return;
    }

    id = fleet->type->key;

    fresh = cache->tracked ? NGX_HTTP_HOUSEHOLD_FLEET_TRACKED
                           : NGX_HTTP_HOUSEHOLD_FLEET_UNTRACKED;

    (void) ngx_household_zone_put(cache, &id, fleet->value, fleet->len,
                                  fleet->missing, fleet->generation,
                                  ngx_current_msec, fresh,
                                  NGX_HOUSEHOLD_ZONE_TIME_MAX);
}


static void
ngx_http_household_fleet_wake(ngx_http_household_fleet_t *fleet)
{
    ngx_queue_t                        *q;
    ngx_http_household_fleet_waiter_t  *waiter;

    while (!ngx_queue_empty(&fleet->waiters)) {

        q = ngx_queue_head(&fleet->waiters);
        waiter = ngx_queue_data(q, ngx_http_household_fleet_waiter_t, queue);

        ngx_http_household_fleet_cancel(waiter);
        waiter->handler(waiter->data);
    }
}
