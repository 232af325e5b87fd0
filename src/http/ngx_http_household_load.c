
/*
 * Checks that the module works with the nginx that loads it.  If not, reading
 * the configuration fails with a message that says what to do.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_zone_state.h"
#include "ngx_http_household.h"
#include "ngx_http_household_load.h"


static ngx_int_t ngx_http_household_load_check_single(ngx_conf_t *cf);
#if (NGX_HTTP_HOUSEHOLD_DYNAMIC)
static ngx_int_t ngx_http_household_load_check_file(ngx_conf_t *cf);
#endif


ngx_uint_t  ngx_http_household_started;


ngx_int_t
ngx_http_household_load_check(ngx_conf_t *cf)
{
    ngx_cycle_t  *old;

    old = cf->cycle->old_cycle;

    if (old == NULL || ngx_is_init_cycle(old)) {
#if (NGX_HTTP_HOUSEHOLD_DYNAMIC)
        (void) ngx_http_household_load_check_file(cf);
#endif
        return NGX_OK;
    }

    if (ngx_http_household_load_check_single(cf) != NGX_OK) {
        return NGX_ERROR;
    }

#if (NGX_HTTP_HOUSEHOLD_DYNAMIC)
    return ngx_http_household_load_check_file(cf);
#else
    return NGX_OK;
#endif
}


/*
 * With "master_process off" nginx reads a new configuration in the process
 * that serves: it starts no module in it, and closes the logs of the former
 * one.  What goes on with them would write its lines into whatever gets the
 * same descriptor next, a client's connection for one.
 */

static ngx_int_t
ngx_http_household_load_check_single(ngx_conf_t *cf)
{
    ngx_http_household_main_conf_t  *hmcf;

    if (ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    if (hmcf->redis.nelts == 0 && !ngx_http_household_started) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "household: a reload with \"master_process off\" is not "
                  "supported, restart nginx");

    return NGX_ERROR;
}


#if (NGX_HTTP_HOUSEHOLD_DYNAMIC)

/*
 * A reload maps no file anew whose name is mapped already, so that the former
 * code would run with the configuration of the new one.
 */

static ngx_int_t
ngx_http_household_load_check_file(ngx_conf_t *cf)
{
    Dl_info          dl;
    ngx_file_info_t  fi;

    static ngx_file_info_t  loaded;
    static ngx_uint_t       known;

    if (dladdr(&ngx_http_household_module, &dl) == 0
        || ngx_file_info(dl.dli_fname, &fi) == NGX_FILE_ERROR)
    {
        /* removed: nginx could not have loaded it */
        return NGX_OK;
    }

    if (!known) {
        loaded = fi;
        known = 1;
        return NGX_OK;
    }

    if (ngx_file_uniq(&fi) == ngx_file_uniq(&loaded)
        && fi.st_dev == loaded.st_dev
        && ngx_file_size(&fi) == ngx_file_size(&loaded))
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "household: \"%s\" has changed since it was loaded, and a "
                  "reload does not load it again: restart nginx, or upgrade "
                  "it (USR2)",
                  dl.dli_fname);

    return NGX_ERROR;
}

#endif


ngx_int_t
ngx_http_household_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i;
    ngx_household_zone_t           **zone;
    ngx_http_household_main_conf_t  *hmcf;

    if (ngx_test_config || ngx_process == NGX_PROCESS_SIGNALLER) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                  "household: version " NGX_HTTP_HOUSEHOLD_VERSION
                  ", built for nginx " NGINX_VERSION ", hiredis %s",
                  ngx_household_resp_library());

    hmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_household_module);

    zone = hmcf ? hmcf->zones.elts : NULL;

    for (i = 0; zone && i < hmcf->zones.nelts; i++) {
        ngx_household_zone_commit(zone[i]);
    }

    return ngx_household_zone_state_init(cycle, hmcf ? &hmcf->zones : NULL);
}
