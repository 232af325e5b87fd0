
/*
 * Units of the codec: of a long bulk string the beginning is read, and the
 * rest is discarded, whatever the pieces that it came in.
 */

#include "ngx_household_resp_test.h"


#define MAX    10
#define RUNS   3000
#define SIZE   8192


static const ngx_household_resp_limits_t  short_strings = {
    .max_values = 100,
    .max_bytes = SIZE,
    .max_elements = 100,
    .max_depth = 3,
    .max_pending = SIZE,
    .max_bulk = MAX
};


static uint32_t  state;


static ngx_uint_t
rnd(ngx_uint_t n)
{
    state = state * 1103515245 + 12345;

    return (state >> 16) % n;
}


static void
test_cases(void **data)
{
    size_t  i;

    static const struct {
        const char  *in;
        const char  *text;
    } cases[] = {
        { "$0\r\n\r\n", "B | " },
        { "$-1\r\n:7\r\n", "N | I7 | " },
        { "$10\r\n0123456789\r\n+OK\r\n", "B0123456789 | SOK | " },
        { "$11\r\n0123456789a\r\n+OK\r\n", "B too_large | SOK | " },
        { "$12\r\n0123456789ab\r\n+OK\r\n", "B too_large | SOK | " },
        { "$99\r\n0123456789012345678901234567890123456789012345678"
          "90123456789012345678901234567890123456789012345678\r\n:1\r\n",
          "B too_large | I1 | " },
        { "*2\r\n$20\r\n01234567890123456789\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n",
          "A2 too_large | A1 >Bb | " },
        { "*3\r\n$1\r\na\r\n$20\r\n01234567890123456789\r\n$11\r\n"
          "0123456789a\r\n+OK\r\n", "A3 >Ba too_large | SOK | " },

        /* what is within a string is not looked at */
        { "$7\r\n$99\r\nab\r\n$1\r\na\r\n", "B$99\\0d\\0aab | Ba | " },
        { "$14\r\n\r\n$1\r\na\r\n+OK\r\n\r\n:1\r\n", "B too_large | I1 | " },
        { "$16\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n:1\r\n",
          "B too_large | I1 | " },

        /* nor within a line */
        { "-ERR $12\r\n+OK\r\n", "EERR\\20$12 | SOK | " }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(&short_strings, cases[i].in, strlen(cases[i].in), cases[i].text,
            NULL);
    }
}


/* what is no length of a string, or not one that a server accepts */

static void
test_malformed(void **data)
{
    size_t  i;

    static const struct {
        const char  *in;
        const char  *error;
    } cases[] = {
        { "$\r\n+OK\r\n", "bad bulk string length" },
        { "$12a\r\n0123456789ab\r\n", "bad bulk string length" },
        { "$-12\r\n0123456789ab\r\n", "bulk string length out of range" },
        { "$600000000\r\n0123456789ab\r\n", "bulk string too long" },
        { "$99999999999999999999999\r\n0123456789ab\r\n", "" },
        { "$1\n2\r\n", "bad bulk string length" },
        { "$12\r\n0123456789abcd", "bulk string without a line end" },
        { "$30\r\n012345678901234567890123456789\n\n",
          "bulk string without a line end" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(&short_strings, cases[i].in, strlen(cases[i].in), "",
            cases[i].error);
    }
}


/* values of any kind, one after the other, in pieces of any size */

static void
test_random(void **data)
{
    char        in[SIZE], text[SIZE], *p, *q;
    ngx_uint_t  i, n, len, run;

    state = 1;

    for (run = 0; run < RUNS; run++) {
        p = in;
        q = text;

        for (n = rnd(20); n > 0; n--) {

            if (rnd(3) == 0) {
                len = rnd(9999);
                p += sprintf(p, ":%d\r\n", (int) len);
                q += sprintf(q, "I%d | ", (int) len);
                continue;
            }

            len = rnd(40);
            p += sprintf(p, "$%d\r\n", (int) len);
            *q++ = 'B';

            for (i = 0; i < len; i++) {
                *p = "$1\r\na"[rnd(5)];

                if (len <= MAX) {
                    q += sprintf(q, *p > ' ' ? "%c" : "\\%02x", *p);
                }

                p++;
            }

            p += sprintf(p, "\r\n");
            q += sprintf(q, len > MAX ? " too_large | " : " | ");
        }

        *q = '\0';

        n = 1 + rnd(200);
        run_in_pieces(&short_strings, in, p - in, n, 1 + rnd(n), text, NULL);
    }
}


/* one that would not fit into memory is read, and the next one is */

static void
test_memory(void **data)
{
    static const ngx_household_resp_limits_t  l = {
        .max_values = 8, .max_bytes = 64, .max_elements = 100, .max_depth = 3,
        .max_pending = 256, .max_bulk = 16
    };

    size_t                       i, n, len;
    u_char                      *p;
    ngx_int_t                    rc;
    char                         text[512];
    ngx_household_resp_t        *resp;

    len = 100000;
    p = malloc(len + 64);
    assert_non_null(p);

    n = sprintf((char *) p, "*2\r\n$1\r\na\r\n$%d\r\n", (int) len);
    memset(p + n, 'x', len);
    len = n + len;
    len += sprintf((char *) p + len, "\r\n+next\r\n"
                                     "$16\r\n0123456789012345\r\n");

    resp = create(&l);
    text[0] = '\0';
    rc = NGX_AGAIN;

    for (i = 0; i < len; i += n) {
        n = ngx_min(100, len - i);
        assert_int_equal(ngx_household_resp_feed(resp, p + i, n), NGX_OK);
        print_replies(text, resp, &rc);
    }

    assert_string_equal(text, "A2 >Ba too_large | Snext | "
                              "B0123456789012345 | ");
    assert_int_equal(ngx_household_resp_pending(resp), 0);

    assert_int_equal(ngx_household_resp_feed(resp, (u_char *) "$1", 2),
                     NGX_OK);
    assert_int_equal(ngx_household_resp_pending(resp), 1);

    ngx_household_resp_destroy(resp);
    free(p);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_memory)
    };

    return cmocka_run_group_tests_name("ngx_household_resp (long strings)",
                                       tests, NULL, NULL);
}
