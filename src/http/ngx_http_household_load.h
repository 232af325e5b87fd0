
/*
 * Whether this nginx may load the module, and which versions run.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_LOAD_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_LOAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* nonzero in a process that has connections and timers of a configuration */
extern ngx_uint_t  ngx_http_household_started;


/*
 * Refuses a reload that would leave the process in pieces: one that does not
 * load the file of the module again, or one with "master_process off".
 * Returns NGX_OK, or NGX_ERROR, which is logged.
 */
ngx_int_t ngx_http_household_load_check(ngx_conf_t *cf);

/* logs which versions run */
ngx_int_t ngx_http_household_init_module(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_HOUSEHOLD_LOAD_H_INCLUDED_ */
