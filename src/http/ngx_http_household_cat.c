
/*
 * Common Access Tokens in requests.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_cat.h"
#include "ngx_http_household_headers.h"


#if (NGX_HOUSEHOLD_CAT)

#include "ngx_household_cat.h"
#include "ngx_household_cose_keys.h"


typedef struct {
    ngx_http_request_t           *r;
    ngx_str_t                    *uri;
    ngx_household_cat_request_t   request;
    ngx_household_cat_answer_t    answer;
} ngx_http_household_cat_t;


static void ngx_http_household_cat_set(ngx_http_household_cat_t *cat,
    ngx_http_request_t *r, ngx_http_household_token_conf_t *conf,
    ngx_str_t *sent, ngx_str_t *uri);
static ngx_household_reason_e ngx_http_household_cat_result(
    ngx_http_household_cat_t *cat, ngx_household_reason_e reason,
    ngx_http_household_response_t **response);
static ngx_http_household_response_t *ngx_http_household_cat_response(
    ngx_http_household_cat_t *cat);
static ngx_int_t ngx_http_household_cat_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static ngx_int_t ngx_http_household_cat_uri(void *data, ngx_str_t *uri);
static ngx_int_t ngx_http_household_cat_alpn(void *data, ngx_str_t *protocol);
static ngx_int_t ngx_http_household_cat_header(void *data,
    const ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_household_cat_country(void *data, u_char country[2]);


ngx_household_reason_e
ngx_http_household_cat_verify(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_str_t *sent,
    ngx_str_t *uri, ngx_household_jwt_claims_t *claims,
    ngx_http_household_response_t **response)
{
    ngx_http_household_cat_t  cat;

    ngx_http_household_cat_set(&cat, r, conf, sent, uri);

    return ngx_http_household_cat_result(&cat,
                                         ngx_household_cat_verify(&conf->cat,
                                                          token, &cat.request,
                                                          claims),
                                         response);
}


ngx_household_reason_e
ngx_http_household_cat_match(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_str_t *sent,
    ngx_str_t *uri, ngx_household_jwt_claims_t *claims,
    ngx_http_household_response_t **response)
{
    ngx_str_t                 container;
    ngx_http_household_cat_t  cat;

    container.data = claims->container;
    container.len = claims->container_len;

    ngx_http_household_cat_set(&cat, r, conf, sent, uri);

    return ngx_http_household_cat_result(&cat,
                                         ngx_household_cat_match(token,
                                                  &container, &cat.request),
                                         response);
}


static void
ngx_http_household_cat_set(ngx_http_household_cat_t *cat,
    ngx_http_request_t *r, ngx_http_household_token_conf_t *conf,
    ngx_str_t *sent, ngx_str_t *uri)
{
    ngx_household_cat_request_t  *request;

    cat->r = r;
    cat->uri = uri;
    cat->answer.status = 0;

    request = &cat->request;

    ngx_http_household_headers_method(r, &request->method);

    request->token = sent;
    request->now = ngx_time();
    request->arguments = conf->arguments->elts;
    request->narguments = conf->arguments->nelts;
    request->parameters = conf->parameters->elts;
    request->nparameters = conf->parameters->nelts;
    request->answer = &cat->answer;
    request->data = cat;
    request->uri = ngx_http_household_cat_uri;
    request->alpn = ngx_http_household_cat_alpn;
    request->header = ngx_http_household_cat_header;
    request->country = ngx_http_household_cat_country;

    /* realip has replaced the address by now */
    (void) ngx_household_addr_set(&request->addr, r->connection->sockaddr);
}


static ngx_household_reason_e
ngx_http_household_cat_result(ngx_http_household_cat_t *cat,
    ngx_household_reason_e reason, ngx_http_household_response_t **response)
{
    if (reason == NGX_HOUSEHOLD_REASON_NONE || cat->answer.status == 0) {
        return reason;
    }

    *response = ngx_http_household_cat_response(cat);

    return *response != NULL ? reason : NGX_HOUSEHOLD_REASON_ERROR;
}


/* a copy of what the token wants in response; or NULL */

static ngx_http_household_response_t *
ngx_http_household_cat_response(ngx_http_household_cat_t *cat)
{
    ngx_uint_t                      i;
    ngx_pool_t                     *pool;
    ngx_keyval_t                   *field;
    ngx_http_household_response_t  *response;

    pool = cat->r->pool;

    response = ngx_palloc(pool, sizeof(ngx_http_household_response_t));

    if (response == NULL
        || ngx_array_init(&response->fields, pool,
                          ngx_max(cat->answer.nfields, 1),
                          sizeof(ngx_keyval_t))
           != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < cat->answer.nfields; i++) {

        field = ngx_array_push(&response->fields);

        if (field == NULL
            || ngx_http_household_cat_copy(pool, &field->key,
                                           &cat->answer.fields[i].key)
               != NGX_OK
            || ngx_http_household_cat_copy(pool, &field->value,
                                           &cat->answer.fields[i].value)
               != NGX_OK)
        {
            return NULL;
        }
    }

    response->status = cat->answer.status;

    return response;
}


/* with a NUL, as the names of header fields are written in the module */

static ngx_int_t
ngx_http_household_cat_copy(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    dst->data = ngx_pnalloc(pool, src->len + 1);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    dst->len = src->len;
    (void) ngx_cpystrn(dst->data, src->data, src->len + 1);

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_cat_uri(void *data, ngx_str_t *uri)
{
    ngx_http_household_cat_t *cat = data;

    *uri = *cat->uri;

    return NGX_OK;
}


/* the variable exists only in an nginx with TLS, which may be another one */

static ngx_int_t
ngx_http_household_cat_alpn(void *data, ngx_str_t *protocol)
{
    ngx_http_household_cat_t *cat = data;

    ngx_str_t                   name;
    ngx_http_variable_value_t  *value;

    ngx_str_set(&name, "ssl_alpn_protocol");

    value = ngx_http_get_variable(cat->r, &name,
                                  ngx_hash_key(name.data, name.len));

    if (value == NULL || value->not_found || value->len == 0) {
        return NGX_DECLINED;
    }

    protocol->data = value->data;
    protocol->len = value->len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_cat_header(void *data, const ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_http_household_cat_t *cat = data;

    ngx_int_t                           rc;
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    rc = NGX_DECLINED;
    ngx_http_household_headers_start(&walk, &cat->r->headers_in.headers);

    for ( ;; ) {

        h = ngx_http_household_headers_next(&walk);

        if (h == NULL) {
            break;
        }

        if (h->key.len != name->len
            || ngx_strncasecmp(h->key.data, name->data, name->len) != 0)
        {
            continue;
        }

        if (rc == NGX_OK) {
            return NGX_ERROR;
        }

        *value = h->value;
        rc = NGX_OK;
    }

    if (rc == NGX_DECLINED
        && name->len == sizeof("host") - 1
        && ngx_strncasecmp(name->data, (u_char *) "host", name->len) == 0)
    {
        ngx_http_household_headers_host(cat->r, value);

        if (value->len != 0) {
            rc = NGX_OK;
        }
    }

    return rc;
}


/* that a database is corrupt is counted for the facts of the request */

static ngx_int_t
ngx_http_household_cat_country(void *data, u_char country[2])
{
    ngx_http_household_cat_t *cat = data;

    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_get_module_main_conf(cat->r, ngx_http_household_module);

    if (hmcf->geo == NULL
        || ngx_household_geo_country(hmcf->geo, &cat->request.addr, country)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_household_cat_keys_are(ngx_str_t *text)
{
    return ngx_household_cose_keys_is(text);
}


ngx_household_jwks_t *
ngx_http_household_cat_keys_parse(ngx_str_t *text,
    ngx_household_jwks_skip_pt skip, void *data, char *error)
{
    return ngx_household_cose_keys_parse(text, skip, data, error);
}

#endif
