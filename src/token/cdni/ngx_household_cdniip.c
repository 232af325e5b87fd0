
/*
 * The client address of a URI Signing token.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include "ngx_household_cdniip.h"
#include "ngx_household_str.h"


#define NGX_HOUSEHOLD_CDNIIP_IV      12        /* bytes; RFC 7518, 5.3 */
#define NGX_HOUSEHOLD_CDNIIP_TAG     16
#define NGX_HOUSEHOLD_CDNIIP_TEXT    64        /* of an address, decrypted */
#define NGX_HOUSEHOLD_CDNIIP_KEY     32        /* bytes of the longest key */


typedef struct {
    char        *kid;                          /* NULL: none */
    u_char       key[NGX_HOUSEHOLD_CDNIIP_KEY + 3];
    ngx_uint_t   len;
} ngx_household_cdniip_key_t;


struct ngx_household_cdniip_keys_s {
    ngx_uint_t                   n;
    ngx_household_cdniip_key_t   keys[NGX_HOUSEHOLD_CDNIIP_KEYS];
    u_char                       digest[NGX_HOUSEHOLD_CDNIIP_DIGEST];
};


typedef struct {
    const char       *name;
    ngx_uint_t        len;             /* bytes of the key */
    const EVP_CIPHER *(*cipher)(void);
} ngx_household_cdniip_enc_t;


/* a JWE; "aad" is its encoded header */

typedef struct {
    const ngx_household_cdniip_enc_t  *enc;
    ngx_str_t                          aad;
    ngx_str_t                          iv;
    ngx_str_t                          text;
    ngx_str_t                          tag;
} ngx_household_cdniip_jwe_t;


static ngx_int_t ngx_household_cdniip_load(const json_t *object,
    ngx_household_cdniip_key_t *key);
static const ngx_household_cdniip_enc_t *ngx_household_cdniip_enc(
    const ngx_str_t *name);
static ngx_int_t ngx_household_cdniip_parts(const ngx_str_t *jwe,
    ngx_str_t parts[5]);
static ngx_int_t ngx_household_cdniip_header(const json_t *header,
    ngx_household_cdniip_jwe_t *jwe, const char **kid);
static ngx_int_t ngx_household_cdniip_decrypt(
    const ngx_household_cdniip_key_t *key,
    const ngx_household_cdniip_jwe_t *jwe, u_char *to);
static ngx_int_t ngx_household_cdniip_address(const u_char *text, size_t len,
    ngx_household_cdniip_t *ip);


static const ngx_household_cdniip_enc_t  ngx_household_cdniip_encs[] = {
    { "A128GCM", 16, EVP_aes_128_gcm },
    { "A192GCM", 24, EVP_aes_192_gcm },
    { "A256GCM", 32, EVP_aes_256_gcm },
    { NULL, 0, NULL }
};


ngx_household_cdniip_keys_t *
ngx_household_cdniip_keys_parse(const ngx_str_t *text, char *error)
{
    size_t                        i;
    json_t                       *root, *set;
    ngx_household_cdniip_keys_t  *keys;

    root = ngx_household_json_parse(text, error);

    if (root == NULL) {
        return NULL;
    }

    keys = calloc(1, sizeof(ngx_household_cdniip_keys_t));

    if (keys == NULL) {
        (void) snprintf(error, NGX_HOUSEHOLD_CDNIIP_ERROR, "no memory");
        goto failed;
    }

    set = json_object_get(root, "keys");

    for (i = 0; i < json_array_size(set); i++) {

        if (keys->n == NGX_HOUSEHOLD_CDNIIP_KEYS) {
            (void) snprintf(error, NGX_HOUSEHOLD_CDNIIP_ERROR,
                            "more than %d keys for decryption",
                            NGX_HOUSEHOLD_CDNIIP_KEYS);
            goto failed;
        }

        if (ngx_household_cdniip_load(json_array_get(set, i),
                                      &keys->keys[keys->n])
            == NGX_OK)
        {
            keys->n++;
        }
    }

    if (keys->n == 0
        || EVP_Digest(text->data, text->len, keys->digest, NULL, EVP_sha256(),
                      NULL)
           != 1)
    {
        (void) snprintf(error, NGX_HOUSEHOLD_CDNIIP_ERROR,
                        "no usable key for decryption");
        goto failed;
    }

    json_decref(root);

    return keys;

failed:

    json_decref(root);
    ngx_household_cdniip_keys_destroy(keys);
    ERR_clear_error();

    return NULL;
}


static ngx_int_t
ngx_household_cdniip_load(const json_t *object,
    ngx_household_cdniip_key_t *key)
{
    ngx_str_t                          text, value;
    const ngx_household_cdniip_enc_t  *enc;

    if (!ngx_household_json_is(json_object_get(object, "kty"), "oct")
        || ngx_household_json_string(object, "k", &text) != NGX_OK
        || ngx_household_base64url_size(text.len) > sizeof(key->key))
    {
        return NGX_DECLINED;
    }

    if (json_object_get(object, "use") != NULL
        && !ngx_household_json_is(json_object_get(object, "use"), "enc"))
    {
        return NGX_DECLINED;
    }

    value.data = key->key;

    if (ngx_household_base64url_decode(&value, &text) != NGX_OK) {
        return NGX_DECLINED;
    }

    for (enc = ngx_household_cdniip_encs; enc->name != NULL; enc++) {
        if (enc->len == value.len) {
            break;
        }
    }

    if (enc->name == NULL
        || (json_object_get(object, "alg") != NULL
            && !ngx_household_json_is(json_object_get(object, "alg"), "dir")
            && !ngx_household_json_is(json_object_get(object, "alg"),
                                      enc->name)))
    {
        return NGX_DECLINED;
    }

    if (json_is_string(json_object_get(object, "kid"))) {
        key->kid = strdup(json_string_value(json_object_get(object, "kid")));

        if (key->kid == NULL) {
            return NGX_DECLINED;
        }
    }

    key->len = value.len;

    return NGX_OK;
}


void
ngx_household_cdniip_keys_destroy(ngx_household_cdniip_keys_t *keys)
{
    ngx_uint_t  i;

    if (keys == NULL) {
        return;
    }

    for (i = 0; i < NGX_HOUSEHOLD_CDNIIP_KEYS; i++) {
        free(keys->keys[i].kid);
    }

    OPENSSL_cleanse(keys, sizeof(ngx_household_cdniip_keys_t));
    free(keys);
}


const u_char *
ngx_household_cdniip_keys_digest(const ngx_household_cdniip_keys_t *keys)
{
    return keys->digest;
}


ngx_int_t
ngx_household_cdniip_read(const ngx_household_cdniip_keys_t *keys,
    const ngx_str_t *text, ngx_household_cdniip_t *ip)
{
    u_char                             buf[ngx_household_base64url_size(
                                           NGX_HOUSEHOLD_CDNIIP_LEN) + 4 * 3];
    u_char                             address[NGX_HOUSEHOLD_CDNIIP_TEXT];
    u_char                            *p;
    json_t                            *header;
    ngx_int_t                          rc;
    ngx_str_t                          parts[5], decoded[5];
    ngx_uint_t                         i;
    const char                        *kid;
    ngx_household_cdniip_jwe_t         jwe;
    const ngx_household_cdniip_key_t  *key;

    if (text->len > NGX_HOUSEHOLD_CDNIIP_LEN
        || ngx_household_cdniip_parts(text, parts) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    p = buf;

    for (i = 0; i < 5; i++) {
        decoded[i].data = p;
        p += ngx_household_base64url_size(parts[i].len);

        if (ngx_household_base64url_decode(&decoded[i], &parts[i]) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    header = ngx_household_json_parse(&decoded[0], NULL);

    if (header == NULL) {
        return NGX_DECLINED;
    }

    jwe.aad = parts[0];
    jwe.iv = decoded[2];
    jwe.text = decoded[3];
    jwe.tag = decoded[4];

    rc = NGX_DECLINED;

    /* RFC 7518, 4.5: with "dir" there is no encrypted key */

    if (decoded[1].len == 0
        && jwe.iv.len == NGX_HOUSEHOLD_CDNIIP_IV
        && jwe.tag.len == NGX_HOUSEHOLD_CDNIIP_TAG
        && jwe.text.len < NGX_HOUSEHOLD_CDNIIP_TEXT
        && ngx_household_cdniip_header(header, &jwe, &kid) == NGX_OK)
    {
        for (i = 0; i < keys->n && rc != NGX_OK; i++) {
            key = &keys->keys[i];

            if (key->len == jwe.enc->len
                && (kid == NULL
                    || (key->kid != NULL && strcmp(key->kid, kid) == 0)))
            {
                rc = ngx_household_cdniip_decrypt(key, &jwe, address);
            }
        }
    }

    json_decref(header);

    if (rc != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_household_cdniip_address(address, jwe.text.len, ip);
}


/* five parts separated by dots */

static ngx_int_t
ngx_household_cdniip_parts(const ngx_str_t *jwe, ngx_str_t parts[5])
{
    u_char      *p, *last;
    ngx_uint_t   i;

    p = jwe->data;
    last = p + jwe->len;

    for (i = 0; i < 5; i++) {
        parts[i].data = p;

        while (p < last && *p != '.') {
            p++;
        }

        parts[i].len = p - parts[i].data;

        if (i < 4 && p++ == last) {
            return NGX_DECLINED;
        }
    }

    return p == last ? NGX_OK : NGX_DECLINED;
}


/* RFC 7516, 4.1: extensions and compression are not supported */

static ngx_int_t
ngx_household_cdniip_header(const json_t *header,
    ngx_household_cdniip_jwe_t *jwe, const char **kid)
{
    json_t     *value;
    ngx_str_t   name;

    if (json_object_get(header, "crit") != NULL
        || json_object_get(header, "zip") != NULL
        || !ngx_household_json_is(json_object_get(header, "alg"), "dir")
        || ngx_household_json_string(header, "enc", &name) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    jwe->enc = ngx_household_cdniip_enc(&name);
    value = json_object_get(header, "kid");
    *kid = json_string_value(value);

    return jwe->enc != NULL && (value == NULL || *kid != NULL)
           ? NGX_OK : NGX_DECLINED;
}


static const ngx_household_cdniip_enc_t *
ngx_household_cdniip_enc(const ngx_str_t *name)
{
    const ngx_household_cdniip_enc_t  *enc;

    for (enc = ngx_household_cdniip_encs; enc->name != NULL; enc++) {
        if (ngx_household_str_is(name, enc->name)) {
            return enc;
        }
    }

    return NULL;
}


/* "to" has room for the text, which is as long as its ciphertext */

static ngx_int_t
ngx_household_cdniip_decrypt(const ngx_household_cdniip_key_t *key,
    const ngx_household_cdniip_jwe_t *jwe, u_char *to)
{
    int              n;
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_DECLINED;
    }

    rc = EVP_DecryptInit_ex(ctx, jwe->enc->cipher(), NULL, key->key,
                            jwe->iv.data)
         == 1
         && EVP_DecryptUpdate(ctx, NULL, &n, jwe->aad.data,
                              (int) jwe->aad.len)
            == 1
         && EVP_DecryptUpdate(ctx, to, &n, jwe->text.data,
                              (int) jwe->text.len)
            == 1
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
                                NGX_HOUSEHOLD_CDNIIP_TAG, jwe->tag.data)
            == 1
         && EVP_DecryptFinal_ex(ctx, to + n, &n) == 1
         ? NGX_OK : NGX_DECLINED;

    EVP_CIPHER_CTX_free(ctx);

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    return rc;
}


/* an address or a network; the RFC's own example has it in brackets */

static ngx_int_t
ngx_household_cdniip_address(const u_char *text, size_t len,
    ngx_household_cdniip_t *ip)
{
    u_char     *p, *last;
    ngx_int_t   bits;

    p = (u_char *) text;

    if (len > 2 && p[0] == '[' && p[len - 1] == ']') {
        p++;
        len -= 2;
    }

    last = p + len;

    ngx_memzero(ip, sizeof(ngx_household_cdniip_t));

    p = ngx_household_addr_parse(&ip->addr, p, last);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    bits = ngx_household_addr_prefix(&ip->addr, p, last);
    if (bits == NGX_ERROR) {
        return NGX_DECLINED;
    }

    ip->bits = (u_char) bits;

    return NGX_OK;
}


ngx_uint_t
ngx_household_cdniip_allows(const ngx_household_cdniip_t *ip,
    const ngx_household_addr_t *addr)
{
    u_char      mask;
    ngx_uint_t  n;

    if (ip->addr.family == NGX_HOUSEHOLD_FAMILY_NONE) {
        return 1;
    }

    if (ip->addr.family != addr->family) {
        return 0;
    }

    n = ip->bits / 8;

    if (ngx_memcmp(ip->addr.bytes, addr->bytes, n) != 0) {
        return 0;
    }

    if (ip->bits % 8 == 0) {
        return 1;
    }

    mask = (u_char) (0xff << (8 - ip->bits % 8));

    return ((ip->addr.bytes[n] ^ addr->bytes[n]) & mask) == 0;
}
