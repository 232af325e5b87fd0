
/*
 * Units of COSE: the examples of others, headers and tags.
 */


#include "ngx_household_cat_test.h"
#include "ngx_household_cose.h"
#include "ngx_household_cose_vectors.h"
#include "ngx_household_jwks.h"


static ngx_household_cose_t  m;

static u_char  message[CAT_SIZE], input[ngx_household_cose_size(CAT_SIZE)];


static ngx_household_jwks_t *
keys(const char *jwk)
{
    char                   text[4096], error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    sprintf(text, "{\"keys\":[%s]}", jwk);
    s = test_str(text);
    set = ngx_household_jwks_parse(&s, NULL, NULL, error);

    if (set == NULL) {
        fail_msg("%s", error);
    }

    return set;
}


/* the message stays in "message", for the strings of "m" */

static ngx_household_reason_e
parse(ngx_str_t *data)
{
    u_char                  *copy;
    ngx_household_reason_e   reason;

    copy = test_copy(data->data, data->len);
    memcpy(message, copy, data->len);
    data->data = copy;

    /* once at its very end, for a sanitizer, and once to be looked at */

    (void) ngx_household_cose_parse(&m, data, input);
    free(copy);

    data->data = message;
    reason = ngx_household_cose_parse(&m, data, input);

    return reason;
}


static ngx_household_reason_e
parse_text(const char *text)
{
    u_char     buf[CAT_SIZE];
    ngx_str_t  data;

    data = cat_cbor(buf, text);

    return parse(&data);
}


static ngx_household_reason_e
verify(const cose_vector_t *vector)
{
    u_char                   buf[CAT_SIZE];
    ngx_int_t                rc;
    ngx_str_t                data;
    const char              *hex;
    ngx_household_jwks_t    *set;
    ngx_household_reason_e   reason;

    data.data = buf;

    for (hex = vector->hex, data.len = 0; *hex != '\0'; hex += 2) {
        (void) sscanf(hex, "%2hhx", &buf[data.len++]);
    }

    reason = parse(&data);

    if (reason != NONE) {
        return reason;
    }

    set = keys(vector->jwk);
    rc = ngx_household_jws_check(&set->keys[0].key, m.algorithm, &m.input,
                                 &m.signature);
    ngx_household_jwks_destroy(set);

    return rc == NGX_OK ? NONE : SIGNATURE;
}


static void
vectors(void **state)
{
    size_t                  i;
    ngx_household_reason_e  reason;

    (void) state;

    for (i = 0; i < test_count(cose_vectors); i++) {
        reason = verify(&cose_vectors[i]);

        if (reason != cose_vectors[i].reason) {
            fail_msg("%s: %s", cose_vectors[i].name,
                     ngx_household_reason_name(reason)->data);
        }
    }
}


#define PAYLOAD  "h'a0'"
#define SIG      "h'00'"
#define ES256    "h'a10126'"                      /* {1: -7} */
#define HS256    "h'a10105'"                      /* {1: 5} */
#define S1(protected, unprotected)                                            \
    "18([" protected "," unprotected "," PAYLOAD "," SIG "])"


static void
tags(void **state)
{
    size_t  i;

    static const struct {
        const char              *text;
        ngx_household_reason_e   reason;
    } cases[] = {
        { "18([" ES256 ",{}," PAYLOAD "," SIG "])", NONE },
        { "17([" HS256 ",{}," PAYLOAD "," SIG "])", NONE },
        { "[" ES256 ",{}," PAYLOAD "," SIG "]", NONE },
        { "[" HS256 ",{}," PAYLOAD "," SIG "]", NONE },
        { "61(18([" ES256 ",{}," PAYLOAD "," SIG "]))", NONE },
        { "61(17([" HS256 ",{}," PAYLOAD "," SIG "]))", NONE },

        /* the tag of the other kind */
        { "17([" ES256 ",{}," PAYLOAD "," SIG "])", ALGORITHM },
        { "18([" HS256 ",{}," PAYLOAD "," SIG "])", ALGORITHM },

        /* other tags, and tags in another order */
        { "61([" ES256 ",{}," PAYLOAD "," SIG "])", MALFORMED },
        { "18(61([" ES256 ",{}," PAYLOAD "," SIG "]))", MALFORMED },
        { "18(18([" ES256 ",{}," PAYLOAD "," SIG "]))", MALFORMED },
        { "61(61(18([" ES256 ",{}," PAYLOAD "," SIG "])))", MALFORMED },
        { "55799(18([" ES256 ",{}," PAYLOAD "," SIG "]))", MALFORMED },
        { "16([" ES256 ",{}," PAYLOAD "," SIG "])", MALFORMED },
        { "96([" ES256 ",{}," PAYLOAD "," SIG "])", MALFORMED },
        { "97([" ES256 ",{}," PAYLOAD "," SIG "])", MALFORMED },
        { "98([" ES256 ",{}," PAYLOAD "," SIG "])", MALFORMED },
        { "61(98([" ES256 ",{}," PAYLOAD "," SIG "]))", MALFORMED },

        /* other shapes */
        { "18([" ES256 ",{}," PAYLOAD "])", MALFORMED },
        { "18([" ES256 ",{}," PAYLOAD "," SIG "," SIG "])", MALFORMED },
        { "18([])", MALFORMED },
        { "18({" ES256 ":{}})", MALFORMED },
        { "18({1:2,3:4})", MALFORMED },
        { "18(" PAYLOAD ")", MALFORMED },
        { "[]", MALFORMED }, { "{}", MALFORMED }, { "1", MALFORMED },
        { "'text'", MALFORMED }, { "61(18(17(1)))", MALFORMED },

        /* other types; null is a detached payload */
        { "18([{1:-7},{}," PAYLOAD "," SIG "])", MALFORMED },
        { "18(['x',{}," PAYLOAD "," SIG "])", MALFORMED },
        { "18([" ES256 ",[]," PAYLOAD "," SIG "])", MALFORMED },
        { "18([" ES256 ",h'a0'," PAYLOAD "," SIG "])", MALFORMED },
        { "18([" ES256 ",{},null," SIG "])", MALFORMED },
        { "18([" ES256 ",{},{}," SIG "])", MALFORMED },
        { "18([" ES256 ",{},'x'," SIG "])", MALFORMED },
        { "18([" ES256 ",{}," PAYLOAD ",null])", MALFORMED },
        { "18([" ES256 ",{}," PAYLOAD ",'x'])", MALFORMED },
        { "18([" ES256 ",{}," PAYLOAD ",[]])", MALFORMED },

        /* anything behind it */
        { "x'd28443a10126a041a0410000'", MALFORMED }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        if (parse_text(cases[i].text) != cases[i].reason) {
            fail_msg("%s", cases[i].text);
        }
    }
}


static const struct {
    const char              *text;
    ngx_household_reason_e   reason;
} header_cases[] = {

    /* no "alg", in the other header, or of another type */
    { S1("h''", "{}"), ALGORITHM },
    { S1("h'a0'", "{}"), ALGORITHM },
    { S1("h'a0'", "{1:-7}"), ALGORITHM },
    { S1("h''", "{1:-7}"), ALGORITHM },
    { S1("h'a101654553323536'", "{}"), ALGORITHM },
    { S1("h'a1014126'", "{}"), ALGORITHM },
    { S1("h'a101f6'", "{}"), ALGORITHM },
    { S1("h'a101f5'", "{}"), ALGORITHM },
    { S1("h'a101fbc01c000000000000'", "{}"), ALGORITHM },

    /* numbers that are none of ours: 0, 4, 8, -1, -5, -10, -16, -257,
       -65535, 2^63 - 7, and -7 as 2^64 - 7 */
    { S1("h'a10100'", "{}"), ALGORITHM },
    { S1("h'a10104'", "{}"), ALGORITHM },
    { S1("h'a10108'", "{}"), ALGORITHM },
    { S1("h'a10120'", "{}"), ALGORITHM },
    { S1("h'a10124'", "{}"), ALGORITHM },
    { S1("h'a10129'", "{}"), ALGORITHM },
    { S1("h'a1012f'", "{}"), ALGORITHM },
    { S1("h'a101390100'", "{}"), ALGORITHM },
    { S1("h'a10139fffe'", "{}"), ALGORITHM },
    { S1("h'a1011b7ffffffffffffff9'", "{}"), ALGORITHM },
    { S1("h'a1011bfffffffffffffff9'", "{}"), ALGORITHM },
    { S1("h'a1013b8000000000000006'", "{}"), ALGORITHM },

    /* a protected header that is no map, or not well-formed */
    { S1("h'80'", "{}"), MALFORMED },
    { S1("h'f6'", "{}"), MALFORMED },
    { S1("h'a101'", "{}"), MALFORMED },
    { S1("h'a1012600'", "{}"), MALFORMED },
    { S1("h'a201260126'", "{}"), MALFORMED },
    { S1("h'ff'", "{}"), MALFORMED },
    { S1("h'd801a10126'", "{}"), MALFORMED },

    /* a label in both */
    { S1(ES256, "{1:-7}"), MALFORMED },
    { S1(ES256, "{1:5}"), MALFORMED },
    { S1("h'a20126044131'", "{4:h'31'}"), MALFORMED },
    { S1("h'a20126182a00'", "{42:0}"), MALFORMED },
    { S1("h'a20126617800'", "{'x':0}"), MALFORMED },
    { S1("h'a2012639010000'", "{-257:0}"), MALFORMED },
    { S1("h'a20126617800'", "{'y':0}"), NONE },
    { S1("h'a20126617800'", "{h'78':0}"), NONE },
    { S1("h'a20126417800'", "{}"), MALFORMED },

    /* "crit" */
    { S1("h'a20126028101'", "{}"), MALFORMED },
    { S1("h'a20126028104'", "{4:h'31'}"), MALFORMED },
    { S1("h'a201260280'", "{}"), MALFORMED },
    { S1("h'a201260281182a'", "{42:0}"), MALFORMED },
    { S1(ES256, "{2:[42],42:0}"), MALFORMED },
    { S1(ES256, "{2:[]}"), MALFORMED },

    /* "kid" and "typ" */
    { S1(ES256, "{4:'31'}"), MALFORMED },
    { S1(ES256, "{4:31}"), MALFORMED },
    { S1(ES256, "{4:null}"), MALFORMED },
    { S1(ES256, "{16:h'00'}"), MALFORMED },
    { S1(ES256, "{16:-1}"), MALFORMED },
    { S1(ES256, "{16:null}"), MALFORMED },

    /* ignored: content type, IV, keys and certificates, CWT claims */
    { S1("h'a201260300'", "{}"), NONE },
    { S1(ES256, "{3:'x',5:h'00',33:h'00',34:[-15,h'00'],35:'http://a'}"),
      NONE },
    { S1(ES256, "{15:{1:'evil'}}"), NONE }
};


static void
headers(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < test_count(header_cases); i++) {
        if (parse_text(header_cases[i].text) != header_cases[i].reason) {
            fail_msg("%s", header_cases[i].text);
        }
    }
}


static void
algorithms(void **state)
{
    char    text[256];
    size_t  i;

    static const struct {
        const char  *header;
        ngx_uint_t   bits;
    } cases[] = {
        { "h'a10105'", NGX_HOUSEHOLD_JWS_HS256 },
        { "h'a10106'", NGX_HOUSEHOLD_JWS_HS384 },
        { "h'a10107'", NGX_HOUSEHOLD_JWS_HS512 },
        { "h'a10126'", NGX_HOUSEHOLD_JWS_ES256 },
        { "h'a10128'", NGX_HOUSEHOLD_JWS_ES256 },
        { "h'a1013822'", NGX_HOUSEHOLD_JWS_ES384 },
        { "h'a1013832'", NGX_HOUSEHOLD_JWS_ES384 },
        { "h'a1013823'", NGX_HOUSEHOLD_JWS_ES512 },
        { "h'a1013833'", NGX_HOUSEHOLD_JWS_ES512 },
        { "h'a1013824'", NGX_HOUSEHOLD_JWS_PS256 },
        { "h'a1013825'", NGX_HOUSEHOLD_JWS_PS384 },
        { "h'a1013826'", NGX_HOUSEHOLD_JWS_PS512 },
        { "h'a10127'", NGX_HOUSEHOLD_JWS_EDDSA },
        { "h'a10132'", NGX_HOUSEHOLD_JWS_ED25519 },
        { "h'a1013834'", NGX_HOUSEHOLD_JWS_ED448 },

        /* another encoding of the same */
        { "h'bf1801390006ff'", NGX_HOUSEHOLD_JWS_ES256 }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        sprintf(text, "[%s,{},h'a0',h'00']", cases[i].header);
        assert_int_equal(parse_text(text), NONE);
        assert_int_equal(m.algorithm, cases[i].bits);
    }
}


static void
parts(void **state)
{
    (void) state;

    assert_int_equal(parse_text("18([" ES256 ",{4:h'6b',16:'at'},h'a0',"
                                "h'0102'])"), NONE);
    assert_true(m.kid.len == 1 && m.kid.data[0] == 'k');
    assert_true(m.type.len == 2 && memcmp(m.type.data, "at", 2) == 0);
    assert_true(m.payload.len == 1 && m.payload.data[0] == 0xa0);
    assert_true(m.signature.len == 2 && m.signature.data[1] == 2);

    /* in the protected header; a number for "application/cwt" */

    assert_int_equal(parse_text("18([h'a3012604416b10183d',{},h'a0',h'00'])"),
                     NONE);
    assert_true(m.kid.len == 1 && m.kid.data[0] == 'k');
    assert_int_equal(m.type.len, sizeof("application/cwt") - 1);

    assert_int_equal(parse_text("18([" ES256 ",{16:50},h'a0',h'00'])"), NONE);
    assert_null(m.type.data);
    assert_null(m.kid.data);

    /* an empty one is not the same as none */

    assert_int_equal(parse_text("18([" ES256 ",{4:h''},h'a0',h'00'])"), NONE);
    assert_non_null(m.kid.data);
    assert_int_equal(m.kid.len, 0);

    assert_int_equal(parse_text("18([" ES256 ",{4:x'5fff'},h'',x'5fff'])"),
                     NONE);
    assert_non_null(m.kid.data);
    assert_int_equal(m.payload.len, 0);
}


/* chunks are joined before they are signed, nested ones are signed as are */

static void
chunks(void **state)
{
    static const u_char  expected[] = {
        0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1',
        0x49, 0xa2, 0x01, 0x26, 0x04, 0x5f, 0x41, 'k', 0x40, 0xff,
        0x40, 0x42, 0xa0, 0xa0
    };

    (void) state;

    assert_int_equal(parse_text("18([x'5f45a20126045f44416b40ffff',{},"
                                "x'5f41a041a0ff',h'00'])"), NONE);
    assert_int_equal(m.input.len, sizeof(expected));
    assert_memory_equal(m.input.data, expected, sizeof(expected));
    assert_true(m.kid.len == 1 && m.kid.data[0] == 'k');
}


static void
limits(void **state)
{
    char   text[2048], *p;
    int    i, n;

    (void) state;

    /* the tag, the array, three strings, the map and its pairs */

    for (n = 29; n < 31; n++) {
        p = text + sprintf(text, "18([" ES256 ",{");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%d:0,", 100 + i);
        }

        strcpy(p, "},h'a0',h'00'])");

        assert_int_equal(parse_text(text), n == 29 ? NONE : MALFORMED);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(tags),
        cmocka_unit_test(headers),
        cmocka_unit_test(algorithms),
        cmocka_unit_test(parts),
        cmocka_unit_test(chunks),
        cmocka_unit_test(limits)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
