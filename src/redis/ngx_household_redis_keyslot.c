
/*
 * The hash slot of a key.  See ngx_household_redis_keyslot.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_keyslot.h"


static ngx_uint_t ngx_household_redis_keyslot_crc(const u_char *p, size_t len);


ngx_uint_t
ngx_household_redis_keyslot(const ngx_str_t *key)
{
    size_t   open, close;

    for (open = 0; open < key->len && key->data[open] != '{'; open++) {
        /* void */
    }

    for (close = open + 1; close < key->len; close++) {

        if (key->data[close] != '}') {
            continue;
        }

        if (close == open + 1) {
            /* "{}" is not a hash tag: the whole key is hashed */
            break;
        }

        return ngx_household_redis_keyslot_crc(key->data + open + 1,
                                               close - open - 1);
    }

    return ngx_household_redis_keyslot_crc(key->data, key->len);
}


/* four bits at a time: x^16 + x^12 + x^5 + 1, starting from 0 */

static ngx_uint_t
ngx_household_redis_keyslot_crc(const u_char *p, size_t len)
{
    size_t    i;
    uint16_t  crc;

    static const uint16_t  table[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
    };

    crc = 0;

    for (i = 0; i < len; i++) {
        crc = (uint16_t) ((crc << 4) ^ table[(crc >> 12) ^ (p[i] >> 4)]);
        crc = (uint16_t) ((crc << 4) ^ table[(crc >> 12) ^ (p[i] & 0x0f)]);
    }

    return crc % NGX_HOUSEHOLD_REDIS_HASH_SLOTS;
}
