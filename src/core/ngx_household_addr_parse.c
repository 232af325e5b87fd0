
/*
 * The parser of addresses, and of prefixes.  See ngx_household_addr.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"


#define NGX_HOUSEHOLD_ADDR_GROUPS  8

/* as many groups are in front of "::" if there is none */
#define NGX_HOUSEHOLD_ADDR_NO_GAP  (NGX_HOUSEHOLD_ADDR_GROUPS + 1)


static u_char *ngx_household_addr_inet(u_char *bytes, u_char *p,
    u_char *last);
static u_char *ngx_household_addr_inet6(u_char *bytes, u_char *p,
    u_char *last);
static ngx_inline ngx_int_t ngx_household_addr_fill(u_char *bytes,
    ngx_uint_t n, ngx_uint_t gap);
static ngx_int_t ngx_household_addr_length(u_char *p, u_char *last,
    ngx_uint_t max);


/* the value of a hexadecimal digit, plus 1 */

static const u_char  ngx_household_addr_digits[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6,
    ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};


u_char *
ngx_household_addr_parse(ngx_household_addr_t *addr, u_char *text,
    u_char *last)
{
    u_char  *end;

    ngx_memzero(addr, sizeof(ngx_household_addr_t));

    end = ngx_household_addr_inet(addr->bytes, text, last);

    if (end != NULL) {
        addr->family = NGX_HOUSEHOLD_FAMILY_INET;
        return end;
    }

    addr->family = NGX_HOUSEHOLD_FAMILY_INET6;

    return ngx_household_addr_inet6(addr->bytes, text, last);
}


/* fills four bytes, unless it returns NULL */

static u_char *
ngx_household_addr_inet(u_char *bytes, u_char *p, u_char *last)
{
    uint32_t    addr;
    ngx_uint_t  i, n, digit;

    addr = 0;
    i = 0;

    for ( ;; ) {

        if (p == last) {
            return NULL;
        }

        n = (ngx_uint_t) *p++ - '0';

        if (n > 9) {
            return NULL;
        }

        /* nothing follows a zero in front */

        while (n != 0 && p < last) {
            digit = (ngx_uint_t) *p - '0';

            if (digit > 9) {
                break;
            }

            n = n * 10 + digit;

            if (n > 255) {
                return NULL;
            }

            p++;
        }

        addr = (addr << 8) | (uint32_t) n;

        if (++i == 4) {
            break;
        }

        if (p == last || *p++ != '.') {
            return NULL;
        }
    }

    if (p < last && *p != '/') {
        return NULL;
    }

    addr = htonl(addr);
    ngx_memcpy(bytes, &addr, 4);

    return p;
}


/* "bytes" are 16 zeros; they are undefined if it returns NULL */

static u_char *
ngx_household_addr_inet6(u_char *bytes, u_char *p, u_char *last)
{
    u_char      *group, stop;
    uint16_t     value;
    ngx_uint_t   n, gap, digits, digit;

    n = 0;
    gap = NGX_HOUSEHOLD_ADDR_NO_GAP;

    /* a ":" in front is the first one of "::" */

    if (p < last && *p == ':' && (++p == last || *p != ':')) {
        return NULL;
    }

    for ( ;; ) {

        group = p;
        digits = 0;

        while (p < last && (digit = ngx_household_addr_digits[*p]) != 0) {
            digits = (digits << 4) + digit - 1;
            p++;
        }

        /* the end of the text is like a "/" */

        stop = (p < last) ? *p : '/';

        if (p == group) {

            /* the second ":" of "::", or the end after it */

            if (stop == ':' && gap == NGX_HOUSEHOLD_ADDR_NO_GAP) {
                gap = n;
                p++;
                continue;
            }

            if (stop != '/' || gap != n) {
                return NULL;
            }

            break;
        }

        if (p - group > 4 || n == NGX_HOUSEHOLD_ADDR_GROUPS) {
            return NULL;
        }

        value = htons((uint16_t) digits);
        ngx_memcpy(bytes + 2 * n, &value, 2);

        if (stop == ':') {
            n++;
            p++;
            continue;
        }

        if (stop == '/') {
            n++;
            break;
        }

        /* the last two groups are an IPv4 address, with that group as text */

        if (stop != '.' || n > NGX_HOUSEHOLD_ADDR_GROUPS - 2) {
            return NULL;
        }

        p = ngx_household_addr_inet(bytes + 2 * n, group, last);

        if (p == NULL) {
            return NULL;
        }

        n += 2;
        break;
    }

    return ngx_household_addr_fill(bytes, n, gap) == NGX_OK ? p : NULL;
}


/*
 * Moves the groups after "::" to the end.  Returns NGX_OK; or NGX_DECLINED if
 * groups are missing, or "::" would stand for none.
 */

static ngx_inline ngx_int_t
ngx_household_addr_fill(u_char *bytes, ngx_uint_t n, ngx_uint_t gap)
{
    size_t  len;

    if (gap == NGX_HOUSEHOLD_ADDR_NO_GAP) {
        return n == NGX_HOUSEHOLD_ADDR_GROUPS ? NGX_OK : NGX_DECLINED;
    }

    if (n == NGX_HOUSEHOLD_ADDR_GROUPS) {
        return NGX_DECLINED;
    }

    len = 2 * (n - gap);

    if (len != 0) {
        ngx_memmove(bytes + 16 - len, bytes + 2 * gap, len);
        ngx_memzero(bytes + 2 * gap, 16 - 2 * n);
    }

    return NGX_OK;
}


ngx_int_t
ngx_household_addr_prefix(ngx_household_addr_t *addr, u_char *text,
    u_char *last)
{
    ngx_int_t  bits;

    bits = (addr->family == NGX_HOUSEHOLD_FAMILY_INET) ? 32 : 128;

    if (text != last) {
        bits = ngx_household_addr_length(text + 1, last, bits);
    }

    if (bits != NGX_ERROR && ngx_household_addr_is_mapped(addr)) {

        if (bits < 96) {
            return NGX_ERROR;
        }

        ngx_household_addr_unmap(addr);
        bits -= 96;
    }

    return bits;
}


/* returns the number, or NGX_ERROR */

static ngx_int_t
ngx_household_addr_length(u_char *p, u_char *last, ngx_uint_t max)
{
    ngx_uint_t  n;

    if (p == last || (*p == '0' && last - p > 1)) {
        return NGX_ERROR;
    }

    for (n = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + (*p - '0');

        if (n > max) {
            return NGX_ERROR;
        }
    }

    return n;
}
