
/*
 * Redis Cluster: private to ngx_household_redis_cluster*.c.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_choice.h"
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

    /* the slot map: the peer of each hash slot, or NULL */
    ngx_household_redis_peer_t       **slots;
    ngx_household_redis_peer_t       **replicas;   /* chosen, of each slot */
    ngx_uint_t                         redirected; /* peers not in the map */

    ngx_household_redis_query_t       *query;
    ngx_household_redis_node_t        *queried;    /* the node */
    ngx_uint_t                         next;       /* round robin */
    ngx_uint_t                         tried;      /* in this round */

    ngx_event_t                        refresh;
    ngx_event_t                        replica_timer;
    ngx_msec_t                         refreshed;  /* last start */
    ngx_uint_t                         failures;   /* in a row */

    /* slots with an ASK since "asked_since": a bitmap */
    u_char                            *asked;
    ngx_msec_t                         asked_since;

    /* a connection that fetches the slot map at intervals */
    ngx_household_redis_dedicated_t   *watch;
    ngx_household_redis_node_t        *watched;    /* the node */
    ngx_event_t                        watch_timer;
    ngx_uint_t                         primary;    /* next, round robin */

    u_char                             err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                           known:1;    /* a map was received */
    unsigned                           down:1;     /* the last round failed */
    unsigned                           logged:1;   /* "down" was logged */
    unsigned                           watching:1;
    unsigned                           moved:1;    /* a slot */
} ngx_household_redis_cluster_t;


/*
 * _table.c: the slot map and its peers.
 */

/* Sets the primary of a slot.  Returns 1 if the slot had another, else 0. */
ngx_uint_t ngx_household_redis_cluster_set_slot(
    ngx_household_redis_cluster_t *cl, ngx_uint_t slot,
    ngx_household_redis_peer_t *primary);

/* To be called if a slot is moved, or has been. */
void ngx_household_redis_cluster_moved(ngx_household_redis_cluster_t *cl);

/*
 * Returns the peer with the address "addr", which a node has returned; creates
 * the peer if there is none.  Returns NULL if there is no memory.  "at" is the
 * address of the node that replied, as text, and "tls" its TLS server name:
 * both are used if "addr" has no host.
 */
ngx_household_redis_peer_t *ngx_household_redis_cluster_peer(
    ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_addr_t *addr, ngx_str_t *at, ngx_str_t *tls);

/*
 * Applies a reply to CLUSTER SLOTS, and removes the peers that are neither in
 * the reply nor known as primaries without hash slots.  Returns NULL; or the
 * reason if the reply is invalid, in which case the map is unchanged, or if
 * there is no memory.
 */
const char *ngx_household_redis_cluster_apply(
    ngx_household_redis_cluster_t *cl, ngx_household_resp_reply_t *reply,
    ngx_str_t *at, ngx_str_t *tls);

/* Applies a reply to CLUSTER NODES: adds the primaries without hash slots. */
void ngx_household_redis_cluster_apply_slotless(
    ngx_household_redis_cluster_t *cl, ngx_str_t *nodes, ngx_str_t *at,
    ngx_str_t *tls);


/*
 * _refresh.c: fetches the slot map soon, at a limited rate.  Nodes are queried
 * one after the other until one returns a valid map.  Parked commands are
 * routed again then, or after all nodes have failed.
 */
void ngx_household_redis_cluster_refresh(ngx_household_redis_cluster_t *cl);

/* To be called after a slot map from "node" was applied. */
void ngx_household_redis_cluster_refreshed(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_node_t *node);

/*
 * Returns the i-th node of this round: the peers that are not down, round
 * robin, and then the seeds.
 */
ngx_household_redis_node_t *ngx_household_redis_cluster_candidate(
    ngx_household_redis_cluster_t *cl, ngx_uint_t i);

/* the handlers of cl->refresh and cl->replica_timer */
void ngx_household_redis_cluster_refresh_handler(ngx_event_t *ev);
void ngx_household_redis_cluster_replica_timer_handler(ngx_event_t *ev);


/* _watch.c: fetches the slot map at intervals, with or without commands */
void ngx_household_redis_cluster_watch(ngx_household_redis_cluster_t *cl);
void ngx_household_redis_cluster_unwatch(ngx_household_redis_cluster_t *cl);


#endif /* _NGX_HOUSEHOLD_REDIS_CLUSTER_H_INCLUDED_ */
