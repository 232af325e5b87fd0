
/*
 * Fuzz target of the parser of CBOR: what it makes of the input is compared
 * with what a model makes of it, which reads by recursion, and with libcbor's
 * own tree of items.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <cbor.h>
#include <math.h>
#include "ngx_household_cbor.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)

#define INPUT_SIZE  4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* an item of the model: strings are joined, and floats are doubles */

typedef struct {
    int        type;                   /* ngx_household_cbor_e */
    uint64_t   number;
    double     real;
    u_char    *text;
    size_t     len;
    size_t     count;                  /* of an array, or pairs of a map */
    size_t     next;                   /* index of what follows */
} model_t;


static model_t   items[NGX_HOUSEHOLD_CBOR_ITEMS + 1];
static size_t    nitems, max;
static u_char    texts[INPUT_SIZE];
static size_t    ntexts;
static int       apart;               /* libcbor is not asked: tags, UTF-8 */

static const uint8_t  *p, *last;


/* the number of a head; "indefinite" is NULL where that is not allowed */

static int
head(int *major, uint64_t *number, int *indefinite)
{
    int  info, n;

    if (p == last) {
        return 0;
    }

    *major = *p >> 5;
    info = *p++ & 31;
    *number = (uint64_t) info;

    if (indefinite != NULL) {
        *indefinite = info == 31;
    }

    if (info == 31) {
        return indefinite != NULL;
    }

    if (info > 27) {
        return 0;
    }

    if (info > 23) {

        for (*number = 0, n = 1 << (info - 24); n > 0; n--) {

            if (p == last) {
                return 0;
            }

            *number = *number * 256 + *p++;
        }
    }

    return 1;
}


static int
chunk(model_t *item, uint64_t len)
{
    if (len > (uint64_t) (last - p)) {
        return 0;
    }

    for ( /* void */ ; len > 0; len--) {

        if (item->type == NGX_HOUSEHOLD_CBOR_TEXT && *p == 0) {
            return 0;
        }

        if (item->type == NGX_HOUSEHOLD_CBOR_TEXT && *p > 0x7f) {
            apart = 1;
        }

        texts[ntexts++] = *p++;
        item->len++;
    }

    return 1;
}


static int
string(model_t *item, uint64_t len, int indefinite)
{
    int  major, type;

    type = item->type == NGX_HOUSEHOLD_CBOR_BYTES ? 2 : 3;
    item->text = texts + ntexts;

    if (!indefinite) {
        return chunk(item, len);
    }

    for ( ;; ) {

        if (p == last) {
            return 0;
        }

        if (*p == 0xff) {
            p++;
            return 1;
        }

        if (!head(&major, &len, NULL) || major != type || !chunk(item, len)) {
            return 0;
        }
    }
}


/* the value of a half: RFC 8949, appendix D */

static double
half(unsigned bits)
{
    int     exp, mantissa;
    double  value;

    exp = bits >> 10 & 31;
    mantissa = bits & 1023;

    value = exp == 0 ? ldexp(mantissa, -24)
            : exp != 31 ? ldexp(mantissa + 1024, exp - 25)
            : mantissa == 0 ? INFINITY : NAN;

    return bits & 0x8000 ? -value : value;
}


static int
simple(model_t *item, const uint8_t *start, uint64_t number)
{
    float     real;
    uint32_t  bits;

    switch (*start & 31) {

    case 20:
        item->type = NGX_HOUSEHOLD_CBOR_FALSE;
        return 1;

    case 21:
        item->type = NGX_HOUSEHOLD_CBOR_TRUE;
        return 1;

    case 22:
        item->type = NGX_HOUSEHOLD_CBOR_NULL;
        return 1;

    case 23:
        item->type = NGX_HOUSEHOLD_CBOR_UNDEFINED;
        return 1;

    case 25:
        item->real = half((unsigned) number);
        break;

    case 26:
        bits = (uint32_t) number;
        memcpy(&real, &bits, 4);
        item->real = real;
        break;

    case 27:
        memcpy(&item->real, &number, 8);
        break;

    default:
        return 0;
    }

    item->type = NGX_HOUSEHOLD_CBOR_FLOAT;

    return 1;
}


static int
same(const model_t *a, const model_t *b)
{
    if (a->type != b->type) {
        return 0;
    }

    return a->type <= NGX_HOUSEHOLD_CBOR_NINT
           ? a->number == b->number
           : a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}


static int
keys(const model_t *map)
{
    size_t  i, n, key, other;

    key = (size_t) (map - items) + 1;

    for (i = 0; i < map->count; i++) {

        if (items[key].type > NGX_HOUSEHOLD_CBOR_TEXT) {
            return 0;
        }

        other = (size_t) (map - items) + 1;

        for (n = 0; n < i; n++) {

            if (same(&items[key], &items[other])) {
                return 0;
            }

            other = items[items[other].next].next;
        }

        key = items[items[key].next].next;
    }

    return 1;
}


static int read_item(int depth);


static int
nested(model_t *item, uint64_t count, int indefinite, int depth)
{
    uint64_t  n;

    for (n = 0; indefinite || n < count; n++) {

        if (indefinite && p < last && *p == 0xff) {
            p++;
            break;
        }

        if (!read_item(depth)) {
            return 0;
        }
    }

    item->count = n;

    if (item->type == NGX_HOUSEHOLD_CBOR_MAP) {
        item->count = n / 2;
        return n % 2 == 0;
    }

    return 1;
}


/* "depth" is that of what the item is nested in */

static int
read_item(int depth)
{
    int             major, indefinite, good;
    model_t        *item;
    uint64_t        number;
    const uint8_t  *start;

    if (nitems == max) {
        return 0;
    }

    item = &items[nitems++];
    memset(item, 0, sizeof(model_t));
    start = p;

    if (!head(&major, &number, &indefinite)) {
        return 0;
    }

    item->type = major;
    item->number = number;

    if ((major >= 4 && major <= 6) || (major >= 2 && indefinite)) {

        if (++depth > NGX_HOUSEHOLD_CBOR_DEPTH) {
            return 0;
        }
    }

    switch (major) {

    case 0:
    case 1:
        good = !indefinite;
        break;

    case 2:
    case 3:
        good = string(item, number, indefinite);
        break;

    case 4:
        good = nested(item, number, indefinite, depth);
        break;

    case 5:
        good = number <= NGX_HOUSEHOLD_CBOR_ITEMS
               && nested(item, 2 * number, indefinite, depth);
        break;

    case 6:
        apart = 1;
        good = !indefinite && read_item(depth);
        break;

    default:
        good = simple(item, start, number);
    }

    item->next = nitems;

    return good && (major != 5 || keys(item));
}


static void
compare(const ngx_household_cbor_t *c)
{
    size_t                            i;
    const ngx_household_cbor_item_t  *item;

    CHECK(c->nitems == nitems);

    for (i = 0; i < nitems; i++) {
        item = &c->items[i];

        CHECK(item->type == items[i].type);
        CHECK(item->end == items[i].next);

        switch (item->type) {

        case NGX_HOUSEHOLD_CBOR_UINT:
        case NGX_HOUSEHOLD_CBOR_NINT:
        case NGX_HOUSEHOLD_CBOR_TAG:
            CHECK(item->value.number == items[i].number);
            break;

        case NGX_HOUSEHOLD_CBOR_BYTES:
        case NGX_HOUSEHOLD_CBOR_TEXT:
            CHECK(item->value.text.len == items[i].len);
            CHECK(memcmp(item->value.text.data, items[i].text, items[i].len)
                  == 0);
            break;

        case NGX_HOUSEHOLD_CBOR_ARRAY:
        case NGX_HOUSEHOLD_CBOR_MAP:
            CHECK(item->count == items[i].count);
            break;

        case NGX_HOUSEHOLD_CBOR_FLOAT:
            CHECK(item->value.real == items[i].real
                  || (isnan(item->value.real) && isnan(items[i].real)));
            break;

        default:
            break;
        }
    }
}


/* the tree of libcbor, in the order of the array; returns what follows */

static size_t
tree(cbor_item_t *item, size_t i)
{
    size_t  n, count;

    switch (cbor_typeof(item)) {

    case CBOR_TYPE_UINT:
    case CBOR_TYPE_NEGINT:
        CHECK(items[i].type == (int) cbor_typeof(item));
        CHECK(cbor_get_int(item) == items[i].number);
        return i + 1;

    case CBOR_TYPE_BYTESTRING:
        CHECK(items[i].type == NGX_HOUSEHOLD_CBOR_BYTES);

        if (cbor_bytestring_is_definite(item)) {
            CHECK(cbor_bytestring_length(item) == items[i].len);
        }

        return i + 1;

    case CBOR_TYPE_STRING:
        CHECK(items[i].type == NGX_HOUSEHOLD_CBOR_TEXT);

        if (cbor_string_is_definite(item)) {
            CHECK(cbor_string_length(item) == items[i].len);
        }

        return i + 1;

    case CBOR_TYPE_ARRAY:
        count = cbor_array_size(item);
        CHECK(items[i].type == NGX_HOUSEHOLD_CBOR_ARRAY);
        CHECK(items[i].count == count);

        for (i++, n = 0; n < count; n++) {
            i = tree(cbor_array_handle(item)[n], i);
        }

        return i;

    case CBOR_TYPE_MAP:
        count = cbor_map_size(item);
        CHECK(items[i].type == NGX_HOUSEHOLD_CBOR_MAP);
        CHECK(items[i].count == count);

        for (i++, n = 0; n < count; n++) {
            i = tree(cbor_map_handle(item)[n].key, i);
            i = tree(cbor_map_handle(item)[n].value, i);
        }

        return i;

    default: /* tags of old versions are not compared */
        CHECK(items[i].type >= NGX_HOUSEHOLD_CBOR_FALSE);
        return i + 1;
    }
}


static void
library(const uint8_t *data, size_t size)
{
    cbor_item_t              *item;
    struct cbor_load_result   result;

    item = cbor_load(data, size, &result);
    CHECK(item != NULL && result.read == size);
    CHECK(tree(item, 0) == nitems);
    cbor_decref(&item);
}


/* the first byte is the number of items that are allowed */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    good;
    u_char                *copy;
    ngx_int_t              rc;
    ngx_str_t              input;
    ngx_household_cbor_t   c;

    if (size < 1 || size > INPUT_SIZE) {
        return 0;
    }

    max = data[0] < 0xf0 ? NGX_HOUSEHOLD_CBOR_ITEMS : data[0] - 0xef;
    data++;
    size--;

    nitems = 0;
    ntexts = 0;
    apart = 0;
    p = data;
    last = data + size;

    good = read_item(0) && p == last;

    copy = malloc(size + (size == 0));
    CHECK(copy != NULL);
    memcpy(copy, data, size);

    input.data = copy;
    input.len = size;

    rc = ngx_household_cbor_parse(&c, &input, max);
    CHECK(rc == (good ? NGX_OK : NGX_DECLINED));

    if (good) {
        compare(&c);

        if (!apart) {
            library(data, size);
        }
    }

    free(copy);

    return 0;
}
