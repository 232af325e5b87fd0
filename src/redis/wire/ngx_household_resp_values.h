
/*
 * The values of a reply, in an array.  Their strings are in memory of the
 * caller, until they are to be kept.  Over a limit, a value and all that follow
 * are discarded, so that the beginning of the reply remains.
 */


#ifndef _NGX_HOUSEHOLD_RESP_VALUES_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_VALUES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp.h"


typedef struct {
    ngx_uint_t                   max_values; /* at least 1 */
    size_t                       max_bytes;
    size_t                       max_str;    /* bytes of one string */

    ngx_household_resp_value_t  *first;
    ngx_household_resp_value_t  *next;
    ngx_household_resp_value_t  *last;       /* end of what may be added */
    ngx_household_resp_value_t  *end;        /* of the room */
    ngx_uint_t                   room;       /* values; up to max_values */
    size_t                       bytes_left; /* of max_bytes */

    /* strings of the first values */
    u_char                      *copies;
    size_t                       size;       /* bytes; up to max_bytes */
    size_t                       copied;     /* bytes */
    ngx_uint_t                   kept;       /* values */

    /* "last" is "next", so that nothing fits */
    unsigned                     too_large:1;
} ngx_household_resp_values_t;


/*
 * reset() drops all values, and frees large buffers; it must be called first,
 * after the limits are set, and all else is 0.  free() frees all of them.
 */
void ngx_household_resp_values_reset(ngx_household_resp_values_t *v);
void ngx_household_resp_values_free(ngx_household_resp_values_t *v);

/*
 * Copies the strings that are still in memory of the caller.  Returns NGX_OK,
 * or NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_household_resp_values_keep(ngx_household_resp_values_t *v);

/*
 * Adds a value that does not fit yet, or discards it: "n" is the integer, or
 * the number of elements.  Returns NGX_OK, or NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_household_resp_values_add(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len);


/* returns 1 if put() has room for a value with a string of "len" bytes */

static ngx_inline ngx_uint_t
ngx_household_resp_values_fit(ngx_household_resp_values_t *v, size_t len)
{
    return v->next < v->last && len <= v->bytes_left && len <= v->max_str;
}


static ngx_inline void
ngx_household_resp_values_put(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len)
{
    ngx_household_resp_value_t  *value;

    value = v->next++;

    value->type = type;
    value->depth = depth;
    value->integer = (type == NGX_HOUSEHOLD_RESP_INTEGER) ? n : 0;
    value->elements = (type == NGX_HOUSEHOLD_RESP_ARRAY) ? n : 0;
    value->str.len = len;
    value->str.data = str;

    v->bytes_left -= len;
}


#endif /* _NGX_HOUSEHOLD_RESP_VALUES_H_INCLUDED_ */
