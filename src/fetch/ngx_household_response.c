
/*
 * Parsing of HTTP responses.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_response.h"


/* no chunk size has more digits, and each fits in size_t */
#define NGX_HOUSEHOLD_RESPONSE_DIGITS  7


static ngx_int_t ngx_household_response_line(ngx_household_response_t *r,
    const char **error);
static ngx_int_t ngx_household_response_status(ngx_household_response_t *r,
    const char **error);
static ngx_int_t ngx_household_response_field(ngx_household_response_t *r,
    const char **error);
static ngx_int_t ngx_household_response_known(ngx_household_response_t *r,
    const ngx_str_t *name, const ngx_str_t *value, const char **error);
static ngx_int_t ngx_household_response_end_fields(
    ngx_household_response_t *r, const char **error);
static ngx_int_t ngx_household_response_length(ngx_household_response_t *r,
    const ngx_str_t *value, const char **error);
static ngx_int_t ngx_household_response_chunk_size(
    ngx_household_response_t *r, const char **error);
static size_t ngx_household_response_copy(ngx_household_response_t *r,
    const u_char *data, size_t len);
static void ngx_household_response_cache_control(ngx_household_response_t *r,
    const ngx_str_t *value);
static void ngx_household_response_max_age(ngx_household_response_t *r,
    const u_char *p, const u_char *last);
static int64_t ngx_household_response_seconds(const u_char *p, size_t len);
static void ngx_household_response_validator(ngx_str_t *validator,
    u_char *buf, size_t size, const ngx_str_t *value);
static ngx_uint_t ngx_household_response_is(const ngx_str_t *s,
    const char *text);


void
ngx_household_response_init(ngx_household_response_t *r, u_char *buf,
    size_t size)
{
    ngx_memzero(r, sizeof(ngx_household_response_t));

    r->body.data = buf;
    r->size = size;
    r->max_age = -1;
}


ngx_int_t
ngx_household_response_feed(ngx_household_response_t *r, const u_char *data,
    size_t len, const char **error)
{
    size_t         n;
    const u_char  *last;

    last = data + len;

    while (data < last && r->state != NGX_HOUSEHOLD_RESPONSE_DONE) {

        if (r->state == NGX_HOUSEHOLD_RESPONSE_BODY
            || r->state == NGX_HOUSEHOLD_RESPONSE_REST
            || r->state == NGX_HOUSEHOLD_RESPONSE_CHUNK)
        {
            n = ngx_household_response_copy(r, data, last - data);

            if (n == 0) {
                *error = "response too large";
                return NGX_ERROR;
            }

            data += n;
            continue;
        }

        if (++r->overhead > NGX_HOUSEHOLD_RESPONSE_HEADER) {
            *error = "response header too large";
            return NGX_ERROR;
        }

        if (*data++ == LF) {

            if (ngx_household_response_line(r, error) != NGX_OK) {
                return NGX_ERROR;
            }

            r->line_len = 0;
            r->line_cut = 0;

        } else if (r->line_len < NGX_HOUSEHOLD_RESPONSE_LINE) {
            r->line[r->line_len++] = data[-1];

        } else {
            r->line_cut = 1;
        }
    }

    return r->state == NGX_HOUSEHOLD_RESPONSE_DONE ? NGX_OK : NGX_AGAIN;
}


ngx_int_t
ngx_household_response_eof(ngx_household_response_t *r, const char **error)
{
    if (r->state == NGX_HOUSEHOLD_RESPONSE_REST) {
        r->state = NGX_HOUSEHOLD_RESPONSE_DONE;
    }

    if (r->state != NGX_HOUSEHOLD_RESPONSE_DONE) {
        *error = "connection closed by peer before the end of the response";
        return NGX_ERROR;
    }

    return NGX_OK;
}


int64_t
ngx_household_response_fresh(const ngx_household_response_t *r)
{
    if (r->max_age == -1) {
        return -1;
    }

    return r->max_age > r->age ? r->max_age - r->age : 0;
}


/* a whole line without its end, which is CR LF or LF (RFC 9112, 2.2) */

static ngx_int_t
ngx_household_response_line(ngx_household_response_t *r, const char **error)
{
    if (r->line_len && !r->line_cut && r->line[r->line_len - 1] == CR) {
        r->line_len--;
    }

    switch (r->state) {

    case NGX_HOUSEHOLD_RESPONSE_STATUS:
        return ngx_household_response_status(r, error);

    case NGX_HOUSEHOLD_RESPONSE_FIELDS:
        return r->line_len ? ngx_household_response_field(r, error)
                           : ngx_household_response_end_fields(r, error);

    case NGX_HOUSEHOLD_RESPONSE_CHUNK_SIZE:
        return ngx_household_response_chunk_size(r, error);

    case NGX_HOUSEHOLD_RESPONSE_CHUNK_END:
        if (r->line_len) {
            *error = "invalid chunk";
            return NGX_ERROR;
        }

        r->state = NGX_HOUSEHOLD_RESPONSE_CHUNK_SIZE;
        return NGX_OK;

    default: /* NGX_HOUSEHOLD_RESPONSE_TRAILER */
        if (r->line_len == 0) {
            r->state = NGX_HOUSEHOLD_RESPONSE_DONE;
        }

        return NGX_OK;
    }
}


/* RFC 9112, 4: "HTTP/1.1 200 OK"; the reason phrase may be missing */

static ngx_int_t
ngx_household_response_status(ngx_household_response_t *r, const char **error)
{
    u_char      *p;
    ngx_uint_t   i;

    p = r->line;

    if (r->line_len < sizeof("HTTP/1.1 200") - 1
        || ngx_strncmp(p, "HTTP/1.", 7) != 0
        || p[7] < '0' || p[7] > '9' || p[8] != ' '
        || (r->line_len > 12 && p[12] != ' '))
    {
        *error = "invalid response status line";
        return NGX_ERROR;
    }

    r->status = 0;

    for (i = 9; i < 12; i++) {

        if (p[i] < '0' || p[i] > '9') {
            *error = "invalid response status line";
            return NGX_ERROR;
        }

        r->status = r->status * 10 + (p[i] - '0');
    }

    if (r->status < 100 || r->status > 599 || r->status == 101) {
        *error = "invalid response status line";
        return NGX_ERROR;
    }

    r->state = NGX_HOUSEHOLD_RESPONSE_FIELDS;

    return NGX_OK;
}


/* RFC 9112, 5: a name without white space, ":", and the value */

static ngx_int_t
ngx_household_response_field(ngx_household_response_t *r, const char **error)
{
    u_char     *p, *last;
    ngx_str_t   name, value;

    p = r->line;
    last = p + r->line_len;

    while (p < last && *p > ' ' && *p != ':' && *p != 0x7f) {
        p++;
    }

    if (p == r->line || p == last || *p != ':') {

        if (r->line_cut && p == last) {
            /* a long name, of nothing that is used */
            return NGX_OK;
        }

        *error = "invalid response header";
        return NGX_ERROR;
    }

    name.data = r->line;
    name.len = p - r->line;

    for (p++; p < last && (*p == ' ' || *p == '\t'); p++) { /* void */ }

    while (last > p && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    value.data = p;
    value.len = last - p;

    if (r->status < 200) {
        return NGX_OK;
    }

    return ngx_household_response_known(r, &name, &value, error);
}


static ngx_int_t
ngx_household_response_known(ngx_household_response_t *r,
    const ngx_str_t *name, const ngx_str_t *value, const char **error)
{
    int64_t  age;

    if (ngx_household_response_is(name, "content-length")) {
        return ngx_household_response_length(r, value, error);
    }

    if (ngx_household_response_is(name, "transfer-encoding")) {

        if (r->chunked || !ngx_household_response_is(value, "chunked")) {
            *error = "unsupported transfer encoding";
            return NGX_ERROR;
        }

        r->chunked = 1;

    } else if (ngx_household_response_is(name, "content-encoding")) {

        if (!ngx_household_response_is(value, "identity")) {
            *error = "unsupported content encoding";
            return NGX_ERROR;
        }

    } else if (r->line_cut) {
        return NGX_OK;

    } else if (ngx_household_response_is(name, "etag")) {
        ngx_household_response_validator(&r->etag, r->etag_buf,
                                         sizeof(r->etag_buf), value);

    } else if (ngx_household_response_is(name, "last-modified")) {
        ngx_household_response_validator(&r->modified, r->modified_buf,
                                         sizeof(r->modified_buf), value);

    } else if (ngx_household_response_is(name, "cache-control")) {
        ngx_household_response_cache_control(r, value);

    } else if (ngx_household_response_is(name, "age")) {
        age = ngx_household_response_seconds(value->data, value->len);
        r->age = ngx_max(age, 0);
    }

    return NGX_OK;
}


/* RFC 9112, 6.3: the length of the body */

static ngx_int_t
ngx_household_response_end_fields(ngx_household_response_t *r,
    const char **error)
{
    if (r->status < 200) {
        r->state = NGX_HOUSEHOLD_RESPONSE_STATUS;
        return NGX_OK;
    }

    if (r->status != 200) {
        r->state = NGX_HOUSEHOLD_RESPONSE_DONE;
        return NGX_OK;
    }

    if (r->chunked && r->has_length) {
        *error = "invalid response header";
        return NGX_ERROR;
    }

    if (r->chunked) {
        r->state = NGX_HOUSEHOLD_RESPONSE_CHUNK_SIZE;

    } else if (!r->has_length) {
        r->state = NGX_HOUSEHOLD_RESPONSE_REST;

    } else if (r->left == 0) {
        r->state = NGX_HOUSEHOLD_RESPONSE_DONE;

    } else if (r->left > r->size) {
        *error = "response too large";
        return NGX_ERROR;

    } else {
        r->state = NGX_HOUSEHOLD_RESPONSE_BODY;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_response_length(ngx_household_response_t *r,
    const ngx_str_t *value, const char **error)
{
    int64_t  length;

    /* a length that is too large to count is too large in any case */

    length = ngx_household_response_seconds(value->data, value->len);

    if (length < 0 || r->line_cut
        || (r->has_length && r->left != (size_t) length))
    {
        *error = "invalid response header";
        return NGX_ERROR;
    }

    r->has_length = 1;
    r->left = (size_t) length;

    return NGX_OK;
}


/* RFC 9112, 7.1: hexadecimal digits, and perhaps extensions, to be ignored */

static ngx_int_t
ngx_household_response_chunk_size(ngx_household_response_t *r,
    const char **error)
{
    u_char      ch;
    size_t      size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < r->line_len; i++) {

        ch = (u_char) (r->line[i] | 0x20);

        if (r->line[i] >= '0' && r->line[i] <= '9') {
            size = size * 16 + (r->line[i] - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            size = size * 16 + (ch - 'a' + 10);

        } else {
            break;
        }

        if (i == NGX_HOUSEHOLD_RESPONSE_DIGITS) {
            *error = "response too large";
            return NGX_ERROR;
        }
    }

    if (i == 0
        || (i < r->line_len && r->line[i] != ';' && r->line[i] != ' '
            && r->line[i] != '\t'))
    {
        *error = "invalid chunk";
        return NGX_ERROR;
    }

    if (size > r->size - r->body.len) {
        *error = "response too large";
        return NGX_ERROR;
    }

    r->left = size;
    r->state = size ? NGX_HOUSEHOLD_RESPONSE_CHUNK
                    : NGX_HOUSEHOLD_RESPONSE_TRAILER;

    return NGX_OK;
}


/* returns the number of bytes that were copied; 0 if the buffer is full */

static size_t
ngx_household_response_copy(ngx_household_response_t *r, const u_char *data,
    size_t len)
{
    len = ngx_min(len, r->size - r->body.len);

    if (r->state != NGX_HOUSEHOLD_RESPONSE_REST) {
        len = ngx_min(len, r->left);
        r->left -= len;
    }

    ngx_memcpy(r->body.data + r->body.len, data, len);
    r->body.len += len;

    if (r->state == NGX_HOUSEHOLD_RESPONSE_REST || r->left) {
        return len;
    }

    r->state = r->state == NGX_HOUSEHOLD_RESPONSE_BODY
               ? NGX_HOUSEHOLD_RESPONSE_DONE
               : NGX_HOUSEHOLD_RESPONSE_CHUNK_END;

    return len;
}


/* RFC 9111, 5.2: directives between commas, some with "=" and a value */

static void
ngx_household_response_cache_control(ngx_household_response_t *r,
    const ngx_str_t *value)
{
    ngx_uint_t     quoted;
    const u_char  *p, *last, *start;

    p = value->data;
    last = p + value->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        start = p;
        quoted = 0;

        for ( /* void */ ; p < last && (quoted || *p != ','); p++) {

            if (*p == '"') {
                quoted = !quoted;

            } else if (quoted && *p == '\\' && p + 1 < last) {
                p++;
            }
        }

        ngx_household_response_max_age(r, start, p);
    }
}


/* one directive; of several "max-age" the smallest counts */

static void
ngx_household_response_max_age(ngx_household_response_t *r, const u_char *p,
    const u_char *last)
{
    int64_t    seconds;
    ngx_str_t  name;

    static const size_t  len = sizeof("max-age") - 1;

    while (last > p && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    if ((size_t) (last - p) <= len + 1 || p[len] != '=') {
        return;
    }

    name.data = (u_char *) p;
    name.len = len;

    if (!ngx_household_response_is(&name, "max-age")) {
        return;
    }

    p += len + 1;

    if (last - p > 2 && *p == '"' && last[-1] == '"') {
        p++;
        last--;
    }

    seconds = ngx_household_response_seconds(p, last - p);

    if (seconds >= 0 && (r->max_age == -1 || seconds < r->max_age)) {
        r->max_age = seconds;
    }
}


/* RFC 9111, 1.2.2: digits; returns -1 if it is something else */

static int64_t
ngx_household_response_seconds(const u_char *p, size_t len)
{
    size_t   i;
    int64_t  n;

    n = len ? 0 : -1;

    for (i = 0; i < len; i++) {

        if (p[i] < '0' || p[i] > '9') {
            return -1;
        }

        n = n * 10 + (p[i] - '0');
        n = ngx_min(n, NGX_HOUSEHOLD_RESPONSE_AGE_MAX);
    }

    return n;
}


/* kept to be sent back; one that cannot be sent is ignored */

static void
ngx_household_response_validator(ngx_str_t *validator, u_char *buf,
    size_t size, const ngx_str_t *value)
{
    size_t  i;

    if (value->len > size) {
        return;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < ' ' || value->data[i] == 0x7f) {
            return;
        }
    }

    ngx_memcpy(buf, value->data, value->len);

    validator->data = buf;
    validator->len = value->len;
}


/* "text" is in lower case */

static ngx_uint_t
ngx_household_response_is(const ngx_str_t *s, const char *text)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (text[i] == '\0' || ngx_tolower(s->data[i]) != (u_char) text[i]) {
            return 0;
        }
    }

    return text[i] == '\0';
}
