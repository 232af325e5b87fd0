
/*
 * URI Signing for CDNI (RFC 9246): the claims that it adds to a token, and
 * the URI that they restrict it to.
 *
 * Whatever restricts a token and is not supported refuses it.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_URISIGNING_H_INCLUDED_
#define _NGX_HOUSEHOLD_URISIGNING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"


#define NGX_HOUSEHOLD_URI_SIZE       8192
#define NGX_HOUSEHOLD_CONTAINER_LEN   512

/* RFC 9246, 2: the usual name of the attribute that carries a token */
#define NGX_HOUSEHOLD_URISIGNING_PACKAGE  "URISigningPackage"


/* tells whether a token has any claim of RFC 9246 and so is bound by it */
ngx_uint_t ngx_household_urisigning_present(const json_t *claims);

/*
 * Checks the claims of RFC 9246 of a token whose signature is verified:
 * "cdniv" is 1; "cdnicrit" lists only claims that are there and enforced;
 * none asks for what is not done here ("cdniets", "cdnistt" and "cdnistd"
 * for renewal, "jti" for single use); "cdniuc" is a string of a form that is
 * known.  "cdniip" says nothing here: whereabouts are for the verdict.
 *
 * Returns NGX_OK and lets "container" point to the "cdniuc", or be empty if
 * there is none; or NGX_DECLINED.
 */
ngx_int_t ngx_household_urisigning_check(const json_t *claims,
    ngx_str_t *container);

/*
 * Tells whether "uri" (absolute, as it was requested) is one that a "cdniuc"
 * allows.  The token is taken out of it where it stands as the value of
 * "package", and it is normalized (RFC 9246, 2.1.15).
 *
 * Returns NGX_OK; or NGX_DECLINED, also if the container or the URI is not
 * understood or could mean one thing here and another to nginx.
 */
ngx_int_t ngx_household_urisigning_match(const ngx_str_t *container,
    const ngx_str_t *uri, const ngx_str_t *package, const ngx_str_t *token);


#endif /* _NGX_HOUSEHOLD_URISIGNING_H_INCLUDED_ */
