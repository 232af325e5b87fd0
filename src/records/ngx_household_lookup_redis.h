
/*
 * What the files of lookups share.
 */


#ifndef _NGX_HOUSEHOLD_LOOKUP_REDIS_H_INCLUDED_
#define _NGX_HOUSEHOLD_LOOKUP_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_lookup.h"
#include "ngx_household_pace.h"


/*
 * Parts of a cluster that have a pace of their own: a node that is slow holds
 * up the parts that it has, and no others.
 */
#define NGX_HOUSEHOLD_LOOKUP_PARTS         16

/* lookups of a part that wait until they may be sent */
#define NGX_HOUSEHOLD_LOOKUP_QUEUE         4096

/* ms between looks at what other processes fetch */
#define NGX_HOUSEHOLD_LOOKUP_POLL          2
#define NGX_HOUSEHOLD_LOOKUP_POLL_MAX      32

/* digits of the number that the answers to a lookup end with */
#define NGX_HOUSEHOLD_LOOKUP_NUMBER        8


typedef enum {
    NGX_HOUSEHOLD_LOOKUP_QUEUED = 0,
    NGX_HOUSEHOLD_LOOKUP_SENT,
    NGX_HOUSEHOLD_LOOKUP_REMOTE        /* another process has sent one */
} ngx_household_lookup_state_e;


typedef struct {
    ngx_household_pace_t             pace;
    ngx_queue_t                      queue;    /* the latest first */
    ngx_uint_t                       n;
} ngx_household_lookup_part_t;


struct ngx_household_lookups_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t           *redis;
    ngx_household_lookup_cache_t    *cache;     /* or NULL */
    void                            *dummy;
    ngx_int_t                        ident;

    /* by account */
    ngx_rbtree_t                     tree;
    ngx_rbtree_node_t                sentinel;

    ngx_household_lookup_part_t      parts[NGX_HOUSEHOLD_LOOKUP_PARTS];
    ngx_event_t                      next;      /* sends what may be sent */

    ngx_queue_t                      remote;
    ngx_event_t                      poll;
    ngx_msec_t                       interval;  /* of "poll" */

    ngx_queue_t                      waiters;   /* in order of deadlines */
    ngx_event_t                      timer;

    /*
     * The two replies of a lookup mostly come one after the other, so that a
     * connection fills one builder at a time; those not in use are kept here.
     */
    ngx_household_record_builder_t  *builders[4];
    ngx_uint_t                       nbuilders;

    uint32_t                         number;    /* of the next lookup */

    /* what is wrong with records */
    ngx_household_log_limit_t        malformed;
    ngx_household_log_limit_t        too_large;
};


struct ngx_household_lookup_s {
    ngx_str_node_t                   node;     /* account; must be first */
    ngx_household_lookups_t         *lookups;
    ngx_household_lookup_part_t     *part;
    ngx_household_lookup_state_e     state;
    ngx_queue_t                      queue;    /* QUEUED, REMOTE */
    ngx_queue_t                      waiters;

    /* SENT */
    ngx_household_record_builder_t  *builder;  /* since the first reply */
    uint64_t                         generation; /* the cache's */
    ngx_msec_t                       sent;
    u_char                           number[NGX_HOUSEHOLD_LOOKUP_NUMBER];
    unsigned                         superseded:1; /* not in the tree */
    unsigned                         failed:1;
    unsigned                         too_large:1;
};


/*
 * Sends the commands of a lookup.  Returns NGX_OK, with _done() called later
 * and never from within, or NGX_ERROR.
 */
ngx_int_t ngx_household_lookup_send(ngx_household_lookup_t *lookup);

/*
 * They were answered, or were not, as "status" tells.  The record is NULL
 * unless the outcome is OK, and valid during the call only.
 */
void ngx_household_lookup_done(ngx_household_lookup_t *lookup,
    ngx_household_redis_result_e status,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record);

/* gives the lookup's builder back, if it has one */
void ngx_household_lookup_release(ngx_household_lookup_t *lookup);


#endif /* _NGX_HOUSEHOLD_LOOKUP_REDIS_H_INCLUDED_ */
