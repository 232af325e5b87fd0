
/*
 * A line of an import: an account, and what is added to it.  Private to the
 * room.  Knows no request.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_LINE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_LINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_http_household_api_plan.h"


/* bytes of a line, at most */
#define NGX_HTTP_HOUSEHOLD_API_LINE  65536


typedef struct {
    json_t      *body;         /* to be freed by the caller; NULL: none */
    ngx_str_t    account;
    u_char       bytes[NGX_HOUSEHOLD_ID_LEN];
} ngx_http_household_api_line_t;


/*
 * Parses a line, without its line feed.  Returns NGX_OK; NGX_DECLINED and fills
 * "fault"; or NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_http_household_api_line_parse(
    ngx_http_household_api_line_t *line, const ngx_str_t *text,
    ngx_http_household_api_fault_t *fault);

/*
 * Adds to plan->edits what PATCH of the account and PUT of each entry would
 * change.  Returns as ngx_http_household_api_plan_make().
 */
ngx_int_t ngx_http_household_api_line_plan(ngx_http_household_api_line_t *line,
    ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault);


#endif /* _NGX_HTTP_HOUSEHOLD_API_LINE_H_INCLUDED_ */
