
/*
 * Matching of POSIX extended regular expressions in linear time: all states of
 * a nondeterministic automaton are followed at once.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_ere_compile.h"


/* a set of steps */

typedef struct {
    ngx_uint_t   n;
    uint16_t     list[NGX_HOUSEHOLD_ERE_STEPS];
    u_char       in[NGX_HOUSEHOLD_ERE_STEPS];
} ngx_household_ere_set_t;


static ngx_uint_t ngx_household_ere_run(const ngx_household_ere_t *e,
    const ngx_str_t *text);
static void ngx_household_ere_follow(const ngx_household_ere_t *e,
    ngx_household_ere_set_t *set, ngx_uint_t step, ngx_uint_t begin,
    ngx_uint_t end);


ngx_int_t
ngx_household_ere_match(const ngx_str_t *expression, const ngx_str_t *text)
{
    ngx_household_ere_t  e;

    if (ngx_household_ere_compile(&e, expression) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_household_ere_run(&e, text) ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_household_ere_run(const ngx_household_ere_t *e, const ngx_str_t *text)
{
    size_t                           i;
    u_char                           ch;
    ngx_uint_t                       k, hit;
    const ngx_household_ere_step_t  *step;
    ngx_household_ere_set_t          sets[2], *now, *next, *swap;

    now = &sets[0];
    next = &sets[1];

    ngx_memzero(now, sizeof(ngx_household_ere_set_t));
    ngx_household_ere_follow(e, now, 0, 1, text->len == 0);

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        next->n = 0;
        ngx_memzero(next->in, e->nsteps);

        for (k = 0; k < now->n; k++) {
            step = &e->steps[now->list[k]];

            hit = 0;

            if (step->op == NGX_HOUSEHOLD_ERE_BYTE) {
                hit = step->arg == ch;

            } else if (step->op == NGX_HOUSEHOLD_ERE_ANY) {
                hit = ch != '\0';

            } else if (step->op == NGX_HOUSEHOLD_ERE_CLASS) {
                hit = ngx_household_ere_class_has(&e->classes[step->arg], ch);
            }

            if (hit) {
                ngx_household_ere_follow(e, next, now->list[k] + 1, 0,
                                         i + 1 == text->len);
            }
        }

        swap = now;
        now = next;
        next = swap;

        if (now->n == 0) {
            return 0;
        }
    }

    return now->in[e->nsteps - 1];
}


/*
 * Adds a step, and all steps that are reachable from it without a byte of the
 * text.  The list is also the queue of the steps to process.
 */

static void
ngx_household_ere_follow(const ngx_household_ere_t *e,
    ngx_household_ere_set_t *set, ngx_uint_t step, ngx_uint_t begin,
    ngx_uint_t end)
{
    ngx_uint_t                       i, n, targets[2];
    const ngx_household_ere_step_t  *s;

    i = set->n;

    if (!set->in[step]) {
        set->in[step] = 1;
        set->list[set->n++] = (uint16_t) step;
    }

    for ( /* void */ ; i < set->n; i++) {
        step = set->list[i];
        s = &e->steps[step];
        n = 0;

        if (s->op == NGX_HOUSEHOLD_ERE_JUMP
            || s->op == NGX_HOUSEHOLD_ERE_FORK)
        {
            targets[n++] = step + s->target;
        }

        if (s->op == NGX_HOUSEHOLD_ERE_FORK
            || (s->op == NGX_HOUSEHOLD_ERE_BEGIN && begin)
            || (s->op == NGX_HOUSEHOLD_ERE_END && end))
        {
            targets[n++] = step + 1;
        }

        while (n > 0) {
            step = targets[--n];

            if (!set->in[step]) {
                set->in[step] = 1;
                set->list[set->n++] = (uint16_t) step;
            }
        }
    }
}
