
/*
 * Redis Sentinel: private to ngx_household_redis_sentinel*.c.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_SENTINEL_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_SENTINEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_choice.h"
#include "ngx_household_redis_dedicated.h"
#include "ngx_household_redis_query.h"


typedef struct {
    ngx_household_redis_t            *redis;
    ngx_household_redis_node_t      **nodes;          /* the sentinels */
    ngx_uint_t                        n;
    ngx_uint_t                        first;          /* queried first */
    ngx_uint_t                        tried;          /* in this round */
    ngx_int_t                         ident;          /* of the timers */

    ngx_household_redis_query_t      *query;          /* for the primary */
    ngx_household_redis_query_t      *replica_query;
    ngx_household_redis_node_t       *replica_node;   /* that is queried */
    ngx_household_redis_peer_t       *primary;        /* NULL: not known */
    ngx_uint_t                        next;           /* replica, round robin */

    ngx_event_t                       retry;          /* next round */
    ngx_event_t                       replica_timer;
    ngx_uint_t                        failures;

    u_char                            err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    /* a subscription to one of the sentinels */
    ngx_household_redis_dedicated_t  *watch;
    ngx_uint_t                        watched;        /* index in nodes */
    ngx_event_t                       watch_timer;

    ngx_msec_t                        refreshed;

    unsigned                          unsubscribed:1; /* error reply */
    unsigned                          sub_failed_logged:1;
    unsigned                          down:1;         /* fail commands */
    unsigned                          logged:1;       /* not found */
    unsigned                          replicas_logged:1; /* error reply */
} ngx_household_redis_sentinel_t;


/* _query.c */

/* the handler of st->retry: queries a sentinel for the primary */
void ngx_household_redis_sentinel_retry_handler(ngx_event_t *ev);

/*
 * Queries sentinels for the primary: at once after the first failure, then
 * with backoff.
 */
void ngx_household_redis_sentinel_schedule(ngx_household_redis_sentinel_t *st);

/*
 * Queries sentinels for the primary while the known one works: there may be a
 * new one.  The rate is limited.
 */
void ngx_household_redis_sentinel_refresh(ngx_household_redis_sentinel_t *st);

/* _watch.c: subscribes to the failover events of a sentinel */
void ngx_household_redis_sentinel_watch(ngx_household_redis_sentinel_t *st);
void ngx_household_redis_sentinel_unwatch(ngx_household_redis_sentinel_t *st);

/* _replicas.c: enqueues a read on a replica; returns NGX_OK or NGX_DECLINED */
ngx_int_t ngx_household_redis_sentinel_replica(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/* the best of the primary and its replicas, or NULL if none is known */
ngx_household_redis_peer_t *ngx_household_redis_sentinel_best(
    ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *(*better)(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *a, ngx_household_redis_peer_t *b));

/* the handler of st->replica_timer: queries a sentinel for the replicas */
void ngx_household_redis_sentinel_fetch_replicas(ngx_event_t *ev);


#endif /* _NGX_HOUSEHOLD_REDIS_SENTINEL_H_INCLUDED_ */
