
/*
 * A peer: a server with the connections of this worker process to it.  The
 * connections receive operations round robin.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_PEER_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_PEER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"


typedef struct ngx_household_redis_peer_s  ngx_household_redis_peer_t;


/* why a connection was lost, or could not be established */

typedef enum {
    NGX_HOUSEHOLD_REDIS_CAUSE_REFUSED = 0,  /* not established */
    NGX_HOUSEHOLD_REDIS_CAUSE_TIMEOUT,
    NGX_HOUSEHOLD_REDIS_CAUSE_CLOSED,       /* established, and lost */
    NGX_HOUSEHOLD_REDIS_CAUSE_PROTOCOL,     /* invalid reply */
    NGX_HOUSEHOLD_REDIS_CAUSE_TLS,

    NGX_HOUSEHOLD_REDIS_CAUSES
} ngx_household_redis_cause_e;


/* callbacks of the deployment; peer->data is the "data" of create() */

typedef struct {
    /* as in ngx_household_redis_conn_calls_t */
    void       (*orphan)(ngx_household_redis_peer_t *peer,
                         ngx_household_redis_cmd_t *cmd, ngx_uint_t sent);
    ngx_int_t  (*error)(ngx_household_redis_peer_t *peer,
                        ngx_household_redis_cmd_t *cmd, ngx_str_t *error);

    /*
     * A connection was established, was lost, or could not be established;
     * see peer->down.  The event has been logged.
     */
    void       (*changed)(ngx_household_redis_peer_t *peer);

    /* as in ngx_household_redis_conn_calls_t */
    void       (*untracked)(ngx_household_redis_peer_t *peer);
} ngx_household_redis_peer_calls_t;


struct ngx_household_redis_peer_s {
    ngx_household_redis_node_t              *node;
    const ngx_household_redis_peer_calls_t  *owner;
    void                                    *data;

    ngx_queue_t                              queue;       /* all peers */
    ngx_uint_t                               n;
    ngx_uint_t                               next;        /* round robin */
    ngx_msec_t                               avoid_until; /* if "avoid" */
    ngx_msec_t                               readonly_until;
    ngx_msec_t                               resolved;    /* the topology's */
    uint64_t                                 rank;        /* as a reader's */
    uint64_t                                 moving;      /* the cluster's */

    /* the last two logged causes of "server down" */
    u_char                                err[NGX_HOUSEHOLD_REDIS_ERRLEN];
    u_char                                prev_err[NGX_HOUSEHOLD_REDIS_ERRLEN];

    /* since they were published: ngx_household_redis_servers.h */
    ngx_uint_t                        failures[NGX_HOUSEHOLD_REDIS_CAUSES];

    unsigned                                 known:1;     /* up or down */
    unsigned                                 down:1;
    unsigned                                 logged:1;    /* "server down" */
    unsigned                                 avoid:1;
    unsigned                                 readonly:1;
    unsigned                                 probed:1;    /* PING was sent */
    unsigned                                 replica:1;
    unsigned                                 visited:1;   /* the topology's */
    unsigned                                 slotless:1;  /* the cluster's */
    unsigned                                 was_slotless:1;
    unsigned                                 paused:1;    /* writes */
    unsigned                                 written:1;   /* to the writer */

    ngx_household_redis_conn_t              *writer;      /* if "paused" */
    ngx_household_redis_conn_t               conns[1];
};


/*
 * Creates a peer, and keeps the node.  Connections are opened soon; or, if
 * "lazy", when they are needed.  Returns NULL if there is no memory.
 */
ngx_household_redis_peer_t *ngx_household_redis_peer_create(
    ngx_household_redis_node_t *node, ngx_uint_t lazy,
    const ngx_household_redis_peer_calls_t *owner, void *data);

/*
 * Closes the connections and frees the peer.  "orphan" is called for all
 * unanswered commands.  Not to be called from a callback.
 */
void ngx_household_redis_peer_destroy(ngx_household_redis_peer_t *peer);

/*
 * Enqueues a command on a connection that is not down.  Returns as
 * ngx_household_redis_conn_enqueue().
 *
 * A server that pauses writes (CLIENT PAUSE WRITE, a failover) does not reply
 * to them, nor to what follows on the same connection.  After a connection was
 * closed because a write was not answered, writes are sent on a connection of
 * their own, until it has answered one.
 */
ngx_int_t ngx_household_redis_peer_enqueue(ngx_household_redis_peer_t *peer,
    ngx_household_redis_cmd_t *cmd);

/*
 * Writes the address that a reply came from, as text without a port, and
 * returns its length.  To be called by "error".
 */
size_t ngx_household_redis_peer_addr(ngx_household_redis_peer_t *peer,
    u_char *text, size_t len);

/* Returns 1 if a connection is not down, otherwise 0. */
ngx_uint_t ngx_household_redis_peer_usable(ngx_household_redis_peer_t *peer);

/*
 * avoid(): other peers are preferred for one second, because the server
 * replied with a transient error.  avoided() returns 1 during that time,
 * otherwise 0.
 */
void ngx_household_redis_peer_avoid(ngx_household_redis_peer_t *peer);
ngx_uint_t ngx_household_redis_peer_avoided(ngx_household_redis_peer_t *peer);

/*
 * The same for writes only, because the server replied READONLY: it has become
 * a replica, and is read from as before.
 */
void ngx_household_redis_peer_set_readonly(ngx_household_redis_peer_t *peer);
ngx_uint_t ngx_household_redis_peer_readonly(ngx_household_redis_peer_t *peer);

/*
 * Sends PING to a server that is avoided.  If the reply is no error, the server
 * is not avoided any more, and "changed" is called.  Until then it is avoided
 * for another second with each call, unless it does not reply.
 */
void ngx_household_redis_peer_probe(ngx_household_redis_peer_t *peer);

/* as those of a connection, for all connections of the peer */
void ngx_household_redis_peer_suspend(ngx_household_redis_peer_t *peer);
void ngx_household_redis_peer_resume(ngx_household_redis_peer_t *peer);


#endif /* _NGX_HOUSEHOLD_REDIS_PEER_H_INCLUDED_ */
