
/*
 * simulate [--world FILE] [--households N] [--shares N] [--seed N]
 *          [--only WORLD | --only parts | --only frontier] [--svg FILE]
 *          [--check FILE | --baseline FILE | --trace N]
 *
 * Plays the worlds of world.conf, and prints what the sharing rule and
 * static homes make of them, what each part of the rule adds, and what other
 * constants would.  The same seed gives the same figures.  --trace prints the
 * requests of the first N accounts that share, in the first world, and whether
 * they were allowed: t/sharing-replay.t has an edge answer them.
 */


#include "simulate.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>


#define SIM_WORKERS  2


typedef struct {
    const char  *world;
    const char  *svg;
    const char  *check;
    const char  *baseline;
    ngx_uint_t   households;
    ngx_uint_t   shares;
    uint64_t     seed;
    ngx_uint_t   trace;
    const char  *only;
} sim_options_t;


static sim_world_t   worlds[SIM_SECTIONS];
static sim_policy_t  policies[SIM_POLICIES];
static sim_count_t   counts[SIM_POLICIES];


static int sim_wanted(const sim_options_t *o, const char *what);
static int sim_policy(int n, const char *name);
static void sim_play(const sim_options_t *o, const sim_world_t *world,
    ngx_uint_t households, ngx_uint_t shares, int n);
static void sim_row(const char *name, const sim_count_t *c);
static void sim_head(const char *what);
static void sim_parts(const sim_options_t *o);
static int sim_without(int n, const char *name, ngx_uint_t part);
static int sim_first_rule(int n);
static int sim_frontier(const sim_options_t *o, sim_point_t *points);
static int sim_worlds(const sim_options_t *o, int n, sim_point_t *points,
    sim_point_t *homes);
static void sim_options(sim_options_t *o, int argc, char **argv);
static int sim_check(const sim_options_t *o, int n);
static int sim_trace(const sim_options_t *o);


int
main(int argc, char **argv)
{
    int            n, drawn, curve;
    sim_options_t  o;

    static sim_point_t  points[SIM_SECTIONS], homes[SIM_SECTIONS];
    static sim_point_t  frontier[SIM_POLICIES];

    setvbuf(stdout, NULL, _IOLBF, 0);

    sim_options(&o, argc, argv);
    n = sim_world_read(o.world, worlds);

    if (o.check != NULL || o.baseline != NULL) {
        return sim_check(&o, n);
    }

    if (o.trace) {
        return sim_trace(&o);
    }

    drawn = sim_worlds(&o, n, points, homes);

    if (sim_wanted(&o, "parts")) {
        sim_parts(&o);
    }

    curve = sim_wanted(&o, "frontier") ? sim_frontier(&o, frontier) : 0;

    if (o.svg != NULL) {
        return sim_draw(o.svg, points, drawn, homes, frontier, curve);
    }

    return 0;
}


static int
sim_wanted(const sim_options_t *o, const char *what)
{
    return o->only == NULL || strcmp(o->only, what) == 0;
}


static int
sim_policy(int n, const char *name)
{
    memset(&policies[n], 0, sizeof(sim_policy_t));
    snprintf(policies[n].name, sizeof(policies[n].name), "%s", name);
    ngx_household_presence_defaults(&policies[n].params);

    return n + 1;
}


/* the accounts are dealt out to processes; the sums do not depend on it */

static void
sim_play(const sim_options_t *o, const sim_world_t *world,
    ngx_uint_t households, ngx_uint_t shares, int n)
{
    int           i, w, status;
    pid_t         pid[SIM_WORKERS];
    ngx_uint_t    k;
    sim_count_t  *shared;

    static sim_account_t  account;

    shared = mmap(NULL, SIM_WORKERS * sizeof(counts), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }

    for (w = 0; w < SIM_WORKERS; w++) {
        pid[w] = fork();

        if (pid[w] == -1) {
            perror("fork");
            exit(1);
        }

        if (pid[w] != 0) {
            continue;
        }

        for (k = (ngx_uint_t) w; k < households + shares; k += SIM_WORKERS) {
            sim_account_make(&account, world, o->seed, k, k >= households);
            sim_account_play(&account, policies, n,
                             shared + w * SIM_POLICIES);
        }

        _exit(0);
    }

    memset(counts, 0, sizeof(counts));

    for (w = 0; w < SIM_WORKERS; w++) {
        if (waitpid(pid[w], &status, 0) != pid[w] || status != 0) {
            fprintf(stderr, "a worker failed\n");
            exit(1);
        }

        for (i = 0; i < n; i++) {
            sim_count_add(&counts[i], shared + w * SIM_POLICIES + i);
        }
    }

    munmap(shared, SIM_WORKERS * sizeof(counts));
}


static void
sim_head(const char *what)
{
    printf("\n%-36s %15s %15s %12s\n", what, "false days", "refused",
           "owner days");
    printf("%-36s %15s %15s %12s\n", "", "of 1,000", "%", "of 1,000");
}


static void
sim_row(const char *name, const sim_count_t *c)
{
    printf("%-36s %8.2f +- %.2f %8.1f +- %.1f %12.1f\n", name,
           sim_false_days(c), sim_noise(c, 0), sim_refused(c),
           sim_noise(c, 1), sim_owner_days(c));
}


/* the sharing rule and static homes in each world */

static int
sim_worlds(const sim_options_t *o, int n, sim_point_t *points,
    sim_point_t *homes)
{
    int  i, drawn;

    drawn = 0;
    (void) sim_policy(0, "sharing");
    (void) sim_policy(1, "static homes");
    policies[1].homes = 1;

    for (i = 0; i < n; i++) {

        if (!sim_wanted(o, worlds[i].name)) {
            continue;
        }

        /* the first world is the one that is looked at closely */

        sim_play(o, &worlds[i], o->households, o->shares, 2);

        if (drawn == 0 || i == 1) {
            sim_head("world");
        }

        sim_row(worlds[i].name, &counts[0]);
        sim_row("    static learned homes", &counts[1]);

        ngx_memcpy(points[drawn].name, worlds[i].name,
                   sizeof(points[drawn].name));
        points[drawn].x = sim_false_days(&counts[0]);
        points[drawn].y = sim_refused(&counts[0]);
        homes[drawn].x = sim_false_days(&counts[1]);
        homes[drawn].y = sim_refused(&counts[1]);
        drawn++;

        if (i == 0 || o->only != NULL) {
            sim_report(&counts[0]);
            printf("\n--- static learned homes, the same world ---\n");
            sim_report(&counts[1]);
        }
    }

    return drawn;
}


/* each part of the rule switched off, in the plain world */

static void
sim_parts(const sim_options_t *o)
{
    int                               i, n;
    ngx_household_presence_params_t  *p;

    n = sim_policy(0, "the whole rule");

    p = &policies[n].params;
    n = sim_policy(n, "denies only at once");
    p->alive = p->at_once;

    n = sim_without(n, "only who comes second",
                    NGX_HOUSEHOLD_PRESENCE_ORDER);
    n = sim_without(n, "families mixed", NGX_HOUSEHOLD_PRESENCE_FAMILIES);
    n = sim_without(n, "devices, not groups", NGX_HOUSEHOLD_PRESENCE_GROUPS);
    n = sim_without(n, "no anchor", NGX_HOUSEHOLD_PRESENCE_ANCHOR);
    n = sim_without(n, "an address is a place for 7 days",
                    NGX_HOUSEHOLD_PRESENCE_STAY);
    n = sim_without(n, "no heirs", NGX_HOUSEHOLD_PRESENCE_HEIRS);

    p = &policies[n].params;
    n = sim_policy(n, "groups of one evening");
    p->together = p->beside;

    p = &policies[n].params;
    n = sim_policy(n, "each group for itself");
    p->further = 0;

    p = &policies[n].params;
    n = sim_policy(n, "meeting excuses nothing");
    p->meeting = 0;

    p = &policies[n].params;
    n = sim_policy(n, "evidence never fades");
    p->half_life = 36500;

    p = &policies[n].params;
    n = sim_policy(n, "a quarter where nobody stays");
    p->unsettled = NGX_HOUSEHOLD_PRESENCE_DAY / 4;

    n = sim_first_rule(n);

    sim_play(o, &worlds[0], o->households, o->shares, n);

    sim_head("without a part");

    for (i = 0; i < n; i++) {
        sim_row(policies[i].name, &counts[i]);
    }
}


static int
sim_without(int n, const char *name, ngx_uint_t part)
{
    n = sim_policy(n, name);
    policies[n - 1].params.without = part;

    return n;
}


/* the rule and the constants that this simulator started from */

static int
sim_first_rule(int n)
{
    ngx_household_presence_params_t  *p;

    p = &policies[n].params;
    n = sim_policy(n, "the rule that this one came from");

    p->evidence = NGX_HOUSEHOLD_PRESENCE_DAY * 3 / 2;
    p->meeting = NGX_HOUSEHOLD_PRESENCE_DAY * 3;
    p->join = NGX_HOUSEHOLD_PRESENCE_DAY * 17 / 10;
    p->unsettled = NGX_HOUSEHOLD_PRESENCE_DAY / 4;
    p->together = p->beside;
    p->without = NGX_HOUSEHOLD_PRESENCE_ORDER|NGX_HOUSEHOLD_PRESENCE_STAY
                 |NGX_HOUSEHOLD_PRESENCE_HEIRS;

    return n;
}


static int
sim_frontier(const sim_options_t *o, sim_point_t *points)
{
    int     i, n, k;
    char    name[64];
    double  t;

    static const double  evidence[] = { 1, 1.5, 2, 3, 4, 5, 6, 8 };
    static const double  at_once[] = { 0.5, 1, 2, 3, 4, 6 };
    static const double  meeting[] = { 0.5, 1, 2, 3, 4, 6 };

    n = 0;

    for (k = 0; k < 8; k++) {
        t = evidence[k];
        snprintf(name, sizeof(name), "T %.2f", t);
        points[n].curve = 0;
        n = sim_policy(n, name);
        policies[n - 1].params.evidence =
                             (ngx_uint_t) (t * NGX_HOUSEHOLD_PRESENCE_DAY);
    }

    for (k = 0; k < 6; k++) {
        t = at_once[k];
        snprintf(name, sizeof(name), "W %.1f h", t);
        points[n].curve = 1;
        n = sim_policy(n, name);
        policies[n - 1].params.at_once = (int64_t) (t * 3600);
    }

    for (k = 0; k < 6; k++) {
        t = meeting[k];
        snprintf(name, sizeof(name), "K %.1f", t);
        points[n].curve = 2;
        n = sim_policy(n, name);
        policies[n - 1].params.meeting =
                             (ngx_uint_t) (t * NGX_HOUSEHOLD_PRESENCE_DAY);
    }

    sim_play(o, &worlds[0], o->households / 5, o->shares / 4, n);

    sim_head("the frontier (T 5, W 2 h, K 2)");

    for (i = 0; i < n; i++) {
        sim_row(policies[i].name, &counts[i]);
        ngx_memcpy(points[i].name, policies[i].name,
                   sizeof(points[i].name));
        points[i].x = sim_false_days(&counts[i]);
        points[i].y = sim_refused(&counts[i]);
    }

    return n;
}


static void
sim_options(sim_options_t *o, int argc, char **argv)
{
    int  i;

    memset(o, 0, sizeof(sim_options_t));

    o->world = "t/household/world.conf";
    o->households = 10000;
    o->shares = 2000;
    o->seed = 1;

    for (i = 1; i + 1 < argc; i += 2) {

        if (strcmp(argv[i], "--world") == 0) {
            o->world = argv[i + 1];

        } else if (strcmp(argv[i], "--households") == 0) {
            o->households = strtoul(argv[i + 1], NULL, 10);

        } else if (strcmp(argv[i], "--shares") == 0) {
            o->shares = strtoul(argv[i + 1], NULL, 10);

        } else if (strcmp(argv[i], "--seed") == 0) {
            o->seed = strtoull(argv[i + 1], NULL, 10);

        } else if (strcmp(argv[i], "--only") == 0) {
            o->only = argv[i + 1];

        } else if (strcmp(argv[i], "--svg") == 0) {
            o->svg = argv[i + 1];

        } else if (strcmp(argv[i], "--check") == 0) {
            o->check = argv[i + 1];

        } else if (strcmp(argv[i], "--baseline") == 0) {
            o->baseline = argv[i + 1];

        } else if (strcmp(argv[i], "--trace") == 0) {
            o->trace = strtoul(argv[i + 1], NULL, 10);

        } else {
            break;
        }
    }

    if (i != argc) {
        fprintf(stderr, "usage: simulate [--households N] [--shares N]"
                " [--seed N] [--only WORLD] [--svg FILE]"
                " [--check FILE | --baseline FILE | --trace N]"
                " [--world FILE]\n");
        exit(2);
    }
}


/*
 * A smaller run against a file of figures.  The seed is the same, and so are
 * the households: all that differs comes from the code.  A figure may be worse
 * by its standard error.
 */

static int
sim_check(const sim_options_t *o, int n)
{
    int     i, worse;
    FILE   *file;
    double  days, refused, noise_days, noise_refused;

    file = (o->check != NULL) ? fopen(o->check, "r") : fopen(o->baseline, "w");

    if (file == NULL) {
        perror(o->check != NULL ? o->check : o->baseline);
        return 1;
    }

    worse = 0;
    (void) sim_policy(0, "sharing");
    sim_head("world");

    for (i = 0; i < n; i++) {
        sim_play(o, &worlds[i], o->households, o->shares, 1);
        sim_row(worlds[i].name, &counts[0]);

        if (o->check == NULL) {
            fprintf(file, "%.3f %.3f %.2f %.2f %s\n",
                    sim_false_days(&counts[0]), sim_noise(&counts[0], 0),
                    sim_refused(&counts[0]), sim_noise(&counts[0], 1),
                    worlds[i].name);
            continue;
        }

        if (fscanf(file, "%lf %lf %lf %lf %*[^\n]", &days, &noise_days,
                   &refused, &noise_refused)
            != 4)
        {
            fprintf(stderr, "%s: no line for \"%s\"\n", o->check,
                    worlds[i].name);
            return 1;
        }

        if (sim_false_days(&counts[0]) > days + noise_days + 0.05
            || sim_refused(&counts[0]) < refused - noise_refused - 0.05)
        {
            printf("    worse than %.2f and %.1f\n", days, refused);
            worse = 1;
        }
    }

    fclose(file);

    return worse;
}


static int
sim_trace(const sim_options_t *o)
{
    ngx_uint_t  k;

    static sim_account_t  account;

    (void) sim_policy(0, "sharing");
    policies[0].trace = 1;

    for (k = 0; k < o->trace; k++) {
        sim_account_make(&account, &worlds[0], o->seed, k, 1);
        sim_account_play(&account, policies, 1, counts);
    }

    return 0;
}
