
/*
 * Parsing of COSE_Sign1 and COSE_Mac0.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_cose.h"
#include "ngx_household_jws.h"


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

/* major types: RFC 8949, 3.1 */
#define NGX_HOUSEHOLD_COSE_BYTES       2
#define NGX_HOUSEHOLD_COSE_TEXT        3
#define NGX_HOUSEHOLD_COSE_ARRAY       4

/* bytes of the longest beginning of what is signed, with "Signature1" */
#define NGX_HOUSEHOLD_COSE_CONTEXT    12


typedef struct {
    int64_t      alg;                  /* RFC 9053, 2 and 3; RFC 9864 */
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
static const ngx_household_cose_alg_t *ngx_household_cose_alg(
    const ngx_household_cose_headers_t *h);
static u_char *ngx_household_cose_signed(u_char *p,
    const ngx_str_t *protected, const ngx_str_t *payload);
static u_char *ngx_household_cose_context(u_char *buf, ngx_uint_t mac);


/* "the key decides": a key allows at most what its curve and size imply */

static const ngx_household_cose_alg_t  ngx_household_cose_algs[] = {
    {   5, NGX_HOUSEHOLD_JWS_HS256, 1 },
    {   6, NGX_HOUSEHOLD_JWS_HS384, 1 },
    {   7, NGX_HOUSEHOLD_JWS_HS512, 1 },
    {  -7, NGX_HOUSEHOLD_JWS_ES256, 0 },
    {  -9, NGX_HOUSEHOLD_JWS_ES256, 0 },
    { -35, NGX_HOUSEHOLD_JWS_ES384, 0 },
    { -51, NGX_HOUSEHOLD_JWS_ES384, 0 },
    { -36, NGX_HOUSEHOLD_JWS_ES512, 0 },
    { -52, NGX_HOUSEHOLD_JWS_ES512, 0 },
    { -37, NGX_HOUSEHOLD_JWS_PS256, 0 },
    { -38, NGX_HOUSEHOLD_JWS_PS384, 0 },
    { -39, NGX_HOUSEHOLD_JWS_PS512, 0 },
    {  -8, NGX_HOUSEHOLD_JWS_EDDSA, 0 },
    { -19, NGX_HOUSEHOLD_JWS_ED25519, 0 },
    { -53, NGX_HOUSEHOLD_JWS_ED448, 0 },
    {   0, 0, 0 }
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
        || ngx_household_cose_key(m, &h) != NGX_OK)
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


static const ngx_household_cose_alg_t *
ngx_household_cose_alg(const ngx_household_cose_headers_t *h)
{
    int64_t                           value;
    const ngx_household_cbor_item_t  *item;
    const ngx_household_cose_alg_t   *alg;

    item = ngx_household_cbor_find(&h->inner, h->protected,
                                   NGX_HOUSEHOLD_COSE_ALG);

    if (item == NULL || ngx_household_cbor_int(item, &value) != NGX_OK) {
        return NULL;
    }

    for (alg = ngx_household_cose_algs; alg->bits != 0; alg++) {
        if (alg->alg == value) {
            return alg;
        }
    }

    return NULL;
}


/*
 * RFC 9052, 4.4 and 6.3: the context, the protected header, no external data,
 * and the payload.  Writes all but the context; returns the end.
 */

static u_char *
ngx_household_cose_signed(u_char *p, const ngx_str_t *protected,
    const ngx_str_t *payload)
{
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_COSE_BYTES, protected->len);
    p = ngx_cpymem(p, protected->data, protected->len);

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_COSE_BYTES, 0);

    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_COSE_BYTES, payload->len);
    p = ngx_cpymem(p, payload->data, payload->len);

    return p;
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

    p = ngx_household_cbor_head(buf, NGX_HOUSEHOLD_COSE_ARRAY, 4);
    p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_COSE_TEXT, len);
    ngx_memcpy(p, text, len);

    return buf;
}
