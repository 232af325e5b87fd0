
/*
 * The compiled form of an expression, private to ngx_household_ere.c and
 * ngx_household_ere_compile.c.
 */


#ifndef _NGX_HOUSEHOLD_ERE_COMPILE_H_INCLUDED_
#define _NGX_HOUSEHOLD_ERE_COMPILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_ere.h"


typedef enum {
    NGX_HOUSEHOLD_ERE_BYTE,            /* this byte */
    NGX_HOUSEHOLD_ERE_ANY,             /* any byte but NUL */
    NGX_HOUSEHOLD_ERE_CLASS,           /* a byte of this class */
    NGX_HOUSEHOLD_ERE_BEGIN,           /* start of the text */
    NGX_HOUSEHOLD_ERE_END,             /* end of the text */
    NGX_HOUSEHOLD_ERE_JUMP,            /* continue at target */
    NGX_HOUSEHOLD_ERE_FORK,            /* at target and at the next step */
    NGX_HOUSEHOLD_ERE_MATCH
} ngx_household_ere_op_e;


/* targets are relative, so steps can be moved and copied */

typedef struct {
    uint8_t      op;
    uint8_t      arg;                  /* byte, or index of a class */
    int16_t      target;
} ngx_household_ere_step_t;


typedef struct {
    uint32_t     bits[256 / 32];
} ngx_household_ere_class_t;


typedef struct {
    ngx_uint_t                  nsteps;
    ngx_uint_t                  nclasses;
    ngx_household_ere_step_t    steps[NGX_HOUSEHOLD_ERE_STEPS];
    ngx_household_ere_class_t   classes[NGX_HOUSEHOLD_ERE_CLASSES];

    /* used by the compiler only */
    u_char                     *p;     /* rest of the expression */
    u_char                     *last;
    ngx_uint_t                  depth;
} ngx_household_ere_t;


#define ngx_household_ere_class_add(class, ch)                               \
    (class)->bits[(ch) / 32] |= (uint32_t) 1 << ((ch) % 32)

#define ngx_household_ere_class_has(class, ch)                               \
    ((class)->bits[(ch) / 32] >> ((ch) % 32) & 1)


/*
 * Compiles an expression.  Matching starts at the first step; the last step is
 * NGX_HOUSEHOLD_ERE_MATCH.  Returns NGX_OK; or NGX_ERROR in the cases of
 * ngx_household_ere_match().
 */
ngx_int_t ngx_household_ere_compile(ngx_household_ere_t *e,
    const ngx_str_t *expression);


#endif /* _NGX_HOUSEHOLD_ERE_COMPILE_H_INCLUDED_ */
