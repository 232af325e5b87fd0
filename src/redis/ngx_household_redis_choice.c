
/*
 * The choice of the server that is read from.  See
 * ngx_household_redis_choice.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_choice.h"
#include "ngx_household_word.h"


/* penalties of a peer */
#define NGX_HOUSEHOLD_REDIS_CHOICE_AVOID  1
#define NGX_HOUSEHOLD_REDIS_CHOICE_NEVER  2


static ngx_uint_t ngx_household_redis_choice_penalty(
    ngx_household_redis_t *redis, ngx_household_redis_peer_t *peer);


ngx_uint_t
ngx_household_redis_choice_made(ngx_household_redis_t *redis)
{
    return redis->tracked != NULL
           && redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA;
}


uint64_t
ngx_household_redis_choice_rank(ngx_household_redis_node_t *node)
{
    uint64_t  hash;

    hash = ngx_household_redis_hash(ngx_cycle->hostname.data,
                                    ngx_cycle->hostname.len);

    hash = (hash ^ node->id) * NGX_HOUSEHOLD_WORD_MIX;

    return (hash ^ (hash >> 32)) >> 1;
}


ngx_household_redis_unfit_e
ngx_household_redis_choice_unfit(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    return ngx_household_redis_unfit_test(
                      ngx_household_redis_tracked_unfit(redis->tracked),
                      peer->node->id, ngx_current_msec);
}


ngx_household_redis_peer_t *
ngx_household_redis_choice_shared(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *a, ngx_household_redis_peer_t *b)
{
    ngx_household_redis_unfit_e  one, two;

    if (a == NULL) {
        return b;
    }

    one = ngx_household_redis_choice_unfit(redis, a);
    two = ngx_household_redis_choice_unfit(redis, b);

    if (one != two) {
        return two < one ? b : a;
    }

    return b->rank < a->rank ? b : a;
}


ngx_household_redis_peer_t *
ngx_household_redis_choice_local(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *a, ngx_household_redis_peer_t *b)
{
    ngx_uint_t  one, two;

    if (a == NULL) {
        return b;
    }

    one = ngx_household_redis_choice_penalty(redis, a);
    two = ngx_household_redis_choice_penalty(redis, b);

    if (one != two) {
        return two < one ? b : a;
    }

    return b->rank < a->rank ? b : a;
}


ngx_uint_t
ngx_household_redis_choice_readable(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    return ngx_household_redis_choice_penalty(redis, peer)
           < NGX_HOUSEHOLD_REDIS_CHOICE_NEVER;
}


/*
 * What a replica without its primary returns may be of any age, so it is not
 * read from: "stale=" and "household_unavailable" apply.
 */

static ngx_uint_t
ngx_household_redis_choice_penalty(ngx_household_redis_t *redis,
    ngx_household_redis_peer_t *peer)
{
    ngx_household_redis_unfit_e  unfit;

    unfit = ngx_household_redis_choice_unfit(redis, peer);

    if (unfit == NGX_HOUSEHOLD_REDIS_CUT_OFF
        || !ngx_household_redis_peer_usable(peer))
    {
        return NGX_HOUSEHOLD_REDIS_CHOICE_NEVER;
    }

    if (unfit == NGX_HOUSEHOLD_REDIS_UNTRACKABLE
        || ngx_household_redis_peer_avoided(peer))
    {
        return NGX_HOUSEHOLD_REDIS_CHOICE_AVOID;
    }

    return 0;
}
