
/*
 * Claims of a Common Access Token that are made by choices, and a model of
 * their verdict.  Whether a claim holds is known to the code that writes it,
 * from what it has chosen: nothing is read again.
 */


#ifndef _NGX_HOUSEHOLD_CAT_MODEL_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_MODEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"


#define NOW  1700000000


static ngx_household_cat_request_t  request;


/* --- the request --------------------------------------------------------- */

#define URI  "https://tv.example/a/b.c/film.tar.ts?x=1"

static const char  *methods[] = { "GET", "HEAD", "get", "PUT" };
static const char  *protocols[] = { NULL, "h2", "http/1.1", "h" };
static const char  *countries[] = { NULL, "FR", "DE", "US" };

/* no address, one of each family, and one more */

static const struct {
    ngx_uint_t   family;
    u_char       bytes[16];
} addresses[] = {
    { NGX_HOUSEHOLD_FAMILY_NONE, { 0 } },
    { NGX_HOUSEHOLD_FAMILY_INET, { 192, 0, 2, 129 } },
    { NGX_HOUSEHOLD_FAMILY_INET6, { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0,
                                    0, 0, 0, 0, 1 } },
    { NGX_HOUSEHOLD_FAMILY_INET, { 255, 255, 255, 255 } }
};

static unsigned  method, protocol, country, address;


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


static ngx_int_t
get_uri(void *data, ngx_str_t *uri)
{
    ngx_str_set(uri, URI);
    return NGX_OK;
}


static ngx_int_t
get_alpn(void *data, ngx_str_t *value)
{
    if (protocols[protocol] == NULL) {
        return NGX_DECLINED;
    }

    *value = str(protocols[protocol]);
    return NGX_OK;
}


/* fields of the request: a value, "" for an empty one, NULL for two */

static const struct {
    const char  *name, *value;
} fields[] = {
    { "X-One", "one" },
    { "X-Empty", "" },
    { "X-Two", NULL }
};


static ngx_int_t
get_header(void *data, const ngx_str_t *name, ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {

        if (name->len != strlen(fields[i].name)
            || memcmp(name->data, fields[i].name, name->len) != 0)
        {
            continue;
        }

        if (fields[i].value == NULL) {
            return NGX_ERROR;
        }

        *value = str(fields[i].value);
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
get_country(void *data, u_char value[2])
{
    if (countries[country] == NULL) {
        return NGX_DECLINED;
    }

    memcpy(value, countries[country], 2);
    return NGX_OK;
}


static void
ask(unsigned choice)
{
    method = choice & 3;
    protocol = choice >> 2 & 3;
    country = choice >> 4 & 3;
    address = choice >> 6 & 3;

    request.method = str(methods[method]);
    request.addr.family = (u_char) addresses[address].family;
    memcpy(request.addr.bytes, addresses[address].bytes, 16);
}


/* --- CBOR ---------------------------------------------------------------- */

static u_char *
head(u_char *p, unsigned major, uint64_t number, unsigned size)
{
    unsigned  n;

    static const unsigned  sizes[] = { 0, 1, 2, 4, 8 };

    /* at least "size", which need not be the shortest */

    size = ngx_min(size, 4);

    while (size < 4
           && (size == 0 ? number > 23 : number >> 8 * sizes[size] != 0))
    {
        size++;
    }

    if (size == 0) {
        *p++ = (u_char) (major << 5 | number);
        return p;
    }

    *p++ = (u_char) (major << 5 | (23 + size));

    for (n = sizes[size]; n > 0; n--) {
        *p++ = (u_char) (number >> 8 * (n - 1));
    }

    return p;
}


static u_char *
string(u_char *p, unsigned major, const void *data, size_t len)
{
    p = head(p, major, len, 0);
    memcpy(p, data, len);

    return p + len;
}


/* --- the model ----------------------------------------------------------- */

typedef enum {
    NO = 0,
    UNKNOWN,
    YES
} holds_t;


static holds_t
both(holds_t a, holds_t b)
{
    return a < b ? a : b;
}


static holds_t
either(holds_t a, holds_t b)
{
    return a > b ? a : b;
}


/* the input, and where the claims are written to */

static const uint8_t  *choices, *choices_end;
static u_char         *out, *out_end;
static size_t          nitems;


static unsigned
choose(unsigned n)
{
    return choices < choices_end ? *choices++ % n : 0;
}


/* of a definite length or not; heads are longer than they need be */

static void
open_list(unsigned major, unsigned count, unsigned *indefinite)
{
    nitems++;
    *indefinite = choose(4) == 0;

    if (*indefinite) {
        *out++ = (u_char) (major << 5 | 31);

    } else {
        out = head(out, major, count, choose(8));
    }
}


static void
close_list(unsigned indefinite)
{
    if (indefinite) {
        *out++ = 0xff;
    }
}


static void
number(int64_t n)
{
    nitems++;
    out = n < 0 ? head(out, 1, (uint64_t) (-1 - n), choose(6))
                : head(out, 0, (uint64_t) n, choose(6));
}


static void
text(const char *s, unsigned major)
{
    size_t  n;

    nitems++;

    if (choose(6) != 0) {
        out = string(out, major, s, strlen(s));
        return;
    }

    /* in two chunks */

    n = strlen(s) / 2;
    *out++ = (u_char) (major << 5 | 31);
    out = string(out, major, s, n);
    out = string(out, major, s + n, strlen(s) - n);
    *out++ = 0xff;
}


static int
full(void)
{
    return out_end - out < 1000;
}


/* conditions on "value", of letters that are in it, or not */

static holds_t
conditions(const char *value)
{
    size_t        len, n;
    char          buf[64];
    unsigned      i, count, kind, indefinite, used;
    holds_t       holds;

    holds = YES;
    used = 0;
    len = strlen(value);
    count = choose(3);
    open_list(5, count, &indefinite);

    for (i = 0; i < count; i++) {

        for (kind = choose(4); used & 1 << kind; kind = (kind + 1) % 4) {
            /* void */
        }

        used |= 1 << kind;
        number(kind);

        /* a part of it, perhaps with another letter at its end */

        n = len ? choose((unsigned) len + 1) : 0;
        strcpy(buf, kind == 2 ? value + n : value);

        if (kind == 1 || (kind == 3 && choose(2))) {
            buf[n] = '\0';
        }

        if (kind == 3) {
            memmove(buf, buf + strlen(buf) / 2, strlen(buf + strlen(buf) / 2)
                                                + 1);
        }

        if (choose(4) == 0) {
            strcat(buf, "o");
        }

        text(buf, 3);
        n = strlen(buf);

        if (kind == 0 ? strcmp(buf, value) != 0
            : kind == 1 ? strncmp(value, buf, n) != 0
            : kind == 2 ? n > len || strcmp(value + len - n, buf) != 0
            : strstr(value, buf) == NULL)
        {
            holds = NO;
        }
    }

    close_list(indefinite);

    return holds;
}


static holds_t
words(const char **list, unsigned chosen, unsigned first, int bytes)
{
    unsigned  i, n, count, indefinite;
    holds_t   holds;

    holds = NO;
    count = choose(4);
    open_list(4, count, &indefinite);

    for (i = 0; i < count; i++) {
        n = first + choose(4 - first);
        text(list[n], bytes && choose(2) ? 2 : 3);

        if (n == chosen) {
            holds = YES;
        }
    }

    close_list(indefinite);

    return holds;
}


/* bits of "a" and "b" that are equal from the first one on */

static unsigned
common(const u_char *a, const u_char *b, unsigned max)
{
    unsigned  n;

    for (n = 0; n < max; n++) {
        if ((a[n / 8] >> (7 - n % 8) & 1) != (b[n / 8] >> (7 - n % 8) & 1)) {
            break;
        }
    }

    return n;
}


static holds_t
networks(void)
{
    u_char    bytes[16];
    holds_t   holds;
    unsigned  i, n, k, size, bits, count, indefinite, inner;

    holds = addresses[address].family == NGX_HOUSEHOLD_FAMILY_NONE
            ? UNKNOWN : NO;
    count = choose(3);
    open_list(4, count, &indefinite);

    for (i = 0; i < count; i++) {
        n = 1 + choose(3);
        size = addresses[n].family == NGX_HOUSEHOLD_FAMILY_INET ? 4 : 16;
        bits = choose(8 * size + 1);

        memcpy(bytes, addresses[n].bytes, 16);

        if (choose(2)) {
            /* another one */
            k = choose(8 * size);
            bytes[k / 8] ^= 0x80 >> k % 8;
        }

        out = head(out, 6, size == 4 ? 52 : 54, choose(4));

        nitems += 2;

        if (choose(3) == 0) {
            bits = 8 * size;
            out = string(out, 2, bytes, size);

        } else {

            for (k = bits; k < 8 * size; k++) {
                bytes[k / 8] &= ~(0x80 >> k % 8);
            }

            /* without zeros at the end, or with them */

            k = size;

            if (choose(2)) {
                while (k > 0 && bytes[k - 1] == 0) {
                    k--;
                }
            }

            open_list(4, 2, &inner);
            number(bits);
            out = string(out, 2, bytes, k);
            close_list(inner);
        }

        if (holds == NO
            && addresses[n].family == addresses[address].family
            && common(bytes, addresses[address].bytes, 8 * size) >= bits)
        {
            holds = YES;
        }
    }

    close_list(indefinite);

    return holds;
}


static holds_t
headers(void)
{
    holds_t   holds;
    unsigned  i, n, count, first, indefinite;

    holds = YES;
    count = choose(3);
    first = choose(3);
    open_list(5, count, &indefinite);

    for (i = 0; i < count; i++) {
        n = (first + i) % 4;
        text(n < 3 ? fields[n].name : "X-None", 3);

        if (n == 3) {
            (void) conditions("none");
            holds = NO;

        } else if (fields[n].value == NULL) {
            (void) conditions("two");
            holds = both(holds, UNKNOWN);

        } else {
            holds = both(holds, conditions(fields[n].value));
        }
    }

    close_list(indefinite);

    return holds;
}


/* the parts of URI, as docs/cat.md has them; a standard port may be empty */

static holds_t
uri(void)
{
    holds_t   holds;
    unsigned  i, n, count, first, indefinite;

    static const char  *parts[] = {
        "https", "tv.example", NULL, "/a/b.c/film.tar.ts", "x=1", "/a/b.c",
        "film.tar.ts", "film.tar", ".ts"
    };

    holds = YES;
    count = choose(4);
    first = choose(9);
    open_list(5, count, &indefinite);

    for (i = 0; i < count; i++) {
        n = (first + i) % 9;
        number(n);

        if (parts[n] != NULL) {
            holds = both(holds, conditions(parts[n]));

        } else {
            out = string(out, 5, "", 0);
            nitems++;
        }
    }

    close_list(indefinite);

    return holds;
}


static holds_t set(unsigned nested, ngx_household_reason_e *reason);


/* "until" is what ends it: YES of "or", NO of "and" */

static holds_t
sets(unsigned nested, holds_t until)
{
    holds_t                 holds;
    unsigned                i, count, indefinite;
    ngx_household_reason_e  reason;

    holds = until == YES ? NO : YES;
    count = 1 + choose(3);
    open_list(4, count, &indefinite);

    for (i = 0; i < count; i++) {
        holds = until == YES ? either(holds, set(nested + 1, &reason))
                             : both(holds, set(nested + 1, &reason));
    }

    close_list(indefinite);

    return holds;
}


static holds_t
bound(int later)
{
    int64_t  n;

    n = (int64_t) choose(3) - 1;
    number(NOW + n);

    return (later ? n > 0 : n <= 0) ? YES : NO;
}


/* claims in the order in which the first that does not hold is reported */

static const struct {
    int                      key;
    ngx_household_reason_e   reason;
} claims[] = {
    { 4, NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED },
    { 5, NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET },
    { 313, NGX_HOUSEHOLD_REASON_TOKEN_METHOD },
    { 314, NGX_HOUSEHOLD_REASON_TOKEN_PROTOCOL },
    { 311, NGX_HOUSEHOLD_REASON_TOKEN_NETWORK },
    { 316, NGX_HOUSEHOLD_REASON_TOKEN_COUNTRY },
    { 315, NGX_HOUSEHOLD_REASON_TOKEN_HEADER },
    { 312, NGX_HOUSEHOLD_REASON_TOKEN_URI },
    { 41, NGX_HOUSEHOLD_REASON_TOKEN_CONDITION },
    { 42, NGX_HOUSEHOLD_REASON_TOKEN_CONDITION },
    { 43, NGX_HOUSEHOLD_REASON_TOKEN_CONDITION }
};

#define CLAIMS  (sizeof(claims) / sizeof(claims[0]))


static holds_t
claim(int key, unsigned nested)
{
    holds_t  holds;

    number(key);

    switch (key) {

    case 4:
        return bound(1);

    case 5:
        return bound(0);

    case 313:
        return words(methods, method, 0, 0);

    case 314:
        return words(protocols, protocol, 1, 1);

    case 311:
        return networks();

    case 316:
        holds = words(countries, country, 1, 0);
        return countries[country] == NULL ? UNKNOWN : holds;

    case 315:
        return headers();

    case 312:
        return uri();

    case 41:
        return sets(nested, YES);

    case 42:
        holds = sets(nested, YES);
        return holds == UNKNOWN ? UNKNOWN : holds == YES ? NO : YES;

    default:
        return sets(nested, NO);
    }
}


static holds_t
set(unsigned nested, ngx_household_reason_e *reason)
{
    holds_t   holds[CLAIMS];
    holds_t   all;
    unsigned  i, n, first, count, known, indefinite;

    /* of the claims, some that follow each other */

    known = nested ? 0 : 2;
    count = full() ? 0 : choose(4);
    first = choose(CLAIMS - known);

    if (nested == 3) {
        /* no deeper sets */
        count = ngx_min(count, 2);
        first %= CLAIMS - known - 5;
    }

    if (nested == 0) {
        open_list(5, count + 2, &indefinite);
        number(2);
        text("a", 3);
        number(4);
        number(NOW + 60);

    } else {
        open_list(5, count, &indefinite);
    }

    for (i = 0; i < CLAIMS; i++) {
        holds[i] = YES;
    }

    for (i = 0; i < count; i++) {
        n = known + (first + i) % (CLAIMS - known);
        holds[n] = claim(claims[n].key, nested);
    }

    close_list(indefinite);

    all = YES;
    *reason = NGX_HOUSEHOLD_REASON_NONE;

    for (i = 0; i < CLAIMS; i++) {

        if (all == YES && holds[i] != YES) {
            *reason = claims[i].reason;
        }

        all = both(all, holds[i]);
    }

    return all;
}


#endif /* _NGX_HOUSEHOLD_CAT_MODEL_H_INCLUDED_ */
