
/*
 * The packed record of one account: lookups.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"
#include "ngx_household_str.h"


#define ngx_household_record_has_seats(rec)                                   \
    (ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_EXTRA)                 \
     || ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_OPEN))


static ngx_uint_t ngx_household_entry_match(u_char flags,
    const u_char *network, const ngx_household_addr_t *addr,
    ngx_uint_t ipv6_prefix, ngx_household_network_t *net);
static ngx_uint_t ngx_household_record_may_join(
    const ngx_household_record_t *rec, const ngx_str_t *seat, u_char inet6,
    ngx_uint_t known);
static ngx_uint_t ngx_household_entry_paid(ngx_household_entry_t *e,
    int64_t now);
static int64_t ngx_household_entry_latest(ngx_household_entry_t *device,
    const ngx_household_record_t *rec);
static int64_t ngx_household_record_paid_until(
    const ngx_household_record_t *rec, const ngx_str_t *seat, int64_t now);

static ngx_uint_t ngx_household_id_equal(ngx_household_id_t *id,
    ngx_household_entry_t *e);


ngx_uint_t
ngx_household_record_home(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net)
{
    ngx_household_entry_t  e;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind == NGX_HOUSEHOLD_ENTRY_HOME
            && ngx_household_entry_match(e.flags, e.network, addr, ipv6_prefix,
                                         net))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_extra(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix, int64_t now,
    const ngx_household_seen_t *seen, ngx_uint_t n,
    ngx_household_place_t *places)
{
    ngx_uint_t              i;
    ngx_household_place_t   place, kept, last;
    ngx_household_entry_t   e;

    if (!ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_EXTRA)) {
        return 0;
    }

    kept.until = 0;
    last.until = 0;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_EXTRA
            || !ngx_household_entry_paid(&e, now)
            || !ngx_household_entry_match(e.flags, e.network, addr,
                                          ipv6_prefix, &place.network))
        {
            continue;
        }

        place.seat = e.seat;
        place.until = ngx_household_record_paid_until(rec, &e.seat, now);

        if (place.until > last.until) {
            last = place;
        }

        for (i = 0; i < n; i++) {
            if (place.until > kept.until
                && ngx_household_str_equal(&seen[i].seat, &place.seat))
            {
                kept = place;
            }
        }
    }

    n = 0;

    if (kept.until != 0) {
        places[n++] = kept;
    }

    if (last.until > kept.until) {
        places[n++] = last;
    }

    return n;
}


ngx_uint_t
ngx_household_record_open(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, int64_t now, const ngx_str_t *device,
    const ngx_household_seen_t *seen, ngx_uint_t n,
    ngx_household_place_t *place)
{
    ngx_uint_t              i, known;
    ngx_household_entry_t   e;

    if (!ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_OPEN)) {
        return 0;
    }

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_OPEN
            || !ngx_household_entry_paid(&e, now))
        {
            continue;
        }

        known = (device->len == 0);

        for (i = 0; i < n; i++) {
            known |= ngx_household_str_equal(&seen[i].seat, &e.seat);
        }

        if (ngx_household_record_may_join(rec, &e.seat,
                                          addr->family
                                          == NGX_HOUSEHOLD_FAMILY_INET6,
                                          known))
        {
            ngx_household_network_of(&place->network, addr);
            place->seat = e.seat;
            place->until = e.time;

            return 1;
        }
    }

    return 0;
}


/* networks of a seat that has ended count: the seat may be renewed */

static ngx_uint_t
ngx_household_record_may_join(const ngx_household_record_t *rec,
    const ngx_str_t *seat, u_char inet6, ngx_uint_t known)
{
    ngx_household_entry_t  e;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_EXTRA
            || !ngx_household_str_equal(&e.seat, seat))
        {
            continue;
        }

        if (!known
            || ((e.flags & NGX_HOUSEHOLD_ENTRY_INET6) != 0) == inet6)
        {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_household_record_seen(const ngx_household_record_t *rec,
    const ngx_str_t *id, ngx_household_seen_t *seen)
{
    ngx_uint_t             n;
    ngx_household_id_t     key;
    ngx_household_entry_t  e;

    if (!ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_DEVICE)
        || !ngx_household_id_set(&key, id))
    {
        return 0;
    }

    n = 0;

    ngx_household_entry_start(&e, rec);

    while (n < NGX_HOUSEHOLD_SEEN_MAX && ngx_household_entry_next(&e)) {

        if (e.kind == NGX_HOUSEHOLD_ENTRY_DEVICE
            && ngx_household_id_equal(&key, &e))
        {
            seen[n].time = e.time;
            seen[n++].seat = e.seat;
        }
    }

    return n;
}


ngx_uint_t
ngx_household_record_oldest(const ngx_household_record_t *rec,
    const ngx_str_t *id, ngx_str_t *name, ngx_household_seen_t *seen)
{
    int64_t                least, latest;
    ngx_household_id_t     key;
    ngx_household_entry_t  e, found;

    least = INT64_MAX;

    if (!ngx_household_id_set(&key, id)) {
        return 0;
    }

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_DEVICE
            || e.time >= least
            || ngx_household_id_equal(&key, &e))
        {
            continue;
        }

        latest = ngx_household_entry_latest(&e, rec);

        if (latest < least) {
            least = latest;
            found = e;
        }
    }

    if (least == INT64_MAX) {
        return 0;
    }

    name->len = found.id.len;

    if (found.flags & NGX_HOUSEHOLD_ENTRY_UUID) {
        ngx_household_uuid_unpack(name->data, found.id.data);
        name->len = NGX_HOUSEHOLD_UUID_LEN;

    } else {
        ngx_memcpy(name->data, found.id.data, found.id.len);
    }

    return ngx_household_record_seen(rec, name, seen);
}


/* returns the time when the device was last seen at any place */

static int64_t
ngx_household_entry_latest(ngx_household_entry_t *device,
    const ngx_household_record_t *rec)
{
    int64_t                latest;
    ngx_household_entry_t  e;

    latest = device->time;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind == NGX_HOUSEHOLD_ENTRY_DEVICE
            && ((e.flags ^ device->flags) & NGX_HOUSEHOLD_ENTRY_UUID) == 0
            && ngx_household_str_equal(&e.id, &device->id))
        {
            latest = ngx_max(latest, e.time);
        }
    }

    return latest;
}


ngx_uint_t
ngx_household_record_learn_days(const ngx_household_record_t *rec,
    const ngx_household_network_t *net, ngx_uint_t ipv6_prefix, int64_t now,
    int64_t *time)
{
    ngx_uint_t               prefix;
    ngx_household_entry_t    e;
    ngx_household_network_t  found;

    prefix = net->no_prefix ? ipv6_prefix : net->prefix;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind == NGX_HOUSEHOLD_ENTRY_LEARN
            && !ngx_household_entry_ended(&e, now)
            && e.time - now <= NGX_HOUSEHOLD_DAY
            && ngx_household_entry_match(e.flags, e.network, &net->addr,
                                         ipv6_prefix, &found)
            && (found.no_prefix ? ipv6_prefix : found.prefix) == prefix)
        {
            *time = e.time;
            return *e.days;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_record_away_days(const ngx_household_record_t *rec,
    int64_t after, int64_t before)
{
    uint16_t               day;
    ngx_uint_t             i, n;
    ngx_household_entry_t  e;

    if (!ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_AWAY)) {
        return 0;
    }

    n = 0;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_AWAY) {
            continue;
        }

        for (i = 0; i < *e.days; i++) {
            ngx_memcpy(&day, e.days + 1 + 2 * i, sizeof(uint16_t));

            if (day > after && day < before) {
                n++;
            }
        }
    }

    return n;
}


ngx_uint_t
ngx_household_record_travel(const ngx_household_record_t *rec,
    const ngx_str_t *id, int64_t now)
{
    ngx_uint_t             valid;
    ngx_household_id_t     key;
    ngx_household_entry_t  e;

    if (!ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_TRAVEL)) {
        return 0;
    }

    valid = ngx_household_id_set(&key, id);

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_TRAVEL || e.time <= now) {
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
ngx_household_record_has_capacity(const ngx_household_record_t *rec,
    int64_t now)
{
    size_t                 size;
    ngx_uint_t             n;
    ngx_household_entry_t  e;

    n = 0;
    size = sizeof(ngx_household_record_t);

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (ngx_household_entry_ended(&e, now)) {
            continue;
        }

        size += e.pos - e.start;

        if (ngx_household_kind_is_device(e.kind)) {
            n++;
        }
    }

    return n < NGX_HOUSEHOLD_CAPACITY_DEVICES
           && size < NGX_HOUSEHOLD_CAPACITY_SIZE;
}


ngx_uint_t
ngx_household_record_seat_paid(const ngx_household_record_t *rec,
    const ngx_str_t *seat, int64_t now)
{
    return ngx_household_record_paid_until(rec, seat, now) != 0;
}


/* returns INT64_MAX if open ended, 0 if no network of the seat is paid */

static int64_t
ngx_household_record_paid_until(const ngx_household_record_t *rec,
    const ngx_str_t *seat, int64_t now)
{
    int64_t                until;
    ngx_household_entry_t  e;

    until = 0;

    if (!ngx_household_record_has_seats(rec)) {
        return 0;
    }

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (ngx_household_entry_paid(&e, now)
            && ngx_household_str_equal(&e.seat, seat))
        {
            if (e.time == 0) {
                return INT64_MAX;
            }

            until = ngx_max(until, e.time);
        }
    }

    return until;
}


ngx_uint_t
ngx_household_record_seats_taken(const ngx_household_record_t *rec,
    int64_t now)
{
    ngx_str_t              seats[NGX_HOUSEHOLD_RECORD_NETWORKS];
    ngx_uint_t             i, n;
    ngx_household_entry_t  e;

    if (!ngx_household_record_has_seats(rec)) {
        return 0;
    }

    n = 0;

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (!ngx_household_entry_paid(&e, now)) {
            continue;
        }

        for (i = 0; i < n; i++) {
            if (ngx_household_str_equal(&e.seat, &seats[i])) {
                break;
            }
        }

        if (i == n) {
            seats[n++] = e.seat;
        }
    }

    return n;
}


/*
 * Returns 1 and fills "net" if the network of an entry contains "addr", or
 * returns 0.  It takes members of the iterator, which stays in registers.
 */

static ngx_uint_t
ngx_household_entry_match(u_char flags, const u_char *network,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net)
{
    u_char                   family;
    ngx_household_network_t  found;

    family = (flags & NGX_HOUSEHOLD_ENTRY_INET6)
             ? NGX_HOUSEHOLD_FAMILY_INET6 : NGX_HOUSEHOLD_FAMILY_INET;

    if (addr->family != family) {
        return 0;
    }

    ngx_memzero(&found, sizeof(ngx_household_network_t));

    found.addr.family = family;
    found.prefix = network[0];
    found.no_prefix = (flags & NGX_HOUSEHOLD_ENTRY_NO_PREFIX) != 0;

    if (family == NGX_HOUSEHOLD_FAMILY_INET) {
        ngx_memcpy(found.addr.bytes, network + 1, 4);

    } else {
        ngx_memcpy(found.addr.bytes, network + 1, 16);
    }

    if (!ngx_household_network_match(&found, addr, ipv6_prefix)) {
        return 0;
    }

    *net = found;

    return 1;
}


/* returns 1 for a network of an extra member that is paid at "now" */

static ngx_uint_t
ngx_household_entry_paid(ngx_household_entry_t *e, int64_t now)
{
    return (e->kind == NGX_HOUSEHOLD_ENTRY_EXTRA
            || e->kind == NGX_HOUSEHOLD_ENTRY_OPEN)
           && (e->time == 0 || e->time > now);
}


static ngx_uint_t
ngx_household_id_equal(ngx_household_id_t *id, ngx_household_entry_t *e)
{
    return (e->flags & NGX_HOUSEHOLD_ENTRY_UUID) == id->kind
           && ngx_household_str_equal(&e->id, &id->bytes);
}
