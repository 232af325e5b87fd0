
/*
 * Items of CBOR: values of maps, lists, integers, and heads.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_str.h"


const ngx_household_cbor_item_t *
ngx_household_cbor_find(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, int64_t key)
{
    int64_t                           value;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    if (map->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return NULL;
    }

    item = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (ngx_household_cbor_int(item, &value) == NGX_OK && value == key) {
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
