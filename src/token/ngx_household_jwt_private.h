
/*
 * A token and the issuer who signed it, in the form that a JWT and a Common
 * Access Token share.  Private to the token rooms.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JWT_PRIVATE_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWT_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"
#include "ngx_household_jwt.h"


/* a parsed token; nothing is trusted before the signature is verified */

typedef struct {
    ngx_str_t                       input;     /* what is signed */
    ngx_str_t                       signature;
    ngx_str_t                       kid;       /* data is NULL: none */
    ngx_str_t                       issuer;    /* data is NULL: none */
    ngx_uint_t                      algorithm;
    ngx_str_t                       type;      /* data is NULL: none */
    ngx_uint_t                      renewed;   /* 1: by an edge */
    uint64_t                        first;     /* of a renewed one: its key */
    json_t                         *header;
    json_t                         *claims;

    /* keys of all sets that were tried, and the one that matched */
    ngx_uint_t                      ntried;
    const ngx_household_jws_key_t  *tried[NGX_HOUSEHOLD_JWT_ATTEMPTS];
    const ngx_household_jws_key_t  *signer;
    const ngx_household_jwk_t      *jwk;
} ngx_household_jwt_t;


/*
 * Finds the issuer whose key verifies the signature, and checks "aud" and
 * "typ".  Uses the members of "t" from "input" to "claims" except "header".
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and sets "issuer", an index in the
 * policy; or the reason of the rejection: TOKEN_ALGORITHM, _KEY, _ISSUER,
 * _SIGNATURE, _AUDIENCE, _TYPE or KEYS_UNAVAILABLE.  With TOKEN_KEY, "issuer"
 * is the last one whose keys were tried.
 */
ngx_household_reason_e ngx_household_jwt_authenticate(
    const ngx_household_jwt_policy_t *policy, ngx_household_jwt_t *t,
    ngx_uint_t *issuer);

/*
 * Sets the digests of "jti" and of the key that verified the signature, which
 * a deny list may have.  Returns NGX_HOUSEHOLD_REASON_NONE; TOKEN_CLAIM if
 * "jti" is not valid; or TOKEN_KEY if there is no memory.
 */
ngx_household_reason_e ngx_household_jwt_denial(const ngx_household_jwt_t *t,
    ngx_household_jwt_claims_t *claims);


#endif /* _NGX_HOUSEHOLD_JWT_PRIVATE_H_INCLUDED_ */
