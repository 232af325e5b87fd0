
/*
 * What the edge writes to the store.  See ngx_household_writer.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "ngx_household_writer.h"
#include "ngx_household_redis_conn.h"
#include "ngx_household_record.h"


#define NGX_HOUSEHOLD_WRITER_ARGS      6

/*
 * The time that a field of the account has, or '0' for none.  One that is not
 * plausible is none, as for ngx_household_record_builder_add_field().
 */
#define NGX_HOUSEHOLD_NOTE_TIME                                               \
    "local function time(field) "                                             \
        "local s=redis.call('HGET',KEYS[1],field) "                           \
        "if not s or not s:match('^[1-9]%d*$') "                              \
            "or tonumber(s)>4102444799 then return '0' end "                  \
        "return s "                                                           \
    "end "

/* notes that were made not long ago, by hash: a power of two */
#define NGX_HOUSEHOLD_WRITER_RECENT    4096
#define NGX_HOUSEHOLD_WRITER_REPEAT    300000    /* ms */


typedef enum {
    NGX_HOUSEHOLD_WRITE_HOME = 0,
    NGX_HOUSEHOLD_WRITE_GRACE_START,
    NGX_HOUSEHOLD_WRITE_GRACE_RETURN,
    NGX_HOUSEHOLD_WRITE_GONE,
    NGX_HOUSEHOLD_WRITE_DEVICE              /* a plain command */
} ngx_household_write_e;


typedef struct {
    ngx_str_t   text;
    u_char      sha1[40];
} ngx_household_writer_script_t;


typedef struct {
    uint64_t    hash;
    ngx_msec_t  made;
} ngx_household_writer_recent_t;


struct ngx_household_writer_s {
    ngx_household_redis_t        *redis;
    ngx_str_t                    *key_prefix;
    ngx_uint_t                    n;       /* under way */
    void                        (*dropped)(void *data);
    void                         *data;
    ngx_household_writer_script_t   scripts[NGX_HOUSEHOLD_WRITE_DEVICE];
    ngx_household_writer_recent_t   recent[NGX_HOUSEHOLD_WRITER_RECENT];
};


/* one note under way; its strings lie behind it */

typedef struct {
    ngx_household_writer_t        *notes;
    ngx_household_write_e          type;
    uint64_t                       hash;
    ngx_uint_t                     argc;
    ngx_str_t                      argv[NGX_HOUSEHOLD_WRITER_ARGS];
    unsigned                       whole:1;  /* the script itself is sent */
    unsigned                       unknown:1; /* NOSCRIPT */
    unsigned                       failed:1;
} ngx_household_write_t;


static void ngx_household_writer_submit(ngx_household_writer_t *notes,
    ngx_household_write_e type, ngx_str_t *account, ngx_str_t *argv,
    ngx_uint_t argc, uint64_t hash);
static ngx_household_write_t *ngx_household_write_alloc(
    ngx_household_writer_t *notes, ngx_household_write_e type,
    ngx_str_t *account, ngx_str_t *argv, ngx_uint_t argc);
static void ngx_household_write_send(ngx_household_write_t *note);
static ngx_int_t ngx_household_write_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static void ngx_household_write_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_write_drop(ngx_household_write_t *note);
static uint64_t ngx_household_write_hash(uint64_t hash, ngx_str_t *text);
static ngx_uint_t ngx_household_writer_repeated(ngx_household_writer_t *notes,
    uint64_t hash);


/*
 * Each has one key, so that a cluster can route it, and is repeatable: a
 * second run changes nothing.
 */

static ngx_str_t  ngx_household_note_scripts[] = {

    /* NGX_HOUSEHOLD_WRITE_HOME: network */
    ngx_string("if redis.call('EXISTS',KEYS[1])==0 then "
               "return redis.call('SADD',KEYS[1],ARGV[1]) end "
               "return 0"),

    /* NGX_HOUSEHOLD_WRITE_GRACE_START: former, now */
    ngx_string(NGX_HOUSEHOLD_NOTE_TIME
               "if time('outside_since')~=ARGV[1] then return 0 end "
               "redis.call('HDEL',KEYS[1],'home_since') "
               "redis.call('HSET',KEYS[1],'outside_since',ARGV[2]) "
               "return 1"),

    /* NGX_HOUSEHOLD_WRITE_GRACE_RETURN: now */
    ngx_string(NGX_HOUSEHOLD_NOTE_TIME
               "if time('home_since')~='0' then return 0 end "
               "redis.call('HSET',KEYS[1],'home_since',ARGV[1]) "
               "return 1"),

    /* NGX_HOUSEHOLD_WRITE_GONE */
    ngx_string("return redis.call('HDEL',KEYS[1],'home_since')")
};


ngx_household_writer_t *
ngx_household_writer_create(ngx_pool_t *pool, ngx_household_redis_t *redis,
    ngx_str_t *key_prefix, void (*dropped)(void *data), void *data)
{
    u_char                          digest[20];
    ngx_uint_t                      i;
    ngx_sha1_t                      sha1;
    ngx_household_writer_t         *notes;
    ngx_household_writer_script_t  *script;

    notes = ngx_pcalloc(pool, sizeof(ngx_household_writer_t));
    if (notes == NULL) {
        return NULL;
    }

    notes->redis = redis;
    notes->key_prefix = key_prefix;
    notes->dropped = dropped;
    notes->data = data;

    for (i = 0; i < NGX_HOUSEHOLD_WRITE_DEVICE; i++) {

        script = &notes->scripts[i];
        script->text = ngx_household_note_scripts[i];

        ngx_sha1_init(&sha1);
        ngx_sha1_update(&sha1, script->text.data, script->text.len);
        ngx_sha1_final(digest, &sha1);

        (void) ngx_hex_dump(script->sha1, digest, sizeof(digest));
    }

    return notes;
}


void
ngx_household_writer_write_device(ngx_household_writer_t *notes,
    ngx_str_t *account, ngx_str_t *device, ngx_str_t *slot, int64_t now)
{
    u_char      name[sizeof("device:") + NGX_HOUSEHOLD_ID_LEN];
    u_char      value[NGX_INT64_LEN + 1 + NGX_HOUSEHOLD_ID_LEN];
    uint64_t    hash;
    ngx_str_t   argv[2];

    if (device->len > NGX_HOUSEHOLD_ID_LEN || slot->len > NGX_HOUSEHOLD_ID_LEN)
    {
        return;
    }

    argv[0].data = name;
    argv[0].len = ngx_sprintf(name, "device:%V", device) - name;

    argv[1].data = value;
    argv[1].len = (slot->len ? ngx_sprintf(value, "%L@%V", now, slot)
                             : ngx_sprintf(value, "%L", now)) - value;

    hash = ngx_household_write_hash(NGX_HOUSEHOLD_WRITE_DEVICE, account);
    hash = ngx_household_write_hash(hash, &argv[0]);
    hash = ngx_household_write_hash(hash, slot);

    ngx_household_writer_submit(notes, NGX_HOUSEHOLD_WRITE_DEVICE, account,
                                argv, 2, hash);
}


void
ngx_household_writer_write_home(ngx_household_writer_t *notes,
    ngx_str_t *account, ngx_str_t *network)
{
    uint64_t  hash;

    hash = ngx_household_write_hash(NGX_HOUSEHOLD_WRITE_HOME, account);
    hash = ngx_household_write_hash(hash, network);

    ngx_household_writer_submit(notes, NGX_HOUSEHOLD_WRITE_HOME, account,
                                network, 1, hash);
}


void
ngx_household_writer_write_grace_start(ngx_household_writer_t *notes,
    ngx_str_t *account, int64_t former, int64_t now)
{
    u_char     was[NGX_INT64_LEN], is[NGX_INT64_LEN];
    uint64_t   hash;
    ngx_str_t  argv[2];

    argv[0].data = was;
    argv[0].len = ngx_sprintf(was, "%L", former) - was;

    argv[1].data = is;
    argv[1].len = ngx_sprintf(is, "%L", now) - is;

    hash = ngx_household_write_hash(NGX_HOUSEHOLD_WRITE_GRACE_START, account);
    hash = ngx_household_write_hash(hash, &argv[0]);

    ngx_household_writer_submit(notes, NGX_HOUSEHOLD_WRITE_GRACE_START,
                                account, argv, 2, hash);
}


void
ngx_household_writer_write_grace_return(ngx_household_writer_t *notes,
    ngx_str_t *account, int64_t now)
{
    u_char      text[NGX_INT64_LEN];
    ngx_str_t   value;

    if (now == 0) {
        ngx_household_writer_submit(notes, NGX_HOUSEHOLD_WRITE_GONE, account,
                   NULL, 0,
                   ngx_household_write_hash(NGX_HOUSEHOLD_WRITE_GONE, account));
        return;
    }

    value.data = text;
    value.len = ngx_sprintf(text, "%L", now) - text;

    ngx_household_writer_submit(notes, NGX_HOUSEHOLD_WRITE_GRACE_RETURN,
           account, &value, 1,
           ngx_household_write_hash(NGX_HOUSEHOLD_WRITE_GRACE_RETURN, account));
}


static void
ngx_household_writer_submit(ngx_household_writer_t *notes,
    ngx_household_write_e type, ngx_str_t *account, ngx_str_t *argv,
    ngx_uint_t argc, uint64_t hash)
{
    ngx_household_write_t  *note;

    if (ngx_household_writer_repeated(notes, hash)) {
        return;
    }

    note = NULL;

    if (notes->n < NGX_HOUSEHOLD_WRITER_MAX) {
        note = ngx_household_write_alloc(notes, type, account, argv, argc);
    }

    if (note == NULL) {
        if (notes->dropped != NULL) {
            notes->dropped(notes->data);
        }

        return;
    }

    note->hash = hash;
    notes->n++;

    ngx_household_write_send(note);
}


/* a copy of all: the request may be gone before the note is written */

static ngx_household_write_t *
ngx_household_write_alloc(ngx_household_writer_t *notes,
    ngx_household_write_e type, ngx_str_t *account, ngx_str_t *argv,
    ngx_uint_t argc)
{
    u_char                 *p;
    size_t                  len;
    ngx_uint_t              i;
    ngx_household_write_t  *note;

    len = notes->key_prefix->len + account->len + sizeof("{}:account") - 1;

    for (i = 0; i < argc; i++) {
        len += argv[i].len;
    }

    note = ngx_alloc(sizeof(ngx_household_write_t) + len, ngx_cycle->log);
    if (note == NULL) {
        return NULL;
    }

    ngx_memzero(note, sizeof(ngx_household_write_t));

    note->notes = notes;
    note->type = type;

    /* the key comes first, then the arguments */

    p = (u_char *) note + sizeof(ngx_household_write_t);

    note->argv[0].data = p;

    p = ngx_cpymem(p, notes->key_prefix->data, notes->key_prefix->len);
    *p++ = '{';
    p = ngx_cpymem(p, account->data, account->len);
    *p++ = '}';

    if (type != NGX_HOUSEHOLD_WRITE_HOME) {
        p = ngx_cpymem(p, ":account", sizeof(":account") - 1);
    }

    note->argv[0].len = p - note->argv[0].data;
    note->argc = 1 + argc;

    for (i = 0; i < argc; i++) {
        note->argv[1 + i].data = p;
        note->argv[1 + i].len = argv[i].len;
        p = ngx_cpymem(p, argv[i].data, argv[i].len);
    }

    return note;
}


static void
ngx_household_write_send(ngx_household_write_t *note)
{
    ngx_str_t                       argv[3 + NGX_HOUSEHOLD_WRITER_ARGS];
    ngx_uint_t                      n;
    ngx_household_redis_op_t       *op;
    ngx_household_writer_script_t  *script;
    ngx_household_resp_command_t    command;
    ngx_household_redis_result_e    status;

    if (note->type == NGX_HOUSEHOLD_WRITE_DEVICE) {
        ngx_str_set(&argv[0], "HSET");
        n = 1;

    } else {
        script = &note->notes->scripts[note->type];

        if (note->whole) {
            ngx_str_set(&argv[0], "EVAL");
            argv[1] = script->text;

        } else {
            ngx_str_set(&argv[0], "EVALSHA");
            argv[1].data = script->sha1;
            argv[1].len = sizeof(script->sha1);
        }

        ngx_str_set(&argv[2], "1");
        n = 3;
    }

    ngx_memcpy(&argv[n], note->argv, note->argc * sizeof(ngx_str_t));

    command.argv = argv;
    command.argc = n + note->argc;

    op = ngx_household_redis_submit(note->notes->redis, &command,
                                    &note->argv[0], 1,
                                    NGX_HOUSEHOLD_REDIS_WRITE,
                                    ngx_household_write_reply,
                                    ngx_household_write_done, note, &status);
    if (op == NULL) {
        ngx_household_write_drop(note);
    }
}


static ngx_int_t
ngx_household_write_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_str_t               code;
    ngx_household_write_t  *note = op->data;

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_INTEGER) {
        return NGX_OK;
    }

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ERROR) {
        return NGX_ERROR;
    }

    code = ngx_household_redis_error_code(&reply->values[0].str);

    if (code.len == sizeof("NOSCRIPT") - 1
        && ngx_strncmp(code.data, "NOSCRIPT", code.len) == 0
        && !note->whole)
    {
        note->unknown = 1;
        return NGX_OK;
    }

    note->failed = 1;

    ngx_household_redis_log_error(note->notes->redis, "write",
                                  &reply->values[0].str);
    return NGX_OK;
}


static void
ngx_household_write_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_write_t  *note = op->data;

    if (status != NGX_HOUSEHOLD_REDIS_RESULT_OK || note->failed) {
        ngx_household_write_drop(note);
        return;
    }

    if (note->unknown) {

        /* this server has not seen the script yet */

        note->unknown = 0;
        note->whole = 1;
        ngx_household_write_send(note);
        return;
    }

    note->notes->n--;
    ngx_free(note);
}


static void
ngx_household_write_drop(ngx_household_write_t *note)
{
    ngx_household_writer_t         *notes;
    ngx_household_writer_recent_t  *recent;

    notes = note->notes;

    /* the next request may try again */

    recent = &notes->recent[note->hash % NGX_HOUSEHOLD_WRITER_RECENT];

    if (recent->hash == note->hash) {
        recent->hash = 0;
    }

    if (notes->dropped != NULL) {
        notes->dropped(notes->data);
    }

    notes->n--;
    ngx_free(note);
}


/* FNV-1a, 64 bits, with the length, so that parts do not run together */

static uint64_t
ngx_household_write_hash(uint64_t hash, ngx_str_t *text)
{
    size_t  i;

    hash = (hash ^ text->len) * 0x100000001b3ULL + 0xcbf29ce484222325ULL;

    for (i = 0; i < text->len; i++) {
        hash = (hash ^ text->data[i]) * 0x100000001b3ULL;
    }

    return hash;
}


/*
 * A record may be some time old, and a player asks often: the same is not
 * written again and again.  What collides is merely written once more.
 */

static ngx_uint_t
ngx_household_writer_repeated(ngx_household_writer_t *notes, uint64_t hash)
{
    ngx_household_writer_recent_t  *recent;

    recent = &notes->recent[hash % NGX_HOUSEHOLD_WRITER_RECENT];

    if (recent->hash == hash
        && ngx_current_msec - recent->made < NGX_HOUSEHOLD_WRITER_REPEAT)
    {
        return 1;
    }

    recent->hash = hash;
    recent->made = ngx_current_msec;

    return 0;
}
