
/*
 * The commands of a lookup, and the record made of the replies.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_household_keys.h"
#include "ngx_household_lookup_redis.h"



static ngx_household_redis_result_e ngx_household_lookup_submit(
    ngx_household_lookup_t *lookup, ngx_uint_t flags);
static void ngx_household_lookup_commands(ngx_household_lookups_t *lookups,
    ngx_str_t *account);
static void ngx_household_lookup_encode(ngx_household_lookups_t *lookups,
    ngx_str_t *account);
static ngx_int_t ngx_household_lookup_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_lookup_homes(
    ngx_household_record_builder_t *builder,
    ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_lookup_fields(
    ngx_household_record_builder_t *builder,
    ngx_household_resp_reply_t *reply, ngx_uint_t seen);
static ngx_int_t ngx_household_lookup_seen(ngx_household_lookup_t *lookup,
    ngx_household_resp_reply_t *reply);
static void ngx_household_lookup_answered(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static ngx_household_redis_result_e ngx_household_lookup_repeat(
    ngx_household_lookup_t *lookup);
static void ngx_household_lookup_malformed(ngx_household_lookups_t *lookups,
    ngx_uint_t n);
static void ngx_household_lookup_too_large(ngx_household_lookups_t *lookups);


ngx_int_t
ngx_household_lookup_send(ngx_household_lookup_t *lookup,
    ngx_household_lookup_pt handler)
{
    lookup->handler = handler;

    switch (ngx_household_lookup_submit(lookup, 0)) {

    case NGX_HOUSEHOLD_REDIS_RESULT_OK:
        return NGX_OK;

    case NGX_HOUSEHOLD_REDIS_RESULT_BUSY:
        return NGX_BUSY;

    default:
        return NGX_ERROR;
    }
}


static ngx_household_redis_result_e
ngx_household_lookup_submit(ngx_household_lookup_t *lookup, ngx_uint_t flags)
{
    ngx_household_lookups_t       *lookups;
    ngx_household_redis_op_t      *op;
    ngx_household_redis_result_e   status;

    lookups = lookup->lookups;

    ngx_household_lookup_commands(lookups, &lookup->node.str);

    op = ngx_household_redis_submit_encoded(lookups->redis, lookups->wires,
                                    lookups->keys, lookups->ncommands,
                                    NGX_HOUSEHOLD_REDIS_LATE
                                    | NGX_HOUSEHOLD_REDIS_NUMBERED | flags,
                                    ngx_household_lookup_reply,
                                    ngx_household_lookup_answered, lookup,
                                    &status);

    return op != NULL ? NGX_HOUSEHOLD_REDIS_RESULT_OK : status;
}


/*
 * The commands are in the same memory for all lookups.  If the id is as long as
 * the one before, only the id is replaced.
 */

static void
ngx_household_lookup_commands(ngx_household_lookups_t *lookups,
    ngx_str_t *account)
{
    ngx_uint_t  i;

    if (account->len != lookups->account_len) {
        ngx_household_lookup_encode(lookups, account);
    }

    for (i = 0; i < lookups->ncommands; i++) {
        ngx_memcpy(lookups->accounts[i], account->data, account->len);
    }
}


/*
 * SMEMBERS household:{A}, HGETALL household:{A}:account, and if devices are
 * known HGETALL household-device:{A}.  The braces are a hash tag, so that all
 * keys are in one hash slot.
 */

static void
ngx_household_lookup_encode(ngx_household_lookups_t *lookups,
    ngx_str_t *account)
{
    u_char                        *p, *last;
    ngx_str_t                      argv[2], *prefix;
    ngx_uint_t                     i;
    ngx_household_resp_command_t   command;

    static ngx_str_t  names[] = {
        ngx_string("SMEMBERS"),
        ngx_string("HGETALL"),
        ngx_string("HGETALL")
    };

    command.argv = argv;
    command.argc = 2;

    p = lookups->memory;

    for (i = 0; i < lookups->ncommands; i++) {

        prefix = i == 2 ? &lookups->device_prefix
                        : &lookups->redis->conf->key_prefix;

        last = ngx_household_keys_account(lookups->name, prefix, account);

        if (i == 1) {
            last = ngx_cpymem(last, ":account", sizeof(":account") - 1);
        }

        argv[0] = names[i];
        argv[1].len = last - lookups->name;
        argv[1].data = lookups->name;

        last = ngx_household_resp_encode(p, &command);

        lookups->wires[i].len = last - p;
        lookups->wires[i].data = p;

        lookups->keys[i].len = argv[1].len;
        lookups->keys[i].data = last - (sizeof(CRLF) - 1) - argv[1].len;

        lookups->accounts[i] = lookups->keys[i].data + prefix->len + 1;

        p = last;
    }

    lookups->account_len = account->len;
}


ngx_int_t
ngx_household_lookup_make_commands(ngx_pool_t *pool,
    ngx_household_lookups_t *lookups)
{
    size_t      len;
    ngx_str_t  *prefix;

    prefix = &lookups->redis->conf->key_prefix;

    if (ngx_household_keys_beside(pool, prefix, NGX_HOUSEHOLD_KEYS_DEVICE,
                                  &lookups->device_prefix)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    len = ngx_max(prefix->len, lookups->device_prefix.len)
          + NGX_HOUSEHOLD_ID_LEN + sizeof("{}:account") - 1;

    lookups->ncommands = lookups->devices ? NGX_HOUSEHOLD_LOOKUP_COMMANDS
                                          : NGX_HOUSEHOLD_LOOKUP_COMMANDS - 1;

    lookups->name = ngx_pnalloc(pool, len);
    lookups->memory = ngx_pnalloc(pool, lookups->ncommands
                                  * (sizeof("*2..$8..SMEMBERS..$....") - 1
                                     + NGX_SIZE_T_LEN + len));

    return lookups->name != NULL && lookups->memory != NULL ? NGX_OK
                                                            : NGX_ERROR;
}


static ngx_int_t
ngx_household_lookup_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_lookup_t  *lookup = op->data;

    if (op->i == 2) {
        return ngx_household_lookup_seen(lookup, reply);
    }

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        ngx_household_redis_log_error(lookup->lookups->redis, "lookup",
                                      &reply->values[0].str);
        lookup->failed = 1;
        return NGX_DECLINED;
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
            return NGX_DECLINED;
        }
    }

    if (reply->nvalues == 1) {
        lookup->empty = 1;
    }

    if (op->i == 0) {
        lookup->no_homes = reply->nvalues == 1;
        return ngx_household_lookup_homes(lookup->builder, reply);
    }

    return ngx_household_lookup_fields(lookup->builder, reply, 0);
}


/*
 * The account is used without it, if this key cannot be read: each of its
 * devices is also in the hash of the account, with a time that is a few days
 * older.
 */

static ngx_int_t
ngx_household_lookup_seen(ngx_household_lookup_t *lookup,
    ngx_household_resp_reply_t *reply)
{
    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        ngx_household_redis_log_error(lookup->lookups->redis,
                                      "device lookup", &reply->values[0].str);
        return NGX_OK;
    }

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return NGX_ERROR;
    }

    if (reply->too_large || lookup->builder == NULL) {
        return NGX_OK;
    }

    return ngx_household_lookup_fields(lookup->builder, reply, 1);
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
    ngx_household_resp_reply_t *reply, ngx_uint_t seen)
{
    ngx_household_resp_value_t  *v, *last;

    v = reply->values;
    last = v + reply->nvalues;

    if (v->elements % 2) {
        return NGX_ERROR;
    }

    for (v++; v < last; v += 2) {

        /* all elements are there, and none has elements itself */

        if (v[0].type != NGX_HOUSEHOLD_RESP_BULK
            || v[1].type != NGX_HOUSEHOLD_RESP_BULK)
        {
            return NGX_ERROR;
        }

        if (seen) {
            ngx_household_record_builder_add_seen(builder, &v[0].str,
                                                  &v[1].str);

        } else {
            (void) ngx_household_record_builder_add_field(builder, &v[0].str,
                                                          &v[1].str);
        }
    }

    return NGX_OK;
}


static void
ngx_household_lookup_answered(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_record_t         *record;
    ngx_household_lookup_t         *lookup = op->data;
    ngx_household_lookup_status_e   outcome;

    record = NULL;
    outcome = NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && lookup->empty
        && !lookup->failed && !lookup->too_large
        && ngx_household_redis_from_replica(op))
    {
        status = ngx_household_lookup_repeat(lookup);

        if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK) {
            return;
        }
    }

    if (status != NGX_HOUSEHOLD_REDIS_RESULT_OK && lookup->replica != NULL) {

        /* the primary is unavailable */

        ngx_household_lookup_free_builder(lookup->lookups, lookup->builder);

        lookup->builder = lookup->replica;
        lookup->replica = NULL;
        lookup->failed = 0;
        lookup->too_large = 0;
        status = NGX_HOUSEHOLD_REDIS_RESULT_OK;
    }

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && !lookup->failed) {

        if (!lookup->too_large) {
            record = ngx_household_record_builder_finish(lookup->builder);
        }

        outcome = record != NULL ? NGX_HOUSEHOLD_LOOKUP_OK
                                 : NGX_HOUSEHOLD_LOOKUP_TOO_LARGE;
    }

    if (record != NULL && record->malformed) {
        lookup->lookups->counts->ignored(lookup->lookups->counts->data,
                                         record->malformed);
        ngx_household_lookup_malformed(lookup->lookups, record->malformed);
    }

    if (outcome == NGX_HOUSEHOLD_LOOKUP_TOO_LARGE) {
        ngx_household_lookup_too_large(lookup->lookups);
    }

    lookup->handler(lookup, status, outcome, record);
}


ngx_household_lookup_result_e
ngx_household_lookup_result(ngx_household_redis_result_e status,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record)
{
    switch (status) {

    case NGX_HOUSEHOLD_REDIS_RESULT_OK:
        break;

    case NGX_HOUSEHOLD_REDIS_RESULT_TIMEOUT:
        return NGX_HOUSEHOLD_LOOKUP_RESULT_TIMEOUT;

    case NGX_HOUSEHOLD_REDIS_RESULT_BUSY:
        return NGX_HOUSEHOLD_LOOKUP_RESULT_BUSY;

    case NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL:
        return NGX_HOUSEHOLD_LOOKUP_RESULT_ERROR;

    default: /* NGX_HOUSEHOLD_REDIS_RESULT_DOWN */
        return NGX_HOUSEHOLD_LOOKUP_RESULT_DOWN;
    }

    if (record != NULL) {
        return record->exists ? NGX_HOUSEHOLD_LOOKUP_RESULT_OK
                              : NGX_HOUSEHOLD_LOOKUP_RESULT_NEGATIVE;
    }

    return outcome == NGX_HOUSEHOLD_LOOKUP_TOO_LARGE
           ? NGX_HOUSEHOLD_LOOKUP_RESULT_TOO_LARGE
           : NGX_HOUSEHOLD_LOOKUP_RESULT_ERROR;
}


/*
 * A replica has no value of one of the keys, or of both.  The keys may have
 * been moved, which the primary replies with ASK.  An account with networks is
 * used as the replica has it if the primary is unavailable: most such accounts
 * have no other fields.
 */

static ngx_household_redis_result_e
ngx_household_lookup_repeat(ngx_household_lookup_t *lookup)
{
    if (!lookup->no_homes) {
        lookup->replica = lookup->builder;
        lookup->builder = NULL;
    }

    ngx_household_lookup_free_builder(lookup->lookups, lookup->builder);

    lookup->builder = NULL;
    lookup->empty = 0;

    return ngx_household_lookup_submit(lookup, NGX_HOUSEHOLD_REDIS_NO_REPLICA);
}


static void
ngx_household_lookup_malformed(ngx_household_lookups_t *lookups, ngx_uint_t n)
{
    n = ngx_household_log_limit(&lookups->malformed, n);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "household redis \"%V\": %ui malformed record entries "
                      "ignored", &lookups->redis->conf->name, n);
    }
}


/* the account is not logged, as it is personal data */

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
