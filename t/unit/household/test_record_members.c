
/*
 * Unit of src/household/ngx_household_record_members.c: ids of the members.
 */


#include "ngx_household_record_test.h"


/* all of them: a caller has as much memory as they need */

static void
test_record_members(void **state)
{
    char                     name[64];
    u_char                   text[NGX_HOUSEHOLD_RECORD_DEVICES
                                  * NGX_HOUSEHOLD_UUID_LEN];
    ngx_str_t                ids[NGX_HOUSEHOLD_RECORD_DEVICES];
    ngx_uint_t               i, n;
    ngx_household_record_t  *rec;

    for (n = 0; n <= NGX_HOUSEHOLD_RECORD_DEVICES; n += 32) {

        ngx_household_record_builder_start(&builder, TEST_NOW);

        for (i = 0; i < n; i++) {
            (void) sprintf(name, i % 3 ? "member:%lu"
                           : "member:00000000-0000-0000-0000-%012lu",
                           (unsigned long) i);
            test_field(name, "1700000000");
        }

        rec = test_finish();

        assert_int_equal(ngx_household_record_members(rec, NULL, NULL), n);
        assert_int_equal(ngx_household_record_members(rec, ids, text), n);

        for (i = 0; i < n; i++) {
            (void) sprintf(name, i % 3 ? "%lu"
                           : "00000000-0000-0000-0000-%012lu",
                           (unsigned long) i);
            assert_int_equal(ids[i].len, strlen(name));
            assert_memory_equal(ids[i].data, name, ids[i].len);
        }

        free(rec);
    }

    /* others are none */

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("device:tv", "1700000000");
    test_field("travel:tv", "1700000000");
    test_field("member:tv", "1700000000");
    rec = test_finish();

    assert_int_equal(ngx_household_record_members(rec, ids, text), 1);

    free(rec);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_record_members),
    };

    return cmocka_run_group_tests_name("ngx_household_record_members", tests,
                                       NULL, NULL);
}
