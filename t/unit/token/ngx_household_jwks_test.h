
/*
 * What the units of key sets share.
 */


#ifndef _NGX_HOUSEHOLD_JWKS_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_JWKS_TEST_H_INCLUDED_


#include "ngx_household_jwk.h"
#include "ngx_household_jwks.h"
#include "ngx_household_mint.h"
#include "ngx_household_vectors.h"
#include <openssl/err.h>


static mint_key_t  rsa, rsa2, small, p256, p384, p521, ed, ed448, hs32,
                   hs48, hs64;

static char        error[NGX_HOUSEHOLD_JWKS_ERROR];

/* what was skipped: each with its reason, a line each */
static char        skips[65536];
static ngx_uint_t  nskips;

static char        text[300000];


static ngx_inline int
setup(void **state)
{
    rsa = mint_key("RSA", 2048);
    rsa2 = mint_key("RSA", 2048);
    small = mint_key("RSA", 2040);
    p256 = mint_key("P-256", 0);
    p384 = mint_key("P-384", 0);
    p521 = mint_key("P-521", 0);
    ed = mint_key("ED25519", 0);
    ed448 = mint_key("ED448", 0);
    hs32 = mint_key("oct", 32);
    hs48 = mint_key("oct", 48);
    hs64 = mint_key("oct", 64);

    return 0;
}


static ngx_inline int
teardown(void **state)
{
    mint_free(&rsa);
    mint_free(&rsa2);
    mint_free(&small);
    mint_free(&p256);
    mint_free(&p384);
    mint_free(&p521);
    mint_free(&ed);
    mint_free(&ed448);

    return 0;
}


static ngx_inline void
skip_key(void *data, const char *why)
{
    const char  *p;

    assert_ptr_equal(data, error);
    assert_true(strlen(why) < NGX_HOUSEHOLD_JWKS_ERROR);

    for (p = why; *p != '\0'; p++) {
        assert_in_range(*p, 0x20, 0x7e);
    }

    strcat(skips, why);
    strcat(skips, "\n");
    nskips++;
}


static ngx_inline ngx_household_jwks_t *
parse(const char *set)
{
    char                  *p;
    ngx_str_t              s;
    ngx_household_jwks_t  *jwks;

    strcpy(error, "untouched");
    skips[0] = '\0';
    nskips = 0;

    s = mint_str(set);
    jwks = ngx_household_jwks_parse(&s, skip_key, error, error);

    assert_int_equal(ERR_peek_error(), 0);

    if (jwks == NULL) {
        for (p = error; *p != '\0'; p++) {
            assert_in_range(*p, 0x20, 0x7e);
        }

    } else {
        assert_true(jwks->nkeys > 0);
    }

    return jwks;
}


/* a set of one key and further members */

static ngx_inline ngx_household_jwks_t *
parse_key(const mint_key_t *key, const char *more)
{
    char  *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, key, more);
    strcpy(p, "]}");

    return parse(text);
}


static ngx_inline void
expect_algorithms(const mint_key_t *key, const char *more, ngx_uint_t bits)
{
    ngx_household_jwks_t  *jwks;

    jwks = parse_key(key, more);

    if (jwks == NULL) {
        fail_msg("%s: %s", more, error);
    }

    assert_int_equal(jwks->nkeys, 1);
    assert_int_equal(nskips, 0);
    assert_int_equal(jwks->keys[0].key.algorithms, bits);

    ngx_household_jwks_destroy(jwks);
}


static ngx_inline void
expect_words(const char *words)
{
    if (strstr(error, words) == NULL && strstr(skips, words) == NULL) {
        fail_msg("\"%s\" and \"%s\" say no \"%s\"", error, skips, words);
    }
}


static ngx_inline void
expect_error(const char *set, const char *words)
{
    ngx_household_jwks_t  *jwks;

    jwks = parse(set);

    if (jwks != NULL) {
        ngx_household_jwks_destroy(jwks);
        fail_msg("parsed: %.200s", set);
    }

    expect_words(words);
}


static ngx_inline void
expect_key_error(const mint_key_t *key, const char *more, const char *words)
{
    ngx_household_jwks_t  *jwks;

    jwks = parse_key(key, more);

    if (jwks != NULL) {
        ngx_household_jwks_destroy(jwks);
        fail_msg("parsed: %s", more);
    }

    expect_words(words);
}


#endif /* _NGX_HOUSEHOLD_JWKS_TEST_H_INCLUDED_ */
