
/*
 * A node and the worker's connections to it, which take commands in turn; and
 * a deployment's list of them.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_PEER_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_PEER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"


typedef struct ngx_household_redis_peer_s  ngx_household_redis_peer_t;


/* what the deployment does; "data" is the one given to create */

typedef struct {
    /* as of a connection's owner, see there */
    void       (*orphan)(ngx_household_redis_peer_t *peer,
                         ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);
    ngx_int_t  (*error)(ngx_household_redis_peer_t *peer,
                        ngx_household_redis_cmd_t *cmd, ngx_str_t *error);

    /*
     * A connection was made, or was lost, or could not be made, which
     * pool->down tells.  What it means was logged.
     */
    void       (*changed)(ngx_household_redis_peer_t *peer);
} ngx_household_redis_peer_calls_t;


struct ngx_household_redis_peer_s {
    ngx_household_redis_node_t              *node;
    const ngx_household_redis_peer_calls_t  *owner;
    void                                    *data;

    ngx_queue_t                              queue; /* the deployment's */
    ngx_uint_t                               n;
    ngx_uint_t                               next;  /* round robin */
    ngx_msec_t                               avoid_until; /* if "avoid" */

    /* the last two logged causes of "server down" */
    u_char                                err[NGX_HOUSEHOLD_REDIS_ERRLEN];
    u_char                                prev_err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    unsigned                                 down:1;
    unsigned                                 logged:1;    /* "server down" */
    unsigned                                 avoid:1;
    unsigned                                 replica:1;
    unsigned                                 visited:1;   /* the topology's */
    unsigned                                 slotless:1;  /* the cluster's */
    unsigned                                 was_slotless:1;

    ngx_household_redis_conn_t               conns[1];
};


/*
 * Keeps the node.  Connections are made soon, or when they are needed if
 * "lazy".  Returns NULL if memory is short.
 */
ngx_household_redis_peer_t *ngx_household_redis_peer_create(
    ngx_household_redis_node_t *node, ngx_uint_t lazy,
    const ngx_household_redis_peer_calls_t *owner, void *data);

/* commands become orphans; not to be called from within the owner's calls */
void ngx_household_redis_peer_destroy(ngx_household_redis_peer_t *peer);

/* as ngx_household_redis_conn_enqueue(), to a connection that is not down */
ngx_int_t ngx_household_redis_peer_enqueue(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd);

/* tells whether push would find a connection */
ngx_uint_t ngx_household_redis_peer_usable(ngx_household_redis_peer_t *peer);

/* others are preferred to it for a second: it said that it cannot serve */
void ngx_household_redis_peer_avoid(ngx_household_redis_peer_t *peer);
ngx_uint_t ngx_household_redis_peer_avoided(ngx_household_redis_peer_t *peer);

void ngx_household_redis_peer_suspend(ngx_household_redis_peer_t *peer);
void ngx_household_redis_peer_resume(ngx_household_redis_peer_t *peer);


#endif /* _NGX_HOUSEHOLD_REDIS_PEER_H_INCLUDED_ */
