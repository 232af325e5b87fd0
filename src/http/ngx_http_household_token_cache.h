
/*
 * The cache of verified tokens: in the zone, and in the process.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_TOKEN_CACHE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_TOKEN_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_memo.h"
#include "ngx_http_household_token.h"


/* where a token is cached: under its digest, and that of fetched keys */

typedef struct {
    ngx_household_zone_ns_t          *cache;  /* NULL: it is not cached */
    ngx_http_household_memo_found_t   memo;   /* for the token */
    u_char                           *policy; /* digest; NULL: keys in files */
    ngx_str_t                         id;
    uint64_t                          generation;
    u_char                            bytes[NGX_HOUSEHOLD_ZONE_DIGEST
                                            + NGX_HOUSEHOLD_JWT_DIGEST];
} ngx_http_household_token_entry_t;


/*
 * Returns 1 and fills "claims" if the token was verified before and has not
 * expired; otherwise 0.  "cat" is 1 for a Common Access Token.  Fills "entry".
 */
ngx_uint_t ngx_http_household_token_cache_get(
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_uint_t cat,
    ngx_household_jwt_claims_t *claims,
    ngx_http_household_token_entry_t *entry);

/* stores the claims of a token that was not found and then verified */
void ngx_http_household_token_cache_put(
    ngx_http_household_token_entry_t *entry,
    ngx_household_jwt_claims_t *claims);


#endif /* _NGX_HTTP_HOUSEHOLD_TOKEN_CACHE_H_INCLUDED_ */
