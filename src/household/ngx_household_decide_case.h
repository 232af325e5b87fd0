
/*
 * Declarations shared by the rules and the writes of a verdict.  Private to
 * ngx_household_decide*.c.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_CASE_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_CASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"


/* the context of one evaluation */

typedef struct {
    const ngx_household_policy_t  *policy;
    const ngx_household_facts_t   *facts;
    const ngx_household_record_t  *rec;
    ngx_household_decision_t      *d;

    /* where the device was seen before; set once the record is known */
    ngx_uint_t                     nseen;
    ngx_household_seen_t           seen[NGX_HOUSEHOLD_SEEN_MAX];

    /* of a second policy */
    unsigned                         verdict_only:1; /* no detail, no offer */
    unsigned                         no_network:1; /* rules 4 and 5: no match */
    unsigned                         no_travel:1; /* rule 7: no match */
} ngx_household_case_t;


/*
 * Returns 1 if at most "period" seconds have passed since a time, else 0.  A
 * time in the future was written by a clock ahead of this one, and is taken
 * as "now".
 */

static ngx_inline ngx_uint_t
ngx_household_decide_within(int64_t since, int64_t period, int64_t now)
{
    return since >= now || now - since <= period;
}


/*
 * Sets the writes for a device that is at home ("n" is 0), or at "n" paid
 * seats.
 */
void ngx_household_decide_write_device(ngx_household_case_t *c,
    const ngx_household_place_t *places, ngx_uint_t n);

/* sets a day of evidence that the client's network is the home */
void ngx_household_decide_learn(ngx_household_case_t *c);

/*
 * The same for an address family without a home network.  Evidence is then a
 * device that is allowed anyway, and was at home within a day.
 */
void ngx_household_decide_learn_family(ngx_household_case_t *c);

/* sets the write of a day outside */
void ngx_household_decide_write_away(ngx_household_case_t *c);


#endif /* _NGX_HOUSEHOLD_DECIDE_CASE_H_INCLUDED_ */
