
/*
 * POST of a transfer: reads both accounts, writes the other one, and then
 * removes from the first what it has given.
 *
 * The accounts are in different hash slots: two scripts.  If the second one is
 * not run, the call can be repeated.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_str.h"
#include "ngx_http_household_api_transfer.h"
#include "ngx_http_household_api_write.h"


/* attempts, if others change the accounts at the same time */
#define NGX_HTTP_HOUSEHOLD_API_TRANSFER_TRIES  10


typedef struct ngx_http_household_api_transfer_s {
    ngx_str_t                        id;       /* of the other account */
    ngx_household_account_t          account;
    ngx_http_household_api_plan_t    from;
    ngx_http_household_api_plan_t    to;
    ngx_household_record_builder_t  *builder;
} ngx_http_household_api_transfer_t;


static ngx_int_t ngx_http_household_api_transfer_start(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_transfer_read(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_transfer_from(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_transfer_to(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_transfer_plan(
    ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *fault);
static ngx_int_t ngx_http_household_api_transfer_given(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_transfer_removed(
    ngx_http_household_api_call_t *call);


ngx_int_t
ngx_http_household_api_transfer(ngx_http_household_api_call_t *call)
{
    ngx_pool_t                         *pool;
    ngx_http_household_api_transfer_t  *transfer;

    pool = call->request->pool;

    transfer = ngx_pcalloc(pool, sizeof(ngx_http_household_api_transfer_t));
    if (transfer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    transfer->builder = ngx_palloc(pool,
                                   sizeof(ngx_household_record_builder_t));
    if (transfer->builder == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->transfer = transfer;

    return ngx_http_household_api_write_start(call,
                                       ngx_http_household_api_transfer_start);
}


static ngx_int_t
ngx_http_household_api_transfer_start(ngx_http_household_api_call_t *call)
{
    ngx_str_t  *id;

    id = &call->transfer->id;

    if (ngx_household_json_string(call->body, "to", id) != NGX_OK
        || id->len == 0 || id->len > NGX_HOUSEHOLD_ID_LEN
        || !ngx_household_id_valid(id)
        || ngx_household_str_equal(id, &call->path.account))
    {
        return ngx_http_household_api_problem(call->request, 422,
                                              "invalid_value", "\"to\" is not "
                                              "the id of another account",
                                              "#/to");
    }

    /* the body is freed before the line of the audit log is written */

    id->data = ngx_pstrdup(call->request->pool, id);
    if (id->data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->other = id;

    return ngx_http_household_api_transfer_read(call);
}


static ngx_int_t
ngx_http_household_api_transfer_read(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_call_read(call,
                                        ngx_http_household_api_transfer_from);
}


static ngx_int_t
ngx_http_household_api_transfer_from(ngx_http_household_api_call_t *call)
{
    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    if (!ngx_http_household_api_write_matches(call)) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_CONFLICT;
        return ngx_http_household_api_failed(call);
    }

    return ngx_http_household_api_call_read_other(call, &call->transfer->id,
                                          &call->transfer->account,
                                          ngx_http_household_api_transfer_to);
}


static ngx_int_t
ngx_http_household_api_transfer_to(ngx_http_household_api_call_t *call)
{
    ngx_http_household_api_fault_t      fault;
    ngx_http_household_api_transfer_t  *transfer;

    transfer = call->transfer;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    switch (ngx_http_household_api_transfer_plan(call, &fault)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_household_api_problem(call->request, fault.status,
                                              fault.code, fault.detail,
                                              fault.pointer);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (transfer->to.edits.nelts == 0) {
        /* it was given before */
        return ngx_http_household_api_transfer_given(call);
    }

    return ngx_http_household_api_call_edit(call, &transfer->id, &transfer->to,
                                       ngx_http_household_api_transfer_given);
}


static ngx_int_t
ngx_http_household_api_transfer_plan(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *fault)
{
    ngx_int_t                           rc;
    ngx_pool_t                         *pool;
    const char                         *invalid;
    ngx_http_household_api_transfer_t  *transfer;

    transfer = call->transfer;
    pool = call->request->pool;

    if (ngx_http_household_api_plan_init(&transfer->from, pool,
                                         &call->account)
        != NGX_OK
        || ngx_http_household_api_plan_init(&transfer->to, pool,
                                            &transfer->account)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_household_api_plan_transfer(&transfer->from, &transfer->to,
                                              call->body, transfer->builder,
                                              fault);
    if (rc != NGX_OK) {
        return rc;
    }

    invalid = ngx_http_household_api_check(&transfer->to, transfer->builder);

    if (invalid == NULL) {
        return NGX_OK;
    }

    fault->status = 422;
    fault->code = "invalid_value";
    fault->detail = invalid;
    fault->pointer = NULL;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_household_api_transfer_given(ngx_http_household_api_call_t *call)
{
    if (call->result == NGX_HOUSEHOLD_ACCOUNT_CONFLICT
        && ++call->tries < NGX_HTTP_HOUSEHOLD_API_TRANSFER_TRIES)
    {
        return ngx_http_household_api_transfer_read(call);
    }

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    return ngx_http_household_api_call_edit(call, &call->path.account,
                                     &call->transfer->from,
                                     ngx_http_household_api_transfer_removed);
}


static ngx_int_t
ngx_http_household_api_transfer_removed(ngx_http_household_api_call_t *call)
{
    if (call->result == NGX_HOUSEHOLD_ACCOUNT_CONFLICT
        && ngx_http_household_api_write_condition(call->request) == NULL
        && ++call->tries < NGX_HTTP_HOUSEHOLD_API_TRANSFER_TRIES)
    {
        /* an edge was faster: what the other account has by now is kept */
        return ngx_http_household_api_transfer_read(call);
    }

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    return ngx_http_household_api_send(call->request, NGX_HTTP_NO_CONTENT,
                                       NULL);
}
