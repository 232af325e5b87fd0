
/*
 * Unit of ngx_household_resp_cut.c: long bulk strings are cut, and all
 * else is passed on as it came, whatever the pieces that it came in.
 */

#include "ngx_household_resp_test.h"
#include "ngx_household_resp_cut.h"


#define MAX    10
#define RUNS   3000
#define SIZE   4096


static char      whole[SIZE];
static uint32_t  state;


static ngx_uint_t
rnd(ngx_uint_t n)
{
    state = state * 1103515245 + 12345;

    return (state >> 16) % n;
}


/* what is passed on of "text", which comes in pieces of up to "piece" bytes */

static const char *
cut(const char *text, size_t len, size_t max, size_t piece)
{
    char                      *p;
    size_t                     i, n;
    ngx_str_t                  in, out;
    ngx_household_resp_cut_t   c;

    memset(&c, 0, sizeof(c));
    c.max = max;
    p = whole;

    for (i = 0; i < len; i += n) {
        n = ngx_min(piece > 3 ? 1 + rnd(piece) : piece, len - i);

        in.data = (u_char *) text + i;
        in.len = n;

        while (ngx_household_resp_cut(&c, &in, &out)) {
            assert_true(out.len > 0 && p + out.len < whole + SIZE);
            memcpy(p, out.data, out.len);
            p += out.len;
        }

        assert_int_equal(in.len, 0);
    }

    *p = '\0';

    return whole;
}


static void
test_cases(void **data)
{
    size_t  i, piece;

    static const struct {
        const char  *text;
        const char  *cut;
    } cases[] = {
        { "+OK\r\n", NULL },
        { "$0\r\n\r\n", NULL },
        { "$-1\r\n:7\r\n", NULL },
        { "$10\r\n0123456789\r\n+OK\r\n", NULL },
        { "$11\r\n0123456789a\r\n+OK\r\n", NULL },
        { "$12\r\n0123456789ab\r\n+OK\r\n",
          "$11\r\n0123456789a\r\n+OK\r\n" },
        { "*2\r\n$20\r\n01234567890123456789\r\n$1\r\na\r\n",
          "*2\r\n$11\r\n01234567890\r\n$1\r\na\r\n" },

        /* what is within a string is not looked at */
        { "$7\r\n$99\r\nab\r\n$1\r\na\r\n", NULL },
        { "$14\r\n\r\n$1\r\na\r\n+OK\r\n\r\n:1\r\n",
          "$11\r\n\r\n$1\r\na\r\n+O\r\n:1\r\n" },

        /* nor within a line, which CR or LF alone does not end */
        { "+a\r$12\r\n+b\n$12\r\n$1\r\na\r\n", NULL },
        { "-ERR $12\r\n+OK\r\n", NULL },

        /* what is no length is for the reader to refuse */
        { "$\r\n+OK\r\n", NULL },
        { "$12a\r\n0123456789ab\r\n", NULL },
        { "$-12\r\n0123456789ab\r\n", NULL },
        { "$600000000\r\n0123456789ab\r\n", NULL },
        { "$99999999999999999999999\r\n0123456789ab\r\n", NULL },
        { "$000000000000000000012\r\n0123456789ab\r\n", NULL },
        { "$1\n2\r\n", NULL }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (piece = 1; piece < 100; piece++) {
            assert_string_equal(cut(cases[i].text, strlen(cases[i].text), MAX,
                                    piece),
                                cases[i].cut ? cases[i].cut : cases[i].text);
        }

        assert_string_equal(cut(cases[i].text, strlen(cases[i].text), 0, 3),
                            cases[i].text);
    }
}


/* values of any kind, one after the other, in pieces of any size */

static void
test_random(void **data)
{
    char        in[SIZE], out[SIZE], *p, *q;
    ngx_uint_t  i, n, len, kept, run;

    state = 1;

    for (run = 0; run < RUNS; run++) {
        p = in;
        q = out;

        for (n = rnd(20); n > 0; n--) {
            if (rnd(3) == 0) {
                len = sprintf(p, "%c%d\r\n", "+:*-"[rnd(4)], (int) rnd(9999));
                memcpy(q, p, len);
                p += len;
                q += len;
                continue;
            }

            len = rnd(30);
            kept = len > MAX ? MAX + 1 : len;

            p += sprintf(p, "$%d\r\n", (int) len);
            q += sprintf(q, "$%d\r\n", (int) kept);

            for (i = 0; i < len; i++) {
                p[i] = "$1\r\na"[rnd(5)];
            }

            memcpy(q, p, kept);
            p += len + sprintf(p + len, "\r\n");
            q += kept + sprintf(q + kept, "\r\n");
        }

        *p = *q = '\0';

        assert_string_equal(cut(in, p - in, MAX, 1 + rnd(200)), out);
    }
}


/* the decoder: such a reply is too large, and the next one is read */

static void
test_too_large(void **data)
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
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_too_large)
    };

    return cmocka_run_group_tests_name("ngx_household_resp_cut", tests, NULL,
                                       NULL);
}
