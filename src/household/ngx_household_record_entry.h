
/*
 * How a record keeps its entries; for the builder and the lookups only.
 *
 * The entries stand behind the header in the order of their coming, without
 * padding.  An entry is one byte of kind and then, as the kind tells:
 *
 *     prefix     1            HOME, EXTRA
 *     address    4 or 16      HOME, EXTRA; 16 if INET6
 *     id         1 + length   DEVICE, TRAVEL; or 16 if UUID
 *     time       8            EXTRA, DEVICE, TRAVEL; in the host's byte order
 *     slot       1 + length   EXTRA; DEVICE if SLOT
 *
 * Most device ids are UUIDs, and there may be millions of records: the
 * canonical lower-case text of a UUID is kept as its 16 bytes.  Any other
 * text, upper-case UUIDs included, is kept as it is, so that two ids are
 * equal only if all their bytes are.
 */


#ifndef _NGX_HOUSEHOLD_RECORD_ENTRY_H_INCLUDED_
#define _NGX_HOUSEHOLD_RECORD_ENTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"


/* one of these */
#define NGX_HOUSEHOLD_ENTRY_HOME    0x01
#define NGX_HOUSEHOLD_ENTRY_EXTRA   0x02
#define NGX_HOUSEHOLD_ENTRY_DEVICE  0x04
#define NGX_HOUSEHOLD_ENTRY_TRAVEL  0x08

/* and any of these */
#define NGX_HOUSEHOLD_ENTRY_INET6   0x10
#define NGX_HOUSEHOLD_ENTRY_NO_PREFIX    0x20
#define NGX_HOUSEHOLD_ENTRY_UUID    0x40
#define NGX_HOUSEHOLD_ENTRY_SEAT    0x80

#define NGX_HOUSEHOLD_ENTRY_NETWORK                                           \
    (NGX_HOUSEHOLD_ENTRY_HOME|NGX_HOUSEHOLD_ENTRY_EXTRA)

/* a device with a slot is the longest: kind, id, time, slot */
#define NGX_HOUSEHOLD_ENTRY_SIZE                                              \
    (1 + 1 + NGX_HOUSEHOLD_ID_LEN + 8 + 1 + NGX_HOUSEHOLD_ID_LEN)


/* an id as entries have it */

typedef struct {
    u_char      kind;                  /* UUID or 0 */
    u_char      uuid[16];
    ngx_str_t   bytes;
} ngx_household_id_t;


/*
 * Fills "id" from an id's text, into which it points.  Returns 1, or 0 if no
 * entry can have such an id: it is empty or too long.
 */
ngx_uint_t ngx_household_id_set(ngx_household_id_t *id, const ngx_str_t *text);


#endif /* _NGX_HOUSEHOLD_RECORD_ENTRY_H_INCLUDED_ */
