
/*
 * Units of the verifier of tokens when memory is short: each allocation of
 * the libraries fails in its turn, alone or with all after it.  A forged token
 * is never accepted, and a good one is accepted as it is or refused, no more.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include "ngx_household_jwt_test.h"


/* how many allocations still succeed, negative: all; whether one alone fails */

static long  left = -1;
static int   alone;


static int
fails(void)
{
    if (left < 0) {
        return 0;
    }

    if (left > 0) {
        left--;
        return 0;
    }

    if (alone) {
        left = -1;
    }

    errno = ENOMEM;

    return 1;
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


/* an id that jansson needs more than one allocation for */

#define ACCOUNT  "an-account-with-an-id-of-more-than-64-characters-" \
                 "0123456789abcdefghijklmnopqrstuvwxyz"


static void
short_of_memory(void **state)
{
    char                     header[64];
    long                     n, accepted, refused;
    ngx_str_t                fine, bad;
    ngx_uint_t               i, kind;
    ngx_household_reason_e   reason;

    static const char  payload[] = "{\"sub\":\"" ACCOUNT "\"," EXP "}";

    static const struct {
        const char  *alg;
        int          good;
        int          evil;
    } kinds[] = {
        { "RS256", A_RSA, EVIL_RSA }, { "PS256", A_RSA, EVIL_RSA },
        { "ES256", A_P256, EVIL_P256 }, { "HS256", A_HS, EVIL_HS }
    };

    for (i = 0; i < 2 * mint_count(kinds); i++) {
        kind = i / 2;
        alone = i % 2;

        sprintf(header, "{\"alg\":\"%s\"}", kinds[kind].alg);

        fine = sign(buf, kinds[kind].good, kinds[kind].alg, header, payload);
        bad = sign(forged_buf, kinds[kind].evil, kinds[kind].alg, header,
                   payload);

        accepted = 0;
        refused = 0;

        for (n = 0; n < 1000 && accepted < 20; n++) {

            left = n;
            reason = ngx_household_jwt_verify(&plain, &bad, &bad, &no_uri, NOW,
                                              &claims);
            left = -1;
            assert_int_not_equal(reason, NONE);
            assert_int_equal(claims.account_len, 0);

            errno = 0;
            left = n;
            reason = ngx_household_jwt_verify(&plain, &fine, &fine, &no_uri,
                                              NOW, &claims);
            left = -1;

            if (reason == NONE) {
                assert_int_equal(claims.account_len, sizeof(ACCOUNT) - 1);
                assert_memory_equal(claims.account, ACCOUNT,
                                    sizeof(ACCOUNT) - 1);
                accepted++;

            } else {
                /* a caller can tell that the token is not to blame */
                assert_int_equal(errno, ENOMEM);
                assert_int_equal(claims.account_len, 0);
                refused++;
            }
        }

        assert_true(accepted > 0);
        assert_true(refused > 10);
        assert_int_equal(verify(&plain, &fine), NONE);
    }
}


/* what is parsed is what the text says, or nothing */

static void
json_of_no_memory(void **state)
{
    char        error[NGX_HOUSEHOLD_JSON_ERROR];
    long        n, parsed;
    json_t     *json, *whole;
    ngx_str_t   text;

    text = mint_str("{\"" ACCOUNT "\":[\"" ACCOUNT "\",1,2.5],"
                    "\"n\":1000000000000000000,\"m\":{\"" ACCOUNT ACCOUNT
                    "\":0.1000000000000000055511151231257827,\"o\":\"\"}}");

    left = -1;
    whole = ngx_household_json_parse(&text, NULL);
    assert_non_null(whole);

    for (alone = 0; alone < 2; alone++) {

        parsed = 0;

        for (n = 0; n < 1000 && parsed < 20; n++) {
            left = n;
            json = ngx_household_json_parse(&text, error);
            left = -1;

            if (json == NULL) {
                assert_int_equal(errno, ENOMEM);
                assert_string_equal(error, "no memory");
                continue;
            }

            assert_true(json_equal(json, whole));
            json_decref(json);
            parsed++;
        }

        assert_int_equal(parsed, 20);
    }

    json_decref(whole);

    /* any other error is none of memory, whatever was before */

    errno = ENOMEM;
    text = mint_str("{\"a\":");
    assert_null(ngx_household_json_parse(&text, NULL));
    assert_int_not_equal(errno, ENOMEM);

    errno = ENOMEM;
    text = mint_str("[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]");
    assert_null(ngx_household_json_parse(&text, NULL));
    assert_int_not_equal(errno, ENOMEM);

    errno = ENOMEM;
    text = mint_str("[]");
    assert_null(ngx_household_json_parse(&text, NULL));
    assert_int_not_equal(errno, ENOMEM);
}


/* all keys of a set or none: the tokens of a key left out would be rejected */

static void
keys_of_no_memory(void **state)
{
    char                   text[8192], error[NGX_HOUSEHOLD_JWKS_ERROR], *p;
    long                   n, parsed;
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    p = put(text + sprintf(text, "{\"keys\":["), A_HS, "\"kid\":\"4\"");
    p = put(p, A_RSA, "\"kid\":\"1\"");
    p = put(p, A_P256, "\"kid\":\"2\"");
    p = put(p, A_ED, "\"kid\":\"3\"");
    strcpy(p - 1, "]}");
    s = mint_str(text);

    for (alone = 0; alone < 2; alone++) {

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
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(short_of_memory),
        cmocka_unit_test(json_of_no_memory),
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
