
/*
 * Units of src/household/ngx_household_record_append.c: the limits.
 */


#include "ngx_household_record_test.h"


static void
test_record_limits(void **state)
{
    ngx_str_t                seat;
    ngx_household_record_t  *rec;

    /* exactly at the limit; what is malformed does not count */

    test_many_networks(NGX_HOUSEHOLD_RECORD_NETWORKS);
    rec = test_finish();
    assert_int_equal(builder.networks, NGX_HOUSEHOLD_RECORD_NETWORKS);
    assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW),
                     NGX_HOUSEHOLD_RECORD_NETWORKS / 2);
    assert_string_equal(test_place(rec, "10.0.254.1", 0, NULL),
                        "10.0.254.0/24");
    assert_string_equal(test_place(rec, "10.0.255.1", 1, &seat),
                        "10.0.255.0/24");
    free(rec);

    test_home("10.1.0.0/16");
    assert_null(ngx_household_record_builder_finish(&builder));
    test_field("country", "FR");
    test_field("device:tv", "1");
    assert_null(ngx_household_record_builder_finish(&builder));

    test_many_networks(NGX_HOUSEHOLD_RECORD_NETWORKS);
    test_field("extra:kid:10.1.0.0/16", "0");
    assert_null(ngx_household_record_builder_finish(&builder));

    /* a limit of devices is not one of networks */

    test_many_devices(NGX_HOUSEHOLD_RECORD_DEVICES);
    test_home("10.1.0.0/16");
    rec = test_finish();
    assert_int_equal(builder.devices, NGX_HOUSEHOLD_RECORD_DEVICES);
    assert_string_equal(test_device(rec, "d254"), "1700000000");
    assert_true(test_travel(rec, "d255", 0));
    free(rec);

    test_field("travel:*", "1700000001");
    assert_null(ngx_household_record_builder_finish(&builder));

    test_many_devices(NGX_HOUSEHOLD_RECORD_DEVICES);
    test_field("device:d256", "1700000000");
    assert_null(ngx_household_record_builder_finish(&builder));

    /* the next account starts anew */

    ngx_household_record_builder_start(&builder, TEST_NOW);
    assert_non_null(ngx_household_record_builder_finish(&builder));
}


/* what has ended counts towards no limit, whenever it comes */

static void
test_record_ended(void **state)
{
    char                     name[64];
    ngx_str_t                seat;
    ngx_uint_t               i, n;
    ngx_household_record_t  *rec;

    static const struct {
        const char  *name;             /* of a number */
        const char  *ended;
        const char  *lasting;
    } cases[] = {
        { "extra:s%u:10.1.%u.0/24", "1700000000", "1700000001" },
        { "extra:s%u-%u:learn", "1700000000", "1700000001" },
        { "travel:t%u", "1700000000", "1700000001" },
        { "device:d%u", "1665439999", "1665440000" },
        { "learn:10.2.%u.0/24", "1@1697580799", "1@1697580800" },
    };

    for (i = 0; i < test_count(cases); i++) {

        /* a thousand of them, before and between and after others */

        ngx_household_record_builder_start(&builder, TEST_NOW);

        for (n = 0; n < 1000; n++) {
            sprintf(name, cases[i].name, (unsigned) n % 256,
                    (unsigned) n % 256);
            test_field(name, cases[i].ended);

            if (n % 10 == 9) {
                sprintf(name, "extra:paid:192.0.2.%u", (unsigned) n / 10);
                test_field(name, "0");
                sprintf(name, "device:tv%u", (unsigned) n / 10);
                test_field(name, "1700000000");
            }
        }

        test_home("82.64.10.7");
        rec = test_finish();

        assert_int_equal(rec->malformed, 0);
        assert_string_equal(test_place(rec, "82.64.10.7", 0, NULL),
                            "82.64.10.7/32");

        for (n = 0; n < 100; n++) {
            sprintf(name, "192.0.2.%u", (unsigned) n);
            assert_string_not_equal(test_place(rec, name, 1, &seat), "");
            sprintf(name, "tv%u", (unsigned) n);
            assert_string_equal(test_device(rec, name), "1700000000");
        }

        free(rec);

        /* but one that lasts does count */

        test_many_networks(NGX_HOUSEHOLD_RECORD_NETWORKS);
        rec = &builder.u.record;

        for (n = 0; n < NGX_HOUSEHOLD_RECORD_DEVICES; n++) {
            sprintf(name, "member:m%u", (unsigned) n);
            test_field(name, "1");
        }

        assert_non_null(ngx_household_record_builder_finish(&builder));

        sprintf(name, cases[i].name, 0, 0);
        test_field(name, cases[i].ended);
        assert_non_null(ngx_household_record_builder_finish(&builder));
        test_field(name, cases[i].lasting);
        assert_null(ngx_household_record_builder_finish(&builder));
    }
}


static void
test_record_ended_bytes(void **state)
{
    char        name[512];
    ngx_uint_t  i;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    ngx_memset(name, 'i', sizeof(name));
    ngx_memcpy(name, "travel:", 7);

    for (i = 0; i < 200; i++) {
        name[7] = (char) i;
        test_field_n(name, 7 + 128, "1700000000", 10);
    }

    ngx_memcpy(name, "device:", 7);

    /* 118 of 138 bytes */

    for (i = 0; i < 118; i++) {
        name[7] = (char) i;
        test_field_n(name, 7 + 128, "1700000000", 10);
        assert_non_null(ngx_household_record_builder_finish(&builder));
    }

    assert_int_equal(builder.devices, 118);

    test_field_n(name, 7 + 128, "1700000000", 10);
    assert_null(ngx_household_record_builder_finish(&builder));
}


static void
test_record_bytes(void **state)
{
    char        name[512], value[512];
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        ngx_household_record_builder_start(&builder, TEST_NOW);

        /* 61 of the longest: 1 + 129 + 8 + 129 bytes */

        ngx_memset(name, 'i', sizeof(name));
        ngx_memcpy(name, "device:", 7);
        ngx_memset(value, 's', sizeof(value));
        ngx_memcpy(value, "1699999999@", 11);

        while (builder.devices < 61) {
            name[7] = (char) ('0' + builder.devices);
            test_field_n(name, 7 + 128, value, 11 + 128);
        }

        assert_int_equal(builder.u.record.size,
                         sizeof(ngx_household_record_t) + 61 * 267);
        assert_int_equal(NGX_HOUSEHOLD_RECORD_SIZE - builder.u.record.size,
                         69);

        /* and 1 + 1 + id + 8 */

        name[7] = '!';
        test_field_n(name, 7 + 59 + i, "1700000000", 10);

        if (i == 0) {
            assert_int_equal(builder.u.record.size,
                             NGX_HOUSEHOLD_RECORD_SIZE);
            free(test_finish());

        } else {
            assert_null(ngx_household_record_builder_finish(&builder));
        }
    }

    test_home("82.64.10.7");
    assert_null(ngx_household_record_builder_finish(&builder));
}


/*
 * The bytes of a record with one entry of each kind.  If this fails, records
 * in state files are of another layout: change NGX_HOUSEHOLD_RECORD_LAYOUT.
 */

static void
test_record_layout(void **state)
{
    size_t                   i;
    uint64_t                 hash;
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_home("192.0.2.1");
    test_home("2001:db8::/56");
    test_field("extra:s1:192.0.2.2", "0");
    test_field("extra:s2:learn", "1800000000");
    test_field("device:" TEST_UUID, "1699999999");
    test_field("device:tv", "1699999998@s1");
    test_field("travel:*", "1800000001");
    test_field("member:phone", "1600000000");
    test_field("learn:192.0.2.3", "3@1699999997");
    test_field("country", "FR");
    test_field("seats", "2");
    test_field("revoked_before", "1500000000");
    test_field("outside_since", "1699999996");

    rec = test_finish();

    /* FNV-1a */

    hash = 0xcbf29ce484222325ULL;

    for (i = 0; i < rec->size; i++) {
        hash = (hash ^ ((u_char *) rec)[i]) * 0x100000001b3ULL;
    }

    assert_int_equal(rec->malformed, 0);

#if (NGX_HAVE_LITTLE_ENDIAN)
    assert_int_equal(NGX_HOUSEHOLD_RECORD_LAYOUT, 1);
    assert_int_equal(rec->size, 0xa2);
    assert_true(hash == 0x27709c92f16a5736ULL);
#endif

    free(rec);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_record_limits),
        cmocka_unit_test(test_record_ended),
        cmocka_unit_test(test_record_ended_bytes),
        cmocka_unit_test(test_record_bytes),
        cmocka_unit_test(test_record_layout),
    };

    return cmocka_run_group_tests_name("ngx_household_record_append", tests,
                                       NULL, NULL);
}
