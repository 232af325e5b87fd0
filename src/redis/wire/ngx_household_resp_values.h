
/*
 * The values of a reply, in an array, with memory for their strings.  Over a
 * limit, a value and all that follow are discarded, so that the beginning of
 * the reply is kept.
 */


#ifndef _NGX_HOUSEHOLD_RESP_VALUES_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_VALUES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp.h"


typedef struct {
    void                        *data;
    size_t                       len;      /* in bytes */
    size_t                       size;     /* never over the limit */
} ngx_household_resp_buf_t;


typedef struct {
    ngx_uint_t                   max_values; /* at least 1 */
    size_t                       max_bytes;
    size_t                       max_str;    /* bytes of one string */

    ngx_household_resp_buf_t     values;
    ngx_household_resp_buf_t     bytes;

    unsigned                     too_large:1;
} ngx_household_resp_values_t;


/* drops all values, and frees large buffers; or frees all of them */
void ngx_household_resp_values_reset(ngx_household_resp_values_t *v);
void ngx_household_resp_values_free(ngx_household_resp_values_t *v);

/* adds a value for which the buffers have no room, or which is discarded */
ngx_int_t ngx_household_resp_values_add_slow(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len);


static ngx_inline void
ngx_household_resp_values_put(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len)
{
    ngx_household_resp_value_t  *value;

    value = (ngx_household_resp_value_t *)
                ((u_char *) v->values.data + v->values.len);

    value->type = type;
    value->depth = depth;
    value->integer = (type == NGX_HOUSEHOLD_RESP_INTEGER) ? n : 0;
    value->elements = (type == NGX_HOUSEHOLD_RESP_ARRAY) ? n : 0;
    value->str.len = len;

    /* functions of nginx subtract lengths from the end of a string */
    value->str.data = (u_char *) "";

    if (len) {
        value->str.data = (u_char *) v->bytes.data + v->bytes.len;
        ngx_memcpy(value->str.data, str, len);
        v->bytes.len += len;
    }

    v->values.len += sizeof(ngx_household_resp_value_t);
}


/*
 * Adds a value: "n" is the integer, or the number of elements.  Returns NGX_OK,
 * or NGX_ERROR if there is no memory.
 */

static ngx_inline ngx_int_t
ngx_household_resp_values_add(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len)
{
    if (v->too_large
        || len > v->bytes.size - v->bytes.len
        || sizeof(ngx_household_resp_value_t) > v->values.size - v->values.len
        || len > v->max_str)
    {
        return ngx_household_resp_values_add_slow(v, type, depth, n, str, len);
    }

    ngx_household_resp_values_put(v, type, depth, n, str, len);

    return NGX_OK;
}


#endif /* _NGX_HOUSEHOLD_RESP_VALUES_H_INCLUDED_ */
