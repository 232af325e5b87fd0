
/*
 * Routing of commands: retries, redirections, and queues.  The topology
 * (standalone, Sentinel, or Cluster) selects the peer of a command.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_ROUTE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_ROUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_log_limit.h"
#include "ngx_household_redis_error.h"
#include "ngx_household_redis_peer.h"
#include "ngx_household_redis_tracked.h"


/* maximum number of times that a command is routed */
#define NGX_HOUSEHOLD_REDIS_MAX_REDIRECTS  8


/* log limits of error replies, each for one event and code */
#define NGX_HOUSEHOLD_REDIS_ERRORS     16


typedef struct ngx_household_redis_s  ngx_household_redis_t;


typedef struct {
    /*
     * Allocates redis->topology_data from "pool".  Returns NGX_OK, or
     * NGX_ERROR if there is no memory.
     */
    ngx_int_t   (*create)(ngx_household_redis_t *redis, ngx_pool_t *pool);

    /* called before the peers are destroyed; route() is not called after */
    void        (*destroy)(ngx_household_redis_t *redis);

    /*
     * Enqueues a command on a peer, or parks the command.  Returns NGX_OK;
     * NGX_DECLINED if no peer is usable; or NGX_BUSY if a queue is full.
     */
    ngx_int_t   (*route)(ngx_household_redis_t *redis,
                         ngx_household_redis_cmd_t *cmd);

    /* as in ngx_household_redis_peer_calls_t; "code" is that of "error" */
    ngx_int_t   (*error)(ngx_household_redis_t *redis,
                         ngx_household_redis_peer_t *peer,
                         ngx_household_redis_cmd_t *cmd, ngx_str_t *code,
                         ngx_str_t *error);
    void        (*changed)(ngx_household_redis_t *redis,
                           ngx_household_redis_peer_t *peer);

    /*
     * refresh() fetches the topology, soon, at a limited rate.  watch()
     * fetches the topology at short intervals from now on.
     */
    void        (*refresh)(ngx_household_redis_t *redis);
    void        (*watch)(ngx_household_redis_t *redis);

    /* see ngx_household_redis_primaries() */
    ngx_uint_t  (*primaries)(ngx_household_redis_t *redis,
                             ngx_household_redis_node_t **nodes,
                             ngx_uint_t max);
} ngx_household_redis_topology_t;


/* what is counted of a deployment */

typedef enum {
    NGX_HOUSEHOLD_REDIS_ENDED_OK = 0,
    NGX_HOUSEHOLD_REDIS_ENDED_ERROR,   /* an error reply, or an invalid one */
    NGX_HOUSEHOLD_REDIS_ENDED_TIMEOUT,
    NGX_HOUSEHOLD_REDIS_ENDED_DOWN,
    NGX_HOUSEHOLD_REDIS_ENDED_BUSY,

    NGX_HOUSEHOLD_REDIS_ENDS
} ngx_household_redis_ended_e;


/* each kind of operations has a group of ERROR, and one of COMMAND */

typedef enum {
    NGX_HOUSEHOLD_REDIS_COUNT_MOVED = 0,
    NGX_HOUSEHOLD_REDIS_COUNT_ASK,
    NGX_HOUSEHOLD_REDIS_COUNT_TOPOLOGY,
    NGX_HOUSEHOLD_REDIS_COUNT_ERROR,
    NGX_HOUSEHOLD_REDIS_COUNT_COMMAND = NGX_HOUSEHOLD_REDIS_COUNT_ERROR
                                        + NGX_HOUSEHOLD_REDIS_KINDS
                                          * NGX_HOUSEHOLD_REDIS_ERROR_CODES,

    NGX_HOUSEHOLD_REDIS_COUNTS = NGX_HOUSEHOLD_REDIS_COUNT_COMMAND
                                 + NGX_HOUSEHOLD_REDIS_KINDS
                                   * NGX_HOUSEHOLD_REDIS_ENDS
} ngx_household_redis_count_e;

#define ngx_household_redis_count_error(kind, code)                           \
    (NGX_HOUSEHOLD_REDIS_COUNT_ERROR                                          \
     + (kind) * NGX_HOUSEHOLD_REDIS_ERROR_CODES + (code))

#define ngx_household_redis_count_command(kind, ended)                        \
    (NGX_HOUSEHOLD_REDIS_COUNT_COMMAND                                        \
     + (kind) * NGX_HOUSEHOLD_REDIS_ENDS + (ended))


/* "n" more of ngx_household_redis_count_e "count" */
typedef void (*ngx_household_redis_count_pt)(void *data, ngx_uint_t count,
    ngx_uint_t n);


/* an observer of the primaries, in the memory of the caller */

typedef struct {
    void                              (*changed)(void *data);
    void                               *data;
    ngx_queue_t                         queue;
} ngx_household_redis_observer_t;


/* to whom it matters whether values are of tracked servers */

typedef struct {
    /*
     * A reply to an operation without the flag WRITE came from a server that is
     * not tracked, while other servers are: the value must not be cached as
     * fresh.  "key" is the first key of the operation.  Called before the
     * "done" of the operation.
     */
    void                              (*untracked)(void *data, ngx_str_t *key);

    /* invalidations of any key that this process has read may be missed */
    void                              (*missed)(void *data);

    /*
     * A hash slot of a cluster is moved, or has been.  Its keys send
     * invalidations when they leave their node; keys that did not exist when
     * they were read do not, and may be created at the other node.
     */
    void                              (*moved)(void *data);
} ngx_household_redis_tracked_calls_t;


/* the log limit of error replies with one event and code */

typedef struct {
    const char                         *event;  /* static */
    size_t                              code_len;
    u_char                              code[16];
    ngx_household_log_limit_t           limit;
} ngx_household_redis_error_t;


struct ngx_household_redis_s {
    ngx_household_redis_options_t         *conf;
    const ngx_household_redis_topology_t  *topology;
    void                                  *topology_data;
    ngx_int_t                              ident; /* of the timers below */

    ngx_queue_t                            peers;
    ngx_household_redis_deadlines_t        deadlines;
    ngx_household_redis_deadlines_t        late;  /* NGX_HOUSEHOLD_REDIS_LATE */

    /* commands that wait for the topology; for a retry delay */
    ngx_household_redis_fifo_t             parked;
    ngx_household_redis_fifo_t             delayed;
    ngx_event_t                            retry; /* of "delayed" */

    ngx_queue_t                            observers;
    ngx_event_t                            notify;

    /* error replies are logged at a limited rate, by event and code */
    ngx_household_redis_error_t         errors[NGX_HOUSEHOLD_REDIS_ERRORS];
    ngx_household_log_limit_t           busy;    /* as is a full queue */

    /* servers that any process tracks; NULL: tracking is off */
    ngx_household_redis_tracked_t             *tracked;
    const ngx_household_redis_tracked_calls_t *tracked_calls;
    void                               *tracked_data;
    ngx_event_t                         reader;         /* see _reader.h */
    ngx_uint_t                          tracker;        /* number; 0: none */
    ngx_uint_t                          nuntracked;     /* in a series */
    ngx_msec_t                          untracked_first;
    ngx_msec_t                          untracked_last;
    ngx_event_t                         identify;       /* the servers */

    ngx_household_redis_count_pt        count;          /* or NULL */
    void                               *count_data;

    /* commands that have ended since the publisher counted them */
    uint32_t                            commands[NGX_HOUSEHOLD_REDIS_KINDS]
                                                [NGX_HOUSEHOLD_REDIS_ENDS];

    unsigned                            hurried:1;      /* the reader */
    unsigned                            reader_failed:1;
    unsigned                            stopped:1;
};


void ngx_household_redis_route_init(ngx_household_redis_t *redis,
    ngx_household_redis_options_t *conf,
    const ngx_household_redis_topology_t *topology);

/* Ends all operations with DOWN, and destroys the peers. */
void ngx_household_redis_route_stop(ngx_household_redis_t *redis);

/*
 * Routes a command, which must not be in a list.  Returns as the topology's
 * route().
 */
ngx_int_t ngx_household_redis_route(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/* Routes a command, and ends its operation if that fails. */
void ngx_household_redis_reroute(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/*
 * For the topologies.
 */

/*
 * Creates a peer and appends it to the list.  Returns NULL if there is no
 * memory.
 */
ngx_household_redis_peer_t *ngx_household_redis_route_add_peer(
    ngx_household_redis_t *redis, ngx_household_redis_node_t *node,
    ngx_uint_t lazy);

/*
 * Destroys a peer.  Not to be called from route(), error() or changed() of the
 * topology.
 */
void ngx_household_redis_route_remove_peer(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer);

/*
 * Parks a command: it waits for unpark(), which routes all parked commands
 * again.  Returns NGX_OK, or NGX_BUSY if too many are parked.
 */
ngx_int_t ngx_household_redis_route_park(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);
void ngx_household_redis_route_unpark(ngx_household_redis_t *redis);

/*
 * Counts the commands of an operation that has ended with "status": here, and
 * not in shared memory, as there are many.  publish() adds them to what is
 * counted.
 */
void ngx_household_redis_route_ended(ngx_household_redis_t *redis,
    ngx_household_redis_op_t *op, ngx_household_redis_result_e status);
void ngx_household_redis_route_publish(ngx_household_redis_t *redis);

/* Detaches a command that was replied to from its connection. */
void ngx_household_redis_cmd_detach(ngx_household_redis_cmd_t *cmd);

/* Routes a command again after a short delay. */
void ngx_household_redis_cmd_retry_later(ngx_household_redis_t *redis,
    ngx_household_redis_cmd_t *cmd);

/* Calls the observers soon, from the event loop. */
void ngx_household_redis_notify_primaries(ngx_household_redis_t *redis);

/* The same, and counts that the servers are others, or have other roles. */
void ngx_household_redis_notify_topology(ngx_household_redis_t *redis);

/* Returns 1 if an error with this code is transient, otherwise 0. */
ngx_uint_t ngx_household_redis_error_transient(ngx_str_t *code);


extern const ngx_household_redis_topology_t  ngx_household_redis_standalone;
extern const ngx_household_redis_topology_t  ngx_household_redis_sentinel;
extern const ngx_household_redis_topology_t  ngx_household_redis_cluster;


#endif /* _NGX_HOUSEHOLD_REDIS_ROUTE_H_INCLUDED_ */
