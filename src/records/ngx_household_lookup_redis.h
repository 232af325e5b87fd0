
/*
 * Private to the lookup files.
 */


#ifndef _NGX_HOUSEHOLD_LOOKUP_REDIS_H_INCLUDED_
#define _NGX_HOUSEHOLD_LOOKUP_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_lookup.h"
#include "ngx_household_pace.h"
#include "ngx_household_spare.h"


/*
 * Each part of a cluster's hash slots has its own pace, so that a slow node
 * delays only the parts with its hash slots.
 */
#define NGX_HOUSEHOLD_LOOKUP_PARTS         16

/* max. queued lookups of a part; on overflow, the oldest lookup fails */
#define NGX_HOUSEHOLD_LOOKUP_QUEUE         4096

/* the home networks, the fields, the devices */
#define NGX_HOUSEHOLD_LOOKUP_COMMANDS      3

/* ms between probes of the cache for records fetched by other processes */
#define NGX_HOUSEHOLD_LOOKUP_POLL          2
#define NGX_HOUSEHOLD_LOOKUP_POLL_MAX      32


typedef enum {
    NGX_HOUSEHOLD_LOOKUP_QUEUED = 0,
    NGX_HOUSEHOLD_LOOKUP_SENT,
    NGX_HOUSEHOLD_LOOKUP_REMOTE        /* sent by another process */
} ngx_household_lookup_state_e;


typedef struct {
    ngx_household_pace_t             pace;
    ngx_queue_t                      queue;    /* LIFO */
    ngx_uint_t                       n;
} ngx_household_lookup_part_t;


struct ngx_household_lookups_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t           *redis;
    ngx_household_lookup_cache_t    *cache;     /* or NULL */
    void                            *dummy;
    ngx_int_t                        ident;

    const ngx_household_lookup_counts_t  *counts;

    /* by account */
    ngx_rbtree_t                     tree;
    ngx_rbtree_node_t                sentinel;

    ngx_household_lookup_part_t      parts[NGX_HOUSEHOLD_LOOKUP_PARTS];
    ngx_uint_t                       first;     /* part that is sent first */
    ngx_event_t                      next;      /* sends queued lookups */

    ngx_queue_t                      remote;
    ngx_event_t                      poll;
    ngx_msec_t                       interval;  /* of "poll" */

    ngx_queue_t                      waiters;   /* in order of deadlines */
    ngx_event_t                      timer;

    /*
     * Free builders.  The replies of a lookup usually arrive together, so
     * that a connection needs one builder at a time.
     */
    ngx_household_record_builder_t  *builders[4];
    ngx_uint_t                       nbuilders;

    ngx_uint_t                       devices;   /* unsigned  devices:1; */

    ngx_str_t                        device_prefix;

    /* encoded commands, their keys, and the account in each of them */
    ngx_uint_t                       ncommands;
    ngx_str_t                        wires[NGX_HOUSEHOLD_LOOKUP_COMMANDS];
    ngx_str_t                        keys[NGX_HOUSEHOLD_LOOKUP_COMMANDS];
    u_char                          *accounts[NGX_HOUSEHOLD_LOOKUP_COMMANDS];
    size_t                           account_len;
    u_char                          *memory;    /* for the commands */
    u_char                          *name;      /* memory for one key */

    ngx_household_spares_t           spares;    /* lookups that have ended */

    /* rate limits of log messages */
    ngx_household_log_limit_t        malformed;
    ngx_household_log_limit_t        too_large;
};


/*
 * Called when the commands of a lookup are completed.  "status" is their
 * result.  The record is NULL unless "outcome" is OK, and is valid during the
 * call only.
 */
typedef void (*ngx_household_lookup_pt)(ngx_household_lookup_t *lookup,
    ngx_household_redis_result_e status,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record);


struct ngx_household_lookup_s {
    ngx_str_node_t                   node;     /* account; must be first */
    ngx_household_lookups_t         *lookups;
    ngx_household_lookup_part_t     *part;
    ngx_household_lookup_state_e     state;
    ngx_queue_t                      queue;    /* QUEUED, REMOTE */
    ngx_queue_t                      waiters;

    /* SENT */
    ngx_household_lookup_pt          handler;
    ngx_household_record_builder_t  *builder;  /* since the first reply */
    ngx_household_record_builder_t  *replica;  /* of a replica, or NULL */
    uint64_t                         generation; /* of the cache */
    ngx_msec_t                       sent;     /* since cache->fetch() */
    uint64_t                         started;  /* the same, microseconds */
    unsigned                         superseded:1; /* not in the tree */
    unsigned                         counted:1; /* left() is to be called */
    unsigned                         failed:1;
    unsigned                         too_large:1;
    unsigned                         no_homes:1; /* SMEMBERS is empty */
    unsigned                         empty:1; /* SMEMBERS or HGETALL is */
};


/* returns NGX_OK, or NGX_ERROR if there is no memory */
ngx_int_t ngx_household_lookup_make_commands(ngx_pool_t *pool,
    ngx_household_lookups_t *lookups);

/*
 * Sends the commands of a lookup.  Returns NGX_OK; NGX_BUSY if a queue is full;
 * or NGX_ERROR.  After NGX_OK, "handler" is called, never from within.
 */
ngx_int_t ngx_household_lookup_send(ngx_household_lookup_t *lookup,
    ngx_household_lookup_pt handler);

/* how a lookup ended; the record is NULL unless "outcome" is OK */
ngx_household_lookup_result_e ngx_household_lookup_result(
    ngx_household_redis_result_e status, ngx_household_lookup_status_e outcome,
    ngx_household_record_t *record);

/*
 * _memory.c: returns a lookup with all members 0, but for the account, which is
 * copied.  Returns NULL if there is no memory, or if the account is too long.
 * free() frees the lookup and its builders.
 */
ngx_household_lookup_t *ngx_household_lookup_alloc(
    ngx_household_lookups_t *lookups, ngx_str_t *account);
void ngx_household_lookup_free(ngx_household_lookup_t *lookup);

/* returns a builder that is started, or NULL; "builder" may be NULL */
ngx_household_record_builder_t *ngx_household_lookup_builder(
    ngx_household_lookups_t *lookups);
void ngx_household_lookup_free_builder(ngx_household_lookups_t *lookups,
    ngx_household_record_builder_t *builder);

/* frees what is kept, when no lookup is left */
void ngx_household_lookup_free_spares(ngx_household_lookups_t *lookups);


#endif /* _NGX_HOUSEHOLD_LOOKUP_REDIS_H_INCLUDED_ */
