
/*
 * Units of ngx_household_addr_parse.c.  Models: inet_pton() and strtoul().
 */


#include "ngx_household_test.h"
#include "ngx_household_addr.h"


#define TEST_RANDOM  1500000

/* longer than any address */
#define TEST_TEXT    64


/* what the text before a "/" is, or NGX_HOUSEHOLD_FAMILY_NONE */

static void
test_model(ngx_household_addr_t *addr, const char *text, size_t len)
{
    char         buf[TEST_TEXT + 1];
    const char  *slash;

    ngx_memzero(addr, sizeof(ngx_household_addr_t));

    slash = memchr(text, '/', len);

    if (slash != NULL) {
        len = slash - text;
    }

    /* inet_pton() would ignore the bytes after a NUL */

    if (memchr(text, '\0', len) != NULL) {
        return;
    }

    ngx_memcpy(buf, text, len);
    buf[len] = '\0';

    if (inet_pton(AF_INET, buf, addr->bytes) == 1) {
        addr->family = NGX_HOUSEHOLD_FAMILY_INET;

    } else if (inet_pton(AF_INET6, buf, addr->bytes) == 1) {
        addr->family = NGX_HOUSEHOLD_FAMILY_INET6;
    }
}


static ngx_uint_t
test_equal(const ngx_household_addr_t *a, const ngx_household_addr_t *b)
{
    return a->family == b->family
           && ngx_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}


/* returns the family */

static ngx_uint_t
test_same(const char *text, size_t len)
{
    size_t                 used;
    u_char                *copy, *end;
    ngx_household_addr_t   addr, expected;

    ngx_memset(&addr, 0xa5, sizeof(ngx_household_addr_t));

    copy = test_copy(text, len);
    end = ngx_household_addr_parse(&addr, copy, copy + len);
    used = (end != NULL) ? (size_t) (end - copy) : 0;
    free(copy);

    test_model(&expected, text, len);

    if ((end != NULL) != (expected.family != NGX_HOUSEHOLD_FAMILY_NONE)) {
        fail_msg("%s: \"%.*s\"", end != NULL ? "accepted" : "refused",
                 (int) len, text);
    }

    if (end == NULL) {
        return NGX_HOUSEHOLD_FAMILY_NONE;
    }

    if (!test_equal(&addr, &expected)) {
        fail_msg("another address: \"%.*s\"", (int) len, text);
    }

    assert_true(used == len || text[used] == '/');
    assert_null(memchr(text, '/', used));

    return addr.family;
}


static void
test_all(const char **texts, ngx_uint_t n, ngx_uint_t family)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        assert_int_equal(test_same(texts[i], strlen(texts[i])), family);
    }
}


static void
test_parse_inet(void **state)
{
    static const char  *addrs[] = {
        "0.0.0.0", "255.255.255.255", "1.2.3.4", "10.20.30.40",
        "100.200.109.190", "82.64.10.7", "82.64.10.7/24", "82.64.10.7/",
        "82.64.10.7/a/b", "249.250.251.252",
    };

    static const char  *others[] = {
        "", ".", "1", "1.", "1.2", "1.2.", "1.2.3", "1.2.3.", "1.2.3.4.",
        "1.2.3.4.5", ".1.2.3.4", "1..2.3", "1..2.3.4", "1.2.3..", "1.2.3./",
        "256.2.3.4", "1.2.3.256", "1.2.3.300", "1.2.3.1000", "999.1.1.1",
        "1.2.3.4294967297", "1.2.3.18446744073709551617", "01.2.3.4",
        "00.2.3.4", "1.2.3.00", "1.2.3.04", "1.2.3.4a", "a.2.3.4", "1.2.3.a",
        "1.2.3.4 ", " 1.2.3.4", "1,2,3,4", "1.2.3.-4", "1.2.3.+4", "0x1.2.3.4",
        "16909060", "1.2.3.4%", "1.2.3.4\n", "1.2.3.:", "1.2.3.4:", "1.2.3.;",
        "/", "/1.2.3.4", "1.2.3/4.5", "1.2.3.4:1::", "1/2.3.4",
    };

    test_all(addrs, test_count(addrs), NGX_HOUSEHOLD_FAMILY_INET);
    test_all(others, test_count(others), NGX_HOUSEHOLD_FAMILY_NONE);
}


static void
test_parse_inet6(void **state)
{
    static const char  *addrs[] = {
        "::", "::/0", "::1", "1::", "1::/16", "::/", "::1/a/b",
        "1:2:3:4:5:6:7:8", "0001:0002:0003:0004:0005:0006:0007:0008",
        "0:0:0:0:0:0:0:0", "abcd:ef01:2345:6789:ABCD:EF01:2345:6789",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",

        /* "::" for one group and more, at each place */
        "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:2::4:5:6:7:8",
        "1:2:3::5:6:7:8", "1:2:3:4::6:7:8", "1:2:3:4:5::7:8",
        "1:2:3:4:5:6::8", "1:2:3:4:5:6:7::", "::8", "1::8", "1:2::8",
        "1:2:3::8", "1:2::", "1:2:3:4:5:6::", "::7:8", "1::7:8",

        /* an IPv4 address at the end */
        "::1.2.3.4", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4",
        "1::1.2.3.4", "1:2:3:4:5::1.2.3.4", "::2:3:4:5:6:1.2.3.4",
        "64:ff9b::255.255.255.255", "::ffff:0.0.0.0/96",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
    };

    static const char  *others[] = {
        ":", ":::", "::::", ":1", "1:", ":1::", "1:::2", "1::2:", ":1:2::",
        "1::2::3", "::1::", "::1:", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::8", "1:2:3:4:5:6:7:8:9:a", "1::2:3:4:5:6:7:8:9",
        "12345::", "00001::", "::12345", "::g", "::G", "g::", "::@", "::`",
        ":: ", " ::", "::%", "fe80::1%eth0", "[::1]", "::1 /64", "/::1", ":/:",
        "1:/2", "1:2:3:4:5:6:7:/8", "::-1", "::+1", "::0x1", "::1;2",

        "1.2.3.4::", "1:1.2.3.4", "1:2:3:4:5:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8:1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4", "::2:3:4:5:6:7:1.2.3.4", "::1.2.3",
        "::1.2.3.4.5", "::1.2.3.4:5", "::1.2.3.4::", "::1.2.3.256",
        "::1.2.3.04", "::01.2.3.4", "::a.2.3.4", "::.2.3.4", "::1.2.3.a",
        "::12345.2.3.4", "::256.2.3.4", "::1.", "::.", "1:2:3:4:5:6:7:.",
        "::1.2.3.4 ", "::1.2.3./4", ".::1",
    };

    test_all(addrs, test_count(addrs), NGX_HOUSEHOLD_FAMILY_INET6);
    test_all(others, test_count(others), NGX_HOUSEHOLD_FAMILY_NONE);
}


/* each byte at each place of an address, and each beginning of it */

static void
test_parse_bytes(void **state)
{
    char        text[TEST_TEXT];
    size_t      len;
    ngx_uint_t  i, j, c;

    static const char  *addrs[] = {
        "82.64.10.0", "255.1.20.199", "2a01:e0a:1f3:9c00::7", "::", "1::",
        "1:2:3:4:5:6:7:8", "::ffff:82.64.10.7", "abcd:2:3:4:5:6:1.2.3.40",
    };

    for (i = 0; i < test_count(addrs); i++) {
        len = strlen(addrs[i]);

        for (j = 0; j < len; j++) {
            (void) test_same(addrs[i], j);

            for (c = 0; c < 256; c++) {
                ngx_memcpy(text, addrs[i], len);
                text[j] = (char) c;

                (void) test_same(text, len);

                /* ... and inserted */

                ngx_memcpy(text + j + 1, addrs[i] + j, len - j);

                (void) test_same(text, len + 1);
            }
        }
    }
}


/* each number of an IPv4 address, and each group, with and without zeros */

static void
test_parse_numbers(void **state)
{
    int         len;
    char        text[TEST_TEXT];
    ngx_uint_t  n;

    for (n = 0; n < 1100; n++) {
        len = sprintf(text, "%u.%u.1.%u", (unsigned) n % 256,
                      (unsigned) (n * 7) % 256, (unsigned) n);
        assert_int_equal(test_same(text, len),
                         n < 256 ? NGX_HOUSEHOLD_FAMILY_INET
                                 : NGX_HOUSEHOLD_FAMILY_NONE);
    }

    for (n = 0; n < 65536; n++) {
        len = sprintf(text, "1::%x:%04X", (unsigned) n,
                      (unsigned) (n ^ 0xa5a5));
        assert_int_equal(test_same(text, len), NGX_HOUSEHOLD_FAMILY_INET6);
    }
}


/* an address as text: of random bytes, many of which are 0 */

static size_t
test_random_addr(char *text)
{
    int         n;
    size_t      len;
    u_char      bytes[16];
    ngx_uint_t  i, zeros;

    static const char  *digits[] = { "%x", "%X", "%04x" };

    zeros = test_below(4);

    for (i = 0; i < 16; i++) {
        bytes[i] = test_below(4) < zeros ? 0 : (u_char) test_random();
    }

    switch (test_below(4)) {

    case 0:
        (void) inet_ntop(AF_INET, bytes, text, TEST_TEXT);
        return strlen(text);

    case 1:
        (void) inet_ntop(AF_INET6, bytes, text, TEST_TEXT);
        return strlen(text);

    default:
        break;
    }

    /* no address that inet_ntop() writes: "::" anywhere, all kinds of digits */

    len = 0;
    n = 5 + (int) test_below(5);

    for (i = 0; i < (ngx_uint_t) n && len < TEST_TEXT - 24; i++) {
        len += sprintf(text + len, digits[test_below(3)],
                       (unsigned) ((bytes[2 * (i % 8)] << 8)
                                   | bytes[2 * (i % 8) + 1]));

        if (i + 1 < (ngx_uint_t) n) {
            len += sprintf(text + len, test_below(6) ? ":" : "::");
        }
    }

    if (test_below(4) == 0) {
        len += sprintf(text + len, ":%u.%u.%u.%u", bytes[0], bytes[1],
                       bytes[2], bytes[3]);
    }

    return len;
}


static size_t
test_mutate(char *text, size_t len)
{
    size_t      at;
    ngx_uint_t  n;

    static const char  chars[] = "0123456789abcdefABCDEF::::....//%g -";

    for (n = test_below(3); n; n--) {

        at = test_below(len + 1);

        switch (test_below(3)) {

        case 0:
            if (at < len) {
                text[at] = chars[test_below(sizeof(chars))];
            }

            break;

        case 1:
            if (at < len) {
                ngx_memmove(text + at, text + at + 1, len - at - 1);
                len--;
            }

            break;

        default:
            if (len < TEST_TEXT) {
                ngx_memmove(text + at + 1, text + at, len - at);
                text[at] = chars[test_below(sizeof(chars))];
                len++;
            }
        }
    }

    return len;
}


static void
test_parse_random(void **state)
{
    char        text[TEST_TEXT];
    size_t      len;
    ngx_uint_t  i, families[3];

    static const char  chars[] = "01289afF::::...";

    test_random_start("addr_parse");

    ngx_memzero(families, sizeof(families));

    for (i = 0; i < TEST_RANDOM; i++) {

        if (test_below(4)) {
            len = test_mutate(text, test_random_addr(text));

        } else {

            for (len = 0; len < 20 && test_below(14); len++) {
                text[len] = chars[test_below(sizeof(chars) - 1)];
            }
        }

        families[test_same(text, len)]++;
    }

    /* all of them are met often */

    for (i = 0; i < 3; i++) {
        assert_in_range(families[i], TEST_RANDOM / 20, TEST_RANDOM);
    }
}


/* the number in a text, with strtoul() as the model; or NGX_ERROR */

static ngx_int_t
test_length(const char *text, unsigned long max)
{
    char           same[TEST_TEXT];
    unsigned long  n;

    n = strtoul(text, NULL, 10);

    /* it skips blanks, a sign and zeros, and ignores what follows */

    (void) sprintf(same, "%lu", n);

    return n <= max && strcmp(same, text) == 0 ? (ngx_int_t) n : NGX_ERROR;
}


/* returns the prefix of "text", an address, with "rest" after it */

static ngx_int_t
test_prefix(const char *text, const char *rest, ngx_household_addr_t *addr)
{
    char        whole[2 * TEST_TEXT];
    size_t      len;
    u_char     *copy, *end;
    ngx_int_t   bits;

    len = sprintf(whole, "%s%s", text, rest);
    copy = test_copy(whole, len);

    end = ngx_household_addr_parse(addr, copy, copy + len);
    assert_ptr_equal(end, copy + strlen(text));

    bits = ngx_household_addr_prefix(addr, end, copy + len);
    free(copy);

    return bits;
}


static void
test_prefix_none(void **state)
{
    ngx_household_addr_t  addr, expected;

    assert_int_equal(test_prefix("82.64.10.7", "", &expected), 32);
    assert_int_equal(expected.family, NGX_HOUSEHOLD_FAMILY_INET);

    assert_int_equal(test_prefix("2a01::7", "", &addr), 128);
    assert_int_equal(addr.family, NGX_HOUSEHOLD_FAMILY_INET6);

    assert_int_equal(test_prefix("::ffff:82.64.10.7", "", &addr), 32);
    assert_true(test_equal(&addr, &expected));
}


static void
test_prefix_length(void **state)
{
    char                  rest[TEST_TEXT];
    ngx_int_t             bits;
    ngx_uint_t            n;
    ngx_household_addr_t  addr;

    for (n = 0; n < 1100; n++) {
        (void) sprintf(rest, "/%u", (unsigned) n);

        assert_int_equal(test_prefix("82.64.10.7", rest, &addr),
                         n <= 32 ? (ngx_int_t) n : NGX_ERROR);
        assert_int_equal(test_prefix("::", rest, &addr),
                         n <= 128 ? (ngx_int_t) n : NGX_ERROR);

        bits = test_prefix("::ffff:82.64.10.7", rest, &addr);

        if (n < 96 || n > 128) {
            assert_int_equal(bits, NGX_ERROR);

        } else {
            assert_int_equal(bits, n - 96);
            assert_int_equal(addr.family, NGX_HOUSEHOLD_FAMILY_INET);
        }
    }
}


static void
test_prefix_others(void **state)
{
    ngx_uint_t            i;
    ngx_household_addr_t  addr;

    static const char  *others[] = {
        "/", "/a", "/-1", "/+1", "/ 1", "/1 ", "/1a", "/1.", "/1/1", "//1",
        "/00", "/01", "/001", "/024", "/0x18", "/:", "/256", "/1000",
        "/4294967296", "/4294967320", "/18446744073709551616",
        "/18446744073709551640",
    };

    for (i = 0; i < test_count(others); i++) {
        assert_int_equal(test_prefix("82.64.10.7", others[i], &addr),
                         NGX_ERROR);
        assert_int_equal(test_prefix("2a01::7", others[i], &addr), NGX_ERROR);
        assert_int_equal(test_prefix("::ffff:82.64.10.7", others[i], &addr),
                         NGX_ERROR);
    }
}


static void
test_prefix_random(void **state)
{
    char                  rest[TEST_TEXT];
    size_t                len;
    ngx_int_t             expected;
    ngx_uint_t            i, accepted;
    ngx_household_addr_t  addr;

    static const char  chars[] = "0123456789 +-./:a";

    test_random_start("addr_prefix");

    accepted = 0;
    rest[0] = '/';

    for (i = 0; i < TEST_RANDOM / 10; i++) {

        for (len = 1; len < 24 && test_below(4); len++) {
            rest[len] = chars[test_below(test_below(4) ? 10
                                                       : sizeof(chars) - 1)];
        }

        rest[len] = '\0';

        expected = test_length(rest + 1, 32);
        accepted += (expected != NGX_ERROR);

        assert_int_equal(test_prefix("82.64.10.7", rest, &addr), expected);
        assert_int_equal(test_prefix("2a01::7", rest, &addr),
                         test_length(rest + 1, 128));
    }

    /* it is met often */

    assert_in_range(accepted, TEST_RANDOM / 200, TEST_RANDOM / 10);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_parse_inet),
        cmocka_unit_test(test_parse_inet6),
        cmocka_unit_test(test_parse_bytes),
        cmocka_unit_test(test_parse_numbers),
        cmocka_unit_test(test_parse_random),
        cmocka_unit_test(test_prefix_none),
        cmocka_unit_test(test_prefix_length),
        cmocka_unit_test(test_prefix_others),
        cmocka_unit_test(test_prefix_random),
    };

    return cmocka_run_group_tests_name("ngx_household_addr_parse", tests, NULL,
                                       NULL);
}
