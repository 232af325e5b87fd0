
/*
 * Unit of ngx_http_household_api_plan_edit.c, ngx_http_household_api_index.c
 * and ngx_household_account_field.c: what is found among thousands is what a
 * search from the first to the last one finds.
 *
 * Links: ngx_http_household_api_plan_edit.c, ngx_http_household_api_index.c,
 * ngx_household_account_field.c, ngx_household_network.c,
 * ngx_household_addr_parse.c, ngx_household_time.c,
 * and of nginx src/core/ngx_array.c, ngx_murmurhash.c, ngx_string.c.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_pool_test.h"
#include "ngx_household_account_op.h"
#include "ngx_household_str.h"
#include "ngx_http_household_api_plan_case.h"


#define TEST_NAMES  700
#define TEST_EDITS  3000


static ngx_pool_t                     pool;
static char                           texts[TEST_NAMES][32];
static ngx_str_t                      names[TEST_NAMES];
static ngx_household_account_edit_t   model[TEST_EDITS];
static ngx_household_account_field_t  fields[TEST_NAMES];
static ngx_str_t                      homes[TEST_NAMES];


/* the random numbers of a test are the same each time */

static uint32_t
below(uint32_t n)
{
    static uint32_t  state = 1;

    state = state * 1664525 + 1013904223;

    return (state >> 8) % n;
}


static ngx_household_account_edit_t *
search(ngx_household_account_edit_t *edits, ngx_uint_t n, ngx_str_t *name,
    ngx_household_account_edit_e one, ngx_household_account_edit_e other)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if ((edits[i].type == one || edits[i].type == other)
            && ngx_household_str_equal(&edits[i].name, name))
        {
            return &edits[i];
        }
    }

    return NULL;
}


static void
make_names(void)
{
    ngx_uint_t  i;

    for (i = 0; i < TEST_NAMES; i++) {
        names[i].len = (size_t) sprintf(texts[i], "name:%lu",
                                        (unsigned long) i);
        names[i].data = (u_char *) texts[i];
    }
}


static void
plan_init(ngx_http_household_api_plan_t *plan,
    ngx_household_account_t *account)
{
    ngx_memzero(plan, sizeof(ngx_http_household_api_plan_t));

    plan->pool = &pool;
    plan->account = account;

    assert_int_equal(ngx_array_init(&plan->edits, &pool, 4,
                                    sizeof(ngx_household_account_edit_t)),
                     NGX_OK);
}


/* with memory for all, and with memory for less and less of the index */

static void
plan_edits(void **state)
{
    ngx_str_t                       value, *name;
    ngx_uint_t                      i, n, k, round;
    ngx_household_account_t         account;
    ngx_household_account_edit_t   *edit;
    ngx_household_account_edit_e    type, undone;
    ngx_http_household_api_plan_t   plan;

    static const ngx_household_account_edit_e  opposite[] = {
        [NGX_HOUSEHOLD_ACCOUNT_ADD] = NGX_HOUSEHOLD_ACCOUNT_REMOVE,
        [NGX_HOUSEHOLD_ACCOUNT_REMOVE] = NGX_HOUSEHOLD_ACCOUNT_REMOVE,
        [NGX_HOUSEHOLD_ACCOUNT_SET] = NGX_HOUSEHOLD_ACCOUNT_UNSET,
        [NGX_HOUSEHOLD_ACCOUNT_UNSET] = NGX_HOUSEHOLD_ACCOUNT_UNSET
    };

    make_names();
    ngx_memzero(&account, sizeof(account));

    for (round = 0; round < 12; round++) {

        pool_start();
        test_pool_left = 20 - round;

        plan_init(&plan, &account);
        n = 0;

        for (i = 0; i < TEST_EDITS; i++) {

            type = (ngx_household_account_edit_e) below(4);
            undone = opposite[type];
            name = &names[below(round % 2 ? 20 : TEST_NAMES)];
            value = names[below(TEST_NAMES)];

            if (ngx_http_household_api_plan_add(&plan, type, name, &value)
                != NGX_OK)
            {
                /* no memory for the edit itself */
                break;
            }

            edit = search(model, n, name, type, undone);

            if (edit == NULL) {
                edit = &model[n++];
            }

            edit->type = type;
            edit->name = *name;
            edit->value = value;

            if (type != NGX_HOUSEHOLD_ACCOUNT_SET) {
                ngx_str_null(&edit->value);
            }
        }

        assert_int_equal(plan.edits.nelts, n);
        edit = plan.edits.elts;

        for (i = 0; i < n; i++) {
            assert_int_equal(edit[i].type, model[i].type);
            assert_true(ngx_household_str_equal(&edit[i].name,
                                                &model[i].name));
            assert_true(ngx_household_str_equal(&edit[i].value,
                                                &model[i].value));
        }

        for (i = 0; i < TEST_NAMES; i++) {
            for (k = 0; k < 2; k++) {
                type = k ? NGX_HOUSEHOLD_ACCOUNT_ADD
                         : NGX_HOUSEHOLD_ACCOUNT_SET;
                assert_ptr_equal(ngx_http_household_api_plan_find(&plan,
                                       &names[i], type, opposite[type]),
                                 search(edit, n, &names[i], type,
                                        opposite[type]));
            }
        }

        pool_end(NULL);
    }
}


static void
plan_homes(void **state)
{
    char                           text[64];
    ngx_str_t                      network;
    ngx_uint_t                     i, n, found, has, hits;
    ngx_household_account_t        account;
    ngx_http_household_api_plan_t  plan;

    static const char  *forms[] = {
        "10.0.0.%u", "10.0.0.%u/32", "10.0.%u.7/24", "2001:db8:0:%x::/64",
        "2001:DB8::%x:0:0:0:1", "2001:db8:0:%x::1/64", "::ffff:10.0.0.%u",
        "10.0.0.%u/33", "no network %u", "::ffff:10.0.%u.0/120"
    };

    ngx_memzero(&account, sizeof(account));
    account.homes = homes;

    for (n = 0; n < TEST_NAMES; n = n * 2 + 1) {

        pool_start();

        for (i = 0; i < n; i++) {
            homes[i].len = (size_t) sprintf(texts[i], forms[below(10)],
                                            below(200));
            homes[i].data = (u_char *) texts[i];
        }

        account.nhomes = n;
        hits = 0;

        /* no memory for the index: the answers are the same */

        test_pool_left = 1 + below(2);

        plan_init(&plan, &account);

        for (i = 0; i < 2000; i++) {
            network.len = (size_t) sprintf(text, forms[below(10)],
                                           below(200));
            network.data = (u_char *) text;

            for (found = 0; found < n; found++) {
                if (ngx_http_household_api_plan_same(&homes[found],
                                                     &network))
                {
                    break;
                }
            }

            has = ngx_http_household_api_plan_has(&plan, &network);

            assert_int_equal(has, found < n);
            hits += has;
        }

        assert_true(n < 16 || (hits > 0 && hits < 2000));

        pool_end(NULL);
    }
}


static void
account_fields(void **state)
{
    ngx_str_t                       name;
    ngx_uint_t                      i, n, from;
    ngx_household_account_t         account;
    ngx_household_account_field_t  *field;

    make_names();

    ngx_memzero(&account, sizeof(account));
    account.fields = fields;

    for (n = 0; n < 100; n++) {

        /* each other name, with an empty one and one that ends in a zero */

        for (i = 0; i < n; i++) {
            fields[i].name = names[i * 2];
            fields[i].name.len -= (i == 3) ? fields[i].name.len : 0;
            fields[i].name.len += (i == 5);
        }

        account.nfields = n;
        qsort(fields, n, sizeof(ngx_household_account_field_t),
              ngx_household_account_compare);

        for (i = 0; i < 210; i++) {
            name = names[i];
            name.len = below(4) ? name.len : below((uint32_t) name.len + 1);

            for (from = 0; from < n; from++) {
                if (ngx_household_account_compare(&fields[from], &name) >= 0) {
                    break;
                }
            }

            assert_int_equal(ngx_household_account_from(&account, &name),
                             from);

            field = ngx_household_account_field(&account, &name);

            if (from < n
                && ngx_household_str_equal(&fields[from].name, &name))
            {
                assert_ptr_equal(field, &fields[from]);

            } else {
                assert_null(field);
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_teardown(plan_edits, pool_end),
        cmocka_unit_test_teardown(plan_homes, pool_end),
        cmocka_unit_test(account_fields),
    };

    return cmocka_run_group_tests_name("ngx_http_household_api_plan", tests,
                                       NULL, NULL);
}
