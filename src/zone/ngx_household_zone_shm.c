
#include "ngx_household_zone_shm.h"

#include <ngx_md5.h>


/* must change whenever the layout of the shared memory changes */
#define NGX_HOUSEHOLD_ZONE_LAYOUT   0x68687a0f

#define NGX_HOUSEHOLD_ZONE_STRIPES_MIN    64
#define NGX_HOUSEHOLD_ZONE_STRIPES_MAX  4096

/* bytes of a zone for a row of counters */
#define NGX_HOUSEHOLD_ZONE_ROW         65536


static ngx_int_t ngx_household_zone_init(ngx_shm_zone_t *shm_zone, void *data);
static ngx_int_t ngx_household_zone_create(ngx_household_zone_t *zone);
static ngx_uint_t ngx_household_zone_stripes(size_t size);
static void ngx_household_zone_seed(ngx_household_zone_sh_t *sh,
    uint64_t *seed);
static ngx_int_t ngx_household_zone_ns_bind(ngx_household_zone_t *zone);
static ngx_household_zone_ns_shm_t *ngx_household_zone_ns_find(
    ngx_household_zone_t *zone, ngx_household_zone_ns_t *ns);
static ngx_household_zone_ns_shm_t *ngx_household_zone_ns_alloc(
    ngx_household_zone_t *zone, ngx_household_zone_ns_t *ns);
static void ngx_household_zone_ns_clear(ngx_household_zone_ns_shm_t *shm);


ngx_household_zone_t *
ngx_household_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size, void *tag)
{
    ngx_shm_zone_t        *shm_zone;
    ngx_household_zone_t  *zone;

    if (size && size < 8 * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small", name);
        return NULL;
    }

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    zone = shm_zone->data;

    if (zone == NULL) {
        zone = ngx_pcalloc(cf->pool, sizeof(ngx_household_zone_t));
        if (zone == NULL) {
            return NULL;
        }

        zone->shm_zone = shm_zone;

        if (size == 0) {
            zone->directive = *(ngx_str_t *) cf->args->elts;
            zone->file = cf->conf_file->file.name.data;
            zone->line = cf->conf_file->line;
        }

        shm_zone->init = ngx_household_zone_init;
        shm_zone->data = zone;
    }

    if (size && zone->declared) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "household_zone \"%V\" is duplicate", name);
        return NULL;
    }

    if (size) {
        zone->declared = 1;
    }

    return zone;
}


ngx_int_t
ngx_household_zone_check(ngx_conf_t *cf)
{
    ngx_uint_t             i;
    ngx_list_part_t       *part;
    ngx_shm_zone_t        *shm_zone;
    ngx_household_zone_t  *zone;

    part = &cf->cycle->shared_memory.part;
    shm_zone = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NGX_OK;
            }

            part = part->next;
            shm_zone = part->elts;
            i = 0;
        }

        if (shm_zone[i].init != ngx_household_zone_init) {
            continue;
        }

        zone = shm_zone[i].data;

        if (!zone->declared) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown household_zone \"%V\" of \"%V\" in %s:%ui",
                          &shm_zone[i].shm.name, &zone->directive, zone->file,
                          zone->line);
            return NGX_ERROR;
        }
    }
}


ngx_household_zone_ns_t *
ngx_household_zone_ns(ngx_conf_t *cf, ngx_household_zone_t *zone,
    ngx_uint_t kind, ngx_str_t *fingerprint, ngx_uint_t tracked)
{
    u_char                    digest[16];
    ngx_md5_t                 md5;
    ngx_household_zone_ns_t  *ns;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, fingerprint->data, fingerprint->len);
    ngx_md5_final(digest, &md5);

    for (ns = zone->namespaces; ns; ns = ns->next) {
        if (ns->kind == kind
            && ngx_memcmp(ns->digest, digest, sizeof(digest)) == 0)
        {
            ns->tracked |= tracked;
            return ns;
        }
    }

    ns = ngx_pcalloc(cf->pool, sizeof(ngx_household_zone_ns_t));
    if (ns == NULL) {
        return NULL;
    }

    ns->zone = zone;
    ns->kind = kind;
    ns->tracked = tracked;
    ngx_memcpy(ns->digest, digest, sizeof(digest));

    ns->next = zone->namespaces;
    zone->namespaces = ns;

    return ns;
}


static ngx_int_t
ngx_household_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_uint_t             created;
    ngx_household_zone_t  *zone;

    zone = shm_zone->data;
    created = (data == NULL && !shm_zone->shm.exists);

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (created) {
        if (ngx_household_zone_create(zone) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {

        /* "data" may be of another build: only shared memory has a version */

        zone->sh = zone->shpool->data;

        if (zone->sh == NULL
            || zone->sh->layout != NGX_HOUSEHOLD_ZONE_LAYOUT)
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "household zone \"%V\": incompatible layout of "
                          "another module version; rename the zone or restart",
                          &shm_zone->shm.name);
            return NGX_ERROR;
        }

        zone->cells = zone->sh->cells;
    }

    ngx_household_zone_start(zone, 0);

    if (ngx_household_zone_ns_bind(zone) != NGX_OK) {
        return NGX_ERROR;
    }

    if (created && zone->created) {
        zone->created(zone);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_zone_create(ngx_household_zone_t *zone)
{
    size_t                    size;
    u_char                   *p, *last;
    uint64_t                  seed[2];
    ngx_str_t                *name;
    ngx_uint_t                n, reserved[NGX_HOUSEHOLD_CELLS_LISTS];
    ngx_household_zone_sh_t  *sh;

    name = &zone->shm_zone->shm.name;

    /* all pages in one allocation; there are no others */

    size = zone->shpool->pfree * ngx_pagesize;

    p = ngx_slab_alloc(zone->shpool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = p + size;

    sh = (ngx_household_zone_sh_t *) p;
    ngx_memzero(sh, sizeof(ngx_household_zone_sh_t));
    p += sizeof(ngx_household_zone_sh_t);

    n = ngx_max(size / NGX_HOUSEHOLD_ZONE_ROW, 1);
    n = ngx_min(n, ngx_household_rows_max());

    ngx_household_rows_init(&sh->rows, p, n, NGX_HOUSEHOLD_ZONE_COUNTERS);
    ngx_household_rows_clear(&sh->rows, 0, NGX_HOUSEHOLD_ZONE_COUNTERS);
    p += ngx_household_rows_size(n, NGX_HOUSEHOLD_ZONE_COUNTERS);

    n = ngx_household_zone_stripes(size);

    sh->stripes = (uint32_t *) p;
    sh->stripes_mask = n - 1;
    ngx_memzero(p, n * sizeof(uint32_t));
    p += n * sizeof(uint32_t);

    p = ngx_align_ptr(p, 8);

    n = ngx_max(n / 16, NGX_HOUSEHOLD_ZONE_STRIPES_MIN);

    sh->fetches = (ngx_household_zone_fetch_t *) p;
    sh->fetches_mask = n - 1;
    ngx_memzero(p, n * sizeof(ngx_household_zone_fetch_t));
    ngx_memzero(sh->fetch_seconds, sizeof(sh->fetch_seconds));
    p += n * sizeof(ngx_household_zone_fetch_t);

    if ((size_t) (last - p) > sizeof(" in household zone \"\"") + name->len) {
        zone->shpool->log_ctx = p;
        p = ngx_sprintf(p, " in household zone \"%V\"%Z", name);
    }

    reserved[NGX_HOUSEHOLD_ZONE_ACCOUNT] = 100
        - NGX_HOUSEHOLD_ZONE_TOKEN_RESERVED;
    reserved[NGX_HOUSEHOLD_ZONE_TOKEN] = NGX_HOUSEHOLD_ZONE_TOKEN_RESERVED;

    ngx_household_zone_seed(sh, seed);

    p = ngx_align_ptr(p, 8);

    sh->cells = (p < last) ? ngx_household_cells_create(p, last - p, reserved,
                                                        seed)
                           : NULL;
    if (sh->cells == NULL) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm_zone->shm.log, 0,
                      "zone \"%V\" is too small", name);
        return NGX_ERROR;
    }

    sh->layout = NGX_HOUSEHOLD_ZONE_LAYOUT;

    zone->sh = sh;
    zone->cells = sh->cells;
    zone->shpool->data = sh;
    zone->shpool->log_nomem = 0;

    return NGX_OK;
}


/* returns a power of two; stripes take a few percent of a small zone */

static ngx_uint_t
ngx_household_zone_stripes(size_t size)
{
    ngx_uint_t  n;

    n = NGX_HOUSEHOLD_ZONE_STRIPES_MIN;

    while (n < NGX_HOUSEHOLD_ZONE_STRIPES_MAX && n * 1024 < size) {
        n <<= 1;
    }

    return n;
}


/* the hash table works with any seed, digests need a secret */

static void
ngx_household_zone_seed(ngx_household_zone_sh_t *sh, uint64_t *seed)
{
    ngx_fd_t  fd;
    ssize_t   n;
    uint64_t  bytes[4];

    n = 0;

    fd = ngx_open_file("/dev/urandom", NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd != NGX_INVALID_FILE) {
        n = ngx_read_fd(fd, bytes, sizeof(bytes));
        (void) ngx_close_file(fd);
    }

    if (n != sizeof(bytes)) {
        seed[0] = ((uint64_t) ngx_random() << 32) ^ ngx_random();
        seed[1] = ((uint64_t) ngx_pid << 32) ^ ngx_current_msec;
        return;
    }

    ngx_memcpy(seed, bytes, 2 * sizeof(uint64_t));

    sh->has_secret = 1;
    ngx_memcpy(sh->secret, bytes + 2, sizeof(sh->secret));
}


/*
 * Binds the namespaces of this configuration to those in shared memory, and
 * allocates the missing ones.  If all are in use, the one of the oldest
 * configuration is replaced.  Worker processes that still use that
 * configuration continue without a cache.  The configuration may still fail,
 * so that those of the present one are not replaced.
 */

static ngx_int_t
ngx_household_zone_ns_bind(ngx_household_zone_t *zone)
{
    ngx_uint_t                    n;
    ngx_household_zone_ns_shm_t  *shm;
    ngx_household_zone_ns_t      *ns;

    n = 0;

    for (ns = zone->namespaces; ns; ns = ns->next) {
        n++;
    }

    if (n > NGX_HOUSEHOLD_ZONE_NAMESPACES) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm_zone->shm.log, 0,
                    "household zone \"%V\": too many namespaces: %ui, limit %d",
                    &zone->shm_zone->shm.name, n,
                    NGX_HOUSEHOLD_ZONE_NAMESPACES);
        return NGX_ERROR;
    }

    ngx_household_zone_lock(zone);

    zone->config_gen = ++zone->sh->config_gen;

    for (ns = zone->namespaces; ns; ns = ns->next) {
        shm = ngx_household_zone_ns_find(zone, ns);

        if (shm) {
            shm->bound = zone->config_gen;
        }
    }

    for (ns = zone->namespaces; ns; ns = ns->next) {
        shm = ngx_household_zone_ns_find(zone, ns);

        if (shm == NULL) {
            shm = ngx_household_zone_ns_alloc(zone, ns);
        }

        ns->shm = shm;
        ns->stripes = zone->sh->stripes;
        ns->stripes_mask = zone->sh->stripes_mask;
        ns->index = shm - zone->sh->namespaces;
        ns->incarnation = shm->incarnation;
        ns->config_gen = zone->config_gen;
    }

    ngx_household_zone_unlock(zone);

    return NGX_OK;
}


void
ngx_household_zone_start(ngx_household_zone_t *zone, ngx_uint_t worker)
{
    ngx_household_zone_ns_t  *ns;

    zone->counters = ngx_household_rows_of(&zone->sh->rows, worker);

    for (ns = zone->namespaces; ns; ns = ns->next) {
        ns->hits = &zone->counters[ngx_household_zone_kind_counter(
                                       NGX_HOUSEHOLD_ZONE_HITS, ns->kind)];
    }
}


void
ngx_household_zone_commit(ngx_household_zone_t *zone)
{
    ngx_household_zone_ns_t      *ns;
    ngx_household_zone_ns_shm_t  *shm;

    ngx_household_zone_lock(zone);

    for (ns = zone->namespaces; ns; ns = ns->next) {
        shm = ngx_household_zone_ns_shm(ns);

        if (shm) {
            shm->config_gen = ns->config_gen;

            /* or else an old process would wait to be covered */

            if (!ns->tracked) {
                shm->closed = ns->config_gen;
            }
        }
    }

    ngx_household_zone_unlock(zone);
}


static ngx_household_zone_ns_shm_t *
ngx_household_zone_ns_find(ngx_household_zone_t *zone,
    ngx_household_zone_ns_t *ns)
{
    ngx_uint_t                    i;
    ngx_household_zone_ns_shm_t  *shm;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        shm = &zone->sh->namespaces[i];

        if (shm->incarnation
            && shm->kind == ns->kind
            && ngx_memcmp(shm->digest, ns->digest, 16) == 0)
        {
            return shm;
        }
    }

    return NULL;
}


/*
 * Takes an unused namespace, or one of a configuration that failed, or else
 * that of the oldest configuration, but none of this one.
 */

static ngx_household_zone_ns_shm_t *
ngx_household_zone_ns_alloc(ngx_household_zone_t *zone,
    ngx_household_zone_ns_t *ns)
{
    ngx_uint_t                    i;
    ngx_household_zone_ns_shm_t  *shm, *old;

    shm = &zone->sh->namespaces[0];

    for (i = 1; i < NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        old = &zone->sh->namespaces[i];

        if (old->bound != zone->config_gen
            && (shm->bound == zone->config_gen
                || ngx_household_zone_before(old->config_gen,
                                             shm->config_gen)))
        {
            shm = old;
        }
    }

    shm->kind = ns->kind;
    shm->incarnation = ++zone->sh->numbers;
    shm->bound = zone->config_gen;
    shm->config_gen = 0;
    ngx_memcpy(shm->digest, ns->digest, 16);

    ngx_household_zone_ns_clear(shm);

    return shm;
}


/* drops all values, and the processes that track the namespace */

static void
ngx_household_zone_ns_clear(ngx_household_zone_ns_shm_t *shm)
{
    shm->seq++;
    shm->flushed_seq = shm->seq;
    shm->invalidated_seq = shm->seq;
    shm->missing_seq = shm->seq;
    shm->entries = 0;

    ngx_memzero(shm->holders, sizeof(shm->holders));
}


void
ngx_household_zone_lock(ngx_household_zone_t *zone)
{
    ngx_shmtx_lock(&zone->shpool->mutex);

    if (zone->sh->dirty) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "household zone \"%V\": process died holding the lock, "
                      "zone reset", &zone->shm_zone->shm.name);

        ngx_household_zone_clear(zone);
        ngx_household_zone_inc(zone, NGX_HOUSEHOLD_ZONE_RESETS);
    }

    zone->sh->dirty = 1;
    ngx_memory_barrier();
}


void
ngx_household_zone_clear(ngx_household_zone_t *zone)
{
    ngx_uint_t  i;

    ngx_household_cells_reset(zone->cells);

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        ngx_household_zone_ns_clear(&zone->sh->namespaces[i]);
    }

    ngx_memzero(zone->sh->fetches,
                (zone->sh->fetches_mask + 1)
                * sizeof(ngx_household_zone_fetch_t));
    ngx_memzero(zone->sh->fetch_seconds, sizeof(zone->sh->fetch_seconds));
}


void
ngx_household_zone_lock_key(ngx_household_zone_t *zone,
    const ngx_household_cells_key_t *key)
{
    ngx_household_cells_preload(zone->cells, key);
    ngx_household_zone_lock(zone);
}


void
ngx_household_zone_unlock(ngx_household_zone_t *zone)
{
    ngx_memory_barrier();
    zone->sh->dirty = 0;

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


void
ngx_household_zone_count(ngx_household_zone_t *zone, ngx_uint_t counter,
    ngx_uint_t n)
{
    if (counter < NGX_HOUSEHOLD_ZONE_COUNTERS) {
        (void) ngx_atomic_fetch_add(&zone->counters[counter], n);
    }
}


void
ngx_household_zone_stat(ngx_household_zone_t *zone,
    ngx_household_zone_stat_t *stat)
{
    ngx_uint_t                    i;
    ngx_household_zone_ns_shm_t  *shm;

    ngx_memzero(stat, sizeof(ngx_household_zone_stat_t));

    ngx_household_zone_lock(zone);

    stat->size = (size_t) zone->cells->ncells * NGX_HOUSEHOLD_CELL;
    stat->used = stat->size - (size_t) zone->cells->nfree * NGX_HOUSEHOLD_CELL;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        shm = &zone->sh->namespaces[i];

        if (shm->incarnation) {
            stat->records[shm->kind] += shm->entries;
        }
    }

    stat->saved = zone->sh->state.saved;
    stat->restored = zone->sh->state.restored;

    ngx_household_zone_unlock(zone);

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_COUNTERS; i++) {
        stat->counters[i] = ngx_household_rows_sum(&zone->sh->rows, i);
    }
}
