
/*
 * The paths of the API.  An id is one segment, percent-encoded, of any bytes
 * that an id may have.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_PATH_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_PATH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"


typedef enum {
    NGX_HTTP_HOUSEHOLD_API_VERSIONS = 0,   /* / */
    NGX_HTTP_HOUSEHOLD_API_INDEX,          /* /1/ */
    NGX_HTTP_HOUSEHOLD_API_STATUS,         /* /1/status */
    NGX_HTTP_HOUSEHOLD_API_CONTROL,        /* /1/control */
    NGX_HTTP_HOUSEHOLD_API_IMPORT,         /* /1/import */
    NGX_HTTP_HOUSEHOLD_API_ACCOUNT,        /* /1/accounts/{id} */
    NGX_HTTP_HOUSEHOLD_API_VERDICT,        /* /1/accounts/{id}/verdict */
    NGX_HTTP_HOUSEHOLD_API_SIGN_OUT,       /* .../sign-out */
    NGX_HTTP_HOUSEHOLD_API_MOVE_HOME,      /* .../move-home */
    NGX_HTTP_HOUSEHOLD_API_TRANSFER,       /* .../transfer */
    NGX_HTTP_HOUSEHOLD_API_HOME,           /* .../home/{network} */
    NGX_HTTP_HOUSEHOLD_API_SEAT,           /* .../extra-members/{seat} */
    NGX_HTTP_HOUSEHOLD_API_DEVICE,         /* .../devices/{device} */
    NGX_HTTP_HOUSEHOLD_API_TRAVEL,         /* .../travel/{device or *} */

    NGX_HTTP_HOUSEHOLD_API_RESOURCES
} ngx_http_household_api_resource_e;


typedef struct {
    ngx_http_household_api_resource_e  resource;

    /* decoded; empty if the path has none */
    ngx_str_t                          account;
    ngx_str_t                          item;

    u_char                             account_bytes[NGX_HOUSEHOLD_ID_LEN];
    u_char                             item_bytes[NGX_HOUSEHOLD_ID_LEN];
} ngx_http_household_api_path_t;


/*
 * Parses what follows the location in a request line, without the query.
 * Returns NGX_OK and fills "path"; NGX_DECLINED if there is no such path; or
 * NGX_ERROR if an id in the path is not valid.  The slash of a network may be
 * encoded or not.
 */
ngx_int_t ngx_http_household_api_path_parse(const ngx_str_t *text,
    ngx_http_household_api_path_t *path);

/* the name of a resource, as in the path */
const char *ngx_http_household_api_path_name(
    ngx_http_household_api_resource_e resource);

/*
 * Decodes percent-encoding (RFC 3986, 2.1) into "dst", at most "size" bytes.
 * Returns NGX_OK, or NGX_DECLINED if the encoding is not valid or the result
 * is longer.
 */
ngx_int_t ngx_http_household_api_path_decode(const ngx_str_t *src,
    ngx_str_t *dst, size_t size);

/*
 * Returns 1 if each argument of a query has one of "names", in any case, and a
 * value, and none is there twice; otherwise 0.  "names" ends with NULL.
 */
ngx_uint_t ngx_http_household_api_path_query(const ngx_str_t *args,
    const char *const *names);


#endif /* _NGX_HTTP_HOUSEHOLD_API_PATH_H_INCLUDED_ */
