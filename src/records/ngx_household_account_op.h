
/*
 * Private to ngx_household_account*.c.
 */


#ifndef _NGX_HOUSEHOLD_ACCOUNT_OP_H_INCLUDED_
#define _NGX_HOUSEHOLD_ACCOUNT_OP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_account.h"
#include "ngx_household_keys.h"
#include "ngx_household_script.h"


/* the keys of an account: those of the record, later times, the presence */
#define NGX_HOUSEHOLD_ACCOUNT_DEVICE  NGX_HOUSEHOLD_KEYS_RECORD
#define NGX_HOUSEHOLD_ACCOUNT_SEEN    (NGX_HOUSEHOLD_KEYS_RECORD + 1)
#define NGX_HOUSEHOLD_ACCOUNT_KEYS    (NGX_HOUSEHOLD_KEYS_RECORD + 2)


/* followed by its strings */

struct ngx_household_account_op_s {
    ngx_household_redis_t           *redis;
    ngx_household_redis_op_t        *sent;     /* its commands */
    ngx_household_account_pt         handler;  /* NULL: cancelled */
    void                            *data;
    ngx_household_account_result_e   result;

    /* of a read */
    ngx_pool_t                      *pool;
    ngx_household_account_t         *account;
    ngx_household_account_field_t   *later;    /* of household-device:{A} */
    ngx_uint_t                       nlater;

    /* of a script */
    ngx_household_script_t          *script;
    ngx_str_t                       *argv;
    ngx_uint_t                       argc;
    int64_t                          n;        /* the reply */
    unsigned                         eval:1;   /* not EVALSHA */
    unsigned                         noscript:1;
};


/*
 * Creates an operation with "extra" bytes after it, the strings of the keys
 * not included.  Fills "keys".  Returns NULL if there is no memory.
 */
ngx_household_account_op_t *ngx_household_account_op_create(
    ngx_household_redis_t *redis, ngx_str_t *id, size_t extra,
    ngx_str_t *keys);

/*
 * Submits "n" commands.  A worker process that quits waits for the replies,
 * unless the operation was cancelled.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_household_account_op_submit(ngx_household_account_op_t *op,
    ngx_household_resp_command_t *commands, ngx_str_t *keys, ngx_uint_t n,
    ngx_household_redis_reply_pt reply, ngx_household_redis_done_pt done);

/* calls the handler with the result, and frees the operation */
void ngx_household_account_op_end(ngx_household_account_op_t *op,
    ngx_household_redis_result_e status, ngx_uint_t n);

/* compares names, of two home networks or of two fields, for ngx_qsort() */
int ngx_libc_cdecl ngx_household_account_compare(const void *one,
    const void *two);


#endif /* _NGX_HOUSEHOLD_ACCOUNT_OP_H_INCLUDED_ */
