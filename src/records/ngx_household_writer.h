
/*
 * What the edge writes to Redis: where a device was seen, where a household
 * without a home is, days outside, the start of a grace period.
 *
 * No request waits for any of it.  What cannot be written, because the store
 * is away or too much is under way, is dropped and counted: the next request
 * of the same kind brings it again.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_WRITER_H_INCLUDED_
#define _NGX_HOUSEHOLD_WRITER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_redis.h"


/* notes under way in one worker; more are dropped */
#define NGX_HOUSEHOLD_WRITER_MAX   1024


typedef struct ngx_household_writer_s  ngx_household_writer_t;


/*
 * The notes of one deployment in this worker, allocated from "pool".
 * "dropped" is called for each note that was not written, and may be NULL.
 * Returns NULL if memory is short.
 */
ngx_household_writer_t *ngx_household_writer_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_str_t *key_prefix,
    void (*dropped)(void *data), void *data);

/* a device, and all the places where it was seen */

typedef struct {
    ngx_str_t              id;
    ngx_uint_t             nseen;
    ngx_household_seen_t  *seen;
} ngx_household_writer_device_t;


/*
 * Writes where a device was seen; it is now at "seat", or at home if that is
 * empty.  "dropped" is another device that gives its room to this one, unless
 * it has been written since the record was read (a script); or NULL.  The
 * same write is not repeated within some minutes.
 */
void ngx_household_writer_write_device(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_household_writer_device_t *device,
    ngx_str_t *seat, ngx_household_writer_device_t *dropped);

/*
 * Counts a day at "network" (text), once a day, for an account without a home
 * in that family.  With "days" of them it is registered, and what was counted
 * in that family is dropped.  "members" is the size of the account's set as
 * the record had it: if it has changed, nothing is done (a script).
 */
void ngx_household_writer_write_learn(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_str_t *network, int64_t now, ngx_uint_t days,
    ngx_uint_t members);

/* adds the day of "now" to the days outside (a script) */
void ngx_household_writer_write_away(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t now);

/*
 * The grace period of an account starts at "now", in place of the one that
 * started at "former" (0: none); if that is not what the store has, another
 * edge was faster, and nothing is written (a script).
 */
void ngx_household_writer_write_grace_start(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t former, int64_t now);

/*
 * Somebody is home again since "now", after a grace period (0: nobody is any
 * more).  An earlier time stays.
 */
void ngx_household_writer_write_grace_return(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t now);


#endif /* _NGX_HOUSEHOLD_WRITER_H_INCLUDED_ */
