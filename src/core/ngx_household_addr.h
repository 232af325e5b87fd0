
/*
 * Addresses of clients.
 */


#ifndef _NGX_HOUSEHOLD_ADDR_H_INCLUDED_
#define _NGX_HOUSEHOLD_ADDR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_word.h"


typedef enum {
    NGX_HOUSEHOLD_FAMILY_NONE = 0,     /* no address, e.g. a unix socket */
    NGX_HOUSEHOLD_FAMILY_INET,
    NGX_HOUSEHOLD_FAMILY_INET6
} ngx_household_family_e;


/* an address in network byte order; IPv4 is four bytes and then zeros */

typedef struct {
    u_char      bytes[16];
    u_char      family;                /* ngx_household_family_e */
} ngx_household_addr_t;


/*
 * Takes the peer's address from "sa".  An IPv4-mapped IPv6 address (RFC 4291,
 * 2.5.5.2) becomes IPv4.  Always fills "addr"; returns NGX_OK, or
 * NGX_DECLINED with family NONE if the family is neither INET nor INET6.
 */
ngx_int_t ngx_household_addr_set(ngx_household_addr_t *addr,
    struct sockaddr *sa);

/*
 * Parses a text that ends before "last", or before the first "/": dotted
 * decimal without leading zeros, or the forms of RFC 4291, 2.2.  It accepts
 * what inet_pton() accepts.  IPv4-mapped addresses are not turned into IPv4.
 *
 * Returns the end of the text, or NULL if the text is not an address; "addr" is
 * then undefined.
 */
u_char *ngx_household_addr_parse(ngx_household_addr_t *addr, u_char *text,
    u_char *last);

/*
 * Parses what follows an address up to "last", "text" being the end of the
 * address: nothing, or "/" and the length of a prefix without leading zeros.
 * An IPv4-mapped address is turned into IPv4, and its prefix with it.
 *
 * Returns the length, which is that of the address if nothing follows; or
 * NGX_ERROR, also for a prefix of an IPv4-mapped address that is shorter than
 * 96 bits: such a network is not IPv4.
 */
ngx_int_t ngx_household_addr_prefix(ngx_household_addr_t *addr, u_char *text,
    u_char *last);

/* turns an address that is IPv4-mapped into IPv4 */
void ngx_household_addr_unmap(ngx_household_addr_t *addr);


/*
 * Returns 1 if an IPv6 address is IPv4-mapped, ::ffff:0:0/96 (RFC 4291,
 * 2.5.5.2), else 0.
 */

static ngx_inline ngx_uint_t
ngx_household_addr_is_mapped(const ngx_household_addr_t *addr)
{
    return addr->family == NGX_HOUSEHOLD_FAMILY_INET6
           && ngx_household_word_read(addr->bytes, 8) == 0
           && ngx_household_word_read(addr->bytes + 8, 4) == 0xffff0000;
}


#endif /* _NGX_HOUSEHOLD_ADDR_H_INCLUDED_ */
