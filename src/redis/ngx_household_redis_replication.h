
/*
 * The state of replication of a server: parses the reply to INFO replication.
 *
 * https://redis.io/docs/latest/commands/info/
 */


#ifndef _NGX_HOUSEHOLD_REDIS_REPLICATION_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_REPLICATION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp.h"


/*
 * Checks whether the server follows its primary, or is a primary.  "reply" is
 * the reply to INFO replication.  "max_lag" is the longest time in ms since a
 * replica has received data from its primary; the time is known in whole
 * seconds.  A replica of a replica receives data of the primary only, so the
 * time covers all servers in between.
 *
 * Returns NULL, and sets "lag" to that time in seconds, which is 0 for a
 * primary; or returns the reason why the server is unfit to be read from, which
 * is a static string.
 */
const char *ngx_household_redis_replication_check(
    ngx_household_resp_value_t *reply, ngx_msec_t max_lag, ngx_uint_t *lag);


#endif /* _NGX_HOUSEHOLD_REDIS_REPLICATION_H_INCLUDED_ */
