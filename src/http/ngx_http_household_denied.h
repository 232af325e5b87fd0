
/*
 * The deny list of tokens: ids of tokens (jti) and of keys (kid).
 */


#ifndef _NGX_HTTP_HOUSEHOLD_DENIED_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_DENIED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/*
 * Configuration time: the store is used with tokens.  May be called again for
 * the same store.  Returns NGX_OK, or NGX_ERROR on allocation failure.
 */
ngx_int_t ngx_http_household_denied_init(ngx_conf_t *cf,
    ngx_http_household_store_t *store);

/* as ngx_http_household_fleet_refresh() */
void ngx_http_household_denied_refresh(ngx_http_household_store_t *store);

/* as ngx_http_household_denied_match(), with the list of a store */
ngx_uint_t ngx_http_household_denied_has(const void *list, uint64_t jti,
    uint64_t kid);

/*
 * Returns 1 if the list has one of the digests of a token, which are those of
 * ngx_household_jwt_claims_t; otherwise, or if no list is known, returns 0.
 */
static ngx_inline ngx_uint_t
ngx_http_household_denied_match(ngx_http_household_store_t *store,
    uint64_t jti, uint64_t kid)
{
    ngx_http_household_fleet_t  *fleet;

    fleet = &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_DENIED];

    return fleet->len != 0
           && ngx_http_household_denied_has(fleet->value, jti, kid);
}


#endif /* _NGX_HTTP_HOUSEHOLD_DENIED_H_INCLUDED_ */
