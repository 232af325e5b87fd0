
/*
 * The state file of a zone: what a configuration does with it, and reading it.
 */


#include "ngx_household_zone_shm.h"
#include "ngx_household_zone_state.h"


/* milliseconds by which a file may be of the future: clocks are adjusted */
#define NGX_HOUSEHOLD_ZONE_STATE_FUTURE  60000

/* entries that are stored together */
#define NGX_HOUSEHOLD_ZONE_STATE_BATCH   32


typedef struct {
    ngx_household_zone_t               *zone;
    ngx_fd_t                            fd;
    ngx_err_t                           err;
    uint64_t                            now;     /* ms since 1970 */
    ngx_uint_t                          entries;
    u_char                             *block;
    ngx_household_zone_ns_t
                     *namespaces[NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES];
    ngx_household_zone_state_reader_t   reader;
    ngx_uint_t                          n;       /* of the batch */
    ngx_household_zone_restore_t        batch[NGX_HOUSEHOLD_ZONE_STATE_BATCH];
} ngx_household_zone_state_load_t;


static void ngx_household_zone_state_restore(ngx_household_zone_t *zone);
static ngx_int_t ngx_household_zone_state_open(
    ngx_household_zone_state_load_t *load, ngx_str_t *file);
static ngx_int_t ngx_household_zone_state_load(
    ngx_household_zone_state_load_t *load);
static ngx_int_t ngx_household_zone_state_load_header(
    ngx_household_zone_state_load_t *load);
static ngx_int_t ngx_household_zone_state_load_block(
    ngx_household_zone_state_load_t *load);
static ngx_int_t ngx_household_zone_state_load_entry(
    ngx_household_zone_state_load_t *load,
    ngx_household_zone_state_entry_t *entry);
static void ngx_household_zone_state_load_batch(
    ngx_household_zone_state_load_t *load);
static ngx_int_t ngx_household_zone_state_read(
    ngx_household_zone_state_load_t *load, u_char *p, size_t len);
static ngx_int_t ngx_household_zone_state_fail(
    ngx_household_zone_state_load_t *load, const char *error);
static void ngx_household_zone_state_outdate(ngx_household_zone_t *zone);
static ngx_int_t ngx_household_zone_state_path(ngx_cycle_t *cycle,
    ngx_household_zone_state_t *state);


ngx_int_t
ngx_household_zone_state_add(ngx_conf_t *cf, ngx_household_zone_t *zone,
    ngx_str_t *file, ngx_msec_t interval, uint32_t values)
{
    ngx_household_zone_state_t  *state;

    state = ngx_pcalloc(cf->pool, sizeof(ngx_household_zone_state_t));
    if (state == NULL) {
        return NGX_ERROR;
    }

    state->temp = ngx_pnalloc(cf->pool, file->len + sizeof(".tmp"));
    if (state->temp == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(state->temp, "%V.tmp%Z", file);

    state->zone = zone;
    state->file = *file;
    state->interval = interval;
    state->values = values;
    state->fd = NGX_INVALID_FILE;

    zone->state = state;
    zone->created = ngx_household_zone_state_restore;

    return NGX_OK;
}


static void
ngx_household_zone_state_restore(ngx_household_zone_t *zone)
{
    ngx_int_t                         rc;
    ngx_log_t                        *log;
    ngx_str_t                        *file;
    ngx_household_zone_state_load_t   load;

    if (ngx_test_config) {
        return;
    }

    log = zone->shm_zone->shm.log;
    file = &zone->state->file;

    ngx_memzero(&load, sizeof(ngx_household_zone_state_load_t));
    load.zone = zone;

    rc = ngx_household_zone_state_open(&load, file);

    if (rc == NGX_DECLINED) {
        return;
    }

    if (rc == NGX_OK) {
        ngx_household_zone_lock(zone);

        rc = ngx_household_zone_state_load(&load);

        if (rc == NGX_OK) {
            ngx_household_zone_state_outdate(zone);
            zone->sh->state.restored = load.entries;

        } else {
            ngx_household_zone_clear(zone);
        }

        ngx_household_zone_unlock(zone);
    }

    if (load.fd != NGX_INVALID_FILE
        && ngx_close_file(load.fd) == NGX_FILE_ERROR)
    {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", file);
    }

    if (rc == NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "household zone \"%V\": state restored, %ui entries",
                      &zone->shm_zone->shm.name, load.entries);

    } else {
        ngx_log_error(NGX_LOG_WARN, log, load.err,
                      "household zone \"%V\": state file \"%V\" ignored: %s",
                      &zone->shm_zone->shm.name, file, load.reader.error);
    }
}


/*
 * Returns NGX_DECLINED if there is no file.  A worker process can put anything
 * in its place, and this is the master process: nothing is waited for.
 */

static ngx_int_t
ngx_household_zone_state_open(ngx_household_zone_state_load_t *load,
    ngx_str_t *file)
{
    ngx_file_info_t  fi;

    load->fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                             NGX_FILE_OPEN, 0);

    if (load->fd == NGX_INVALID_FILE) {
        load->err = ngx_errno;

        return load->err == NGX_ENOENT
               ? NGX_DECLINED
               : ngx_household_zone_state_fail(load, ngx_open_file_n
                                                     " failed");
    }

    if (ngx_fd_info(load->fd, &fi) == NGX_FILE_ERROR) {
        load->err = ngx_errno;
        return ngx_household_zone_state_fail(load, ngx_fd_info_n " failed");
    }

    if (!ngx_is_file(&fi)) {
        return ngx_household_zone_state_fail(load, "not a regular file");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_zone_state_load(ngx_household_zone_state_load_t *load)
{
    u_char      end;
    ssize_t     n;
    ngx_int_t   rc;
    ngx_time_t *tp;

    tp = ngx_timeofday();
    load->now = (uint64_t) tp->sec * 1000 + tp->msec;

    load->block = ngx_alloc(NGX_HOUSEHOLD_ZONE_STATE_BLOCK, ngx_cycle->log);
    if (load->block == NULL) {
        return ngx_household_zone_state_fail(load, "no memory");
    }

    rc = ngx_household_zone_state_load_header(load);

    if (rc == NGX_OK) {
        do {
            rc = ngx_household_zone_state_load_block(load);
        } while (rc == NGX_OK);
    }

    ngx_free(load->block);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(load->fd, &end, 1);

    return n == 0 ? NGX_OK
                  : ngx_household_zone_state_fail(load, "data after the end");
}


static ngx_int_t
ngx_household_zone_state_load_header(ngx_household_zone_state_load_t *load)
{
    ngx_uint_t                      i;
    ngx_household_zone_ns_t        *ns;
    ngx_household_zone_state_ns_t  *saved;

    if (ngx_household_zone_state_read(load, load->block,
                                      NGX_HOUSEHOLD_ZONE_STATE_HEADER)
        != NGX_OK
        || ngx_household_zone_state_read_header(&load->reader, load->block,
                                                load->zone->state->values)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (load->reader.header.time > load->now + NGX_HOUSEHOLD_ZONE_STATE_FUTURE)
    {
        return ngx_household_zone_state_fail(load, "time in the future");
    }

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES; i++) {
        saved = &load->reader.header.namespaces[i];

        for (ns = load->zone->namespaces; ns; ns = ns->next) {
            if (saved->saved && saved->kind == ns->kind
                && ngx_memcmp(saved->digest, ns->digest, 16) == 0)
            {
                load->namespaces[i] = ns;
            }
        }
    }

    return NGX_OK;
}


/* returns NGX_OK, NGX_DONE after the last block, or NGX_ERROR */

static ngx_int_t
ngx_household_zone_state_load_block(ngx_household_zone_state_load_t *load)
{
    ngx_int_t                          rc;
    ngx_household_zone_state_entry_t   entry;
    ngx_household_zone_state_reader_t *r;

    r = &load->reader;

    if (ngx_household_zone_state_read(load, load->block,
                                      NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_household_zone_state_read_block_header(r, load->block);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_household_zone_state_read(load, load->block, r->len) != NGX_OK
        || ngx_household_zone_state_read_block(r, load->block) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for ( ;; ) {
        rc = ngx_household_zone_state_read_entry(r, &entry);

        if (rc == NGX_DONE) {
            /* the block is overwritten by the next one */
            ngx_household_zone_state_load_batch(load);
            return NGX_OK;
        }

        if (rc != NGX_OK
            || ngx_household_zone_state_load_entry(load, &entry) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }
}


static ngx_int_t
ngx_household_zone_state_load_entry(ngx_household_zone_state_load_t *load,
    ngx_household_zone_state_entry_t *entry)
{
    uint64_t                       age;
    ngx_household_zone_ns_t       *ns;
    ngx_household_zone_restore_t  *r;

    if (entry->keylen > 1 + NGX_HOUSEHOLD_ZONE_ID_LEN
        || entry->fresh > NGX_HOUSEHOLD_ZONE_TIME_MAX
        || entry->stale > NGX_HOUSEHOLD_ZONE_TIME_MAX
        || (entry->flags & ~(NGX_HOUSEHOLD_ZONE_F_MISSING
                             |NGX_HOUSEHOLD_ZONE_F_INVALIDATED)))
    {
        return ngx_household_zone_state_fail(load, "invalid entry");
    }

    ns = load->namespaces[entry->ns];

    age = load->now > entry->stored ? load->now - entry->stored : 0;

    if (ns == NULL || age >= (uint64_t) entry->fresh + entry->stale) {
        return NGX_OK;
    }

    r = &load->batch[load->n++];

    r->ns = ns;

    ngx_memcpy(r->key.bytes, entry->bytes, entry->keylen);
    r->key.bytes[0] = ns->index
                      | (r->key.bytes[0] & NGX_HOUSEHOLD_ZONE_UUID);
    r->key.len = entry->keylen;

    ngx_memzero(&r->entry, sizeof(ngx_household_cells_entry_t));
    r->entry.stored = ngx_current_msec - age;
    r->entry.fresh = entry->fresh;
    r->entry.stale = entry->stale;
    r->entry.flags = entry->flags;

    r->value = entry->bytes + entry->keylen;
    r->len = entry->len;

    if (load->n == NGX_HOUSEHOLD_ZONE_STATE_BATCH) {
        ngx_household_zone_state_load_batch(load);
    }

    return NGX_OK;
}


static void
ngx_household_zone_state_load_batch(ngx_household_zone_state_load_t *load)
{
    load->entries += ngx_household_zone_restore(load->zone, load->batch,
                                                load->n);
    load->n = 0;
}


static ngx_int_t
ngx_household_zone_state_read(ngx_household_zone_state_load_t *load,
    u_char *p, size_t len)
{
    ssize_t  n;

    while (len) {
        n = ngx_read_fd(load->fd, p, len);

        if (n == -1) {
            load->err = ngx_errno;
            return ngx_household_zone_state_fail(load, ngx_read_fd_n
                                                       " failed");
        }

        if (n == 0) {
            return ngx_household_zone_state_fail(load, "truncated");
        }

        p += n;
        len -= n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_zone_state_fail(ngx_household_zone_state_load_t *load,
    const char *error)
{
    load->reader.error = error;

    return NGX_ERROR;
}


/* changes since the file was written are not known: nothing is fresh */

static void
ngx_household_zone_state_outdate(ngx_household_zone_t *zone)
{
    ngx_uint_t                    i;
    ngx_household_zone_ns_shm_t  *shm;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        shm = &zone->sh->namespaces[i];

        shm->seq++;
        shm->invalidated_seq = shm->seq;
        shm->missing_seq = shm->seq;
    }
}


ngx_int_t
ngx_household_zone_state_init(ngx_cycle_t *cycle, ngx_array_t *zones)
{
    ngx_uint_t              i;
    ngx_household_zone_t  **zone;

    static ngx_array_t  *former;

    /* its memory is freed later */

    if (former) {
        zone = former->elts;

        for (i = 0; i < former->nelts; i++) {
            zone[i]->sh->state.config_gen = 0;
        }
    }

    former = zones;

    zone = zones ? zones->elts : NULL;

    for (i = 0; zone && i < zones->nelts; i++) {
        zone[i]->sh->state.config_gen = zone[i]->config_gen;

        if (zone[i]->state
            && ngx_household_zone_state_path(cycle, zone[i]->state) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Added here, paths are not created: nginx would change the owner of the
 * folder.  Only their handler is of interest.
 */

static ngx_int_t
ngx_household_zone_state_path(ngx_cycle_t *cycle,
    ngx_household_zone_state_t *state)
{
    ngx_path_t  *path, **p;

    path = ngx_pcalloc(cycle->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    path->name = state->file;
    path->manager = ngx_household_zone_state_manage;
    path->data = state;

    p = ngx_array_push(&cycle->paths);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = path;

    return NGX_OK;
}
