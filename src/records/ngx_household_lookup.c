
/*
 * Lookups of accounts.  See ngx_household_lookup.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_lookup.h"


/* digits of the number that the answers to a lookup end with */
#define NGX_HOUSEHOLD_LOOKUP_NUMBER        8


struct ngx_household_lookups_s {
    ngx_household_redis_t           *redis;
    ngx_household_lookup_cache_t    *keeper;  /* or NULL */

    /* under way, by account */
    ngx_rbtree_t                     tree;
    ngx_rbtree_node_t                sentinel;

    /*
     * The two replies of a lookup mostly come one after the other, so that a
     * connection fills one builder at a time; those not in use are kept here.
     */
    ngx_household_record_builder_t  *builders[4];
    ngx_uint_t                       nbuilders;

    uint32_t                         number;  /* of the next lookup */

    /* what is wrong with records */
    ngx_household_log_limit_t        malformed;
    ngx_household_log_limit_t        too_large;
};


struct ngx_household_lookup_s {
    ngx_str_node_t                   node;     /* account; must be first */
    ngx_household_lookups_t         *lookups;
    ngx_household_redis_op_t        *op;
    ngx_queue_t                      waiters;
    ngx_household_record_builder_t  *builder;  /* since the first reply */
    uint64_t                         generation; /* the keeper's */
    u_char                           number[NGX_HOUSEHOLD_LOOKUP_NUMBER];
    unsigned                         overtaken:1; /* not in the tree */
    unsigned                         failed:1;
    unsigned                         too_large:1;
};


static ngx_household_lookup_t *ngx_household_lookup_start(
    ngx_household_lookups_t *lookups, ngx_str_t *account, uint32_t hash);
static ngx_int_t ngx_household_lookup_send(ngx_household_lookups_t *lookups,
    ngx_household_lookup_t *lookup);
static ngx_int_t ngx_household_lookup_number(ngx_household_lookup_t *lookup,
    ngx_household_resp_value_t *v);
static ngx_int_t ngx_household_lookup_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_lookup_homes(
    ngx_household_record_builder_t *builder,
    ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_lookup_fields(
    ngx_household_record_builder_t *builder,
    ngx_household_resp_reply_t *reply);
static void ngx_household_lookup_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_lookup_malformed(ngx_household_lookups_t *lookups,
    ngx_uint_t n);
static void ngx_household_lookup_too_large(ngx_household_lookups_t *lookups);
static ngx_household_record_builder_t *ngx_household_lookup_builder(
    ngx_household_lookups_t *lookups);
static void ngx_household_lookup_release(ngx_household_lookup_t *lookup);


ngx_household_lookups_t *
ngx_household_lookups_create(ngx_pool_t *pool, ngx_household_redis_t *redis,
    ngx_household_lookup_cache_t *keeper)
{
    ngx_household_lookups_t  *lookups;

    lookups = ngx_pcalloc(pool, sizeof(ngx_household_lookups_t));
    if (lookups == NULL) {
        return NULL;
    }

    lookups->redis = redis;
    lookups->keeper = keeper;

    ngx_rbtree_init(&lookups->tree, &lookups->sentinel,
                    ngx_str_rbtree_insert_value);

    return lookups;
}


void
ngx_household_lookups_destroy(ngx_household_lookups_t *lookups)
{
    while (lookups->nbuilders) {
        ngx_free(lookups->builders[--lookups->nbuilders]);
    }
}


ngx_int_t
ngx_household_lookup(ngx_household_lookups_t *lookups, ngx_str_t *account,
    ngx_household_waiter_t *waiter)
{
    uint32_t                 hash;
    uint64_t                 generation;
    ngx_household_lookup_t  *lookup;

    generation = 0;

    if (lookups->keeper != NULL) {
        generation = lookups->keeper->begin(lookups->keeper->data, account);
    }

    hash = ngx_murmur_hash2(account->data, account->len);

    lookup = (ngx_household_lookup_t *)
                 ngx_str_rbtree_lookup(&lookups->tree, account, hash);

    if (lookup != NULL && lookup->generation != generation) {

        /* it may have been answered before what we know has changed */

        ngx_rbtree_delete(&lookups->tree, &lookup->node.node);
        lookup->overtaken = 1;
        lookup = NULL;
    }

    if (lookup == NULL) {
        lookup = ngx_household_lookup_start(lookups, account, hash);

        if (lookup == NULL) {
            return NGX_DECLINED;
        }

        lookup->generation = generation;
    }

    if (waiter != NULL) {
        waiter->lookup = lookup;
        ngx_queue_insert_tail(&lookup->waiters, &waiter->queue);
    }

    ngx_household_redis_op_await(lookup->op,
                                 !ngx_queue_empty(&lookup->waiters));

    return NGX_AGAIN;
}


static ngx_household_lookup_t *
ngx_household_lookup_start(ngx_household_lookups_t *lookups,
    ngx_str_t *account, uint32_t hash)
{
    ngx_household_lookup_t  *lookup;

    lookup = ngx_alloc(sizeof(ngx_household_lookup_t) + account->len,
                       ngx_cycle->log);
    if (lookup == NULL) {
        return NULL;
    }

    ngx_memzero(lookup, sizeof(ngx_household_lookup_t));

    lookup->lookups = lookups;
    lookup->node.node.key = hash;
    lookup->node.str.len = account->len;
    lookup->node.str.data = (u_char *) lookup + sizeof(ngx_household_lookup_t);
    ngx_memcpy(lookup->node.str.data, account->data, account->len);

    ngx_queue_init(&lookup->waiters);

    if (ngx_household_lookup_send(lookups, lookup) != NGX_OK) {
        ngx_free(lookup);
        return NULL;
    }

    ngx_rbtree_insert(&lookups->tree, &lookup->node.node);

    return lookup;
}


void
ngx_household_lookup_cancel(ngx_household_waiter_t *waiter)
{
    if (waiter->lookup == NULL) {
        return;
    }

    /* the lookup goes on: its replies must be read anyway */

    ngx_queue_remove(&waiter->queue);

    ngx_household_redis_op_await(waiter->lookup->op,
                                 !ngx_queue_empty(&waiter->lookup->waiters));

    waiter->lookup = NULL;
}


/*
 * SMEMBERS household:{A} and HGETALL household:{A}:account, with the braces,
 * which keep both keys in one slot of a cluster; and a PING with a number.
 *
 * Replies bear no name.  If a server ever sent one too many, each lookup
 * after it would take the answer of another one for its own; the PING, which
 * is answered by its number, tells in time.
 */

static ngx_int_t
ngx_household_lookup_send(ngx_household_lookups_t *lookups,
    ngx_household_lookup_t *lookup)
{
    u_char                        *p, *key;
    ngx_str_t                     *prefix, keys[3];
    ngx_uint_t                     i;
    ngx_household_redis_op_t      *op;
    ngx_household_redis_result_e   status;

    ngx_str_t  argv[3][2] = {
        { ngx_string("SMEMBERS"), ngx_null_string },
        { ngx_string("HGETALL"), ngx_null_string },
        { ngx_string("PING"), ngx_null_string }
    };

    ngx_household_resp_command_t  commands[3] = {
        { argv[0], 2 }, { argv[1], 2 }, { argv[2], 2 }
    };

    prefix = &lookups->redis->conf->key_prefix;

    key = ngx_alloc(prefix->len + lookup->node.str.len
                    + sizeof("{}:account") - 1, ngx_cycle->log);
    if (key == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key, prefix->data, prefix->len);
    *p++ = '{';
    p = ngx_cpymem(p, lookup->node.str.data, lookup->node.str.len);
    *p++ = '}';

    for (i = 0; i < 3; i++) {
        keys[i].data = key;
        keys[i].len = p - key;
    }

    p = ngx_cpymem(p, ":account", sizeof(":account") - 1);

    keys[1].len = p - key;

    (void) ngx_sprintf(lookup->number, "%08xD", lookups->number++);

    argv[0][1] = keys[0];
    argv[1][1] = keys[1];
    argv[2][1].data = lookup->number;
    argv[2][1].len = NGX_HOUSEHOLD_LOOKUP_NUMBER;

    op = ngx_household_redis_submit(lookups->redis, commands, keys, 3, 0,
                                    ngx_household_lookup_reply,
                                    ngx_household_lookup_done, lookup,
                                    &status);

    ngx_free(key);

    lookup->op = op;

    return op != NULL ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_household_lookup_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_lookup_t  *lookup = op->data;

    if (op->i == 2) {
        return ngx_household_lookup_number(lookup, &reply->values[0]);
    }

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        ngx_household_redis_log_error(lookup->lookups->redis, "lookup",
                                      &reply->values[0].str);
        lookup->failed = 1;
        return NGX_OK;
    }

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return NGX_ERROR;
    }

    if (reply->too_large) {
        lookup->too_large = 1;
        return NGX_OK;
    }

    if (lookup->builder == NULL) {
        lookup->builder = ngx_household_lookup_builder(lookup->lookups);

        if (lookup->builder == NULL) {
            lookup->failed = 1;
            return NGX_OK;
        }
    }

    if (op->i == 0) {
        return ngx_household_lookup_homes(lookup->builder, reply);
    }

    return ngx_household_lookup_fields(lookup->builder, reply);
}


/*
 * An error is an answer, too: the access list need not allow PING.  A plain
 * PONG is what servers say that do not know of an argument.
 */

static ngx_int_t
ngx_household_lookup_number(ngx_household_lookup_t *lookup,
    ngx_household_resp_value_t *v)
{
    switch (v->type) {

    case NGX_HOUSEHOLD_RESP_BULK:
        return v->str.len == NGX_HOUSEHOLD_LOOKUP_NUMBER
               && ngx_memcmp(v->str.data, lookup->number,
                             NGX_HOUSEHOLD_LOOKUP_NUMBER)
                  == 0
               ? NGX_OK : NGX_ERROR;

    case NGX_HOUSEHOLD_RESP_STATUS:
    case NGX_HOUSEHOLD_RESP_ERROR:
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_household_lookup_homes(ngx_household_record_builder_t *builder,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                   i;
    ngx_household_resp_value_t  *v;

    v = reply->values;

    for (i = 1; i < reply->nvalues; i++) {

        if (v[i].type != NGX_HOUSEHOLD_RESP_BULK || v[i].depth != 1) {
            return NGX_ERROR;
        }

        ngx_household_record_builder_add_home(builder, &v[i].str);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_lookup_fields(ngx_household_record_builder_t *builder,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                   i;
    ngx_household_resp_value_t  *v;

    v = reply->values;

    if (v[0].elements % 2) {
        return NGX_ERROR;
    }

    for (i = 1; i < reply->nvalues; i++) {

        if (v[i].type != NGX_HOUSEHOLD_RESP_BULK || v[i].depth != 1) {
            return NGX_ERROR;
        }

        if (i % 2 == 0) {
            ngx_household_record_builder_add_field(builder, &v[i - 1].str,
                                                   &v[i].str);
        }
    }

    return NGX_OK;
}


static void
ngx_household_lookup_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_queue_t                    *q;
    ngx_household_record_t         *record;
    ngx_household_waiter_t         *waiter;
    ngx_household_lookup_t         *lookup = op->data;
    ngx_household_lookups_t        *lookups;
    ngx_household_lookup_status_e   outcome;

    lookups = lookup->lookups;
    record = NULL;
    outcome = NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && !lookup->failed) {

        if (!lookup->too_large) {
            record = ngx_household_record_builder_finish(lookup->builder);
        }

        outcome = record != NULL ? NGX_HOUSEHOLD_LOOKUP_OK
                                 : NGX_HOUSEHOLD_LOOKUP_TOO_LARGE;
    }

    if (record != NULL && record->malformed) {
        ngx_household_lookup_malformed(lookups, record->malformed);
    }

    if (outcome == NGX_HOUSEHOLD_LOOKUP_TOO_LARGE) {
        ngx_household_lookup_too_large(lookups);
    }

    if (record != NULL && lookups->keeper != NULL) {
        lookups->keeper->end(lookups->keeper->data, &lookup->node.str,
                             lookup->generation, record);
    }

    /* those who come from now on start anew */

    if (!lookup->overtaken) {
        ngx_rbtree_delete(&lookups->tree, &lookup->node.node);
    }

    while (!ngx_queue_empty(&lookup->waiters)) {

        q = ngx_queue_head(&lookup->waiters);
        waiter = ngx_queue_data(q, ngx_household_waiter_t, queue);

        ngx_household_lookup_cancel(waiter);
        waiter->handler(waiter, outcome, record);
    }

    ngx_household_lookup_release(lookup);
}


static void
ngx_household_lookup_malformed(ngx_household_lookups_t *lookups, ngx_uint_t n)
{
    n = ngx_household_log_limit(&lookups->malformed, n);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "household redis \"%V\": %ui malformed record entries "
                      "ignored", &lookups->redis->conf->name,
                      n);
    }
}


/* whose they are is personal data: the access log may tell */

static void
ngx_household_lookup_too_large(ngx_household_lookups_t *lookups)
{
    ngx_uint_t  n;

    n = ngx_household_log_limit(&lookups->too_large, 1);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "household redis \"%V\": %ui records too large: limits "
                      "%d networks, %d devices and grants, %d bytes; of a "
                      "reply %d networks, %d fields, %d bytes, %d bytes of "
                      "one value",
                      &lookups->redis->conf->name, n,
                      NGX_HOUSEHOLD_RECORD_NETWORKS,
                      NGX_HOUSEHOLD_RECORD_DEVICES, NGX_HOUSEHOLD_RECORD_SIZE,
                      NGX_HOUSEHOLD_REDIS_REPLY_VALUES - 1,
                      (NGX_HOUSEHOLD_REDIS_REPLY_VALUES - 1) / 2,
                      NGX_HOUSEHOLD_REDIS_REPLY_BYTES,
                      NGX_HOUSEHOLD_REDIS_REPLY_BULK);
    }
}


static ngx_household_record_builder_t *
ngx_household_lookup_builder(ngx_household_lookups_t *lookups)
{
    ngx_household_record_builder_t  *builder;

    if (lookups->nbuilders) {
        builder = lookups->builders[--lookups->nbuilders];

    } else {
        builder = ngx_alloc(sizeof(ngx_household_record_builder_t),
                            ngx_cycle->log);
        if (builder == NULL) {
            return NULL;
        }
    }

    ngx_household_record_builder_start(builder);

    return builder;
}


static void
ngx_household_lookup_release(ngx_household_lookup_t *lookup)
{
    ngx_household_lookups_t  *lookups;

    lookups = lookup->lookups;

    if (lookup->builder != NULL) {

        if (lookups->nbuilders
            < sizeof(lookups->builders) / sizeof(lookups->builders[0]))
        {
            lookups->builders[lookups->nbuilders++] = lookup->builder;

        } else {
            ngx_free(lookup->builder);
        }
    }

    ngx_free(lookup);
}
