
/*
 * The format of a state file: what is saved of a zone.
 *
 * A header, then blocks of entries, then an empty block.  Header and blocks
 * have a checksum each, that of a block being keyed with the one before, so
 * that no part can be altered, removed or moved.  Numbers are in the byte
 * order of the machine.  Times are in milliseconds since 1970.
 *
 * There is no file, no clock and no lock here.  A reader trusts no byte.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_STATE_FORMAT_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_STATE_FORMAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* namespaces of a file, and bytes of a value */
#define NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES     16
#define NGX_HOUSEHOLD_ZONE_STATE_VALUE       16384

#define NGX_HOUSEHOLD_ZONE_STATE_HEADER        424
#define NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER   16
#define NGX_HOUSEHOLD_ZONE_STATE_ENTRY          24

/* bytes of the entries of a block at most; and of a block */
#define NGX_HOUSEHOLD_ZONE_STATE_ENTRIES    131072
#define NGX_HOUSEHOLD_ZONE_STATE_BLOCK                                        \
    (NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER + NGX_HOUSEHOLD_ZONE_STATE_ENTRIES)


typedef struct {
    u_char        digest[16];
    uint32_t      kind;
    uint32_t      saved;               /* unsigned  saved:1; */
} ngx_household_zone_state_ns_t;


typedef struct {
    uint64_t                        time;    /* of the start of the save */
    uint32_t                        values;  /* the layout of the values */
    ngx_household_zone_state_ns_t
                        namespaces[NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES];
} ngx_household_zone_state_header_t;


/* "bytes" are the key, "keylen", and the value, "len" */

typedef struct {
    uint64_t      stored;
    uint32_t      fresh;
    uint32_t      stale;
    uint16_t      len;
    u_char        keylen;
    u_char        ns;                  /* an index of the header */
    u_char        flags;               /* the caller's */
    u_char       *bytes;
} ngx_household_zone_state_entry_t;


typedef struct {
    uint64_t      sum;                 /* of what has been written */
    uint32_t      entries;             /* of the block */
    size_t        len;                 /* of the block, its header included */
    u_char       *buf;                 /* NGX_HOUSEHOLD_ZONE_STATE_BLOCK */
} ngx_household_zone_state_writer_t;


typedef struct {
    uint64_t                           sum;
    uint64_t                           block_sum;
    uint32_t                           entries;  /* left in the block */
    uint32_t                           len;      /* of the block */
    u_char                            *pos;
    u_char                            *last;
    const char                        *error;
    ngx_household_zone_state_header_t  header;
} ngx_household_zone_state_reader_t;


/* begins a file: writes NGX_HOUSEHOLD_ZONE_STATE_HEADER bytes to w->buf */
void ngx_household_zone_state_write_header(
    ngx_household_zone_state_writer_t *w,
    const ngx_household_zone_state_header_t *header);

/* begins a block */
void ngx_household_zone_state_write_block(
    ngx_household_zone_state_writer_t *w);

/*
 * Adds an entry to the block.  Returns where the caller is to write the bytes
 * of the key and the value, or NULL if the entry does not fit: the block is
 * then unchanged.
 */
u_char *ngx_household_zone_state_write_entry(
    ngx_household_zone_state_writer_t *w,
    const ngx_household_zone_state_entry_t *e);

/* ends a block: w->len bytes of w->buf are to be written to the file */
void ngx_household_zone_state_end_block(ngx_household_zone_state_writer_t *w);


/*
 * The functions that read return NGX_ERROR, with the cause in r->error, if the
 * bytes are not of a file of this format and layout of values.
 */

/* reads the first NGX_HOUSEHOLD_ZONE_STATE_HEADER bytes; or NGX_OK */
ngx_int_t ngx_household_zone_state_read_header(
    ngx_household_zone_state_reader_t *r, const u_char *p, uint32_t values);

/*
 * Reads the NGX_HOUSEHOLD_ZONE_STATE_BLOCK_HEADER bytes of a block.  Returns
 * NGX_OK: r->len bytes of entries follow, NGX_HOUSEHOLD_ZONE_STATE_ENTRIES at
 * most; or NGX_DONE: this was the last block.
 */
ngx_int_t ngx_household_zone_state_read_block_header(
    ngx_household_zone_state_reader_t *r, const u_char *p);

/* checks the r->len bytes of the entries of a block; or NGX_OK */
ngx_int_t ngx_household_zone_state_read_block(
    ngx_household_zone_state_reader_t *r, u_char *p);

/* reads an entry of a checked block; or NGX_OK, or NGX_DONE: there is none */
ngx_int_t ngx_household_zone_state_read_entry(
    ngx_household_zone_state_reader_t *r, ngx_household_zone_state_entry_t *e);


#endif /* _NGX_HOUSEHOLD_ZONE_STATE_FORMAT_H_INCLUDED_ */
