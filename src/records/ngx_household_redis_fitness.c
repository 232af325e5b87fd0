
/*
 * Servers that are unfit to be read from.  See ngx_household_redis_fitness.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_fitness.h"
#include "ngx_household_redis_choice.h"
#include "ngx_household_redis_replication.h"


/*
 * ms until a mark expires that is not renewed: longer than a tracking process
 * needs to be replaced
 */
#define NGX_HOUSEHOLD_REDIS_FITNESS_VALID   30000

/*
 * Heartbeats between two probes: a random number, so that the machines of a
 * fleet do not return to a server at the same time.
 */
#define NGX_HOUSEHOLD_REDIS_FITNESS_MIN     4
#define NGX_HOUSEHOLD_REDIS_FITNESS_SPREAD  8

/* successive good probes after which a server is fit again */
#define NGX_HOUSEHOLD_REDIS_FITNESS_GOOD    2


typedef struct {
    ngx_household_redis_fitness_t  *fitness;
    ngx_household_redis_node_t     *node;
    ngx_household_redis_unfit_e     reason;
    ngx_queue_t                     queue;
    ngx_household_redis_query_t    *probe;
    ngx_uint_t                      probe_in;  /* heartbeats */
    ngx_uint_t                      good;      /* probes in succession */
} ngx_household_redis_fitness_server_t;


static ngx_household_redis_fitness_server_t *ngx_household_redis_fitness_find(
    ngx_household_redis_fitness_t *fitness, ngx_household_redis_node_t *node);
static void ngx_household_redis_fitness_adopt(
    ngx_household_redis_fitness_t *fitness);
static ngx_uint_t ngx_household_redis_fitness_delay(void);
static void ngx_household_redis_fitness_mark(
    ngx_household_redis_fitness_server_t *server);
static void ngx_household_redis_fitness_remove(
    ngx_household_redis_fitness_server_t *server);
static void ngx_household_redis_fitness_probe(
    ngx_household_redis_fitness_server_t *server);
static void ngx_household_redis_fitness_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *errstr);


void
ngx_household_redis_fitness_init(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_t *redis)
{
    fitness->redis = redis;

    ngx_queue_init(&fitness->servers);
}


void
ngx_household_redis_fitness_refuse(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_node_t *node, ngx_household_redis_unfit_e reason)
{
    ngx_household_redis_fitness_server_t  *server;

    if (!ngx_household_redis_choice_made(fitness->redis)) {
        return;
    }

    server = ngx_household_redis_fitness_find(fitness, node);

    if (server != NULL) {
        server->reason = ngx_max(server->reason, reason);
        return;
    }

    server = ngx_alloc(sizeof(ngx_household_redis_fitness_server_t),
                       ngx_cycle->log);
    if (server == NULL) {
        return;
    }

    server->fitness = fitness;
    server->node = ngx_household_redis_node_keep(node);
    server->reason = reason;
    server->probe = NULL;
    server->probe_in = ngx_household_redis_fitness_delay();
    server->good = 0;

    if (fitness->n == NGX_HOUSEHOLD_REDIS_UNFIT_MAX) {
        ngx_household_redis_fitness_remove(
            ngx_queue_data(ngx_queue_head(&fitness->servers),
                           ngx_household_redis_fitness_server_t, queue));
    }

    ngx_queue_insert_tail(&fitness->servers, &server->queue);
    fitness->n++;

    ngx_household_redis_fitness_mark(server);
    ngx_household_redis_rechoose(fitness->redis);
}


void
ngx_household_redis_fitness_accept(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_node_t *node)
{
    ngx_uint_t                             id;
    ngx_household_redis_unfit_t           *unfit;
    ngx_household_redis_fitness_server_t  *server;

    id = node->id;
    unfit = ngx_household_redis_tracked_unfit(fitness->redis->tracked);

    server = ngx_household_redis_fitness_find(fitness, node);

    if (server != NULL) {
        ngx_household_redis_fitness_remove(server);
    }

    /* the mark may be of an earlier process */

    if (ngx_household_redis_unfit_test(unfit, id, ngx_current_msec)
        != NGX_HOUSEHOLD_REDIS_FIT)
    {
        ngx_household_redis_unfit_clear(unfit, id);
        ngx_household_redis_rechoose(fitness->redis);
    }
}


static ngx_household_redis_fitness_server_t *
ngx_household_redis_fitness_find(ngx_household_redis_fitness_t *fitness,
    ngx_household_redis_node_t *node)
{
    ngx_queue_t                           *q;
    ngx_household_redis_fitness_server_t  *server;

    for (q = ngx_queue_head(&fitness->servers);
         q != ngx_queue_sentinel(&fitness->servers);
         q = ngx_queue_next(q))
    {
        server = ngx_queue_data(q, ngx_household_redis_fitness_server_t, queue);

        if (server->node->id == node->id) {
            return server;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_household_redis_fitness_delay(void)
{
    return NGX_HOUSEHOLD_REDIS_FITNESS_MIN
           + ngx_random() % NGX_HOUSEHOLD_REDIS_FITNESS_SPREAD;
}


void
ngx_household_redis_fitness_heartbeat(ngx_household_redis_fitness_t *fitness)
{
    ngx_queue_t                           *q;
    ngx_household_redis_fitness_server_t  *server;

    ngx_household_redis_fitness_adopt(fitness);

    for (q = ngx_queue_head(&fitness->servers);
         q != ngx_queue_sentinel(&fitness->servers);
         q = ngx_queue_next(q))
    {
        server = ngx_queue_data(q, ngx_household_redis_fitness_server_t, queue);

        ngx_household_redis_fitness_mark(server);

        if (server->probe == NULL && --server->probe_in == 0) {
            ngx_household_redis_fitness_probe(server);
        }
    }
}


/*
 * Marks of an earlier process are renewed until the server is fit.  If they
 * only expired, the processes that read would use the server again, and this
 * one would not track it.
 */

static void
ngx_household_redis_fitness_adopt(ngx_household_redis_fitness_t *fitness)
{
    ngx_queue_t                  *q;
    ngx_household_redis_peer_t   *peer;
    ngx_household_redis_unfit_e   unfit;

    if (!ngx_household_redis_choice_made(fitness->redis)) {
        return;
    }

    for (q = ngx_queue_head(&fitness->redis->peers);
         q != ngx_queue_sentinel(&fitness->redis->peers);
         q = ngx_queue_next(q))
    {
        if (fitness->n == NGX_HOUSEHOLD_REDIS_UNFIT_MAX) {
            return;
        }

        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        unfit = ngx_household_redis_choice_unfit(fitness->redis, peer);

        if (unfit != NGX_HOUSEHOLD_REDIS_FIT
            && ngx_household_redis_fitness_find(fitness, peer->node) == NULL)
        {
            ngx_household_redis_fitness_refuse(fitness, peer->node, unfit);
        }
    }
}


static void
ngx_household_redis_fitness_mark(ngx_household_redis_fitness_server_t *server)
{
    ngx_household_redis_unfit_set(
           ngx_household_redis_tracked_unfit(server->fitness->redis->tracked),
           server->node->id, server->reason, ngx_current_msec,
           NGX_HOUSEHOLD_REDIS_FITNESS_VALID);
}


static void
ngx_household_redis_fitness_remove(
    ngx_household_redis_fitness_server_t *server)
{
    if (server->probe != NULL) {
        ngx_household_redis_query_cancel(server->probe);
    }

    server->fitness->n--;

    ngx_queue_remove(&server->queue);
    ngx_household_redis_node_release(server->node);
    ngx_free(server);
}


static void
ngx_household_redis_fitness_probe(ngx_household_redis_fitness_server_t *server)
{
    ngx_str_t  argv[2];

    server->probe_in = ngx_household_redis_fitness_delay();

    if (ngx_exiting) {
        return;
    }

    ngx_str_set(&argv[0], "INFO");
    ngx_str_set(&argv[1], "replication");

    server->probe = ngx_household_redis_query(server->node, argv, 2,
                                        server->node->conf->connect_timeout,
                                        ngx_household_redis_fitness_reply,
                                        server);
}


static void
ngx_household_redis_fitness_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *errstr)
{
    ngx_uint_t                             lag;
    ngx_household_redis_t                 *redis;
    ngx_household_redis_fitness_server_t  *server = data;

    redis = server->fitness->redis;

    server->probe = NULL;

    if (reply == NULL
        || reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR)
    {
        server->good = 0;
        return;
    }

    if (ngx_household_redis_replication_check(&reply->values[0],
                                              redis->conf->max_lag, &lag)
        != NULL)
    {
        server->reason = NGX_HOUSEHOLD_REDIS_CUT_OFF;
        server->good = 0;
        return;
    }

    if (++server->good == NGX_HOUSEHOLD_REDIS_FITNESS_GOOD) {
        ngx_household_redis_fitness_accept(server->fitness, server->node);
    }
}


void
ngx_household_redis_fitness_stop(ngx_household_redis_fitness_t *fitness)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&fitness->servers)) {
        q = ngx_queue_head(&fitness->servers);

        ngx_household_redis_fitness_remove(
            ngx_queue_data(q, ngx_household_redis_fitness_server_t, queue));
    }
}
