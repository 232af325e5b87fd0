
/*
 * Presence of accounts in Redis: reads household-seen:{A}, and writes the
 * result of the rule in household/ngx_household_presence.h.
 *
 * A read is sent before the lookup of the record in the same iteration of the
 * event loop, so that both take one round trip.  Concurrent reads of the same
 * account share one command.  No request waits for a write.  The new presence
 * is computed by the caller, and stored by a script if Redis still has the
 * presence from which the new one was computed (compare and set).  If another
 * edge was faster, the script returns the presence of that edge, and the rule
 * is evaluated again.  If the second attempt fails, the write is dropped.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCES_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"
#include "ngx_household_presence.h"


/* pending reads, and pending writes, in one worker; more are rejected */
#define NGX_HOUSEHOLD_PRESENCES_MAX      1024

/* no writes are sent for this time after an error reply, milliseconds */
#define NGX_HOUSEHOLD_PRESENCES_SUSPEND     1000


typedef struct ngx_household_presences_s        ngx_household_presences_t;
typedef struct ngx_household_presences_read_s   ngx_household_presences_read_t;
typedef struct ngx_household_presences_waiter_s
                                              ngx_household_presences_waiter_t;


typedef enum {
    NGX_HOUSEHOLD_PRESENCES_DROPPED = 0,  /* a write was not made */
    NGX_HOUSEHOLD_PRESENCES_RETRIED,      /* another edge was faster */
    NGX_HOUSEHOLD_PRESENCES_WRITTEN
} ngx_household_presences_event_e;


/*
 * A waiting request, allocated by the caller, which sets "handler" and "data".
 * The handler is called once, never from within ngx_household_presences_read().
 * "bytes" is the value, empty if the key does not exist, or NULL if the read
 * failed.  "bytes" is valid during the call only.  The handler must not
 * finalize a request, but post an event.
 */

struct ngx_household_presences_waiter_s {
    void                           (*handler)(
                                     ngx_household_presences_waiter_t *waiter,
                                     ngx_str_t *bytes);
    void                            *data;

    ngx_household_presences_read_t  *read;   /* NULL: not waiting */
    ngx_queue_t                      queue;
};


/*
 * The cache and the counters.  "generation" is called before a command is sent.
 * The returned generation is passed to "store" with the value in Redis.
 */

typedef struct {
    uint64_t   (*generation)(void *data, ngx_str_t *account);
    void       (*store)(void *data, ngx_str_t *account, uint64_t generation,
                        ngx_str_t *bytes);
    void       (*count)(void *data, ngx_household_presences_event_e event);
    void        *data;
} ngx_household_presences_cache_t;


/*
 * The input of the rule and the computed presence; all members are copied.
 * Redis deletes the presence params->forget seconds after the last write.
 */

typedef struct {
    ngx_str_t                               *account;
    const ngx_household_presence_params_t   *params;
    const ngx_household_presence_facts_t    *facts;
    ngx_str_t                               *former;   /* as read */
    ngx_str_t                               *bytes;    /* to store */
} ngx_household_presences_write_t;


/*
 * Creates the presences of one deployment in this worker, allocated from
 * "pool".  Returns NULL if memory allocation failed.
 */
ngx_household_presences_t *ngx_household_presences_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_household_presences_cache_t *cache);

/*
 * Starts a read, or joins a read in progress.  "account" has 1 to
 * NGX_HOUSEHOLD_ID_LEN bytes.  "waiter" is NULL for a background read, which
 * only updates the cache.  Returns NGX_AGAIN if the handler will be called, and
 * NGX_DECLINED if Redis is unavailable, memory allocation failed, or too many
 * reads are pending.
 */
ngx_int_t ngx_household_presences_read(ngx_household_presences_t *presences,
    ngx_str_t *account, ngx_household_presences_waiter_t *waiter);

/* removes the waiter; its handler will not be called; may be repeated */
void ngx_household_presences_cancel(ngx_household_presences_waiter_t *waiter);

/*
 * Stores a presence, unless a write of the same device at the same address is
 * pending.  The stored value is passed to the cache.  Dropped writes are
 * counted.
 */
void ngx_household_presences_write(ngx_household_presences_t *presences,
    ngx_household_presences_write_t *write);


#endif /* _NGX_HOUSEHOLD_PRESENCES_H_INCLUDED_ */
