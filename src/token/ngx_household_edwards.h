
/*
 * Public keys of Edwards curves (RFC 8032): which encodings are points that
 * somebody can have the private key of.
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
 * Checks the encoding of a public key, "x" of a JWK, of the curve's size.
 * OpenSSL takes any bytes, and with a point of small order anybody can make
 * signatures that verify.
 *
 * Returns NGX_OK; NGX_DECLINED if it is not canonical (RFC 8032, 5.1.3 and
 * 5.2.3), not on the curve, or of an order that divides the cofactor; or
 * NGX_ERROR if memory is short.
 */
ngx_int_t ngx_household_edwards_check(ngx_household_edwards_e curve,
    const ngx_str_t *key);


#endif /* _NGX_HOUSEHOLD_EDWARDS_H_INCLUDED_ */
