
/*
 * A signed CWT (RFC 8392): parsing of COSE_Sign1 and COSE_Mac0 (RFC 9052), and
 * writing of the latter.
 *
 * Links without any nginx object file; needs OpenSSL 3 and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_COSE_H_INCLUDED_
#define _NGX_HOUSEHOLD_COSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jwks.h"
#include "ngx_household_reason.h"


/* items of a message outside of its payload, and of its protected header */
#define NGX_HOUSEHOLD_COSE_ITEMS  64

/* size of a buffer for what is signed, of a message of "len" bytes */
#define ngx_household_cose_size(len)  ((len) + 32)


/* the strings are in the message or, "input", in the buffer */

typedef struct {
    ngx_uint_t   algorithm;            /* bits, as in ngx_household_jws.h */
    ngx_str_t    kid;                  /* data is NULL: none */
    ngx_str_t    type;                 /* data is NULL: none */
    ngx_uint_t   renewed;              /* 1: by an edge */
    uint64_t     first;                /* of a renewed one: its key */
    ngx_str_t    payload;
    ngx_str_t    signature;
    ngx_str_t    input;                /* what is signed */
} ngx_household_cose_t;


/*
 * Parses a message.  It may have the tag of its kind (17 or 18), and the tag
 * 61 of a CWT before that one.  Without a tag, the algorithm tells the kind.
 * "data" may change, as in ngx_household_cbor_parse(); "buf" has
 * ngx_household_cose_size(data->len) bytes.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and fills "m"; or
 *
 *   TOKEN_MALFORMED  not such a message, a detached payload, "crit", a label
 *                    in both headers, "kid" or "typ" of a wrong type, or a
 *                    parameter of a renewed token that is not valid, or not
 *                    in the protected header
 *   TOKEN_ALGORITHM  "alg" is not in the protected header, is unknown, or is
 *                    of the other kind than the tag
 */
ngx_household_reason_e ngx_household_cose_parse(ngx_household_cose_t *m,
    ngx_str_t *data, u_char *buf);

/* the name in JOSE of an algorithm, for example "HS256" of 5, or NULL */
const char *ngx_household_cose_algorithm(int64_t number);

/*
 * Writes a renewed token: a CWT in COSE_Mac0 with all tags, by the secret
 * "jwk".  "first" is the id of the key that signed the first token; "type" may
 * be empty.
 * "dst" has "size" bytes, and "buf" ngx_household_cose_size(size).
 *
 * Returns NGX_OK and sets dst->len; NGX_DECLINED if there is no room; or
 * NGX_ERROR if OpenSSL fails.
 */
ngx_int_t ngx_household_cose_write(const ngx_household_jwk_t *jwk,
    uint64_t first, const ngx_str_t *type, const ngx_str_t *payload,
    ngx_str_t *dst, size_t size, u_char *buf);


#endif /* _NGX_HOUSEHOLD_COSE_H_INCLUDED_ */
