
/*
 * Units of ngx_household_id.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_id.h"


#define UUID  "0189abcd-ef01-4567-89ab-cdef00ff1eab"


static ngx_uint_t
test_pack(const char *text, size_t len, u_char *packed)
{
    ngx_str_t   id;
    ngx_uint_t  rc;

    /* in memory of its own, so that a byte read beyond is found */

    id.len = len;
    id.data = malloc(len ? len : 1);
    assert_non_null(id.data);
    ngx_memcpy(id.data, text, len);

    rc = ngx_household_uuid_pack(packed, &id);

    free(id.data);

    return rc;
}


static void
test_uuid(void **state)
{
    char    text[] = UUID;
    u_char  packed[NGX_HOUSEHOLD_UUID_PACKED];
    size_t  i;

    static const u_char  expected[] = {
        0x01, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x45, 0x67,
        0x89, 0xab, 0xcd, 0xef, 0x00, 0xff, 0x1e, 0xab
    };

    assert_int_equal(test_pack(UUID, 36, packed), 1);
    assert_memory_equal(packed, expected, sizeof(expected));

    for (i = 0; i < 36; i++) {
        assert_int_equal(test_pack(UUID, i, packed), 0);
    }

    assert_int_equal(test_pack(UUID "a", 37, packed), 0);

    for (i = 0; i < 36; i++) {
        int   c;
        char  was;

        was = text[i];

        for (c = -128; c < 128; c++) {
            text[i] = (char) c;

            assert_int_equal(test_pack(text, 36, packed),
                             was == '-' ? c == '-'
                             : (c >= '0' && c <= '9')
                               || (c >= 'a' && c <= 'f'));
        }

        text[i] = was;
    }
}


/* any byte at any place of ids of any length, beside any other one */

static void
test_valid(void **state)
{
    u_char      *p;
    ngx_str_t    id;
    size_t       i;
    ngx_uint_t   c, n, other;

    static const u_char  others[] = { ' ', '~', 0x80, 0xff, 'a', 0x21 };

    for (id.len = 1; id.len <= 33; id.len++) {

        p = malloc(id.len);
        assert_non_null(p);
        id.data = p;

        for (n = 0; n < sizeof(others) * id.len * 256; n++) {
            c = n % 256;
            i = n / 256 % id.len;
            other = others[n / 256 / id.len];

            memset(p, other, id.len);
            p[i] = (u_char) c;

            assert_int_equal(ngx_household_id_valid(&id),
                             c >= 0x20 && c != 0x7f);
        }

        free(p);
    }
}


static void
test_valid_length(void **state)
{
    u_char     bytes[NGX_HOUSEHOLD_ID_LEN + 1];
    ngx_str_t  id;

    memset(bytes, 'a', sizeof(bytes));
    id.data = bytes;

    id.len = 0;
    assert_int_equal(ngx_household_id_valid(&id), 1);

    id.len = NGX_HOUSEHOLD_ID_LEN;
    assert_int_equal(ngx_household_id_valid(&id), 1);

    id.len = NGX_HOUSEHOLD_ID_LEN + 1;
    assert_int_equal(ngx_household_id_valid(&id), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_valid_length),
    };

    return cmocka_run_group_tests_name("ngx_household_id", tests, NULL, NULL);
}
