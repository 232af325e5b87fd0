
/*
 * What units of the http room have in the place of nginx's pools.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_POOL_TEST_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_POOL_TEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_test.h"


volatile ngx_cycle_t  *ngx_cycle;

static u_char      *test_pool[4096];
static ngx_uint_t   test_pool_n;
static ngx_uint_t   test_pool_left;    /* allocations that succeed */


/* no two pieces are neighbours: ASan sees what is written beyond them */

void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    if (test_pool_left == 0) {
        return NULL;
    }

    test_pool_left--;
    assert_true(test_pool_n < test_count(test_pool));

    test_pool[test_pool_n] = malloc(size);
    memset(test_pool[test_pool_n], 0xa5, size);

    return test_pool[test_pool_n++];
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


/* of nginx's ngx_string.c, which calls it for nothing that is tested here */

void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return NULL;
}


static void
pool_start(void)
{
    test_pool_n = 0;
    test_pool_left = test_count(test_pool);
}


static int
pool_end(void **data)
{
    while (test_pool_n) {
        free(test_pool[--test_pool_n]);
    }

    return 0;
}


#endif /* _NGX_HTTP_HOUSEHOLD_POOL_TEST_H_INCLUDED_ */
