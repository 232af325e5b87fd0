
/*
 * The client address of a URI Signing token (RFC 9246, 2.1.10): an address or
 * a network, encrypted as a JWE (RFC 7516) in the compact serialization.
 *
 * Encryption is AES-GCM with a shared key ("alg" "dir"), as in the examples of
 * the RFC.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_CDNIIP_H_INCLUDED_
#define _NGX_HOUSEHOLD_CDNIIP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"
#include "ngx_household_jose.h"


#define NGX_HOUSEHOLD_CDNIIP_SIZE     65536  /* bytes of a file of keys */
#define NGX_HOUSEHOLD_CDNIIP_KEYS        16
#define NGX_HOUSEHOLD_CDNIIP_DIGEST      32
#define NGX_HOUSEHOLD_CDNIIP_LEN       1024  /* bytes of the claim */

/* size of the longest error text, including NUL */
#define NGX_HOUSEHOLD_CDNIIP_ERROR      256


typedef struct ngx_household_cdniip_keys_s  ngx_household_cdniip_keys_t;


/* the clients that a token is for; a "family" of NONE allows all */

typedef struct {
    ngx_household_addr_t   addr;
    u_char                 bits;       /* length of the prefix */
} ngx_household_cdniip_t;


/*
 * Parses a JWK Set of keys for decryption: "kty" is "oct", "k" has 16, 24 or 32
 * bytes, "use" is "enc" or missing, and "alg" is "dir", the name of the content
 * encryption, or missing.  Other keys are skipped, so that one file may have
 * the keys of signatures, too.
 *
 * Returns the keys, which the caller releases with _destroy(); or NULL, and
 * writes the cause to "error", which has NGX_HOUSEHOLD_CDNIIP_ERROR bytes.
 */
ngx_household_cdniip_keys_t *ngx_household_cdniip_keys_parse(
    const ngx_str_t *text, char *error);

/* wipes and frees the keys; "keys" may be NULL */
void ngx_household_cdniip_keys_destroy(ngx_household_cdniip_keys_t *keys);

/* SHA-256 of the text of the keys, NGX_HOUSEHOLD_CDNIIP_DIGEST bytes */
const u_char *ngx_household_cdniip_keys_digest(
    const ngx_household_cdniip_keys_t *keys);

/*
 * Decrypts a "cdniip" and reads the address, or the network in CIDR notation.
 * Returns NGX_OK and fills "ip"; or NGX_DECLINED if no key decrypts the value,
 * or it is no address.
 */
ngx_int_t ngx_household_cdniip_read(const ngx_household_cdniip_keys_t *keys,
    const ngx_str_t *jwe, ngx_household_cdniip_t *ip);

/* returns 1 if the network contains "addr", or allows all; otherwise 0 */
ngx_uint_t ngx_household_cdniip_allows(const ngx_household_cdniip_t *ip,
    const ngx_household_addr_t *addr);


#endif /* _NGX_HOUSEHOLD_CDNIIP_H_INCLUDED_ */
