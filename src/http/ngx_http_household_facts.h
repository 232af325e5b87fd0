
/*
 * The input of an evaluation.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_FACTS_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_FACTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_ctx.h"


/* of values with variables: called by the functions at the end */
ngx_int_t ngx_http_household_facts_mode_value(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *mode);
ngx_int_t ngx_http_household_facts_rollout_value(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *rollout);
ngx_int_t ngx_http_household_facts_issued_at_value(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx);

/* fills what directives say of a policy, other than its mode and rollout */
void ngx_http_household_facts_directives(ngx_http_household_loc_conf_t *hlcf,
    ngx_household_policy_t *policy);

/* sets ctx->country; there must be a database of countries */
void ngx_http_household_facts_country(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, const ngx_household_addr_t *addr);

/* fills the other facts; returns NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_household_facts_collect(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    const ngx_household_addr_t *addr, ngx_household_facts_t *facts);

/*
 * Returns 1 if two locations have the same store, identity and policy.  The
 * directives of the response are not compared.
 */
ngx_uint_t ngx_http_household_facts_same(ngx_http_household_loc_conf_t *a,
    ngx_http_household_loc_conf_t *b);


/* each request calls the functions below, which are therefore inline */

/* evaluates "household", to NGX_HOUSEHOLD_OFF, ...; NGX_OK or NGX_ERROR */

static ngx_inline ngx_int_t
ngx_http_household_facts_mode(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *mode)
{
    *mode = hlcf->mode;

    return hlcf->mode_value == NULL
           ? NGX_OK : ngx_http_household_facts_mode_value(r, hlcf, mode);
}


/* evaluates "household_rollout", to hundredths of a percent; likewise */

static ngx_inline ngx_int_t
ngx_http_household_facts_rollout(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_uint_t *rollout)
{
    *rollout = hlcf->rollout;

    return hlcf->rollout_value == NULL
           ? NGX_OK : ngx_http_household_facts_rollout_value(r, hlcf, rollout);
}


/* sets ctx->issued_at, seconds, unless a token did; likewise */

static ngx_inline ngx_int_t
ngx_http_household_facts_issued_at(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx)
{
    return hlcf->issued_at == NULL || ctx->token
           ? NGX_OK : ngx_http_household_facts_issued_at_value(r, hlcf, ctx);
}


#endif /* _NGX_HTTP_HOUSEHOLD_FACTS_H_INCLUDED_ */
