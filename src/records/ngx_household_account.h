
/*
 * An account as Redis holds it, for those who look after accounts: all members
 * and fields, in the bytes that are stored, malformed ones included; but a
 * device has the later of its times, which may be in household-device:{A}.  An
 * account is read from a primary, and changed by scripts, each of which is
 * atomic.
 *
 * The path of a request uses ngx_household_lookup.h instead.
 */


#ifndef _NGX_HOUSEHOLD_ACCOUNT_H_INCLUDED_
#define _NGX_HOUSEHOLD_ACCOUNT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_redis.h"


typedef struct ngx_household_account_op_s  ngx_household_account_op_t;


typedef enum {
    NGX_HOUSEHOLD_ACCOUNT_OK = 0,
    NGX_HOUSEHOLD_ACCOUNT_CONFLICT,    /* changed since it was read */
    NGX_HOUSEHOLD_ACCOUNT_TOO_LARGE,   /* more than a reply may have */
    NGX_HOUSEHOLD_ACCOUNT_UNAVAILABLE, /* nothing was read or written */
    NGX_HOUSEHOLD_ACCOUNT_TIMEOUT,     /* a write may have been made */
    NGX_HOUSEHOLD_ACCOUNT_ERROR        /* an error reply, which is logged */
} ngx_household_account_result_e;


/* a field of the hash */

typedef struct {
    ngx_str_t    name;
    ngx_str_t    value;
} ngx_household_account_field_t;


/* sorted by their bytes; all in the pool of the read */

typedef struct {
    ngx_uint_t                      nhomes;
    ngx_str_t                      *homes;
    ngx_uint_t                      nfields;
    ngx_household_account_field_t  *fields;
    ngx_str_t                       presence;  /* empty: none, or unreadable */
    uint64_t                        version;   /* of homes and fields, without
                                                  the later times */
} ngx_household_account_t;


/* one change: "value" is used by SET only */

typedef enum {
    NGX_HOUSEHOLD_ACCOUNT_ADD = 0,     /* a home network */
    NGX_HOUSEHOLD_ACCOUNT_REMOVE,
    NGX_HOUSEHOLD_ACCOUNT_SET,         /* a field */
    NGX_HOUSEHOLD_ACCOUNT_UNSET
} ngx_household_account_edit_e;


typedef struct {
    ngx_household_account_edit_e    type;
    ngx_str_t                       name;
    ngx_str_t                       value;
} ngx_household_account_edit_t;


/*
 * Called once, from within the reading of replies, and never from within the
 * function that started the operation.  The handler must not finalize a
 * request, but post an event.  "n" is the number of changes that an edit or
 * an erasure made.
 */
typedef void (*ngx_household_account_pt)(void *data,
    ngx_household_account_result_e result, ngx_uint_t n);


/*
 * Reads an account into "account", allocated from "pool".  Returns the
 * operation; or NULL if Redis is known to be unavailable, or memory allocation
 * failed: the handler will not be called.
 */
ngx_household_account_op_t *ngx_household_account_read(
    ngx_household_redis_t *redis, ngx_pool_t *pool, ngx_str_t *id,
    ngx_household_account_t *account, ngx_household_account_pt handler,
    void *data);

/*
 * Makes all of "n" edits in one script, or none.  A device that is set or unset
 * has no later time any more.  With "version" other than
 * NULL, none is made if the account has another version by now: CONFLICT.
 * Returns as the read.
 */
ngx_household_account_op_t *ngx_household_account_edit(
    ngx_household_redis_t *redis, ngx_str_t *id, uint64_t *version,
    ngx_household_account_edit_t *edits, ngx_uint_t n,
    ngx_household_account_pt handler, void *data);

/*
 * Seconds for which the tombstone of an erased account is kept: an edge does
 * not write to an account that has a tombstone and nothing else.  An edit that
 * adds something removes the tombstone.
 */
#define NGX_HOUSEHOLD_ACCOUNT_CLOSED  (7 * NGX_HOUSEHOLD_DAY)

/*
 * Erases an account, with the later times of its devices, its presence and the
 * marks of its events, at once, and leaves a tombstone.  "account" is what was
 * read.  "version" is as in ngx_household_account_edit().  "n" of the handler
 * is the number of keys that were removed.  Returns as the read.
 */
ngx_household_account_op_t *ngx_household_account_erase(
    ngx_household_redis_t *redis, ngx_str_t *id,
    ngx_household_account_t *account, uint64_t *version,
    ngx_household_account_pt handler, void *data);

/*
 * The handler will not be called; the operation goes on, and a worker process
 * that quits does not wait for it any more.  "op" may be NULL.
 */
void ngx_household_account_cancel(ngx_household_account_op_t *op);

/*
 * Parses the name of a field of a seat, "extra:<seat>:<network>".  Returns 1
 * and sets "seat" and "network", which point into the name; or returns 0.
 */
ngx_uint_t ngx_household_account_seat(ngx_str_t *name, ngx_str_t *seat,
    ngx_str_t *network);

/*
 * Returns the number of the first field whose name is not less than "name", or
 * that of all fields.
 */
ngx_uint_t ngx_household_account_from(ngx_household_account_t *account,
    ngx_str_t *name);

/* returns the field of that name, or NULL */
ngx_household_account_field_t *ngx_household_account_field(
    ngx_household_account_t *account, ngx_str_t *name);

/*
 * Builds the record that an edge makes of an account.  Returns NULL if it is
 * over a limit.
 */
ngx_household_record_t *ngx_household_account_record(
    ngx_household_account_t *account, ngx_household_record_builder_t *b,
    int64_t now);


#endif /* _NGX_HOUSEHOLD_ACCOUNT_H_INCLUDED_ */
