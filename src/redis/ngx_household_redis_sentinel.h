
/*
 * What the files of Sentinel share.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_SENTINEL_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_SENTINEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_route.h"
#include "ngx_household_redis_dedicated.h"
#include "ngx_household_redis_query.h"


typedef struct {
    ngx_household_redis_t         *redis;
    ngx_household_redis_node_t   **nodes;     /* the sentinels */
    ngx_uint_t                     n;
    ngx_uint_t                     first;     /* the last that answered */
    ngx_uint_t                     tried;     /* in this round */
    ngx_int_t                      ident;     /* of the timers */

    ngx_household_redis_query_t   *ask;       /* where the primary is */
    ngx_household_redis_query_t   *looking;   /* who the replicas are */
    ngx_household_redis_peer_t    *primary;   /* NULL: not known yet */
    ngx_uint_t                     next;      /* replica, in turn */

    ngx_event_t                    retry;     /* the next round */
    ngx_event_t                    look;      /* at the replicas */
    ngx_uint_t                     failures;

    u_char                         what[NGX_HOUSEHOLD_REDIS_ERRLEN];

    /* a subscription to one of them */
    ngx_household_redis_dedicated_t  *watch;
    ngx_uint_t                        watched;
    ngx_event_t                       watch_timer;

    ngx_msec_t                        refreshed;

    unsigned                          unsubscribed:1; /* it was refused */
    unsigned                          refused:1;      /* which was logged */
    unsigned                       down:1;    /* do not wait */
    unsigned                       logged:1;
} ngx_household_redis_sentinel_t;


/* _query.c */

/* the handler of st->retry: queries a sentinel for the primary */
void ngx_household_redis_sentinel_retry_handler(ngx_event_t *ev);

/* asks sentinels where the primary is: at once, when it worked until now */
void ngx_household_redis_sentinel_schedule(ngx_household_redis_sentinel_t *st);

/* the same as a precaution: the primary may be another one by now */
void ngx_household_redis_sentinel_refresh(ngx_household_redis_sentinel_t *st);

/* _watch.c: subscribes to what sentinels publish of failovers */
void ngx_household_redis_sentinel_watch(ngx_household_redis_sentinel_t *st);
void ngx_household_redis_sentinel_unwatch(ngx_household_redis_sentinel_t *st);

/* _replicas.c: routes a read to a replica; NGX_OK or NGX_DECLINED */
ngx_int_t ngx_household_redis_sentinel_replica(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/* the handler of st->look: asks a sentinel for the replicas */
void ngx_household_redis_sentinel_fetch_replicas(ngx_event_t *ev);


#endif /* _NGX_HOUSEHOLD_REDIS_SENTINEL_H_INCLUDED_ */
