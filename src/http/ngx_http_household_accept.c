
/*
 * The Accept header field.  See ngx_http_household_accept.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_accept.h"
#include "ngx_http_household_headers.h"


/* a weight is in thousandths: "q=0.75" is 750 */
#define NGX_HTTP_HOUSEHOLD_ACCEPT_ALL   1000

/* types that may be offered */
#define NGX_HTTP_HOUSEHOLD_ACCEPT_MAX   8


/* a range, such as text/plain;version=0.0.4;q=0.5 */

typedef struct {
    ngx_str_t   type;
    ngx_str_t   subtype;
    ngx_str_t   version;
    ngx_uint_t  weight;
} ngx_http_household_accept_range_t;


/* the range that matches an offered type best */

typedef struct {
    ngx_uint_t  rank;                  /* 0: no range */
    ngx_uint_t  weight;
} ngx_http_household_accept_match_t;


static void ngx_http_household_accept_field(ngx_str_t *field,
    ngx_http_household_accept_t *offered,
    ngx_http_household_accept_match_t *matches, ngx_uint_t n);
static ngx_str_t ngx_http_household_accept_cut(ngx_str_t *text, u_char end);
static ngx_int_t ngx_http_household_accept_parse(ngx_str_t *text,
    ngx_http_household_accept_range_t *range);
static ngx_uint_t ngx_http_household_accept_weight(ngx_str_t *text);
static ngx_uint_t ngx_http_household_accept_rank(
    ngx_http_household_accept_range_t *range,
    ngx_http_household_accept_t *offer);
static ngx_uint_t ngx_http_household_accept_is(ngx_str_t *text,
    ngx_str_t *word);


ngx_uint_t
ngx_http_household_accept(ngx_http_request_t *r,
    ngx_http_household_accept_t *offered, ngx_uint_t n)
{
    ngx_uint_t                          i, best;
    ngx_table_elt_t                    *h;
    ngx_http_household_headers_walk_t   walk;
    ngx_http_household_accept_match_t   matches[NGX_HTTP_HOUSEHOLD_ACCEPT_MAX];

    n = ngx_min(n, NGX_HTTP_HOUSEHOLD_ACCEPT_MAX);

    ngx_memzero(matches, sizeof(matches));
    ngx_http_household_headers_start(&walk, &r->headers_in.headers);

    for ( ;; ) {
        h = ngx_http_household_headers_next(&walk);

        if (h == NULL) {
            break;
        }

        if (ngx_http_household_headers_is(h, "Accept")) {
            ngx_http_household_accept_field(&h->value, offered, matches, n);
        }
    }

    best = 0;

    for (i = 1; i < n; i++) {
        if (matches[i].weight > matches[best].weight) {
            best = i;
        }
    }

    return best;
}


static void
ngx_http_household_accept_field(ngx_str_t *field,
    ngx_http_household_accept_t *offered,
    ngx_http_household_accept_match_t *matches, ngx_uint_t n)
{
    ngx_str_t                          rest, text;
    ngx_uint_t                         i, rank;
    ngx_http_household_accept_range_t  range;

    rest = *field;

    while (rest.len) {

        text = ngx_http_household_accept_cut(&rest, ',');

        if (ngx_http_household_accept_parse(&text, &range) != NGX_OK) {
            continue;
        }

        for (i = 0; i < n; i++) {
            rank = ngx_http_household_accept_rank(&range, &offered[i]);

            if (rank > matches[i].rank
                || (rank && rank == matches[i].rank
                    && range.weight > matches[i].weight))
            {
                matches[i].rank = rank;
                matches[i].weight = range.weight;
            }
        }
    }
}


/*
 * Removes the text up to "end" from the beginning of "text", and returns it
 * without spaces around it.  "end" in a quoted string does not count.
 */

static ngx_str_t
ngx_http_household_accept_cut(ngx_str_t *text, u_char end)
{
    u_char      *p, *last;
    ngx_str_t    part;
    ngx_uint_t   quoted;

    p = text->data;
    last = p + text->len;
    quoted = 0;

    for ( /* void */ ; p < last && (quoted || *p != end); p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (quoted && *p == '\\' && p + 1 < last) {
            p++;
        }
    }

    part.data = text->data;
    part.len = p - text->data;

    if (p < last) {
        p++;
    }

    text->data = p;
    text->len = last - p;

    while (part.len && (part.data[0] == ' ' || part.data[0] == '\t')) {
        part.data++;
        part.len--;
    }

    while (part.len && (part.data[part.len - 1] == ' '
                        || part.data[part.len - 1] == '\t'))
    {
        part.len--;
    }

    return part;
}


/* returns NGX_OK, or NGX_DECLINED if the text is not a range */

static ngx_int_t
ngx_http_household_accept_parse(ngx_str_t *text,
    ngx_http_household_accept_range_t *range)
{
    ngx_str_t  rest, param, name;

    static ngx_str_t  q = ngx_string("q");
    static ngx_str_t  version = ngx_string("version");

    rest = *text;
    range->subtype = ngx_http_household_accept_cut(&rest, ';');
    range->type = ngx_http_household_accept_cut(&range->subtype, '/');
    range->version.len = 0;
    range->weight = NGX_HTTP_HOUSEHOLD_ACCEPT_ALL;

    if (range->type.len == 0 || range->subtype.len == 0) {
        return NGX_DECLINED;
    }

    while (rest.len) {

        param = ngx_http_household_accept_cut(&rest, ';');
        name = ngx_http_household_accept_cut(&param, '=');

        if (ngx_http_household_accept_is(&name, &q)) {
            range->weight = ngx_http_household_accept_weight(&param);

        } else if (ngx_http_household_accept_is(&name, &version)) {

            if (param.len >= 2 && param.data[0] == '"'
                && param.data[param.len - 1] == '"')
            {
                param.data++;
                param.len -= 2;
            }

            range->version = param;
        }
    }

    return NGX_OK;
}


/* a weight that is not valid is 0 */

static ngx_uint_t
ngx_http_household_accept_weight(ngx_str_t *text)
{
    ngx_int_t  n;

    if (text->len == 0 || text->len > 5 || text->data[0] == '.') {
        return 0;
    }

    n = ngx_atofp(text->data, text->len, 3);

    return n > 0 && n <= NGX_HTTP_HOUSEHOLD_ACCEPT_ALL ? (ngx_uint_t) n : 0;
}


/* returns 0 if the range does not match; the greater, the more specific */

static ngx_uint_t
ngx_http_household_accept_rank(ngx_http_household_accept_range_t *range,
    ngx_http_household_accept_t *offer)
{
    static ngx_str_t  any = ngx_string("*");

    if (ngx_http_household_accept_is(&range->type, &any)) {
        return ngx_http_household_accept_is(&range->subtype, &any) ? 1 : 0;
    }

    if (!ngx_http_household_accept_is(&range->type, &offer->type)) {
        return 0;
    }

    if (ngx_http_household_accept_is(&range->subtype, &any)) {
        return 2;
    }

    if (!ngx_http_household_accept_is(&range->subtype, &offer->subtype)) {
        return 0;
    }

    if (range->version.len == 0) {
        return 3;
    }

    return ngx_http_household_accept_is(&range->version, &offer->version)
           ? 4 : 0;
}


static ngx_uint_t
ngx_http_household_accept_is(ngx_str_t *text, ngx_str_t *word)
{
    return text->len == word->len
           && ngx_strncasecmp(text->data, word->data, word->len) == 0;
}
