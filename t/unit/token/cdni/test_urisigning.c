
/*
 * Units of RFC 9246's claims, and of the URIs that they restrict a token to.
 */


#include "ngx_household_jose.h"
#include "ngx_household_mint.h"
#include "ngx_household_urisigning.h"


static ngx_str_t  package = ngx_string(NGX_HOUSEHOLD_URISIGNING_PACKAGE);
static ngx_str_t  token = ngx_string("eyJ.eyJ-_.c2ln");

/* the token, as it stands in a URI */
#define T  "URISigningPackage=eyJ.eyJ-_.c2ln"

/* RFC 9246, A.1: that of http://cdni.example/foo/bar */
#define FOO_BAR  "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY"

/* and one of ours */
#define PUBLIC   "regex:https://e\\.example/public/.*"


static ngx_int_t
check(const char *text)
{
    json_t     *object;
    ngx_int_t   rc;
    ngx_str_t   s;

    ngx_household_urisigning_t  u;

    s = mint_str(text);
    object = ngx_household_json_parse(&s, NULL);
    assert_non_null(object);

    rc = ngx_household_urisigning_check(object, NULL, &u);

    if (rc == NGX_OK) {
        assert_int_equal(u.client.addr.family, NGX_HOUSEHOLD_FAMILY_NONE);
        assert_true(ngx_household_urisigning_present(object)
                    || u.container.len == 0);
        assert_int_equal(u.container.len != 0,
                         json_object_get(object, "cdniuc") != NULL);
    }

    json_decref(object);

    return rc;
}


static ngx_int_t
match(const char *container, const char *uri)
{
    ngx_str_t  c, u;

    c = mint_str(container);
    u = mint_str(uri);

    return ngx_household_urisigning_match(&c, &u, &package, &token);
}


static void
present(void **state)
{
    size_t     i;
    json_t    *object;
    ngx_str_t  s;

    static const char  *cases[] = {
        "{\"cdniv\":1}", "{\"cdnicrit\":null}", "{\"cdniip\":0}",
        "{\"cdniuc\":\"\"}", "{\"cdniets\":1}", "{\"cdnistt\":1}",
        "{\"a\":1,\"cdnistd\":1}",

        "{}", "{\"jti\":\"x\",\"CDNIV\":1,\"cdni\":1,\"a\":{\"cdniv\":1}}"
    };

    for (i = 0; i < mint_count(cases); i++) {
        s = mint_str(cases[i]);
        object = ngx_household_json_parse(&s, NULL);
        assert_int_equal(ngx_household_urisigning_present(object), i < 7);
        json_decref(object);
    }
}


static void
accepts(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "{}", "{\"cdniv\":1}", "{\"cdniuc\":\"" FOO_BAR "\"}",
        "{\"cdniuc\":\"regex:.*\",\"cdniv\":1,\"exp\":1}",
        "{\"cdnicrit\":\"exp\",\"exp\":1}",
        "{\"cdnicrit\":\"exp,cdniuc\",\"exp\":1,\"cdniuc\":\"regex:.*\"}",
        "{\"cdnicrit\":\"iss,aud,cdniv\",\"iss\":1,\"aud\":1,\"cdniv\":1}",
        "{\"cdnicrit\":\"nbf,iat\",\"nbf\":1,\"iat\":1}",
        "{\"cdniets\":30,\"cdnistt\":1,\"cdnistd\":2}",
        "{\"cdnicrit\":\"cdniets,cdnistt\",\"cdniets\":1,\"cdnistt\":0}"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (check(cases[i]) != NGX_OK) {
            fail_msg("refused: %s", cases[i]);
        }
    }
}


static void
refuses(void **state)
{
    size_t  i;

    static const char  *cases[] = {

        /* another version */
        "{\"cdniv\":0}", "{\"cdniv\":2}", "{\"cdniv\":-1}",
        "{\"cdniv\":1.0}", "{\"cdniv\":\"1\"}", "{\"cdniv\":null}",
        "{\"cdniv\":true}", "{\"cdniv\":[1]}", "{\"cdniv\":4294967297}",

        /* an extension, or no list */
        "{\"cdnicrit\":\"foo\",\"foo\":1}", "{\"cdnicrit\":\"foo\"}",
        "{\"cdnicrit\":\"exp,foo\",\"exp\":1,\"foo\":1}",
        "{\"cdnicrit\":\"foo,exp\",\"exp\":1,\"foo\":1}",
        "{\"cdnicrit\":\"exp\"}", "{\"cdnicrit\":\"\"}",
        "{\"cdnicrit\":\",\",\"exp\":1}", "{\"cdnicrit\":\"exp,\",\"exp\":1}",
        "{\"cdnicrit\":\",exp\",\"exp\":1}",
        "{\"cdnicrit\":\"exp, iat\",\"exp\":1,\"iat\":1}",
        "{\"cdnicrit\":\"EXP\",\"EXP\":1}",
        "{\"cdnicrit\":\"ex\",\"ex\":1}", "{\"cdnicrit\":\"expx\",\"expx\":1}",
        "{\"cdnicrit\":\"cdniip\",\"cdniip\":\"x\"}",
        "{\"cdnicrit\":\"cdnicrit\"}",
        "{\"cdnicrit\":[\"exp\"],\"exp\":1}", "{\"cdnicrit\":null}",
        "{\"cdnicrit\":1}",

        /* a client address, and no keys to decrypt it */
        "{\"cdniip\":\"eyJ..x\"}", "{\"cdniip\":\"192.0.2.1\"}",
        "{\"cdniip\":null}", "{\"cdniip\":7}",

        /* what is not done */
        "{\"cdniets\":30}", "{\"cdnistt\":1}",
        "{\"cdniets\":30,\"cdnistt\":2}", "{\"cdnistd\":-1}",
        "{\"cdniuc\":\"regex:.*\",\"jti\":\"x\"}",

        /* other forms */
        "{\"cdniuc\":\"\"}", "{\"cdniuc\":\"http://a/\"}",
        "{\"cdniuc\":\"uri:http://a/\"}", "{\"cdniuc\":\"hash\"}",
        "{\"cdniuc\":\"HASH:sha-256;x\"}", "{\"cdniuc\":\" regex:.*\"}",
        "{\"cdniuc\":null}", "{\"cdniuc\":7}",
        "{\"cdniuc\":[\"regex:.*\"]}"
    };

    char  text[1024];

    for (i = 0; i < mint_count(cases); i++) {
        if (check(cases[i]) != NGX_DECLINED) {
            fail_msg("accepted: %s", cases[i]);
        }
    }

    sprintf(text, "{\"cdniuc\":\"regex:%0506d\"}", 0);
    assert_int_equal(check(text), NGX_OK);
    sprintf(text, "{\"cdniuc\":\"regex:%0507d\"}", 0);
    assert_int_equal(check(text), NGX_DECLINED);
}


static void
hash_matches(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "http://cdni.example/foo/bar",
        "HTTP://CDNI.EXAMPLE:80/foo/bar",
        "http://cdni.example/foo/./bar",
        "http://cdni.example/x/../foo/b%61r",
        "http://cdni.example/foo/bar?" T,
        "http://cdni.example/foo/bar;" T,
        "http://cdni.example/foo/" T "/bar",
        "http://cdni.example/" T "/foo/bar",
        "http://cdni.example/foo/bar?urisigningpackage=eyJ.eyJ-_.c2ln"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(FOO_BAR, cases[i]) != NGX_OK) {
            fail_msg("refused: %s", cases[i]);
        }
    }
}


static void
hash_differs(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "", "http://cdni.example/foo/ba", "http://cdni.example/foo/barr",
        "http://cdni.example/foo/Bar", "https://cdni.example/foo/bar",
        "http://cdni.example:81/foo/bar", "http://cdni.example/foo/bar/",
        "http://cdni.example/foo/bar?", "http://cdni.example/foo/bar?a",
        "http://cdni.example/foo%2Fbar", "http://cdni.example//foo/bar",
        "http://evil.example/foo/bar", "/foo/bar", "cdni.example/foo/bar",
        "http://cdni.example/foo/bar#x",
        "http://cdni.example/foo/bar?URISigningPackage=other",
        "http://cdni.example/foo/bar?urisigningpackage=eyJ.eyJ-_.C2ln",
        "http://cdni.example/foo/bar?token=eyJ.eyJ-_.c2ln",

        /* nginx would serve something else */
        "http://cdni.example/secret/" T "/../foo/bar",
        "http://cdni.example/foo?" T "/bar",
        "http://cdni.example/foo/bar//../bar",
        "http://cdni.example/foo//../foo/bar",
        "http://cdni.example/foo/%2f/../bar"
    };

    static const char  *hashes[] = {
        "hash:", "hash:sha-256", "hash:sha-256;", "hash:sha-1;2tderfWPa86K",
        "hash:sha-256-128;2tderfWPa86Ku7YnzW51YQ",
        "hash:SHA-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY",
        "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY=",
        "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS/3SW3ELx4hmWY",
        "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWZ",
        "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmW",
        "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWYA",
        "hash:sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY?x",
        "hash:2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY",
        "hash:sha-256,2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY",
        "sha-256;2tderfWPa86Ku7YnzW51YUp7dGUjBS_3SW3ELx4hmWY", ""
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(FOO_BAR, cases[i]) != NGX_DECLINED) {
            fail_msg("accepted: %s", cases[i]);
        }
    }

    for (i = 0; i < mint_count(hashes); i++) {
        if (match(hashes[i], "http://cdni.example/foo/bar") != NGX_DECLINED) {
            fail_msg("accepted: %s", hashes[i]);
        }
    }
}


static void
regex_matches(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "https://e.example/public/", "https://e.example/public/a/b.ts?c=d",
        "https://E.example:443/x/../public/a", "https://e.example/public/?" T,
        "https://e.example/" T "/public/x", "https://e.example/public/%20"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(PUBLIC, cases[i]) != NGX_OK) {
            fail_msg("refused: %s", cases[i]);
        }
    }

    assert_int_equal(match("regex:http://cdni\\.example/foo/bar/"
                           "[0-9]{3}\\.png",
                           "http://cdni.example/foo/bar/123.png?" T),
                     NGX_OK);
}


static void
regex_differs(void **state)
{
    size_t  i;

    static const char  *cases[] = {
        "", "https://e.example/", "https://e.example/private/",
        "https://e-example/public/a", "http://e.example/public/a",
        "https://evil.example/?https://e.example/public/a",

        /* nginx would serve /secret */
        "https://e.example/public/../secret",
        "https://e.example/public/%2e%2e/secret",
        "https://e.example/public/..%2fsecret",
        "https://e.example/public/%2e%2e%2Fsecret",
        "https://e.example/public%2f..%2fsecret",
        "https://e.example/public//../secret",
        "https://e.example/public/a/%2f../../secret",
        "https://e.example/public/x//..//../secret",
        "https://e.example/secret/" T "/../public/a",
        "https://e.example/secret?" T "/../public/a",

        /* slashes that only one of them sees */
        "https://e.example/public//a", "https://e.example/public/a%2fb"
    };

    static const char  *expressions[] = {
        "regex:", "regex:(", "regex:https://e\\.example/public/\\d*",
        "regex:(?:https)://e\\.example/public/.*",
        "REGEX:https://e\\.example/public/.*",
        "https://e\\.example/public/.*",
        "regex:public", "regex:https://e\\.example/public"
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (match(PUBLIC, cases[i]) != NGX_DECLINED) {
            fail_msg("accepted: %s", cases[i]);
        }
    }

    for (i = 0; i < mint_count(expressions); i++) {
        if (match(expressions[i], "https://e.example/public/a")
            != NGX_DECLINED)
        {
            fail_msg("accepted: %s", expressions[i]);
        }
    }
}


static void
long_uris(void **state)
{
    char  uri[NGX_HOUSEHOLD_URI_SIZE + 8];

    sprintf(uri, "https://e.example/public/%0*d", NGX_HOUSEHOLD_URI_SIZE - 25,
            0);
    assert_int_equal(strlen(uri), NGX_HOUSEHOLD_URI_SIZE);
    assert_int_equal(match(PUBLIC, uri), NGX_OK);

    strcat(uri, "0");
    assert_int_equal(match(PUBLIC, uri), NGX_DECLINED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(present),
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(hash_matches),
        cmocka_unit_test(hash_differs),
        cmocka_unit_test(regex_matches),
        cmocka_unit_test(regex_differs),
        cmocka_unit_test(long_uris)
    };

    return cmocka_run_group_tests_name("urisigning", tests, NULL, NULL);
}
