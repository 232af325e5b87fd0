
/*
 * Unit of ngx_household_zone_state_format.c: what is written is read, and
 * nothing else is.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_zone_state_format.h"


#define VALUES  7
#define HEADER  NGX_HOUSEHOLD_ZONE_STATE_HEADER
#define BLOCK   NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER
#define MAX     (4 * NGX_HOUSEHOLD_ZONE_STATE_BLOCK)


static u_char  file[MAX];
static size_t  file_len;
static u_char  test_block[NGX_HOUSEHOLD_ZONE_STATE_BLOCK];


static void
file_header(ngx_household_zone_state_writer_t *w)
{
    ngx_household_zone_state_header_t  header;

    memset(&header, 0, sizeof(header));

    header.time = 1000000000123;
    header.values = VALUES;
    memset(header.namespaces[15].digest, 0xab, 16);
    header.namespaces[15].kind = 2;
    header.namespaces[15].saved = 1;

    w->buf = test_block;
    ngx_household_zone_state_write_header(w, &header);

    memcpy(file, test_block, HEADER);
    file_len = HEADER;
}


static void
file_append(ngx_household_zone_state_writer_t *w)
{
    ngx_household_zone_state_end_block(w);

    assert_true(file_len + w->len <= MAX);
    memcpy(file + file_len, w->buf, w->len);
    file_len += w->len;

    ngx_household_zone_state_write_block(w);
}


static ngx_uint_t
file_entry(ngx_household_zone_state_writer_t *w, ngx_uint_t n, size_t len)
{
    u_char                            *p;
    ngx_household_zone_state_entry_t   e;

    memset(&e, 0, sizeof(e));

    e.stored = 1000000000000 + n;
    e.fresh = n + 1;
    e.stale = n + 2;
    e.ns = n % 16;
    e.flags = n;
    e.keylen = 1 + n % 255;
    e.len = len;

    p = ngx_household_zone_state_write_entry(w, &e);

    if (p) {
        memset(p, n, e.keylen + e.len);
    }

    return p != NULL;
}


/* a file of two blocks */

static void
file_make(void)
{
    ngx_household_zone_state_writer_t  w;

    file_header(&w);

    ngx_household_zone_state_write_block(&w);
    assert_true(file_entry(&w, 0, 0));
    assert_true(file_entry(&w, 1, 131));
    file_append(&w);

    assert_true(file_entry(&w, 254, NGX_HOUSEHOLD_ZONE_STATE_VALUE));
    file_append(&w);
    file_append(&w);
}


/* returns the number of entries, or -1 with the cause */

static const char  *cause;

static int
file_read(void)
{
    int                                n;
    size_t                             pos;
    ngx_int_t                          rc;
    ngx_household_zone_state_entry_t   e;
    ngx_household_zone_state_reader_t  r;

    memset(&r, 0xa5, sizeof(r));
    cause = "truncated";
    n = 0;

    if (file_len < HEADER) {
        return -1;
    }

    if (ngx_household_zone_state_read_header(&r, file, VALUES) != NGX_OK) {
        cause = r.error;
        return -1;
    }

    assert_int_equal(r.header.time, 1000000000123);
    assert_int_equal(r.header.namespaces[0].saved, 0);
    assert_int_equal(r.header.namespaces[15].saved, 1);
    assert_int_equal(r.header.namespaces[15].kind, 2);
    assert_int_equal(r.header.namespaces[15].digest[15], 0xab);

    for (pos = HEADER; pos + BLOCK <= file_len; pos += r.len) {

        rc = ngx_household_zone_state_read_block_header(&r, file + pos);

        if (rc == NGX_DONE) {
            return pos + BLOCK == file_len ? n : -1;
        }

        if (rc == NGX_ERROR) {
            cause = r.error;
            return -1;
        }

        pos += BLOCK;

        if (pos + r.len > file_len) {
            return -1;
        }

        if (ngx_household_zone_state_read_block(&r, file + pos) != NGX_OK) {
            cause = r.error;
            return -1;
        }

        for ( ;; ) {
            rc = ngx_household_zone_state_read_entry(&r, &e);

            if (rc != NGX_OK) {
                break;
            }

            assert_int_equal(e.fresh + 1, e.stale);
            assert_int_equal(e.stored, 1000000000000 + e.fresh - 1);
            assert_int_equal(e.flags, e.fresh - 1);
            assert_int_equal(e.keylen, e.fresh);
            assert_int_equal(e.bytes[0], e.fresh - 1);
            assert_int_equal(e.bytes[e.keylen + e.len - 1], e.fresh - 1);
            n++;
        }

        if (rc == NGX_ERROR) {
            cause = r.error;
            return -1;
        }
    }

    return -1;
}


static void
test_same(void **data)
{
    file_make();
    assert_int_equal(file_read(), 3);
}


static void
test_empty(void **data)
{
    ngx_household_zone_state_writer_t  w;

    file_header(&w);
    ngx_household_zone_state_write_block(&w);
    file_append(&w);

    assert_int_equal(file_read(), 0);
}


/* a block is full before it is too long */

static void
test_full(void **data)
{
    ngx_uint_t                         n;
    ngx_household_zone_state_writer_t  w;

    file_header(&w);
    ngx_household_zone_state_write_block(&w);

    for (n = 0; file_entry(&w, 3, NGX_HOUSEHOLD_ZONE_STATE_VALUE); n++) {
        assert_true(n < 8);
    }

    assert_int_equal(n, 7);
    assert_int_equal(w.entries, 7);

    /* what still fits */

    assert_true(file_entry(&w, 3, NGX_HOUSEHOLD_ZONE_STATE_BLOCK - w.len
                                  - NGX_HOUSEHOLD_ZONE_STATE_ENTRY - 4));
    assert_int_equal(w.len, NGX_HOUSEHOLD_ZONE_STATE_BLOCK);
    assert_false(file_entry(&w, 0, 0));

    file_append(&w);
    file_append(&w);

    assert_int_equal(file_read(), 8);
}


static void
test_each_bit(void **data)
{
    u_char      *p;
    ngx_uint_t   i;

    file_make();

    for (i = 0; i < 8 * file_len; i++) {

        /* of the large value, some are enough */

        if (i / 8 > HEADER + 1000 && i / 8 < file_len - 100 && i % 997) {
            continue;
        }

        p = &file[i / 8];
        *p ^= 1 << i % 8;
        assert_int_equal(file_read(), -1);
        *p ^= 1 << i % 8;
    }

    assert_int_equal(file_read(), 3);
}


static void
test_each_length(void **data)
{
    size_t  len;

    file_make();
    len = file_len;

    for (file_len = 0; file_len < len; file_len++) {
        assert_int_equal(file_read(), -1);
        assert_string_equal(cause, "truncated");
    }

    assert_int_equal(file_read(), 3);

    file_len++;
    assert_int_equal(file_read(), -1);
}


static size_t
block_len(size_t pos)
{
    uint32_t  len;

    memcpy(&len, file + pos, sizeof(len));

    return BLOCK + len;
}


/* whole blocks that are removed, repeated or exchanged */

static void
test_each_block(void **data)
{
    size_t  first, second, end;

    file_make();

    first = block_len(HEADER);
    second = block_len(HEADER + first);
    end = file_len;

    assert_int_equal(HEADER + first + second + BLOCK, end);

    /* without the first; without the second */

    memmove(file + HEADER, file + HEADER + first, second + BLOCK);
    file_len = end - first;
    assert_int_equal(file_read(), -1);

    file_make();
    memmove(file + HEADER + first, file + HEADER + first + second, BLOCK);
    file_len = end - second;
    assert_int_equal(file_read(), -1);

    /* the first one twice */

    file_make();
    memmove(file + HEADER + first, file + HEADER, end - HEADER);
    file_len = end + first;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "wrong checksum");
}


static void
test_causes(void **data)
{
    file_make();
    file[0] ^= 1;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "not a state file");

    file_make();
    file[8]++;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "layout of another module version");

    file_make();
    file[12]++;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "layout of another module version");

    file_make();
    file[16]++;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "layout of another module version");

    file_make();
    file[30]++;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "wrong checksum");

    file_make();
    file[HEADER + 100]++;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "wrong checksum");

    /* longer than a block may be: not read at all */

    file_make();
    file[HEADER + 3] = 0xff;
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "wrong checksum");
}


/* entries of a block whose checksum is right */

static void
entry_altered(size_t pos, u_char byte)
{
    ngx_household_zone_state_writer_t  w;

    file_header(&w);
    ngx_household_zone_state_write_block(&w);
    assert_true(file_entry(&w, 9, 20));
    w.buf[BLOCK + pos] = byte;
    file_append(&w);
    file_append(&w);

    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "invalid entry");
}


static void
test_entries(void **data)
{
    ngx_household_zone_state_writer_t  w;

    entry_altered(16, 21);        /* the value is longer than the block */
    entry_altered(16, 19);        /* or shorter */
    entry_altered(17, 0xff);
    entry_altered(18, 0);         /* no key */
    entry_altered(18, 11);
    entry_altered(19, 16);        /* no such namespace */

    /* a value that is too long for a zone */

    file_header(&w);
    ngx_household_zone_state_write_block(&w);
    assert_true(file_entry(&w, 9, NGX_HOUSEHOLD_ZONE_STATE_VALUE + 1));
    file_append(&w);
    file_append(&w);
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "invalid entry");

    /* more entries, or less, than the block says */

    file_header(&w);
    ngx_household_zone_state_write_block(&w);
    assert_true(file_entry(&w, 9, 20));
    w.entries++;
    file_append(&w);
    file_append(&w);
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "invalid entry");

    file_header(&w);
    ngx_household_zone_state_write_block(&w);
    assert_true(file_entry(&w, 9, 20));
    assert_true(file_entry(&w, 9, 20));
    w.entries--;
    file_append(&w);
    file_append(&w);
    assert_int_equal(file_read(), -1);
    assert_string_equal(cause, "invalid entry");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_each_bit),
        cmocka_unit_test(test_each_length),
        cmocka_unit_test(test_each_block),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_entries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
