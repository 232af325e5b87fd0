
/*
 * Key sets: the text of a JWKS file to keys.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/err.h>
#include "ngx_household_jose.h"
#include "ngx_household_jwk.h"
#include "ngx_household_jwks.h"


static ngx_household_jwks_t *ngx_household_jwks_load(json_t *keys,
    char *error);
static ngx_int_t ngx_household_jwks_add(ngx_household_jwks_t *jwks,
    const json_t *object, ngx_str_t *kid, char *error);
static ngx_int_t ngx_household_jwks_kid(const json_t *object, ngx_str_t *kid);
static ngx_int_t ngx_household_jwks_known(const ngx_household_jwks_t *jwks,
    const ngx_household_jws_key_t *key, const ngx_str_t *kid);
static void ngx_household_jwks_error(char *error, ngx_uint_t i,
    const ngx_str_t *kid, const char *text);


ngx_household_jwks_t *
ngx_household_jwks_parse(const ngx_str_t *text, char *error)
{
    json_t                *root, *keys;
    ngx_household_jwks_t  *jwks;

    if (text->len > NGX_HOUSEHOLD_JWKS_SIZE) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                        "larger than %d bytes", NGX_HOUSEHOLD_JWKS_SIZE);
        return NULL;
    }

    root = ngx_household_json_parse(text, error);

    if (root == NULL) {
        return NULL;
    }

    keys = json_object_get(root, "keys");

    if (!json_is_array(keys)) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                        "no \"keys\" array");
        json_decref(root);
        return NULL;
    }

    jwks = ngx_household_jwks_load(keys, error);

    json_decref(root);

    if (jwks != NULL
        && EVP_Digest(text->data, text->len, jwks->digest, NULL, EVP_sha256(),
                      NULL)
           != 1)
    {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR, "SHA-256 failed");
        ngx_household_jwks_destroy(jwks);
        jwks = NULL;
    }

    /* what a bad key leaves here would be blamed on some connection */

    ERR_clear_error();

    return jwks;
}


static ngx_household_jwks_t *
ngx_household_jwks_load(json_t *keys, char *error)
{
    char                   text[NGX_HOUSEHOLD_JWK_ERROR];
    size_t                 i, n;
    ngx_int_t              rc;
    ngx_str_t              kid;
    ngx_household_jwks_t  *jwks;

    n = json_array_size(keys);

    if (n > NGX_HOUSEHOLD_JWKS_KEYS) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                        "more than %d keys", NGX_HOUSEHOLD_JWKS_KEYS);
        return NULL;
    }

    jwks = calloc(1, sizeof(ngx_household_jwks_t)
                     + n * sizeof(ngx_household_jwk_t));
    if (jwks == NULL) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR, "no memory");
        return NULL;
    }

    jwks->keys = (ngx_household_jwk_t *) &jwks[1];

    for (i = 0; i < n; i++) {
        ngx_str_null(&kid);

        rc = ngx_household_jwks_add(jwks, json_array_get(keys, i), &kid, text);

        if (rc == NGX_ERROR) {
            ngx_household_jwks_error(error, i, &kid, text);
            ngx_household_jwks_destroy(jwks);
            return NULL;
        }

        if (rc == NGX_OK) {
            jwks->nkeys++;

        } else {
            jwks->skipped++;
        }
    }

    if (jwks->nkeys == 0) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                        "none of %u keys is one to verify with", (unsigned) n);
        ngx_household_jwks_destroy(jwks);
        return NULL;
    }

    return jwks;
}


/*
 * Reads one key into the next free place.  Returns NGX_OK; NGX_DECLINED if
 * the key is to be skipped; or NGX_ERROR with the reason in "error".  "kid"
 * is set as soon as it is known, for the error text.
 */

static ngx_int_t
ngx_household_jwks_add(ngx_household_jwks_t *jwks, const json_t *object,
    ngx_str_t *kid, char *error)
{
    ngx_int_t             rc;
    ngx_household_jwk_t  *jwk;

    if (ngx_household_jwks_kid(object, kid) != NGX_OK) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "no object, or \"kid\" is no string of 1 to %d bytes",
                        NGX_HOUSEHOLD_JWKS_KID_LEN);
        return NGX_ERROR;
    }

    jwk = &jwks->keys[jwks->nkeys];

    rc = ngx_household_jwk_load(object, &jwk->key, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (kid->len == 0) {
        return NGX_OK;
    }

    rc = ngx_household_jwks_known(jwks, &jwk->key, kid);

    if (rc != NGX_OK) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "another key has this kid");
        goto failed;
    }

    jwk->kid.data = malloc(kid->len);
    if (jwk->kid.data == NULL) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR, "no memory");
        rc = NGX_ERROR;
        goto failed;
    }

    ngx_memcpy(jwk->kid.data, kid->data, kid->len);
    jwk->kid.len = kid->len;

    return NGX_OK;

failed:

    ngx_household_jwk_free(&jwk->key);

    return rc;
}


/* leaves "kid" empty if there is none */

static ngx_int_t
ngx_household_jwks_kid(const json_t *object, ngx_str_t *kid)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    if (!json_is_object(object)) {
        return NGX_ERROR;
    }

    rc = ngx_household_json_string(object, "kid", &value);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR
        || value.len == 0 || value.len > NGX_HOUSEHOLD_JWKS_KID_LEN)
    {
        return NGX_ERROR;
    }

    *kid = value;

    return NGX_OK;
}


/*
 * Returns NGX_OK if no other key has this "kid"; NGX_DECLINED if one has and
 * is the very same, as where the public and the private half stand side by
 * side (RFC 9246, A); NGX_ERROR if it is another one.
 */

static ngx_int_t
ngx_household_jwks_known(const ngx_household_jwks_t *jwks,
    const ngx_household_jws_key_t *key, const ngx_str_t *kid)
{
    ngx_uint_t            i;
    ngx_household_jwk_t  *other;

    for (i = 0; i < jwks->nkeys; i++) {
        other = &jwks->keys[i];

        if (other->kid.len != kid->len
            || ngx_memcmp(other->kid.data, kid->data, kid->len) != 0)
        {
            continue;
        }

        if (other->key.algorithms == key->algorithms
            && other->key.pkey != NULL && key->pkey != NULL
            && EVP_PKEY_eq(other->key.pkey, key->pkey) == 1)
        {
            return NGX_DECLINED;
        }

        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_household_jwks_destroy(ngx_household_jwks_t *jwks)
{
    ngx_uint_t  i;

    if (jwks == NULL) {
        return;
    }

    for (i = 0; i < jwks->nkeys; i++) {
        free(jwks->keys[i].kid.data);
        ngx_household_jwk_free(&jwks->keys[i].key);
    }

    free(jwks);
}


static void
ngx_household_jwks_error(char *error, ngx_uint_t i, const ngx_str_t *kid,
    const char *text)
{
    char    name[64];
    u_char  ch;
    size_t  n;

    if (kid->len == 0) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR, "keys[%u]: %s",
                        (unsigned) i, text);
        return;
    }

    /* a file may hold anything, a line of a log may not */

    for (n = 0; n < kid->len && n < sizeof(name) - 1; n++) {
        ch = kid->data[n];
        name[n] = (ch < 0x20 || ch > 0x7e || ch == '"') ? '?' : (char) ch;
    }

    name[n] = '\0';

    (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                    "keys[%u] (kid \"%s\"): %s", (unsigned) i, name, text);
}
