
/*
 * What a refused viewer gets: a redirect to the offer, a problem document
 * (RFC 9457), or a challenge.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


#define NGX_HTTP_HOUSEHOLD_PROBLEM  "application/problem+json"


static ngx_int_t ngx_http_household_answer_challenge(ngx_http_request_t *r,
    ngx_household_reason_e reason);
static ngx_int_t ngx_http_household_answer_redirect(ngx_http_request_t *r,
    ngx_str_t *url);
static ngx_int_t ngx_http_household_answer_problem(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *url);
static ngx_int_t ngx_http_household_answer_problem_text(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *url, ngx_str_t *text);
static ngx_uint_t ngx_http_household_answer_navigates(ngx_http_request_t *r);
static ngx_uint_t ngx_http_household_answer_accepts_html(ngx_http_request_t *r);
static ngx_int_t ngx_http_household_answer_quality(u_char *p, u_char *last);
static ngx_uint_t ngx_http_household_answer_has_error_page(
    ngx_http_request_t *r, ngx_uint_t status);
static ngx_int_t ngx_http_household_answer_add_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static ngx_table_elt_t *ngx_http_household_answer_header_in(
    ngx_http_request_t *r, const char *name, size_t len,
    ngx_list_part_t **part, ngx_uint_t *i);


ngx_int_t
ngx_http_household_answer_refuse(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx)
{
    ngx_str_t                       url, value;
    ngx_uint_t                      page;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_household_loc_conf_t  *hlcf;

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_str_set(&value, "no-store");

    if (ngx_http_household_answer_add_header(r, "Cache-Control", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->decision.verdict == NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED) {
        return ngx_http_household_answer_challenge(r, ctx->decision.reason);
    }

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY
        && r->access_code == NGX_HTTP_UNAUTHORIZED)
    {
        /* another module would let the viewer in after a challenge */
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_str_null(&url);

    if (ctx->offer != NULL) {

        page = hlcf->action == NGX_HTTP_HOUSEHOLD_REDIRECT;

        if (hlcf->action == NGX_HTTP_HOUSEHOLD_AUTO) {

            page = ngx_http_household_answer_navigates(r);

            ngx_str_set(&value, "Sec-Fetch-Mode, Accept");

            if (ngx_http_household_answer_add_header(r, "Vary", &value)
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        if (ngx_http_household_answer_offer_url(r, ctx->offer, &url)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (page) {
            return ngx_http_household_answer_redirect(r, &url);
        }
    }

    return ngx_http_household_answer_problem(r, ctx, &url);
}


/* RFC 6750, 3: no error where no credentials came; and 3.1 */

static ngx_int_t
ngx_http_household_answer_challenge(ngx_http_request_t *r,
    ngx_household_reason_e reason)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "WWW-Authenticate");

    switch (reason) {

    case NGX_HOUSEHOLD_REASON_TOKEN_MISSING:
        ngx_str_set(&h->value, "Bearer realm=\"playback\"");
        break;

    case NGX_HOUSEHOLD_REASON_TOKEN_CONFLICT:
        ngx_str_set(&h->value, "Bearer error=\"invalid_request\"");
        break;

    default:
        ngx_str_set(&h->value, "Bearer error=\"invalid_token\"");
    }

    r->headers_out.www_authenticate = h;

    return NGX_HTTP_UNAUTHORIZED;
}


static ngx_int_t
ngx_http_household_answer_redirect(ngx_http_request_t *r, ngx_str_t *url)
{
    ngx_table_elt_t  *h;

    ngx_http_clear_location(r);

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Location");
    h->value = *url;

    r->headers_out.location = h;

    return NGX_HTTP_SEE_OTHER;
}


static ngx_int_t
ngx_http_household_answer_problem(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *url)
{
    u_char                    *p;
    ngx_str_t                  value, type;
    ngx_http_complex_value_t   cv;

    if (url->len) {

        value.data = ngx_pnalloc(r->pool, url->len
                                          + sizeof("<>; rel=\"payment\"") - 1);
        if (value.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p = ngx_sprintf(value.data, "<%V>; rel=\"payment\"", url);
        value.len = p - value.data;

        if (ngx_http_household_answer_add_header(r, "Link", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_household_answer_has_error_page(r, NGX_HTTP_FORBIDDEN)) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_household_answer_problem_text(r, ctx, url, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    cv.value = value;

    ngx_str_set(&type, NGX_HTTP_HOUSEHOLD_PROBLEM);

    /* where this is an error page of something else, that had a status */
    r->err_status = 0;

    /* this module is the last of the access phase: nobody else is to ask */

    ngx_http_finalize_request(r, ngx_http_send_response(r, NGX_HTTP_FORBIDDEN,
                                                        &type, &cv));

    return NGX_DONE;
}


static ngx_int_t
ngx_http_household_answer_problem_text(ngx_http_request_t *r,
    ngx_http_household_ctx_t *ctx, ngx_str_t *url, ngx_str_t *text)
{
    u_char                      *p;
    size_t                       len;
    ngx_str_t                   *reason;
    ngx_uint_t                   priced;
    ngx_http_household_offer_t  *offer;

    offer = ctx->offer;
    reason = ngx_household_reason_name(ctx->decision.reason);
    priced = offer != NULL && ctx->decision.seat && offer->price.len;

    len = sizeof("{\"type\":\"about:blank\",\"title\":\"Forbidden\","
                 "\"status\":403,\"reason\":\"\",\"offer\":{"
                 "\"kind\":\"extra_member\",\"price\":\"\","
                 "\"currency\":\"\",\"period\":\"month\",\"url\":\"\"}}\n")
          + reason->len;

    if (offer != NULL) {
        len += offer->price.len + offer->currency.len + url->len
               + ngx_escape_json(NULL, url->data, url->len);
    }

    text->data = ngx_pnalloc(r->pool, len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(text->data,
                    "{\"type\":\"about:blank\",\"title\":\"Forbidden\","
                    "\"status\":403,\"reason\":\"%V\"", reason);

    if (offer != NULL) {

        p = ngx_sprintf(p, ",\"offer\":{\"kind\":\"%s\"",
                        priced ? "extra_member" : "household");

        if (priced) {
            p = ngx_sprintf(p, ",\"price\":\"%V\",\"currency\":\"%V\","
                               "\"period\":\"month\"",
                            &offer->price, &offer->currency);
        }

        p = ngx_sprintf(p, ",\"url\":\"");
        p = (u_char *) ngx_escape_json(p, url->data, url->len);
        p = ngx_sprintf(p, "\"}");
    }

    p = ngx_sprintf(p, "}" CRLF);

    text->len = p - text->data;

    return NGX_OK;
}


ngx_http_household_offer_t *
ngx_http_household_answer_find_offer(ngx_http_household_loc_conf_t *hlcf,
    const u_char *country, ngx_uint_t seat)
{
    ngx_uint_t                   i;
    ngx_http_household_offer_t  *offer, *fallback;

    if (hlcf->offers == NULL) {
        return NULL;
    }

    fallback = NULL;
    offer = hlcf->offers->elts;

    for (i = 0; i < hlcf->offers->nelts; i++) {

        if (offer[i].country[0] == '\0') {
            fallback = &offer[i];
            continue;
        }

        if (seat && ngx_memcmp(offer[i].country, country, 2) == 0) {
            return &offer[i];
        }
    }

    return fallback;
}


ngx_int_t
ngx_http_household_answer_offer_url(ngx_http_request_t *r,
    ngx_http_household_offer_t *offer, ngx_str_t *url)
{
    u_char      *p, c;
    size_t       i;
    ngx_str_t    raw;

    /* what RFC 3986 has no place for, unescaped; above 0x7e is tested too */

    static const u_char  unsafe[] = " \"<>\\^`{|}";
    static const u_char  hex[] = "0123456789ABCDEF";

    if (ngx_http_complex_value(r, &offer->url, &raw) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, 3 * raw.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    for (i = 0; i < raw.len; i++) {

        c = raw.data[i];

        if (c <= 0x20 || c >= 0x7f
            || ngx_strlchr((u_char *) unsafe,
                           (u_char *) unsafe + sizeof(unsafe) - 1, c)
               != NULL)
        {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 0xf];
            continue;
        }

        *p++ = c;
    }

    url->len = p - url->data;

    return NGX_OK;
}


/* does a person's browser ask for a page, rather than a player for a token? */

static ngx_uint_t
ngx_http_household_answer_navigates(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = NULL;

    h = ngx_http_household_answer_header_in(r, "sec-fetch-mode",
                                            sizeof("sec-fetch-mode") - 1,
                                            &part, &i);

    if (h != NULL) {
        return h->value.len == sizeof("navigate") - 1
               && ngx_strncmp(h->value.data, "navigate", h->value.len) == 0;
    }

    return ngx_http_household_answer_accepts_html(r);
}


/* RFC 9110, 12.5.1: text/html is named, and no range is preferred to it */

static ngx_uint_t
ngx_http_household_answer_accepts_html(ngx_http_request_t *r)
{
    u_char           *p, *last, *end;
    ngx_int_t         html, best, quality;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    html = 0;
    best = 0;
    part = NULL;

    for ( ;; ) {

        h = ngx_http_household_answer_header_in(r, "accept",
                                                sizeof("accept") - 1, &part,
                                                &i);
        if (h == NULL) {
            break;
        }

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

            if (end - p >= 9 && ngx_strncasecmp(p, (u_char *) "text/html", 9)
                                == 0
                && (end - p == 9 || p[9] == ';' || p[9] == ' '))
            {
                html = ngx_max(html, quality);
            }

            best = ngx_max(best, quality);
        }
    }

    return html > 0 && html == best;
}


/* the weight of a media range, in thousandths: 1000 where there is none */

static ngx_int_t
ngx_http_household_answer_quality(u_char *p, u_char *last)
{
    ngx_int_t  quality;

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

            while (last > p && (last[-1] == ' ' || last[-1] == '\t')) {
                last--;
            }

            quality = ngx_atofp(p, last - p, 3);

            return quality == NGX_ERROR ? 0 : ngx_min(quality, 1000);
        }
    }

    return 1000;
}


/* would nginx answer this status by an error_page of the configuration? */

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


static ngx_int_t
ngx_http_household_answer_add_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


/*
 * The next header of that lower-case name; "part" is NULL at first and, with
 * "i", keeps the place.  Returns NULL if there is no more.
 */

static ngx_table_elt_t *
ngx_http_household_answer_header_in(ngx_http_request_t *r, const char *name,
    size_t len, ngx_list_part_t **part, ngx_uint_t *i)
{
    ngx_table_elt_t  *h;

    if (*part == NULL) {
        *part = &r->headers_in.headers.part;
        *i = 0;
    }

    for ( ;; ) {

        if (*i >= (*part)->nelts) {

            if ((*part)->next == NULL) {
                return NULL;
            }

            *part = (*part)->next;
            *i = 0;
            continue;
        }

        h = (*part)->elts;
        h = &h[(*i)++];

        if (h->key.len == len
            && ngx_strncmp(h->lowcase_key, name, len) == 0)
        {
            return h;
        }
    }
}
