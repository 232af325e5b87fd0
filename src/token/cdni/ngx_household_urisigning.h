
/*
 * URI Signing for CDNI (RFC 9246): its claims, and the URIs that a token is
 * restricted to.  Package (the attribute that carries a token) and container
 * (the value of "cdniuc") are terms of the RFC.
 *
 * A token with an unsupported restriction is rejected.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_URISIGNING_H_INCLUDED_
#define _NGX_HOUSEHOLD_URISIGNING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cdniip.h"
#include "ngx_household_jose.h"
#include "ngx_household_renewal.h"


#define NGX_HOUSEHOLD_URI_SIZE       8192
#define NGX_HOUSEHOLD_CONTAINER_LEN   512

/* RFC 9246, 2: the default name of the attribute that carries a token */
#define NGX_HOUSEHOLD_URISIGNING_PACKAGE  "URISigningPackage"


/* the restrictions of a token, and how it is renewed */

typedef struct {
    ngx_str_t                container; /* "cdniuc"; empty: any URI */
    ngx_household_cdniip_t   client;    /* "cdniip" */
    ngx_household_renewal_t  renewal;
} ngx_household_urisigning_t;


/* returns 1 if a token has a claim of RFC 9246, which then applies to it */
ngx_uint_t ngx_household_urisigning_present(const json_t *claims);

/*
 * Checks the claims of RFC 9246 of a token whose signature has been verified:
 *
 *   - "cdniv" is 1 or missing;
 *   - "cdnicrit" lists only claims that are present and enforced;
 *   - there is no "jti", which would restrict the token to one use;
 *   - ngx_household_renewal_read() accepts the claims; whether the token can be
 *     renewed is for the caller to know;
 *   - "cdniip" can be decrypted by "keys", which may be NULL, or is missing;
 *   - "cdniuc" is a string in a known form, or missing.
 *
 * Returns NGX_OK and fills "u", whose container belongs to "claims".  Returns
 * NGX_DECLINED if a check fails.
 */
ngx_int_t ngx_household_urisigning_check(const json_t *claims,
    const ngx_household_cdniip_keys_t *keys, ngx_household_urisigning_t *u);

/*
 * Checks that a container allows "uri", the absolute URI as requested.  The
 * URI is normalized, and the parameter "package" whose value is "token" is
 * removed (RFC 9246, 2.1.15).
 *
 * Returns NGX_OK if the URI is allowed.  Returns NGX_DECLINED if it is not, if
 * the container or the URI is invalid, or if nginx could interpret the URI in
 * another way.
 */
ngx_int_t ngx_household_urisigning_match(const ngx_str_t *container,
    const ngx_str_t *uri, const ngx_str_t *package, const ngx_str_t *token);


#endif /* _NGX_HOUSEHOLD_URISIGNING_H_INCLUDED_ */
