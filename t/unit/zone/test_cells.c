
/*
 * Unit of ngx_household_cells.c.
 *
 * Links: ngx_household_cells.c, and nothing of nginx.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ngx_household_cells.h"
#include "ngx_household_siphash.h"
#include "ngx_household_cells_check.h"


#define SIZE   65536
#define KEYS   400
#define LONG   3000


static uint64_t          block[SIZE / 8];
static const uint64_t    seed[2] = { 0x0706050403020100ULL,
                                     0x0f0e0d0c0b0a0908ULL };
static const ngx_uint_t  shares[] = { 75, 25 };

static uint32_t          state = 1;


static uint32_t
rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state % n;
}


static ngx_household_cells_t *
create(size_t size)
{
    memset(block, 0xA5, sizeof(block));

    return ngx_household_cells_create((u_char *) block, size, shares, seed);
}


static void
key_set(ngx_household_cells_key_t *key, ngx_uint_t n, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        key->bytes[i] = (u_char) (n >> (8 * (i & 1)));
    }

    key->len = len;
    key->hash = ngx_household_siphash(seed, key->bytes, len);
}


static void
value_set(u_char *value, size_t len, ngx_uint_t n)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        value[i] = (u_char) (n * 7 + i * 13 + (i >> 8));
    }
}


/* evicts as the zone does, and inserts */

static void
insert(ngx_household_cells_t *c, ngx_uint_t list,
    ngx_household_cells_key_t *key, u_char *value, size_t len)
{
    ngx_household_cells_entry_t  e, *old;

    memset(&e, 0, sizeof(e));

    for ( ;; ) {
        old = ngx_household_cells_victim(c, list,
                                     ngx_household_cells_need(key->len, len));
        if (old == NULL) {
            break;
        }

        ngx_household_cells_remove(c, old);
    }

    ngx_household_cells_insert(c, list, key, &e, value, len);
}


static void
test_layout(void **data)
{
    assert_int_equal(sizeof(ngx_household_cells_entry_t), NGX_HOUSEHOLD_CELL);
    assert_int_equal(NGX_HOUSEHOLD_CELL % 8, 0);
    assert_int_equal(offsetof(ngx_household_cells_entry_t, next_cell), 0);
    assert_int_equal(offsetof(ngx_household_cells_entry_t, data)
                     + NGX_HOUSEHOLD_CELL_FIRST, NGX_HOUSEHOLD_CELL);
    assert_int_equal(4 + NGX_HOUSEHOLD_CELL_NEXT, NGX_HOUSEHOLD_CELL);
}


static void
test_need(void **data)
{
    assert_int_equal(ngx_household_cells_need(1, 0), 1);
    assert_int_equal(ngx_household_cells_need(17, 46), 1);
    assert_int_equal(ngx_household_cells_need(17, 47), 2);
    assert_int_equal(ngx_household_cells_need(17, 162), 2);
    assert_int_equal(ngx_household_cells_need(17, 163), 3);
    assert_int_equal(ngx_household_cells_need(17, 162 + 116), 3);
    assert_int_equal(ngx_household_cells_need(17, 163 + 116), 4);
}


/* no size is so small that memory behind the block is used */

static void
test_sizes(void **data)
{
    u_char                      *p, value[1];
    size_t                       size;
    ngx_uint_t                   i;
    ngx_household_cells_t       *c;
    ngx_household_cells_key_t    key;

    assert_null(create(0));
    assert_null(create(sizeof(ngx_household_cells_t) + 16));

    for (size = sizeof(ngx_household_cells_t); size < 2048; size += 1) {

        /* memory that ends where the block ends */

        p = malloc(size);
        c = ngx_household_cells_create(p, size, shares, seed);

        if (c) {
            assert_true(c->cells + (size_t) c->ncells * NGX_HOUSEHOLD_CELL
                        <= p + size);
            assert_int_equal((uintptr_t) c->cells % 8, 0);

            for (i = 0; i < c->ncells; i++) {
                key_set(&key, i, 2);
                value[0] = 1;
                insert(c, 0, &key, value, 1);
            }

            assert_int_equal(c->nfree, 0);
            assert_int_equal(c->lists[0].entries, c->ncells);
            assert_null(cells_check(c));
        }

        free(p);
    }
}


/* every length of key and value, through every border of a cell */

static void
test_bytes(void **data)
{
    u_char                       *value, *out;
    size_t                        keylen, len;
    ngx_household_cells_entry_t  *e;
    ngx_household_cells_t        *c;
    ngx_household_cells_key_t     key, other;

    for (keylen = 1; keylen <= NGX_HOUSEHOLD_CELLS_KEY; keylen += 2) {

        c = create(SIZE);
        key_set(&key, 0x1234, keylen);

        for (len = 0; len < 400; len += (keylen % 64 == 1) ? 1 : 57) {

            /* exact sizes, so that a sanitizer sees one byte too many */

            value = malloc(len ? len : 1);
            out = malloc(len ? len : 1);

            value_set(value, len, len);
            insert(c, 0, &key, value, len);

            e = ngx_household_cells_find(c, &key);
            assert_non_null(e);
            assert_int_equal(e->len, len);

            ngx_household_cells_read(c, e, out);
            assert_memory_equal(out, value, len ? len : 0);

            /* others, of the same hash */

            other = key;
            other.bytes[keylen - 1] ^= 1;
            assert_null(ngx_household_cells_find(c, &other));

            other = key;
            other.len--;
            assert_null(ngx_household_cells_find(c, &other));

            ngx_household_cells_remove(c, e);
            assert_null(ngx_household_cells_find(c, &key));
            assert_null(cells_check(c));

            free(value);
            free(out);
        }
    }
}


static void
test_order(void **data)
{
    u_char                         value[200];
    ngx_uint_t                     i, n;
    ngx_household_cells_entry_t   *e;
    ngx_household_cells_t         *c;
    ngx_household_cells_key_t      key;

    c = create(SIZE);
    memset(value, 1, sizeof(value));

    n = c->ncells / 3;

    for (i = 0; i < n; i++) {
        key_set(&key, i, 2);
        insert(c, 0, &key, value, 200);
    }

    /* 0 is used again: 1 goes first, then 2 */

    key_set(&key, 0, 2);
    ngx_household_cells_touch(c, ngx_household_cells_find(c, &key));

    for (i = 1; i < n - 1; i++) {
        key_set(&key, n + i, 2);
        insert(c, 0, &key, value, 200);

        key_set(&key, i, 2);
        assert_null(ngx_household_cells_find(c, &key));

        key_set(&key, i + 1, 2);
        assert_non_null(ngx_household_cells_find(c, &key));
        key_set(&key, 0, 2);
        assert_non_null(ngx_household_cells_find(c, &key));
    }

    e = ngx_household_cells_oldest(c, 0);
    key_set(&key, n - 1, 2);
    assert_ptr_equal(e, ngx_household_cells_find(c, &key));
    assert_null(ngx_household_cells_oldest(c, 1));
    assert_null(cells_check(c));
}


/* a use moves what is in the older half only, and once half is in use */

static void
test_halves(void **data)
{
    ngx_uint_t                     i, n;
    ngx_household_cells_entry_t   *e[101];
    ngx_household_cells_t         *c;
    ngx_household_cells_key_t      key;

    n = 101;
    c = create(SIZE);

    for (i = 0; i < n; i++) {
        key_set(&key, i, 2);
        insert(c, 0, &key, NULL, 0);
        e[i] = ngx_household_cells_find(c, &key);
    }

    while (c->nfree >= c->ncells / 2) {
        ngx_household_cells_touch(c, e[0]);
        assert_int_equal(e[100]->lru_prev, 0);

        key_set(&key, i++, 2);
        insert(c, 1, &key, NULL, 0);
    }

    /* the newest is 100; 50 others are newer than 50 */

    for (i = 51; i < n; i++) {
        ngx_household_cells_touch(c, e[i]);
        assert_int_equal(e[100]->lru_prev, 0);
    }

    ngx_household_cells_touch(c, e[50]);
    assert_int_equal(e[50]->lru_prev, 0);
    assert_int_not_equal(e[100]->lru_prev, 0);

    /* that one has pushed the next out of the newer half */

    ngx_household_cells_touch(c, e[51]);
    assert_int_equal(e[51]->lru_prev, 0);
    ngx_household_cells_touch(c, e[50]);
    assert_int_equal(e[51]->lru_prev, 0);

    assert_null(cells_check(c));
}


/*
 * Whatever the sizes of what is there, an eviction gives room to what comes:
 * small ones first, then one that takes nearly all, then small ones.
 */

static void
test_no_fragments(void **data)
{
    u_char                        *value;
    size_t                         len;
    ngx_uint_t                     i, round;
    ngx_household_cells_entry_t   *e;
    ngx_household_cells_t         *c;
    ngx_household_cells_key_t      key;

    c = create(SIZE);
    len = (size_t) (c->lists[0].reserved - 1) * NGX_HOUSEHOLD_CELL_NEXT;
    value = calloc(1, len);

    for (round = 0; round < 20; round++) {

        for (i = 0; i < 2000; i++) {
            key_set(&key, round * 4000 + i, 2);
            insert(c, 0, &key, value, rnd(300));

            if (rnd(3) == 0) {
                e = ngx_household_cells_find(c, &key);
                ngx_household_cells_touch(c, e);
            }
        }

        key_set(&key, round * 4000 + i, 2);
        insert(c, 0, &key, value, len);
        assert_non_null(ngx_household_cells_find(c, &key));
        assert_null(cells_check(c));
    }

    free(value);
}


/* a list takes what is free, and gives it back to the other's share */

static void
test_shares(void **data)
{
    u_char                       value[100];
    ngx_uint_t                   i;
    ngx_household_cells_t       *c;
    ngx_household_cells_key_t    key;

    c = create(SIZE);
    memset(value, 1, sizeof(value));

    assert_true(c->lists[0].reserved + c->lists[1].reserved <= c->ncells);

    for (i = 0; i < c->ncells; i++) {
        key_set(&key, i, 2);
        insert(c, 1, &key, value, 40);
    }

    assert_int_equal(c->lists[1].used, c->ncells);

    for (i = 0; i < 2 * c->ncells; i++) {
        key_set(&key, 10000 + i, 3);
        insert(c, 0, &key, value, 90);
    }

    assert_in_range(c->lists[1].used, c->lists[1].reserved - 1,
                    c->lists[1].reserved);
    assert_in_range(c->lists[0].used + c->lists[1].used, c->ncells - 2,
                    c->ncells);

    for (i = 0; i < 2 * c->ncells; i++) {
        key_set(&key, 20000 + i, 4);
        insert(c, 1, &key, value, 40);
    }

    assert_in_range(c->lists[0].used, c->lists[0].reserved - 2,
                    c->lists[0].reserved + 1);
    assert_null(cells_check(c));
}


static void
test_reset(void **data)
{
    u_char                       value[100];
    ngx_uint_t                   i, list;
    ngx_household_cells_t       *c;
    ngx_household_cells_key_t    key;

    c = create(SIZE);
    memset(value, 1, sizeof(value));

    for (list = 0; list < 2; list++) {
        for (i = 0; i < 200; i++) {
            key_set(&key, i, 2 + list);
            insert(c, list, &key, value, rnd(100));
        }
    }

    /* whatever a process that died may have left */

    memset(c->lists, 0xA5, offsetof(ngx_household_cells_list_t, reserved));
    memset(c->cells, 0xA5, 1000);
    c->free = 77777;
    c->nfree = 3;
    c->high_water = 5;

    ngx_household_cells_reset(c);

    assert_null(cells_check(c));
    assert_int_equal(c->nfree, c->ncells);

    for (i = 0; i < 2000; i++) {
        key_set(&key, i, 2);
        insert(c, 0, &key, value, rnd(100));
    }

    assert_null(cells_check(c));
}


/* against a plain table, without evictions */

static void
test_model(void **data)
{
    u_char                        *value, *out;
    size_t                         len[KEYS];
    ngx_uint_t                     i, n, used, there[KEYS];
    ngx_household_cells_entry_t   *e;
    ngx_household_cells_t         *c;
    ngx_household_cells_key_t      key;

    c = create(SIZE);
    value = malloc(LONG);
    out = malloc(LONG);
    used = 0;

    memset(there, 0, sizeof(there));

    for (i = 0; i < 60000; i++) {

        n = rnd(KEYS);
        key_set(&key, n, 2 + n % 100);

        e = ngx_household_cells_find(c, &key);
        assert_int_equal(e != NULL, there[n] != 0);

        if (e) {
            value_set(value, len[n], there[n]);
            assert_int_equal(e->len, len[n]);
            ngx_household_cells_read(c, e, out);
            assert_memory_equal(value, out, len[n]);

            if (rnd(2)) {
                ngx_household_cells_touch(c, e);

            } else {
                used -= ngx_household_cells_need(key.len, len[n]);
                ngx_household_cells_remove(c, e);
                there[n] = 0;
            }

        } else {
            len[n] = rnd(rnd(20) ? 300 : LONG);

            if (ngx_household_cells_need(key.len, len[n]) <= c->nfree) {
                there[n] = i + 1;
                value_set(value, len[n], there[n]);
                insert(c, rnd(2), &key, value, len[n]);
                used += ngx_household_cells_need(key.len, len[n]);
            }
        }

        assert_int_equal(c->ncells - c->nfree, used);

        if (i % 1000 == 0) {
            assert_null(cells_check(c));
        }
    }

    free(value);
    free(out);
}


/*
 * Links that another process is just changing, or that a killed one left: the
 * walk ends, and reads nothing but cells.
 */

static void
test_preload(void **data)
{
    u_char                        value[500];
    uint32_t                      links[] = { 0, 1, 0x7fffffff, 0xffffffff };
    ngx_uint_t                    i, j, n;
    ngx_household_cells_t        *c;
    ngx_household_cells_key_t     key;
    ngx_household_cells_entry_t  *e;

    c = create(SIZE);
    memset(value, 1, sizeof(value));

    for (n = 0; n < 50; n++) {
        key_set(&key, n, 9);
        insert(c, n & 1, &key, value, sizeof(value));
        ngx_household_cells_preload(c, &key);
    }

    assert_null(cells_check(c));

    for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        for (j = 0; j < 2; j++) {

            for (n = 1; n <= c->ncells; n++) {
                e = CELL(c, n);

                e->next_cell = links[i];
                e->hash_next = links[i];
                e->lru_prev = links[i];
                e->lru_next = links[i];
                e->lru_clock = 0x80000000;
                e->list = 0xff;

                /* one bucket finds an entry, or walks through all */
                e->hash = j ? (uint32_t) key.hash : 0;
            }

            for (n = 0; n < c->nbuckets; n++) {
                c->buckets[n] = c->ncells;
            }

            ngx_household_cells_preload(c, &key);

            for (n = 0; n < c->nbuckets; n++) {
                c->buckets[n] = links[i];
            }

            ngx_household_cells_preload(c, &key);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_need),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_no_fragments),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_preload)
    };

    return cmocka_run_group_tests_name("ngx_household_cells", tests, NULL,
                                       NULL);
}
