
/*
 * What several units need: cmocka, strings, and repeatable random numbers.
 */


#ifndef _NGX_HOUSEHOLD_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_TEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>


#define test_count(array)  (sizeof(array) / sizeof((array)[0]))


/* SEED=N in the environment repeats a run, or starts another one */

static uint64_t  test_seed;


static ngx_inline uint64_t
test_random(void)
{
    uint64_t  z;

    /* splitmix64 */

    test_seed += 0x9e3779b97f4a7c15ULL;

    z = test_seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;

    return z ^ (z >> 31);
}


/* 0 to n - 1 */

static ngx_inline ngx_uint_t
test_below(ngx_uint_t n)
{
    return (ngx_uint_t) (test_random() % n);
}


static ngx_inline void
test_random_start(const char *name)
{
    char  *env;

    env = getenv("SEED");
    test_seed = (env != NULL) ? strtoull(env, NULL, 10) : 20240229;

    print_message("# %s: SEED=%llu\n", name, (unsigned long long) test_seed);
}


static ngx_inline ngx_str_t
test_str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


/*
 * A copy in memory of exactly its size and without a NUL, so that a sanitizer
 * sees any byte read beyond it.  Free it.
 */

static ngx_inline void *
test_copy(const void *data, size_t len)
{
    void  *copy;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);

    if (len != 0) {
        ngx_memcpy(copy, data, len);
    }

    return copy;
}


#endif /* _NGX_HOUSEHOLD_TEST_H_INCLUDED_ */
