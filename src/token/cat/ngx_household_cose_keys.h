
/*
 * Parsing of COSE_KeySet (RFC 9052, 7): an array of keys.
 *
 * Links without any nginx object file; needs OpenSSL 3, jansson and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_COSE_KEYS_H_INCLUDED_
#define _NGX_HOUSEHOLD_COSE_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jwks.h"


/* returns 1 if a text begins as such a set does, which no JSON does */
ngx_uint_t ngx_household_cose_keys_is(const ngx_str_t *text);

/*
 * Parses a set, as ngx_household_jwks_parse().  Parameters of a key have the
 * names of their JWK in the causes.  "text" may change, as in
 * ngx_household_cbor_parse().
 */
ngx_household_jwks_t *ngx_household_cose_keys_parse(ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error);


#endif /* _NGX_HOUSEHOLD_COSE_KEYS_H_INCLUDED_ */
