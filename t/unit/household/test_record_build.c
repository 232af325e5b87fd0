
/*
 * Units of ngx_household_record_build.c: the builder.
 */


#include "ngx_household_record_test.h"
#include "ngx_household_record_entry.h"


#define TEST_RANDOM  20000
#define TEST_HEADER  28


static void
test_record_size(void **state)
{
    ngx_household_record_t  *rec;

    /* nothing but padding stands between the last member and the entries */

    assert_int_equal(sizeof(ngx_household_record_t), TEST_HEADER);
    assert_int_equal(offsetof(ngx_household_record_t, exists), 26);

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_home("2a01:e0a:1f3:9c00::/56");
    test_home("2a02:a000:1::1");
    test_field("device:" TEST_UUID, "1699990000");
    test_field("device:" TEST_UUID2, "1699990000");
    test_field("device:" TEST_UUID3, "1699990000");

    rec = test_finish();
    assert_int_equal(rec->size, TEST_HEADER + 2 * 18 + 3 * 25);
    assert_in_range(rec->size, 0, 150);
    free(rec);

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_home("82.64.10.7");

    rec = test_finish();
    assert_int_equal(rec->size, TEST_HEADER + 6);
    free(rec);
}


static void
test_record_empty(void **state)
{
    ngx_str_t                id;
    ngx_household_record_t  *rec;

    ngx_memset(&builder, 0xa5, sizeof(builder));
    ngx_household_record_builder_start(&builder, TEST_NOW);

    rec = test_finish();

    assert_int_equal(rec->size, sizeof(ngx_household_record_t));
    assert_int_equal(rec->exists, 0);
    assert_int_equal(rec->inet, 0);
    assert_int_equal(rec->inet6, 0);
    assert_int_equal(rec->malformed, 0);
    assert_int_equal(rec->seats, NGX_HOUSEHOLD_SEATS_UNKNOWN);
    assert_true(rec->revoked_before == 0);
    assert_true(rec->outside_since == 0);
    assert_memory_equal(rec->country, "\0\0", 2);

    assert_string_equal(test_place(rec, "82.64.10.7", 0, NULL), "");
    assert_string_equal(test_place(rec, "82.64.10.7", 1, &id), "");
    assert_string_equal(test_device(rec, "tv"), "");
    assert_false(test_travel(rec, "tv", TEST_NOW));
    assert_false(test_paid(rec, "kid", TEST_NOW));
    assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW), 0);
    assert_true(ngx_household_record_has_capacity(rec, TEST_NOW));

    free(rec);
}


/* a key was there, whatever was in it */

static void
test_record_exists(void **state)
{
    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("82.64.10.7");
    assert_int_equal(ngx_household_record_builder_finish(&builder)->exists, 1);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    assert_int_equal(ngx_household_record_builder_finish(&builder)->exists, 0);
    test_home("malformed");
    assert_int_equal(ngx_household_record_builder_finish(&builder)->exists, 1);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("seats", "malformed");
    assert_int_equal(ngx_household_record_builder_finish(&builder)->exists, 1);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("unheard_of", "");
    assert_int_equal(ngx_household_record_builder_finish(&builder)->exists, 1);
}


static void
test_record_scalars(void **state)
{
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_field("revoked_before", "1699990000");
    test_field("outside_since", "1699990001");
    test_field("country", "fR");
    test_field("seats", "2");

    rec = ngx_household_record_builder_finish(&builder);

    assert_true(rec->revoked_before == 1699990000);
    assert_true(rec->outside_since == 1699990001);
    assert_memory_equal(rec->country, "FR", 2);
    assert_int_equal(rec->seats, 2);
    assert_int_equal(rec->size, sizeof(ngx_household_record_t));

    /* a malformed one leaves what is there */

    test_field("revoked_before", "12x");
    test_field("outside_since", "-1");
    test_field("country", "D1");
    test_field("seats", "65535");

    assert_true(rec->revoked_before == 1699990000);
    assert_true(rec->outside_since == 1699990001);
    assert_memory_equal(rec->country, "FR", 2);
    assert_int_equal(rec->seats, 2);
    assert_int_equal(rec->malformed, 4);

    test_field("revoked_before", "1");
    test_field("outside_since", "4102444799");
    test_field("country", "az");
    test_field("seats", "0");

    assert_true(rec->revoked_before == 1);
    assert_true(rec->outside_since == 4102444799);
    assert_memory_equal(rec->country, "AZ", 2);
    assert_int_equal(rec->seats, 0);

    test_field("seats", "65534");
    assert_int_equal(rec->seats, 65534);
    test_field("country", "za");
    assert_memory_equal(rec->country, "ZA", 2);
    assert_int_equal(rec->malformed, 4);
}


static void
test_record_numbers(void **state)
{
    ngx_uint_t  i;

    static const char  *good[] = {
        "1", "9", "10", "1699990000", "4102444798", "4102444799",
    };

    static const char  *bad[] = {
        "", "00", "01", "-0", "-1", "+1", " 1", "1 ", "1\n", "1.0", "1e3",
        "0x10", "1_000", "x", "/", ":", "9223372036854775808",
        "9223372036854775810", "9999999999999999999", "18446744073709551616",
        "18446744073709551617", "92233720368547758070",
        "100000000000000000000000000000000000000000000000000",

        /* no plausible time: 2100, in milliseconds, dates */
        "4102444800", "4294967295", "4294967296", "1700000000000",
        "9223372036854775806", "9223372036854775807", "17000000000000000000",
        "2026-11-25", "2026-11-25T10:00:00Z", "20261125100000",
    };

    static const char  *names[] = {
        "revoked_before", "outside_since", "home_since", "device:tv",
        "travel:tv", "extra:kid:192.0.2.1",
    };

    ngx_household_record_builder_start(&builder, TEST_NOW);

    for (i = 0; i < test_count(good) * test_count(names); i++) {
        test_field(names[i % test_count(names)], good[i / test_count(names)]);
        assert_int_equal(builder.u.record.malformed, 0);
    }

    for (i = 0; i < test_count(bad) * test_count(names); i++) {
        ngx_household_record_builder_start(&builder, TEST_NOW);
        test_field(names[i % test_count(names)], bad[i / test_count(names)]);

        assert_int_equal(builder.u.record.malformed, 1);
        assert_int_equal(builder.u.record.size, TEST_HEADER);
        assert_true(builder.u.record.revoked_before == 0);
        assert_true(builder.u.record.outside_since == 0);
        assert_true(builder.u.record.home_since == 0);
    }

    /* 0 is a time only where it means that there is no end */

    for (i = 0; i < test_count(names); i++) {
        ngx_household_record_builder_start(&builder, TEST_NOW);
        test_field(names[i], "0");
        assert_int_equal(builder.u.record.malformed,
                         strncmp(names[i], "extra:", 6) != 0);
    }

    /* a NUL is a byte as any other */

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field_n("revoked_before", 14, "12\0", 3);
    test_field_n("seats", 5, "\0", 1);
    test_field_n("country", 7, "F\0", 2);
    assert_int_equal(builder.u.record.malformed, 3);
}


/* each digit where it may be, and every other byte there */

static void
test_record_digits(void **state)
{
    char        text[16];
    size_t      len, i;
    uint32_t    n;
    ngx_uint_t  byte;

    for (len = 1; len <= 10; len++) {
        n = 0;

        for (i = 0; i < len; i++) {
            text[i] = (char) ('1' + (2 * i + len) % 4);
            n = n * 10 + text[i] - '0';
        }

        ngx_household_record_builder_start(&builder, TEST_NOW);
        test_field_n("revoked_before", 14, text, len);
        assert_int_equal(builder.u.record.malformed, 0);

        if (n != builder.u.record.revoked_before) {
            fail_msg("%.*s is %u", (int) len, text,
                     (unsigned) builder.u.record.revoked_before);
        }

        for (i = 0; i < len; i++) {
            for (byte = 0; byte < 256; byte++) {

                if (byte >= '0' && byte <= '9') {
                    continue;
                }

                text[i] = (char) byte;

                ngx_household_record_builder_start(&builder, TEST_NOW);
                test_field_n("revoked_before", 14, text, len);
                assert_int_equal(builder.u.record.malformed, 1);
            }

            text[i] = (char) ('1' + (2 * i + len) % 4);
        }
    }
}


static const struct {
    const char  *name;
    const char  *value;
} test_malformed[] = {
    { "extra:", "0" },
    { "extra:kid", "0" },
    { "extra:kid:", "0" },
    { "extra::192.0.2.1", "0" },
    { "extra:192.0.2.1", "0" },
    { "extra:kid:home", "0" },
    { "extra:kid:192.0.2.1/33", "0" },
    { "extra:kid:a:192.0.2.1", "0" },
    { "extra:kid: 192.0.2.1", "0" },
    { "extra:kid:192.0.2.1", "forever" },
    { "extra:kid:192.0.2.1", "0@kid" },
    { "device:", "1" },
    { "device:tv", "1@" },
    { "device:tv", "@kid" },
    { "device:tv", "@" },
    { "device:tv", "x@kid" },
    { "device:tv", "01@kid" },
    { "device:tv", "1@a:b" },
    { "device:tv", "1:" },
    { "device:tv", ":1" },
    { "device:tv", "1:x" },
    { "device:tv", "1:2@" },
    { "device:tv", "1:2@a:3@b:4@c:5@d" },
    { "member:", "1" },
    { "member:tv", "" },
    { "member:tv", "0" },
    { "member:tv", "yes" },
    { "member:tv", "1@kid" },
    { "learn:", "1@1" },
    { "learn:home", "1@1" },
    { "learn:82.64.10.7", "" },
    { "learn:82.64.10.7", "1" },
    { "learn:82.64.10.7", "@1" },
    { "learn:82.64.10.7", "1@" },
    { "learn:82.64.10.7", "0@1" },
    { "learn:82.64.10.7", "32@1" },
    { "learn:82.64.10.7", "1@0" },
    { "learn:82.64.10.7", "1@1@1" },
    { "outside_days", "" },
    { "outside_days", "," },
    { "outside_days", "1," },
    { "outside_days", ",1" },
    { "outside_days", "1,,2" },
    { "outside_days", "1, 2" },
    { "outside_days", "01" },
    { "outside_days", "47482" },
    { "outside_days", "2026-11-25" },
    { "outside_days", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
                      "21,22,23,24,25,26,27,28,29,30,31,32,33" },
    { "travel:", "1" },
    { "travel:tv", "1@kid" },
    { "travel:*", "always" },
    { "country", "" },
    { "country", "F" },
    { "country", "FRA" },
    { "country", "F1" },
    { "country", "1F" },
    { "country", "[]" },
    { "country", "@@" },
    { "country", "{}" },
    { "country", "``" },
    { "seats", "65535" },
    { "seats", "65536" },
    { "seats", "4294967297" },
    { "seats", "-1" },
};


/* drops that entry alone, and says so */

static void
test_record_malformed(void **state)
{
    ngx_uint_t               i;
    ngx_household_record_t  *rec;

    for (i = 0; i < test_count(test_malformed); i++) {
        ngx_household_record_builder_start(&builder, TEST_NOW);
        test_field(test_malformed[i].name, test_malformed[i].value);
        test_home("82.64.10.7");

        if (builder.u.record.malformed != 1) {
            fail_msg("accepted: %s %s", test_malformed[i].name,
                     test_malformed[i].value);
        }

        rec = test_finish();
        assert_int_equal(rec->size, TEST_HEADER + 6);
        assert_int_equal(rec->seats, NGX_HOUSEHOLD_SEATS_UNKNOWN);
        assert_memory_equal(rec->country, "\0\0", 2);
        assert_string_equal(test_place(rec, "82.64.10.7", 0, NULL),
                            "82.64.10.7/32");
        free(rec);
    }

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("home");
    test_home("");
    test_home_n("82.64.10.7\0", 11);
    assert_int_equal(builder.u.record.malformed, 3);
    assert_int_equal(builder.u.record.inet, 0);
    assert_int_equal(builder.networks, 0);
}


static void
test_record_malformed_many(void **state)
{
    ngx_uint_t  i;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    for (i = 0; i < 0xffff; i++) {
        test_home("home");
    }

    assert_int_equal(builder.u.record.malformed, 0xffff);

    test_home("home");
    assert_int_equal(builder.u.record.malformed, 0xffff);
}


static void
test_record_unknown(void **state)
{
    ngx_uint_t  i;

    static const char  *names[] = {
        "", "extra", "device", "travel", "Country", "country ", "countr",
        "country:", "seats2", "revoked_before:tv", "outside_since_", "SEATS",
        ":", "extras:kid:192.0.2.1", " extra:kid:192.0.2.1", "plan",
    };

    ngx_household_record_builder_start(&builder, TEST_NOW);

    for (i = 0; i < test_count(names); i++) {
        test_field(names[i], "x");
        test_field(names[i], "1");
    }

    test_field_n("seats\0", 6, "1", 1);

    assert_int_equal(builder.u.record.malformed, 0);
    assert_int_equal(builder.u.record.size, TEST_HEADER);
    assert_int_equal(builder.u.record.seats, NGX_HOUSEHOLD_SEATS_UNKNOWN);
}


static void
test_record_id_lengths(void **state)
{
    char                     id[256], name[512], value[512];
    ngx_uint_t               i, good;
    ngx_str_t                seat;
    ngx_household_record_t  *rec;

    static const ngx_uint_t  lengths[] = { 0, 1, 127, 128, 129, 255 };

    for (i = 0; i < test_count(lengths); i++) {
        good = (lengths[i] >= 1 && lengths[i] <= NGX_HOUSEHOLD_ID_LEN);

        ngx_memset(id, 'i', sizeof(id));
        id[lengths[i]] = '\0';

        ngx_household_record_builder_start(&builder, TEST_NOW);

        sprintf(name, "device:%s", id);
        test_field(name, "1");
        sprintf(name, "travel:%s", id);
        test_field(name, "1700000001");
        sprintf(name, "extra:%s:192.0.2.1", id);
        test_field(name, "0");
        sprintf(value, "2@%s", id);
        test_field("device:moved", value);

        rec = test_finish();

        assert_int_equal(rec->malformed, good ? 0 : 4);
        assert_string_equal(test_device(rec, id), good ? "1" : "");
        assert_int_equal(test_travel(rec, id, TEST_NOW), good);
        assert_int_equal(test_paid(rec, id, TEST_NOW), good);
        assert_string_equal(test_place(rec, "192.0.2.1", 1, &seat),
                            good ? "192.0.2.1/32" : "");
        assert_string_equal(test_device(rec, "moved"), good ? value : "");

        free(rec);
    }

    /* 129 bytes are not the 128 that they begin with, nor 257 the one */

    ngx_household_record_builder_start(&builder, TEST_NOW);

    ngx_memset(name, 'i', sizeof(name));
    ngx_memcpy(name, "device:", 7);
    test_field_n(name, 7 + 128, "1", 1);
    test_field_n("device:i", 8, "1", 1);

    rec = test_finish();
    assert_string_equal(test_device_n(rec, name + 7, 128), "1");
    assert_string_equal(test_device_n(rec, name + 7, 129), "");
    assert_string_equal(test_device_n(rec, name + 7, 127), "");
    assert_string_equal(test_device_n(rec, name + 7, 257), "");
    free(rec);
}


/* steps through the entries by the words of ngx_household_record_entry.h */

static void
test_walk(ngx_household_record_t *rec)
{
    u_char      *p, *last, type;
    ngx_uint_t   networks, devices;

    networks = 0;
    devices = 0;

    p = (u_char *) rec + TEST_HEADER;
    last = (u_char *) rec + rec->size;

    while (p < last) {
        type = *p & 0x0f;

        switch (type) {

        case NGX_HOUSEHOLD_ENTRY_HOME:
            networks++;
            p += (*p & NGX_HOUSEHOLD_ENTRY_INET6) ? 18 : 6;
            break;

        case NGX_HOUSEHOLD_ENTRY_EXTRA:
            networks++;
            assert_true(*p & NGX_HOUSEHOLD_ENTRY_SEAT);
            p += (*p & NGX_HOUSEHOLD_ENTRY_INET6) ? 26 : 14;
            assert_in_range(*p, 1, 128);
            p += 1 + *p;
            break;

        case NGX_HOUSEHOLD_ENTRY_LEARN:
            networks++;
            p += (*p & NGX_HOUSEHOLD_ENTRY_INET6) ? 27 : 15;
            assert_in_range(p[-1], 1, NGX_HOUSEHOLD_LEARN_DAYS);
            break;

        case NGX_HOUSEHOLD_ENTRY_AWAY:
            assert_in_range(p[1], 1, NGX_HOUSEHOLD_AWAY_KEPT);
            p += 2 + 2 * p[1];
            break;

        case NGX_HOUSEHOLD_ENTRY_DEVICE:
        case NGX_HOUSEHOLD_ENTRY_TRAVEL:
        case NGX_HOUSEHOLD_ENTRY_MEMBER:
            devices++;
            type = *p++;
            p += (type & NGX_HOUSEHOLD_ENTRY_UUID) ? 24 : 1 + *p + 8;

            if (type & NGX_HOUSEHOLD_ENTRY_SEAT) {
                p += 1 + *p;
            }

            break;

        default:
            fail_msg("entry of kind 0x%x", *p);
        }
    }

    assert_ptr_equal(p, last);
    assert_int_equal(networks, builder.networks);
    assert_int_equal(devices, builder.devices);
}


static void
test_add_random(void)
{
    char        name[512], value[512];
    size_t      len;
    ngx_uint_t  n;

    static const char  *ids[] = { "tv", TEST_UUID, "*", "i@i:i", "" };
    static const char  *seats[] = { "kid", "s", "", "a@b", ":" };
    static const char  *networks[] = { "82.64.10.7", "2a01:e0a::1/60", "::1",
                                       "home", "::ffff:192.0.2.1/120" };
    static const char  *numbers[] = { "0", "1700000000", "x", "", "7@kid",
                                      "7:8@kid:9@s", "19600,19601" };
    static const char  *names[] = { "device", "travel", "member" };

    switch (test_below(7)) {

    case 0:
        test_home(networks[test_below(5)]);
        return;

    case 1:
        sprintf(name, "extra:%s:%s", seats[test_below(5)],
                networks[test_below(5)]);
        break;

    case 2:
        sprintf(name, "%s:%s", names[test_below(3)],
                ids[test_below(5)]);
        break;

    case 3:
        n = test_below(140);
        len = sprintf(name, "device:");
        ngx_memset(name + len, 'a' + (int) test_below(6), n);
        name[len + n] = '\0';
        break;

    case 4:
        sprintf(name, "learn:%s", networks[test_below(5)]);
        break;

    case 5:
        sprintf(name, "outside_days");
        break;

    default:
        sprintf(name, "%s", test_below(2) ? "seats" : "country");
    }

    if (test_below(3) == 0) {
        sprintf(value, "%s@%s", numbers[test_below(2)],
                seats[test_below(5)]);

    } else {
        sprintf(value, "%s", numbers[test_below(7)]);
    }

    test_field(name, value);
}


static void
test_record_walk(void **state)
{
    ngx_str_t                id;
    ngx_uint_t               i, n;
    ngx_household_record_t  *rec;

    test_random_start("record");

    for (i = 0; i < TEST_RANDOM; i++) {
        ngx_household_record_builder_start(&builder, TEST_NOW);

        for (n = test_below(30); n > 0; n--) {
            test_add_random();
        }

        rec = test_finish();

        test_walk(rec);

        /* to the end, in memory that ends there */

        (void) test_place(rec, "203.0.113.9", 0, NULL);
        (void) test_place(rec, "203.0.113.9", 1, &id);
        (void) test_device(rec, "nowhere");
        (void) test_travel(rec, "nowhere", INT64_MAX);
        (void) test_paid(rec, "nobody", TEST_NOW);
        (void) ngx_household_record_seats_taken(rec, TEST_NOW);

        free(rec);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_record_size),
        cmocka_unit_test(test_record_empty),
        cmocka_unit_test(test_record_exists),
        cmocka_unit_test(test_record_scalars),
        cmocka_unit_test(test_record_numbers),
        cmocka_unit_test(test_record_digits),
        cmocka_unit_test(test_record_malformed),
        cmocka_unit_test(test_record_malformed_many),
        cmocka_unit_test(test_record_unknown),
        cmocka_unit_test(test_record_id_lengths),
        cmocka_unit_test(test_record_walk),
    };

    return cmocka_run_group_tests_name("ngx_household_record_build", tests,
                                       NULL, NULL);
}
