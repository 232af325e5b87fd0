
/*
 * Units of src/household/ngx_household_record_seen.c: later times of devices.
 */


#include "ngx_household_record_test.h"


static const struct {
    const char  *value;
    const char  *later;
    const char  *both;
    ngx_uint_t   malformed;
} cases[] = {
    { "5", "7", "7", 0 },
    { "7", "5", "7", 0 },
    { "5", "5", "5", 0 },
    { "5@s1", "7", "5@s1", 0 },
    { "5", "7@s1", "5", 0 },
    { "5@s1", "7@s2", "5@s1", 0 },
    { "5@s1", "7@s1", "7@s1", 0 },
    { "5:6@s1", "9@s1:4", "5:9@s1", 0 },
    { "5:6@s1:7@s2:8@s3", "10:11@s1:12@s2:13@s3", "10:11@s1:12@s2:13@s3", 0 },
    { "5", "1:2@a:3@b:4@c:6@d", "5", 1 },
    { "5", "", "5", 1 },
    { "5", "x", "5", 1 },
    { "5", "7:", "5", 1 },
    { "5", "07", "5", 1 },
    { "5", "4102444800", "5", 1 },
    { "5", "4102444799", "4102444799", 0 }
};

static const char  *ids[] = { "tv", TEST_UUID, TEST_UUID3 };


static void
test_seen(const char *device, const char *value)
{
    ngx_str_t  name, later;

    name = test_str(device);
    later = test_str(value);

    ngx_household_record_builder_add_seen(&builder, &name, &later);
}


static void
test_record_seen(void **state)
{
    char                     name[64];
    ngx_uint_t               i, k;
    ngx_household_record_t  *rec;

    for (i = 0; i < test_count(cases); i++) {
        for (k = 0; k < test_count(ids); k++) {

            ngx_household_record_builder_start(&builder, TEST_NOW);

            sprintf(name, "device:%s", ids[k]);
            test_field("device:before", "1");
            test_field("member:tv", "1");
            test_field("travel:tv", "1");
            test_field(name, cases[i].value);
            test_field("device:" TEST_UUID2, "2");
            test_field("device:tv2", "3");

            test_seen(ids[k], cases[i].later);

            rec = test_finish();

            assert_string_equal(test_device(rec, ids[k]), cases[i].both);
            assert_string_equal(test_device(rec, "before"), "1");
            assert_string_equal(test_device(rec, TEST_UUID2), "2");
            assert_string_equal(test_device(rec, "tv2"), "3");
            assert_int_equal(rec->malformed, cases[i].malformed);
            free(rec);
        }
    }
}


/* no device and no place is added, whatever its name */

static void
test_record_seen_unknown(void **state)
{
    u_char                   id[256];
    ngx_str_t                name, later;
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("device:tv", "5");
    test_seen("pc", "9");
    test_seen(TEST_UUID, "9");
    rec = test_finish();

    assert_string_equal(test_device(rec, "pc"), "");
    assert_string_equal(test_device(rec, TEST_UUID), "");
    assert_int_equal(builder.devices, 1);
    assert_int_equal(rec->malformed, 0);
    free(rec);

    test_seen("", "9");

    ngx_memset(id, 'i', sizeof(id));
    name.data = id;
    name.len = 129;
    later = test_str("9");
    ngx_household_record_builder_add_seen(&builder, &name, &later);

    rec = test_finish();
    assert_int_equal(rec->malformed, 2);
    free(rec);
}


static void
test_record_later(void **state)
{
    u_char      buf[NGX_HOUSEHOLD_RECORD_SEEN];
    ngx_str_t   value, later;
    ngx_uint_t  i;

    for (i = 0; i < test_count(cases); i++) {
        value = test_str(cases[i].value);
        later = test_str(cases[i].later);

        ngx_household_record_later(&value, &later, buf);

        assert_int_equal(value.len, strlen(cases[i].both));
        assert_memory_equal(value.data, cases[i].both, value.len);
    }

    value = test_str("x:5");
    later = test_str("7");
    ngx_household_record_later(&value, &later, buf);
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.data, "x:5", 3);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_record_seen),
        cmocka_unit_test(test_record_seen_unknown),
        cmocka_unit_test(test_record_later),
    };

    return cmocka_run_group_tests_name("ngx_household_record_seen", tests,
                                       NULL, NULL);
}
