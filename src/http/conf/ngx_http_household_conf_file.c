
/*
 * Files that directives name: secrets, key sets, databases.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"


/* maximum size of a file with a secret in its first line, in bytes */
#define NGX_HTTP_HOUSEHOLD_SECRET_SIZE  4096


ngx_int_t
ngx_http_household_conf_read_file(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *file, size_t max, ngx_str_t *text)
{
    size_t      size;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t   name;

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" of \"%V\" failed", &name,
                           &cmd->name);
        return NGX_ERROR;
    }

    /* read one byte more than allowed: the size of a pipe is unknown */

    n = -1;
    size = 0;

    text->data = ngx_pnalloc(cf->pool, max + 1);

    while (text->data != NULL && size <= max) {

        n = ngx_read_fd(fd, text->data + size, max + 1 - size);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               ngx_read_fd_n " \"%V\" of \"%V\" failed", &name,
                               &cmd->name);
            break;
        }

        if (n == 0) {
            break;
        }

        size += n;
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", &name);
    }

    if (n == -1) {
        return NGX_ERROR;
    }

    if (size > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"%V\" is larger than %uz bytes", &name,
                           &cmd->name, max);
        return NGX_ERROR;
    }

    text->len = size;

    return NGX_OK;
}


ngx_int_t
ngx_http_household_conf_read_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *file, ngx_str_t *secret)
{
    u_char  *end;

    if (ngx_http_household_conf_read_file(cf, cmd, file,
                                          NGX_HTTP_HOUSEHOLD_SECRET_SIZE,
                                          secret)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    end = ngx_strlchr(secret->data, secret->data + secret->len, LF);

    if (end == NULL) {
        end = secret->data + secret->len;
    }

    if (end > secret->data && end[-1] == CR) {
        end--;
    }

    secret->len = end - secret->data;

    if (secret->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the first line of \"%V\" of \"%V\" is empty", file,
                           &cmd->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_http_household_set_hmac_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_main_conf_t *hmcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value, secret, text;

    if (hmcf->hmac != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hmcf->state_valid = NGX_HTTP_HOUSEHOLD_STATE_VALID;

    if (cf->args->nelts == 3) {

        if (ngx_strncmp(value[2].data, "state_valid=", 12) != 0) {
            goto invalid;
        }

        text.data = value[2].data + 12;
        text.len = value[2].len - 12;

        hmcf->state_valid = ngx_parse_time(&text, 1);

        if (hmcf->state_valid < 1
            || hmcf->state_valid > NGX_HTTP_HOUSEHOLD_SEC_MAX)
        {
            goto invalid;
        }
    }

    if (ngx_http_household_conf_read_secret(cf, cmd, &value[1], &secret)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    hmcf->hmac = ngx_palloc(cf->pool, sizeof(ngx_household_hmac_t));
    if (hmcf->hmac == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_set_errno(0);
    rc = ngx_household_hmac_init(hmcf->hmac, &secret);

    ngx_explicit_memzero(secret.data, secret.len);

    if (rc == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "HMAC with \"%V\" of \"%V\" failed", &value[1],
                           &cmd->name);
    }

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the first line of \"%V\" of \"%V\" is shorter "
                           "than %d bytes", &value[1], &cmd->name,
                           NGX_HOUSEHOLD_HMAC_KEY_MIN);
    }

    return rc == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;

invalid:

    return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
}


char *
ngx_http_household_set_geoip(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_main_conf_t *hmcf = conf;

    ngx_str_t   *value, name, path;
    const char  *error;

    if (hmcf->geo != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    ngx_str_set(&path, NGX_HOUSEHOLD_GEO_PATH);

    if (cf->args->nelts == 3) {

        if (ngx_strncmp(value[2].data, "country=", 8) != 0) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
        }

        path.data = value[2].data + 8;
        path.len = value[2].len - 8;
    }

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    hmcf->geo = ngx_household_geo_open(cf->pool, &name, &path, &error);

    if (hmcf->geo == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" of \"%V\": %s", &name,
                           &cmd->name, error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
