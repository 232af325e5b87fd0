
/*
 * Units of the verifier against tokens of other implementations, which are
 * minted for every run by t/tools/mint-tokens.pl.
 */


#include "ngx_household_jwt_test.h"


#define MINT  "perl t/tools/mint-tokens.pl"


/* "name", JWKS, token; returns the number of lines */

static int
each_line(void (*handler)(char *name, char *set, char *text))
{
    int    n;
    char  *line, *set, *text;
    FILE  *f;
    size_t size;

    f = popen(MINT, "r");
    assert_non_null(f);

    n = 0;
    size = 0;
    line = NULL;

    while (getline(&line, &size, f) > 0) {
        line[strcspn(line, "\n")] = '\0';

        set = strchr(line, '\t');
        assert_non_null(set);
        *set++ = '\0';

        if (strcmp(line, "skip") == 0) {
            print_message("# %s\n", set);
            n = 0;
            break;
        }

        text = strchr(set, '\t');
        assert_non_null(text);
        *text++ = '\0';

        handler(line, set, text);
        n++;
    }

    free(line);
    assert_int_equal(pclose(f), 0);

    return n;
}


static void
check(char *name, char *set, char *text)
{
    char                        *s;
    ngx_str_t                    s_token;
    ngx_household_jwt_issuer_t   issuer;
    ngx_household_jwt_policy_t   policy;

    ngx_memzero(&issuer, sizeof(issuer));
    set_policy(&policy, &issuer, 1);
    issuer.jwks = jwks(set);

    s_token = mint_str(text);
    expect(name, verify(&policy, &s_token), NONE);
    assert_int_equal(claims.account_len, 7);
    assert_memory_equal(claims.account, "foreign", 7);
    assert_int_equal(claims.device_len, 2);
    assert_int_equal(claims.issued_at, 1700000000);
    assert_int_equal(claims.until, 4102444800LL + LEEWAY);

    /* another payload under the same signature */

    strcpy(buf, text);
    s = strchr(buf, '.') + 12;
    *s = *s == 'A' ? 'B' : 'A';
    s_token = mint_str(buf);
    assert_int_not_equal(verify(&policy, &s_token), NONE);

    /* and not with the keys of this run */

    s_token = mint_str(text);
    assert_int_not_equal(verify(&plain, &s_token), NONE);

    ngx_household_jwks_destroy(issuer.jwks);
}


static void
foreign(void **state)
{
    int  n;

    n = each_line(check);

    if (n == 0) {
        skip();
    }

    print_message("# %d tokens\n", n);
    assert_true(n >= 13);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(foreign)
    };

    return cmocka_run_group_tests_name("token foreign", tests, setup,
                                       teardown);
}
