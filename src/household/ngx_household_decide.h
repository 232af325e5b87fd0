
/*
 * The verdict: a pure function of the policy, the account's record, and the
 * facts of the request, which include the time.  There is no allocation, and
 * no access to the clock or to the request.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_network.h"
#include "ngx_household_reason.h"
#include "ngx_household_record.h"


/* "household", and the mode of household:control; in order of strictness */
#define NGX_HOUSEHOLD_OFF              0
#define NGX_HOUSEHOLD_MONITOR          1
#define NGX_HOUSEHOLD_ON               2

/* "household_unavailable", "household_unregistered", "..._family_unknown" */
#define NGX_HOUSEHOLD_ALLOW            0
#define NGX_HOUSEHOLD_DENY             1
#define NGX_HOUSEHOLD_LEARN            2

/* percentage of all accounts, in units of 0.01 % */
#define NGX_HOUSEHOLD_ROLLOUT_ALL  10000

/* seconds after which a device that stays at a place is written again */
#define NGX_HOUSEHOLD_WRITER_INTERVAL  NGX_HOUSEHOLD_DAY


typedef enum {
    NGX_HOUSEHOLD_VERDICT_ALLOW = 0,
    NGX_HOUSEHOLD_VERDICT_DENY,
    NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED
} ngx_household_verdict_e;


/* the result of the presence rule, if "household_sharing" is on */

typedef enum {
    NGX_HOUSEHOLD_SHARING_OFF = 0,     /* the address alone decides */
    NGX_HOUSEHOLD_SHARING_MEMBER,      /* a member, or a member is here */
    NGX_HOUSEHOLD_SHARING_SEAT,        /* another household, paid for */
    NGX_HOUSEHOLD_SHARING_NOT_SHARED,  /* no other household was seen */
    NGX_HOUSEHOLD_SHARING_SHARED       /* the only value that denies */
} ngx_household_sharing_e;


/* set by the configuration and household:control */

typedef struct {
    ngx_uint_t   mode;                 /* NGX_HOUSEHOLD_MONITOR or _ON */
    ngx_uint_t   unavailable;          /* NGX_HOUSEHOLD_ALLOW or _DENY */
    ngx_uint_t   unregistered;         /* _ALLOW, _DENY or _LEARN */
    ngx_uint_t   family_unknown;       /* _ALLOW or _DENY */
    ngx_uint_t   ipv6_prefix;          /* bits, 1-128 */
    ngx_uint_t   rollout;              /* 0-NGX_HOUSEHOLD_ROLLOUT_ALL */
    int64_t      trusted_device;       /* seconds; 0: no device is trusted */
    int64_t      grace;                /* seconds; 0: no grace period */
    ngx_uint_t   away_days;            /* 0-NGX_HOUSEHOLD_AWAY_MAX; 0: none */
    ngx_uint_t   away_period;          /* days, more than "away_days" */

    /* two letters each, without separators; empty: everywhere */
    ngx_str_t    enforce_in;
} ngx_household_policy_t;


/* input from the request */

typedef struct {
    /* rule 1: NONE, or the reason; the other members are then not used */
    ngx_household_reason_e  unauthorized;

    ngx_household_addr_t    addr;
    ngx_str_t               device;    /* may be empty */
    int64_t                 now;       /* Unix seconds */
    int64_t                 issued_at; /* or NGX_HOUSEHOLD_ISSUED_UNKNOWN */
    ngx_uint_t              token;     /* identity comes from a token */
    ngx_uint_t              bucket;    /* 0-9999, stable per account */

    /* rule 3: why there is no record: UNAVAILABLE or RECORD_TOO_LARGE */
    ngx_household_reason_e  no_record;

    ngx_household_sharing_e  sharing;

    /* the client has brought back the state of an offer to this account */
    ngx_uint_t               returned; /* unsigned  returned:1; */
} ngx_household_facts_t;


typedef struct {
    ngx_household_verdict_e  verdict;
    ngx_household_reason_e   reason;
    ngx_household_detail_e   detail;

    /* monitor mode: the verdict above is not enforced */
    unsigned                 monitored:1;

    /* denied, and the plan has a free seat that can be offered */
    unsigned                 free_seat:1;

    /* writes to Redis; none of them changes the verdict */
    unsigned                 write_device:1; /* "seen" of the device */
    unsigned                 drop_oldest:1;  /* in place of the oldest */
    unsigned                 join:1;         /* "network" is the seat's */
    unsigned                 learn:1;        /* a day of "evidence" */
    unsigned                 write_away:1;   /* a day outside */
    unsigned                 start_grace:1;
    unsigned                 home_again:1;   /* after a grace period */
    unsigned                 left_again:1;   /* not long enough at home */

    unsigned                 matched:1;      /* "network" is set */

    /* denied: of the account, for the offer; zeros: unknown */
    u_char                   country[2];

    /* the network that contains the client, or that may become the home */
    ngx_household_network_t  network;

    /* the seat of the extra member, or empty; points into the record */
    ngx_str_t                seat;

    /* write_device: the places to be written; points into the record */
    ngx_uint_t               nseen;
    ngx_household_seen_t     seen[NGX_HOUSEHOLD_SEEN_MAX];

    /* learn: today's address of the household, without a prefix length */
    ngx_household_network_t  evidence;
} ngx_household_decision_t;


/*
 * Decides by the first rule that matches (docs/verdict.md has the table).
 * "rec" is NULL if there is no record of the account.  Fills all of "d".
 */
void ngx_household_decide(const ngx_household_policy_t *policy,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_decision_t *d);

/*
 * Decides by another policy what "policy" has decided as "first", with the same
 * record and facts: only "bucket" and "sharing" may differ.  Sets *verdict and
 * *reason, as ngx_household_decide() would, with less work: of the rules that
 * ask no policy, the outcome is known.
 */
void ngx_household_decide_second(const ngx_household_policy_t *policy,
    const ngx_household_decision_t *first, const ngx_household_policy_t *other,
    const ngx_household_facts_t *facts, const ngx_household_record_t *rec,
    ngx_household_verdict_e *verdict, ngx_household_reason_e *reason);

/*
 * Returns the bucket of an account id, 0-9999.  The bucket is the same on
 * every machine and in every release: an account that is enforced stays
 * enforced while the percentage grows.
 */
ngx_uint_t ngx_household_decide_bucket(const ngx_str_t *account);


#endif /* _NGX_HOUSEHOLD_DECIDE_H_INCLUDED_ */
