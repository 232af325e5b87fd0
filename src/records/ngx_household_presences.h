
/*
 * Presence of accounts in Redis: reads household-seen:{A}, and writes what the
 * rule of household/ngx_household_presence.h makes of it.
 *
 * A read is sent before the lookup of the record in the same turn of the event
 * loop, so that both travel in one round trip.  Reads of the same account at
 * the same time are one.  No request waits for a write: it is computed here,
 * and stored by a script if the presence is still the one that it was computed
 * from.  If another edge was faster, the script returns what it wrote, and the
 * rule is asked once more; if that fails, too, the write is dropped.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCES_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis.h"
#include "ngx_household_presence.h"


/* reads, and writes, under way in one worker; more are not made */
#define NGX_HOUSEHOLD_PRESENCES_MAX      1024

/* seconds after the last write at which Redis deletes a presence: 180 days */
#define NGX_HOUSEHOLD_PRESENCES_EXPIRE   15552000

/* milliseconds without writes after Redis has refused one */
#define NGX_HOUSEHOLD_PRESENCES_SUSPEND     1000


typedef struct ngx_household_presences_s        ngx_household_presences_t;
typedef struct ngx_household_presences_read_s   ngx_household_presences_read_t;
typedef struct ngx_household_presences_waiter_s
                                              ngx_household_presences_waiter_t;


typedef enum {
    NGX_HOUSEHOLD_PRESENCES_DROPPED = 0,  /* a write was not made */
    NGX_HOUSEHOLD_PRESENCES_RETRIED       /* another edge was faster */
} ngx_household_presences_event_e;


/*
 * One request that waits; the caller's memory, "handler" and "data" its own.
 * The handler is called once, never from within ngx_household_presences_read(),
 * with the bytes, empty if there is no such key; or NULL if they are not
 * available.  They are valid during the call only.  The handler must not
 * finalize a request: it posts an event.
 */

struct ngx_household_presences_waiter_s {
    void                           (*handler)(
                                     ngx_household_presences_waiter_t *waiter,
                                     ngx_str_t *bytes);
    void                            *data;

    ngx_household_presences_read_t  *read;   /* NULL: does not wait */
    ngx_queue_t                      queue;
};


/*
 * Who keeps and counts.  "generation" is called before a command is sent; what
 * it returns goes to "store" with the bytes that Redis has.
 */

typedef struct {
    uint64_t   (*generation)(void *data, ngx_str_t *account);
    void       (*store)(void *data, ngx_str_t *account, uint64_t generation,
                        ngx_str_t *bytes);
    void       (*count)(void *data, ngx_household_presences_event_e event);
    void        *data;
} ngx_household_presences_cache_t;


/* what a write is computed from, and what was computed; all of it is copied */

typedef struct {
    ngx_str_t                               *account;
    const ngx_household_presence_params_t   *params;
    const ngx_household_presence_facts_t    *facts;
    ngx_str_t                               *former;   /* as it was read */
    ngx_str_t                               *bytes;    /* to be stored */
} ngx_household_presences_write_t;


/*
 * The presence of one deployment in this worker, allocated from "pool".
 * Returns NULL if memory is short.
 */
ngx_household_presences_t *ngx_household_presences_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_household_presences_cache_t *cache);

/*
 * Starts a read, or joins one that is under way.  "account" has 1 to
 * NGX_HOUSEHOLD_ID_LEN bytes.  "waiter" may be NULL: the bytes are for the
 * cache alone.  Returns NGX_AGAIN if the handler will be called, and
 * NGX_DECLINED if Redis is unavailable or too many are under way.
 */
ngx_int_t ngx_household_presences_read(ngx_household_presences_t *presences,
    ngx_str_t *account, ngx_household_presences_waiter_t *waiter);

/* the waiter waits no more; its handler will not be called; may be repeated */
void ngx_household_presences_cancel(ngx_household_presences_waiter_t *waiter);

/*
 * Stores a presence, unless the same device at the same place is being
 * written.  The cache receives the outcome; drops are counted.
 */
void ngx_household_presences_write(ngx_household_presences_t *presences,
    ngx_household_presences_write_t *write);


#endif /* _NGX_HOUSEHOLD_PRESENCES_H_INCLUDED_ */
