
/*
 * The claims of a Common Access Token as JSON.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_claims.h"
#include "ngx_household_cat_json.h"
#include "ngx_household_cat_renewal.h"
#include "ngx_household_cat_set.h"
#include "ngx_household_jwt.h"


/* base64url of the longest string of bytes in a token, and a NUL */
#define NGX_HOUSEHOLD_CAT_JSON_SIZE  (NGX_HOUSEHOLD_JWT_SIZE_MAX + 4)


typedef enum {
    NGX_HOUSEHOLD_CAT_JSON_NESTED = 0,
    NGX_HOUSEHOLD_CAT_JSON_CLAIMS,     /* the set of claims */
    NGX_HOUSEHOLD_CAT_JSON_RENEWAL     /* the claim "catr" */
} ngx_household_cat_json_e;


static json_t *ngx_household_cat_json_value(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item, ngx_household_cat_json_e what);
static json_t *ngx_household_cat_json_array(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item);
static json_t *ngx_household_cat_json_map(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item, ngx_household_cat_json_e what);
static ngx_int_t ngx_household_cat_json_member(const ngx_household_cbor_t *c,
    json_t *object, const ngx_household_cbor_item_t *key,
    ngx_household_cat_json_e what);
static ngx_int_t ngx_household_cat_json_set(json_t *object,
    const ngx_household_cbor_item_t *key, ngx_household_cat_json_e what,
    json_t *value);
static void ngx_household_cat_json_key(const ngx_household_cbor_item_t *key,
    ngx_household_cat_json_e what, char *name);
static json_t *ngx_household_cat_json_type(
    const ngx_household_cbor_item_t *item);
static json_t *ngx_household_cat_json_bytes(const ngx_str_t *bytes);


json_t *
ngx_household_cat_json(const ngx_household_cbor_t *c)
{
    json_t  *object, *cti;

    object = ngx_household_cat_json_map(c, c->items,
                                        NGX_HOUSEHOLD_CAT_JSON_CLAIMS);

    cti = json_object_get(object, "cti");

    if (cti != NULL
        && (json_object_get(object, "jti") != NULL
            || json_object_set(object, "jti", cti) != 0))
    {
        json_decref(object);
        return NULL;
    }

    return object;
}


/* recursion is limited by the depth of the input */

static json_t *
ngx_household_cat_json_value(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item, ngx_household_cat_json_e what)
{
    json_t   *value;
    int64_t   number;

    switch (item->type) {

    case NGX_HOUSEHOLD_CBOR_UINT:
    case NGX_HOUSEHOLD_CBOR_NINT:
        return ngx_household_cbor_int(item, &number) == NGX_OK
               ? json_integer(number) : json_null();

    case NGX_HOUSEHOLD_CBOR_BYTES:
        return ngx_household_cat_json_bytes(&item->value.text);

    case NGX_HOUSEHOLD_CBOR_TEXT:
        return json_stringn((char *) item->value.text.data,
                            item->value.text.len);

    case NGX_HOUSEHOLD_CBOR_ARRAY:
        return ngx_household_cat_json_array(c, item);

    case NGX_HOUSEHOLD_CBOR_MAP:
        return ngx_household_cat_json_map(c, item, what);

    case NGX_HOUSEHOLD_CBOR_TAG:
        return ngx_household_cat_json_value(c, ngx_household_cbor_first(item),
                                            NGX_HOUSEHOLD_CAT_JSON_NESTED);

    case NGX_HOUSEHOLD_CBOR_FALSE:
        return json_false();

    case NGX_HOUSEHOLD_CBOR_TRUE:
        return json_true();

    case NGX_HOUSEHOLD_CBOR_FLOAT:
        /* neither NaN nor infinity is a number of JSON */
        value = json_real(item->value.real);
        return value != NULL ? value : json_null();

    default:
        return json_null();
    }
}


static json_t *
ngx_household_cat_json_array(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item)
{
    json_t      *array;
    ngx_uint_t   i, n;

    array = json_array();
    n = item->count;
    item = ngx_household_cbor_first(item);

    for (i = 0; i < n; i++) {

        if (json_array_append_new(array, ngx_household_cat_json_value(c, item,
                                            NGX_HOUSEHOLD_CAT_JSON_NESTED))
            != 0)
        {
            json_decref(array);
            return NULL;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return array;
}


static json_t *
ngx_household_cat_json_map(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item, ngx_household_cat_json_e what)
{
    json_t      *object;
    ngx_uint_t   i, n;

    object = json_object();
    n = item->count;
    item = ngx_household_cbor_first(item);

    for (i = 0; i < n; i++) {

        if (ngx_household_cat_json_member(c, object, item, what) != NGX_OK) {
            json_decref(object);
            return NULL;
        }

        item = ngx_household_cbor_next(c, item + 1);
    }

    return object;
}


static ngx_int_t
ngx_household_cat_json_member(const ngx_household_cbor_t *c, json_t *object,
    const ngx_household_cbor_item_t *key, ngx_household_cat_json_e what)
{
    json_t                    *value;
    int64_t                    number;
    ngx_household_cat_json_e   nested;

    nested = NGX_HOUSEHOLD_CAT_JSON_NESTED;
    value = NULL;

    if (ngx_household_cbor_int(key, &number) == NGX_OK) {

        if (what == NGX_HOUSEHOLD_CAT_JSON_CLAIMS
            && number == NGX_HOUSEHOLD_CAT_CATR)
        {
            nested = NGX_HOUSEHOLD_CAT_JSON_RENEWAL;
        }

        if (what == NGX_HOUSEHOLD_CAT_JSON_RENEWAL && number == 0) {
            value = ngx_household_cat_json_type(key + 1);
        }
    }

    if (value == NULL) {
        value = ngx_household_cat_json_value(c, key + 1, nested);
    }

    return ngx_household_cat_json_set(object, key, what, value);
}


/* takes "value", which is NULL if there is none */

static ngx_int_t
ngx_household_cat_json_set(json_t *object,
    const ngx_household_cbor_item_t *key, ngx_household_cat_json_e what,
    json_t *value)
{
    char  name[NGX_HOUSEHOLD_CAT_JSON_SIZE];

    ngx_household_cat_json_key(key, what, name);

    if (json_object_get(object, name) != NULL) {
        json_decref(value);
        return NGX_ERROR;
    }

    return json_object_set_new(object, name, value) == 0 ? NGX_OK : NGX_ERROR;
}


/* writes the NUL-terminated name of a member */

static void
ngx_household_cat_json_key(const ngx_household_cbor_item_t *key,
    ngx_household_cat_json_e what, char *name)
{
    size_t       len;
    int64_t      number;
    const char  *known;

    switch (key->type) {

    case NGX_HOUSEHOLD_CBOR_TEXT:
        len = key->value.text.len;
        ngx_memcpy(name, key->value.text.data, len);
        name[len] = '\0';
        return;

    case NGX_HOUSEHOLD_CBOR_BYTES:
        *ngx_household_base64url_encode((u_char *) name,
                                        key->value.text.data,
                                        key->value.text.len) = '\0';
        return;

    default:
        break;
    }

    known = NULL;

    if (ngx_household_cbor_int(key, &number) != NGX_OK) {
        (void) sprintf(name, "%s%llu",
                       key->type == NGX_HOUSEHOLD_CBOR_NINT ? "-1-" : "",
                       (unsigned long long) key->value.number);
        return;
    }

    if (what == NGX_HOUSEHOLD_CAT_JSON_CLAIMS) {
        known = ngx_household_cat_claims_name(number);

    } else if (what == NGX_HOUSEHOLD_CAT_JSON_RENEWAL) {
        known = ngx_household_cat_renewal_name(number);
    }

    if (known != NULL) {
        (void) strcpy(name, known);
        return;
    }

    (void) sprintf(name, "%lld", (long long) number);
}


static json_t *
ngx_household_cat_json_type(const ngx_household_cbor_item_t *item)
{
    const char  *name;

    if (item->type != NGX_HOUSEHOLD_CBOR_UINT) {
        return NULL;
    }

    name = ngx_household_cat_renewal_type(item->value.number);

    return name != NULL ? json_string(name) : NULL;
}


static json_t *
ngx_household_cat_json_bytes(const ngx_str_t *bytes)
{
    u_char   buf[NGX_HOUSEHOLD_CAT_JSON_SIZE];
    u_char  *last;

    last = ngx_household_base64url_encode(buf, bytes->data, bytes->len);

    return json_stringn((char *) buf, last - buf);
}
