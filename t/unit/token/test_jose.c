
/*
 * Units of strict base64url and bounded JSON.
 */


#include "ngx_household_jose.h"
#include "ngx_household_mint.h"


static ngx_int_t
decode(const char *text, size_t len, ngx_str_t *out, u_char *buf)
{
    ngx_str_t  src;

    src = mint_bytes(text, len);
    out->data = buf;

    return ngx_household_base64url_decode(out, &src);
}


/* RFC 4648, 10, without the padding, and the characters that differ */

static void
base64url_decodes(void **state)
{
    ngx_str_t   out;
    ngx_uint_t  i;
    u_char      buf[64];

    static const struct {
        const char  *text;
        const char  *bytes;
        size_t       len;
    } cases[] = {
        { "", "", 0 },
        { "Zg", "f", 1 },
        { "Zm8", "fo", 2 },
        { "Zm9v", "foo", 3 },
        { "Zm9vYg", "foob", 4 },
        { "Zm9vYmE", "fooba", 5 },
        { "Zm9vYmFy", "foobar", 6 },
        { "-_-_", "\xfb\xff\xbf", 3 },
        { "AAAA", "\0\0\0", 3 }
    };

    for (i = 0; i < mint_count(cases); i++) {
        assert_int_equal(decode(cases[i].text, strlen(cases[i].text), &out,
                                buf),
                         NGX_OK);
        assert_int_equal(out.len, cases[i].len);
        assert_memory_equal(out.data, cases[i].bytes, cases[i].len);
    }
}


static void
base64url_refuses(void **state)
{
    ngx_str_t   out;
    ngx_uint_t  i;
    u_char      buf[64];

    static const char  *cases[] = {
        "Zg==", "Zm8=", "Zm9v=", "=", "Zm9vY===",   /* padding */
        "+/+/", "Zm9+", "Zm9/",                     /* the other alphabet */
        " Zg", "Zg ", "Zm\n9v", "Zm9v\r\n", "\tZg", "Z g",
        "Zh", "Zi", "Zj", "Zk", "Zn", "Zv", "Zx",   /* stray bits: 4 */
        "Zm9", "Zm-", "Zm_",                        /* stray bits: 2 */
        "Z", "Zm9vZ", "Zm9vYmFyZ", "A",             /* no bytes are so long */
        "Zm9v.", "Z%67", "Zm9v\xc3\xa9", "\xff\xff", "Zm9v\x7f", "@@@@",
        "[[[[", "``", "{{", "::", "//"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (decode(cases[i], strlen(cases[i]), &out, buf) != NGX_DECLINED) {
            fail_msg("decoded: \"%s\"", cases[i]);
        }
    }

    /* a NUL within */

    assert_int_equal(decode("Zg\0", 3, &out, buf), NGX_DECLINED);
    assert_int_equal(decode("Z\0g", 3, &out, buf), NGX_DECLINED);
}


/* each byte value alone, and that encoding and decoding agree */

static void
base64url_every_byte(void **state)
{
    char        text[8];
    u_char      in[3], buf[16];
    ngx_str_t   out;
    ngx_uint_t  ch, good;

    good = 0;

    for (ch = 0; ch < 256; ch++) {
        memset(text, (int) ch, 4);

        if (decode(text, 4, &out, buf) == NGX_OK) {
            good++;
            assert_true(isalnum((int) ch) || ch == '-' || ch == '_');
        }

        in[0] = (u_char) ch;
        in[1] = (u_char) (ch * 7);
        in[2] = (u_char) ~ch;

        for (out.len = 1; out.len <= 3; out.len++) {
            size_t  len = out.len;

            mint_base64url(text, in, len);
            assert_int_equal(decode(text, strlen(text), &out, buf), NGX_OK);
            assert_int_equal(out.len, len);
            assert_memory_equal(buf, in, len);
        }
    }

    assert_int_equal(good, 64);
}


static json_t *
parse(const char *text)
{
    ngx_str_t  s;

    s = mint_str(text);

    return ngx_household_json_parse(&s);
}


static void
json_parses(void **state)
{
    json_t     *object;
    ngx_str_t   value;

    object = parse(" {\"a\":\"x\",\"b\":{\"a\":1},\"\\u0063\":\"\\u00e9\"} ");
    assert_non_null(object);

    assert_int_equal(ngx_household_json_string(object, "a", &value), NGX_OK);
    assert_int_equal(value.len, 1);
    assert_memory_equal(value.data, "x", 1);

    assert_int_equal(ngx_household_json_string(object, "c", &value), NGX_OK);
    assert_int_equal(value.len, 2);
    assert_memory_equal(value.data, "\xc3\xa9", 2);

    assert_int_equal(ngx_household_json_string(object, "b", &value),
                     NGX_ERROR);
    assert_int_equal(ngx_household_json_string(object, "d", &value),
                     NGX_DECLINED);

    assert_true(ngx_household_json_is(json_object_get(object, "a"), "x"));
    assert_false(ngx_household_json_is(json_object_get(object, "a"), "xx"));
    assert_false(ngx_household_json_is(json_object_get(object, "a"), ""));
    assert_false(ngx_household_json_is(json_object_get(object, "b"), "x"));
    assert_false(ngx_household_json_is(NULL, "x"));

    json_decref(object);
}


static void
json_refuses(void **state)
{
    json_t      *object;
    ngx_str_t    s;
    ngx_uint_t   i;

    static const char  *cases[] = {
        "", " ", "[]", "\"a\"", "1", "null", "true",
        "{", "}", "{}}", "{} x", "{}{}", "{}\n,", "{\"a\":1,}", "{'a':1}",
        "{a:1}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":NaN}", "{\"a\":.5}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\n\"}", "{\"a\":1 /* c */}",

        /* twice, plainly, escaped, deep down */
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}",
        "{\"b\":{\"a\":1,\"a\":2}}", "{\"b\":[{\"a\":1,\"\\u0061\":2}]}",

        /* NUL, surrogates, what is no UTF-8, a byte order mark */
        "{\"a\":\"\\u0000\"}", "{\"a\\u0000\":1}", "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf5\x80\x80\x80\"}", "\xef\xbb\xbf{}",

        /* beyond what an integer or a double holds */
        "{\"a\":9223372036854775808}", "{\"a\":1e400}"
    };

    for (i = 0; i < mint_count(cases); i++) {
        object = parse(cases[i]);

        if (object != NULL) {
            json_decref(object);
            fail_msg("parsed: %s", cases[i]);
        }
    }

    s = mint_bytes("{}\0", 3);
    assert_null(ngx_household_json_parse(&s));

    s = mint_bytes("{\"a\":\"\0\"}", 9);
    assert_null(ngx_household_json_parse(&s));
}


/* "n" opening brackets of a kind, a value, and as many closing ones */

static json_t *
nested(ngx_uint_t n, const char *open, const char *close)
{
    char        text[65536];
    ngx_uint_t  i;

    strcpy(text, "{\"a\":");

    for (i = 1; i < n; i++) {
        strcat(text, open);
    }

    strcat(text, "0");

    for (i = 1; i < n; i++) {
        strcat(text, close);
    }

    strcat(text, "}");

    return parse(text);
}


static void
json_depth(void **state)
{
    json_t  *object;

    object = nested(16, "[", "]");
    assert_non_null(object);
    json_decref(object);

    object = nested(16, "{\"b\":", "}");
    assert_non_null(object);
    json_decref(object);

    assert_null(nested(17, "[", "]"));
    assert_null(nested(17, "{\"b\":", "}"));
    assert_null(nested(2000, "[", "]"));
    assert_null(nested(8000, "[", ""));

    /* brackets in a string are none; one behind another is not deeper */

    object = parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[{{{{\"}");
    assert_non_null(object);
    json_decref(object);

    object = parse("{\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                   "[],[],[],[],{},{},{},{}]}");
    assert_non_null(object);
    json_decref(object);
}


static void
json_times(void **state)
{
    json_t     *object;
    int64_t     t;
    ngx_int_t   rc;

    ngx_uint_t  i;

    static const struct {
        const char  *text;
        ngx_int_t    rc;
        int64_t      value;
    } cases[] = {
        { "{\"t\":0}", NGX_OK, 0 },
        { "{\"t\":1700000000}", NGX_OK, 1700000000 },
        { "{\"t\":9007199254740992}", NGX_OK, 9007199254740992LL },
        { "{\"t\":9007199254740993}", NGX_ERROR, 0 },
        { "{\"t\":9223372036854775807}", NGX_ERROR, 0 },
        { "{\"t\":-1}", NGX_ERROR, 0 },
        { "{\"t\":1.5}", NGX_ERROR, 0 },
        { "{\"t\":1700000000.0}", NGX_ERROR, 0 },
        { "{\"t\":1e9}", NGX_ERROR, 0 },
        { "{\"t\":\"1700000000\"}", NGX_ERROR, 0 },
        { "{\"t\":null}", NGX_ERROR, 0 },
        { "{\"t\":true}", NGX_ERROR, 0 },
        { "{\"t\":[1700000000]}", NGX_ERROR, 0 },
        { "{\"t\":{}}", NGX_ERROR, 0 },
        { "{\"T\":1}", NGX_DECLINED, 0 }
    };

    for (i = 0; i < mint_count(cases); i++) {
        object = parse(cases[i].text);
        assert_non_null(object);

        t = -77;
        rc = ngx_household_json_time(object, "t", &t);
        json_decref(object);

        if (rc != cases[i].rc || (rc == NGX_OK && t != cases[i].value)) {
            fail_msg("%s: %d", cases[i].text, (int) rc);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(base64url_decodes),
        cmocka_unit_test(base64url_refuses),
        cmocka_unit_test(base64url_every_byte),
        cmocka_unit_test(json_parses),
        cmocka_unit_test(json_refuses),
        cmocka_unit_test(json_depth),
        cmocka_unit_test(json_times)
    };

    return cmocka_run_group_tests_name("jose", tests, NULL, NULL);
}
