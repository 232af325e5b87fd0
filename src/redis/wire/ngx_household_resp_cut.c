
/*
 * Truncates long bulk strings.  See ngx_household_resp_cut.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp_cut.h"


static size_t ngx_household_resp_cut_run(ngx_household_resp_cut_t *cut,
    ngx_str_t *in);
static u_char *ngx_household_resp_cut_short(ngx_household_resp_cut_t *cut,
    u_char *p, u_char *last);
static u_char *ngx_household_resp_cut_line(ngx_household_resp_cut_t *cut,
    u_char *p, u_char *last);
static ngx_uint_t ngx_household_resp_cut_head(ngx_household_resp_cut_t *cut,
    ngx_str_t *in, ngx_str_t *out);
static void ngx_household_resp_cut_string(ngx_household_resp_cut_t *cut);
static void ngx_household_resp_cut_take(ngx_str_t *in, ngx_str_t *out,
    size_t len);


ngx_uint_t
ngx_household_resp_cut(ngx_household_resp_cut_t *cut, ngx_str_t *in,
    ngx_str_t *out)
{
    size_t  len;

    if (cut->max == 0) {
        *out = *in;
        in->len = 0;
        return out->len != 0;
    }

    while (in->len) {

        if (cut->pass == 0 && cut->skip) {
            len = ngx_min(cut->skip, in->len);
            cut->skip -= len;
            ngx_household_resp_cut_take(in, out, len);
            continue;
        }

        if (cut->pass == 0 && cut->tail) {
            cut->pass = cut->tail;
            cut->tail = 0;
        }

        len = ngx_household_resp_cut_run(cut, in);

        if (len) {
            ngx_household_resp_cut_take(in, out, len);
            return 1;
        }

        if (ngx_household_resp_cut_head(cut, in, out)) {
            return 1;
        }
    }

    return 0;
}


/*
 * Returns the number of bytes that are passed in one piece: up to the header
 * of a long bulk string, one that is incomplete or not valid, or up to bytes
 * to discard.  For the reader, a few large pieces are cheaper than many.
 */

static size_t
ngx_household_resp_cut_run(ngx_household_resp_cut_t *cut, ngx_str_t *in)
{
    size_t   len;
    u_char  *p, *last, *next;

    p = in->data;
    last = in->data + in->len;

    while (p < last) {

        if (cut->pass) {
            len = ngx_min(cut->pass, (size_t) (last - p));
            cut->pass -= len;
            p += len;

            if (cut->skip || cut->tail) {
                break;
            }

            continue;
        }

        if (cut->nhead) {
            break;
        }

        if (cut->line || *p != '$') {
            p = ngx_household_resp_cut_line(cut, p, last);
            continue;
        }

        next = ngx_household_resp_cut_short(cut, p, last);

        if (next == NULL) {
            break;
        }

        p = next;

        if (cut->pass <= (size_t) (last - p)) {
            p += cut->pass;
            cut->pass = 0;
        }
    }

    return p - in->data;
}


/*
 * Returns the end of the header of a bulk string that is not truncated, or
 * NULL for any other header.
 */

static u_char *
ngx_household_resp_cut_short(ngx_household_resp_cut_t *cut, u_char *p,
    u_char *last)
{
    size_t   len;
    u_char  *start;

    start = ++p;
    last = ngx_min(last, p + NGX_HOUSEHOLD_RESP_CUT_HEAD - 1);
    len = 0;

    while (p < last && *p >= '0' && *p <= '9' && len <= cut->max) {
        len = len * 10 + (*p++ - '0');
    }

    if (p == start || last - p < 2 || p[0] != CR || p[1] != LF
        || len > cut->max || len > NGX_HOUSEHOLD_RESP_CUT_MAX)
    {
        return NULL;
    }

    cut->pass = len + 2;

    return p + 2;
}


/* returns the end of a line, or "last" */

static u_char *
ngx_household_resp_cut_line(ngx_household_resp_cut_t *cut, u_char *p,
    u_char *last)
{
    u_char  *start;

    start = p;
    cut->line = 1;

    while (p < last) {

        p = ngx_strlchr(p, last, LF);

        if (p == NULL) {
            cut->cr = (last[-1] == CR);
            break;
        }

        if (p == start ? cut->cr : p[-1] == CR) {
            cut->line = 0;
            cut->cr = 0;
            return p + 1;
        }

        cut->cr = 0;
        p++;
    }

    return last;
}


/*
 * Collects the header of a bulk string.  Returns 1 and sets "out" if the line
 * is complete, or too long for a header; or 0 if more bytes are needed.
 */

static ngx_uint_t
ngx_household_resp_cut_head(ngx_household_resp_cut_t *cut, ngx_str_t *in,
    ngx_str_t *out)
{
    u_char  ch;

    while (in->len) {

        ch = *in->data++;
        in->len--;

        cut->head[cut->nhead++] = ch;

        if (ch == LF && cut->head[cut->nhead - 2] == CR) {
            ngx_household_resp_cut_string(cut);
            break;
        }

        if (cut->nhead == NGX_HOUSEHOLD_RESP_CUT_HEAD) {
            cut->line = 1;
            cut->cr = (ch == CR);
            break;
        }

        if (in->len == 0) {
            return 0;
        }
    }

    out->data = cut->head;
    out->len = cut->nhead;

    cut->nhead = 0;

    return 1;
}


/*
 * Parses the complete header.  A long string is truncated, and the header is
 * replaced.  A header of a null string and a malformed one are passed.
 */

static void
ngx_household_resp_cut_string(ngx_household_resp_cut_t *cut)
{
    u_char      ch;
    size_t      len;
    ngx_uint_t  i;

    len = 0;

    for (i = 1; i < cut->nhead - 2; i++) {

        ch = cut->head[i];

        if (ch < '0' || ch > '9' || len > NGX_HOUSEHOLD_RESP_CUT_MAX) {
            return;
        }

        len = len * 10 + (ch - '0');
    }

    if (i == 1 || len > NGX_HOUSEHOLD_RESP_CUT_MAX) {
        return;
    }

    if (len <= cut->max) {
        cut->pass = len + 2;
        return;
    }

    cut->pass = cut->max + 1;
    cut->skip = len - cut->pass;
    cut->tail = 2;

    cut->nhead = snprintf((char *) cut->head, sizeof(cut->head), "$%zu" CRLF,
                          cut->pass);
}


static void
ngx_household_resp_cut_take(ngx_str_t *in, ngx_str_t *out, size_t len)
{
    out->data = in->data;
    out->len = len;

    in->data += len;
    in->len -= len;
}
