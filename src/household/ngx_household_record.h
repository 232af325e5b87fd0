
/*
 * What is known of one account: its home networks, extra members, devices,
 * travel grants and a few scalars, packed into one relocatable block, so that
 * it can be copied into shared memory as it is.
 *
 * Pure layer: nginx types only, no running nginx, no allocation, no clock.
 */


#ifndef _NGX_HOUSEHOLD_RECORD_H_INCLUDED_
#define _NGX_HOUSEHOLD_RECORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_household_network.h"


/*
 * A record over any of these is an error of its own ("record_too_large"),
 * never a silent cut.  What has ended counts towards none of them: seats and
 * grants that are over, devices not seen for NGX_HOUSEHOLD_DEVICE_GONE.
 */
#define NGX_HOUSEHOLD_RECORD_NETWORKS   256  /* home and extra together */
#define NGX_HOUSEHOLD_RECORD_DEVICES    256  /* devices, grants, members */
#define NGX_HOUSEHOLD_RECORD_SIZE     16384  /* bytes, header included */

#define NGX_HOUSEHOLD_DAY             86400

/* seconds after which a device, a place to be learned, has ended */
#define NGX_HOUSEHOLD_DEVICE_GONE  (400 * NGX_HOUSEHOLD_DAY)
#define NGX_HOUSEHOLD_LEARN_AGE     (28 * NGX_HOUSEHOLD_DAY)

/*
 * A time is plausible if it is 1 to this, Unix seconds: 2099-12-31 23:59:59.
 * It refuses milliseconds of any time after 1970-02-17, and other numbers
 * that are too large.  Anything else is malformed; 0 is a value only where
 * it stands for "open ended".
 */
#define NGX_HOUSEHOLD_TIME_MAX   4102444799


/* limits of ngx_household_record_has_capacity(): devices are written below */
#define NGX_HOUSEHOLD_CAPACITY_DEVICES                                        \
    (NGX_HOUSEHOLD_RECORD_DEVICES / 2)
#define NGX_HOUSEHOLD_CAPACITY_SIZE                                           \
    (NGX_HOUSEHOLD_RECORD_SIZE / 2)

/* places of one device, days outside, and days of evidence that are kept */
#define NGX_HOUSEHOLD_SEEN_MAX          4
#define NGX_HOUSEHOLD_AWAY_MAX         31
#define NGX_HOUSEHOLD_LEARN_DAYS       31

/* networks of an account of which the module keeps evidence */
#define NGX_HOUSEHOLD_LEARN_MAX        16

#define NGX_HOUSEHOLD_SEATS_UNKNOWN  0xffff


/*
 * The packed record.  The entries behind the header are read through the
 * functions below only.  All times are Unix seconds, 1 to
 * NGX_HOUSEHOLD_TIME_MAX.
 */

typedef struct {
    uint32_t    revoked_before;        /* 0: nothing is revoked */
    uint32_t    outside_since;         /* 0: no grace period has started */
    uint32_t    home_since;            /* 0: nobody came home after that */
    uint32_t    size;                  /* bytes, this header included */
    uint16_t    seats;                 /* or NGX_HOUSEHOLD_SEATS_UNKNOWN */
    uint16_t    malformed;             /* entries dropped; 0xffff: or more */
    uint16_t    set_size;              /* members; 0xffff: or more */
    u_char      country[2];            /* ISO 3166-1 alpha-2; zeros: unknown */
    u_char      inet;                  /* has a home network of this family */
    u_char      inet6;
    u_char      exists;                /* either key was there */
} ngx_household_record_t;


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
 * Builds one record from the two replies, in any order.  Plain memory, about
 * NGX_HOUSEHOLD_RECORD_SIZE bytes; nothing to free.
 */

typedef struct {
    int64_t     now;
    ngx_uint_t  networks;
    ngx_uint_t  devices;
    ngx_uint_t  too_large;             /* unsigned  too_large:1; */

    union {
        ngx_household_record_t  record;
        u_char                  bytes[NGX_HOUSEHOLD_RECORD_SIZE];
    } u;
} ngx_household_record_builder_t;


/* what has ended at "now", Unix seconds, is dropped where a limit is met */
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
 */
void ngx_household_record_builder_add_field(ngx_household_record_builder_t *b,
    ngx_str_t *name, ngx_str_t *value);

/*
 * Returns the record, "size" bytes of it, which lives in the builder until
 * the next start; or NULL if it is over a limit.
 */
ngx_household_record_t *ngx_household_record_builder_finish(
    ngx_household_record_builder_t *b);


/*
 * Finds the home network that holds "addr".  Returns 1 and fills "net", or 0.
 */
ngx_uint_t ngx_household_record_home(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix,
    ngx_household_network_t *net);

/*
 * Finds the seats that are paid at "now" (until a time after "now", or open
 * ended) and have a network that holds "addr".  Several may, as flatmates
 * have one address.  Those in which the viewer counts as seen are
 *
 * - a seat at which the device was seen before, the "n" places of "seen";
 *   of several the one that ends last;
 * - the seat that ends last of all, unless it ends with or before that one.
 *
 * Returns the number of them, 0 to 2, and fills "places" in that order.  All
 * strings point into the record.
 */
ngx_uint_t ngx_household_record_extra(const ngx_household_record_t *rec,
    const ngx_household_addr_t *addr, ngx_uint_t ipv6_prefix, int64_t now,
    const ngx_household_seen_t *seen, ngx_uint_t n,
    ngx_household_place_t *places);

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

/* tells whether the application has named the device as a member */
ngx_uint_t ngx_household_record_member(const ngx_household_record_t *rec,
    const ngx_str_t *id);

/*
 * Finds the ids of the members that the application has named, at most "max",
 * and returns how many there are.  Fills "ids", unless it is NULL; the texts
 * of UUIDs are written to "text", which has NGX_HOUSEHOLD_UUID_LEN bytes for
 * each id, the others point into the record.
 */
ngx_uint_t ngx_household_record_members(const ngx_household_record_t *rec,
    ngx_str_t *ids, u_char *text, ngx_uint_t max);

/*
 * Tells on how many days the household was seen at a network, and sets "time"
 * to the last.  A network without a length stands for its /"ipv6_prefix".
 */
ngx_uint_t ngx_household_record_learn_days(const ngx_household_record_t *rec,
    const ngx_household_network_t *net, ngx_uint_t ipv6_prefix,
    int64_t *time);

/*
 * Counts the days outside that are kept and lie between two days, both
 * excluded.  Days are counted from 1970, UTC.
 */
ngx_uint_t ngx_household_record_away_days(const ngx_household_record_t *rec,
    int64_t after, int64_t before);

/*
 * Tells whether a travel grant for the device or for all ("*") lasts beyond
 * "now".  An empty id matches only the grant for all.
 */
ngx_uint_t ngx_household_record_travel(const ngx_household_record_t *rec,
    const ngx_str_t *id, int64_t now);

/*
 * Tells whether one more device may be written.  The writes of the module
 * take at most half of each limit; what has ended at "now" does not count.
 */
ngx_uint_t ngx_household_record_has_capacity(
    const ngx_household_record_t *rec, int64_t now);

/* tells whether any network of the seat is paid at "now" */
ngx_uint_t ngx_household_record_seat_paid(const ngx_household_record_t *rec,
    const ngx_str_t *seat, int64_t now);

/* counts the distinct seats with a network that is paid at "now" */
ngx_uint_t ngx_household_record_seats_taken(const ngx_household_record_t *rec,
    int64_t now);


#endif /* _NGX_HOUSEHOLD_RECORD_H_INCLUDED_ */
