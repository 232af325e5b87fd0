
/*
 * The paths of the API.  See ngx_http_household_api_path.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_api_path.h"
#include "ngx_household_str.h"


typedef struct {
    const char                         *name;
    ngx_http_household_api_resource_e   resource;
    ngx_uint_t                          item;  /* unsigned  item:1; */
} ngx_http_household_api_name_t;


static ngx_int_t ngx_http_household_api_path_account(ngx_str_t *rest,
    ngx_http_household_api_path_t *path);
static ngx_uint_t ngx_http_household_api_path_segment(ngx_str_t *rest,
    ngx_str_t *segment);
static ngx_int_t ngx_http_household_api_path_id(const ngx_str_t *segment,
    ngx_str_t *id, u_char *bytes);
static ngx_int_t ngx_http_household_api_path_digit(u_char ch);


static const ngx_http_household_api_name_t  ngx_http_household_api_names[] = {
    { "status", NGX_HTTP_HOUSEHOLD_API_STATUS, 0 },
    { "control", NGX_HTTP_HOUSEHOLD_API_CONTROL, 0 },
    { "import", NGX_HTTP_HOUSEHOLD_API_IMPORT, 0 }
};


static const ngx_http_household_api_name_t
    ngx_http_household_api_account_names[] =
{
    { "verdict", NGX_HTTP_HOUSEHOLD_API_VERDICT, 0 },
    { "sign-out", NGX_HTTP_HOUSEHOLD_API_SIGN_OUT, 0 },
    { "move-home", NGX_HTTP_HOUSEHOLD_API_MOVE_HOME, 0 },
    { "transfer", NGX_HTTP_HOUSEHOLD_API_TRANSFER, 0 },
    { "home", NGX_HTTP_HOUSEHOLD_API_HOME, 1 },
    { "extra-members", NGX_HTTP_HOUSEHOLD_API_SEAT, 1 },
    { "devices", NGX_HTTP_HOUSEHOLD_API_DEVICE, 1 },
    { "travel", NGX_HTTP_HOUSEHOLD_API_TRAVEL, 1 }
};


ngx_int_t
ngx_http_household_api_path_parse(const ngx_str_t *text,
    ngx_http_household_api_path_t *path)
{
    ngx_str_t   rest, segment;
    ngx_uint_t  i;

    ngx_str_null(&path->account);
    ngx_str_null(&path->item);

    rest = *text;

    if (rest.len && rest.data[0] == '/') {
        rest.data++;
        rest.len--;
    }

    if (rest.len == 0) {
        path->resource = NGX_HTTP_HOUSEHOLD_API_VERSIONS;
        return NGX_OK;
    }

    (void) ngx_http_household_api_path_segment(&rest, &segment);

    if (!ngx_household_str_is(&segment, "1")) {
        return NGX_DECLINED;
    }

    if (!ngx_http_household_api_path_segment(&rest, &segment)
        || (segment.len == 0 && rest.data == NULL))
    {
        path->resource = NGX_HTTP_HOUSEHOLD_API_INDEX;
        return NGX_OK;
    }

    if (ngx_household_str_is(&segment, "accounts")) {
        return ngx_http_household_api_path_account(&rest, path);
    }

    for (i = 0;
         i < sizeof(ngx_http_household_api_names)
             / sizeof(ngx_http_household_api_names[0]);
         i++)
    {
        if (rest.data == NULL
            && ngx_household_str_is(&segment,
                                    ngx_http_household_api_names[i].name))
        {
            path->resource = ngx_http_household_api_names[i].resource;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


const char *
ngx_http_household_api_path_name(ngx_http_household_api_resource_e resource)
{
    ngx_uint_t  i;

    for (i = 0;
         i < sizeof(ngx_http_household_api_names)
             / sizeof(ngx_http_household_api_names[0]);
         i++)
    {
        if (ngx_http_household_api_names[i].resource == resource) {
            return ngx_http_household_api_names[i].name;
        }
    }

    for (i = 0;
         i < sizeof(ngx_http_household_api_account_names)
             / sizeof(ngx_http_household_api_account_names[0]);
         i++)
    {
        if (ngx_http_household_api_account_names[i].resource == resource) {
            return ngx_http_household_api_account_names[i].name;
        }
    }

    return resource == NGX_HTTP_HOUSEHOLD_API_ACCOUNT ? "account"
                                                       : "unknown";
}


static ngx_int_t
ngx_http_household_api_path_account(ngx_str_t *rest,
    ngx_http_household_api_path_t *path)
{
    ngx_str_t                             segment;
    ngx_uint_t                            i;
    const ngx_http_household_api_name_t  *name;

    if (!ngx_http_household_api_path_segment(rest, &segment)) {
        return NGX_DECLINED;
    }

    if (ngx_http_household_api_path_id(&segment, &path->account,
                                       path->account_bytes)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ngx_http_household_api_path_segment(rest, &segment)) {
        path->resource = NGX_HTTP_HOUSEHOLD_API_ACCOUNT;
        return NGX_OK;
    }

    for (i = 0;
         i < sizeof(ngx_http_household_api_account_names)
             / sizeof(ngx_http_household_api_account_names[0]);
         i++)
    {
        name = &ngx_http_household_api_account_names[i];

        if (!ngx_household_str_is(&segment, name->name)
            || name->item != (rest->data != NULL))
        {
            continue;
        }

        path->resource = name->resource;

        if (!name->item) {
            return NGX_OK;
        }

        segment = *rest;

        if (name->resource != NGX_HTTP_HOUSEHOLD_API_HOME) {

            (void) ngx_http_household_api_path_segment(rest, &segment);

            if (rest->data != NULL) {
                return NGX_DECLINED;
            }
        }

        return ngx_http_household_api_path_id(&segment, &path->item,
                                              path->item_bytes);
    }

    return NGX_DECLINED;
}


/*
 * Takes the segment before the next slash.  Returns 0 if there is none.  After
 * the last one, rest->data is NULL.
 */

static ngx_uint_t
ngx_http_household_api_path_segment(ngx_str_t *rest, ngx_str_t *segment)
{
    size_t  i;

    if (rest->data == NULL) {
        return 0;
    }

    for (i = 0; i < rest->len && rest->data[i] != '/'; i++) { /* void */ }

    segment->data = rest->data;
    segment->len = i;

    if (i == rest->len) {
        ngx_str_null(rest);

    } else {
        rest->data += i + 1;
        rest->len -= i + 1;
    }

    return 1;
}


/* "." and ".." were removed by nginx, or are an attempt to fool it */

static ngx_int_t
ngx_http_household_api_path_id(const ngx_str_t *segment, ngx_str_t *id,
    u_char *bytes)
{
    id->data = bytes;

    if (ngx_http_household_api_path_decode(segment, id, NGX_HOUSEHOLD_ID_LEN)
        != NGX_OK
        || id->len == 0
        || ngx_household_str_is(id, ".") || ngx_household_str_is(id, "..")
        || !ngx_household_id_valid(id))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_api_path_decode(const ngx_str_t *src, ngx_str_t *dst,
    size_t size)
{
    u_char     *p, *last;
    ngx_int_t   high, low;

    p = src->data;
    last = p + src->len;
    dst->len = 0;

    while (p < last) {

        if (dst->len == size) {
            return NGX_DECLINED;
        }

        if (*p != '%') {
            dst->data[dst->len++] = *p++;
            continue;
        }

        if (last - p < 3) {
            return NGX_DECLINED;
        }

        high = ngx_http_household_api_path_digit(p[1]);
        low = ngx_http_household_api_path_digit(p[2]);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return NGX_DECLINED;
        }

        dst->data[dst->len++] = (u_char) (high << 4 | low);
        p += 3;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_path_digit(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : NGX_ERROR;
}


ngx_uint_t
ngx_http_household_api_path_query(const ngx_str_t *args,
    const char *const *names)
{
    u_char      *p, *last, *end, *eq;
    ngx_uint_t   i, seen;

    if (args->len == 0) {
        return 1;
    }

    seen = 0;
    last = args->data + args->len;

    for (p = args->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');

        if (end == NULL) {
            end = last;
        }

        if (end == p) {
            continue;
        }

        eq = ngx_strlchr(p, end, '=');

        if (eq == NULL) {
            return 0;
        }

        for (i = 0; names[i] != NULL; i++) {
            if (ngx_strlen(names[i]) == (size_t) (eq - p)
                && ngx_strncasecmp((u_char *) names[i], p, eq - p) == 0)
            {
                break;
            }
        }

        if (names[i] == NULL || (seen & ((ngx_uint_t) 1 << i))) {
            return 0;
        }

        seen |= (ngx_uint_t) 1 << i;
    }

    return 1;
}
