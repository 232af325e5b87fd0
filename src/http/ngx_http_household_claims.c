
/*
 * Claims of the verified token: $household_claim_NAME, and what a location
 * requires of them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_claims.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_token.h"


#define NGX_HTTP_HOUSEHOLD_CLAIM  "household_claim_"

#define NGX_HTTP_HOUSEHOLD_CLAIM_LEN  (sizeof(NGX_HTTP_HOUSEHOLD_CLAIM) - 1)


static ngx_int_t ngx_http_household_claims_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_household_claims_early(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *values);


ngx_int_t
ngx_http_household_claims_add_variable(ngx_conf_t *cf)
{
    ngx_str_t             name;
    ngx_http_variable_t  *var;

    ngx_str_set(&name, NGX_HTTP_HOUSEHOLD_CLAIM);

    var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE
                                           |NGX_HTTP_VAR_PREFIX);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_http_household_claims_get;

    return NGX_OK;
}


ngx_int_t
ngx_http_household_claims_names(ngx_conf_t *cf, ngx_array_t *names)
{
    ngx_str_t                  *name;
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (v[i].name.len <= NGX_HTTP_HOUSEHOLD_CLAIM_LEN
            || ngx_strncmp(v[i].name.data, NGX_HTTP_HOUSEHOLD_CLAIM,
                           NGX_HTTP_HOUSEHOLD_CLAIM_LEN)
               != 0)
        {
            continue;
        }

        if (names->nelts == NGX_HOUSEHOLD_JWT_VALUES) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "more than %d variables \"$household_claim_...\"",
                          NGX_HOUSEHOLD_JWT_VALUES);
            return NGX_ERROR;
        }

        name = ngx_array_push(names);
        if (name == NULL) {
            return NGX_ERROR;
        }

        name->data = v[i].name.data + NGX_HTTP_HOUSEHOLD_CLAIM_LEN;
        name->len = v[i].name.len - NGX_HTTP_HOUSEHOLD_CLAIM_LEN;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_claims_get(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *variable = (ngx_str_t *) data;

    ngx_int_t                         rc;
    ngx_str_t                         name, values, value, *names;
    ngx_uint_t                        i;
    ngx_http_household_ctx_t         *ctx;
    ngx_http_household_main_conf_t   *hmcf;

    v->not_found = 1;

    ctx = ngx_http_household_ctx_get(r);

    if (ctx != NULL
        && (ctx->verified || ctx->state != NGX_HTTP_HOUSEHOLD_NEW))
    {
        values = ctx->claims;

    } else {
        rc = ngx_http_household_claims_early(r, ctx, &values);

        if (rc != NGX_OK) {
            return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
        }
    }

    if (values.len == 0) {
        return NGX_OK;
    }

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    name.data = variable->data + NGX_HTTP_HOUSEHOLD_CLAIM_LEN;
    name.len = variable->len - NGX_HTTP_HOUSEHOLD_CLAIM_LEN;

    names = hmcf->claims.elts;

    for (i = 0; i < hmcf->claims.nelts; i++) {

        if (names[i].len == name.len
            && ngx_strncmp(names[i].data, name.data, name.len) == 0)
        {
            break;
        }
    }

    if (i == hmcf->claims.nelts
        || ngx_household_jwt_value(&values, i, &value) != NGX_OK
        || value.len == 0)
    {
        return NGX_OK;
    }

    v->data = value.data;
    v->len = value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/*
 * Before the access phase, e.g. for "limit_req", and for the mode: the token is
 * verified, or recalled, for this alone.  "ctx" may be NULL.  Returns NGX_OK;
 * NGX_DECLINED if there is no good one; or NGX_ERROR.
 */

static ngx_int_t
ngx_http_household_claims_early(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *values)
{
    ngx_household_reason_e            reason;
    ngx_household_jwt_claims_t        claims;
    ngx_http_household_tokens_t       tokens;
    ngx_http_household_verified_t     how;
    ngx_http_household_loc_conf_t    *hlcf;
    ngx_http_household_token_conf_t  *conf;

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);
    conf = &hlcf->token;

    if (conf->sources == NULL || conf->policy.issuers == NULL) {
        return NGX_DECLINED;
    }

    reason = ngx_http_household_token_find(r, conf, &tokens);

    if (reason == NGX_HOUSEHOLD_REASON_TOKEN_MISSING
        && ctx != NULL && ctx->tokens.token.len != 0)
    {
        /* "strip" has removed it */
        tokens = ctx->tokens;
        reason = NGX_HOUSEHOLD_REASON_NONE;
    }

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        reason = ngx_http_household_token_verify_cached(r, conf, &tokens,
                                                        &claims, &how);
    }

    if (reason == NGX_HOUSEHOLD_REASON_ERROR) {
        return NGX_ERROR;
    }

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return NGX_DECLINED;
    }

    return ngx_http_household_claims_copy(r, &claims, values);
}


ngx_int_t
ngx_http_household_claims_copy(ngx_http_request_t *r,
    ngx_household_jwt_claims_t *claims, ngx_str_t *values)
{
    ngx_str_null(values);

    if (claims->values_len == 0) {
        return NGX_OK;
    }

    values->data = ngx_pnalloc(r->pool, claims->values_len);
    if (values->data == NULL) {
        return NGX_ERROR;
    }

    values->len = claims->values_len;
    ngx_memcpy(values->data, claims->values, values->len);

    return NGX_OK;
}


ngx_int_t
ngx_http_household_claims_require(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_uint_t *status)
{
    ngx_str_t                      value;
    ngx_uint_t                     i;
    ngx_http_household_require_t  *require;

    require = conf->requires->elts;

    for (i = 0; i < conf->requires->nelts; i++) {

        if (ngx_http_complex_value(r, &require[i].value, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len == 0 || (value.len == 1 && value.data[0] == '0')) {
            *status = require[i].status;
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
