
/*
 * The directive "household_token": where a token is looked for.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_value.h"


#define NGX_HTTP_HOUSEHOLD_ONE_IDENTITY                                       \
    "is not allowed: \"household_account\" and \"household_token\" are "       \
    "mutually exclusive"


static ngx_int_t ngx_http_household_token_cat(ngx_array_t *sources);
static ngx_int_t ngx_http_household_token_parse_source(ngx_conf_t *cf,
    ngx_str_t *text, ngx_http_household_source_t *source);
static ngx_uint_t ngx_http_household_token_path_name(ngx_str_t *name);


char *
ngx_http_household_set_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    ngx_str_t                        *value;
    ngx_uint_t                        i, n;
    ngx_http_household_source_t      *source;
    ngx_http_household_token_conf_t  *tcf;

    tcf = &hlcf->token;

    if (tcf->sources != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (hlcf->account != NGX_CONF_UNSET_PTR) {
        return NGX_HTTP_HOUSEHOLD_ONE_IDENTITY;
    }

    tcf->file = cf->conf_file->file.name.data;
    tcf->line = cf->conf_file->line;

    value = cf->args->elts;
    n = cf->args->nelts;

    if (ngx_strcmp(value[n - 1].data, "strip") == 0) {
        tcf->strip = 1;
        n--;
    }

    if (n == 1) {
        return "has no source";
    }

    tcf->sources = ngx_array_create(cf->pool, n - 1,
                                     sizeof(ngx_http_household_source_t));
    if (tcf->sources == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < n; i++) {

        if (ngx_strcmp(value[i].data, "cat") == 0) {

            if (ngx_http_household_token_cat(tcf->sources) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        source = ngx_array_push(tcf->sources);
        if (source == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_http_household_token_parse_source(cf, &value[i], source)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (tcf->strip
            && (source->type == NGX_HTTP_HOUSEHOLD_VALUE
                || source->type == NGX_HTTP_HOUSEHOLD_PATH))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"strip\" of \"household_token\" cannot take "
                               "\"%V\" out of a request, only \"bearer\", "
                               "\"cat\", \"$arg_NAME\", \"$cookie_NAME\" and "
                               "\"$http_NAME\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_household_set_account(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_household_loc_conf_t *hlcf = conf;

    if (hlcf->token.sources != NGX_CONF_UNSET_PTR) {
        return NGX_HTTP_HOUSEHOLD_ONE_IDENTITY;
    }

    return ngx_http_household_set_value(cf, cmd, conf);
}


/* CTA-5007: a header field, a cookie and a query argument */

static ngx_int_t
ngx_http_household_token_cat(ngx_array_t *sources)
{
    ngx_uint_t                     i;
    ngx_http_household_source_t  *source;

    static const struct {
        ngx_http_household_source_e    type;
        ngx_str_t                      name;
    } parts[] = {
        { NGX_HTTP_HOUSEHOLD_HEADER, ngx_string("cta_common_access_token") },
        { NGX_HTTP_HOUSEHOLD_COOKIE, ngx_string("CTA-Common-Access-Token") },
        { NGX_HTTP_HOUSEHOLD_ARGUMENT, ngx_string("CAT") }
    };

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {

        source = ngx_array_push(sources);
        if (source == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(source, sizeof(ngx_http_household_source_t));

        source->type = parts[i].type;
        source->name = parts[i].name;
        source->cat = 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_token_parse_source(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_household_source_t *source)
{
    size_t                             i;
    ngx_uint_t                         n;

    static const struct {
        ngx_str_t                      prefix;
        ngx_http_household_source_e    type;
    } types[] = {
        { ngx_string("$arg_"), NGX_HTTP_HOUSEHOLD_ARGUMENT },
        { ngx_string("$cookie_"), NGX_HTTP_HOUSEHOLD_COOKIE },
        { ngx_string("$http_"), NGX_HTTP_HOUSEHOLD_HEADER }
    };

    ngx_memzero(source, sizeof(ngx_http_household_source_t));

    if (ngx_strcmp(text->data, "bearer") == 0) {
        source->type = NGX_HTTP_HOUSEHOLD_BEARER;
        return NGX_OK;
    }

    if (text->len > 5 && ngx_strncmp(text->data, "path=", 5) == 0) {
        source->type = NGX_HTTP_HOUSEHOLD_PATH;
        source->name.data = text->data + 5;
        source->name.len = text->len - 5;

        if (ngx_http_household_token_path_name(&source->name)) {
            return NGX_OK;
        }
    }

    if (ngx_http_script_variables_count(text) == 0
        || source->type == NGX_HTTP_HOUSEHOLD_PATH)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid source \"%V\" of \"household_token\", it "
                           "must be \"bearer\", \"cat\", \"path=name\" "
                           "or a variable", text);
        return NGX_ERROR;
    }

    for (n = 0; n < 3; n++) {

        if (text->len <= types[n].prefix.len
            || ngx_strncmp(text->data, types[n].prefix.data,
                           types[n].prefix.len)
               != 0)
        {
            continue;
        }

        source->name.data = text->data + types[n].prefix.len;
        source->name.len = text->len - types[n].prefix.len;

        for (i = 0; i < source->name.len; i++) {
            if (source->name.data[i] == '$') {
                break;
            }
        }

        if (i == source->name.len) {
            source->type = types[n].type;
            return NGX_OK;
        }
    }

    source->type = NGX_HTTP_HOUSEHOLD_VALUE;

    return ngx_http_household_value_compile_complex(cf, text, &source->value);
}


/* a name of letters, digits, "-", "." and "_" has no delimiter in it */

static ngx_uint_t
ngx_http_household_token_path_name(ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        ch = ngx_tolower(name->data[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')
            && ch != '-' && ch != '.' && ch != '_')
        {
            return 0;
        }
    }

    return 1;
}
