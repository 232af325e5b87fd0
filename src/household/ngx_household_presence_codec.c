
/*
 * The presence of an account: as bytes, as text, and the ids of devices.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presence_case.h"
#include "ngx_household_id.h"


#define NGX_HOUSEHOLD_PRESENCE_FORMAT  1

/* flags of an encoded device, above those that it has in memory */
#define NGX_HOUSEHOLD_PRESENCE_INET    0x10
#define NGX_HOUSEHOLD_PRESENCE_INET6   0x20


/* what is left to decode; "bad" once anything was not as it should be */

typedef struct {
    const u_char  *pos;
    const u_char  *last;
    ngx_uint_t     bad;                /* unsigned  bad:1; */
} ngx_household_presence_reader_t;


static uint64_t ngx_household_presence_hash(const ngx_str_t *text,
    uint64_t hash);
static u_char *ngx_household_presence_put(u_char *p, uint64_t value,
    size_t len);
static u_char *ngx_household_presence_put_device(u_char *p,
    const ngx_household_presence_device_t *device);
static size_t ngx_household_presence_id_len(u_char kind);

static uint64_t ngx_household_presence_get(ngx_household_presence_reader_t *r,
    size_t len);
static void ngx_household_presence_get_device(
    ngx_household_presence_reader_t *r,
    ngx_household_presence_device_t *device);
static void ngx_household_presence_get_id(ngx_household_presence_reader_t *r,
    ngx_household_presence_id_t *id);
static void ngx_household_presence_get_place(
    ngx_household_presence_reader_t *r, ngx_household_presence_place_t *place,
    size_t len);
static void ngx_household_presence_get_group(
    ngx_household_presence_reader_t *r, ngx_household_presence_group_t *group);
static ngx_int_t ngx_household_presence_consistent(
    const ngx_household_presence_t *p);


void
ngx_household_presence_id(ngx_household_presence_id_t *id,
    const ngx_str_t *text)
{
    u_char  *p;

    ngx_memzero(id, sizeof(ngx_household_presence_id_t));

    if (ngx_household_uuid_pack(id->bytes, text)) {
        id->kind = NGX_HOUSEHOLD_PRESENCE_UUID;
        return;
    }

    if (text->len <= sizeof(id->bytes)) {
        id->kind = NGX_HOUSEHOLD_PRESENCE_TEXT | (u_char) text->len;
        ngx_memcpy(id->bytes, text->data, text->len);
        return;
    }

    id->kind = NGX_HOUSEHOLD_PRESENCE_HASH;

    p = ngx_household_presence_put(id->bytes,
                    ngx_household_presence_hash(text, 0xcbf29ce484222325ULL),
                    8);
    (void) ngx_household_presence_put(p,
                    ngx_household_presence_hash(text, 0x6c62272e07bb0142ULL),
                    8);
}


/* FNV-1a and the finalizer of MurmurHash3, as the bucket of an account */

static uint64_t
ngx_household_presence_hash(const ngx_str_t *text, uint64_t hash)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        hash ^= text->data[i];
        hash *= 0x100000001b3ULL;
    }

    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdULL;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53ULL;
    hash ^= hash >> 33;

    return hash;
}


size_t
ngx_household_presence_detail(const ngx_household_presence_answer_t *answer,
    u_char *buf)
{
    u_char      *p;
    ngx_uint_t   days, digits;

    if (answer->conflict == 0 && answer->since == 0) {
        return 0;
    }

    days = (answer->conflict + NGX_HOUSEHOLD_PRESENCE_DAY - 1)
           / NGX_HOUSEHOLD_PRESENCE_DAY;

    p = ngx_cpymem(buf, "another household", sizeof("another household") - 1);

    if (answer->settled) {
        p = ngx_cpymem(p, " at a settled place",
                       sizeof(" at a settled place") - 1);
    }

    if (answer->others != 0) {
        p = ngx_cpymem(p, ", beside others", sizeof(", beside others") - 1);
    }

    *p++ = ',';
    *p++ = ' ';

    for (digits = 100; digits > 0; digits /= 10) {
        if (days >= digits || digits == 1) {
            *p++ = (u_char) ('0' + days / digits % 10);
        }
    }

    p = ngx_cpymem(p, " days", sizeof(" days") - 1);

    return (p - buf) - (days == 1);
}


size_t
ngx_household_presence_encode(const ngx_household_presence_t *p, u_char *buf)
{
    u_char                                *pos;
    ngx_uint_t                             i;
    const ngx_household_presence_group_t  *group;

    pos = buf;

    *pos++ = 'h';
    *pos++ = 'p';
    *pos++ = NGX_HOUSEHOLD_PRESENCE_FORMAT;
    *pos++ = 0;

    pos = ngx_household_presence_put(pos, p->version, 8);

    *pos++ = (u_char) p->anchor;
    *pos++ = (u_char) p->devices;
    *pos++ = (u_char) p->groups;

    for (i = 0; i < p->devices; i++) {
        pos = ngx_household_presence_put_device(pos, &p->device[i]);
    }

    for (i = 0; i < p->groups; i++) {
        group = &p->group[i];

        *pos++ = group->flags;
        pos = ngx_household_presence_put(pos, group->since, 4);
        pos = ngx_household_presence_put(pos, group->conflict, 2);
        pos = ngx_household_presence_put(pos, group->meets, 2);
        pos = ngx_household_presence_put(pos, group->today, 2);
        pos = ngx_household_presence_put(pos, group->day, 2);
    }

    return pos - buf;
}


static u_char *
ngx_household_presence_put_device(u_char *p,
    const ngx_household_presence_device_t *device)
{
    u_char                                *flags;
    const ngx_household_presence_place_t  *place;

    flags = p;

    *p++ = device->flags;
    *p++ = device->days;
    *p++ = device->id.kind;
    p = ngx_cpymem(p, device->id.bytes,
                   ngx_household_presence_id_len(device->id.kind));

    if (device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
        p = ngx_household_presence_put(p, device->met, 4);

    } else {
        *p++ = device->group;
        p = ngx_household_presence_put(p, device->meets, 2);
    }

    place = &device->place[0];

    if (place->seen != 0) {
        *flags |= NGX_HOUSEHOLD_PRESENCE_INET;
        p = ngx_household_presence_put(p, place->key, 4);
        p = ngx_household_presence_put(p, place->seen, 4);
        *p++ = (u_char) place->days;
    }

    place = &device->place[1];

    if (place->seen != 0) {
        *flags |= NGX_HOUSEHOLD_PRESENCE_INET6;
        p = ngx_household_presence_put(p, place->key, 8);
        p = ngx_household_presence_put(p, place->seen, 4);
        *p++ = (u_char) place->days;
    }

    return p;
}


ngx_int_t
ngx_household_presence_id_text(const ngx_household_presence_id_t *id,
    u_char *text, size_t *len)
{
    if (id->kind == NGX_HOUSEHOLD_PRESENCE_UUID) {
        ngx_household_uuid_unpack(text, id->bytes);
        *len = NGX_HOUSEHOLD_UUID_LEN;
        return NGX_OK;
    }

    if (id->kind <= NGX_HOUSEHOLD_PRESENCE_TEXT) {
        return NGX_DECLINED;
    }

    *len = ngx_household_presence_id_len(id->kind);
    ngx_memcpy(text, id->bytes, *len);

    return NGX_OK;
}


/* the bytes of an id of this kind; 0: there is none */

static size_t
ngx_household_presence_id_len(u_char kind)
{
    switch (kind) {

    case NGX_HOUSEHOLD_PRESENCE_UUID:
    case NGX_HOUSEHOLD_PRESENCE_HASH:
        return 16;

    case NGX_HOUSEHOLD_PRESENCE_PLACE:
        return 9;

    default:
        return (kind > NGX_HOUSEHOLD_PRESENCE_TEXT
                && kind <= NGX_HOUSEHOLD_PRESENCE_TEXT + 16)
               ? kind - NGX_HOUSEHOLD_PRESENCE_TEXT : 0;
    }
}


static u_char *
ngx_household_presence_put(u_char *p, uint64_t value, size_t len)
{
    size_t  i;

    for (i = len; i > 0; i--) {
        *p++ = (u_char) (value >> ((i - 1) * 8));
    }

    return p;
}


ngx_int_t
ngx_household_presence_decode(ngx_household_presence_t *p, const u_char *data,
    size_t len)
{
    ngx_uint_t                       i;
    ngx_household_presence_reader_t  r;

    ngx_memzero(p, sizeof(ngx_household_presence_t));

    if (len == 0) {
        return NGX_OK;
    }

    if (len < NGX_HOUSEHOLD_PRESENCE_PREFIX || data[0] != 'h' || data[1] != 'p')
    {
        return NGX_ERROR;
    }

    if (data[2] > NGX_HOUSEHOLD_PRESENCE_FORMAT) {
        return NGX_DECLINED;
    }

    if (data[2] != NGX_HOUSEHOLD_PRESENCE_FORMAT || data[3] != 0
        || len > NGX_HOUSEHOLD_PRESENCE_SIZE)
    {
        return NGX_ERROR;
    }

    r.pos = data + 4;
    r.last = data + len;
    r.bad = 0;

    p->version = ngx_household_presence_get(&r, 8);
    p->anchor = ngx_household_presence_get(&r, 1);
    p->devices = ngx_household_presence_get(&r, 1);
    p->groups = ngx_household_presence_get(&r, 1);

    if (r.bad
        || p->devices == 0
        || p->devices > NGX_HOUSEHOLD_PRESENCE_DEVICES
        || p->groups > p->devices
        || p->anchor > p->devices)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < p->devices; i++) {
        ngx_household_presence_get_device(&r, &p->device[i]);
    }

    for (i = 0; i < p->groups; i++) {
        ngx_household_presence_get_group(&r, &p->group[i]);
    }

    if (r.bad || r.pos != r.last) {
        return NGX_ERROR;
    }

    return ngx_household_presence_consistent(p);
}


static void
ngx_household_presence_get_device(ngx_household_presence_reader_t *r,
    ngx_household_presence_device_t *device)
{
    u_char  flags;

    flags = (u_char) ngx_household_presence_get(r, 1);

    device->days = (u_char) ngx_household_presence_get(r, 1);
    ngx_household_presence_get_id(r, &device->id);

    device->flags = flags & (NGX_HOUSEHOLD_PRESENCE_MEMBER
                             |NGX_HOUSEHOLD_PRESENCE_NAMED
                             |NGX_HOUSEHOLD_PRESENCE_MET);

    if (flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
        device->met = (uint32_t) ngx_household_presence_get(r, 4);

        r->bad |= (device->met == 0
                   || (flags & NGX_HOUSEHOLD_PRESENCE_MET) != 0);

    } else {
        device->group = (u_char) ngx_household_presence_get(r, 1);
        device->meets = (uint16_t) ngx_household_presence_get(r, 2);

        r->bad |= (flags & NGX_HOUSEHOLD_PRESENCE_NAMED) != 0;
    }

    if (flags & NGX_HOUSEHOLD_PRESENCE_INET) {
        ngx_household_presence_get_place(r, &device->place[0], 4);
    }

    if (flags & NGX_HOUSEHOLD_PRESENCE_INET6) {
        ngx_household_presence_get_place(r, &device->place[1], 8);
    }

    r->bad |= (device->days == 0
               || ngx_household_presence_seen(device) == 0
               || (flags & ~(device->flags
                             |NGX_HOUSEHOLD_PRESENCE_INET
                             |NGX_HOUSEHOLD_PRESENCE_INET6)) != 0);
}


static void
ngx_household_presence_get_id(ngx_household_presence_reader_t *r,
    ngx_household_presence_id_t *id)
{
    size_t  len;

    id->kind = (u_char) ngx_household_presence_get(r, 1);

    len = ngx_household_presence_id_len(id->kind);

    if (len == 0 || len > (size_t) (r->last - r->pos)) {
        r->bad = 1;
        return;
    }

    ngx_memcpy(id->bytes, r->pos, len);
    r->pos += len;
}


static void
ngx_household_presence_get_place(ngx_household_presence_reader_t *r,
    ngx_household_presence_place_t *place, size_t len)
{
    place->key = ngx_household_presence_get(r, len);
    place->seen = (uint32_t) ngx_household_presence_get(r, 4);
    place->days = (uint32_t) ngx_household_presence_get(r, 1);

    r->bad |= (place->seen == 0 || place->days == 0);
}


static void
ngx_household_presence_get_group(ngx_household_presence_reader_t *r,
    ngx_household_presence_group_t *group)
{
    group->flags = (u_char) ngx_household_presence_get(r, 1);
    group->since = (uint32_t) ngx_household_presence_get(r, 4);
    group->conflict = (uint16_t) ngx_household_presence_get(r, 2);
    group->meets = (uint16_t) ngx_household_presence_get(r, 2);
    group->today = (uint16_t) ngx_household_presence_get(r, 2);
    group->day = (uint16_t) ngx_household_presence_get(r, 2);

    r->bad |= ((group->flags & ~NGX_HOUSEHOLD_PRESENCE_MET) != 0
               || group->today > NGX_HOUSEHOLD_PRESENCE_DAY);
}


/* up to 8 bytes; zero and "bad" if they are not there */

static uint64_t
ngx_household_presence_get(ngx_household_presence_reader_t *r, size_t len)
{
    size_t    i;
    uint64_t  value;

    if (len > (size_t) (r->last - r->pos)) {
        r->bad = 1;
        return 0;
    }

    value = 0;

    for (i = 0; i < len; i++) {
        value = (value << 8) | *r->pos++;
    }

    return value;
}


/* what encode() never writes, though each part may be right */

static ngx_int_t
ngx_household_presence_consistent(const ngx_household_presence_t *p)
{
    ngx_uint_t                              i, j, groups;
    const ngx_household_presence_device_t  *device;

    if (p->anchor != 0
        && !(p->device[p->anchor - 1].flags & NGX_HOUSEHOLD_PRESENCE_MEMBER))
    {
        return NGX_ERROR;
    }

    groups = 0;

    for (i = 0; i < p->devices; i++) {
        device = &p->device[i];

        for (j = 0; j < i; j++) {
            if (ngx_memcmp(&device->id, &p->device[j].id,
                           sizeof(ngx_household_presence_id_t)) == 0)
            {
                return NGX_ERROR;
            }
        }

        if (device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
            continue;
        }

        /* groups are numbered in the order of their first devices */

        if (device->group == groups + 1) {
            groups++;
        }

        if (device->group == 0 || device->group > groups) {
            return NGX_ERROR;
        }
    }

    return (groups == p->groups) ? NGX_OK : NGX_ERROR;
}
