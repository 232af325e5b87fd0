
/*
 * Keys beside the records of accounts: what is kept under a prefix of its own,
 * as nobody is to be told of its changes.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_KEYS_H_INCLUDED_
#define _NGX_HOUSEHOLD_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Sets "key", allocated from "pool", to the key prefix of a deployment with
 * "name" in it: "household:" and "seen" make "household-seen:", and the prefix
 * "tv" makes "tv-seen:".  An empty prefix makes "seen:".  Returns NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_household_keys_beside(ngx_pool_t *pool, ngx_str_t *key_prefix,
    const char *name, ngx_str_t *key);

/*
 * Writes "prefix", and the account in braces, which are the hash tag of a
 * cluster, at "p"; returns the end.  It takes prefix->len + account->len + 2
 * bytes.
 */
u_char *ngx_household_keys_account(u_char *p, ngx_str_t *prefix,
    ngx_str_t *account);


#endif /* _NGX_HOUSEHOLD_KEYS_H_INCLUDED_ */
