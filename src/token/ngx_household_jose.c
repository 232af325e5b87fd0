
/*
 * Strict base64url and bounded JSON.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_jose.h"


static ngx_int_t ngx_household_base64url_value(u_char ch);
static ngx_uint_t ngx_household_json_too_deep(const ngx_str_t *text);


ngx_int_t
ngx_household_base64url_decode(ngx_str_t *dst, const ngx_str_t *src)
{
    u_char     *p;
    size_t      i;
    uint32_t    bits;
    ngx_int_t   value;
    ngx_uint_t  nbits;

    p = dst->data;
    bits = 0;
    nbits = 0;

    for (i = 0; i < src->len; i++) {

        value = ngx_household_base64url_value(src->data[i]);

        if (value == NGX_ERROR) {
            return NGX_DECLINED;
        }

        bits = (bits << 6 | (uint32_t) value) & 0xfff;
        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            *p++ = (u_char) (bits >> nbits);
        }
    }

    /* six bits left belong to no byte; two or four have to be zero */

    if (nbits == 6 || (bits & ((1 << nbits) - 1)) != 0) {
        return NGX_DECLINED;
    }

    dst->len = p - dst->data;

    return NGX_OK;
}


static ngx_int_t
ngx_household_base64url_value(u_char ch)
{
    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    if (ch == '-') {
        return 62;
    }

    if (ch == '_') {
        return 63;
    }

    return NGX_ERROR;
}


json_t *
ngx_household_json_parse(const ngx_str_t *text)
{
    json_t        *object;
    json_error_t   error;

    /* jansson recurses by what it reads, so the depth is known before */

    if (ngx_household_json_too_deep(text)) {
        return NULL;
    }

    object = json_loadb((const char *) text->data, text->len,
                        JSON_REJECT_DUPLICATES, &error);

    if (object == NULL) {
        return NULL;
    }

    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }

    return object;
}


/*
 * Where the text is no JSON this may miscount, but only behind the place at
 * which the parser stops.
 */

static ngx_uint_t
ngx_household_json_too_deep(const ngx_str_t *text)
{
    u_char      ch;
    size_t      i;
    ngx_uint_t  depth, quoted;

    depth = 0;
    quoted = 0;

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        if (quoted) {
            if (ch == '\\') {
                i++;

            } else if (ch == '"') {
                quoted = 0;
            }

            continue;
        }

        switch (ch) {

        case '"':
            quoted = 1;
            break;

        case '{':
        case '[':
            if (++depth > NGX_HOUSEHOLD_JSON_DEPTH) {
                return 1;
            }

            break;

        case '}':
        case ']':
            if (depth > 0) {
                depth--;
            }

            break;
        }
    }

    return 0;
}


ngx_int_t
ngx_household_json_string(const json_t *object, const char *name,
    ngx_str_t *value)
{
    json_t  *member;

    member = json_object_get(object, name);

    if (member == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_string(member)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    return NGX_OK;
}


ngx_int_t
ngx_household_json_time(const json_t *object, const char *name,
    int64_t *value)
{
    json_t      *member;
    json_int_t   n;

    member = json_object_get(object, name);

    if (member == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_integer(member)) {
        return NGX_ERROR;
    }

    n = json_integer_value(member);

    if (n < 0 || n > NGX_HOUSEHOLD_JSON_TIME_MAX) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


ngx_uint_t
ngx_household_json_is(const json_t *value, const char *text)
{
    return json_is_string(value)
           && ngx_strcmp(json_string_value(value), text) == 0;
}


ngx_uint_t
ngx_household_str_equal(const ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_memcmp(s->data, text, s->len) == 0;
}
