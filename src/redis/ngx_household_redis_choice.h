
/*
 * The choice of the server that is read from, with "read_from replica" and
 * tracking: all worker processes of a machine read from one server, which is
 * tracked.  The servers have ranks: in the order of the configuration; or, if
 * they are discovered, in an order that differs between machines.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CHOICE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CHOICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_route.h"


/* the rank of a primary, which is read from if no replica is fit */
#define NGX_HOUSEHOLD_REDIS_CHOICE_LAST  ((uint64_t) -1)


/* Returns 1 if reads go to the chosen server; otherwise 0. */
ngx_uint_t ngx_household_redis_choice_made(ngx_household_redis_t *redis);

/* Returns the rank of a discovered replica on this machine. */
uint64_t ngx_household_redis_choice_rank(ngx_household_redis_node_t *node);

/* Returns how the tracking process has marked the server. */
ngx_household_redis_unfit_e ngx_household_redis_choice_unfit(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *peer);

/*
 * Return the better one of two peers; "a" may be NULL.  shared() has the same
 * result in all worker processes that know both: the best of all is the chosen
 * server, which is tracked.  local() prefers a peer that this process can use
 * now; the best of all is the server that this process reads from, if
 * readable() returns 1.
 */
ngx_household_redis_peer_t *ngx_household_redis_choice_shared(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *a,
    ngx_household_redis_peer_t *b);
ngx_household_redis_peer_t *ngx_household_redis_choice_local(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *a,
    ngx_household_redis_peer_t *b);
ngx_uint_t ngx_household_redis_choice_readable(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer);


#endif /* _NGX_HOUSEHOLD_REDIS_CHOICE_H_INCLUDED_ */
