
/*
 * The claim "catif".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_answer.h"
#include "ngx_household_cat_set.h"


#define NGX_HOUSEHOLD_CAT_ANSWER_STATUS_MIN  300
#define NGX_HOUSEHOLD_CAT_ANSWER_STATUS_MAX  599


static ngx_uint_t ngx_household_cat_answer_entry(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *entry);
static ngx_uint_t ngx_household_cat_answer_reserved(const ngx_str_t *name);
static ngx_int_t ngx_household_cat_answer_copy(
    ngx_household_cat_answer_t *answer, u_char **p, ngx_str_t *dst,
    const ngx_str_t *src);


/*
 * Fields that belong to the message that nginx sends, or that the module sets
 * for each rejected request
 */

static const char  *ngx_household_cat_answer_fields[] = {
    "accept-ranges",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    NULL
};


ngx_household_reason_e
ngx_household_cat_answer_check(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map)
{
    int64_t                           number;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *key;

    if (map->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (ngx_household_cbor_int(key, &number) != NGX_OK
            || !ngx_household_cat_answer_entry(c, key + 1))
        {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


static ngx_uint_t
ngx_household_cat_answer_entry(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *entry)
{
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *status, *fields, *name, *kid;

    if (entry->type != NGX_HOUSEHOLD_CBOR_ARRAY
        || entry->count < 2 || entry->count > 3)
    {
        return 0;
    }

    status = ngx_household_cbor_first(entry);
    fields = ngx_household_cbor_next(c, status);

    if (status->type != NGX_HOUSEHOLD_CBOR_UINT
        || status->value.number < NGX_HOUSEHOLD_CAT_ANSWER_STATUS_MIN
        || status->value.number > NGX_HOUSEHOLD_CAT_ANSWER_STATUS_MAX
        || fields->type != NGX_HOUSEHOLD_CBOR_MAP)
    {
        return 0;
    }

    if (entry->count == 3) {
        kid = ngx_household_cbor_next(c, fields);

        /* some issuers write an empty one */

        if (kid->type != NGX_HOUSEHOLD_CBOR_TEXT
            && kid->type != NGX_HOUSEHOLD_CBOR_BYTES
            && kid->type != NGX_HOUSEHOLD_CBOR_NULL
            && kid->type != NGX_HOUSEHOLD_CBOR_UNDEFINED)
        {
            return 0;
        }
    }

    name = ngx_household_cbor_first(fields);

    for (i = 0; i < fields->count; i++) {

        if (name->type != NGX_HOUSEHOLD_CBOR_TEXT
            || !ngx_household_cat_answer_name(&name->value.text)
            || (name[1].type == NGX_HOUSEHOLD_CBOR_TEXT
                && !ngx_household_cat_answer_value(&name[1].value.text)))
        {
            return 0;
        }

        name = ngx_household_cbor_next(c, name + 1);
    }

    return 1;
}


/* the name of a field: RFC 9110, 5.1 */

ngx_uint_t
ngx_household_cat_answer_name(const ngx_str_t *name)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch < '0' || ch > '9')
            && ((ch | 0x20) < 'a' || (ch | 0x20) > 'z')
            && ch != '-' && ch != '_')
        {
            return 0;
        }
    }

    return name->len != 0;
}


/* no control characters, which could begin another field */

ngx_uint_t
ngx_household_cat_answer_value(const ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            return 0;
        }
    }

    return 1;
}


void
ngx_household_cat_answer_read(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *set, int64_t key,
    ngx_household_cat_answer_t *answer)
{
    u_char                           *p;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *map, *entry, *status, *fields, *name;

    answer->status = 0;

    map = ngx_household_cbor_find(c, set, NGX_HOUSEHOLD_CAT_CATIF);

    if (map == NULL
        || ngx_household_cat_answer_check(c, map) != NGX_HOUSEHOLD_REASON_NONE)
    {
        /* the token was rejected before the form of all claims was checked */
        return;
    }

    entry = ngx_household_cbor_find(c, map, key);

    if (entry == NULL) {
        return;
    }

    status = ngx_household_cbor_first(entry);
    fields = ngx_household_cbor_next(c, status);
    name = ngx_household_cbor_first(fields);

    if (fields->count > NGX_HOUSEHOLD_CAT_ANSWER_FIELDS) {
        return;
    }

    p = answer->buf;

    for (i = 0; i < fields->count; i++) {

        if (name[1].type != NGX_HOUSEHOLD_CBOR_TEXT
            || ngx_household_cat_answer_reserved(&name->value.text)
            || ngx_household_cat_answer_copy(answer, &p,
                                             &answer->fields[i].key,
                                             &name->value.text)
               != NGX_OK
            || ngx_household_cat_answer_copy(answer, &p,
                                             &answer->fields[i].value,
                                             &name[1].value.text)
               != NGX_OK)
        {
            return;
        }

        name = ngx_household_cbor_next(c, name + 1);
    }

    answer->nfields = fields->count;
    answer->status = (ngx_uint_t) status->value.number;
}


static ngx_uint_t
ngx_household_cat_answer_reserved(const ngx_str_t *name)
{
    size_t       i;
    ngx_uint_t   n;
    const char  *field;

    for (n = 0; ngx_household_cat_answer_fields[n] != NULL; n++) {
        field = ngx_household_cat_answer_fields[n];

        for (i = 0; i < name->len; i++) {
            if (ngx_tolower(name->data[i]) != (u_char) field[i]) {
                break;
            }
        }

        if (i == name->len && field[i] == '\0') {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_household_cat_answer_copy(ngx_household_cat_answer_t *answer, u_char **p,
    ngx_str_t *dst, const ngx_str_t *src)
{
    if (src->len > (size_t) (answer->buf + sizeof(answer->buf) - *p)) {
        return NGX_DECLINED;
    }

    dst->data = *p;
    dst->len = src->len;
    *p = ngx_cpymem(*p, src->data, src->len);

    return NGX_OK;
}
