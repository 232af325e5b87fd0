
/*
 * Units of the verifier of tokens when memory is short: each allocation of
 * the libraries fails in its turn.  A forged token is never accepted, and a
 * good one is accepted or refused, no more.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include "ngx_household_jwt_test.h"


/* how many allocations still succeed; negative: all */

static long  left = -1;


static int
fails(void)
{
    if (left < 0) {
        return 0;
    }

    if (left == 0) {
        return 1;
    }

    left--;

    return 0;
}


static void *
json_alloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}


static void *
crypto_alloc(size_t size, const char *file, int line)
{
    return fails() ? NULL : malloc(size);
}


static void *
crypto_realloc(void *p, size_t size, const char *file, int line)
{
    return fails() ? NULL : realloc(p, size);
}


static void
crypto_free(void *p, const char *file, int line)
{
    free(p);
}


static void
short_of_memory(void **state)
{
    char                     header[64];
    long                     n, accepted, refused;
    ngx_str_t                fine, bad;
    ngx_uint_t               i;
    ngx_household_reason_e   reason;

    static const struct {
        const char  *alg;
        int          good;
        int          evil;
    } kinds[] = {
        { "RS256", A_RSA, EVIL_RSA }, { "PS256", A_RSA, EVIL_RSA },
        { "ES256", A_P256, EVIL_P256 }, { "HS256", A_HS, EVIL_HS }
    };

    for (i = 0; i < mint_count(kinds); i++) {
        sprintf(header, "{\"alg\":\"%s\"}", kinds[i].alg);

        fine = sign(buf, kinds[i].good, kinds[i].alg, header, GOOD);
        bad = sign(forged_buf, kinds[i].evil, kinds[i].alg, header, GOOD);

        accepted = 0;
        refused = 0;

        for (n = 0; n < 1000 && accepted < 20; n++) {

            left = n;
            reason = ngx_household_jwt_verify(&plain, &bad, &bad, &no_uri, NOW,
                                              &claims);
            left = -1;
            assert_int_not_equal(reason, NONE);
            assert_int_equal(claims.account_len, 0);

            left = n;
            reason = ngx_household_jwt_verify(&plain, &fine, &fine, &no_uri,
                                              NOW, &claims);
            left = -1;

            if (reason == NONE) {
                assert_int_equal(claims.account_len, 5);
                accepted++;

            } else {
                assert_int_equal(claims.account_len, 0);
                refused++;
            }
        }

        assert_true(accepted > 0);
        assert_true(refused > 10);
        assert_int_equal(verify(&plain, &fine), NONE);
    }
}


static void
keys_of_no_memory(void **state)
{
    char                   text[8192], error[NGX_HOUSEHOLD_JWKS_ERROR], *p;
    long                   n, parsed;
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    p = put(text + sprintf(text, "{\"keys\":["), A_RSA, "\"kid\":\"1\"");
    p = put(p, A_P256, "\"kid\":\"2\"");
    p = put(p, A_ED, "\"kid\":\"3\"");
    p = put(p, A_HS, "\"kid\":\"4\"");
    strcpy(p - 1, "]}");
    s = mint_str(text);

    parsed = 0;

    for (n = 0; n < 5000 && parsed < 20; n += 1 + n / 50) {
        error[0] = '\0';

        left = n;
        set = ngx_household_jwks_parse(&s, NULL, NULL, error);
        left = -1;

        if (set == NULL) {
            assert_int_not_equal(error[0], '\0');
            parsed = 0;
            continue;
        }

        assert_int_equal(set->nkeys, 4);
        ngx_household_jwks_destroy(set);
        parsed++;
    }

    assert_int_equal(parsed, 20);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(short_of_memory),
        cmocka_unit_test(keys_of_no_memory)
    };

    /* before OpenSSL allocates anything */

    if (CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free)
        != 1)
    {
        return 1;
    }

    json_set_alloc_funcs(json_alloc, free);

    return cmocka_run_group_tests_name("token memory", tests, setup,
                                       teardown);
}
