
/*
 * Numbers of up to eight bytes, least significant byte first.
 */


#ifndef _NGX_HOUSEHOLD_WORD_H_INCLUDED_
#define _NGX_HOUSEHOLD_WORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* eight equal bytes */
#define NGX_HOUSEHOLD_BYTES(n)  ((n) * 0x0101010101010101ULL)

/*
 * 2^64 divided by the golden ratio: in a product with it the upper bits depend
 * on all bits of the number.  The checksums of state files are made with it.
 */
#define NGX_HOUSEHOLD_WORD_MIX  0x9e3779b97f4a7c15ULL


static ngx_inline uint64_t
ngx_household_word_read(const u_char *p, size_t len)
{
    uint64_t  n;

#if (NGX_HAVE_LITTLE_ENDIAN)

    uint32_t  half;

    if (len == 8) {
        ngx_memcpy(&n, p, 8);
        return n;
    }

    if (len == 4) {
        ngx_memcpy(&half, p, 4);
        return half;
    }

#endif

    n = 0;

    while (len--) {
        n = (n << 8) | p[len];
    }

    return n;
}


static ngx_inline void
ngx_household_word_write(u_char *p, uint64_t n, size_t len)
{
#if (NGX_HAVE_LITTLE_ENDIAN)

    ngx_memcpy(p, &n, len);

#else

    size_t  i;

    for (i = 0; i < len; i++) {
        p[i] = (u_char) (n >> (8 * i));
    }

#endif
}


#endif /* _NGX_HOUSEHOLD_WORD_H_INCLUDED_ */
