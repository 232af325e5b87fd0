
/*
 * The numbers of a record, as text.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"
#include "ngx_household_word.h"


static ngx_inline ngx_uint_t ngx_household_record_digits(const u_char *p,
    uint64_t *n);


/*
 * All numbers are limited to less than eleven digits, so that more than 18,
 * which might be too many, need not be read.
 */

ngx_int_t
ngx_household_record_number(const ngx_str_t *text, int64_t *n)
{
    u_char    *p, *last;
    uint64_t   value, digit;

    if (text->len == 0 || text->len > 18
        || (text->len > 1 && text->data[0] == '0'))
    {
        return NGX_DECLINED;
    }

    value = 0;
    p = text->data;
    last = p + text->len;

    /* most numbers are times, of ten digits */

    if (text->len >= 8) {

        if (!ngx_household_record_digits(p, &value)) {
            return NGX_DECLINED;
        }

        p += 8;
    }

    for ( /* void */ ; p < last; p++) {
        digit = (uint64_t) *p - '0';

        if (digit > 9) {
            return NGX_DECLINED;
        }

        value = value * 10 + digit;
    }

    *n = (int64_t) value;

    return NGX_OK;
}


/*
 * Returns 1 and the number that eight digits are, or 0 if one is no digit.  All
 * digits are 0x30 to 0x39: the upper half of each is 3, also with 6 added.
 */

static ngx_inline ngx_uint_t
ngx_household_record_digits(const u_char *p, uint64_t *n)
{
    uint64_t  text, high;

    text = ngx_household_word_read(p, 8);
    high = NGX_HOUSEHOLD_BYTES(0xf0);

    if ((text & high) != NGX_HOUSEHOLD_BYTES(0x30)
        || ((text + NGX_HOUSEHOLD_BYTES(6)) & high)
           != NGX_HOUSEHOLD_BYTES(0x30))
    {
        return 0;
    }

    /* the first digit is the lowest byte: pairs, then fours, then all */

    text &= NGX_HOUSEHOLD_BYTES(0x0f);
    text = (text * 10 + (text >> 8)) & 0x00ff00ff00ff00ffULL;
    text = (text * 100 + (text >> 16)) & 0x0000ffff0000ffffULL;

    *n = (text * 10000 + (text >> 32)) & 0xffffffffULL;

    return 1;
}
