
/*
 * Signed Token Renewal (RFC 9246, 3): the next token of a client.
 *
 * The new token has the claims of the former one, apart from "exp".
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_RENEWAL_H_INCLUDED_
#define _NGX_HOUSEHOLD_RENEWAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_chain.h"
#include "ngx_household_jose.h"
#include "ngx_household_jwks.h"


/* the claims; "depth" is a number of path segments */

typedef struct {
    ngx_uint_t   renewed;              /* unsigned  renewed:1; */
    int64_t      lifetime;             /* seconds; "cdniets" */
    int64_t      depth;                /* "cdnistd"; 0: any path */
} ngx_household_renewal_t;


/*
 * Reads the claims: "cdniets" is a number, and there is a "cdnistt" with it;
 * that is 0 (no renewal) or 1 (in a cookie); "cdnistd" is an integer that is
 * not negative.  Returns NGX_OK and fills "renewal", or NGX_DECLINED.
 */
ngx_int_t ngx_household_renewal_read(const json_t *claims,
    ngx_household_renewal_t *renewal);

/*
 * Checks a header parameter NGX_HOUSEHOLD_CHAIN_PARAM.  Returns NGX_OK and
 * sets "key", the id of a key; NGX_DECLINED if there is no parameter; or
 * NGX_ERROR if it is not valid.
 */
ngx_int_t ngx_household_renewal_key(const json_t *header, uint64_t *key);

/*
 * Makes the next token of "token", which was verified at "now".  "key" is the
 * id of the key that signed the first token.  The new one expires "cdniets"
 * seconds from now, but not later than "max" seconds after "iat", which is
 * added if there is none.  It is signed with the first key of "keys", a secret.
 * "dst" has NGX_HOUSEHOLD_CHAIN_SIZE bytes.
 *
 * Returns NGX_OK, fills "renewal" and "dst", and sets "left", the seconds
 * until it expires.  Returns NGX_DECLINED if the token is not to be renewed, or
 * the new one would be too large or expired; NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_household_renewal_sign(const ngx_household_jwks_t *keys,
    const ngx_str_t *token, uint64_t key, int64_t now, int64_t max,
    ngx_household_renewal_t *renewal, ngx_str_t *dst, int64_t *left);

/*
 * Finds the path for which the new token is, of a requested URI (RFC 9246,
 * 2.1.14): "depth" segments, or "/".  The parameter "package" whose value is
 * "token" is not part of the URI.  "buf" has NGX_HOUSEHOLD_URI_SIZE + 1 bytes.
 *
 * Returns NGX_OK and sets "path", which is in "buf"; or NGX_DECLINED if the
 * URI has fewer segments, or a cookie cannot have this path.
 */
ngx_int_t ngx_household_renewal_path(const ngx_str_t *uri,
    const ngx_str_t *package, const ngx_str_t *token, int64_t depth,
    u_char *buf, ngx_str_t *path);


#endif /* _NGX_HOUSEHOLD_RENEWAL_H_INCLUDED_ */
