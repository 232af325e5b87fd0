
/*
 * The page of metrics.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_METRICS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_METRICS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


char *ngx_http_household_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Responds with all metrics in JSON, whatever the client accepts.  Returns as a
 * content handler.
 */
ngx_int_t ngx_http_household_metrics_send_json(ngx_http_request_t *r);


#endif /* _NGX_HTTP_HOUSEHOLD_METRICS_H_INCLUDED_ */
