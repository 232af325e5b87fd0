
/*
 * The way of commands through a deployment.  Which node a command goes to is
 * up to the kind of deployment: servers in order, sentinels, or a cluster.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_ROUTE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_ROUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_log_limit.h"
#include "ngx_household_redis_peer.h"
#include "ngx_household_redis_tracked.h"


/* how often a command is routed before it is given up */
#define NGX_HOUSEHOLD_REDIS_MAX_REDIRECTS  8


/* kinds of error replies that are counted apart in the log */
#define NGX_HOUSEHOLD_REDIS_ERRORS     16


typedef struct ngx_household_redis_s  ngx_household_redis_t;


typedef struct {
    /* NGX_OK, or NGX_ERROR if memory is short; state is the kind's own */
    ngx_int_t   (*create)(ngx_household_redis_t *redis, ngx_pool_t *pool);

    /* before the pools are destroyed; nothing is routed any more */
    void        (*destroy)(ngx_household_redis_t *redis);

    /*
     * Pushes a command to a node or parks it.  Returns NGX_OK; NGX_DECLINED
     * if there is nobody to send it to; or NGX_BUSY.
     */
    ngx_int_t   (*route)(ngx_household_redis_t *redis,
                         ngx_household_redis_cmd_t *cmd);

    /* as of the owner of a pool; "code" is that of the error */
    ngx_int_t   (*error)(ngx_household_redis_t *redis,
                         ngx_household_redis_peer_t *peer,
                         ngx_household_redis_cmd_t *cmd, ngx_str_t *code,
                         ngx_str_t *error);
    void        (*changed)(ngx_household_redis_t *redis,
                           ngx_household_redis_peer_t *peer);

    /*
     * The topology may have changed: asks for it, soon but not too often.
     * "watch": goes on to ask for it at short intervals.
     */
    void        (*refresh)(ngx_household_redis_t *redis);
    void        (*watch)(ngx_household_redis_t *redis);

    /* see ngx_household_redis_primaries() */
    ngx_uint_t  (*primaries)(ngx_household_redis_t *redis,
                             ngx_household_redis_node_t **nodes,
                             ngx_uint_t max);
} ngx_household_redis_topology_t;


/* who wants to know of changes of the primaries; the caller's memory */

typedef struct {
    void                              (*changed)(void *data);
    void                               *data;
    ngx_queue_t                         queue;
} ngx_household_redis_observer_t;


/* error replies of one kind; "what" is static */

typedef struct {
    const char                         *event;
    size_t                              code_len;
    u_char                              code[16];
    ngx_household_log_limit_t           limit;
} ngx_household_redis_error_t;


struct ngx_household_redis_s {
    ngx_household_redis_options_t         *conf;
    const ngx_household_redis_topology_t  *topology;
    void                                  *topology_data; /* the kind's */
    ngx_int_t                              ident; /* of the timers below */

    ngx_queue_t                            peers;
    ngx_household_redis_deadlines_t        deadlines;
    ngx_household_redis_deadlines_t        late;  /* NGX_HOUSEHOLD_REDIS_LATE */

    /* until the kind knows where to; until a moment has passed */
    ngx_household_redis_fifo_t             parked;
    ngx_household_redis_fifo_t             delayed;
    ngx_event_t                            retry;

    ngx_queue_t                            observers;
    ngx_event_t                            notify;

    /* error replies are logged at a limited rate, by event and code */
    ngx_household_redis_error_t         errors[NGX_HOUSEHOLD_REDIS_ERRORS];
    ngx_household_log_limit_t           busy;    /* so is a full queue */

    /* servers that are tracked, by any process; NULL: none need be */
    ngx_household_redis_tracked_t      *tracked;
    void                              (*untracked)(void *data, ngx_str_t *key);
    void                               *untracked_data;
    ngx_uint_t                          nuntracked;     /* in a series */
    ngx_msec_t                          untracked_first;
    ngx_msec_t                          untracked_last;

    ngx_uint_t                          suspended;    /* operations wait */

    unsigned                            stopped:1;
};


void ngx_household_redis_route_init(ngx_household_redis_t *redis,
    ngx_household_redis_options_t *conf,
    const ngx_household_redis_topology_t *topology);

/* ends all operations with DOWN, destroys the pools */
void ngx_household_redis_route_stop(ngx_household_redis_t *redis);

/*
 * Routes a command, which is in no list.  Returns as the kind's route().
 */
ngx_int_t ngx_household_redis_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/* the same, but ends the operation if there is no way */
void ngx_household_redis_reroute(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/*
 * For the kinds.
 */

/* makes a pool, the last of the list; NULL if memory is short */
ngx_household_redis_peer_t *ngx_household_redis_route_add_peer(
    ngx_household_redis_t *redis, ngx_household_redis_node_t *node,
    ngx_uint_t lazy);

/* not from within route(), error() or changed() */
void ngx_household_redis_route_remove_peer(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer);

/* it waits for unpark; NGX_OK or NGX_BUSY */
ngx_int_t ngx_household_redis_route_park(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);
void ngx_household_redis_route_unpark(ngx_household_redis_t *redis);

/* takes a command, whose reply has come, from its connection */
void ngx_household_redis_cmd_detach(ngx_household_redis_cmd_t *cmd);

/* routes it again in a moment */
void ngx_household_redis_cmd_retry_later(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/* watchers are told soon */
void ngx_household_redis_notify_primaries(ngx_household_redis_t *redis);

/* tells whether the code is that of an error which passes by itself */
ngx_uint_t ngx_household_redis_error_transient(ngx_str_t *code);


extern const ngx_household_redis_topology_t  ngx_household_redis_standalone;
extern const ngx_household_redis_topology_t  ngx_household_redis_sentinel;
extern const ngx_household_redis_topology_t  ngx_household_redis_cluster;


#endif /* _NGX_HOUSEHOLD_REDIS_ROUTE_H_INCLUDED_ */
