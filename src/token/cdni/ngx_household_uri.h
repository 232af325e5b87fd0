
/*
 * Absolute http and https URIs in one spelling, for comparing what was asked
 * for with what was signed.
 *
 * Pure layer: nginx types only, no running nginx, no allocation.
 */


#ifndef _NGX_HOUSEHOLD_URI_H_INCLUDED_
#define _NGX_HOUSEHOLD_URI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    /*
     * The path has "//" or an escaped slash, which nginx sees as other
     * segments than RFC 3986 does.
     */
    ngx_uint_t   ambiguous;            /* unsigned  ambiguous:1; */
} ngx_household_uri_t;


/*
 * Normalizes a URI as RFC 3986, 6.2.2 and 6.2.3 and RFC 7230, 2.7.3 have it:
 * scheme and host in lower case, no default port, a path of at least "/"
 * without dot segments, no unreserved character escaped, escapes in upper
 * case.  "dst" has "size" bytes, "uri" at most one less; they do not overlap.
 *
 * Returns NGX_OK and fills "u" and "dst"; or NGX_DECLINED if it is no such
 * URI, has user information or a fragment, a space, a control character or a
 * byte beyond ASCII, a broken escape, or a path that is ambiguous and climbs
 * by "..": one normalizer would stop at a slash that the other does not see.
 */
ngx_int_t ngx_household_uri_normalize(ngx_household_uri_t *u,
    const ngx_str_t *uri, ngx_str_t *dst, size_t size);

/*
 * Takes the parameter "name=value" out of a URI, in place, with the delimiter
 * that belongs to it (RFC 9246, 2.1.15): the first one, if there is any.
 */
void ngx_household_uri_remove(ngx_str_t *uri, const ngx_str_t *name,
    const ngx_str_t *value);


#endif /* _NGX_HOUSEHOLD_URI_H_INCLUDED_ */
