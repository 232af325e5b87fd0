
/*
 * world.conf, and random numbers.
 */


#include "simulate.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef struct {
    const char  *name;
    size_t       offset;
} sim_number_t;


#define SIM_ROW(name)  { #name, offsetof(sim_world_t, name) },

static const sim_number_t  numbers[] = {
    SIM_NUMBERS(SIM_ROW)
    { NULL, 0 }
};


static void
sim_world_set(sim_world_t *world, const char *name, double value,
    const char *file, int line)
{
    const sim_number_t  *n;

    for (n = numbers; n->name != NULL; n++) {
        if (strcmp(n->name, name) == 0) {
            *(double *) ((char *) world + n->offset) = value;
            return;
        }
    }

    fprintf(stderr, "%s:%d: there is no \"%s\"\n", file, line, name);
    exit(1);
}


int
sim_world_read(const char *file, sim_world_t *worlds)
{
    int     n, line;
    char    text[256], name[64];
    FILE   *in;
    double  value;

    in = fopen(file, "r");

    if (in == NULL) {
        perror(file);
        exit(1);
    }

    n = 0;
    line = 0;

    while (fgets(text, sizeof(text), in) != NULL) {
        line++;

        if (text[0] == '#' || text[strspn(text, " \t\n")] == '\0') {
            continue;
        }

        if (sscanf(text, "[%63[^]]]", name) == 1 && n < SIM_SECTIONS) {
            worlds[n] = worlds[0];
            strcpy(worlds[n].name, name);
            n++;
            continue;
        }

        if (n == 0 || sscanf(text, "%63s %lf", name, &value) != 2) {
            fprintf(stderr, "%s:%d: a name and a number\n", file, line);
            exit(1);
        }

        sim_world_set(&worlds[n - 1], name, value, file, line);
    }

    fclose(in);

    return n;
}


uint64_t
sim_hash(uint64_t a, uint64_t b)
{
    uint64_t  z;

    /* splitmix64 */

    z = a + 0x9e3779b97f4a7c15ULL * (b + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;

    return z ^ (z >> 31);
}


uint64_t
sim_random(sim_account_t *a)
{
    a->random += 0x9e3779b97f4a7c15ULL;

    return sim_hash(a->random, 0);
}


double
sim_uniform(sim_account_t *a)
{
    return (double) (sim_random(a) >> 11) / 9007199254740992.0;
}


ngx_uint_t
sim_chance(sim_account_t *a, double p)
{
    return sim_uniform(a) < p;
}


double
sim_exponential(sim_account_t *a, double mean)
{
    return -mean * log(1.0 - sim_uniform(a));
}


double
sim_normal(sim_account_t *a, double mean, double deviation)
{
    int     i;
    double  sum;

    /* twelve uniform numbers are near enough, and the same everywhere */

    sum = -6.0;

    for (i = 0; i < 12; i++) {
        sum += sim_uniform(a);
    }

    return mean + deviation * sum;
}


int
sim_poisson(sim_account_t *a, double mean)
{
    int     n;
    double  limit, p;

    limit = exp(-mean);
    p = sim_uniform(a);
    n = 0;

    while (p > limit && n < 20) {
        p *= sim_uniform(a);
        n++;
    }

    return n;
}
