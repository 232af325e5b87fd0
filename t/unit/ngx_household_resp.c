
/*
 * Units of the codec.  A case is the bytes of a peer and what they are to
 * come to, written as text; each is run whole, byte by byte, and cut in two
 * at every place, which must make no difference.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <malloc.h>
#include <cmocka.h>

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp.h"


#define TEXT_SIZE  65536
#define WHOLE      ((size_t) -1)


static const ngx_household_resp_limits_t  limits = {
    .max_values = 8,
    .max_bytes = 64,
    .max_elements = 100,
    .max_depth = 3,
    .max_pending = 16384
};


static ngx_household_resp_t *
create(const ngx_household_resp_limits_t *l)
{
    ngx_household_resp_t  *resp;

    resp = ngx_household_resp_create(l);
    assert_non_null(resp);

    return resp;
}


/* a reply as text: a letter a value, arrays with their elements' number */

static void
print_reply(char *text, const ngx_household_resp_reply_t *reply)
{
    char                        *p;
    size_t                       i;
    ngx_uint_t                   n;
    ngx_household_resp_value_t  *v;

    p = text + strlen(text);
    assert_true(reply->nvalues >= 1);

    for (n = 0; n < reply->nvalues; n++) {
        v = &reply->values[n];
        assert_true(v->type >= NGX_HOUSEHOLD_RESP_STATUS
                    && v->type <= NGX_HOUSEHOLD_RESP_ARRAY);

        p += sprintf(p, "%.*s%c", (int) v->depth, ">>>>>>>>>>",
                     " SEIBNA"[v->type]);

        if (v->type == NGX_HOUSEHOLD_RESP_ARRAY) {
            p += sprintf(p, "%d", (int) v->elements);

        } else {
            assert_int_equal(v->elements, 0);
        }

        if (v->type == NGX_HOUSEHOLD_RESP_INTEGER) {
            p += sprintf(p, "%lld", (long long) v->integer);

        } else {
            assert_int_equal(v->integer, 0);
        }

        for (i = 0; i < v->str.len; i++) {
            p += sprintf(p, (v->str.data[i] > ' ' && v->str.data[i] < 127)
                            ? "%c" : "\\%02x", v->str.data[i]);
        }

        *p++ = ' ';
    }

    sprintf(p, "%s| ", reply->too_large ? "too_large " : "");
}


/* the error is left out of the text: how soon it shows is up to the pieces */

static void
print_replies(char *text, ngx_household_resp_t *resp, ngx_int_t *rc)
{
    ngx_household_resp_reply_t  reply;

    if (*rc == NGX_ERROR) {
        return;
    }

    do {
        *rc = ngx_household_resp_next(resp, &reply);

        if (*rc == NGX_OK) {
            print_reply(text, &reply);
        }

    } while (*rc == NGX_OK);
}


static void
check_error(ngx_household_resp_t *resp, const char *error)
{
    const char                  *p;
    ngx_household_resp_reply_t   reply;

    p = ngx_household_resp_error(resp);

    if (strstr(p, error) == NULL) {
        fail_msg("error is \"%s\", not \"%s\"", p, error);
    }

    assert_true(*p >= 'a' && *p <= 'z');

    for ( /* void */ ; *p; p++) {
        assert_true(*p >= ' ' && *p <= '~');
    }

    /* an error is the end */

    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_ERROR);
    assert_int_equal(ngx_household_resp_feed(resp, (u_char *) "+OK\r\n", 5),
                     NGX_ERROR);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_ERROR);
}


/* every piece from the heap and of its own size: a sanitizer sees overreads */

static ngx_int_t
feed(ngx_household_resp_t *resp, const char *data, size_t len)
{
    u_char     *piece;
    ngx_int_t   rc;

    piece = malloc(len + 1);
    assert_non_null(piece);
    memcpy(piece, data, len);

    rc = ngx_household_resp_feed(resp, piece, len);

    memset(piece, 0xa5, len);
    free(piece);

    return rc;
}


static void
run_in_pieces(const ngx_household_resp_limits_t *l, const char *in, size_t len,
    size_t first, size_t piece, const char *expected, const char *error)
{
    char                  *text;
    size_t                 n, done;
    ngx_int_t              rc;
    ngx_household_resp_t  *resp;

    text = calloc(1, TEXT_SIZE);
    assert_non_null(text);

    resp = create(l);
    rc = NGX_AGAIN;

    for (done = 0; done < len && rc != NGX_ERROR; done += n) {
        n = (done == 0) ? first : piece;
        n = (n > len - done) ? len - done : n;

        rc = feed(resp, in + done, n);
        print_replies(text, resp, &rc);
    }

    assert_string_equal(text, expected);

    if (error != NULL) {
        assert_int_equal(rc, NGX_ERROR);
        check_error(resp, error);

    } else {
        assert_int_equal(rc, NGX_AGAIN);
        assert_string_equal(ngx_household_resp_error(resp), "");
    }

    ngx_household_resp_destroy(resp);
    free(text);
}


static void
run(const ngx_household_resp_limits_t *l, const char *in, size_t len,
    const char *expected, const char *error)
{
    size_t  i;

    run_in_pieces(l, in, len, WHOLE, WHOLE, expected, error);
    run_in_pieces(l, in, len, 1, 1, expected, error);

    for (i = 1; i < len && i < 256; i++) {
        run_in_pieces(l, in, len, i, WHOLE, expected, error);
    }
}


#define expect(in, text)       run(&limits, in, sizeof(in) - 1, text, NULL)
#define expect_error(in, err)  run(&limits, in, sizeof(in) - 1, "", err)


static void
test_types(void **state)
{
    expect("+OK\r\n", "SOK | ");
    expect("+\r\n", "S | ");
    expect("-ERR no\r\n", "EERR\\20no | ");
    expect(":0\r\n", "I0 | ");
    expect(":-42\r\n", "I-42 | ");
    expect(":9223372036854775807\r\n", "I9223372036854775807 | ");
    expect(":-9223372036854775808\r\n", "I-9223372036854775808 | ");
    expect("$3\r\nabc\r\n", "Babc | ");
    expect("$0\r\n\r\n", "B | ");
    expect("$6\r\na\0\r\n\xff\x01\r\n", "Ba\\00\\0d\\0a\\ff\\01 | ");
    expect("$-1\r\n", "N | ");
    expect("*-1\r\n", "N | ");
    expect("*0\r\n", "A0 | ");
    expect("*2\r\n$1\r\na\r\n:7\r\n", "A2 >Ba >I7 | ");
}


static void
test_nested(void **state)
{
    expect("*3\r\n*2\r\n+a\r\n*1\r\n:1\r\n*-1\r\n$-1\r\n",
           "A3 >A2 >>Sa >>A1 >>>I1 >N >N | ");
    expect("*2\r\n*0\r\n*0\r\n", "A2 >A0 >A0 | ");
    expect("*2\r\n-ERR\r\n$0\r\n\r\n", "A2 >EERR >B | ");
}


static void
test_pipelined(void **state)
{
    expect("+a\r\n+b\r\n", "Sa | Sb | ");
    expect("*1\r\n:1\r\n*0\r\n$1\r\nx\r\n-e\r\n*-1\r\n+z\r\n",
           "A1 >I1 | A0 | Bx | Ee | N | Sz | ");
}


/* a reply that is not wanted is a reply; to tell is up to the caller */

static void
test_extra_data(void **state)
{
    expect("+OK\r\n$1\r\n", "SOK | ");
    run(&limits, "+OK\r\nx", 6, "SOK | ", "protocol error, got \"x\"");
}


static void
test_pending(void **state)
{
    size_t                       i;
    static const char            in[] = "*2\r\n$2\r\nab\r\n:1\r\n";
    ngx_household_resp_t        *resp;
    ngx_household_resp_reply_t   reply;

    resp = create(&limits);
    assert_false(ngx_household_resp_pending(resp));
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);
    assert_false(ngx_household_resp_pending(resp));
    assert_int_equal(feed(resp, "", 0), NGX_OK);
    assert_false(ngx_household_resp_pending(resp));

    for (i = 0; i < sizeof(in) - 2; i++) {
        assert_int_equal(feed(resp, in + i, 1), NGX_OK);
        assert_true(ngx_household_resp_pending(resp));
        assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);
        assert_true(ngx_household_resp_pending(resp));
    }

    assert_int_equal(feed(resp, in + i, 1), NGX_OK);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_false(ngx_household_resp_pending(resp));
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);
    assert_false(ngx_household_resp_pending(resp));

    assert_int_equal(feed(resp, "+a\r\n+", 5), NGX_OK);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_true(ngx_household_resp_pending(resp));

    ngx_household_resp_destroy(resp);
    ngx_household_resp_destroy(NULL);
}


/* over the soft limits, and then in step again */

static void
test_too_large(void **state)
{
    expect("*8\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n+z\r\n",
           "A8 >I1 >I2 >I3 >I4 >I5 >I6 >I7 too_large | Sz | ");
    expect("*2\r\n$40\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
           "$24\r\nbbbbbbbbbbbbbbbbbbbbbbbb\r\n",
           "A2 >Baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
           ">Bbbbbbbbbbbbbbbbbbbbbbbbb | ");

    /* what follows would fit again, but is not kept */

    expect("*3\r\n$40\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
           "$25\r\nbbbbbbbbbbbbbbbbbbbbbbbbb\r\n:1\r\n*0\r\n",
           "A3 >Baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa too_large | A0 | ");

    /* the reply itself always has a value */

    expect("$65\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
           "aaaaaaa\r\n+z\r\n", "B too_large | Sz | ");
    expect("-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
           "aaaaaaa\r\n+z\r\n", "E too_large | Sz | ");
}


static void
test_too_large_limits(void **state)
{
    ngx_household_resp_limits_t  l;

    l = limits;
    l.max_values = 0;
    run(&l, "*1\r\n:1\r\n:2\r\n", 12, "A1 too_large | I2 | ", NULL);

    l.max_bytes = 0;
    run(&l, "+a\r\n$0\r\n\r\n", 10, "S too_large | B | ", NULL);
}


/* the peer may go on and on, nested, without one byte kept of it */

static void
test_too_large_nested(void **state)
{
    ngx_uint_t                   i;
    ngx_household_resp_t        *resp;
    ngx_household_resp_reply_t   reply;

    resp = create(&limits);
    assert_int_equal(feed(resp, "*100\r\n", 6), NGX_OK);

    for (i = 0; i < 100; i++) {
        assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);
        assert_int_equal(feed(resp, "*2\r\n$3\r\nabc\r\n*0\r\n", 17), NGX_OK);
    }

    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_true(reply.too_large);
    assert_int_equal(reply.nvalues, 8);
    assert_int_equal(reply.values[0].elements, 100);

    ngx_household_resp_destroy(resp);
}


static void
test_max_elements(void **state)
{
    expect("*100\r\n", "");
    expect_error("*101\r\n", "too many elements in an array");
    expect_error("*1\r\n*101\r\n", "too many elements in an array");
    expect_error("*1000000000\r\n", "too many elements in an array");
    expect_error("*2147483647\r\n", "too many elements in an array");
    expect_error("*4294967295\r\n", "");
    expect_error("*4294967296\r\n", "");
    expect_error("*9223372036854775807\r\n", "");
    expect_error("*9223372036854775808\r\n", "bad multi-bulk length");
    expect_error("*-2\r\n", "multi-bulk length out of range");
    expect_error("*-9223372036854775808\r\n", "multi-bulk length");
    expect_error("*\r\n", "bad multi-bulk length");
    expect_error("*1x\r\n", "bad multi-bulk length");
}


static void
test_max_depth(void **state)
{
    ngx_household_resp_limits_t  l;

    expect("*1\r\n*1\r\n*1\r\n:1\r\n", "A1 >A1 >>A1 >>>I1 | ");
    expect_error("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "too deep an array");
    expect_error("*1\r\n*1\r\n*1\r\n*0\r\n", "too deep an array");

    /* a null array is none */
    expect("*1\r\n*1\r\n*1\r\n*-1\r\n", "A1 >A1 >>A1 >>>N | ");

    l = limits;
    l.max_depth = 0;
    run(&l, "*0\r\n", 4, "", "too deep an array");

    /* no deeper than any hiredis can, whatever is asked for */

    l.max_depth = 1000;
    l.max_values = 1000;
    run(&l, "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 36,
        "A1 >A1 >>A1 >>>A1 >>>>A1 >>>>>A1 >>>>>>A1 >>>>>>>A1 >>>>>>>>I1 | ",
        NULL);
    run(&l, "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", 36, "",
        "");
}


static void
test_max_pending(void **state)
{
    char                         *data;
    ngx_household_resp_t         *resp;
    ngx_household_resp_reply_t    reply;
    ngx_household_resp_limits_t   l;

    l = limits;
    l.max_pending = 10;
    run(&l, "$4\r\nabcd\r\n", 10, "Babcd | ", NULL);

    /* the first byte is parsed apart, and does not count then */

    l.max_pending = 9;
    run_in_pieces(&l, "$4\r\nabcd\r\n", 10, 1, 1, "Babcd | ", NULL);
    l.max_pending = 10;

    /* one that can never be whole is refused before its bytes come */

    run_in_pieces(&l, "$9\r\n", 4, 1, 1, "", "too long a bulk string");
    run_in_pieces(&l, "*1\r\n$9\r\n", 8, 1, 1, "", "too long a bulk string");

    run_in_pieces(&l, "+2345678901", 11, WHOLE, WHOLE, "",
                  "too many bytes not yet parsed");
    run_in_pieces(&l, "+23456789012", 12, 1, 1, "",
                  "too many bytes not yet parsed");

    resp = create(&l);
    data = calloc(1, 16);
    assert_int_equal(ngx_household_resp_feed(resp, (u_char *) "+a\r\n", 4),
                     NGX_OK);
    assert_int_equal(ngx_household_resp_feed(resp, (u_char *) data,
                                             (size_t) -2),
                     NGX_ERROR);
    check_error(resp, "too many bytes not yet parsed");
    ngx_household_resp_destroy(resp);
    free(data);

    /* what was parsed does not count */

    resp = create(&l);
    assert_int_equal(feed(resp, "*3\r\n+a\r\n", 8), NGX_OK);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);
    assert_int_equal(feed(resp, "+b\r\n+c\r\n", 8), NGX_OK);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_int_equal(reply.nvalues, 4);
    ngx_household_resp_destroy(resp);
}


static void
test_bulk_lengths(void **state)
{
    expect_error("$2147483648\r\n", "too long a bulk string");
    expect_error("$4294967290\r\n", "too long a bulk string");
    expect_error("$9223372036854775807\r\n", "too long a bulk string");
    expect_error("*2\r\n+a\r\n$2147483648\r\n", "too long a bulk string");
    expect_error("$9223372036854775808\r\n", "");
    expect_error("$18446744073709551615\r\n", "");
    expect_error("$18446744073709551616000000000000000000\r\n", "");
    expect_error("$18446744073709551616", "too long a bulk string");
    expect_error("$-2\r\n", "bulk string length out of range");
    expect_error("$-9223372036854775808\r\n", "bulk string length");
    expect_error("$\r\n", "bad bulk string length");
    expect_error("$+1\r\n", "bad bulk string length");
    expect_error("$01\r\n", "bad bulk string length");
    expect_error("$1 \r\n", "bad bulk string length");
    expect_error("$5\rxxxxxxxxxxx\r\n", "bad bulk string length");
}


/* the reader itself skips two bytes there, whatever they are */

static void
test_bulk_end(void **state)
{
    expect_error("$3\r\nabcde+OK\r\n", "bulk string without a line end");
    expect_error("$3\r\nabcd\r\n", "bulk string without a line end");
    expect_error("$3\r\nabcd\n", "bulk string without a line end");
    expect_error("$3\r\nabc\rx", "bulk string without a line end");
    expect_error("*1\r\n$0\r\n+O", "bulk string without a line end");
}


static void
test_lines(void **state)
{
    char                         in[4200];
    ngx_household_resp_limits_t  l;

    expect_error("+a\rb\r\n", "bad simple string value");
    expect_error("-a\nb\r\n", "bad simple string value");
    expect_error(":\r\n", "bad integer value");
    expect_error(":1a\r\n", "bad integer value");
    expect_error(":9223372036854775808\r\n", "bad integer value");
    expect_error(": 1\r\n", "bad integer value");

    l = limits;
    l.max_bytes = sizeof(in);

    memset(in, '0', sizeof(in));

    in[0] = '+';
    memcpy(in + 4098, "\r\n", 2);
    run_in_pieces(&l, in, 4100, WHOLE, WHOLE, "", "too long a line");
    run_in_pieces(&l, in, 4100, 1, 1, "", "too long a line");

    /* without an end, and of any kind */

    memset(in, '0', sizeof(in));

    in[0] = '-';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "too long a line");
    in[0] = ':';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "too long a line");
    in[0] = '*';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "too long a line");
    in[0] = '$';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "too long a line");
    memcpy(in + 1, "1\r", 2);
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "too long a line");
}


static void
test_longest_line(void **state)
{
    char                         *in, *expected;
    ngx_household_resp_limits_t   l;

    l = limits;
    l.max_bytes = 4096;

    in = malloc(4099);
    expected = calloc(1, 4101);
    assert_non_null(in);
    assert_non_null(expected);

    memset(in, 'a', 4099);
    in[0] = '-';
    memcpy(in + 4097, "\r\n", 2);

    memset(expected, 'a', 4097);
    expected[0] = 'E';
    strcpy(expected + 4097, " | ");

    run_in_pieces(&l, in, 4099, WHOLE, WHOLE, expected, NULL);
    run_in_pieces(&l, in, 4099, 1, 1, expected, NULL);

    free(in);
    free(expected);
}


static void
test_garbage(void **state)
{
    expect_error("HTTP/1.1 400 Bad Request\r\n\r\n",
                 "protocol error, got \"H\" as reply type byte");
    expect_error("\r\n", "protocol error, got \"\\r\" as reply type byte");
    expect_error(" +OK\r\n", "protocol error");
    expect_error("\x00\x00", "protocol error");
    expect_error("\x15\x03\x01\x00\x02\x02\x46", "protocol error");
    expect_error("\xff\xfe", "protocol error");
    expect_error("\x1b[2J", "protocol error");
    expect_error("*2\r\n+a\r\nx", "protocol error");
}


/* some are unknown to hiredis 0.14, and all are to us */

static void
test_resp3(void **state)
{
    expect_error("_\r\n", "");
    expect_error("#t\r\n", "");
    expect_error(",3.14\r\n", "");
    expect_error(",x\r\n", "");
    expect_error("(3492890328409238509324850943850943825024385\r\n", "");
    expect_error("%1\r\n+a\r\n+b\r\n", "");
    expect_error("%0\r\n", "");
    expect_error("~1\r\n+a\r\n", "");
    expect_error(">2\r\n+a\r\n+b\r\n", "");
    expect_error("=7\r\ntxt:abc\r\n", "");
    expect_error("=1\r\na\r\n", "");
    expect_error("!3\r\nERR\r\n", "");
    expect_error("|1\r\n+a\r\n+b\r\n:1\r\n", "");
    expect_error("*1\r\n_\r\n", "");
    expect_error("*1\r\n#f\r\n", "");
    expect_error("*1\r\n,1\r\n", "");
    expect_error("*1\r\n>1\r\n+a\r\n", "");
}


/* a type that is not ours is refused at its first byte */

static void
test_resp3_at_once(void **state)
{
    char         in[2];
    const char  *p;

    for (p = "_#,(%~>=!|"; *p; p++) {
        in[0] = *p;
        run_in_pieces(&limits, in, 1, 1, 1, "", "");
    }
}


/* the memory of one large reply is not kept for the next, small ones */

static void
test_memory_let_go(void **state)
{
#if (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 33))
    char                         *in;
    size_t                        before, after;
    ngx_uint_t                    i;
    ngx_household_resp_t         *resp;
    ngx_household_resp_reply_t    reply;
    ngx_household_resp_limits_t   l;
    static const char            *rest[] = { "\r\n", "+a\r\n" };

    l = limits;
    l.max_values = 100000;
    l.max_elements = 100000;
    l.max_bytes = 1024 * 1024;
    l.max_pending = 1024 * 1024;

    resp = create(&l);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;

    /* 20000 elements, 500000 bytes, and the beginning of a next reply */

    in = malloc(700000);
    assert_non_null(in);
    strcpy(in, "*20000\r\n");

    for (i = 0; i < 20000; i++) {
        memcpy(in + 8 + i * 32, "$25\r\naaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 32);
    }

    memcpy(in + 640008, "+a", 2);

    assert_int_equal(ngx_household_resp_feed(resp, (u_char *) in, 640010),
                     NGX_OK);
    free(in);

    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_int_equal(reply.nvalues, 20001);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);

    for (i = 0; i < 2; i++) {
        assert_int_equal(feed(resp, rest[i], strlen(rest[i])), NGX_OK);
        assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
        assert_memory_equal(reply.values[0].str.data, "a", 1);
    }

    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);

    after = mallinfo2().uordblks + mallinfo2().hblkhd;
    assert_true(after < before + 65536);

    ngx_household_resp_destroy(resp);
#else
    skip();
#endif
}


static void
expect_encoded(ngx_str_t *argv, ngx_uint_t argc, const char *expected,
    size_t len)
{
    ngx_str_t  out;

    assert_int_equal(ngx_household_resp_encode(argv, argc, &out), NGX_OK);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, expected, len);

    ngx_household_resp_free(&out);
    assert_null(out.data);
    assert_int_equal(out.len, 0);
}


static void
test_encode(void **state)
{
    ngx_str_t          out;
    static ngx_str_t   get[] = { ngx_string("GET"), ngx_string("a\0\r\n%s") };
    static ngx_str_t   empty[] = { ngx_string("ECHO"), ngx_null_string };
    static const char  got[] = "*2\r\n$3\r\nGET\r\n$6\r\na\0\r\n%s\r\n";
    static const char  echo[] = "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n";

    expect_encoded(get, 2, got, sizeof(got) - 1);
    expect_encoded(empty, 2, echo, sizeof(echo) - 1);
    expect_encoded(get, 1, "*1\r\n$3\r\nGET\r\n", 13);

    assert_int_equal(ngx_household_resp_encode(get, 0, &out), NGX_ERROR);
    assert_null(out.data);

    /* nothing of this length is read */

    empty[1].len = (size_t) 4 * 1024 * 1024 * 1024;
    assert_int_equal(ngx_household_resp_encode(empty, 2, &out), NGX_ERROR);
    assert_null(out.data);

    ngx_household_resp_free(&out);
}


/* a command is an array of bulk strings: our decoder reads it back */

static void
test_encode_many(void **state)
{
    u_char                       bytes[100];
    ngx_str_t                    argv[100], out;
    ngx_uint_t                   i;
    ngx_household_resp_t        *resp;
    ngx_household_resp_reply_t   reply;
    ngx_household_resp_limits_t  l;

    for (i = 0; i < 100; i++) {
        bytes[i] = i;
        argv[i].data = bytes;
        argv[i].len = i;
    }

    assert_int_equal(ngx_household_resp_encode(argv, 100, &out), NGX_OK);

    l = limits;
    l.max_values = 101;
    l.max_bytes = 10000;

    resp = create(&l);
    assert_int_equal(ngx_household_resp_feed(resp, out.data, out.len), NGX_OK);
    ngx_household_resp_free(&out);

    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_int_equal(reply.nvalues, 101);
    assert_false(reply.too_large);

    for (i = 0; i < 100; i++) {
        assert_int_equal(reply.values[i + 1].type, NGX_HOUSEHOLD_RESP_BULK);
        assert_int_equal(reply.values[i + 1].str.len, i);

        if (i > 0) {
            assert_memory_equal(reply.values[i + 1].str.data, bytes, i);
        }
    }

    ngx_household_resp_destroy(resp);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_extra_data),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_large_limits),
        cmocka_unit_test(test_too_large_nested),
        cmocka_unit_test(test_max_elements),
        cmocka_unit_test(test_max_depth),
        cmocka_unit_test(test_max_pending),
        cmocka_unit_test(test_bulk_lengths),
        cmocka_unit_test(test_bulk_end),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_resp3),
        cmocka_unit_test(test_resp3_at_once),
        cmocka_unit_test(test_memory_let_go),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_many),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("ngx_household_resp", tests, NULL, NULL);
}
