
/*
 * Validation of the public keys of Edwards curves (RFC 8032).
 *
 * Links without any nginx object file; needs OpenSSL 3.
 */


#ifndef _NGX_HOUSEHOLD_EDWARDS_H_INCLUDED_
#define _NGX_HOUSEHOLD_EDWARDS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_ED25519_SIZE  32  /* bytes of a key */
#define NGX_HOUSEHOLD_ED448_SIZE    57

typedef enum {
    NGX_HOUSEHOLD_ED25519 = 0,
    NGX_HOUSEHOLD_ED448
} ngx_household_edwards_e;


/*
 * Checks an encoded public key, the decoded "x" of a JWK.  OpenSSL accepts any
 * bytes, but signatures can be forged for a point of small order.
 *
 * Returns NGX_OK; NGX_DECLINED if the key does not have the size of the curve,
 * is not canonical (RFC 8032, 5.1.3 and 5.2.3), is not a point on the curve,
 * or has an order that divides the cofactor; or NGX_ERROR if there is no
 * memory.
 */
ngx_int_t ngx_household_edwards_check(ngx_household_edwards_e curve,
    const ngx_str_t *key);


#endif /* _NGX_HOUSEHOLD_EDWARDS_H_INCLUDED_ */
