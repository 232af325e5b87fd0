
#include "ngx_household_siphash.h"
#include "ngx_household_word.h"
#include "ngx_household_zone_state_format.h"


/*
 * Must change whenever the format changes.  The layout of the values has a
 * number of its own.
 */
#define NGX_HOUSEHOLD_ZONE_STATE_FORMAT  2

#define NGX_HOUSEHOLD_ZONE_STATE_MAGIC   "HHSTATE\n"

/* differs if the byte order does */
#define NGX_HOUSEHOLD_ZONE_STATE_ORDER   0x01020304


/* the header as it is in the file; there is no padding */

typedef struct {
    u_char                         magic[8];
    uint32_t                       format;
    uint32_t                       values;
    uint32_t                       order;
    uint32_t                       reserved;
    uint64_t                       time;
    ngx_household_zone_state_ns_t
                        namespaces[NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES];
    uint64_t                       sum;
} ngx_household_zone_state_header_bytes_t;


typedef struct {
    uint32_t                       len;
    uint32_t                       entries;
    uint64_t                       sum;
} ngx_household_zone_state_block_bytes_t;


typedef struct {
    uint64_t                       stored;
    uint32_t                       fresh;
    uint32_t                       stale;
    uint16_t                       len;
    u_char                         keylen;
    u_char                         ns;
    u_char                         flags;
    u_char                         reserved[3];
} ngx_household_zone_state_entry_bytes_t;


/* sums of a checksum, of 8 bytes each */
#define NGX_HOUSEHOLD_ZONE_STATE_SUMS  4


static uint64_t ngx_household_zone_state_sum(uint64_t former, uint32_t len,
    uint32_t entries, const u_char *p);
static ngx_int_t ngx_household_zone_state_fail(
    ngx_household_zone_state_reader_t *r, const char *error);


/*
 * Not a MAC: the key is known.  Most of the bytes go through four sums, which
 * the processor computes at the same time, and of which each step can be
 * undone: so a change of one word is always seen.
 */

static uint64_t
ngx_household_zone_state_sum(uint64_t former, uint32_t len, uint32_t entries,
    const u_char *p)
{
    size_t      rest;
    uint64_t    seed[2], sums[NGX_HOUSEHOLD_ZONE_STATE_SUMS];
    ngx_uint_t  i;

    seed[0] = former;
    seed[1] = (uint64_t) entries << 32 | len;

    ngx_memzero(sums, sizeof(sums));

    for (rest = len; rest >= sizeof(sums); rest -= sizeof(sums)) {

        for (i = 0; i < NGX_HOUSEHOLD_ZONE_STATE_SUMS; i++) {
            sums[i] = (sums[i] ^ ngx_household_word_read(p, 8))
                      * NGX_HOUSEHOLD_WORD_MIX;
            sums[i] ^= sums[i] >> 32;
            p += 8;
        }
    }

    seed[0] ^= ngx_household_siphash(seed, p, rest);

    return ngx_household_siphash(seed, (u_char *) sums, sizeof(sums));
}


void
ngx_household_zone_state_write_header(ngx_household_zone_state_writer_t *w,
    const ngx_household_zone_state_header_t *header)
{
    ngx_household_zone_state_header_bytes_t  bytes;

    ngx_memzero(&bytes, sizeof(bytes));

    ngx_memcpy(bytes.magic, NGX_HOUSEHOLD_ZONE_STATE_MAGIC,
               sizeof(bytes.magic));
    bytes.format = NGX_HOUSEHOLD_ZONE_STATE_FORMAT;
    bytes.order = NGX_HOUSEHOLD_ZONE_STATE_ORDER;
    bytes.values = header->values;
    bytes.time = header->time;
    ngx_memcpy(bytes.namespaces, header->namespaces, sizeof(bytes.namespaces));

    bytes.sum = ngx_household_zone_state_sum(0, sizeof(bytes) - 8, 0,
                                             (u_char *) &bytes);
    w->sum = bytes.sum;

    ngx_memcpy(w->buf, &bytes, sizeof(bytes));
}


void
ngx_household_zone_state_write_block(ngx_household_zone_state_writer_t *w)
{
    w->entries = 0;
    w->len = NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER;
}


u_char *
ngx_household_zone_state_write_entry(ngx_household_zone_state_writer_t *w,
    const ngx_household_zone_state_entry_t *e)
{
    u_char                                  *p;
    size_t                                   len;
    ngx_household_zone_state_entry_bytes_t   bytes;

    len = sizeof(bytes) + e->keylen + e->len;

    if (len > NGX_HOUSEHOLD_ZONE_STATE_BLOCK - w->len) {
        return NULL;
    }

    ngx_memzero(&bytes, sizeof(bytes));

    bytes.stored = e->stored;
    bytes.fresh = e->fresh;
    bytes.stale = e->stale;
    bytes.len = e->len;
    bytes.keylen = e->keylen;
    bytes.ns = e->ns;
    bytes.flags = e->flags;

    p = ngx_cpymem(w->buf + w->len, &bytes, sizeof(bytes));

    w->entries++;
    w->len += len;

    return p;
}


void
ngx_household_zone_state_end_block(ngx_household_zone_state_writer_t *w)
{
    ngx_household_zone_state_block_bytes_t  bytes;

    bytes.len = w->len - sizeof(bytes);
    bytes.entries = w->entries;
    bytes.sum = ngx_household_zone_state_sum(w->sum, bytes.len, bytes.entries,
                                             w->buf + sizeof(bytes));
    w->sum = bytes.sum;

    ngx_memcpy(w->buf, &bytes, sizeof(bytes));
}


static ngx_int_t
ngx_household_zone_state_fail(ngx_household_zone_state_reader_t *r,
    const char *error)
{
    r->error = error;

    return NGX_ERROR;
}


ngx_int_t
ngx_household_zone_state_read_header(ngx_household_zone_state_reader_t *r,
    const u_char *p, uint32_t values)
{
    ngx_household_zone_state_header_bytes_t  bytes;

    ngx_memcpy(&bytes, p, sizeof(bytes));

    if (ngx_memcmp(bytes.magic, NGX_HOUSEHOLD_ZONE_STATE_MAGIC,
                   sizeof(bytes.magic)) != 0)
    {
        return ngx_household_zone_state_fail(r, "not a state file");
    }

    if (bytes.format != NGX_HOUSEHOLD_ZONE_STATE_FORMAT
        || bytes.order != NGX_HOUSEHOLD_ZONE_STATE_ORDER
        || bytes.values != values)
    {
        return ngx_household_zone_state_fail(r, "layout of another module "
                                                "version");
    }

    r->sum = ngx_household_zone_state_sum(0, sizeof(bytes) - 8, 0,
                                          (u_char *) &bytes);
    if (bytes.sum != r->sum) {
        return ngx_household_zone_state_fail(r, "wrong checksum");
    }

    r->header.time = bytes.time;
    r->header.values = bytes.values;
    ngx_memcpy(r->header.namespaces, bytes.namespaces,
               sizeof(bytes.namespaces));

    return NGX_OK;
}


ngx_int_t
ngx_household_zone_state_read_block_header(
    ngx_household_zone_state_reader_t *r, const u_char *p)
{
    ngx_household_zone_state_block_bytes_t  bytes;

    ngx_memcpy(&bytes, p, sizeof(bytes));

    r->len = bytes.len;
    r->entries = bytes.entries;
    r->block_sum = bytes.sum;

    if (r->len > NGX_HOUSEHOLD_ZONE_STATE_ENTRIES) {
        return ngx_household_zone_state_fail(r, "wrong checksum");
    }

    if (r->len == 0) {
        return ngx_household_zone_state_read_block(r, (u_char *) p) == NGX_OK
               ? NGX_DONE
               : NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_household_zone_state_read_block(ngx_household_zone_state_reader_t *r,
    u_char *p)
{
    r->sum = ngx_household_zone_state_sum(r->sum, r->len, r->entries, p);

    if (r->sum != r->block_sum) {
        return ngx_household_zone_state_fail(r, "wrong checksum");
    }

    r->pos = p;
    r->last = p + r->len;

    return NGX_OK;
}


ngx_int_t
ngx_household_zone_state_read_entry(ngx_household_zone_state_reader_t *r,
    ngx_household_zone_state_entry_t *e)
{
    ngx_household_zone_state_entry_bytes_t  bytes;

    if (r->entries == 0 && r->pos == r->last) {
        return NGX_DONE;
    }

    if ((size_t) (r->last - r->pos) < sizeof(bytes)) {
        return ngx_household_zone_state_fail(r, "invalid entry");
    }

    ngx_memcpy(&bytes, r->pos, sizeof(bytes));
    r->pos += sizeof(bytes);

    if (bytes.keylen == 0
        || bytes.len > NGX_HOUSEHOLD_ZONE_STATE_VALUE
        || bytes.ns >= NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES
        || r->last - r->pos < bytes.keylen + bytes.len)
    {
        return ngx_household_zone_state_fail(r, "invalid entry");
    }

    e->stored = bytes.stored;
    e->fresh = bytes.fresh;
    e->stale = bytes.stale;
    e->len = bytes.len;
    e->keylen = bytes.keylen;
    e->ns = bytes.ns;
    e->flags = bytes.flags;
    e->bytes = r->pos;

    r->pos += bytes.keylen + bytes.len;
    r->entries--;

    return NGX_OK;
}
