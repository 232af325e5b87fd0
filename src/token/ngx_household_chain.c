
/*
 * What all renewed tokens have in common.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_chain.h"


ngx_int_t
ngx_household_chain_read_key(const ngx_str_t *text, uint64_t *key)
{
    u_char      *bytes, ch;
    ngx_uint_t   i;

    if (text->len != NGX_HOUSEHOLD_CHAIN_ID_LEN) {
        return NGX_ERROR;
    }

    bytes = (u_char *) key;
    ngx_memzero(key, sizeof(uint64_t));

    for (i = 0; i < NGX_HOUSEHOLD_CHAIN_ID_LEN; i++) {
        ch = text->data[i];

        if (ch >= '0' && ch <= '9') {
            ch -= '0';

        } else if (ch >= 'a' && ch <= 'f') {
            ch -= 'a' - 10;

        } else {
            return NGX_ERROR;
        }

        bytes[i / 2] = (u_char) (bytes[i / 2] << 4 | ch);
    }

    return NGX_OK;
}


void
ngx_household_chain_write_key(uint64_t key,
    char text[NGX_HOUSEHOLD_CHAIN_ID_LEN + 1])
{
    u_char      *bytes;
    ngx_uint_t   i;

    static const char  hex[] = "0123456789abcdef";

    bytes = (u_char *) &key;

    for (i = 0; i < NGX_HOUSEHOLD_CHAIN_ID_LEN / 2; i++) {
        text[2 * i] = hex[bytes[i] >> 4];
        text[2 * i + 1] = hex[bytes[i] & 0xf];
    }

    text[2 * i] = '\0';
}


ngx_int_t
ngx_household_chain_left(int64_t issued, int64_t now, int64_t max,
    int64_t lifetime, int64_t *left)
{
    *left = ngx_min(lifetime, issued + max - now);

    return *left > 0 ? NGX_OK : NGX_DECLINED;
}
