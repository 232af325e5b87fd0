
/*
 * What the compiler is told where it supports it.
 */


#ifndef _NGX_HOUSEHOLD_COMPILER_H_INCLUDED_
#define _NGX_HOUSEHOLD_COMPILER_H_INCLUDED_


#if (__GNUC__)

/*
 * Functions that are not made part of their only caller.  If only few requests
 * need the function, the caller needs no room and no registers for it.
 */
#define ngx_household_noinline  __attribute__((noinline))

/* memory that will be read soon, which may be none */
#define ngx_household_prefetch(p, n)                                          \
    __builtin_prefetch((u_char *) (p) + (n))

/* a variable that begins at a multiple of "n" */
#define ngx_household_aligned(n)  __attribute__((aligned(n)))

#else

#define ngx_household_aligned(n)
#define ngx_household_noinline
#define ngx_household_prefetch(p, n)

#endif


#endif /* _NGX_HOUSEHOLD_COMPILER_H_INCLUDED_ */
