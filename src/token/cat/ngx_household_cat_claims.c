
/*
 * The claims of a Common Access Token.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_answer.h"
#include "ngx_household_cat_claims.h"
#include "ngx_household_cat_renewal.h"
#include "ngx_household_cat_set.h"
#include "ngx_household_str.h"


/* the only version of the specification so far */
#define NGX_HOUSEHOLD_CAT_VERSION  1


typedef enum {
    NGX_HOUSEHOLD_CAT_UNSUPPORTED = 0,
    NGX_HOUSEHOLD_CAT_OTHER,           /* checked elsewhere, or ignored */
    NGX_HOUSEHOLD_CAT_TEXT,
    NGX_HOUSEHOLD_CAT_TEXTS,           /* or one */
    NGX_HOUSEHOLD_CAT_TIME,
    NGX_HOUSEHOLD_CAT_BYTES,
    NGX_HOUSEHOLD_CAT_NUMBER,          /* the one that is supported */
    NGX_HOUSEHOLD_CAT_RENEWAL,
    NGX_HOUSEHOLD_CAT_ANSWER
} ngx_household_cat_form_e;


typedef struct {
    ngx_household_cat_key_e    key;
    const char                *name;
    ngx_household_cat_form_e   form;
    uint64_t                   number;   /* of NUMBER */
} ngx_household_cat_name_t;


static ngx_household_reason_e ngx_household_cat_claims_check_one(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, ngx_uint_t *nregex,
    ngx_uint_t *restricted);
static ngx_household_reason_e ngx_household_cat_claims_form(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cbor_t *c,
    const ngx_household_cat_name_t *entry,
    const ngx_household_cbor_item_t *value);
static ngx_household_reason_e ngx_household_cat_claims_renewal(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value);
static ngx_household_reason_e ngx_household_cat_claims_critical(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *crit);
static ngx_uint_t ngx_household_cat_claims_listed(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *crit,
    const ngx_household_cbor_item_t *key);
static const ngx_household_cat_name_t *ngx_household_cat_claims_find(
    int64_t key);
static ngx_uint_t ngx_household_cat_claims_reserved(const ngx_str_t *name);
static ngx_uint_t ngx_household_cat_claims_named(
    const ngx_household_jwt_policy_t *policy, const ngx_str_t *name);
static ngx_uint_t ngx_household_cat_claims_begins(const ngx_str_t *path,
    const ngx_str_t *name, u_char separator);


static const ngx_household_cat_name_t  ngx_household_cat_names[] = {
    { NGX_HOUSEHOLD_CAT_ISS, "iss", NGX_HOUSEHOLD_CAT_TEXT, 0 },
    { NGX_HOUSEHOLD_CAT_SUB, "sub", NGX_HOUSEHOLD_CAT_TEXT, 0 },
    { NGX_HOUSEHOLD_CAT_AUD, "aud", NGX_HOUSEHOLD_CAT_TEXTS, 0 },
    { NGX_HOUSEHOLD_CAT_EXP, "exp", NGX_HOUSEHOLD_CAT_TIME, 0 },
    { NGX_HOUSEHOLD_CAT_NBF, "nbf", NGX_HOUSEHOLD_CAT_TIME, 0 },
    { NGX_HOUSEHOLD_CAT_IAT, "iat", NGX_HOUSEHOLD_CAT_TIME, 0 },
    { NGX_HOUSEHOLD_CAT_CTI, "cti", NGX_HOUSEHOLD_CAT_BYTES, 0 },
    { NGX_HOUSEHOLD_CAT_CNF, "cnf", NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { NGX_HOUSEHOLD_CAT_OR, "or", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_NOR, "nor", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_AND, "and", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_ENC, "enc", NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { NGX_HOUSEHOLD_CAT_CRIT, "crit", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_GEOHASH, "geohash", NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },

    /* the number that permits a token to be used again */
    { NGX_HOUSEHOLD_CAT_CATREPLAY, "catreplay", NGX_HOUSEHOLD_CAT_NUMBER, 0 },

    { NGX_HOUSEHOLD_CAT_CATPOR, "catpor", NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { NGX_HOUSEHOLD_CAT_CATV, "catv", NGX_HOUSEHOLD_CAT_NUMBER,
      NGX_HOUSEHOLD_CAT_VERSION },
    { NGX_HOUSEHOLD_CAT_CATNIP, "catnip", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_CATU, "catu", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_CATM, "catm", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_CATALPN, "catalpn", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_CATH, "cath", NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_CATGEOISO3166, "catgeoiso3166",
      NGX_HOUSEHOLD_CAT_OTHER, 0 },
    { NGX_HOUSEHOLD_CAT_CATGEOCOORD, "catgeocoord",
      NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { NGX_HOUSEHOLD_CAT_CATGEOALT, "catgeoalt",
      NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { NGX_HOUSEHOLD_CAT_CATTPK, "cattpk", NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },

    /* data of "catif" */
    { NGX_HOUSEHOLD_CAT_CATIFDATA, "catifdata",
      NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },

    { NGX_HOUSEHOLD_CAT_CATDPOP, "catdpop", NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { NGX_HOUSEHOLD_CAT_CATIF, "catif", NGX_HOUSEHOLD_CAT_ANSWER, 0 },
    { NGX_HOUSEHOLD_CAT_CATR, "catr", NGX_HOUSEHOLD_CAT_RENEWAL, 0 },
    { NGX_HOUSEHOLD_CAT_CATTPRINT, "cattprint",
      NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 },
    { 0, NULL, NGX_HOUSEHOLD_CAT_UNSUPPORTED, 0 }
};


ngx_household_reason_e
ngx_household_cat_claims_check(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cbor_t *c, ngx_uint_t *restricted)
{
    ngx_uint_t                        i, nregex, matched;
    ngx_household_reason_e            reason;
    const ngx_household_cbor_item_t  *set, *key, *crit;

    set = c->items;
    nregex = 0;
    *restricted = 0;

    crit = ngx_household_cbor_find(c, set, NGX_HOUSEHOLD_CAT_CRIT);

    if (crit != NULL) {
        reason = ngx_household_cat_claims_critical(c, crit);

        if (reason != NGX_HOUSEHOLD_REASON_NONE) {
            return reason;
        }
    }

    key = ngx_household_cbor_first(set);

    for (i = 0; i < set->count; i++) {
        matched = 0;

        reason = ngx_household_cat_claims_check_one(policy, c, key, &nregex,
                                                    &matched);

        *restricted |= matched;

        /* a claim that will be matched cannot be ignored */

        if (reason == NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED
            && crit != NULL && !matched
            && !ngx_household_cat_claims_listed(c, crit, key))
        {
            reason = NGX_HOUSEHOLD_REASON_NONE;
        }

        if (reason != NGX_HOUSEHOLD_REASON_NONE) {
            return reason;
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


static ngx_household_reason_e
ngx_household_cat_claims_check_one(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *key,
    ngx_uint_t *nregex, ngx_uint_t *restricted)
{
    int64_t                          number;
    u_char                           buf[NGX_INT64_LEN + 1];
    ngx_str_t                        name;
    ngx_household_reason_e           reason;
    const ngx_household_cat_name_t  *entry;

    if (ngx_household_cbor_int(key, &number) == NGX_OK) {

        reason = ngx_household_cat_set_check(c, number, key + 1, nregex);

        if (reason != NGX_HOUSEHOLD_REASON_OFF) {
            *restricted = 1;
            return reason;
        }

        entry = ngx_household_cat_claims_find(number);

        if (entry != NULL) {
            return ngx_household_cat_claims_form(policy, c, entry, key + 1);
        }

        name.data = buf;
        name.len = snprintf((char *) buf, sizeof(buf), "%lld",
                            (long long) number);

    } else if (key->type == NGX_HOUSEHOLD_CBOR_TEXT) {
        name = key->value.text;

        if (ngx_household_cat_claims_reserved(&name)) {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }

    } else {
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
    }

    return ngx_household_cat_claims_named(policy, &name)
           ? NGX_HOUSEHOLD_REASON_NONE
           : NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
}


static ngx_household_reason_e
ngx_household_cat_claims_form(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cbor_t *c, const ngx_household_cat_name_t *entry,
    const ngx_household_cbor_item_t *value)
{
    ngx_uint_t  valid;

    switch (entry->form) {

    case NGX_HOUSEHOLD_CAT_UNSUPPORTED:
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;

    case NGX_HOUSEHOLD_CAT_TEXT:
        valid = value->type == NGX_HOUSEHOLD_CBOR_TEXT;
        break;

    case NGX_HOUSEHOLD_CAT_TEXTS:
        valid = value->type == NGX_HOUSEHOLD_CBOR_TEXT
                || ngx_household_cbor_list(c, value,
                            ngx_household_cbor_type(NGX_HOUSEHOLD_CBOR_TEXT));
        break;

    case NGX_HOUSEHOLD_CAT_TIME:
        /* without the tag 1: RFC 8392, 2 */
        valid = value->type == NGX_HOUSEHOLD_CBOR_UINT
                || value->type == NGX_HOUSEHOLD_CBOR_FLOAT;
        break;

    case NGX_HOUSEHOLD_CAT_BYTES:
        valid = value->type == NGX_HOUSEHOLD_CBOR_BYTES;
        break;

    case NGX_HOUSEHOLD_CAT_NUMBER:
        valid = value->type == NGX_HOUSEHOLD_CBOR_UINT;

        if (valid && value->value.number != entry->number) {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        break;

    case NGX_HOUSEHOLD_CAT_RENEWAL:
        return ngx_household_cat_claims_renewal(policy, c, value);

    case NGX_HOUSEHOLD_CAT_ANSWER:
        return ngx_household_cat_answer_check(c, value);

    default: /* NGX_HOUSEHOLD_CAT_OTHER */
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    return valid ? NGX_HOUSEHOLD_REASON_NONE
                 : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
}


/* without "crit" it is told, by variables */

static ngx_household_reason_e
ngx_household_cat_claims_renewal(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value)
{
    ngx_household_reason_e  reason;

    reason = ngx_household_cat_renewal_check(c, value);

    if (reason == NGX_HOUSEHOLD_REASON_NONE && policy->renewal == NULL
        && ngx_household_cbor_find(c, c->items, NGX_HOUSEHOLD_CAT_CRIT)
           != NULL)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
    }

    return reason;
}


/* an array of keys, which are all in the set */

static ngx_household_reason_e
ngx_household_cat_claims_critical(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *crit)
{
    int64_t                           number;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item, *value;

    if (crit->type != NGX_HOUSEHOLD_CBOR_ARRAY || crit->count == 0) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    item = ngx_household_cbor_first(crit);

    for (i = 0; i < crit->count; i++) {

        if (ngx_household_cbor_int(item, &number) == NGX_OK) {
            value = ngx_household_cbor_find(c, c->items, number);

        } else if (item->type == NGX_HOUSEHOLD_CBOR_TEXT) {
            value = ngx_household_cbor_find_text(c, c->items,
                                                 &item->value.text);

        } else {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }

        if (value == NULL) {
            return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


static ngx_uint_t
ngx_household_cat_claims_listed(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *crit,
    const ngx_household_cbor_item_t *key)
{
    int64_t                           number, other;
    ngx_uint_t                        i, integer;
    const ngx_household_cbor_item_t  *item;

    integer = ngx_household_cbor_int(key, &number) == NGX_OK;
    item = ngx_household_cbor_first(crit);

    for (i = 0; i < crit->count; i++) {

        if (integer) {

            if (ngx_household_cbor_int(item, &other) == NGX_OK
                && other == number)
            {
                return 1;
            }

        } else if (item->type == key->type
                   && ngx_household_str_equal(&item->value.text,
                                              &key->value.text))
        {
            return 1;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return 0;
}


static const ngx_household_cat_name_t *
ngx_household_cat_claims_find(int64_t key)
{
    const ngx_household_cat_name_t  *entry;

    for (entry = ngx_household_cat_names; entry->name != NULL; entry++) {
        if (entry->key == key) {
            return entry;
        }
    }

    return NULL;
}


const char *
ngx_household_cat_claims_name(int64_t key)
{
    const ngx_household_cat_name_t  *entry;

    entry = ngx_household_cat_claims_find(key);

    return entry != NULL ? entry->name : NULL;
}


/*
 * The configuration names a claim by its text key, or by the name or the number
 * of its integer key.  A text key must not pass for another claim.
 */

static ngx_uint_t
ngx_household_cat_claims_reserved(const ngx_str_t *name)
{
    size_t                           i;
    const ngx_household_cat_name_t  *entry;

    for (entry = ngx_household_cat_names; entry->name != NULL; entry++) {
        if (ngx_household_str_is(name, entry->name)) {
            return 1;
        }
    }

    if (ngx_household_str_is(name, "jti")) {
        /* the name of "cti" in JSON */
        return 1;
    }

    for (i = 0; i < name->len; i++) {
        if ((name->data[i] < '0' || name->data[i] > '9')
            && (i > 0 || name->data[i] != '-'))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_household_cat_claims_named(const ngx_household_jwt_policy_t *policy,
    const ngx_str_t *name)
{
    size_t      i;
    u_char      buf[NGX_HOUSEHOLD_JWT_NAME_LEN], ch;
    ngx_str_t   variable;
    ngx_uint_t  n;

    if (ngx_household_cat_claims_begins(&policy->account, name, '.')
        || ngx_household_cat_claims_begins(&policy->device, name, '.'))
    {
        return 1;
    }

    if (name->len > NGX_HOUSEHOLD_JWT_NAME_LEN) {
        return 0;
    }

    /* as in ngx_household_claims_values() */

    for (i = 0; i < name->len; i++) {
        ch = ngx_tolower(name->data[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')) {
            ch = '_';
        }

        buf[i] = ch;
    }

    variable.data = buf;
    variable.len = name->len;

    for (n = 0; n < policy->nvalues; n++) {
        if (ngx_household_cat_claims_begins(&policy->values[n], &variable,
                                            '_'))
        {
            return 1;
        }
    }

    return 0;
}


/* returns 1 if "path" is "name", or begins with it and the separator */

static ngx_uint_t
ngx_household_cat_claims_begins(const ngx_str_t *path, const ngx_str_t *name,
    u_char separator)
{
    if (path->len < name->len || name->len == 0
        || ngx_memcmp(path->data, name->data, name->len) != 0)
    {
        return 0;
    }

    return path->len == name->len || path->data[name->len] == separator;
}
