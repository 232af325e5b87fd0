
#include "ngx_household_uuid.h"


/* digits and letters come at random: no branch could be foreseen */

ngx_uint_t
ngx_household_uuid_pack(u_char *packed, const ngx_str_t *text)
{
    u_char      *s, high, low, right;
    ngx_uint_t   i;

    /* a digit's value, and 16 to tell it from what is none */

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
