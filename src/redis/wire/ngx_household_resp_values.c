
/*
 * The values of a reply.  See ngx_household_resp_values.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp_values.h"


/* minimum size of a buffer; maximum size that is kept after a reply */
#define NGX_HOUSEHOLD_RESP_MIN_BUF   512
#define NGX_HOUSEHOLD_RESP_KEEP_BUF  16384


static void ngx_household_resp_values_relocate(ngx_household_resp_values_t *v);
static ngx_int_t ngx_household_resp_values_grow(ngx_household_resp_buf_t *buf,
    size_t len, size_t max);
static void ngx_household_resp_values_trim(ngx_household_resp_buf_t *buf);


void
ngx_household_resp_values_reset(ngx_household_resp_values_t *v)
{
    v->too_large = 0;

    ngx_household_resp_values_trim(&v->values);
    ngx_household_resp_values_trim(&v->bytes);
}


void
ngx_household_resp_values_free(ngx_household_resp_values_t *v)
{
    free(v->values.data);
    free(v->bytes.data);
}


static void
ngx_household_resp_values_trim(ngx_household_resp_buf_t *buf)
{
    buf->len = 0;

    if (buf->size > NGX_HOUSEHOLD_RESP_KEEP_BUF) {
        free(buf->data);
        buf->data = NULL;
        buf->size = 0;
    }
}


ngx_int_t
ngx_household_resp_values_add_slow(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len)
{
    size_t  max;

    max = v->max_values * sizeof(ngx_household_resp_value_t);

    if (v->values.len == max) {
        v->too_large = 1;
    }

    if (len > v->max_bytes - v->bytes.len || len > v->max_str) {
        v->too_large = 1;
        len = 0;
    }

    /* the first value is always kept */

    if (v->too_large && v->values.len > 0) {
        return NGX_OK;
    }

    if (ngx_household_resp_values_grow(&v->values,
                                       sizeof(ngx_household_resp_value_t), max)
        != NGX_OK
        || ngx_household_resp_values_grow(&v->bytes, len, v->max_bytes)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_household_resp_values_relocate(v);
    ngx_household_resp_values_put(v, type, depth, n, str, len);

    return NGX_OK;
}


/* sets the pointers again, since the buffer may have been reallocated */

static void
ngx_household_resp_values_relocate(ngx_household_resp_values_t *v)
{
    u_char                      *p;
    ngx_household_resp_value_t  *value, *last;

    p = v->bytes.data;
    value = v->values.data;
    last = value + v->values.len / sizeof(ngx_household_resp_value_t);

    for ( /* void */ ; value < last; value++) {

        if (value->str.len) {
            value->str.data = p;
            p += value->str.len;
        }
    }
}


/* makes room for "len" more bytes, which are at most "max" in all */

static ngx_int_t
ngx_household_resp_values_grow(ngx_household_resp_buf_t *buf, size_t len,
    size_t max)
{
    void    *p;
    size_t   size;

    if (len <= buf->size - buf->len) {
        return NGX_OK;
    }

    size = ngx_max(buf->size, NGX_HOUSEHOLD_RESP_MIN_BUF);

    while (len > size - buf->len) {
        size *= 2;
    }

    size = ngx_min(size, max);

    p = realloc(buf->data, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    buf->data = p;
    buf->size = size;

    return NGX_OK;
}
