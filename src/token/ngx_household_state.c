
/*
 * The state of an offer.  See ngx_household_state.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include "ngx_household_jose.h"
#include "ngx_household_state.h"
#include "ngx_household_str.h"


#define NGX_HOUSEHOLD_STATE_IV     16
#define NGX_HOUSEHOLD_STATE_TAG    16
#define NGX_HOUSEHOLD_STATE_BLOCK  16

/* the parts of a JWE (RFC 7516, 7.1); with "dir" the encrypted key is empty */
#define NGX_HOUSEHOLD_STATE_PARTS   5


typedef struct {
    u_char   *iv;                      /* NGX_HOUSEHOLD_STATE_IV bytes */
    u_char   *text;                    /* encrypted */
    size_t    len;
} ngx_household_state_sealed_t;


static json_t *ngx_household_state_claims(const ngx_household_state_t *state);
static ngx_int_t ngx_household_state_claim(json_t *claims, const char *name,
    const ngx_str_t *value);
static int ngx_household_state_cipher(const u_char *key, const u_char *iv,
    const ngx_str_t *src, u_char *dst, int encrypt);
static ngx_int_t ngx_household_state_tag(const u_char *key,
    const ngx_household_state_sealed_t *sealed, u_char *tag);
static ngx_int_t ngx_household_state_split(const ngx_str_t *text,
    ngx_str_t *parts);
static ngx_int_t ngx_household_state_open(const u_char *key,
    const ngx_str_t *text, ngx_str_t *claims);
static ngx_uint_t ngx_household_state_is_for(const ngx_str_t *claims,
    const ngx_str_t *account, int64_t now);


/* {"alg":"dir","enc":"A128CBC-HS256"} */
static const ngx_str_t  ngx_household_state_header =
    ngx_string("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0");


size_t
ngx_household_state_encrypt(const u_char *key,
    const ngx_household_state_t *state, u_char *text)
{
    int                            n;
    u_char                        *p;
    u_char                         iv[NGX_HOUSEHOLD_STATE_IV];
    u_char                         tag[NGX_HOUSEHOLD_STATE_TAG];
    u_char                         plain[NGX_HOUSEHOLD_STATE_CLAIMS];
    u_char                         sealed_text[NGX_HOUSEHOLD_STATE_CLAIMS
                                               + NGX_HOUSEHOLD_STATE_BLOCK];
    json_t                        *claims;
    ngx_str_t                      src;
    ngx_household_state_sealed_t   sealed;

    claims = ngx_household_state_claims(state);
    if (claims == NULL) {
        return 0;
    }

    src.data = plain;
    src.len = json_dumpb(claims, (char *) plain, sizeof(plain), JSON_COMPACT);

    json_decref(claims);

    if (src.len == 0 || src.len > sizeof(plain)
        || RAND_bytes(iv, NGX_HOUSEHOLD_STATE_IV) != 1)
    {
        return 0;
    }

    n = ngx_household_state_cipher(key, iv, &src, sealed_text, 1);
    if (n < 0) {
        return 0;
    }

    sealed.iv = iv;
    sealed.text = sealed_text;
    sealed.len = n;

    if (ngx_household_state_tag(key, &sealed, tag) != NGX_OK) {
        return 0;
    }

    p = ngx_cpymem(text, ngx_household_state_header.data,
                   ngx_household_state_header.len);
    *p++ = '.';
    *p++ = '.';
    p = ngx_household_base64url_encode(p, iv, sizeof(iv));
    *p++ = '.';
    p = ngx_household_base64url_encode(p, sealed.text, sealed.len);
    *p++ = '.';
    p = ngx_household_base64url_encode(p, tag, sizeof(tag));

    return p - text;
}


ngx_int_t
ngx_household_state_verify(const u_char *key, const ngx_str_t *text,
    const ngx_str_t *account, int64_t now)
{
    u_char      plain[ngx_household_base64url_size(NGX_HOUSEHOLD_STATE_LEN)];
    ngx_str_t   claims;

    claims.data = plain;

    if (text->len > NGX_HOUSEHOLD_STATE_LEN
        || ngx_household_state_open(key, text, &claims) != NGX_OK
        || !ngx_household_state_is_for(&claims, account, now))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static json_t *
ngx_household_state_claims(const ngx_household_state_t *state)
{
    json_t  *claims;

    claims = json_pack("{s:I, s:I}", "iat", (json_int_t) state->issued_at,
                       "exp", (json_int_t) state->expires);

    if (claims == NULL) {
        return NULL;
    }

    if (ngx_household_state_claim(claims, "sub", &state->account) != NGX_OK
        || ngx_household_state_claim(claims, "pseudonym", &state->pseudonym)
           != NGX_OK
        || ngx_household_state_claim(claims, "device", &state->device)
           != NGX_OK
        || ngx_household_state_claim(claims, "address", &state->address)
           != NGX_OK
        || ngx_household_state_claim(claims, "reason", &state->reason)
           != NGX_OK)
    {
        json_decref(claims);
        return NULL;
    }

    return claims;
}


static ngx_int_t
ngx_household_state_claim(json_t *claims, const char *name,
    const ngx_str_t *value)
{
    json_t  *string;

    if (value->len == 0) {
        return NGX_OK;
    }

    /* fails for text that is not UTF-8, which JSON cannot have */

    string = json_stringn((char *) value->data, value->len);
    if (string == NULL) {
        return NGX_OK;
    }

    return json_object_set_new(claims, name, string) == 0 ? NGX_OK : NGX_ERROR;
}


/* AES-128-CBC with the padding of PKCS #7; returns the length, or -1 */

static int
ngx_household_state_cipher(const u_char *key, const u_char *iv,
    const ngx_str_t *src, u_char *dst, int encrypt)
{
    int              len, last;
    EVP_CIPHER_CTX  *ctx;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return -1;
    }

    if (EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL,
                          key + NGX_HOUSEHOLD_STATE_KEY / 2, iv, encrypt)
        != 1
        || EVP_CipherUpdate(ctx, dst, &len, src->data, src->len) != 1
        || EVP_CipherFinal_ex(ctx, dst + len, &last) != 1)
    {
        len = -1;

    } else {
        len += last;
    }

    EVP_CIPHER_CTX_free(ctx);

    return len;
}


/* RFC 7518, 5.2.2.1: of the header, the IV, the text and the header's length */

static ngx_int_t
ngx_household_state_tag(const u_char *key,
    const ngx_household_state_sealed_t *sealed, u_char *tag)
{
    u_char       *p, mac[EVP_MAX_MD_SIZE];
    u_char        data[2 * NGX_HOUSEHOLD_STATE_LEN];
    uint64_t      bits;
    ngx_uint_t    i;
    unsigned int  n;

    p = ngx_cpymem(data, ngx_household_state_header.data,
                   ngx_household_state_header.len);
    p = ngx_cpymem(p, sealed->iv, NGX_HOUSEHOLD_STATE_IV);
    p = ngx_cpymem(p, sealed->text, sealed->len);

    bits = 8 * ngx_household_state_header.len;

    for (i = 0; i < 8; i++) {
        *p++ = (u_char) (bits >> (56 - 8 * i));
    }

    if (HMAC(EVP_sha256(), key, NGX_HOUSEHOLD_STATE_KEY / 2, data, p - data,
             mac, &n)
        == NULL)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(tag, mac, NGX_HOUSEHOLD_STATE_TAG);

    return NGX_OK;
}


static ngx_int_t
ngx_household_state_split(const ngx_str_t *text, ngx_str_t *parts)
{
    u_char      *p, *last, *dot;
    ngx_uint_t   i;

    p = text->data;
    last = text->data + text->len;

    for (i = 0; i < NGX_HOUSEHOLD_STATE_PARTS; i++) {

        dot = ngx_strlchr(p, last, '.');

        if ((dot == NULL) != (i == NGX_HOUSEHOLD_STATE_PARTS - 1)) {
            return NGX_DECLINED;
        }

        parts[i].data = p;
        parts[i].len = (dot == NULL ? last : dot) - p;

        p += parts[i].len + 1;
    }

    return NGX_OK;
}


/* verifies the tag, and decrypts the claims to claims->data */

static ngx_int_t
ngx_household_state_open(const u_char *key, const ngx_str_t *text,
    ngx_str_t *claims)
{
    int                            n;
    u_char                         tag[NGX_HOUSEHOLD_STATE_TAG];
    u_char                         raw[3]
              [ngx_household_base64url_size(NGX_HOUSEHOLD_STATE_LEN)];
    ngx_str_t                      parts[NGX_HOUSEHOLD_STATE_PARTS], data[3];
    ngx_uint_t                     i;
    ngx_household_state_sealed_t   sealed;

    if (ngx_household_state_split(text, parts) != NGX_OK
        || !ngx_household_str_equal(&parts[0], &ngx_household_state_header)
        || parts[1].len != 0)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < 3; i++) {
        data[i].data = raw[i];

        if (ngx_household_base64url_decode(&data[i], &parts[i + 2]) != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    if (data[0].len != NGX_HOUSEHOLD_STATE_IV
        || data[2].len != NGX_HOUSEHOLD_STATE_TAG)
    {
        return NGX_DECLINED;
    }

    sealed.iv = data[0].data;
    sealed.text = data[1].data;
    sealed.len = data[1].len;

    if (ngx_household_state_tag(key, &sealed, tag) != NGX_OK
        || CRYPTO_memcmp(tag, data[2].data, NGX_HOUSEHOLD_STATE_TAG) != 0)
    {
        return NGX_DECLINED;
    }

    n = ngx_household_state_cipher(key, sealed.iv, &data[1], claims->data, 0);
    if (n < 0) {
        return NGX_DECLINED;
    }

    claims->len = n;

    return NGX_OK;
}


static ngx_uint_t
ngx_household_state_is_for(const ngx_str_t *claims, const ngx_str_t *account,
    int64_t now)
{
    json_t      *object;
    int64_t      expires;
    ngx_str_t    sub;
    ngx_uint_t   is;

    object = ngx_household_json_parse(claims, NULL);
    if (object == NULL) {
        return 0;
    }

    is = ngx_household_json_time(object, "exp", 0, &expires) == NGX_OK
         && expires > now
         && ngx_household_json_string(object, "sub", &sub) == NGX_OK
         && ngx_household_str_equal(&sub, account);

    json_decref(object);

    return is;
}
