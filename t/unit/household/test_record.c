
/*
 * Units of ngx_household_record.c: lookups.
 */


#include "ngx_household_record_test.h"


static void
test_record_home(void **state)
{
    ngx_str_t                seat;
    ngx_household_addr_t     none;
    ngx_household_record_t  *rec;
    ngx_household_network_t  net;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_home("82.64.10.7");
    test_home("10.1.2.3/16");
    assert_int_equal(builder.u.record.inet, 1);
    assert_int_equal(builder.u.record.inet6, 0);

    test_home("2a01:e0a:1f3:9c42::1");
    test_home("2a02:a000:ff00::/40");
    assert_int_equal(builder.u.record.inet6, 1);

    test_home("::ffff:192.0.2.9");
    test_field("extra:kid:198.51.100.7", "0");

    rec = test_finish();

    assert_string_equal(test_place(rec, "82.64.10.7", 0, NULL),
                        "82.64.10.7/32");
    assert_string_equal(test_place(rec, "82.64.10.8", 0, NULL), "");
    assert_string_equal(test_place(rec, "10.1.99.99", 0, NULL),
                        "10.1.0.0/16");
    assert_string_equal(test_place(rec, "2a01:e0a:1f3:9c42:9::9", 0, NULL),
                        "2a01:e0a:1f3:9c42::/64");
    assert_string_equal(test_place(rec, "2a01:e0a:1f3:9c43::1", 0, NULL), "");
    assert_string_equal(test_place(rec, "2a02:a000:ff01::1", 0, NULL),
                        "2a02:a000:ff00::/40");
    assert_string_equal(test_place(rec, "192.0.2.9", 0, NULL),
                        "192.0.2.9/32");

    /* an extra member's network is no home, and the other way round */

    assert_string_equal(test_place(rec, "198.51.100.7", 0, NULL), "");
    assert_string_equal(test_place(rec, "82.64.10.7", 1, &seat), "");

    ngx_memzero(&none, sizeof(none));
    assert_false(ngx_household_record_home(rec, &none, 64, &net));

    free(rec);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("::/0");
    assert_int_equal(builder.u.record.inet, 0);
    assert_int_equal(builder.u.record.inet6, 1);

    /* an extra member's network says nothing of the home's families */

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("extra:kid:198.51.100.7", "0");
    test_field("extra:kid:2a02:a000::/40", "0");
    assert_int_equal(builder.u.record.inet, 0);
    assert_int_equal(builder.u.record.inet6, 0);
}


static void
test_record_extra(void **state)
{
    ngx_str_t                seat;
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_field("extra:over:192.0.2.1", "1700000000");
    test_field("extra:lasts:192.0.2.2", "1700000001");
    test_field("extra:open:192.0.2.3", "0");
    test_field("extra:six:2a01:e0a:1f3:9c00::/56", "1800000000");
    test_field("extra:mapped:::ffff:192.0.2.4", "0");
    test_field("extra:compressed:::1", "0");
    test_field("extra:over:192.0.2.0/24", "1600000000");
    test_field("extra:lasts:192.0.2.128/25", "1700000001");

    rec = test_finish();
    assert_int_equal(rec->malformed, 0);

    /* paid until now is over */

    assert_string_equal(test_place(rec, "192.0.2.1", 1, &seat), "");

    assert_string_equal(test_place(rec, "192.0.2.2", 1, &seat),
                        "192.0.2.2/32");
    assert_int_equal(seat.len, 5);
    assert_memory_equal(seat.data, "lasts", 5);
    assert_true(seat.data > (u_char *) rec
                && seat.data < (u_char *) rec + rec->size);

    assert_string_equal(test_place(rec, "192.0.2.3", 1, &seat),
                        "192.0.2.3/32");
    assert_string_equal(test_place(rec, "2a01:e0a:1f3:9cff::1", 1, &seat),
                        "2a01:e0a:1f3:9c00::/56");
    assert_int_equal(seat.len, 3);

    assert_string_equal(test_place(rec, "192.0.2.4", 1, &seat),
                        "192.0.2.4/32");
    assert_memory_equal(seat.data, "mapped", 6);

    assert_string_equal(test_place(rec, "::7", 1, &seat), "::/64");
    assert_memory_equal(seat.data, "compressed", 10);

    assert_string_equal(test_place(rec, "192.0.2.200", 1, &seat),
                        "192.0.2.128/25");

    free(rec);
}


static void
test_record_paid(void **state)
{
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_field("extra:over:192.0.2.1", "1700000000");
    test_field("extra:lasts:192.0.2.2", "1700000001");
    test_field("extra:open:192.0.2.3", "0");
    test_field("extra:open:2a01:e0a:1f3:9c00::/56", "0");
    test_field("extra:over:192.0.2.0/24", "1600000000");
    test_field("extra:lasts:192.0.2.128/25", "1700000001");

    rec = test_finish();

    assert_true(test_paid(rec, "open", TEST_NOW));
    assert_true(test_paid(rec, "lasts", TEST_NOW));
    assert_false(test_paid(rec, "lasts", TEST_NOW + 1));
    assert_false(test_paid(rec, "over", TEST_NOW));
    assert_true(test_paid(rec, "over", TEST_NOW - 1));
    assert_false(test_paid(rec, "nobody", TEST_NOW));
    assert_false(test_paid(rec, "", TEST_NOW));
    assert_false(test_paid(rec, "ope", TEST_NOW));
    assert_false(test_paid(rec, "open ", TEST_NOW));

    /* seats, not networks */

    assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW), 2);
    assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW - 1), 3);
    assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW + 1), 1);
    assert_int_equal(ngx_household_record_seats_taken(rec, INT64_MAX), 1);

    free(rec);
}


/* flatmates: several paid seats with one address */

static const char *
test_seats(ngx_household_record_t *rec, const char *text, const char *seat)
{
    char                   *p;
    ngx_uint_t              i, n;
    ngx_household_addr_t    addr;
    ngx_household_seen_t    seen;
    ngx_household_place_t   places[2];

    static char             buf[512];

    addr = test_addr(text);

    seen.time = 1;
    seen.seat = test_str(seat ? seat : "");

    n = ngx_household_record_extra(rec, &addr, 64, TEST_NOW, &seen,
                                   seat != NULL, places);
    p = buf;
    *p = '\0';

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s%.*s", i ? " " : "", (int) places[i].seat.len,
                     places[i].seat.data);
    }

    return buf;
}


static void
test_record_flatmates(void **state)
{
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_field("extra:first:192.0.2.1", "1700000100");
    test_field("extra:longest:192.0.2.0/24", "1700000300");
    test_field("extra:middle:192.0.2.1", "1700000200");
    test_field("extra:over:192.0.2.1", "1700000000");
    test_field("extra:else:192.0.2.99", "0");
    test_field("extra:wide:192.0.2.64/26", "1700000400");
    test_field("extra:wide:192.0.2.128/26", "1700000250");
    test_field("extra:same:192.0.2.1", "1700000300");

    rec = test_finish();

    /* the one that ends last, not the one that was written first */

    assert_string_equal(test_seats(rec, "192.0.2.1", NULL), "longest");
    assert_string_equal(test_seats(rec, "192.0.2.1", "nobody"), "longest");
    assert_string_equal(test_seats(rec, "192.0.2.1", ""), "longest");

    /* where the device was before is kept, and another only if it is better */

    assert_string_equal(test_seats(rec, "192.0.2.1", "longest"), "longest");
    assert_string_equal(test_seats(rec, "192.0.2.1", "same"), "same");
    assert_string_equal(test_seats(rec, "192.0.2.1", "first"),
                        "first longest");
    assert_string_equal(test_seats(rec, "192.0.2.1", "middle"),
                        "middle longest");

    /* unless it is over, or elsewhere */

    assert_string_equal(test_seats(rec, "192.0.2.1", "over"), "longest");
    assert_string_equal(test_seats(rec, "192.0.2.1", "else"), "longest");
    assert_string_equal(test_seats(rec, "192.0.2.99", "longest"),
                        "longest else");

    /* a seat lasts as long as the one of its networks that lasts longest */

    assert_string_equal(test_seats(rec, "192.0.2.129", NULL), "wide");

    assert_string_equal(test_seats(rec, "198.51.100.1", "first"), "");

    free(rec);
}


static void
test_record_device(void **state)
{
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    test_field("device:tv", "1699990000");
    test_field("device:tv2", "1699990001@kid");
    test_field("device:a:b@c", "6");
    test_field("device:*", "7");
    test_field("device:at", "8@a@b");
    test_field("device:both", "5:6@kid:7@dad");
    test_field_n("device:\0\n\377", 10, "9@\0", 3);

    rec = test_finish();
    assert_int_equal(rec->malformed, 0);

    assert_string_equal(test_device(rec, "tv"), "1699990000");
    assert_string_equal(test_device(rec, "tv2"), "1699990001@kid");
    assert_string_equal(test_device(rec, "a:b@c"), "6");
    assert_string_equal(test_device(rec, "*"), "7");
    assert_string_equal(test_device(rec, "at"), "8@a@b");
    assert_memory_equal(test_device_n(rec, "\0\n\377", 3), "9@\0", 4);

    assert_string_equal(test_device(rec, ""), "");
    assert_string_equal(test_device(rec, "t"), "");
    assert_string_equal(test_device(rec, "both"), "5:6@kid:7@dad");
    assert_string_equal(test_device(rec, "TV"), "");
    assert_string_equal(test_device(rec, "tv "), "");
    assert_string_equal(test_device_n(rec, "tv\0", 3), "");
    assert_string_equal(test_device_n(rec, "\0\n", 2), "");

    free(rec);
}


/* what is packed and what is not must never be taken for each other */

static void
test_record_uuid(void **state)
{
    char                     name[64];
    ngx_uint_t               i;
    ngx_household_record_t  *rec;

    static const char  *others[] = {
        "0B8D7F42-6C3E-4F1A-9D25-E7A4C1B80F36",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3A",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f366",
        "0b8d7f426c3e4f1a9d25e7a4c1b80f36",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3g",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3`",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3/",
        "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3:",
        "0b8d7f42_6c3e-4f1a-9d25-e7a4c1b80f36",
        "0b8d7f42-6c3e04f1a-9d25-e7a4c1b80f36",
        "0b8d7f42-6c3e-4f1a09d25-e7a4c1b80f36",
        "0b8d7f42-6c3e-4f1a-9d250e7a4c1b80f36",
        "0b8d7f4206c3e-4f1a-9d25-e7a4c1b80f36",
        "{b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f3}",
        "\x0b\x8d\x7f\x42\x6c\x3e\x4f\x1a\x9d\x25\xe7\xa4\xc1\xb8\x0f\x36",
    };

    for (i = 0; i < test_count(others); i++) {

        /* either alone does not bring the other */

        ngx_household_record_builder_start(&builder, TEST_NOW);
        test_field("device:" TEST_UUID, "1");
        test_field("travel:" TEST_UUID, "1");

        rec = test_finish();
        assert_int_equal(rec->size, sizeof(*rec) + 25 + 25);
        assert_string_equal(test_device(rec, TEST_UUID), "1");
        assert_string_equal(test_device(rec, TEST_UUID2), "");
        assert_string_equal(test_device(rec, others[i]), "");
        assert_true(test_travel(rec, TEST_UUID, 0));
        assert_false(test_travel(rec, others[i], 0));
        free(rec);

        sprintf(name, "device:%s", others[i]);

        ngx_household_record_builder_start(&builder, TEST_NOW);
        test_field(name, "2");

        rec = test_finish();
        assert_int_equal(rec->size, sizeof(*rec) + 10 + strlen(others[i]));
        assert_string_equal(test_device(rec, others[i]), "2");
        assert_string_equal(test_device(rec, TEST_UUID), "");
        free(rec);
    }
}


static void
test_record_uuid_digits(void **state)
{
    char                     id[38];
    ngx_uint_t               i, n;
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("device:" TEST_UUID, "1");
    rec = test_finish();

    for (i = 0; i < 36; i++) {
        ngx_memcpy(id, TEST_UUID, 37);

        for (n = 0; n < 16; n++) {
            id[i] = "0123456789abcdef"[n];
            assert_string_equal(test_device(rec, id),
                                id[i] == TEST_UUID[i] ? "1" : "");
        }
    }

    free(rec);
}


static void
test_record_travel(void **state)
{
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("travel:tv", "1700000001");
    test_field("travel:old", "1700000000");
    test_field("travel:" TEST_UUID, "1700000001");
    test_field("device:phone", "1700000000");

    rec = test_finish();
    assert_int_equal(rec->malformed, 0);

    assert_true(test_travel(rec, "tv", TEST_NOW));
    assert_false(test_travel(rec, "tv", TEST_NOW + 1));
    assert_false(test_travel(rec, "old", TEST_NOW));
    assert_true(test_travel(rec, "old", TEST_NOW - 1));
    assert_true(test_travel(rec, TEST_UUID, TEST_NOW));
    assert_false(test_travel(rec, "phone", TEST_NOW));
    assert_false(test_travel(rec, "*", TEST_NOW));
    assert_false(test_travel(rec, "", TEST_NOW));

    /* a grant is no device */

    assert_string_equal(test_device(rec, "tv"), "");
    free(rec);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("travel:*", "1700000001");
    rec = test_finish();

    assert_true(test_travel(rec, "tv", TEST_NOW));
    assert_true(test_travel(rec, TEST_UUID, TEST_NOW));
    assert_true(test_travel(rec, "*", TEST_NOW));
    assert_true(test_travel(rec, "", TEST_NOW));
    assert_false(test_travel(rec, "", TEST_NOW + 1));
    free(rec);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("travel:**", "1700000001");
    rec = test_finish();
    assert_false(test_travel(rec, "tv", TEST_NOW));
    free(rec);
}


/* 256 seats: the most that can be told apart, with networks or without */

static void
test_record_seats(void **state)
{
    char                     name[64];
    ngx_uint_t               i, n;
    ngx_household_record_t  *rec;

    static const char  *networks[] = { "10.0.0.0/8", "learn" };

    for (n = 0; n < test_count(networks); n++) {
        ngx_household_record_builder_start(&builder, TEST_NOW);

        for (i = 0; i < NGX_HOUSEHOLD_RECORD_NETWORKS; i++) {
            sprintf(name, "extra:s%u:%s", (unsigned) i, networks[n]);
            test_field(name, "0");
        }

        rec = test_finish();
        assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW),
                         NGX_HOUSEHOLD_RECORD_NETWORKS);
        free(rec);

        /* one that has ended does not count */

        sprintf(name, "extra:other:%s", networks[n]);
        test_field(name, "1700000000");
        free(test_finish());

        test_field(name, "1700000001");
        assert_null(ngx_household_record_builder_finish(&builder));
    }
}


static void
test_record_members(void **state)
{
    u_char                   text[3 * NGX_HOUSEHOLD_UUID_LEN];
    ngx_str_t                ids[3];
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("member:tv", "1700000000");
    test_field("member:" TEST_UUID, "1");
    test_field("member:phone", "yes");
    test_field("member:", "1700000000");
    test_field("device:laptop", "1700000000");
    rec = test_finish();

    assert_int_equal(rec->malformed, 2);
    assert_string_equal(test_device(rec, "tv"), "");
    assert_false(test_travel(rec, "tv", 0));

    assert_int_equal(ngx_household_record_members(rec, ids, text), 2);
    assert_int_equal(ids[0].len, 2);
    assert_memory_equal(ids[0].data, "tv", 2);
    assert_int_equal(ids[1].len, NGX_HOUSEHOLD_UUID_LEN);
    assert_memory_equal(ids[1].data, TEST_UUID, NGX_HOUSEHOLD_UUID_LEN);

    assert_int_equal(ngx_household_record_members(rec, NULL, NULL), 2);

    free(rec);
}


static ngx_uint_t
test_learn_days(ngx_household_record_t *rec, const char *text, int64_t *time)
{
    ngx_household_network_t  net;

    assert_int_equal(ngx_household_network_parse(&net, (u_char *) text,
                                                 strlen(text)),
                     NGX_OK);
    *time = 0;

    return ngx_household_record_learn_days(rec, &net, 64, TEST_NOW, time);
}


static void
test_record_learn(void **state)
{
    int64_t                  time;
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("learn:82.64.10.7", "2@1699990000");
    test_field("learn:82.64.10.0/24", "3@1699990001");
    test_field("learn:2a01:e0a:1f3:9c42::/64", "31@1699990002");
    test_field("learn:2a01:e0a:1f3:9c42::/56", "4@1699990003");
    test_field("learn:192.0.2.1", "5@1697580799");
    test_field("learn:192.0.2.2", "6@1697580800");
    test_field("learn:192.0.2.3", "7@1700086400");
    test_field("learn:192.0.2.4", "8@1700086401");
    rec = test_finish();

    assert_int_equal(rec->malformed, 0);
    assert_int_equal(rec->inet, 0);
    assert_int_equal(rec->inet6, 0);

    assert_int_equal(test_learn_days(rec, "82.64.10.7", &time), 2);
    assert_int_equal(time, 1699990000);
    assert_int_equal(test_learn_days(rec, "82.64.10.8", &time), 0);
    assert_int_equal(test_learn_days(rec, "82.64.10.0/24", &time), 3);
    assert_int_equal(test_learn_days(rec, "2a01:e0a:1f3:9c42::9", &time), 31);
    assert_int_equal(time, 1699990002);
    assert_int_equal(test_learn_days(rec, "2a01:e0a:1f3:9c43::9", &time), 0);
    assert_int_equal(test_learn_days(rec, "2a01:e0a:1f3:9c43::/56", &time), 4);

    /* what has ended, or is of the day after tomorrow, is no evidence */

    assert_int_equal(test_learn_days(rec, "192.0.2.1", &time), 0);
    assert_int_equal(test_learn_days(rec, "192.0.2.2", &time), 6);
    assert_int_equal(test_learn_days(rec, "192.0.2.3", &time), 7);
    assert_int_equal(test_learn_days(rec, "192.0.2.4", &time), 0);

    assert_string_equal(test_place(rec, "82.64.10.7", 0, NULL), "");

    free(rec);
}


static void
test_record_away(void **state)
{
    ngx_household_record_t  *rec;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("outside_days", "19600,19674,0,19675,47481");
    test_field("seats", "3");
    rec = test_finish();

    assert_int_equal(rec->malformed, 0);
    assert_int_equal(rec->seats, 3);
    assert_int_equal(ngx_household_record_away_days(rec, -1, 50000), 5);
    assert_int_equal(ngx_household_record_away_days(rec, 0, 47481), 3);
    assert_int_equal(ngx_household_record_away_days(rec, 19674, 19676), 1);
    assert_int_equal(ngx_household_record_away_days(rec, 19674, 19675), 0);
    assert_int_equal(ngx_household_record_away_days(rec, 19599, 19601), 1);
    assert_int_equal(ngx_household_record_seats_taken(rec, TEST_NOW), 0);

    free(rec);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("outside_days", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,"
                               "19,20,21,22,23,24,25,26,27,28,29,30,31,32");
    rec = test_finish();
    assert_int_equal(ngx_household_record_away_days(rec, 0, 32), 31);
    free(rec);
}


/* the device that was last at any place before all others */

static void
test_record_oldest(void **state)
{
    char                     buf[NGX_HOUSEHOLD_ID_LEN];
    ngx_str_t                id, name;
    ngx_uint_t               i, n;
    ngx_household_seen_t     seen[NGX_HOUSEHOLD_SEEN_MAX];
    ngx_household_record_t  *rec;

    static const struct {
        const char  *id;
        const char  *oldest;
        ngx_uint_t   places;
    } cases[] = {
        { "new", TEST_UUID, 2 }, { TEST_UUID, "tv", 1 }, { "tv", TEST_UUID, 2 }
    };

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("device:travels", "1:1700000000@kid");
    test_field("device:tv", "1699990000@dad");
    test_field("device:" TEST_UUID, "1699980000@kid:1699970000");
    test_field("device:phone", "1699999999");
    test_field("travel:tablet", "1");
    test_field("member:laptop", "1");
    rec = test_finish();

    name.data = (u_char *) buf;

    for (i = 0; i < test_count(cases); i++) {
        id = test_str(cases[i].id);
        n = ngx_household_record_oldest(rec, &id, &name, seen);

        assert_int_equal(n, cases[i].places);
        assert_int_equal(name.len, strlen(cases[i].oldest));
        assert_memory_equal(name.data, cases[i].oldest, name.len);
    }

    free(rec);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("device:tv", "1");
    rec = test_finish();
    id = test_str("tv");
    assert_int_equal(ngx_household_record_oldest(rec, &id, &name, seen), 0);
    free(rec);
}


/* half of each limit is left to the operator */

static void
test_record_room(void **state)
{
    char                     name[512];
    ngx_household_record_t  *rec;

    rec = &builder.u.record;

    test_many_devices(NGX_HOUSEHOLD_CAPACITY_DEVICES - 1);
    assert_true(ngx_household_record_has_capacity(rec, TEST_NOW));

    test_many_devices(NGX_HOUSEHOLD_CAPACITY_DEVICES);
    assert_false(ngx_household_record_has_capacity(rec, TEST_NOW));

    /* what has ended takes none of it */

    assert_true(ngx_household_record_has_capacity(rec, TEST_NOW + 1));

    test_many_networks(NGX_HOUSEHOLD_RECORD_NETWORKS);
    assert_true(ngx_household_record_has_capacity(rec, TEST_NOW));

    ngx_household_record_builder_start(&builder, TEST_NOW);
    ngx_memset(name, 'i', sizeof(name));
    ngx_memcpy(name, "device:", 7);

    while (builder.u.record.size < NGX_HOUSEHOLD_CAPACITY_SIZE) {
        assert_true(ngx_household_record_has_capacity(rec, TEST_NOW));
        test_field_n(name, 7 + 128, "1700000000", 10);
    }

    assert_false(ngx_household_record_has_capacity(rec, TEST_NOW));

    /* exactly half: 59 of 138 bytes, and one of 22 */

    ngx_household_record_builder_start(&builder, TEST_NOW);

    while (builder.devices < 59) {
        test_field_n(name, 7 + 128, "1700000000", 10);
    }

    test_field_n(name, 7 + 11, "1700000000", 10);
    assert_int_equal(rec->size, NGX_HOUSEHOLD_CAPACITY_SIZE - 1);
    assert_true(ngx_household_record_has_capacity(rec, TEST_NOW));

    ngx_household_record_builder_start(&builder, TEST_NOW);

    while (builder.devices < 59) {
        test_field_n(name, 7 + 128, "1700000000", 10);
    }

    test_field_n(name, 7 + 12, "1700000000", 10);
    assert_int_equal(rec->size, NGX_HOUSEHOLD_CAPACITY_SIZE);
    assert_false(ngx_household_record_has_capacity(rec, TEST_NOW));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_record_home),
        cmocka_unit_test(test_record_extra),
        cmocka_unit_test(test_record_flatmates),
        cmocka_unit_test(test_record_paid),
        cmocka_unit_test(test_record_device),
        cmocka_unit_test(test_record_uuid),
        cmocka_unit_test(test_record_uuid_digits),
        cmocka_unit_test(test_record_travel),
        cmocka_unit_test(test_record_members),
        cmocka_unit_test(test_record_learn),
        cmocka_unit_test(test_record_away),
        cmocka_unit_test(test_record_oldest),
        cmocka_unit_test(test_record_seats),
        cmocka_unit_test(test_record_room),
    };

    return cmocka_run_group_tests_name("ngx_household_record", tests,
                                       NULL, NULL);
}
