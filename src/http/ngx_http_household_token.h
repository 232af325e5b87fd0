
/*
 * Playback tokens in requests: where they are found, how they are verified
 * and cached, and how they are removed.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_TOKEN_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_TOKEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_jwt.h"
#include "ngx_household_keyset.h"
#include "ngx_household_zone.h"
#include "ngx_http_household_memo.h"


typedef enum {
    NGX_HTTP_HOUSEHOLD_BEARER = 0,     /* Authorization: Bearer */
    NGX_HTTP_HOUSEHOLD_ARGUMENT,       /* $arg_NAME */
    NGX_HTTP_HOUSEHOLD_COOKIE,         /* $cookie_NAME */
    NGX_HTTP_HOUSEHOLD_HEADER,         /* $http_NAME */
    NGX_HTTP_HOUSEHOLD_PATH,           /* path=NAME */
    NGX_HTTP_HOUSEHOLD_VALUE           /* anything else */
} ngx_http_household_source_e;


typedef struct {
    ngx_http_household_source_e    type;
    ngx_uint_t                     cat;    /* 1: a part of "cat" */
    ngx_str_t                      name;   /* not of BEARER, VALUE */
    ngx_http_complex_value_t       value;  /* of VALUE */
} ngx_http_household_source_t;


/* one value of "household_token_require" */

typedef struct {
    ngx_http_complex_value_t     value;
    ngx_uint_t                   status;    /* 401 or 403, if it fails */
} ngx_http_household_require_t;


typedef struct {
    ngx_array_t                 *sources;  /* ..._source_t; NULL: none */
    ngx_uint_t                   strip;
    u_char                      *file;      /* where the sources are set */
    ngx_uint_t                   line;
    ngx_array_t                 *issuers;   /* ..._jwt_issuer_t */
    ngx_array_t                 *keysets;   /* of each; NULL: from a file */
    ngx_array_t                 *cat_issuers; /* likewise, of format=cat */
    ngx_array_t                 *claims;    /* two names; NULL: defaults */
    ngx_array_t                 *requires;  /* ..._require_t; NULL: none */
    time_t                       leeway;
    ngx_household_cdniip_keys_t *cdniip;    /* NULL: off */
    ngx_household_jwks_t        *renewal;   /* NULL: off */
    time_t                       renewal_max;
    ngx_http_household_source_t *renewed;   /* the cookie; NULL: none */
    ngx_uint_t                   cat_renewed; /* 1: each cookie is one */

    ngx_household_jwt_policy_t   policy;    /* of all the above */
    ngx_household_jwt_policy_t   cat;       /* of Common Access Tokens */
    ngx_array_t                 *arguments; /* names; carriers of tokens */
    ngx_array_t                 *parameters; /* likewise, in the path */
    ngx_household_zone_t        *zone;      /* for verified ones, or NULL */
    ngx_household_zone_ns_t     *cache;     /* of verified ones, or NULL */
    ngx_household_zone_ns_t     *cat_cache; /* likewise */

    ngx_uint_t                   fetched;   /* unsigned  fetched:1; some keys */

    /* of a worker process, if keys are fetched: digest of the policy */
    ngx_uint_t                   cacheable; /* unsigned  cacheable:1; known */
    u_char                       digest[NGX_HOUSEHOLD_JWT_DIGEST];
} ngx_http_household_token_conf_t;


/*
 * The tokens of a request, which point into it.  Each of the renewed ones is
 * used if all before it have expired: they are in cookies, where an edge may
 * have renewed them.
 */

#define NGX_HTTP_HOUSEHOLD_TOKEN_RENEWED  2

typedef struct {
    ngx_str_t                    token;
    ngx_http_household_source_t *source;    /* of the token */

    /* the first empty one ends them */
    ngx_str_t                    renewed[NGX_HTTP_HOUSEHOLD_TOKEN_RENEWED];
    ngx_http_household_source_t
                        *renewed_source[NGX_HTTP_HOUSEHOLD_TOKEN_RENEWED];
} ngx_http_household_tokens_t;


/* the response that a token wants if it is rejected */

typedef struct {
    ngx_uint_t                   status;
    ngx_array_t                  fields;    /* of ngx_keyval_t */
} ngx_http_household_response_t;


/* how a token was verified */

typedef struct {
    ngx_uint_t                   renewed;   /* 0: the token; 1, 2: that one */
    ngx_uint_t                   cached;    /* unsigned  cached:1; */
    uint64_t                     usec;      /* that it took */

    /* what may stand in the URI, also if the renewed one is verified */
    ngx_str_t                   *sent;

    /* of a token that was rejected; NULL: as for any token */
    ngx_http_household_response_t    *response;

    /* of the token, until the next event; NULL: it is not remembered */
    ngx_http_household_memo_value_t  *memo;
} ngx_http_household_verified_t;


/* the next token of a client, and how it is sent */

typedef enum {
    NGX_HTTP_HOUSEHOLD_NEXT_NONE = 0,
    NGX_HTTP_HOUSEHOLD_NEXT_COOKIE,    /* Set-Cookie: value */
    NGX_HTTP_HOUSEHOLD_NEXT_HEADER,    /* name: value */
    NGX_HTTP_HOUSEHOLD_NEXT_REDIRECT   /* Location: value, with a status */
} ngx_http_household_next_e;


typedef struct {
    ngx_http_household_next_e    way;
    ngx_str_t                    name;
    ngx_str_t                    value;
    ngx_uint_t                   status;
} ngx_http_household_next_t;


/*
 * Finds the token of a request.  Returns NGX_HOUSEHOLD_REASON_NONE and
 * "tokens"; TOKEN_MISSING; or TOKEN_CONFLICT if there are two that differ,
 * apart from those in cookies, which an edge may have renewed.  Returns
 * REASON_ERROR on allocation failure.
 */
ngx_household_reason_e ngx_http_household_token_find(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens);

/*
 * Verifies a token, or finds it in the cache of verified tokens.  A token with
 * a dot is a JWT, any other one a Common Access Token.  If the token has
 * expired, a renewed one is used.  Always fills "how".  Returns as
 * ngx_household_jwt_verify() or ngx_household_cat_verify(), or REASON_ERROR on
 * allocation failure.
 */
ngx_household_reason_e ngx_http_household_token_verify_cached(
    ngx_http_request_t *r, ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, ngx_household_jwt_claims_t *claims,
    ngx_http_household_verified_t *how);

/*
 * Makes the requested URI, to which a token may be restricted, with the token.
 * Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_token_uri(ngx_http_request_t *r, ngx_str_t *uri);

/* returns 1 if the client is connected by TLS */
ngx_uint_t ngx_http_household_token_secure(ngx_http_request_t *r);

/* returns 1 for a Common Access Token, and 0 for a JWT */
ngx_uint_t ngx_http_household_token_is_cat(
    ngx_http_household_token_conf_t *conf, ngx_str_t *token);

/*
 * Makes the next token of tokens->token, which was verified.  "key" is that of
 * its claims.  Returns NGX_OK and sets "next", whose way is NONE if the token
 * is not renewed for this request; or NGX_ERROR.
 */
ngx_int_t ngx_http_household_token_renew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, uint64_t key,
    ngx_http_household_next_t *next);

/*
 * Removes the tokens of all sources, valid or not, from $args and from the
 * header fields that are passed upstream.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_token_strip(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf);

/*
 * The first returns the length of the name of the header fields that may
 * contain a token of the source, 0 if none may.  The second returns 1 if a
 * field, whose name has this length, may contain one.
 */
size_t ngx_http_household_token_field_len(ngx_http_household_source_t *source);
ngx_uint_t ngx_http_household_token_is_field(
    ngx_http_household_source_t *source, ngx_table_elt_t *h);

/*
 * These find the next value of "name" (case-insensitive, as in nginx) in a
 * query or a Cookie field: they return 1 with "value", and "text" advanced past
 * it, or 0 if there is none.
 */
ngx_uint_t ngx_http_household_token_arg(u_char **text, u_char *last,
    ngx_str_t *name, ngx_str_t *value);
ngx_uint_t ngx_http_household_token_cookie(u_char **text, u_char *last,
    ngx_str_t *name, ngx_str_t *value);

/*
 * The same for a path: "name=value" between two slashes or sub-delimiters
 * (RFC 9246, 2.1.15).
 */
ngx_uint_t ngx_http_household_token_path(u_char **text, u_char *last,
    ngx_str_t *name, ngx_str_t *value);


#endif /* _NGX_HTTP_HOUSEHOLD_TOKEN_H_INCLUDED_ */
