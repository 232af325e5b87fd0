
/*
 * Fetches the slot map of a cluster.  See ngx_household_redis_cluster.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_cluster.h"


/* ms between two rounds: minimum, and maximum after failures */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_INTERVAL     100
#define NGX_HOUSEHOLD_REDIS_CLUSTER_BACKOFF_MAX  2000

/* ms between fetches that discover replicas, with "read_from replica" */
#define NGX_HOUSEHOLD_REDIS_CLUSTER_REPLICAS     5000


static void ngx_household_redis_cluster_fetch_slots(
    ngx_household_redis_cluster_t *cl);
static void ngx_household_redis_cluster_slots_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *err);
static void ngx_household_redis_cluster_fetch_failed(
    ngx_household_redis_cluster_t *cl, const char *err);


void
ngx_household_redis_cluster_refresh(ngx_household_redis_cluster_t *cl)
{
    ngx_msec_t      interval;
    ngx_msec_int_t  left;

    if (cl->query != NULL || cl->refresh.timer_set || cl->redis->stopped) {
        return;
    }

    interval = NGX_HOUSEHOLD_REDIS_CLUSTER_INTERVAL << ngx_min(cl->failures, 8);
    interval = ngx_min(interval, NGX_HOUSEHOLD_REDIS_CLUSTER_BACKOFF_MAX);

    left = (ngx_msec_int_t) (cl->refreshed + interval - ngx_current_msec);

    if (left < 1 || left > NGX_HOUSEHOLD_REDIS_CLUSTER_BACKOFF_MAX) {
        left = 1;
    }

    ngx_add_timer(&cl->refresh, left);
}


void
ngx_household_redis_cluster_refresh_handler(ngx_event_t *ev)
{
    ngx_household_redis_cluster_t  *cl = ev->data;

    if (cl->query != NULL || (ngx_exiting && cl->redis->parked.n == 0)) {
        return;
    }

    cl->refreshed = ngx_current_msec;
    cl->tried = 0;
    cl->next++;

    ngx_household_redis_cluster_fetch_slots(cl);
}


/* there is no other sign of a replica that is new or works again */

void
ngx_household_redis_cluster_replica_timer_handler(ngx_event_t *ev)
{
    if (!ngx_exiting) {
        ngx_household_redis_cluster_refresh(ev->data);
    }
}


static void
ngx_household_redis_cluster_fetch_slots(ngx_household_redis_cluster_t *cl)
{
    ngx_str_t  argv[2];

    ngx_household_redis_node_release(cl->queried);

    cl->queried = ngx_household_redis_node_keep(
                        ngx_household_redis_cluster_candidate(cl, cl->tried));

    ngx_str_set(&argv[0], "CLUSTER");
    ngx_str_set(&argv[1], "SLOTS");

    cl->query = ngx_household_redis_query(cl->queried, argv, 2,
                                        cl->redis->conf->connect_timeout,
                                       ngx_household_redis_cluster_slots_reply,
                                       cl);
    if (cl->query == NULL) {
        ngx_household_redis_cluster_fetch_failed(cl, "no memory");
    }
}


ngx_household_redis_node_t *
ngx_household_redis_cluster_candidate(ngx_household_redis_cluster_t *cl,
    ngx_uint_t i)
{
    ngx_uint_t                   n, pass, skip;
    ngx_queue_t                 *q, *peers;
    ngx_household_redis_peer_t  *peer;

    n = 0;
    skip = 0;
    peers = &cl->redis->peers;

    for (pass = 0; pass < 2; pass++) {

        for (q = ngx_queue_head(peers);
             q != ngx_queue_sentinel(peers);
             q = ngx_queue_next(q))
        {
            peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

            if (!ngx_household_redis_peer_usable(peer)) {
                continue;
            }

            if (pass == 0) {
                n++;
                continue;
            }

            if (skip-- == 0) {
                return peer->node;
            }
        }

        if (i >= n) {
            break;
        }

        skip = (cl->next + i) % n;
    }

    return cl->seeds[(cl->next + i - n) % cl->nseeds];
}


static void
ngx_household_redis_cluster_slots_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *err)
{
    u_char                          text[NGX_SOCKADDR_STRLEN];
    u_char                          errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_str_t                       at;
    ngx_uint_t                      n;
    ngx_queue_t                    *q;
    ngx_household_redis_cluster_t  *cl = data;

    if (reply != NULL && reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        err = ngx_household_redis_error_reply(errstr, sizeof(errstr),
                                              &reply->values[0].str);

    } else if (reply != NULL) {
        at.data = text;
        at.len = ngx_household_redis_query_addr(cl->query, text,
                                                sizeof(text));

        err = ngx_household_redis_cluster_apply(cl, reply, &at,
                                                 &cl->queried->tls);
    }

    cl->query = NULL;

    if (err == NULL) {
        ngx_household_redis_cluster_refreshed(cl, cl->queried);
        return;
    }

    n = cl->nseeds;

    for (q = ngx_queue_head(&cl->redis->peers);
         q != ngx_queue_sentinel(&cl->redis->peers);
         q = ngx_queue_next(q))
    {
        n++;
    }

    if (++cl->tried < n) {
        ngx_household_redis_cluster_fetch_slots(cl);

    } else {
        ngx_household_redis_cluster_fetch_failed(cl, err);
    }
}


void
ngx_household_redis_cluster_refreshed(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_node_t *node)
{
    if (cl->logged) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household redis \"%V\" %V: slot map refresh "
                      "recovered", &cl->redis->conf->name, &node->name);
        cl->logged = 0;
    }

    cl->known = 1;
    cl->down = 0;
    cl->failures = 0;

    if (cl->redis->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA) {

        if (cl->replica_timer.timer_set) {
            ngx_del_timer(&cl->replica_timer);
        }

        ngx_add_timer(&cl->replica_timer,
                      NGX_HOUSEHOLD_REDIS_CLUSTER_REPLICAS);
    }

    ngx_household_redis_route_unpark(cl->redis);
}


static void
ngx_household_redis_cluster_fetch_failed(ngx_household_redis_cluster_t *cl,
    const char *err)
{
    ngx_household_redis_t  *redis;

    redis = cl->redis;

    if (!cl->logged || ngx_strcmp(cl->err, err) != 0) {

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household redis \"%V\": slot map refresh failed on "
                      "all nodes, last %V: %s",
                      &redis->conf->name, &cl->queried->name, err);

        (void) ngx_cpystrn(cl->err, (u_char *) err, sizeof(cl->err));
        cl->logged = 1;
    }

    cl->down = 1;
    cl->failures++;

    ngx_household_redis_cluster_refresh(cl);
    ngx_household_redis_route_unpark(redis);
}
