
/*
 * The presence of an account: which device was where and when.  By presence the
 * rule distinguishes a household that has moved from an account that is shared:
 * after a move the old place is not used any more, while households that share
 * an account use two places at once.  docs/sharing.md explains the rule,
 * docs/fairness.md measures its errors.
 *
 * An edge uses it like this:
 *
 *     bytes = GET household-seen:{A}             with the record, or cached
 *     rc = ngx_household_presence_decode(&presence, bytes, len);
 *     if (rc != NGX_OK)  allow, store nothing, count
 *     ngx_household_presence_evaluate(&params, &facts, &presence, &answer);
 *     if (answer.write)  {
 *         len = ngx_household_presence_encode(&presence, new);
 *         if the first NGX_HOUSEHOLD_PRESENCE_PREFIX bytes of the key are
 *         still those of "bytes":  SET household-seen:{A} new EX some months
 *         else:  read, decode and evaluate once more, then drop it and count
 *     }
 *
 * The prefix of a missing key is the empty string.  The verdict neither waits
 * for the write nor depends on its success.
 *
 * There is no allocation and no clock.  Work is bounded by the number of
 * devices, at most 64; a few KB of stack are used.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCE_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_network.h"


#define NGX_HOUSEHOLD_PRESENCE_DEVICES     64

/* bytes of an encoded presence, at most */
#define NGX_HOUSEHOLD_PRESENCE_SIZE      4096

/* its first bytes, format and version: what a compare-and-set compares */
#define NGX_HOUSEHOLD_PRESENCE_PREFIX      12

/* evidence and meetings are counted in this part of a day */
#define NGX_HOUSEHOLD_PRESENCE_DAY        512

/* of the text of an answer */
#define NGX_HOUSEHOLD_PRESENCE_DETAIL      80

/* of ngx_household_presence_id_t: kind, then up to 16 bytes and zeros */
#define NGX_HOUSEHOLD_PRESENCE_ID          17


/* ngx_household_presence_device_t.flags */
#define NGX_HOUSEHOLD_PRESENCE_MEMBER    0x01  /* belongs to the household */
#define NGX_HOUSEHOLD_PRESENCE_NAMED     0x02  /* by the record: no end */

/* of devices and of groups: "meets" has been raised on the last day */
#define NGX_HOUSEHOLD_PRESENCE_MET       0x04


/* ngx_household_presence_params_t.without: parts of the rule that are off */
#define NGX_HOUSEHOLD_PRESENCE_FAMILIES  0x01  /* compare alike with alike */
#define NGX_HOUSEHOLD_PRESENCE_GROUPS    0x02  /* evidence is a group's */
#define NGX_HOUSEHOLD_PRESENCE_ANCHOR    0x04  /* members must meet one */
#define NGX_HOUSEHOLD_PRESENCE_ORDER     0x08  /* whoever came first */
#define NGX_HOUSEHOLD_PRESENCE_STAY      0x10  /* a day's address is less */
#define NGX_HOUSEHOLD_PRESENCE_HEIRS     0x20  /* a silent one has heirs */


/*
 * The constants of the rule, with their defaults.  Times are in seconds; what
 * is counted in days of evidence or in meetings is in units of
 * NGX_HOUSEHOLD_PRESENCE_DAY.  W, T and K are their names in the docs.
 */

/* bits of an IPv6 place, by default; the edge has no other */
#define NGX_HOUSEHOLD_PRESENCE_IPV6  56


typedef struct {
    int64_t     at_once;       /* W, 2h: seen elsewhere within is at once */
    int64_t     beside;        /* 20h: seen within is still there */
    int64_t     mates;         /* 7d: seen within makes a place a member's */
    int64_t     together;      /* 30d: strangers at a place within are one */
    int64_t     alive;         /* 7d: seen within, the household is in use */
    int64_t     anchor;        /* 7d: the anchor is replaced after */
    int64_t     settled;       /* 30d: another device within settles a place */
    int64_t     lapse;         /* 90d: a member that met nobody lapses */
    int64_t     forget;        /* 180d: a device not seen is forgotten */

    ngx_uint_t  half_life;     /* days: 90; of evidence and meetings */
    ngx_uint_t  settled_days;  /* days: 2; there on as many settles a place */
    ngx_uint_t  evidence;      /* T, 5 days: more is another household */
    ngx_uint_t  meeting;       /* K, 2 days: what a meeting excuses */
    ngx_uint_t  join;          /* 0.9 meetings make a member */
    ngx_uint_t  unsettled;     /* 1: what a day counts if not settled */
    ngx_uint_t  further;       /* 3/8: less T for each other household */
    ngx_uint_t  most;          /* 127 days: no more evidence is kept */
    ngx_uint_t  ipv6_prefix;   /* bits of a place, 1-64 */
    ngx_uint_t  without;       /* 0; the simulator switches parts off */
} ngx_household_presence_params_t;


/* where a device was last, in one family */

typedef struct {
    uint64_t    key;           /* IPv4 as a number; IPv6: the upper 64 bits */
    uint32_t    seen;          /* first time on the last day; 0: never */
    uint32_t    days;          /* it was there on, in a row; up to 255 */
} ngx_household_presence_place_t;


typedef struct {
    u_char      kind;
    u_char      bytes[NGX_HOUSEHOLD_PRESENCE_ID - 1];
} ngx_household_presence_id_t;


typedef struct {
    ngx_household_presence_id_t     id;
    u_char                          flags;
    u_char                          group;  /* 1-64; 0: a member */
    u_char                          days;   /* days it was seen on, to 255 */
    uint16_t                        meets;  /* with members; 0: a member */
    uint32_t                        met;    /* the household; 0: no member */
    ngx_household_presence_place_t  place[2];  /* IPv4, IPv6 */
} ngx_household_presence_device_t;


/* devices that are at a place together, and do not belong */

typedef struct {
    uint32_t    since;         /* it is another household; 0: it is not */
    uint16_t    conflict;      /* evidence */
    uint16_t    meets;
    uint16_t    today;         /* evidence of the last day */
    uint16_t    day;           /* the last day, since the epoch */
    u_char      flags;
} ngx_household_presence_group_t;


/*
 * All zeros is an account of which nothing is known.  The first "devices" and
 * "groups" entries are in use.
 */

typedef struct {
    uint64_t                         version;
    ngx_uint_t                       devices;
    ngx_uint_t                       groups;
    ngx_uint_t                       anchor;  /* 1-64; 0: no member */
    ngx_household_presence_device_t  device[NGX_HOUSEHOLD_PRESENCE_DEVICES];
    ngx_household_presence_group_t   group[NGX_HOUSEHOLD_PRESENCE_DEVICES];
} ngx_household_presence_t;


typedef struct {
    ngx_household_addr_t   addr;       /* without family: allowed */
    int64_t                now;        /* Unix seconds */

    /* any bytes; empty: the place stands for the device */
    ngx_str_t              device;

    /* the ids of the record's member:<id>; such a device is a member until it
     * is taken out, and an account that has any begins with these */
    const ngx_str_t       *members;
    ngx_uint_t             nmembers;

    /* other households that are paid for; does not change what is stored */
    ngx_uint_t             seats;
} ngx_household_presence_facts_t;


typedef enum {
    NGX_HOUSEHOLD_PRESENCE_NO_ADDRESS = 0, /* there is no address */
    NGX_HOUSEHOLD_PRESENCE_BELONGS,        /* the device is a member */
    NGX_HOUSEHOLD_PRESENCE_BESIDE,         /* a member was here lately */
    NGX_HOUSEHOLD_PRESENCE_NOT_SHARED,     /* no other household was seen */
    NGX_HOUSEHOLD_PRESENCE_SILENT,         /* the household is not in use */
    NGX_HOUSEHOLD_PRESENCE_SEAT,           /* facts.seats */
    NGX_HOUSEHOLD_PRESENCE_SHARED          /* denies; all others allow */
} ngx_household_presence_reason_e;


typedef struct {
    ngx_household_presence_reason_e  reason;

    unsigned    allow:1;
    unsigned    write:1;       /* encode and store the presence */
    unsigned    at_once:1;     /* a member is elsewhere at this time */
    unsigned    settled:1;     /* the place is one where somebody stays */
    unsigned    first:1;       /* the first evidence against the group */

    /* of the device's group; zeros for a member */
    ngx_uint_t  conflict;      /* evidence */
    ngx_uint_t  meets;
    ngx_uint_t  others;        /* other groups that are other households */
    int64_t     since;         /* it is another household; 0: it is not */
} ngx_household_presence_answer_t;


/* sets the defaults, which are those that docs/fairness.md measures */
void ngx_household_presence_defaults(ngx_household_presence_params_t *params);

/*
 * Evaluates one request.  If answer.write is set, "p" is updated to the
 * presence that is to be stored; otherwise "p" must not be used any more.  The
 * stored presence depends neither on the verdict, nor on "seats".
 * A second call at the same time gives the same verdict and no write.  Times in
 * the future were written by a clock ahead of this one, and are taken as now.
 *
 * A device at a place is written once a day.  A device that alternates between
 * places is written each time its place changes.
 */
void ngx_household_presence_evaluate(
    const ngx_household_presence_params_t *params,
    const ngx_household_presence_facts_t *facts, ngx_household_presence_t *p,
    ngx_household_presence_answer_t *answer);

/*
 * Writes what an answer saw, e.g. "another household at a settled place, 3
 * days", into "buf" of NGX_HOUSEHOLD_PRESENCE_DETAIL bytes, without a NUL.
 * Returns the length; 0 unless there is evidence against the group.
 */
size_t ngx_household_presence_detail(
    const ngx_household_presence_answer_t *answer, u_char *buf);

/*
 * Fills "id" from a device's text.  A UUID, or a text of up to 16 bytes, is
 * kept unchanged.  A longer text is replaced by a hash of 128 bits, which is
 * not cryptographic.
 */
void ngx_household_presence_id(ngx_household_presence_id_t *id,
    const ngx_str_t *text);

/*
 * Writes the device's text into "text", NGX_HOUSEHOLD_UUID_LEN bytes, and sets
 * "len".  Returns NGX_OK; or NGX_DECLINED if only a hash is known, or the place
 * stands for the device.
 */
ngx_int_t ngx_household_presence_id_text(
    const ngx_household_presence_id_t *id, u_char *text, size_t *len);


/*
 * Encodes into "buf" of NGX_HOUSEHOLD_PRESENCE_SIZE bytes; returns the length.
 * The same presence gives the same bytes.  Numbers are in network order:
 *
 *     "hp" format=1 0 version[8] anchor devices groups
 *     device  flags days kind id   UUID, hash: 16 bytes; text: length, bytes;
 *                                  place: family, 8 bytes
 *             met[4]               of a member
 *             group meets[2]       of another
 *             key[4] seen[4] days  if flags say IPv4
 *             key[8] seen[4] days  if flags say IPv6
 *     group   flags since[4] conflict[2] meets[2] today[2] day[2]
 */
size_t ngx_household_presence_encode(const ngx_household_presence_t *p,
    u_char *buf);

/*
 * Decodes a presence; the empty string is an empty presence.  Returns NGX_OK;
 * NGX_DECLINED if the format is that of a later release, and must not be
 * overwritten; NGX_ERROR if the bytes are malformed: truncated, too long, or
 * different from the output of encode().  "p" is undefined unless NGX_OK.
 */
ngx_int_t ngx_household_presence_decode(ngx_household_presence_t *p,
    const u_char *data, size_t len);


#endif /* _NGX_HOUSEHOLD_PRESENCE_H_INCLUDED_ */
