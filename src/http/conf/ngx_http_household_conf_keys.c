
/*
 * Files of keys.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cat.h"
#include "ngx_http_household_conf.h"


typedef struct {
    ngx_conf_t  *cf;
    ngx_str_t   *file;
    ngx_uint_t   skipped;
} ngx_http_household_keys_ctx_t;


/* a set, by the digest of its text */

typedef struct {
    ngx_str_node_t         node;       /* must be first */
    ngx_household_jwks_t  *jwks;
    u_char                 digest[20];
} ngx_http_household_keys_set_t;


static ngx_household_jwks_t *ngx_http_household_keys_parse(ngx_str_t *text,
    ngx_http_household_keys_ctx_t *ctx, char *error);
static ngx_http_household_keys_set_t *ngx_http_household_keys_set(
    ngx_conf_t *cf, const ngx_str_t *text);
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
    ngx_http_household_keys_ctx_t   ctx;
    ngx_http_household_keys_set_t  *set;

    if (ngx_http_household_conf_read_file(cf, cmd, file,
                                          NGX_HOUSEHOLD_JWKS_SIZE, &text)
        != NGX_OK)
    {
        return NULL;
    }

    set = ngx_http_household_keys_set(cf, &text);
    cln = set != NULL ? ngx_pool_cleanup_add(cf->pool, 0) : NULL;

    if (cln == NULL) {
        return NULL;
    }

    ctx.cf = cf;
    ctx.file = file;
    ctx.skipped = 0;

    jwks = set->jwks;

    if (jwks == NULL) {
        jwks = ngx_http_household_keys_parse(&text, &ctx, error);

        if (jwks != NULL) {
            cln->handler = ngx_http_household_keys_free;
            cln->data = jwks;
        }
    }

    /* the file may contain secrets */
    ngx_explicit_memzero(text.data, text.len);
    (void) ngx_pfree(cf->pool, text.data);

    if (jwks == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" of \"%V\": %s",
                           file, &cmd->name, error);
        return NULL;
    }

    if (!ctx.skipped) {
        set->jwks = jwks;
    }

    return jwks;
}


/*
 * Thousands of locations may name one file, and to check an RSA key takes
 * milliseconds: the same text is parsed once, unless lines of the log tell of
 * it.  Returns its set, whose jwks may be NULL; or NULL if there is no memory.
 */

static ngx_http_household_keys_set_t *
ngx_http_household_keys_set(ngx_conf_t *cf, const ngx_str_t *text)
{
    u_char                           digest[20];
    uint32_t                         hash;
    ngx_str_t                        name;
    ngx_sha1_t                       sha1;
    ngx_http_household_keys_set_t   *set;
    ngx_http_household_main_conf_t  *hmcf;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, text->data, text->len);
    ngx_sha1_final(digest, &sha1);

    name.len = sizeof(digest);
    name.data = digest;
    hash = ngx_crc32_short(digest, sizeof(digest));

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    set = (ngx_http_household_keys_set_t *)
              ngx_str_rbtree_lookup(&hmcf->keys, &name, hash);

    if (set != NULL) {
        return set;
    }

    set = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_keys_set_t));
    if (set == NULL) {
        return NULL;
    }

    ngx_memcpy(set->digest, digest, sizeof(digest));

    set->node.node.key = hash;
    set->node.str.len = sizeof(digest);
    set->node.str.data = set->digest;

    ngx_rbtree_insert(&hmcf->keys, &set->node.node);

    return set;
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

    ctx->skipped = 1;

    ngx_conf_log_error(NGX_LOG_WARN, ctx->cf, 0, "\"%V\": %s, skipped",
                       ctx->file, text);
}


static void
ngx_http_household_keys_free(void *data)
{
    ngx_household_jwks_destroy(data);
}
