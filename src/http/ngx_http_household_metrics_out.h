
/*
 * Output of metrics, family by family, in one of three formats: the text format
 * of Prometheus, OpenMetrics, or JSON.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_METRICS_OUT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_METRICS_OUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define NGX_HTTP_HOUSEHOLD_METRICS_PREFIX  "nginx_household_"

/* labels of one sample */
#define NGX_HTTP_HOUSEHOLD_METRICS_LABELS  6


typedef enum {
    NGX_HTTP_HOUSEHOLD_METRICS_TEXT = 0,
    NGX_HTTP_HOUSEHOLD_METRICS_OPENMETRICS,
    NGX_HTTP_HOUSEHOLD_METRICS_JSON,

    NGX_HTTP_HOUSEHOLD_METRICS_FORMATS
} ngx_http_household_metrics_format_e;


/* "info" is a gauge in the text format; its name ends in _info */

typedef enum {
    NGX_HTTP_HOUSEHOLD_METRICS_COUNTER = 0,
    NGX_HTTP_HOUSEHOLD_METRICS_GAUGE,
    NGX_HTTP_HOUSEHOLD_METRICS_HISTOGRAM,
    NGX_HTTP_HOUSEHOLD_METRICS_INFO
} ngx_http_household_metrics_type_e;


/* the labels of a sample; values are any bytes, and are escaped */

typedef struct {
    ngx_uint_t                            n;

    struct {
        const char                       *name;
        ngx_str_t                         value;
    } list[NGX_HTTP_HOUSEHOLD_METRICS_LABELS];
} ngx_http_household_metrics_labels_t;


typedef struct {
    ngx_http_request_t                   *request;
    ngx_http_household_metrics_format_e   format;
    ngx_chain_t                          *first;
    ngx_chain_t                         **next;
    ngx_buf_t                            *buf;
    const char                           *name;     /* of the family */
    unsigned                              started:1; /* a family */
    unsigned                              sampled:1; /* in this family */
    unsigned                              failed:1; /* out of memory */
} ngx_http_household_metrics_out_t;


/* returns the format that the request's Accept header fields select */
ngx_http_household_metrics_format_e ngx_http_household_metrics_out_accepted(
    ngx_http_request_t *r);

void ngx_http_household_metrics_out_init(ngx_http_household_metrics_out_t *out,
    ngx_http_request_t *r, ngx_http_household_metrics_format_e format);

/* begins a family; "name" is without the prefix, "help" without a period */
void ngx_http_household_metrics_out_family(
    ngx_http_household_metrics_out_t *out, const char *name,
    ngx_http_household_metrics_type_e type, const char *help);

/*
 * Samples of the family.  The value is an integer; or "n" divided by "unit",
 * which is a power of 10.
 */
void ngx_http_household_metrics_out_value(
    ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, uint64_t n);
void ngx_http_household_metrics_out_fraction(
    ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, uint64_t n, uint64_t unit);

/*
 * A histogram of durations: "counts" has a number for each of the "n" upper
 * bounds, in microseconds, and one for all above; "sum" is in microseconds.
 */
void ngx_http_household_metrics_out_histogram(
    ngx_http_household_metrics_out_t *out,
    ngx_http_household_metrics_labels_t *labels, const ngx_uint_t *bounds,
    const uint64_t *counts, ngx_uint_t n, uint64_t sum);

/* ends the output and sends the response; returns as a content handler */
ngx_int_t ngx_http_household_metrics_out_send(
    ngx_http_household_metrics_out_t *out);

/* appends a label; the list begins with "n" 0 */
void ngx_http_household_metrics_label(
    ngx_http_household_metrics_labels_t *labels, const char *name,
    ngx_str_t *value);
void ngx_http_household_metrics_label_text(
    ngx_http_household_metrics_labels_t *labels, const char *name,
    const char *value);


#endif /* _NGX_HTTP_HOUSEHOLD_METRICS_OUT_H_INCLUDED_ */
