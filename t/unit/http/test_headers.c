
/*
 * Unit of ngx_http_household_headers.c: lists of fields, of one part and of
 * several.
 *
 * Links: ngx_http_household_headers.c, and of nginx src/core/ngx_list.c.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_pool_test.h"
#include "ngx_http_household_headers.h"


/* fields of a part */
#define PART  4


static ngx_http_request_t  request;


static int
setup(void **data)
{
    ngx_list_t  *list;

    pool_start();
    memset(&request, 0, sizeof(request));

    list = &request.headers_out.headers;

    return ngx_list_init(list, NULL, PART, sizeof(ngx_table_elt_t)) == NGX_OK
           ? 0 : -1;
}


static const ngx_str_t *
value_of(const char *text)
{
    static ngx_str_t  value;

    value.data = (u_char *) text;
    value.len = strlen(text);

    return &value;
}


/* the fields that are sent, as text */

static const char *
sent(void)
{
    char                               *p;
    static char                         text[512];
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    p = text;
    *p = '\0';

    ngx_http_household_headers_start(&walk, &request.headers_out.headers);

    while ((h = ngx_http_household_headers_next(&walk)) != NULL) {
        if (h->hash) {
            p += sprintf(p, "%.*s: %.*s\n",
                         (int) h->key.len, (char *) h->key.data,
                         (int) h->value.len, (char *) h->value.data);
        }
    }

    return text;
}


static void
add(const char *name, const char *value)
{
    assert_int_equal(ngx_http_household_headers_add(&request, name,
                                                    value_of(value)),
                     NGX_OK);
}


static void
test_push(void **data)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h, zeros;
    ngx_list_part_t  *part;

    static const char  *names[] = { "a0", "b1", "c2", "d3", "e4", "f5", "g6",
                                    "h7", "i8", "j9" };

    memset(&zeros, 0, sizeof(zeros));

    for (i = 0; i < test_count(names); i++) {
        h = ngx_http_household_headers_push(&request, names[i],
                                            value_of("x"));
        assert_non_null(h);
        assert_ptr_equal(h->key.data, names[i]);
        assert_int_equal(h->key.len, 2);
        assert_int_equal(h->value.len, 1);

        /* nothing is left of what was in the memory */

        h->hash--;
        h->key = zeros.key;
        h->value = zeros.value;
        assert_memory_equal(h, &zeros, sizeof(zeros));

        h->hash = 1;
        h->key.data = (u_char *) names[i];
        h->key.len = 2;
        h->value = *value_of("x");
    }

    assert_string_equal(sent(), "a0: x\nb1: x\nc2: x\nd3: x\ne4: x\n"
                                "f5: x\ng6: x\nh7: x\ni8: x\nj9: x\n");

    part = &request.headers_out.headers.part;

    assert_int_equal(part->nelts, PART);
    assert_int_equal(part->next->nelts, PART);
    assert_int_equal(part->next->next->nelts, 2);
    assert_ptr_equal(request.headers_out.headers.last, part->next->next);
}


static void
test_add(void **data)
{
    add("Vary", "Accept");
    add("Vary", "Accept");
    add("vary", "Accept");
    assert_string_equal(sent(), "Vary: Accept\n");

    /* another name or value of the same length, and a part of either */

    add("Link", "Accept");
    add("Vary", "accept");
    add("Var", "Accept");
    add("Vary", "Accep");
    assert_string_equal(sent(), "Vary: Accept\nLink: Accept\nVary: accept\n"
                                "Var: Accept\nVary: Accep\n");

    /* the first one of the next part, and the last one */

    add("Vary", "Accep");
    add("Link", "x");
    add("Link", "x");
    assert_string_equal(sent(), "Vary: Accept\nLink: Accept\nVary: accept\n"
                                "Var: Accept\nVary: Accep\nLink: x\n");
}


static void
test_add_cleared(void **data)
{
    add("Vary", "Accept");
    ngx_http_household_headers_clear(&request, "VARY");
    assert_string_equal(sent(), "");

    /* what is not sent is not there */

    add("Vary", "Accept");
    assert_string_equal(sent(), "Vary: Accept\n");
}


static void
test_clear(void **data)
{
    ngx_http_household_headers_clear(&request, "b");
    assert_string_equal(sent(), "");

    assert_non_null(ngx_http_household_headers_push(&request, "b",
                                                    value_of("0")));
    add("c", "1");
    add("B", "2");
    add("bc", "3");
    add("d", "4");
    add("b", "5");

    ngx_http_household_headers_clear(&request, "b");
    assert_string_equal(sent(), "c: 1\nbc: 3\nd: 4\n");

    ngx_http_household_headers_clear(&request, "d");
    assert_string_equal(sent(), "c: 1\nbc: 3\n");
}


/* what others have added of the same name stays */

static void
test_withdraw(void **data)
{
    static const char  ours[] = "Link";
    static const char  theirs[] = "Link";

    ngx_http_household_headers_withdraw(&request, ours);
    assert_string_equal(sent(), "");

    add(ours, "0");
    add("a", "1");
    add(theirs, "2");
    add("b", "3");
    add(ours, "4");
    add(theirs, "5");

    ngx_http_household_headers_withdraw(&request, ours);
    assert_string_equal(sent(), "a: 1\nLink: 2\nb: 3\nLink: 5\n");

    /* and may be added again */

    add(ours, "0");
    assert_string_equal(sent(), "a: 1\nLink: 2\nb: 3\nLink: 5\nLink: 0\n");

    ngx_http_household_headers_withdraw(&request, theirs);
    assert_string_equal(sent(), "a: 1\nb: 3\nLink: 0\n");
}


/* another module has removed all fields of the first part */

static void
test_empty_part(void **data)
{
    assert_true(ngx_http_household_headers_empty(&request.headers_out.headers));

    add("a", "0");
    assert_false(ngx_http_household_headers_empty(
                     &request.headers_out.headers));

    add("b", "1");
    add("c", "2");
    add("d", "3");
    add("e", "4");

    request.headers_out.headers.part.nelts = 0;
    assert_string_equal(sent(), "e: 4\n");
    assert_false(ngx_http_household_headers_empty(
                     &request.headers_out.headers));

    add("e", "4");
    assert_string_equal(sent(), "e: 4\n");

    ngx_http_household_headers_clear(&request, "e");
    assert_string_equal(sent(), "");
}


static void
test_no_memory(void **data)
{
    test_pool_left = 0;

    add("a", "0");
    add("b", "1");
    add("c", "2");
    add("d", "3");

    assert_null(ngx_http_household_headers_push(&request, "e", value_of("4")));
    assert_int_equal(ngx_http_household_headers_add(&request, "e",
                                                    value_of("4")),
                     NGX_ERROR);

    add("a", "0");
    assert_string_equal(sent(), "a: 0\nb: 1\nc: 2\nd: 3\n");
}


/* nginx makes a GET of what it redirects */

static void
test_method(void **data)
{
    ngx_str_t  method;

    ngx_str_set(&request.method_name, "GET");
    ngx_str_set(&request.request_line, "POST /a?b=GET HTTP/1.1");

    ngx_http_household_headers_method(&request, &method);
    assert_int_equal(method.len, 4);
    assert_memory_equal(method.data, "POST", 4);

    ngx_str_set(&request.request_line, "x");

    ngx_http_household_headers_method(&request, &method);
    assert_int_equal(method.len, 3);
    assert_memory_equal(method.data, "GET", 3);
}


/* ":authority" of HTTP/3 is no header field */

static void
test_host(void **data)
{
    ngx_str_t        host;
    ngx_table_elt_t  field;

    static u_char    authority[] = "edge.example:8443";

    ngx_http_household_headers_host(&request, &host);
    assert_int_equal(host.len, 0);

    request.host_start = authority;
    request.host_end = authority + sizeof(authority) - 1;

    ngx_http_household_headers_host(&request, &host);
    assert_int_equal(host.len, 17);
    assert_memory_equal(host.data, "edge.example:8443", 17);

    ngx_str_set(&field.value, "tv.example");
    request.headers_in.host = &field;

    ngx_http_household_headers_host(&request, &host);
    assert_int_equal(host.len, 10);
    assert_memory_equal(host.data, "tv.example", 10);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_push, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_add, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_add_cleared, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_clear, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_withdraw, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_empty_part, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_method, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_host, setup, pool_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
