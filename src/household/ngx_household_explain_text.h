
/*
 * The text of an explanation.  Private to ngx_household_explain*.c.
 */


#ifndef _NGX_HOUSEHOLD_EXPLAIN_TEXT_H_INCLUDED_
#define _NGX_HOUSEHOLD_EXPLAIN_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"
#include "ngx_household_explain.h"
#include "ngx_household_record_entry.h"


/* the context of one explanation */

typedef struct {
    const ngx_household_policy_t  *policy;
    const ngx_household_facts_t   *facts;
    const ngx_household_record_t  *rec;
    ngx_household_explain_step_t  *step;
} ngx_household_explain_case_t;


/*
 * Appends to the text of the current step.  The format has
 *
 *     %s   a string that ends with NUL
 *     %V   ngx_str_t *
 *     %N   ngx_household_network_t *, with its prefix length
 *     %A   ngx_household_addr_t *
 *     %u   ngx_uint_t
 *     %T   int64_t, Unix seconds: "2026-11-25T20:00:00Z"
 *     %P   int64_t, seconds: "3 days"
 *
 * What does not fit is cut; NGX_HOUSEHOLD_EXPLAIN_TEXT is large enough for
 * all texts.
 */
void ngx_household_explain_add(ngx_household_explain_case_t *c,
    const char *fmt, ...);

/*
 * The rules in their order.  Each adds its text and returns 1 if the rule
 * matches.  Rules 2 and 4 to 13 need what the rules before have established:
 * that there is a record, and a client address.
 */
ngx_uint_t ngx_household_explain_home(ngx_household_explain_case_t *c);
ngx_uint_t ngx_household_explain_extra(ngx_household_explain_case_t *c);
ngx_uint_t ngx_household_explain_device(ngx_household_explain_case_t *c);
ngx_uint_t ngx_household_explain_travel(ngx_household_explain_case_t *c);


#endif /* _NGX_HOUSEHOLD_EXPLAIN_TEXT_H_INCLUDED_ */
