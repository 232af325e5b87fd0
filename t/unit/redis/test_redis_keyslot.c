
/*
 * Units of ngx_household_redis_keyslot.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_redis_keyslot.h"


#define TEST_RANDOM  20000


/* bit by bit, as the specification defines it */

static ngx_uint_t
test_crc(const u_char *p, size_t len)
{
    size_t      i;
    ngx_uint_t  bit, crc;

    crc = 0;

    for (i = 0; i < len; i++) {

        crc ^= (ngx_uint_t) p[i] << 8;

        for (bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
            crc &= 0xffff;
        }
    }

    return crc % NGX_HOUSEHOLD_REDIS_HASH_SLOTS;
}


/* in memory of its own, so that a byte read beyond is found */

static ngx_uint_t
test_slot(const char *text, size_t len)
{
    u_char      *copy;
    ngx_str_t    key;
    ngx_uint_t   slot;

    copy = test_copy(text, len);

    key.data = copy;
    key.len = len;

    slot = ngx_household_redis_keyslot(&key);
    free(copy);

    assert_in_range(slot, 0, NGX_HOUSEHOLD_REDIS_HASH_SLOTS - 1);

    return slot;
}


/* of the specification, and what CLUSTER KEYSLOT says of the others */

static void
test_slot_known(void **state)
{
    ngx_uint_t  i;

    static const struct {
        const char  *key;
        ngx_uint_t   slot;
    } cases[] = {
        { "123456789", 0x31c3 },
        { "", 0 },
        { "foo", 12182 },
        { "bar", 5061 },
        { "hello", 866 },
        { "{user1000}.following", 3443 },
        { "{user1000}.followers", 3443 },
        { "user1000", 3443 }
    };

    for (i = 0; i < test_count(cases); i++) {
        assert_int_equal(test_slot(cases[i].key, strlen(cases[i].key)),
                         cases[i].slot);
    }
}


static void
test_slot_tags(void **state)
{
    ngx_uint_t  i;

    /* a key, and what of it counts */

    static const struct {
        const char  *key;
        const char  *part;
    } cases[] = {
        { "foo{}{bar}", "foo{}{bar}" },
        { "foo{{bar}}zap", "{bar" },
        { "foo{bar}{zap}", "bar" },
        { "{bar", "{bar" },
        { "bar}", "bar}" },
        { "}{bar}", "bar" },
        { "{", "{" },
        { "{}", "{}" },
        { "{a}", "a" },
        { "household:{42}", "42" },
        { "household:{42}:account", "42" },
        { "household:{}42}", "household:{}42}" },
        { "household:{}42}:account", "household:{}42}:account" }
    };

    for (i = 0; i < test_count(cases); i++) {
        assert_int_equal(test_slot(cases[i].key, strlen(cases[i].key)),
                         test_crc((const u_char *) cases[i].part,
                                  strlen(cases[i].part)));
    }
}


static void
test_slot_random(void **state)
{
    char        key[40], whole[64];
    size_t      len, i;
    ngx_uint_t  n;

    for (n = 0; n < TEST_RANDOM; n++) {

        len = 1 + test_random() % (sizeof(key) - 1);

        for (i = 0; i < len; i++) {
            do {
                key[i] = (char) test_random();
            } while (key[i] == '{' || key[i] == '}');
        }

        assert_int_equal(test_slot(key, len),
                         test_crc((const u_char *) key, len));

        /* as a tag, it counts alone */

        ngx_memcpy(whole, "a{", 2);
        ngx_memcpy(whole + 2, key, len);
        ngx_memcpy(whole + 2 + len, "}b{c}", 5);

        assert_int_equal(test_slot(whole, len + 7), test_slot(key, len));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_slot_known),
        cmocka_unit_test(test_slot_tags),
        cmocka_unit_test(test_slot_random),
    };

    return cmocka_run_group_tests_name("ngx_household_redis_keyslot", tests,
                                       NULL, NULL);
}
