
/*
 * Comparison of strings of any bytes.
 */


#ifndef _NGX_HOUSEHOLD_STR_H_INCLUDED_
#define _NGX_HOUSEHOLD_STR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* an empty string may have no data, which memcmp() and memcpy() do not allow */

static ngx_inline ngx_uint_t
ngx_household_str_equal(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}


/* appends a string, which may be empty; returns the end */

static ngx_inline u_char *
ngx_household_str_put(u_char *p, const ngx_str_t *s)
{
    return s->len ? ngx_cpymem(p, s->data, s->len) : p;
}


/* "text" is NUL-terminated */

static ngx_inline ngx_uint_t
ngx_household_str_is(const ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && (s->len == 0 || ngx_memcmp(s->data, text, s->len) == 0);
}


#endif /* _NGX_HOUSEHOLD_STR_H_INCLUDED_ */
