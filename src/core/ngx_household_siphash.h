
/*
 * SipHash-2-4, https://www.aumasson.jp/siphash/siphash.pdf, and its variant of
 * 128 bits.  A keyed hash: without the key nobody can choose inputs of one
 * value.
 */


#ifndef _NGX_HOUSEHOLD_SIPHASH_H_INCLUDED_
#define _NGX_HOUSEHOLD_SIPHASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_SIPHASH_128  16


/* "key" has two words */
uint64_t ngx_household_siphash(const uint64_t *key, const u_char *p,
    size_t len);

/* the same with a hash of 128 bits */
void ngx_household_siphash_128(const uint64_t *key, const u_char *p,
    size_t len, u_char hash[NGX_HOUSEHOLD_SIPHASH_128]);


#endif /* _NGX_HOUSEHOLD_SIPHASH_H_INCLUDED_ */
