
/*
 * What the edge writes to the store: a device seen at home, the first network
 * of a household, the start of a grace period.
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

/*
 * Notes that a device was seen at "now" (Unix seconds) at home, or, with a
 * "slot" that is not empty, at that extra member's network.  The same note is
 * not repeated within some minutes.
 */
void ngx_household_writer_write_device(ngx_household_writer_t *notes,
    ngx_str_t *account, ngx_str_t *device, ngx_str_t *slot, int64_t now);

/*
 * Registers "network" (text) as the home of an account that has none: one
 * network, however many are registered at the same moment (a script).
 */
void ngx_household_writer_write_home(ngx_household_writer_t *notes,
    ngx_str_t *account, ngx_str_t *network);

/*
 * The grace period of an account starts at "now", in place of the one that
 * started at "former" (0: none); if that is not what the store has, another
 * edge was faster, and nothing is written (a script).
 */
void ngx_household_writer_write_grace_start(ngx_household_writer_t *notes,
    ngx_str_t *account, int64_t former, int64_t now);

/*
 * Somebody is home again since "now", after a grace period (0: nobody is any
 * more).  An earlier time stays.
 */
void ngx_household_writer_write_grace_return(ngx_household_writer_t *notes,
    ngx_str_t *account, int64_t now);


#endif /* _NGX_HOUSEHOLD_WRITER_H_INCLUDED_ */
