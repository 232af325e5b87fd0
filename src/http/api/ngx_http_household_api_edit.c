
/*
 * Changes of an account: read, check, and write if nothing has changed since.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_str.h"
#include "ngx_http_household_api_edit.h"
#include "ngx_http_household_api_plan.h"
#include "ngx_http_household_api_write.h"


/* times that a change is made of an account that others change, too */
#define NGX_HTTP_HOUSEHOLD_API_TRIES  10


static ngx_int_t ngx_http_household_api_edit_read(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_edit_known(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_edit_made(
    ngx_http_household_api_call_t *call);
static const char *ngx_http_household_api_edit_check(
    ngx_http_household_api_call_t *call,
    ngx_household_record_builder_t *builder);
static const char *ngx_http_household_api_edit_fits(
    ngx_http_household_api_call_t *call,
    ngx_household_record_builder_t *builder);
static ngx_uint_t ngx_http_household_api_edit_replaces(
    ngx_http_household_api_call_t *call, ngx_uint_t home, ngx_str_t *name);


ngx_int_t
ngx_http_household_api_edit(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_write_start(call,
                                             ngx_http_household_api_edit_read);
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
    ngx_household_record_builder_t  *builder;
    ngx_http_household_api_fault_t   fault;

    r = call->request;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    if (!ngx_http_household_api_write_matches(call)) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_CONFLICT;
        return ngx_http_household_api_failed(call);
    }

    switch (ngx_http_household_api_plan(call, &fault)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_household_api_problem(r, fault.status, fault.code,
                                              fault.detail, fault.pointer);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (call->edits.nelts == 0) {
        return ngx_http_household_api_send(r, NGX_HTTP_NO_CONTENT, NULL);
    }

    builder = ngx_palloc(r->pool, sizeof(ngx_household_record_builder_t));
    if (builder == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    invalid = ngx_http_household_api_edit_check(call, builder);

    if (invalid == NULL) {
        invalid = ngx_http_household_api_edit_fits(call, builder);
    }

    if (invalid != NULL) {
        return ngx_http_household_api_problem(r, 422, "invalid_value",
                                              invalid, NULL);
    }

    return ngx_http_household_api_call_edit(call, &call->account.version,
                                            call->edits.elts,
                                            call->edits.nelts,
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


/* returns why an edge would drop what is added, or NULL */

static const char *
ngx_http_household_api_edit_check(ngx_http_household_api_call_t *call,
    ngx_household_record_builder_t *builder)
{
    ngx_uint_t                     i;
    ngx_household_account_edit_t  *edit;

    edit = call->edits.elts;

    for (i = 0; i < call->edits.nelts; i++) {

        ngx_household_record_builder_start(builder, 0);

        if (edit[i].type == NGX_HOUSEHOLD_ACCOUNT_ADD) {
            ngx_household_record_builder_add_home(builder, &edit[i].name);

        } else if (edit[i].type == NGX_HOUSEHOLD_ACCOUNT_SET) {
            (void) ngx_household_record_builder_add_field(builder,
                                                          &edit[i].name,
                                                          &edit[i].value);
        }

        if (builder->error != NULL) {
            return builder->error;
        }
    }

    return NULL;
}


/* returns why an edge would drop the whole record, or NULL */

static const char *
ngx_http_household_api_edit_fits(ngx_http_household_api_call_t *call,
    ngx_household_record_builder_t *builder)
{
    ngx_uint_t                      i, adds;
    ngx_household_account_t        *account;
    ngx_household_account_edit_t   *edit;
    ngx_household_account_field_t  *field;

    adds = 0;
    account = &call->account;

    ngx_household_record_builder_start(builder, ngx_time());

    for (i = 0; i < account->nhomes; i++) {

        if (!ngx_http_household_api_edit_replaces(call, 1, &account->homes[i]))
        {
            ngx_household_record_builder_add_home(builder, &account->homes[i]);
        }
    }

    for (i = 0; i < account->nfields; i++) {

        field = &account->fields[i];

        if (!ngx_http_household_api_edit_replaces(call, 0, &field->name)) {
            (void) ngx_household_record_builder_add_field(builder,
                                                          &field->name,
                                                          &field->value);
        }
    }

    edit = call->edits.elts;

    for (i = 0; i < call->edits.nelts; i++) {

        if (edit[i].type == NGX_HOUSEHOLD_ACCOUNT_ADD) {
            adds = 1;
            ngx_household_record_builder_add_home(builder, &edit[i].name);

        } else if (edit[i].type == NGX_HOUSEHOLD_ACCOUNT_SET) {
            adds = 1;
            (void) ngx_household_record_builder_add_field(builder,
                                                          &edit[i].name,
                                                          &edit[i].value);
        }
    }

    /* what is too large already can be made smaller */

    return adds && ngx_household_record_builder_finish(builder) == NULL
           ? "the account would be over a limit, and edges would not read it"
           : NULL;
}


static ngx_uint_t
ngx_http_household_api_edit_replaces(ngx_http_household_api_call_t *call,
    ngx_uint_t home, ngx_str_t *name)
{
    ngx_uint_t                     i;
    ngx_household_account_edit_t  *edit;

    edit = call->edits.elts;

    for (i = 0; i < call->edits.nelts; i++) {

        if ((edit[i].type == NGX_HOUSEHOLD_ACCOUNT_ADD
             || edit[i].type == NGX_HOUSEHOLD_ACCOUNT_REMOVE) == home
            && ngx_household_str_equal(&edit[i].name, name))
        {
            return 1;
        }
    }

    return 0;
}
