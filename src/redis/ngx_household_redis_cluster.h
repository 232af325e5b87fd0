
/*
 * What the files of the cluster share.
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
#include "ngx_household_redis_query.h"
#include "ngx_household_redis_cluster_parse.h"


/* ms between two fetches of the slot map while it is watched */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_WATCH  1000


typedef struct {
    ngx_household_redis_t             *redis;
    ngx_household_redis_node_t       **seeds;
    ngx_uint_t                         nseeds;
    ngx_int_t                          ident;      /* of the timers */

    /* the slot map: who holds a hash slot; NULL: nobody */
    ngx_household_redis_peer_t       **slots;
    ngx_household_redis_peer_t       **replicas;   /* one, if read from */
    ngx_uint_t                         redirected; /* peers not in the map */

    ngx_household_redis_query_t       *query;
    ngx_household_redis_node_t        *queried;    /* the node */
    ngx_uint_t                         next;       /* who is queried first */
    ngx_uint_t                         tried;      /* in this round */

    ngx_event_t                        refresh;
    ngx_event_t                        replica_timer;
    ngx_msec_t                         refreshed;  /* last round began */
    ngx_uint_t                         failures;   /* rounds, since a map */

    /* a connection to a node that is asked for the map again and again */
    ngx_household_redis_dedicated_t   *watch;
    ngx_household_redis_node_t        *watched;    /* the node */
    ngx_event_t                        watch_timer;

    u_char                             err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                           known:1;    /* there is a map */
    unsigned                           down:1;     /* no node returns one */
    unsigned                           logged:1;   /* which was logged */
    unsigned                           watching:1;
} ngx_household_redis_cluster_t;


/*
 * _table.c: the slot map and the peers that it names.
 */

/*
 * Returns the peer at an address that a node returned, or a new one; NULL if
 * memory is short.  "at" is the address of the node, as text, and "tls" its
 * name: those of an address that is left out.
 */
ngx_household_redis_peer_t *ngx_household_redis_cluster_peer(
    ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_addr_t *addr, ngx_str_t *at, ngx_str_t *tls);

/*
 * Applies a reply to CLUSTER SLOTS, and removes the peers that it does not
 * name.  Returns NULL, or what is wrong with it: then the map is unchanged.
 */
const char *ngx_household_redis_cluster_apply(
    ngx_household_redis_cluster_t *cl, ngx_household_resp_reply_t *reply,
    ngx_str_t *at, ngx_str_t *tls);

/* Applies a reply to CLUSTER NODES: primaries that have no slots (yet). */
void ngx_household_redis_cluster_apply_slotless(
    ngx_household_redis_cluster_t *cl, ngx_str_t *nodes, ngx_str_t *at,
    ngx_str_t *tls);


/*
 * _refresh.c: fetches the slot map from some node, soon, but not too often.
 * Pending commands go on, or end, when it is there or cannot be had.
 */
void ngx_household_redis_cluster_refresh(ngx_household_redis_cluster_t *cl);

/* the map was applied */
void ngx_household_redis_cluster_refreshed(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_node_t *node);

/* a node that is up, in turn, and then the seeds; the i-th in this round */
ngx_household_redis_node_t *ngx_household_redis_cluster_candidate(
    ngx_household_redis_cluster_t *cl, ngx_uint_t i);

/* the handlers of cl->refresh and cl->replica_timer */
void ngx_household_redis_cluster_refresh_handler(ngx_event_t *ev);
void ngx_household_redis_cluster_replica_timer_handler(ngx_event_t *ev);


/* _watch.c: keeps the map up to date, with or without commands */
void ngx_household_redis_cluster_watch(ngx_household_redis_cluster_t *cl);
void ngx_household_redis_cluster_unwatch(ngx_household_redis_cluster_t *cl);


#endif /* _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_ */
