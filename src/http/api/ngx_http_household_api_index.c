
/*
 * Numbers by a hash.  See ngx_http_household_api_index.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_api_index.h"


ngx_int_t
ngx_http_household_api_index_init(ngx_http_household_api_index_t *index,
    ngx_pool_t *pool, ngx_uint_t n)
{
    ngx_uint_t  size;

    /* at most half of the slots are used: a free one ends a search soon */

    for (size = 2; size < 2 * n; size *= 2) { /* void */ }

    index->slots = ngx_palloc(pool, size * sizeof(uint32_t));
    if (index->slots == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(index->slots, size * sizeof(uint32_t));

    index->mask = size - 1;
    index->n = 0;
    index->max = n;

    return NGX_OK;
}


void
ngx_http_household_api_index_add(ngx_http_household_api_index_t *index,
    ngx_uint_t hash, ngx_uint_t n)
{
    ngx_uint_t  slot;

    slot = hash & index->mask;

    while (index->slots[slot] != 0) {
        slot = (slot + 1) & index->mask;
    }

    index->slots[slot] = (uint32_t) n + 1;
    index->n++;
}


ngx_int_t
ngx_http_household_api_index_next(ngx_http_household_api_index_t *index,
    ngx_uint_t *slot, ngx_uint_t *n)
{
    uint32_t  found;

    found = index->slots[*slot & index->mask];
    if (found == 0) {
        return NGX_DECLINED;
    }

    *n = found - 1;
    (*slot)++;

    return NGX_OK;
}
