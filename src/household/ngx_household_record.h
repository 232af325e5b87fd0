
/*
 * The record of an account: home networks, extra members, devices, travel
 * grants and a few scalars, packed into one relocatable block that can be
 * copied into shared memory.
 */


#ifndef _NGX_HOUSEHOLD_RECORD_H_INCLUDED_
#define _NGX_HOUSEHOLD_RECORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_household_network.h"


/*
 * A record over any of these limits is an error ("record_too_large"), and is
 * never truncated.  Ended entries do not count: seats and grants that are
 * over, devices not seen for NGX_HOUSEHOLD_DEVICE_GONE.
 */
#define NGX_HOUSEHOLD_RECORD_NETWORKS   256  /* of homes and seats, evidence */
#define NGX_HOUSEHOLD_RECORD_DEVICES    256  /* devices, grants, members */
#define NGX_HOUSEHOLD_RECORD_SIZE     16384  /* bytes, header included */

#define NGX_HOUSEHOLD_DAY             86400

/* seconds after which a device, or the evidence of a network, has ended */
#define NGX_HOUSEHOLD_DEVICE_GONE  (400 * NGX_HOUSEHOLD_DAY)
#define NGX_HOUSEHOLD_LEARN_AGE     (28 * NGX_HOUSEHOLD_DAY)

/*
 * The latest valid time, Unix seconds: 2099-12-31 23:59:59.  The earliest is
 * 1.  Other times are malformed, among them milliseconds of any time after
 * 1970-02-17.  0 is valid only where 0 means "open ended".
 */
#define NGX_HOUSEHOLD_TIME_MAX   4102444799


/* limits of ngx_household_record_has_capacity(); at these no device is added */
#define NGX_HOUSEHOLD_CAPACITY_DEVICES                                        \
    (NGX_HOUSEHOLD_RECORD_DEVICES / 2)
#define NGX_HOUSEHOLD_CAPACITY_SIZE                                           \
    (NGX_HOUSEHOLD_RECORD_SIZE / 2)

/* maximum of places of one device, days outside, and days of evidence */
#define NGX_HOUSEHOLD_SEEN_MAX          4
#define NGX_HOUSEHOLD_AWAY_MAX         31
#define NGX_HOUSEHOLD_LEARN_DAYS       31

/* days outside that a record keeps: as many as are allowed, and today */
#define NGX_HOUSEHOLD_AWAY_KEPT  (NGX_HOUSEHOLD_AWAY_MAX + 1)

/* maximum of networks of an account with evidence */
#define NGX_HOUSEHOLD_LEARN_MAX        16

#define NGX_HOUSEHOLD_SEATS_UNKNOWN  0xffff


/*
 * Must change whenever the packed record does, its entries included: records
 * are kept in files.
 */
#define NGX_HOUSEHOLD_RECORD_LAYOUT     1


/*
 * The packed record.  The header is followed by entries, which are read by the
 * functions below only.  All times are Unix seconds, 1 to
 * NGX_HOUSEHOLD_TIME_MAX.
 */

typedef struct {
    uint32_t    revoked_before;        /* 0: nothing is revoked */
    uint32_t    outside_since;         /* 0: no grace period has started */
    uint32_t    home_since;            /* 0: not at home after that */
    uint32_t    size;                  /* bytes, this header included */
    uint16_t    seats;                 /* or NGX_HOUSEHOLD_SEATS_UNKNOWN */
    uint16_t    malformed;             /* entries dropped; 0xffff: or more */
    uint16_t    set_size;              /* members; 0xffff: or more */
    u_char      country[2];            /* ISO 3166-1 alpha-2; zeros: unknown */
    u_char      inet;                  /* has a home network of this family */
    u_char      inet6;
    u_char      exists;                /* at least one of the keys exists */
    u_char      kinds;                 /* of entries, as bits */
} ngx_household_record_t;


/* in "kinds": has a seat that learns */
#define NGX_HOUSEHOLD_RECORD_OPEN  0x80


/* where a device was seen, and when */

typedef struct {
    int64_t     time;
    ngx_str_t   seat;                  /* empty: at home */
} ngx_household_seen_t;


/* a network of a paid seat */

typedef struct {
    ngx_household_network_t  network;
    ngx_str_t                seat;
    int64_t                  until;    /* of the seat; INT64_MAX: no end */
} ngx_household_place_t;


/*
 * Builds one record from the two replies, in any order.  The builder takes
 * about NGX_HOUSEHOLD_RECORD_SIZE bytes; there is nothing to free.
 */

/* a device with a seat is the longest entry: kind, id, time, seat */
#define NGX_HOUSEHOLD_ENTRY_SIZE                                              \
    (1 + 1 + NGX_HOUSEHOLD_ID_LEN + 8 + 1 + NGX_HOUSEHOLD_ID_LEN)


typedef struct {
    int64_t     now;
    ngx_uint_t  networks;
    ngx_uint_t  devices;
    ngx_uint_t  too_large;             /* unsigned  too_large:1; */

    /* why the last malformed entry was dropped; static; NULL: none was */
    const char *error;

    union {
        ngx_household_record_t  record;
        /* an entry is written first, and fits in or not */
        u_char                  bytes[NGX_HOUSEHOLD_RECORD_SIZE
                                      + NGX_HOUSEHOLD_ENTRY_SIZE];
    } u;
} ngx_household_record_builder_t;


/* entries ended at "now", Unix seconds, are dropped when a limit is reached */
void ngx_household_record_builder_start(ngx_household_record_builder_t *b,
    int64_t now);

/*
 * Adds a member of the SET household:{A}: one home network.  A malformed one
 * is dropped and counted in record.malformed.
 */
void ngx_household_record_builder_add_home(ngx_household_record_builder_t *b,
    ngx_str_t *member);

/*
 * Adds one field of the HASH household:{A}:account.  Unknown names are
 * ignored; a malformed name or value of a known one is dropped and counted.
 * Returns 1 if the name is known, otherwise 0.
 */
ngx_uint_t ngx_household_record_builder_add_field(
    ngx_household_record_builder_t *b, ngx_str_t *name, ngx_str_t *value);

/*
 * Adds one field of the HASH household-device:{A}, after those of
 * household:{A}:account: the name is a device, the value as in "device:<id>".
 * It is the later of the two times that counts, at each place that the record
 * has of that device; other devices and places are ignored.
 */
void ngx_household_record_builder_add_seen(ngx_household_record_builder_t *b,
    ngx_str_t *device, ngx_str_t *value);

/* bytes of the value of a device: "<time>@<seat>" each, separated by ":" */
#define NGX_HOUSEHOLD_RECORD_SEEN                                             \
    (NGX_HOUSEHOLD_SEEN_MAX * (NGX_INT64_LEN + 1 + NGX_HOUSEHOLD_ID_LEN + 1))

/* writes the value of a device, of "n" places with times; returns its end */
u_char *ngx_household_record_put_seen(u_char *p, ngx_household_seen_t *seen,
    ngx_uint_t n);

/*
 * The same as ngx_household_record_builder_add_seen() for a value alone: each
 * place of "value" gets the later of its times.  The new text is in "buf",
 * which has NGX_HOUSEHOLD_RECORD_SEEN bytes.  If one of the values is
 * malformed, "value" stays.
 */
void ngx_household_record_later(ngx_str_t *value, ngx_str_t *later,
    u_char *buf);

/*
 * Returns the record, of record.size bytes, or NULL if the record is over a
 * limit.  The record is part of the builder, and is valid until the next
 * start.
 */
ngx_household_record_t *ngx_household_record_builder_finish(
    ngx_household_record_builder_t *b);


/*
 * Finds the home network that contains "addr".  Returns 1 and fills "net", or
 * returns 0.
 */
ngx_uint_t ngx_household_record_home(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net);

/*
 * Finds the seats that are paid at "now" (until a time after "now", or open
 * ended) and have a network that contains "addr".  There may be several seats,
 * as flatmates share an address.  The device counts as seen at
 *
 * - the seat at which the device was seen before, according to the "n" places
 *   of "seen"; of several seats the one that ends last;
 * - the seat that ends last of all, if it ends after the former.
 *
 * Returns the number of them, 0 to 2, and fills "places" in that order.  All
 * strings point into the record.
 */
ngx_uint_t ngx_household_record_extra(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix, int64_t now,
    const ngx_household_seen_t *seen, ngx_uint_t n,
    ngx_household_place_t *places);

/*
 * Finds the seat that a client joins which brings back the state of an offer:
 * a seat with "learn" that is paid at "now" and has no network of the family
 * of "addr".  A seat that has a network of the other family is taken: only a
 * device that was seen there, by the "n" places of "seen", joins it, and any
 * client if "device" is empty.
 *
 * Returns 1 and fills "place" with the seat and with "addr" as a network
 * without a prefix length; or returns 0.  The seat points into the record.
 */
ngx_uint_t ngx_household_record_open(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, int64_t now, const ngx_str_t *device,
    const ngx_household_seen_t *seen, ngx_uint_t n,
    ngx_household_place_t *place);

/*
 * Finds the places where a device was seen: fills NGX_HOUSEHOLD_SEEN_MAX of
 * "seen" at most.  Returns their number.
 */
ngx_uint_t ngx_household_record_seen(const ngx_household_record_t *rec,
    const ngx_str_t *id, ngx_household_seen_t *seen);

/*
 * Finds the device that was seen least recently, other than "id".  Writes its
 * id into "name", NGX_HOUSEHOLD_ID_LEN bytes, and fills "seen" as above.
 * Returns the number of places, 0 if there is no such device.
 */
ngx_uint_t ngx_household_record_oldest(const ngx_household_record_t *rec,
    const ngx_str_t *id, ngx_str_t *name, ngx_household_seen_t *seen);

/*
 * Finds the ids of the members that the application has named, of which there
 * are at most NGX_HOUSEHOLD_RECORD_DEVICES.  Returns their number.  Fills
 * "ids", unless "ids" is NULL.  The texts of UUIDs are written to "text", which
 * has NGX_HOUSEHOLD_UUID_LEN bytes for each id.  Other ids point into the
 * record.
 */
ngx_uint_t ngx_household_record_members(const ngx_household_record_t *rec,
    ngx_str_t *ids, u_char *text);

/*
 * Returns the number of days on which the household was seen at a network, and
 * sets "time" to the last time.  Returns 0 if there is no evidence, or it has
 * ended at "now", or is of a later day than tomorrow: scripts/learn.lua begins
 * anew then.  A network without a prefix length stands for its /"ipv6_prefix".
 */
ngx_uint_t ngx_household_record_learn_days(const ngx_household_record_t *rec,
    const ngx_household_network_t *net, ngx_uint_t ipv6_prefix, int64_t now,
    int64_t *time);

/*
 * Returns the number of recorded days outside between two days, both excluded.
 * Days are counted from 1970-01-01, UTC.
 */
ngx_uint_t ngx_household_record_away_days(const ngx_household_record_t *rec,
    int64_t after, int64_t before);

/*
 * Returns 1 if a travel grant for the device or for all devices ("*") ends
 * after "now", otherwise 0.  An empty id matches only the grant for all.
 */
ngx_uint_t ngx_household_record_travel(const ngx_household_record_t *rec,
    const ngx_str_t *id, int64_t now);

/*
 * Returns 1 if one more device may be written, otherwise 0.  Writes of the
 * module take at most half of each limit.  Entries ended at "now" do not
 * count.
 */
ngx_uint_t ngx_household_record_has_capacity(
    const ngx_household_record_t *rec, int64_t now);

/* returns 1 if a network of the seat is paid at "now", else 0 */
ngx_uint_t ngx_household_record_seat_paid(const ngx_household_record_t *rec,
    const ngx_str_t *seat, int64_t now);

/* returns the number of seats with a network that is paid at "now" */
ngx_uint_t ngx_household_record_seats_taken(const ngx_household_record_t *rec,
    int64_t now);


#endif /* _NGX_HOUSEHOLD_RECORD_H_INCLUDED_ */
