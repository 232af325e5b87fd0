
/*
 * Units of extended regular expressions: tables, a comparison with the C
 * library's, and expressions that cost others dearly.
 */


#include "ngx_household_ere.h"
#include "ngx_household_mint.h"
#include <regex.h>


static ngx_int_t
match(const char *expression, const char *text)
{
    ngx_str_t  e, t;

    e = mint_str(expression);
    t = mint_str(text);

    return ngx_household_ere_match(&e, &t);
}


static void
matches(void **state)
{
    size_t  i;

    static const char  *cases[][2] = {
        { "a", "a" }, { ".", "x" }, { "a.c", "a/c" }, { "abc", "abc" },
        { "a*", "" }, { "a*", "aaaa" }, { "ba*", "b" }, { "a+", "aaa" },
        { "a?b", "b" }, { "a?b", "ab" }, { "(a|b)*", "abba" },
        { "a|bc|d", "bc" }, { "a|bc|d", "d" }, { "(a|b)(c|d)", "bd" },
        { "((a))", "a" }, { "(ab)+", "ababab" }, { "(ab|c)*d", "abccabd" },
        { "a{3}", "aaa" }, { "a{2,}", "aa" }, { "a{2,}", "aaaaa" },
        { "a{2,4}", "aaaa" }, { "a{0}b", "b" }, { "a{0,1}", "" },
        { "(a{2}){2}", "aaaa" }, { "(a|b){2,3}c", "abac" },
        { "(a*)*", "" }, { "(a*)*", "aaa" }, { "(a*)+b", "aab" },
        { "(a?){3}", "aa" }, { "(a*|b)*c", "abc" },
        { "[abc]", "b" }, { "[a-c]+", "abc" }, { "[^a-c]", "d" },
        { "[]a]", "]" }, { "[^]a]", "b" }, { "[a-]", "-" }, { "[-a]", "-" },
        { "[a^]", "^" }, { "[.]", "." }, { "[\\.]", "\\" }, { "[*]", "*" },
        { "[0-9]{3}", "123" }, { "[[:digit:]]+", "42" },
        { "[[:alpha:]_][[:alnum:]]*", "_a1" }, { "[[:xdigit:]]", "f" },
        { "[^[:digit:]]", "x" }, { "[[]", "[" }, { "[a[]", "[" },
        { "\\.", "." }, { "\\\\", "\\" }, { "\\*\\+\\?", "*+?" },
        { "\\:\\/", ":/" }, { "\\(\\)\\[\\]\\{\\}\\|\\^\\$", "()[]{}|^$" },
        { "]", "]" }, { "}", "}" }, { "a-b", "a-b" },
        { "^a$", "a" }, { "(^a|b)c", "ac" }, { "a($|b)", "a" },
        { "(^)a", "a" }, { "^^a$$", "a" },

        /* RFC 9246, 2.1.15.2 and A */

        { "[^:]*\\://[^/]*/folder/content/quality_[^/]*/segment.{3}\\.mp4"
          "(\\?.*)?",
          "https://e.example/folder/content/quality_720p/segment042.mp4" },
        { "[^:]*\\://[^/]*/folder/content/quality_[^/]*/segment.{3}\\.mp4"
          "(\\?.*)?",
          "https://e.example/folder/content/quality_/segment042.mp4?a=b" },
        { "http://cdni\\.example/foo/bar/[0-9]{3}\\.png",
          "http://cdni.example/foo/bar/123.png" }
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(cases[i][0], cases[i][1]) != NGX_OK) {
            fail_msg("%s is not %s", cases[i][0], cases[i][1]);
        }
    }
}


static void
differs(void **state)
{
    size_t  i;

    static const char  *cases[][2] = {
        { "a", "" }, { "a", "b" }, { "a", "aa" }, { "a", "ba" },
        { ".", "" }, { "a+", "" }, { "a?", "aa" }, { "ab", "a" },
        { "a|b", "ab" }, { "a|bc", "ac" }, { "(ab)+", "aba" },
        { "a{3}", "aa" }, { "a{3}", "aaaa" }, { "a{2,}", "a" },
        { "a{2,4}", "aaaaa" }, { "a{2,4}", "a" }, { "a{0}", "a" },
        { "[abc]", "d" }, { "[^a-c]", "b" }, { "[^]a]", "]" },
        { "[a-c]", "-" }, { "[[:digit:]]", "x" }, { "[[:lower:]]", "A" },
        { "\\.", "x" }, { "[\\.]", "x" },
        { "b^a", "ba" }, { "a$b", "ab" }, { "(a$)b", "ab" },

        /* an expression stands for the whole, not for a part */

        { "http://a/", "http://a/x" }, { "http://a/", "xhttp://a/" },
        { "a|b", "xa" }, { "^a|b$", "ax" }, { "^a|b$", "xb" },
        { "http://cdni\\.example/foo/bar/[0-9]{3}\\.png",
          "http://evil.example/?http://cdni.example/foo/bar/123.png" },
        { "http://cdni\\.example/foo/bar/[0-9]{3}\\.png",
          "http://cdni.example/foo/bar/123.png/../../secret" },
        { "http://cdni\\.example/foo/bar/[0-9]{3}\\.png",
          "http://cdni-example/foo/bar/123.png" },
        { "http://cdni\\.example/foo/bar/[0-9]{3}\\.png",
          "http://cdni.example/foo/bar/1234.png" }
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(cases[i][0], cases[i][1]) != NGX_DECLINED) {
            fail_msg("%s is %s", cases[i][0], cases[i][1]);
        }
    }
}


static void
not_understood(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "", "()", "a|", "|a", "a||b", "(a|)", "(|a)", "*", "+a", "?", "{1}",
        "a**", "a*?", "a+?", "a??", "a{2}{3}", "a{2}*", "(*a)", "a|*b",
        "(", ")", "(a", "a)", "((a)", "(a))", "[", "[a", "[]", "[^]", "[]a",
        "[[:digit]]", "[[:digits:]]", "[[:digit:]", "[[.a.]]", "[[=a=]]",
        "[b-a]", "[a-[.z.]]", "a{", "a{1", "a{1,", "a{,3}", "a{}", "a{x}",
        "a{3,2}", "a{256}", "a{1,256}", "a{99999999999999999999}", "a{-1}",
        "a{1 }", "\\", "a\\", "\\d", "\\w", "\\b", "\\1", "(a)\\1", "\\n",
        "\\A", "\\<a", "\\`", "\\ ",
        "(?:a)", "(?=a)", "(?!a)", "(?i)a", "(?<x>a)", "(?R)", "(*LIMIT)"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(cases[i], "a") != NGX_ERROR) {
            fail_msg("understood: %s", cases[i]);
        }
    }
}


static void
limits(void **state)
{
    char  e[4096], *p;
    int   i;

    /* steps: 511 bytes and the end of it */

    memset(e, 'a', 512);
    e[511] = '\0';
    assert_int_equal(match(e, "a"), NGX_DECLINED);
    e[511] = 'a';
    e[512] = '\0';
    assert_int_equal(match(e, "a"), NGX_ERROR);

    assert_int_equal(match("(a{255}){2}", "a"), NGX_DECLINED);
    assert_int_equal(match("(a{255}){3}", "a"), NGX_ERROR);
    assert_int_equal(match("((a{255}){255}){255}", "a"), NGX_ERROR);
    assert_int_equal(match("((((((a{0}){255}){255}){255}){255}){255}){255}b",
                           "b"),
                     NGX_OK);
    assert_int_equal(match("(a{255}){2}(|)", "a"), NGX_ERROR);
    assert_int_equal(match("((a|b){100}|c){2}", "c"), NGX_ERROR);

    /* depth */

    for (i = 30; i < 40; i++) {
        p = e;
        memset(p, '(', i);
        p += i;
        *p++ = 'a';
        memset(p, ')', i);
        p[i] = '\0';

        assert_int_equal(match(e, "a"),
                         i <= NGX_HOUSEHOLD_ERE_DEPTH ? NGX_OK : NGX_ERROR);
    }

    memset(e, '(', 4000);
    e[4000] = '\0';
    assert_int_equal(match(e, "a"), NGX_ERROR);

    /* classes */

    for (i = 30; i < 40; i++) {
        e[0] = '\0';

        for (p = e; p < e + 3 * i; p += 3) {
            strcpy(p, "[a]");
        }

        assert_int_equal(match(e, "a"),
                         i <= NGX_HOUSEHOLD_ERE_CLASSES ? NGX_DECLINED
                                                        : NGX_ERROR);
    }

    assert_int_equal(match("[a]{255}", "a"), NGX_DECLINED);

    /* alternatives one behind another */

    for (p = e; p < e + 300; p += 2) {
        strcpy(p, "a|");
    }

    strcpy(p, "b");
    assert_int_equal(match(e, "b"), NGX_OK);
}


static void
bytes(void **state)
{
    ngx_str_t   e, t;
    ngx_uint_t  ch;
    u_char      text[1];

    for (ch = 0; ch < 256; ch++) {
        text[0] = (u_char) ch;
        t = mint_bytes(text, 1);

        ngx_str_set(&e, ".");
        assert_int_equal(ngx_household_ere_match(&e, &t),
                         ch != 0 ? NGX_OK : NGX_DECLINED);

        ngx_str_set(&e, "[^x]");
        assert_int_equal(ngx_household_ere_match(&e, &t),
                         ch != 0 && ch != 'x' ? NGX_OK : NGX_DECLINED);

        ngx_str_set(&e, "[\x80-\xff]");
        assert_int_equal(ngx_household_ere_match(&e, &t),
                         ch >= 0x80 ? NGX_OK : NGX_DECLINED);
    }
}


/* what takes a backtracking matcher for ever; a loop here would be seen */

static void
linear(void **state)
{
    char        text[8192];
    size_t      i;
    ngx_str_t   e, t;

    static const char  *cases[] = {
        "(a+)+b", "(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*)*(.*)*(.*)*b",
        "(a?){100}a{100}b", "(((a*)*)*)*b", "(.*a){20}b", "([a-z]+)*b",
        "(a{0,250}){0,1}b"
    };

    memset(text, 'a', sizeof(text));
    t = mint_bytes(text, sizeof(text));

    for (i = 0; i < mint_count(cases); i++) {
        e = mint_str(cases[i]);
        assert_int_equal(ngx_household_ere_match(&e, &t), NGX_DECLINED);
    }
}


/*
 * Random expressions of a small alphabet: what is understood here means the
 * same to the C library.
 */

static char *
random_expression(char *p, char *last, uint32_t *seed, int depth)
{
    int  n;

    static const char  *atoms[] = {
        "a", "b", "ab", ".", "[ab]", "[^a]", "c", "[b-d]", "\\."
    };
    static const char  *repeats[] = {
        "", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,3}", "{2,}"
    };

#define next(m)  ((*seed = *seed * 1103515245 + 12345) >> 16) % (m)

    n = 1 + next(3);

    while (n-- > 0 && last - p > 24) {

        if (depth < 3 && next(4) == 0) {
            *p++ = '(';
            p = random_expression(p, last, seed, depth + 1);

            if (next(2)) {
                *p++ = '|';
                p = random_expression(p, last, seed, depth + 1);
            }

            *p++ = ')';

        } else {
            p += sprintf(p, "%s", atoms[next(mint_count(atoms))]);
        }

        p += sprintf(p, "%s", repeats[next(mint_count(repeats))]);
    }

    if (n >= 0 || p[-1] == '(' || p[-1] == '|') {
        *p++ = 'a';
    }

    return p;
}


static void
as_the_library(void **state)
{
    int         i, k, len, yes, rounds;
    char        e[512], whole[600], text[16];
    regex_t     re;
    uint32_t    seed;
    ngx_int_t   rc;

    seed = 7;
    yes = 0;
    rounds = 0;

    for (i = 0; i < 3000; i++) {
        e[0] = '\0';
        *random_expression(e, e + 120, &seed, 0) = '\0';

        sprintf(whole, "^(%s)$", e);

        if (match(e, "a") == NGX_ERROR
            || regcomp(&re, whole, REG_EXTENDED) != 0)
        {
            continue;
        }

        rounds++;

        for (k = 0; k < 20; k++) {
            len = ((seed = seed * 1103515245 + 12345) >> 16) % 9;
            text[len] = '\0';

            while (len-- > 0) {
                text[len] = "abcd."[((seed = seed * 1103515245 + 12345)
                                     >> 16) % 5];
            }

            rc = regexec(&re, text, 0, NULL, 0) == 0
                 ? NGX_OK : NGX_DECLINED;
            yes += rc == NGX_OK;

            if (match(e, text) != rc) {
                regfree(&re);
                fail_msg("%s and \"%s\": not as the library", e, text);
            }
        }

        regfree(&re);
    }

    assert_true(rounds > 2000);
    assert_true(yes > 1000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(differs),
        cmocka_unit_test(not_understood),
        cmocka_unit_test(limits),
        cmocka_unit_test(bytes),
        cmocka_unit_test(linear),
        cmocka_unit_test(as_the_library)
    };

    return cmocka_run_group_tests_name("ere", tests, NULL, NULL);
}
