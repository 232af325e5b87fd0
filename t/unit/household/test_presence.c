
/*
 * Units of src/household/ngx_household_presence*.c: stories, and what each of
 * them comes to.
 */


#include "ngx_household_presence_test.h"
#include <math.h>


#define TEST_EVENING(day)  ((int64_t) (day) * TEST_A_DAY + 8 * TEST_HOUR)

#define WITHOUT     NGX_HOUSEHOLD_PRESENCE_NO_ADDRESS
#define BELONGS     NGX_HOUSEHOLD_PRESENCE_BELONGS
#define BESIDE      NGX_HOUSEHOLD_PRESENCE_BESIDE
#define NOT_SHARED  NGX_HOUSEHOLD_PRESENCE_NOT_SHARED
#define SILENT      NGX_HOUSEHOLD_PRESENCE_SILENT
#define SEAT        NGX_HOUSEHOLD_PRESENCE_SEAT
#define SHARED      NGX_HOUSEHOLD_PRESENCE_SHARED


/* both every evening, at home and at the friend's, for some days */

static void
test_share(ngx_household_presence_t *p, int from, int to)
{
    int  day;

    for (day = from; day < to; day++) {
        test_visit(p, "tv", 1, TEST_EVENING(day));
        test_visit(p, "friend", 2, TEST_EVENING(day) + 1800);
    }
}


static void
test_presence_begins(void **state)
{
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    assert_int_equal(test_visit(&p, "tv", 1, 0), BELONGS);
    assert_int_equal(p.anchor, 1);

    /* beside it, and from then on belonging */

    assert_int_equal(test_visit(&p, "phone", 1, 60), BELONGS);
    assert_int_equal(test_visit(&p, "phone", 3, 2 * TEST_HOUR), BELONGS);

    /* elsewhere, and nobody yet knows who that is */

    assert_int_equal(test_visit(&p, "friend", 2, 3 * TEST_HOUR), NOT_SHARED);
}


static void
test_presence_shared(void **state)
{
    int                              day;
    size_t                           len;
    u_char                           text[NGX_HOUSEHOLD_PRESENCE_DETAIL];
    test_ask_t                       q;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  a;

    ngx_memzero(&p, sizeof(p));
    ngx_memzero(&q, sizeof(q));

    q.device = "friend";
    q.place = 2;

    for (day = 0; day < 6; day++) {
        test_visit(&p, "tv", 1, TEST_EVENING(day));

        q.at = TEST_EVENING(day) + 1800;
        test_ask(&p, &q, &a);

        assert_int_equal(a.write, 1);
        assert_int_equal(a.at_once, 1);
        assert_int_equal(a.first, day == 0);
        assert_int_equal(a.settled, day > 0);
        assert_int_equal(a.reason, day < 5 ? NOT_SHARED : SHARED);
    }

    assert_int_equal(a.since, TEST_NOW + q.at);
    assert_in_range(a.conflict, 5 * NGX_HOUSEHOLD_PRESENCE_DAY + 1,
                    6 * NGX_HOUSEHOLD_PRESENCE_DAY);

    len = ngx_household_presence_detail(&a, text);
    assert_int_equal(len, sizeof("another household at a settled place,"
                                 " 6 days") - 1);
    assert_memory_equal(text, "another household at a settled place, 6 days",
                        len);

    /* at any time, and wherever it goes */

    assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(6)
                                - 8 * TEST_HOUR), SHARED);
    assert_int_equal(test_visit(&p, "friend", 3, TEST_EVENING(7)), SHARED);

    /* not where a member is */

    assert_int_equal(test_visit(&p, "friend", 1, TEST_EVENING(8)), BESIDE);
}


/* the first day at a place counts in full where another device is, too */

static void
test_presence_settles(void **state)
{
    size_t                           i;
    test_ask_t                       q;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  a;

    static const struct {
        int          place;            /* of the other device */
        int          days;             /* since then */
        ngx_uint_t   settled;
    } cases[] = {
        { 2, 0, 1 },
        { 2, 29, 1 },
        { 2, 30, 0 },
        { 3, 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ngx_memzero(&p, sizeof(p));
        ngx_memzero(&q, sizeof(q));

        test_visit(&p, "tv", 1, 0);
        test_visit(&p, "other", cases[i].place, 60);

        q.device = "friend";
        q.place = 2;
        q.at = 60 + (int64_t) cases[i].days * TEST_A_DAY;
        test_ask(&p, &q, &a);

        assert_int_equal(a.settled, cases[i].settled);
    }
}


static void
test_presence_order(void **state)
{
    int                       day;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));
    test_visit(&p, "tv", 1, 0);

    /* the household comes second, on each evening */

    for (day = 1; day < 7; day++) {
        assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(day)),
                         NOT_SHARED);
        assert_int_equal(test_visit(&p, "tv", 1, TEST_EVENING(day) + 7199),
                         BELONGS);
    }

    assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(7)), SHARED);

    /* two hours apart is not at once */

    ngx_memzero(&p, sizeof(p));
    test_visit(&p, "tv", 1, 0);

    for (day = 1; day < 60; day++) {
        assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(day)),
                         NOT_SHARED);
        assert_int_equal(test_visit(&p, "tv", 1, TEST_EVENING(day) + 7200),
                         BELONGS);
    }

    assert_int_equal(p.group[0].conflict, 0);
}


static void
test_presence_moves(void **state)
{
    int                       day;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    for (day = 0; day < 30; day++) {
        test_visit(&p, "tv", 1, TEST_EVENING(day));
    }

    /* the old place falls silent: whatever is new is let in */

    for (day = 30; day < 90; day++) {
        assert_int_equal(test_visit(&p, "new tv", 5, TEST_EVENING(day)),
                         NOT_SHARED);
    }

    assert_int_equal(test_visit(&p, "tv", 5, TEST_EVENING(90)), BELONGS);
    assert_int_equal(test_visit(&p, "new tv", 5, TEST_EVENING(90) + 60),
                     BELONGS);
}


static void
test_presence_silent(void **state)
{
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    test_share(&p, 0, 10);
    assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(15)), SHARED);

    /* for a week nobody of the household was seen */

    assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(16)), SILENT);
    assert_int_equal(test_visit(&p, "tv", 1, TEST_EVENING(17)), BELONGS);
    assert_int_equal(test_visit(&p, "friend", 2, TEST_EVENING(18)), SHARED);
}


static void
test_presence_groups(void **state)
{
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));
    test_share(&p, 0, 10);

    /* another device at the friend's is no stranger to it */

    assert_int_equal(test_visit(&p, "stick", 2, TEST_EVENING(20)), SILENT);
    test_visit(&p, "tv", 1, TEST_EVENING(20) + 60);
    assert_int_equal(test_visit(&p, "console", 2, TEST_EVENING(21)), SHARED);
    assert_int_equal(p.groups, 1);

    /* but one at a place of its own is */

    assert_int_equal(test_visit(&p, "other", 7, TEST_EVENING(21)), NOT_SHARED);
    assert_int_equal(p.groups, 2);
}


static void
test_presence_further(void **state)
{
    int                       day, i;
    char                      id[8];
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < 3; i++) {
        sprintf(id, "sold%d", i);

        for (day = 10 * i; day < 10 * i + 10; day++) {
            test_visit(&p, "tv", 1, TEST_EVENING(day));
            test_visit(&p, id, 2 + i, TEST_EVENING(day) + 60);
        }
    }

    test_visit(&p, "tv", 1, TEST_EVENING(30));

    /* with three other households, the fourth needs no evidence */

    assert_int_equal(test_visit(&p, "sold3", 9,
                                TEST_EVENING(30) + 5 * TEST_HOUR), SHARED);
}


static void
test_presence_seats(void **state)
{
    int                              i;
    test_ask_t                       q;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  a;

    ngx_memzero(&p, sizeof(p));
    ngx_memzero(&q, sizeof(q));

    test_share(&p, 0, 10);

    for (i = 10; i < 20; i++) {
        test_visit(&p, "tv", 1, TEST_EVENING(i));
        test_visit(&p, "other", 3, TEST_EVENING(i) + 60);
    }

    for (i = 0; i < 3; i++) {
        q.seats = i;
        q.at = TEST_EVENING(20);

        q.device = "friend";
        q.place = 2;
        test_ask(&p, &q, &a);
        assert_int_equal(a.reason, i < 1 ? SHARED : SEAT);

        q.device = "other";
        q.place = 3;
        test_ask(&p, &q, &a);
        assert_int_equal(a.reason, i < 2 ? SHARED : SEAT);
        assert_int_equal(a.others, 1);
    }

    /* the record makes the friend a member: its seat is free */

    q.seats = 1;
    q.name[0] = "friend";
    test_ask(&p, &q, &a);
    assert_int_equal(a.write, 0);
    assert_int_equal(a.reason, SEAT);
}


static void
test_presence_moved_out(void **state)
{
    int                       day;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    for (day = 0; day < 20; day++) {
        test_visit(&p, "tv", 1, TEST_EVENING(day));
        test_visit(&p, "phone", 1, TEST_EVENING(day) + 60);
    }

    /* who moved out meets nobody, and has 90 days */

    for (day = 20; day < 120; day++) {
        test_visit(&p, "tv", 1, TEST_EVENING(day));
        assert_int_equal(test_visit(&p, "phone", 2, TEST_EVENING(day) + 60),
                         day < 109 ? BELONGS
                                   : day < 114 ? NOT_SHARED : SHARED);
    }
}


static void
test_presence_anchor(void **state)
{
    int                       day;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    for (day = 0; day < 20; day++) {
        test_visit(&p, "tv", 1, TEST_EVENING(day));
        test_visit(&p, "phone", 1, TEST_EVENING(day) + 60);

        if (day % 2) {
            test_visit(&p, "tablet", 1, TEST_EVENING(day) + 90);
        }
    }

    assert_int_equal(p.anchor, 1);

    /* the television breaks: the phone was there on most days */

    test_visit(&p, "tablet", 1, TEST_EVENING(24));
    test_visit(&p, "phone", 1, TEST_EVENING(25));
    assert_int_equal(p.anchor, 1);

    test_visit(&p, "tablet", 1, TEST_EVENING(26));
    assert_ptr_equal(&p.device[p.anchor - 1], test_device(&p, "phone"));

    for (day = 27; day < 200; day++) {
        assert_int_equal(test_visit(&p, "phone", 1, TEST_EVENING(day)),
                         BELONGS);
    }

    /* and the television is forgotten after 180 days */

    assert_non_null(test_device(&p, "tv"));
    test_visit(&p, "phone", 1, TEST_EVENING(200));
    assert_null(test_device(&p, "tv"));
}


static void
test_presence_heirs(void **state)
{
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    test_visit(&p, "tv", 1, TEST_EVENING(0));
    test_visit(&p, "tv", 1, TEST_EVENING(1));

    /* its id is lost: the one that comes to its place is let in and belongs */

    assert_int_equal(test_visit(&p, "tv again", 1, TEST_EVENING(20)), BELONGS);
    assert_int_equal(test_visit(&p, "tv again", 4, TEST_EVENING(21)), BELONGS);

    /* the address of a single day is nobody's place after a day */

    test_visit(&p, "phone", 4, TEST_EVENING(22));
    assert_int_equal(test_visit(&p, "other", 4, TEST_EVENING(23)), NOT_SHARED);
}


static void
test_ask_named(ngx_household_presence_t *p, const char *device, int place,
    int64_t at, const char *name, ngx_household_presence_reason_e reason)
{
    test_ask_t                       q;
    ngx_household_presence_answer_t  a;

    ngx_memzero(&q, sizeof(q));

    q.device = device;
    q.place = place;
    q.at = at;
    q.name[0] = name;

    test_ask(p, &q, &a);
    assert_int_equal(a.reason, reason);
}


static void
test_presence_named(void **state)
{
    int                       day;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    /* the account begins with the device that is named, not with the first */

    test_ask_named(&p, "friend", 2, 0, "tv", NOT_SHARED);
    test_ask_named(&p, "tv", 1, 60, "tv", BELONGS);

    for (day = 0; day < 6; day++) {
        test_ask_named(&p, "tv", 1, TEST_EVENING(day), "tv", BELONGS);
        test_ask_named(&p, "friend", 2, TEST_EVENING(day) + 1, "tv",
                       day < 5 ? NOT_SHARED : SHARED);
    }

    /* who is named belongs at once, and without end */

    test_ask_named(&p, "friend", 2, TEST_EVENING(6), "friend", BELONGS);
    test_ask_named(&p, "friend", 3, TEST_EVENING(106), "friend", BELONGS);

    /* and is taken out at once */

    test_ask_named(&p, "tv", 1, TEST_EVENING(107), "tv", BELONGS);
    test_ask_named(&p, "friend", 3, TEST_EVENING(107), "tv", NOT_SHARED);
    assert_int_equal(test_device(&p, "friend")->flags, 0);
}


static void
test_presence_named_is_anchor(void **state)
{
    int                       day;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    /* begun by a stranger, then put right */

    for (day = 0; day < 20; day++) {
        test_visit(&p, "friend", 2, TEST_EVENING(day));
        test_visit(&p, "tv", 1, TEST_EVENING(day) + 60);
    }

    assert_int_equal(test_visit(&p, "tv", 1, TEST_EVENING(20)), SHARED);

    for (day = 21; day < 130; day++) {
        test_ask_named(&p, "tv", 1, TEST_EVENING(day), "tv", BELONGS);
        test_ask_named(&p, "friend", 2, TEST_EVENING(day) + 60, "tv",
                       day < 109 ? BELONGS
                                 : day < 114 ? NOT_SHARED : SHARED);
    }
}


static void
test_presence_places(void **state)
{
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    assert_int_equal(test_visit(&p, "tv", 0, 0), WITHOUT);
    assert_int_equal(p.devices, 0);

    /* without a device, the place is one */

    assert_int_equal(test_visit(&p, "", 1, 0), BELONGS);
    assert_int_equal(test_visit(&p, "", 1, 60), BELONGS);
    assert_int_equal(test_visit(&p, "", 2, 60), NOT_SHARED);
    assert_int_equal(test_visit(&p, "", 101, 60), NOT_SHARED);
    assert_int_equal(p.devices, 3);

    /* a /56 is one place, whatever comes after it */

    ngx_memzero(&p, sizeof(p));

    assert_int_equal(test_visit(&p, "tv", 101, 0), BELONGS);
    assert_int_equal(test_visit(&p, "phone", 101, 60), BELONGS);
    assert_int_equal(p.device[0].place[1].key, 0x2001000000006500ULL);

    /* it is neither the IPv4 address nor another place */

    assert_int_equal(test_visit(&p, "pc", 1, 120), NOT_SHARED);
    assert_int_equal(p.group[0].conflict, 0);
    assert_int_equal(test_visit(&p, "pc", 101, 180), BELONGS);
}


static void
test_presence_writes(void **state)
{
    test_ask_t                       q;
    ngx_uint_t                       i, writes;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  a;

    ngx_memzero(&p, sizeof(p));
    ngx_memzero(&q, sizeof(q));

    q.device = "tv";
    q.place = 1;
    writes = 0;

    /* once a device, place and day: noon to noon is two days */

    for (i = 0; i < 144; i++) {
        q.at = i * 600;
        test_ask(&p, &q, &a);
        writes += a.write;
    }

    assert_int_equal(writes, 2);
    assert_int_equal(p.device[0].place[0].days, 2);
    assert_int_equal(p.version, TEST_NOW + 12 * TEST_HOUR);

    /* a clock that is behind does not turn it back */

    q.at = 0;
    test_ask(&p, &q, &a);
    assert_int_equal(a.write, 0);
    assert_int_equal(a.reason, BELONGS);
    assert_int_equal(p.device[0].place[0].seen, TEST_NOW + 12 * TEST_HOUR);
}


static void
test_presence_full(void **state)
{
    char                      id[16];
    int                       i;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    test_visit(&p, "tv", 1, 0);
    test_visit(&p, "phone", 1, 60);

    /* strangers push out each other */

    for (i = 0; i < 1000; i++) {
        sprintf(id, "s%d", i);
        test_visit(&p, id, 2, 10 * i + 120);
    }

    assert_int_equal(p.devices, NGX_HOUSEHOLD_PRESENCE_DEVICES);
    assert_non_null(test_device(&p, "tv"));
    assert_non_null(test_device(&p, "phone"));
    assert_non_null(test_device(&p, "s999"));
    assert_null(test_device(&p, "s900"));

    /* what was not seen for long goes first, member or not */

    for (i = 0; i < 1000; i++) {
        sprintf(id, "m%d", i);
        test_visit(&p, "tv", 1, (i / 30 + 1) * TEST_A_DAY);
        test_visit(&p, id, 1, (i / 30 + 1) * TEST_A_DAY + i);
    }

    assert_int_equal(p.devices, NGX_HOUSEHOLD_PRESENCE_DEVICES);
    assert_non_null(test_device(&p, "tv"));
    assert_null(test_device(&p, "phone"));
}


static void
test_presence_decay(void **state)
{
    double      want;
    ngx_uint_t  value, days, half;

    static const ngx_uint_t  halves[] = { 1, 7, 30, 45, 90, 180, 36500 };

    for (half = 0; half < test_count(halves); half++) {
        for (days = 0; days < 800; days++) {
            for (value = 1; value < 65536; value = value * 3 + 1) {
                want = value * pow(0.5, (double) days / halves[half]);

                assert_true(fabs(ngx_household_presence_decay(
                                              (uint16_t) value, days,
                                              halves[half]) - want)
                            < 0.5 + 65536 * 2e-5);
            }
        }
    }

    assert_int_equal(ngx_household_presence_decay(1000, 90, 90), 500);
    assert_int_equal(ngx_household_presence_decay(1000, 65535, 90), 0);
    assert_int_equal(ngx_household_presence_decay(1000, 1, 0), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_presence_begins),
        cmocka_unit_test(test_presence_shared),
        cmocka_unit_test(test_presence_settles),
        cmocka_unit_test(test_presence_order),
        cmocka_unit_test(test_presence_moves),
        cmocka_unit_test(test_presence_silent),
        cmocka_unit_test(test_presence_groups),
        cmocka_unit_test(test_presence_further),
        cmocka_unit_test(test_presence_seats),
        cmocka_unit_test(test_presence_moved_out),
        cmocka_unit_test(test_presence_anchor),
        cmocka_unit_test(test_presence_heirs),
        cmocka_unit_test(test_presence_named),
        cmocka_unit_test(test_presence_named_is_anchor),
        cmocka_unit_test(test_presence_places),
        cmocka_unit_test(test_presence_writes),
        cmocka_unit_test(test_presence_full),
        cmocka_unit_test(test_presence_decay),
    };

    return cmocka_run_group_tests(tests, test_start, NULL);
}
