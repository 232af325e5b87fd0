
/*
 * The values of a reply.  See ngx_household_resp_values.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp_values.h"


/* sizes of new buffers; maximum sizes that are kept after a reply */
#define NGX_HOUSEHOLD_RESP_MIN_VALUES   16
#define NGX_HOUSEHOLD_RESP_MIN_BYTES    1024
#define NGX_HOUSEHOLD_RESP_KEEP_VALUES  512
#define NGX_HOUSEHOLD_RESP_KEEP_BYTES   16384


static ngx_int_t ngx_household_resp_values_grow(
    ngx_household_resp_values_t *v);
static ngx_int_t ngx_household_resp_values_grow_copies(
    ngx_household_resp_values_t *v, size_t len);
static void ngx_household_resp_values_copy(ngx_household_resp_value_t *from,
    ngx_household_resp_value_t *to, u_char *p);


void
ngx_household_resp_values_reset(ngx_household_resp_values_t *v)
{
    if (v->room > NGX_HOUSEHOLD_RESP_KEEP_VALUES) {
        free(v->first);
        v->first = NULL;
        v->end = NULL;
        v->room = 0;
    }

    if (v->size > NGX_HOUSEHOLD_RESP_KEEP_BYTES) {
        free(v->copies);
        v->copies = NULL;
        v->size = 0;
    }

    v->next = v->first;
    v->last = v->end;
    v->bytes_left = v->max_bytes;
    v->copied = 0;
    v->kept = 0;
    v->too_large = 0;
}


void
ngx_household_resp_values_free(ngx_household_resp_values_t *v)
{
    free(v->first);
    free(v->copies);
}


ngx_int_t
ngx_household_resp_values_add(ngx_household_resp_values_t *v,
    ngx_household_resp_type_e type, ngx_uint_t depth, int64_t n, u_char *str,
    size_t len)
{
    if ((ngx_uint_t) (v->next - v->first) == v->max_values) {
        v->too_large = 1;
    }

    if (len > v->bytes_left || len > v->max_str) {
        v->too_large = 1;
        len = 0;
    }

    /* the first value always remains */

    if (v->too_large && v->next > v->first) {
        v->last = v->next;
        return NGX_OK;
    }

    if (v->next == v->last && ngx_household_resp_values_grow(v) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_household_resp_values_put(v, type, depth, n, str, len);

    if (v->too_large) {
        v->last = v->next;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_resp_values_grow(ngx_household_resp_values_t *v)
{
    void        *p;
    ngx_uint_t   n, room;

    n = v->next - v->first;
    room = v->room ? 2 * v->room : NGX_HOUSEHOLD_RESP_MIN_VALUES;
    room = ngx_min(room, v->max_values);

    p = realloc(v->first, room * sizeof(ngx_household_resp_value_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->first = p;
    v->next = v->first + n;
    v->last = v->first + room;
    v->end = v->last;
    v->room = room;

    return NGX_OK;
}


ngx_int_t
ngx_household_resp_values_keep(ngx_household_resp_values_t *v)
{
    size_t  len;

    len = v->max_bytes - v->bytes_left;

    if (len > v->copied) {

        if (len > v->size
            && ngx_household_resp_values_grow_copies(v, len) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_household_resp_values_copy(v->first + v->kept, v->next,
                                       v->copies + v->copied);
    }

    v->copied = len;
    v->kept = v->next - v->first;

    return NGX_OK;
}


static ngx_int_t
ngx_household_resp_values_grow_copies(ngx_household_resp_values_t *v,
    size_t len)
{
    size_t   size;
    u_char  *p;

    size = ngx_max(v->size, NGX_HOUSEHOLD_RESP_MIN_BYTES);

    while (len > size) {
        size *= 2;
    }

    size = ngx_min(size, v->max_bytes);

    p = malloc(size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_household_resp_values_copy(v->first, v->first + v->kept, p);

    free(v->copies);

    v->copies = p;
    v->size = size;

    return NGX_OK;
}


/* copies the strings of values to "p" */

static void
ngx_household_resp_values_copy(ngx_household_resp_value_t *from,
    ngx_household_resp_value_t *to, u_char *p)
{
    for ( /* void */ ; from < to; from++) {

        if (from->str.len) {
            ngx_memcpy(p, from->str.data, from->str.len);
            from->str.data = p;
            p += from->str.len;
        }
    }
}
