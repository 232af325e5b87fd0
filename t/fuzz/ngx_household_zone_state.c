
/*
 * Fuzzes the reader of state files.  Of an odd first byte the rest is a file;
 * otherwise it is the entries of a block whose checksum is right, of which as
 * many as said are written back as they were.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_zone_state_format.h"


#define fuzz_check(condition)  if (!(condition)) { abort(); }

#define FUZZ_VALUES  1
#define FUZZ_HEADER  NGX_HOUSEHOLD_ZONE_STATE_HEADER
#define FUZZ_BLOCK   NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static u_char  fuzz_file[FUZZ_HEADER + NGX_HOUSEHOLD_ZONE_STATE_BLOCK];


/* makes a file of one block; returns its length */

static size_t
fuzz_make(const uint8_t *data, size_t size, ngx_uint_t entries)
{
    static u_char                      buf[NGX_HOUSEHOLD_ZONE_STATE_BLOCK];
    ngx_household_zone_state_writer_t  w;
    ngx_household_zone_state_header_t  header;

    ngx_memzero(&header, sizeof(header));
    header.values = FUZZ_VALUES;

    w.buf = buf;
    ngx_household_zone_state_write_header(&w, &header);
    ngx_memcpy(fuzz_file, buf, FUZZ_HEADER);

    ngx_household_zone_state_write_block(&w);

    size = ngx_min(size, NGX_HOUSEHOLD_ZONE_STATE_ENTRIES);
    ngx_memcpy(buf + w.len, data, size);
    w.len += size;
    w.entries = entries;

    ngx_household_zone_state_end_block(&w);
    ngx_memcpy(fuzz_file + FUZZ_HEADER, buf, w.len);

    return FUZZ_HEADER + w.len;
}


/* reads all entries of a block, and writes them again */

static void
fuzz_entries(ngx_household_zone_state_reader_t *r, u_char *p)
{
    u_char                            *bytes;
    ngx_int_t                          rc;
    ngx_household_zone_state_entry_t   e;
    ngx_household_zone_state_writer_t  w;
    static u_char                      buf[NGX_HOUSEHOLD_ZONE_STATE_BLOCK];

    w.buf = buf;
    w.sum = 0;
    ngx_household_zone_state_write_block(&w);

    for ( ;; ) {
        rc = ngx_household_zone_state_read_entry(r, &e);

        if (rc != NGX_OK) {
            break;
        }

        fuzz_check(e.keylen > 0);
        fuzz_check(e.ns < NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES);
        fuzz_check(e.bytes >= p);
        fuzz_check(e.bytes + e.keylen + e.len <= p + r->len);

        bytes = ngx_household_zone_state_write_entry(&w, &e);
        fuzz_check(bytes != NULL);
        ngx_memcpy(bytes, e.bytes, e.keylen + e.len);
    }

    fuzz_check(rc == NGX_DONE || r->error != NULL);
    fuzz_check(rc != NGX_DONE || w.len == FUZZ_BLOCK + r->len);
}


static void
fuzz_read(u_char *file, size_t size)
{
    size_t                             pos;
    ngx_household_zone_state_reader_t  r;

    ngx_memzero(&r, sizeof(r));

    if (size < FUZZ_HEADER
        || ngx_household_zone_state_read_header(&r, file, FUZZ_VALUES)
           != NGX_OK)
    {
        return;
    }

    for (pos = FUZZ_HEADER; size - pos >= FUZZ_BLOCK; pos += r.len) {

        if (ngx_household_zone_state_read_block_header(&r, file + pos)
            != NGX_OK)
        {
            return;
        }

        fuzz_check(r.len > 0);
        fuzz_check(r.len <= NGX_HOUSEHOLD_ZONE_STATE_ENTRIES);

        pos += FUZZ_BLOCK;

        if (size - pos < r.len
            || ngx_household_zone_state_read_block(&r, file + pos) != NGX_OK)
        {
            return;
        }

        fuzz_entries(&r, file + pos);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *copy;

    if (size < 2) {
        return 0;
    }

    if (data[0] % 2) {
        copy = malloc(size);
        fuzz_check(copy != NULL);

        ngx_memcpy(copy, data, size);
        fuzz_read(copy + 1, size - 1);
        free(copy);
        return 0;
    }

    fuzz_read(fuzz_file, fuzz_make(data + 2, size - 2, data[1]));

    return 0;
}
