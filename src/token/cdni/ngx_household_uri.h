
/*
 * Normalization of absolute http and https URIs, to compare the requested URI
 * with the signed one.
 *
 * Links without any nginx object file; allocates nothing.
 */


#ifndef _NGX_HOUSEHOLD_URI_H_INCLUDED_
#define _NGX_HOUSEHOLD_URI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    /*
     * The path has "//" or an escaped slash, which nginx splits into other
     * segments than RFC 3986.
     */
    ngx_uint_t   ambiguous;            /* unsigned  ambiguous:1; */
} ngx_household_uri_t;


/*
 * Normalizes a URI (RFC 3986, 6.2.2 and 6.2.3; RFC 7230, 2.7.3): the scheme
 * and the host are in lower case, the default port is removed, an empty path
 * becomes "/", dot segments are removed, unreserved characters are unescaped,
 * and the remaining escapes are in upper case.  "dst" has "size" bytes, and
 * "uri" is shorter than "size"; they do not overlap.
 *
 * Returns NGX_OK and fills "u" and "dst".  Returns NGX_DECLINED if "uri" is
 * too long, is not an absolute http or https URI, or has user information, a
 * fragment, a space, a control character, a non-ASCII byte or an invalid
 * escape; and if the path is ambiguous and has a ".." segment, since nginx and
 * RFC 3986 would remove different segments.
 */
ngx_int_t ngx_household_uri_normalize(ngx_household_uri_t *u,
    const ngx_str_t *uri, ngx_str_t *dst, size_t size);

/*
 * Removes each parameter "name=value" and its delimiter from a URI, in place
 * (RFC 9246, 2.1.15).  Does nothing if the URI has no such parameter.
 */
void ngx_household_uri_remove(ngx_str_t *uri, const ngx_str_t *name,
    const ngx_str_t *value);


#endif /* _NGX_HOUSEHOLD_URI_H_INCLUDED_ */
