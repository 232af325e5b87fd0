
/*
 * Units of the parser of HTTP responses.  Each response is parsed whole and
 * byte by byte.
 */


#include "ngx_household_test.h"
#include "ngx_household_response.h"


#define SIZE  32


typedef struct {
    const char  *input;
    const char  *expected;
} test_case_t;


static void
describe(ngx_household_response_t *r, ngx_int_t rc, const char *error,
    char *text, size_t size)
{
    if (rc == NGX_ERROR) {
        (void) snprintf(text, size, "%s", error);
        return;
    }

    (void) snprintf(text, size, "%u fresh %d [%.*s] etag=%.*s modified=%.*s",
                    (unsigned) r->status,
                    (int) ngx_household_response_fresh(r),
                    (int) r->body.len, r->body.data,
                    (int) r->etag.len, r->etag.data,
                    (int) r->modified.len, r->modified.data);
}


static void
check(const char *input, size_t len, size_t step, const char *expected)
{
    char                       text[512];
    u_char                    *copy, *body;
    size_t                     i, n;
    ngx_int_t                  rc;
    const char                *error;
    ngx_household_response_t   r;

    body = malloc(SIZE);
    assert_non_null(body);

    ngx_household_response_init(&r, body, SIZE);

    rc = NGX_AGAIN;
    error = NULL;

    for (i = 0; i < len && rc == NGX_AGAIN; i += n) {
        n = ngx_min(step, len - i);
        copy = test_copy(input + i, n);
        rc = ngx_household_response_feed(&r, copy, n, &error);
        free(copy);
    }

    if (rc == NGX_AGAIN) {
        rc = ngx_household_response_eof(&r, &error);
    }

    describe(&r, rc, error, text, sizeof(text));
    assert_string_equal(text, expected);

    free(body);
}


static void
check_all(const test_case_t *cases, size_t n)
{
    size_t  i, len;

    for (i = 0; i < n; i++) {
        len = strlen(cases[i].input);

        check(cases[i].input, len, len, cases[i].expected);
        check(cases[i].input, len, 1, cases[i].expected);
        check(cases[i].input, len, 7, cases[i].expected);
    }
}


#define CHECK(cases)  check_all(cases, test_count(cases))

#define OK  "HTTP/1.1 200 OK\r\n"
#define NONE  " etag= modified="
#define CUT  "connection closed by peer before the end of the response"


static void
test_length(void **state)
{
    static const test_case_t  cases[] = {
        { OK "Content-Length: 3\r\n\r\nabc", "200 fresh -1 [abc]" NONE },
        { OK "content-length:3\r\n\r\nabcdef", "200 fresh -1 [abc]" NONE },
        { OK "Content-Length: 0\r\n\r\n", "200 fresh -1 []" NONE },
        { OK "Content-Length: \t3 \t\r\n\r\nabc", "200 fresh -1 [abc]" NONE },
        { OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
          "200 fresh -1 [abc]" NONE },
        { OK "\r\nabc", "200 fresh -1 [abc]" NONE },
        { OK "\r\n", "200 fresh -1 []" NONE },
        { "HTTP/1.0 200\n\nabc", "200 fresh -1 [abc]" NONE },
        { "HTTP/1.1 200 \r\n\r\nabc", "200 fresh -1 [abc]" NONE },
        { OK "Content-Length: 4\r\n\r\nabc", CUT },
        { OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
          "invalid response header" },
        { OK "Content-Length: 3, 3\r\n\r\nabc", "invalid response header" },
        { OK "Content-Length: -1\r\n\r\nabc", "invalid response header" },
        { OK "Content-Length: 0x3\r\n\r\nabc", "invalid response header" },
        { OK "Content-Length:\r\n\r\nabc", "invalid response header" },
        { OK "Content-Length: 32\r\n\r\n01234567890123456789012345678901",
          "200 fresh -1 [01234567890123456789012345678901]" NONE },
        { OK "Content-Length: 33\r\n\r\n", "response too large" },
        { OK "Content-Length: 99999999999999999999999\r\n\r\n",
          "response too large" },
        { OK "\r\n01234567890123456789012345678901",
          "200 fresh -1 [01234567890123456789012345678901]" NONE },
        { OK "\r\n012345678901234567890123456789012", "response too large" },
    };

    CHECK(cases);
}


static void
test_chunked(void **state)
{
#define CHUNKED  OK "Transfer-Encoding: chunked\r\n"

    static const test_case_t  cases[] = {
        { CHUNKED "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
          "200 fresh -1 [abcde]" NONE },
        { CHUNKED "\r\n3;a=\"b\"\r\nabc\r\n0 ;x\r\nX: y\r\nETag: \"t\"\r\n\r\n",
          "200 fresh -1 [abc]" NONE },
        { CHUNKED "\r\n0A\r\n0123456789\r\n000\r\n\r\n",
          "200 fresh -1 [0123456789]" NONE },
        { CHUNKED "\r\n0\r\n\r\n", "200 fresh -1 []" NONE },
        { OK "transfer-encoding: CHUNKED\r\n\r\n1\na\n0\n\n",
          "200 fresh -1 [a]" NONE },
        { CHUNKED "\r\n20\r\n01234567890123456789012345678901\r\n0\r\n\r\n",
          "200 fresh -1 [01234567890123456789012345678901]" NONE },
        { CHUNKED "ee: x\n\n1\na\n0\n\n", "200 fresh -1 [a]" NONE },
        { CHUNKED "\r\n3\r\nabc\r\n", CUT },
        { CHUNKED "\r\n3\r\nabc\r\n0\r\n", CUT },
        { CHUNKED "\r\n3\r\nab", CUT },
        { CHUNKED "\r\n3\r\nabc\r\n0\r\nX: y\r\n", CUT },
        { CHUNKED "\r\n\r\n", "invalid chunk" },
        { CHUNKED "\r\n-1\r\n", "invalid chunk" },
        { CHUNKED "\r\n3x\r\n", "invalid chunk" },
        { CHUNKED "\r\n3\r\nabcd\r\n", "invalid chunk" },
        { CHUNKED "\r\n21\r\n", "response too large" },
        { CHUNKED "\r\n1f\r\n0123456789012345678901234567890\r\n2\r\n",
          "response too large" },
        { CHUNKED "\r\nfffffff\r\n", "response too large" },
        { CHUNKED "\r\nffffffffffffffffffff\r\n", "response too large" },
        { CHUNKED "\r\n00000000\r\n", "response too large" },
        { CHUNKED "Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
          "invalid response header" },
        { OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
          "unsupported transfer encoding" },
        { CHUNKED "Transfer-Encoding: chunked\r\n\r\n",
          "unsupported transfer encoding" },
    };

    CHECK(cases);
}


static void
test_status(void **state)
{
    static const test_case_t  cases[] = {
        { "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc",
          "206 fresh -1 []" NONE },
        { "HTTP/1.1 204 No Content\r\n\r\n", "204 fresh -1 []" NONE },
        { "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n"
          "Content-Length: 900\r\n\r\n",
          "304 fresh -1 [] etag=\"a\" modified=" },
        { "HTTP/1.1 503 No\r\nContent-Length: 99999\r\n\r\nabc",
          "503 fresh -1 []" NONE },
        { "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "302 fresh -1 []" NONE },
        { "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\nContent-Length: 9"
          "\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" OK "\r\nabc",
          "200 fresh -1 [abc]" NONE },
        { "HTTP/1.1 101 Switching Protocols\r\n\r\n",
          "invalid response status line" },
        { "HTTP/1.1 600 No\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1 099 No\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1 2000 No\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1 2000\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1 20\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1 103\n\nHTTP/1.1 20\n\n", "invalid response status line" },
        { "HTTP/1.1 20a OK\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1 20a OK\r\n" OK "\r\n", "invalid response status line" },
        { "HTTP/1.9 200 OK\r\n\r\n", "200 fresh -1 []" NONE },
        { "HTTP/1.: 200 OK\r\n\r\n", "invalid response status line" },
        { "HTTP/1./ 200 OK\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1-200 OK\r\n\r\n", "invalid response status line" },
        { "HTTP/1.1  200 OK\r\n\r\n", "invalid response status line" },
        { "HTTQ/1.1 200 OK\r\n\r\n", "invalid response status line" },
        { "http/1.1 200 OK\r\n\r\n", "invalid response status line" },
        { "HTTP/2 200 OK\r\n\r\n", "invalid response status line" },
        { "\r\n" OK "\r\n", "invalid response status line" },
        { "{\"keys\":[]}\n", "invalid response status line" },
        { "HTTP/1.1 200 OK", CUT },
        { OK "ETag: \"a\"", CUT },
        { "", CUT },
    };

    CHECK(cases);
}


static void
test_fields(void **state)
{
    static const test_case_t  cases[] = {
        { OK "ETag: W/\"x y\"\r\nLast-Modified: Wed, 25 Nov 2026 19:00:00 GMT"
          "\r\n\r\n",
          "200 fresh -1 [] etag=W/\"x y\" "
          "modified=Wed, 25 Nov 2026 19:00:00 GMT" },
        { OK "ETag: \"a\tb\"\r\n\r\n", "200 fresh -1 []" NONE },
        { OK "ETag:\r\n\r\n", "200 fresh -1 []" NONE },
        { OK "Last-Modified: 0123456789012345678901234567890123456789"
          "0123456789012345678901234\r\n\r\n", "200 fresh -1 []" NONE },
        { OK "Content-Encoding: gzip\r\n\r\n", "unsupported content encoding" },
        { OK "Content-Encoding: identity\r\n\r\na", "200 fresh -1 [a]" NONE },
        { OK "no colon\r\n\r\n", "invalid response header" },
        { OK "none\r\n\r\n", "invalid response header" },
        { OK "XY: z\na\n\n", "invalid response header" },
        { OK ": no name\r\n\r\n", "invalid response header" },
        { OK "ETag : \"a\"\r\n\r\n", "invalid response header" },
        { OK "X: a\r\n folded\r\n\r\n", "invalid response header" },
    };

    CHECK(cases);
}


static void
test_freshness(void **state)
{
#define FRESH(fields, n)                                                      \
    { OK fields "\r\n\r\n", "200 fresh " n " []" NONE }

    static const test_case_t  cases[] = {
        FRESH("Cache-Control: max-age=60", "60"),
        FRESH("cache-control: public,MAX-AGE=60 , must-revalidate", "60"),
        FRESH("Cache-Control: max-age=\"60\"", "60"),
        FRESH("Cache-Control: max-age=60\r\nAge: 20", "40"),
        FRESH("Age: 90\r\nCache-Control: max-age=60", "0"),
        FRESH("Age: 90", "-1"),
        FRESH("Age: x\r\nCache-Control: max-age=60", "60"),
        FRESH("Cache-Control: max-age=60, max-age=30", "30"),
        FRESH("Cache-Control: max-age=30\r\nCache-Control: max-age=60", "30"),
        FRESH("Cache-Control: s-maxage=60, no-cache", "-1"),
        FRESH("Cache-Control: max-age", "-1"),
        FRESH("Cache-Control: max-age=", "-1"),
        FRESH("Cache-Control: max-age=\"", "-1"),
        FRESH("Cache-Control: max-age=-1", "-1"),
        FRESH("Cache-Control: max-age=6 0", "-1"),
        FRESH("Cache-Control: xmax-age=60", "-1"),
        FRESH("Cache-Control: private=\"a, max-age=60\"", "-1"),
        FRESH("Cache-Control: private=\"\\\", max-age=60\", max-age=5", "5"),
        FRESH("Cache-Control: private=\"a, max-age=60", "-1"),
        FRESH("Cache-Control: max-age=99999999999999999999", "2147483647"),
        FRESH("Cache-Control: ,,", "-1"),
    };

    CHECK(cases);
}


/* lines of any length pass, and do not hide what determines the body */

static void
test_long_lines(void **state)
{
    int     n;
    char    in[8192], pad[4096];

    memset(pad, 'x', sizeof(pad));
    pad[sizeof(pad) - 1] = '\0';

    (void) snprintf(in, sizeof(in), OK "X: %s\r\n%s\r\n\r\nabc", pad, "Y: z");
    check(in, strlen(in), strlen(in), "200 fresh -1 [abc]" NONE);

    (void) snprintf(in, sizeof(in), OK "%s: x\r\n\r\nabc", pad);
    check(in, strlen(in), strlen(in), "200 fresh -1 [abc]" NONE);

    (void) snprintf(in, sizeof(in), OK "ETag: \"%s\"\r\n\r\nabc", pad);
    check(in, strlen(in), strlen(in), "200 fresh -1 [abc]" NONE);

    memset(pad, ' ', sizeof(pad) - 1);

    (void) snprintf(in, sizeof(in), OK "Content-Length:%s3\r\n\r\nabc", pad);
    check(in, strlen(in), strlen(in), "invalid response header");

    (void) snprintf(in, sizeof(in), OK "Transfer-Encoding:%schunked\r\n\r\n",
                    pad);
    check(in, strlen(in), strlen(in), "unsupported transfer encoding");

    (void) snprintf(in, sizeof(in), "HTTP/1.1 200 %s\r\n\r\nabc", pad);
    check(in, strlen(in), strlen(in), "200 fresh -1 [abc]" NONE);

    /* the longest line that is looked at, and one that has a byte more */

    n = NGX_HOUSEHOLD_RESPONSE_LINE - (int) strlen("max-age=60\r");

    (void) snprintf(in, sizeof(in), OK "%-*smax-age=60\r\n\r\nabc", n,
                    "Cache-Control:");
    check(in, strlen(in), strlen(in), "200 fresh 60 [abc]" NONE);

    (void) snprintf(in, sizeof(in), OK "%-*smax-age=60\r\n\r\nabc", n + 1,
                    "Cache-Control:");
    check(in, strlen(in), strlen(in), "200 fresh -1 [abc]" NONE);
}


/* no more bytes than the limits, whatever they are of */

static void
test_limits(void **state)
{
    char    *in;
    size_t   i, n;

    n = NGX_HOUSEHOLD_RESPONSE_HEADER + 1;
    in = malloc(n);
    assert_non_null(in);

    memset(in, 'x', n);
    check(in, n, n, "response header too large");

    memcpy(in, CHUNKED "\r\n1;", sizeof(CHUNKED "\r\n1;") - 1);
    check(in, n, n, "response header too large");

    memcpy(in, OK, sizeof(OK) - 1);

    for (i = sizeof(OK) - 1; i + 4 <= n; i += 4) {
        memcpy(in + i, "a:\r\n", 4);
    }

    check(in, n, n, "response header too large");

    /* as much as is allowed */

    memset(in, 'x', n);
    memcpy(in, OK "x:", sizeof(OK "x:") - 1);
    memcpy(in + n - 5, "\r\n\r\n", 4);
    check(in, n - 1, n - 1, "200 fresh -1 []" NONE);

    free(in);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_freshness),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
