
/*
 * Units of URIs in one spelling, and of the parameter that is taken out.
 */


#include "ngx_household_mint.h"
#include "ngx_household_uri.h"


static char                 text[9000];
static ngx_household_uri_t  u;


static const char *
normalize(const char *uri)
{
    ngx_str_t  s, out;

    s = mint_str(uri);
    out.data = (u_char *) text;

    if (ngx_household_uri_normalize(&u, &s, &out, strlen(uri) + 1) != NGX_OK) {
        return NULL;
    }

    assert_true(out.len <= strlen(uri) + 1);
    text[out.len] = '\0';

    return text;
}


static void
normalizes(void **state)
{
    size_t  i;

    static const struct {
        const char  *from;
        const char  *to;
        ngx_uint_t   ambiguous;
    } cases[] = {
        { "http://a/", "http://a/", 0 },
        { "http://a", "http://a/", 0 },
        { "http://a?x", "http://a/?x", 0 },
        { "HTTP://EXAMPLE.com/A", "http://example.com/A", 0 },
        { "hTTps://a/", "https://a/", 0 },
        { "http://a:80/", "http://a/", 0 },
        { "https://a:443/", "https://a/", 0 },
        { "https://a:80/", "https://a:80/", 0 },
        { "http://a:443/", "http://a:443/", 0 },
        { "http://a:8080/", "http://a:8080/", 0 },
        { "http://a:080/", "http://a:080/", 0 },
        { "http://a:/", "http://a/", 0 },
        { "http://[::1]/", "http://[::1]/", 0 },
        { "http://[2001:DB8::80]/", "http://[2001:db8::80]/", 0 },
        { "http://[::1]:80/", "http://[::1]/", 0 },
        { "http://[::1]:81/", "http://[::1]:81/", 0 },

        { "http://a/%41%5a%61%7a%30%39%2d%2E%5f%7e",
          "http://a/AZaz09-._~", 0 },
        { "http://a/%3f%2b%c3%a9%25%00", "http://a/%3F%2B%C3%A9%25%00", 0 },
        { "http://a/%252e%252e/b", "http://a/%252e%252e/b", 0 },
        { "http://a/?%61=%2f%2F", "http://a/?a=%2F%2F", 0 },

        { "http://a/.", "http://a/", 0 },
        { "http://a/..", "http://a/", 0 },
        { "http://a/../..", "http://a/", 0 },
        { "http://a/./b", "http://a/b", 0 },
        { "http://a/b/.", "http://a/b/", 0 },
        { "http://a/b/..", "http://a/", 0 },
        { "http://a/b/../", "http://a/", 0 },
        { "http://a/b/../c", "http://a/c", 0 },
        { "http://a/b/c/./../../g", "http://a/g", 0 },
        { "http://a/b/c/d/../../e/", "http://a/b/e/", 0 },
        { "http://a/../b", "http://a/b", 0 },
        { "http://a/%2e%2E/b", "http://a/b", 0 },
        { "http://a/b/%2e%2e/c", "http://a/c", 0 },
        { "http://a/b/.%2e/c", "http://a/c", 0 },
        { "http://a/...", "http://a/...", 0 },
        { "http://a/.b/..c/d.", "http://a/.b/..c/d.", 0 },
        { "http://a/b;x=1/../c", "http://a/c", 0 },
        { "http://a/b/..;x/c", "http://a/b/..;x/c", 0 },
        { "http://a/b?x=/../y", "http://a/b?x=/../y", 0 },
        { "http://a/b?x?y", "http://a/b?x?y", 0 },

        { "http://a//", "http://a//", 1 },
        { "http://a//b", "http://a//b", 1 },
        { "http://a/b//c", "http://a/b//c", 1 },
        { "http://a/b/.//c", "http://a/b//c", 1 },
        { "http://a/b%2fc", "http://a/b%2Fc", 1 },
        { "http://a/b%2Fc", "http://a/b%2Fc", 1 },
        { "http://a/b/%2f../c", "http://a/b/%2F../c", 1 },
        { "http://a/b?x=//%2f", "http://a/b?x=//%2F", 0 },
        { "http://a/b%252fc", "http://a/b%252fc", 0 }
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (normalize(cases[i].from) == NULL) {
            fail_msg("%s is refused", cases[i].from);
        }

        assert_string_equal(text, cases[i].to);

        if (u.ambiguous != cases[i].ambiguous) {
            fail_msg("%s: %d", cases[i].from, (int) u.ambiguous);
        }
    }
}


static void
refuses(void **state)
{
    size_t     i;
    ngx_str_t  s, out;

    static const char  *cases[] = {
        "", "/", "/a", "a", "http", "http:", "http:/", "http:/a", "http://",
        "http:///a", "http://?a", "http://:80/", "ftp://a/", "httpss://a/",
        "//a/", "http:a", " http://a/", "http://a/ b", "http://a/\tb",
        "http://a/\r\n", "http://a/\x7f", "http://a/\xc3\xa9",
        "http://u@a/", "http://u:p@a/", "http://a%2eb/", "http://a/#b",
        "http://a#b", "http://a/b?c#d",
        "http://a/%", "http://a/%2", "http://a/%zz", "http://a/%2g",
        "http://a/%g2", "http://a/?%", "http://a/?%4", "http://a/?%xx",

        /* nginx climbs over more than RFC 3986 does, or over less */
        "http://a/b//../c", "http://a/b/%2F/../c", "http://a//../c",
        "http://a/b%2f..%2fc/../d", "http://a/b/..//c"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (normalize(cases[i]) != NULL) {
            fail_msg("%s is %s", cases[i], text);
        }
    }

    /* a NUL, and no room */

    s = mint_bytes("http://a/\0b", 11);
    out.data = (u_char *) text;
    assert_int_equal(ngx_household_uri_normalize(&u, &s, &out, 100),
                     NGX_DECLINED);

    s = mint_str("http://a");
    assert_int_equal(ngx_household_uri_normalize(&u, &s, &out, 8),
                     NGX_DECLINED);
    assert_int_equal(ngx_household_uri_normalize(&u, &s, &out, 9), NGX_OK);
    assert_int_equal(out.len, 9);
}


/* it is as it is: what is normal stays so */

static void
normal_stays(void **state)
{
    char      once[64], in[64];
    int       i, k, n, good;
    uint32_t  seed;

    static const char  *parts[] = {
        "/", ".", "..", "a", "%2e", "%2F", "%41", "?", "b;c", "//", "%25", "="
    };

    seed = 1;
    good = 0;

    for (i = 0; i < 20000; i++) {
        strcpy(in, "http://a/");
        n = ((seed = seed * 1103515245 + 12345) >> 16) % 8;

        for (k = 0; k < n; k++) {
            strcat(in, parts[((seed = seed * 1103515245 + 12345) >> 16)
                             % mint_count(parts)]);
        }

        if (normalize(in) == NULL) {
            continue;
        }

        good++;
        strcpy(once, text);
        assert_non_null(normalize(once));
        assert_string_equal(text, once);
    }

    assert_true(good > 10000);
}


typedef struct {
    const char  *from;
    const char  *to;
} removed_t;


static void
remove_all(const removed_t *cases, size_t n)
{
    size_t     i;
    ngx_str_t  uri, name, value;

    name = mint_str("p");
    value = mint_str("T");

    for (i = 0; i < n; i++) {
        strcpy(text, cases[i].from);
        uri = mint_str(text);
        ngx_household_uri_remove(&uri, &name, &value);
        text[uri.len] = '\0';

        if (strcmp(text, cases[i].to) != 0) {
            fail_msg("%s became %s", cases[i].from, text);
        }
    }
}


/* a token that is there more than once */

static void
removes_each(void **state)
{
    static const removed_t  cases[] = {
        { "http://a/p=T/b?p=T", "http://a/b" },
        { "http://a/b?p=T&p=T", "http://a/b" },
        { "http://a/b?p=T&p=T&c=d", "http://a/b?c=d" },
        { "http://a/b?p=T&c=d&P=T", "http://a/b?c=d" },
        { "http://a/b?c=d&p=T&p=T&e=f", "http://a/b?c=d&e=f" },
        { "http://a/p=T/p=T/b", "http://a/b" },
        { "http://a/p=T/b;p=T;p=T/c", "http://a/b/c" },
        { "http://a/p=T/p=T", "http://a" },
        { "http://a/b;p=T?p=T", "http://a/b" },
        { "/p=T/p=T", "" },
        { "http://a/b?p=X&p=T", "http://a/b?p=X" },
        { "http://a/b?p=T&p=X&p=T", "http://a/b?p=X" }
    };

    remove_all(cases, mint_count(cases));
}


static void
removes(void **state)
{
    ngx_str_t  uri, name, value;

    static const removed_t  cases[] = {

        /* RFC 9246, 2.1.15: in the query */
        { "http://a/b?p=T", "http://a/b" },
        { "http://a/b?p=T&c=d", "http://a/b?c=d" },
        { "http://a/b?c=d&p=T", "http://a/b?c=d" },
        { "http://a/b?c=d&p=T&e=f", "http://a/b?c=d&e=f" },
        { "http://a/b?c=d;p=T;e=f", "http://a/b?c=d;e=f" },

        /* in any case, as nginx finds it */
        { "http://a/b?P=T", "http://a/b" },
        { "http://a/b;P=T?c", "http://a/b?c" },

        /* in the path */
        { "http://a/p=T/b", "http://a/b" },
        { "http://a/b/p=T", "http://a/b" },
        { "http://a/b;p=T", "http://a/b" },
        { "http://a/b;p=T/c", "http://a/b/c" },
        { "http://a/b;p=T;q=1/c", "http://a/b;q=1/c" },
        { "http://a/b;p=T?c", "http://a/b?c" },
        { "http://a/b,p=T,c", "http://a/b,c" },

        /* not there */
        { "http://a/b", "http://a/b" },
        { "http://a/b?p=X", "http://a/b?p=X" },
        { "http://a/b?P=t", "http://a/b?P=t" },
        { "http://a/b?xp=T", "http://a/b?xp=T" },
        { "http://a/b?p=TT", "http://a/b?p=TT" },
        { "http://a/b?p=T.", "http://a/b?p=T." },
        { "http://a/b?p=T%26", "http://a/b?p=T%26" },
        { "http://a/b?p%3DT", "http://a/b?p%3DT" },
        { "http://a/xp=T/b", "http://a/xp=T/b" },
        { "http://p", "http://p" },
        { "p=T", "p=T" },
        { "/p=T", "" },

        /* what follows in the query does not become the path */
        { "http://a/b?p=T/c", "http://a/b?p=T/c" },
        { "http://a/b?p=T?c", "http://a/b?p=T?c" }
    };

    remove_all(cases, mint_count(cases));

    /* no name, no value */

    name = mint_str("p");
    strcpy(text, "http://a/=T/p=");
    uri = mint_str(text);
    value = mint_str("");
    ngx_household_uri_remove(&uri, &name, &value);
    assert_int_equal(uri.len, 14);

    value = mint_str("T");
    name = mint_str("");
    ngx_household_uri_remove(&uri, &name, &value);
    assert_int_equal(uri.len, 14);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(normalizes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(normal_stays),
        cmocka_unit_test(removes),
        cmocka_unit_test(removes_each)
    };

    return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
