
/*
 * The entries of a record.  Private to ngx_household_record*.c.
 *
 * The entries follow the header in the order in which they were added, without
 * padding.  An entry is a byte with kind and flags, followed by the fields of
 * the kind:
 *
 *     prefix     1            HOME, EXTRA, LEARN
 *     address    4 or 16      HOME, EXTRA, LEARN; 16 if INET6
 *     id         1 + length   DEVICE, TRAVEL, MEMBER; or 16 if UUID
 *     time       8            all but HOME and AWAY; in the host's byte order
 *     seat       1 + length   EXTRA, OPEN; DEVICE if SEAT
 *     days       1            LEARN
 *     days       1 + 2 each   AWAY; since 1970, in the host's byte order
 *
 * A device has an entry for each place where it was seen.
 *
 * Most device ids are UUIDs, and there may be millions of records: a UUID in
 * canonical lower-case form is stored as 16 bytes.  Any other text, such as an
 * upper-case UUID, is stored unchanged, so that two ids are equal only if all
 * bytes are equal.
 */


#ifndef _NGX_HOUSEHOLD_RECORD_ENTRY_H_INCLUDED_
#define _NGX_HOUSEHOLD_RECORD_ENTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"


/* kinds: networks first, then ids */
#define NGX_HOUSEHOLD_ENTRY_HOME    0x01
#define NGX_HOUSEHOLD_ENTRY_EXTRA   0x02
#define NGX_HOUSEHOLD_ENTRY_LEARN   0x03
#define NGX_HOUSEHOLD_ENTRY_DEVICE  0x04
#define NGX_HOUSEHOLD_ENTRY_TRAVEL  0x05
#define NGX_HOUSEHOLD_ENTRY_MEMBER  0x06
#define NGX_HOUSEHOLD_ENTRY_AWAY    0x07
#define NGX_HOUSEHOLD_ENTRY_OPEN    0x08   /* a seat that learns */

#define NGX_HOUSEHOLD_ENTRY_KIND    0x0f

/*
 * In record.kinds: a record without entries of a kind is not searched for one.
 * OPEN is NGX_HOUSEHOLD_RECORD_OPEN.
 */
#define ngx_household_entry_bit(kind)  (1 << ((kind) - 1))

#define ngx_household_record_has(rec, kind)                                   \
    ((rec)->kinds & ngx_household_entry_bit(kind))

/* flags */
#define NGX_HOUSEHOLD_ENTRY_INET6      0x10
#define NGX_HOUSEHOLD_ENTRY_NO_PREFIX  0x20
#define NGX_HOUSEHOLD_ENTRY_UUID       0x40
#define NGX_HOUSEHOLD_ENTRY_SEAT       0x80


/* an id in the form of an entry */

typedef struct {
    u_char      kind;                  /* UUID or 0 */
    u_char      uuid[16];
    ngx_str_t   bytes;
} ngx_household_id_t;


/* an iterator over entries, and the fields of the current entry */

typedef struct {
    u_char      kind;                  /* without the flags */
    u_char      flags;
    u_char     *start;
    u_char     *pos;                   /* of the next entry */
    u_char     *last;
    u_char     *network;               /* the prefix, then the address */
    u_char     *days;                  /* LEARN: one; AWAY: their number */
    int64_t     time;
    ngx_str_t   id;
    ngx_str_t   seat;
} ngx_household_entry_t;


/* does the same as ngx_household_record_append(), over a limit */
void ngx_household_record_append_over(ngx_household_record_builder_t *b,
    u_char *last);

/*
 * Fills "seen" from the value of a device.  Returns the number of places, 0 if
 * one is malformed, or more than NGX_HOUSEHOLD_SEEN_MAX if there are more.
 */
ngx_uint_t ngx_household_record_places(ngx_str_t *value,
    ngx_household_seen_t *seen);

/*
 * Sets "n" to the number that the text is, without leading zeros.  Returns
 * NGX_OK; or NGX_DECLINED, and "n" is as it was.
 */
ngx_int_t ngx_household_record_number(const ngx_str_t *text, int64_t *n);

/* counts a malformed entry */
void ngx_household_record_malformed(ngx_household_record_builder_t *b);

/* writes the first fields of an entry: kind, flags, and network */
u_char *ngx_household_record_put_network(u_char *p, u_char kind,
    ngx_household_network_t *net);


/*
 * Fills "id" from a text; "id" may point into the text.  Returns 1, or 0 if
 * the text is not a valid id: empty or too long.
 */

static ngx_inline ngx_uint_t
ngx_household_id_set(ngx_household_id_t *id, const ngx_str_t *text)
{
    if (text->len == 0 || text->len > NGX_HOUSEHOLD_ID_LEN) {
        return 0;
    }

    if (text->len == NGX_HOUSEHOLD_UUID_LEN
        && ngx_household_uuid_pack(id->uuid, text))
    {
        id->kind = NGX_HOUSEHOLD_ENTRY_UUID;
        id->bytes.len = NGX_HOUSEHOLD_UUID_PACKED;
        id->bytes.data = id->uuid;

    } else {
        id->kind = 0;
        id->bytes = *text;
    }

    return 1;
}


/* writes a string: a byte with the length, then the bytes */

static ngx_inline u_char *
ngx_household_record_put_str(u_char *p, const ngx_str_t *str)
{
    *p++ = (u_char) str->len;

    return ngx_cpymem(p, str->data, str->len);
}


/* the same for a time; if the text is none, "time" is undefined */

static ngx_inline ngx_int_t
ngx_household_record_time(const ngx_str_t *text, int64_t *time)
{
    if (ngx_household_record_number(text, time) != NGX_OK
        || *time == 0
        || *time > NGX_HOUSEHOLD_TIME_MAX)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* writes the first fields of an entry: kind, flags, id, and time */

static ngx_inline u_char *
ngx_household_record_put_id(u_char *p, u_char kind, const ngx_str_t *id,
    int64_t time)
{
    if (id->len == NGX_HOUSEHOLD_UUID_LEN
        && ngx_household_uuid_pack(p + 1, id))
    {
        *p = kind | NGX_HOUSEHOLD_ENTRY_UUID;
        p += 1 + NGX_HOUSEHOLD_UUID_PACKED;

    } else {
        *p++ = kind;
        p = ngx_household_record_put_str(p, id);
    }

    return ngx_cpymem(p, &time, sizeof(int64_t));
}


/* returns where an entry of any size may be written */

static ngx_inline u_char *
ngx_household_record_end(ngx_household_record_builder_t *b)
{
    return b->u.bytes + b->u.record.size;
}


static ngx_inline void
ngx_household_entry_start(ngx_household_entry_t *e,
    const ngx_household_record_t *rec)
{
    e->pos = (u_char *) rec + sizeof(ngx_household_record_t);
    e->last = (u_char *) rec + rec->size;

    /* what an entry does not have stays as it was in the one before */

    e->network = NULL;
    e->days = NULL;
    e->time = 0;
    ngx_str_null(&e->id);
}


/* parses the next entry and returns 1, or returns 0 at the end */

static ngx_inline ngx_uint_t
ngx_household_entry_next(ngx_household_entry_t *e)
{
    u_char  *p;

    p = e->pos;

    if (p == e->last) {
        return 0;
    }

    e->start = p;
    e->kind = *p & NGX_HOUSEHOLD_ENTRY_KIND;
    e->flags = *p++;

    if (e->kind == NGX_HOUSEHOLD_ENTRY_AWAY) {
        e->days = p;
        e->pos = p + 1 + 2 * *p;
        return 1;
    }

    if (e->kind <= NGX_HOUSEHOLD_ENTRY_LEARN) {
        e->network = p;
        p += 1 + ((e->flags & NGX_HOUSEHOLD_ENTRY_INET6) ? 16 : 4);

    } else if (e->kind != NGX_HOUSEHOLD_ENTRY_OPEN) {
        e->id.len = (e->flags & NGX_HOUSEHOLD_ENTRY_UUID) ? 16 : *p++;
        e->id.data = p;
        p += e->id.len;
    }

    if (e->kind != NGX_HOUSEHOLD_ENTRY_HOME) {
        ngx_memcpy(&e->time, p, sizeof(int64_t));
        p += sizeof(int64_t);
    }

    ngx_str_null(&e->seat);

    if (e->flags & NGX_HOUSEHOLD_ENTRY_SEAT) {
        e->seat.len = *p++;
        e->seat.data = p;
        p += e->seat.len;

    } else if (e->kind == NGX_HOUSEHOLD_ENTRY_LEARN) {
        e->days = p++;
    }

    e->pos = p;

    return 1;
}


/* returns 1 if the limit of networks applies: a seat that learns needs one */

static ngx_inline ngx_uint_t
ngx_household_kind_is_network(u_char kind)
{
    return kind <= NGX_HOUSEHOLD_ENTRY_LEARN
           || kind == NGX_HOUSEHOLD_ENTRY_OPEN;
}


/* returns 1 if the limit of devices, grants and members applies */

static ngx_inline ngx_uint_t
ngx_household_kind_is_device(u_char kind)
{
    return kind >= NGX_HOUSEHOLD_ENTRY_DEVICE
           && kind <= NGX_HOUSEHOLD_ENTRY_MEMBER;
}


/*
 * Returns 1 if the entry has no effect at "now" or later: a seat or a grant
 * that is over, a device or evidence that is too old.
 */

static ngx_inline ngx_uint_t
ngx_household_entry_ended(ngx_household_entry_t *e, int64_t now)
{
    switch (e->kind) {

    case NGX_HOUSEHOLD_ENTRY_EXTRA:
    case NGX_HOUSEHOLD_ENTRY_OPEN:
        return e->time != 0 && e->time <= now;

    case NGX_HOUSEHOLD_ENTRY_TRAVEL:
        return e->time <= now;

    case NGX_HOUSEHOLD_ENTRY_DEVICE:
        return now - e->time > NGX_HOUSEHOLD_DEVICE_GONE;

    case NGX_HOUSEHOLD_ENTRY_LEARN:
        return now - e->time > NGX_HOUSEHOLD_LEARN_AGE;

    default:
        return 0;
    }
}


static ngx_inline ngx_uint_t
ngx_household_record_fits(ngx_household_record_builder_t *b, u_char kind,
    size_t len)
{
    if (ngx_household_kind_is_network(kind)
        && b->networks == NGX_HOUSEHOLD_RECORD_NETWORKS)
    {
        return 0;
    }

    if (ngx_household_kind_is_device(kind)
        && b->devices == NGX_HOUSEHOLD_RECORD_DEVICES)
    {
        return 0;
    }

    return b->u.record.size + len <= NGX_HOUSEHOLD_RECORD_SIZE;
}


/* the entry that follows the record becomes a part of it */

static ngx_inline void
ngx_household_record_add(ngx_household_record_builder_t *b, u_char kind,
    size_t len)
{
    b->u.record.size += (uint32_t) len;
    b->u.record.kinds |= ngx_household_entry_bit(kind);

    if (ngx_household_kind_is_network(kind)) {
        b->networks++;

    } else if (ngx_household_kind_is_device(kind)) {
        b->devices++;
    }
}


/*
 * Appends the entry of this kind that was written to ngx_household_record_end()
 * and ends before "last".  When a limit is reached, ended entries are dropped;
 * if that is not enough, the record is too large.
 */

static ngx_inline void
ngx_household_record_append(ngx_household_record_builder_t *b, u_char kind,
    u_char *last)
{
    size_t  len;

    len = last - ngx_household_record_end(b);

    if (ngx_household_record_fits(b, kind, len)) {
        ngx_household_record_add(b, kind, len);

    } else {
        ngx_household_record_append_over(b, last);
    }
}


#endif /* _NGX_HOUSEHOLD_RECORD_ENTRY_H_INCLUDED_ */
