
/*
 * Parsing of COSE_Sign1 and COSE_Mac0, and writing of the latter.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_chain.h"
#include "ngx_household_cose.h"


#define NGX_HOUSEHOLD_COSE_TAG_MAC0   17
#define NGX_HOUSEHOLD_COSE_TAG_SIGN1  18
#define NGX_HOUSEHOLD_COSE_TAG_CWT    61

/* header parameters: RFC 9052, 3.1; RFC 9596 */
#define NGX_HOUSEHOLD_COSE_ALG         1
#define NGX_HOUSEHOLD_COSE_CRIT        2
#define NGX_HOUSEHOLD_COSE_KID         4
#define NGX_HOUSEHOLD_COSE_TYP        16

/* "application/cwt" as a CoAP content format (RFC 8392, 9.3) */
#define NGX_HOUSEHOLD_COSE_CWT        61

/* bytes of the longest beginning of what is signed, with "Signature1" */
#define NGX_HOUSEHOLD_COSE_CONTEXT    12

/* bytes of a protected header, and of all that is not counted in a message */
#define NGX_HOUSEHOLD_COSE_PROTECTED 320
#define NGX_HOUSEHOLD_COSE_REST       64


typedef struct {
    int64_t      number;               /* RFC 9053, 2 and 3; RFC 9864 */
    const char  *name;                 /* in JOSE */
    ngx_uint_t   bits;
    ngx_uint_t   mac;                  /* unsigned  mac:1; */
} ngx_household_cose_alg_t;


/* both headers, and what is nested in the message */

typedef struct {
    ngx_household_cbor_t               outer;
    ngx_household_cbor_t               inner;
    const ngx_household_cbor_item_t   *unprotected;
    const ngx_household_cbor_item_t   *protected;
} ngx_household_cose_headers_t;


static ngx_int_t ngx_household_cose_open(ngx_household_cose_headers_t *h,
    ngx_str_t *data, uint64_t *tag, const ngx_household_cbor_item_t *parts[4]);
static ngx_int_t ngx_household_cose_protected(ngx_household_cose_headers_t *h,
    ngx_str_t *text);
static const ngx_household_cbor_item_t *ngx_household_cose_header(
    const ngx_household_cose_headers_t *h, int64_t label);
static ngx_int_t ngx_household_cose_key(ngx_household_cose_t *m,
    const ngx_household_cose_headers_t *h);
static ngx_int_t ngx_household_cose_renewed(ngx_household_cose_t *m,
    const ngx_household_cose_headers_t *h);
static const ngx_household_cose_alg_t *ngx_household_cose_alg(
    const ngx_household_cose_headers_t *h);
static const ngx_household_cose_alg_t *ngx_household_cose_find(
    int64_t number);
static u_char *ngx_household_cose_signed(u_char *p,
    const ngx_str_t *protected, const ngx_str_t *payload);
static u_char *ngx_household_cose_context(u_char *buf, ngx_uint_t mac);
static ngx_int_t ngx_household_cose_write_protected(
    const ngx_household_jwk_t *jwk, uint64_t first, const ngx_str_t *type,
    ngx_str_t *protected);
static u_char *ngx_household_cose_write_string(u_char *p, ngx_uint_t major,
    const ngx_str_t *s);


/* "the key decides": a key allows at most what its curve and size imply */

static const ngx_household_cose_alg_t  ngx_household_cose_algs[] = {
    {   5, "HS256", NGX_HOUSEHOLD_JWS_HS256, 1 },
    {   6, "HS384", NGX_HOUSEHOLD_JWS_HS384, 1 },
    {   7, "HS512", NGX_HOUSEHOLD_JWS_HS512, 1 },
    {  -7, "ES256", NGX_HOUSEHOLD_JWS_ES256, 0 },
    {  -9, "ES256", NGX_HOUSEHOLD_JWS_ES256, 0 },
    { -35, "ES384", NGX_HOUSEHOLD_JWS_ES384, 0 },
    { -51, "ES384", NGX_HOUSEHOLD_JWS_ES384, 0 },
    { -36, "ES512", NGX_HOUSEHOLD_JWS_ES512, 0 },
    { -52, "ES512", NGX_HOUSEHOLD_JWS_ES512, 0 },
    { -37, "PS256", NGX_HOUSEHOLD_JWS_PS256, 0 },
    { -38, "PS384", NGX_HOUSEHOLD_JWS_PS384, 0 },
    { -39, "PS512", NGX_HOUSEHOLD_JWS_PS512, 0 },
    {  -8, "EdDSA", NGX_HOUSEHOLD_JWS_EDDSA, 0 },
    { -19, "Ed25519", NGX_HOUSEHOLD_JWS_ED25519, 0 },
    { -53, "Ed448", NGX_HOUSEHOLD_JWS_ED448, 0 },
    {   0, NULL, 0, 0 }
};


ngx_household_reason_e
ngx_household_cose_parse(ngx_household_cose_t *m, ngx_str_t *data,
    u_char *buf)
{
    u_char                           *last;
    uint64_t                          tag;
    ngx_str_t                         protected;
    ngx_household_cose_headers_t      h;
    const ngx_household_cose_alg_t   *alg;
    const ngx_household_cbor_item_t  *parts[4];

    ngx_memzero(m, sizeof(ngx_household_cose_t));

    if (ngx_household_cose_open(&h, data, &tag, parts) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    m->payload = parts[2]->value.text;
    m->signature = parts[3]->value.text;

    /* the protected header is copied before parsing may change it */

    protected = parts[0]->value.text;
    last = ngx_household_cose_signed(buf + NGX_HOUSEHOLD_COSE_CONTEXT,
                                     &protected, &m->payload);

    if (ngx_household_cose_protected(&h, &protected) != NGX_OK
        || ngx_household_cose_key(m, &h) != NGX_OK
        || ngx_household_cose_renewed(m, &h) != NGX_OK)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    alg = ngx_household_cose_alg(&h);

    if (alg == NULL
        || (tag == NGX_HOUSEHOLD_COSE_TAG_MAC0 && !alg->mac)
        || (tag == NGX_HOUSEHOLD_COSE_TAG_SIGN1 && alg->mac))
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM;
    }

    m->algorithm = alg->bits;

    m->input.data = ngx_household_cose_context(buf, alg->mac);
    m->input.len = last - m->input.data;

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* the tags, and the four parts of the message */

static ngx_int_t
ngx_household_cose_open(ngx_household_cose_headers_t *h, ngx_str_t *data,
    uint64_t *tag, const ngx_household_cbor_item_t *parts[4])
{
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *item;

    if (ngx_household_cbor_parse(&h->outer, data, NGX_HOUSEHOLD_COSE_ITEMS)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    item = h->outer.items;
    *tag = 0;

    if (item->type == NGX_HOUSEHOLD_CBOR_TAG) {

        if (item->value.number == NGX_HOUSEHOLD_COSE_TAG_CWT) {
            item++;

            /* RFC 8392, 6: a COSE tag follows */

            if (item->type != NGX_HOUSEHOLD_CBOR_TAG) {
                return NGX_DECLINED;
            }
        }

        if (item->value.number != NGX_HOUSEHOLD_COSE_TAG_MAC0
            && item->value.number != NGX_HOUSEHOLD_COSE_TAG_SIGN1)
        {
            return NGX_DECLINED;
        }

        *tag = item->value.number;
        item++;
    }

    if (item->type != NGX_HOUSEHOLD_CBOR_ARRAY || item->count != 4) {
        return NGX_DECLINED;
    }

    item = ngx_household_cbor_first(item);

    for (i = 0; i < 4; i++) {
        parts[i] = item;

        if (item->type != (i == 1 ? NGX_HOUSEHOLD_CBOR_MAP
                                  : NGX_HOUSEHOLD_CBOR_BYTES))
        {
            return NGX_DECLINED;
        }

        item = ngx_household_cbor_next(&h->outer, item);
    }

    h->unprotected = parts[1];

    return NGX_OK;
}


/* RFC 9052, 3: no label occurs in both headers */

static ngx_int_t
ngx_household_cose_protected(ngx_household_cose_headers_t *h, ngx_str_t *text)
{
    int64_t                           label;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *key, *other;

    if (text->len == 0) {

        /* no header parameters, and so no algorithm */

        h->inner.items[0].type = NGX_HOUSEHOLD_CBOR_MAP;
        h->inner.items[0].count = 0;

    } else if (ngx_household_cbor_parse(&h->inner, text,
                                        NGX_HOUSEHOLD_COSE_ITEMS)
               != NGX_OK
               || h->inner.items[0].type != NGX_HOUSEHOLD_CBOR_MAP)
    {
        return NGX_DECLINED;
    }

    h->protected = h->inner.items;
    key = ngx_household_cbor_first(h->protected);

    for (i = 0; i < h->protected->count; i++) {

        if (ngx_household_cbor_int(key, &label) == NGX_OK) {
            other = ngx_household_cbor_find(&h->outer, h->unprotected, label);

        } else if (key->type == NGX_HOUSEHOLD_CBOR_TEXT) {
            other = ngx_household_cbor_find_text(&h->outer, h->unprotected,
                                                 &key->value.text);

        } else {
            return NGX_DECLINED;
        }

        if (other != NULL) {
            return NGX_DECLINED;
        }

        key = ngx_household_cbor_next(&h->inner, key + 1);
    }

    return NGX_OK;
}


static const ngx_household_cbor_item_t *
ngx_household_cose_header(const ngx_household_cose_headers_t *h,
    int64_t label)
{
    const ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_find(&h->inner, h->protected, label);

    if (item != NULL) {
        return item;
    }

    return ngx_household_cbor_find(&h->outer, h->unprotected, label);
}


/*
 * Of the other header parameters, only "kid" and "typ" are used.  Keys,
 * certificates and URLs of them in a header are ignored.
 */

static ngx_int_t
ngx_household_cose_key(ngx_household_cose_t *m,
    const ngx_household_cose_headers_t *h)
{
    const ngx_household_cbor_item_t  *item;

    /* no extension is supported, and an empty list is not allowed */

    if (ngx_household_cose_header(h, NGX_HOUSEHOLD_COSE_CRIT) != NULL) {
        return NGX_DECLINED;
    }

    item = ngx_household_cose_header(h, NGX_HOUSEHOLD_COSE_KID);

    if (item != NULL) {

        if (item->type != NGX_HOUSEHOLD_CBOR_BYTES) {
            return NGX_DECLINED;
        }

        m->kid = item->value.text;
    }

    item = ngx_household_cose_header(h, NGX_HOUSEHOLD_COSE_TYP);

    if (item == NULL) {
        return NGX_OK;
    }

    switch (item->type) {

    case NGX_HOUSEHOLD_CBOR_TEXT:
        m->type = item->value.text;
        return NGX_OK;

    case NGX_HOUSEHOLD_CBOR_UINT:

        if (item->value.number == NGX_HOUSEHOLD_COSE_CWT) {
            ngx_str_set(&m->type, "application/cwt");
        }

        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


/* what is not protected may be of anyone */

static ngx_int_t
ngx_household_cose_renewed(ngx_household_cose_t *m,
    const ngx_household_cose_headers_t *h)
{
    ngx_str_t                         name;
    const ngx_household_cbor_item_t  *item;

    ngx_str_set(&name, NGX_HOUSEHOLD_CHAIN_PARAM);

    if (ngx_household_cbor_find_text(&h->outer, h->unprotected, &name)
        != NULL)
    {
        return NGX_DECLINED;
    }

    item = ngx_household_cbor_find_text(&h->inner, h->protected, &name);

    if (item == NULL) {
        return NGX_OK;
    }

    m->renewed = 1;

    return item->type == NGX_HOUSEHOLD_CBOR_TEXT
           && ngx_household_chain_read_key(&item->value.text, &m->first)
              == NGX_OK
           ? NGX_OK : NGX_DECLINED;
}


static const ngx_household_cose_alg_t *
ngx_household_cose_alg(const ngx_household_cose_headers_t *h)
{
    int64_t                           value;
    const ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_find(&h->inner, h->protected,
                                   NGX_HOUSEHOLD_COSE_ALG);

    if (item == NULL || ngx_household_cbor_int(item, &value) != NGX_OK) {
        return NULL;
    }

    return ngx_household_cose_find(value);
}


static const ngx_household_cose_alg_t *
ngx_household_cose_find(int64_t number)
{
    const ngx_household_cose_alg_t  *alg;

    for (alg = ngx_household_cose_algs; alg->name != NULL; alg++) {
        if (alg->number == number) {
            return alg;
        }
    }

    return NULL;
}


const char *
ngx_household_cose_algorithm(int64_t number)
{
    const ngx_household_cose_alg_t  *alg;

    alg = ngx_household_cose_find(number);

    return alg != NULL ? alg->name : NULL;
}


/*
 * RFC 9052, 4.4 and 6.3: the context, the protected header, no external data,
 * and the payload.  Writes all but the context; returns the end.
 */

static u_char *
ngx_household_cose_signed(u_char *p, const ngx_str_t *protected,
    const ngx_str_t *payload)
{
    p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_BYTES,
                                        protected);

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_BYTES, 0);

    return ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_BYTES,
                                           payload);
}


/* writes the context before that; returns the beginning */

static u_char *
ngx_household_cose_context(u_char *buf, ngx_uint_t mac)
{
    size_t       len;
    u_char      *p;
    const char  *text;

    text = mac ? "MAC0" : "Signature1";
    len = ngx_strlen(text);

    buf += NGX_HOUSEHOLD_COSE_CONTEXT - 2 - len;

    p = ngx_household_cbor_head(buf, NGX_HOUSEHOLD_CBOR_ARRAY, 4);
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_TEXT, len);
    ngx_memcpy(p, text, len);

    return buf;
}


ngx_int_t
ngx_household_cose_write(const ngx_household_jwk_t *jwk, uint64_t first,
    const ngx_str_t *type, const ngx_str_t *payload, ngx_str_t *dst,
    size_t size, u_char *buf)
{
    u_char     *p, *last;
    u_char      bytes[NGX_HOUSEHOLD_COSE_PROTECTED], mac[EVP_MAX_MD_SIZE];
    ngx_str_t   protected, input, tag;

    protected.data = bytes;

    if (ngx_household_cose_write_protected(jwk, first, type, &protected)
        != NGX_OK
        || protected.len + jwk->kid.len + payload->len + sizeof(mac)
           + NGX_HOUSEHOLD_COSE_REST > size)
    {
        return NGX_DECLINED;
    }

    last = ngx_household_cose_signed(buf + NGX_HOUSEHOLD_COSE_CONTEXT,
                                     &protected, payload);

    input.data = ngx_household_cose_context(buf, 1);
    input.len = last - input.data;
    tag.data = mac;

    if (ngx_household_jws_sign(&jwk->key, &input, &tag) != NGX_OK) {
        return NGX_ERROR;
    }

    p = dst->data;

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_TAG,
                                NGX_HOUSEHOLD_COSE_TAG_CWT);
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_TAG,
                                NGX_HOUSEHOLD_COSE_TAG_MAC0);
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_ARRAY, 4);

    p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_BYTES,
                                        &protected);

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_MAP, jwk->kid.len != 0);

    if (jwk->kid.len != 0) {
        p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT,
                                    NGX_HOUSEHOLD_COSE_KID);
        p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_BYTES,
                                            &jwk->kid);
    }

    p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_BYTES, payload);
    p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_BYTES, &tag);

    dst->len = p - dst->data;

    return NGX_OK;
}


/* protected->data has ..._PROTECTED bytes; NGX_DECLINED if that is too few */

static ngx_int_t
ngx_household_cose_write_protected(const ngx_household_jwk_t *jwk,
    uint64_t first, const ngx_str_t *type, ngx_str_t *protected)
{
    char                             text[NGX_HOUSEHOLD_CHAIN_ID_LEN + 1];
    u_char                          *p;
    ngx_str_t                        name, id;
    const char                      *signs_with;
    const ngx_household_cose_alg_t  *alg;

    if (type->len > NGX_HOUSEHOLD_COSE_PROTECTED - NGX_HOUSEHOLD_COSE_REST) {
        return NGX_DECLINED;
    }

    signs_with = ngx_household_jws_signs_with(&jwk->key);

    /* a secret: one of the first three */

    for (alg = ngx_household_cose_algs;
         ngx_strcmp(alg->name, signs_with) != 0;
         alg++)
    {
        /* void */
    }

    p = ngx_household_cbor_head(protected->data, NGX_HOUSEHOLD_CBOR_MAP,
                                type->len != 0 ? 3 : 2);

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT,
                                NGX_HOUSEHOLD_COSE_ALG);
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT, alg->number);

    if (type->len != 0) {
        p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT,
                                    NGX_HOUSEHOLD_COSE_TYP);
        p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_TEXT, type);
    }

    ngx_str_set(&name, NGX_HOUSEHOLD_CHAIN_PARAM);
    p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_TEXT, &name);

    ngx_household_chain_write_key(first, text);

    id.data = (u_char *) text;
    id.len = NGX_HOUSEHOLD_CHAIN_ID_LEN;
    p = ngx_household_cose_write_string(p, NGX_HOUSEHOLD_CBOR_TEXT, &id);

    protected->len = p - protected->data;

    return NGX_OK;
}


static u_char *
ngx_household_cose_write_string(u_char *p, ngx_uint_t major,
    const ngx_str_t *s)
{
    p = ngx_household_cbor_head(p, major, s->len);

    return ngx_cpymem(p, s->data, s->len);
}
