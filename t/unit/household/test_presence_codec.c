
/*
 * Units of src/household/ngx_household_presence_codec.c: a presence as bytes,
 * whatever the bytes, and the ids of devices.
 */


#include "ngx_household_presence_test.h"


#define TEST_MUTATIONS  200000


static u_char  bytes[NGX_HOUSEHOLD_PRESENCE_SIZE];


/* a household, a friend and a few others; as it is after some weeks */

static size_t
test_sample(ngx_household_presence_t *p)
{
    int  day;

    ngx_memzero(p, sizeof(ngx_household_presence_t));

    for (day = 0; day < 20; day++) {
        test_visit(p, "0f8fad5b-d9cb-469f-a165-70867728950e", 1,
                   day * TEST_A_DAY);
        test_visit(p, "phone", 101, day * TEST_A_DAY + 60);
        test_visit(p, "phone", 1, day * TEST_A_DAY + 90);
        test_visit(p, "a friend's device with a long name", 2,
                   day * TEST_A_DAY + 120);
        test_visit(p, "", 3, day * TEST_A_DAY + 180);
        test_visit(p, "", 103, day * TEST_A_DAY + 240);
    }

    return ngx_household_presence_encode(p, bytes);
}


static ngx_int_t
test_decode(ngx_household_presence_t *p, const u_char *data, size_t len)
{
    u_char     *copy;
    ngx_int_t   rc;

    copy = test_copy(data, len);
    rc = ngx_household_presence_decode(p, copy, len);
    free(copy);

    return rc;
}


static void
test_codec_round_trip(void **state)
{
    size_t                    len;
    u_char                    again[NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_household_presence_t  p, q;

    len = test_sample(&p);

    assert_memory_equal(bytes, "hp\1\0", 4);
    assert_int_equal(test_decode(&q, bytes, len), NGX_OK);
    assert_int_equal(q.devices, 5);
    assert_int_equal(q.groups, 3);
    assert_int_equal(q.version, p.version);
    assert_int_equal(ngx_household_presence_encode(&q, again), len);
    assert_memory_equal(again, bytes, len);

    /* nothing is an account of which nothing is known */

    assert_int_equal(test_decode(&q, bytes, 0), NGX_OK);
    assert_int_equal(q.devices, 0);
    assert_int_equal(q.version, 0);
}


static void
test_codec_versions(void **state)
{
    size_t                    len;
    ngx_household_presence_t  p;

    len = test_sample(&p);

    /* a later one is left alone, whatever follows */

    bytes[2] = 2;
    assert_int_equal(test_decode(&p, bytes, len), NGX_DECLINED);
    assert_int_equal(test_decode(&p, bytes, NGX_HOUSEHOLD_PRESENCE_PREFIX),
                     NGX_DECLINED);

    bytes[2] = 0;
    assert_int_equal(test_decode(&p, bytes, len), NGX_ERROR);

    bytes[2] = 1;
    bytes[0] = 'x';
    assert_int_equal(test_decode(&p, bytes, len), NGX_ERROR);
}


static void
test_codec_cut_off(void **state)
{
    size_t                    len, i;
    u_char                    more[NGX_HOUSEHOLD_PRESENCE_SIZE + 1];
    ngx_household_presence_t  p;

    len = test_sample(&p);

    for (i = 1; i < len; i++) {
        assert_int_equal(test_decode(&p, bytes, i), NGX_ERROR);
    }

    ngx_memzero(more, sizeof(more));
    ngx_memcpy(more, bytes, len);

    for (i = len + 1; i <= sizeof(more); i++) {
        assert_int_equal(test_decode(&p, more, i), NGX_ERROR);
    }
}


/* what is decoded is what would be encoded, and can be asked */

static void
test_codec_mutations(void **state)
{
    size_t                    len, i, n, flips;
    u_char                    changed[NGX_HOUSEHOLD_PRESENCE_SIZE];
    u_char                    again[NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_uint_t                taken;
    ngx_household_presence_t  p;

    test_random_start("presence codec");

    len = test_sample(&p);
    taken = 0;

    for (n = 0; n < TEST_MUTATIONS; n++) {
        ngx_memcpy(changed, bytes, len);

        flips = 1 + test_below(3);

        for (i = 0; i < flips; i++) {
            changed[test_below(len)] ^= (u_char) (1 << test_below(8));
        }

        if (test_decode(&p, changed, len) != NGX_OK) {
            continue;
        }

        taken++;

        assert_int_equal(ngx_household_presence_encode(&p, again), len);
        assert_memory_equal(again, changed, len);

        (void) test_visit(&p, "another", 2, 30 * TEST_A_DAY);
    }

    assert_in_range(taken, TEST_MUTATIONS / 20, TEST_MUTATIONS - 1);
}


static void
test_codec_malformed(void **state)
{
    size_t                    len;
    ngx_uint_t                i;
    ngx_household_presence_t  p;

    /* offset, and a value that must not be there */

    static const struct {
        size_t  at;
        u_char  value;
    } faults[] = {
        { 3, 1 },                      /* reserved */
        { 12, 3 },                     /* the anchor is no member */
        { 12, 6 },                     /* nor a device */
        { 13, 0 },                     /* devices */
        { 13, 65 },
        { 13, 4 },
        { 14, 2 },                     /* groups */
        { 14, 6 },
        { 15, 0x00 },                  /* flags of the first device */
        { 15, 0x51 },
        { 15, 0x12 },
        { 15, 0x15 },
        { 16, 0 },                     /* days */
        { 17, 0x11 },                  /* kind of its id */
        { 17, 0x40 },
        { 17, 0x51 }
    };

    for (i = 0; i < test_count(faults); i++) {
        len = test_sample(&p);
        assert_int_equal(bytes[12], 1);
        assert_int_equal(bytes[15], 0x11);

        bytes[faults[i].at] = faults[i].value;
        assert_int_equal(test_decode(&p, bytes, len), NGX_ERROR);
    }
}


/* two devices of one id, and groups in another order */

static void
test_codec_order(void **state)
{
    size_t                    len;
    u_char                   *p1;
    ngx_household_presence_t  p;

    ngx_memzero(&p, sizeof(p));

    test_visit(&p, "tv", 1, 0);
    test_visit(&p, "aa", 2, 60);
    test_visit(&p, "ab", 3, 120);

    len = ngx_household_presence_encode(&p, bytes);
    assert_int_equal(test_decode(&p, bytes, len), NGX_OK);
    assert_int_equal(p.groups, 2);

    /* flags, days, kind, "ab", group; a device before it is as long */

    for (p1 = bytes; ngx_memcmp(p1, "ab", 2) != 0; p1++) { /* void */ }

    p1[1] = 'a';
    assert_int_equal(test_decode(&p, bytes, len), NGX_ERROR);
    p1[1] = 'b';
    assert_int_equal(test_decode(&p, bytes, len), NGX_OK);

    assert_int_equal(p1[2], 2);
    p1[2] = 1;
    assert_int_equal(test_decode(&p, bytes, len), NGX_ERROR);
    p1[2] = 3;
    assert_int_equal(test_decode(&p, bytes, len), NGX_ERROR);
}


/* 64 devices, each as long as can be, in groups of their own */

static void
test_codec_largest(void **state)
{
    char                             id[48];
    size_t                           len;
    ngx_uint_t                       i;
    ngx_household_presence_t         p, q;
    ngx_household_presence_group_t  *group;

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < 80; i++) {
        sprintf(id, "a device with a long name, %u", (unsigned) i);
        test_visit(&p, id, 1 + (int) i, i * 60);
        test_visit(&p, id, 101 + (int) i, i * 60 + 30);
    }

    assert_int_equal(p.devices, NGX_HOUSEHOLD_PRESENCE_DEVICES);
    assert_int_equal(p.groups, NGX_HOUSEHOLD_PRESENCE_DEVICES - 1);

    for (i = 0; i < p.groups; i++) {
        group = &p.group[i];
        group->since = 0xffffffff;
        group->conflict = 0xffff;
        group->meets = 0xffff;
        group->today = NGX_HOUSEHOLD_PRESENCE_DAY;
        group->day = 0xffff;
        group->flags = NGX_HOUSEHOLD_PRESENCE_MET;
    }

    len = ngx_household_presence_encode(&p, bytes);
    assert_in_range(len, 3600, NGX_HOUSEHOLD_PRESENCE_SIZE);

    assert_int_equal(test_decode(&q, bytes, len), NGX_OK);
    assert_int_equal(q.group[5].conflict, 0xffff);
}


static void
test_codec_ids(void **state)
{
    ngx_str_t                    text;
    ngx_uint_t                   i, j;
    ngx_household_presence_id_t  id[10];

    static const char  *texts[] = {
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "0f8fad5b-d9cb-469f-a165-70867728950f",
        "0F8FAD5B-D9CB-469F-A165-70867728950E",
        "a", "aa", "sixteen bytes ok", "seventeen bytes !", "seventeen bytes ?",
        "a much longer name of a device, of which only a hash is kept",
        "d"
    };

    for (i = 0; i < 10; i++) {
        text = test_str(texts[i]);
        ngx_household_presence_id(&id[i], &text);

        for (j = 0; j < i; j++) {
            assert_false(ngx_household_presence_same(&id[i], &id[j]));
        }
    }

    assert_int_equal(id[0].kind, NGX_HOUSEHOLD_PRESENCE_UUID);
    assert_int_equal(id[0].bytes[0], 0x0f);
    assert_int_equal(id[2].kind, NGX_HOUSEHOLD_PRESENCE_HASH);
    assert_int_equal(id[5].kind, NGX_HOUSEHOLD_PRESENCE_TEXT + 16);
    assert_memory_equal(id[5].bytes, texts[5], 16);
    assert_int_equal(id[6].kind, NGX_HOUSEHOLD_PRESENCE_HASH);
}


static void
test_codec_detail(void **state)
{
    size_t                           len;
    ngx_uint_t                       i;
    u_char                           text[NGX_HOUSEHOLD_PRESENCE_DETAIL];
    ngx_household_presence_answer_t  a;

    static const struct {
        ngx_uint_t   conflict, settled, others;
        const char  *text;
    } details[] = {
        { 0, 1, 0, "" },
        { 1, 0, 0, "another household, 1 day" },
        { 512, 1, 0, "another household at a settled place, 1 day" },
        { 513, 1, 0, "another household at a settled place, 2 days" },
        { 65535, 1, 3, "another household at a settled place, beside others,"
                       " 128 days" }
    };

    for (i = 0; i < test_count(details); i++) {
        ngx_memzero(&a, sizeof(a));
        a.conflict = details[i].conflict;
        a.settled = details[i].settled;
        a.others = details[i].others;

        len = ngx_household_presence_detail(&a, text);
        assert_int_equal(len, strlen(details[i].text));
        assert_memory_equal(text, details[i].text, len);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_codec_round_trip),
        cmocka_unit_test(test_codec_versions),
        cmocka_unit_test(test_codec_cut_off),
        cmocka_unit_test(test_codec_mutations),
        cmocka_unit_test(test_codec_malformed),
        cmocka_unit_test(test_codec_order),
        cmocka_unit_test(test_codec_largest),
        cmocka_unit_test(test_codec_ids),
        cmocka_unit_test(test_codec_detail),
    };

    return cmocka_run_group_tests(tests, test_start, NULL);
}
