
/*
 * household-replay: judges a recorded access log by another policy.
 *
 * policy.c reads the policy, records.c the snapshot of Redis, log.c the lines
 * of the log; report.c prints what replay.c has counted, error.c an error.
 */


#ifndef _REPLAY_H_INCLUDED_
#define _REPLAY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"


/* what was recorded, or what a policy says */

typedef enum {
    REPLAY_ALLOW = 0,
    REPLAY_DENY,
    REPLAY_UNAUTHORIZED,

    REPLAY_OUTCOMES
} replay_outcome_e;


/* causes of a denial: the detail of "outside" and "unregistered", or none */
#define REPLAY_CAUSES  (2 * NGX_HOUSEHOLD_DETAILS + NGX_HOUSEHOLD_REASONS)

/* a set of causes, as one account has them */
#define REPLAY_WORDS   ((REPLAY_CAUSES + 63) / 64)

/* tables of denials: all, and those of requests that were not denied */

typedef enum {
    REPLAY_DENIED = 0,
    REPLAY_NEW,

    REPLAY_TABLES
} replay_table_e;


typedef struct {
    uint64_t                 requests;
    uint64_t                 accounts;
} replay_count_t;


typedef struct {
    ngx_str_t                key;      /* account id or pseudonym */
    uint64_t                 hash;
    ngx_household_record_t  *record;
    ngx_uint_t               bucket;

    /* of the requests so far */
    unsigned                 asked:1;
    unsigned                 known:1;  /* in the snapshot */
    unsigned                 was_denied:1;
    unsigned                 denied:1;
    unsigned                 denied_new:1;
    unsigned                 freed:1;  /* was denied, and is not */
    uint64_t                 causes[REPLAY_TABLES][REPLAY_WORDS];
} replay_account_t;


/* a line of the log */

typedef struct {
    int64_t                  time;
    ngx_household_addr_t     addr;
    ngx_str_t                account;  /* or pseudonym; empty: unknown */
    ngx_str_t                device;
    int64_t                  issued_at;
    replay_outcome_e         outcome;  /* as recorded */
    ngx_str_t                reason;
} replay_line_t;


typedef enum {
    REPLAY_LINE = 0,
    REPLAY_LINE_SKIPPED,               /* was not evaluated */
    REPLAY_LINE_INVALID
} replay_line_e;


typedef struct {
    uint64_t                 lines;
    uint64_t                 skipped;
    uint64_t                 invalid;
    uint64_t                 judged;
    uint64_t                 as_recorded;
    uint64_t                 accounts;
    uint64_t                 unknown;  /* accounts not in the snapshot */

    replay_count_t           was_denied;
    replay_count_t           denied;
    replay_count_t           denied_new;
    replay_count_t           freed;
    uint64_t                 unauthorized;
    replay_count_t           causes[REPLAY_TABLES][REPLAY_CAUSES];

    uint64_t                 snapshot; /* accounts of the snapshot */
    uint64_t                 snapshot_invalid; /* its lines */
} replay_counts_t;


/* prints a message and exits with status 1 */
void replay_die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* sets the defaults of the directives */
void replay_policy_defaults(ngx_household_policy_t *policy);

/*
 * Reads a file of directives into "policy"; what it does not have is left.
 * "without_sharing" is set by "household_sharing off".  Dies at an error.
 */
void replay_policy_read(ngx_household_policy_t *policy, const char *file);

/*
 * Reads a snapshot, a JSON object a line.  With a file of household_hmac_key
 * the accounts are known by their pseudonyms.  Dies if it cannot be read.
 */
void replay_records_read(const char *file, const char *key_file,
    replay_counts_t *counts);

/*
 * Reads a snapshot, and prints what every edge ignores of it.  Returns the
 * number of accounts with such an entry, and of lines that are no account.
 */
uint64_t replay_records_check(const char *file);

/* returns the account of that id or pseudonym; adds one without a record */
replay_account_t *replay_records_get(const ngx_str_t *key);

/*
 * Parses a line, "last" being its end.  The strings point into the line, which
 * is changed where characters are escaped.
 */
replay_line_e replay_log_parse(replay_line_t *line, u_char *p, u_char *last);

/* judges a line, and counts it; returns what the policy says */
ngx_household_decision_t *replay_judge(const ngx_household_policy_t *policy,
    replay_line_t *line, replay_counts_t *counts);

void replay_report(const replay_counts_t *counts);
void replay_report_json(const replay_counts_t *counts);


#endif /* _REPLAY_H_INCLUDED_ */
