
/*
 * The table of servers.  See ngx_household_redis_servers.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_md5.h>
#include "ngx_household_redis_choice.h"
#include "ngx_household_redis_servers.h"


/* to be changed with the layout of the shared memory */
#define NGX_HOUSEHOLD_REDIS_SERVERS_LAYOUT    0x68687302

#define NGX_HOUSEHOLD_REDIS_SERVERS_INTERVAL  1000    /* ms */

#define NGX_HOUSEHOLD_REDIS_SERVERS_WORDS                                     \
    (NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS / 32)


/* a bit for each worker process */

typedef uint32_t  ngx_household_redis_workers_t[
                                            NGX_HOUSEHOLD_REDIS_SERVERS_WORDS];


/* a server; len 0: unused.  "known" is all workers that have tried it. */

typedef struct {
    u_char                           redis[16];  /* MD5 of the deployment */
    u_char                           name[NGX_HOUSEHOLD_REDIS_SERVERS_NAME];
    size_t                           len;
    ngx_uint_t                       replica;
    ngx_uint_t                       chosen;
    ngx_uint_t                       fit;
    ngx_household_redis_workers_t    known;
    ngx_household_redis_workers_t    down;

    /* connections of each worker process, 255 at most */
    u_char                           ready[NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS];
    u_char                      connecting[NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS];

    ngx_uint_t                       failures[NGX_HOUSEHOLD_REDIS_CAUSES];
} ngx_household_redis_server_row_t;


struct ngx_household_redis_servers_sh_s {
    ngx_uint_t                         layout;  /* first in all layouts */
    ngx_uint_t                         n;       /* rows that were ever used */
    ngx_household_redis_server_row_t   rows[NGX_HOUSEHOLD_REDIS_SERVERS_MAX];
};


static ngx_int_t ngx_household_redis_servers_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_household_redis_publisher_handler(ngx_event_t *ev);
static void ngx_household_redis_publisher_clear(
    ngx_household_redis_publisher_t *p);
static void ngx_household_redis_publisher_peer(
    ngx_household_redis_publisher_t *p, ngx_household_redis_peer_t *peer);
static void ngx_household_redis_publisher_connections(
    ngx_household_redis_publisher_t *p, ngx_household_redis_peer_t *peer,
    ngx_household_redis_server_row_t *row);
static ngx_household_redis_server_row_t *ngx_household_redis_publisher_row(
    ngx_household_redis_publisher_t *p, ngx_str_t *name);
static void ngx_household_redis_servers_copy(
    ngx_household_redis_server_stat_t *stat,
    ngx_household_redis_server_row_t *row, ngx_uint_t workers);
static void ngx_household_redis_servers_digest(ngx_str_t *redis,
    u_char *digest);
static ngx_uint_t ngx_household_redis_workers_any(uint32_t *workers,
    ngx_uint_t n);
static int ngx_libc_cdecl ngx_household_redis_servers_compare(const void *one,
    const void *two);


ngx_household_redis_servers_t *
ngx_household_redis_servers_add(ngx_conf_t *cf, void *tag)
{
    size_t                          size;
    ngx_str_t                       name;
    ngx_shm_zone_t                 *shm_zone;
    ngx_household_redis_servers_t  *servers;

    ngx_str_set(&name, "household_servers");

    /* additional pages for the slab allocator itself */

    size = ngx_align(sizeof(ngx_household_redis_servers_sh_t), ngx_pagesize)
           + 8 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    if (shm_zone->data != NULL) {
        return shm_zone->data;
    }

    servers = ngx_pcalloc(cf->pool, sizeof(ngx_household_redis_servers_t));
    if (servers == NULL) {
        return NULL;
    }

    shm_zone->init = ngx_household_redis_servers_init;
    shm_zone->data = servers;

    return servers;
}


static ngx_int_t
ngx_household_redis_servers_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_household_redis_servers_t     *servers;
    ngx_household_redis_servers_sh_t  *sh;

    servers = shm_zone->data;
    servers->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data != NULL || shm_zone->shm.exists) {
        sh = servers->shpool->data;

    } else {
        sh = ngx_slab_alloc(servers->shpool,
                            sizeof(ngx_household_redis_servers_sh_t));
        if (sh == NULL) {
            return NGX_ERROR;
        }

        /* rows are cleared when they are used: most never are */

        sh->layout = NGX_HOUSEHOLD_REDIS_SERVERS_LAYOUT;
        sh->n = 0;
        servers->shpool->data = sh;
    }

    if (sh == NULL || sh->layout != NGX_HOUSEHOLD_REDIS_SERVERS_LAYOUT) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "zone \"%V\": incompatible layout of another version "
                      "of the household module", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    servers->sh = sh;

    return NGX_OK;
}


void
ngx_household_redis_publisher_start(ngx_household_redis_publisher_t *p,
    ngx_household_redis_t *redis, ngx_household_redis_servers_t *servers,
    ngx_uint_t worker)
{
    if (worker >= NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS) {
        return;
    }

    p->redis = redis;
    p->servers = servers;
    p->ident = -1;
    p->worker = worker;

    p->timer.handler = ngx_household_redis_publisher_handler;
    p->timer.data = p;
    p->timer.log = ngx_cycle->log;
    p->timer.cancelable = 1;

    /* of a process that had this number before */

    ngx_household_redis_servers_digest(&redis->conf->name, p->digest);

    ngx_shmtx_lock(&servers->shpool->mutex);
    ngx_household_redis_publisher_clear(p);
    ngx_shmtx_unlock(&servers->shpool->mutex);

    ngx_add_timer(&p->timer, NGX_HOUSEHOLD_REDIS_SERVERS_INTERVAL / 10);
}


void
ngx_household_redis_publisher_stop(ngx_household_redis_publisher_t *p)
{
    if (p->timer.timer_set) {
        ngx_del_timer(&p->timer);
    }

    if (p->redis != NULL) {
        ngx_household_redis_route_publish(p->redis);
    }
}


static void
ngx_household_redis_publisher_handler(ngx_event_t *ev)
{
    ngx_queue_t                      *q;
    ngx_household_redis_peer_t       *peer;
    ngx_household_redis_publisher_t  *p = ev->data;

    ngx_household_redis_route_publish(p->redis);

    if (ngx_exiting) {
        /* a process of the new configuration may have the same number */
        return;
    }

    ngx_shmtx_lock(&p->servers->shpool->mutex);

    ngx_household_redis_publisher_clear(p);

    for (q = ngx_queue_head(&p->redis->peers);
         q != ngx_queue_sentinel(&p->redis->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_household_redis_peer_t, queue);

        if (peer->known) {
            ngx_household_redis_publisher_peer(p, peer);
        }
    }

    ngx_shmtx_unlock(&p->servers->shpool->mutex);

    ngx_add_timer(ev, NGX_HOUSEHOLD_REDIS_SERVERS_INTERVAL);
}


/* forgets what this process has published; the lock must be held */

static void
ngx_household_redis_publisher_clear(ngx_household_redis_publisher_t *p)
{
    uint32_t                           mask;
    ngx_uint_t                         i, word;
    ngx_household_redis_server_row_t  *row;

    word = p->worker / 32;
    mask = ~((uint32_t) 1 << p->worker % 32);

    for (i = 0; i < p->servers->sh->n; i++) {
        row = &p->servers->sh->rows[i];

        if (ngx_memcmp(row->redis, p->digest, sizeof(p->digest)) == 0) {
            row->known[word] &= mask;
            row->down[word] &= mask;
            row->ready[p->worker] = 0;
            row->connecting[p->worker] = 0;
        }
    }
}


static void
ngx_household_redis_publisher_peer(ngx_household_redis_publisher_t *p,
    ngx_household_redis_peer_t *peer)
{
    uint32_t                           bit;
    ngx_uint_t                         i, word;
    ngx_household_redis_server_row_t  *row;

    row = ngx_household_redis_publisher_row(p, &peer->node->name);
    if (row == NULL) {
        return;
    }

    word = p->worker / 32;
    bit = (uint32_t) 1 << p->worker % 32;

    row->replica = peer->replica;
    row->chosen = ngx_household_redis_choice_made(p->redis);
    row->fit = row->chosen
               && ngx_household_redis_choice_unfit(p->redis, peer)
                  == NGX_HOUSEHOLD_REDIS_FIT;
    row->known[word] |= bit;

    if (!ngx_household_redis_peer_usable(peer)) {
        row->down[word] |= bit;
    }

    ngx_household_redis_publisher_connections(p, peer, row);

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_CAUSES; i++) {
        row->failures[i] += peer->failures[i];
        peer->failures[i] = 0;
    }
}


static void
ngx_household_redis_publisher_connections(ngx_household_redis_publisher_t *p,
    ngx_household_redis_peer_t *peer, ngx_household_redis_server_row_t *row)
{
    ngx_uint_t  i, ready, connecting;

    ready = 0;
    connecting = 0;

    for (i = 0; i < peer->n; i++) {

        switch (peer->conns[i].state) {

        case NGX_HOUSEHOLD_REDIS_CONN_CLOSED:
            break;

        case NGX_HOUSEHOLD_REDIS_CONN_READY:
            ready++;
            break;

        default:
            connecting++;
        }
    }

    row->ready[p->worker] = (u_char) ngx_min(ready, 255);
    row->connecting[p->worker] = (u_char) ngx_min(connecting, 255);
}


/*
 * Returns the row of a server, and adds it if it is missing: an unused one, or
 * that of a server which no process knows any more.  Returns NULL if there is
 * none.
 */

static ngx_household_redis_server_row_t *
ngx_household_redis_publisher_row(ngx_household_redis_publisher_t *p,
    ngx_str_t *name)
{
    ngx_uint_t                         i;
    ngx_household_redis_servers_sh_t  *sh;
    ngx_household_redis_server_row_t  *row, *unused;

    if (name->len == 0 || name->len > NGX_HOUSEHOLD_REDIS_SERVERS_NAME) {
        return NULL;
    }

    sh = p->servers->sh;
    unused = NULL;

    for (i = 0; i < sh->n; i++) {
        row = &sh->rows[i];

        if (row->len == name->len
            && ngx_memcmp(row->redis, p->digest, sizeof(p->digest)) == 0
            && ngx_memcmp(row->name, name->data, name->len) == 0)
        {
            return row;
        }

        if (!ngx_household_redis_workers_any(row->known,
                                       NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS))
        {
            unused = row;
        }
    }

    if (sh->n < NGX_HOUSEHOLD_REDIS_SERVERS_MAX) {
        row = &sh->rows[sh->n++];

    } else {
        row = unused;
    }

    if (row == NULL) {
        return NULL;
    }

    ngx_memzero(row, sizeof(ngx_household_redis_server_row_t));

    ngx_memcpy(row->redis, p->digest, sizeof(p->digest));
    ngx_memcpy(row->name, name->data, name->len);
    row->len = name->len;

    return row;
}


ngx_array_t *
ngx_household_redis_servers_list(ngx_household_redis_servers_t *servers,
    ngx_str_t *redis, ngx_uint_t workers, ngx_pool_t *pool)
{
    u_char                              digest[16], *p;
    ngx_uint_t                          i;
    ngx_array_t                        *list;
    ngx_household_redis_servers_sh_t   *sh;
    ngx_household_redis_server_row_t   *row;
    ngx_household_redis_server_stat_t  *stat;

    list = ngx_array_create(pool, 8,
                            sizeof(ngx_household_redis_server_stat_t));
    if (list == NULL) {
        return NULL;
    }

    ngx_household_redis_servers_digest(redis, digest);

    sh = servers->sh;

    ngx_shmtx_lock(&servers->shpool->mutex);

    for (i = 0; i < sh->n; i++) {
        row = &sh->rows[i];

        if (ngx_memcmp(row->redis, digest, sizeof(digest)) != 0
            || !ngx_household_redis_workers_any(row->known, workers))
        {
            continue;
        }

        stat = ngx_array_push(list);
        p = stat != NULL ? ngx_pnalloc(pool, row->len) : NULL;

        if (p == NULL) {
            list = NULL;
            break;
        }

        stat->name.data = p;
        stat->name.len = row->len;
        ngx_memcpy(p, row->name, row->len);

        ngx_household_redis_servers_copy(stat, row, workers);
    }

    ngx_shmtx_unlock(&servers->shpool->mutex);

    if (list != NULL) {
        ngx_qsort(list->elts, list->nelts, list->size,
                  ngx_household_redis_servers_compare);
    }

    return list;
}


static void
ngx_household_redis_servers_copy(ngx_household_redis_server_stat_t *stat,
    ngx_household_redis_server_row_t *row, ngx_uint_t workers)
{
    ngx_uint_t  i;

    workers = ngx_min(workers, NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS);

    stat->up = !ngx_household_redis_workers_any(row->down, workers);
    stat->replica = row->replica;
    stat->chosen = row->chosen;
    stat->fit = row->fit;
    stat->ready = 0;
    stat->connecting = 0;

    for (i = 0; i < workers; i++) {
        stat->ready += row->ready[i];
        stat->connecting += row->connecting[i];
    }

    ngx_memcpy(stat->failures, row->failures, sizeof(row->failures));
}


static void
ngx_household_redis_servers_digest(ngx_str_t *redis, u_char *digest)
{
    ngx_md5_t  md5;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, redis->data, redis->len);
    ngx_md5_final(digest, &md5);
}


/* returns 1 if one of the first "n" workers is in the set, otherwise 0 */

static ngx_uint_t
ngx_household_redis_workers_any(uint32_t *workers, ngx_uint_t n)
{
    ngx_uint_t  i;

    n = ngx_min(n, NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS);

    for (i = 0; i < n / 32; i++) {
        if (workers[i]) {
            return 1;
        }
    }

    return n % 32 != 0 && (workers[i] & (((uint32_t) 1 << n % 32) - 1)) != 0;
}


static int ngx_libc_cdecl
ngx_household_redis_servers_compare(const void *one, const void *two)
{
    const ngx_household_redis_server_stat_t  *a = one;
    const ngx_household_redis_server_stat_t  *b = two;

    return (int) ngx_memn2cmp(a->name.data, b->name.data, a->name.len,
                              b->name.len);
}
