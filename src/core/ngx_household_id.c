
/*
 * Ids of accounts and devices.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"


/* a 64-bit word of eight equal bytes */
#define NGX_HOUSEHOLD_BYTES(n)  ((n) * 0x0101010101010101ULL)

/* without branches: digits and letters are random and mispredicted */

ngx_uint_t
ngx_household_uuid_pack(u_char *packed, const ngx_str_t *text)
{
    u_char      *s, high, low, right;
    ngx_uint_t   i;

    /* 16 plus the value of a digit; 0 is not a digit */

    static const u_char  digits[256] = {
        ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20,
        ['5'] = 21, ['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25,
        ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30,
        ['f'] = 31
    };

    static const u_char  bytes[NGX_HOUSEHOLD_UUID_PACKED] = {
        0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34
    };

    if (text->len != NGX_HOUSEHOLD_UUID_LEN) {
        return 0;
    }

    s = text->data;

    if (s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-') {
        return 0;
    }

    right = 16;

    for (i = 0; i < NGX_HOUSEHOLD_UUID_PACKED; i++) {
        high = digits[s[bytes[i]]];
        low = digits[s[bytes[i] + 1]];

        right &= high & low;

        packed[i] = (u_char) (high << 4) | (low & 15);
    }

    return right != 0;
}


ngx_uint_t
ngx_household_id_valid(const ngx_str_t *id)
{
    size_t    left;
    u_char   *p;
    uint64_t  bytes, bad;

    if (id->len > NGX_HOUSEHOLD_ID_LEN) {
        return 0;
    }

    /*
     * This runs for each request, so it checks eight bytes at a time.  The
     * subtraction borrows, and so sets the highest bit of a byte, if the byte
     * is below 0x20; or, after the exclusive or, if it was 0x7f.
     */

    bad = 0;
    p = id->data;

    for (left = id->len; left >= 8; left -= 8) {
        ngx_memcpy(&bytes, p, 8);
        p += 8;

        bad |= (bytes - NGX_HOUSEHOLD_BYTES(0x20)) & ~bytes;

        bytes ^= NGX_HOUSEHOLD_BYTES(0x7f);
        bad |= (bytes - NGX_HOUSEHOLD_BYTES(1)) & ~bytes;
    }

    while (left--) {
        if (p[left] < 0x20 || p[left] == 0x7f) {
            return 0;
        }
    }

    return (bad & NGX_HOUSEHOLD_BYTES(0x80)) == 0;
}


void
ngx_household_uuid_unpack(u_char *text, const u_char *packed)
{
    ngx_uint_t  i;

    static const u_char  digits[] = "0123456789abcdef";

    for (i = 0; i < NGX_HOUSEHOLD_UUID_PACKED; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }

        *text++ = digits[packed[i] >> 4];
        *text++ = digits[packed[i] & 15];
    }
}
