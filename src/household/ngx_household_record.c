
/*
 * The packed record of one account: lookups.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"




/* a walk through the entries, and the current one taken apart */

typedef struct {
    u_char      kind;
    u_char     *pos;                   /* of the next one */
    u_char     *last;
    u_char     *network;               /* the prefix, then the address */
    int64_t     time;
    ngx_str_t   id;
    ngx_str_t   slot;
} ngx_household_entry_t;


static void ngx_household_entry_start(ngx_household_entry_t *e,
    const ngx_household_record_t *rec);
static ngx_inline ngx_uint_t ngx_household_entry_next(
    ngx_household_entry_t *e);
static ngx_uint_t ngx_household_entry_match(ngx_household_entry_t *e,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net);
static ngx_uint_t ngx_household_entry_paid(ngx_household_entry_t *e,
    int64_t now);

static ngx_uint_t ngx_household_id_equal(ngx_household_id_t *id,
    ngx_household_entry_t *e);
static ngx_uint_t ngx_household_str_equal(const ngx_str_t *s1,
    const ngx_str_t *s2);


ngx_uint_t
ngx_household_record_home(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net)
{
    ngx_household_entry_t  e;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if ((e.kind & NGX_HOUSEHOLD_ENTRY_HOME)
            && ngx_household_entry_match(&e, addr, ipv6_prefix, net))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_extra(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix, int64_t now,
    ngx_household_network_t *net, ngx_str_t *slot)
{
    ngx_household_entry_t  e;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (ngx_household_entry_paid(&e, now)
            && ngx_household_entry_match(&e, addr, ipv6_prefix, net))
        {
            *slot = e.slot;
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_device(const ngx_household_record_t *rec,
    const ngx_str_t *id, int64_t *seen, ngx_str_t *slot)
{
    ngx_household_id_t     key;
    ngx_household_entry_t  e;

    if (!ngx_household_id_set(&key, id)) {
        return 0;
    }

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if ((e.kind & NGX_HOUSEHOLD_ENTRY_DEVICE)
            && ngx_household_id_equal(&key, &e))
        {
            *seen = e.time;
            *slot = e.slot;
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_travel(const ngx_household_record_t *rec,
    const ngx_str_t *id, int64_t now)
{
    ngx_uint_t             valid;
    ngx_household_id_t     key;
    ngx_household_entry_t  e;

    valid = ngx_household_id_set(&key, id);

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (!(e.kind & NGX_HOUSEHOLD_ENTRY_TRAVEL) || e.time <= now) {
            continue;
        }

        if ((e.id.len == 1 && e.id.data[0] == '*')
            || (valid && ngx_household_id_equal(&key, &e)))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_has_capacity(const ngx_household_record_t *rec)
{
    ngx_uint_t             n;
    ngx_household_entry_t  e;

    n = 0;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (!(e.kind & NGX_HOUSEHOLD_ENTRY_NETWORK)) {
            n++;
        }
    }

    return n < NGX_HOUSEHOLD_CAPACITY_DEVICES
           && rec->size < NGX_HOUSEHOLD_CAPACITY_SIZE;
}


ngx_uint_t
ngx_household_record_seat_paid(const ngx_household_record_t *rec,
    const ngx_str_t *slot, int64_t now)
{
    ngx_household_entry_t  e;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (ngx_household_entry_paid(&e, now)
            && ngx_household_str_equal(&e.slot, slot))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_seats_taken(const ngx_household_record_t *rec,
    int64_t now)
{
    ngx_str_t              slots[NGX_HOUSEHOLD_RECORD_NETWORKS];
    ngx_uint_t             i, n;
    ngx_household_entry_t  e;

    n = 0;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (!ngx_household_entry_paid(&e, now)) {
            continue;
        }

        for (i = 0; i < n; i++) {
            if (ngx_household_str_equal(&e.slot, &slots[i])) {
                break;
            }
        }

        if (i == n) {
            slots[n++] = e.slot;
        }
    }

    return n;
}


static void
ngx_household_entry_start(ngx_household_entry_t *e,
    const ngx_household_record_t *rec)
{
    ngx_memzero(e, sizeof(ngx_household_entry_t));

    e->pos = (u_char *) rec + sizeof(ngx_household_record_t);
    e->last = (u_char *) rec + rec->size;
}


/* returns 1 with the next entry taken apart, or 0 at the end */

static ngx_inline ngx_uint_t
ngx_household_entry_next(ngx_household_entry_t *e)
{
    u_char  *p;

    p = e->pos;

    if (p == e->last) {
        return 0;
    }

    e->kind = *p++;

    if (e->kind & NGX_HOUSEHOLD_ENTRY_NETWORK) {
        e->network = p;
        p += 1 + ((e->kind & NGX_HOUSEHOLD_ENTRY_INET6) ? 16 : 4);

    } else {
        e->id.len = (e->kind & NGX_HOUSEHOLD_ENTRY_UUID) ? 16 : *p++;
        e->id.data = p;
        p += e->id.len;
    }

    if (!(e->kind & NGX_HOUSEHOLD_ENTRY_HOME)) {
        ngx_memcpy(&e->time, p, sizeof(int64_t));
        p += sizeof(int64_t);
    }

    ngx_str_null(&e->slot);

    if (e->kind & NGX_HOUSEHOLD_ENTRY_SEAT) {
        e->slot.len = *p++;
        e->slot.data = p;
        p += e->slot.len;
    }

    e->pos = p;

    return 1;
}


static ngx_uint_t
ngx_household_entry_match(ngx_household_entry_t *e,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net)
{
    u_char                   family;
    ngx_household_network_t  found;

    family = (e->kind & NGX_HOUSEHOLD_ENTRY_INET6)
             ? NGX_HOUSEHOLD_FAMILY_INET6 : NGX_HOUSEHOLD_FAMILY_INET;

    if (addr->family != family) {
        return 0;
    }

    ngx_memzero(&found, sizeof(ngx_household_network_t));

    found.addr.family = family;
    found.prefix = e->network[0];
    found.bare = (e->kind & NGX_HOUSEHOLD_ENTRY_NO_PREFIX) != 0;

    ngx_memcpy(found.addr.bytes, e->network + 1,
               family == NGX_HOUSEHOLD_FAMILY_INET6 ? 16 : 4);

    if (!ngx_household_network_match(&found, addr, ipv6_prefix)) {
        return 0;
    }

    *net = found;

    return 1;
}


/* tells whether this is a network of an extra member, paid at "now" */

static ngx_uint_t
ngx_household_entry_paid(ngx_household_entry_t *e, int64_t now)
{
    return (e->kind & NGX_HOUSEHOLD_ENTRY_EXTRA)
           && (e->time == 0 || e->time > now);
}


ngx_uint_t
ngx_household_id_set(ngx_household_id_t *id, const ngx_str_t *text)
{
    if (text->len == 0 || text->len > NGX_HOUSEHOLD_ID_LEN) {
        return 0;
    }

    if (ngx_household_uuid_pack(id->uuid, text)) {
        id->kind = NGX_HOUSEHOLD_ENTRY_UUID;
        id->bytes.len = NGX_HOUSEHOLD_UUID_PACKED;
        id->bytes.data = id->uuid;

    } else {
        id->kind = 0;
        id->bytes = *text;
    }

    return 1;
}


static ngx_uint_t
ngx_household_id_equal(ngx_household_id_t *id, ngx_household_entry_t *e)
{
    return (e->kind & NGX_HOUSEHOLD_ENTRY_UUID) == id->kind
           && ngx_household_str_equal(&e->id, &id->bytes);
}


static ngx_uint_t
ngx_household_str_equal(const ngx_str_t *s1, const ngx_str_t *s2)
{
    return s1->len == s2->len && ngx_memcmp(s1->data, s2->data, s1->len) == 0;
}
