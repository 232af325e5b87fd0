
/*
 * The directives of the API.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_api.h"
#include "ngx_http_household_api_audit.h"
#include "ngx_http_household_conf.h"


static ngx_int_t ngx_http_household_conf_audit_shm(ngx_conf_t *cf,
    ngx_http_household_api_audit_t *audit);
static ngx_uint_t ngx_http_household_conf_audit_torn(ngx_str_t *file);
static void ngx_http_household_conf_audit_free(void *data);


char *
ngx_http_household_set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                       *value;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_household_api_conf_t   *api;
    ngx_http_household_main_conf_t  *hmcf;

    if (hlcf->api != NULL) {
        return "is duplicate";
    }

    if (hlcf->content != NULL) {
        return NGX_HTTP_HOUSEHOLD_ONE_CONTENT;
    }

    value = cf->args->elts;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named || clcf->noname || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs a location given by a prefix",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    api = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_api_conf_t));
    if (api == NULL) {
        return NGX_CONF_ERROR;
    }

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    api->redis = ngx_http_household_redis_find_or_add(cf, hmcf, &value[1]);
    if (api->redis == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 3) {

        if (value[2].len != 5 || ngx_strncmp(value[2].data, "write", 5) != 0) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
        }

        api->write = 1;
    }

    api->prefix = clcf->name;

    hlcf->api = api;
    hlcf->content = ngx_http_household_api_handler;
    clcf->handler = hlcf->content;

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_api_audit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                       *value;
    ngx_http_household_api_audit_t  *audit;

    if (hlcf->audit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        hlcf->audit = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        /* nginx would take it for the standard error output */
        return ngx_http_household_conf_invalid(cf, cmd, &value[1]);
    }

    audit = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_api_audit_t));
    if (audit == NULL) {
        return NGX_CONF_ERROR;
    }

    audit->name = value[1];
    audit->conf_file = cf->conf_file->file.name.data;
    audit->conf_line = cf->conf_file->line;

    if (ngx_strncmp(value[1].data, "syslog:", sizeof("syslog:") - 1) == 0) {

        ngx_str_set(&audit->name, "syslog");

        audit->syslog = ngx_pcalloc(cf->pool, sizeof(ngx_syslog_peer_t));
        if (audit->syslog == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_syslog_process_conf(cf, audit->syslog) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }

    } else {
        audit->file = ngx_conf_open_file(cf->cycle, &value[1]);

        if (audit->file == NULL
            || ngx_http_household_conf_audit_shm(cf, audit) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    hlcf->audit = audit;

    return NGX_CONF_OK;
}


/* a page that the processes share */

static ngx_int_t
ngx_http_household_conf_audit_shm(ngx_conf_t *cf,
    ngx_http_household_api_audit_t *audit)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    audit->shm.size = ngx_pagesize;
    audit->shm.name = audit->name;
    audit->shm.log = cf->log;

    if (ngx_shm_alloc(&audit->shm) != NGX_OK) {
        return NGX_ERROR;
    }

    audit->shm.log = ngx_cycle->log;
    audit->torn = (ngx_atomic_t *) audit->shm.addr;

    *audit->torn = ngx_http_household_conf_audit_torn(&audit->file->name);

    cln->handler = ngx_http_household_conf_audit_free;
    cln->data = audit;

    return NGX_OK;
}


/*
 * Returns 1 if the file ends with a part of a line: a disk was full before a
 * restart or a reload.
 */

static ngx_uint_t
ngx_http_household_conf_audit_torn(ngx_str_t *file)
{
    u_char           last;
    ngx_fd_t         fd;
    ngx_uint_t       torn;
    ngx_file_info_t  fi;

    if (ngx_file_info(file->data, &fi) == NGX_FILE_ERROR
        || !ngx_is_file(&fi)
        || ngx_file_size(&fi) == 0)
    {
        return 0;
    }

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    torn = pread(fd, &last, 1, ngx_file_size(&fi) - 1) == 1 && last != LF;

    (void) ngx_close_file(fd);

    return torn;
}


static void
ngx_http_household_conf_audit_free(void *data)
{
    ngx_http_household_api_audit_t *audit = data;

    ngx_shm_free(&audit->shm);
}
