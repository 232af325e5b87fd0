
/*
 * Units of ngx_household_siphash.c, by vectors of the reference
 * implementation: the key is 00 to 0f, an input of n bytes 00 to n - 1.
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
        {  0, { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 } },
        {  1, { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
                0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 } },
        {  7, { 0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53,
                0xc0, 0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82, 0x39 } },
        {  8, { 0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61,
                0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4 } },
        { 15, { 0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11,
                0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9 } },
        { 16, { 0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb,
                0xfd, 0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77 } },
        { 63, { 0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a,
                0x50, 0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd, 0x7c } }
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
