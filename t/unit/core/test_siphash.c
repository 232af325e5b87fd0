
/*
 * Units of ngx_household_siphash.c, by vectors of the reference
 * implementation: the key is 00 to 0f, an input of n bytes 00 to n - 1.  Those
 * of 128 bits are of another implementation, with its numbers of rounds, which
 * gives the vectors of the reference with theirs.
 */


#include "ngx_household_test.h"
#include "ngx_household_siphash.h"


static const uint64_t  key[2] = {
    0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL
};


/* in memory of its own, so that a byte read beyond is found */

static u_char *
input(size_t len)
{
    size_t   i;
    u_char  *p;

    p = malloc(len ? len : 1);
    assert_non_null(p);

    for (i = 0; i < len; i++) {
        p[i] = i;
    }

    return p;
}


static void
hash(void **state)
{
    u_char  *p;
    size_t   i;

    static const struct {
        size_t    len;
        uint64_t  hash;
    } cases[] = {
        {  0, 0x726fdb47dd0e0e31ULL },
        {  1, 0x74f839c593dc67fdULL },
        {  8, 0x93f5f5799a932462ULL },
        { 15, 0xa129ca6149be45e5ULL },
        { 63, 0x958a324ceb064572ULL }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p = input(cases[i].len);
        assert_true(ngx_household_siphash(key, p, cases[i].len)
                    == cases[i].hash);
        free(p);
    }
}


static void
hash128(void **state)
{
    u_char  *p, out[NGX_HOUSEHOLD_SIPHASH_128];
    size_t   i;

    static const struct {
        size_t  len;
        u_char  hash[NGX_HOUSEHOLD_SIPHASH_128];
    } cases[] = {
        {  0, { 0xe7, 0x7e, 0xbc, 0xb2, 0x27, 0x88, 0xa5, 0xbe,
                0xfd, 0x62, 0xdb, 0x6a, 0xdd, 0x30, 0x30, 0x01 } },
        {  1, { 0xfc, 0x6f, 0x37, 0x04, 0x60, 0xd3, 0xed, 0xa8,
                0x5e, 0x05, 0x73, 0xcc, 0x2b, 0x2f, 0xf0, 0x63 } },
        {  7, { 0x10, 0x84, 0xb9, 0x23, 0xf2, 0xaa, 0xe0, 0xc3,
                0xa6, 0x2f, 0x2e, 0xc8, 0x08, 0x48, 0xab, 0x77 } },
        {  8, { 0xaa, 0x12, 0xfe, 0xe1, 0xd5, 0xe3, 0xda, 0xb4,
                0x72, 0x4f, 0x16, 0xab, 0x35, 0xf9, 0xc7, 0x99 } },
        { 15, { 0xc1, 0x7e, 0x55, 0x05, 0xb2, 0xbd, 0x52, 0x6c,
                0x29, 0x21, 0xcd, 0xec, 0x1e, 0x7e, 0x01, 0x09 } },
        { 16, { 0xd0, 0xa8, 0xd9, 0x57, 0x15, 0x51, 0x8e, 0xeb,
                0xb5, 0x13, 0xb0, 0xf8, 0x3d, 0x9e, 0x17, 0x93 } },
        { 63, { 0x4c, 0x58, 0x00, 0xe3, 0x4e, 0xfe, 0x42, 0x6f,
                0x07, 0x9f, 0x6b, 0x0a, 0xa7, 0x52, 0x60, 0xad } }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p = input(cases[i].len);
        ngx_household_siphash_128(key, p, cases[i].len, out);
        assert_memory_equal(out, cases[i].hash, sizeof(out));
        free(p);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(hash),
        cmocka_unit_test(hash128)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
