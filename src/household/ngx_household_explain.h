
/*
 * Why a verdict is what it is: each rule in its order, what it looked at, and
 * why it matched or did not.
 *
 * The verdict is that of ngx_household_decide().  The explanation of a rule is
 * computed from the same policy, facts and record, and a unit test compares
 * both on random cases: a rule before the one that decided says that it does
 * not match, and the one that decided says that it does.
 */


#ifndef _NGX_HOUSEHOLD_EXPLAIN_H_INCLUDED_
#define _NGX_HOUSEHOLD_EXPLAIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"


/* the rules of docs/verdict.md are numbered from 1 */
#define NGX_HOUSEHOLD_RULES          13

/* bytes of one explanation: four ids, three networks, and the words */
#define NGX_HOUSEHOLD_EXPLAIN_TEXT  1024


typedef struct {
    ngx_uint_t                matches; /* unsigned  matches:1; */
    size_t                    len;
    u_char                    text[NGX_HOUSEHOLD_EXPLAIN_TEXT];
} ngx_household_explain_step_t;


typedef struct {
    ngx_household_decision_t      decision;

    /* the rule that decided; the steps up to it are filled, steps[rule - 1]
     * is the last */
    ngx_uint_t                    rule;
    ngx_household_explain_step_t  steps[NGX_HOUSEHOLD_RULES];
} ngx_household_explain_t;


/*
 * Decides as ngx_household_decide() does, and explains it.  The texts are
 * English sentences without a period.  They may contain ids of the record and
 * of the facts, in the bytes in which they are stored.  Fills "e".
 */
void ngx_household_explain(const ngx_household_policy_t *policy,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_explain_t *e);

/* returns the word for a rule, 1 to NGX_HOUSEHOLD_RULES; static memory */
const char *ngx_household_explain_name(ngx_uint_t rule);


#endif /* _NGX_HOUSEHOLD_EXPLAIN_H_INCLUDED_ */
