
/*
 * Functions that are not made part of their only caller.  If only few requests
 * need the function, the caller needs no room and no registers for it.
 */


#ifndef _NGX_HOUSEHOLD_NOINLINE_H_INCLUDED_
#define _NGX_HOUSEHOLD_NOINLINE_H_INCLUDED_


#if (__GNUC__)
#define ngx_household_noinline  __attribute__((noinline))
#else
#define ngx_household_noinline
#endif


#endif /* _NGX_HOUSEHOLD_NOINLINE_H_INCLUDED_ */
