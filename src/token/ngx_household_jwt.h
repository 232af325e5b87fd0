
/*
 * Playback tokens: a compact JWS (RFC 7515, 3.1) whose payload is a set of
 * claims (RFC 7519), to an account that is proved.
 *
 * No request, no clock, nothing kept: what is trusted comes from the policy,
 * and every call begins anew.  docs/tokens.md has the order of the checks.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JWT_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_household_reason.h"
#include "ngx_household_jwks.h"
#include "ngx_household_urisigning.h"


/* bytes of a token: what a policy has by default, and at most */
#define NGX_HOUSEHOLD_JWT_SIZE      4096
#define NGX_HOUSEHOLD_JWT_SIZE_MAX  8192

/* signatures that are verified for one token: each is of another key */
#define NGX_HOUSEHOLD_JWT_ATTEMPTS     8

#define NGX_HOUSEHOLD_JWT_LEEWAY_MAX  300

#define NGX_HOUSEHOLD_JWT_DIGEST       32

/* claims as variables: how many, and bytes of all of a token */
#define NGX_HOUSEHOLD_JWT_VALUES       32
#define NGX_HOUSEHOLD_JWT_VALUES_LEN 1024

/* bytes of a claim's name with dots */
#define NGX_HOUSEHOLD_JWT_NAME_LEN    255


/* one "household_token_key" */

typedef struct {
    ngx_household_jwks_t          *jwks;
    ngx_str_t                      name;      /* "iss"; empty: not checked */
    ngx_str_t                     *audiences; /* "aud" has one of them */
    ngx_uint_t                     naudiences; /* 0: not checked */
    ngx_str_t                      type;      /* "typ"; empty: not checked */
} ngx_household_jwt_issuer_t;


/* what a location trusts and reads; names of claims end with a NUL */

typedef struct {
    ngx_household_jwt_issuer_t  *issuers;
    ngx_uint_t                   nissuers;
    ngx_str_t                    account;   /* claim; "sub" as a rule */
    ngx_str_t                    device;    /* claim; empty: none */
    ngx_str_t                    package;   /* RFC 9246's attribute name */
    ngx_str_t                   *values;    /* names of variables */
    ngx_uint_t                   nvalues;   /* up to _VALUES */
    int64_t                      leeway;    /* seconds; 0 to _LEEWAY_MAX */
    size_t                       max_size;  /* bytes, up to _SIZE_MAX */
} ngx_household_jwt_policy_t;


/*
 * What a verified token says: a plain block without pointers, which may be
 * copied into shared memory.  A cache of it must call
 * ngx_household_urisigning_match() anew for every request if "container" is
 * not empty, and must not hold it beyond "until".
 */

typedef struct {
    int64_t                        issued_at; /* or ..._ISSUED_UNKNOWN */
    int64_t                        until;     /* exp and leeway; exclusive */
    uint16_t                       issuer;    /* index of the policy's */
    uint16_t                       account_len;
    uint16_t                       device_len;
    uint16_t                       container_len;
    uint16_t                       values_len;
    u_char                         account[NGX_HOUSEHOLD_ID_LEN];
    u_char                         device[NGX_HOUSEHOLD_ID_LEN];
    u_char                         container[NGX_HOUSEHOLD_CONTAINER_LEN];
    u_char                         values[NGX_HOUSEHOLD_JWT_VALUES_LEN];
} ngx_household_jwt_claims_t;


/*
 * Verifies a token at "now" (Unix seconds).  "uri" is the absolute URI of the
 * request, for tokens that RFC 9246 restricts to some; empty: not known, and
 * such tokens are refused.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and fills "claims", or says why not, with
 * "claims" all zeros:
 *
 *   TOKEN_MALFORMED  too large, not of the form, no JSON, a "crit" or "b64"
 *   TOKEN_ALGORITHM  an "alg" that is not known, or that the key of this
 *                    "kid", or without one every key, does not allow
 *   TOKEN_KEY        no key of this "kid"
 *   TOKEN_ISSUER     nobody here has this "iss", or is trusted without one
 *   TOKEN_SIGNATURE  made by none of the keys that were tried
 *   TOKEN_AUDIENCE   "aud" names none of the audiences
 *   TOKEN_EXPIRED    at or after "exp"
 *   TOKEN_NOT_YET    before "nbf" or "iat"
 *   TOKEN_TYPE       its "typ" is not the one of the issuer
 *   TOKEN_URI        RFC 9246: not this URI, or something unsupported
 *   TOKEN_CLAIM      a claim is missing or not of its type or range
 */
ngx_household_reason_e ngx_household_jwt_verify(
    const ngx_household_jwt_policy_t *policy, const ngx_str_t *token,
    const ngx_str_t *uri, int64_t now, ngx_household_jwt_claims_t *claims);

/*
 * The text of policy->values[i] in the values of verified claims.  Returns
 * NGX_OK; or NGX_DECLINED if there is none.
 */
ngx_int_t ngx_household_jwt_value(const ngx_str_t *values, ngx_uint_t i,
    ngx_str_t *value);

/*
 * SHA-256 of a whole token, signature included, for a cache of verified ones.
 * Returns NGX_OK, or NGX_ERROR with "digest" undefined.
 */
ngx_int_t ngx_household_jwt_digest(const ngx_str_t *token,
    u_char digest[NGX_HOUSEHOLD_JWT_DIGEST]);

/*
 * SHA-256 of all that decides whether a token is accepted, keys included, and
 * what is read from it: two policies of one digest verify alike.  For the key
 * of that cache.  Returns NGX_OK, or NGX_ERROR with "digest" undefined.
 */
ngx_int_t ngx_household_jwt_policy_digest(
    const ngx_household_jwt_policy_t *policy,
    u_char digest[NGX_HOUSEHOLD_JWT_DIGEST]);


#endif /* _NGX_HOUSEHOLD_JWT_H_INCLUDED_ */
