
/*
 * Parsing of CBOR.  The decoder of libcbor that is used here keeps no state
 * and allocates nothing: it reports one head at a time.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <cbor.h>
#include "ngx_household_cbor.h"
#include "ngx_household_str.h"


/* a length: of type size_t up to libcbor 0.8, which on 32 bits differs */

#if (CBOR_MAJOR_VERSION == 0 && CBOR_MINOR_VERSION < 9)
typedef size_t    ngx_household_cbor_len_t;
#else
typedef uint64_t  ngx_household_cbor_len_t;
#endif


/* an item that is not complete yet */

typedef struct {
    uint16_t                item;      /* index */
    uint16_t                left;      /* items missing */
    unsigned                indefinite:1;
} ngx_household_cbor_frame_t;


typedef struct {
    ngx_household_cbor_t        *c;
    const u_char                *last;      /* end of the input */
    ngx_uint_t                   max;
    ngx_uint_t                   depth;
    ngx_uint_t                   failed;
    ngx_household_cbor_frame_t   stack[NGX_HOUSEHOLD_CBOR_DEPTH];
} ngx_household_cbor_parser_t;


static size_t ngx_household_cbor_read(ngx_household_cbor_parser_t *p,
    const u_char *data);
static size_t ngx_household_cbor_number(ngx_household_cbor_parser_t *p,
    const u_char *data, uint64_t *number);
static void ngx_household_cbor_tag(ngx_household_cbor_parser_t *p,
    uint64_t number);
static ngx_household_cbor_item_t *ngx_household_cbor_add(
    ngx_household_cbor_parser_t *p, ngx_uint_t type);
static void ngx_household_cbor_open(ngx_household_cbor_parser_t *p,
    ngx_uint_t type, uint64_t left, ngx_uint_t indefinite);
static void ngx_household_cbor_complete(ngx_household_cbor_parser_t *p);
static void ngx_household_cbor_close(ngx_household_cbor_parser_t *p);
static ngx_uint_t ngx_household_cbor_keys(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map);
static ngx_uint_t ngx_household_cbor_same(const ngx_household_cbor_item_t *a,
    const ngx_household_cbor_item_t *b);
static void ngx_household_cbor_scalar(ngx_household_cbor_parser_t *p,
    ngx_uint_t type, uint64_t number);
static void ngx_household_cbor_string(ngx_household_cbor_parser_t *p,
    ngx_uint_t type, cbor_data data, uint64_t len);

static void ngx_household_cbor_bytes(void *data, cbor_data text,
    ngx_household_cbor_len_t len);
static void ngx_household_cbor_bytes_start(void *data);
static void ngx_household_cbor_text(void *data, cbor_data text,
    ngx_household_cbor_len_t len);
static void ngx_household_cbor_text_start(void *data);
static void ngx_household_cbor_array(void *data,
    ngx_household_cbor_len_t count);
static void ngx_household_cbor_array_start(void *data);
static void ngx_household_cbor_map(void *data,
    ngx_household_cbor_len_t count);
static void ngx_household_cbor_map_start(void *data);
static void ngx_household_cbor_float(void *data, float real);
static void ngx_household_cbor_double(void *data, double real);
static void ngx_household_cbor_undefined(void *data);
static void ngx_household_cbor_null(void *data);
static void ngx_household_cbor_bool(void *data, bool value);
static void ngx_household_cbor_break(void *data);


static const struct cbor_callbacks  ngx_household_cbor_callbacks = {
    .byte_string_start = ngx_household_cbor_bytes_start,
    .byte_string = ngx_household_cbor_bytes,
    .string = ngx_household_cbor_text,
    .string_start = ngx_household_cbor_text_start,
    .indef_array_start = ngx_household_cbor_array_start,
    .array_start = ngx_household_cbor_array,
    .indef_map_start = ngx_household_cbor_map_start,
    .map_start = ngx_household_cbor_map,
    .float2 = ngx_household_cbor_float,
    .float4 = ngx_household_cbor_float,
    .float8 = ngx_household_cbor_double,
    .undefined = ngx_household_cbor_undefined,
    .null = ngx_household_cbor_null,
    .boolean = ngx_household_cbor_bool,
    .indef_break = ngx_household_cbor_break
};


ngx_int_t
ngx_household_cbor_parse(ngx_household_cbor_t *c, ngx_str_t *data,
    ngx_uint_t max)
{
    size_t                        pos, n;
    ngx_household_cbor_parser_t   parser;

    ngx_memzero(&parser, sizeof(ngx_household_cbor_parser_t));

    parser.c = c;
    parser.last = data->data + data->len;
    parser.max = ngx_min(max, NGX_HOUSEHOLD_CBOR_ITEMS);

    c->nitems = 0;
    pos = 0;

    do {
        if (pos == data->len) {
            return NGX_DECLINED;
        }

        n = ngx_household_cbor_read(&parser, data->data + pos);

        if (n == 0 || parser.failed) {
            return NGX_DECLINED;
        }

        pos += n;

    } while (parser.depth > 0);

    return pos == data->len ? NGX_OK : NGX_DECLINED;
}


/*
 * Reads a head, or a string, and returns its size, or 0 if it is malformed.
 * Heads without anything behind them are read here: libcbor before 0.11 does
 * not know the tags 6 to 20, which are those of COSE.
 */

static size_t
ngx_household_cbor_read(ngx_household_cbor_parser_t *p, const u_char *data)
{
    size_t                      n;
    uint64_t                    number;
    struct cbor_decoder_result  result;

    switch (*data >> 5) {

    case NGX_HOUSEHOLD_CBOR_UINT:
        n = ngx_household_cbor_number(p, data, &number);
        ngx_household_cbor_scalar(p, NGX_HOUSEHOLD_CBOR_UINT, number);
        return n;

    case NGX_HOUSEHOLD_CBOR_NINT:
        n = ngx_household_cbor_number(p, data, &number);
        ngx_household_cbor_scalar(p, NGX_HOUSEHOLD_CBOR_NINT, number);
        return n;

    case NGX_HOUSEHOLD_CBOR_TAG:
        n = ngx_household_cbor_number(p, data, &number);
        ngx_household_cbor_tag(p, number);
        return n;

    default:
        result = cbor_stream_decode(data, p->last - data,
                                    &ngx_household_cbor_callbacks, p);

        return result.status == CBOR_DECODER_FINISHED ? result.read : 0;
    }
}


/* the number in a head (RFC 8949, 3); returns the size of the head, or 0 */

static size_t
ngx_household_cbor_number(ngx_household_cbor_parser_t *p, const u_char *data,
    uint64_t *number)
{
    size_t      i, size;
    ngx_uint_t  info;

    info = *data & 0x1f;
    *number = info;

    if (info < 24) {
        return 1;
    }

    size = (size_t) 1 << (info & 3);

    if (info > 27 || (size_t) (p->last - data) <= size) {
        return 0;
    }

    for (*number = 0, i = 1; i <= size; i++) {
        *number = *number << 8 | data[i];
    }

    return size + 1;
}


static void
ngx_household_cbor_tag(ngx_household_cbor_parser_t *p, uint64_t number)
{
    ngx_uint_t  tag;

    tag = p->c->nitems;

    ngx_household_cbor_open(p, NGX_HOUSEHOLD_CBOR_TAG, 1, 0);

    if (!p->failed) {
        p->c->items[tag].value.number = number;
    }
}


static ngx_household_cbor_item_t *
ngx_household_cbor_add(ngx_household_cbor_parser_t *p, ngx_uint_t type)
{
    ngx_household_cbor_t        *c;
    ngx_household_cbor_item_t   *item, *top;
    ngx_household_cbor_frame_t  *frame;

    c = p->c;

    if (p->failed || c->nitems >= p->max) {
        p->failed = 1;
        return NULL;
    }

    if (p->depth > 0) {
        frame = &p->stack[p->depth - 1];
        top = &c->items[frame->item];

        /* chunks of a string do not come here: see _string() */

        if (top->type == NGX_HOUSEHOLD_CBOR_BYTES
            || top->type == NGX_HOUSEHOLD_CBOR_TEXT)
        {
            p->failed = 1;
            return NULL;
        }

        if (frame->indefinite) {
            /* keys and values are counted first, pairs in _close() */
            top->count++;
        }
    }

    item = &c->items[c->nitems++];

    ngx_memzero(item, sizeof(ngx_household_cbor_item_t));

    item->type = (uint8_t) type;
    item->end = (uint16_t) c->nitems;

    return item;
}


static void
ngx_household_cbor_open(ngx_household_cbor_parser_t *p, ngx_uint_t type,
    uint64_t left, ngx_uint_t indefinite)
{
    ngx_household_cbor_item_t   *item;
    ngx_household_cbor_frame_t  *frame;

    item = ngx_household_cbor_add(p, type);

    if (item == NULL) {
        return;
    }

    if (p->depth == NGX_HOUSEHOLD_CBOR_DEPTH
        || left > p->max - p->c->nitems)
    {
        p->failed = 1;
        return;
    }

    switch (type) {

    case NGX_HOUSEHOLD_CBOR_ARRAY:
        item->count = (uint16_t) left;
        break;

    case NGX_HOUSEHOLD_CBOR_MAP:
        item->count = (uint16_t) (left / 2);
        break;

    case NGX_HOUSEHOLD_CBOR_BYTES:
    case NGX_HOUSEHOLD_CBOR_TEXT:
        ngx_str_set(&item->value.text, "");
        break;

    default: /* a tag */
        break;
    }

    frame = &p->stack[p->depth++];

    frame->item = (uint16_t) (item - p->c->items);
    frame->left = (uint16_t) left;
    frame->indefinite = indefinite;

    if (left == 0 && !indefinite) {
        ngx_household_cbor_close(p);
    }
}


/* an item is complete, and with it perhaps those that it is nested in */

static void
ngx_household_cbor_complete(ngx_household_cbor_parser_t *p)
{
    ngx_household_cbor_frame_t  *frame;

    if (p->failed || p->depth == 0) {
        return;
    }

    frame = &p->stack[p->depth - 1];

    if (!frame->indefinite && --frame->left == 0) {
        ngx_household_cbor_close(p);
    }
}


static void
ngx_household_cbor_close(ngx_household_cbor_parser_t *p)
{
    ngx_household_cbor_item_t   *item;
    ngx_household_cbor_frame_t  *frame;

    frame = &p->stack[--p->depth];
    item = &p->c->items[frame->item];

    item->end = (uint16_t) p->c->nitems;

    if (item->type == NGX_HOUSEHOLD_CBOR_MAP) {

        if (frame->indefinite) {

            if (item->count % 2 != 0) {
                p->failed = 1;
                return;
            }

            item->count /= 2;
        }

        if (!ngx_household_cbor_keys(p->c, item)) {
            p->failed = 1;
            return;
        }
    }

    ngx_household_cbor_complete(p);
}


/* returns 1 if the keys of a map are of a known type, and none occurs twice */

static ngx_uint_t
ngx_household_cbor_keys(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *map)
{
    ngx_uint_t                        i, n;
    const ngx_household_cbor_item_t  *key, *other;

    key = ngx_household_cbor_first(map);

    for (i = 0; i < map->count; i++) {

        if (key->type > NGX_HOUSEHOLD_CBOR_TEXT) {
            return 0;
        }

        other = ngx_household_cbor_first(map);

        for (n = 0; n < i; n++) {

            if (ngx_household_cbor_same(key, other)) {
                return 0;
            }

            other = ngx_household_cbor_next(c, other + 1);
        }

        key = ngx_household_cbor_next(c, key + 1);
    }

    return 1;
}


static ngx_uint_t
ngx_household_cbor_same(const ngx_household_cbor_item_t *a,
    const ngx_household_cbor_item_t *b)
{
    if (a->type != b->type) {
        return 0;
    }

    if (a->type == NGX_HOUSEHOLD_CBOR_UINT
        || a->type == NGX_HOUSEHOLD_CBOR_NINT)
    {
        return a->value.number == b->value.number;
    }

    return ngx_household_str_equal(&a->value.text, &b->value.text);
}


static void
ngx_household_cbor_scalar(ngx_household_cbor_parser_t *p, ngx_uint_t type,
    uint64_t number)
{
    ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_add(p, type);

    if (item != NULL) {
        item->value.number = number;
        ngx_household_cbor_complete(p);
    }
}


/* a string, or a chunk of one of indefinite length (RFC 8949, 3.2.3) */

static void
ngx_household_cbor_string(ngx_household_cbor_parser_t *p, ngx_uint_t type,
    cbor_data data, uint64_t len)
{
    ngx_str_t                  *text;
    ngx_household_cbor_item_t  *item;

    /* libcbor 0.9 to 0.14.0 cuts the length on 32 bits, and passes all of it */

    if (p->failed || len > (uint64_t) (p->last - data)) {
        p->failed = 1;
        return;
    }

    if (type == NGX_HOUSEHOLD_CBOR_TEXT && len != 0
        && memchr(data, '\0', len) != NULL)
    {
        p->failed = 1;
        return;
    }

    if (p->depth > 0) {
        item = &p->c->items[p->stack[p->depth - 1].item];

        if (item->type == type) {
            text = &item->value.text;

            /* the chunk stands behind what was joined so far */

            if (text->len == 0) {
                text->data = (u_char *) data;
            }

            ngx_memmove(text->data + text->len, data, len);
            text->len += len;

            return;
        }
    }

    item = ngx_household_cbor_add(p, type);

    if (item != NULL) {
        item->value.text.data = (u_char *) data;
        item->value.text.len = len;
        ngx_household_cbor_complete(p);
    }
}


static void
ngx_household_cbor_bytes(void *data, cbor_data text,
    ngx_household_cbor_len_t len)
{
    ngx_household_cbor_string(data, NGX_HOUSEHOLD_CBOR_BYTES, text, len);
}


static void
ngx_household_cbor_bytes_start(void *data)
{
    ngx_household_cbor_open(data, NGX_HOUSEHOLD_CBOR_BYTES, 0, 1);
}


static void
ngx_household_cbor_text(void *data, cbor_data text,
    ngx_household_cbor_len_t len)
{
    ngx_household_cbor_string(data, NGX_HOUSEHOLD_CBOR_TEXT, text, len);
}


static void
ngx_household_cbor_text_start(void *data)
{
    ngx_household_cbor_open(data, NGX_HOUSEHOLD_CBOR_TEXT, 0, 1);
}


static void
ngx_household_cbor_array(void *data, ngx_household_cbor_len_t count)
{
    ngx_household_cbor_open(data, NGX_HOUSEHOLD_CBOR_ARRAY, count, 0);
}


static void
ngx_household_cbor_array_start(void *data)
{
    ngx_household_cbor_open(data, NGX_HOUSEHOLD_CBOR_ARRAY, 0, 1);
}


static void
ngx_household_cbor_map(void *data, ngx_household_cbor_len_t count)
{
    ngx_household_cbor_parser_t *p = data;

    if (count > NGX_HOUSEHOLD_CBOR_ITEMS) {
        /* twice as many could overflow */
        p->failed = 1;
        return;
    }

    ngx_household_cbor_open(data, NGX_HOUSEHOLD_CBOR_MAP, 2 * count, 0);
}


static void
ngx_household_cbor_map_start(void *data)
{
    ngx_household_cbor_open(data, NGX_HOUSEHOLD_CBOR_MAP, 0, 1);
}


static void
ngx_household_cbor_float(void *data, float real)
{
    ngx_household_cbor_double(data, real);
}


static void
ngx_household_cbor_double(void *data, double real)
{
    ngx_household_cbor_item_t  *item;

    item = ngx_household_cbor_add(data, NGX_HOUSEHOLD_CBOR_FLOAT);

    if (item != NULL) {
        item->value.real = real;
        ngx_household_cbor_complete(data);
    }
}


static void
ngx_household_cbor_undefined(void *data)
{
    ngx_household_cbor_scalar(data, NGX_HOUSEHOLD_CBOR_UNDEFINED, 0);
}


static void
ngx_household_cbor_null(void *data)
{
    ngx_household_cbor_scalar(data, NGX_HOUSEHOLD_CBOR_NULL, 0);
}


static void
ngx_household_cbor_bool(void *data, bool value)
{
    ngx_household_cbor_scalar(data, value ? NGX_HOUSEHOLD_CBOR_TRUE
                                          : NGX_HOUSEHOLD_CBOR_FALSE, 0);
}


static void
ngx_household_cbor_break(void *data)
{
    ngx_household_cbor_parser_t *p = data;

    if (p->failed || p->depth == 0 || !p->stack[p->depth - 1].indefinite) {
        p->failed = 1;
        return;
    }

    ngx_household_cbor_close(p);
}
