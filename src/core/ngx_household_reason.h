
/*
 * The reasons of verdicts: the fixed words of $household_reason, and of
 * $household_detail.
 */


#ifndef _NGX_HOUSEHOLD_REASON_H_INCLUDED_
#define _NGX_HOUSEHOLD_REASON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the fixed words of $household_reason, in the order of their names */

typedef enum {
    NGX_HOUSEHOLD_REASON_NONE = 0,

    /* not evaluated */
    NGX_HOUSEHOLD_REASON_OFF,
    NGX_HOUSEHOLD_REASON_OPTIONS,

    /* rule 1: the client is not authenticated */
    NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING,
    NGX_HOUSEHOLD_REASON_ACCOUNT_INVALID,
    NGX_HOUSEHOLD_REASON_TOKEN_MISSING,
    NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED,
    NGX_HOUSEHOLD_REASON_TOKEN_CONFLICT,
    NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM,
    NGX_HOUSEHOLD_REASON_TOKEN_KEY,
    NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE,
    NGX_HOUSEHOLD_REASON_TOKEN_CLAIM,
    NGX_HOUSEHOLD_REASON_TOKEN_ISSUER,
    NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE,
    NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED,
    NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET,
    NGX_HOUSEHOLD_REASON_TOKEN_URI,
    NGX_HOUSEHOLD_REASON_TOKEN_TYPE,
    NGX_HOUSEHOLD_REASON_TOKEN_DENIED,
    NGX_HOUSEHOLD_REASON_CLAIM,

    /* rule 2 */
    NGX_HOUSEHOLD_REASON_REVOKED,

    /* rule 3 */
    NGX_HOUSEHOLD_REASON_UNAVAILABLE,
    NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE,
    NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN,
    NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE,

    /* rules 4 to 13 */
    NGX_HOUSEHOLD_REASON_HOME,
    NGX_HOUSEHOLD_REASON_EXTRA_MEMBER,
    NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE,
    NGX_HOUSEHOLD_REASON_TRAVEL,
    NGX_HOUSEHOLD_REASON_UNREGISTERED,
    NGX_HOUSEHOLD_REASON_LEARNED,
    NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN,
    NGX_HOUSEHOLD_REASON_NOT_ENFORCED,
    NGX_HOUSEHOLD_REASON_ROLLOUT,
    NGX_HOUSEHOLD_REASON_MEMBER,
    NGX_HOUSEHOLD_REASON_NOT_SHARED,
    NGX_HOUSEHOLD_REASON_AWAY,
    NGX_HOUSEHOLD_REASON_GRACE,
    NGX_HOUSEHOLD_REASON_OUTSIDE,

    NGX_HOUSEHOLD_REASONS
} ngx_household_reason_e;


/* not a reason: what a function returns if there is no memory */
#define NGX_HOUSEHOLD_REASON_ERROR  NGX_HOUSEHOLD_REASONS


/*
 * The fixed words of $household_detail: why a viewer who is outside is not
 * inside.  The first that applies.
 */

typedef enum {
    NGX_HOUSEHOLD_DETAIL_NONE = 0,     /* not outside */
    NGX_HOUSEHOLD_DETAIL_SEAT_ENDED,
    NGX_HOUSEHOLD_DETAIL_DEVICE_EXPIRED,
    NGX_HOUSEHOLD_DETAIL_TRAVEL_OVER,
    NGX_HOUSEHOLD_DETAIL_FAMILY_MISSING,
    NGX_HOUSEHOLD_DETAIL_NEVER_SEEN,

    NGX_HOUSEHOLD_DETAILS
} ngx_household_detail_e;


/* the word of a reason, e.g. "home"; empty for NONE; static memory */
ngx_str_t *ngx_household_reason_name(ngx_household_reason_e reason);

/* the same for a detail, e.g. "seat_ended" */
ngx_str_t *ngx_household_detail_name(ngx_household_detail_e detail);


#endif /* _NGX_HOUSEHOLD_REASON_H_INCLUDED_ */
