
/*
 * Units of the codec.  A case is the bytes of a peer and what they are to
 * come to, written as text; each is run whole, byte by byte, and cut in two
 * at every place, which must make no difference.
 */


#ifndef _NGX_HOUSEHOLD_RESP_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_TEST_H_INCLUDED_


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


/*
 * Every piece from the heap and of its own size: a sanitizer sees overreads,
 * and what still points to the piece before.
 */

static ngx_int_t
feed(ngx_household_resp_t *resp, const char *data, size_t len)
{
    static size_t   size;
    static u_char  *piece;

    if (piece != NULL) {
        memset(piece, 0xa5, size);
        free(piece);
    }

    size = len;
    piece = malloc(len + 1);
    assert_non_null(piece);
    memcpy(piece, data, len);

    return ngx_household_resp_feed(resp, piece, len);
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


#endif /* _NGX_HOUSEHOLD_RESP_TEST_H_INCLUDED_ */
