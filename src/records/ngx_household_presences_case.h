
/*
 * Private to the presence files.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCES_CASE_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCES_CASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presences.h"


struct ngx_household_presences_s {
    ngx_household_redis_t            *redis;
    ngx_household_presences_cache_t  *cache;
    ngx_str_t                         prefix;  /* household-seen: */

    ngx_rbtree_t                      reads;   /* in progress, by account */
    ngx_rbtree_node_t                 reads_sentinel;
    ngx_uint_t                        nreads;

    ngx_rbtree_t                      writes;  /* account, device, address */
    ngx_rbtree_node_t                 writes_sentinel;
    ngx_uint_t                        nwrites;
    ngx_msec_t                        suspended_at;
    ngx_uint_t                        suspended; /* unsigned  suspended:1; */
};


#endif /* _NGX_HOUSEHOLD_PRESENCES_CASE_H_INCLUDED_ */
