
/*
 * A writer of JSON.  See ngx_http_household_api_json.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_json.h"
#include "ngx_household_time.h"


#define NGX_HTTP_HOUSEHOLD_API_JSON_BUFFER  4096


static void ngx_http_household_api_json_name(
    ngx_http_household_api_json_t *json, const char *name);
static void ngx_http_household_api_json_open(
    ngx_http_household_api_json_t *json, const char *name, const char *bracket);
static void ngx_http_household_api_json_close(
    ngx_http_household_api_json_t *json, const char *bracket);
static void ngx_http_household_api_json_word(
    ngx_http_household_api_json_t *json, const char *name, const char *word);
static void ngx_http_household_api_json_string(
    ngx_http_household_api_json_t *json, const u_char *p, size_t len);
static size_t ngx_http_household_api_json_utf8(const u_char *p, size_t len);
static void ngx_http_household_api_json_put(
    ngx_http_household_api_json_t *json, const void *data, size_t len);


void
ngx_http_household_api_json_init(ngx_http_household_api_json_t *json,
    ngx_pool_t *pool)
{
    ngx_memzero(json, sizeof(ngx_http_household_api_json_t));

    json->pool = pool;
    json->last = &json->out;
}


void
ngx_http_household_api_json_object(ngx_http_household_api_json_t *json,
    const char *name)
{
    ngx_http_household_api_json_open(json, name, "{");
}


void
ngx_http_household_api_json_object_end(ngx_http_household_api_json_t *json)
{
    ngx_http_household_api_json_close(json, "}");
}


void
ngx_http_household_api_json_array(ngx_http_household_api_json_t *json,
    const char *name)
{
    ngx_http_household_api_json_open(json, name, "[");
}


void
ngx_http_household_api_json_array_end(ngx_http_household_api_json_t *json)
{
    ngx_http_household_api_json_close(json, "]");
}


static void
ngx_http_household_api_json_open(ngx_http_household_api_json_t *json,
    const char *name, const char *bracket)
{
    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_put(json, bracket, 1);

    json->comma = 0;
}


static void
ngx_http_household_api_json_close(ngx_http_household_api_json_t *json,
    const char *bracket)
{
    ngx_http_household_api_json_put(json, bracket, 1);

    json->comma = 1;
}


static void
ngx_http_household_api_json_name(ngx_http_household_api_json_t *json,
    const char *name)
{
    if (json->comma) {
        ngx_http_household_api_json_put(json, ",", 1);
    }

    if (name != NULL) {
        ngx_http_household_api_json_put(json, "\"", 1);
        ngx_http_household_api_json_put(json, name, ngx_strlen(name));
        ngx_http_household_api_json_put(json, "\":", 2);
    }

    json->comma = 1;
}


void
ngx_http_household_api_json_str(ngx_http_household_api_json_t *json,
    const char *name, const ngx_str_t *value)
{
    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_string(json, value->data, value->len);
}


void
ngx_http_household_api_json_text(ngx_http_household_api_json_t *json,
    const char *name, const char *value)
{
    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_string(json, (const u_char *) value,
                                       ngx_strlen(value));
}


void
ngx_http_household_api_json_number(ngx_http_household_api_json_t *json,
    const char *name, int64_t value)
{
    u_char  buf[NGX_INT64_LEN];

    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_put(json, buf,
                                    ngx_sprintf(buf, "%L", value) - buf);
}


void
ngx_http_household_api_json_bool(ngx_http_household_api_json_t *json,
    const char *name, ngx_uint_t value)
{
    ngx_http_household_api_json_word(json, name, value ? "true" : "false");
}


void
ngx_http_household_api_json_null(ngx_http_household_api_json_t *json,
    const char *name)
{
    ngx_http_household_api_json_word(json, name, "null");
}


static void
ngx_http_household_api_json_word(ngx_http_household_api_json_t *json,
    const char *name, const char *word)
{
    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_put(json, word, ngx_strlen(word));
}


void
ngx_http_household_api_json_time(ngx_http_household_api_json_t *json,
    const char *name, int64_t value)
{
    u_char  buf[NGX_HOUSEHOLD_TIME_LEN];

    if (value == 0) {
        ngx_http_household_api_json_null(json, name);
        return;
    }

    (void) ngx_household_time_format(buf, value);

    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_string(json, buf, NGX_HOUSEHOLD_TIME_LEN);
}


void
ngx_http_household_api_json_path(ngx_http_household_api_json_t *json,
    const char *name, const char *dir, const ngx_str_t *id)
{
    u_char      *p;
    size_t       len;
    uintptr_t    n;

    n = ngx_escape_uri(NULL, id->data, id->len, NGX_ESCAPE_URI_COMPONENT);
    len = id->len + 2 * n;

    p = ngx_pnalloc(json->pool, len + 1);
    if (p == NULL) {
        json->failed = 1;
        return;
    }

    (void) ngx_escape_uri(p, id->data, id->len, NGX_ESCAPE_URI_COMPONENT);

    ngx_http_household_api_json_name(json, name);
    ngx_http_household_api_json_put(json, "\"", 1);
    ngx_http_household_api_json_put(json, dir, ngx_strlen(dir));
    ngx_http_household_api_json_put(json, "/", 1);
    ngx_http_household_api_json_put(json, p, len);
    ngx_http_household_api_json_put(json, "\"", 1);
}


void
ngx_http_household_api_json_line(ngx_http_household_api_json_t *json)
{
    ngx_http_household_api_json_put(json, "\n", 1);

    json->comma = 0;
}


static void
ngx_http_household_api_json_string(ngx_http_household_api_json_t *json,
    const u_char *p, size_t len)
{
    u_char  buf[sizeof("\\u0000")];
    size_t  n;

    ngx_http_household_api_json_put(json, "\"", 1);

    while (len) {

        n = ngx_http_household_api_json_utf8(p, len);

        if (n == 0) {
            ngx_http_household_api_json_put(json, "\xef\xbf\xbd", 3);
            n = 1;

        } else if (*p < ' ' || *p == '"' || *p == '\\' || *p == '<'
                   || *p == '>' || *p == '&' || *p == 0x7f)
        {
            ngx_http_household_api_json_put(json, buf,
                               ngx_sprintf(buf, "\\u%04xd", (int) *p) - buf);

        } else if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) {
            /* U+0080 to U+009F: a terminal may obey them */
            ngx_http_household_api_json_put(json, buf,
                             ngx_sprintf(buf, "\\u%04xd", (int) p[1]) - buf);

        } else {
            ngx_http_household_api_json_put(json, p, n);
        }

        p += n;
        len -= n;
    }

    ngx_http_household_api_json_put(json, "\"", 1);
}


/* the length of a character (RFC 3629), or 0 if it is not valid */

static size_t
ngx_http_household_api_json_utf8(const u_char *p, size_t len)
{
    size_t    i, n;
    uint32_t  ch;

    if (p[0] < 0x80) {
        return 1;
    }

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;
        ch = p[0] & 0x1f;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        ch = p[0] & 0x0f;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        ch = p[0] & 0x07;

    } else {
        return 0;
    }

    if (len < n) {
        return 0;
    }

    for (i = 1; i < n; i++) {

        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        ch = ch << 6 | (p[i] & 0x3f);
    }

    /* overlong forms, surrogates, and what Unicode has not */

    if ((n == 3 && (ch < 0x800 || (ch >= 0xd800 && ch <= 0xdfff)))
        || (n == 4 && (ch < 0x10000 || ch > 0x10ffff)))
    {
        return 0;
    }

    return n;
}


static void
ngx_http_household_api_json_put(ngx_http_household_api_json_t *json,
    const void *data, size_t len)
{
    size_t         n;
    ngx_chain_t   *cl;
    const u_char  *p;

    p = data;
    json->size += len;

    while (len && !json->failed) {

        if (json->buf == NULL || json->buf->last == json->buf->end) {

            cl = ngx_alloc_chain_link(json->pool);
            json->buf = ngx_create_temp_buf(json->pool,
                                          NGX_HTTP_HOUSEHOLD_API_JSON_BUFFER);

            if (cl == NULL || json->buf == NULL) {
                json->failed = 1;
                return;
            }

            cl->buf = json->buf;
            cl->next = NULL;

            *json->last = cl;
            json->last = &cl->next;
        }

        n = ngx_min(len, (size_t) (json->buf->end - json->buf->last));
        json->buf->last = ngx_cpymem(json->buf->last, p, n);

        p += n;
        len -= n;
    }
}
