
/*
 * Fuzz target of key sets.  What parses holds keys that are whole, and none
 * of them verifies a signature of zeros; what does not says why in one line.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/err.h>
#include "ngx_household_jwks.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_key(const ngx_household_jwk_t *jwk)
{
    size_t      len;
    u_char      zeros[1024];
    ngx_str_t   input, signature;
    ngx_uint_t  bit;

    CHECK(jwk->key.algorithms != 0);
    CHECK(jwk->kid.len <= NGX_HOUSEHOLD_JWKS_KID_LEN);
    CHECK((jwk->kid.len == 0) == (jwk->kid.data == NULL));
    CHECK((jwk->key.pkey == NULL) != (jwk->key.secret.data == NULL));

    if (jwk->key.pkey == NULL) {
        CHECK(jwk->key.secret.len >= 32);

    } else if (EVP_PKEY_is_a(jwk->key.pkey, "RSA")) {
        CHECK(EVP_PKEY_get_bits(jwk->key.pkey) >= 2048);
    }

    ngx_memzero(zeros, sizeof(zeros));
    ngx_str_set(&input, "input");
    signature.data = zeros;

    for (bit = 1; bit <= NGX_HOUSEHOLD_JWS_EDDSA; bit <<= 1) {
        for (len = 0; len <= 256; len += 2) {
            signature.len = len;

            CHECK(ngx_household_jws_check(&jwk->key, bit, &input, &signature)
                  != NGX_OK);
        }
    }
}


static void
skip(void *data, const char *text)
{
    const char  *p;

    CHECK(text[0] != '\0' && strlen(text) < NGX_HOUSEHOLD_JWKS_ERROR);

    for (p = text; *p != '\0'; p++) {
        CHECK(*p >= 0x20 && *p <= 0x7e);
    }

    (*(ngx_uint_t *) data)++;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                  *p, error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t              text;
    ngx_uint_t             i, skipped;
    ngx_household_jwks_t  *jwks;

    text.data = (u_char *) data;
    text.len = size;

    skipped = 0;
    memset(error, 1, sizeof(error));

    jwks = ngx_household_jwks_parse(&text, skip, &skipped, error);

    CHECK(ERR_peek_error() == 0);

    if (jwks == NULL) {
        CHECK(memchr(error, '\0', sizeof(error)) != NULL);
        CHECK(error[0] != '\0');

        for (p = error; *p != '\0'; p++) {
            CHECK(*p >= 0x20 && *p <= 0x7e);
        }

        return 0;
    }

    CHECK(jwks->nkeys > 0);
    CHECK(jwks->nkeys + skipped <= NGX_HOUSEHOLD_JWKS_KEYS);

    for (i = 0; i < jwks->nkeys; i++) {
        check_key(&jwks->keys[i]);
    }

    ngx_household_jwks_destroy(jwks);

    return 0;
}
