
/*
 * Networks: strict parsing, matching, formatting.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_network.h"
#include "ngx_household_word.h"


/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" and a NUL */
#define NGX_HOUSEHOLD_NETWORK_TEXT  46


static void ngx_household_network_mask(ngx_household_addr_t *addr,
    ngx_uint_t prefix);
static ngx_inline void ngx_household_network_keep(u_char *p, ngx_uint_t n);
static ngx_inline uint64_t ngx_household_network_bits(const u_char *p);


ngx_int_t
ngx_household_network_parse(ngx_household_network_t *net, u_char *text,
    size_t len)
{
    u_char     *last, *end;
    ngx_int_t   prefix;

    if (len == 0) {
        return NGX_DECLINED;
    }

    last = text + len;
    end = ngx_household_addr_parse(&net->addr, text, last);

    if (end == NULL) {
        return NGX_DECLINED;
    }

    prefix = ngx_household_addr_prefix(&net->addr, end, last);

    if (prefix == NGX_ERROR) {
        return NGX_DECLINED;
    }

    ngx_household_network_mask(&net->addr, prefix);

    net->prefix = (u_char) prefix;
    net->no_prefix = (end == last
                      && net->addr.family == NGX_HOUSEHOLD_FAMILY_INET6);

    return NGX_OK;
}


static void
ngx_household_network_mask(ngx_household_addr_t *addr, ngx_uint_t prefix)
{
    if (prefix < 64) {
        ngx_household_network_keep(addr->bytes, prefix);
        ngx_memzero(addr->bytes + 8, 8);

    } else if (prefix < 128) {
        ngx_household_network_keep(addr->bytes + 8, prefix - 64);
    }
}


/* clears the bits of eight bytes after the first "n", 0 to 63 */

static ngx_inline void
ngx_household_network_keep(u_char *p, ngx_uint_t n)
{
    uint64_t  mask;

    /* the bytes that are kept, and then bits, the first of which are high */

    mask = ((uint64_t) 1 << (n & ~7)) - 1;
    mask |= (uint64_t) (0xff00 >> (n & 7) & 0xff) << (n & ~7);

    ngx_household_word_write(p, ngx_household_word_read(p, 8) & mask, 8);
}


void
ngx_household_network_of(ngx_household_network_t *net,
    const ngx_household_addr_t *addr)
{
    net->addr = *addr;
    net->no_prefix = (addr->family == NGX_HOUSEHOLD_FAMILY_INET6);
    net->prefix = net->no_prefix ? 128 : 32;
}


ngx_uint_t
ngx_household_network_match(const ngx_household_network_t *net,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix)
{
    uint64_t    diff;
    ngx_uint_t  prefix;

    if (addr->family == NGX_HOUSEHOLD_FAMILY_NONE
        || addr->family != net->addr.family)
    {
        return 0;
    }

    prefix = net->no_prefix ? ipv6_prefix : net->prefix;

    /* a shift by 64 is undefined */

    if (prefix == 0) {
        return 1;
    }

    diff = ngx_household_network_bits(net->addr.bytes)
           ^ ngx_household_network_bits(addr->bytes);

    if (prefix <= 64) {
        return (diff >> (64 - prefix)) == 0;
    }

    if (diff != 0) {
        return 0;
    }

    diff = ngx_household_network_bits(net->addr.bytes + 8)
           ^ ngx_household_network_bits(addr->bytes + 8);

    return (diff >> (128 - prefix)) == 0;
}


/* returns eight bytes in network order as a number */

static ngx_inline uint64_t
ngx_household_network_bits(const u_char *p)
{
    uint32_t  hi, lo;

    ngx_memcpy(&hi, p, 4);
    ngx_memcpy(&lo, p + 4, 4);

    return ((uint64_t) ntohl(hi) << 32) | ntohl(lo);
}


size_t
ngx_household_network_format(const ngx_household_network_t *net,
    ngx_uint_t ipv6_prefix, u_char *buf)
{
    int                    af;
    char                   text[NGX_HOUSEHOLD_NETWORK_TEXT];
    size_t                 len;
    ngx_uint_t             prefix;
    ngx_household_addr_t   addr;

    addr = net->addr;
    prefix = net->no_prefix ? ipv6_prefix : net->prefix;

    ngx_household_network_mask(&addr, prefix);

    af = (addr.family == NGX_HOUSEHOLD_FAMILY_INET) ? AF_INET : AF_INET6;

    if (inet_ntop(af, addr.bytes, text, sizeof(text)) == NULL) {
        /* unreachable: the family and the size of the buffer are right */
        return 0;
    }

    len = ngx_strlen(text);
    ngx_memcpy(buf, text, len);

    buf[len++] = '/';

    if (prefix >= 100) {
        buf[len++] = '1';
    }

    if (prefix >= 10) {
        buf[len++] = (u_char) ('0' + prefix / 10 % 10);
    }

    buf[len++] = (u_char) ('0' + prefix % 10);

    return len;
}
