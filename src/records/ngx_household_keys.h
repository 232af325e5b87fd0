
/*
 * Names of keys: those of an account, and those outside the key prefix of
 * records, whose changes cause no invalidations.
 */


#ifndef _NGX_HOUSEHOLD_KEYS_H_INCLUDED_
#define _NGX_HOUSEHOLD_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Sets "key", allocated from "pool", to a prefix made of "key_prefix", that of
 * a deployment, and "name".  For "seen", the prefix "household:" results in
 * "household-seen:", "tv" in "tv-seen:", and an empty prefix in "seen:".
 * Returns NGX_OK, or NGX_ERROR if memory allocation failed.
 */
ngx_int_t ngx_household_keys_beside(ngx_pool_t *pool, ngx_str_t *key_prefix,
    const char *name, ngx_str_t *key);

/*
 * The same, written to "p".  Needs the length of both and two bytes more.
 * Returns the end of the text.
 */
u_char *ngx_household_keys_put_beside(u_char *p, ngx_str_t *key_prefix,
    const char *name);

/*
 * Writes "prefix" and the account in braces, which is the hash tag for a
 * cluster, to "p".  Needs prefix->len + account->len + 2 bytes.  Returns the
 * end of the text.
 */
u_char *ngx_household_keys_account(u_char *p, ngx_str_t *prefix,
    ngx_str_t *account);


/* beside the records: the times of devices that no other edge has to know */
#define NGX_HOUSEHOLD_KEYS_DEVICE  "device"


/*
 * The keys that each script on an account gets first: the set of home networks,
 * the hash, and the tombstone of an account that was erased.
 */
#define NGX_HOUSEHOLD_KEYS_RECORD  3

/* bytes of the names of these keys */
#define ngx_household_keys_record_size(prefix, account)                       \
    (NGX_HOUSEHOLD_KEYS_RECORD * ((prefix)->len + (account)->len              \
                                  + sizeof("-closed:{}:account") - 1))

/* writes the names to "p", and sets "keys"; returns the end of the text */
u_char *ngx_household_keys_record(u_char *p, ngx_str_t *key_prefix,
    ngx_str_t *account, ngx_str_t *keys);

/*
 * FNV-1a, 64 bits, of what is written, "hash" being that of the parts before:
 * two writes with one hash would be taken for the same, which 32 bits do not
 * make unlikely enough.  The length is hashed to separate the parts.
 */
uint64_t ngx_household_keys_hash(uint64_t hash, ngx_str_t *text);


#endif /* _NGX_HOUSEHOLD_KEYS_H_INCLUDED_ */
