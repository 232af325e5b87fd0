
/*
 * A line of an import that is under way.
 *
 * It is written as if Redis had nothing of the account, on the condition that
 * this is so.  Otherwise the account is read, and the line is checked and
 * written as other changes are.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_str.h"
#include "ngx_http_household_api_import_case.h"


/* attempts, if others change the account at the same time */
#define NGX_HTTP_HOUSEHOLD_API_JOB_TRIES  10


static ngx_int_t ngx_http_household_api_job_parse(
    ngx_http_household_api_import_t *import,
    ngx_http_household_api_job_t *job);
static void ngx_http_household_api_job_plan(ngx_http_household_api_job_t *job);
static ngx_uint_t ngx_http_household_api_job_changes(
    ngx_http_household_api_job_t *job);
static void ngx_http_household_api_job_send(ngx_http_household_api_job_t *job,
    ngx_uint_t write);
static void ngx_http_household_api_job_reply(void *data,
    ngx_household_account_result_e result, ngx_uint_t n);
static void ngx_http_household_api_job_failed(
    ngx_http_household_api_job_t *job, ngx_household_account_result_e result);
static void ngx_http_household_api_job_audit(ngx_http_household_api_job_t *job,
    const char *result);
static void ngx_http_household_api_job_fault(ngx_http_household_api_job_t *job,
    const char *code, const char *detail);
static void ngx_http_household_api_job_stop(ngx_http_household_api_job_t *job,
    ngx_household_account_result_e result);
static void ngx_http_household_api_job_end(ngx_http_household_api_job_t *job,
    ngx_http_household_api_job_state_e state);
static void ngx_http_household_api_job_advance(
    ngx_http_household_api_import_t *import);


ngx_uint_t
ngx_http_household_api_job_room(ngx_http_household_api_import_t *import)
{
    return import->number - import->done < NGX_HTTP_HOUSEHOLD_API_IMPORT_LINES
           && import->bytes < NGX_HTTP_HOUSEHOLD_API_IMPORT_BYTES
           && import->queued == NULL
           && !import->stopped;
}


void
ngx_http_household_api_job_start(ngx_http_household_api_import_t *import)
{
    ngx_http_household_api_job_t  *job;

    job = &import->jobs[import->number % NGX_HTTP_HOUSEHOLD_API_IMPORT_LINES];

    import->number++;

    job->number = import->number;
    job->import = import;
    job->fault.code = NULL;
    job->line.body = NULL;
    job->size = 0;
    job->tries = 0;
    job->known = 0;

    ngx_memzero(&job->account, sizeof(ngx_household_account_t));

    switch (ngx_http_household_api_job_parse(import, job)) {

    case NGX_OK:
        ngx_http_household_api_job_plan(job);
        break;

    case NGX_DECLINED:
        ngx_http_household_api_job_end(job, NGX_HTTP_HOUSEHOLD_API_JOB_DONE);
        break;

    default:
        ngx_http_household_api_job_stop(job,
                                        NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE);
    }

    import->len = 0;
    import->long_line = 0;
}


/* returns NGX_DECLINED if nothing is to be written */

static ngx_int_t
ngx_http_household_api_job_parse(ngx_http_household_api_import_t *import,
    ngx_http_household_api_job_t *job)
{
    size_t     i;
    ngx_str_t  text;

    if (import->long_line) {
        ngx_http_household_api_job_fault(job, "line_too_long",
                                         "the line has more than 64 KB");
        return NGX_DECLINED;
    }

    text.data = import->text;
    text.len = import->len;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\r'
            && text.data[i] != '\t')
        {
            break;
        }
    }

    if (i == text.len) {
        return NGX_DECLINED;
    }

    if (job->pool == NULL) {
        job->pool = ngx_create_pool(2048, ngx_cycle->log);

        if (job->pool == NULL) {
            return NGX_ERROR;
        }
    }

    job->size = text.len;
    import->bytes += job->size;

    return ngx_http_household_api_line_parse(&job->line, &text, &job->fault);
}


static void
ngx_http_household_api_job_plan(ngx_http_household_api_job_t *job)
{
    ngx_int_t                         rc;
    const char                       *invalid;
    ngx_http_household_api_import_t  *import;

    import = job->import;

    rc = ngx_http_household_api_plan_init(&job->plan, job->pool,
                                          &job->account);

    if (rc == NGX_OK) {
        rc = ngx_http_household_api_line_plan(&job->line, &job->plan,
                                              &job->fault);
    }

    if (rc == NGX_ERROR) {
        ngx_http_household_api_job_stop(job,
                                        NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE);
        return;
    }

    if (rc == NGX_DECLINED && !job->known) {
        /* may be valid with data of the account: a seat is renewed */
        job->fault.code = NULL;
        ngx_http_household_api_job_send(job, 0);
        return;
    }

    if (rc == NGX_OK) {
        invalid = ngx_http_household_api_check(&job->plan, import->builder);

        if (invalid != NULL) {
            ngx_http_household_api_job_fault(job, "invalid_value", invalid);
        }
    }

    if (job->fault.code == NULL && !job->known && import->dry_run) {
        ngx_http_household_api_job_send(job, 0);
        return;
    }

    if (job->fault.code == NULL && job->plan.edits.nelts
        && !import->dry_run)
    {
        ngx_http_household_api_job_send(job, 1);
        return;
    }

    if (job->fault.code == NULL) {
        if (ngx_http_household_api_job_changes(job)) {
            import->written++;

        } else {
            import->unchanged++;
        }
    }

    ngx_http_household_api_job_end(job, NGX_HTTP_HOUSEHOLD_API_JOB_DONE);
}


/* returns 1 if the account lacks something of its plan, otherwise 0 */

static ngx_uint_t
ngx_http_household_api_job_changes(ngx_http_household_api_job_t *job)
{
    ngx_uint_t                      i;
    ngx_household_account_edit_t   *edit;
    ngx_household_account_field_t  *field;

    edit = job->plan.edits.elts;

    for (i = 0; i < job->plan.edits.nelts; i++) {

        if (edit[i].type != NGX_HOUSEHOLD_ACCOUNT_SET) {
            return 1;
        }

        field = ngx_household_account_field(&job->account, &edit[i].name);

        if (field == NULL
            || !ngx_household_str_equal(&field->value, &edit[i].value))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_household_api_job_send(ngx_http_household_api_job_t *job,
    ngx_uint_t write)
{
    ngx_household_redis_t            *redis;
    ngx_http_household_api_import_t  *import;

    import = job->import;
    redis = import->call->conf->redis->redis;

    job->write = write;

    if (write) {
        job->op = ngx_household_account_edit(redis, &job->line.account,
                                             &job->account.version,
                                             job->plan.edits.elts,
                                             job->plan.edits.nelts,
                                             ngx_http_household_api_job_reply,
                                             job);
    } else {
        job->op = ngx_household_account_read(redis, job->pool,
                                             &job->line.account, &job->account,
                                             ngx_http_household_api_job_reply,
                                             job);
    }

    if (job->op != NULL) {
        job->state = NGX_HTTP_HOUSEHOLD_API_JOB_SENT;
        import->sent++;
        return;
    }

    if (import->sent && import->queued == NULL) {
        /* the queue of Redis is full, perhaps: again after the next reply */
        job->state = NGX_HTTP_HOUSEHOLD_API_JOB_QUEUED;
        import->queued = job;
        return;
    }

    ngx_http_household_api_job_stop(job, NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE);
}


void
ngx_http_household_api_job_retry(ngx_http_household_api_import_t *import)
{
    ngx_http_household_api_job_t  *job;

    job = import->queued;

    if (job != NULL) {
        import->queued = NULL;
        ngx_http_household_api_job_send(job, job->write);
    }
}


static void
ngx_http_household_api_job_reply(void *data,
    ngx_household_account_result_e result, ngx_uint_t n)
{
    ngx_http_household_api_job_t *job = data;

    ngx_http_household_api_import_t  *import;

    import = job->import;

    job->op = NULL;
    import->sent--;

    ngx_post_event(&import->call->event, &ngx_posted_events);

    if (result == NGX_HOUSEHOLD_ACCOUNT_OK && !job->write) {
        job->known = 1;
        ngx_http_household_api_job_plan(job);

    } else if (result == NGX_HOUSEHOLD_ACCOUNT_OK) {

        if (n) {
            import->written++;

        } else {
            import->unchanged++;
        }

        ngx_http_household_api_job_audit(job, "ok");
        ngx_http_household_api_job_end(job, NGX_HTTP_HOUSEHOLD_API_JOB_DONE);

    } else if (result == NGX_HOUSEHOLD_ACCOUNT_CONFLICT
               && job->tries++ < NGX_HTTP_HOUSEHOLD_API_JOB_TRIES)
    {
        ngx_http_household_api_job_send(job, 0);

    } else {
        ngx_http_household_api_job_failed(job, result);
    }
}


static void
ngx_http_household_api_job_failed(ngx_http_household_api_job_t *job,
    ngx_household_account_result_e result)
{
    ngx_http_household_api_import_t  *import;

    import = job->import;

    switch (result) {

    case NGX_HOUSEHOLD_ACCOUNT_CONFLICT:
        ngx_http_household_api_job_fault(job, "changed",
                                         "others change the account all the "
                                         "time");
        break;

    case NGX_HOUSEHOLD_ACCOUNT_TOO_LARGE:
        ngx_http_household_api_job_fault(job, "too_large",
                                         "the account has more entries in "
                                         "Redis than the module reads");
        break;

    case NGX_HOUSEHOLD_ACCOUNT_ERROR:

        if (++import->failed == NGX_HTTP_HOUSEHOLD_API_IMPORT_FAILED) {
            ngx_http_household_api_job_audit(job, "redis_error");
            ngx_http_household_api_job_stop(job, result);
            return;
        }

        ngx_http_household_api_job_fault(job, "redis_error",
                                         "Redis rejected the command; the "
                                         "error log has the cause");
        break;

    default:
        ngx_http_household_api_job_audit(job, "redis_unavailable");
        ngx_http_household_api_job_stop(job, result);
        return;
    }

    ngx_http_household_api_job_audit(job, job->fault.code);
    ngx_http_household_api_job_end(job, NGX_HTTP_HOUSEHOLD_API_JOB_DONE);
}


/* for lines that were sent to Redis; the answer lists the invalid ones */

static void
ngx_http_household_api_job_audit(ngx_http_household_api_job_t *job,
    const char *result)
{
    ngx_http_household_api_import_t  *import;

    import = job->import;

    if (job->write) {
        ngx_http_household_api_audit_account(import->call, &job->line.account,
                                             job->number, result);
    }
}


static void
ngx_http_household_api_job_fault(ngx_http_household_api_job_t *job,
    const char *code, const char *detail)
{
    job->fault.status = 422;
    job->fault.code = code;
    job->fault.detail = detail;
    job->fault.pointer = NULL;
}


/* no line is started any more */

static void
ngx_http_household_api_job_stop(ngx_http_household_api_job_t *job,
    ngx_household_account_result_e result)
{
    ngx_http_household_api_import_t  *import;

    import = job->import;

    if (!import->stopped) {
        import->stopped = 1;
        import->call->result = result;
    }

    ngx_http_household_api_job_end(job, NGX_HTTP_HOUSEHOLD_API_JOB_LOST);
}


static void
ngx_http_household_api_job_end(ngx_http_household_api_job_t *job,
    ngx_http_household_api_job_state_e state)
{
    json_decref(job->line.body);
    job->line.body = NULL;

    job->import->bytes -= job->size;
    job->size = 0;

    if (job->pool != NULL) {
        ngx_reset_pool(job->pool);
    }

    job->state = state;

    ngx_http_household_api_job_advance(job->import);
}


/* the lines that are done, in their order */

static void
ngx_http_household_api_job_advance(ngx_http_household_api_import_t *import)
{
    ngx_http_household_api_job_t           *job;
    ngx_http_household_api_import_error_t  *error;

    while (import->done < import->number) {

        job = &import->jobs[import->done % NGX_HTTP_HOUSEHOLD_API_IMPORT_LINES];

        if (job->state != NGX_HTTP_HOUSEHOLD_API_JOB_DONE) {
            return;
        }

        job->state = NGX_HTTP_HOUSEHOLD_API_JOB_FREE;
        import->done++;

        if (job->fault.code == NULL) {
            continue;
        }

        import->invalid++;

        if (import->errors.nelts < NGX_HTTP_HOUSEHOLD_API_IMPORT_ERRORS) {

            error = ngx_array_push(&import->errors);

            if (error != NULL) {
                error->line = import->done;
                error->fault = job->fault;
            }
        }
    }
}


void
ngx_http_household_api_job_cancel(ngx_http_household_api_import_t *import)
{
    ngx_uint_t                     i;
    ngx_http_household_api_job_t  *job;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_API_IMPORT_LINES; i++) {

        job = &import->jobs[i];

        if (job->op != NULL) {
            /* a write that was sent may be made */
            ngx_http_household_api_job_audit(job, "aborted");
        }

        ngx_household_account_cancel(job->op);
        json_decref(job->line.body);

        if (job->pool != NULL) {
            ngx_destroy_pool(job->pool);
        }
    }
}
