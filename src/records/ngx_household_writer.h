
/*
 * Writes of the edge to Redis: where a device was seen, the networks of an
 * account without a home, the network of a seat, days outside, the start and
 * the end of a grace period.
 *
 * No request waits for a write.  A write is dropped and counted if Redis is
 * unavailable or too many writes are pending.  The next request of the same
 * kind repeats the write.
 */


#ifndef _NGX_HOUSEHOLD_WRITER_H_INCLUDED_
#define _NGX_HOUSEHOLD_WRITER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_redis.h"


/* pending writes in one worker; further writes are dropped */
#define NGX_HOUSEHOLD_WRITER_MAX   1024


typedef struct ngx_household_writer_s  ngx_household_writer_t;


/* what is written, for counters */

typedef enum {
    NGX_HOUSEHOLD_WRITER_DEVICE = 0,
    NGX_HOUSEHOLD_WRITER_HOME,
    NGX_HOUSEHOLD_WRITER_SEAT,
    NGX_HOUSEHOLD_WRITER_AWAY,
    NGX_HOUSEHOLD_WRITER_GRACE_START,
    NGX_HOUSEHOLD_WRITER_GRACE_END,

    NGX_HOUSEHOLD_WRITER_OPS
} ngx_household_writer_op_e;


typedef enum {
    NGX_HOUSEHOLD_WRITER_OK = 0,
    NGX_HOUSEHOLD_WRITER_DROPPED,      /* not sent, or no reply */
    NGX_HOUSEHOLD_WRITER_ERROR,        /* error reply, or invalid reply */

    NGX_HOUSEHOLD_WRITER_RESULTS
} ngx_household_writer_result_e;


typedef struct {
    /* called once for each write */
    void    (*ended)(void *data, ngx_household_writer_op_e op,
                     ngx_household_writer_result_e result);

    /*
     * A device was written to household-device:{A}, of which no invalidation
     * is sent: the record of this machine is older.
     */
    void    (*seen)(void *data, ngx_str_t *account);
} ngx_household_writer_calls_t;


/*
 * Creates the writer of one deployment in this worker, allocated from "pool".
 * Returns NULL if memory allocation failed.
 */
ngx_household_writer_t *ngx_household_writer_create(ngx_pool_t *pool,
    ngx_household_redis_t *redis, ngx_str_t *key_prefix,
    const ngx_household_writer_calls_t *calls, void *data);


/* a device and all places where the device was seen */

typedef struct {
    ngx_str_t              id;
    ngx_uint_t             nseen;
    ngx_household_seen_t  *seen;
} ngx_household_writer_device_t;


/*
 * Writes where a device was seen (a script).  The device is now at "seat", or
 * at home if "seat" is empty.  All edges are told of it only if the device is
 * new at one of its places, or they were told of that place "untold" seconds
 * ago, or earlier.  "dropped" is another device, which is deleted to make room,
 * unless that device was written after the record was read; or NULL.
 * The same write is not repeated within 5 minutes.
 */
void ngx_household_writer_write_device(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_household_writer_device_t *device,
    ngx_str_t *seat, int64_t untold, ngx_household_writer_device_t *dropped);

/*
 * Counts a day at "network" (text), at most once a day, for an account without
 * a home in that address family.  After "days" days the network is registered,
 * and the counts of that family are deleted.  "members" is the size of the
 * account's set in the record; if the size has changed, nothing is written
 * (a script).
 */
void ngx_household_writer_write_learn(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_str_t *network, int64_t now, ngx_uint_t days,
    ngx_uint_t members);

/*
 * Adds "network" (text) to a seat that learns, for as long as the seat is paid,
 * unless the seat has a network of that address family by now (a script).
 */
void ngx_household_writer_write_seat(ngx_household_writer_t *writer,
    ngx_str_t *account, ngx_str_t *seat, ngx_str_t *network);

/* adds the day of "now", in Unix seconds, to the days outside (a script) */
void ngx_household_writer_write_away(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t now);

/*
 * Starts a grace period of an account at "now", which replaces the grace period
 * that started at "former" (0: none).  If Redis has another value than
 * "former", another edge was faster, and nothing is written (a script).
 */
void ngx_household_writer_write_grace_start(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t former, int64_t now);

/*
 * Writes that a device is at home again since "now", after a grace period
 * (0: no device is at home any more).  An earlier time is kept.
 */
void ngx_household_writer_write_grace_return(ngx_household_writer_t *writer,
    ngx_str_t *account, int64_t now);


#endif /* _NGX_HOUSEHOLD_WRITER_H_INCLUDED_ */
