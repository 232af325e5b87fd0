
/*
 * Lookups of accounts.  See ngx_household_lookup.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_clock.h"
#include "ngx_household_lookup_redis.h"
#include "ngx_household_redis_keyslot.h"
#include "ngx_household_word.h"


static ngx_household_lookup_t *ngx_household_lookup_create(
    ngx_household_lookups_t *lookups, ngx_str_t *account, uint32_t hash);
static ngx_uint_t ngx_household_lookup_superseded(
    ngx_household_lookup_t *lookup);
static ngx_int_t ngx_household_lookup_start(ngx_household_lookup_t *lookup);
static ngx_int_t ngx_household_lookup_fetch(ngx_household_lookup_t *lookup);
static void ngx_household_lookup_store(ngx_household_lookup_t *lookup,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record);
static void ngx_household_lookup_poll(ngx_household_lookups_t *lookups);
static void ngx_household_lookup_enqueue(ngx_household_lookup_t *lookup);
static void ngx_household_lookup_leave(ngx_household_lookup_t *lookup);
static void ngx_household_lookup_wait(ngx_household_lookup_t *lookup,
    ngx_household_waiter_t *waiter);
static void ngx_household_lookup_done(ngx_household_lookup_t *lookup,
    ngx_household_redis_result_e status,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record);
static void ngx_household_lookup_end(ngx_household_lookup_t *lookup,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record);
static ngx_uint_t ngx_household_lookup_cached(ngx_household_lookup_t *lookup);
static void ngx_household_lookups_next_handler(ngx_event_t *ev);
static void ngx_household_lookups_poll_handler(ngx_event_t *ev);
static void ngx_household_lookups_timer_handler(ngx_event_t *ev);
static void ngx_household_lookups_event(ngx_household_lookups_t *lookups,
    ngx_event_t *ev, ngx_event_handler_pt handler);


ngx_household_lookups_t *
ngx_household_lookups_create(ngx_pool_t *pool, ngx_household_redis_t *redis,
    ngx_household_lookup_cache_t *cache,
    const ngx_household_lookup_counts_t *counts, ngx_uint_t devices)
{
    ngx_uint_t                i;
    ngx_household_lookups_t  *lookups;

    lookups = ngx_pcalloc(pool, sizeof(ngx_household_lookups_t));
    if (lookups == NULL) {
        return NULL;
    }

    lookups->redis = redis;
    lookups->cache = cache;
    lookups->counts = counts;
    lookups->devices = devices;
    lookups->ident = -1;

    if (ngx_household_lookup_make_commands(pool, lookups) != NGX_OK) {
        return NULL;
    }

    ngx_rbtree_init(&lookups->tree, &lookups->sentinel,
                    ngx_str_rbtree_insert_value);

    for (i = 0; i < NGX_HOUSEHOLD_LOOKUP_PARTS; i++) {
        ngx_household_pace_init(&lookups->parts[i].pace, redis->conf->timeout,
                                ngx_current_msec);
        ngx_queue_init(&lookups->parts[i].queue);
    }

    ngx_queue_init(&lookups->remote);
    ngx_queue_init(&lookups->waiters);

    ngx_household_lookups_event(lookups, &lookups->next,
                                ngx_household_lookups_next_handler);
    ngx_household_lookups_event(lookups, &lookups->poll,
                                ngx_household_lookups_poll_handler);
    ngx_household_lookups_event(lookups, &lookups->timer,
                                ngx_household_lookups_timer_handler);

    return lookups;
}


static void
ngx_household_lookups_event(ngx_household_lookups_t *lookups, ngx_event_t *ev,
    ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = lookups;
    ev->log = ngx_cycle->log;
    ev->cancelable = 1;
}


void
ngx_household_lookups_destroy(ngx_household_lookups_t *lookups)
{
    ngx_rbtree_node_t  *node;

    while (lookups->tree.root != &lookups->sentinel) {
        node = ngx_rbtree_min(lookups->tree.root, &lookups->sentinel);

        ngx_household_lookup_end((ngx_household_lookup_t *) node,
                                 NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE, NULL);
    }

    ngx_household_lookup_free_spares(lookups);

    if (lookups->next.posted) {
        ngx_delete_posted_event(&lookups->next);
    }

    if (lookups->poll.timer_set) {
        ngx_del_timer(&lookups->poll);
    }

    if (lookups->timer.timer_set) {
        ngx_del_timer(&lookups->timer);
    }
}


ngx_int_t
ngx_household_lookup(ngx_household_lookups_t *lookups, ngx_str_t *account,
    ngx_household_waiter_t *waiter)
{
    uint32_t                 hash;
    ngx_int_t                rc;
    ngx_household_lookup_t  *lookup;

    /* among equal hashes, the tree is in the order of the accounts */

    hash = account->len < 4
           ? 0 : (uint32_t) ngx_household_word_read(account->data
                                                    + account->len - 4, 4);

    lookup = (ngx_household_lookup_t *)
                 ngx_str_rbtree_lookup(&lookups->tree, account, hash);

    if (lookup != NULL && ngx_household_lookup_superseded(lookup)) {

        /* the reply may be older than the last invalidation */

        ngx_rbtree_delete(&lookups->tree, &lookup->node.node);
        lookup->superseded = 1;
        lookup = NULL;
    }

    if (lookup != NULL && waiter != NULL) {
        lookups->counts->joined(lookups->counts->data);
    }

    if (lookup == NULL) {
        lookup = ngx_household_lookup_create(lookups, account, hash);

        if (lookup == NULL) {
            return NGX_DECLINED;
        }

        if (!ngx_queue_empty(&lookup->part->queue)
            || !ngx_household_pace_open(&lookup->part->pace))
        {
            ngx_household_lookup_enqueue(lookup);

        } else {
            rc = ngx_household_lookup_start(lookup);

            if (rc != NGX_OK && rc != NGX_AGAIN) {
                return rc;
            }
        }

    } else if (lookup->state == NGX_HOUSEHOLD_LOOKUP_QUEUED) {
        ngx_household_lookup_leave(lookup);
        ngx_household_lookup_enqueue(lookup);
    }

    if (waiter != NULL) {
        ngx_household_lookup_wait(lookup, waiter);
    }

    return NGX_AGAIN;
}


/* like a SENT lookup, a new lookup is not in a list */

static ngx_household_lookup_t *
ngx_household_lookup_create(ngx_household_lookups_t *lookups,
    ngx_str_t *account, uint32_t hash)
{
    ngx_uint_t               part;
    ngx_household_lookup_t  *lookup;

    lookup = ngx_household_lookup_alloc(lookups, account);
    if (lookup == NULL) {
        return NULL;
    }

    lookup->state = NGX_HOUSEHOLD_LOOKUP_SENT;
    lookup->node.node.key = hash;

    /* the account is the hash tag; nodes have ranges of hash slots */

    part = lookups->redis->conf->cluster
           ? ngx_household_redis_keyslot(account) * NGX_HOUSEHOLD_LOOKUP_PARTS
             / NGX_HOUSEHOLD_REDIS_HASH_SLOTS
           : 0;

    lookup->part = &lookups->parts[part];

    ngx_queue_init(&lookup->waiters);

    ngx_rbtree_insert(&lookups->tree, &lookup->node.node);

    return lookup;
}


static ngx_uint_t
ngx_household_lookup_superseded(ngx_household_lookup_t *lookup)
{
    ngx_household_lookup_cache_t  *cache;

    cache = lookup->lookups->cache;

    return lookup->state == NGX_HOUSEHOLD_LOOKUP_SENT
           && cache != NULL
           && cache->generation(cache->data, &lookup->node.str)
              != lookup->generation;
}


/*
 * Returns NGX_OK, also if another process fetches the account; or NGX_AGAIN if
 * this machine has as many lookups under way as it may: then the lookup is
 * queued.  Otherwise ends the lookup, and returns NGX_ABORT or NGX_DECLINED:
 * see ngx_household_lookup().
 */

static ngx_int_t
ngx_household_lookup_start(ngx_household_lookup_t *lookup)
{
    ngx_int_t  rc;

    rc = ngx_household_lookup_fetch(lookup);

    if (rc == NGX_AGAIN) {
        ngx_household_lookup_enqueue(lookup);
        ngx_household_lookup_poll(lookup->lookups);

    } else if (rc != NGX_OK) {
        ngx_household_lookup_end(lookup,
                                 rc == NGX_ABORT
                                 ? NGX_HOUSEHOLD_LOOKUP_TOO_LARGE
                                 : NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
                                 NULL);
    }

    return rc;
}


static ngx_int_t
ngx_household_lookup_fetch(ngx_household_lookup_t *lookup)
{
    ngx_int_t                      rc;
    ngx_household_lookups_t       *lookups;
    ngx_household_lookup_cache_t  *cache;

    lookups = lookup->lookups;
    cache = lookups->cache;

    rc = cache == NULL ? NGX_OK
                       : cache->fetch(cache->data, &lookup->node.str,
                                      &lookup->generation);

    if (rc == NGX_ABORT || rc == NGX_AGAIN) {
        return rc;
    }

    if (rc == NGX_BUSY) {
        lookup->state = NGX_HOUSEHOLD_LOOKUP_REMOTE;
        ngx_queue_insert_tail(&lookups->remote, &lookup->queue);
        ngx_household_lookup_poll(lookups);

        return NGX_OK;
    }

    lookup->counted = rc == NGX_DONE;
    lookup->sent = ngx_current_msec;

    rc = ngx_household_lookup_send(lookup, ngx_household_lookup_done);

    if (rc != NGX_OK) {
        lookups->counts->ended(lookups->counts->data,
                               rc == NGX_BUSY
                               ? NGX_HOUSEHOLD_LOOKUP_RESULT_BUSY
                               : NGX_HOUSEHOLD_LOOKUP_RESULT_DOWN,
                               0);

        ngx_household_lookup_store(lookup, NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
                                   NULL);
        return NGX_DECLINED;
    }

    lookup->state = NGX_HOUSEHOLD_LOOKUP_SENT;
    lookup->started = ngx_household_clock_usec();

    ngx_household_pace_sent(&lookup->part->pace);

    return NGX_OK;
}


/* ends the fetch of the cache */

static void
ngx_household_lookup_store(ngx_household_lookup_t *lookup,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record)
{
    ngx_household_lookup_cache_t  *cache;

    cache = lookup->lookups->cache;

    if (cache == NULL) {
        return;
    }

    if (outcome == NGX_HOUSEHOLD_LOOKUP_TOO_LARGE) {
        cache->too_large(cache->data, &lookup->node.str, lookup->generation);

    } else {
        cache->store(cache->data, &lookup->node.str, lookup->generation,
                     record);
    }

    if (lookup->counted) {
        cache->left(cache->data, lookup->sent);
    }
}


/* other processes do not tell when they have ended a lookup */

static void
ngx_household_lookup_poll(ngx_household_lookups_t *lookups)
{
    if (!lookups->poll.timer_set) {
        lookups->interval = NGX_HOUSEHOLD_LOOKUP_POLL;
        ngx_add_timer(&lookups->poll, lookups->interval);
    }
}


/*
 * The queue is LIFO: under overload, the latest lookups are the most likely to
 * complete before their deadlines.
 */

static void
ngx_household_lookup_enqueue(ngx_household_lookup_t *lookup)
{
    ngx_queue_t                          *q;
    ngx_household_lookup_t               *oldest;
    ngx_household_lookup_part_t          *part;
    const ngx_household_lookup_counts_t  *counts;

    part = lookup->part;

    if (part->n == NGX_HOUSEHOLD_LOOKUP_QUEUE) {

        q = ngx_queue_last(&part->queue);
        oldest = ngx_queue_data(q, ngx_household_lookup_t, queue);

        ngx_household_lookup_end(oldest, NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
                                 NULL);
        counts = lookup->lookups->counts;
        counts->ended(counts->data, NGX_HOUSEHOLD_LOOKUP_RESULT_BUSY, 0);
        ngx_household_redis_busy(lookup->lookups->redis);
    }

    lookup->state = NGX_HOUSEHOLD_LOOKUP_QUEUED;
    ngx_queue_insert_head(&part->queue, &lookup->queue);
    part->n++;
}


/* removes the lookup from its list, if any */

static void
ngx_household_lookup_leave(ngx_household_lookup_t *lookup)
{
    if (lookup->state == NGX_HOUSEHOLD_LOOKUP_SENT) {
        return;
    }

    ngx_queue_remove(&lookup->queue);

    if (lookup->state == NGX_HOUSEHOLD_LOOKUP_QUEUED) {
        lookup->part->n--;
    }

    lookup->state = NGX_HOUSEHOLD_LOOKUP_SENT;
}


static void
ngx_household_lookup_wait(ngx_household_lookup_t *lookup,
    ngx_household_waiter_t *waiter)
{
    ngx_msec_t                timeout;
    ngx_household_lookups_t  *lookups;

    lookups = lookup->lookups;
    timeout = lookups->redis->conf->timeout;

    waiter->lookup = lookup;
    waiter->deadline = ngx_current_msec + timeout;

    ngx_queue_insert_tail(&lookup->waiters, &waiter->queue);
    ngx_queue_insert_tail(&lookups->waiters, &waiter->timed);

    /* a quitting worker waits for lookups with waiters only */
    lookups->timer.cancelable = 0;

    if (!lookups->timer.timer_set) {
        ngx_add_timer(&lookups->timer, timeout);
    }
}


void
ngx_household_lookup_cancel(ngx_household_waiter_t *waiter)
{
    ngx_household_lookup_t   *lookup;
    ngx_household_lookups_t  *lookups;

    lookup = waiter->lookup;

    if (lookup == NULL) {
        return;
    }

    lookups = lookup->lookups;
    waiter->lookup = NULL;

    ngx_queue_remove(&waiter->queue);
    ngx_queue_remove(&waiter->timed);

    /* to delete the timer costs more than one that expires for nothing */
    lookups->timer.cancelable = ngx_queue_empty(&lookups->waiters);

    /*
     * The lookup continues: its replies must be read anyway, and the cache
     * stores the record.
     */

    if (lookup->state == NGX_HOUSEHOLD_LOOKUP_QUEUED
        && lookups->cache == NULL
        && ngx_queue_empty(&lookup->waiters))
    {
        ngx_household_lookup_end(lookup, NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
                                 NULL);
    }
}


static void
ngx_household_lookups_timer_handler(ngx_event_t *ev)
{
    ngx_queue_t              *q;
    ngx_msec_int_t            left;
    ngx_household_waiter_t   *waiter;
    ngx_household_lookups_t  *lookups = ev->data;

    while (!ngx_queue_empty(&lookups->waiters)) {

        q = ngx_queue_head(&lookups->waiters);
        waiter = ngx_queue_data(q, ngx_household_waiter_t, timed);

        left = (ngx_msec_int_t) (waiter->deadline - ngx_current_msec);

        if (left > 0) {
            ngx_add_timer(ev, left);
            return;
        }

        ngx_household_lookup_cancel(waiter);
        waiter->handler(waiter, NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE, NULL);
    }
}


static void
ngx_household_lookup_done(ngx_household_lookup_t *lookup,
    ngx_household_redis_result_e status,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record)
{
    ngx_household_lookups_t  *lookups;

    lookups = lookup->lookups;

    lookups->counts->ended(lookups->counts->data,
                           ngx_household_lookup_result(status, outcome,
                                                       record),
                           ngx_household_clock_usec() - lookup->started);

    if (status == NGX_HOUSEHOLD_REDIS_RESULT_OK) {
        ngx_household_pace_answered(&lookup->part->pace, lookup->sent,
                                    ngx_current_msec);
    } else {
        ngx_household_pace_failed(&lookup->part->pace, ngx_current_msec);
    }

    ngx_household_lookup_store(lookup, outcome, record);

    if (lookup->part->n) {
        /* not from within a callback of a connection */
        ngx_post_event(&lookups->next, &ngx_posted_events);
    }

    ngx_household_lookup_end(lookup, outcome, record);
}


static void
ngx_household_lookup_end(ngx_household_lookup_t *lookup,
    ngx_household_lookup_status_e outcome, ngx_household_record_t *record)
{
    ngx_queue_t             *q;
    ngx_household_waiter_t  *waiter;

    /* later requests start a new lookup */

    if (!lookup->superseded) {
        ngx_rbtree_delete(&lookup->lookups->tree, &lookup->node.node);
    }

    ngx_household_lookup_leave(lookup);

    while (!ngx_queue_empty(&lookup->waiters)) {

        q = ngx_queue_head(&lookup->waiters);
        waiter = ngx_queue_data(q, ngx_household_waiter_t, queue);

        ngx_household_lookup_cancel(waiter);
        waiter->handler(waiter, outcome, record);
    }

    ngx_household_lookup_free(lookup);
}


/*
 * Sends queued lookups while the window is open.  If the machine has as many
 * under way as it may, the next part is the first one next time, as otherwise
 * the first parts would take whatever becomes free.
 */

static void
ngx_household_lookups_next_handler(ngx_event_t *ev)
{
    ngx_uint_t                    i, n, sent;
    ngx_queue_t                  *q;
    ngx_household_lookup_t       *lookup;
    ngx_household_lookups_t      *lookups = ev->data;
    ngx_household_lookup_part_t  *part;

    for (n = 0; n < NGX_HOUSEHOLD_LOOKUP_PARTS; n++) {
        i = (lookups->first + n) % NGX_HOUSEHOLD_LOOKUP_PARTS;
        part = &lookups->parts[i];
        sent = 0;

        while (part->n && ngx_household_pace_open(&part->pace)) {

            q = ngx_queue_head(&part->queue);
            lookup = ngx_queue_data(q, ngx_household_lookup_t, queue);

            if (ngx_household_lookup_cached(lookup)) {
                continue;
            }

            ngx_household_lookup_leave(lookup);

            if (ngx_household_lookup_start(lookup) == NGX_AGAIN) {
                lookups->first = i + sent;
                return;
            }

            sent = 1;
        }
    }
}


/* ends a lookup if another process has fetched the record meanwhile */

static ngx_uint_t
ngx_household_lookup_cached(ngx_household_lookup_t *lookup)
{
    uint64_t                       buf[NGX_HOUSEHOLD_RECORD_SIZE / 8];
    ngx_household_lookup_cache_t  *cache;

    cache = lookup->lookups->cache;

    if (cache == NULL
        || cache->find(cache->data, &lookup->node.str, (u_char *) buf,
                       sizeof(buf))
           == 0)
    {
        return 0;
    }

    ngx_household_lookup_end(lookup, NGX_HOUSEHOLD_LOOKUP_OK,
                             (ngx_household_record_t *) buf);

    return 1;
}


/*
 * Checks if other processes have fetched the records, or failed; and if there
 * is room again for lookups of this one.
 */

static void
ngx_household_lookups_poll_handler(ngx_event_t *ev)
{
    ngx_msec_t                interval;
    ngx_queue_t              *q, *next;
    ngx_household_lookup_t   *lookup;
    ngx_household_lookups_t  *lookups = ev->data;

    interval = ngx_min(2 * lookups->interval, NGX_HOUSEHOLD_LOOKUP_POLL_MAX);

    /* lookups that remain are inserted again at the end of the list */

    q = ngx_queue_last(&lookups->remote);
    next = ngx_queue_head(&lookups->remote);

    while (next != ngx_queue_sentinel(&lookups->remote)) {

        lookup = ngx_queue_data(next, ngx_household_lookup_t, queue);
        next = next == q ? ngx_queue_sentinel(&lookups->remote)
                         : ngx_queue_next(next);

        if (ngx_household_lookup_cached(lookup)) {
            continue;
        }

        if (ngx_queue_empty(&lookup->waiters)) {
            /* the other process updates the cache */
            ngx_household_lookup_end(lookup, NGX_HOUSEHOLD_LOOKUP_UNAVAILABLE,
                                     NULL);
            continue;
        }

        ngx_household_lookup_leave(lookup);

        if (!ngx_queue_empty(&lookup->part->queue)
            || !ngx_household_pace_open(&lookup->part->pace))
        {
            ngx_household_lookup_enqueue(lookup);

        } else {
            (void) ngx_household_lookup_start(lookup);
        }
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (!ngx_queue_empty(&lookups->remote)) {
        lookups->interval = interval;
        ngx_add_timer(ev, interval);
    }

    /* those of other processes may have ended */

    ngx_household_lookups_next_handler(&lookups->next);
}
