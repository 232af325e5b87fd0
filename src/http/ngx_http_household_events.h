
/*
 * The events that a verdict causes, for subscribers.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_EVENTS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_EVENTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* adds the events of ctx->decision */
void ngx_http_household_events_add(ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_EVENTS_H_INCLUDED_ */
