
/*
 * household-replay [-b BASE] [-k KEY] [-d N] [--json] -s SNAPSHOT LOG POLICY
 * household-replay --check SNAPSHOT
 *
 * The verdicts of a policy on recorded requests.  See docs/replay.md.
 */


#include "replay.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


#define REPLAY_BUFFER  (1024 * 1024)


typedef struct {
    const char  *base;
    const char  *key;
    const char  *snapshot;
    const char  *log;
    const char  *policy;
    const char  *check;
    long         differing;            /* lines to be shown */
    int          json;
} replay_options_t;


static void replay_options(replay_options_t *o, int argc, char **argv);
static void replay_usage(FILE *out);
static void replay_log(const replay_options_t *o,
    const ngx_household_policy_t *policy, replay_counts_t *counts);
static void replay_line(const replay_options_t *o,
    const ngx_household_policy_t *policy, replay_counts_t *counts,
    u_char *p, u_char *last);
static ngx_uint_t replay_same(const replay_line_t *line,
    const ngx_household_decision_t *d);
static void replay_facts(ngx_household_facts_t *facts,
    const replay_line_t *line, const replay_account_t *a);
static void replay_identity(ngx_household_facts_t *facts,
    const replay_line_t *line);
static ngx_uint_t replay_is(const ngx_str_t *text,
    ngx_household_reason_e reason);
static void replay_count(replay_line_t *line, replay_account_t *a,
    const ngx_household_decision_t *d, replay_counts_t *counts);
static void replay_count_cause(replay_account_t *a, replay_table_e table,
    const ngx_household_decision_t *d, replay_counts_t *counts);


int
main(int argc, char **argv)
{
    replay_counts_t         counts;
    replay_options_t        o;
    ngx_household_policy_t  policy;

    replay_options(&o, argc, argv);

    if (o.check != NULL) {
        return replay_records_check(o.check) ? 3 : 0;
    }

    memset(&counts, 0, sizeof(replay_counts_t));
    replay_policy_defaults(&policy);

    if (o.base != NULL) {
        replay_policy_read(&policy, o.base);
    }

    replay_policy_read(&policy, o.policy);
    replay_records_read(o.snapshot, o.key, &counts);
    replay_log(&o, &policy, &counts);

    if (o.json) {
        replay_report_json(&counts);
    } else {
        replay_report(&counts);
    }

    if (fflush(stdout) != 0) {
        replay_die("standard output: %s", strerror(errno));
    }

    return 0;
}


static void
replay_options(replay_options_t *o, int argc, char **argv)
{
    int    i;
    char  *end;

    memset(o, 0, sizeof(replay_options_t));

    for (i = 1; i < argc; i++) {

        if (strcmp(argv[i], "--json") == 0) {
            o->json = 1;

        } else if (strcmp(argv[i], "-h") == 0
                   || strcmp(argv[i], "--help") == 0)
        {
            replay_usage(stdout);
            exit(0);

        } else if (strcmp(argv[i], "--check") == 0 && argc == 3 && i == 1) {
            o->check = argv[2];
            return;

        } else if (strcmp(argv[i], "-b") == 0 && i + 1 < argc) {
            o->base = argv[++i];

        } else if (strcmp(argv[i], "-k") == 0 && i + 1 < argc) {
            o->key = argv[++i];

        } else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc) {
            o->snapshot = argv[++i];

        } else if (strcmp(argv[i], "-d") == 0 && i + 1 < argc) {
            o->differing = strtol(argv[++i], &end, 10);

            if (*end != '\0' || o->differing < 0) {
                break;
            }

        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            break;

        } else if (o->log == NULL) {
            o->log = argv[i];

        } else if (o->policy == NULL) {
            o->policy = argv[i];

        } else {
            break;
        }
    }

    if (i < argc || o->policy == NULL || o->snapshot == NULL
        || (strcmp(o->log, "-") == 0 && strcmp(o->snapshot, "-") == 0))
    {
        replay_usage(stderr);
        exit(2);
    }
}


static void
replay_usage(FILE *out)
{
    fputs("usage: household-replay [-b BASE] [-k KEY] [-d N] [--json]\n"
          "                        -s SNAPSHOT LOG POLICY\n"
          "       household-replay --check SNAPSHOT\n"
          "\n"
          "Judges the requests of an access log by another policy; or lists\n"
          "what every edge ignores of a snapshot.\n"
          "\n"
          "  LOG          lines of nginx's log_format of docs/replay.md\n"
          "  POLICY       a file of directives, as in household_policy\n"
          "  -b BASE      directives that POLICY does not have\n"
          "  -s SNAPSHOT  what Redis has, from \"household-ctl export\"\n"
          "  -k KEY       file of household_hmac_key: the log has pseudonyms\n"
          "  -d N         show N lines whose verdict is not the recorded one\n"
          "  --json       print a JSON object\n"
          "\n"
          "LOG or SNAPSHOT may be -, for standard input.\n"
          "\n"
          "Exit status: 0 done, 1 a file cannot be read, 2 usage, 3 an edge\n"
          "ignores something.\n", out);
}


static void
replay_log(const replay_options_t *o, const ngx_household_policy_t *policy,
    replay_counts_t *counts)
{
    FILE        *in;
    size_t       have, n;
    u_char      *p, *end, *last;
    ngx_uint_t   rest;             /* of a line that was counted */

    static u_char  buf[REPLAY_BUFFER];

    in = strcmp(o->log, "-") == 0 ? stdin : fopen(o->log, "r");

    if (in == NULL) {
        replay_die("%s: %s", o->log, strerror(errno));
    }

    have = 0;
    rest = 0;

    do {
        n = fread(buf + have, 1, sizeof(buf) - have, in);
        last = buf + have + n;

        for (p = buf; (end = memchr(p, '\n', last - p)) != NULL; p = end + 1) {

            if (!rest) {
                replay_line(o, policy, counts, p, end);
            }

            rest = 0;
        }

        have = last - p;

        if (have == sizeof(buf) || (n == 0 && have != 0)) {

            /* a line that is too long, or without an end */

            counts->lines += !rest;
            counts->invalid += !rest;
            rest = 1;
            have = 0;
        }

        memmove(buf, p, have);

    } while (n != 0);

    if (ferror(in)) {
        replay_die("%s: %s", o->log, strerror(errno));
    }

    (void) fclose(in);
}


static void
replay_line(const replay_options_t *o, const ngx_household_policy_t *policy,
    replay_counts_t *counts, u_char *p, u_char *last)
{
    ngx_str_t                 *reason;
    replay_line_t              line;
    ngx_household_decision_t  *d;

    counts->lines++;

    switch (replay_log_parse(&line, p, last)) {

    case REPLAY_LINE_SKIPPED:
        counts->skipped++;
        return;

    case REPLAY_LINE_INVALID:
        counts->invalid++;
        return;

    default: /* REPLAY_LINE */
        break;
    }

    d = replay_judge(policy, &line, counts);
    reason = ngx_household_reason_name(d->reason);

    if (replay_same(&line, d)) {
        counts->as_recorded++;
        return;
    }

    if (counts->judged - counts->as_recorded <= (uint64_t) o->differing) {
        printf("%s %.*s: %.*s\n",
               d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW ? "allow"
               : d->verdict == NGX_HOUSEHOLD_VERDICT_DENY ? "deny"
               : "unauthorized", (int) reason->len, reason->data,
               (int) (last - p), p);
    }
}


/* monitor passes what it records as denied, or without a valid identity */

static ngx_uint_t
replay_same(const replay_line_t *line, const ngx_household_decision_t *d)
{
    return (line->outcome == REPLAY_ALLOW)
           == (d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW)
           && replay_is(&line->reason, d->reason);
}


ngx_household_decision_t *
replay_judge(const ngx_household_policy_t *policy, replay_line_t *line,
    replay_counts_t *counts)
{
    replay_account_t       *a;
    ngx_household_facts_t   facts;

    static replay_account_t          nobody;
    static ngx_household_decision_t  d;

    a = line->account.len != 0 ? replay_records_get(&line->account) : &nobody;

    replay_facts(&facts, line, a);

    if (a == &nobody
        || (line->outcome != REPLAY_ALLOW
            && !replay_is(&line->reason, NGX_HOUSEHOLD_REASON_OUTSIDE)))
    {
        replay_identity(&facts, line);
    }

    ngx_household_decide(policy, &facts, a->record, &d);

    replay_count(line, a, &d, counts);

    return &d;
}


static void
replay_facts(ngx_household_facts_t *facts, const replay_line_t *line,
    const replay_account_t *a)
{
    memset(facts, 0, sizeof(ngx_household_facts_t));

    facts->addr = line->addr;
    facts->device = line->device;
    facts->now = line->time;
    facts->issued_at = line->issued_at;
    facts->bucket = a->bucket;

    /* only a record that is over a limit is not in the table */

    facts->no_record = a->known ? NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE
                                : NGX_HOUSEHOLD_REASON_UNAVAILABLE;
}


/* what is wrong with an identity is in the log, and not in the snapshot */

static void
replay_identity(ngx_household_facts_t *facts, const replay_line_t *line)
{
    ngx_uint_t  reason;

    for (reason = NGX_HOUSEHOLD_REASON_NONE + 1;
         reason < NGX_HOUSEHOLD_REASON_HOME;
         reason++)
    {
        if (!replay_is(&line->reason, reason)) {
            continue;
        }

        if (reason <= NGX_HOUSEHOLD_REASON_REVOKED) {
            facts->unauthorized = reason;
        } else {
            facts->no_record = reason;
        }
    }
}


static ngx_uint_t
replay_is(const ngx_str_t *text, ngx_household_reason_e reason)
{
    ngx_str_t  *name;

    name = ngx_household_reason_name(reason);

    return text->len == name->len
           && memcmp(text->data, name->data, name->len) == 0;
}


static void
replay_count(replay_line_t *line, replay_account_t *a,
    const ngx_household_decision_t *d, replay_counts_t *counts)
{
    ngx_uint_t  account;

    counts->judged++;

    account = (line->account.len != 0);

    if (account && !a->asked) {
        a->asked = 1;
        counts->accounts++;
        counts->unknown += !a->known;
    }

    if (d->verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED) {
        counts->unauthorized++;
        return;
    }

    if (line->outcome == REPLAY_DENY) {
        counts->was_denied.requests++;
        counts->was_denied.accounts += account && !a->was_denied;
        a->was_denied = 1;
    }

    if (d->verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {

        if (line->outcome == REPLAY_DENY) {
            counts->freed.requests++;
            counts->freed.accounts += account && !a->freed;
            a->freed = 1;
        }

        return;
    }

    counts->denied.requests++;
    counts->denied.accounts += account && !a->denied;
    a->denied = 1;

    replay_count_cause(a, REPLAY_DENIED, d, counts);

    if (line->outcome != REPLAY_DENY) {
        counts->denied_new.requests++;
        counts->denied_new.accounts += account && !a->denied_new;
        a->denied_new = 1;

        replay_count_cause(a, REPLAY_NEW, d, counts);
    }
}


static void
replay_count_cause(replay_account_t *a, replay_table_e table,
    const ngx_household_decision_t *d, replay_counts_t *counts)
{
    uint64_t         bit;
    ngx_uint_t       cause;
    replay_count_t  *count;

    switch (d->reason) {

    case NGX_HOUSEHOLD_REASON_OUTSIDE:
        cause = d->detail;
        break;

    case NGX_HOUSEHOLD_REASON_UNREGISTERED:
        cause = NGX_HOUSEHOLD_DETAILS + d->detail;
        break;

    default:
        cause = 2 * NGX_HOUSEHOLD_DETAILS + d->reason;
    }

    count = &counts->causes[table][cause];
    bit = (uint64_t) 1 << cause % 64;

    count->requests++;
    count->accounts += !(a->causes[table][cause / 64] & bit);

    a->causes[table][cause / 64] |= bit;
}
