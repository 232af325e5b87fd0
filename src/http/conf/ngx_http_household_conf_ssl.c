
/*
 * TLS: in the household_redis block, and for keys that are fetched.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"


/* certificates between that of the server and that of the CA */
#define NGX_HTTP_HOUSEHOLD_SSL_DEPTH  4


#if (NGX_SSL)

/* an nginx without TLS has none of these, and loads the module all the same */

#pragma weak ngx_ssl_certificate
#pragma weak ngx_ssl_ciphers
#pragma weak ngx_ssl_cleanup_ctx
#pragma weak ngx_ssl_client_session_cache
#pragma weak ngx_ssl_create
#pragma weak ngx_ssl_crl
#pragma weak ngx_ssl_error
#pragma weak ngx_ssl_trusted_certificate


static void ngx_http_household_ssl_redis_unused(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl);
static ngx_ssl_t *ngx_http_household_ssl_create(ngx_conf_t *cf,
    ngx_uint_t protocols);
static char *ngx_http_household_ssl_redis_check(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl);
static ngx_int_t ngx_http_household_ssl_redis_files(ngx_conf_t *cf,
    ngx_ssl_t *ctx, ngx_http_household_redis_ssl_t *ssl);


static ngx_conf_bitmask_t  ngx_http_household_redis_ssl_protocols[] = {
    { ngx_string("TLSv1"), NGX_SSL_TLSv1 },
    { ngx_string("TLSv1.1"), NGX_SSL_TLSv1_1 },
    { ngx_string("TLSv1.2"), NGX_SSL_TLSv1_2 },
    { ngx_string("TLSv1.3"), NGX_SSL_TLSv1_3 },
    { ngx_null_string, 0 }
};


ngx_command_t  ngx_http_household_redis_ssl_commands[] = {

    { ngx_string("ssl"),
      NGX_CONF_TAKE1,
      ngx_conf_set_flag_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, on),
      NULL },

    { ngx_string("ssl_verify"),
      NGX_CONF_TAKE1,
      ngx_conf_set_flag_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, verify),
      NULL },

    { ngx_string("ssl_verify_depth"),
      NGX_CONF_TAKE1,
      ngx_http_household_set_num,
      0,
      offsetof(ngx_http_household_redis_ssl_t, depth),
      NULL },

    { ngx_string("ssl_name"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, name),
      NULL },

    { ngx_string("ssl_trusted_certificate"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, trusted),
      NULL },

    { ngx_string("ssl_crl"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, crl),
      NULL },

    { ngx_string("ssl_certificate"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, certificate),
      NULL },

    { ngx_string("ssl_certificate_key"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, key),
      NULL },

    { ngx_string("ssl_protocols"),
      NGX_CONF_TAKE1234,
      ngx_http_household_set_bitmask,
      0,
      offsetof(ngx_http_household_redis_ssl_t, protocols),
      &ngx_http_household_redis_ssl_protocols },

    { ngx_string("ssl_ciphers"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_household_redis_ssl_t, ciphers),
      NULL },

      ngx_null_command
};


void
ngx_http_household_ssl_redis_unset(ngx_http_household_redis_ssl_t *ssl)
{
    ngx_memzero(ssl, sizeof(ngx_http_household_redis_ssl_t));

    ssl->on = NGX_CONF_UNSET;
    ssl->verify = NGX_CONF_UNSET;
    ssl->depth = NGX_CONF_UNSET;
}


char *
ngx_http_household_ssl_redis_init(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl)
{
    ngx_ssl_t  *ctx;

    ngx_http_household_ssl_redis_unused(cf, rcf, ssl);

    ngx_conf_init_value(ssl->on, 0);
    ngx_conf_init_value(ssl->verify, 1);
    ngx_conf_init_value(ssl->depth, 1);

    rcf->ssl = ssl->on;
    rcf->ssl_verify = ssl->verify;
    rcf->ssl_name = ssl->name;

    if (!ssl->on) {
        return NGX_CONF_OK;
    }

    if (ssl->protocols == 0) {
        ssl->protocols = NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3;
    }

    if (ngx_http_household_ssl_redis_check(cf, rcf, ssl) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    ctx = ngx_http_household_ssl_create(cf, ssl->protocols);
    if (ctx == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_household_ssl_redis_files(cf, ctx, ssl) != NGX_OK
        || ngx_ssl_client_session_cache(cf, ctx, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rcf->ssl_ctx = ctx;

    return NGX_CONF_OK;
}


/* certificates are configured, and the password would be sent in clear text */

static void
ngx_http_household_ssl_redis_unused(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl)
{
    if (ssl->on != NGX_CONF_UNSET
        || (ssl->verify == NGX_CONF_UNSET && ssl->depth == NGX_CONF_UNSET
            && ssl->protocols == 0 && ssl->name.len == 0
            && ssl->trusted.len == 0 && ssl->crl.len == 0
            && ssl->certificate.len == 0 && ssl->key.len == 0
            && ssl->ciphers.len == 0))
    {
        return;
    }

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "\"ssl_...\" has no effect without \"ssl on\" in "
                       "household_redis \"%V\"", &rcf->name);
}


/* the context is freed with the configuration */

static ngx_ssl_t *
ngx_http_household_ssl_create(ngx_conf_t *cf, ngx_uint_t protocols)
{
    ngx_ssl_t           *ctx;
    ngx_pool_cleanup_t  *cln;

    ctx = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->log = cf->log;

    if (ngx_ssl_create(ctx, protocols, NULL) != NGX_OK) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(ctx);
        return NULL;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ctx;

    return ctx;
}


ngx_uint_t
ngx_http_household_ssl_supported(void)
{
    return ngx_ssl_create != NULL;
}


ngx_ssl_t *
ngx_http_household_ssl_trust(ngx_conf_t *cf, ngx_str_t trusted)
{
    ngx_ssl_t  *ctx;

    ctx = ngx_http_household_ssl_create(cf, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3);
    if (ctx == NULL) {
        return NULL;
    }

    if (trusted.len) {
        return ngx_ssl_trusted_certificate(cf, ctx, &trusted,
                                           NGX_HTTP_HOUSEHOLD_SSL_DEPTH)
               == NGX_OK ? ctx : NULL;
    }

    if (SSL_CTX_set_default_verify_paths(ctx->ctx) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NULL;
    }

    return ctx;
}


static char *
ngx_http_household_ssl_redis_check(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl)
{
    ngx_uint_t                     i;
    ngx_household_redis_server_t  *servers;

    if (!ngx_http_household_ssl_supported()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ssl\" " NGX_HTTP_HOUSEHOLD_NO_SSL
                           " in household_redis \"%V\"", &rcf->name);
        return NGX_CONF_ERROR;
    }

    if ((ssl->certificate.len != 0) != (ssl->key.len != 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ssl_certificate\" and \"ssl_certificate_key\" "
                           "require each other in household_redis \"%V\"",
                           &rcf->name);
        return NGX_CONF_ERROR;
    }

    if (!ssl->verify) {
        return NGX_CONF_OK;
    }

    if (ssl->trusted.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"ssl on\" requires \"ssl_trusted_certificate\" "
                           "with the CA of the server's certificate, or "
                           "\"ssl_verify off\", in household_redis \"%V\"",
                           &rcf->name);
        return NGX_CONF_ERROR;
    }

    servers = rcf->servers.elts;

    for (i = 0; i < rcf->servers.nelts; i++) {

        if (servers[i].host.len == 0 && ssl->name.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"ssl_name\" is required to verify the "
                               "certificate of \"%V\" in household_redis "
                               "\"%V\"", &servers[i].name, &rcf->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_household_ssl_redis_files(ngx_conf_t *cf, ngx_ssl_t *ctx,
    ngx_http_household_redis_ssl_t *ssl)
{
    if (ssl->ciphers.len
        && ngx_ssl_ciphers(cf, ctx, &ssl->ciphers, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ssl->certificate.len
        && ngx_ssl_certificate(cf, ctx, &ssl->certificate, &ssl->key, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ssl->trusted.len
        && ngx_ssl_trusted_certificate(cf, ctx, &ssl->trusted, ssl->depth)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_ssl_crl(cf, ctx, &ssl->crl);
}


#else


ngx_uint_t
ngx_http_household_ssl_supported(void)
{
    return 0;
}


static char *ngx_http_household_ssl_redis_none(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


ngx_command_t  ngx_http_household_redis_ssl_commands[] = {

    { ngx_string("ssl"),
      NGX_CONF_TAKE1,
      ngx_http_household_ssl_redis_none,
      0,
      0,
      NULL },

      ngx_null_command
};


static char *
ngx_http_household_ssl_redis_none(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcasecmp(value[1].data, (u_char *) "off") == 0) {
        return NGX_CONF_OK;
    }

    return NGX_HTTP_HOUSEHOLD_NO_SSL;
}


void
ngx_http_household_ssl_redis_unset(ngx_http_household_redis_ssl_t *ssl)
{
    ngx_memzero(ssl, sizeof(ngx_http_household_redis_ssl_t));
}


char *
ngx_http_household_ssl_redis_init(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl)
{
    return NGX_CONF_OK;
}

#endif
