
/*
 * The file that keeps a key set over restarts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_keyset_shm.h"


static ngx_int_t ngx_household_keyset_state_read(
    ngx_household_keyset_t *keyset, ngx_str_t *text, ngx_log_t *log);
static const char *ngx_household_keyset_state_write(u_char *name,
    ngx_str_t *text);


ngx_int_t
ngx_household_keyset_read_state(ngx_conf_t *cf, ngx_household_keyset_t *keyset)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_household_jwks_t  *jwks;

    /* one byte more than allowed, to notice a larger file */

    text.len = 0;
    text.data = ngx_pnalloc(cf->pool, NGX_HOUSEHOLD_JWKS_SIZE + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_household_keyset_state_read(keyset, &text, cf->log);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);

    if (jwks == NULL) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "household keyset \"%V\": state file \"%V\" ignored: %s",
                      &keyset->url, &keyset->state, error);
        return NGX_OK;
    }

    ngx_household_jwks_destroy(jwks);

    keyset->initial = text;

    return NGX_OK;
}


/* returns NGX_OK; NGX_DECLINED if there is no file; or NGX_ERROR */

static ngx_int_t
ngx_household_keyset_state_read(ngx_household_keyset_t *keyset,
    ngx_str_t *text, ngx_log_t *log)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    fd = ngx_open_file(keyset->state.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (err == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        ngx_log_error(NGX_LOG_EMERG, log, err,
                      ngx_open_file_n " \"%V\" failed", &keyset->state);
        return NGX_ERROR;
    }

    do {
        n = ngx_read_fd(fd, text->data + text->len,
                        NGX_HOUSEHOLD_JWKS_SIZE + 1 - text->len);

        text->len += n > 0 ? n : 0;

    } while (n > 0 && text->len <= NGX_HOUSEHOLD_JWKS_SIZE);

    if (n == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_read_fd_n " \"%V\" failed", &keyset->state);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &keyset->state);
    }

    return n == -1 ? NGX_ERROR : NGX_OK;
}


void
ngx_household_keyset_write_state(ngx_household_keyset_t *keyset,
    ngx_str_t *text)
{
    u_char      *name;
    ngx_err_t    err;
    const char  *failed;

    name = ngx_alloc(keyset->state.len + sizeof(".") + NGX_INT64_LEN,
                     ngx_cycle->log);
    if (name == NULL) {
        return;
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

    if (failed != NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                      "household keyset \"%V\": state file \"%V\" not written: "
                      "%s failed", &keyset->url, &keyset->state, failed);
    }

    ngx_free(name);
}


/*
 * Writes a new file, readable by its owner only.  Returns NULL, or the name of
 * the function that failed with its error in errno; then there is no file.
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

    } else if (fsync(fd) == -1) {
        failed = "fsync()";
        err = ngx_errno;
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
