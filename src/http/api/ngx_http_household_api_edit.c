
/*
 * Changes of an account: read, check, and write if nothing has changed since.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_edit.h"
#include "ngx_http_household_api_write.h"


/* attempts, if others change the account at the same time */
#define NGX_HTTP_HOUSEHOLD_API_TRIES  10


static ngx_int_t ngx_http_household_api_edit_start(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_edit_read(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_edit_known(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_edit_made(
    ngx_http_household_api_call_t *call);


ngx_int_t
ngx_http_household_api_edit(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_write_start(call,
                                            ngx_http_household_api_edit_start);
}


static ngx_int_t
ngx_http_household_api_edit_start(ngx_http_household_api_call_t *call)
{
    static const char  *names[] = { "country", "seats" };

    if (call->request->method == NGX_HTTP_PATCH
        && !ngx_http_household_api_plan_known(call->body, names, 2))
    {
        return ngx_http_household_api_problem(call->request, 422,
                                     "invalid_value", "only \"country\" and "
                                     "\"seats\" can be changed", NULL);
    }

    return ngx_http_household_api_edit_read(call);
}


static ngx_int_t
ngx_http_household_api_edit_read(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_call_read(call,
                                            ngx_http_household_api_edit_known);
}


static ngx_int_t
ngx_http_household_api_edit_known(ngx_http_household_api_call_t *call)
{
    const char                      *invalid;
    ngx_http_request_t              *r;
    ngx_http_household_api_plan_t   *plan;
    ngx_household_record_builder_t  *builder;
    ngx_http_household_api_fault_t   fault;

    r = call->request;
    plan = &call->plan;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    if (!ngx_http_household_api_write_matches(call)) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_CONFLICT;
        return ngx_http_household_api_failed(call);
    }

    if (ngx_http_household_api_plan_init(plan, r->pool, &call->account)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    plan->resource = call->path.resource;
    plan->item = call->path.item;
    plan->body = call->body;
    plan->remove = (r->method == NGX_HTTP_DELETE);

    switch (ngx_http_household_api_plan_make(plan, &fault)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_household_api_problem(r, fault.status, fault.code,
                                              fault.detail, fault.pointer);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (plan->edits.nelts == 0) {
        return ngx_http_household_api_send(r, NGX_HTTP_NO_CONTENT, NULL);
    }

    builder = ngx_palloc(r->pool, sizeof(ngx_household_record_builder_t));
    if (builder == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    invalid = ngx_http_household_api_check(plan, builder);

    if (invalid != NULL) {
        return ngx_http_household_api_problem(r, 422, "invalid_value",
                                              invalid, NULL);
    }

    return ngx_http_household_api_call_edit(call, &call->path.account, plan,
                                            ngx_http_household_api_edit_made);
}


static ngx_int_t
ngx_http_household_api_edit_made(ngx_http_household_api_call_t *call)
{
    if (call->result == NGX_HOUSEHOLD_ACCOUNT_CONFLICT
        && ngx_http_household_api_write_condition(call->request) == NULL
        && ++call->tries < NGX_HTTP_HOUSEHOLD_API_TRIES)
    {
        /* an edge, or another client, was faster */
        return ngx_http_household_api_edit_read(call);
    }

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    return ngx_http_household_api_send(call->request, NGX_HTTP_NO_CONTENT,
                                       NULL);
}
