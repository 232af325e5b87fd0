
/*
 * Items of CBOR: values of maps, lists, integers, and how they are written.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_str.h"


/* major type of what is neither a number nor has a length: RFC 8949, 3.3 */
#define NGX_HOUSEHOLD_CBOR_SIMPLE  7

#define NGX_HOUSEHOLD_CBOR_NO      20
#define NGX_HOUSEHOLD_CBOR_DOUBLE  27


static u_char *ngx_household_cbor_write_item(u_char *p,
    const ngx_household_cbor_item_t *item);


const ngx_household_cbor_item_t *
ngx_household_cbor_find(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, int64_t key)
{
    uint64_t                          number;
    ngx_uint_t                        i, type;
    const ngx_household_cbor_item_t  *item;

    if (map->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return NULL;
    }

    type = key < 0 ? NGX_HOUSEHOLD_CBOR_NINT : NGX_HOUSEHOLD_CBOR_UINT;
    number = (uint64_t) (key < 0 ? -1 - key : key);

    item = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (item->type == type && item->value.number == number) {
            return item + 1;
        }

        item = ngx_household_cbor_next(c, item + 1);
    }

    return NULL;
}


const ngx_household_cbor_item_t *
ngx_household_cbor_find_text(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, const ngx_str_t *key)
{
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    if (map->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return NULL;
    }

    item = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (item->type == NGX_HOUSEHOLD_CBOR_TEXT
            && ngx_household_str_equal(&item->value.text, key))
        {
            return item + 1;
        }

        item = ngx_household_cbor_next(c, item + 1);
    }

    return NULL;
}


ngx_uint_t
ngx_household_cbor_list(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *array, ngx_uint_t types)
{
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    if (array->type != NGX_HOUSEHOLD_CBOR_ARRAY) {
        return 0;
    }

    item = ngx_household_cbor_first(array);

    for (i = 0; i < array->count; i++) {

        if ((types & ngx_household_cbor_type(item->type)) == 0) {
            return 0;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return 1;
}


ngx_int_t
ngx_household_cbor_int(const ngx_household_cbor_item_t *item, int64_t *value)
{
    if (item->value.number > INT64_MAX) {
        return NGX_DECLINED;
    }

    switch (item->type) {

    case NGX_HOUSEHOLD_CBOR_UINT:
        *value = (int64_t) item->value.number;
        return NGX_OK;

    case NGX_HOUSEHOLD_CBOR_NINT:
        *value = -1 - (int64_t) item->value.number;
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


u_char *
ngx_household_cbor_head(u_char *p, ngx_uint_t major, uint64_t number)
{
    ngx_uint_t  n, bits;

    if (number < 24) {
        *p++ = (u_char) (major << 5 | number);
        return p;
    }

    for (n = 0; n < 3 && number >> (8 << n) != 0; n++) { /* void */ }

    *p++ = (u_char) (major << 5 | (24 + n));

    for (bits = 8 << n; bits > 0; bits -= 8) {
        *p++ = (u_char) (number >> (bits - 8));
    }

    return p;
}


/* items follow each other as they do in the encoding, whatever is nested */

u_char *
ngx_household_cbor_write(u_char *p, u_char *last,
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *item)
{
    size_t                            size;
    const ngx_household_cbor_item_t  *end;

    end = ngx_household_cbor_next(c, item);

    for ( /* void */ ; item < end; item++) {
        size = NGX_HOUSEHOLD_CBOR_HEAD;

        if (item->type == NGX_HOUSEHOLD_CBOR_BYTES
            || item->type == NGX_HOUSEHOLD_CBOR_TEXT)
        {
            size += item->value.text.len;
        }

        if ((size_t) (last - p) < size) {
            return NULL;
        }

        p = ngx_household_cbor_write_item(p, item);
    }

    return p;
}


static u_char *
ngx_household_cbor_write_item(u_char *p, const ngx_household_cbor_item_t *item)
{
    uint64_t    number;
    ngx_uint_t  bits;

    /* up to TAG, types are major types */

    switch (item->type) {

    case NGX_HOUSEHOLD_CBOR_UINT:
    case NGX_HOUSEHOLD_CBOR_NINT:
    case NGX_HOUSEHOLD_CBOR_TAG:
        return ngx_household_cbor_head(p, item->type, item->value.number);

    case NGX_HOUSEHOLD_CBOR_BYTES:
    case NGX_HOUSEHOLD_CBOR_TEXT:
        p = ngx_household_cbor_head(p, item->type, item->value.text.len);
        return ngx_cpymem(p, item->value.text.data, item->value.text.len);

    case NGX_HOUSEHOLD_CBOR_ARRAY:
    case NGX_HOUSEHOLD_CBOR_MAP:
        return ngx_household_cbor_head(p, item->type, item->count);

    case NGX_HOUSEHOLD_CBOR_FLOAT:
        *p++ = (u_char) (NGX_HOUSEHOLD_CBOR_SIMPLE << 5
                         | NGX_HOUSEHOLD_CBOR_DOUBLE);

        ngx_memcpy(&number, &item->value.real, sizeof(double));

        for (bits = 64; bits > 0; bits -= 8) {
            *p++ = (u_char) (number >> (bits - 8));
        }

        return p;

    default: /* FALSE, TRUE, NULL, UNDEFINED: 20 to 23 */
        return ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_SIMPLE,
                                       NGX_HOUSEHOLD_CBOR_NO + item->type
                                       - NGX_HOUSEHOLD_CBOR_FALSE);
    }
}
