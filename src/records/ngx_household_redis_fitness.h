
/*
 * Fitness: the tracking process marks the servers that are unfit to be read
 * from (see ngx_household_redis_unfit.h), and probes them until they are fit
 * again.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_FITNESS_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_FITNESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"


typedef struct {
    ngx_household_redis_t  *redis;
    ngx_queue_t             servers;  /* private: the unfit ones */
    ngx_uint_t              n;
} ngx_household_redis_fitness_t;


void ngx_household_redis_fitness_init(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_t *redis);

/*
 * Marks a server as unfit; the node is kept.  Reads go to another server soon,
 * if there is one.  Does nothing if the server is marked already, or does not
 * compete with others ("read_from primary").
 */
void ngx_household_redis_fitness_refuse(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_node_t *node, ngx_household_redis_unfit_e reason);

/* Removes the mark, if any: the server is tracked, and follows its primary. */
void ngx_household_redis_fitness_accept(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_node_t *node);

/*
 * To be called at each heartbeat: renews the marks, also those of an earlier
 * process, and sends probes.
 */
void ngx_household_redis_fitness_heartbeat(
    ngx_household_redis_fitness_t *fitness);

/* Cancels all probes.  The marks expire. */
void ngx_household_redis_fitness_stop(ngx_household_redis_fitness_t *fitness);


#endif /* _NGX_HOUSEHOLD_REDIS_FITNESS_H_INCLUDED_ */
