
/*
 * Whether an edge would read what a change adds.  See
 * ngx_http_household_api_plan.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_api_plan.h"


static const char *ngx_http_household_api_check_entries(
    ngx_http_household_api_plan_t *plan,
    ngx_household_record_builder_t *builder);
static const char *ngx_http_household_api_check_fits(
    ngx_http_household_api_plan_t *plan,
    ngx_household_record_builder_t *builder);


const char *
ngx_http_household_api_check(ngx_http_household_api_plan_t *plan,
    ngx_household_record_builder_t *builder)
{
    const char  *invalid;

    invalid = ngx_http_household_api_check_entries(plan, builder);

    return invalid != NULL ? invalid
                           : ngx_http_household_api_check_fits(plan, builder);
}


/* returns why an edge would drop what is added, or NULL */

static const char *
ngx_http_household_api_check_entries(ngx_http_household_api_plan_t *plan,
    ngx_household_record_builder_t *builder)
{
    ngx_uint_t                     i;
    ngx_household_account_edit_t  *edit;

    edit = plan->edits.elts;

    for (i = 0; i < plan->edits.nelts; i++) {

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
ngx_http_household_api_check_fits(ngx_http_household_api_plan_t *plan,
    ngx_household_record_builder_t *builder)
{
    ngx_uint_t                      i, adds;
    ngx_household_account_t        *account;
    ngx_household_account_edit_t   *edit;
    ngx_household_account_field_t  *field;

    adds = 0;
    account = plan->account;

    ngx_household_record_builder_start(builder, ngx_time());

    for (i = 0; i < account->nhomes; i++) {

        if (ngx_http_household_api_plan_find(plan, &account->homes[i],
                                             NGX_HOUSEHOLD_ACCOUNT_ADD,
                                             NGX_HOUSEHOLD_ACCOUNT_REMOVE)
            == NULL)
        {
            ngx_household_record_builder_add_home(builder, &account->homes[i]);
        }
    }

    for (i = 0; i < account->nfields; i++) {

        field = &account->fields[i];

        if (ngx_http_household_api_plan_find(plan, &field->name,
                                             NGX_HOUSEHOLD_ACCOUNT_SET,
                                             NGX_HOUSEHOLD_ACCOUNT_UNSET)
            == NULL)
        {
            (void) ngx_household_record_builder_add_field(builder,
                                                          &field->name,
                                                          &field->value);
        }
    }

    edit = plan->edits.elts;

    for (i = 0; i < plan->edits.nelts; i++) {

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
