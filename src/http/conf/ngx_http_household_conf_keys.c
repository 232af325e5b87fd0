
/*
 * Files of keys.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cat.h"
#include "ngx_http_household_conf.h"


typedef struct {
    ngx_conf_t  *cf;
    ngx_str_t   *file;
} ngx_http_household_keys_ctx_t;


static ngx_household_jwks_t *ngx_http_household_keys_parse(ngx_str_t *text,
    ngx_http_household_keys_ctx_t *ctx, char *error);
static void ngx_http_household_keys_skip(void *data, const char *text);
static void ngx_http_household_keys_free(void *data);


ngx_household_jwks_t *
ngx_http_household_keys_load(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *file)
{
    char                            error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t                       text;
    ngx_pool_cleanup_t             *cln;
    ngx_household_jwks_t           *jwks;
    ngx_http_household_keys_ctx_t  ctx;

    if (ngx_http_household_conf_read_file(cf, cmd, file,
                                          NGX_HOUSEHOLD_JWKS_SIZE, &text)
        != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    ctx.cf = cf;
    ctx.file = file;

    jwks = ngx_http_household_keys_parse(&text, &ctx, error);

    /* the file may contain secrets */
    ngx_explicit_memzero(text.data, text.len);

    if (jwks == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" of \"%V\": %s",
                           file, &cmd->name, error);
        return NULL;
    }

    cln->handler = ngx_http_household_keys_free;
    cln->data = jwks;

    return jwks;
}


/* a COSE_KeySet, by its first byte, or a JWK Set */

static ngx_household_jwks_t *
ngx_http_household_keys_parse(ngx_str_t *text,
    ngx_http_household_keys_ctx_t *ctx, char *error)
{
#if (NGX_HOUSEHOLD_CAT)

    if (ngx_http_household_cat_keys_are(text)) {
        return ngx_http_household_cat_keys_parse(text,
                                                 ngx_http_household_keys_skip,
                                                 ctx, error);
    }

#endif

    return ngx_household_jwks_parse(text, ngx_http_household_keys_skip,
                                    ctx, error);
}


static void
ngx_http_household_keys_skip(void *data, const char *text)
{
    ngx_http_household_keys_ctx_t *ctx = data;

    ngx_conf_log_error(NGX_LOG_WARN, ctx->cf, 0, "\"%V\": %s, skipped",
                       ctx->file, text);
}


static void
ngx_http_household_keys_free(void *data)
{
    ngx_household_jwks_destroy(data);
}
