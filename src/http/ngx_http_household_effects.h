
/*
 * Writes and counters after a verdict.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_EFFECTS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_EFFECTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* writes what ctx->decision says is to be noted */
void ngx_http_household_effects(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/*
 * Counts a request that was judged.  If it was before, in another place, it is
 * counted as what it is now, and no more as what it was.
 */
void ngx_http_household_effects_count(ngx_http_household_ctx_t *ctx);

/* counts a note that was not written; "data" is the store */
void ngx_http_household_effects_write_dropped(void *data);


#endif /* _NGX_HTTP_HOUSEHOLD_EFFECTS_H_INCLUDED_ */
