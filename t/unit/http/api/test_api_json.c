
/*
 * Unit of ngx_http_household_api_json.c: strings of any bytes, compared with
 * what jansson reads of them.
 *
 * Links: ngx_http_household_api_json.c.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>
#include "ngx_http_household_pool_test.h"
#include "ngx_http_household_api_json.h"


#define STRINGS  100000
#define BYTES    24


/* of nginx's ngx_buf.c, with the pieces of this test */

ngx_chain_t *
ngx_alloc_chain_link(ngx_pool_t *pool)
{
    return ngx_palloc(pool, sizeof(ngx_chain_t));
}


ngx_buf_t *
ngx_create_temp_buf(ngx_pool_t *pool, size_t size)
{
    ngx_buf_t  *b;

    b = ngx_palloc(pool, sizeof(ngx_buf_t));
    if (b == NULL) {
        return NULL;
    }

    memset(b, 0, sizeof(ngx_buf_t));

    b->start = ngx_palloc(pool, size);
    if (b->start == NULL) {
        return NULL;
    }

    b->pos = b->start;
    b->last = b->start;
    b->end = b->start + size;

    return b;
}


/* all that was written; the caller frees it */

static u_char *
written(ngx_http_household_api_json_t *json)
{
    u_char       *text, *p;
    ngx_chain_t  *cl;

    text = malloc(json->size + 1);
    p = text;

    for (cl = json->out; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    assert_int_equal(p - text, json->size);
    *p = '\0';

    return text;
}


/* the length of the character that the bytes begin with; 0: none */

static size_t
character(const u_char *p, size_t len)
{
    size_t   n;
    json_t  *value;

    for (n = 1; n <= len && n <= 4; n++) {

        /* the shortest that jansson takes is one character */

        value = json_stringn((const char *) p, n);
        json_decref(value);

        if (value != NULL) {
            return n;
        }
    }

    return 0;
}


static size_t
expected(u_char *text, const u_char *p, size_t len)
{
    size_t   n;
    u_char  *start;

    start = text;

    while (len) {
        n = character(p, len);

        if (n == 0) {
            text = ngx_cpymem(text, "\xef\xbf\xbd", 3);
            n = 1;

        } else {
            text = ngx_cpymem(text, p, n);
        }

        p += n;
        len -= n;
    }

    return text - start;
}


/* nothing that a terminal obeys, or that is markup */

static void
assert_harmless(const u_char *p)
{
    for ( /* void */ ; *p; p++) {
        assert_true(*p >= 0x20 && *p != 0x7f);
        assert_null(strchr("<>&", *p));
        assert_false(p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0);
    }
}


/* what is behind the string would end a character that the string begins */

static void
check(const u_char *bytes, size_t len)
{
    u_char                         *text, want[3 * BYTES], tail[BYTES + 3];
    json_t                         *value;
    size_t                          n;
    ngx_str_t                       s;
    ngx_http_household_api_json_t   json;

    memset(tail, 0x80, sizeof(tail));
    ngx_memcpy(tail, bytes, len);

    s.data = tail;
    s.len = len;

    pool_start();
    ngx_http_household_api_json_init(&json, NULL);
    ngx_http_household_api_json_str(&json, NULL, &s);
    assert_false(json.failed);

    text = written(&json);
    n = expected(want, bytes, len);
    value = json_loads((const char *) text, JSON_DECODE_ANY|JSON_ALLOW_NUL,
                       NULL);

    if (value == NULL || json_string_length(value) != n
        || memcmp(json_string_value(value), want, n) != 0)
    {
        fail_msg("%s", text);
    }

    assert_harmless(text);

    json_decref(value);
    free(text);
    pool_end(NULL);
}


static void
json_strings(void **data)
{
    size_t      i, n;
    u_char      bytes[BYTES];
    unsigned    seed;

    /* what begins, continues and is next to characters of each length */

    static const u_char  some[] = {
        0x00, 0x1b, ' ', '"', '\\', '<', '>', '&', 'a', 0x7f, 0x80, 0x85, 0x8f,
        0x90, 0x9b, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef,
        0xf0, 0xf4, 0xf5, 0xff
    };

    /* every two bytes */

    for (i = 0; i < 65536; i++) {
        bytes[0] = (u_char) (i >> 8);
        bytes[1] = (u_char) i;
        check(bytes, 2);
    }

    seed = 1;

    for (i = 0; i < STRINGS; i++) {
        for (n = 0; n < BYTES; n++) {
            bytes[n] = some[rand_r(&seed) % sizeof(some)];
        }

        check(bytes, rand_r(&seed) % (BYTES + 1));
    }
}


static void
json_no_memory(void **data)
{
    ngx_uint_t                      left;
    ngx_http_household_api_json_t   json;

    for (left = 0; left < 4; left++) {
        pool_start();
        test_pool_left = left;

        ngx_http_household_api_json_init(&json, NULL);
        ngx_http_household_api_json_object(&json, NULL);
        ngx_http_household_api_json_text(&json, "a", "b");
        ngx_http_household_api_json_object_end(&json);

        assert_int_equal(json.failed, left < 3);
        pool_end(NULL);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(json_strings),
        cmocka_unit_test(json_no_memory)
    };

    return cmocka_run_group_tests_name("api_json", tests, NULL, NULL);
}
