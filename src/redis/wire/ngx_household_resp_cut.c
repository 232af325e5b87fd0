
/*
 * Truncates long bulk strings.  See ngx_household_resp_cut.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp_cut.h"


static ngx_uint_t ngx_household_resp_cut_head(ngx_household_resp_cut_t *cut,
    ngx_str_t *in, ngx_str_t *out);
static void ngx_household_resp_cut_string(ngx_household_resp_cut_t *cut);
static void ngx_household_resp_cut_line(ngx_household_resp_cut_t *cut,
    ngx_str_t *in, ngx_str_t *out);
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

        if (cut->pass) {
            len = ngx_min(cut->pass, in->len);
            cut->pass -= len;
            ngx_household_resp_cut_take(in, out, len);
            return 1;
        }

        if (cut->skip) {
            len = ngx_min(cut->skip, in->len);
            cut->skip -= len;
            ngx_household_resp_cut_take(in, out, len);
            continue;
        }

        if (cut->tail) {
            cut->pass = cut->tail;
            cut->tail = 0;
            continue;
        }

        if (!cut->line && (cut->nhead || in->data[0] == '$')) {

            if (ngx_household_resp_cut_head(cut, in, out)) {
                return 1;
            }

            continue;
        }

        ngx_household_resp_cut_line(cut, in, out);
        return 1;
    }

    return 0;
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


/* passes bytes of another line, up to its CRLF */

static void
ngx_household_resp_cut_line(ngx_household_resp_cut_t *cut, ngx_str_t *in,
    ngx_str_t *out)
{
    u_char  *p, *last;

    last = in->data + in->len;

    cut->line = 1;

    for (p = in->data; p < last; p++) {

        p = ngx_strlchr(p, last, LF);

        if (p == NULL) {
            cut->cr = (last[-1] == CR);
            break;
        }

        if (p == in->data ? cut->cr : p[-1] == CR) {
            cut->line = 0;
            cut->cr = 0;
            ngx_household_resp_cut_take(in, out, p + 1 - in->data);
            return;
        }

        cut->cr = 0;
    }

    ngx_household_resp_cut_take(in, out, in->len);
}


static void
ngx_household_resp_cut_take(ngx_str_t *in, ngx_str_t *out, size_t len)
{
    out->data = in->data;
    out->len = len;

    in->data += len;
    in->len -= len;
}
