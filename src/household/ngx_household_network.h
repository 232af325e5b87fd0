
/*
 * Networks: strict parsing, matching, formatting.
 */


#ifndef _NGX_HOUSEHOLD_NETWORK_H_INCLUDED_
#define _NGX_HOUSEHOLD_NETWORK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"


/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", the longest form */
#define NGX_HOUSEHOLD_NETWORK_LEN  49


typedef struct {
    ngx_household_addr_t  addr;        /* with a length, host bits are 0 */
    u_char                prefix;      /* bits: 0-32 or 0-128 */
    u_char                no_prefix;   /* IPv6 written without a length */
} ngx_household_network_t;


/*
 * Parses "82.64.10.7", "82.64.0.0/24", "2a01:e0a:1f3:9c00::/56": dotted
 * decimal without leading zeros, or the forms of RFC 4291, 2.2, and an
 * optional "/" and decimal length without leading zeros.  Host bits are
 * cleared: 82.64.10.7/24 is 82.64.10.0/24.  An IPv4-mapped prefix becomes
 * IPv4; its length is given for IPv6, and is at least 96.  No other byte may
 * precede or follow.
 *
 * Returns NGX_OK, or NGX_DECLINED if the text is not a network; "net" is then
 * undefined.
 */
ngx_int_t ngx_household_network_parse(ngx_household_network_t *net,
    u_char *text, size_t len);

/* sets the network of an address that is written without a length */
void ngx_household_network_of(ngx_household_network_t *net,
    const ngx_household_addr_t *addr);

/*
 * Returns 1 if "addr" is in "net", otherwise 0.  An IPv6 address
 * without a length stands for its /"ipv6_prefix" (1-128).  An address without
 * family matches nothing.
 */
ngx_uint_t ngx_household_network_match(const ngx_household_network_t *net,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix);

/*
 * Writes the network as text, e.g. "82.64.10.7/32" or, for an IPv6
 * address without a length, as its /"ipv6_prefix".  IPv6 is formatted as in
 * RFC 5952.  "buf" holds at least NGX_HOUSEHOLD_NETWORK_LEN bytes; no NUL is
 * written.  Returns the length.
 */
size_t ngx_household_network_format(const ngx_household_network_t *net,
    ngx_uint_t ipv6_prefix, u_char *buf);


#endif /* _NGX_HOUSEHOLD_NETWORK_H_INCLUDED_ */
