
/*
 * What the rules and the writes of a verdict share; for ngx_household_decide*
 * only.
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
} ngx_household_case_t;


/*
 * The device is at home ("n" is 0), or at that many paid seats: sets what is
 * to be written of it.
 */
void ngx_household_decide_write_device(ngx_household_case_t *c,
    const ngx_household_place_t *places, ngx_uint_t n);

/* the network of the viewer may become the home: sets a day of evidence */
void ngx_household_decide_learn(ngx_household_case_t *c);

/*
 * The same for the family that the home lacks.  There, evidence is a device
 * that was let pass anyway, and was at home within a day.
 */
void ngx_household_decide_learn_family(ngx_household_case_t *c);

/* sets that this day outside is to be written */
void ngx_household_decide_write_away(ngx_household_case_t *c);

/*
 * Tells whether at most "period" seconds passed since a time.  A time that is
 * yet to come was written by a clock ahead of ours, and is taken for now.
 */
ngx_uint_t ngx_household_decide_within(int64_t since, int64_t period,
    int64_t now);


#endif /* _NGX_HOUSEHOLD_DECIDE_CASE_H_INCLUDED_ */
