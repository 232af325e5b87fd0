
/*
 * Numbers by the hash of what they stand for, so that a list of thousands is
 * not searched for each of thousands.  Private to the room.  Knows no request.
 *
 *     slot = hash;
 *
 *     while (ngx_http_household_api_index_next(index, &slot, &n) == NGX_OK) {
 *         compare what n stands for
 *     }
 *
 * Numbers of one hash are found in the order in which they were added; others
 * are found among them.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_INDEX_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_INDEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a list of fewer is searched */
#define NGX_HTTP_HOUSEHOLD_API_INDEX_MIN  16


/* all zeros: there is none yet */

typedef struct {
    uint32_t    *slots;                /* numbers + 1; 0: free */
    ngx_uint_t   mask;
    ngx_uint_t   n;                    /* of numbers */
    ngx_uint_t   max;
} ngx_http_household_api_index_t;


/* for "n" numbers; returns NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_api_index_init(
    ngx_http_household_api_index_t *index, ngx_pool_t *pool, ngx_uint_t n);

/* to be called unless the index is full */
void ngx_http_household_api_index_add(
    ngx_http_household_api_index_t *index, ngx_uint_t hash, ngx_uint_t n);

#define ngx_http_household_api_index_full(index)  ((index)->n == (index)->max)

/* returns NGX_OK and sets "n"; or NGX_DECLINED if there are no more */
ngx_int_t ngx_http_household_api_index_next(
    ngx_http_household_api_index_t *index, ngx_uint_t *slot, ngx_uint_t *n);


#endif /* _NGX_HTTP_HOUSEHOLD_API_INDEX_H_INCLUDED_ */
