
/*
 * Addresses of clients.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"


ngx_int_t
ngx_household_addr_set(ngx_household_addr_t *addr, struct sockaddr *sa)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    ngx_memzero(addr, sizeof(ngx_household_addr_t));

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        addr->family = NGX_HOUSEHOLD_FAMILY_INET;
        ngx_memcpy(addr->bytes, &sin->sin_addr, 4);
        return NGX_OK;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        addr->family = NGX_HOUSEHOLD_FAMILY_INET6;
        ngx_memcpy(addr->bytes, &sin6->sin6_addr, 16);

        if (ngx_household_addr_is_mapped(addr)) {
            ngx_household_addr_unmap(addr);
        }

        return NGX_OK;
#endif

    default:
        return NGX_DECLINED;
    }
}


void
ngx_household_addr_unmap(ngx_household_addr_t *addr)
{
    addr->family = NGX_HOUSEHOLD_FAMILY_INET;
    ngx_memcpy(addr->bytes, addr->bytes + 12, 4);
    ngx_memzero(addr->bytes + 4, 12);
}
