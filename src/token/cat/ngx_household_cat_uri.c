
/*
 * The claim "catu".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_text.h"
#include "ngx_household_cat_uri.h"
#include "ngx_household_str.h"
#include "ngx_household_uri.h"


/* the longest URI that is compared */
#define NGX_HOUSEHOLD_CAT_URI_SIZE  8192


/* keys of the claim */

typedef enum {
    NGX_HOUSEHOLD_CAT_SCHEME = 0,
    NGX_HOUSEHOLD_CAT_HOST,
    NGX_HOUSEHOLD_CAT_PORT,
    NGX_HOUSEHOLD_CAT_PATH,
    NGX_HOUSEHOLD_CAT_QUERY,
    NGX_HOUSEHOLD_CAT_PARENT,
    NGX_HOUSEHOLD_CAT_FILENAME,
    NGX_HOUSEHOLD_CAT_STEM,
    NGX_HOUSEHOLD_CAT_EXTENSION,

    NGX_HOUSEHOLD_CAT_PARTS
} ngx_household_cat_part_e;


typedef struct {
    ngx_str_t    parts[NGX_HOUSEHOLD_CAT_PARTS];
    ngx_uint_t   ambiguous;            /* unsigned  ambiguous:1; */
    ngx_uint_t   standard;             /* unsigned  standard:1; the port */
    u_char       buf[NGX_HOUSEHOLD_CAT_URI_SIZE + 1];
} ngx_household_cat_uri_t;


static ngx_household_reason_e ngx_household_cat_uri_check_part(
    const ngx_household_cbor_item_t *key);
static ngx_uint_t ngx_household_cat_uri_part(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, const ngx_household_cat_uri_t *u,
    ngx_uint_t part);
static ngx_int_t ngx_household_cat_uri_split(ngx_household_cat_uri_t *u,
    const ngx_household_cat_request_t *request);
static void ngx_household_cat_uri_authority(ngx_household_cat_uri_t *u,
    u_char *p, u_char *last);
static void ngx_household_cat_uri_path(ngx_household_cat_uri_t *u);
static void ngx_household_cat_uri_remove(ngx_str_t *path,
    const ngx_household_cat_request_t *request);
static void ngx_household_cat_uri_segment(ngx_str_t *path,
    const ngx_str_t *token);
static void ngx_household_cat_uri_arguments(ngx_str_t *query,
    const ngx_household_cat_request_t *request);
static ngx_uint_t ngx_household_cat_uri_argument(const u_char *p, size_t len,
    const ngx_household_cat_request_t *request);


ngx_household_reason_e
ngx_household_cat_uri_check(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, ngx_uint_t *nregex)
{
    return ngx_household_cat_text_check_each(c, map,
                                     ngx_household_cat_uri_check_part, nregex);
}


static ngx_household_reason_e
ngx_household_cat_uri_check_part(const ngx_household_cbor_item_t *key)
{
    int64_t  part;

    return ngx_household_cbor_int(key, &part) == NGX_OK
           && part >= 0 && part < NGX_HOUSEHOLD_CAT_PARTS
           ? NGX_HOUSEHOLD_REASON_NONE
           : NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
}


ngx_int_t
ngx_household_cat_uri_match(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map,
    const ngx_household_cat_request_t *request)
{
    int64_t                           part;
    ngx_int_t                         rc;
    ngx_uint_t                        i;
    ngx_household_cat_uri_t           u;
    const ngx_household_cbor_item_t  *key;

    if (ngx_household_cat_uri_split(&u, request) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_OK;
    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (ngx_household_cbor_int(key, &part) != NGX_OK
            || part < 0 || part >= NGX_HOUSEHOLD_CAT_PARTS)
        {
            return NGX_ERROR;
        }

        if (u.ambiguous && part >= NGX_HOUSEHOLD_CAT_PATH
            && part != NGX_HOUSEHOLD_CAT_QUERY)
        {
            /* nginx has other slashes in it than the issuer could mean */
            rc = NGX_ERROR;

        } else if (!ngx_household_cat_uri_part(c, key + 1, &u, part)) {
            return NGX_DECLINED;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return rc;
}


static ngx_uint_t
ngx_household_cat_uri_part(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, const ngx_household_cat_uri_t *u,
    ngx_uint_t part)
{
    ngx_str_t   none;
    ngx_uint_t  lower;

    lower = part == NGX_HOUSEHOLD_CAT_SCHEME || part == NGX_HOUSEHOLD_CAT_HOST;

    if (ngx_household_cat_text_match(c, map, &u->parts[part], lower)) {
        return 1;
    }

    if (part != NGX_HOUSEHOLD_CAT_PORT || !u->standard) {
        return 0;
    }

    /* the port of the scheme: it may be named, or be empty */

    ngx_str_set(&none, "");

    return ngx_household_cat_text_match(c, map, &none, 0);
}


static ngx_int_t
ngx_household_cat_uri_split(ngx_household_cat_uri_t *u,
    const ngx_household_cat_request_t *request)
{
    u_char               *p, *host, *path, *last;
    ngx_str_t             uri, normal;
    ngx_household_uri_t   properties;

    if (request->uri(request->data, &uri) != NGX_OK) {
        return NGX_ERROR;
    }

    normal.data = u->buf;

    if (ngx_household_uri_normalize(&properties, &uri, &normal,
                                    sizeof(u->buf))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    u->ambiguous = properties.ambiguous;

    ngx_memzero(u->parts, sizeof(u->parts));

    /* a normalized URI has "://" and a path */

    p = normal.data;
    last = p + normal.len;

    for (host = p; *host != ':'; host++) { /* void */ }

    u->parts[NGX_HOUSEHOLD_CAT_SCHEME].data = p;
    u->parts[NGX_HOUSEHOLD_CAT_SCHEME].len = host - p;

    host += 3;

    for (path = host; *path != '/'; path++) { /* void */ }

    ngx_household_cat_uri_authority(u, host, path);

    p = memchr(path, '?', last - path);
    if (p == NULL) {
        p = last;
    }

    u->parts[NGX_HOUSEHOLD_CAT_PATH].data = path;
    u->parts[NGX_HOUSEHOLD_CAT_PATH].len = p - path;

    if (p < last) {
        p++;
    }

    u->parts[NGX_HOUSEHOLD_CAT_QUERY].data = p;
    u->parts[NGX_HOUSEHOLD_CAT_QUERY].len = last - p;

    ngx_household_cat_uri_arguments(&u->parts[NGX_HOUSEHOLD_CAT_QUERY],
                                    request);
    ngx_household_cat_uri_remove(&u->parts[NGX_HOUSEHOLD_CAT_PATH], request);
    ngx_household_cat_uri_path(u);

    return NGX_OK;
}


/* the host, an IPv6 address in brackets included, and the port */

static void
ngx_household_cat_uri_authority(ngx_household_cat_uri_t *u, u_char *p,
    u_char *last)
{
    u_char     *colon;
    ngx_str_t  *host, *port;

    host = &u->parts[NGX_HOUSEHOLD_CAT_HOST];
    port = &u->parts[NGX_HOUSEHOLD_CAT_PORT];

    for (colon = last; colon > p; colon--) {

        if (colon[-1] == ':') {
            break;
        }

        if (colon[-1] < '0' || colon[-1] > '9') {
            colon = p;
            break;
        }
    }

    host->data = p;
    u->standard = colon == p;

    if (u->standard) {
        /* it is removed from a normalized URI */
        host->len = last - p;

        if (ngx_household_str_is(&u->parts[NGX_HOUSEHOLD_CAT_SCHEME], "https"))
        {
            ngx_str_set(port, "443");

        } else {
            ngx_str_set(port, "80");
        }

        return;
    }

    host->len = colon - 1 - p;
    port->data = colon;
    port->len = last - colon;
}


/* the parts of a path, as those of std::filesystem::path in C++17 */

static void
ngx_household_cat_uri_path(ngx_household_cat_uri_t *u)
{
    size_t      i;
    ngx_str_t  *path, *parent, *filename, *stem, *extension;

    path = &u->parts[NGX_HOUSEHOLD_CAT_PATH];
    parent = &u->parts[NGX_HOUSEHOLD_CAT_PARENT];
    filename = &u->parts[NGX_HOUSEHOLD_CAT_FILENAME];
    stem = &u->parts[NGX_HOUSEHOLD_CAT_STEM];
    extension = &u->parts[NGX_HOUSEHOLD_CAT_EXTENSION];

    for (i = path->len; path->data[i - 1] != '/'; i--) { /* void */ }

    parent->data = path->data;
    parent->len = (i == 1) ? 1 : i - 1;

    filename->data = path->data + i;
    filename->len = path->len - i;

    /* a dot at the beginning, or none: no extension */

    for (i = filename->len; i > 0; i--) {
        if (filename->data[i - 1] == '.') {
            break;
        }
    }

    if (i < 2) {
        i = filename->len + 1;
    }

    stem->data = filename->data;
    stem->len = i - 1;

    extension->data = stem->data + stem->len;
    extension->len = filename->len - stem->len;
}


/* a token in the path is a parameter, or a segment of its own */

static void
ngx_household_cat_uri_remove(ngx_str_t *path,
    const ngx_household_cat_request_t *request)
{
    ngx_uint_t  i;

    for (i = 0; i < request->nparameters; i++) {
        ngx_household_uri_remove(path, &request->parameters[i],
                                 request->token);
    }

    ngx_household_cat_uri_segment(path, request->token);

    if (path->len == 0) {
        ngx_str_set(path, "/");
    }
}


/* a token that is a segment is removed with its "/" */

static void
ngx_household_cat_uri_segment(ngx_str_t *path, const ngx_str_t *token)
{
    u_char  *p, *end, *last;

    if (token->len == 0) {
        return;
    }

    last = path->data + path->len;

    for (p = path->data; p < last; p = end) {

        for (end = p + 1; end < last && *end != '/'; end++) { /* void */ }

        if ((size_t) (end - p - 1) == token->len
            && ngx_memcmp(p + 1, token->data, token->len) == 0)
        {
            ngx_memmove(p, end, last - end);
            path->len -= end - p;
            break;
        }
    }
}


static void
ngx_household_cat_uri_arguments(ngx_str_t *query,
    const ngx_household_cat_request_t *request)
{
    u_char      *p, *end, *last, *dst;
    ngx_uint_t   kept;

    p = query->data;
    last = p + query->len;
    dst = p;
    kept = 0;

    for ( ;; ) {

        end = memchr(p, '&', last - p);
        if (end == NULL) {
            end = last;
        }

        if (!ngx_household_cat_uri_argument(p, end - p, request)) {

            if (kept++ > 0) {
                *dst++ = '&';
            }

            if (dst != p) {
                ngx_memmove(dst, p, end - p);
            }

            dst += end - p;
        }

        if (end == last) {
            break;
        }

        p = end + 1;
    }

    query->len = dst - query->data;
}


/* names of arguments are compared in any case, as nginx does */

static ngx_uint_t
ngx_household_cat_uri_argument(const u_char *p, size_t len,
    const ngx_household_cat_request_t *request)
{
    size_t             i;
    ngx_uint_t         n;
    const ngx_str_t   *name;

    for (n = 0; n < request->narguments; n++) {
        name = &request->arguments[n];

        if (len <= name->len || p[name->len] != '=') {
            continue;
        }

        for (i = 0; i < name->len; i++) {
            if (ngx_tolower(p[i]) != ngx_tolower(name->data[i])) {
                break;
            }
        }

        if (i == name->len) {
            return 1;
        }
    }

    return 0;
}
