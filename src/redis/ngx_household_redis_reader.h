
/*
 * Tracking of what the connections of this worker process read, with
 * "tracking on": each connection to a tracked server redirects its
 * invalidations to the listener of the tracking process.  When such a
 * connection is closed, Redis does not track the keys any more that it has
 * read, so the records are not fresh.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_READER_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_READER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_route.h"


void ngx_household_redis_reader_start(ngx_household_redis_t *redis);

/* Checks the connections soon: a reply was not tracked. */
void ngx_household_redis_reader_hurry(ngx_household_redis_t *redis);

/* To be called after all connections were closed. */
void ngx_household_redis_reader_stop(ngx_household_redis_t *redis);


#endif /* _NGX_HOUSEHOLD_REDIS_READER_H_INCLUDED_ */
