
/*
 * Output of metrics.  See ngx_http_household_metrics_out.h.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_accept.h"
#include "ngx_http_household_headers.h"
#include "ngx_http_household_metrics_out.h"


/* bytes of a buffer; and of numbers and punctuation of one line */
#define NGX_HTTP_HOUSEHOLD_METRICS_BUFFER  16384
#define NGX_HTTP_HOUSEHOLD_METRICS_LINE    256

/* bytes of a byte of a label's value, at most: \u0000 */
#define NGX_HTTP_HOUSEHOLD_METRICS_ESCAPE  6


static u_char *ngx_http_household_metrics_out_reserve(
    ngx_http_household_metrics_out_t *out, size_t size);
static void ngx_http_household_metrics_out_line(
    ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, const char *suffix,
    const char *le, ngx_str_t *value);
static size_t ngx_http_household_metrics_labels_size(
    ngx_http_household_metrics_labels_t *labels);
static u_char *ngx_http_household_metrics_labels_put(u_char *p,
    ngx_http_household_metrics_labels_t *labels, const char *before,
    const char *after);
static u_char *ngx_http_household_metrics_escape(u_char *p, ngx_str_t *value);
static ngx_uint_t ngx_http_household_metrics_utf8(ngx_str_t *value);
static size_t ngx_http_household_metrics_fraction(u_char *text, uint64_t n,
    uint64_t unit);
static void ngx_http_household_metrics_out_histogram_json(
    ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, const ngx_uint_t *bounds,
    const uint64_t *counts, ngx_uint_t n, uint64_t sum);


static ngx_http_household_accept_t  ngx_http_household_metrics_formats[] = {
    [NGX_HTTP_HOUSEHOLD_METRICS_TEXT] =
        { ngx_string("text"), ngx_string("plain"), ngx_string("0.0.4") },
    [NGX_HTTP_HOUSEHOLD_METRICS_OPENMETRICS] =
        { ngx_string("application"), ngx_string("openmetrics-text"),
          ngx_string("1.0.0") },
    [NGX_HTTP_HOUSEHOLD_METRICS_JSON] =
        { ngx_string("application"), ngx_string("json"), ngx_null_string }
};


static ngx_str_t  ngx_http_household_metrics_types[] = {
    [NGX_HTTP_HOUSEHOLD_METRICS_TEXT] =
        ngx_string("text/plain; version=0.0.4"),
    [NGX_HTTP_HOUSEHOLD_METRICS_OPENMETRICS] =
        ngx_string("application/openmetrics-text; version=1.0.0; "
                   "charset=utf-8"),
    [NGX_HTTP_HOUSEHOLD_METRICS_JSON] = ngx_string("application/json")
};


static const char  *ngx_http_household_metrics_words[] = {
    [NGX_HTTP_HOUSEHOLD_METRICS_COUNTER] = "counter",
    [NGX_HTTP_HOUSEHOLD_METRICS_GAUGE] = "gauge",
    [NGX_HTTP_HOUSEHOLD_METRICS_HISTOGRAM] = "histogram",
    [NGX_HTTP_HOUSEHOLD_METRICS_INFO] = "info"
};


ngx_http_household_metrics_format_e
ngx_http_household_metrics_out_accepted(ngx_http_request_t *r)
{
    return ngx_http_household_accept(r, ngx_http_household_metrics_formats,
                                     NGX_HTTP_HOUSEHOLD_METRICS_FORMATS);
}


void
ngx_http_household_metrics_out_init(ngx_http_household_metrics_out_t *out,
    ngx_http_request_t *r, ngx_http_household_metrics_format_e format)
{
    ngx_memzero(out, sizeof(ngx_http_household_metrics_out_t));

    out->request = r;
    out->next = &out->first;
    out->format = format;
}


/* returns "size" bytes at the end of the output, or NULL */

static u_char *
ngx_http_household_metrics_out_reserve(ngx_http_household_metrics_out_t *out,
    size_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (out->failed) {
        return NULL;
    }

    if (out->buf != NULL && (size_t) (out->buf->end - out->buf->last) >= size) {
        return out->buf->last;
    }

    b = ngx_create_temp_buf(out->request->pool,
                            ngx_max(size, NGX_HTTP_HOUSEHOLD_METRICS_BUFFER));
    cl = b != NULL ? ngx_alloc_chain_link(out->request->pool) : NULL;

    if (cl == NULL) {
        out->failed = 1;
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    *out->next = cl;
    out->next = &cl->next;
    out->buf = b;

    return b->last;
}


void
ngx_http_household_metrics_out_family(ngx_http_household_metrics_out_t *out,
    const char *name, ngx_http_household_metrics_type_e type, const char *help)
{
    u_char      *p;
    size_t       len;
    const char  *word;

    /* samples that follow have a name, also if this one finds no memory */

    out->name = name;

    p = ngx_http_household_metrics_out_reserve(out,
            2 * ngx_strlen(name) + ngx_strlen(help)
            + NGX_HTTP_HOUSEHOLD_METRICS_LINE);
    if (p == NULL) {
        return;
    }

    word = ngx_http_household_metrics_words[type];
    len = ngx_strlen(name);

    switch (out->format) {

    case NGX_HTTP_HOUSEHOLD_METRICS_JSON:
        p = ngx_sprintf(p, "%s{\"name\":\"" NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                        "%s\",\"type\":\"%s\",\"help\":\"%s.\",\"samples\":[",
                        out->started ? "]}," : "{\"metrics\":[",
                        name, word, help);
        break;

    case NGX_HTTP_HOUSEHOLD_METRICS_OPENMETRICS:

        /* the name of a family is without the suffix of its samples */

        if (type == NGX_HTTP_HOUSEHOLD_METRICS_COUNTER) {
            len -= sizeof("_total") - 1;

        } else if (type == NGX_HTTP_HOUSEHOLD_METRICS_INFO) {
            len -= sizeof("_info") - 1;
        }

        /* fall through */

    default: /* NGX_HTTP_HOUSEHOLD_METRICS_TEXT */

        if (out->format == NGX_HTTP_HOUSEHOLD_METRICS_TEXT
            && type == NGX_HTTP_HOUSEHOLD_METRICS_INFO)
        {
            word = "gauge";
        }

        p = ngx_sprintf(p, "# HELP " NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                        "%*s %s.\n# TYPE " NGX_HTTP_HOUSEHOLD_METRICS_PREFIX
                        "%*s %s\n", len, name, help, len, name, word);
    }

    out->buf->last = p;
    out->started = 1;
    out->sampled = 0;
}


void
ngx_http_household_metrics_out_value(ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, uint64_t n)
{
    u_char     text[NGX_INT64_LEN];
    ngx_str_t  value;

    value.data = text;
    value.len = ngx_sprintf(text, "%uL", n) - text;

    ngx_http_household_metrics_out_line(out, labels, "", NULL, &value);
}


void
ngx_http_household_metrics_out_fraction(ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, uint64_t n, uint64_t unit)
{
    u_char     text[2 * NGX_INT64_LEN];
    ngx_str_t  value;

    value.data = text;
    value.len = ngx_http_household_metrics_fraction(text, n, unit);

    ngx_http_household_metrics_out_line(out, labels, "", NULL, &value);
}


/* writes n / unit without trailing zeros; returns the length */

static size_t
ngx_http_household_metrics_fraction(u_char *text, uint64_t n, uint64_t unit)
{
    u_char    *p;
    uint64_t   rest;

    p = ngx_sprintf(text, "%uL", n / unit);

    rest = n % unit;

    if (rest) {
        *p++ = '.';
    }

    while (rest) {
        unit /= 10;
        *p++ = (u_char) ('0' + rest / unit);
        rest %= unit;
    }

    return p - text;
}


void
ngx_http_household_metrics_out_histogram(ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, const ngx_uint_t *bounds,
    const uint64_t *counts, ngx_uint_t n, uint64_t sum)
{
    u_char      text[2 * NGX_INT64_LEN], le[2 * NGX_INT64_LEN];
    uint64_t    total;
    ngx_str_t   value;
    ngx_uint_t  i;

    if (out->format == NGX_HTTP_HOUSEHOLD_METRICS_JSON) {
        ngx_http_household_metrics_out_histogram_json(out, labels, bounds,
                                                      counts, n, sum);
        return;
    }

    value.data = text;
    total = 0;

    for (i = 0; i <= n; i++) {

        total += counts[i];
        value.len = ngx_sprintf(text, "%uL", total) - text;

        if (i < n) {
            le[ngx_http_household_metrics_fraction(le, bounds[i], 1000000)] =
                                                                         '\0';
            if (bounds[i] % 1000000 == 0) {
                /* a canonical number of OpenMetrics */
                (void) ngx_sprintf(le, "%ui.0%Z", bounds[i] / 1000000);
            }

        } else {
            (void) ngx_cpystrn(le, (u_char *) "+Inf", sizeof(le));
        }

        ngx_http_household_metrics_out_line(out, labels, "_bucket",
                                            (char *) le, &value);
    }

    ngx_http_household_metrics_out_line(out, labels, "_count", NULL, &value);

    value.len = ngx_http_household_metrics_fraction(text, sum, 1000000);

    ngx_http_household_metrics_out_line(out, labels, "_sum", NULL, &value);
}


static void
ngx_http_household_metrics_out_histogram_json(
    ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, const ngx_uint_t *bounds,
    const uint64_t *counts, ngx_uint_t n, uint64_t sum)
{
    u_char      *p;
    uint64_t     total;
    ngx_uint_t   i;

    p = ngx_http_household_metrics_out_reserve(out,
            ngx_http_household_metrics_labels_size(labels)
            + NGX_HTTP_HOUSEHOLD_METRICS_LINE + n * 3 * NGX_INT64_LEN);
    if (p == NULL) {
        return;
    }

    p = ngx_sprintf(p, "%s{\"labels\":{", out->sampled ? "," : "");
    p = ngx_http_household_metrics_labels_put(p, labels, "\"", "\":");
    p = ngx_sprintf(p, "},\"buckets\":{");

    total = 0;

    for (i = 0; i < n; i++) {
        total += counts[i];

        *p++ = '"';
        p += ngx_http_household_metrics_fraction(p, bounds[i], 1000000);
        p = ngx_sprintf(p, "\":%uL,", total);
    }

    total += counts[n];

    p = ngx_sprintf(p, "\"+Inf\":%uL},\"count\":%uL,\"sum\":", total, total);
    p += ngx_http_household_metrics_fraction(p, sum, 1000000);
    *p++ = '}';

    out->buf->last = p;
    out->sampled = 1;
}


/* "le" is a further label, or NULL; "value" is a number */

static void
ngx_http_household_metrics_out_line(ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, const char *suffix,
    const char *le, ngx_str_t *value)
{
    u_char  *p;

    p = ngx_http_household_metrics_out_reserve(out,
            ngx_strlen(out->name) + NGX_HTTP_HOUSEHOLD_METRICS_LINE
            + ngx_http_household_metrics_labels_size(labels));
    if (p == NULL) {
        return;
    }

    if (out->format == NGX_HTTP_HOUSEHOLD_METRICS_JSON) {
        p = ngx_sprintf(p, "%s{\"labels\":{", out->sampled ? "," : "");
        p = ngx_http_household_metrics_labels_put(p, labels, "\"", "\":");
        p = ngx_sprintf(p, "},\"value\":%V}", value);

    } else {
        p = ngx_sprintf(p, NGX_HTTP_HOUSEHOLD_METRICS_PREFIX "%s%s{",
                        out->name, suffix);
        p = ngx_http_household_metrics_labels_put(p, labels, "", "=");

        if (le != NULL) {
            p = ngx_sprintf(p, ",le=\"%s\"", le);
        }

        p = ngx_sprintf(p, "} %V\n", value);
    }

    out->buf->last = p;
    out->sampled = 1;
}


static size_t
ngx_http_household_metrics_labels_size(
    ngx_http_household_metrics_labels_t *labels)
{
    size_t      size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < labels->n; i++) {
        size += ngx_strlen(labels->list[i].name) + sizeof("\"\":\"\",")
                + labels->list[i].value.len
                  * NGX_HTTP_HOUSEHOLD_METRICS_ESCAPE;
    }

    return size;
}


/* name="value", or "name":"value" */

static u_char *
ngx_http_household_metrics_labels_put(u_char *p,
    ngx_http_household_metrics_labels_t *labels, const char *before,
    const char *after)
{
    ngx_uint_t  i;

    for (i = 0; i < labels->n; i++) {
        p = ngx_sprintf(p, "%s%s%s%s\"", i ? "," : "", before,
                        labels->list[i].name, after);
        p = ngx_http_household_metrics_escape(p, &labels->list[i].value);
        *p++ = '"';
    }

    return p;
}


/*
 * Names of servers come from other servers.  A backslash and a quotation mark
 * are escaped alike in all formats; all that is not printable text in UTF-8 is
 * replaced.
 */

static u_char *
ngx_http_household_metrics_escape(u_char *p, ngx_str_t *value)
{
    u_char      ch;
    size_t      i;
    ngx_uint_t  utf8;

    utf8 = ngx_http_household_metrics_utf8(value);

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (ch == '\\' || ch == '"') {
            *p++ = '\\';

        } else if (ch < 0x20 || ch == 0x7f || (ch >= 0x80 && !utf8)) {
            ch = '?';
        }

        *p++ = ch;
    }

    return p;
}


static ngx_uint_t
ngx_http_household_metrics_utf8(ngx_str_t *value)
{
    u_char  *p, *last;

    p = value->data;
    last = p + value->len;

    while (p < last) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        if (ngx_utf8_decode(&p, last - p) > 0x10ffff) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_household_metrics_out_send(ngx_http_household_metrics_out_t *out)
{
    off_t                len;
    u_char              *p;
    ngx_int_t            rc;
    ngx_str_t            vary;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = out->request;

    p = ngx_http_household_metrics_out_reserve(out,
                                             NGX_HTTP_HOUSEHOLD_METRICS_LINE);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (out->format == NGX_HTTP_HOUSEHOLD_METRICS_JSON) {
        p = ngx_sprintf(p, "%s]}\n", out->started ? "]}" : "{\"metrics\":[");

    } else if (out->format == NGX_HTTP_HOUSEHOLD_METRICS_OPENMETRICS) {
        p = ngx_sprintf(p, "# EOF\n");
    }

    out->buf->last = p;
    out->buf->last_buf = (r == r->main);
    out->buf->last_in_chain = 1;

    len = 0;

    for (cl = out->first; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    ngx_str_set(&vary, "Accept");

    if (ngx_http_household_headers_add(r, "Vary", &vary) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = len;
    r->headers_out.content_type = ngx_http_household_metrics_types[out->format];
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out->first);
}


void
ngx_http_household_metrics_label(ngx_http_household_metrics_labels_t *labels,
    const char *name, ngx_str_t *value)
{
    labels->list[labels->n].name = name;
    labels->list[labels->n].value = *value;
    labels->n++;
}


void
ngx_http_household_metrics_label_text(
    ngx_http_household_metrics_labels_t *labels, const char *name,
    const char *value)
{
    ngx_str_t  text;

    text.data = (u_char *) value;
    text.len = ngx_strlen(value);

    ngx_http_household_metrics_label(labels, name, &text);
}
