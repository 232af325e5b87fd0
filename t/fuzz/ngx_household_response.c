
/*
 * Fuzz target of HTTP responses.  The first byte is the size of the pieces:
 * a response is the same whole and in pieces, is never larger than its buffer,
 * and what is sent back to the server is one line.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_response.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)

#define SIZE  512


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_int_t
parse(ngx_household_response_t *r, u_char *body, const uint8_t *data,
    size_t size, size_t step)
{
    size_t       i, n;
    u_char      *copy;
    ngx_int_t    rc;
    const char  *error;

    ngx_household_response_init(r, body, SIZE);

    rc = NGX_AGAIN;
    error = NULL;

    for (i = 0; i < size && rc == NGX_AGAIN; i += n) {
        n = ngx_min(step, size - i);

        copy = malloc(n);
        CHECK(copy != NULL);
        memcpy(copy, data + i, n);

        rc = ngx_household_response_feed(r, copy, n, &error);

        free(copy);
    }

    if (rc == NGX_AGAIN) {
        rc = ngx_household_response_eof(r, &error);
    }

    CHECK(rc == NGX_OK || rc == NGX_ERROR);
    CHECK((rc == NGX_ERROR) == (error != NULL));

    return rc;
}


static void
check_line(const ngx_str_t *s, size_t max)
{
    size_t  i;

    CHECK(s->len <= max);

    for (i = 0; i < s->len; i++) {
        CHECK(s->data[i] >= ' ' && s->data[i] != 0x7f);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                   *whole, *pieces;
    ngx_int_t                 rc;
    ngx_household_response_t  a, b;

    if (size == 0) {
        return 0;
    }

    whole = malloc(SIZE);
    pieces = malloc(SIZE);
    CHECK(whole != NULL && pieces != NULL);

    rc = parse(&a, whole, data + 1, size - 1, size);
    CHECK(parse(&b, pieces, data + 1, size - 1, data[0] % 16 + 1) == rc);

    if (rc == NGX_OK) {
        CHECK(a.status >= 200 && a.status <= 599);
        CHECK(a.status == 200 || a.body.len == 0);
        CHECK(a.body.len <= SIZE);
        CHECK(ngx_household_response_fresh(&a) >= -1);

        check_line(&a.etag, NGX_HOUSEHOLD_RESPONSE_ETAG);
        check_line(&a.modified, NGX_HOUSEHOLD_RESPONSE_MODIFIED);

        CHECK(a.status == b.status);
        CHECK(a.body.len == b.body.len);
        CHECK(memcmp(whole, pieces, a.body.len) == 0);
        CHECK(ngx_household_response_fresh(&a)
              == ngx_household_response_fresh(&b));
        CHECK(a.etag.len == b.etag.len);
    }

    free(whole);
    free(pieces);

    return 0;
}
