
/*
 * The response to a rejected request: a redirect to the offer, a problem
 * document (RFC 9457), or a challenge.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_answer.h"
#include "ngx_http_household_ctx.h"
#include "ngx_http_household_headers.h"
#include "ngx_http_household_offer.h"
#include "ngx_http_household_postpone.h"
#include "ngx_http_household_problem.h"
#include "ngx_household_compiler.h"


#define NGX_HTTP_HOUSEHOLD_PROBLEM  "application/problem+json"


/*
 * A response, and what it needs of the pool.  The "expires" directive sets the
 * values of the fields that headers_out refers to, or adds such fields.
 * Therefore headers_out refers to fields that are not sent.
 */

typedef struct {
    ngx_str_t         text;            /* of the document, if any */
    ngx_buf_t         buf;
    ngx_chain_t       out;

    ngx_uint_t        alone; /* unsigned  alone:1; no fields of others */
    ngx_table_elt_t   cache_control;   /* unsent */
    ngx_table_elt_t   expires;         /* likewise */
#if (nginx_version < 1023000)
    ngx_table_elt_t  *cache_controls;  /* an array of one */
#endif
} ngx_http_household_answer_t;


static ngx_inline ngx_int_t ngx_http_household_answer_add(
    ngx_http_request_t *r, ngx_http_household_answer_t *answer,
    const char *name, const ngx_str_t *value);
static ngx_household_noinline ngx_int_t ngx_http_household_answer_unauthorized(
    ngx_http_request_t *r, ngx_http_household_loc_conf_t *hlcf,
    ngx_http_household_ctx_t *ctx, ngx_http_household_answer_t *answer);
static ngx_http_household_answer_t *ngx_http_household_answer_start(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_household_answer_challenge(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_http_household_answer_t *answer);
static void ngx_http_household_answer_challenge_text(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_household_reason_e reason,
    ngx_str_t *text);
static ngx_int_t ngx_http_household_answer_redirect(ngx_http_request_t *r,
    ngx_str_t *url);
static ngx_int_t ngx_http_household_answer_location(ngx_http_request_t *r,
    ngx_str_t *url);
static ngx_int_t ngx_http_household_answer_fields(ngx_http_request_t *r,
    ngx_array_t *fields);
static ngx_int_t ngx_http_household_answer_problem(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_http_household_answer_t *answer);
static ngx_int_t ngx_http_household_answer_document(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status,
    ngx_http_household_answer_t *answer);
static ngx_int_t ngx_http_household_answer_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_http_household_answer_t *answer);
static ngx_uint_t ngx_http_household_answer_navigates(ngx_http_request_t *r);
static ngx_int_t ngx_http_household_answer_accept(ngx_table_elt_t *h,
    ngx_int_t *html);
static ngx_int_t ngx_http_household_answer_quality(u_char *p, u_char *last);
static ngx_uint_t ngx_http_household_answer_has_error_page(
    ngx_http_request_t *r, ngx_uint_t status);


static const ngx_str_t  ngx_http_household_answer_no_store =
    ngx_string("no-store");

static const ngx_str_t  ngx_http_household_answer_vary =
    ngx_string("Sec-Fetch-Mode, Accept");

static const ngx_str_t  ngx_http_household_answer_seconds = ngx_string("5");

/* names of fields that another answer to the same request does not have */

static const char  ngx_http_household_answer_link[] = "Link";
static const char  ngx_http_household_answer_www[] = "WWW-Authenticate";
static const char  ngx_http_household_answer_retry[] = "Retry-After";


ngx_int_t
ngx_http_household_answer_reject(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    ngx_uint_t                      page;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_household_answer_t    *answer;
    ngx_http_household_loc_conf_t  *hlcf;

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    answer = ngx_http_household_answer_start(r);
    if (answer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY
        && r->access_code != 0 && r->access_code != NGX_HTTP_FORBIDDEN
        && (ctx->decision.verdict == NGX_HOUSEHOLD_VERDICT_DENY
            || ctx->reject_status == NGX_HTTP_FORBIDDEN))
    {
        /* the client may authenticate to another module */
        return NGX_HTTP_FORBIDDEN;
    }

    if (ctx->decision.verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED) {
        return ngx_http_household_answer_unauthorized(r, hlcf, ctx, answer);
    }

    if (ctx->offer != NULL) {

        page = hlcf->action == NGX_HTTP_HOUSEHOLD_REDIRECT;

        if (hlcf->action == NGX_HTTP_HOUSEHOLD_AUTO) {

            page = ngx_http_household_answer_navigates(r);

            if (ngx_http_household_answer_add(r, answer, "Vary",
                                              &ngx_http_household_answer_vary)
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        if (page) {
            return ngx_http_household_answer_redirect(r, &ctx->offer_url);
        }
    }

    return ngx_http_household_answer_problem(r, ctx, answer);
}


/*
 * Adds a field, once for an answer.  Unless others have added fields before,
 * there is nothing to compare it with.
 */

static ngx_inline ngx_int_t
ngx_http_household_answer_add(ngx_http_request_t *r,
    ngx_http_household_answer_t *answer, const char *name,
    const ngx_str_t *value)
{
    if (!answer->alone) {
        return ngx_http_household_headers_add(r, name, value);
    }

    return ngx_http_household_headers_push(r, name, value) != NULL
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_household_answer_moved(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *url)
{
    return ngx_http_household_answer_start(r) != NULL
           && ngx_http_household_answer_location(r, url) == NGX_OK
           ? (ngx_int_t) status : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_household_noinline ngx_int_t
ngx_http_household_answer_unauthorized(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_http_household_answer_t *answer)
{
    ngx_uint_t                 status, any;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    any = clcf->satisfy == NGX_HTTP_SATISFY_ANY;

    /* "satisfy any": only 401 and 403 leave the request to another module */

    if (ctx->response != NULL && !any) {

        if (ngx_http_household_answer_fields(r, &ctx->response->fields)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ctx->response->status != NGX_HTTP_UNAUTHORIZED) {
            return ctx->response->status;
        }
    }

    status = ctx->reject_status;

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE && any) {
        status = NGX_HTTP_UNAUTHORIZED;
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_household_headers_add(r, ngx_http_household_answer_retry,
                                          &ngx_http_household_answer_seconds)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return status == NGX_HTTP_UNAUTHORIZED
           ? ngx_http_household_answer_challenge(r, hlcf, ctx, answer)
           : ngx_http_household_answer_document(r, ctx, status, answer);
}


/* what all responses have in common: they are not cached */

static ngx_http_household_answer_t *
ngx_http_household_answer_start(ngx_http_request_t *r)
{
    ngx_http_household_answer_t  *answer;

    answer = ngx_palloc(r->pool, sizeof(ngx_http_household_answer_t));
    if (answer == NULL) {
        return NULL;
    }

    answer->alone = ngx_http_household_headers_empty(&r->headers_out.headers);

    if (!answer->alone) {
        ngx_http_household_headers_clear(r, "Cache-Control");
        ngx_http_household_headers_clear(r, "Expires");

        /* the error page of a former answer has led here */

        ngx_http_household_headers_withdraw(r, ngx_http_household_answer_link);
        ngx_http_household_headers_withdraw(r, ngx_http_household_answer_www);
        ngx_http_household_headers_withdraw(r, ngx_http_household_answer_retry);
        ngx_http_clear_location(r);
    }

    if (ngx_http_household_headers_push(r, "Cache-Control",
                                        &ngx_http_household_answer_no_store)
        == NULL)
    {
        return NULL;
    }

    ngx_memzero(&answer->cache_control, sizeof(ngx_table_elt_t));
    ngx_memzero(&answer->expires, sizeof(ngx_table_elt_t));

    answer->cache_control.value = ngx_http_household_answer_no_store;

#if (nginx_version >= 1023000)

    r->headers_out.cache_control = &answer->cache_control;

#else

    answer->cache_controls = &answer->cache_control;

    r->headers_out.cache_control.elts = &answer->cache_controls;
    r->headers_out.cache_control.nelts = 1;
    r->headers_out.cache_control.size = sizeof(ngx_table_elt_t *);
    r->headers_out.cache_control.nalloc = 1;
    r->headers_out.cache_control.pool = r->pool;

#endif

    r->headers_out.expires = &answer->expires;

    return answer;
}


static ngx_int_t
ngx_http_household_answer_challenge(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_http_household_ctx_t *ctx,
    ngx_http_household_answer_t *answer)
{
    ngx_int_t          rc;
    ngx_str_t          value;
    const char        *name;
    ngx_table_elt_t  **field, *h;

    rc = NGX_HTTP_UNAUTHORIZED;
    name = ngx_http_household_answer_www;
    field = &r->headers_out.www_authenticate;

#ifdef ngx_http_proxy_auth

    if (ngx_http_proxy_auth(r)) {
        rc = NGX_HTTP_PROXY_AUTH_REQUIRED;
        name = "Proxy-Authenticate";
        field = &r->headers_out.proxy_authenticate;
    }

#endif

    if (*field != NULL && (*field)->hash && hlcf->token.sources == NULL) {
        /* keep the challenge of the module that authenticates the user */
        return rc;
    }

    ngx_http_household_answer_challenge_text(r, hlcf, ctx->decision.reason,
                                             &value);

    h = ngx_http_household_headers_push(r, name, &value);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (nginx_version >= 1023000)
    h->next = *field;
#endif

    *field = h;

    if (hlcf->action != NGX_HTTP_HOUSEHOLD_403) {

        if (ngx_http_household_headers_add(r, "Vary",
                                           &ngx_http_household_answer_vary)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_http_household_answer_navigates(r)) {
            /* a page of nginx, for people */
            return rc;
        }
    }

    return ngx_http_household_answer_document(r, ctx, rc, answer);
}


/* RFC 6750, 3.1; without credentials there is no error code (RFC 6750, 3) */

static void
ngx_http_household_answer_challenge_text(ngx_http_request_t *r,
    ngx_http_household_loc_conf_t *hlcf, ngx_household_reason_e reason,
    ngx_str_t *text)
{
    if (hlcf->token.sources == NULL && r->headers_in.user.data != NULL) {
        /* auth_basic or $remote_user has read the credentials */
        ngx_str_set(text, "Basic realm=\"playback\"");
        return;
    }

    switch (reason) {

    case NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING:
    case NGX_HOUSEHOLD_REASON_TOKEN_MISSING:
        ngx_str_set(text, "Bearer realm=\"playback\"");
        break;

    case NGX_HOUSEHOLD_REASON_TOKEN_CONFLICT:
        ngx_str_set(text, "Bearer error=\"invalid_request\"");
        break;

    default:
        ngx_str_set(text, "Bearer error=\"invalid_token\"");
    }
}


static ngx_int_t
ngx_http_household_answer_redirect(ngx_http_request_t *r, ngx_str_t *url)
{
    return ngx_http_household_answer_location(r, url) == NGX_OK
           ? NGX_HTTP_SEE_OTHER : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_household_answer_location(ngx_http_request_t *r, ngx_str_t *url)
{
    ngx_table_elt_t  *h;

    ngx_http_clear_location(r);

    h = ngx_http_household_headers_push(r, "Location", url);
    if (h == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.location = h;

    return NGX_OK;
}


/* fields that a token names: their keys end with a NUL */

static ngx_int_t
ngx_http_household_answer_fields(ngx_http_request_t *r, ngx_array_t *fields)
{
    ngx_int_t      rc;
    ngx_uint_t     i;
    ngx_keyval_t  *field;

    field = fields->elts;

    for (i = 0; i < fields->nelts; i++) {

        rc = ngx_strcasecmp(field[i].key.data, (u_char *) "Location") == 0
             ? ngx_http_household_answer_location(r, &field[i].value)
             : ngx_http_household_headers_add(r, (char *) field[i].key.data,
                                              &field[i].value);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_answer_problem(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_http_household_answer_t *answer)
{
    ngx_str_t  value;

    if (ctx->offer != NULL) {

        if (ctx->offer->fixed) {
            value = ctx->offer->link;

        } else if (ngx_http_household_offer_link(r->pool, &ctx->offer_url,
                                                 &value)
                   != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_http_household_answer_add(r, answer,
                                          ngx_http_household_answer_link,
                                          &value)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_household_answer_document(r, ctx, NGX_HTTP_FORBIDDEN,
                                              answer);
}


/* unless an error page is configured; returns as the access handler */

static ngx_int_t
ngx_http_household_answer_document(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_uint_t status,
    ngx_http_household_answer_t *answer)
{
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_household_main_conf_t  *hmcf;

    if (ngx_http_household_answer_has_error_page(r, status)) {
        return status;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

        if (hmcf->postponed == NGX_HTTP_HOUSEHOLD_POSTPONE_MAX) {
            /* the handler of another module is still to be called */
            return status;
        }
    }

    if (ngx_http_household_problem_text(r, ctx, status, &answer->text)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r, ngx_http_household_answer_send(r, status,
                                                                answer));

    return NGX_DONE;
}


/* sends a page like ngx_http_special_response_handler() */

static ngx_int_t
ngx_http_household_answer_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_household_answer_t *answer)
{
    ngx_int_t   rc;
    ngx_buf_t  *b;

    r->err_status = status;
    r->expect_tested = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    r->headers_out.content_length_n = answer->text.len;

    if (r->headers_out.content_length) {
        r->headers_out.content_length->hash = 0;
        r->headers_out.content_length = NULL;
    }

    ngx_str_set(&r->headers_out.content_type, NGX_HTTP_HOUSEHOLD_PROBLEM);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);

    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = &answer->buf;

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->pos = answer->text.data;
    b->last = answer->text.data + answer->text.len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    answer->out.buf = b;
    answer->out.next = NULL;

    return ngx_http_output_filter(r, &answer->out);
}


/*
 * Returns 1 for a page navigation of a browser: by Sec-Fetch-Mode; without it,
 * if Accept (RFC 9110, 12.5.1) contains text/html and no media range has a
 * higher weight.
 */

static ngx_uint_t
ngx_http_household_answer_navigates(ngx_http_request_t *r)
{
    ngx_int_t                           html, best, quality;
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;

    html = 0;
    best = 0;

    ngx_http_household_headers_start(&walk, &r->headers_in.headers);

    while ((h = ngx_http_household_headers_next(&walk)) != NULL) {
        if (ngx_http_household_headers_is(h, "sec-fetch-mode")) {
            return h->value.len == sizeof("navigate") - 1
                   && ngx_strncmp(h->value.data, "navigate", h->value.len)
                      == 0;
        }

        if (ngx_http_household_headers_is(h, "accept")) {
            quality = ngx_http_household_answer_accept(h, &html);
            best = ngx_max(best, quality);
        }
    }

    return html > 0 && html == best;
}


/*
 * Returns the highest weight of the media ranges of a field, in thousandths.
 * Raises "html" to the weight of text/html.
 */

static ngx_int_t
ngx_http_household_answer_accept(ngx_table_elt_t *h, ngx_int_t *html)
{
    u_char     *p, *last, *end;
    ngx_int_t   best, quality;

    best = 0;
    last = h->value.data + h->value.len;

    for (p = h->value.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');
        if (end == NULL) {
            end = last;
        }

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        quality = ngx_http_household_answer_quality(p, end);

        if (end - p >= 9
            && ngx_strncasecmp(p, (u_char *) "text/html", 9) == 0
            && (end - p == 9 || p[9] == ';' || p[9] == ' '))
        {
            *html = ngx_max(*html, quality);
        }

        best = ngx_max(best, quality);
    }

    return best;
}


/*
 * The weight of a media range, in thousandths: 1000 where there is none.
 * Parameters may follow it (RFC 7231, 5.3.2: accept-ext).
 */

static ngx_int_t
ngx_http_household_answer_quality(u_char *p, u_char *last)
{
    u_char     *end;
    ngx_int_t   quality;

    while (p < last) {

        p = ngx_strlchr(p, last, ';');
        if (p == NULL) {
            break;
        }

        do {
            p++;
        } while (p < last && (*p == ' ' || *p == '\t'));

        if (last - p > 2 && (p[0] == 'q' || p[0] == 'Q') && p[1] == '=') {

            p += 2;

            end = ngx_strlchr(p, last, ';');
            if (end == NULL) {
                end = last;
            }

            while (end > p && (end[-1] == ' ' || end[-1] == '\t')) {
                end--;
            }

            quality = ngx_atofp(p, end - p, 3);

            return quality == NGX_ERROR ? 0 : ngx_min(quality, 1000);
        }
    }

    return 1000;
}


/* returns 1 if an error_page is configured for the status and applies */

static ngx_uint_t
ngx_http_household_answer_has_error_page(ngx_http_request_t *r,
    ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->error_page || clcf->error_pages == NULL || r->uri_changes == 0) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == (ngx_int_t) status) {
            return 1;
        }
    }

    return 0;
}
