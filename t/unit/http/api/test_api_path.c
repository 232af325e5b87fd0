
/*
 * Unit of ngx_http_household_api_path.c: the arguments of a query.  Paths are
 * those of the fuzz target.
 *
 * Links: ngx_http_household_api_path.c, ngx_household_id.c,
 * and of nginx src/core/ngx_string.c.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_pool_test.h"
#include "ngx_http_household_api_path.h"


static const char *const  names[] = { "address", "at", NULL };
static const char *const  none[] = { NULL };


static ngx_uint_t
query(const char *text, const char *const *known)
{
    u_char      *copy;
    ngx_str_t    args;
    ngx_uint_t   good;

    /* of exactly that size, for AddressSanitizer */
    args.len = strlen(text);
    copy = malloc(args.len ? args.len : 1);
    assert_non_null(copy);
    memcpy(copy, text, args.len);
    args.data = copy;

    good = ngx_http_household_api_path_query(&args, known);
    free(copy);

    return good;
}


static void
path_query(void **state)
{
    ngx_str_t  args = ngx_null_string;

    assert_true(ngx_http_household_api_path_query(&args, none));
    assert_true(query("", names));
    assert_true(query("&", names));
    assert_true(query("address=192.0.2.1", names));
    assert_true(query("address=", names));
    assert_true(query("at=a=b&address=", names));
    assert_true(query("&at=1&&ADDRESS=2&", names));

    assert_false(query("address", names));
    assert_false(query("at=1&address", names));
    assert_false(query("=1", names));
    assert_false(query("a=1", names));
    assert_false(query("at2=1", names));
    assert_false(query("ad%64ress=1", names));
    assert_false(query(" at=1", names));
    assert_false(query("at=1&at=1", names));
    assert_false(query("at=1&address=2&AT=1", names));
    assert_false(query("at=1", none));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(path_query)
    };

    return cmocka_run_group_tests_name("api_path", tests, NULL, NULL);
}
