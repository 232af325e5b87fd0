
/*
 * Parsing of JWK Sets.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/err.h>
#include "ngx_household_jose.h"
#include "ngx_household_jwk.h"
#include "ngx_household_jwks.h"


static ngx_household_jwks_t *ngx_household_jwks_load(const json_t *keys,
    const ngx_str_t *kids, ngx_household_jwks_skip_pt skip, void *data,
    char *error);
static ngx_int_t ngx_household_jwks_add(ngx_household_jwks_t *jwks,
    const json_t *object, ngx_str_t *kid, char *error);
static ngx_int_t ngx_household_jwks_kid(const json_t *object, ngx_str_t *kid,
    char *error);
static void ngx_household_jwks_skipped(ngx_uint_t i, const ngx_str_t *kid,
    const char *cause, ngx_household_jwks_skip_pt skip, void *data);


ngx_household_jwks_t *
ngx_household_jwks_parse(const ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error)
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
                        "\"keys\" must be an array");
        json_decref(root);
        return NULL;
    }

    jwks = ngx_household_jwks_build(text, keys, NULL, skip, data, error);

    json_decref(root);

    return jwks;
}


ngx_household_jwks_t *
ngx_household_jwks_build(const ngx_str_t *text, const json_t *keys,
    const ngx_str_t *kids, ngx_household_jwks_skip_pt skip, void *data,
    char *error)
{
    ngx_household_jwks_t  *jwks;

    jwks = ngx_household_jwks_load(keys, kids, skip, data, error);

    if (jwks != NULL
        && EVP_Digest(text->data, text->len, jwks->digest, NULL, EVP_sha256(),
                      NULL)
           != 1)
    {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR, "SHA-256 failed");
        ngx_household_jwks_destroy(jwks);
        jwks = NULL;
    }

    /* errors left in the queue would be logged for another connection */

    ERR_clear_error();

    return jwks;
}


static ngx_household_jwks_t *
ngx_household_jwks_load(const json_t *keys, const ngx_str_t *kids,
    ngx_household_jwks_skip_pt skip, void *data, char *error)
{
    char                   cause[NGX_HOUSEHOLD_JWK_ERROR];
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

        if (kids != NULL) {
            kid = kids[i];
        }

        ngx_set_errno(0);

        rc = ngx_household_jwks_add(jwks, json_array_get(keys, i), &kid,
                                    cause);

        if (rc == NGX_OK) {
            jwks->nkeys++;
            continue;
        }

        /* such a key may be usable: without it its tokens were rejected */

        if (ngx_errno == NGX_ENOMEM) {
            (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR, "no memory");
            ngx_household_jwks_destroy(jwks);
            return NULL;
        }

        if (skip != NULL) {
            ngx_household_jwks_skipped(i, &kid, cause, skip, data);
        }
    }

    if (jwks->nkeys == 0) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWKS_ERROR,
                        "no usable verification key among %u keys",
                        (unsigned) n);
        ngx_household_jwks_destroy(jwks);
        return NULL;
    }

    return jwks;
}


/*
 * Loads a key to the end of jwks->keys; the caller increments jwks->nkeys.
 * Returns NGX_OK; or NGX_ERROR and writes the cause to "error".  "kid" is set
 * in both cases if the key has a valid "kid", and belongs to "object".
 */

static ngx_int_t
ngx_household_jwks_add(ngx_household_jwks_t *jwks, const json_t *object,
    ngx_str_t *kid, char *error)
{
    ngx_household_jwk_t  *jwk;

    if (ngx_household_jwks_kid(object, kid, error) != NGX_OK) {
        return NGX_ERROR;
    }

    jwk = &jwks->keys[jwks->nkeys];

    if (ngx_household_jwk_load(object, &jwk->key, error) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_household_jws_key_id(&jwk->key, &jwk->id) != NGX_OK) {
        goto failed;
    }

    if (kid->len == 0) {
        return NGX_OK;
    }

    jwk->kid.data = malloc(kid->len);

    if (jwk->kid.data == NULL) {
        goto failed;
    }

    ngx_memcpy(jwk->kid.data, kid->data, kid->len);
    jwk->kid.len = kid->len;

    return NGX_OK;

failed:

    (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR, "no memory");
    ngx_household_jwk_free(&jwk->key);

    return NGX_ERROR;
}


/* "kid" is not changed if the key has no such member */

static ngx_int_t
ngx_household_jwks_kid(const json_t *object, ngx_str_t *kid, char *error)
{
    ngx_str_t  value;

    if (!json_is_object(object)) {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR, "not an object");
        return NGX_ERROR;
    }

    if (json_object_get(object, "kid") == NULL
        || json_is_null(json_object_get(object, "kid")))
    {
        return NGX_OK;
    }

    if (ngx_household_json_string(object, "kid", &value) != NGX_OK
        || value.len == 0 || value.len > NGX_HOUSEHOLD_JWKS_KID_LEN)
    {
        (void) snprintf(error, NGX_HOUSEHOLD_JWK_ERROR,
                        "\"kid\" must be a string of 1 to %d bytes",
                        NGX_HOUSEHOLD_JWKS_KID_LEN);
        return NGX_ERROR;
    }

    *kid = value;

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
ngx_household_jwks_skipped(ngx_uint_t i, const ngx_str_t *kid,
    const char *cause, ngx_household_jwks_skip_pt skip, void *data)
{
    char    name[64], text[NGX_HOUSEHOLD_JWKS_ERROR];
    u_char  ch;
    size_t  n;

    if (kid->len == 0) {
        (void) snprintf(text, sizeof(text), "keys[%u]: %s", (unsigned) i,
                        cause);
        skip(data, text);
        return;
    }

    /* replace characters that must not appear in a log */

    for (n = 0; n < kid->len && n < sizeof(name) - 1; n++) {
        ch = kid->data[n];
        name[n] = (ch < 0x20 || ch > 0x7e || ch == '"') ? '?' : (char) ch;
    }

    name[n] = '\0';

    (void) snprintf(text, sizeof(text), "keys[%u] (kid \"%s\"): %s",
                    (unsigned) i, name, cause);
    skip(data, text);
}
