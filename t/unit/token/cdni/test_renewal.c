
/*
 * Units of Signed Token Renewal: the claims, the next token and its path.
 * t/token-renew.t has another implementation read such tokens.
 */


#include "ngx_household_mint.h"
#include "ngx_household_renewal.h"
#include "ngx_household_urisigning.h"


#define NOW  1700000000


static ngx_household_jwks_t     *secrets;
static ngx_household_renewal_t   renewal;
static int64_t                   left;
static u_char                    buf[NGX_HOUSEHOLD_CHAIN_SIZE];


static json_t *
parse(const char *text)
{
    json_t     *object;
    ngx_str_t   s;

    s = mint_str(text);
    object = ngx_household_json_parse(&s, NULL);
    assert_non_null(object);

    return object;
}


static ngx_int_t
claims(const char *text)
{
    json_t     *object;
    ngx_int_t   rc;

    object = parse(text);
    rc = ngx_household_renewal_read(object, &renewal);
    json_decref(object);

    return rc;
}


static void
claims_are_read(void **state)
{
    assert_int_equal(claims("{}"), NGX_OK);
    assert_false(renewal.renewed);

    assert_int_equal(claims("{\"cdniets\":30.9,\"cdnistt\":1,\"cdnistd\":2}"),
                     NGX_OK);
    assert_true(renewal.renewed);
    assert_int_equal(renewal.lifetime, 30);
    assert_int_equal(renewal.depth, 2);

    assert_int_equal(claims("{\"cdniets\":30,\"cdnistt\":0}"), NGX_OK);
    assert_false(renewal.renewed);

    assert_int_equal(claims("{\"cdnistd\":2}"), NGX_OK);
    assert_false(renewal.renewed);
}


static void
claims_are_not_valid(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "{\"cdniets\":30}", "{\"cdnistt\":1}", "{\"cdnistt\":0}",
        "{\"cdniets\":30,\"cdnistt\":2}", "{\"cdniets\":30,\"cdnistt\":-1}",
        "{\"cdniets\":30,\"cdnistt\":1.0}",
        "{\"cdniets\":30,\"cdnistt\":\"1\"}",
        "{\"cdniets\":30,\"cdnistt\":true}",
        "{\"cdniets\":30,\"cdnistt\":null}",
        "{\"cdniets\":30,\"cdnistt\":4294967297}",
        "{\"cdniets\":\"30\",\"cdnistt\":1}",
        "{\"cdniets\":null,\"cdnistt\":1}",
        "{\"cdniets\":-1,\"cdnistt\":1}",
        "{\"cdniets\":1e300,\"cdnistt\":1}",
        "{\"cdnistd\":-1}", "{\"cdnistd\":\"2\"}", "{\"cdnistd\":2.0}",
        "{\"cdnistd\":null}"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (claims(cases[i]) != NGX_DECLINED) {
            fail_msg("accepted: %s", cases[i]);
        }
    }
}


static ngx_int_t
key(const char *text, uint64_t *id)
{
    json_t     *header;
    ngx_int_t   rc;

    header = parse(text);
    rc = ngx_household_renewal_key(header, id);
    json_decref(header);

    return rc;
}


static void
header_names_a_key(void **state)
{
    size_t    i;
    uint64_t  id;

    static const u_char  bytes[] = { 0, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xef };

    static const char  *bad[] = {
        "{\"household_renews\":\"\"}",
        "{\"household_renews\":\"000123456789abe\"}",
        "{\"household_renews\":\"000123456789abeff\"}",
        "{\"household_renews\":\"000123456789ABEF\"}",
        "{\"household_renews\":\"000123456789abeg\"}",
        "{\"household_renews\":\"000123456789ab`f\"}",
        "{\"household_renews\":\"000123456789ab:f\"}",
        "{\"household_renews\":\"000123456789ab/f\"}",
        "{\"household_renews\":1}", "{\"household_renews\":null}"
    };

    assert_int_equal(key("{\"kid\":\"a\"}", &id), NGX_DECLINED);
    assert_int_equal(key("{\"household_renews\":\"000123456789abef\"}", &id),
                     NGX_OK);
    assert_memory_equal(&id, bytes, sizeof(bytes));

    for (i = 0; i < mint_count(bad); i++) {
        if (key(bad[i], &id) != NGX_ERROR) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}


/* returns what is signed, decoded: header and claims, with a dot between */

static const char *
sign_until(const char *text, int64_t max)
{
    char       *p;
    u_char     *last;
    size_t      i;
    ngx_int_t   rc;
    ngx_str_t   former, next, part, out, input, mac;

    static char  token[8192], said[8192];

    p = mint_base64url(token, "{\"typ\":\"x\"}", 11);
    *p++ = '.';
    p = mint_base64url(p, text, strlen(text));
    strcpy(p, ".c2ln");

    former = mint_str(token);
    next.data = buf;

    rc = ngx_household_renewal_sign(secrets, &former, 0x0102, NOW, max,
                                    &renewal, &next, &left);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? "declined" : "error";
    }

    part.data = next.data;
    said[0] = '\0';

    for (i = 0; i < 2; i++) {
        last = part.data;

        while (*last != '.') {
            last++;
        }

        part.len = last - part.data;
        out.data = (u_char *) said + strlen(said);
        assert_int_equal(ngx_household_base64url_decode(&out, &part), NGX_OK);
        out.data[out.len] = '\0';
        part.data = last + 1;
    }

    input.data = buf;
    input.len = part.data - 1 - buf;
    part.len = buf + next.len - part.data;
    mac.data = (u_char *) token;
    assert_int_equal(ngx_household_base64url_decode(&mac, &part), NGX_OK);
    assert_int_equal(ngx_household_jws_check(&secrets->keys[0].key,
                                             NGX_HOUSEHOLD_JWS_HS384, &input,
                                             &mac),
                     NGX_OK);

    return strchr(said, '}') + 1;
}


static const char *
sign(const char *text)
{
    return sign_until(text, 3600);
}


static void
next_token_has_the_claims(void **state)
{
    assert_string_equal(
        sign("{\"sub\":\"\\u00e9\",\"exp\":1,\"iat\":1699999990.5,"
             "\"cdniets\":30,\"cdnistt\":1,\"n\":[1.5,null,{\"a\":true}]}"),
        "{\"sub\":\"\xc3\xa9\",\"exp\":1700000030,\"iat\":1699999990.5,"
        "\"cdniets\":30,\"cdnistt\":1,\"n\":[1.5,null,{\"a\":true}]}");
    assert_int_equal(left, 30);

    assert_string_equal(sign("{\"exp\":1,\"cdniets\":30,\"cdnistt\":1}"),
                        "{\"exp\":1700000030,\"cdniets\":30,\"cdnistt\":1,"
                        "\"iat\":1700000000}");
}


static void
next_token_has_a_header(void **state)
{
    u_char     *dot;
    json_t     *header;
    uint64_t    id;
    ngx_str_t   part, out;
    u_char      text[1024];

    (void) sign("{\"exp\":1,\"cdniets\":30,\"cdnistt\":1}");

    for (dot = buf; *dot != '.'; dot++) { /* void */ }

    part.data = buf;
    part.len = dot - buf;
    out.data = text;
    assert_int_equal(ngx_household_base64url_decode(&out, &part), NGX_OK);

    header = ngx_household_json_parse(&out, NULL);
    assert_non_null(header);
    assert_true(ngx_household_json_is(json_object_get(header, "alg"),
                                      "HS384"));
    assert_true(ngx_household_json_is(json_object_get(header, "kid"), "e"));
    assert_true(ngx_household_json_is(json_object_get(header, "typ"), "x"));
    assert_int_equal(ngx_household_renewal_key(header, &id), NGX_OK);
    assert_true(id == 0x0102);
    assert_int_equal(json_object_size(header), 4);

    json_decref(header);
}


static void
chain_has_an_end(void **state)
{
    static const char  text[] = "{\"iat\":1699999990,\"exp\":1,"
                                "\"cdniets\":30,\"cdnistt\":1}";

    assert_string_not_equal(sign_until(text, 41), "declined");
    assert_int_equal(left, 30);
    assert_string_not_equal(sign_until(text, 39), "declined");
    assert_int_equal(left, 29);
    assert_string_not_equal(sign_until(text, 11), "declined");
    assert_int_equal(left, 1);
    assert_string_equal(sign_until(text, 10), "declined");
    assert_string_equal(sign_until(text, 1), "declined");
}


static void
no_next_token(void **state)
{
    char    text[4096];
    size_t  i;

    static const char  *cases[] = {
        "{\"exp\":1}", "{\"exp\":1,\"cdniets\":30,\"cdnistt\":0}",
        "{\"exp\":1,\"cdniets\":0,\"cdnistt\":1}",
        "{\"exp\":1,\"cdniets\":0.9,\"cdnistt\":1}",
        "{\"exp\":1,\"cdniets\":30,\"cdnistt\":2}", "[1]", "{"
    };

    for (i = 0; i < mint_count(cases); i++) {
        assert_string_equal(sign(cases[i]), "declined");
    }

    /* the longest one: its parts are 2 dots, 64 bytes of MAC and a header */

    for (i = 2700; i < 2900; i++) {
        (void) snprintf(text, sizeof(text), "{\"exp\":1,\"cdniets\":30,"
                        "\"cdnistt\":1,\"x\":\"%0*d\"}", (int) i, 0);

        if (strcmp(sign(text), "declined") == 0) {
            break;
        }
    }

    assert_in_range(i, 2701, 2899);
}


static const char *
path(const char *uri, int64_t depth)
{
    ngx_int_t  rc;
    ngx_str_t  u, p, package, token;

    static char    text[256];
    static u_char  space[NGX_HOUSEHOLD_URI_SIZE + 1];

    u = mint_str(uri);
    package = mint_str("sig");
    token = mint_str("t.t.t");

    rc = ngx_household_renewal_path(&u, &package, &token, depth, space, &p);

    if (rc != NGX_OK) {
        assert_int_equal(rc, NGX_DECLINED);
        return "none";
    }

    (void) snprintf(text, sizeof(text), "%.*s", (int) p.len, p.data);

    return text;
}


static void
path_has_segments(void **state)
{
    static const char  uri[] = "http://cdni.example/foo/bar/001.ts?a=/b";

    assert_string_equal(path(uri, 0), "/");
    assert_string_equal(path(uri, 1), "/foo");
    assert_string_equal(path(uri, 2), "/foo/bar");
    assert_string_equal(path(uri, 3), "/foo/bar/001.ts");
    assert_string_equal(path(uri, 4), "none");
    assert_string_equal(path(uri, 9007199254740993), "none");

    assert_string_equal(path("http://cdni.example", 0), "/");
    assert_string_equal(path("http://cdni.example", 1), "/");
    assert_string_equal(path("http://cdni.example", 2), "none");
    assert_string_equal(path("https://cdni.example:8443/a/", 2), "/a/");
}


static void
path_is_without_the_token(void **state)
{
    assert_string_equal(path("http://e.example/sig=t.t.t/a/b", 1), "/a");
    assert_string_equal(path("http://e.example/sig=t.t.t/a/b", 3), "none");
    assert_string_equal(path("http://e.example/a;sig=t.t.t/b", 1), "/a");
    assert_string_equal(path("http://e.example/sig=t.t.t", 1), "none");
    assert_string_equal(path("http://e.example/a/../b/c", 1), "/b");
}


static void
path_cannot_be_of_a_cookie(void **state)
{
    assert_string_equal(path("http://e.example/a;b/c", 1), "none");
    assert_string_equal(path("http://e.example/a;b/c", 0), "/");
    assert_string_equal(path("http://e.example/a/c;b", 1), "/a");
    assert_string_equal(path("http://e.example/\x01/c", 1), "none");
    assert_string_equal(path("ftp://e.example/a", 1), "none");
}


static int
make_secrets(void **state)
{
    char        text[512], *p;
    char        error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t   s;
    mint_key_t  secret;

    secret = mint_key("oct", 48);

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, &secret, "\"kid\":\"e\",\"alg\":\"HS384\"");
    strcpy(p, "]}");

    s = mint_str(text);
    secrets = ngx_household_jwks_parse(&s, NULL, NULL, error);

    return secrets == NULL;
}


static int
free_secrets(void **state)
{
    ngx_household_jwks_destroy(secrets);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(claims_are_read),
        cmocka_unit_test(claims_are_not_valid),
        cmocka_unit_test(header_names_a_key),
        cmocka_unit_test(next_token_has_the_claims),
        cmocka_unit_test(next_token_has_a_header),
        cmocka_unit_test(chain_has_an_end),
        cmocka_unit_test(no_next_token),
        cmocka_unit_test(path_has_segments),
        cmocka_unit_test(path_is_without_the_token),
        cmocka_unit_test(path_cannot_be_of_a_cookie)
    };

    return cmocka_run_group_tests_name("renewal", tests, make_secrets,
                                       free_secrets);
}
