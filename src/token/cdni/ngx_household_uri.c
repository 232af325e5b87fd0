
/*
 * Normalization of URIs.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_uri.h"
#include "ngx_household_word.h"


static ngx_uint_t ngx_household_uri_printable(const ngx_str_t *uri);
static u_char *ngx_household_uri_lower(u_char *dst, u_char *p, u_char *last);
static ngx_int_t ngx_household_uri_scheme(const ngx_str_t *uri,
    ngx_str_t *port);
static u_char *ngx_household_uri_authority(u_char *dst, u_char *p,
    u_char *last, const ngx_str_t *port);
static u_char *ngx_household_uri_escapes(u_char *dst, u_char *p,
    u_char *last);
static ngx_int_t ngx_household_uri_hex(u_char ch);
static ngx_uint_t ngx_household_uri_unreserved(u_char ch);
static ngx_uint_t ngx_household_uri_ambiguous(u_char *path, u_char *last);
static ngx_uint_t ngx_household_uri_dotted(u_char *path, u_char *last);
static u_char *ngx_household_uri_dots(u_char *path, u_char *last,
    ngx_uint_t *climbs);
static ngx_uint_t ngx_household_uri_names(const u_char *p,
    const ngx_str_t *name);
static ngx_uint_t ngx_household_uri_delimits(u_char ch, ngx_uint_t query);
static ngx_uint_t ngx_household_uri_sub_delim(u_char ch);


ngx_int_t
ngx_household_uri_normalize(ngx_household_uri_t *u, const ngx_str_t *uri,
    ngx_str_t *dst, size_t size)
{
    u_char     *p, *last, *host, *path, *query, *d;
    ngx_int_t   n;
    ngx_str_t   port;
    ngx_uint_t  climbs;

    if (uri->len >= size || !ngx_household_uri_printable(uri)) {
        return NGX_DECLINED;
    }

    n = ngx_household_uri_scheme(uri, &port);

    if (n == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    last = uri->data + uri->len;
    host = uri->data + n;

    for (path = host; path < last && *path != '/' && *path != '?'; path++) {
        /* void */
    }

    query = memchr(path, '?', last - path);
    if (query == NULL) {
        query = last;
    }

    d = ngx_household_uri_lower(dst->data, uri->data, host);
    d = ngx_household_uri_authority(d, host, path, &port);

    if (d == NULL) {
        return NGX_DECLINED;
    }

    p = d;
    *d++ = '/';

    if (path < query) {
        d = ngx_household_uri_escapes(p, path, query);

        if (d == NULL) {
            return NGX_DECLINED;
        }
    }

    u->ambiguous = ngx_household_uri_ambiguous(p, d);

    d = ngx_household_uri_dots(p, d, &climbs);

    if (u->ambiguous && climbs) {
        return NGX_DECLINED;
    }

    d = ngx_household_uri_escapes(d, query, last);

    if (d == NULL) {
        return NGX_DECLINED;
    }

    dst->len = d - dst->data;

    return NGX_OK;
}


/* ASCII only, without spaces, control characters and a fragment */

static ngx_uint_t
ngx_household_uri_printable(const ngx_str_t *uri)
{
    size_t    i;
    u_char    ch;
    uint64_t  w;

    /*
     * Eight bytes at a time: the highest bit of one is set if it is not ASCII,
     * or by the subtraction that goes below zero, or by the sum from 0x7f.
     */

    for (i = 0; uri->len - i >= 8; i += 8) {
        w = ngx_household_word_read(uri->data + i, 8);

        if ((w | (w + NGX_HOUSEHOLD_BYTES(1))
             | (w - NGX_HOUSEHOLD_BYTES(0x21))
             | ((w ^ NGX_HOUSEHOLD_BYTES('#')) - NGX_HOUSEHOLD_BYTES(1)))
            & NGX_HOUSEHOLD_BYTES(0x80))
        {
            return 0;
        }
    }

    for ( /* void */ ; i < uri->len; i++) {
        ch = uri->data[i];

        if (ch <= 0x20 || ch >= 0x7f || ch == '#') {
            return 0;
        }
    }

    return 1;
}


static u_char *
ngx_household_uri_lower(u_char *dst, u_char *p, u_char *last)
{
    while (p < last) {
        *dst++ = ngx_tolower(*p);
        p++;
    }

    return dst;
}


/* returns the length of the scheme with "://", and sets the default port */

static ngx_int_t
ngx_household_uri_scheme(const ngx_str_t *uri, ngx_str_t *port)
{
    static const struct {
        ngx_str_t  prefix;
        ngx_str_t  port;
    } schemes[] = {
        { ngx_string("http://"), ngx_string(":80") },
        { ngx_string("https://"), ngx_string(":443") }
    };

    size_t      k;
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {

        for (k = 0; k < schemes[i].prefix.len && k < uri->len; k++) {
            if (ngx_tolower(uri->data[k]) != schemes[i].prefix.data[k]) {
                break;
            }
        }

        if (k == schemes[i].prefix.len) {
            *port = schemes[i].port;
            return k;
        }
    }

    return NGX_DECLINED;
}


/* copies the host and a non-default port; returns the end, or NULL */

static u_char *
ngx_household_uri_authority(u_char *dst, u_char *p, u_char *last,
    const ngx_str_t *port)
{
    u_char  *start, *colon;

    start = dst;
    colon = NULL;
    dst = ngx_household_uri_lower(dst, p, last);

    for (p = start; p < dst; p++) {

        if (*p == '@' || *p == '%') {
            return NULL;
        }

        if (*p == ':') {
            colon = p;
        }
    }

    if (colon != NULL
        && (dst - colon == 1
            || ((size_t) (dst - colon) == port->len
                && ngx_memcmp(colon, port->data, port->len) == 0)))
    {
        dst = colon;
    }

    return dst == start ? NULL : dst;
}


/* normalizes escapes (RFC 3986, 6.2.2.1, 6.2.2.2); the end, or NULL */

static u_char *
ngx_household_uri_escapes(u_char *dst, u_char *p, u_char *last)
{
    u_char     ch, *escape;
    ngx_int_t  high, low;

    static const u_char  hex[] = "0123456789ABCDEF";

    while (p < last) {

        escape = memchr(p, '%', last - p);

        if (escape == NULL) {
            return ngx_cpymem(dst, p, last - p);
        }

        dst = ngx_cpymem(dst, p, escape - p);
        p = escape;

        if (last - p < 3) {
            return NULL;
        }

        high = ngx_household_uri_hex(p[1]);
        low = ngx_household_uri_hex(p[2]);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return NULL;
        }

        ch = (u_char) (high << 4 | low);
        p += 3;

        if (ngx_household_uri_unreserved(ch)) {
            *dst++ = ch;
            continue;
        }

        *dst++ = '%';
        *dst++ = hex[ch >> 4];
        *dst++ = hex[ch & 0xf];
    }

    return dst;
}


static ngx_int_t
ngx_household_uri_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch = ngx_tolower(ch);

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return NGX_ERROR;
}


static ngx_uint_t
ngx_household_uri_unreserved(u_char ch)
{
    return (ch >= '0' && ch <= '9')
           || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
           || ch == '-' || ch == '.' || ch == '_' || ch == '~';
}


/* nginx merges "//" and "/%2F" into one slash, and splits "a%2Fb" */

static ngx_uint_t
ngx_household_uri_ambiguous(u_char *path, u_char *last)
{
    u_char  *p;

    for (p = path; (p = memchr(p, '/', last - p)) != NULL; p++) {
        if (last - p > 1 && p[1] == '/') {
            return 1;
        }
    }

    for (p = path; (p = memchr(p, '%', last - p)) != NULL; p++) {
        if (last - p > 2 && p[1] == '2' && p[2] == 'F') {
            return 1;
        }
    }

    return 0;
}


/* most paths have no segment that begins with a dot */

static ngx_uint_t
ngx_household_uri_dotted(u_char *path, u_char *last)
{
    u_char  *p;

    for (p = path + 1; (p = memchr(p, '.', last - p)) != NULL; p++) {
        if (p[-1] == '/') {
            return 1;
        }
    }

    return 0;
}


/*
 * Removes dot segments (RFC 3986, 5.2.4) in place; "path" begins with a slash.
 * Returns the end, and sets "climbs" to 1 if there was a "..".
 */

static u_char *
ngx_household_uri_dots(u_char *path, u_char *last, ngx_uint_t *climbs)
{
    size_t   len;
    u_char  *p, *d, *segment;

    *climbs = 0;

    if (!ngx_household_uri_dotted(path, last)) {
        return last;
    }

    p = path;
    d = path;

    /* "p" is at a slash; the output up to "d" does not end with one */

    while (p < last) {
        segment = ++p;

        while (p < last && *p != '/') {
            p++;
        }

        len = p - segment;

        if (len == 1 && segment[0] == '.') {

            if (p == last) {
                *d++ = '/';
            }

            continue;
        }

        if (len == 2 && segment[0] == '.' && segment[1] == '.') {
            *climbs = 1;

            while (d > path && *--d != '/') { /* void */ }

            if (p == last) {
                *d++ = '/';
            }

            continue;
        }

        *d++ = '/';
        ngx_memmove(d, segment, len);
        d += len;
    }

    return d;
}


void
ngx_household_uri_remove(ngx_str_t *uri, const ngx_str_t *name,
    const ngx_str_t *value)
{
    size_t       len;
    u_char      *p, *end, *last;
    ngx_uint_t   query;

    len = name->len + 1 + value->len;

    if (name->len == 0 || value->len == 0 || uri->len <= len) {
        return;
    }

    query = 0;
    last = uri->data + uri->len;
    p = uri->data + 1;

    while ((size_t) (last - p) >= len) {

        if (p[-1] == '?') {
            query = 1;
        }

        if (!ngx_household_uri_delimits(p[-1], 0)
            || p[name->len] != '='
            || !ngx_household_uri_names(p, name)
            || ngx_memcmp(p + name->len + 1, value->data, value->len) != 0)
        {
            p++;
            continue;
        }

        end = p + len;

        if (end < last && !ngx_household_uri_delimits(*end, query)) {
            p++;
            continue;
        }

        /* remove the sub-delimiter after the parameter, or else before it */

        if (end < last && ngx_household_uri_sub_delim(*end)) {
            ngx_memmove(p, end + 1, last - end - 1);
            last -= len + 1;
            continue;
        }

        ngx_memmove(p - 1, end, last - end);
        last -= len + 1;

        if (p > last) {
            break;
        }
    }

    uri->len = last - uri->data;
}


/* compares in any case, as nginx does for arguments */

static ngx_uint_t
ngx_household_uri_names(const u_char *p, const ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {
        if (ngx_tolower(p[i]) != ngx_tolower(name->data[i])) {
            return 0;
        }
    }

    return 1;
}


/*
 * In a query "/" and "?" are not delimiters, so that the text after them does
 * not become a part of the path.
 */

static ngx_uint_t
ngx_household_uri_delimits(u_char ch, ngx_uint_t query)
{
    if (ch == '/' || ch == '?') {
        return !query;
    }

    return ngx_household_uri_sub_delim(ch);
}


static ngx_uint_t
ngx_household_uri_sub_delim(u_char ch)
{
    switch (ch) {

    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '*':
    case '+':
    case ',':
    case ';':
    case '=':
        return 1;

    default:
        return 0;
    }
}
