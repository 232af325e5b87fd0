
/*
 * The claim "catr".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_answer.h"
#include "ngx_household_cat_renewal.h"
#include "ngx_household_cat_set.h"
#include "ngx_household_chain.h"
#include "ngx_household_jose.h"


/* if there is no "deadline"; the same as in other implementations */
#define NGX_HOUSEHOLD_CAT_RENEWAL_DEADLINE  60
#define NGX_HOUSEHOLD_CAT_RENEWAL_STATUS    302

#define NGX_HOUSEHOLD_CAT_RENEWAL_SEPARATOR  "; "


/* keys of the claim */

typedef enum {
    NGX_HOUSEHOLD_CAT_RENEWAL_TYPE = 0,
    NGX_HOUSEHOLD_CAT_RENEWAL_EXPADD,
    NGX_HOUSEHOLD_CAT_RENEWAL_DEADLINE_KEY,
    NGX_HOUSEHOLD_CAT_RENEWAL_COOKIE_NAME,
    NGX_HOUSEHOLD_CAT_RENEWAL_HEADER_NAME,
    NGX_HOUSEHOLD_CAT_RENEWAL_COOKIE_PARAMS,
    NGX_HOUSEHOLD_CAT_RENEWAL_HEADER_PARAMS,
    NGX_HOUSEHOLD_CAT_RENEWAL_CODE
} ngx_household_cat_renewal_key_e;


typedef ngx_household_reason_e (*ngx_household_cat_renewal_check_pt)(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value);


static ngx_household_reason_e ngx_household_cat_renewal_check_type(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value);
static ngx_household_reason_e ngx_household_cat_renewal_check_seconds(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value);
static ngx_household_reason_e ngx_household_cat_renewal_check_name(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value);
static ngx_household_reason_e ngx_household_cat_renewal_check_params(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value);
static ngx_household_reason_e ngx_household_cat_renewal_check_code(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value);
static ngx_int_t ngx_household_cat_renewal_read(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, ngx_household_cat_next_t *next);
static void ngx_household_cat_renewal_read_text(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, int64_t name, int64_t params,
    ngx_household_cat_next_t *next);
static u_char *ngx_household_cat_renewal_param(u_char *p,
    const ngx_household_cbor_item_t *item);
static ngx_int_t ngx_household_cat_renewal_write(const ngx_household_cbor_t *c,
    int64_t exp, int64_t iat, ngx_str_t *claims, size_t size);
static u_char *ngx_household_cat_renewal_write_time(u_char *p, int64_t key,
    int64_t value);
static ngx_int_t ngx_household_cat_renewal_seconds(
    const ngx_household_cbor_item_t *item, int64_t *seconds);


/* by key */

static const struct {
    const char                          *name;
    ngx_household_cat_renewal_check_pt   check;
} ngx_household_cat_renewal_params[] = {
    { "type", ngx_household_cat_renewal_check_type },
    { "expadd", ngx_household_cat_renewal_check_seconds },
    { "deadline", ngx_household_cat_renewal_check_seconds },
    { "cookie-name", ngx_household_cat_renewal_check_name },
    { "header-name", ngx_household_cat_renewal_check_name },
    { "cookie-params", ngx_household_cat_renewal_check_params },
    { "header-params", ngx_household_cat_renewal_check_params },
    { "code", ngx_household_cat_renewal_check_code }
};


/* by number; the numbers are those of ngx_household_cat_way_e */

static const char  *ngx_household_cat_renewal_types[] = {
    "automatic",
    "cookie",
    "header",
    "redirect"
};


#define ngx_household_cat_renewal_has(list, i)                               \
    ((uint64_t) (i) < sizeof(list) / sizeof((list)[0]))


ngx_household_reason_e
ngx_household_cat_renewal_check(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map)
{
    int64_t                           number;
    ngx_uint_t                        i;
    ngx_household_reason_e            reason, rc;
    const ngx_household_cbor_item_t  *key;

    if (ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_RENEWAL_TYPE) == NULL
        || ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_RENEWAL_EXPADD)
           == NULL)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    reason = NGX_HOUSEHOLD_REASON_NONE;
    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (ngx_household_cbor_int(key, &number) != NGX_OK
            || !ngx_household_cat_renewal_has(
                                   ngx_household_cat_renewal_params, number))
        {
            rc = NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;

        } else {
            rc = ngx_household_cat_renewal_params[number].check(c, key + 1);
        }

        if (rc == NGX_HOUSEHOLD_REASON_TOKEN_CLAIM) {
            return rc;
        }

        if (rc != NGX_HOUSEHOLD_REASON_NONE) {
            reason = rc;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return reason;
}


static ngx_household_reason_e
ngx_household_cat_renewal_check_type(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value)
{
    if (value->type != NGX_HOUSEHOLD_CBOR_UINT) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    return ngx_household_cat_renewal_type(value->value.number) != NULL
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
}


static ngx_household_reason_e
ngx_household_cat_renewal_check_seconds(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value)
{
    int64_t  seconds;

    return ngx_household_cat_renewal_seconds(value, &seconds) == NGX_OK
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
}


static ngx_household_reason_e
ngx_household_cat_renewal_check_name(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value)
{
    if (value->type != NGX_HOUSEHOLD_CBOR_TEXT
        || !ngx_household_cat_answer_name(&value->value.text))
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    return value->value.text.len <= NGX_HOUSEHOLD_CAT_NEXT_NAME
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
}


/* an array of texts, or one */

static ngx_household_reason_e
ngx_household_cat_renewal_check_params(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value)
{
    size_t                            len;
    const ngx_household_cbor_item_t  *item, *end;

    item = value->type == NGX_HOUSEHOLD_CBOR_ARRAY
           ? ngx_household_cbor_first(value) : value;
    end = ngx_household_cbor_next(c, value);
    len = 0;

    for ( /* void */ ; item < end; item++) {

        if (item->type != NGX_HOUSEHOLD_CBOR_TEXT
            || !ngx_household_cat_answer_value(&item->value.text))
        {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }

        len += sizeof(NGX_HOUSEHOLD_CAT_RENEWAL_SEPARATOR) - 1
               + item->value.text.len;
    }

    return len <= NGX_HOUSEHOLD_CAT_NEXT_PARAMS
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
}


/* a redirect that the same request follows */

static ngx_household_reason_e
ngx_household_cat_renewal_check_code(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value)
{
    if (value->type != NGX_HOUSEHOLD_CBOR_UINT) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    switch (value->value.number) {

    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return NGX_HOUSEHOLD_REASON_NONE;

    default:
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
    }
}


int64_t
ngx_household_cat_renewal_deadline(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map)
{
    int64_t                           deadline;
    const ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_find(c, map,
                                   NGX_HOUSEHOLD_CAT_RENEWAL_DEADLINE_KEY);

    return item != NULL
           && ngx_household_cat_renewal_seconds(item, &deadline) == NGX_OK
           ? deadline : NGX_HOUSEHOLD_CAT_RENEWAL_DEADLINE;
}


ngx_int_t
ngx_household_cat_renewal_next(const ngx_household_cbor_t *c, int64_t now,
    int64_t max, ngx_household_cat_next_t *next, ngx_str_t *claims,
    size_t size)
{
    int64_t                           issued, lifetime;
    const ngx_household_cbor_item_t  *map, *expadd, *iat;

    map = ngx_household_cbor_find(c, c->items, NGX_HOUSEHOLD_CAT_CATR);

    if (map == NULL
        || ngx_household_cat_renewal_check(c, map) != NGX_HOUSEHOLD_REASON_NONE
        || ngx_household_cat_renewal_read(c, map, next) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    expadd = ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_RENEWAL_EXPADD);

    if (ngx_household_cat_renewal_seconds(expadd, &lifetime) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* the time of the first token, which "revoked_before" is compared with */

    iat = ngx_household_cbor_find(c, c->items, NGX_HOUSEHOLD_CAT_IAT);

    if (iat == NULL) {
        issued = now;

    } else if (ngx_household_cat_renewal_seconds(iat, &issued) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_household_chain_left(issued, now, max, lifetime, &next->left)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (next->way == NGX_HOUSEHOLD_CAT_BY_REDIRECT
        && next->left <= ngx_household_cat_renewal_deadline(c, map))
    {
        /* the request that follows would be redirected again */
        return NGX_DECLINED;
    }

    return ngx_household_cat_renewal_write(c, now + next->left,
                                           iat == NULL ? now : -1, claims,
                                           size);
}


static ngx_int_t
ngx_household_cat_renewal_read(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, ngx_household_cat_next_t *next)
{
    const ngx_household_cbor_item_t  *type, *code;

    type = ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_RENEWAL_TYPE);

    if (type->value.number != NGX_HOUSEHOLD_CAT_BY_ANY) {
        next->way = (ngx_household_cat_way_e) type->value.number;
    }

    next->status = NGX_HOUSEHOLD_CAT_RENEWAL_STATUS;

    switch (next->way) {

    case NGX_HOUSEHOLD_CAT_BY_COOKIE:
        ngx_household_cat_renewal_read_text(c, map,
                                     NGX_HOUSEHOLD_CAT_RENEWAL_COOKIE_NAME,
                                     NGX_HOUSEHOLD_CAT_RENEWAL_COOKIE_PARAMS,
                                     next);
        return NGX_OK;

    case NGX_HOUSEHOLD_CAT_BY_HEADER:
        ngx_household_cat_renewal_read_text(c, map,
                                     NGX_HOUSEHOLD_CAT_RENEWAL_HEADER_NAME,
                                     NGX_HOUSEHOLD_CAT_RENEWAL_HEADER_PARAMS,
                                     next);
        return NGX_OK;

    case NGX_HOUSEHOLD_CAT_BY_REDIRECT:
        code = ngx_household_cbor_find(c, map, NGX_HOUSEHOLD_CAT_RENEWAL_CODE);

        if (code != NULL) {
            next->status = (ngx_uint_t) code->value.number;
        }

        return NGX_OK;

    default: /* NGX_HOUSEHOLD_CAT_BY_ANY: as it came, which is none of these */
        return NGX_DECLINED;
    }
}


/* both fit: ngx_household_cat_renewal_check() */

static void
ngx_household_cat_renewal_read_text(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, int64_t name, int64_t params,
    ngx_household_cat_next_t *next)
{
    u_char                           *p;
    const ngx_household_cbor_item_t  *item, *end;

    p = next->buf;

    next->name.data = p;
    item = ngx_household_cbor_find(c, map, name);

    if (item != NULL) {
        p = ngx_cpymem(p, item->value.text.data, item->value.text.len);
    }

    next->name.len = p - next->name.data;

    next->params.data = p;
    item = ngx_household_cbor_find(c, map, params);

    if (item != NULL) {
        end = ngx_household_cbor_next(c, item);

        for ( /* void */ ; item < end; item++) {
            p = ngx_household_cat_renewal_param(p, item);
        }
    }

    next->params.len = p - next->params.data;
}


static u_char *
ngx_household_cat_renewal_param(u_char *p,
    const ngx_household_cbor_item_t *item)
{
    if (item->type != NGX_HOUSEHOLD_CBOR_TEXT) {
        /* the array */
        return p;
    }

    p = ngx_cpymem(p, NGX_HOUSEHOLD_CAT_RENEWAL_SEPARATOR,
                   sizeof(NGX_HOUSEHOLD_CAT_RENEWAL_SEPARATOR) - 1);

    return ngx_cpymem(p, item->value.text.data, item->value.text.len);
}


/* "iat" is added, unless it is negative */

static ngx_int_t
ngx_household_cat_renewal_write(const ngx_household_cbor_t *c, int64_t exp,
    int64_t iat, ngx_str_t *claims, size_t size)
{
    u_char                           *p, *last;
    int64_t                           number;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *key;

    p = claims->data;
    last = claims->data + size - 3 * 2 * NGX_HOUSEHOLD_CBOR_HEAD;

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_MAP,
                                c->items[0].count + (iat >= 0));

    if (iat >= 0) {
        p = ngx_household_cat_renewal_write_time(p, NGX_HOUSEHOLD_CAT_IAT, iat);
    }

    key = ngx_household_cbor_first(c->items);

    for (i = 0; i < c->items[0].count; i++) {

        if (ngx_household_cbor_int(key, &number) == NGX_OK
            && number == NGX_HOUSEHOLD_CAT_EXP)
        {
            p = ngx_household_cat_renewal_write_time(p, number, exp);

        } else {
            p = ngx_household_cbor_write(p, last, c, key);

            if (p != NULL) {
                p = ngx_household_cbor_write(p, last, c, key + 1);
            }
        }

        if (p == NULL || p > last) {
            return NGX_DECLINED;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    claims->len = p - claims->data;

    return NGX_OK;
}


static u_char *
ngx_household_cat_renewal_write_time(u_char *p, int64_t key, int64_t value)
{
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT, (uint64_t) key);

    return ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT,
                                   (uint64_t) value);
}


/* a number of seconds that is not negative; a fraction is rounded down */

static ngx_int_t
ngx_household_cat_renewal_seconds(const ngx_household_cbor_item_t *item,
    int64_t *seconds)
{
    if (item->type == NGX_HOUSEHOLD_CBOR_UINT
        && item->value.number <= NGX_HOUSEHOLD_JSON_TIME_MAX)
    {
        *seconds = (int64_t) item->value.number;
        return NGX_OK;
    }

    if (item->type == NGX_HOUSEHOLD_CBOR_FLOAT
        && item->value.real >= 0
        && item->value.real <= NGX_HOUSEHOLD_JSON_TIME_MAX)
    {
        *seconds = (int64_t) item->value.real;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


const char *
ngx_household_cat_renewal_name(int64_t key)
{
    return ngx_household_cat_renewal_has(ngx_household_cat_renewal_params, key)
           ? ngx_household_cat_renewal_params[key].name : NULL;
}


const char *
ngx_household_cat_renewal_type(uint64_t type)
{
    return ngx_household_cat_renewal_has(ngx_household_cat_renewal_types, type)
           ? ngx_household_cat_renewal_types[type] : NULL;
}
