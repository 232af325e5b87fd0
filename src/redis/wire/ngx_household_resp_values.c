
/*
 * The values of a reply.  See ngx_household_resp_values.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp_values.h"


/* minimum size of a buffer; maximum size that is kept after a reply */
#define NGX_HOUSEHOLD_RESP_MIN_BUF   1024
#define NGX_HOUSEHOLD_RESP_KEEP_BUF  16384


static void ngx_household_resp_values_relocate(ngx_household_resp_values_t *v);
static ngx_int_t ngx_household_resp_values_grow(ngx_household_resp_buf_t *buf,
    size_t len, size_t max);
static void ngx_household_resp_values_trim(ngx_household_resp_buf_t *buf);


void
ngx_household_resp_values_reset(ngx_household_resp_values_t *v)
{
    v->n = 0;
    v->bytes = 0;
    v->kept = 0;
    v->copied = 0;
    v->too_large = 0;

    ngx_household_resp_values_trim(&v->values);
    ngx_household_resp_values_trim(&v->copies);
}


void
ngx_household_resp_values_free(ngx_household_resp_values_t *v)
{
    free(v->values.data);
    free(v->copies.data);
}


static void
ngx_household_resp_values_trim(ngx_household_resp_buf_t *buf)
{
    if (buf->size > NGX_HOUSEHOLD_RESP_KEEP_BUF) {
        free(buf->data);
        buf->data = NULL;
        buf->size = 0;
    }
}


ngx_int_t
ngx_household_resp_values_add(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len)
{
    if (v->n == v->max_values) {
        v->too_large = 1;
    }

    if (len > v->max_bytes - v->bytes || len > v->max_str) {
        v->too_large = 1;
        len = 0;
    }

    /* the first value always remains */

    if (v->too_large && v->n > 0) {
        return NGX_OK;
    }

    if (ngx_household_resp_values_grow(&v->values,
                         (v->n + 1) * sizeof(ngx_household_resp_value_t),
                         v->max_values * sizeof(ngx_household_resp_value_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_household_resp_values_put(v, type, depth, n, str, len);

    return NGX_OK;
}


ngx_int_t
ngx_household_resp_values_keep(ngx_household_resp_values_t *v)
{
    u_char                      *p;
    ngx_household_resp_value_t  *value, *last;

    if (v->copied == v->bytes) {
        v->kept = v->n;
        return NGX_OK;
    }

    value = (ngx_household_resp_value_t *) v->values.data + v->kept;
    last = value + (v->n - v->kept);

    p = v->copies.data;

    if (ngx_household_resp_values_grow(&v->copies, v->bytes, v->max_bytes)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (v->copies.data != p) {
        ngx_household_resp_values_relocate(v);
    }

    p = (u_char *) v->copies.data + v->copied;

    for ( /* void */ ; value < last; value++) {

        if (value->str.len) {
            ngx_memcpy(p, value->str.data, value->str.len);
            value->str.data = p;
            p += value->str.len;
        }
    }

    v->kept = v->n;
    v->copied = v->bytes;

    return NGX_OK;
}


/* the buffer was reallocated */

static void
ngx_household_resp_values_relocate(ngx_household_resp_values_t *v)
{
    u_char                      *p;
    ngx_household_resp_value_t  *value, *last;

    p = v->copies.data;
    value = v->values.data;
    last = value + v->kept;

    for ( /* void */ ; value < last; value++) {

        if (value->str.len) {
            value->str.data = p;
            p += value->str.len;
        }
    }
}


/* makes room for "len" bytes, which are at most "max" */

static ngx_int_t
ngx_household_resp_values_grow(ngx_household_resp_buf_t *buf, size_t len,
    size_t max)
{
    void    *p;
    size_t   size;

    if (len <= buf->size) {
        return NGX_OK;
    }

    size = ngx_max(buf->size, NGX_HOUSEHOLD_RESP_MIN_BUF);

    while (len > size) {
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
