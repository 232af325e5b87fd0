
/*
 * The input of an evaluation.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_FACTS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_FACTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* evaluates "household", to NGX_HOUSEHOLD_OFF, ...; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_facts_mode(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *mode);

/* evaluates "household_rollout", to hundredths of a percent; likewise */
ngx_int_t ngx_http_household_facts_rollout(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *rollout);

/* sets ctx->issued_at, seconds, unless a token did; likewise */
ngx_int_t ngx_http_household_facts_issued_at(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/*
 * Fills the policy, loosened by the override, and sets ctx->mode and
 * ctx->rollout; likewise.
 */
ngx_int_t ngx_http_household_facts_policy(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_policy_t *policy);

/* fills what directives say of a policy, other than its mode and rollout */
void ngx_http_household_facts_directives(ngx_http_household_loc_conf_t *hlcf,
    ngx_household_policy_t *policy);

/* fills the facts, and sets ctx->country; likewise */
ngx_int_t ngx_http_household_facts_collect(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_household_facts_t *facts);

/*
 * Returns 1 if two locations have the same store, identity and policy.  The
 * directives of the response are not compared.
 */
ngx_uint_t ngx_http_household_facts_same(ngx_http_household_loc_conf_t *a,
    ngx_http_household_loc_conf_t *b);


#endif /* _NGX_HTTP_HOUSEHOLD_FACTS_H_INCLUDED_ */
