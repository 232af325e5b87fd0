
/*
 * Events.  See ngx_household_events.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_household_scripts.h>
#include "ngx_household_events.h"
#include "ngx_household_id.h"
#include "ngx_household_keys.h"
#include "ngx_household_redis_op.h"
#include "ngx_household_script.h"


/* hash table of recently added events: a power of two */
#define NGX_HOUSEHOLD_EVENTS_RECENT   4096

/* XADD, stream, MAXLEN, ~, number, *; name and value of each field */
#define NGX_HOUSEHOLD_EVENTS_ARGS       (6 + 2 * 9)

/* the keys of the record, and that of the mark */
#define NGX_HOUSEHOLD_EVENTS_KEYS       (NGX_HOUSEHOLD_KEYS_RECORD + 1)

/* bytes of all field names, numbers and separators */
#define NGX_HOUSEHOLD_EVENTS_TEXT      256

/* what the script returns if the account was erased */
#define NGX_HOUSEHOLD_EVENTS_CLOSED     -1

/* bytes of the deduplication id: a kind, and a day or a seat */
#define NGX_HOUSEHOLD_EVENTS_ONCE      (32 + NGX_HOUSEHOLD_ID_LEN)


struct ngx_household_events_s {
    ngx_household_redis_t   *redis;
    ngx_str_t                prefix;   /* household-event: */
    ngx_str_t                stream;   /* household-events */
    void                   (*ended)(void *data, ngx_household_event_e kind,
                                    ngx_uint_t written);
    void                    *data;
    ngx_uint_t               n;        /* pending */
    ngx_msec_t               suspended_at;
    ngx_uint_t               suspended; /* unsigned  suspended:1; */
    uint64_t                 recent[NGX_HOUSEHOLD_EVENTS_RECENT];
};


/* a pending event, followed by its strings */

typedef struct {
    ngx_household_events_t  *events;
    ngx_household_event_e    kind;
    uint64_t                 hash;
    ngx_str_t                keys[NGX_HOUSEHOLD_EVENTS_KEYS];
    ngx_uint_t               expire;   /* seconds */
    ngx_uint_t               argc;
    ngx_str_t                argv[NGX_HOUSEHOLD_EVENTS_ARGS];
    unsigned                 added:1;  /* XADD was sent */
    unsigned                 first:1;  /* the script has set the mark */
    unsigned                 closed:1; /* the account was erased */
    unsigned                 eval:1;   /* not EVALSHA */
    unsigned                 noscript:1; /* error reply NOSCRIPT */
    unsigned                 failed:1;
} ngx_household_events_job_t;


static u_char *ngx_household_events_once(ngx_household_event_t *event,
    u_char *p);
static uint64_t ngx_household_events_hash(ngx_household_event_t *event,
    ngx_str_t *once);
static ngx_household_events_job_t *ngx_household_events_job_create(
    ngx_household_events_t *events, ngx_household_event_t *event,
    ngx_str_t *once, ngx_uint_t max);
static u_char *ngx_household_events_job_number(
    ngx_household_events_job_t *job, const char *name, int64_t n, u_char *p);
static u_char *ngx_household_events_job_field(
    ngx_household_events_job_t *job, const char *name, ngx_str_t *value,
    u_char *p);
static u_char *ngx_household_events_job_arg(ngx_household_events_job_t *job,
    ngx_str_t *arg, u_char *p);
static void ngx_household_events_job_send(ngx_household_events_job_t *job);
static ngx_uint_t ngx_household_events_job_mark(
    ngx_household_events_job_t *job, ngx_str_t *argv, u_char *expire);
static ngx_int_t ngx_household_events_job_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply);
static void ngx_household_events_job_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_events_job_drop(ngx_household_events_job_t *job);
static void ngx_household_events_job_forget(ngx_household_events_job_t *job);


/* src/records/scripts/event.lua */

static ngx_household_script_t  ngx_household_events_script =
    ngx_household_script(NGX_HOUSEHOLD_LUA_EVENT);


static ngx_str_t  ngx_household_events_kinds[NGX_HOUSEHOLD_EVENTS] = {
    [NGX_HOUSEHOLD_EVENT_OUTSIDE] = ngx_string("outside"),
    [NGX_HOUSEHOLD_EVENT_ANOTHER_HOUSEHOLD] = ngx_string("another_household"),
    [NGX_HOUSEHOLD_EVENT_GRACE_BEGUN] = ngx_string("grace_begun"),
    [NGX_HOUSEHOLD_EVENT_GRACE_ENDING] = ngx_string("grace_ending"),
    [NGX_HOUSEHOLD_EVENT_HOME_LEARNED] = ngx_string("home_learned"),
    [NGX_HOUSEHOLD_EVENT_SEAT_USED] = ngx_string("seat_used"),
    [NGX_HOUSEHOLD_EVENT_SEAT_ENDING] = ngx_string("seat_ending"),
    [NGX_HOUSEHOLD_EVENT_DENIED] = ngx_string("denied")
};


ngx_household_events_t *
ngx_household_events_create(ngx_pool_t *pool, ngx_household_redis_t *redis,
    void (*ended)(void *data, ngx_household_event_e kind, ngx_uint_t written),
    void *data)
{
    ngx_household_events_t  *events;

    events = ngx_pcalloc(pool, sizeof(ngx_household_events_t));
    if (events == NULL) {
        return NULL;
    }

    if (ngx_household_keys_beside(pool, &redis->conf->key_prefix, "event",
                                  &events->prefix)
        != NGX_OK
        || ngx_household_keys_beside(pool, &redis->conf->key_prefix, "events",
                                     &events->stream)
           != NGX_OK)
    {
        return NULL;
    }

    /* the stream is a key, not a prefix: remove the colon */
    events->stream.len--;

    events->redis = redis;
    events->ended = ended;
    events->data = data;

    return events;
}


void
ngx_household_events_add(ngx_household_events_t *events,
    ngx_household_event_t *event, ngx_uint_t max)
{
    u_char                       text[NGX_HOUSEHOLD_EVENTS_ONCE];
    uint64_t                     hash, *recent;
    ngx_str_t                    once;
    ngx_household_events_job_t  *job;

    if (event->seat.len > NGX_HOUSEHOLD_ID_LEN) {
        return;
    }

    once.data = text;
    once.len = ngx_household_events_once(event, text) - text;

    hash = ngx_household_events_hash(event, &once);
    recent = &events->recent[hash % NGX_HOUSEHOLD_EVENTS_RECENT];

    if (*recent == hash) {
        /* the hash includes the day, so entries never become invalid */
        return;
    }

    if (events->suspended
        && ngx_current_msec - events->suspended_at
           < NGX_HOUSEHOLD_EVENTS_SUSPEND)
    {
        events->ended(events->data, event->kind, 0);
        return;
    }

    events->suspended = 0;
    job = NULL;

    if (events->n < NGX_HOUSEHOLD_EVENTS_MAX) {
        job = ngx_household_events_job_create(events, event, &once, max);
    }

    if (job == NULL) {
        events->ended(events->data, event->kind, 0);
        return;
    }

    job->hash = hash;
    *recent = hash;
    events->n++;

    ngx_household_events_job_send(job);
}


/* the deduplication id within an account: kind, and day or seat */

static u_char *
ngx_household_events_once(ngx_household_event_t *event, u_char *p)
{
    ngx_str_t  *kind;

    kind = &ngx_household_events_kinds[event->kind];

    if (event->kind == NGX_HOUSEHOLD_EVENT_SEAT_USED) {
        return ngx_sprintf(p, "%V:%V", kind, &event->seat);
    }

    return ngx_sprintf(p, "%V:%L", kind, event->time / 86400);
}


void
ngx_household_events_marks(ngx_str_t *key_prefix, ngx_str_t *account,
    int64_t today, ngx_uint_t days, ngx_str_t *seats, ngx_uint_t nseats,
    ngx_str_t *keys, u_char *p)
{
    ngx_str_t              prefix;
    ngx_uint_t             i;
    ngx_household_event_t  event;

    ngx_str_null(&prefix);
    ngx_memzero(&event, sizeof(ngx_household_event_t));

    for (i = 0; i < NGX_HOUSEHOLD_EVENTS * days + nseats; i++) {

        if (i < NGX_HOUSEHOLD_EVENTS * days) {
            event.kind = i % NGX_HOUSEHOLD_EVENTS;
            event.time = (today - (int64_t) (i / NGX_HOUSEHOLD_EVENTS))
                         * 86400;
        } else {
            event.kind = NGX_HOUSEHOLD_EVENT_SEAT_USED;
            event.seat = seats[i - NGX_HOUSEHOLD_EVENTS * days];
        }

        keys[i].data = p;

        p = ngx_household_keys_put_beside(p, key_prefix, "event");
        p = ngx_household_keys_account(p, &prefix, account);
        *p++ = ':';
        p = ngx_household_events_once(&event, p);

        keys[i].len = p - keys[i].data;
    }
}


static uint64_t
ngx_household_events_hash(ngx_household_event_t *event, ngx_str_t *once)
{
    uint64_t  hash;

    hash = ngx_household_keys_hash(0, &event->account);
    hash = ngx_household_keys_hash(hash, once);

    /* 0 is an empty entry */
    return hash ? hash : 1;
}


/* copies all: the request may end before the replies arrive */

static ngx_household_events_job_t *
ngx_household_events_job_create(ngx_household_events_t *events,
    ngx_household_event_t *event, ngx_str_t *once, ngx_uint_t max)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                   *mark, *key_prefix;
    ngx_household_events_job_t  *job;

    static ngx_str_t  maxlen = ngx_string("MAXLEN");
    static ngx_str_t  about = ngx_string("~");
    static ngx_str_t  any = ngx_string("*");

    /* the keys, the stream, the fields, and the numbers and names */

    key_prefix = &events->redis->conf->key_prefix;

    len = events->prefix.len + events->stream.len + 2 * event->account.len
          + once->len + event->mode.len + event->device.len
          + event->network.len + event->seat.len + event->detail.len
          + ngx_household_keys_record_size(key_prefix, &event->account)
          + NGX_HOUSEHOLD_EVENTS_TEXT;

    job = ngx_alloc(sizeof(ngx_household_events_job_t) + len, ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    ngx_memzero(job, sizeof(ngx_household_events_job_t));

    job->events = events;
    job->kind = event->kind;
    job->expire = (event->kind == NGX_HOUSEHOLD_EVENT_SEAT_USED)
                  ? NGX_HOUSEHOLD_EVENTS_SEAT : NGX_HOUSEHOLD_EVENTS_DAY;

    p = (u_char *) &job[1];

    p = ngx_household_keys_record(p, key_prefix, &event->account, job->keys);

    mark = &job->keys[NGX_HOUSEHOLD_KEYS_RECORD];
    mark->data = p;
    p = ngx_household_keys_account(p, &events->prefix, &event->account);
    *p++ = ':';
    p = ngx_cpymem(p, once->data, once->len);
    mark->len = p - mark->data;

    ngx_str_set(&job->argv[0], "XADD");
    job->argc = 1;

    p = ngx_household_events_job_arg(job, &events->stream, p);
    p = ngx_household_events_job_arg(job, &maxlen, p);
    p = ngx_household_events_job_arg(job, &about, p);

    job->argv[job->argc].data = p;
    p = ngx_sprintf(p, "%ui", max);
    job->argv[job->argc].len = p - job->argv[job->argc].data;
    job->argc++;

    p = ngx_household_events_job_arg(job, &any, p);

    p = ngx_household_events_job_field(job, "kind",
                               &ngx_household_events_kinds[event->kind], p);
    p = ngx_household_events_job_field(job, "account", &event->account, p);
    p = ngx_household_events_job_number(job, "time", event->time, p);
    p = ngx_household_events_job_field(job, "mode", &event->mode, p);
    p = ngx_household_events_job_field(job, "device", &event->device, p);
    p = ngx_household_events_job_field(job, "network", &event->network, p);
    p = ngx_household_events_job_field(job, "seat", &event->seat, p);
    p = ngx_household_events_job_field(job, "detail", &event->detail, p);
    (void) ngx_household_events_job_number(job, "until", event->until, p);

    return job;
}


static u_char *
ngx_household_events_job_number(ngx_household_events_job_t *job,
    const char *name, int64_t n, u_char *p)
{
    u_char     text[NGX_INT64_LEN];
    ngx_str_t  value;

    value.data = text;
    value.len = n ? ngx_sprintf(text, "%L", n) - text : 0;

    return ngx_household_events_job_field(job, name, &value, p);
}


static u_char *
ngx_household_events_job_field(ngx_household_events_job_t *job,
    const char *name, ngx_str_t *value, u_char *p)
{
    ngx_str_t  text;

    if (value->len == 0) {
        return p;
    }

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    p = ngx_household_events_job_arg(job, &text, p);

    return ngx_household_events_job_arg(job, value, p);
}


static u_char *
ngx_household_events_job_arg(ngx_household_events_job_t *job, ngx_str_t *arg,
    u_char *p)
{
    job->argv[job->argc].data = p;
    job->argv[job->argc].len = arg->len;
    job->argc++;

    return ngx_cpymem(p, arg->data, arg->len);
}


/* sets the mark household-event:{A}:...; then XADD household-events, if set */

static void
ngx_household_events_job_send(ngx_household_events_job_t *job)
{
    u_char                         expire[NGX_INT_T_LEN];
    ngx_str_t                     *key;
    ngx_str_t                      mark[NGX_HOUSEHOLD_SCRIPT_HEAD
                                        + NGX_HOUSEHOLD_EVENTS_KEYS + 1];
    ngx_household_redis_op_t      *op;
    ngx_household_resp_command_t   command;
    ngx_household_redis_result_e   status;

    if (job->first) {
        job->added = 1;
        key = &job->argv[1];

        command.argv = job->argv;
        command.argc = job->argc;

    } else {
        key = &job->keys[0];

        command.argv = mark;
        command.argc = ngx_household_events_job_mark(job, mark, expire);
    }

    op = ngx_household_redis_submit(job->events->redis, &command, key, 1,
                                    NGX_HOUSEHOLD_REDIS_EVENT
                                    |NGX_HOUSEHOLD_REDIS_WRITE,
                                    ngx_household_events_job_reply,
                                    ngx_household_events_job_done, job,
                                    &status);
    if (op == NULL) {
        ngx_household_events_job_drop(job);
    }
}


static ngx_uint_t
ngx_household_events_job_mark(ngx_household_events_job_t *job,
    ngx_str_t *argv, u_char *expire)
{
    ngx_str_t  *arg;

    ngx_household_script_args(&ngx_household_events_script, job->eval, argv);

    ngx_str_set(&argv[2], "4");   /* NGX_HOUSEHOLD_EVENTS_KEYS */

    ngx_memcpy(&argv[NGX_HOUSEHOLD_SCRIPT_HEAD], job->keys, sizeof(job->keys));

    arg = &argv[NGX_HOUSEHOLD_SCRIPT_HEAD + NGX_HOUSEHOLD_EVENTS_KEYS];
    arg->data = expire;
    arg->len = ngx_sprintf(expire, "%ui", job->expire) - expire;

    return arg + 1 - argv;
}


static ngx_int_t
ngx_household_events_job_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_events_job_t *job = op->data;

    ngx_household_resp_value_t  *v;

    v = &reply->values[0];

    switch (v->type) {

    case NGX_HOUSEHOLD_RESP_INTEGER:
        job->first = (v->integer == 1);
        job->closed = (v->integer == NGX_HOUSEHOLD_EVENTS_CLOSED);
        return job->added ? NGX_ERROR : NGX_OK;

    case NGX_HOUSEHOLD_RESP_BULK:
        return job->added ? NGX_OK : NGX_ERROR;

    case NGX_HOUSEHOLD_RESP_ERROR:

        if (ngx_household_script_missing(&v->str) && !job->eval) {
            job->noscript = 1;
            return NGX_OK;
        }

        job->failed = 1;
        job->events->suspended = 1;
        job->events->suspended_at = ngx_current_msec;

        ngx_household_redis_log_error(job->events->redis, "event", &v->str);
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static void
ngx_household_events_job_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_events_job_t *job = op->data;

    if (status != NGX_HOUSEHOLD_REDIS_RESULT_OK || job->failed) {
        ngx_household_events_job_drop(job);
        return;
    }

    if (job->noscript || (job->first && !job->added)) {

        job->eval |= job->noscript;
        job->noscript = 0;

        ngx_household_events_job_send(job);
        return;
    }

    if (job->closed) {
        /* an event of an account that is opened again has no mark */
        ngx_household_events_job_forget(job);
    }

    if (job->added) {
        job->events->ended(job->events->data, job->kind, 1);
    }

    job->events->n--;
    ngx_free(job);
}


static void
ngx_household_events_job_drop(ngx_household_events_job_t *job)
{
    ngx_household_events_t  *events;

    events = job->events;

    ngx_household_events_job_forget(job);

    events->ended(events->data, job->kind, 0);

    events->n--;
    ngx_free(job);
}


/* a later request may try again: the key in Redis prevents duplicates */

static void
ngx_household_events_job_forget(ngx_household_events_job_t *job)
{
    uint64_t  *recent;

    recent = &job->events->recent[job->hash % NGX_HOUSEHOLD_EVENTS_RECENT];

    if (*recent == job->hash) {
        *recent = 0;
    }
}


ngx_str_t *
ngx_household_event_name(ngx_household_event_e kind)
{
    return &ngx_household_events_kinds[kind];
}
