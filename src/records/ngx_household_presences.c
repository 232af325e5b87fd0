
/*
 * Presence of accounts: reads.  See ngx_household_presences.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_keys.h"
#include "ngx_household_presences_case.h"


struct ngx_household_presences_read_s {
    ngx_str_node_t              node;        /* account; must be first */
    ngx_household_presences_t  *presences;
    ngx_household_redis_op_t   *op;
    ngx_queue_t                 waiters;
    uint64_t                    generation;  /* of the cache */
    size_t                      len;
    unsigned                    failed:1;
    u_char                      bytes[NGX_HOUSEHOLD_PRESENCE_SIZE];
};


static ngx_household_presences_read_t *ngx_household_presences_read_start(
    ngx_household_presences_t *presences, ngx_str_t *account, uint32_t hash);
static ngx_int_t ngx_household_presences_read_send(
    ngx_household_presences_read_t *read, ngx_uint_t flags);
static ngx_int_t ngx_household_presences_read_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_presences_read_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


ngx_household_presences_t *
ngx_household_presences_create(ngx_pool_t *pool, ngx_household_redis_t *redis,
    ngx_household_presences_cache_t *cache)
{
    ngx_household_presences_t  *presences;

    presences = ngx_pcalloc(pool, sizeof(ngx_household_presences_t));
    if (presences == NULL) {
        return NULL;
    }

    if (ngx_household_keys_beside(pool, &redis->conf->key_prefix, "seen",
                                  &presences->prefix)
        != NGX_OK)
    {
        return NULL;
    }

    presences->redis = redis;
    presences->cache = cache;

    ngx_rbtree_init(&presences->reads, &presences->reads_sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_rbtree_init(&presences->writes, &presences->writes_sentinel,
                    ngx_str_rbtree_insert_value);


    return presences;
}


ngx_int_t
ngx_household_presences_read(ngx_household_presences_t *presences,
    ngx_str_t *account, ngx_household_presences_waiter_t *waiter)
{
    uint32_t                         hash;
    ngx_household_presences_read_t  *read;

    hash = ngx_murmur_hash2(account->data, account->len);

    read = (ngx_household_presences_read_t *)
               ngx_str_rbtree_lookup(&presences->reads, account, hash);

    if (read == NULL) {
        read = ngx_household_presences_read_start(presences, account, hash);

        if (read == NULL) {
            return NGX_DECLINED;
        }
    }

    if (waiter != NULL) {
        waiter->read = read;
        ngx_queue_insert_tail(&read->waiters, &waiter->queue);
    }

    ngx_household_redis_op_await(read->op, !ngx_queue_empty(&read->waiters));

    return NGX_AGAIN;
}


void
ngx_household_presences_cancel(ngx_household_presences_waiter_t *waiter)
{
    if (waiter->read == NULL) {
        return;
    }

    /* the read continues: its replies must be read anyway */

    ngx_queue_remove(&waiter->queue);

    ngx_household_redis_op_await(waiter->read->op,
                                 !ngx_queue_empty(&waiter->read->waiters));

    waiter->read = NULL;
}


static ngx_household_presences_read_t *
ngx_household_presences_read_start(ngx_household_presences_t *presences,
    ngx_str_t *account, uint32_t hash)
{
    ngx_household_presences_read_t  *read;

    if (presences->nreads >= NGX_HOUSEHOLD_PRESENCES_MAX) {
        return NULL;
    }

    read = ngx_alloc(sizeof(ngx_household_presences_read_t) + account->len,
                     ngx_cycle->log);
    if (read == NULL) {
        return NULL;
    }

    read->presences = presences;
    read->node.node.key = hash;
    read->node.str.len = account->len;
    read->node.str.data = (u_char *) read
                          + sizeof(ngx_household_presences_read_t);
    ngx_memcpy(read->node.str.data, account->data, account->len);

    ngx_queue_init(&read->waiters);

    read->generation = presences->cache->generation(presences->cache->data,
                                                    account);
    read->len = 0;
    read->failed = 0;

    if (ngx_household_presences_read_send(read, 0) != NGX_OK) {
        ngx_free(read);
        return NULL;
    }

    ngx_rbtree_insert(&presences->reads, &read->node.node);
    presences->nreads++;

    return read;
}


/*
 * GET household-seen:{A}, with a number as a lookup: after an extra reply, each
 * account would get the presence of another account.
 */

static ngx_int_t
ngx_household_presences_read_send(ngx_household_presences_read_t *read,
    ngx_uint_t flags)
{
    u_char                        *p;
    ngx_str_t                      key;
    ngx_household_presences_t     *presences;
    ngx_household_redis_result_e   status;

    ngx_str_t  argv[2] = { ngx_string("GET"), ngx_null_string };

    ngx_household_resp_command_t  command = { argv, 2 };

    presences = read->presences;

    if (presences->prefix.len + read->node.str.len + 2 > sizeof(read->bytes)) {
        return NGX_ERROR;
    }

    /* the commands are encoded at once, so the buffer of the reply is free */

    p = ngx_household_keys_account(read->bytes, &presences->prefix,
                                   &read->node.str);

    key.data = read->bytes;
    key.len = p - read->bytes;

    argv[1] = key;

    read->op = ngx_household_redis_submit(presences->redis, &command, &key, 1,
                                          NGX_HOUSEHOLD_REDIS_PRESENCE
                                          |NGX_HOUSEHOLD_REDIS_NUMBERED
                                          |flags,
                                          ngx_household_presences_read_reply,
                                          ngx_household_presences_read_done,
                                          read, &status);

    return read->op != NULL ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_household_presences_read_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_presences_read_t *read = op->data;

    ngx_household_resp_value_t  *v;

    v = &reply->values[0];

    switch (v->type) {

    case NGX_HOUSEHOLD_RESP_NIL:
        return NGX_OK;

    case NGX_HOUSEHOLD_RESP_BULK:

        if (reply->too_large || v->str.len > sizeof(read->bytes)) {
            /* not written by this module, and cannot be decoded */
            read->failed = 1;
            return NGX_DECLINED;
        }

        ngx_memcpy(read->bytes, v->str.data, v->str.len);
        read->len = v->str.len;

        return NGX_OK;

    case NGX_HOUSEHOLD_RESP_ERROR:
        ngx_household_redis_log_error(read->presences->redis, "presence read",
                                      &v->str);
        read->failed = 1;

        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}


static void
ngx_household_presences_read_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_presences_read_t *read = op->data;

    ngx_str_t                          bytes, *result;
    ngx_queue_t                       *q;
    ngx_household_presences_t         *presences;
    ngx_household_presences_waiter_t  *waiter;

    presences = read->presences;
    result = NULL;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && !read->failed
        && read->len == 0 && ngx_household_redis_from_replica(op)
        && ngx_household_presences_read_send(read,
                                             NGX_HOUSEHOLD_REDIS_NO_REPLICA)
           == NGX_OK)
    {
        /* the key may have been moved, which the primary replies with ASK */

        ngx_household_redis_op_await(read->op,
                                     !ngx_queue_empty(&read->waiters));
        return;
    }

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && !read->failed) {

        bytes.data = read->bytes;
        bytes.len = read->len;
        result = &bytes;

        presences->cache->store(presences->cache->data, &read->node.str,
                                read->generation, result);
    }

    /* later requests start a new read */

    ngx_rbtree_delete(&presences->reads, &read->node.node);
    presences->nreads--;

    while (!ngx_queue_empty(&read->waiters)) {

        q = ngx_queue_head(&read->waiters);
        waiter = ngx_queue_data(q, ngx_household_presences_waiter_t, queue);

        ngx_household_presences_cancel(waiter);
        waiter->handler(waiter, result);
    }

    ngx_free(read);
}
