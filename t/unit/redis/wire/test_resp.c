
/*
 * Units of the codec: what is well formed, and commands.
 */


#include "ngx_household_resp_test.h"


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


/* functions of nginx compute addresses from that of a string */

static void
test_empty(void **state)
{
    ngx_household_resp_t        *resp;
    ngx_household_resp_reply_t   reply;

    resp = create(&limits);

    assert_int_equal(feed(resp, "$0\r\n\r\n", 6), NGX_OK);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_int_equal(reply.values[0].str.len, 0);
    assert_non_null(reply.values[0].str.data);

    ngx_household_resp_destroy(resp);
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
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_OK);
    assert_int_equal(reply.nvalues, 20001);
    assert_int_equal(ngx_household_resp_next(resp, &reply), NGX_AGAIN);
    free(in);

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


/* what is written ends where it says, and is within what was reserved */

static void
encode(ngx_str_t *argv, ngx_uint_t argc, ngx_str_t *out)
{
    size_t                        size;
    ngx_household_resp_command_t  command;

    command.argv = argv;
    command.argc = argc;

    size = ngx_household_resp_size(&command);
    assert_true(size > 0);

    out->data = malloc(size);
    assert_non_null(out->data);
    out->len = ngx_household_resp_encode(out->data, &command) - out->data;
    assert_true(out->len <= size);
}


static void
expect_encoded(ngx_str_t *argv, ngx_uint_t argc, const char *expected,
    size_t len)
{
    ngx_str_t  out;

    encode(argv, argc, &out);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, expected, len);

    free(out.data);
}


static void
test_encode(void **state)
{
    ngx_household_resp_command_t  command;

    static ngx_str_t   get[] = { ngx_string("GET"), ngx_string("a\0\r\n%s") };
    static ngx_str_t   empty[] = { ngx_string("ECHO"), ngx_null_string };
    static const char  got[] = "*2\r\n$3\r\nGET\r\n$6\r\na\0\r\n%s\r\n";
    static const char  echo[] = "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n";

    expect_encoded(get, 2, got, sizeof(got) - 1);
    expect_encoded(empty, 2, echo, sizeof(echo) - 1);
    expect_encoded(get, 1, "*1\r\n$3\r\nGET\r\n", 13);

    command.argv = get;
    command.argc = 0;
    assert_int_equal(ngx_household_resp_size(&command), 0);

    /* nothing of this length is read */

    command.argv = empty;
    command.argc = 2;
    empty[1].len = (size_t) 4 * 1024 * 1024 * 1024;
    assert_int_equal(ngx_household_resp_size(&command), 0);

    empty[1].len = (size_t) -1;
    assert_int_equal(ngx_household_resp_size(&command), 0);
    empty[1].len = 0;
}


/* lengths of each number of digits */

static void
test_encode_lengths(void **state)
{
    char        expected[64];
    size_t      n, head;
    ngx_str_t   argv, out;

    for (n = 1; n <= 1000000; n *= 10) {

        argv.data = calloc(1, n);
        assert_non_null(argv.data);

        for (argv.len = n - 1; argv.len <= n; argv.len++) {

            head = sprintf(expected, "*1\r\n$%zu\r\n", argv.len);

            encode(&argv, 1, &out);
            assert_int_equal(out.len, head + argv.len + 2);
            assert_memory_equal(out.data, expected, head);
            assert_memory_equal(out.data + head + argv.len, "\r\n", 2);
            free(out.data);
        }

        free(argv.data);
    }
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

    encode(argv, 100, &out);

    l = limits;
    l.max_values = 101;
    l.max_bytes = 10000;

    resp = create(&l);
    assert_int_equal(ngx_household_resp_feed(resp, out.data, out.len), NGX_OK);
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
    free(out.data);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_extra_data),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_large_limits),
        cmocka_unit_test(test_too_large_nested),
        cmocka_unit_test(test_memory_let_go),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_lengths),
        cmocka_unit_test(test_encode_many),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("ngx_household_resp", tests, NULL,
                                       NULL);
}
