
/*
 * What was counted, for people and for programs.
 */


#include "replay.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>


static void replay_report_row(const char *name, const replay_count_t *count);
static void replay_report_causes(const replay_counts_t *counts,
    replay_table_e table);
static void replay_report_cause(ngx_uint_t cause, char *name, size_t len);
static void replay_report_json_causes(const replay_counts_t *counts,
    replay_table_e table);


void
replay_report(const replay_counts_t *counts)
{
    printf("%" PRIu64 " lines: %" PRIu64 " judged, %" PRIu64
           " not evaluated, %" PRIu64 " not of the format\n",
           counts->lines, counts->judged, counts->skipped, counts->invalid);
    printf("%" PRIu64 " households, %" PRIu64 " of them not in the snapshot "
           "(%" PRIu64 " accounts, %" PRIu64 " lines ignored)\n",
           counts->accounts, counts->unknown, counts->snapshot,
           counts->snapshot_invalid);
    printf("%" PRIu64 " verdicts as recorded, %" PRIu64 " others\n",
           counts->as_recorded, counts->judged - counts->as_recorded);
    printf("%" PRIu64 " requests without a valid identity\n\n",
           counts->unauthorized);

    printf("%-34s %12s %12s\n", "", "requests", "households");
    replay_report_row("denied, as recorded", &counts->was_denied);
    replay_report_row("denied by the policy", &counts->denied);
    replay_report_causes(counts, REPLAY_DENIED);
    replay_report_row("of these, not denied before", &counts->denied_new);
    replay_report_causes(counts, REPLAY_NEW);
    replay_report_row("no longer denied", &counts->freed);
}


static void
replay_report_row(const char *name, const replay_count_t *count)
{
    printf("%-34s %12" PRIu64 " %12" PRIu64 "\n", name, count->requests,
           count->accounts);
}


static void
replay_report_causes(const replay_counts_t *counts, replay_table_e table)
{
    char        name[64];
    ngx_uint_t  i;

    for (i = 0; i < REPLAY_CAUSES; i++) {

        if (counts->causes[table][i].requests == 0) {
            continue;
        }

        name[0] = name[1] = ' ';
        replay_report_cause(i, name + 2, sizeof(name) - 2);
        replay_report_row(name, &counts->causes[table][i]);
    }
}


static void
replay_report_cause(ngx_uint_t cause, char *name, size_t len)
{
    ngx_str_t   *reason, *detail;
    ngx_uint_t   n;

    static ngx_str_t  none = ngx_null_string;

    n = cause / NGX_HOUSEHOLD_DETAILS;
    detail = &none;

    if (n < 2) {
        reason = ngx_household_reason_name(n == 0
                                           ? NGX_HOUSEHOLD_REASON_OUTSIDE
                                           : NGX_HOUSEHOLD_REASON_UNREGISTERED);
        detail = ngx_household_detail_name(cause % NGX_HOUSEHOLD_DETAILS);

    } else {
        reason = ngx_household_reason_name(cause - 2 * NGX_HOUSEHOLD_DETAILS);
    }

    (void) snprintf(name, len, "%.*s%s%.*s", (int) reason->len, reason->data,
                    detail->len ? " " : "", (int) detail->len,
                    detail->len ? (char *) detail->data : "");
}


void
replay_report_json(const replay_counts_t *counts)
{
    ngx_uint_t  i;

    static const char *names[] = {
        "denied_as_recorded", "denied", "newly_denied", "no_longer_denied"
    };

    const replay_count_t *rows[] = {
        &counts->was_denied, &counts->denied, &counts->denied_new,
        &counts->freed
    };

    printf("{\n  \"lines\": %" PRIu64 ",\n  \"judged\": %" PRIu64
           ",\n  \"not_evaluated\": %" PRIu64 ",\n  \"invalid\": %" PRIu64
           ",\n  \"as_recorded\": %" PRIu64 ",\n  \"unauthorized\": %" PRIu64
           ",\n  \"households\": %" PRIu64 ",\n  \"not_in_snapshot\": %" PRIu64
           ",\n  \"snapshot\": %" PRIu64 ",\n  \"snapshot_invalid\": %" PRIu64,
           counts->lines, counts->judged, counts->skipped, counts->invalid,
           counts->as_recorded, counts->unauthorized, counts->accounts,
           counts->unknown, counts->snapshot, counts->snapshot_invalid);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        printf(",\n  \"%s\": { \"requests\": %" PRIu64 ", \"households\": %"
               PRIu64, names[i], rows[i]->requests, rows[i]->accounts);

        if (rows[i] == &counts->denied) {
            replay_report_json_causes(counts, REPLAY_DENIED);
        }

        if (rows[i] == &counts->denied_new) {
            replay_report_json_causes(counts, REPLAY_NEW);
        }

        printf(" }");
    }

    printf("\n}\n");
}


/* the names are words of a fixed list */

static void
replay_report_json_causes(const replay_counts_t *counts, replay_table_e table)
{
    char                   name[64];
    ngx_uint_t             i, n;
    const replay_count_t  *count;

    printf(", \"causes\": [");

    n = 0;

    for (i = 0; i < REPLAY_CAUSES; i++) {
        count = &counts->causes[table][i];

        if (count->requests == 0) {
            continue;
        }

        replay_report_cause(i, name, sizeof(name));

        printf("%s\n    { \"cause\": \"%s\", \"requests\": %" PRIu64
               ", \"households\": %" PRIu64 " }", n++ ? "," : "", name,
               count->requests, count->accounts);
    }

    printf("]");
}
