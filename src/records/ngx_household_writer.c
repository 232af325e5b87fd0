
/*
 * Writes of the edge to Redis.  See ngx_household_writer.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_household_scripts.h>
#include "ngx_household_writer.h"
#include "ngx_household_redis_conn.h"
#include "ngx_household_keys.h"
#include "ngx_household_record.h"
#include "ngx_household_script.h"


/* keys and arguments of a script, at most */
#define NGX_HOUSEHOLD_WRITER_ARGS      (NGX_HOUSEHOLD_KEYS_RECORD + 7)

/* what the script of a device returns if no invalidation is sent */
#define NGX_HOUSEHOLD_WRITER_UNTOLD    2

/* hash table of recent writes: a power of two */
#define NGX_HOUSEHOLD_WRITER_RECENT    4096
#define NGX_HOUSEHOLD_WRITER_REPEAT    300000    /* ms */


typedef enum {
    NGX_HOUSEHOLD_WRITE_LEARN = 0,
    NGX_HOUSEHOLD_WRITE_GRACE_START,
    NGX_HOUSEHOLD_WRITE_GRACE_RETURN,
    NGX_HOUSEHOLD_WRITE_GONE,
    NGX_HOUSEHOLD_WRITE_AWAY,
    NGX_HOUSEHOLD_WRITE_SEAT,
    NGX_HOUSEHOLD_WRITE_DEVICE
} ngx_household_write_e;


typedef struct {
    uint64_t    hash;
    ngx_msec_t  time;
} ngx_household_writer_recent_t;


struct ngx_household_writer_s {
    ngx_household_redis_t               *redis;
    ngx_str_t                           *key_prefix;
    ngx_uint_t                           n;       /* pending */
    const ngx_household_writer_calls_t  *calls;
    void                                *data;
    ngx_household_writer_recent_t        recent[NGX_HOUSEHOLD_WRITER_RECENT];
};


/* a pending write, followed by its strings */

typedef struct {
    ngx_household_writer_t        *writer;
    ngx_household_write_e          type;
    uint64_t                       hash;
    ngx_str_t                      account;
    ngx_uint_t                     nkeys;
    ngx_uint_t                     argc;
    ngx_str_t                      argv[NGX_HOUSEHOLD_WRITER_ARGS];
    unsigned                       untold:1; /* the reply */
    unsigned                       eval:1;   /* not EVALSHA */
    unsigned                       noscript:1; /* error reply */
    unsigned                       failed:1;
} ngx_household_write_t;


static void ngx_household_writer_device(ngx_household_writer_device_t *device,
    ngx_str_t *argv, u_char *name, u_char *value);
static void ngx_household_writer_submit(ngx_household_writer_t *writer,
    ngx_household_write_e type, ngx_str_t *account, ngx_str_t *argv,
    ngx_uint_t argc, uint64_t hash);
static ngx_household_write_t *ngx_household_write_alloc(
    ngx_household_writer_t *writer, ngx_household_write_e type,
    ngx_str_t *account, ngx_str_t *argv, ngx_uint_t argc);
static void ngx_household_write_send(ngx_household_write_t *write);
static ngx_int_t ngx_household_write_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static void ngx_household_write_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_write_drop(ngx_household_write_t *write,
    ngx_household_writer_result_e result);
static void ngx_household_write_end(ngx_household_write_t *write,
    ngx_household_writer_result_e result);
static ngx_uint_t ngx_household_writer_repeated(ngx_household_writer_t *writer,
    uint64_t hash);


/* the files in src/records/scripts; the scripts are idempotent */

static ngx_household_script_t  ngx_household_writer_scripts[] = {
    [NGX_HOUSEHOLD_WRITE_LEARN] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_LEARN),
    [NGX_HOUSEHOLD_WRITE_GRACE_START] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_GRACE_START),
    [NGX_HOUSEHOLD_WRITE_GRACE_RETURN] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_GRACE_RETURN),
    [NGX_HOUSEHOLD_WRITE_GONE] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_GRACE_GONE),
    [NGX_HOUSEHOLD_WRITE_AWAY] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_AWAY),
    [NGX_HOUSEHOLD_WRITE_SEAT] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_SEAT),
    [NGX_HOUSEHOLD_WRITE_DEVICE] =
                          ngx_household_script(NGX_HOUSEHOLD_LUA_DEVICE)
};


static const ngx_household_writer_op_e  ngx_household_writer_ops[] = {
    [NGX_HOUSEHOLD_WRITE_LEARN] = NGX_HOUSEHOLD_WRITER_HOME,
    [NGX_HOUSEHOLD_WRITE_GRACE_START] = NGX_HOUSEHOLD_WRITER_GRACE_START,
    [NGX_HOUSEHOLD_WRITE_GRACE_RETURN] = NGX_HOUSEHOLD_WRITER_GRACE_END,
    [NGX_HOUSEHOLD_WRITE_GONE] = NGX_HOUSEHOLD_WRITER_GRACE_END,
    [NGX_HOUSEHOLD_WRITE_AWAY] = NGX_HOUSEHOLD_WRITER_AWAY,
    [NGX_HOUSEHOLD_WRITE_SEAT] = NGX_HOUSEHOLD_WRITER_SEAT,
    [NGX_HOUSEHOLD_WRITE_DEVICE] = NGX_HOUSEHOLD_WRITER_DEVICE
};


ngx_household_writer_t *
ngx_household_writer_create(ngx_pool_t *pool, ngx_household_redis_t *redis,
    ngx_str_t *key_prefix, const ngx_household_writer_calls_t *calls,
    void *data)
{
    ngx_household_writer_t  *writer;

    writer = ngx_pcalloc(pool, sizeof(ngx_household_writer_t));
    if (writer == NULL) {
        return NULL;
    }

    writer->redis = redis;
    writer->key_prefix = key_prefix;
    writer->calls = calls;
    writer->data = data;

    return writer;
}


void
ngx_household_writer_write_device(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_household_writer_device_t *device,
    ngx_str_t *seat, int64_t untold, ngx_household_writer_device_t *dropped)
{
    u_char     names[2][sizeof("device:") + NGX_HOUSEHOLD_ID_LEN];
    u_char     values[2][NGX_HOUSEHOLD_RECORD_SEEN];
    u_char     numbers[2][NGX_INT64_LEN];
    uint64_t   hash;
    ngx_str_t  argv[6];

    ngx_household_writer_device(device, argv, names[0], values[0]);

    argv[2].data = numbers[0];
    argv[2].len = ngx_sprintf(numbers[0], "%L", untold) - numbers[0];

    argv[3].data = numbers[1];
    argv[3].len = ngx_sprintf(numbers[1], "%d", NGX_HOUSEHOLD_DEVICE_GONE)
                  - numbers[1];

    if (dropped != NULL) {
        ngx_household_writer_device(dropped, &argv[4], names[1], values[1]);
    }

    hash = ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_DEVICE, account);
    hash = ngx_household_keys_hash(hash, &argv[0]);
    hash = ngx_household_keys_hash(hash, seat);

    ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_DEVICE, account,
                                argv, dropped != NULL ? 6 : 4, hash);
}


/* the field of a device, and its value */

static void
ngx_household_writer_device(ngx_household_writer_device_t *device,
    ngx_str_t *argv, u_char *name, u_char *value)
{
    argv[0].data = name;
    argv[0].len = ngx_sprintf(name, "device:%V", &device->id) - name;

    argv[1].data = value;
    argv[1].len = ngx_household_record_put_seen(value, device->seen,
                                                device->nseen)
                  - value;
}


void
ngx_household_writer_write_learn(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_str_t *network, int64_t now, ngx_uint_t days,
    ngx_uint_t members)
{
    u_char      text[5][NGX_INT64_LEN];
    uint64_t    hash;
    ngx_str_t   argv[6];
    ngx_uint_t  i;
    int64_t     numbers[5];

    numbers[0] = now;
    numbers[1] = days;
    numbers[2] = NGX_HOUSEHOLD_LEARN_AGE;
    numbers[3] = NGX_HOUSEHOLD_LEARN_MAX;
    numbers[4] = members;

    argv[0] = *network;

    for (i = 0; i < 5; i++) {
        argv[1 + i].data = text[i];
        argv[1 + i].len = ngx_sprintf(text[i], "%L", numbers[i]) - text[i];
    }

    hash = ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_LEARN, account);
    hash = ngx_household_keys_hash(hash, network);

    ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_LEARN, account,
                                argv, 6, hash);
}


void
ngx_household_writer_write_seat(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_str_t *seat, ngx_str_t *network)
{
    uint64_t   hash;
    ngx_str_t  argv[2];

    argv[0] = *seat;
    argv[1] = *network;

    hash = ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_SEAT, account);
    hash = ngx_household_keys_hash(hash, seat);
    hash = ngx_household_keys_hash(hash, network);

    ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_SEAT, account,
                                argv, 2, hash);
}


void
ngx_household_writer_write_away(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t now)
{
    u_char     today[NGX_INT64_LEN], max[NGX_INT64_LEN];
    uint64_t   hash;
    ngx_str_t  argv[2];

    argv[0].data = today;
    argv[0].len = ngx_sprintf(today, "%L", now / NGX_HOUSEHOLD_DAY) - today;

    argv[1].data = max;
    argv[1].len = ngx_sprintf(max, "%d", NGX_HOUSEHOLD_AWAY_KEPT) - max;

    hash = ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_AWAY, account);
    hash = ngx_household_keys_hash(hash, &argv[0]);

    ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_AWAY, account,
                                argv, 2, hash);
}


void
ngx_household_writer_write_grace_start(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t former, int64_t now)
{
    u_char     was[NGX_INT64_LEN], is[NGX_INT64_LEN];
    uint64_t   hash;
    ngx_str_t  argv[2];

    argv[0].data = was;
    argv[0].len = ngx_sprintf(was, "%L", former) - was;

    argv[1].data = is;
    argv[1].len = ngx_sprintf(is, "%L", now) - is;

    hash = ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_GRACE_START, account);
    hash = ngx_household_keys_hash(hash, &argv[0]);

    ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_GRACE_START,
                                account, argv, 2, hash);
}


void
ngx_household_writer_write_grace_return(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t now)
{
    u_char      text[NGX_INT64_LEN];
    ngx_str_t   value;

    if (now == 0) {
        ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_GONE, account,
                   NULL, 0,
                   ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_GONE, account));
        return;
    }

    value.data = text;
    value.len = ngx_sprintf(text, "%L", now) - text;

    ngx_household_writer_submit(writer, NGX_HOUSEHOLD_WRITE_GRACE_RETURN,
           account, &value, 1,
           ngx_household_keys_hash(NGX_HOUSEHOLD_WRITE_GRACE_RETURN, account));
}


static void
ngx_household_writer_submit(ngx_household_writer_t *writer,
    ngx_household_write_e type, ngx_str_t *account, ngx_str_t *argv,
    ngx_uint_t argc, uint64_t hash)
{
    ngx_household_write_t  *write;

    if (ngx_household_writer_repeated(writer, hash)) {
        return;
    }

    write = NULL;

    if (writer->n < NGX_HOUSEHOLD_WRITER_MAX) {
        write = ngx_household_write_alloc(writer, type, account, argv, argc);
    }

    if (write == NULL) {
        writer->calls->ended(writer->data, ngx_household_writer_ops[type],
                             NGX_HOUSEHOLD_WRITER_DROPPED);
        return;
    }

    write->hash = hash;
    writer->n++;

    ngx_household_write_send(write);
}


/* copies all: the request may end before the write is made */

static ngx_household_write_t *
ngx_household_write_alloc(ngx_household_writer_t *writer,
    ngx_household_write_e type, ngx_str_t *account, ngx_str_t *argv,
    ngx_uint_t argc)
{
    u_char                 *p;
    size_t                  len;
    ngx_str_t              *key, none;
    ngx_uint_t              i;
    ngx_household_write_t  *write;

    len = ngx_household_keys_record_size(writer->key_prefix, account)
          + writer->key_prefix->len + sizeof("-device:{}")
          + 2 * account->len;

    for (i = 0; i < argc; i++) {
        len += argv[i].len;
    }

    write = ngx_alloc(sizeof(ngx_household_write_t) + len, ngx_cycle->log);
    if (write == NULL) {
        return NULL;
    }

    ngx_memzero(write, sizeof(ngx_household_write_t));

    write->writer = writer;
    write->type = type;

    /* the keys come first, then the arguments */

    p = (u_char *) write + sizeof(ngx_household_write_t);

    p = ngx_household_keys_record(p, writer->key_prefix, account, write->argv);

    write->nkeys = NGX_HOUSEHOLD_KEYS_RECORD;

    if (type == NGX_HOUSEHOLD_WRITE_DEVICE) {
        ngx_str_null(&none);

        key = &write->argv[write->nkeys++];
        key->data = p;
        p = ngx_household_keys_put_beside(p, writer->key_prefix,
                                          NGX_HOUSEHOLD_KEYS_DEVICE);
        p = ngx_household_keys_account(p, &none, account);
        key->len = p - key->data;
    }

    write->account.data = p;
    write->account.len = account->len;
    p = ngx_cpymem(p, account->data, account->len);

    write->argc = write->nkeys;

    for (i = 0; i < argc; i++) {
        write->argv[write->argc].data = p;
        write->argv[write->argc++].len = argv[i].len;
        p = ngx_cpymem(p, argv[i].data, argv[i].len);
    }

    return write;
}


static void
ngx_household_write_send(ngx_household_write_t *write)
{
    u_char                         nkeys[NGX_INT_T_LEN];
    ngx_str_t                      argv[NGX_HOUSEHOLD_SCRIPT_HEAD
                                        + NGX_HOUSEHOLD_WRITER_ARGS];
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;
    ngx_household_redis_result_e   status;

    ngx_household_script_args(&ngx_household_writer_scripts[write->type],
                              write->eval, argv);

    argv[2].data = nkeys;
    argv[2].len = ngx_sprintf(nkeys, "%ui", write->nkeys) - nkeys;

    ngx_memcpy(&argv[NGX_HOUSEHOLD_SCRIPT_HEAD], write->argv,
               write->argc * sizeof(ngx_str_t));

    command.argv = argv;
    command.argc = NGX_HOUSEHOLD_SCRIPT_HEAD + write->argc;

    op = ngx_household_redis_submit(write->writer->redis, &command,
                                    &write->argv[0], 1,
                                    NGX_HOUSEHOLD_REDIS_UPDATE
                                    |NGX_HOUSEHOLD_REDIS_WRITE,
                                    ngx_household_write_reply,
                                    ngx_household_write_done, write, &status);
    if (op == NULL) {
        ngx_household_write_drop(write, NGX_HOUSEHOLD_WRITER_DROPPED);
    }
}


static ngx_int_t
ngx_household_write_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_write_t  *write = op->data;

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_INTEGER) {
        write->untold = (write->type == NGX_HOUSEHOLD_WRITE_DEVICE
                         && reply->values[0].integer
                            == NGX_HOUSEHOLD_WRITER_UNTOLD);
        return NGX_OK;
    }

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ERROR) {
        return NGX_ERROR;
    }

    if (ngx_household_script_missing(&reply->values[0].str) && !write->eval) {
        write->noscript = 1;
        return NGX_OK;
    }

    write->failed = 1;

    ngx_household_redis_log_error(write->writer->redis, "write",
                                  &reply->values[0].str);
    return NGX_OK;
}


static void
ngx_household_write_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_write_t  *write = op->data;

    if (write->failed || status == NGX_HOUSEHOLD_REDIS_RESULT_PROTOCOL) {
        ngx_household_write_drop(write, NGX_HOUSEHOLD_WRITER_ERROR);
        return;
    }

    if (status != NGX_HOUSEHOLD_REDIS_RESULT_OK) {
        ngx_household_write_drop(write, NGX_HOUSEHOLD_WRITER_DROPPED);
        return;
    }

    if (write->noscript) {

        /* the script is not in the script cache of this server */

        write->noscript = 0;
        write->eval = 1;
        ngx_household_write_send(write);
        return;
    }

    if (write->untold) {
        write->writer->calls->seen(write->writer->data, &write->account);
    }

    ngx_household_write_end(write, NGX_HOUSEHOLD_WRITER_OK);
}


static void
ngx_household_write_drop(ngx_household_write_t *write,
    ngx_household_writer_result_e result)
{
    ngx_household_writer_t         *writer;
    ngx_household_writer_recent_t  *recent;

    writer = write->writer;

    /* the next request may repeat the write */

    recent = &writer->recent[write->hash % NGX_HOUSEHOLD_WRITER_RECENT];

    if (recent->hash == write->hash) {
        recent->hash = 0;
    }

    ngx_household_write_end(write, result);
}


static void
ngx_household_write_end(ngx_household_write_t *write,
    ngx_household_writer_result_e result)
{
    ngx_household_writer_t  *writer;

    writer = write->writer;

    writer->calls->ended(writer->data, ngx_household_writer_ops[write->type],
                         result);

    writer->n--;
    ngx_free(write);
}


/*
 * A cached record may be old, and players send many requests, so recent writes
 * are not repeated.  A collision in the table only causes a repeated write.
 */

static ngx_uint_t
ngx_household_writer_repeated(ngx_household_writer_t *writer, uint64_t hash)
{
    ngx_household_writer_recent_t  *recent;

    recent = &writer->recent[hash % NGX_HOUSEHOLD_WRITER_RECENT];

    if (recent->hash == hash
        && ngx_current_msec - recent->time < NGX_HOUSEHOLD_WRITER_REPEAT)
    {
        return 1;
    }

    recent->hash = hash;
    recent->time = ngx_current_msec;

    return 0;
}
