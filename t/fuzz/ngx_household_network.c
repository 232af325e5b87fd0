
/*
 * Fuzzes the parser of networks.  What it takes must be the same network
 * again after formatting, hold its own address, and be in its one form.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_network.h"


#define fuzz_check(condition)  if (!(condition)) { abort(); }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_network(const ngx_household_network_t *net, ngx_uint_t ipv6_prefix)
{
    size_t                    len;
    u_char                    text[NGX_HOUSEHOLD_NETWORK_LEN];
    u_char                    again[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_household_network_t   same;

    len = ngx_household_network_format(net, ipv6_prefix, text);
    fuzz_check(len > 0 && len <= sizeof(text));

    fuzz_check(ngx_household_network_parse(&same, text, len) == NGX_OK);
    fuzz_check(!same.no_prefix);
    fuzz_check(same.addr.family == net->addr.family);
    fuzz_check(same.prefix == (net->no_prefix ? ipv6_prefix : net->prefix));

    fuzz_check(ngx_household_network_match(net, &net->addr, ipv6_prefix));
    fuzz_check(ngx_household_network_match(&same, &net->addr, ipv6_prefix));
    fuzz_check(ngx_household_network_match(net, &same.addr, ipv6_prefix));

    fuzz_check(ngx_household_network_format(&same, ipv6_prefix, again) == len);
    fuzz_check(ngx_memcmp(text, again, len) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t               i;
    ngx_household_network_t  net;

    static const u_char      mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                            0xff, 0xff };
    static const ngx_uint_t  prefixes[] = { 1, 48, 56, 63, 64, 65, 127, 128 };

    if (ngx_household_network_parse(&net, (u_char *) data, size) != NGX_OK) {
        return 0;
    }

    fuzz_check(size <= NGX_HOUSEHOLD_NETWORK_LEN);

    if (net.addr.family == NGX_HOUSEHOLD_FAMILY_INET) {
        fuzz_check(net.prefix <= 32 && !net.no_prefix);

    } else {
        fuzz_check(net.addr.family == NGX_HOUSEHOLD_FAMILY_INET6);
        fuzz_check(net.prefix <= 128);
        fuzz_check(net.prefix < 96
                   || ngx_memcmp(net.addr.bytes, mapped, 12) != 0);
    }

    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        fuzz_network(&net, prefixes[i]);
    }

    return 0;
}
