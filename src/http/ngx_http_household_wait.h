
/*
 * A request that waits for its lookup.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_WAIT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_WAIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* prepares a new context; nothing waits yet */
void ngx_http_household_wait_init(ngx_http_household_ctx_t *ctx);

/*
 * Looks ctx->account up in ctx->store.  Returns NGX_AGAIN if the request
 * waits: its phases are run again once ctx->state is KNOWN, unless it was led
 * elsewhere meanwhile.  Returns NGX_DECLINED if there is nothing to wait for,
 * as the store is away, and NGX_ERROR.
 */
ngx_int_t ngx_http_household_wait_start(ngx_http_household_ctx_t *ctx);

/*
 * The request waits no more, and what it waited for is not known: for whatever
 * leads it elsewhere or ends it.  May be repeated.
 */
void ngx_http_household_wait_cancel(ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_WAIT_H_INCLUDED_ */
