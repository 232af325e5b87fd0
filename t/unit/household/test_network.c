
/*
 * Units of ngx_household_network.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_network.h"


#define TEST_IPV6_PREFIX  64
#define TEST_RANDOM       300000


static ngx_int_t
test_parse(ngx_household_network_t *net, const char *text, size_t len)
{
    u_char     *copy;
    ngx_int_t   rc;

    ngx_memset(net, 0xa5, sizeof(ngx_household_network_t));

    copy = test_copy(text, len);
    rc = ngx_household_network_parse(net, copy, len);
    free(copy);

    return rc;
}


/* formats into "text", which the caller has; looks for bytes written beyond */

static char *
test_format(const ngx_household_network_t *net, ngx_uint_t ipv6_prefix,
    char *text)
{
    size_t  len;
    u_char  buf[NGX_HOUSEHOLD_NETWORK_LEN + 1];

    ngx_memset(buf, 0xa5, sizeof(buf));

    len = ngx_household_network_format(net, ipv6_prefix, buf);

    assert_in_range(len, 1, NGX_HOUSEHOLD_NETWORK_LEN);
    assert_int_equal(buf[NGX_HOUSEHOLD_NETWORK_LEN], 0xa5);
    assert_int_equal(buf[len], 0xa5);

    ngx_memcpy(text, buf, len);
    text[len] = '\0';

    return text;
}


static ngx_household_addr_t
test_addr(const char *text)
{
    ngx_household_addr_t     none;
    ngx_household_network_t  net;

    if (*text == '\0') {
        ngx_memzero(&none, sizeof(ngx_household_addr_t));
        return none;
    }

    assert_int_equal(test_parse(&net, text, strlen(text)), NGX_OK);

    return net.addr;
}


static const struct {
    const char  *text;
    const char  *expected;
    u_char       family;
    u_char       no_prefix;
} test_networks[] = {

    { "82.64.10.7", "82.64.10.7/32", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "82.64.10.7/32", "82.64.10.7/32", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "82.64.10.7/24", "82.64.10.0/24", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "82.64.10.7/25", "82.64.10.0/25", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "82.64.10.255/31", "82.64.10.254/31",
      NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "82.64.10.7/0", "0.0.0.0/0", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "0.0.0.0", "0.0.0.0/32", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "255.255.255.255", "255.255.255.255/32",
      NGX_HOUSEHOLD_FAMILY_INET, 0 },

    { "2a01:e0a:1f3:9c00::/56", "2a01:e0a:1f3:9c00::/56",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "2A01:0E0A:01F3:9CFF:0:0:0:1/56", "2a01:e0a:1f3:9c00::/56",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "2a01:e0a:1f3:9cff::1/57", "2a01:e0a:1f3:9c80::/57",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "2a01:e0a::1/128", "2a01:e0a::1/128",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "::/0", "::/0", NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "::1", "::/64", NGX_HOUSEHOLD_FAMILY_INET6, 1 },
    { "2a01:e0a::1", "2a01:e0a::/64", NGX_HOUSEHOLD_FAMILY_INET6, 1 },
    { "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },

    /* RFC 5952: no zeros in front, the longest run of them, the first */
    { "2001:db8:0:0:1:0:0:1/128", "2001:db8::1:0:0:1/128",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "2001:db8:0:1:1:1:1:1/128", "2001:db8:0:1:1:1:1:1/128",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },

    /* mapped: IPv4 */
    { "::ffff:82.64.10.7", "82.64.10.7/32",
      NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "::FFFF:5240:A07", "82.64.10.7/32", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "::ffff:82.64.10.7/128", "82.64.10.7/32",
      NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "::ffff:82.64.10.7/120", "82.64.10.0/24",
      NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "::ffff:82.64.10.7/96", "0.0.0.0/0", NGX_HOUSEHOLD_FAMILY_INET, 0 },
    { "::fffe:82.64.10.7/95", "::fffe:0:0/95",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "::fffe:82.64.10.7/80", "::/80", NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "::82.64.10.7/128", "::82.64.10.7/128",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "::fffe:82.64.10.7/96", "::fffe:0:0/96",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
    { "1::ffff:82.64.10.7/112", "1::ffff:5240:0/112",
      NGX_HOUSEHOLD_FAMILY_INET6, 0 },
};


static void
test_network_parse(void **state)
{
    char                     text[NGX_HOUSEHOLD_NETWORK_LEN + 1];
    ngx_uint_t               i;
    ngx_household_network_t  net;

    for (i = 0; i < test_count(test_networks); i++) {
        assert_int_equal(test_parse(&net, test_networks[i].text,
                                    strlen(test_networks[i].text)),
                         NGX_OK);

        assert_string_equal(test_format(&net, TEST_IPV6_PREFIX, text),
                            test_networks[i].expected);
        assert_int_equal(net.addr.family, test_networks[i].family);
        assert_int_equal(net.no_prefix, test_networks[i].no_prefix);
    }
}


static void
test_network_reject(void **state)
{
    ngx_uint_t               i;
    ngx_household_network_t  net;

    static const char  *cases[] = {
        "", "/", "/24", " ", "home", "82.64.10", "82.64.10.7.1", "82.64.10.",
        ".82.64.10.7", "82.64.10.256", "82.64.10.-7", "082.64.10.7",
        "82.64.10.07", "82.64.10.0x7", "0x52400a07", "1379928583",
        " 82.64.10.7", "82.64.10.7 ", "82.64.10.7\n", "\t82.64.10.7",
        "82.64.10.7:80", "82.64.10.7%lo",

        "82.64.10.7/", "82.64.10.7/33", "82.64.10.7/032", "82.64.10.7/00",
        "82.64.10.7/+8", "82.64.10.7/-8", "82.64.10.7/ 8", "82.64.10.7/8 ",
        "82.64.10.7/8/8", "82.64.10.7//8", "82.64.10.7/255.255.255.0",
        "82.64.10.7/0x8", "82.64.10.7/128", "82.64.10.7/4294967296",
        "82.64.10.7/264", "82.64.10.7/a", "82.64.10.7/2a", "82.64.10.7 /8",

        ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::",
        "1::2::3", "12345::", "::g", "[::1]", "[::1]:80", "fe80::1%eth0",
        "fe80::1%eth0/64", "::1/129", "::1/", "::1/0128", "::1/064",
        "::1/1000", "::ffff:82.64.10.7/129", "::ffff:82.64.10", "::1/64/64",
        "::ffff:082.64.10.7", "1:2:3:4:5:6:7:82.64.10.7", "::1/-1",
        ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7::8:9",

        /* mapped: a length that was meant for IPv4 */
        "::ffff:82.64.10.0/24", "::ffff:82.64.10.7/95",
        "::ffff:82.64.10.7/32", "::ffff:82.64.10.7/0", "::FFFF:0:0/95",
        "0:0:0:0:0:ffff:5240:a07/64",

        /* one longer than the longest */
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/0128",
        "0ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
    };

    for (i = 0; i < test_count(cases); i++) {
        if (test_parse(&net, cases[i], strlen(cases[i])) != NGX_DECLINED) {
            fail_msg("accepted: \"%s\"", cases[i]);
        }
    }
}


/* libc stops at a NUL, and what stands behind it would not be looked at */

static void
test_network_nul(void **state)
{
    char                     longest[4096];
    ngx_uint_t               i;
    ngx_household_network_t  net;

    static const ngx_str_t  cases[] = {
        ngx_string("\0"),
        ngx_string("82.64.10.7\0"),
        ngx_string("82.64.10.7\0evil"),
        ngx_string("82.64.10.7\0/8"),
        ngx_string("82.64.10.7/8\0"),
        ngx_string("82.64.10.7/\0"),
        ngx_string("\00082.64.10.7"),
        ngx_string("2a01:e0a::\0/32"),
        ngx_string("2a01:e0a::1\0:2"),
    };

    for (i = 0; i < test_count(cases); i++) {
        assert_int_equal(test_parse(&net, (char *) cases[i].data,
                                    cases[i].len),
                         NGX_DECLINED);
    }

    assert_int_equal(ngx_household_network_parse(&net, NULL, 0),
                     NGX_DECLINED);

    ngx_memset(longest, '1', sizeof(longest));
    assert_int_equal(test_parse(&net, longest, sizeof(longest)),
                     NGX_DECLINED);
}


static void
test_network_no_prefix(void **state)
{
    char                     text[NGX_HOUSEHOLD_NETWORK_LEN + 1];
    ngx_household_addr_t     same, near, far;
    ngx_household_network_t  net;

    assert_int_equal(test_parse(&net, "2a01:e0a:1f3:9c42::7", 20), NGX_OK);

    same = test_addr("2a01:e0a:1f3:9c42::7");
    near = test_addr("2a01:e0a:1f3:9c42:ffff::1");
    far = test_addr("2a01:e0a:1f3:9c43::7");

    assert_true(ngx_household_network_match(&net, &same, 128));
    assert_false(ngx_household_network_match(&net, &near, 128));

    assert_true(ngx_household_network_match(&net, &near, 64));
    assert_false(ngx_household_network_match(&net, &far, 64));

    assert_true(ngx_household_network_match(&net, &far, 56));
    assert_true(ngx_household_network_match(&net, &far, 1));

    assert_string_equal(test_format(&net, 64, text),
                        "2a01:e0a:1f3:9c42::/64");
    assert_string_equal(test_format(&net, 56, text),
                        "2a01:e0a:1f3:9c00::/56");
    assert_string_equal(test_format(&net, 128, text),
                        "2a01:e0a:1f3:9c42::7/128");
    assert_string_equal(test_format(&net, 1, text), "::/1");

    /* a length that is written counts as it is */

    assert_int_equal(test_parse(&net, "2a01:e0a:1f3:9c42::7/128", 24),
                     NGX_OK);
    assert_true(ngx_household_network_match(&net, &same, 64));
    assert_false(ngx_household_network_match(&net, &near, 64));

    assert_int_equal(test_parse(&net, "82.64.10.7", 10), NGX_OK);
    same = test_addr("82.64.10.7");
    near = test_addr("82.64.10.6");
    assert_true(ngx_household_network_match(&net, &same, 1));
    assert_false(ngx_household_network_match(&net, &near, 1));
}


static void
test_network_families(void **state)
{
    ngx_household_addr_t     none, inet, inet6;
    ngx_household_network_t  all, all6;

    none = test_addr("");
    inet = test_addr("0.0.0.0");
    inet6 = test_addr("::");

    assert_int_equal(test_parse(&all, "0.0.0.0/0", 9), NGX_OK);
    assert_int_equal(test_parse(&all6, "::/0", 4), NGX_OK);

    assert_true(ngx_household_network_match(&all, &inet, 64));
    assert_false(ngx_household_network_match(&all, &inet6, 64));
    assert_false(ngx_household_network_match(&all, &none, 64));

    assert_true(ngx_household_network_match(&all6, &inet6, 64));
    assert_false(ngx_household_network_match(&all6, &inet, 64));
    assert_false(ngx_household_network_match(&all6, &none, 64));
}


/* a network that nobody filled must not hold a viewer that nobody knows */

static void
test_network_none(void **state)
{
    ngx_household_addr_t     none;
    ngx_household_network_t  net;

    none = test_addr("");
    ngx_memzero(&net, sizeof(ngx_household_network_t));

    assert_false(ngx_household_network_match(&net, &none, 64));
}


static void
test_addr_set(void **state)
{
    struct sockaddr       sa;
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;
    ngx_household_addr_t  addr, expected;

    ngx_memzero(&sin, sizeof(sin));
    sin.sin_family = AF_INET;
    assert_int_equal(inet_pton(AF_INET, "82.64.10.7", &sin.sin_addr), 1);

    ngx_memset(&addr, 0xa5, sizeof(addr));
    expected = test_addr("82.64.10.7");
    assert_int_equal(ngx_household_addr_set(&addr, (struct sockaddr *) &sin),
                     NGX_OK);
    assert_memory_equal(&addr, &expected, sizeof(addr));

    ngx_memzero(&sin6, sizeof(sin6));
    sin6.sin6_family = AF_INET6;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:82.64.10.7",
                               &sin6.sin6_addr),
                     1);

    ngx_memset(&addr, 0xa5, sizeof(addr));
    assert_int_equal(ngx_household_addr_set(&addr, (struct sockaddr *) &sin6),
                     NGX_OK);
    assert_memory_equal(&addr, &expected, sizeof(addr));

    assert_int_equal(inet_pton(AF_INET6, "2a01:e0a::ffff:82.64.10.7",
                               &sin6.sin6_addr),
                     1);

    expected = test_addr("2a01:e0a::ffff:82.64.10.7");
    assert_int_equal(ngx_household_addr_set(&addr, (struct sockaddr *) &sin6),
                     NGX_OK);
    assert_memory_equal(&addr, &expected, sizeof(addr));

    ngx_memzero(&sa, sizeof(sa));
    sa.sa_family = AF_UNIX;

    ngx_memset(&addr, 0xa5, sizeof(addr));
    expected = test_addr("");
    assert_int_equal(ngx_household_addr_set(&addr, &sa), NGX_DECLINED);
    assert_memory_equal(&addr, &expected, sizeof(addr));
}


/* however it was written, the same network is the same bytes */

static void
test_network_canonical(void **state)
{
    ngx_uint_t               i;
    ngx_household_network_t  net, same;

    static const char  *pairs[][2] = {
        { "82.64.10.7/24", "82.64.10.0/24" },
        { "82.64.10.7/32", "82.64.10.7" },
        { "82.64.10.7/0", "0.0.0.0/0" },
        { "::ffff:82.64.10.7", "82.64.10.7" },
        { "::ffff:82.64.10.7/121", "82.64.10.0/25" },
        { "2A01:0:0::1/64", "2a01::/64" },
        { "2a01::ff7f/120", "2a01::ff00/120" },
        { "2a01::ff7f/0", "::/0" },
        { "::fffe:1:0/95", "::fffe:0:0/95" },
    };

    for (i = 0; i < test_count(pairs); i++) {
        assert_int_equal(test_parse(&net, pairs[i][0], strlen(pairs[i][0])),
                         NGX_OK);
        assert_int_equal(test_parse(&same, pairs[i][1], strlen(pairs[i][1])),
                         NGX_OK);
        assert_memory_equal(&net, &same, sizeof(net));
    }
}


static ngx_uint_t
test_bit(const u_char *bytes, ngx_uint_t bit)
{
    return bytes[bit / 8] >> (7 - bit % 8) & 1;
}


/* of every length: the last bit inside counts, the first one outside not */

static void
test_network_lengths(void **state)
{
    char                     text[NGX_HOUSEHOLD_NETWORK_LEN + 1];
    char                     again[NGX_HOUSEHOLD_NETWORK_LEN + 1];
    ngx_uint_t               i, n, bit, bits, expected;
    ngx_household_addr_t     addr;
    ngx_household_network_t  net;

    static const char  *addrs[] = { "170.85.15.241",
                                    "aa55:f00f:aa55:f00f:55aa:ff0:55aa:ff1" };

    for (i = 0; i < 2; i++) {
        bits = (i == 0) ? 32 : 128;

        for (n = 0; n <= bits; n++) {
            sprintf(text, "%s/%u", addrs[i], (unsigned) n);
            assert_int_equal(test_parse(&net, text, strlen(text)), NGX_OK);
            assert_int_equal(net.prefix, n);

            addr = test_addr(addrs[i]);
            assert_true(ngx_household_network_match(&net, &addr, 64));

            /* ... and no host bit is left */

            for (bit = 0; bit < 128; bit++) {
                expected = bit < n ? test_bit(addr.bytes, bit) : 0;
                assert_int_equal(test_bit(net.addr.bytes, bit), expected);
            }

            if (n < bits) {
                addr.bytes[n / 8] ^= 0x80 >> (n % 8);
                assert_true(ngx_household_network_match(&net, &addr, 64));
                addr.bytes[n / 8] ^= 0x80 >> (n % 8);
            }

            if (n > 0) {
                addr.bytes[(n - 1) / 8] ^= 0x80 >> ((n - 1) % 8);
                assert_false(ngx_household_network_match(&net, &addr, 64));
            }

            test_format(&net, 64, text);
            assert_int_equal(test_parse(&net, text, strlen(text)), NGX_OK);
            assert_string_equal(test_format(&net, 64, again), text);
        }
    }
}


/* one bit after the other */

static ngx_uint_t
test_model_match(const ngx_household_network_t *net,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix)
{
    ngx_uint_t  i, n;

    if (net->addr.family != addr->family) {
        return 0;
    }

    n = net->no_prefix ? ipv6_prefix : net->prefix;

    for (i = 0; i < n; i++) {
        if (test_bit(net->addr.bytes, i) != test_bit(addr->bytes, i)) {
            return 0;
        }
    }

    return 1;
}


static void
test_network_random(void **state)
{
    ngx_uint_t               i, j, bit, bits, found, ipv6_prefix;
    ngx_household_addr_t     addr;
    ngx_household_network_t  net;

    test_random_start("network");

    found = 0;

    for (i = 0; i < TEST_RANDOM; i++) {
        ngx_memzero(&net, sizeof(net));

        net.addr.family = NGX_HOUSEHOLD_FAMILY_INET + test_below(2);
        bits = (net.addr.family == NGX_HOUSEHOLD_FAMILY_INET) ? 32 : 128;

        for (j = 0; j < bits / 8; j++) {
            net.addr.bytes[j] = (u_char) test_random();
        }

        net.prefix = (u_char) test_below(bits + 1);
        net.no_prefix = (bits == 128 && test_below(4) == 0);
        ipv6_prefix = 1 + test_below(128);

        addr = net.addr;
        bit = test_below(bits);
        addr.bytes[bit / 8] ^= 0x80 >> (bit % 8);

        assert_int_equal(ngx_household_network_match(&net, &addr, ipv6_prefix),
                         test_model_match(&net, &addr, ipv6_prefix));

        found += test_model_match(&net, &addr, ipv6_prefix);
    }

    assert_in_range(found, TEST_RANDOM / 4, TEST_RANDOM * 3 / 4);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_network_parse),
        cmocka_unit_test(test_network_reject),
        cmocka_unit_test(test_network_nul),
        cmocka_unit_test(test_network_no_prefix),
        cmocka_unit_test(test_network_families),
        cmocka_unit_test(test_network_none),
        cmocka_unit_test(test_addr_set),
        cmocka_unit_test(test_network_canonical),
        cmocka_unit_test(test_network_lengths),
        cmocka_unit_test(test_network_random),
    };

    return cmocka_run_group_tests_name("ngx_household_network", tests, NULL,
                                       NULL);
}
