
/*
 * Households that move: their records in Redis, and when each of their states
 * ended.
 */


#ifndef HOUSEHOLDS_H_INCLUDED
#define HOUSEHOLDS_H_INCLUDED


#include <stdint.h>


#define HOUSEHOLDS_STATES  24          /* that a decision can tell apart */


/* "superseded" is when a later state was acknowledged; 0: it was not */

typedef struct {
    int64_t   superseded[HOUSEHOLDS_STATES];    /* of the last states */
    uint32_t  newest;
    int       pending;                 /* not acknowledged yet */
    int       moves;
    char      name[16];
} household_t;


/* a number below "n", which the seed decides on */
unsigned any(unsigned n);

void any_seed(uint64_t seed);

/*
 * Writes all records to the Redis at this port, those of "moving" households,
 * m0, m1, ..., and of "idle" ones, c0, c1, ...  Returns the array of both.
 */
household_t *households_fill(int port, int epoll, unsigned moving,
    unsigned idle);

/* makes the changes that are due, "rate" a second since "started" */
void households_move(int64_t time, int64_t started, unsigned rate);

/* to be called with the events of the connection, whose data is NULL */
void households_moved(int64_t time);

/*
 * Returns the microseconds since the state that a decision was made of had
 * ended when its request was sent; 0 if it had not, or -1 if there is no such
 * state.  "network" is that of the home, or NULL: it is elsewhere.
 */
int64_t households_age(household_t *h, const char *network, int64_t sent);

/* changes that were acknowledged, and those of which nothing is known */
uint64_t households_changes(uint64_t *unknown);


#endif /* HOUSEHOLDS_H_INCLUDED */
