
/*
 * Parsing of CBOR (RFC 8949) into an array of a fixed size, and writing it.
 *
 * Links without any nginx object file; needs libcbor.  Allocates nothing.
 */


#ifndef _NGX_HOUSEHOLD_CBOR_H_INCLUDED_
#define _NGX_HOUSEHOLD_CBOR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_CBOR_DEPTH  16   /* nesting of arrays, maps and tags */
#define NGX_HOUSEHOLD_CBOR_ITEMS  512  /* of an input, keys included */


/* up to _TAG, the numbers are those of the major types (RFC 8949, 3.1) */

typedef enum {
    NGX_HOUSEHOLD_CBOR_UINT = 0,       /* number */
    NGX_HOUSEHOLD_CBOR_NINT,           /* -1 - number */
    NGX_HOUSEHOLD_CBOR_BYTES,          /* text */
    NGX_HOUSEHOLD_CBOR_TEXT,           /* text, without a NUL */
    NGX_HOUSEHOLD_CBOR_ARRAY,          /* count items follow */
    NGX_HOUSEHOLD_CBOR_MAP,            /* count keys and values follow */
    NGX_HOUSEHOLD_CBOR_TAG,            /* number; one item follows */
    NGX_HOUSEHOLD_CBOR_FALSE,
    NGX_HOUSEHOLD_CBOR_TRUE,
    NGX_HOUSEHOLD_CBOR_NULL,
    NGX_HOUSEHOLD_CBOR_UNDEFINED,
    NGX_HOUSEHOLD_CBOR_FLOAT           /* real */
} ngx_household_cbor_e;


/*
 * An item.  What is nested in an item follows it in the array, up to "end":
 * its first element is the next item, and the element after an element is at
 * the "end" of that one.
 */

typedef struct {
    uint8_t      type;                 /* ngx_household_cbor_e */
    uint16_t     end;                  /* index of the first item after it */
    uint16_t     count;                /* a map: of pairs */

    union {
        uint64_t   number;
        double     real;
        ngx_str_t  text;               /* in the input */
    } value;
} ngx_household_cbor_item_t;


typedef struct {
    ngx_uint_t                  nitems;
    ngx_household_cbor_item_t   items[NGX_HOUSEHOLD_CBOR_ITEMS];
} ngx_household_cbor_t;


/*
 * Parses one item and what is nested in it; items[0] is the outermost.  The
 * encoding need not be deterministic.  The chunks of a string of indefinite
 * length are joined in place, so "data" may change.
 *
 * Returns NGX_OK; or NGX_DECLINED if the input is not well-formed, has
 * anything after the item, is nested deeper than NGX_HOUSEHOLD_CBOR_DEPTH, has
 * more than "max" items (at most NGX_HOUSEHOLD_CBOR_ITEMS), a NUL in a text
 * string, a simple value other than those above, a map with a key twice, or a
 * key that is neither an integer nor a string.  Whether text is UTF-8 is not
 * checked.
 */
ngx_int_t ngx_household_cbor_parse(ngx_household_cbor_t *c, ngx_str_t *data,
    ngx_uint_t max);

/*
 * Find the value of an integer key, or of a key that is a text string, in the
 * map "map" of "c".  Return NULL if there is none, or if "map" is no map.
 */
const ngx_household_cbor_item_t *ngx_household_cbor_find(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map,
    int64_t key);
const ngx_household_cbor_item_t *ngx_household_cbor_find_text(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *map,
    const ngx_str_t *key);

/*
 * Tells whether "item" is an array whose elements are of a type in "types", a
 * sum of ngx_household_cbor_type().
 */
ngx_uint_t ngx_household_cbor_list(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *item, ngx_uint_t types);

#define ngx_household_cbor_type(type)  ((ngx_uint_t) 1 << (type))

/* the value as int64_t: NGX_OK, or NGX_DECLINED if it is none */
ngx_int_t ngx_household_cbor_int(const ngx_household_cbor_item_t *item,
    int64_t *value);

/* the first item that is nested in "item", and the one after "item" */
#define ngx_household_cbor_first(item)    ((item) + 1)
#define ngx_household_cbor_next(c, item)  (&(c)->items[(item)->end])

/* writes the head (RFC 8949, 3) of a type up to _TAG; returns the new end */
u_char *ngx_household_cbor_head(u_char *p, ngx_uint_t major, uint64_t number);

/*
 * Writes an item and what is nested in it, in the shortest form apart from
 * floats, which have 64 bits.  Returns the new position, or NULL if there is
 * no room up to "last".
 */
u_char *ngx_household_cbor_write(u_char *p, u_char *last,
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *item);

/* bytes of the longest head */
#define NGX_HOUSEHOLD_CBOR_HEAD  9


#endif /* _NGX_HOUSEHOLD_CBOR_H_INCLUDED_ */
