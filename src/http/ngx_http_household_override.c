
/*
 * household:control, the override of the whole fleet (kill switch): a mode and
 * a percentage of accounts that only loosen those of nginx.conf.
 *
 * It is cached in the zone like records.  The worker that receives the
 * invalidation fetches it at once, so that all workers use it with the next
 * request.  Each worker keeps the last value, so that an outage of Redis does
 * not end the override.
 *
 * As long as no value is known, verdicts wait for it, within the timeout.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_override.h"
#include "ngx_http_household_value.h"


/* refresh interval in ms, with and without tracking */
#define NGX_HTTP_HOUSEHOLD_OVERRIDE_TRACKED    60000
#define NGX_HTTP_HOUSEHOLD_OVERRIDE_UNTRACKED  1000


static void ngx_http_household_override_fetch(ngx_http_household_store_t *store,
    uint64_t generation);
static ngx_int_t ngx_http_household_override_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_http_household_override_field(
    ngx_http_household_override_value_t *override, ngx_str_t *name,
    ngx_str_t *value);
static void ngx_http_household_override_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_http_household_override_store(
    ngx_http_household_store_t *store);
static void ngx_http_household_override_wake(
    ngx_http_household_override_t *override);


void
ngx_http_household_override_init(ngx_http_household_store_t *store)
{
    store->override.value.mode = NGX_HOUSEHOLD_ON;
    store->override.value.rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;

    ngx_queue_init(&store->override.waiters);
}


void
ngx_http_household_override_refresh(ngx_http_household_store_t *store)
{
    ngx_str_t                             id;
    uint64_t                              generation;
    ngx_msec_t                            now;
    ngx_household_zone_result_t           found;
    ngx_http_household_override_value_t   value;
    ngx_http_household_override_t        *override;

    override = &store->override;
    now = ngx_current_msec;
    generation = 0;

    if (override->checked == now) {
        /* at most once per ms */
        return;
    }

    override->checked = now;

    if (store->override_cache != NULL) {

        ngx_str_set(&id, NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY);

        switch (ngx_household_zone_get(store->override_cache, &id, now,
                                       (u_char *) &value, sizeof(value),
                                       &found))
        {
        case NGX_HOUSEHOLD_ZONE_HIT:
            override->value = value;
            override->known = 1;
            return;

        case NGX_HOUSEHOLD_ZONE_EXPIRED:
            override->value = value;
            override->known = 1;

            ngx_household_zone_count(store->zone,
                                     ngx_household_zone_kind_counter(
                                         NGX_HOUSEHOLD_ZONE_UPDATING,
                                         NGX_HOUSEHOLD_ZONE_OVERRIDE),
                                     1);

            if (!found.refresh) {
                return;
            }

            break;

        default: /* NGX_HOUSEHOLD_ZONE_MISS */
            break;
        }

        generation = found.generation;
    }

    if ((override->rejected
         || (override->known && store->override_cache == NULL))
        && now - override->queried < NGX_HTTP_HOUSEHOLD_OVERRIDE_UNTRACKED)
    {
        return;
    }

    if (override->fetch == NULL) {
        ngx_http_household_override_fetch(store, generation);
    }
}


ngx_int_t
ngx_http_household_override_wait(ngx_http_household_store_t *store,
    ngx_http_household_override_waiter_t *waiter)
{
    ngx_http_household_override_t  *override;

    override = &store->override;

    if (override->known || override->fetch == NULL) {
        return NGX_OK;
    }

    waiter->store = store;

    ngx_queue_insert_tail(&override->waiters, &waiter->queue);
    ngx_household_redis_op_await(override->fetch, 1);

    return NGX_AGAIN;
}


void
ngx_http_household_override_cancel(
    ngx_http_household_override_waiter_t *waiter)
{
    ngx_http_household_override_t  *override;

    if (waiter->store == NULL) {
        return;
    }

    override = &waiter->store->override;
    waiter->store = NULL;

    ngx_queue_remove(&waiter->queue);

    if (override->fetch != NULL && ngx_queue_empty(&override->waiters)) {
        ngx_household_redis_op_await(override->fetch, 0);
    }
}


void
ngx_http_household_override_changed(ngx_http_household_store_t *store)
{
    ngx_str_t  id;

    if (store->override.fetch != NULL) {
        /* the fetch under way may have read the former value */
        store->override.again = 1;
        return;
    }

    ngx_str_set(&id, NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY);

    ngx_http_household_override_fetch(store,
                ngx_household_zone_get_generation(store->override_cache, &id));
}


static void
ngx_http_household_override_fetch(ngx_http_household_store_t *store,
    uint64_t generation)
{
    u_char                         *p;
    ngx_str_t                       argv[2], *prefix;
    ngx_household_redis_op_t       *op;
    ngx_household_resp_command_t    command;
    ngx_household_redis_result_e    status;
    ngx_http_household_override_t  *override;

    override = &store->override;
    prefix = &store->redis->conf.key_prefix;

    argv[1].len = prefix->len + sizeof(NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY) - 1;
    argv[1].data = ngx_alloc(argv[1].len, ngx_cycle->log);

    if (argv[1].data == NULL) {
        return;
    }

    p = ngx_cpymem(argv[1].data, prefix->data, prefix->len);
    ngx_memcpy(p, NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY,
               sizeof(NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY) - 1);

    ngx_str_set(&argv[0], "HGETALL");

    command.argv = argv;
    command.argc = 2;

    op = ngx_household_redis_submit(store->redis->redis, &command, &argv[1],
                                    1, 0, ngx_http_household_override_reply,
                                    ngx_http_household_override_done, store,
                                    &status);
    if (op != NULL) {
        /* unless a request waits for it */
        ngx_household_redis_op_await(op, 0);

        override->fetch = op;
        override->answered = 0;
        override->rejected = 0;
        override->generation = generation;
    }

    ngx_free(argv[1].data);
}


static ngx_int_t
ngx_http_household_override_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_http_household_store_t *store = op->data;

    ngx_str_t                             code;
    ngx_uint_t                            i;
    ngx_household_resp_value_t           *v;
    ngx_http_household_override_value_t   value;

    v = reply->values;

    if (v[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        ngx_household_redis_log_error(store->redis->redis,
                                      "override fetch",
                                      &v[0].str);

        code = ngx_household_redis_error_code(&v[0].str);

        if (!ngx_household_redis_error_transient(&code)) {
            /* verdicts need not wait for it, as with an ACL */
            store->override.rejected = 1;
            store->override.queried = ngx_current_msec;
        }

        return NGX_OK;
    }

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY || v[0].elements % 2) {
        return NGX_ERROR;
    }

    value.mode = NGX_HOUSEHOLD_ON;
    value.rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;

    for (i = 2; i < reply->nvalues; i += 2) {

        if (v[i - 1].type != NGX_HOUSEHOLD_RESP_BULK
            || v[i].type != NGX_HOUSEHOLD_RESP_BULK)
        {
            return NGX_ERROR;
        }

        ngx_http_household_override_field(&value, &v[i - 1].str, &v[i].str);
    }

    store->override.value = value;
    store->override.answered = 1;

    return NGX_OK;
}


static void
ngx_http_household_override_field(ngx_http_household_override_value_t *override,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    if (name->len == 4 && ngx_strncmp(name->data, "mode", 4) == 0) {

        rc = ngx_http_household_value_parse_mode(value, &n);

        if (rc == NGX_OK) {
            override->mode = n;
        }

    } else if (name->len == 7 && ngx_strncmp(name->data, "rollout", 7) == 0) {

        rc = ngx_http_household_value_parse_percent(value, &n);

        if (rc == NGX_OK) {
            override->rollout = n;
        }

    } else {
        return;
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household override: invalid \"%V\", ignored",
                      name);
    }
}


static void
ngx_http_household_override_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_http_household_store_t *store = op->data;

    ngx_uint_t                      again;
    ngx_http_household_override_t  *override;

    override = &store->override;
    again = override->again;
    override->again = 0;
    override->fetch = NULL;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && override->answered) {
        override->known = 1;
        override->queried = ngx_current_msec;

        ngx_http_household_override_store(store);

        if (again) {
            ngx_http_household_override_changed(store);
        }
    }

    ngx_http_household_override_wake(override);
}


static void
ngx_http_household_override_store(ngx_http_household_store_t *store)
{
    ngx_str_t                       id;
    ngx_msec_t                      fresh;
    ngx_http_household_override_t  *override;

    if (store->override_cache == NULL) {
        return;
    }

    override = &store->override;

    ngx_str_set(&id, NGX_HTTP_HOUSEHOLD_OVERRIDE_KEY);

    fresh = store->override_cache->tracked
            ? NGX_HTTP_HOUSEHOLD_OVERRIDE_TRACKED
            : NGX_HTTP_HOUSEHOLD_OVERRIDE_UNTRACKED;

    (void) ngx_household_zone_put(store->override_cache, &id,
                                  (u_char *) &override->value,
                                  sizeof(override->value), 0,
                                  override->generation, ngx_current_msec,
                                  fresh, NGX_HOUSEHOLD_ZONE_TIME_MAX);
}


static void
ngx_http_household_override_wake(ngx_http_household_override_t *override)
{
    ngx_queue_t                           *q;
    ngx_http_household_override_waiter_t  *waiter;

    while (!ngx_queue_empty(&override->waiters)) {

        q = ngx_queue_head(&override->waiters);
        waiter = ngx_queue_data(q, ngx_http_household_override_waiter_t,
                                queue);

        ngx_http_household_override_cancel(waiter);
        waiter->handler(waiter->data);
    }
}


void
ngx_http_household_override_apply(ngx_http_household_store_t *store,
    ngx_uint_t *mode, ngx_uint_t *rollout)
{
    *mode = ngx_min(*mode, store->override.value.mode);
    *rollout = ngx_min(*rollout, store->override.value.rollout);
}
