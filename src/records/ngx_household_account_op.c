
/*
 * An operation on an account: its memory, its keys, and its end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_account_op.h"


ngx_household_account_op_t *
ngx_household_account_op_create(ngx_household_redis_t *redis, ngx_str_t *id,
    size_t extra, ngx_str_t *keys)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                   *prefix, *key, none;
    ngx_household_account_op_t  *op;

    prefix = &redis->conf->key_prefix;

    len = ngx_household_keys_record_size(prefix, id)
          + 2 * (prefix->len + id->len) + sizeof("-device:{}-seen:{}");

    op = ngx_alloc(sizeof(ngx_household_account_op_t) + extra + len,
                   ngx_cycle->log);
    if (op == NULL) {
        return NULL;
    }

    ngx_memzero(op, sizeof(ngx_household_account_op_t));

    op->redis = redis;

    p = (u_char *) &op[1] + extra;
    p = ngx_household_keys_record(p, prefix, id, keys);

    ngx_str_null(&none);

    for (key = &keys[NGX_HOUSEHOLD_ACCOUNT_DEVICE];
         key <= &keys[NGX_HOUSEHOLD_ACCOUNT_SEEN];
         key++)
    {
        key->data = p;
        p = ngx_household_keys_put_beside(p, prefix,
                                key == &keys[NGX_HOUSEHOLD_ACCOUNT_SEEN]
                                ? "seen" : NGX_HOUSEHOLD_KEYS_DEVICE);
        p = ngx_household_keys_account(p, &none, id);
        key->len = p - key->data;
    }

    return op;
}


ngx_int_t
ngx_household_account_op_submit(ngx_household_account_op_t *op,
    ngx_household_resp_command_t *commands, ngx_str_t *keys, ngx_uint_t n,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done)
{
    ngx_household_redis_result_e  status;

    op->sent = ngx_household_redis_submit(op->redis, commands, keys, n,
                                          NGX_HOUSEHOLD_REDIS_API
                                          |NGX_HOUSEHOLD_REDIS_WRITE
                                          |NGX_HOUSEHOLD_REDIS_LATE
                                          |NGX_HOUSEHOLD_REDIS_NUMBERED,
                                          reply, done, op, &status);
    if (op->sent == NULL) {
        return NGX_ERROR;
    }

    ngx_household_redis_op_await(op->sent, op->handler != NULL);

    return NGX_OK;
}


void
ngx_household_account_op_end(ngx_household_account_op_t *op,
    ngx_household_redis_result_e status, ngx_uint_t n)
{
    ngx_household_account_result_e  result;

    result = op->result;

    switch (status) {

    case NGX_HOUSEHOLD_REDIS_RESULT_OK:
        break;

    case NGX_HOUSEHOLD_REDIS_RESULT_BUSY:
        result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        break;

    default:
        result = NGX_HOUSEHOLD_ACCOUNT_TIMEOUT;
        break;
    }

    if (op->handler != NULL) {
        op->handler(op->data, result, n);
    }

    ngx_free(op);
}


void
ngx_household_account_cancel(ngx_household_account_op_t *op)
{
    if (op != NULL) {
        op->handler = NULL;
        ngx_household_redis_op_await(op->sent, 0);
    }
}
