
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

    return ngx_household_json_parse(&s, NULL);
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

        /* beyond what an integer or a double holds, and no number either */
        "{\"a\":09223372036854775808}", "{\"a\":-}", "{\"a\":1e400e}",
        "{\"a\":+9223372036854775808}", "{\"a\":9223372036854775808.}",
        "{\"a\":9223372036854775808e}", "{\"a\":9223372036854775808-1}",
        "{\"a\":1e400 1e400}", "{9223372036854775808:1}",
        "{\"a\":92233720368547758080x}", "{\"a\":--9223372036854775808}"
    };

    for (i = 0; i < mint_count(cases); i++) {
        object = parse(cases[i]);

        if (object != NULL) {
            json_decref(object);
            fail_msg("parsed: %s", cases[i]);
        }
    }

    s = mint_bytes("{}\0", 3);
    assert_null(ngx_household_json_parse(&s, NULL));

    s = mint_bytes("{\"a\":\"\0\"}", 9);
    assert_null(ngx_household_json_parse(&s, NULL));
}


/* each is null, or an error; what stands around it is what it was */

static void
json_too_large(void **state)
{
    char         set[256];
    json_t      *object;
    ngx_str_t    s;
    ngx_uint_t   i;

    static const char  *cases[] = {
        "9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "9999999999999999999",
        "1234567890123456789012345678901234567890",
        "1e400", "-1e400", "1E+400", "1e308", "0.1e309", "0.00001e400",
        "123456789e300", "1.7976931348623159e308", "1e99999999999999999999",
        "10000000000000000000000000000.5e280"
    };

    static const char  *held[] = {
        "9223372036854775807", "-9223372036854775808", "0", "-0", "1e307",
        "1e-400", "-1e-99999999999", "0e999", "0.000e999", "0.00001e312",
        "1.5", "9999999999999999999.0", "1E3", "-1.25e-2"
    };

    for (i = 0; i < mint_count(cases); i++) {
        sprintf(set, "{\"x\":\"\\\"1e999\",\"a\":%s,\"b\":[%s , 7,%s],\"y\":1}",
                cases[i], cases[i], cases[i]);
        s = mint_str(set);
        object = ngx_household_json_parse(&s, NULL);

        if (object == NULL) {
            fail_msg("not parsed: %s", set);
        }

        assert_true(ngx_household_json_is(json_object_get(object, "x"),
                                          "\"1e999"));
        assert_true(json_is_null(json_object_get(object, "a")));
        assert_int_equal(json_array_size(json_object_get(object, "b")), 3);
        assert_int_equal(json_integer_value(json_object_get(object, "y")), 1);
        json_decref(object);

        /* some of the fractions are numbers to jansson */

        object = ngx_household_json_parse_exact(&s, NULL);
        assert_false(json_is_null(json_object_get(object, "a")));

        if (strpbrk(cases[i], ".eE") == NULL) {
            assert_null(object);
        }

        json_decref(object);
    }

    for (i = 0; i < mint_count(held); i++) {
        sprintf(set, "{\"a\":%s}", held[i]);
        object = parse(set);

        if (object == NULL || !json_is_number(json_object_get(object, "a"))) {
            fail_msg("no number: %s", set);
        }

        json_decref(object);

        s = mint_str(set);
        object = ngx_household_json_parse_exact(&s, NULL);

        if (object == NULL || !json_is_number(json_object_get(object, "a"))) {
            fail_msg("no number: %s", set);
        }

        json_decref(object);
    }
}


static void
json_errors(void **state)
{
    char         error[NGX_HOUSEHOLD_JSON_ERROR];
    ngx_str_t    s;
    ngx_uint_t   i;

    static const struct {
        const char  *text;
        const char  *error;
    } cases[] = {
        { "", "line 1, column 0: '[' or '{' expected" },
        { "{\n \"a\":secret}", "line 2, column 11: invalid token" },
        { "{\"a\":1,\"a\":2}",
          "line 1, column 10: duplicate object key" },
        { "{} x", "line 1, column 4: end of file expected" },
        { "[]", "not a JSON object" },
        { "\xef\xbb\xbf{}",
          "line 1, column 1: byte order mark before the JSON text" },
        { "\xff\xfe{", "line 1, column 1: UTF-16, must be UTF-8" },
        { "\xfe\xff{", "line 1, column 1: UTF-16, must be UTF-8" },
        { "[[[[[[[[[[[[[[[[[", "nesting exceeds 16 levels" }
    };

    for (i = 0; i < mint_count(cases); i++) {
        s = mint_str(cases[i].text);
        assert_null(ngx_household_json_parse(&s, error));
        assert_string_equal(error, cases[i].error);
    }
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
    json_t      *object;
    int64_t      t;
    ngx_int_t    rc, rc_up;
    ngx_uint_t   i;

    static const struct {
        const char  *text;
        ngx_int_t    rc;
        int64_t      down;
        int64_t      up;
    } cases[] = {
        { "0", NGX_OK, 0, 0 },
        { "1700000000", NGX_OK, 1700000000, 1700000000 },
        { "9007199254740992", NGX_OK, 9007199254740992LL, 9007199254740992LL },
        { "9007199254740993", NGX_ERROR, 0, 0 },
        { "9223372036854775807", NGX_ERROR, 0, 0 },
        { "18446744073709551615", NGX_ERROR, 0, 0 },
        { "-1", NGX_ERROR, 0, 0 },

        /* RFC 7519, 2: any number */

        { "1.5", NGX_OK, 1, 2 },
        { "1700000000.0", NGX_OK, 1700000000, 1700000000 },
        { "1700000000.000001", NGX_OK, 1700000000, 1700000001 },
        { "1700000000.999999", NGX_OK, 1700000000, 1700000001 },
        { "1.7e9", NGX_OK, 1700000000, 1700000000 },
        { "17E+8", NGX_OK, 1700000000, 1700000000 },
        { "0.25", NGX_OK, 0, 1 },
        { "1e-400", NGX_OK, 0, 0 },
        { "-0.0", NGX_OK, 0, 0 },
        { "9007199254740992.0", NGX_OK, 9007199254740992LL,
          9007199254740992LL },
        { "9007199254740994.0", NGX_ERROR, 0, 0 },
        { "-0.5", NGX_ERROR, 0, 0 },
        { "-1.7e9", NGX_ERROR, 0, 0 },
        { "1e17", NGX_ERROR, 0, 0 },
        { "1e400", NGX_ERROR, 0, 0 },

        { "\"1700000000\"", NGX_ERROR, 0, 0 },
        { "null", NGX_ERROR, 0, 0 },
        { "true", NGX_ERROR, 0, 0 },
        { "[1700000000]", NGX_ERROR, 0, 0 },
        { "{}", NGX_ERROR, 0, 0 }
    };

    for (i = 0; i < mint_count(cases); i++) {
        char  set[64];

        sprintf(set, "{\"t\":%s}", cases[i].text);
        object = parse(set);
        assert_non_null(object);

        t = -77;
        rc = ngx_household_json_time(object, "t", 0, &t);

        if (rc != cases[i].rc || (rc == NGX_OK && t != cases[i].down)) {
            fail_msg("%s, down: %d", cases[i].text, (int) rc);
        }

        rc_up = ngx_household_json_time(object, "t", 1, &t);

        if (rc_up != rc || (rc == NGX_OK && t != cases[i].up)) {
            fail_msg("%s, up: %d", cases[i].text, (int) rc_up);
        }

        assert_int_equal(ngx_household_json_time(object, "T", 0, &t),
                         NGX_DECLINED);
        json_decref(object);
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
        cmocka_unit_test(json_too_large),
        cmocka_unit_test(json_errors),
        cmocka_unit_test(json_depth),
        cmocka_unit_test(json_times)
    };

    return cmocka_run_group_tests_name("jose", tests, NULL, NULL);
}
