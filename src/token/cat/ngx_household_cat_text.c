
/*
 * Conditions on a text.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/evp.h>
#include "ngx_household_cat_text.h"
#include "ngx_household_ere.h"


#define NGX_HOUSEHOLD_CAT_EXACT        0
#define NGX_HOUSEHOLD_CAT_PREFIX       1
#define NGX_HOUSEHOLD_CAT_SUFFIX       2
#define NGX_HOUSEHOLD_CAT_CONTAINS     3
#define NGX_HOUSEHOLD_CAT_REGEX        4
#define NGX_HOUSEHOLD_CAT_SHA256      -1
#define NGX_HOUSEHOLD_CAT_SHA512_256  -2

/* both digests have this size */
#define NGX_HOUSEHOLD_CAT_DIGEST      32

/* of a token: their number, and bytes of each */
#define NGX_HOUSEHOLD_CAT_REGEXES     16
#define NGX_HOUSEHOLD_CAT_REGEX_LEN  512


static ngx_household_reason_e ngx_household_cat_text_check_regex(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *array);
static ngx_int_t ngx_household_cat_text_check_brackets(const ngx_str_t *regex);
static ngx_uint_t ngx_household_cat_text_is(int64_t kind,
    const ngx_household_cbor_item_t *value, const ngx_str_t *text,
    ngx_uint_t lower);
static ngx_uint_t ngx_household_cat_text_same(const u_char *text,
    const ngx_str_t *value, ngx_uint_t lower);
static ngx_int_t ngx_household_cat_text_search(const ngx_str_t *regex,
    const ngx_str_t *text);
static ngx_uint_t ngx_household_cat_text_digest(const EVP_MD *md,
    const ngx_str_t *digest, const ngx_str_t *text);


ngx_household_reason_e
ngx_household_cat_text_check(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, ngx_uint_t *nregex)
{
    int64_t                           kind;
    ngx_uint_t                        i;
    ngx_household_reason_e            reason;
    const ngx_household_cbor_item_t  *key, *value;

    if (map->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {
        value = key + 1;

        if (ngx_household_cbor_int(key, &kind) != NGX_OK) {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        switch (kind) {

        case NGX_HOUSEHOLD_CAT_EXACT:
        case NGX_HOUSEHOLD_CAT_PREFIX:
        case NGX_HOUSEHOLD_CAT_SUFFIX:
        case NGX_HOUSEHOLD_CAT_CONTAINS:

            if (value->type != NGX_HOUSEHOLD_CBOR_TEXT) {
                return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
            }

            break;

        case NGX_HOUSEHOLD_CAT_SHA256:
        case NGX_HOUSEHOLD_CAT_SHA512_256:

            if (value->type != NGX_HOUSEHOLD_CBOR_BYTES
                || value->value.text.len != NGX_HOUSEHOLD_CAT_DIGEST)
            {
                return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
            }

            break;

        case NGX_HOUSEHOLD_CAT_REGEX:

            if (++*nregex > NGX_HOUSEHOLD_CAT_REGEXES) {
                return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
            }

            reason = ngx_household_cat_text_check_regex(c, value);

            if (reason != NGX_HOUSEHOLD_REASON_NONE) {
                return reason;
            }

            break;

        default:
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        key = ngx_household_cbor_next(c, value);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


ngx_household_reason_e
ngx_household_cat_text_check_each(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, ngx_household_cat_text_key_pt check,
    ngx_uint_t *nregex)
{
    ngx_uint_t                        i;
    ngx_household_reason_e            reason;
    const ngx_household_cbor_item_t  *key;

    if (map->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        reason = check(key);

        if (reason == NGX_HOUSEHOLD_REASON_NONE) {
            reason = ngx_household_cat_text_check(c, key + 1, nregex);
        }

        if (reason != NGX_HOUSEHOLD_REASON_NONE) {
            return reason;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/*
 * An array of the expression and of values for its groups, which are not
 * supported: null is no condition.
 */

static ngx_household_reason_e
ngx_household_cat_text_check_regex(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *array)
{
    size_t                            i;
    ngx_str_t                         none;
    const ngx_str_t                  *regex;
    const ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_first(array);

    if (array->type != NGX_HOUSEHOLD_CBOR_ARRAY || array->count == 0
        || item->type != NGX_HOUSEHOLD_CBOR_TEXT)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    regex = &item->value.text;

    for (i = 1; i < array->count; i++) {
        item = ngx_household_cbor_next(c, item);

        if (item->type != NGX_HOUSEHOLD_CBOR_NULL) {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }
    }

    ngx_str_set(&none, "");

    if (regex->len > NGX_HOUSEHOLD_CAT_REGEX_LEN
        || ngx_household_cat_text_check_brackets(regex) != NGX_OK
        || ngx_household_ere_match(regex, &none) == NGX_ERROR
        || ngx_household_cat_text_search(regex, &none) == NGX_ERROR)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/*
 * A backslash in brackets stands for itself in POSIX, and escapes in other
 * dialects: "[\d]" would be another set than the issuer meant.  Likewise a
 * class, "[:alpha:]".  A "]" at the beginning stands for itself, too, and ends
 * an empty set in others.  Returns NGX_OK, or NGX_DECLINED if there is one.
 */

static ngx_int_t
ngx_household_cat_text_check_brackets(const ngx_str_t *regex)
{
    size_t      i;
    ngx_uint_t  bracket;

    bracket = 0;

    for (i = 0; i < regex->len; i++) {

        switch (regex->data[i]) {

        case '\\':

            if (bracket) {
                return NGX_DECLINED;
            }

            i++;
            break;

        case '[':

            if (bracket) {
                return NGX_DECLINED;
            }

            bracket = 1;

            if (i + 1 < regex->len && regex->data[i + 1] == '^') {
                i++;
            }

            if (i + 1 < regex->len && regex->data[i + 1] == ']') {
                return NGX_DECLINED;
            }

            break;

        case ']':
            bracket = 0;
            break;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_household_cat_text_match(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map, const ngx_str_t *text,
    ngx_uint_t lower)
{
    int64_t                           kind;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *key;

    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (ngx_household_cbor_int(key, &kind) != NGX_OK
            || !ngx_household_cat_text_is(kind, key + 1, text, lower))
        {
            return 0;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return 1;
}


static ngx_uint_t
ngx_household_cat_text_is(int64_t kind,
    const ngx_household_cbor_item_t *item, const ngx_str_t *text,
    ngx_uint_t lower)
{
    size_t            i;
    const ngx_str_t  *value;

    if (kind == NGX_HOUSEHOLD_CAT_REGEX) {
        value = &ngx_household_cbor_first(item)->value.text;
        return ngx_household_cat_text_search(value, text) == NGX_OK;
    }

    value = &item->value.text;

    if (kind == NGX_HOUSEHOLD_CAT_SHA256) {
        return ngx_household_cat_text_digest(EVP_sha256(), value, text);
    }

    if (kind == NGX_HOUSEHOLD_CAT_SHA512_256) {
        return ngx_household_cat_text_digest(EVP_sha512_256(), value, text);
    }

    if (value->len > text->len) {
        return 0;
    }

    switch (kind) {

    case NGX_HOUSEHOLD_CAT_EXACT:
        return value->len == text->len
               && ngx_household_cat_text_same(text->data, value, lower);

    case NGX_HOUSEHOLD_CAT_PREFIX:
        return ngx_household_cat_text_same(text->data, value, lower);

    case NGX_HOUSEHOLD_CAT_SUFFIX:
        return ngx_household_cat_text_same(text->data + text->len
                                           - value->len, value, lower);

    default: /* NGX_HOUSEHOLD_CAT_CONTAINS */

        for (i = 0; i <= text->len - value->len; i++) {
            if (ngx_household_cat_text_same(text->data + i, value, lower)) {
                return 1;
            }
        }

        return 0;
    }
}


static ngx_uint_t
ngx_household_cat_text_same(const u_char *text, const ngx_str_t *value,
    ngx_uint_t lower)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (lower) {
            ch = ngx_tolower(ch);
        }

        if (text[i] != ch) {
            return 0;
        }
    }

    return 1;
}


/* an expression may match a part of the text, unless it has anchors */

static ngx_int_t
ngx_household_cat_text_search(const ngx_str_t *regex, const ngx_str_t *text)
{
    u_char     *p;
    u_char      buf[NGX_HOUSEHOLD_CAT_REGEX_LEN + sizeof(".*().*") - 1];
    ngx_str_t   search;

    p = ngx_cpymem(buf, ".*(", 3);
    p = ngx_cpymem(p, regex->data, regex->len);
    p = ngx_cpymem(p, ").*", 3);

    search.data = buf;
    search.len = p - buf;

    return ngx_household_ere_match(&search, text);
}


static ngx_uint_t
ngx_household_cat_text_digest(const EVP_MD *md, const ngx_str_t *digest,
    const ngx_str_t *text)
{
    u_char  buf[EVP_MAX_MD_SIZE];

    return EVP_Digest(text->data, text->len, buf, NULL, md, NULL) == 1
           && ngx_memcmp(buf, digest->data, NGX_HOUSEHOLD_CAT_DIGEST) == 0;
}
