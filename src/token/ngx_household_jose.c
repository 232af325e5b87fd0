
/*
 * Strict base64url and bounded JSON.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/crypto.h>
#include "ngx_household_jose.h"


static json_t *ngx_household_json_load(const ngx_str_t *text,
    json_error_t *e);
static void *ngx_household_json_alloc(size_t size);
static void ngx_household_json_out_of_memory(char *error);
static void ngx_household_json_error(const ngx_str_t *text,
    const json_error_t *e, char *error);
static ngx_uint_t ngx_household_json_too_deep(const ngx_str_t *text);
static u_char *ngx_household_json_too_large(u_char *p, u_char *last,
    u_char **end);
static ngx_uint_t ngx_household_json_overflows(const u_char *p,
    const u_char *end);
static const u_char *ngx_household_json_digits(const u_char *p,
    const u_char *end);
static ngx_int_t ngx_household_json_exponent(const u_char *p,
    const u_char *end, long *exponent);


/* of the text that is being parsed */

static json_malloc_t  ngx_household_json_malloc;
static ngx_uint_t     ngx_household_json_no_memory;


/* values of the characters; 64 is none of the alphabet */

static const u_char  ngx_household_base64url_values[256] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
    64,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 63,
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64
};


ngx_int_t
ngx_household_base64url_decode(ngx_str_t *dst, const ngx_str_t *src)
{
    size_t         i;
    u_char        *p, *s, all;
    uint32_t       bits;
    ngx_uint_t     nbits;
    const u_char  *value;

    value = ngx_household_base64url_values;
    p = dst->data;
    all = 0;

    /* four characters are three bytes */

    for (i = 0; src->len - i >= 4; i += 4) {
        s = src->data + i;

        all |= value[s[0]] | value[s[1]] | value[s[2]] | value[s[3]];

        bits = (uint32_t) value[s[0]] << 18 | (uint32_t) value[s[1]] << 12
               | (uint32_t) value[s[2]] << 6 | value[s[3]];

        *p++ = (u_char) (bits >> 16);
        *p++ = (u_char) (bits >> 8);
        *p++ = (u_char) bits;
    }

    bits = 0;
    nbits = 0;

    for ( /* void */ ; i < src->len; i++) {
        all |= value[src->data[i]];
        bits = bits << 6 | value[src->data[i]];
        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            *p++ = (u_char) (bits >> nbits);
        }
    }

    /* six bits left are not a byte; two or four bits left must be zero */

    if (all > 63 || nbits == 6 || (bits & ((1 << nbits) - 1)) != 0) {
        return NGX_DECLINED;
    }

    dst->len = p - dst->data;

    return NGX_OK;
}


u_char *
ngx_household_base64url_encode(u_char *dst, const u_char *data, size_t len)
{
    u_char  *p, *last;

    last = dst + EVP_EncodeBlock(dst, data, len);

    while (last > dst && last[-1] == '=') {
        last--;
    }

    for (p = dst; p < last; p++) {
        if (*p == '+') {
            *p = '-';

        } else if (*p == '/') {
            *p = '_';
        }
    }

    return last;
}


json_t *
ngx_household_json_parse(const ngx_str_t *text, char *error)
{
    u_char     *p, *last, *end;
    json_t     *object;
    ngx_str_t   copy;

    last = text->data + text->len;
    p = ngx_household_json_too_large(text->data, last, &end);

    if (p == NULL) {
        return ngx_household_json_parse_exact(text, error);
    }

    copy.len = text->len;
    copy.data = malloc(copy.len);

    if (copy.data == NULL) {
        ngx_household_json_out_of_memory(error);
        return NULL;
    }

    ngx_memcpy(copy.data, text->data, copy.len);

    /* "null" fits: the shortest of these numbers has five characters */

    do {
        ngx_memset(copy.data + (p - text->data), ' ', end - p);
        ngx_memcpy(copy.data + (p - text->data), "null", 4);

        p = ngx_household_json_too_large(end, last, &end);

    } while (p != NULL);

    object = ngx_household_json_parse_exact(&copy, error);

    OPENSSL_cleanse(copy.data, copy.len);
    free(copy.data);

    return object;
}


json_t *
ngx_household_json_parse_exact(const ngx_str_t *text, char *error)
{
    json_t        *object;
    json_error_t   e;

    ngx_set_errno(0);

    /* jansson parses recursively, so the depth is checked first */

    if (ngx_household_json_too_deep(text)) {
        if (error != NULL) {
            (void) snprintf(error, NGX_HOUSEHOLD_JSON_ERROR,
                            "nesting exceeds %d levels",
                            NGX_HOUSEHOLD_JSON_DEPTH);
        }

        return NULL;
    }

    object = ngx_household_json_load(text, &e);

    if (object == NULL) {
        if (ngx_household_json_no_memory) {
            ngx_household_json_out_of_memory(error);

        } else if (error != NULL) {
            ngx_household_json_error(text, &e, error);
        }

        return NULL;
    }

    if (!json_is_object(object)) {
        if (error != NULL) {
            (void) snprintf(error, NGX_HOUSEHOLD_JSON_ERROR,
                            "not a JSON object");
        }

        json_decref(object);
        return NULL;
    }

    return object;
}


/*
 * jansson (2.14) goes on if a longer string or number finds no memory, and
 * leaves bytes of it out.  So the object counts only if no allocation failed.
 */

static json_t *
ngx_household_json_load(const ngx_str_t *text, json_error_t *e)
{
    json_t       *object;
    json_free_t   release;

    json_get_alloc_funcs(&ngx_household_json_malloc, &release);
    json_set_alloc_funcs(ngx_household_json_alloc, release);

    ngx_household_json_no_memory = 0;

    object = json_loadb((const char *) text->data, text->len,
                        JSON_REJECT_DUPLICATES, e);

    json_set_alloc_funcs(ngx_household_json_malloc, release);

    if (ngx_household_json_no_memory) {
        json_decref(object);
        return NULL;
    }

    return object;
}


static void *
ngx_household_json_alloc(size_t size)
{
    void  *p;

    p = ngx_household_json_malloc(size);

    if (p == NULL) {
        ngx_household_json_no_memory = 1;
    }

    return p;
}


static void
ngx_household_json_out_of_memory(char *error)
{
    ngx_set_errno(NGX_ENOMEM);

    if (error != NULL) {
        (void) snprintf(error, NGX_HOUSEHOLD_JSON_ERROR, "no memory");
    }
}


static void
ngx_household_json_error(const ngx_str_t *text, const json_error_t *e,
    char *error)
{
    char    cause[JSON_ERROR_TEXT_LENGTH];
    char   *near;
    size_t  i;

    static const struct {
        size_t       len;
        const char  *bytes;
        const char  *name;
    } marks[] = {
        { 3, "\xef\xbb\xbf", "byte order mark before the JSON text" },
        { 2, "\xfe\xff", "UTF-16, must be UTF-8" },
        { 2, "\xff\xfe", "UTF-16, must be UTF-8" }
    };

    for (i = 0; i < 3; i++) {
        if (text->len >= marks[i].len
            && ngx_memcmp(text->data, marks[i].bytes, marks[i].len) == 0)
        {
            (void) snprintf(error, NGX_HOUSEHOLD_JSON_ERROR,
                            "line 1, column 1: %s", marks[i].name);
            return;
        }
    }

    /* the error of jansson quotes the text, which may be a secret */

    (void) snprintf(cause, sizeof(cause), "%s", e->text);

    near = strstr(cause, " near ");

    if (near != NULL) {
        *near = '\0';
    }

    (void) snprintf(error, NGX_HOUSEHOLD_JSON_ERROR,
                    "line %d, column %d: %.80s", e->line, e->column, cause);
}


/*
 * Returns 1 if the nesting is too deep.  The depth may be wrong in invalid
 * JSON, but only after the position where the parser stops.
 */

static ngx_uint_t
ngx_household_json_too_deep(const ngx_str_t *text)
{
    u_char      ch;
    size_t      i;
    ngx_uint_t  depth, quoted;

    depth = 0;
    quoted = 0;

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        if (quoted) {
            if (ch == '\\') {
                i++;

            } else if (ch == '"') {
                quoted = 0;
            }

            continue;
        }

        switch (ch) {

        case '"':
            quoted = 1;
            break;

        case '{':
        case '[':
            if (++depth > NGX_HOUSEHOLD_JSON_DEPTH) {
                return 1;
            }

            break;

        case '}':
        case ']':
            if (depth > 0) {
                depth--;
            }

            break;
        }
    }

    return 0;
}


/*
 * Finds the next number for which jansson would reject the whole text.
 * Returns the first character of the number and sets "end" to the position
 * after the last one; or NULL.  A number that is not valid by RFC 8259, 6 is
 * left to jansson.
 */

static u_char *
ngx_household_json_too_large(u_char *p, u_char *last, u_char **end)
{
    u_char      *start;
    ngx_uint_t   quoted;

    quoted = 0;

    while (p < last) {

        if (*p == '"') {
            quoted = !quoted;
            p++;
            continue;
        }

        if (quoted) {
            p += (*p == '\\') ? 2 : 1;
            continue;
        }

        if (*p != '-' && (*p < '0' || *p > '9')) {
            p++;
            continue;
        }

        start = p;

        while (p < last
               && ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+'
                   || *p == '.' || *p == 'e' || *p == 'E'))
        {
            p++;
        }

        if (ngx_household_json_overflows(start, p)) {
            *end = p;
            return start;
        }
    }

    return NULL;
}


/*
 * Returns 1 if "p" to "end" is a valid number, and is an integer out of the
 * range of int64_t, or a fraction of 1e308 or more.
 */

static ngx_uint_t
ngx_household_json_overflows(const u_char *p, const u_char *end)
{
    long           power, exponent;
    ngx_uint_t     minus, zero;
    const u_char  *digits, *q;

    minus = (*p == '-');
    digits = p + minus;

    p = ngx_household_json_digits(digits, end);

    if (p == digits || (*digits == '0' && p - digits > 1)) {
        return 0;
    }

    power = p - digits - 1;

    if (p == end) {

        if (power != 18) {
            return power > 18;
        }

        return ngx_memcmp(digits, minus ? "9223372036854775808"
                                        : "9223372036854775807", 19) > 0;
    }

    /* the power of ten of the first digit that is not 0 */

    zero = (*digits == '0');

    if (*p == '.') {
        q = ++p;
        p = ngx_household_json_digits(q, end);

        if (p == q) {
            return 0;
        }

        for ( /* void */ ; zero && q < p; q++) {
            power--;
            zero = (*q == '0');
        }
    }

    exponent = 0;

    if (p < end && ngx_household_json_exponent(p, end, &exponent) != NGX_OK) {
        return 0;
    }

    return !zero && power + exponent >= 308;
}


static const u_char *
ngx_household_json_digits(const u_char *p, const u_char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


/* an exponent of any length; large ones are cut to one that overflows */

static ngx_int_t
ngx_household_json_exponent(const u_char *p, const u_char *end,
    long *exponent)
{
    long        n;
    ngx_uint_t  negative;

    if (*p != 'e' && *p != 'E') {
        return NGX_DECLINED;
    }

    p++;
    negative = (p < end && *p == '-');

    if (p < end && (*p == '+' || *p == '-')) {
        p++;
    }

    if (p == end || ngx_household_json_digits(p, end) != end) {
        return NGX_DECLINED;
    }

    for (n = 0; p < end && n < 1000000; p++) {
        n = n * 10 + (*p - '0');
    }

    *exponent = negative ? -n : n;

    return NGX_OK;
}


ngx_int_t
ngx_household_json_string(const json_t *object, const char *name,
    ngx_str_t *value)
{
    json_t  *member;

    member = json_object_get(object, name);

    if (member == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_string(member)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    return NGX_OK;
}


ngx_int_t
ngx_household_json_time(const json_t *object, const char *name,
    ngx_uint_t up, int64_t *value)
{
    double       seconds;
    json_t      *member;
    json_int_t   n;

    member = json_object_get(object, name);

    if (member == NULL) {
        return NGX_DECLINED;
    }

    if (json_is_real(member)) {
        seconds = json_real_value(member);

        if (!(seconds >= 0 && seconds <= NGX_HOUSEHOLD_JSON_TIME_MAX)) {
            return NGX_ERROR;
        }

        n = (json_int_t) seconds;

        if (up && (double) n < seconds) {
            n++;
        }

        *value = n;

        return NGX_OK;
    }

    if (!json_is_integer(member)) {
        return NGX_ERROR;
    }

    n = json_integer_value(member);

    if (n < 0 || n > NGX_HOUSEHOLD_JSON_TIME_MAX) {
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


ngx_uint_t
ngx_household_json_is(const json_t *value, const char *text)
{
    return json_is_string(value)
           && ngx_strcmp(json_string_value(value), text) == 0;
}
