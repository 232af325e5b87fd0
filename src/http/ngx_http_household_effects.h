
/*
 * Writes and counters after a verdict.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_EFFECTS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_EFFECTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* of the writer of a store, which is the data */
extern const ngx_household_writer_calls_t  ngx_http_household_effects_calls;

/* makes the writes that ctx->decision requires */
void ngx_http_household_effects(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/*
 * Counts an evaluated request by status and reason.  If it was evaluated before
 * in another location, its former count is moved.
 */
void ngx_http_household_effects_count(ngx_http_household_ctx_t *ctx);

#endif /* _NGX_HTTP_HOUSEHOLD_EFFECTS_H_INCLUDED_ */
