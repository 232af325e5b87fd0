
/*
 * POSIX extended regular expressions, the part of them that can be matched in
 * a bounded time: no back reference, no assertion but "^" and "$".
 *
 * Links without any nginx object file; allocates nothing.
 */


#ifndef _NGX_HOUSEHOLD_ERE_H_INCLUDED_
#define _NGX_HOUSEHOLD_ERE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_ERE_STEPS    512  /* size of a compiled expression */
#define NGX_HOUSEHOLD_ERE_CLASSES   32  /* distinct bracket expressions */
#define NGX_HOUSEHOLD_ERE_DEPTH     32  /* parentheses within parentheses */
#define NGX_HOUSEHOLD_ERE_REPEAT   255  /* POSIX's RE_DUP_MAX */


/*
 * Tells whether an expression matches a text as a whole, in the POSIX locale:
 * bytes are characters.  The time is at most that of NGX_HOUSEHOLD_ERE_STEPS
 * simple steps for every byte of the text.
 *
 * Returns NGX_OK if it does; NGX_DECLINED if not; NGX_ERROR if the expression
 * is not understood: it is malformed, over a limit, or has what POSIX leaves
 * undefined or does not know, such as "(?:", "a**", "a+?", "\d", "\1".
 */
ngx_int_t ngx_household_ere_match(const ngx_str_t *expression,
    const ngx_str_t *text);


#endif /* _NGX_HOUSEHOLD_ERE_H_INCLUDED_ */
