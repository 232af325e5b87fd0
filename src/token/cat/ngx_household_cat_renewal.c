
/*
 * The claim "catr".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_renewal.h"


/* keys of the claim that it must have */
#define NGX_HOUSEHOLD_CAT_TYPE    0
#define NGX_HOUSEHOLD_CAT_EXPADD  1


/* by key */

static const char  *ngx_household_cat_renewal_names[] = {
    "type",
    "expadd",                          /* seconds that "exp" is extended by */
    "deadline",
    "cookie-name",
    "header-name",
    "cookie-params",
    "header-params",
    "code"                             /* status of a redirect */
};


/* by number */

static const char  *ngx_household_cat_renewal_types[] = {
    "automatic",
    "cookie",
    "header",
    "redirect"
};


#define ngx_household_cat_renewal_entry(list, i)                             \
    ((i) < sizeof(list) / sizeof((list)[0]) ? (list)[i] : NULL)


ngx_household_reason_e
ngx_household_cat_renewal_check(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map)
{
    int64_t                           number;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *type, *expadd, *key;

    type = ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_TYPE);
    expadd = ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_EXPADD);

    if (type == NULL || type->type != NGX_HOUSEHOLD_CBOR_UINT
        || expadd == NULL
        || (expadd->type != NGX_HOUSEHOLD_CBOR_UINT
            && expadd->type != NGX_HOUSEHOLD_CBOR_FLOAT))
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    if (ngx_household_cat_renewal_type(type->value.number) == NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
    }

    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (ngx_household_cbor_int(key, &number) != NGX_OK
            || ngx_household_cat_renewal_name(number) == NULL)
        {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


const char *
ngx_household_cat_renewal_name(int64_t key)
{
    return ngx_household_cat_renewal_entry(ngx_household_cat_renewal_names,
                                           (uint64_t) key);
}


const char *
ngx_household_cat_renewal_type(uint64_t type)
{
    return ngx_household_cat_renewal_entry(ngx_household_cat_renewal_types,
                                           type);
}
