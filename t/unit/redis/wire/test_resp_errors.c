
/*
 * Units of the codec: what is refused.
 */


#include "ngx_household_resp_test.h"


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
    expect_error("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "nesting too deep");
    expect_error("*1\r\n*1\r\n*1\r\n*0\r\n", "nesting too deep");

    /* a null array is none */
    expect("*1\r\n*1\r\n*1\r\n*-1\r\n", "A1 >A1 >>A1 >>>N | ");

    l = limits;
    l.max_depth = 0;
    run(&l, "*0\r\n", 4, "", "nesting too deep");

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

    run_in_pieces(&l, "$9\r\n", 4, 1, 1, "", "bulk string too long");
    run_in_pieces(&l, "*1\r\n$9\r\n", 8, 1, 1, "", "bulk string too long");

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
    expect_error("$2147483648\r\n", "bulk string too long");
    expect_error("$4294967290\r\n", "bulk string too long");
    expect_error("$9223372036854775807\r\n", "bulk string too long");
    expect_error("*2\r\n+a\r\n$2147483648\r\n", "bulk string too long");
    expect_error("$9223372036854775808\r\n", "");
    expect_error("$18446744073709551615\r\n", "");
    expect_error("$18446744073709551616000000000000000000\r\n", "");
    expect_error("$18446744073709551616", "bulk string too long");
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
    run_in_pieces(&l, in, 4100, WHOLE, WHOLE, "", "line too long");
    run_in_pieces(&l, in, 4100, 1, 1, "", "line too long");

    /* without an end, and of any kind */

    memset(in, '0', sizeof(in));

    in[0] = '-';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "line too long");
    in[0] = ':';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "line too long");
    in[0] = '*';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "line too long");
    in[0] = '$';
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "line too long");
    memcpy(in + 1, "1\r", 2);
    run_in_pieces(&l, in, sizeof(in), 1, 1, "", "line too long");
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


int
main(void)
{
    const struct CMUnitTest  tests[] = {
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
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("ngx_household_resp_errors", tests, NULL,
                                       NULL);
}
