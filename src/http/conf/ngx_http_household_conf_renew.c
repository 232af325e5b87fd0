
/*
 * The directive household_token_renew.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"


#if (NGX_HOUSEHOLD_CDNI || NGX_HOUSEHOLD_CAT)

/* seconds from the first token on in which it is renewed */
#define NGX_HTTP_HOUSEHOLD_RENEWAL_MAX  86400


static ngx_int_t ngx_http_household_renew_params(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf);


char *
ngx_http_household_set_token_renew(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t             *value;
    ngx_uint_t             i;
    ngx_household_jwks_t  *jwks;

    if (hlcf->token.renewal != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        hlcf->token.renewal = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_household_renew_params(cf, &hlcf->token) != NGX_OK) {
        return ngx_http_household_conf_invalid(cf, cmd, &value[2]);
    }

    jwks = ngx_http_household_keys_load(cf, cmd, &value[1]);
    if (jwks == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < jwks->nkeys; i++) {
        if (jwks->keys[i].key.pkey != NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of \"%V\" has a key that is no secret",
                               &value[1], &cmd->name);
            return NGX_CONF_ERROR;
        }
    }

    hlcf->token.renewal = jwks;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_household_renew_params(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf)
{
    time_t      max;
    ngx_str_t  *value, text;

    value = cf->args->elts;
    max = NGX_HTTP_HOUSEHOLD_RENEWAL_MAX;

    if (cf->args->nelts > 2) {

        if (ngx_strncmp(value[2].data, "max=", 4) != 0) {
            return NGX_DECLINED;
        }

        text.data = value[2].data + 4;
        text.len = value[2].len - 4;

        max = ngx_parse_time(&text, 1);

        if (max < 1 || max > NGX_HTTP_HOUSEHOLD_SEC_MAX) {
            return NGX_DECLINED;
        }
    }

    conf->renewal_max = max;

    return NGX_OK;
}

#else

char *
ngx_http_household_set_token_renew(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    return "needs URI Signing or Common Access Tokens, which this module was "
           "built without (HOUSEHOLD_CDNI=no, HOUSEHOLD_CAT=no)";
}

#endif
