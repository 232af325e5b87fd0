
/*
 * A request to the API that waits for Redis.
 *
 * The replies are read in an event of another connection, so that the request
 * is continued by a posted event.  A request that ends early, as its stream is
 * reset, leaves its operation behind.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"


typedef struct {
    ngx_http_household_api_call_t   *call;     /* NULL: the request has ended */
    ngx_int_t                      (*reply)(
                                          ngx_http_household_api_call_t *call,
                                          ngx_household_resp_reply_t *reply);
    unsigned                         failed:1;
} ngx_http_household_api_command_t;


static void ngx_http_household_api_call_done(void *data,
    ngx_household_account_result_e result, ngx_uint_t n);
static void ngx_http_household_api_call_continue(ngx_event_t *ev);
static void ngx_http_household_api_call_cleanup(void *data);

static ngx_int_t ngx_http_household_api_command_reply(
    ngx_household_redis_op_t *op, ngx_household_resp_reply_t *reply);
static void ngx_http_household_api_command_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status);


ngx_int_t
ngx_http_household_api_call_read(ngx_http_household_api_call_t *call,
    ngx_http_household_api_next_pt next)
{
    return ngx_http_household_api_call_read_other(call, &call->path.account,
                                                  &call->account, next);
}


ngx_int_t
ngx_http_household_api_call_read_other(ngx_http_household_api_call_t *call,
    ngx_str_t *id, ngx_household_account_t *account,
    ngx_http_household_api_next_pt next)
{
    if (ngx_http_household_api_call_start(call, next) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->op = ngx_household_account_read(call->conf->redis->redis,
                                          call->request->pool, id, account,
                                          ngx_http_household_api_call_done,
                                          call);
    if (call->op == NULL) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        return next(call);
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_household_api_call_start(ngx_http_household_api_call_t *call,
    ngx_http_household_api_next_pt next)
{
    ngx_http_cleanup_t  *cln;

    call->next = next;

    if (call->event.handler != NULL) {
        return NGX_OK;
    }

    cln = ngx_http_cleanup_add(call->request, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_household_api_call_cleanup;
    cln->data = call;

    call->event.handler = ngx_http_household_api_call_continue;
    call->event.data = call;
    call->event.log = call->request->connection->log;

    return NGX_OK;
}


static void
ngx_http_household_api_call_done(void *data,
    ngx_household_account_result_e result, ngx_uint_t n)
{
    ngx_http_household_api_call_t *call = data;

    call->op = NULL;
    call->command = NULL;
    call->result = result;
    call->changes = n;

    ngx_post_event(&call->event, &ngx_posted_events);
}


static void
ngx_http_household_api_call_continue(ngx_event_t *ev)
{
    ngx_http_household_api_call_t *call = ev->data;

    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = call->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    rc = call->next(call);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_household_api_call_cleanup(void *data)
{
    ngx_http_household_api_call_t *call = data;

    ngx_http_household_api_command_t  *command;

    ngx_household_account_cancel(call->op);

    if (call->command != NULL) {
        command = call->command->data;
        command->call = NULL;
        ngx_household_redis_op_await(call->command, 0);
    }

    if (call->event.posted) {
        ngx_delete_posted_event(&call->event);
    }
}


ngx_http_household_api_call_t *
ngx_http_household_api_call_find(ngx_http_request_t *r)
{
    ngx_http_cleanup_t             *cln;
    ngx_http_household_api_call_t  *call;

    /* subrequests have their cleanup handlers in the main request */

    for (cln = r->main->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_household_api_call_cleanup) {
            continue;
        }

        call = cln->data;

        if (call->request == r) {
            return call;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_household_api_call_edit(ngx_http_household_api_call_t *call,
    ngx_str_t *id, ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_next_pt next)
{
    if (ngx_http_household_api_call_start(call, next) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->op = ngx_household_account_edit(call->conf->redis->redis, id,
                                          &plan->account->version,
                                          plan->edits.elts, plan->edits.nelts,
                                          ngx_http_household_api_call_done,
                                          call);
    if (call->op == NULL) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        return next(call);
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_household_api_call_erase(ngx_http_household_api_call_t *call,
    uint64_t *version, ngx_http_household_api_next_pt next)
{
    if (ngx_http_household_api_call_start(call, next) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->op = ngx_household_account_erase(call->conf->redis->redis,
                                           &call->path.account,
                                           &call->account, version,
                                           ngx_http_household_api_call_done,
                                           call);
    if (call->op == NULL) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        return next(call);
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_household_api_call_command(ngx_http_household_api_call_t *call,
    ngx_str_t *argv, ngx_uint_t argc,
    ngx_int_t (*reply)(ngx_http_household_api_call_t *call,
                       ngx_household_resp_reply_t *reply),
    ngx_http_household_api_next_pt next)
{
    ngx_household_resp_command_t       command;
    ngx_household_redis_result_e       status;
    ngx_http_household_api_command_t  *data;

    if (ngx_http_household_api_call_start(call, next) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    data = ngx_calloc(sizeof(ngx_http_household_api_command_t),
                      ngx_cycle->log);
    if (data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    data->call = call;
    data->reply = reply;

    command.argv = argv;
    command.argc = argc;

    call->command = ngx_household_redis_submit(call->conf->redis->redis,
                                        &command, &argv[1], 1,
                                        NGX_HOUSEHOLD_REDIS_API
                                        |NGX_HOUSEHOLD_REDIS_WRITE
                                        |NGX_HOUSEHOLD_REDIS_LATE
                                        |NGX_HOUSEHOLD_REDIS_NUMBERED,
                                        ngx_http_household_api_command_reply,
                                        ngx_http_household_api_command_done,
                                        data, &status);
    if (call->command == NULL) {
        ngx_free(data);
        call->result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
        return next(call);
    }

    ngx_household_redis_op_await(call->command, 1);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_household_api_command_reply(ngx_household_redis_op_t *op,
    ngx_household_resp_reply_t *reply)
{
    ngx_http_household_api_command_t *command = op->data;

    if (command->call == NULL) {
        return NGX_DECLINED;
    }

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        ngx_household_redis_log_error(
                                 command->call->conf->redis->redis, "control",
                                 &reply->values[0].str);
        command->failed = 1;
        return NGX_DECLINED;
    }

    return command->reply(command->call, reply);
}


static void
ngx_http_household_api_command_done(ngx_household_redis_op_t *op,
    ngx_household_redis_result_e status)
{
    ngx_household_account_result_e     result;
    ngx_http_household_api_command_t  *command = op->data;

    if (command->call != NULL) {

        switch (status) {

        case NGX_HOUSEHOLD_REDIS_RESULT_OK:
            result = command->failed ? NGX_HOUSEHOLD_ACCOUNT_ERROR
                                     : NGX_HOUSEHOLD_ACCOUNT_OK;
            break;

        case NGX_HOUSEHOLD_REDIS_RESULT_BUSY:
            result = NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE;
            break;

        default:
            result = NGX_HOUSEHOLD_ACCOUNT_TIMEOUT;
        }

        ngx_http_household_api_call_done(command->call, result, 0);
    }

    ngx_free(command);
}
