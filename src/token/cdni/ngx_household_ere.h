
/*
 * Matching of POSIX extended regular expressions in linear time.  There are no
 * back references, and no assertions except "^" and "$".
 *
 * Links without any nginx object file; allocates nothing.
 */


#ifndef _NGX_HOUSEHOLD_ERE_H_INCLUDED_
#define _NGX_HOUSEHOLD_ERE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_ERE_STEPS    512  /* of a compiled expression */
#define NGX_HOUSEHOLD_ERE_CLASSES   32  /* distinct bracket expressions */
#define NGX_HOUSEHOLD_ERE_DEPTH     32  /* nesting of parentheses */
#define NGX_HOUSEHOLD_ERE_REPEAT   255  /* POSIX's RE_DUP_MAX */


/*
 * Matches the whole text against an expression, in the POSIX locale: a byte is
 * a character.  At most NGX_HOUSEHOLD_ERE_STEPS steps are executed for each
 * byte of the text.
 *
 * Returns NGX_OK if the text matches; NGX_DECLINED if it does not match;
 * NGX_ERROR if the expression is malformed, exceeds a limit, or uses syntax
 * that POSIX leaves undefined or does not have, such as "(?:", "a**", "a+?",
 * "\d", "\1".
 */
ngx_int_t ngx_household_ere_match(const ngx_str_t *expression,
    const ngx_str_t *text);


#endif /* _NGX_HOUSEHOLD_ERE_H_INCLUDED_ */
