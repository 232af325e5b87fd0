
/*
 * What the files of the cluster kind share.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_route.h"
#include "ngx_household_redis_dedicated.h"
#include "ngx_household_redis_keyslot.h"


typedef struct {
    ngx_household_redis_t         *redis;
    ngx_household_redis_node_t   **seeds;
    ngx_uint_t                     nseeds;
    ngx_int_t                      ident;      /* of the timer */

    /* who holds a slot; NULL: nobody */
    ngx_household_redis_peer_t   **slots;
    ngx_household_redis_peer_t   **replicas;   /* one of it, where read from */

    ngx_household_redis_query_t   *ask;
    ngx_household_redis_node_t    *asked;      /* the node */
    ngx_uint_t                     turn;       /* who is asked first */
    ngx_uint_t                     tried;      /* in this round */

    ngx_event_t                    refresh;
    ngx_event_t                    look;       /* for replicas, now and then */
    ngx_msec_t                     refreshed;  /* when the last round began */
    ngx_uint_t                     failures;   /* rounds, since the last map */

    u_char                         what[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                       known:1;    /* there is a map */
    unsigned                       down:1;     /* there is none to be had */
    unsigned                       logged:1;
} ngx_household_redis_cluster_t;


/*
 * _map.c: asks some node for the map, soon, but not too often.  Commands that
 * are parked go on, or end, when it is there or cannot be had.
 */
void ngx_household_redis_cluster_refresh(ngx_household_redis_cluster_t *cl);

/* the handlers of cl->refresh and cl->look */
void ngx_household_redis_cluster_refresh_handler(ngx_event_t *ev);
void ngx_household_redis_cluster_replica_timer_handler(ngx_event_t *ev);

/* the node's pool, or a new one; NULL if memory is short */
ngx_household_redis_peer_t *ngx_household_redis_cluster_peer(
    ngx_household_redis_cluster_t *cl, ngx_str_t *host, in_port_t port);

/*
 * _slots.c: makes the table of what CLUSTER SLOTS says.  Returns NULL, or
 * what is wrong with it: then the table is as it was.
 */
const char *ngx_household_redis_cluster_parse(ngx_household_redis_cluster_t *cl,
    ngx_household_resp_reply_t *reply);


#endif /* _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_ */
