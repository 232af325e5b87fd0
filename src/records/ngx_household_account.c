
/*
 * An account as Redis holds it: the read.  See ngx_household_account.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "ngx_household_account.h"
#include "ngx_household_account_op.h"
#include "ngx_household_str.h"


/* the members, the fields, later times of devices, the presence */
#define NGX_HOUSEHOLD_ACCOUNT_READS  4


static ngx_int_t ngx_household_account_reply(ngx_household_redis_op_t *rop,
    ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_account_pairs(ngx_household_account_op_t *op,
    ngx_household_resp_reply_t *reply, ngx_household_account_field_t **fields,
    ngx_uint_t *nfields);
static ngx_int_t ngx_household_account_copy(ngx_household_account_op_t *op,
    ngx_household_resp_reply_t *reply, ngx_str_t **list, ngx_uint_t *n);
static void ngx_household_account_done(ngx_household_redis_op_t *rop,
    ngx_household_redis_result_e status);
static void ngx_household_account_later(ngx_household_account_op_t *op);
static uint64_t ngx_household_account_version(
    ngx_household_account_t *account);


/*
 * The members, the fields, the later times of devices, and the presence.  An
 * error reply to the last two is ignored, as the user may have no permission,
 * and so is one that is too large.
 */

ngx_household_account_op_t *
ngx_household_account_read(ngx_household_redis_t *redis, ngx_pool_t *pool,
    ngx_str_t *id, ngx_household_account_t *account,
    ngx_household_account_pt handler, void *data)
{
    ngx_str_t                    keys[NGX_HOUSEHOLD_ACCOUNT_KEYS];
    ngx_uint_t                   i;
    ngx_household_account_op_t  *op;

    ngx_str_t  argv[NGX_HOUSEHOLD_ACCOUNT_READS][2] = {
        { ngx_string("SMEMBERS"), ngx_null_string },
        { ngx_string("HGETALL"), ngx_null_string },
        { ngx_string("HGETALL"), ngx_null_string },
        { ngx_string("GET"), ngx_null_string }
    };

    ngx_household_resp_command_t  commands[NGX_HOUSEHOLD_ACCOUNT_READS] = {
        { argv[0], 2 }, { argv[1], 2 }, { argv[2], 2 }, { argv[3], 2 }
    };

    op = ngx_household_account_op_create(redis, id, 0, keys);
    if (op == NULL) {
        return NULL;
    }

    op->handler = handler;
    op->data = data;
    op->pool = pool;
    op->account = account;

    ngx_memzero(account, sizeof(ngx_household_account_t));

    keys[2] = keys[NGX_HOUSEHOLD_ACCOUNT_DEVICE];
    keys[3] = keys[NGX_HOUSEHOLD_ACCOUNT_SEEN];

    for (i = 0; i < NGX_HOUSEHOLD_ACCOUNT_READS; i++) {
        argv[i][1] = keys[i];
    }

    if (ngx_household_account_op_submit(op, commands, keys,
                                        NGX_HOUSEHOLD_ACCOUNT_READS,
                                        ngx_household_account_reply,
                                        ngx_household_account_done)
        != NGX_OK)
    {
        ngx_free(op);
        return NULL;
    }

    return op;
}


static ngx_int_t
ngx_household_account_reply(ngx_household_redis_op_t *rop,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_account_t     *account;
    ngx_household_account_op_t  *op = rop->data;
    ngx_household_resp_value_t  *v;

    v = reply->values;
    account = op->account;

    if (op->handler == NULL) {
        return NGX_DECLINED;
    }

    if (v->type == NGX_HOUSEHOLD_RESP_ERROR) {

        if (rop->i >= 2) {
            return NGX_OK;
        }

        ngx_household_redis_log_error(op->redis, "account read", &v->str);
        op->result = NGX_HOUSEHOLD_ACCOUNT_ERROR;

        return NGX_DECLINED;
    }

    if (reply->too_large) {

        if (rop->i >= 2) {
            /* an edge does without it, too */
            return NGX_OK;
        }

        op->result = NGX_HOUSEHOLD_ACCOUNT_TOO_LARGE;
        return NGX_OK;
    }

    switch (rop->i) {

    case 0:
        return ngx_household_account_copy(op, reply, &account->homes,
                                          &account->nhomes);

    case 1:
        return ngx_household_account_pairs(op, reply, &account->fields,
                                           &account->nfields);

    case 2:
        return ngx_household_account_pairs(op, reply, &op->later,
                                           &op->nlater);

    default:
        if (v->type == NGX_HOUSEHOLD_RESP_BULK) {
            account->presence.data = ngx_pstrdup(op->pool, &v->str);

            if (account->presence.data != NULL) {
                account->presence.len = v->str.len;
            }
        }

        return NGX_OK;
    }
}


static ngx_int_t
ngx_household_account_pairs(ngx_household_account_op_t *op,
    ngx_household_resp_reply_t *reply, ngx_household_account_field_t **fields,
    ngx_uint_t *nfields)
{
    ngx_str_t   *list;
    ngx_uint_t   i, n;

    if (ngx_household_account_copy(op, reply, &list, &n) != NGX_OK || n % 2) {
        return NGX_ERROR;
    }

    *fields = ngx_palloc(op->pool, (n / 2 + 1)
                                   * sizeof(ngx_household_account_field_t));
    if (*fields == NULL) {
        op->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        return NGX_OK;
    }

    for (i = 0; i + 1 < n; i += 2) {
        (*fields)[*nfields].name = list[i];
        (*fields)[(*nfields)++].value = list[i + 1];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_account_copy(ngx_household_account_op_t *op,
    ngx_household_resp_reply_t *reply, ngx_str_t **list, ngx_uint_t *n)
{
    ngx_str_t                   *str;
    ngx_uint_t                   i;
    ngx_household_resp_value_t  *v;

    *n = 0;
    v = reply->values;

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return NGX_ERROR;
    }

    str = ngx_palloc(op->pool, reply->nvalues * sizeof(ngx_str_t));
    if (str == NULL) {
        op->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        return NGX_OK;
    }

    *list = str;

    for (i = 1; i < reply->nvalues; i++) {

        if (v[i].type != NGX_HOUSEHOLD_RESP_BULK || v[i].depth != 1) {
            return NGX_ERROR;
        }

        str->len = v[i].str.len;
        str->data = ngx_pnalloc(op->pool, str->len + 1);

        if (str->data == NULL) {
            op->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
            return NGX_OK;
        }

        ngx_memcpy(str->data, v[i].str.data, str->len);

        str++;
        (*n)++;
    }

    return NGX_OK;
}


static void
ngx_household_account_done(ngx_household_redis_op_t *rop,
    ngx_household_redis_result_e status)
{
    ngx_household_account_t     *account;
    ngx_household_account_op_t  *op = rop->data;

    account = op->account;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK
        && op->result == NGX_HOUSEHOLD_ACCOUNT_OK && op->handler != NULL)
    {
        ngx_qsort(account->homes, account->nhomes, sizeof(ngx_str_t),
                  ngx_household_account_compare);
        ngx_qsort(account->fields, account->nfields,
                  sizeof(ngx_household_account_field_t),
                  ngx_household_account_compare);

        account->version = ngx_household_account_version(account);

        ngx_household_account_later(op);
    }

    ngx_household_account_op_end(op, status, 0);
}


/* gives each device the later of its times, as an edge does */

static void
ngx_household_account_later(ngx_household_account_op_t *op)
{
    u_char                         *p;
    ngx_str_t                       id;
    ngx_uint_t                      i, k;
    ngx_household_account_field_t  *field;

    if (op->nlater == 0) {
        return;
    }

    ngx_qsort(op->later, op->nlater, sizeof(ngx_household_account_field_t),
              ngx_household_account_compare);

    k = 0;

    for (i = 0; i < op->account->nfields; i++) {
        field = &op->account->fields[i];

        if (field->name.len < sizeof("device:") - 1
            || ngx_memcmp(field->name.data, "device:", sizeof("device:") - 1)
               != 0)
        {
            continue;
        }

        id.len = field->name.len - (sizeof("device:") - 1);
        id.data = field->name.data + sizeof("device:") - 1;

        while (k < op->nlater
               && ngx_household_account_compare(&op->later[k], &id) < 0)
        {
            k++;
        }

        if (k == op->nlater
            || !ngx_household_str_equal(&op->later[k].name, &id))
        {
            continue;
        }

        p = ngx_pnalloc(op->pool, NGX_HOUSEHOLD_RECORD_SEEN);
        if (p == NULL) {
            op->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
            return;
        }

        ngx_household_record_later(&field->value, &op->later[k].value, p);
    }
}


/* as scripts/version.lua does: without an order, as Redis has none */

static uint64_t
ngx_household_account_version(ngx_household_account_t *account)
{
    u_char                          digest[20], text[NGX_INT64_LEN + 2];
    uint64_t                        version, part;
    ngx_uint_t                      i, k;
    ngx_sha1_t                      sha1;
    ngx_household_account_field_t  *field;

    version = 0;

    for (i = 0; i < account->nhomes + account->nfields; i++) {

        ngx_sha1_init(&sha1);

        if (i < account->nhomes) {
            ngx_sha1_update(&sha1, "h", 1);
            ngx_sha1_update(&sha1, account->homes[i].data,
                            account->homes[i].len);
        } else {
            field = &account->fields[i - account->nhomes];

            ngx_sha1_update(&sha1, text, ngx_sprintf(text, "f%uz:",
                                                     field->name.len)
                                         - text);
            ngx_sha1_update(&sha1, field->name.data, field->name.len);
            ngx_sha1_update(&sha1, field->value.data, field->value.len);
        }

        ngx_sha1_final(digest, &sha1);

        part = 0;

        for (k = 0; k < sizeof(uint64_t); k++) {
            part = part << 8 | digest[k];
        }

        version ^= part;
    }

    return version;
}


ngx_household_record_t *
ngx_household_account_record(ngx_household_account_t *account,
    ngx_household_record_builder_t *b, int64_t now)
{
    ngx_uint_t  i;

    ngx_household_record_builder_start(b, now);

    for (i = 0; i < account->nhomes; i++) {
        ngx_household_record_builder_add_home(b, &account->homes[i]);
    }

    for (i = 0; i < account->nfields; i++) {
        (void) ngx_household_record_builder_add_field(b,
                                                  &account->fields[i].name,
                                                  &account->fields[i].value);
    }

    return ngx_household_record_builder_finish(b);
}
