
/*
 * Verification of Common Access Tokens (CTA-5007): a CWT (RFC 8392) in
 * base64url, with claims that restrict the requests it is valid for.
 *
 * The verifier is stateless and uses no clock.  Keys and issuers come from the
 * same policy as those of a JWT.  docs/cat.md has the claims, and what is done
 * with each.
 *
 * Links without any nginx object file; needs OpenSSL 3, jansson and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"
#include "ngx_household_jwt.h"


/* of a response: fields, and bytes of their names and values */
#define NGX_HOUSEHOLD_CAT_ANSWER_FIELDS  8
#define NGX_HOUSEHOLD_CAT_ANSWER_SIZE    2048


/* the response that the token wants if it is rejected */

typedef struct {
    ngx_uint_t                  status;    /* 0: as for any token */
    ngx_uint_t                  nfields;
    ngx_keyval_t                fields[NGX_HOUSEHOLD_CAT_ANSWER_FIELDS];
    u_char                      buf[NGX_HOUSEHOLD_CAT_ANSWER_SIZE];
} ngx_household_cat_answer_t;


/*
 * Bytes of the name of a cookie or field, and of all that follows a token in
 * the value of it
 */
#define NGX_HOUSEHOLD_CAT_NEXT_NAME      128
#define NGX_HOUSEHOLD_CAT_NEXT_PARAMS    512


/* how a token comes and goes; numbers of "type" in "catr" */

typedef enum {
    NGX_HOUSEHOLD_CAT_BY_ANY = 0,      /* of the others, the way it came */
    NGX_HOUSEHOLD_CAT_BY_COOKIE,
    NGX_HOUSEHOLD_CAT_BY_HEADER,
    NGX_HOUSEHOLD_CAT_BY_REDIRECT      /* to a URI with it */
} ngx_household_cat_way_e;


/* how the next token of a client is sent */

typedef struct {
    ngx_household_cat_way_e     way;
    ngx_uint_t                  status;    /* BY_REDIRECT */
    ngx_str_t                   name;      /* empty: as usual */
    ngx_str_t                   params;    /* "; a; b", or empty */
    int64_t                     left;      /* seconds until it expires */
    u_char                      buf[NGX_HOUSEHOLD_CAT_NEXT_NAME
                                    + NGX_HOUSEHOLD_CAT_NEXT_PARAMS];
} ngx_household_cat_next_t;


/*
 * A request with a token.  The functions are called with "data", only for
 * claims that need them.
 */

typedef struct {
    const ngx_str_t        *token;     /* that may stand in the URI */
    ngx_str_t               method;
    ngx_household_addr_t    addr;      /* of the client */
    int64_t                 now;       /* Unix seconds */

    /* names of query arguments with tokens, which are no part of the URI */
    ngx_str_t              *arguments;
    ngx_uint_t              narguments;

    /* names of parameters of the path, which are no part of it */
    ngx_str_t              *parameters;
    ngx_uint_t              nparameters;

    ngx_household_cat_answer_t  *answer;   /* set if rejected; or NULL */

    void                   *data;

    /* the absolute URI as requested: NGX_OK, or NGX_ERROR */
    ngx_int_t             (*uri)(void *data, ngx_str_t *uri);

    /* the protocol that ALPN chose: NGX_OK, or NGX_DECLINED if none */
    ngx_int_t             (*alpn)(void *data, ngx_str_t *protocol);

    /* the field: NGX_OK; NGX_DECLINED: no such field; NGX_ERROR: several */
    ngx_int_t             (*header)(void *data, const ngx_str_t *name,
                              ngx_str_t *value);

    /* two letters A-Z: NGX_OK, or NGX_DECLINED if the country is not known */
    ngx_int_t             (*country)(void *data, u_char country[2]);
} ngx_household_cat_request_t;


/*
 * Verifies a token and matches it with the request.
 *
 * Returns NGX_HOUSEHOLD_REASON_NONE and fills "claims"; or zeroes "claims" and
 * returns the reason of the rejection.  Those of ngx_household_jwt_verify()
 * have the same meaning here, and besides:
 *
 *   TOKEN_UNSUPPORTED  a claim that is not supported, or not known
 *   TOKEN_URI          "catu": the URI
 *   TOKEN_METHOD       "catm": the method
 *   TOKEN_HEADER       "cath": a header field
 *   TOKEN_PROTOCOL     "catalpn": the protocol of the TLS connection
 *   TOKEN_NETWORK      "catnip": the address of the client
 *   TOKEN_COUNTRY      "catgeoiso3166": the country of that address
 *   TOKEN_CONDITION    "or", "nor" or "and": a combination of these
 *
 * If request->answer is not NULL, it is set to what "catif" wants in response
 * to a rejection by "aud", "exp", "nbf", or a claim in this list.
 *
 * A cache of verified tokens must call ngx_household_cat_match() for each
 * request if claims->restricted is not 0.  claims->container has what that
 * looks at, unless it is too large.
 */
ngx_household_reason_e ngx_household_cat_verify(
    const ngx_household_jwt_policy_t *policy, const ngx_str_t *token,
    const ngx_household_cat_request_t *request,
    ngx_household_jwt_claims_t *claims);

/*
 * Matches a token that has been verified with another request.  "container" is
 * that of its claims, whose bytes may change.  Returns
 * NGX_HOUSEHOLD_REASON_NONE, or the reason of the rejection.
 */
ngx_household_reason_e ngx_household_cat_match(const ngx_str_t *token,
    const ngx_str_t *container, const ngx_household_cat_request_t *request);

/*
 * Makes the next token of "token", which was verified at "now", as "catr" asks
 * for it.  "key" is the id of the key that signed the first token.  The new one
 * has other claims "exp" and "iat" as in ngx_household_renewal_sign(), with
 * policy->renewal and policy->renewal_max.  next->way is how the token came.
 * "dst" has NGX_HOUSEHOLD_CHAIN_SIZE bytes.
 *
 * Returns NGX_OK and fills "next" and "dst".  Returns NGX_DECLINED if the token
 * is not to be renewed, or the new one would be too large or expired, or would
 * be renewed by another redirect at once; NGX_ERROR if OpenSSL fails.
 */
ngx_int_t ngx_household_cat_renew(const ngx_household_jwt_policy_t *policy,
    const ngx_str_t *token, uint64_t key, int64_t now,
    ngx_household_cat_next_t *next, ngx_str_t *dst);


#endif /* _NGX_HOUSEHOLD_CAT_H_INCLUDED_ */
