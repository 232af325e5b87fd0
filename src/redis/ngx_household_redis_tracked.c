
/*
 * The table of tracked servers.  See ngx_household_redis_tracked.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_tracked.h"


/* tracking processes at a time, including those of old configurations */
#define NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS  4

/* to be changed with the layout of the shared memory */
#define NGX_HOUSEHOLD_REDIS_TRACKED_LAYOUT   4

#define NGX_HOUSEHOLD_REDIS_TRACKED_PREFIX   "household_redis:"


/* a server, and when this process began to receive its invalidations */

typedef struct {
    uint64_t                                id;
    int64_t                                 listener;
    ngx_msec_t                              since;
} ngx_household_redis_tracked_server_t;


/* "live" is 0 while other fields are written, as the process may die then */

typedef struct {
    ngx_pid_t                               pid;    /* 0: unused */
    ngx_uint_t                              live;   /* unsigned  live:1; */
    ngx_uint_t                              number; /* in order of start */
    ngx_msec_t                              until;
    ngx_uint_t                              n;
    ngx_household_redis_tracked_server_t    servers[
                                            NGX_HOUSEHOLD_REDIS_TRACKED_MAX];
} ngx_household_redis_tracked_holder_t;


/* a process whose connections are tracked */

typedef struct {
    ngx_pid_t                               pid;    /* 0: unused */
    ngx_uint_t                              tracker; /* number; 0: none */
    ngx_msec_t                              until;
} ngx_household_redis_tracked_reader_t;


struct ngx_household_redis_tracked_sh_s {
    ngx_uint_t                              layout; /* first in all layouts */
    ngx_uint_t                              numbers; /* of holders, so far */
    ngx_uint_t                              heard;  /* unsigned  heard:1; */
    ngx_msec_t                              sent;   /* the last heartbeat */
    ngx_uint_t                              lag;    /* seconds */
    ngx_household_redis_tracked_holder_t    holders[
                                        NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS];
    ngx_household_redis_tracked_reader_t    readers[
                                        NGX_HOUSEHOLD_REDIS_TRACKED_READERS];
    ngx_household_redis_unfit_t             unfit;
};


static ngx_int_t ngx_household_redis_tracked_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_household_redis_tracked_holder_t *
    ngx_household_redis_tracked_holder(ngx_household_redis_tracked_t *t,
    ngx_pid_t pid);
static ngx_int_t ngx_household_redis_tracked_elsewhere(
    ngx_household_redis_tracked_t *t, uint64_t id, ngx_msec_t since,
    ngx_msec_t now);
static ngx_int_t ngx_household_redis_tracked_expire(
    ngx_household_redis_tracked_t *t, ngx_household_redis_tracked_id_t *ids,
    ngx_uint_t n, ngx_msec_t now);
static ngx_int_t ngx_household_redis_tracked_expire_readers(
    ngx_household_redis_tracked_t *t, ngx_msec_t now);
static ngx_household_redis_tracked_reader_t *
    ngx_household_redis_tracked_reader(ngx_household_redis_tracked_t *t,
    ngx_pid_t pid);
static ngx_uint_t ngx_household_redis_tracked_live(
    ngx_household_redis_tracked_holder_t *h, ngx_msec_t now);
static ngx_household_redis_tracked_server_t *
    ngx_household_redis_tracked_find(ngx_household_redis_tracked_holder_t *h,
    uint64_t id);


ngx_household_redis_tracked_t *
ngx_household_redis_tracked_add(ngx_conf_t *cf, ngx_str_t *name, void *tag)
{
    size_t                          size;
    u_char                         *p;
    ngx_str_t                       full;
    ngx_shm_zone_t                 *shm_zone;
    ngx_household_redis_tracked_t  *t;

    full.len = sizeof(NGX_HOUSEHOLD_REDIS_TRACKED_PREFIX) - 1 + name->len;
    full.data = ngx_pnalloc(cf->pool, full.len);
    if (full.data == NULL) {
        return NULL;
    }

    p = ngx_cpymem(full.data, NGX_HOUSEHOLD_REDIS_TRACKED_PREFIX,
                   sizeof(NGX_HOUSEHOLD_REDIS_TRACKED_PREFIX) - 1);
    ngx_memcpy(p, name->data, name->len);

    /* additional pages for the slab allocator itself */

    size = ngx_align(sizeof(ngx_household_redis_tracked_sh_t), ngx_pagesize)
           + 8 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, &full, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    if (shm_zone->data != NULL) {
        return shm_zone->data;
    }

    t = ngx_pcalloc(cf->pool, sizeof(ngx_household_redis_tracked_t));
    if (t == NULL) {
        return NULL;
    }

    shm_zone->init = ngx_household_redis_tracked_init;
    shm_zone->data = t;

    return t;
}


static ngx_int_t
ngx_household_redis_tracked_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_household_redis_tracked_t  *t;

    t = shm_zone->data;
    t->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data != NULL || shm_zone->shm.exists) {
        t->sh = t->shpool->data;

    } else {
        t->sh = ngx_slab_calloc(t->shpool,
                                sizeof(ngx_household_redis_tracked_sh_t));
        if (t->sh == NULL) {
            return NGX_ERROR;
        }

        t->sh->layout = NGX_HOUSEHOLD_REDIS_TRACKED_LAYOUT;
        t->shpool->data = t->sh;
    }

    if (t->sh->layout != NGX_HOUSEHOLD_REDIS_TRACKED_LAYOUT) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "zone \"%V\": incompatible layout of another version "
                      "of the household module", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_household_redis_tracked_publish(ngx_household_redis_tracked_t *t,
    ngx_household_redis_tracked_id_t *ids, ngx_uint_t n, ngx_msec_t now,
    ngx_msec_t lease)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i, j;
    ngx_household_redis_tracked_holder_t  *h;
    ngx_household_redis_tracked_server_t   servers[
                                            NGX_HOUSEHOLD_REDIS_TRACKED_MAX];

    n = ngx_min(n, NGX_HOUSEHOLD_REDIS_TRACKED_MAX);

    ngx_shmtx_lock(&t->shpool->mutex);

    rc = ngx_household_redis_tracked_expire(t, ids, n, now);

    h = ngx_household_redis_tracked_holder(t, ngx_pid);

    if (h == NULL) {
        h = ngx_household_redis_tracked_holder(t, 0);

        if (h == NULL) {
            ngx_shmtx_unlock(&t->shpool->mutex);
            return NGX_ERROR;
        }

        h->n = 0;
        h->number = ++t->sh->numbers;
    }

    /* both lists are sorted; a server of the old list keeps its time */

    j = 0;

    for (i = 0; i < n; i++) {

        while (j < h->n && h->servers[j].id < ids[i].id) {
            j++;
        }

        servers[i].id = ids[i].id;
        servers[i].listener = ids[i].listener;

        if (j < h->n && h->servers[j].id == ids[i].id
            && h->servers[j].listener == ids[i].listener)
        {
            servers[i].since = h->servers[j].since;
            continue;
        }

        servers[i].since = now;

        if (ngx_household_redis_tracked_elsewhere(t, ids[i].id, now, now)
            == NGX_DECLINED)
        {
            rc = NGX_DECLINED;
        }
    }

    h->live = 0;
    ngx_memory_barrier();

    h->pid = ngx_pid;
    h->n = n;
    h->until = now + lease;
    ngx_memcpy(h->servers, servers,
               n * sizeof(ngx_household_redis_tracked_server_t));

    ngx_memory_barrier();
    h->live = 1;

    if (ngx_household_redis_tracked_expire_readers(t, now) != NGX_OK) {
        rc = NGX_DECLINED;
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


ngx_int_t
ngx_household_redis_tracked_withdraw(ngx_household_redis_tracked_t *t)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i;
    ngx_household_redis_tracked_holder_t  *h;
    ngx_household_redis_tracked_reader_t  *reader;

    rc = NGX_OK;

    ngx_shmtx_lock(&t->shpool->mutex);

    h = ngx_household_redis_tracked_holder(t, ngx_pid);

    if (h != NULL) {
        h->live = 0;
        h->pid = 0;

        for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_READERS; i++) {
            reader = &t->sh->readers[i];

            if (reader->pid && reader->tracker == h->number) {
                reader->tracker = 0;
                rc = NGX_DECLINED;
            }
        }
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


ngx_int_t
ngx_household_redis_tracked_covered(ngx_household_redis_tracked_t *t,
    ngx_msec_t since, ngx_msec_t now)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i;
    ngx_household_redis_tracked_holder_t  *h;

    ngx_shmtx_lock(&t->shpool->mutex);

    rc = NGX_OK;
    h = ngx_household_redis_tracked_holder(t, ngx_pid);

    for (i = 0; rc == NGX_OK && h != NULL && h->live && i < h->n; i++) {
        rc = ngx_household_redis_tracked_elsewhere(t, h->servers[i].id, since,
                                                   now);
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


/*
 * Checks whether another process tracks one server.  Returns as
 * ngx_household_redis_tracked_covered().
 */

static ngx_int_t
ngx_household_redis_tracked_elsewhere(ngx_household_redis_tracked_t *t,
    uint64_t id, ngx_msec_t since, ngx_msec_t now)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i;
    ngx_household_redis_tracked_holder_t  *h;
    ngx_household_redis_tracked_server_t  *server;

    rc = NGX_ABORT;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS; i++) {
        h = &t->sh->holders[i];

        if (h->pid == ngx_pid || !ngx_household_redis_tracked_live(h, now)) {
            continue;
        }

        server = ngx_household_redis_tracked_find(h, id);

        if (server != NULL && (ngx_msec_int_t) (since - server->since) > 0) {
            return NGX_OK;
        }

        rc = NGX_DECLINED;
    }

    return rc;
}


ngx_int_t
ngx_household_redis_tracked_check(ngx_household_redis_tracked_t *t,
    uint64_t id, int64_t redirect, ngx_msec_t sent)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i;
    ngx_household_redis_tracked_holder_t  *h;
    ngx_household_redis_tracked_server_t  *server;

    rc = NGX_ABORT;

    ngx_shmtx_lock(&t->shpool->mutex);

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS; i++) {
        h = &t->sh->holders[i];

        /*
         * A process whose lease has ended may go on, and its records are fresh
         * then: a server that it does not track must not be among them.
         */

        if (!h->live) {
            continue;
        }

        server = ngx_household_redis_tracked_find(h, id);

        if (server != NULL && (ngx_msec_int_t) (sent - server->since) > 0
            && (server->listener == 0 || server->listener == redirect))
        {
            rc = NGX_OK;
            break;
        }

        rc = NGX_DECLINED;
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


int64_t
ngx_household_redis_tracked_listener(ngx_household_redis_tracked_t *t,
    uint64_t id, ngx_msec_t now, ngx_uint_t *tracker)
{
    int64_t                                listener;
    ngx_uint_t                             i;
    ngx_household_redis_tracked_holder_t  *h;
    ngx_household_redis_tracked_server_t  *server;

    listener = 0;
    *tracker = 0;

    ngx_shmtx_lock(&t->shpool->mutex);

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS; i++) {
        h = &t->sh->holders[i];

        if (h->number < *tracker || !ngx_household_redis_tracked_live(h, now))
        {
            continue;
        }

        server = ngx_household_redis_tracked_find(h, id);

        if (server != NULL && server->listener) {
            listener = server->listener;
            *tracker = h->number;
        }
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return listener;
}


ngx_int_t
ngx_household_redis_tracked_read(ngx_household_redis_tracked_t *t,
    ngx_uint_t tracker, ngx_msec_t now, ngx_msec_t lease)
{
    ngx_household_redis_tracked_reader_t  *reader;

    ngx_shmtx_lock(&t->shpool->mutex);

    reader = ngx_household_redis_tracked_reader(t, ngx_pid);

    if (reader == NULL) {
        reader = ngx_household_redis_tracked_reader(t, 0);
    }

    if (reader != NULL) {
        reader->tracker = tracker;
        reader->until = now + lease;
        ngx_memory_barrier();
        reader->pid = ngx_pid;
    }

    ngx_shmtx_unlock(&t->shpool->mutex);

    return reader != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_household_redis_tracked_leave(ngx_household_redis_tracked_t *t)
{
    ngx_household_redis_tracked_reader_t  *reader;

    ngx_shmtx_lock(&t->shpool->mutex);

    reader = ngx_household_redis_tracked_reader(t, ngx_pid);

    if (reader != NULL) {
        reader->pid = 0;
    }

    ngx_shmtx_unlock(&t->shpool->mutex);
}


static ngx_household_redis_tracked_reader_t *
ngx_household_redis_tracked_reader(ngx_household_redis_tracked_t *t,
    ngx_pid_t pid)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_READERS; i++) {
        if (t->sh->readers[i].pid == pid) {
            return &t->sh->readers[i];
        }
    }

    return NULL;
}


/*
 * Handles each reader that has died, and each whose tracking process has died,
 * once.  Returns NGX_DECLINED if there is any.
 */

static ngx_int_t
ngx_household_redis_tracked_expire_readers(ngx_household_redis_tracked_t *t,
    ngx_msec_t now)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i, j;
    ngx_household_redis_tracked_holder_t  *h;
    ngx_household_redis_tracked_reader_t  *reader;

    rc = NGX_OK;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_READERS; i++) {
        reader = &t->sh->readers[i];

        if (reader->pid == 0) {
            continue;
        }

        if ((ngx_msec_int_t) (reader->until - now) <= 0) {
            reader->pid = 0;
            rc = NGX_DECLINED;
            continue;
        }

        if (reader->tracker == 0) {
            continue;
        }

        for (j = 0; j < NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS; j++) {
            h = &t->sh->holders[j];

            if (h->pid && h->number == reader->tracker) {
                break;
            }
        }

        if (j == NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS) {
            reader->tracker = 0;
            rc = NGX_DECLINED;
        }
    }

    return rc;
}


void
ngx_household_redis_tracked_heard(ngx_household_redis_tracked_t *t,
    ngx_msec_t sent, ngx_uint_t lag)
{
    ngx_shmtx_lock(&t->shpool->mutex);

    t->sh->heard = 1;
    t->sh->sent = sent;
    t->sh->lag = lag;

    ngx_shmtx_unlock(&t->shpool->mutex);
}


ngx_int_t
ngx_household_redis_tracked_state(ngx_household_redis_tracked_t *t,
    ngx_msec_t now, ngx_msec_t *age, ngx_uint_t *lag)
{
    ngx_int_t       rc;
    ngx_msec_int_t  since;

    ngx_shmtx_lock(&t->shpool->mutex);

    rc = t->sh->heard ? NGX_OK : NGX_DECLINED;
    since = (ngx_msec_int_t) (now - t->sh->sent);

    *age = ngx_max(since, 0);
    *lag = t->sh->lag;

    ngx_shmtx_unlock(&t->shpool->mutex);

    return rc;
}


ngx_household_redis_unfit_t *
ngx_household_redis_tracked_unfit(ngx_household_redis_tracked_t *t)
{
    return &t->sh->unfit;
}


static ngx_household_redis_tracked_holder_t *
ngx_household_redis_tracked_holder(ngx_household_redis_tracked_t *t,
    ngx_pid_t pid)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS; i++) {
        if (t->sh->holders[i].pid == pid) {
            return &t->sh->holders[i];
        }
    }

    return NULL;
}


/*
 * Removes the processes that have not published within their lease.  Returns
 * NGX_DECLINED if one of them tracked a server that is not among "ids".
 */

static ngx_int_t
ngx_household_redis_tracked_expire(ngx_household_redis_tracked_t *t,
    ngx_household_redis_tracked_id_t *ids, ngx_uint_t n, ngx_msec_t now)
{
    ngx_int_t                              rc;
    ngx_uint_t                             i, j, k;
    ngx_household_redis_tracked_holder_t  *h;

    rc = NGX_OK;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_TRACKED_HOLDERS; i++) {
        h = &t->sh->holders[i];

        if (h->pid == 0 || h->pid == ngx_pid
            || ngx_household_redis_tracked_live(h, now))
        {
            continue;
        }

        k = 0;

        for (j = 0; j < h->n && rc == NGX_OK; j++) {

            while (k < n && ids[k].id < h->servers[j].id) {
                k++;
            }

            if (k == n || ids[k].id != h->servers[j].id) {
                rc = NGX_DECLINED;
            }
        }

        h->live = 0;
        h->pid = 0;
    }

    return rc;
}


static ngx_uint_t
ngx_household_redis_tracked_live(ngx_household_redis_tracked_holder_t *h,
    ngx_msec_t now)
{
    return h->live && (ngx_msec_int_t) (h->until - now) > 0;
}


static ngx_household_redis_tracked_server_t *
ngx_household_redis_tracked_find(ngx_household_redis_tracked_holder_t *h,
    uint64_t id)
{
    ngx_uint_t  low, high, mid;

    low = 0;
    high = h->n;

    while (low < high) {
        mid = (low + high) / 2;

        if (h->servers[mid].id == id) {
            return &h->servers[mid];
        }

        if (h->servers[mid].id < id) {
            low = mid + 1;

        } else {
            high = mid;
        }
    }

    return NULL;
}
