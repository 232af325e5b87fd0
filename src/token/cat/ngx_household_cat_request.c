
/*
 * Claims that are compared with the request, other than the URI.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_request.h"
#include "ngx_household_cat_text.h"
#include "ngx_household_str.h"


/* tags of addresses: RFC 9164 */
#define NGX_HOUSEHOLD_CAT_INET   52
#define NGX_HOUSEHOLD_CAT_INET6  54


static ngx_household_reason_e ngx_household_cat_request_check_network(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *tag);
static ngx_household_reason_e ngx_household_cat_request_check_name(
    const ngx_household_cbor_item_t *key);
static ngx_int_t ngx_household_cat_request_contains(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *array,
    const ngx_str_t *text);
static ngx_uint_t ngx_household_cat_request_in_network(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *tag,
    const ngx_household_addr_t *addr);


ngx_household_reason_e
ngx_household_cat_request_check_methods(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    return ngx_household_cbor_list(c, value,
                         ngx_household_cbor_type(NGX_HOUSEHOLD_CBOR_TEXT))
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
}


/* the names of ALPN are bytes (RFC 7301, 3.1); some issuers write text */

ngx_household_reason_e
ngx_household_cat_request_check_protocols(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    return ngx_household_cbor_list(c, value,
                         ngx_household_cbor_type(NGX_HOUSEHOLD_CBOR_TEXT)
                         | ngx_household_cbor_type(NGX_HOUSEHOLD_CBOR_BYTES))
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
}


/* addresses and networks; the numbers of autonomous systems are not known */

ngx_household_reason_e
ngx_household_cat_request_check_networks(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    ngx_uint_t                        i;
    ngx_household_reason_e            reason;
    const ngx_household_cbor_item_t  *item;

    if (value->type != NGX_HOUSEHOLD_CBOR_ARRAY) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    item = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {

        if (item->type == NGX_HOUSEHOLD_CBOR_UINT) {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        reason = ngx_household_cat_request_check_network(c, item);

        if (reason != NGX_HOUSEHOLD_REASON_NONE) {
            return reason;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/*
 * RFC 9164, 3: an address, or an array of the length of a prefix and its bytes,
 * without trailing zeros; no bit is set after the prefix.  An address with a
 * prefix (3.1.3) is not a network.
 */

static ngx_household_reason_e
ngx_household_cat_request_check_network(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *tag)
{
    size_t                            i, size;
    const ngx_str_t                  *bytes;
    const ngx_household_cbor_item_t  *item, *prefix;

    if (tag->type != NGX_HOUSEHOLD_CBOR_TAG) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    if (tag->value.number != NGX_HOUSEHOLD_CAT_INET
        && tag->value.number != NGX_HOUSEHOLD_CAT_INET6)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
    }

    size = tag->value.number == NGX_HOUSEHOLD_CAT_INET ? 4 : 16;
    item = ngx_household_cbor_first(tag);

    if (item->type == NGX_HOUSEHOLD_CBOR_BYTES) {
        return item->value.text.len == size
               ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    if (item->type != NGX_HOUSEHOLD_CBOR_ARRAY || item->count != 2) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    prefix = ngx_household_cbor_first(item);
    item = ngx_household_cbor_next(c, prefix);

    if (prefix->type != NGX_HOUSEHOLD_CBOR_UINT
        || prefix->value.number > 8 * size
        || item->type != NGX_HOUSEHOLD_CBOR_BYTES
        || item->value.text.len > size)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    bytes = &item->value.text;

    for (i = prefix->value.number; i < 8 * bytes->len; i++) {
        if (bytes->data[i / 8] & (0x80 >> i % 8)) {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* countries; the database has no subdivisions, such as "US-NY" */

ngx_household_reason_e
ngx_household_cat_request_check_countries(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    ngx_uint_t                        i;
    ngx_household_reason_e            reason;
    const ngx_household_cbor_item_t  *item;

    reason = ngx_household_cat_request_check_methods(c, value, nregex);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    item = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {

        if (item->value.text.len != 2) {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


ngx_household_reason_e
ngx_household_cat_request_check_headers(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    return ngx_household_cat_text_check_each(c, value,
                                 ngx_household_cat_request_check_name, nregex);
}


static ngx_household_reason_e
ngx_household_cat_request_check_name(const ngx_household_cbor_item_t *key)
{
    return key->type == NGX_HOUSEHOLD_CBOR_TEXT
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
}


ngx_int_t
ngx_household_cat_request_method(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    return ngx_household_cat_request_contains(c, value, &request->method);
}


ngx_int_t
ngx_household_cat_request_protocol(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    ngx_str_t  protocol;

    if (request->alpn(request->data, &protocol) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_household_cat_request_contains(c, value, &protocol);
}


static ngx_int_t
ngx_household_cat_request_contains(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *array, const ngx_str_t *text)
{
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_first(array);

    for (i = 0; i < array->count; i++) {

        if (ngx_household_str_equal(&item->value.text, text)) {
            return NGX_OK;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_household_cat_request_header(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    ngx_int_t                         rc, holds;
    ngx_str_t                         field;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *key;

    holds = NGX_OK;
    key = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {

        rc = request->header(request->data, &key->value.text, &field);

        if (rc == NGX_OK
            && !ngx_household_cat_text_match(c, key + 1, &field, 0))
        {
            rc = NGX_DECLINED;
        }

        if (rc == NGX_DECLINED) {
            return NGX_DECLINED;
        }

        if (rc != NGX_OK) {
            holds = NGX_ERROR;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return holds;
}


ngx_int_t
ngx_household_cat_request_network(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    if (request->addr.family == NGX_HOUSEHOLD_FAMILY_NONE) {
        return NGX_ERROR;
    }

    item = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {

        if (ngx_household_cat_request_in_network(c, item, &request->addr)) {
            return NGX_OK;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_household_cat_request_in_network(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *tag, const ngx_household_addr_t *addr)
{
    u_char                            family, byte;
    size_t                            i, bits;
    const ngx_str_t                  *bytes;
    const ngx_household_cbor_item_t  *item;

    family = tag->value.number == NGX_HOUSEHOLD_CAT_INET
             ? NGX_HOUSEHOLD_FAMILY_INET : NGX_HOUSEHOLD_FAMILY_INET6;

    if (family != addr->family) {
        return 0;
    }

    item = ngx_household_cbor_first(tag);

    if (item->type == NGX_HOUSEHOLD_CBOR_BYTES) {
        bytes = &item->value.text;
        bits = 8 * bytes->len;

    } else {
        item = ngx_household_cbor_first(item);
        bits = item->value.number;
        bytes = &ngx_household_cbor_next(c, item)->value.text;
    }

    for (i = 0; i < bits; i++) {
        byte = i / 8 < bytes->len ? bytes->data[i / 8] : 0;

        if ((byte ^ addr->bytes[i / 8]) & (0x80 >> i % 8)) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_household_cat_request_country(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    u_char                            country[2], *p;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    if (request->country(request->data, country) != NGX_OK) {
        return NGX_ERROR;
    }

    item = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {
        p = item->value.text.data;

        if (ngx_toupper(p[0]) == country[0] && ngx_toupper(p[1]) == country[1])
        {
            return NGX_OK;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return NGX_DECLINED;
}
