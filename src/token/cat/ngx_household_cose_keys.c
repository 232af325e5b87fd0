
/*
 * Parsing of COSE_KeySet.  A key becomes a JWK, so that one set of checks holds
 * for both formats.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include "ngx_household_cbor.h"
#include "ngx_household_cose.h"
#include "ngx_household_cose_keys.h"
#include "ngx_household_jose.h"


/* labels of a key: RFC 9052, 7.1 */
#define NGX_HOUSEHOLD_COSE_KEY_KTY   1
#define NGX_HOUSEHOLD_COSE_KEY_KID   2
#define NGX_HOUSEHOLD_COSE_KEY_ALG   3
#define NGX_HOUSEHOLD_COSE_KEY_OPS   4
#define NGX_HOUSEHOLD_COSE_KEY_CRV  -1

/* operations: RFC 9052, 7.1, table 5 */
#define NGX_HOUSEHOLD_COSE_KEY_VERIFY      2
#define NGX_HOUSEHOLD_COSE_KEY_MAC_VERIFY  10


/* a number of COSE and its name in JOSE */

typedef struct {
    int64_t      number;
    const char  *name;
} ngx_household_cose_name_t;


/* parameters of a type of keys, which are strings of bytes */

typedef struct {
    const char  *kty;
    int64_t      label;
    const char  *name;
} ngx_household_cose_param_t;


static json_t *ngx_household_cose_keys_jwk(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, ngx_str_t *kid);
static ngx_int_t ngx_household_cose_keys_set(json_t *jwk, const char *name,
    json_t *value);
static ngx_int_t ngx_household_cose_keys_params(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, json_t *jwk);
static ngx_int_t ngx_household_cose_keys_ops(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, json_t *jwk);
static json_t *ngx_household_cose_keys_name(
    const ngx_household_cose_name_t *names,
    const ngx_household_cbor_item_t *item);
static json_t *ngx_household_cose_keys_alg(
    const ngx_household_cbor_item_t *item);
static json_t *ngx_household_cose_keys_bytes(
    const ngx_household_cbor_item_t *item);


/* RFC 9053, 7; RFC 8230, 4 */

static const ngx_household_cose_name_t  ngx_household_cose_ktys[] = {
    { 1, "OKP" },
    { 2, "EC" },
    { 3, "RSA" },
    { 4, "oct" },
    { 0, NULL }
};


/* RFC 9053, 7.1 */

static const ngx_household_cose_name_t  ngx_household_cose_crvs[] = {
    { 1, "P-256" },
    { 2, "P-384" },
    { 3, "P-521" },
    { 6, "Ed25519" },
    { 7, "Ed448" },
    { 0, NULL }
};


static const ngx_household_cose_param_t  ngx_household_cose_params[] = {
    { "OKP", -2, "x" },
    { "EC", -2, "x" },
    { "EC", -3, "y" },
    { "RSA", -1, "n" },
    { "RSA", -2, "e" },
    { "oct", -1, "k" },
    { NULL, 0, NULL }
};


ngx_uint_t
ngx_household_cose_keys_is(const ngx_str_t *text)
{
    return text->len != 0
           && text->data[0] >> 5 == NGX_HOUSEHOLD_CBOR_ARRAY;
}


ngx_household_jwks_t *
ngx_household_cose_keys_parse(ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error)
{
    json_t                           *keys;
    ngx_str_t                         kids[NGX_HOUSEHOLD_CBOR_ITEMS];
    ngx_uint_t                        i;
    ngx_household_cbor_t              c;
    ngx_household_jwks_t             *jwks;
    const ngx_household_cbor_item_t  *key;

    if (ngx_household_cbor_parse(&c, text, NGX_HOUSEHOLD_CBOR_ITEMS) != NGX_OK
        || c.items[0].type != NGX_HOUSEHOLD_CBOR_ARRAY)
    {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                        "not a COSE_KeySet of at most %d items",
                        NGX_HOUSEHOLD_CBOR_ITEMS);
        return NULL;
    }

    keys = json_array();
    key = ngx_household_cbor_first(c.items);

    for (i = 0; i < c.items[0].count; i++) {
        ngx_str_null(&kids[i]);

        if (json_array_append_new(keys,
                                  ngx_household_cose_keys_jwk(&c, key,
                                                              &kids[i]))
            != 0)
        {
            (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR, "no memory");
            json_decref(keys);
            return NULL;
        }

        key = ngx_household_cbor_next(&c, key);
    }

    jwks = ngx_household_jwks_build(text, keys, kids, skip, data, error);

    json_decref(keys);

    return jwks;
}


/* a key, or what is none and will be skipped; NULL if there is no memory */

static json_t *
ngx_household_cose_keys_jwk(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, ngx_str_t *kid)
{
    json_t                           *jwk;
    const ngx_household_cbor_item_t  *kty, *alg, *id;

    if (key->type != NGX_HOUSEHOLD_CBOR_MAP) {
        return json_null();
    }

    jwk = json_object();

    kty = ngx_household_cbor_find(c, key, NGX_HOUSEHOLD_COSE_KEY_KTY);
    alg = ngx_household_cbor_find(c, key, NGX_HOUSEHOLD_COSE_KEY_ALG);
    id = ngx_household_cbor_find(c, key, NGX_HOUSEHOLD_COSE_KEY_KID);

    if (id != NULL && id->type == NGX_HOUSEHOLD_CBOR_BYTES) {
        *kid = id->value.text;
        id = NULL;
    }

    /* a "kid" that is no string of bytes is none of text, either */

    if ((kty != NULL
         && ngx_household_cose_keys_set(jwk, "kty",
                  ngx_household_cose_keys_name(ngx_household_cose_ktys, kty))
            != NGX_OK)
        || (alg != NULL
            && ngx_household_cose_keys_set(jwk, "alg",
                                           ngx_household_cose_keys_alg(alg))
               != NGX_OK)
        || (id != NULL
            && ngx_household_cose_keys_set(jwk, "kid", json_false()) != NGX_OK)
        || ngx_household_cose_keys_params(c, key, jwk) != NGX_OK
        || ngx_household_cose_keys_ops(c, key, jwk) != NGX_OK)
    {
        json_decref(jwk);
        return NULL;
    }

    return jwk;
}


static ngx_int_t
ngx_household_cose_keys_set(json_t *jwk, const char *name, json_t *value)
{
    return json_object_set_new(jwk, name, value) == 0 ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_household_cose_keys_params(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, json_t *jwk)
{
    json_t                            *kty;
    const ngx_household_cbor_item_t   *item;
    const ngx_household_cose_param_t  *param;

    kty = json_object_get(jwk, "kty");
    item = ngx_household_cbor_find(c, key, NGX_HOUSEHOLD_COSE_KEY_CRV);

    /* in other types of keys the label is another parameter */

    if (item != NULL
        && (ngx_household_json_is(kty, "EC")
            || ngx_household_json_is(kty, "OKP"))
        && ngx_household_cose_keys_set(jwk, "crv",
                 ngx_household_cose_keys_name(ngx_household_cose_crvs, item))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (param = ngx_household_cose_params; param->kty != NULL; param++) {

        if (!ngx_household_json_is(kty, param->kty)) {
            continue;
        }

        item = ngx_household_cbor_find(c, key, param->label);

        if (item != NULL
            && ngx_household_cose_keys_set(jwk, param->name,
                                        ngx_household_cose_keys_bytes(item))
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_cose_keys_ops(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *key, json_t *jwk)
{
    json_t                           *ops;
    int64_t                           op;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *array, *item;

    array = ngx_household_cbor_find(c, key, NGX_HOUSEHOLD_COSE_KEY_OPS);

    if (array == NULL) {
        return NGX_OK;
    }

    if (array->type != NGX_HOUSEHOLD_CBOR_ARRAY) {
        return ngx_household_cose_keys_set(jwk, "key_ops", json_false());
    }

    ops = json_array();
    item = ngx_household_cbor_first(array);

    for (i = 0; i < array->count; i++) {

        if (ngx_household_cbor_int(item, &op) == NGX_OK
            && (op == NGX_HOUSEHOLD_COSE_KEY_VERIFY
                || op == NGX_HOUSEHOLD_COSE_KEY_MAC_VERIFY)
            && json_array_append_new(ops, json_string("verify")) != 0)
        {
            json_decref(ops);
            return NGX_ERROR;
        }

        item = ngx_household_cbor_next(c, item);
    }

    return ngx_household_cose_keys_set(jwk, "key_ops", ops);
}


/* the name of a number; a text, or a number that is not known, is no name */

static json_t *
ngx_household_cose_keys_name(const ngx_household_cose_name_t *names,
    const ngx_household_cbor_item_t *item)
{
    int64_t  number;

    if (ngx_household_cbor_int(item, &number) != NGX_OK) {
        return json_false();
    }

    for ( /* void */ ; names->name != NULL; names++) {
        if (names->number == number) {
            return json_string(names->name);
        }
    }

    return json_string("");
}


static json_t *
ngx_household_cose_keys_alg(const ngx_household_cbor_item_t *item)
{
    int64_t      number;
    const char  *name;

    if (ngx_household_cbor_int(item, &number) != NGX_OK) {
        return json_false();
    }

    name = ngx_household_cose_algorithm(number);

    return json_string(name != NULL ? name : "");
}


static json_t *
ngx_household_cose_keys_bytes(const ngx_household_cbor_item_t *item)
{
    json_t      *value;
    u_char      *buf, *last;
    ngx_str_t    bytes;

    if (item->type != NGX_HOUSEHOLD_CBOR_BYTES) {
        return json_false();
    }

    bytes = item->value.text;

    buf = malloc(ngx_household_base64url_length(bytes.len));
    if (buf == NULL) {
        return NULL;
    }

    last = ngx_household_base64url_encode(buf, bytes.data, bytes.len);
    value = json_stringn((char *) buf, last - buf);

    OPENSSL_cleanse(buf, last - buf);
    free(buf);

    return value;
}
