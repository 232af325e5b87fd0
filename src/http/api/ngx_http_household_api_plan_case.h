
/*
 * Private to ngx_http_household_api_plan*.c.  What returns ngx_int_t returns
 * NGX_OK or NGX_ERROR, unless it says otherwise.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_PLAN_CASE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_PLAN_CASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_api_plan.h"


/* compares the texts, or the networks that they stand for */
ngx_uint_t ngx_http_household_api_plan_same(ngx_str_t *one,
    ngx_str_t *two);

/* returns 1 if the account has a home network, in whatever form, else 0 */
ngx_uint_t ngx_http_household_api_plan_has(
    ngx_http_household_api_plan_t *plan, ngx_str_t *network);

/*
 * Unsets the field with that name.  Returns NGX_DECLINED and fills "f" if there
 * is none.
 */
ngx_int_t ngx_http_household_api_plan_unset(
    ngx_http_household_api_plan_t *plan, ngx_str_t *text,
    ngx_http_household_api_fault_t *f);

/*
 * Reads a member of the body.  Returns NGX_OK and the time, 0 for null;
 * NGX_DECLINED if there is no such member; or NGX_ERROR.
 */
ngx_int_t ngx_http_household_api_plan_time(
    ngx_http_household_api_plan_t *plan, const char *name, int64_t *time);

/* sets "text" to a number, in memory of the plan */
ngx_int_t ngx_http_household_api_plan_number(
    ngx_http_household_api_plan_t *plan, int64_t n, ngx_str_t *text);

/* sets "text" to all of it, in memory of the plan */
ngx_int_t ngx_http_household_api_plan_join(
    ngx_http_household_api_plan_t *plan, const char *prefix, ngx_str_t *one,
    const char *middle, ngx_str_t *two, ngx_str_t *text);

/* adds an edit; "value" is used by SET only */
ngx_int_t ngx_http_household_api_plan_add(
    ngx_http_household_api_plan_t *plan, ngx_household_account_edit_e type,
    ngx_str_t *name, ngx_str_t *value);

/* fills "f", and returns NGX_DECLINED */
ngx_int_t ngx_http_household_api_plan_fault(
    ngx_http_household_api_fault_t *f, ngx_uint_t status, const char *code,
    const char *detail, const char *pointer);


#endif /* _NGX_HTTP_HOUSEHOLD_API_PLAN_CASE_H_INCLUDED_ */
