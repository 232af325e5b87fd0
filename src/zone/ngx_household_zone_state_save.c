
/*
 * Writing the state file of a zone.
 *
 * The zone is walked by buckets.  The lock is held for one bucket, so that the
 * entries of a file are not of one moment; each is one that was in the zone
 * while the file was written.
 */


#include "ngx_household_zone_shm.h"
#include "ngx_household_zone_state.h"


/* buckets of a part; ms between parts, and after which a busy file is tried */
#define NGX_HOUSEHOLD_ZONE_STATE_BUCKETS  8192
#define NGX_HOUSEHOLD_ZONE_STATE_PAUSE       1
#define NGX_HOUSEHOLD_ZONE_STATE_BUSY     1000

/* attempts of an exiting worker process, every 10 ms, if another one writes */
#define NGX_HOUSEHOLD_ZONE_STATE_TRIES      50


static ngx_int_t ngx_household_zone_state_begin(
    ngx_household_zone_state_t *state);
static ngx_fd_t ngx_household_zone_state_open_temp(
    ngx_household_zone_state_t *state);
static ngx_int_t ngx_household_zone_state_lock(
    ngx_household_zone_state_t *state);
static const char *ngx_household_zone_state_start_file(
    ngx_household_zone_state_t *state);
static void ngx_household_zone_state_header(ngx_household_zone_state_t *state);
static ngx_int_t ngx_household_zone_state_part(
    ngx_household_zone_state_t *state);
static ngx_uint_t ngx_household_zone_state_bucket(
    ngx_household_zone_state_t *state, uint64_t wall);
static ngx_uint_t ngx_household_zone_state_wanted(
    ngx_household_zone_state_t *state, ngx_household_cells_entry_t *e);
static ngx_int_t ngx_household_zone_state_end(
    ngx_household_zone_state_t *state, ngx_uint_t sync);
static ngx_int_t ngx_household_zone_state_write(
    ngx_household_zone_state_t *state, size_t len);
static ngx_int_t ngx_household_zone_state_failed(
    ngx_household_zone_state_t *state, ngx_err_t err, const char *function);
static void ngx_household_zone_state_close(ngx_household_zone_state_t *state);
static uint64_t ngx_household_zone_state_time(void);


ngx_msec_t
ngx_household_zone_state_manage(void *data)
{
    ngx_household_zone_state_t *state = data;

    ngx_int_t                       rc;
    ngx_msec_int_t                  left;
    ngx_household_zone_state_sh_t  *sh;

    sh = &state->zone->sh->state;

    if (state->fd == NGX_INVALID_FILE) {

        if (sh->exiting) {
            /* the file is, or was, written for the last time */
            return NGX_HOUSEHOLD_ZONE_STATE_BUSY;
        }

        left = (ngx_msec_int_t) (sh->next - ngx_current_msec);

        if (left > (ngx_msec_int_t) state->interval) {
            /* a reload has made the interval shorter */
            left = (ngx_msec_int_t) state->interval;
            sh->next = ngx_current_msec + left;
        }

        if (sh->started && left > 0) {
            return left;
        }

        rc = ngx_household_zone_state_begin(state);

    } else {
        rc = ngx_household_zone_state_part(state);

        if (rc == NGX_OK) {
            rc = ngx_household_zone_state_end(state, 1);
        }
    }

    if (state->fd != NGX_INVALID_FILE) {
        return NGX_HOUSEHOLD_ZONE_STATE_PAUSE;
    }

    ngx_time_update();

    left = rc == NGX_BUSY ? NGX_HOUSEHOLD_ZONE_STATE_BUSY
                          : (ngx_msec_int_t) state->interval;

    sh->next = ngx_current_msec + left;
    sh->started = 1;

    return left;
}


void
ngx_household_zone_state_start(ngx_household_zone_t *zone)
{
    zone->sh->state.exiting = 0;
}


void
ngx_household_zone_state_exit(ngx_household_zone_t *zone)
{
    ngx_uint_t                      i, first;
    ngx_household_zone_state_sh_t  *sh;

    if (zone->state == NULL) {
        return;
    }

    sh = &zone->sh->state;

    ngx_household_zone_lock(zone);

    first = !sh->exiting && sh->config_gen == zone->config_gen;

    if (first) {
        sh->exiting = 1;
    }

    ngx_household_zone_unlock(zone);

    if (!first) {
        return;
    }

    /*
     * Not waiting for the disk: the next start reads the same memory, and a
     * file that a loss of power has damaged is ignored.
     */

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_STATE_TRIES; i++) {

        if (ngx_household_zone_state_save(zone->state, 0) != NGX_BUSY) {
            break;
        }

        ngx_msleep(10);
    }
}


ngx_int_t
ngx_household_zone_state_save(ngx_household_zone_state_t *state,
    ngx_uint_t sync)
{
    ngx_int_t  rc;

    ngx_time_update();

    rc = ngx_household_zone_state_begin(state);

    if (rc != NGX_OK) {
        return rc;
    }

    do {
        rc = ngx_household_zone_state_part(state);
    } while (rc == NGX_AGAIN);

    return rc == NGX_OK ? ngx_household_zone_state_end(state, sync) : rc;
}


/* returns NGX_OK, NGX_BUSY if another process writes the file, or NGX_ERROR */

static ngx_int_t
ngx_household_zone_state_begin(ngx_household_zone_state_t *state)
{
    ngx_int_t    rc;
    ngx_err_t    err;
    const char  *failed;

    state->fd = ngx_household_zone_state_open_temp(state);
    err = ngx_errno;

    if (state->fd == NGX_INVALID_FILE
        && err == NGX_EACCES
        && ngx_delete_file(state->temp) != NGX_FILE_ERROR)
    {
        /* of a process of a former "user" that was killed */
        state->fd = ngx_household_zone_state_open_temp(state);
        err = ngx_errno;
    }

    if (state->fd == NGX_INVALID_FILE) {
        return ngx_household_zone_state_failed(state, err, ngx_open_file_n);
    }

    rc = ngx_household_zone_state_lock(state);

    if (rc == NGX_BUSY) {
        ngx_household_zone_state_close(state);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    failed = ngx_household_zone_state_start_file(state);

    if (failed != NULL) {
        return ngx_household_zone_state_failed(state, ngx_errno, failed);
    }

    state->writer.buf = ngx_alloc(NGX_HOUSEHOLD_ZONE_STATE_BLOCK,
                                  ngx_cycle->log);
    if (state->writer.buf == NULL) {
        return ngx_household_zone_state_failed(state, NGX_ENOMEM, "malloc()");
    }

    state->bucket = 0;

    ngx_household_zone_state_header(state);

    return ngx_household_zone_state_write(state,
                                          NGX_HOUSEHOLD_ZONE_STATE_HEADER);
}


static ngx_fd_t
ngx_household_zone_state_open_temp(ngx_household_zone_state_t *state)
{
    return ngx_open_file(state->temp, NGX_FILE_RDWR|O_NOFOLLOW,
                         NGX_FILE_CREATE_OR_OPEN, 0600);
}


/*
 * The lock ends with the process, however it ends.  Between the open and the
 * lock, another process may have finished the file, which is then not the
 * temporary one any more.
 */

static ngx_int_t
ngx_household_zone_state_lock(ngx_household_zone_state_t *state)
{
    ngx_err_t        err;
    ngx_file_info_t  fi, named;

    err = ngx_trylock_fd(state->fd);

    if (err == NGX_EAGAIN || err == NGX_EACCES) {
        return NGX_BUSY;
    }

    if (err) {
        return ngx_household_zone_state_failed(state, err, ngx_trylock_fd_n);
    }

    if (ngx_fd_info(state->fd, &fi) == NGX_FILE_ERROR) {
        return ngx_household_zone_state_failed(state, ngx_errno,
                                               ngx_fd_info_n);
    }

    if (ngx_file_info(state->temp, &named) == NGX_FILE_ERROR
        || ngx_file_uniq(&named) != ngx_file_uniq(&fi)
        || named.st_dev != fi.st_dev)
    {
        return NGX_BUSY;
    }

    return NGX_OK;
}


/* of a process that was killed, the file has contents */

static const char *
ngx_household_zone_state_start_file(ngx_household_zone_state_t *state)
{
    if (fchmod(state->fd, 0600) == -1) {
        return "fchmod()";
    }

    if (ftruncate(state->fd, 0) == -1) {
        return "ftruncate()";
    }

    return NULL;
}


static void
ngx_household_zone_state_header(ngx_household_zone_state_t *state)
{
    ngx_uint_t                          i;
    ngx_household_zone_t               *zone;
    ngx_household_zone_ns_shm_t        *shm;
    ngx_household_zone_state_ns_t      *ns;
    ngx_household_zone_state_header_t   header;

    zone = state->zone;

    ngx_memzero(&header, sizeof(ngx_household_zone_state_header_t));

    header.time = ngx_household_zone_state_time();
    header.values = state->values;

    ngx_household_zone_lock(zone);

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        shm = &zone->sh->namespaces[i];
        ns = &header.namespaces[i];

        ngx_memcpy(ns->digest, shm->digest, sizeof(ns->digest));
        ns->kind = shm->kind;
        ns->saved = shm->incarnation != 0
                    && (shm->kind == NGX_HOUSEHOLD_ZONE_ACCOUNT
                        || shm->kind == NGX_HOUSEHOLD_ZONE_FLEET);

        state->incarnations[i] = ns->saved ? shm->incarnation : 0;
    }

    ngx_household_zone_unlock(zone);

    ngx_household_zone_state_write_header(&state->writer, &header);
}


/* writes a block; returns NGX_OK after the last one, NGX_AGAIN or NGX_ERROR */

static ngx_int_t
ngx_household_zone_state_part(ngx_household_zone_state_t *state)
{
    uint64_t                            wall;
    uint32_t                            last;
    ngx_household_cells_t              *cells;
    ngx_household_zone_state_writer_t  *w;

    cells = state->zone->cells;
    w = &state->writer;
    wall = ngx_household_zone_state_time();

    last = cells->nbuckets;

    if (last - state->bucket > NGX_HOUSEHOLD_ZONE_STATE_BUCKETS) {
        last = state->bucket + NGX_HOUSEHOLD_ZONE_STATE_BUCKETS;
    }

    ngx_household_zone_state_write_block(w);

    for ( /* void */ ; state->bucket < last; state->bucket++) {

        if (ngx_household_cells_preload_bucket(cells, state->bucket)
            && !ngx_household_zone_state_bucket(state, wall)
            && w->entries)
        {
            break;
        }
    }

    if (w->entries) {
        ngx_household_zone_state_end_block(w);

        if (ngx_household_zone_state_write(state, w->len) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return state->bucket < cells->nbuckets ? NGX_AGAIN : NGX_OK;
}


/*
 * Adds all entries of a bucket and returns 1; or adds none and returns 0 if
 * they do not fit.
 */

static ngx_uint_t
ngx_household_zone_state_bucket(ngx_household_zone_state_t *state,
    uint64_t wall)
{
    u_char                             *p;
    ngx_household_zone_t               *zone;
    ngx_household_cells_entry_t        *e;
    ngx_household_zone_state_entry_t    entry;
    ngx_household_zone_state_writer_t   w;

    zone = state->zone;
    w = state->writer;
    p = w.buf;

    ngx_household_zone_lock(zone);

    for (e = ngx_household_cells_walk(zone->cells, state->bucket, NULL);
         e;
         e = ngx_household_cells_walk(zone->cells, state->bucket, e))
    {
        if (!ngx_household_zone_state_wanted(state, e)) {
            continue;
        }

        entry.stored = wall - ngx_household_zone_age(e, ngx_current_msec);
        entry.fresh = e->fresh;
        entry.stale = e->stale;
        entry.len = e->len;
        entry.keylen = e->keylen;
        entry.ns = e->data[0] & ~NGX_HOUSEHOLD_ZONE_UUID;
        entry.flags = e->flags & (NGX_HOUSEHOLD_ZONE_F_MISSING
                                  |NGX_HOUSEHOLD_ZONE_F_INVALIDATED);

        p = ngx_household_zone_state_write_entry(&w, &entry);

        if (p == NULL) {
            break;
        }

        ngx_household_cells_read_all(zone->cells, e, p);
    }

    ngx_household_zone_unlock(zone);

    if (p == NULL) {
        return 0;
    }

    state->writer = w;

    return 1;
}


/* returns 1 if the entry is of use after a restart */

static ngx_uint_t
ngx_household_zone_state_wanted(ngx_household_zone_state_t *state,
    ngx_household_cells_entry_t *e)
{
    uint32_t                      incarnation;
    ngx_household_zone_ns_shm_t  *shm;

    shm = ngx_household_zone_ns_of(state->zone, e);
    incarnation = state->incarnations[shm - state->zone->sh->namespaces];

    return incarnation != 0
           && incarnation == shm->incarnation
           && ngx_household_zone_not_flushed(state->zone, e)
           && e->stale != 0
           && (uint64_t) ngx_household_zone_age(e, ngx_current_msec)
              < (uint64_t) e->fresh + e->stale;
}


static ngx_int_t
ngx_household_zone_state_end(ngx_household_zone_state_t *state,
    ngx_uint_t sync)
{
    /* the end of the file is an empty block */

    ngx_household_zone_state_write_block(&state->writer);
    ngx_household_zone_state_end_block(&state->writer);

    if (ngx_household_zone_state_write(state, state->writer.len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (sync && fsync(state->fd) == -1) {
        return ngx_household_zone_state_failed(state, ngx_errno, "fsync()");
    }

    if (ngx_rename_file(state->temp, state->file.data) == NGX_FILE_ERROR) {
        return ngx_household_zone_state_failed(state, ngx_errno,
                                               ngx_rename_file_n);
    }

    ngx_household_zone_state_close(state);

    ngx_household_zone_inc(state->zone, NGX_HOUSEHOLD_ZONE_SAVED);
    state->zone->sh->state.saved = ngx_time();

    if (state->failed) {
        state->failed = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household zone \"%V\": state file \"%V\" written again",
                      &state->zone->shm_zone->shm.name, &state->file);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_zone_state_write(ngx_household_zone_state_t *state, size_t len)
{
    ssize_t    n;
    ngx_err_t  err;

    n = ngx_write_fd(state->fd, state->writer.buf, len);

    if (n == (ssize_t) len) {
        return NGX_OK;
    }

    err = n == -1 ? ngx_errno : NGX_ENOSPC;

    return ngx_household_zone_state_failed(state, err, ngx_write_fd_n);
}


static ngx_int_t
ngx_household_zone_state_failed(ngx_household_zone_state_t *state,
    ngx_err_t err, const char *function)
{
    if (state->fd != NGX_INVALID_FILE) {
        (void) ngx_delete_file(state->temp);
        ngx_household_zone_state_close(state);
    }

    ngx_household_zone_inc(state->zone, NGX_HOUSEHOLD_ZONE_NOT_SAVED);

    if (!state->failed) {
        state->failed = 1;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "household zone \"%V\": state file \"%V\" not written: "
                      "%s failed", &state->zone->shm_zone->shm.name,
                      &state->file, function);
    }

    return NGX_ERROR;
}


static void
ngx_household_zone_state_close(ngx_household_zone_state_t *state)
{
    if (ngx_close_file(state->fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_file_n " \"%s\" failed", state->temp);
    }

    state->fd = NGX_INVALID_FILE;

    if (state->writer.buf != NULL) {
        ngx_free(state->writer.buf);
        state->writer.buf = NULL;
    }
}


static uint64_t
ngx_household_zone_state_time(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}
