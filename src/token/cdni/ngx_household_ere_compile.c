
/*
 * Compilation of POSIX extended regular expressions, by recursive descent.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_ere_compile.h"


static ngx_int_t ngx_household_ere_alternatives(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_branch(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_atom(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_group(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_escape(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_repeat(ngx_household_ere_t *e,
    ngx_uint_t start);
static ngx_int_t ngx_household_ere_interval(ngx_household_ere_t *e,
    ngx_int_t *min, ngx_int_t *max);
static ngx_int_t ngx_household_ere_number(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_copies(ngx_household_ere_t *e,
    ngx_uint_t start, ngx_int_t min, ngx_int_t max);
static ngx_int_t ngx_household_ere_bracket(ngx_household_ere_t *e);
static ngx_int_t ngx_household_ere_bracket_item(ngx_household_ere_t *e,
    ngx_household_ere_class_t *class);
static ngx_int_t ngx_household_ere_bracket_name(ngx_household_ere_t *e,
    ngx_household_ere_class_t *class);
static ngx_int_t ngx_household_ere_emit(ngx_household_ere_t *e,
    ngx_uint_t op, ngx_uint_t arg, ngx_int_t target);
static ngx_int_t ngx_household_ere_insert(ngx_household_ere_t *e,
    ngx_uint_t at, ngx_uint_t op, ngx_int_t target);


ngx_int_t
ngx_household_ere_compile(ngx_household_ere_t *e, const ngx_str_t *expression)
{
    e->p = expression->data;
    e->last = expression->data + expression->len;
    e->depth = 0;
    e->nsteps = 0;
    e->nclasses = 0;

    if (ngx_household_ere_alternatives(e) != NGX_OK || e->p != e->last) {
        return NGX_ERROR;
    }

    return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_MATCH, 0, 0);
}


/* a|b|c: a fork before each but the last, a jump to the end after it */

static ngx_int_t
ngx_household_ere_alternatives(ngx_household_ere_t *e)
{
    ngx_uint_t  start, jump;

    start = e->nsteps;

    if (ngx_household_ere_branch(e) != NGX_OK) {
        return NGX_ERROR;
    }

    if (e->p == e->last || *e->p != '|') {
        return NGX_OK;
    }

    e->p++;

    if (ngx_household_ere_insert(e, start, NGX_HOUSEHOLD_ERE_FORK,
                                 e->nsteps - start + 2)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    jump = e->nsteps;

    if (ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_JUMP, 0, 0) != NGX_OK
        || ngx_household_ere_alternatives(e) != NGX_OK)
    {
        return NGX_ERROR;
    }

    e->steps[jump].target = (int16_t) (e->nsteps - jump);

    return NGX_OK;
}


static ngx_int_t
ngx_household_ere_branch(ngx_household_ere_t *e)
{
    ngx_uint_t  start;

    do {
        start = e->nsteps;

        if (ngx_household_ere_atom(e) != NGX_OK
            || ngx_household_ere_repeat(e, start) != NGX_OK)
        {
            return NGX_ERROR;
        }

    } while (e->p < e->last && *e->p != '|' && *e->p != ')');

    return NGX_OK;
}


/*
 * POSIX leaves an empty branch, "*a" and "a**" undefined, and "a+?" has another
 * meaning in other dialects.  All of them are errors here.
 */

static ngx_int_t
ngx_household_ere_atom(ngx_household_ere_t *e)
{
    u_char  ch;

    if (e->p == e->last) {
        return NGX_ERROR;
    }

    ch = *e->p++;

    switch (ch) {

    case '(':
        return ngx_household_ere_group(e);

    case '[':
        return ngx_household_ere_bracket(e);

    case '\\':
        return ngx_household_ere_escape(e);

    case '.':
        return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_ANY, 0, 0);

    case '^':
        return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_BEGIN, 0, 0);

    case '$':
        return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_END, 0, 0);

    case ')':
    case '|':
    case '*':
    case '+':
    case '?':
    case '{':
        return NGX_ERROR;

    default:
        return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_BYTE, ch, 0);
    }
}


static ngx_int_t
ngx_household_ere_group(ngx_household_ere_t *e)
{
    if (e->depth == NGX_HOUSEHOLD_ERE_DEPTH) {
        return NGX_ERROR;
    }

    e->depth++;

    if (ngx_household_ere_alternatives(e) != NGX_OK
        || e->p == e->last || *e->p != ')')
    {
        return NGX_ERROR;
    }

    e->p++;
    e->depth--;

    return NGX_OK;
}


/* "\:" is ":"; "\d" and "\1" are errors, as other dialects define them */

static ngx_int_t
ngx_household_ere_escape(ngx_household_ere_t *e)
{
    u_char  ch;

    if (e->p == e->last) {
        return NGX_ERROR;
    }

    ch = *e->p++;

    if (ch <= 0x20 || ch >= 0x7f
        || (ch >= '0' && ch <= '9')
        || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
        || ch == '<' || ch == '>' || ch == '`' || ch == '\'')
    {
        return NGX_ERROR;
    }

    return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_BYTE, ch, 0);
}


/* an optional repetition of the atom that begins at "start" */

static ngx_int_t
ngx_household_ere_repeat(ngx_household_ere_t *e, ngx_uint_t start)
{
    ngx_int_t  min, max;

    if (e->p == e->last) {
        return NGX_OK;
    }

    max = NGX_ERROR;

    switch (*e->p) {

    case '*':
        min = 0;
        break;

    case '+':
        min = 1;
        break;

    case '?':
        min = 0;
        max = 1;
        break;

    case '{':
        if (ngx_household_ere_interval(e, &min, &max) != NGX_OK) {
            return NGX_ERROR;
        }

        break;

    default:
        return NGX_OK;
    }

    e->p++;

    return ngx_household_ere_copies(e, start, min, max);
}


/*
 * {3}, {3,} or {3,5}; stops at the closing brace.  "max" is not changed if
 * there is no upper bound.
 */

static ngx_int_t
ngx_household_ere_interval(ngx_household_ere_t *e, ngx_int_t *min,
    ngx_int_t *max)
{
    e->p++;

    *min = ngx_household_ere_number(e);

    if (*min == NGX_ERROR || e->p == e->last) {
        return NGX_ERROR;
    }

    if (*e->p == '}') {
        *max = *min;
        return NGX_OK;
    }

    if (*e->p++ != ',' || e->p == e->last) {
        return NGX_ERROR;
    }

    if (*e->p == '}') {
        return NGX_OK;
    }

    *max = ngx_household_ere_number(e);

    if (*max == NGX_ERROR || *max < *min || e->p == e->last || *e->p != '}') {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_ere_number(ngx_household_ere_t *e)
{
    u_char     *start;
    ngx_int_t   n;

    n = 0;
    start = e->p;

    while (e->p < e->last && *e->p >= '0' && *e->p <= '9') {
        n = n * 10 + (*e->p++ - '0');

        if (n > NGX_HOUSEHOLD_ERE_REPEAT) {
            return NGX_ERROR;
        }
    }

    return e->p == start ? NGX_ERROR : n;
}


/*
 * Repeats the steps from "start" to the end: "min" copies, then optional
 * copies up to "max", or a loop if "max" is NGX_ERROR.
 */

static ngx_int_t
ngx_household_ere_copies(ngx_household_ere_t *e, ngx_uint_t start,
    ngx_int_t min, ngx_int_t max)
{
    ngx_int_t                 i, n;
    ngx_uint_t                len;
    ngx_household_ere_step_t  code[NGX_HOUSEHOLD_ERE_STEPS];

    len = e->nsteps - start;
    ngx_memcpy(code, &e->steps[start], len * sizeof(code[0]));
    e->nsteps = start;

    /* without an upper bound, the last copy loops */

    n = max != NGX_ERROR ? max : ngx_max(min, 1);

    for (i = 0; i < n; i++) {

        if (i >= min
            && ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_FORK, 0,
                                      len + (max == NGX_ERROR ? 2 : 1))
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (len > NGX_HOUSEHOLD_ERE_STEPS - e->nsteps) {
            return NGX_ERROR;
        }

        ngx_memcpy(&e->steps[e->nsteps], code, len * sizeof(code[0]));
        e->nsteps += len;
    }

    if (max != NGX_ERROR) {
        return NGX_OK;
    }

    return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_FORK, 0,
                                  - (ngx_int_t) len);
}


/* [...]: a backslash has no special meaning here */

static ngx_int_t
ngx_household_ere_bracket(ngx_household_ere_t *e)
{
    ngx_uint_t                  i, negated, first;
    ngx_household_ere_class_t  *class;

    if (e->nclasses == NGX_HOUSEHOLD_ERE_CLASSES) {
        return NGX_ERROR;
    }

    class = &e->classes[e->nclasses];
    ngx_memzero(class, sizeof(ngx_household_ere_class_t));

    negated = 0;

    if (e->p < e->last && *e->p == '^') {
        negated = 1;
        e->p++;
    }

    for (first = 1; e->p < e->last; first = 0) {

        if (*e->p == ']' && !first) {
            break;
        }

        if (ngx_household_ere_bracket_item(e, class) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (e->p == e->last) {
        return NGX_ERROR;
    }

    e->p++;

    if (negated) {
        for (i = 0; i < 256 / 32; i++) {
            class->bits[i] = ~class->bits[i];
        }

        class->bits[0] &= ~(uint32_t) 1;
    }

    return ngx_household_ere_emit(e, NGX_HOUSEHOLD_ERE_CLASS, e->nclasses++,
                                  0);
}


/* a byte, a range or a named class */

static ngx_int_t
ngx_household_ere_bracket_item(ngx_household_ere_t *e,
    ngx_household_ere_class_t *class)
{
    ngx_uint_t  ch, from, to;

    from = *e->p;

    if (from == '[' && e->last - e->p > 1
        && (e->p[1] == ':' || e->p[1] == '.' || e->p[1] == '='))
    {
        return ngx_household_ere_bracket_name(e, class);
    }

    e->p++;

    to = from;

    if (e->last - e->p > 1 && e->p[0] == '-' && e->p[1] != ']') {
        to = e->p[1];
        e->p += 2;

        if (to < from || to == '[') {
            return NGX_ERROR;
        }
    }

    for (ch = from; ch <= to; ch++) {
        ngx_household_ere_class_add(class, ch);
    }

    return NGX_OK;
}


/* [:digit:] etc.; the POSIX locale needs no collating elements */

static ngx_int_t
ngx_household_ere_bracket_name(ngx_household_ere_t *e,
    ngx_household_ere_class_t *class)
{
    static const struct {
        const char  *name;
        const char  *ranges;           /* pairs of first and last */
    } names[] = {
        { "[:alnum:]", "09AZaz" },
        { "[:alpha:]", "AZaz" },
        { "[:digit:]", "09" },
        { "[:lower:]", "az" },
        { "[:upper:]", "AZ" },
        { "[:xdigit:]", "09AFaf" },
        { "[:punct:]", "!/:@[`{~" },
        { "[:graph:]", "!~" },
        { "[:print:]", " ~" },
        { NULL, NULL }
    };

    size_t       len;
    ngx_uint_t   i, ch;
    const char  *r;

    for (i = 0; names[i].name != NULL; i++) {
        len = ngx_strlen(names[i].name);

        if ((size_t) (e->last - e->p) < len
            || ngx_memcmp(e->p, names[i].name, len) != 0)
        {
            continue;
        }

        for (r = names[i].ranges; *r != '\0'; r += 2) {
            for (ch = (u_char) r[0]; ch <= (u_char) r[1]; ch++) {
                ngx_household_ere_class_add(class, ch);
            }
        }

        e->p += len;

        return NGX_OK;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_household_ere_emit(ngx_household_ere_t *e, ngx_uint_t op, ngx_uint_t arg,
    ngx_int_t target)
{
    ngx_household_ere_step_t  *step;

    if (e->nsteps == NGX_HOUSEHOLD_ERE_STEPS) {
        return NGX_ERROR;
    }

    step = &e->steps[e->nsteps++];

    step->op = (uint8_t) op;
    step->arg = (uint8_t) arg;
    step->target = (int16_t) target;

    return NGX_OK;
}


static ngx_int_t
ngx_household_ere_insert(ngx_household_ere_t *e, ngx_uint_t at, ngx_uint_t op,
    ngx_int_t target)
{
    ngx_household_ere_step_t  step;

    if (ngx_household_ere_emit(e, op, 0, target) != NGX_OK) {
        return NGX_ERROR;
    }

    step = e->steps[e->nsteps - 1];

    ngx_memmove(&e->steps[at + 1], &e->steps[at],
                (e->nsteps - 1 - at) * sizeof(ngx_household_ere_step_t));

    e->steps[at] = step;

    return NGX_OK;
}
