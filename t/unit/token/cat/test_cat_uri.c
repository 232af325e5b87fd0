
/*
 * Units of the claim "catu".
 */


#include "ngx_household_cat_cases.h"


static const case_t  uri_cases[] = {
    { C("312:{}"), NONE },
    { C("312:{0:{0:'https'}}"), NONE }, { C("312:{0:{0:'HTTPS'}}"), NONE },
    { C("312:{0:{0:'http'}}"), URI }, { C("312:{0:{1:'http'}}"), NONE },
    { C("312:{1:{0:'tv.example'}}"), NONE },
    { C("312:{1:{0:'TV.Example'}}"), NONE },
    { C("312:{1:{0:'v.example'}}"), URI },
    { C("312:{1:{2:'.example'}}"), NONE },
    { C("312:{1:{2:'.Example'}}"), NONE },
    { C("312:{1:{2:'tv.example.'}}"), URI },
    { C("312:{1:{1:'tv.'}}"), NONE }, { C("312:{1:{1:'v.'}}"), URI },

    /* the default port: its number, or empty */
    { C("312:{2:{0:'443'}}"), NONE }, { C("312:{2:{0:''}}"), NONE },
    { C("312:{2:{0:'80'}}"), URI }, { C("312:{2:{0:'8443'}}"), URI },

    { C("312:{3:{0:'/a/b.c/film.tar.ts'}}"), NONE },
    { C("312:{3:{0:'/a/b.c/'}}"), URI }, { C("312:{3:{1:'/a/'}}"), NONE },
    { C("312:{3:{1:'a'}}"), URI }, { C("312:{3:{1:'/A/'}}"), URI },
    { C("312:{3:{3:'b.c'}}"), NONE }, { C("312:{3:{3:'c.b'}}"), URI },
    { C("312:{3:{3:''}}"), NONE }, { C("312:{3:{3:'.ts'}}"), NONE },
    { C("312:{3:{2:'.ts'}}"), NONE }, { C("312:{3:{2:'.mp4'}}"), URI },

    /* without the token */
    { C("312:{4:{0:'x=1&y=2'}}"), NONE },
    { C("312:{4:{0:'x=1&CAT=t&y=2'}}"), URI },
    { C("312:{4:{3:'CAT'}}"), URI },

    { C("312:{5:{0:'/a/b.c'}}"), NONE }, { C("312:{5:{0:'/a'}}"), URI },
    { C("312:{6:{0:'film.tar.ts'}}"), NONE },
    { C("312:{6:{0:'film'}}"), URI },
    { C("312:{7:{0:'film.tar'}}"), NONE }, { C("312:{7:{0:'film'}}"), URI },
    { C("312:{8:{0:'.ts'}}"), NONE }, { C("312:{8:{0:'ts'}}"), URI },
    { C("312:{8:{0:'.tar.ts'}}"), URI },

    /* several parts, several kinds */
    { C("312:{1:{2:'.example'},3:{1:'/a/',2:'.ts'}}"), NONE },
    { C("312:{1:{2:'.example'},3:{1:'/a/',2:'.mpd'}}"), URI },
    { C("312:{1:{0:'x'},3:{1:'/a/'}}"), URI },

    /* digests of "/a/b.c/film.tar.ts" and of "tv.example" */
    { C("312:{3:{-1:h'0000000000000000000000000000000000000000000000000000"
        "000000000000'}}"), URI },
    { C("312:{3:{-1:h'00'}}"), CLAIM }, { C("312:{3:{-1:'00'}}"), CLAIM },
    { C("312:{3:{-2:h'00'}}"), CLAIM },
    { C("312:{1:{-1:h'e95d4d4c9a4ff4e12c4b8b2ff1b0c26c4c6b4cf5a4fca6d1e4ed"
        "2c8d6c7c1e6d'}}"), URI },

    /* regular expressions, anywhere in the text */
    { C("312:{3:{4:['film']}}"), NONE },
    { C("312:{3:{4:['^/a/']}}"), NONE },
    { C("312:{3:{4:['^film']}}"), URI },
    { C("312:{3:{4:['ts$']}}"), NONE },
    { C("312:{3:{4:['tar$']}}"), URI },
    { C("312:{3:{4:['^/[a-z]/.*\\.(ts|mp4)$']}}"), NONE },
    { C("312:{3:{4:['^/a/b.c/film.tar.ts$']}}"), NONE },
    { C("312:{3:{4:['x|^/a']}}"), NONE },
    { C("312:{3:{4:['^x|y$']}}"), URI },
    { C("312:{3:{4:['film',null,null]}}"), NONE },
    { C("312:{3:{4:['(film)','film']}}"), UNSUPPORTED },
    { C("312:{3:{4:['film','i']}}"), UNSUPPORTED },
    { C("312:{3:{4:['[\\d]']}}"), UNSUPPORTED },
    { C("312:{3:{4:['[]\\d]']}}"), UNSUPPORTED },
    { C("312:{3:{4:['[^]\\d]']}}"), UNSUPPORTED },
    { C("312:{3:{4:['[]a]']}}"), UNSUPPORTED },
    { C("312:{3:{4:['[^]a]']}}"), UNSUPPORTED },
    { C("312:{3:{4:['[[:alpha:]]']}}"), UNSUPPORTED },
    { C("312:{3:{4:['\\d+']}}"), UNSUPPORTED },
    { C("312:{3:{4:['a)(b']}}"), UNSUPPORTED },
    { C("312:{3:{4:['(?:a)']}}"), UNSUPPORTED },
    { C("312:{3:{4:['(a']}}"), UNSUPPORTED },
    { C("312:{3:{4:['a**']}}"), UNSUPPORTED },
    { C("312:{3:{4:['']}}"), UNSUPPORTED },
    { C("312:{3:{4:'film'}}"), CLAIM }, { C("312:{3:{4:[]}}"), CLAIM },
    { C("312:{3:{4:[1]}}"), CLAIM },

    /* other keys, kinds and types */
    { C("312:{9:{}}"), UNSUPPORTED }, { C("312:{-1:{}}"), UNSUPPORTED },
    { C("312:{'path':{}}"), UNSUPPORTED },
    { C("312:{3:{5:'x'}}"), UNSUPPORTED },
    { C("312:{3:{-3:h''}}"), UNSUPPORTED },
    { C("312:{3:{'exact':'x'}}"), UNSUPPORTED },
    { C("312:{3:{0:1}}"), CLAIM }, { C("312:{3:{0:h'2f'}}"), CLAIM },
    { C("312:{3:{1:['/a']}}"), CLAIM }, { C("312:{3:{2:null}}"), CLAIM },
    { C("312:{3:{3:{}}}"), CLAIM }, { C("312:{3:'/a'}"), CLAIM },
    { C("312:'https://tv.example/'"), CLAIM }, { C("312:[]"), CLAIM }
};


/* uri: https://tv.example/a/b.c/film.tar.ts?x=1&CAT=t&y=2 */

static void
uris(void **state)
{
    (void) state;

    run(uri_cases, test_count(uri_cases));
}


/* other URIs, and one condition each */

static void
uri_forms(void **state)
{
    size_t  i;
    int     reason;

    static const struct {
        const char  *uri;
        const char  *payload;
        int          reason;
    } cases[] = {
        { "http://a/", C("312:{2:{0:'80'}}"), NONE },
        { "http://a/", C("312:{2:{0:''}}"), NONE },
        { "http://a/", C("312:{2:{0:'443'}}"), URI },
        { "http://a:8080/", C("312:{2:{0:'8080'}}"), NONE },
        { "http://a:8080/", C("312:{2:{0:''}}"), URI },
        { "http://a:8080/", C("312:{1:{0:'a'}}"), NONE },
        { "http://a:443/", C("312:{2:{0:''}}"), URI },
        { "http://a:443/", C("312:{2:{0:'443'}}"), NONE },
        { "https://a:443/", C("312:{2:{0:''}}"), NONE },
        { "http://[::1]/", C("312:{1:{0:'[::1]'}}"), NONE },
        { "http://[::1]:81/", C("312:{1:{0:'[::1]'},2:{0:'81'}}"), NONE },

        { "http://a", C("312:{3:{0:'/'}}"), NONE },
        { "http://a/", C("312:{5:{0:'/'},6:{0:''},7:{0:''},8:{0:''}}"), NONE },
        { "http://a/b", C("312:{5:{0:'/'},6:{0:'b'},7:{0:'b'},8:{0:''}}"),
          NONE },
        { "http://a/b/", C("312:{5:{0:'/b'},6:{0:''}}"), NONE },
        { "http://a/.b", C("312:{7:{0:'.b'},8:{0:''}}"), NONE },
        { "http://a/b.", C("312:{7:{0:'b'},8:{0:'.'}}"), NONE },
        { "http://a/..b", C("312:{7:{0:'.'},8:{0:'.b'}}"), NONE },

        { "http://a/", C("312:{4:{0:''}}"), NONE },
        { "http://a/?", C("312:{4:{0:''}}"), NONE },
        { "http://a/?CAT=t", C("312:{4:{0:''}}"), NONE },
        { "http://a/?cat=t&x", C("312:{4:{0:'x'}}"), NONE },
        { "http://a/?x&CAT=t", C("312:{4:{0:'x'}}"), NONE },
        { "http://a/?CAT=t&CAT=t", C("312:{4:{0:''}}"), NONE },
        { "http://a/?CATS=t", C("312:{4:{0:'CATS=t'}}"), NONE },
        { "http://a/?CAT", C("312:{4:{0:'CAT'}}"), NONE },
        { "http://a/?&x&&y&", C("312:{4:{0:'&x&&y&'}}"), NONE },
        { "http://a/?x?y/z", C("312:{4:{0:'x?y/z'}}"), NONE },

        /* normalized: dots, escapes */
        { "http://a/b/../c/%61", C("312:{3:{0:'/c/a'}}"), NONE },
        { "http://a/b/../c", C("312:{3:{1:'/b'}}"), URI },
        { "http://a/%2e%2e/c", C("312:{3:{0:'/c'}}"), NONE },
        { "http://a/%c3%a9", C("312:{3:{0:'/%C3%A9'}}"), NONE },

        /* a path that nginx splits otherwise: not known, also not not */
        { "http://a//b/c", C("312:{3:{1:'/'}}"), URI },
        { "http://a/b%2fc", C("312:{6:{2:'c'}}"), URI },
        { "http://a/b%2fc", C("42:[{312:{3:{1:'/x'}}}]"), CONDITION },
        { "http://a/b%2fc", C("312:{1:{0:'a'}}"), NONE },
        { "http://a//b/c?x", C("312:{4:{0:'x'}}"), NONE },
        { "http://a//b/c", C("312:{1:{0:'b'},3:{1:'/'}}"), URI },
        { "http://a/b//../c", C("312:{1:{0:'a'}}"), URI },

        /* no URI, or none that is valid */
        { NULL, C("312:{1:{0:'a'}}"), URI },
        { NULL, C("42:[{312:{1:{0:'a'}}}]"), CONDITION },
        { "http://u@a/", C("312:{1:{0:'a'}}"), URI },
        { "ftp://a/", C("312:{1:{0:'a'}}"), URI },
        { "/b", C("312:{}"), URI }
    };

    (void) state;

    for (i = 0; i < test_count(cases); i++) {
        uri = cases[i].uri;
        reason = verify(cases[i].payload);

        if (reason != cases[i].reason) {
            fail_msg("%s of %s: %s", cases[i].payload, uri ? uri : "none",
                     ngx_household_reason_name(reason)->data);
        }
    }
}


/* the longest URI that is compared; of a longer one nothing is known */

static void
uri_long(void **state)
{
    static char  text[8193 + 1];

    (void) state;

    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "http://a/", 9);
    uri = text;

    assert_int_equal(verify(C("312:{1:{0:'a'}}")), URI);
    assert_int_equal(verify(C("42:[{312:{1:{0:'b'}}}]")), CONDITION);

    text[8192] = '\0';
    assert_int_equal(verify(C("312:{1:{0:'a'}}")), NONE);
    assert_int_equal(verify(C("42:[{312:{1:{0:'b'}}}]")), NONE);
}


/* digests by OpenSSL's other interface */

static void
digests(void **state)
{
    char         payload[512], *p;
    size_t       i, n;
    u_char       md[EVP_MAX_MD_SIZE];
    unsigned     len;

    (void) state;

    for (i = 0; i < 4; i++) {
        assert_int_equal(EVP_Digest("/a/b.c/film.tar.ts", 18, md, &len,
                                    i < 2 ? EVP_sha256() : EVP_sha512_256(),
                                    NULL), 1);
        assert_int_equal(len, 32);

        if (i % 2 != 0) {
            md[31] ^= 1;
        }

        p = payload + sprintf(payload, "{" GOOD ",312:{3:{%d:h'",
                              i < 2 ? -1 : -2);

        for (n = 0; n < 32; n++) {
            p += sprintf(p, "%02x", md[n]);
        }

        strcpy(p, "'}}}");

        assert_int_equal(verify(payload), i % 2 != 0 ? URI : NONE);
    }
}


/* a token that is a segment of the path is no part of it */

static void
path_token(void **state)
{
    char        buf[MINT_TOKEN];
    size_t      i;
    ngx_str_t   token;

    static char  text[MINT_TOKEN];

    static const struct {
        const char  *before, *after, *payload;
        int          reason;
    } cases[] = {
        { "/", "/a.ts", C("312:{3:{0:'/a.ts'}}"), NONE },
        { "/x/", "/a.ts", C("312:{3:{0:'/x/a.ts'}}"), NONE },
        { "/x/", "", C("312:{3:{0:'/x'}}"), NONE },
        { "/", "", C("312:{3:{0:'/'}}"), NONE },
        { "/", "/", C("312:{3:{0:'/'}}"), NONE },
        { "/x", "/a.ts", C("312:{3:{0:'/a.ts'}}"), URI },
        { "/", "x/a.ts", C("312:{3:{0:'/a.ts'}}"), URI },

        /* a parameter of the path, as the source "path=NAME" reads it */
        { "/sig=", "/a.ts", C("312:{3:{0:'/a.ts'},5:{0:'/'}}"), NONE },
        { "/x;SIG=", "/a.ts", C("312:{3:{0:'/x/a.ts'},5:{0:'/x'}}"), NONE },
        { "/x/a.ts;token=", "", C("312:{3:{0:'/x/a.ts'},8:{0:'.ts'}}"), NONE },
        { "/sig=", "", C("312:{3:{0:'/'}}"), NONE },
        { "/sig=", "/a.ts?x", C("312:{3:{0:'/a.ts'},4:{0:'x'}}"), NONE },
        { "/cat=", "/a.ts", C("312:{3:{0:'/a.ts'}}"), URI },
        { "/sig=x", "/a.ts", C("312:{3:{0:'/a.ts'}}"), URI },
        { "/a.ts?sig=", "", C("312:{4:{0:''}}"), URI }
    };

    (void) state;

    uri = text;

    for (i = 0; i < test_count(cases); i++) {
        token = cat_token(buf, "d1", &hs, "HS256", HS256, "{}",
                          cases[i].payload);
        sprintf(text, "http://a%s%.*s%s", cases[i].before, (int) token.len,
                token.data, cases[i].after);
        assert_int_equal(verify_with(&policy, &token), cases[i].reason);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(uris, start),
        cmocka_unit_test_setup(uri_forms, start),
        cmocka_unit_test_setup(uri_long, start),
        cmocka_unit_test_setup(digests, start),
        cmocka_unit_test_setup(path_token, start)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
