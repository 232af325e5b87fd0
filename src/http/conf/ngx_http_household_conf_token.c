
/*
 * The household_token directives.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_token.h"
#include "ngx_http_household_value.h"


#define NGX_HTTP_HOUSEHOLD_LEEWAY  30          /* seconds */


static void ngx_http_household_token_package(
    ngx_http_household_token_conf_t *conf, ngx_str_t *package);
static ngx_int_t ngx_http_household_token_renewed(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf);
static ngx_int_t ngx_http_household_token_cat_policy(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf);
static ngx_array_t *ngx_http_household_token_names(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf, ngx_http_household_source_e type);
static ngx_household_zone_ns_t *ngx_http_household_token_cache(ngx_conf_t *cf,
    ngx_household_zone_t *zone, ngx_household_jwt_policy_t *policy);
static ngx_uint_t ngx_http_household_token_format_cat(ngx_conf_t *cf);
static ngx_int_t ngx_http_household_token_add_issuer(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *tcf, ngx_uint_t cat,
    ngx_household_jwt_issuer_t **issuer, ngx_household_keyset_t ***keyset);
static ngx_int_t ngx_http_household_token_issuer_param(
    ngx_household_jwt_issuer_t *issuer, ngx_str_t *value);
static ngx_int_t ngx_http_household_token_claim_name(ngx_conf_t *cf,
    ngx_str_t *text, ngx_str_t *name);


void
ngx_http_household_token_create(ngx_http_household_token_conf_t *conf)
{
    conf->sources = NGX_CONF_UNSET_PTR;
    conf->issuers = NGX_CONF_UNSET_PTR;
    conf->keysets = NGX_CONF_UNSET_PTR;
    conf->cat_issuers = NGX_CONF_UNSET_PTR;
    conf->claims = NGX_CONF_UNSET_PTR;
    conf->requires = NGX_CONF_UNSET_PTR;
    conf->leeway = NGX_CONF_UNSET;
    conf->cdniip = NGX_CONF_UNSET_PTR;
    conf->renewal = NGX_CONF_UNSET_PTR;
    conf->renewal_max = NGX_CONF_UNSET;
}


void
ngx_http_household_token_merge(ngx_http_household_token_conf_t *prev,
    ngx_http_household_token_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->issuers, prev->issuers, NULL);
    ngx_conf_merge_ptr_value(conf->keysets, prev->keysets, NULL);
    ngx_conf_merge_ptr_value(conf->cat_issuers, prev->cat_issuers, NULL);
    ngx_conf_merge_ptr_value(conf->claims, prev->claims, NULL);
    ngx_conf_merge_ptr_value(conf->requires, prev->requires, NULL);
    ngx_conf_merge_ptr_value(conf->cdniip, prev->cdniip, NULL);
    ngx_conf_merge_ptr_value(conf->renewal, prev->renewal, NULL);
    ngx_conf_merge_sec_value(conf->renewal_max, prev->renewal_max, 0);
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway,
                             NGX_HTTP_HOUSEHOLD_LEEWAY);
}


char *
ngx_http_household_token_build_policy(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf, ngx_household_zone_t *zone)
{
    ngx_str_t                         *claims;
    ngx_household_jwt_policy_t        *policy;
    ngx_http_household_main_conf_t    *hmcf;
    ngx_http_household_token_conf_t  **token;

    if (conf->issuers == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"household_token\" without \"household_token_key\" "
                      "in %s:%ui", conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    policy = &conf->policy;

    policy->issuers = conf->issuers->elts;
    policy->nissuers = conf->issuers->nelts;
    policy->cdniip = conf->cdniip;
    policy->leeway = conf->leeway;
    policy->max_size = NGX_HOUSEHOLD_JWT_SIZE;

    policy->renewal = conf->renewal;
    policy->renewal_max = conf->renewal_max;

    ngx_http_household_token_package(conf, &policy->package);

    if (ngx_http_household_token_renewed(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&policy->account, "sub");
    ngx_str_null(&policy->device);

    if (conf->claims != NULL) {
        claims = conf->claims->elts;

        if (claims[0].len) {
            policy->account = claims[0];
        }

        policy->device = claims[1];
    }

    if (ngx_http_household_token_cat_policy(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf->zone = zone;

    if (ngx_http_household_keyset_enable(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    token = ngx_array_push(&hmcf->tokens);
    if (token == NULL) {
        return NGX_CONF_ERROR;
    }

    *token = conf;

    return NGX_CONF_OK;
}


/* the policy of a JWT, with keys and sources of Common Access Tokens */

static ngx_int_t
ngx_http_household_token_cat_policy(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf)
{
    if (conf->cat_issuers->nelts == 0) {
        return NGX_OK;
    }

    conf->cat = conf->policy;
    conf->cat.issuers = conf->cat_issuers->elts;
    conf->cat.nissuers = conf->cat_issuers->nelts;
    conf->cat.cat = 1;

    conf->arguments = ngx_http_household_token_names(cf, conf,
                                                 NGX_HTTP_HOUSEHOLD_ARGUMENT);
    conf->parameters = ngx_http_household_token_names(cf, conf,
                                                 NGX_HTTP_HOUSEHOLD_PATH);

    return conf->arguments != NULL && conf->parameters != NULL
           ? NGX_OK : NGX_ERROR;
}


/* the names of the sources of a type; or NULL */

static ngx_array_t *
ngx_http_household_token_names(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf, ngx_http_household_source_e type)
{
    ngx_str_t                    *name;
    ngx_uint_t                    i;
    ngx_array_t                  *names;
    ngx_http_household_source_t  *source;

    names = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (names == NULL) {
        return NULL;
    }

    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {

        if (source[i].type != type) {
            continue;
        }

        name = ngx_array_push(names);
        if (name == NULL) {
            return NULL;
        }

        *name = source[i].name;
    }

    return names;
}


ngx_int_t
ngx_http_household_token_init(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf, ngx_array_t *names)
{
    conf->policy.values = names->elts;
    conf->policy.nvalues = names->nelts;
    conf->cat.values = names->elts;
    conf->cat.nvalues = names->nelts;

    if (conf->zone == NULL) {
        return NGX_OK;
    }

    if (conf->cat.nissuers != 0) {
        conf->cat_cache = ngx_http_household_token_cache(cf, conf->zone,
                                                         &conf->cat);

        if (conf->cat_cache == NULL) {
            return NGX_ERROR;
        }
    }

    if (conf->policy.nissuers != 0) {
        conf->cache = ngx_http_household_token_cache(cf, conf->zone,
                                                     &conf->policy);

        if (conf->cache == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_household_zone_ns_t *
ngx_http_household_token_cache(ngx_conf_t *cf, ngx_household_zone_t *zone,
    ngx_household_jwt_policy_t *policy)
{
    u_char     digest[NGX_HOUSEHOLD_JWT_DIGEST];
    ngx_str_t  fingerprint;

    if (ngx_household_jwt_policy_digest(policy, digest) != NGX_OK) {
        return NULL;
    }

    fingerprint.data = digest;
    fingerprint.len = sizeof(digest);

    return ngx_household_zone_ns(cf, zone, NGX_HOUSEHOLD_ZONE_TOKEN,
                                 &fingerprint, 0);
}


/* RFC 9246, 2: this parameter has the token and is not part of the URI */

static void
ngx_http_household_token_package(ngx_http_household_token_conf_t *conf,
    ngx_str_t *package)
{
    ngx_uint_t                    i;
    ngx_http_household_source_t  *source;

    ngx_str_set(package, NGX_HOUSEHOLD_URISIGNING_PACKAGE);

    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {
        if (!source[i].cat
            && (source[i].type == NGX_HTTP_HOUSEHOLD_ARGUMENT
                || source[i].type == NGX_HTTP_HOUSEHOLD_PATH))
        {
            *package = source[i].name;
            return;
        }
    }
}


/* the source that reads the cookie of a renewed token of URI Signing */

static ngx_int_t
ngx_http_household_token_renewed(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf)
{
    ngx_str_t                    *package;
    ngx_uint_t                    i;
    ngx_http_household_source_t  *source;

    if (conf->renewal == NULL) {
        return NGX_OK;
    }

    conf->cat_renewed = conf->cat_issuers->nelts != 0;

    if (conf->issuers->nelts == 0) {
        return NGX_OK;
    }

    package = &conf->policy.package;
    source = conf->sources->elts;

    for (i = 0; i < conf->sources->nelts; i++) {
        if (source[i].type == NGX_HTTP_HOUSEHOLD_COOKIE
            && source[i].name.len == package->len
            && ngx_strncasecmp(source[i].name.data, package->data,
                               package->len)
               == 0)
        {
            conf->renewed = &source[i];
            return NGX_OK;
        }
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"household_token_renew\" needs \"$cookie_%V\" in "
                  "\"household_token\" in %s:%ui", package, conf->file,
                  conf->line);

    return NGX_ERROR;
}


char *
ngx_http_household_set_token_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                            *value;
    ngx_uint_t                            i, url, cat, format;
    ngx_household_keyset_t              **keyset;
    ngx_household_jwt_issuer_t           *issuer;
    ngx_http_household_keyset_params_t    params;

    value = cf->args->elts;
    cat = ngx_http_household_token_format_cat(cf);
    url = ngx_http_household_keyset_is_url(&value[1]);

#if !(NGX_HOUSEHOLD_CAT)
    if (cat) {
        return "has \"format=cat\", but the module was built without "
               "Common Access Tokens (HOUSEHOLD_CAT=no)";
    }
#endif

    if (cat && url) {
        return "with \"format=cat\" takes a file, and no URL";
    }

    if (ngx_http_household_token_add_issuer(cf, &hlcf->token, cat, &issuer,
                                            &keyset)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&params, sizeof(ngx_http_household_keyset_params_t));

    params.url = value[1];
    format = 0;

    for (i = 2; i < cf->args->nelts; i++) {

        if (!format && (ngx_strcmp(value[i].data, "format=cat") == 0
                        || ngx_strcmp(value[i].data, "format=jwt") == 0))
        {
            format = 1;
            continue;
        }

        if (ngx_http_household_token_issuer_param(issuer, &value[i]) == NGX_OK
            || (url && ngx_http_household_keyset_param(&params, &value[i])
                       == NGX_OK))
        {
            continue;
        }

        return ngx_http_household_conf_invalid(cf, cmd, &value[i]);
    }

    if (url) {
        *keyset = ngx_http_household_keyset_find_or_add(cf, cmd, &params);

        return *keyset != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    issuer->jwks = ngx_http_household_keys_load(cf, cmd, &value[1]);

    return issuer->jwks != NULL ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_uint_t
ngx_http_household_token_format_cat(ngx_conf_t *cf)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_strcmp(value[i].data, "format=cat") == 0) {
            return 1;
        }
    }

    return 0;
}


/* a level with keys of one format inherits none of the other */

static ngx_int_t
ngx_http_household_token_add_issuer(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *tcf, ngx_uint_t cat,
    ngx_household_jwt_issuer_t **issuer, ngx_household_keyset_t ***keyset)
{
    if (tcf->issuers == NGX_CONF_UNSET_PTR) {
        tcf->issuers = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_household_jwt_issuer_t));
        tcf->cat_issuers = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_household_jwt_issuer_t));
        tcf->keysets = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_household_keyset_t *));

        if (tcf->issuers == NULL || tcf->cat_issuers == NULL
            || tcf->keysets == NULL)
        {
            return NGX_ERROR;
        }
    }

    *issuer = ngx_array_push(cat ? tcf->cat_issuers : tcf->issuers);
    if (*issuer == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(*issuer, sizeof(ngx_household_jwt_issuer_t));

    *keyset = NULL;

    if (!cat) {
        *keyset = ngx_array_push(tcf->keysets);
        if (*keyset == NULL) {
            return NGX_ERROR;
        }

        **keyset = NULL;
    }

    (*issuer)->audiences = ngx_palloc(cf->pool,
                                      cf->args->nelts * sizeof(ngx_str_t));

    return (*issuer)->audiences != NULL ? NGX_OK : NGX_ERROR;
}


/* "issuer=", "audience=" or "type="; NGX_OK, or NGX_DECLINED if invalid */

static ngx_int_t
ngx_http_household_token_issuer_param(ngx_household_jwt_issuer_t *issuer,
    ngx_str_t *value)
{
    if (value->len > 7 && issuer->name.len == 0
        && ngx_strncmp(value->data, "issuer=", 7) == 0)
    {
        issuer->name.data = value->data + 7;
        issuer->name.len = value->len - 7;
        return NGX_OK;
    }

    if (value->len > 9 && ngx_strncmp(value->data, "audience=", 9) == 0) {
        issuer->audiences[issuer->naudiences].data = value->data + 9;
        issuer->audiences[issuer->naudiences++].len = value->len - 9;
        return NGX_OK;
    }

    if (value->len > 5 && issuer->type.len == 0
        && ngx_strncmp(value->data, "type=", 5) == 0)
    {
        issuer->type.data = value->data + 5;
        issuer->type.len = value->len - 5;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


char *
ngx_http_household_set_token_claims(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t   *value, *claims, text;
    ngx_uint_t   i, n;

    static const ngx_str_t  names[] = {
        ngx_string("account="),
        ngx_string("device=")
    };

    if (hlcf->token.claims != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    hlcf->token.claims = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (hlcf->token.claims == NULL) {
        return NGX_CONF_ERROR;
    }

    claims = ngx_array_push_n(hlcf->token.claims, 2);
    ngx_memzero(claims, 2 * sizeof(ngx_str_t));

    for (i = 1; i < cf->args->nelts; i++) {

        for (n = 0; n < 2; n++) {

            if (value[i].len > names[n].len && claims[n].len == 0
                && ngx_strncmp(value[i].data, names[n].data, names[n].len)
                   == 0)
            {
                break;
            }
        }

        if (n == 2) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[i]);
        }

        text.data = value[i].data + names[n].len;
        text.len = value[i].len - names[n].len;

        if (ngx_http_household_token_claim_name(cf, &text, &claims[n])
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* claim names are NUL-terminated: jansson looks them up */

static ngx_int_t
ngx_http_household_token_claim_name(ngx_conf_t *cf, ngx_str_t *text,
    ngx_str_t *name)
{
    name->len = text->len;
    name->data = ngx_pnalloc(cf->pool, text->len + 1);

    if (name->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(name->data, text->data, text->len + 1);

    return NGX_OK;
}


char *
ngx_http_household_set_token_require(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                     *value;
    ngx_uint_t                     i, n, status;
    ngx_http_household_require_t  *require;

    value = cf->args->elts;
    n = cf->args->nelts;
    status = NGX_HTTP_UNAUTHORIZED;

    if (ngx_strncmp(value[n - 1].data, "error=", 6) == 0) {
        n--;

        if (ngx_strcmp(value[n].data, "error=403") == 0) {
            status = NGX_HTTP_FORBIDDEN;

        } else if (ngx_strcmp(value[n].data, "error=401") != 0) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[n]);
        }

        if (n == 1) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[n]);
        }
    }

    if (hlcf->token.requires == NGX_CONF_UNSET_PTR) {
        hlcf->token.requires = ngx_array_create(cf->pool, 2,
                                        sizeof(ngx_http_household_require_t));
        if (hlcf->token.requires == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < n; i++) {

        if (ngx_http_script_variables_count(&value[i]) == 0) {
            return ngx_http_household_conf_invalid(cf, cmd, &value[i]);
        }

        require = ngx_array_push(hlcf->token.requires);
        if (require == NULL) {
            return NGX_CONF_ERROR;
        }

        require->status = status;

        if (ngx_http_household_value_compile_complex(cf, &value[i],
                                                     &require->value)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
