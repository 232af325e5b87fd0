
/*
 * Units of the parser of CBOR: the examples of RFC 8949, Appendix A, what is
 * not well-formed (Appendix F), and the limits.
 */


#include "ngx_household_cbor.h"
#include "ngx_household_mint.h"
#include "ngx_household_test.h"


static ngx_household_cbor_t  cbor;

static char   shown[8192];
static char  *shown_end;


/* bytes from hex digits; blanks are passed over */

static size_t
unhex(u_char *p, const char *hex)
{
    char     two[3];
    u_char  *start;

    start = p;
    two[2] = '\0';

    while (*hex != '\0') {

        if (*hex == ' ') {
            hex++;
            continue;
        }

        two[0] = *hex++;
        two[1] = *hex++;
        *p++ = (u_char) strtoul(two, NULL, 16);
    }

    return p - start;
}


static void
show_text(const ngx_str_t *text, ngx_uint_t hex)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        shown_end += sprintf(shown_end, hex ? "%02x" : "%c", text->data[i]);
    }
}


/* diagnostic notation (RFC 8949, 8); returns the item after this one */

static const ngx_household_cbor_item_t *
show(const ngx_household_cbor_item_t *item)
{
    ngx_uint_t                        i, n;
    const ngx_household_cbor_item_t  *next;

    static const char  *words[] = { "false", "true", "null", "undefined" };

    n = item->count;
    next = ngx_household_cbor_first(item);

    switch (item->type) {

    case NGX_HOUSEHOLD_CBOR_UINT:
        shown_end += sprintf(shown_end, "%llu",
                             (unsigned long long) item->value.number);
        break;

    case NGX_HOUSEHOLD_CBOR_NINT:
        shown_end += item->value.number == UINT64_MAX
                     ? sprintf(shown_end, "-18446744073709551616")
                     : sprintf(shown_end, "-%llu",
                               (unsigned long long) item->value.number + 1);
        break;

    case NGX_HOUSEHOLD_CBOR_BYTES:
        shown_end += sprintf(shown_end, "h'");
        show_text(&item->value.text, 1);
        shown_end += sprintf(shown_end, "'");
        break;

    case NGX_HOUSEHOLD_CBOR_TEXT:
        shown_end += sprintf(shown_end, "\"");
        show_text(&item->value.text, 0);
        shown_end += sprintf(shown_end, "\"");
        break;

    case NGX_HOUSEHOLD_CBOR_ARRAY:
        shown_end += sprintf(shown_end, "[");

        for (i = 0; i < n; i++) {
            shown_end += sprintf(shown_end, i ? ", " : "");
            next = show(next);
        }

        shown_end += sprintf(shown_end, "]");
        break;

    case NGX_HOUSEHOLD_CBOR_MAP:
        shown_end += sprintf(shown_end, "{");

        for (i = 0; i < n; i++) {
            shown_end += sprintf(shown_end, i ? ", " : "");
            next = show(next);
            shown_end += sprintf(shown_end, ": ");
            next = show(next);
        }

        shown_end += sprintf(shown_end, "}");
        break;

    case NGX_HOUSEHOLD_CBOR_TAG:
        shown_end += sprintf(shown_end, "%llu(",
                             (unsigned long long) item->value.number);
        next = show(next);
        shown_end += sprintf(shown_end, ")");
        break;

    case NGX_HOUSEHOLD_CBOR_FLOAT:
        shown_end += sprintf(shown_end, "f%.17g", item->value.real);
        break;

    default:
        shown_end += sprintf(shown_end, "%s",
                             words[item->type - NGX_HOUSEHOLD_CBOR_FALSE]);
    }

    assert_ptr_equal(next, ngx_household_cbor_next(&cbor, item));

    return next;
}


static ngx_int_t
parse(const char *hex)
{
    u_char     buf[4096];
    ngx_int_t  rc;
    ngx_str_t  data;

    static u_char  *copy;

    /* the strings of the items are in it */
    free(copy);

    data.len = unhex(buf, hex);
    copy = test_copy(buf, data.len);
    data.data = copy;

    rc = ngx_household_cbor_parse(&cbor, &data, NGX_HOUSEHOLD_CBOR_ITEMS);

    if (rc == NGX_OK) {
        shown_end = shown;
        assert_ptr_equal(show(cbor.items), &cbor.items[cbor.nitems]);
    }

    return rc;
}


static const struct {
    const char  *hex;
    const char  *shown;
} examples[] = {
    { "00", "0" }, { "01", "1" }, { "0a", "10" }, { "17", "23" },
    { "1818", "24" }, { "1819", "25" }, { "1864", "100" },
    { "1903e8", "1000" }, { "1a000f4240", "1000000" },
    { "1b000000e8d4a51000", "1000000000000" },
    { "1bffffffffffffffff", "18446744073709551615" },
    { "c249010000000000000000", "2(h'010000000000000000')" },
    { "3bffffffffffffffff", "-18446744073709551616" },
    { "c349010000000000000000", "3(h'010000000000000000')" },
    { "20", "-1" }, { "29", "-10" }, { "3863", "-100" },
    { "3903e7", "-1000" },

    { "f90000", "f0" }, { "f98000", "f-0" }, { "f93c00", "f1" },
    { "fb3ff199999999999a", "f1.1000000000000001" },
    { "f93e00", "f1.5" }, { "f97bff", "f65504" },
    { "fa47c35000", "f100000" },
    { "fa7f7fffff", "f3.4028234663852886e+38" },
    { "fb7e37e43c8800759c", "f1.0000000000000001e+300" },
    { "f90001", "f5.9604644775390625e-08" },
    { "f90400", "f6.103515625e-05" }, { "f9c400", "f-4" },
    { "fbc010666666666666", "f-4.0999999999999996" },
    { "f97c00", "finf" }, { "f9fc00", "f-inf" },
    { "fa7f800000", "finf" }, { "faff800000", "f-inf" },
    { "fb7ff0000000000000", "finf" },
    { "fbfff0000000000000", "f-inf" },

    { "f4", "false" }, { "f5", "true" }, { "f6", "null" },
    { "f7", "undefined" },

    { "c074323031332d30332d32315432303a30343a30305a",
      "0(\"2013-03-21T20:04:00Z\")" },
    { "c11a514b67b0", "1(1363896240)" },
    { "c1fb41d452d9ec200000", "1(f1363896240.5)" },
    { "d74401020304", "23(h'01020304')" },
    { "d818456449455446", "24(h'6449455446')" },
    { "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
      "32(\"http://www.example.com\")" },

    { "40", "h''" }, { "4401020304", "h'01020304'" },
    { "60", "\"\"" }, { "6161", "\"a\"" }, { "6449455446", "\"IETF\"" },
    { "62225c", "\"\"\\\"" }, { "62c3bc", "\"\xc3\xbc\"" },
    { "63e6b0b4", "\"\xe6\xb0\xb4\"" },
    { "64f0908591", "\"\xf0\x90\x85\x91\"" },

    { "80", "[]" }, { "83010203", "[1, 2, 3]" },
    { "8301820203820405", "[1, [2, 3], [4, 5]]" },
    { "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
      "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
      "19, 20, 21, 22, 23, 24, 25]" },
    { "a0", "{}" }, { "a201020304", "{1: 2, 3: 4}" },
    { "a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}" },
    { "826161a161626163", "[\"a\", {\"b\": \"c\"}]" },
    { "a56161614161626142616361436164614461656145",
      "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", "
      "\"e\": \"E\"}" },

    { "5f42010243030405ff", "h'0102030405'" },
    { "7f657374726561646d696e67ff", "\"streaming\"" },
    { "9fff", "[]" },
    { "9f018202039f0405ffff", "[1, [2, 3], [4, 5]]" },
    { "9f01820203820405ff", "[1, [2, 3], [4, 5]]" },
    { "83018202039f0405ff", "[1, [2, 3], [4, 5]]" },
    { "83019f0203ff820405", "[1, [2, 3], [4, 5]]" },
    { "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
      "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
      "19, 20, 21, 22, 23, 24, 25]" },
    { "bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}" },
    { "826161bf61626163ff", "[\"a\", {\"b\": \"c\"}]" },
    { "bf6346756ef563416d7421ff", "{\"Fun\": true, \"Amt\": -2}" },

    /* not in the appendix: tags of one byte, and long heads */

    { "d100", "17(0)" }, { "d200", "18(0)" }, { "c600", "6(0)" },
    { "d4f6", "20(null)" }, { "d83d d1 80", "61(17([]))" },
    { "d91000 00", "4096(0)" }, { "da00010000 00", "65536(0)" },
    { "dbffffffffffffffff 00", "18446744073709551615(0)" },
    { "1800", "0" }, { "1b0000000000000001", "1" }, { "3817", "-24" },
    { "5800", "h''" }, { "7b0000000000000001 61", "\"a\"" },
    { "9800", "[]" },
    { "b90000", "{}" }, { "5fff", "h''" }, { "7fff", "\"\"" },
    { "7f60 6161 60 ff", "\"a\"" },
    { "83 5f4101ff 7f6161ff 5f41024103ff", "[h'01', \"a\", h'0203']" },
    { "a2 5f4101ff 01 7f6161ff 02", "{h'01': 1, \"a\": 2}" }
};


/* text is UTF-8 here, and NaN has one sign */

static void
rfc8949_examples(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < test_count(examples); i++) {

        if (parse(examples[i].hex) != NGX_OK) {
            fail_msg("%s", examples[i].hex);
        }

        assert_string_equal(shown, examples[i].shown);
    }

    /* three sizes of NaN */

    assert_int_equal(parse("f97e00"), NGX_OK);
    assert_true(cbor.items[0].value.real != cbor.items[0].value.real);
    assert_int_equal(parse("fa7fc00000"), NGX_OK);
    assert_true(cbor.items[0].value.real != cbor.items[0].value.real);
    assert_int_equal(parse("fb7ff8000000000000"), NGX_OK);
    assert_true(cbor.items[0].value.real != cbor.items[0].value.real);
}


static void
rfc8949_malformed(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "",

        /* the end of input in a head */
        "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607",
        "38", "58", "78", "98", "9a01ff00", "b8", "d8", "d9 01", "da 010203",
        "db 01020304050607", "f8", "f900", "fa0000", "fb000000",

        /* strings without their data */
        "41", "61", "5affffffff00", "5bffffffffffffffff010203",
        "7affffffff00", "7b7fffffffffffffff010203", "5b8000000000000000",
        "7b8000000000000000",

        /* arrays and maps that are not complete */
        "81", "818181818181818181", "8200", "a1", "a20102", "a100",
        "a2000000", "9affffffff", "9bffffffffffffffff", "bbffffffffffffffff",
        "bb7fffffffffffffff", "bb8000000000000000", "c0", "c1", "d1", "d83d",

        /* indefinite ones that are not closed */
        "5f4100", "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f",
        "9f8000", "9f9f9f9f9fffffffff", "9f819f819f9fffffff",

        /* reserved heads */
        "1c", "1d", "1e", "3c", "3d", "3e", "5c", "5d", "5e", "7c", "7d",
        "7e", "9c", "9d", "9e", "bc", "bd", "be", "dc", "dd", "de", "fc",
        "fd", "fe",

        /* simple values: reserved, in two bytes, not assigned */
        "f800", "f801", "f818", "f81f", "e0", "f3", "f0", "f8ff", "f820",

        /* chunks of another type, and chunks of chunks */
        "5f00ff", "5f21ff", "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff",
        "5fe0ff", "7f4100ff", "5f5f4100ffff", "7f7f6100ffff", "5ff6ff",
        "7fd100ff",

        /* a break where there is none to end */
        "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff", "a20000ff",
        "9f81ff", "9f829f819f9fffffffff", "bf00ff", "bf000000ff", "c1ff",
        "d1ff", "9fd1ffff", "bf01d1ffff",

        /* indefinite integers and tags */
        "1f", "3f", "df", "1c00", "3d0000", "de00000000", "df0000000000000000",

        /* anything after it */
        "0000", "8000", "f6f6", "6161ff", "d10000"
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        if (parse(cases[i]) != NGX_DECLINED) {
            fail_msg("%s is %s", cases[i], shown);
        }
    }
}


/* a valid input that is cut anywhere is none */

static void
truncated(void **state)
{
    size_t     i;
    u_char     buf[64], *copy;
    ngx_str_t  data;

    static const char  hex[] =
        "d83dd2 84 43a10126 a1 7f614b60ff 5f41014102ff bf 1901f4 fb"
        "3ff199999999999a 20 9f f5 c11a514b67b0 ffff 582001";

    (void) state;

    memset(buf, 0, sizeof(buf));
    (void) unhex(buf, "82");
    data.len = 1 + unhex(buf + 1, hex);

    for (i = 0; i < data.len; i++) {
        copy = test_copy(buf, i);
        data.data = copy;
        data.len = i;
        assert_int_equal(ngx_household_cbor_parse(&cbor, &data, 512),
                         NGX_DECLINED);
        free(copy);
        data.len = 1 + unhex(buf + 1, hex);
    }
}


static void
keys(void **state)
{
    size_t  i;

    static const char  *twice[] = {
        "a201000100", "a2 0100 180100", "a2616100616100",
        "a2410000410000", "a2 2000 380000", "bf010002000100ff",
        "a27f616160ff00616100",
        "a3010002000100", "81a201000100", "a101a201000100",
        "d1a201000100",
        "a21b000000000000000100 0100",

        /* keys of other types */
        "a18000", "a1a000", "a1f400", "a1f500", "a1f600", "a1f700",
        "a1f93c0000", "a1c10000", "bf8000ff"
    };

    (void) state;

    for (i = 0; i < test_count(twice); i++) {
        if (parse(twice[i]) != NGX_DECLINED) {
            fail_msg("%s is %s", twice[i], shown);
        }
    }

    /* -1 and 0, text and bytes, the same key in two maps */

    assert_int_equal(parse("a2 00 00 20 00"), NGX_OK);
    assert_int_equal(parse("a2 4161 00 6161 00"), NGX_OK);
    assert_int_equal(parse("82 a1 01 a1 01 00 a1 01 00"), NGX_OK);
    assert_int_equal(parse("a2 40 00 60 00"), NGX_OK);
}


static void
nul(void **state)
{
    (void) state;

    assert_int_equal(parse("6100"), NGX_DECLINED);
    assert_int_equal(parse("63610062"), NGX_DECLINED);
    assert_int_equal(parse("7f61616100ff"), NGX_DECLINED);
    assert_int_equal(parse("a1610000"), NGX_DECLINED);
    assert_int_equal(parse("4100"), NGX_OK);
}


static ngx_int_t
nested(const char *open, const char *last, const char *close, ngx_uint_t n)
{
    char        hex[1024];
    ngx_uint_t  i;

    hex[0] = '\0';

    for (i = 0; i < n; i++) {
        strcat(hex, open);
    }

    strcat(hex, last);

    for (i = 0; i < n; i++) {
        strcat(hex, close);
    }

    return parse(hex);
}


static void
depth(void **state)
{
    ngx_uint_t  n;

    (void) state;

    n = NGX_HOUSEHOLD_CBOR_DEPTH;

    assert_int_equal(nested("81", "00", "", n), NGX_OK);
    assert_int_equal(nested("81", "00", "", n + 1), NGX_DECLINED);
    assert_int_equal(nested("9f", "", "ff", n), NGX_OK);
    assert_int_equal(nested("9f", "", "ff", n + 1), NGX_DECLINED);
    assert_int_equal(nested("a100", "00", "", n), NGX_OK);
    assert_int_equal(nested("a100", "00", "", n + 1), NGX_DECLINED);
    assert_int_equal(nested("d1", "00", "", n), NGX_OK);
    assert_int_equal(nested("d1", "00", "", n + 1), NGX_DECLINED);
    assert_int_equal(nested("81", "5fff", "", n - 1), NGX_OK);
    assert_int_equal(nested("81", "5fff", "", n), NGX_DECLINED);
    assert_int_equal(nested("81", "", "", 400), NGX_DECLINED);
}


static ngx_int_t
array(ngx_uint_t n, ngx_uint_t declared, ngx_uint_t max)
{
    u_char     buf[1024], *p;
    ngx_str_t  data;

    p = ngx_household_cbor_head(buf, 4, declared);
    memset(p, 0, n);
    data.data = buf;
    data.len = p + n - buf;

    return ngx_household_cbor_parse(&cbor, &data, max);
}


static void
items(void **state)
{
    (void) state;

    assert_int_equal(array(511, 511, 512), NGX_OK);
    assert_int_equal(cbor.nitems, 512);
    assert_int_equal(cbor.items[0].count, 511);
    assert_int_equal(cbor.items[0].end, 512);
    assert_int_equal(array(512, 512, 512), NGX_DECLINED);
    assert_int_equal(array(512, 512, 10000), NGX_DECLINED);
    assert_int_equal(array(9, 9, 10), NGX_OK);
    assert_int_equal(array(10, 10, 10), NGX_DECLINED);
    assert_int_equal(array(0, 0, 1), NGX_OK);
    assert_int_equal(array(0, 0, 0), NGX_DECLINED);

    /* a number in a head is not believed */

    assert_int_equal(array(9, 65545, 512), NGX_DECLINED);
    assert_int_equal(array(9, 0x100000009, 512), NGX_DECLINED);
}


static void
lookups(void **state)
{
    int64_t                           value;
    ngx_str_t                         key, none;
    const ngx_household_cbor_item_t  *item;

    (void) state;

    key = test_str("sub");
    none = test_str("su");

    assert_int_equal(parse("a4 01 a1 02 03 24 80 63737562 0a 1b"
                           "8000000000000001 0b"), NGX_OK);

    item = ngx_household_cbor_find(&cbor, cbor.items, -5);
    assert_non_null(item);
    assert_int_equal(item->type, NGX_HOUSEHOLD_CBOR_ARRAY);

    item = ngx_household_cbor_find(&cbor, cbor.items, 1);
    assert_non_null(item);
    item = ngx_household_cbor_find(&cbor, item, 2);
    assert_non_null(item);
    assert_int_equal(item->value.number, 3);

    /* keys of a nested map are none of the outer one */

    assert_null(ngx_household_cbor_find(&cbor, cbor.items, 2));
    assert_null(ngx_household_cbor_find(&cbor, item, 3));
    assert_null(ngx_household_cbor_find(&cbor, cbor.items, 10));
    assert_null(ngx_household_cbor_find(&cbor, cbor.items,
                                        INT64_MIN + 1));

    item = ngx_household_cbor_find_text(&cbor, cbor.items, &key);
    assert_non_null(item);
    assert_int_equal(item->value.number, 10);
    assert_null(ngx_household_cbor_find_text(&cbor, cbor.items, &none));
    assert_null(ngx_household_cbor_find_text(&cbor, item, &key));

    assert_int_equal(parse("1b7fffffffffffffff"), NGX_OK);
    assert_int_equal(ngx_household_cbor_int(cbor.items, &value), NGX_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(parse("3b7fffffffffffffff"), NGX_OK);
    assert_int_equal(ngx_household_cbor_int(cbor.items, &value), NGX_OK);
    assert_true(value == INT64_MIN);

    assert_int_equal(parse("1b8000000000000000"), NGX_OK);
    assert_int_equal(ngx_household_cbor_int(cbor.items, &value),
                     NGX_DECLINED);
    assert_int_equal(parse("3b8000000000000000"), NGX_OK);
    assert_int_equal(ngx_household_cbor_int(cbor.items, &value),
                     NGX_DECLINED);
    assert_int_equal(parse("f4"), NGX_OK);
    assert_int_equal(ngx_household_cbor_int(cbor.items, &value),
                     NGX_DECLINED);
    assert_int_equal(parse("c101"), NGX_OK);
    assert_int_equal(ngx_household_cbor_int(cbor.items, &value),
                     NGX_DECLINED);
}


static void
heads(void **state)
{
    size_t    i, len;
    u_char    buf[NGX_HOUSEHOLD_CBOR_HEAD], expected[16];

    static const struct {
        uint64_t     number;
        const char  *hex;
    } cases[] = {
        { 0, "40" }, { 23, "57" }, { 24, "5818" }, { 255, "58ff" },
        { 256, "590100" }, { 65535, "59ffff" }, { 65536, "5a00010000" },
        { 0xffffffff, "5affffffff" }, { 0x100000000, "5b0000000100000000" },
        { UINT64_MAX, "5bffffffffffffffff" }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        len = unhex(expected, cases[i].hex);
        assert_int_equal(ngx_household_cbor_head(buf, 2, cases[i].number)
                         - buf, len);
        assert_memory_equal(buf, expected, len);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(rfc8949_examples),
        cmocka_unit_test(rfc8949_malformed),
        cmocka_unit_test(truncated),
        cmocka_unit_test(keys),
        cmocka_unit_test(nul),
        cmocka_unit_test(depth),
        cmocka_unit_test(items),
        cmocka_unit_test(lookups),
        cmocka_unit_test(heads)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
