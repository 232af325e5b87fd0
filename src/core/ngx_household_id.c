
/*
 * Ids of accounts and devices.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_household_word.h"


static ngx_inline u_char *ngx_household_uuid_digits(u_char *packed,
    uint64_t digits, uint64_t *bad);
static ngx_inline uint64_t ngx_household_id_bad(const u_char *p);



ngx_uint_t
ngx_household_uuid_pack(u_char *packed, const ngx_str_t *text)
{
    u_char      *s;
    uint64_t     bad;
    ngx_uint_t   i;

    /* eight digits at a time, without the dashes */

    static const u_char  halves[8] = { 0, 4, 9, 14, 19, 24, 28, 32 };

    if (text->len != NGX_HOUSEHOLD_UUID_LEN) {
        return 0;
    }

    s = text->data;

    if (s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-') {
        return 0;
    }

    bad = 0;

    for (i = 0; i < 8; i += 2) {
        packed = ngx_household_uuid_digits(packed,
                              ngx_household_word_read(s + halves[i], 4)
                              | ngx_household_word_read(s + halves[i + 1], 4)
                                << 32,
                              &bad);
    }

    return bad == 0;
}


/*
 * Packs eight hexadecimal digits into four bytes.  Sets bits of "bad" if any is
 * not a digit or a lower-case letter: the text of the values is then another
 * one, or a value is above 15.  Without branches: digits and letters are random
 * and mispredicted.
 */

static ngx_inline u_char *
ngx_household_uuid_digits(u_char *packed, uint64_t digits, uint64_t *bad)
{
    uint64_t  n, text;

    /* a letter has bit 6 set, and its value is 9 more than its low bits */

    n = (digits & NGX_HOUSEHOLD_BYTES(0x0f))
        + 9 * ((digits >> 6) & NGX_HOUSEHOLD_BYTES(1));

    text = n + NGX_HOUSEHOLD_BYTES('0')
           + ('a' - '9' - 1) * (((n + NGX_HOUSEHOLD_BYTES(0x80 - 10)) >> 7)
                                & NGX_HOUSEHOLD_BYTES(1));

    *bad |= (text ^ digits) | (n & NGX_HOUSEHOLD_BYTES(0xf0));

    /* the first digit of each pair is the upper half of a byte */

    n = ((n << 4) | (n >> 8)) & 0x00ff00ff00ff00ffULL;
    n = (n | (n >> 8)) & 0x0000ffff0000ffffULL;

    ngx_household_word_write(packed, n | (n >> 16), 4);

    return packed + 4;
}


/*
 * This checks eight bytes at a time.  Without its highest bit, a byte with 0x60
 * added has that bit set again unless it was below 0x20, and with 1 added only
 * if it was 0x7f.
 */

static ngx_inline uint64_t
ngx_household_id_bad(const u_char *p)
{
    uint64_t  bytes, low;

    ngx_memcpy(&bytes, p, 8);

    low = bytes & NGX_HOUSEHOLD_BYTES(0x7f);

    return (~(low + NGX_HOUSEHOLD_BYTES(0x60)) | (low + NGX_HOUSEHOLD_BYTES(1)))
           & ~bytes;
}


ngx_uint_t
ngx_household_id_valid(const ngx_str_t *id)
{
    size_t    left;
    u_char   *p;
    uint64_t  bad;

    if (id->len > NGX_HOUSEHOLD_ID_LEN) {
        return 0;
    }

    bad = 0;
    p = id->data;

    if (id->len < 8) {

        for (left = id->len; left; left--) {
            if (p[left - 1] < 0x20 || p[left - 1] == 0x7f) {
                return 0;
            }
        }

        return 1;
    }

    for (left = id->len; left > 8; left -= 8) {
        bad |= ngx_household_id_bad(p);
        p += 8;
    }

    /* the last eight bytes, some of which may have been checked */

    bad |= ngx_household_id_bad(id->data + id->len - 8);

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
