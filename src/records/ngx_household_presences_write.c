
/*
 * Presence of accounts: writes.  See ngx_household_presences.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_household_scripts.h>
#include "ngx_household_keys.h"
#include "ngx_household_presences_case.h"
#include "ngx_household_redis_op.h"
#include "ngx_household_script.h"


/* the keys of the record, and that of the presence */
#define NGX_HOUSEHOLD_PRESENCES_KEYS  (NGX_HOUSEHOLD_KEYS_RECORD + 1)


/*
 * Followed by ids of members; account, 0, device, 0, address, which are the
 * string of "node"; keys.
 */

typedef struct {
    ngx_str_node_t                    node;  /* of the tree; must be first */
    ngx_household_presences_t        *presences;
    ngx_household_presence_params_t   params;
    ngx_household_presence_facts_t    facts;
    ngx_str_t                         account;
    ngx_str_t                         keys[NGX_HOUSEHOLD_PRESENCES_KEYS];
    ngx_str_t                         former;  /* prefix of the presence read */
    ngx_str_t                         bytes;
    uint64_t                          generation;  /* of the cache */

    unsigned                          eval:1;     /* not EVALSHA */
    unsigned                          noscript:1; /* error reply NOSCRIPT */
    unsigned                          failed:1;
    unsigned                          retry:1;    /* send again */
    unsigned                          retried:1;

    u_char                            prefix[NGX_HOUSEHOLD_PRESENCE_PREFIX];
    u_char                            data[NGX_HOUSEHOLD_PRESENCE_SIZE];
} ngx_household_presences_job_t;


static ngx_household_presences_job_t *ngx_household_presences_job_create(
    ngx_household_presences_t *presences,
    ngx_household_presences_write_t *write);
static u_char *ngx_household_presences_job_id(
    ngx_household_presences_job_t *job,
    ngx_household_presences_write_t *write, u_char *p);
static void ngx_household_presences_job_former(
    ngx_household_presences_job_t *job, ngx_str_t *former);
static void ngx_household_presences_job_send(
    ngx_household_presences_job_t *job);
static ngx_int_t ngx_household_presences_job_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_household_presences_job_error(
    ngx_household_presences_job_t *job, ngx_str_t *error);
static void ngx_household_presences_job_retry(
    ngx_household_presences_job_t *job, ngx_str_t *former);
static void ngx_household_presences_job_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);
static void ngx_household_presences_job_drop(
    ngx_household_presences_job_t *job);
static void ngx_household_presences_job_free(
    ngx_household_presences_job_t *job);


/* src/records/scripts/presence.lua */

static ngx_household_script_t  ngx_household_presences_script =
    ngx_household_script(NGX_HOUSEHOLD_LUA_PRESENCE);


void
ngx_household_presences_write(ngx_household_presences_t *presences,
    ngx_household_presences_write_t *write)
{
    ngx_household_presences_job_t  *job;

    if (presences->suspended
        && ngx_current_msec - presences->suspended_at
           < NGX_HOUSEHOLD_PRESENCES_SUSPEND)
    {
        presences->cache->count(presences->cache->data,
                                NGX_HOUSEHOLD_PRESENCES_DROPPED);
        return;
    }

    presences->suspended = 0;

    job = NULL;

    if (presences->nwrites < NGX_HOUSEHOLD_PRESENCES_MAX) {
        job = ngx_household_presences_job_create(presences, write);
    }

    if (job == NULL) {
        presences->cache->count(presences->cache->data,
                                NGX_HOUSEHOLD_PRESENCES_DROPPED);
        return;
    }

    if (ngx_str_rbtree_lookup(&presences->writes, &job->node.str,
                              job->node.node.key)
        != NULL)
    {
        /* players send many requests: the same write is pending */
        ngx_free(job);
        return;
    }

    ngx_rbtree_insert(&presences->writes, &job->node.node);
    presences->nwrites++;

    ngx_household_presences_job_send(job);
}


/* copies all: the request may end before the reply arrives */

static ngx_household_presences_job_t *
ngx_household_presences_job_create(ngx_household_presences_t *presences,
    ngx_household_presences_write_t *write)
{
    u_char                                *p;
    size_t                                 len;
    ngx_str_t                             *members, *seen, *key_prefix;
    ngx_uint_t                             i;
    ngx_household_presences_job_t         *job;
    const ngx_household_presence_facts_t  *facts;

    facts = write->facts;
    key_prefix = &presences->redis->conf->key_prefix;

    len = sizeof(ngx_household_presences_job_t)
          + facts->nmembers * sizeof(ngx_str_t)
          + 2 * write->account->len + facts->device.len
          + sizeof(facts->addr.bytes) + presences->prefix.len + 4
          + ngx_household_keys_record_size(key_prefix, write->account);

    for (i = 0; i < facts->nmembers; i++) {
        len += facts->members[i].len;
    }

    job = ngx_alloc(len, ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    ngx_memzero(job, offsetof(ngx_household_presences_job_t, prefix));

    job->presences = presences;
    job->params = *write->params;
    job->facts = *facts;

    members = (ngx_str_t *) &job[1];
    p = (u_char *) &members[facts->nmembers];

    for (i = 0; i < facts->nmembers; i++) {
        members[i].data = p;
        members[i].len = facts->members[i].len;
        p = ngx_cpymem(p, facts->members[i].data, members[i].len);
    }

    job->facts.members = members;

    p = ngx_household_presences_job_id(job, write, p);

    p = ngx_household_keys_record(p, key_prefix, &job->account, job->keys);

    seen = &job->keys[NGX_HOUSEHOLD_KEYS_RECORD];
    seen->data = p;
    seen->len = ngx_household_keys_account(p, &presences->prefix,
                                           &job->account)
                - p;

    ngx_household_presences_job_former(job, write->former);

    job->bytes.data = job->data;
    job->bytes.len = write->bytes->len;
    ngx_memcpy(job->data, write->bytes->data, write->bytes->len);

    return job;
}


/* the key of a write among pending writes */

static u_char *
ngx_household_presences_job_id(ngx_household_presences_job_t *job,
    ngx_household_presences_write_t *write, u_char *p)
{
    job->node.str.data = p;

    job->account.data = p;
    job->account.len = write->account->len;
    p = ngx_cpymem(p, write->account->data, write->account->len);
    *p++ = '\0';

    job->facts.device.data = p;

    if (write->facts->device.len) {
        p = ngx_cpymem(p, write->facts->device.data, write->facts->device.len);
    }

    *p++ = '\0';

    p = ngx_cpymem(p, write->facts->addr.bytes,
                   sizeof(write->facts->addr.bytes));

    job->node.str.len = p - job->node.str.data;
    job->node.node.key = ngx_murmur_hash2(job->node.str.data,
                                          job->node.str.len);

    return p;
}


static void
ngx_household_presences_job_former(ngx_household_presences_job_t *job,
    ngx_str_t *former)
{
    job->former.data = job->prefix;
    job->former.len = ngx_min(former->len, NGX_HOUSEHOLD_PRESENCE_PREFIX);
    ngx_memcpy(job->prefix, former->data, job->former.len);
}


static void
ngx_household_presences_job_send(ngx_household_presences_job_t *job)
{
    u_char                         expire[NGX_INT64_LEN];
    ngx_str_t                      argv[NGX_HOUSEHOLD_SCRIPT_HEAD
                                        + NGX_HOUSEHOLD_PRESENCES_KEYS + 3];
    ngx_str_t                     *arg;
    ngx_household_redis_op_t      *op;
    ngx_household_presences_t     *presences;
    ngx_household_resp_command_t   command;
    ngx_household_redis_result_e   status;

    presences = job->presences;

    ngx_household_script_args(&ngx_household_presences_script, job->eval,
                              argv);

    ngx_str_set(&argv[2], "4");   /* NGX_HOUSEHOLD_PRESENCES_KEYS */

    ngx_memcpy(&argv[NGX_HOUSEHOLD_SCRIPT_HEAD], job->keys, sizeof(job->keys));

    arg = &argv[NGX_HOUSEHOLD_SCRIPT_HEAD + NGX_HOUSEHOLD_PRESENCES_KEYS];
    arg[0] = job->former;
    arg[1] = job->bytes;
    arg[2].data = expire;
    arg[2].len = ngx_sprintf(expire, "%L", job->params.forget) - expire;

    command.argv = argv;
    command.argc = sizeof(argv) / sizeof(argv[0]);

    job->generation = presences->cache->generation(presences->cache->data,
                                                   &job->account);

    op = ngx_household_redis_submit(presences->redis, &command, job->keys, 1,
                                    NGX_HOUSEHOLD_REDIS_PRESENCE
                                    |NGX_HOUSEHOLD_REDIS_WRITE
                                    |NGX_HOUSEHOLD_REDIS_NUMBERED,
                                    ngx_household_presences_job_reply,
                                    ngx_household_presences_job_done, job,
                                    &status);
    if (op == NULL) {
        ngx_household_presences_job_drop(job);
    }
}


static ngx_int_t
ngx_household_presences_job_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_presences_job_t *job = op->data;

    ngx_household_resp_value_t  *v;

    v = &reply->values[0];

    switch (v->type) {

    case NGX_HOUSEHOLD_RESP_INTEGER:

        if (v->integer == 0) {
            /* the account was erased */
            job->failed = 1;
        }

        break;

    case NGX_HOUSEHOLD_RESP_BULK:

        if (reply->too_large || job->retried) {
            job->failed = 1;

        } else {
            ngx_household_presences_job_retry(job, &v->str);
        }

        break;

    case NGX_HOUSEHOLD_RESP_ERROR:
        ngx_household_presences_job_error(job, &v->str);
        break;

    default:
        return NGX_ERROR;
    }

    return job->failed || job->noscript ? NGX_DECLINED : NGX_OK;
}


static void
ngx_household_presences_job_error(ngx_household_presences_job_t *job,
    ngx_str_t *error)
{
    ngx_household_presences_t  *presences;

    if (ngx_household_script_missing(error) && !job->eval) {
        job->noscript = 1;
        return;
    }

    job->failed = 1;

    presences = job->presences;
    presences->suspended = 1;
    presences->suspended_at = ngx_current_msec;

    ngx_household_redis_log_error(presences->redis, "presence write", error);
}


/* another edge was faster: evaluates the rule again with its presence */

static void
ngx_household_presences_job_retry(ngx_household_presences_job_t *job,
    ngx_str_t *former)
{
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  answer;

    if (ngx_household_presence_decode(&p, former->data, former->len)
        != NGX_OK)
    {
        job->failed = 1;
        return;
    }

    job->presences->cache->count(job->presences->cache->data,
                                 NGX_HOUSEHOLD_PRESENCES_RETRIED);

    ngx_household_presence_evaluate(&job->params, &job->facts, &p, &answer);

    if (!answer.write) {

        /* the presence of the other edge is sufficient */

        job->bytes.len = former->len;
        ngx_memcpy(job->data, former->data, former->len);

        return;
    }

    job->retried = 1;
    job->retry = 1;

    ngx_household_presences_job_former(job, former);
    job->bytes.len = ngx_household_presence_encode(&p, job->data);
}


static void
ngx_household_presences_job_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_presences_job_t *job = op->data;

    ngx_household_presences_t  *presences;

    if (status != NGX_HOUSEHOLD_REDIS_RESULT_OK || job->failed) {
        ngx_household_presences_job_drop(job);
        return;
    }

    if (job->noscript || job->retry) {

        job->eval |= job->noscript;
        job->noscript = 0;
        job->retry = 0;

        ngx_household_presences_job_send(job);
        return;
    }

    presences = job->presences;
    presences->cache->store(presences->cache->data, &job->account,
                            job->generation, &job->bytes);
    presences->cache->count(presences->cache->data,
                            NGX_HOUSEHOLD_PRESENCES_WRITTEN);

    ngx_household_presences_job_free(job);
}


static void
ngx_household_presences_job_drop(ngx_household_presences_job_t *job)
{
    ngx_household_presences_t  *presences;

    presences = job->presences;
    presences->cache->count(presences->cache->data,
                            NGX_HOUSEHOLD_PRESENCES_DROPPED);

    ngx_household_presences_job_free(job);
}


static void
ngx_household_presences_job_free(ngx_household_presences_job_t *job)
{
    ngx_rbtree_delete(&job->presences->writes, &job->node.node);
    job->presences->nwrites--;

    ngx_free(job);
}
