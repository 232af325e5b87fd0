
/*
 * The file that keeps a key set over restarts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_keyset_shm.h"


static ngx_int_t ngx_household_keyset_state_read(
    ngx_household_keyset_t *keyset, ngx_str_t *text, ngx_log_t *log,
    ngx_err_t *err, const char **cause);
static ngx_int_t ngx_household_keyset_state_read_all(ngx_fd_t fd,
    ngx_str_t *text, ngx_err_t *err, const char **cause);
static ngx_int_t ngx_household_keyset_state_text(
    ngx_household_keyset_t *keyset, ngx_str_t *text,
    ngx_atomic_uint_t *generation);
static const char *ngx_household_keyset_state_replace(
    ngx_household_keyset_t *keyset, ngx_str_t *text);
static const char *ngx_household_keyset_state_write(u_char *name,
    ngx_str_t *text);
static void ngx_household_keyset_state_written(ngx_household_keyset_t *keyset,
    ngx_atomic_uint_t generation, const char *failed, ngx_err_t err);


ngx_int_t
ngx_household_keyset_read_state(ngx_conf_t *cf, ngx_household_keyset_t *keyset)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_int_t              rc;
    ngx_err_t              err;
    ngx_str_t              text;
    const char            *cause;
    ngx_household_jwks_t  *jwks;

    /* one byte more than allowed, to notice a larger file */

    text.len = 0;
    text.data = ngx_pnalloc(cf->pool, NGX_HOUSEHOLD_JWKS_SIZE + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    err = 0;

    rc = ngx_household_keyset_state_read(keyset, &text, cf->log, &err, &cause);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    jwks = NULL;

    if (rc == NGX_OK) {
        jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);
        cause = error;
    }

    if (jwks == NULL) {
        ngx_log_error(NGX_LOG_WARN, cf->log, err,
                      "household keyset \"%V\": state file \"%V\" ignored: %s",
                      &keyset->url, &keyset->state, cause);
        return NGX_OK;
    }

    ngx_household_jwks_destroy(jwks);

    keyset->initial = text;

    return NGX_OK;
}


/*
 * Returns NGX_OK; NGX_DECLINED if there is no file; or NGX_ERROR and why.
 * A worker process can put anything in its place, and this is the master
 * process: nothing is waited for, and nothing prevents a start or a reload.
 */

static ngx_int_t
ngx_household_keyset_state_read(ngx_household_keyset_t *keyset,
    ngx_str_t *text, ngx_log_t *log, ngx_err_t *err, const char **cause)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    fd = ngx_open_file(keyset->state.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        *err = ngx_errno;
        *cause = ngx_open_file_n " failed";

        return *err == NGX_ENOENT ? NGX_DECLINED : NGX_ERROR;
    }

    rc = ngx_household_keyset_state_read_all(fd, text, err, cause);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &keyset->state);
    }

    return rc;
}


static ngx_int_t
ngx_household_keyset_state_read_all(ngx_fd_t fd, ngx_str_t *text,
    ngx_err_t *err, const char **cause)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        *cause = "not a regular file";
        return NGX_ERROR;
    }

    do {
        n = ngx_read_fd(fd, text->data + text->len,
                        NGX_HOUSEHOLD_JWKS_SIZE + 1 - text->len);

        if (n == -1) {
            *err = ngx_errno;
            *cause = ngx_read_fd_n " failed";
            return NGX_ERROR;
        }

        text->len += n;

    } while (n > 0 && text->len <= NGX_HOUSEHOLD_JWKS_SIZE);

    return NGX_OK;
}


void
ngx_household_keyset_write_state(ngx_household_keyset_t *keyset)
{
    ngx_err_t          err;
    ngx_str_t          text;
    const char        *failed;
    ngx_atomic_uint_t  generation;

    if (keyset->state.len == 0
        || keyset->sh->saved == keyset->sh->generation
        || ngx_household_keyset_state_text(keyset, &text, &generation)
           != NGX_OK)
    {
        return;
    }

    failed = ngx_household_keyset_state_replace(keyset, &text);
    err = ngx_errno;

    /* a key may be a secret */

    ngx_explicit_memzero(text.data, text.len);
    ngx_free(text.data);

    ngx_household_keyset_state_written(keyset, generation, failed, err);
}


/* copies the set; returns NGX_DECLINED if there is none, or no memory */

static ngx_int_t
ngx_household_keyset_state_text(ngx_household_keyset_t *keyset,
    ngx_str_t *text, ngx_atomic_uint_t *generation)
{
    text->data = ngx_alloc(NGX_HOUSEHOLD_JWKS_SIZE, ngx_cycle->log);
    if (text->data == NULL) {
        return NGX_DECLINED;
    }

    ngx_household_keyset_lock(keyset);

    text->len = keyset->sh->len;
    ngx_memcpy(text->data, keyset->sh->text, text->len);
    *generation = keyset->sh->generation;

    ngx_household_keyset_unlock(keyset);

    if (text->len == 0) {
        ngx_free(text->data);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* returns NULL, or the name of the function that failed, its error in errno */

static const char *
ngx_household_keyset_state_replace(ngx_household_keyset_t *keyset,
    ngx_str_t *text)
{
    u_char      *name;
    ngx_err_t    err;
    const char  *failed;

    name = ngx_alloc(keyset->state.len + sizeof(".") + NGX_INT64_LEN,
                     ngx_cycle->log);
    if (name == NULL) {
        ngx_set_errno(NGX_ENOMEM);
        return "malloc()";
    }

    (void) ngx_sprintf(name, "%V.%P%Z", &keyset->state, ngx_pid);

    failed = ngx_household_keyset_state_write(name, text);
    err = ngx_errno;

    if (failed == NULL
        && ngx_rename_file(name, keyset->state.data) == NGX_FILE_ERROR)
    {
        failed = ngx_rename_file_n;
        err = ngx_errno;

        (void) ngx_delete_file(name);
    }

    ngx_free(name);
    ngx_set_errno(err);

    return failed;
}


/*
 * Writes a new file, readable by its owner only.  Returns NULL, or the name of
 * the function that failed with its error in errno; then there is no file.
 *
 * This is a worker process: it does not wait for the disk with fsync(), which
 * may take seconds.  A file that a loss of power has damaged is ignored.
 */

static const char *
ngx_household_keyset_state_write(u_char *name, ngx_str_t *text)
{
    ssize_t      n;
    ngx_fd_t     fd;
    ngx_err_t    err;
    const char  *failed;

    /* of a process with the same id that was killed */
    (void) ngx_delete_file(name);

    fd = ngx_open_tempfile(name, 1, 0600);

    if (fd == NGX_INVALID_FILE) {
        return ngx_open_tempfile_n;
    }

    failed = NULL;
    err = 0;

    n = ngx_write_fd(fd, text->data, text->len);

    if (n != (ssize_t) text->len) {
        failed = ngx_write_fd_n;
        err = n == -1 ? ngx_errno : NGX_ENOSPC;
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR && failed == NULL) {
        failed = ngx_close_file_n;
        err = ngx_errno;
    }

    if (failed != NULL) {
        (void) ngx_delete_file(name);
        ngx_set_errno(err);
    }

    return failed;
}


/* a change is logged, not each attempt */

static void
ngx_household_keyset_state_written(ngx_household_keyset_t *keyset,
    ngx_atomic_uint_t generation, const char *failed, ngx_err_t err)
{
    ngx_uint_t                  before;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    ngx_household_keyset_lock(keyset);

    before = sh->unsaved;
    sh->unsaved = failed != NULL;

    if (failed == NULL) {
        sh->saved = generation;
    }

    ngx_household_keyset_unlock(keyset);

    if (failed != NULL && !before) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "household keyset \"%V\": state file \"%V\" not written: "
                      "%s failed", &keyset->url, &keyset->state, failed);

    } else if (failed == NULL && before) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household keyset \"%V\": state file \"%V\" written "
                      "again", &keyset->url, &keyset->state);
    }
}
