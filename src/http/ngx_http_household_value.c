
/*
 * Strings that can contain variables.
 *
 * Usually a string is a single variable, such as "$arg_account".  Its value is
 * then read directly: evaluating it as a complex value takes 320 instructions
 * more.  An argument is found here, which takes another 440 instructions less
 * than in nginx, while a cached decision takes 2500 in all.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_value.h"
#include "ngx_household_str.h"


static ngx_int_t ngx_http_household_value_single(ngx_conf_t *cf,
    ngx_str_t text);
static ngx_int_t ngx_http_household_value_compile_arg(ngx_conf_t *cf,
    const ngx_str_t *name, ngx_http_household_value_t *text);
static ngx_uint_t ngx_http_household_value_is_arg(ngx_http_request_t *r,
    ngx_http_household_value_t *text);
static void ngx_http_household_value_arg(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_str_t *value);


static ngx_str_t  ngx_http_household_modes[] = {
    ngx_string("off"),                 /* NGX_HOUSEHOLD_OFF */
    ngx_string("monitor"),             /* NGX_HOUSEHOLD_MONITOR */
    ngx_string("on")                   /* NGX_HOUSEHOLD_ON */
};


ngx_int_t
ngx_http_household_value_compile(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_household_value_t *text)
{
    if (ngx_http_household_value_compile_complex(cf, value, &text->complex)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    text->index = ngx_http_household_value_single(cf, *value);

    ngx_str_null(&text->arg);

    if (text->index < 0) {
        return text->index == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    return ngx_http_household_value_compile_arg(cf, value, text);
}


/* returns the index if the string is a single variable, or NGX_DECLINED */

static ngx_int_t
ngx_http_household_value_single(ngx_conf_t *cf, ngx_str_t text)
{
    u_char  c;
    size_t  i;

    /* $1 is a capture, not a variable */

    if (text.len < 2
        || text.data[0] != '$'
        || (text.data[1] >= '0' && text.data[1] <= '9'))
    {
        return NGX_DECLINED;
    }

    for (i = 1; i < text.len; i++) {
        c = text.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_'))
        {
            return NGX_DECLINED;
        }
    }

    text.data++;
    text.len--;

    return ngx_http_get_variable_index(cf, &text);
}


/* "name" begins with a dollar sign */

static ngx_int_t
ngx_http_household_value_compile_arg(ngx_conf_t *cf, const ngx_str_t *name,
    ngx_http_household_value_t *text)
{
    u_char                     *p;
    size_t                      len;
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    if (name->len <= sizeof("$arg_") - 1
        || ngx_strncasecmp(name->data, (u_char *) "$arg_",
                           sizeof("$arg_") - 1)
           != 0)
    {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    v = cmcf->prefix_variables.elts;

    for (i = 0; i < cmcf->prefix_variables.nelts; i++) {

        if (!ngx_household_str_is(&v[i].name, "arg_")) {
            continue;
        }

        len = name->len - (sizeof("$arg_") - 1);

        p = ngx_pnalloc(cf->pool, len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_strlow(p, name->data + sizeof("$arg_") - 1, len);

        text->arg.data = p;
        text->arg.len = len;
        text->arg_handler = v[i].get_handler;

        break;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_value(ngx_http_request_t *r,
    ngx_http_household_value_t *text, ngx_str_t *value)
{
    ngx_http_variable_value_t  *vv;

    if (text->index == NGX_DECLINED) {
        return ngx_http_complex_value(r, &text->complex, value);
    }

    if (text->arg.len != 0 && ngx_http_household_value_is_arg(r, text)) {
        ngx_http_household_value_arg(r, &text->arg, value);
        return NGX_OK;
    }

    vv = ngx_http_get_flushed_variable(r, text->index);

    if (vv == NULL || vv->not_found) {
        ngx_str_null(value);
        return NGX_OK;
    }

    value->data = vv->data;
    value->len = vv->len;

    return NGX_OK;
}


/*
 * Returns 1 if nginx would take the value from the arguments; 0 if "set", "map"
 * or another module defines a variable of this name, or has set the value.
 */

static ngx_uint_t
ngx_http_household_value_is_arg(ngx_http_request_t *r,
    ngx_http_household_value_t *text)
{
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_variable_value_t  *vv;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    v = cmcf->variables.elts;
    vv = &r->variables[text->index];

    return v[text->index].get_handler == text->arg_handler
           && (vv->no_cacheable || !(vv->valid || vv->not_found));
}


/* as ngx_http_arg(), but compares at the start of each argument only */

static void
ngx_http_household_value_arg(ngx_http_request_t *r, const ngx_str_t *name,
    ngx_str_t *value)
{
    u_char  *p, *last, *end;

    ngx_str_null(value);

    if (r->args.len == 0) {
        return;
    }

    p = r->args.data;
    last = p + r->args.len;

    while ((size_t) (last - p) > name->len) {

        if (p[name->len] == '='
            && (ngx_memcmp(p, name->data, name->len) == 0
                || ngx_strncasecmp(p, name->data, name->len) == 0))
        {
            value->data = p + name->len + 1;
            end = memchr(value->data, '&', last - value->data);
            value->len = (end != NULL ? end : last) - value->data;
            return;
        }

        end = memchr(p, '&', last - p);
        if (end == NULL) {
            break;
        }

        p = end + 1;
    }
}


ngx_int_t
ngx_http_household_value_compile_complex(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_complex_value_t *value)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = value;

    return ngx_http_compile_complex_value(&ccv);
}


ngx_int_t
ngx_http_household_value_parse_mode(ngx_str_t *text, ngx_uint_t *mode)
{
    ngx_uint_t  i;

    for (i = 0; i <= NGX_HOUSEHOLD_ON; i++) {

        if (text->len == ngx_http_household_modes[i].len
            && ngx_strncmp(text->data, ngx_http_household_modes[i].data,
                           text->len)
               == 0)
        {
            *mode = i;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_household_value_parse_percent(ngx_str_t *text, ngx_uint_t *percent)
{
    size_t     len;
    ngx_int_t  n;

    len = text->len;

    if (len && text->data[len - 1] == '%') {
        len--;
    }

    if (len == 0 || text->data[0] == '.') {
        return NGX_DECLINED;
    }

    n = ngx_atofp(text->data, len, 2);

    if (n == NGX_ERROR || n > NGX_HOUSEHOLD_ROLLOUT_ALL) {
        return NGX_DECLINED;
    }

    *percent = n;

    return NGX_OK;
}
