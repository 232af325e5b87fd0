
/*
 * What a change of an account is made of.  Private to the room.  Knows no
 * request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_PLAN_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_PLAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_account.h"
#include "ngx_household_jose.h"
#include "ngx_http_household_api_index.h"
#include "ngx_http_household_api_path.h"


/* what is wrong with a request: see ngx_http_household_api_problem() */

typedef struct {
    ngx_uint_t     status;
    const char    *code;
    const char    *detail;
    const char    *pointer;
} ngx_http_household_api_fault_t;


typedef struct {
    ngx_pool_t                         *pool;
    ngx_household_account_t            *account;   /* as it was read */
    ngx_array_t                         edits;

    /* the part of the account that changes */
    ngx_http_household_api_resource_e   resource;
    ngx_str_t                           item;
    json_t                             *body;      /* NULL: none */
    unsigned                            remove:1;  /* DELETE */

    /* of edits, and of the account's home networks; unless there are few */
    ngx_http_household_api_index_t      by_name;
    ngx_http_household_api_index_t      by_network;
} ngx_http_household_api_plan_t;


/* returns NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_api_plan_init(ngx_http_household_api_plan_t *plan,
    ngx_pool_t *pool, ngx_household_account_t *account);

/*
 * Adds the change of the resource to plan->edits.  Strings of the body and of
 * the account are not copied.  Returns NGX_OK; NGX_DECLINED and fills "fault"
 * if the change is not valid; or NGX_ERROR.
 */
ngx_int_t ngx_http_household_api_plan_make(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault);

/*
 * A transfer: adds to "from" what leaves its account, and to "to" what comes to
 * the other one, as the body says: a seat, or devices, and a home.  Returns as
 * ngx_http_household_api_plan_make().
 */
ngx_int_t ngx_http_household_api_plan_transfer(
    ngx_http_household_api_plan_t *from, ngx_http_household_api_plan_t *to,
    json_t *body, ngx_household_record_builder_t *builder,
    ngx_http_household_api_fault_t *fault);

/* finds the first edit of that name and one of two types; or returns NULL */
ngx_household_account_edit_t *ngx_http_household_api_plan_find(
    ngx_http_household_api_plan_t *plan, ngx_str_t *name,
    ngx_household_account_edit_e one, ngx_household_account_edit_e other);

/*
 * Checks what is added as an edge reads it.  Returns why an edge would drop an
 * entry, or the whole account if the change were made; or NULL.  "builder" is
 * used as memory.
 */
const char *ngx_http_household_api_check(ngx_http_household_api_plan_t *plan,
    ngx_household_record_builder_t *builder);

/*
 * Returns 1 if all members of the body are of the "n" names.  A member of
 * another name would change nothing, and seem to.
 */
ngx_uint_t ngx_http_household_api_plan_known(json_t *body,
    const char **names, ngx_uint_t n);


#endif /* _NGX_HTTP_HOUSEHOLD_API_PLAN_H_INCLUDED_ */
