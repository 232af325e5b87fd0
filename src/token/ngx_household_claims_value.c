
/*
 * Lookup of claims by name.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_claims_value.h"


/* a bounded output buffer */

typedef struct {
    u_char      *pos;
    u_char      *last;
    ngx_uint_t   failed;
} ngx_household_claims_text_t;


static ngx_uint_t ngx_household_claims_search(const json_t *object,
    const u_char *name, size_t len, json_t **value);
static ngx_int_t ngx_household_claims_match(const char *member,
    const u_char *name, size_t len, size_t *matched);
static void ngx_household_claims_text(ngx_household_claims_text_t *text,
    const json_t *value);
static void ngx_household_claims_scalar(ngx_household_claims_text_t *text,
    const json_t *value);
static void ngx_household_claims_add(ngx_household_claims_text_t *text,
    const char *data, size_t len);


json_t *
ngx_household_claims_find(const json_t *claims, const ngx_str_t *name)
{
    char         key[NGX_HOUSEHOLD_JWT_NAME_LEN + 1];
    json_t      *value;
    size_t       i;
    ngx_str_t    rest;

    value = json_object_get(claims, (const char *) name->data);

    if (value != NULL || name->len > NGX_HOUSEHOLD_JWT_NAME_LEN) {
        return value;
    }

    for (i = 0; i < name->len; i++) {

        if (name->data[i] != '.') {
            continue;
        }

        ngx_memcpy(key, name->data, i);
        key[i] = '\0';

        value = json_object_get(claims, key);

        if (!json_is_object(value)) {
            continue;
        }

        rest.data = name->data + i + 1;
        rest.len = name->len - i - 1;

        value = ngx_household_claims_find(value, &rest);

        if (value != NULL) {
            return value;
        }
    }

    return NULL;
}


void
ngx_household_claims_values(const ngx_household_jwt_policy_t *policy,
    const json_t *claims, ngx_household_jwt_claims_t *out)
{
    u_char                       *start;
    json_t                       *value;
    uint16_t                      len;
    ngx_str_t                    *name;
    ngx_uint_t                    i;
    ngx_household_claims_text_t   text;

    text.pos = out->values;

    for (i = 0; i < policy->nvalues; i++) {
        name = &policy->values[i];

        /* reserve space for the lengths of the following values */

        text.last = out->values + NGX_HOUSEHOLD_JWT_VALUES_LEN
                    - (policy->nvalues - i - 1) * sizeof(uint16_t);
        text.failed = 0;

        start = text.pos;
        text.pos += sizeof(uint16_t);

        if (ngx_household_claims_search(claims, name->data, name->len, &value)
            == 1)
        {
            ngx_household_claims_text(&text, value);
        }

        if (text.failed) {
            text.pos = start + sizeof(uint16_t);
        }

        len = (uint16_t) (text.pos - start - sizeof(uint16_t));
        ngx_memcpy(start, &len, sizeof(uint16_t));
    }

    out->values_len = (uint16_t) (text.pos - out->values);
}


/* returns the number of claims that match; "value" is set to one of them */

static ngx_uint_t
ngx_household_claims_search(const json_t *object, const u_char *name,
    size_t len, json_t **value)
{
    json_t      *member;
    size_t       n;
    ngx_int_t    rc;
    ngx_uint_t   found;
    const char  *key;

    found = 0;

    json_object_foreach((json_t *) object, key, member) {

        rc = ngx_household_claims_match(key, name, len, &n);

        if (rc == NGX_OK) {
            *value = member;
            found++;

        } else if (rc == NGX_AGAIN && json_is_object(member)) {
            found += ngx_household_claims_search(member, name + n, len - n,
                                                 value);
        }
    }

    return found;
}


/*
 * Returns NGX_OK if the member has this name; NGX_AGAIN if the name begins with
 * that of the member and "_", whose length is set in "matched"; otherwise
 * NGX_DECLINED.
 */

static ngx_int_t
ngx_household_claims_match(const char *member, const u_char *name, size_t len,
    size_t *matched)
{
    u_char  ch;
    size_t  i;

    for (i = 0; member[i] != '\0'; i++) {
        ch = ngx_tolower((u_char) member[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')) {
            ch = '_';
        }

        if (i == len || ch != name[i]) {
            return NGX_DECLINED;
        }
    }

    if (i == len) {
        return NGX_OK;
    }

    *matched = i + 1;

    return (name[i] == '_' && i + 1 < len) ? NGX_AGAIN : NGX_DECLINED;
}


static void
ngx_household_claims_text(ngx_household_claims_text_t *text,
    const json_t *value)
{
    size_t  i;

    if (!json_is_array(value)) {
        ngx_household_claims_scalar(text, value);
        return;
    }

    for (i = 0; i < json_array_size(value); i++) {

        if (i > 0) {
            ngx_household_claims_add(text, ",", 1);
        }

        ngx_household_claims_scalar(text, json_array_get(value, i));
    }
}


static void
ngx_household_claims_scalar(ngx_household_claims_text_t *text,
    const json_t *value)
{
    int   n;
    char  buf[64];

    switch (json_typeof(value)) {

    case JSON_STRING:
        ngx_household_claims_add(text, json_string_value(value),
                                 json_string_length(value));
        return;

    case JSON_INTEGER:
        n = snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT,
                     json_integer_value(value));
        break;

    case JSON_REAL:
        n = snprintf(buf, sizeof(buf), "%.15g", json_real_value(value));
        break;

    case JSON_TRUE:
    case JSON_FALSE:
        n = snprintf(buf, sizeof(buf), "%d", json_is_true(value));
        break;

    default:
        text->failed = 1;
        return;
    }

    ngx_household_claims_add(text, buf, n);
}


/* control characters are rejected: a value may be used in a header */

static void
ngx_household_claims_add(ngx_household_claims_text_t *text, const char *data,
    size_t len)
{
    size_t  i;

    if (len > (size_t) (text->last - text->pos)) {
        text->failed = 1;
    }

    for (i = 0; i < len && !text->failed; i++) {
        if ((u_char) data[i] < 0x20 || data[i] == 0x7f) {
            text->failed = 1;
        }
    }

    if (!text->failed) {
        text->pos = ngx_cpymem(text->pos, data, len);
    }
}


ngx_int_t
ngx_household_jwt_value(const ngx_str_t *values, ngx_uint_t i,
    ngx_str_t *value)
{
    u_char    *p, *last;
    uint16_t   len;

    p = values->data;
    last = p + values->len;

    for ( ;; ) {

        if ((size_t) (last - p) < sizeof(uint16_t)) {
            return NGX_DECLINED;
        }

        ngx_memcpy(&len, p, sizeof(uint16_t));
        p += sizeof(uint16_t);

        if (len > last - p) {
            return NGX_DECLINED;
        }

        if (i-- == 0) {
            break;
        }

        p += len;
    }

    value->data = p;
    value->len = len;

    return NGX_OK;
}
