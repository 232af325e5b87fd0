
/*
 * Validation of the public keys of Edwards curves.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/bn.h>
#include "ngx_household_edwards.h"


/* a x^2 + y^2 = 1 + d x^2 y^2 modulo p (RFC 8032, 5.1 and 5.2) */

typedef struct {
    size_t        size;                /* bytes of an encoded point */
    ngx_uint_t    doublings;           /* the cofactor is 2^doublings */
    int           a;
    const char   *p;
    const char   *d;
} ngx_household_edwards_curve_t;


/* context of one check; the numbers belong to "ctx" */

typedef struct {
    const ngx_household_edwards_curve_t  *curve;
    BN_CTX                               *ctx;
    BIGNUM                               *p;
    BIGNUM                               *d;
    BIGNUM                               *y;
    BIGNUM                               *yy;     /* y^2 */
    BIGNUM                               *axx;    /* a x^2 */
    BIGNUM                               *num;
    BIGNUM                               *den;
} ngx_household_edwards_t;


static ngx_int_t ngx_household_edwards_init(ngx_household_edwards_t *e,
    const ngx_str_t *key);
static ngx_int_t ngx_household_edwards_on_curve(ngx_household_edwards_t *e);
static ngx_int_t ngx_household_edwards_double(ngx_household_edwards_t *e);
static ngx_int_t ngx_household_edwards_axx(ngx_household_edwards_t *e);


static const ngx_household_edwards_curve_t  ngx_household_edwards_curves[] = {

    { NGX_HOUSEHOLD_ED25519_SIZE, 3, -1,
      "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
      "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3" },

    { NGX_HOUSEHOLD_ED448_SIZE, 2, 1,
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
      "ffffffffffffffffffffffffffffffffffffffffffffffffffff6756" }
};


ngx_int_t
ngx_household_edwards_check(ngx_household_edwards_e curve,
    const ngx_str_t *key)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_household_edwards_t  e;

    e.curve = &ngx_household_edwards_curves[curve];

    if (key->len != e.curve->size) {
        return NGX_DECLINED;
    }

    e.ctx = BN_CTX_new();
    if (e.ctx == NULL) {
        return NGX_ERROR;
    }

    BN_CTX_start(e.ctx);

    rc = ngx_household_edwards_init(&e, key);

    if (rc == NGX_OK) {
        rc = ngx_household_edwards_on_curve(&e);
    }

    /* doubling a point of small order gives the neutral element, y = 1 */

    for (i = 0; rc == NGX_OK && i < e.curve->doublings; i++) {
        rc = ngx_household_edwards_double(&e);
    }

    if (rc == NGX_OK && BN_is_one(e.y)) {
        rc = NGX_DECLINED;
    }

    BN_CTX_end(e.ctx);
    BN_CTX_free(e.ctx);

    return rc;
}


static ngx_int_t
ngx_household_edwards_init(ngx_household_edwards_t *e, const ngx_str_t *key)
{
    u_char  buf[NGX_HOUSEHOLD_ED448_SIZE];

    e->p = BN_CTX_get(e->ctx);
    e->d = BN_CTX_get(e->ctx);
    e->y = BN_CTX_get(e->ctx);
    e->yy = BN_CTX_get(e->ctx);
    e->axx = BN_CTX_get(e->ctx);
    e->num = BN_CTX_get(e->ctx);
    e->den = BN_CTX_get(e->ctx);

    /* the last bit is the sign of x */

    ngx_memcpy(buf, key->data, key->len);
    buf[key->len - 1] &= 0x7f;

    if (e->den == NULL
        || BN_hex2bn(&e->p, e->curve->p) == 0
        || BN_hex2bn(&e->d, e->curve->d) == 0
        || BN_lebin2bn(buf, (int) key->len, e->y) == NULL)
    {
        return NGX_ERROR;
    }

    return BN_cmp(e->y, e->p) < 0 ? NGX_OK : NGX_DECLINED;
}


/* checks that x^2 = (1 - y^2) / (a - d y^2) is a square */

static ngx_int_t
ngx_household_edwards_on_curve(ngx_household_edwards_t *e)
{
    if (ngx_household_edwards_axx(e) != NGX_OK) {
        return NGX_ERROR;
    }

    /* the quotient is a square if and only if the product is one */

    if (BN_mod_mul(e->num, e->num, e->den, e->p, e->ctx) == 0) {
        return NGX_ERROR;
    }

    switch (BN_kronecker(e->num, e->p, e->ctx)) {

    case 0:
    case 1:
        return NGX_OK;

    case -1:
        return NGX_DECLINED;

    default:
        return NGX_ERROR;
    }
}


/* y = (y^2 - a x^2) / (2 - y^2 - a x^2); the divisor is never 0 */

static ngx_int_t
ngx_household_edwards_double(ngx_household_edwards_t *e)
{
    if (ngx_household_edwards_axx(e) != NGX_OK
        || BN_mod_sub(e->num, e->yy, e->axx, e->p, e->ctx) == 0
        || BN_set_word(e->den, 2) == 0
        || BN_mod_sub(e->den, e->den, e->yy, e->p, e->ctx) == 0
        || BN_mod_sub(e->den, e->den, e->axx, e->p, e->ctx) == 0
        || BN_mod_inverse(e->den, e->den, e->p, e->ctx) == NULL
        || BN_mod_mul(e->y, e->num, e->den, e->p, e->ctx) == 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* computes y^2, x^2 as num / den, and a x^2 from y */

static ngx_int_t
ngx_household_edwards_axx(ngx_household_edwards_t *e)
{
    if (BN_mod_sqr(e->yy, e->y, e->p, e->ctx) == 0
        || BN_one(e->num) == 0
        || BN_mod_sub(e->num, e->num, e->yy, e->p, e->ctx) == 0
        || BN_mod_mul(e->den, e->d, e->yy, e->p, e->ctx) == 0
        || BN_one(e->axx) == 0)
    {
        return NGX_ERROR;
    }

    BN_set_negative(e->axx, e->curve->a < 0);

    if (BN_mod_sub(e->den, e->axx, e->den, e->p, e->ctx) == 0
        || BN_mod_inverse(e->axx, e->den, e->p, e->ctx) == NULL
        || BN_mod_mul(e->axx, e->num, e->axx, e->p, e->ctx) == 0)
    {
        return NGX_ERROR;
    }

    if (e->curve->a < 0
        && BN_mod_sub(e->axx, e->p, e->axx, e->p, e->ctx) == 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
