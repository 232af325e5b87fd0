
/*
 * A request that waits for its lookup, presence, the override or the deny list.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_WAIT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_WAIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* returns the waiter for a lookup, or NULL on allocation failure */
ngx_household_waiter_t *ngx_http_household_wait_waiter(
    ngx_http_household_ctx_t *ctx);

/*
 * Makes the request wait for what was started: the lookup, the read of the
 * presence, and the first values of the fleet, which it asks for.  Returns
 * NGX_AGAIN if the request waits: its phases are run again with ctx->state
 * KNOWN, unless it is redirected or finalized meanwhile.  Returns NGX_OK if
 * there is nothing to wait for, or NGX_ERROR.
 */
ngx_int_t ngx_http_household_wait_start(ngx_http_household_ctx_t *ctx);

/*
 * Cancels the wait, if any, and resets ctx->state to NEW unless a decision was
 * made.  May be repeated.
 */
void ngx_http_household_wait_cancel(ngx_http_household_ctx_t *ctx);

/* resumes the request if nothing of what it waits for is missing any more */
void ngx_http_household_wait_part(ngx_http_household_ctx_t *ctx);


#endif /* _NGX_HTTP_HOUSEHOLD_WAIT_H_INCLUDED_ */
