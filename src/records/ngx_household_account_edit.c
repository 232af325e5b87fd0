
/*
 * An account as Redis holds it: the scripts that change it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_household_scripts.h>
#include "ngx_household_account.h"
#include "ngx_household_account_op.h"
#include "ngx_household_events.h"
#include "ngx_household_str.h"


/* marks of events: on two days, which expire after two */
#define NGX_HOUSEHOLD_ACCOUNT_DAYS  3

/* the keys of an edit: all but the presence */
#define NGX_HOUSEHOLD_ACCOUNT_EDIT  NGX_HOUSEHOLD_ACCOUNT_SEEN


static ngx_uint_t ngx_household_account_seats(
    ngx_household_account_t *account, ngx_str_t *seats);
static void ngx_household_account_op_number(ngx_str_t *arg, u_char *p,
    ngx_uint_t n);
static u_char *ngx_household_account_op_version(ngx_str_t *arg, u_char *p,
    uint64_t *version);
static ngx_int_t ngx_household_account_op_send(
    ngx_household_account_op_t *op);
static ngx_int_t ngx_household_account_op_reply(ngx_household_redis_op_t *rop,
    ngx_household_resp_reply_t *reply);
static void ngx_household_account_op_done(ngx_household_redis_op_t *rop,
    ngx_household_redis_result_e status);


static ngx_household_script_t  ngx_household_account_script_edit =
    ngx_household_script(NGX_HOUSEHOLD_LUA_EDIT);

static ngx_household_script_t  ngx_household_account_script_erase =
    ngx_household_script(NGX_HOUSEHOLD_LUA_ERASE);

static ngx_str_t  ngx_household_account_edits[] = {
    [NGX_HOUSEHOLD_ACCOUNT_ADD] = ngx_string("add"),
    [NGX_HOUSEHOLD_ACCOUNT_REMOVE] = ngx_string("remove"),
    [NGX_HOUSEHOLD_ACCOUNT_SET] = ngx_string("set"),
    [NGX_HOUSEHOLD_ACCOUNT_UNSET] = ngx_string("unset")
};


ngx_household_account_op_t *
ngx_household_account_edit(ngx_household_redis_t *redis, ngx_str_t *id,
    uint64_t *version, ngx_household_account_edit_t *edits, ngx_uint_t n,
    ngx_household_account_pt handler, void *data)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                    keys[NGX_HOUSEHOLD_ACCOUNT_KEYS], *arg;
    ngx_uint_t                   i, argc;
    ngx_household_account_op_t  *op;

    argc = NGX_HOUSEHOLD_SCRIPT_HEAD + NGX_HOUSEHOLD_ACCOUNT_EDIT + 1 + 3 * n;

    len = argc * sizeof(ngx_str_t) + NGX_INT64_LEN + 16;

    for (i = 0; i < n; i++) {
        len += edits[i].name.len + edits[i].value.len;
    }

    op = ngx_household_account_op_create(redis, id, len, keys);
    if (op == NULL) {
        return NULL;
    }

    op->handler = handler;
    op->data = data;
    op->script = &ngx_household_account_script_edit;
    op->argv = (ngx_str_t *) &op[1];
    op->argc = argc;

    p = (u_char *) &op->argv[op->argc];

    arg = &op->argv[2];

    ngx_household_account_op_number(arg++, p, NGX_HOUSEHOLD_ACCOUNT_EDIT);
    p += NGX_INT64_LEN;

    for (i = 0; i < NGX_HOUSEHOLD_ACCOUNT_EDIT; i++) {
        *arg++ = keys[i];
    }

    p = ngx_household_account_op_version(arg++, p, version);

    for (i = 0; i < n; i++) {
        *arg++ = ngx_household_account_edits[edits[i].type];

        arg->data = p;
        arg->len = edits[i].name.len;
        p = ngx_household_str_put(p, &edits[i].name);
        arg++;

        arg->data = p;
        arg->len = edits[i].value.len;
        p = ngx_household_str_put(p, &edits[i].value);
        arg++;
    }

    if (ngx_household_account_op_send(op) != NGX_OK) {
        ngx_free(op);
        return NULL;
    }

    return op;
}


ngx_household_account_op_t *
ngx_household_account_erase(ngx_household_redis_t *redis, ngx_str_t *id,
    ngx_household_account_t *account, uint64_t *version,
    ngx_household_account_pt handler, void *data)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                    keys[NGX_HOUSEHOLD_ACCOUNT_KEYS], *arg;
    ngx_str_t                    seats[NGX_HOUSEHOLD_RECORD_NETWORKS];
    ngx_uint_t                   i, argc, nseats, marks;
    ngx_household_account_op_t  *op;

    nseats = ngx_household_account_seats(account, seats);
    marks = NGX_HOUSEHOLD_EVENTS * NGX_HOUSEHOLD_ACCOUNT_DAYS + nseats;

    argc = NGX_HOUSEHOLD_SCRIPT_HEAD + NGX_HOUSEHOLD_ACCOUNT_KEYS + marks + 2;

    len = argc * sizeof(ngx_str_t) + 2 * NGX_INT64_LEN + 16
          + marks * (redis->conf->key_prefix.len + id->len
                     + NGX_HOUSEHOLD_EVENTS_MARK)
          + nseats * NGX_HOUSEHOLD_ID_LEN;

    op = ngx_household_account_op_create(redis, id, len, keys);
    if (op == NULL) {
        return NULL;
    }

    op->handler = handler;
    op->data = data;
    op->script = &ngx_household_account_script_erase;
    op->argv = (ngx_str_t *) &op[1];
    op->argc = argc;

    p = (u_char *) &op->argv[op->argc];

    arg = &op->argv[2];

    ngx_household_account_op_number(arg++, p,
                                    NGX_HOUSEHOLD_ACCOUNT_KEYS + marks);
    p += NGX_INT64_LEN;

    for (i = 0; i < NGX_HOUSEHOLD_ACCOUNT_KEYS; i++) {
        *arg++ = keys[i];
    }

    ngx_household_account_op_number(&arg[marks], p,
                                    NGX_HOUSEHOLD_ACCOUNT_CLOSED);
    p += NGX_INT64_LEN;
    p = ngx_household_account_op_version(&arg[marks + 1], p, version);

    ngx_household_events_marks(&redis->conf->key_prefix, id,
                               ngx_time() / NGX_HOUSEHOLD_DAY,
                               NGX_HOUSEHOLD_ACCOUNT_DAYS, seats, nseats, arg,
                               p);

    if (ngx_household_account_op_send(op) != NGX_OK) {
        ngx_free(op);
        return NULL;
    }

    return op;
}


/* the fields are sorted, so that those of a seat are next to each other */

static ngx_uint_t
ngx_household_account_seats(ngx_household_account_t *account,
    ngx_str_t *seats)
{
    ngx_str_t   seat, network;
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0;
         i < account->nfields && n < NGX_HOUSEHOLD_RECORD_NETWORKS;
         i++)
    {
        if (ngx_household_account_seat(&account->fields[i].name, &seat,
                                       &network)
            && seat.len <= NGX_HOUSEHOLD_ID_LEN
            && (n == 0 || !ngx_household_str_equal(&seat, &seats[n - 1])))
        {
            seats[n++] = seat;
        }
    }

    return n;
}


static void
ngx_household_account_op_number(ngx_str_t *arg, u_char *p, ngx_uint_t n)
{
    arg->data = p;
    arg->len = ngx_sprintf(p, "%ui", n) - p;
}


/* 16 hexadecimal digits, or an empty string if "version" is NULL */

static u_char *
ngx_household_account_op_version(ngx_str_t *arg, u_char *p, uint64_t *version)
{
    arg->data = p;

    if (version != NULL) {
        p = ngx_sprintf(p, "%016xL", *version);
    }

    arg->len = p - arg->data;

    return p;
}


static ngx_int_t
ngx_household_account_op_send(ngx_household_account_op_t *op)
{
    ngx_household_resp_command_t  command;

    ngx_household_script_args(op->script, op->eval, op->argv);

    command.argv = op->argv;
    command.argc = op->argc;

    return ngx_household_account_op_submit(op, &command,
                                        &op->argv[NGX_HOUSEHOLD_SCRIPT_HEAD], 1,
                                        ngx_household_account_op_reply,
                                        ngx_household_account_op_done);
}


static ngx_int_t
ngx_household_account_op_reply(ngx_household_redis_op_t *rop,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_account_op_t  *op = rop->data;
    ngx_household_resp_value_t  *v;

    v = reply->values;

    if (v->type == NGX_HOUSEHOLD_RESP_INTEGER) {
        op->n = v->integer;
        return NGX_OK;
    }

    if (v->type != NGX_HOUSEHOLD_RESP_ERROR) {
        return NGX_ERROR;
    }

    if (ngx_household_script_missing(&v->str) && !op->eval) {
        op->noscript = 1;
        return NGX_DECLINED;
    }

    op->result = NGX_HOUSEHOLD_ACCOUNT_ERROR;

    ngx_household_redis_log_error(op->redis, "account write", &v->str);

    return NGX_DECLINED;
}


static void
ngx_household_account_op_done(ngx_household_redis_op_t *rop,
    ngx_household_redis_result_e status)
{
    ngx_household_account_op_t  *op = rop->data;

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK && op->noscript) {

        /* the script is not in the script cache of this server */

        op->noscript = 0;
        op->eval = 1;

        if (ngx_household_account_op_send(op) == NGX_OK) {
            return;
        }

        status = NGX_HOUSEHOLD_REDIS_RESULT_DOWN;
    }

    if (op->n < 0) {
        op->n = 0;
        op->result = NGX_HOUSEHOLD_ACCOUNT_CONFLICT;
    }

    ngx_household_account_op_end(op, status, (ngx_uint_t) op->n);
}
