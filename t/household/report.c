
/*
 * What came of it, as numbers and tables.
 */


#include "simulate.h"
#include <math.h>
#include <stdio.h>


static const char  *sim_lines[] = {
    "static IPv4", "IPv4 for months", "IPv4 for weeks", "nightly", "CGNAT",
    "DS-Lite", "mobile"
};

static const char  *sim_situations[] = {
    "nothing special", "second home", "student away", "weekday commuter",
    "child with two homes", "night shift", "watches only away",
    "one behind a VPN", "watches at work", "TV at their parents'"
};

static const char  *sim_places[] = {
    "at home", "second home", "flat elsewhere", "work", "hotel",
    "visit to friends", "carrier", "VPN exit", "remote"
};

static const char  *sim_kinds[] = {
    "owner", "friend", "relative who visits", "moved out", "only on a carrier",
    "sold on, three times"
};


static double
sim_part(uint64_t n, uint64_t of, double scale)
{
    return of ? scale * (double) n / (double) of : 0;
}


double
sim_false_days(const sim_count_t *c)
{
    return sim_part(c->denied, c->days, 1000);
}


double
sim_owner_days(const sim_count_t *c)
{
    return sim_part(c->owner_denied, c->owner_days, 1000);
}


double
sim_refused(const sim_count_t *c)
{
    int       i;
    uint64_t  sessions, refused;

    sessions = 0;
    refused = 0;

    for (i = 0; i < SIM_KINDS; i++) {
        sessions += c->sessions[i];
        refused += c->refused[i];
    }

    return sim_part(refused, sessions, 100);
}


/* the standard error of either figure, from parts of the accounts */

double
sim_noise(const sim_count_t *c, ngx_uint_t refused)
{
    int     i, n;
    double  x, sum, squares;

    n = 0;
    sum = 0;
    squares = 0;

    for (i = 0; i < SIM_BATCHES; i++) {

        if (c->batch[i][refused ? 2 : 0] == 0) {
            continue;
        }

        x = refused ? sim_part(c->batch[i][3], c->batch[i][2], 100)
                    : sim_part(c->batch[i][1], c->batch[i][0], 1000);
        sum += x;
        squares += x * x;
        n++;
    }

    if (n < 2) {
        return 0;
    }

    return sqrt(ngx_max(squares - sum * sum / n, 0) / (n - 1) / n);
}


void
sim_report(const sim_count_t *c)
{
    int  i;

    printf("\nfalse-denied days of 1,000, by the line at home:\n");

    for (i = 0; i < SIM_LINES; i++) {
        printf("  %-22s %8.2f\n", sim_lines[i],
               sim_part(c->line_denied[i], c->line_days[i], 1000));
    }

    printf("by situation (and what it adds to the whole):\n");

    for (i = 0; i < SIM_SITUATIONS; i++) {
        printf("  %-22s %8.2f %8.2f\n", sim_situations[i],
               sim_part(c->situation_denied[i], c->situation_days[i], 1000),
               sim_part(c->situation_denied[i], c->days, 1000));
    }

    printf("by cause, where the day's first refusal was:\n");

    for (i = 0; i < SIM_PLACES - 1; i++) {
        printf("  %-22s %8.2f\n", sim_places[i],
               sim_part(c->place_denied[i], c->days, 1000));
    }

    printf("  of these on a television of others %.2f, on their own %.2f\n",
           sim_part(c->guest_denied, c->days, 1000),
           sim_part(c->tv_denied, c->days, 1000));
    printf("households with such a day in the year: %.2f %%\n",
           sim_part(c->households_denied, c->households, 100));

    printf("sharers' remote sessions refused, percent, by kind:\n");

    for (i = 1; i < SIM_KINDS; i++) {
        printf("  %-22s %8.1f %8.1f %% of sessions\n", sim_kinds[i],
               sim_part(c->refused[i], c->sessions[i], 100),
               sim_part(c->sessions[i], c->sessions[1] + c->sessions[2]
                        + c->sessions[3] + c->sessions[4] + c->sessions[5],
                        100));
    }

    printf("  days 28 to 90          %8.1f\n",
           sim_part(c->early_refused, c->early, 100));
    printf("writes a household and day of use: %.2f; largest presence:"
           " %u bytes\n", sim_part(c->writes, c->write_days, 1),
           (unsigned) c->bytes);
}
