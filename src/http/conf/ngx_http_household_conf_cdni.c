
/*
 * The directives of URI Signing (RFC 9246).
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"


#if (NGX_HOUSEHOLD_CDNI)

static void ngx_http_household_cdni_free_cdniip(void *data);


char *
ngx_http_household_set_token_cdniip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    char                 error[NGX_HOUSEHOLD_CDNIIP_ERROR];
    ngx_str_t           *value, text;
    ngx_pool_cleanup_t  *cln;

    if (hlcf->token.cdniip != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        hlcf->token.cdniip = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_household_conf_read_file(cf, cmd, &value[1],
                                          NGX_HOUSEHOLD_CDNIIP_SIZE, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    hlcf->token.cdniip = ngx_household_cdniip_keys_parse(&text, error);

    /* the file contains secrets */
    ngx_explicit_memzero(text.data, text.len);
    (void) ngx_pfree(cf->pool, text.data);

    if (hlcf->token.cdniip == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" of \"%V\": %s",
                           &value[1], &cmd->name, error);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_household_cdni_free_cdniip;
    cln->data = hlcf->token.cdniip;

    return NGX_CONF_OK;
}


static void
ngx_http_household_cdni_free_cdniip(void *data)
{
    ngx_household_cdniip_keys_destroy(data);
}

#else

char *
ngx_http_household_set_token_cdniip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    return "needs URI Signing, which this module was built without "
           "(HOUSEHOLD_CDNI=no)";
}

#endif
