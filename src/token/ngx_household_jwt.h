
/*
 * Verification of playback tokens: a JWT (RFC 7519) in the compact
 * serialization of JWS (RFC 7515, 3.1).
 *
 * The verifier is stateless and uses neither a request nor a clock.  Keys and
 * issuers come from the policy.  docs/tokens.md has the order of the checks.
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


/* bytes of a token: the default and the maximum of a policy */
#define NGX_HOUSEHOLD_JWT_SIZE      4096
#define NGX_HOUSEHOLD_JWT_SIZE_MAX  8192

/* maximum number of distinct keys that are tried for one token */
#define NGX_HOUSEHOLD_JWT_ATTEMPTS     8

#define NGX_HOUSEHOLD_JWT_LEEWAY_MAX  300  /* seconds */

#define NGX_HOUSEHOLD_JWT_DIGEST       32

/* a token that has no "jti", or a key that has no "kid", is in no deny list */
#define NGX_HOUSEHOLD_JWT_DENIAL_NONE   0

/* claims as variables: their number, and bytes of all values of a token */
#define NGX_HOUSEHOLD_JWT_VALUES       32
#define NGX_HOUSEHOLD_JWT_VALUES_LEN 1024

/* bytes of the name of a claim, including the dots */
#define NGX_HOUSEHOLD_JWT_NAME_LEN    255


/* one "household_token_key" */

typedef struct {
    ngx_household_jwks_t          *jwks;      /* NULL: not known yet */
    ngx_str_t                      name;      /* "iss"; empty: not checked */
    ngx_str_t                     *audiences; /* "aud" has one of them */
    ngx_uint_t                     naudiences; /* 0: not checked */
    ngx_str_t                      type;      /* "typ"; empty: not checked */
} ngx_household_jwt_issuer_t;


/* what an entry of a deny list names */

typedef enum {
    NGX_HOUSEHOLD_JWT_DENIAL_JTI = 0,  /* the id of a token, RFC 7519, 4.1.7 */
    NGX_HOUSEHOLD_JWT_DENIAL_KID       /* the id of a key, RFC 7517, 4.5 */
} ngx_household_jwt_denial_e;


/* settings of a location; names of claims are NUL-terminated */

typedef struct {
    ngx_household_jwt_issuer_t  *issuers;
    ngx_uint_t                   nissuers;
    ngx_str_t                    account;   /* claim, "sub" by default */
    ngx_str_t                    device;    /* claim; empty: not read */
    ngx_str_t                    package;   /* attribute, RFC 9246, 2 */
    ngx_household_cdniip_keys_t *cdniip;    /* NULL: "cdniip" is rejected */
    ngx_household_jwks_t        *renewal;   /* of renewed tokens; NULL: none */
    int64_t                      renewal_max; /* seconds from "iat" */
    ngx_str_t                   *values;    /* names of variables */
    ngx_uint_t                   nvalues;   /* up to _VALUES */
    int64_t                      leeway;    /* seconds; 0 to _LEEWAY_MAX */
    size_t                       max_size;  /* bytes, up to _SIZE_MAX */
    ngx_uint_t                   cat;       /* 1: of ngx_household_cat.h */
} ngx_household_jwt_policy_t;


/*
 * Claims of a verified token.  The structure has no pointers and may be copied
 * to shared memory.  A cache must not use an entry at or after "until", and
 * must call ngx_household_urisigning_match() for each request if "container"
 * of a JWT is not empty; for a Common Access Token see ngx_household_cat.h.
 * The caller must check that "client" allows the client address
 * (ngx_household_cdniip_allows()).
 */

typedef struct {
    int64_t                        issued_at; /* or ..._ISSUED_UNKNOWN */
    int64_t                        until;     /* exp and leeway; exclusive */
    uint64_t                       jti;       /* digests for a deny list, */
    uint64_t                       kid;       /*   or ..._DENIAL_NONE */
    uint64_t                       key;       /* id, of the first token */
    int64_t                        renew_at;  /* if "renewed" */
    ngx_household_cdniip_t         client;    /* RFC 9246, 2.1.10 */
    uint16_t                       issuer;    /* index in policy */
    uint16_t                       account_len;
    uint16_t                       device_len;
    uint16_t                       container_len;
    uint16_t                       values_len;
    uint16_t                       restricted; /* ngx_household_cat.h */
    uint16_t                       renewed;   /* 1: RFC 9246, 3, or "catr" */
    u_char                         account[NGX_HOUSEHOLD_ID_LEN];
    u_char                         device[NGX_HOUSEHOLD_ID_LEN];
    u_char                         container[NGX_HOUSEHOLD_CONTAINER_LEN];
    u_char                         values[NGX_HOUSEHOLD_JWT_VALUES_LEN];
} ngx_household_jwt_claims_t;


/*
 * Verifies a token at "now" (Unix seconds).  "uri" is the absolute URI of the
 * request.  If "uri" is empty, tokens that RFC 9246 restricts to certain URIs
 * are rejected.  "sent" is what is no part of the URI if it stands there: the
 * token, or, if that has renewed another one, the former one.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and fills "claims"; or zeroes "claims" and
 * returns the reason of the rejection.  With TOKEN_KEY, claims->issuer is one
 * of those whose keys were tried; the others have the same name.
 *
 *   TOKEN_MALFORMED  too large, not a compact JWS, invalid JSON, has "crit",
 *                    or "b64" is not true
 *   TOKEN_ALGORITHM  "alg" is unknown, or is not allowed by the keys with this
 *                    "kid", or, without a "kid", by any key
 *   TOKEN_KEY        no key has this "kid"
 *   TOKEN_ISSUER     no issuer has this "iss", and all issuers require one
 *   TOKEN_SIGNATURE  the signature is not valid for any key that was tried
 *   TOKEN_AUDIENCE   "aud" has none of the audiences of the issuer
 *   TOKEN_EXPIRED    "now" is at or after "exp" plus leeway
 *   TOKEN_NOT_YET    "now" plus leeway is before "nbf" or "iat"
 *   TOKEN_TYPE       "typ" is not the type of the issuer
 *   TOKEN_URI        RFC 9246: the URI is not allowed, or an unsupported claim,
 *                    or the token is to be renewed and cannot be
 *   TOKEN_CLAIM      a claim is missing, or has a wrong type or value
 *
 *   KEYS_UNAVAILABLE no known key verifies the signature, and keys of the
 *                    issuer are not known yet: the token may be valid
 */
ngx_household_reason_e ngx_household_jwt_verify(
    const ngx_household_jwt_policy_t *policy, const ngx_str_t *token,
    const ngx_str_t *sent, const ngx_str_t *uri, int64_t now,
    ngx_household_jwt_claims_t *claims);

/*
 * Finds the value of policy->values[i].  "values" is out->values of
 * ngx_household_claims_values().  Returns NGX_OK and sets "value", which
 * points into "values"; or NGX_DECLINED if there is no such value.
 */
ngx_int_t ngx_household_jwt_value(const ngx_str_t *values, ngx_uint_t i,
    ngx_str_t *value);

/*
 * Computes the digest of an id for a deny list, which is equal to that of a
 * verified token with this "jti", or of a key with this "kid".  Returns NGX_OK
 * and sets "digest", which is not NGX_HOUSEHOLD_JWT_DENIAL_NONE; or NGX_ERROR
 * if there is no memory.
 */
ngx_int_t ngx_household_jwt_denial_digest(ngx_household_jwt_denial_e kind,
    const ngx_str_t *id, uint64_t *digest);

/*
 * Computes the SHA-256 of a policy, including the keys.  Policies with the
 * same digest accept the same tokens and read the same claims, so they can
 * share a cache of verified tokens.  Returns NGX_OK, or NGX_ERROR with
 * "digest" undefined.
 */
ngx_int_t ngx_household_jwt_policy_digest(
    const ngx_household_jwt_policy_t *policy,
    u_char digest[NGX_HOUSEHOLD_JWT_DIGEST]);


#endif /* _NGX_HOUSEHOLD_JWT_H_INCLUDED_ */
