
/*
 * The builder of a record: parsing of the replies of Redis.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_compiler.h"
#include "ngx_household_country.h"
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"


/* why an entry is malformed, for those who look for it */
#define NGX_HOUSEHOLD_ERROR_NETWORK   "not an IP address or a prefix"
#define NGX_HOUSEHOLD_ERROR_TIME                                              \
    "not a time in Unix seconds, 1 to 4102444799"
#define NGX_HOUSEHOLD_ERROR_ID        "an id has 1 to 128 bytes"


#define ngx_household_field_is(name, text)                                    \
    ((name)->len == sizeof(text) - 1                                          \
     && ngx_memcmp((name)->data, text, sizeof(text) - 1) == 0)


static ngx_int_t ngx_household_field_add(ngx_household_record_builder_t *b,
    ngx_str_t *name, ngx_str_t *value);
static ngx_inline ngx_uint_t ngx_household_field_begins(ngx_str_t *name,
    const char *prefix, size_t len, ngx_str_t *rest);
static ngx_int_t ngx_household_field_extra(ngx_household_record_builder_t *b,
    ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_device(ngx_household_record_builder_t *b,
    ngx_str_t *rest, ngx_str_t *value);
static ngx_household_noinline ngx_int_t ngx_household_field_places(
    ngx_household_record_builder_t *b, ngx_str_t *id, ngx_str_t *value);
static ngx_int_t ngx_household_field_grant(ngx_household_record_builder_t *b,
    u_char kind, ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_learn(ngx_household_record_builder_t *b,
    ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_away(ngx_household_record_builder_t *b,
    ngx_str_t *value);
static ngx_int_t ngx_household_field_time(ngx_household_record_builder_t *b,
    uint32_t *time, ngx_str_t *value);
static ngx_int_t ngx_household_field_country(ngx_household_record_builder_t *b,
    ngx_str_t *value);
static ngx_int_t ngx_household_field_seats(ngx_household_record_builder_t *b,
    ngx_str_t *value);

static ngx_int_t ngx_household_record_reject(
    ngx_household_record_builder_t *b, const char *error);
static ngx_uint_t ngx_household_record_list_next(ngx_str_t *list,
    u_char separator, ngx_str_t *item);
static ngx_int_t ngx_household_record_place(ngx_str_t *text,
    ngx_household_seen_t *seen);
static ngx_inline ngx_uint_t ngx_household_record_id_valid(
    const ngx_str_t *id);
static ngx_uint_t ngx_household_record_seat_valid(ngx_str_t *seat);


void
ngx_household_record_builder_start(ngx_household_record_builder_t *b,
    int64_t now)
{
    b->now = now;
    b->networks = 0;
    b->devices = 0;
    b->too_large = 0;
    b->error = NULL;

    ngx_memzero(&b->u.record, sizeof(ngx_household_record_t));

    b->u.record.size = sizeof(ngx_household_record_t);
    b->u.record.seats = NGX_HOUSEHOLD_SEATS_UNKNOWN;
}


void
ngx_household_record_builder_add_home(ngx_household_record_builder_t *b,
    ngx_str_t *member)
{
    u_char                   *p;
    ngx_household_network_t   net;

    b->u.record.exists = 1;

    if (b->u.record.set_size != 0xffff) {
        b->u.record.set_size++;
    }

    if (ngx_household_network_parse(&net, member->data, member->len)
        != NGX_OK)
    {
        (void) ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_NETWORK);
        ngx_household_record_malformed(b);
        return;
    }

    if (net.addr.family == NGX_HOUSEHOLD_FAMILY_INET) {
        b->u.record.inet = 1;

    } else {
        b->u.record.inet6 = 1;
    }

    p = ngx_household_record_put_network(ngx_household_record_end(b),
                                         NGX_HOUSEHOLD_ENTRY_HOME, &net);
    ngx_household_record_append(b, NGX_HOUSEHOLD_ENTRY_HOME, p);
}


ngx_uint_t
ngx_household_record_builder_add_field(ngx_household_record_builder_t *b,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t  rc;

    b->u.record.exists = 1;

    rc = ngx_household_field_add(b, name, value);

    if (rc == NGX_DECLINED) {
        ngx_household_record_malformed(b);
    }

    return rc != NGX_ABORT;
}


/* returns NGX_OK; NGX_DECLINED: malformed; NGX_ABORT: the name is unknown */

static ngx_int_t
ngx_household_field_add(ngx_household_record_builder_t *b, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_str_t                rest;
    ngx_household_record_t  *rec;

    rec = &b->u.record;

    switch (name->len ? name->data[0] : 0) {

    case 'c':
        return ngx_household_field_is(name, "country")
               ? ngx_household_field_country(b, value) : NGX_ABORT;

    case 'd':
        return ngx_household_field_begins(name, "device:", 7, &rest)
               ? ngx_household_field_device(b, &rest, value) : NGX_ABORT;

    case 'e':
        return ngx_household_field_begins(name, "extra:", 6, &rest)
               ? ngx_household_field_extra(b, &rest, value) : NGX_ABORT;

    case 'h':
        return ngx_household_field_is(name, "home_since")
               ? ngx_household_field_time(b, &rec->home_since, value)
               : NGX_ABORT;

    case 'l':
        return ngx_household_field_begins(name, "learn:", 6, &rest)
               ? ngx_household_field_learn(b, &rest, value) : NGX_ABORT;

    case 'm':
        return ngx_household_field_begins(name, "member:", 7, &rest)
               ? ngx_household_field_grant(b, NGX_HOUSEHOLD_ENTRY_MEMBER,
                                           &rest, value)
               : NGX_ABORT;

    case 'o':
        if (ngx_household_field_is(name, "outside_days")) {
            return ngx_household_field_away(b, value);
        }

        return ngx_household_field_is(name, "outside_since")
               ? ngx_household_field_time(b, &rec->outside_since, value)
               : NGX_ABORT;

    case 'r':
        return ngx_household_field_is(name, "revoked_before")
               ? ngx_household_field_time(b, &rec->revoked_before, value)
               : NGX_ABORT;

    case 's':
        return ngx_household_field_is(name, "seats")
               ? ngx_household_field_seats(b, value) : NGX_ABORT;

    case 't':
        return ngx_household_field_begins(name, "travel:", 7, &rest)
               ? ngx_household_field_grant(b, NGX_HOUSEHOLD_ENTRY_TRAVEL,
                                           &rest, value)
               : NGX_ABORT;

    default:
        return NGX_ABORT;
    }
}


static ngx_inline ngx_uint_t
ngx_household_field_begins(ngx_str_t *name, const char *prefix, size_t len,
    ngx_str_t *rest)
{
    if (name->len < len || ngx_memcmp(name->data, prefix, len) != 0) {
        return 0;
    }

    rest->len = name->len - len;
    rest->data = name->data + len;

    return 1;
}


ngx_household_record_t *
ngx_household_record_builder_finish(ngx_household_record_builder_t *b)
{
    return b->too_large ? NULL : &b->u.record;
}


/* extra:<seat>:<network or "learn">  <paid until> */

static ngx_int_t
ngx_household_field_extra(ngx_household_record_builder_t *b,
    ngx_str_t *rest, ngx_str_t *value)
{
    u_char                   *p, *last;
    int64_t                   until;
    ngx_str_t                 seat;
    ngx_uint_t                open;
    ngx_household_network_t   net;

    last = rest->data + rest->len;
    p = ngx_strlchr(rest->data, last, ':');

    if (p == NULL) {
        return ngx_household_record_reject(b, "no network after the seat");
    }

    seat.len = p - rest->data;
    seat.data = rest->data;
    p++;

    open = (last - p == 5 && ngx_memcmp(p, "learn", 5) == 0);

    if (!ngx_household_record_seat_valid(&seat)) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_ID);
    }

    if (!open && ngx_household_network_parse(&net, p, last - p) != NGX_OK) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_NETWORK);
    }

    if (ngx_household_record_number(value, &until) != NGX_OK
        || until > NGX_HOUSEHOLD_TIME_MAX)
    {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_TIME);
    }

    p = ngx_household_record_end(b);

    if (open) {
        *p++ = NGX_HOUSEHOLD_ENTRY_OPEN | NGX_HOUSEHOLD_ENTRY_SEAT;

    } else {
        p = ngx_household_record_put_network(p,
                                             NGX_HOUSEHOLD_ENTRY_EXTRA
                                             | NGX_HOUSEHOLD_ENTRY_SEAT,
                                             &net);
    }

    p = ngx_cpymem(p, &until, sizeof(int64_t));
    p = ngx_household_record_put_str(p, &seat);

    ngx_household_record_append(b, open ? NGX_HOUSEHOLD_ENTRY_OPEN
                                        : NGX_HOUSEHOLD_ENTRY_EXTRA, p);

    return NGX_OK;
}


/*
 * device:<id>  <seen>[@<seat>][:...]
 *
 * Adds an entry for each place, or none if one place is malformed.
 */

static ngx_int_t
ngx_household_field_device(ngx_household_record_builder_t *b,
    ngx_str_t *rest, ngx_str_t *value)
{
    u_char   *p;
    int64_t   time;

    if (!ngx_household_record_id_valid(rest)) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_ID);
    }

    /* most devices were seen at one place, at home */

    if (ngx_household_record_time(value, &time) == NGX_OK) {
        p = ngx_household_record_put_id(ngx_household_record_end(b),
                                        NGX_HOUSEHOLD_ENTRY_DEVICE, rest, time);
        ngx_household_record_append(b, NGX_HOUSEHOLD_ENTRY_DEVICE, p);

        return NGX_OK;
    }

    return ngx_household_field_places(b, rest, value);
}


static ngx_household_noinline ngx_int_t
ngx_household_field_places(ngx_household_record_builder_t *b,
    ngx_str_t *id, ngx_str_t *value)
{
    u_char                *p, kind;
    ngx_uint_t             i, n;
    ngx_household_seen_t   seen[NGX_HOUSEHOLD_SEEN_MAX];

    n = ngx_household_record_places(value, seen);

    if (n > NGX_HOUSEHOLD_SEEN_MAX) {
        return ngx_household_record_reject(b, "more than 4 places");
    }

    if (n == 0) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_TIME);
    }

    for (i = 0; i < n; i++) {
        kind = NGX_HOUSEHOLD_ENTRY_DEVICE;

        if (seen[i].seat.len != 0) {
            kind |= NGX_HOUSEHOLD_ENTRY_SEAT;
        }

        p = ngx_household_record_put_id(ngx_household_record_end(b), kind, id,
                                        seen[i].time);

        if (seen[i].seat.len != 0) {
            p = ngx_household_record_put_str(p, &seen[i].seat);
        }

        ngx_household_record_append(b, NGX_HOUSEHOLD_ENTRY_DEVICE, p);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_household_record_places(ngx_str_t *value, ngx_household_seen_t *seen)
{
    ngx_str_t   list, place;
    ngx_uint_t  n;

    if (ngx_household_record_time(value, &seen[0].time) == NGX_OK) {
        ngx_str_null(&seen[0].seat);
        return 1;
    }

    n = 0;
    list = *value;

    while (ngx_household_record_list_next(&list, ':', &place)) {

        if (n == NGX_HOUSEHOLD_SEEN_MAX) {
            return n + 1;
        }

        if (ngx_household_record_place(&place, &seen[n++]) != NGX_OK) {
            return 0;
        }
    }

    return n;
}


/*
 * Takes the first item off a list, whose "data" becomes NULL with the last.
 * Returns 0 if there was none left.  A separator at the end is followed by an
 * empty item.
 */

static ngx_uint_t
ngx_household_record_list_next(ngx_str_t *list, u_char separator,
    ngx_str_t *item)
{
    u_char  *p;

    if (list->data == NULL) {
        return 0;
    }

    *item = *list;

    p = ngx_strlchr(list->data, list->data + list->len, separator);

    if (p == NULL) {
        ngx_str_null(list);
        return 1;
    }

    item->len = p - list->data;
    list->len -= item->len + 1;
    list->data = p + 1;

    return 1;
}


/* "<seen>" or "<seen>@<seat>" */

static ngx_int_t
ngx_household_record_place(ngx_str_t *text, ngx_household_seen_t *seen)
{
    u_char     *p;
    ngx_str_t   number;

    number = *text;
    ngx_str_null(&seen->seat);

    p = text->len ? ngx_strlchr(text->data, text->data + text->len, '@')
                  : NULL;

    if (p != NULL) {
        number.len = p - text->data;
        seen->seat.len = text->len - number.len - 1;
        seen->seat.data = p + 1;

        if (!ngx_household_record_seat_valid(&seen->seat)) {
            return NGX_DECLINED;
        }
    }

    return ngx_household_record_time(&number, &seen->time);
}


/* travel:<id or *>  <until>, and member:<id>  <since> */

static ngx_int_t
ngx_household_field_grant(ngx_household_record_builder_t *b,
    u_char kind, ngx_str_t *rest, ngx_str_t *value)
{
    u_char   *p;
    int64_t   time;

    if (!ngx_household_record_id_valid(rest)) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_ID);
    }

    if (ngx_household_record_time(value, &time) != NGX_OK) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_TIME);
    }

    p = ngx_household_record_put_id(ngx_household_record_end(b), kind, rest,
                                    time);
    ngx_household_record_append(b, kind, p);

    return NGX_OK;
}


/* learn:<network>  <days>@<last> */

static ngx_int_t
ngx_household_field_learn(ngx_household_record_builder_t *b,
    ngx_str_t *rest, ngx_str_t *value)
{
    u_char                   *p;
    int64_t                   days, time;
    ngx_str_t                 number;
    ngx_household_network_t   net;

    if (ngx_household_network_parse(&net, rest->data, rest->len) != NGX_OK) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_NETWORK);
    }

    p = value->len ? ngx_strlchr(value->data, value->data + value->len, '@')
                   : NULL;

    if (p == NULL) {
        return ngx_household_record_reject(b, "not \"days@time\"");
    }

    number.len = p - value->data;
    number.data = value->data;

    if (ngx_household_record_number(&number, &days) != NGX_OK
        || days == 0
        || days > NGX_HOUSEHOLD_LEARN_DAYS)
    {
        return ngx_household_record_reject(b, "not a number of days, 1 to 31");
    }

    number.len = value->len - number.len - 1;
    number.data = p + 1;

    if (ngx_household_record_time(&number, &time) != NGX_OK) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_TIME);
    }

    p = ngx_household_record_put_network(ngx_household_record_end(b),
                                         NGX_HOUSEHOLD_ENTRY_LEARN, &net);
    p = ngx_cpymem(p, &time, sizeof(int64_t));
    *p++ = (u_char) days;

    ngx_household_record_append(b, NGX_HOUSEHOLD_ENTRY_LEARN, p);

    return NGX_OK;
}


/* outside_days  <day>[,...] */

static ngx_int_t
ngx_household_field_away(ngx_household_record_builder_t *b,
    ngx_str_t *value)
{
    u_char     *entry;
    int64_t     n;
    uint16_t    day;
    ngx_str_t   list, number;
    ngx_uint_t  i, days;

    if (value->len == 0) {
        return ngx_household_record_reject(b, "not a list of days");
    }

    entry = ngx_household_record_end(b);
    days = 0;
    list = *value;

    while (ngx_household_record_list_next(&list, ',', &number)) {

        if (days == NGX_HOUSEHOLD_AWAY_KEPT
            || ngx_household_record_number(&number, &n) != NGX_OK
            || n > NGX_HOUSEHOLD_TIME_MAX / NGX_HOUSEHOLD_DAY)
        {
            return ngx_household_record_reject(b, "not a list of days");
        }

        day = (uint16_t) n;

        /* a day that was written twice by hand is one day */

        for (i = 0; i < days; i++) {
            if (ngx_memcmp(entry + 2 + 2 * i, &day, sizeof(uint16_t)) == 0) {
                break;
            }
        }

        if (i == days) {
            ngx_memcpy(entry + 2 + 2 * days++, &day, sizeof(uint16_t));
        }
    }

    entry[0] = NGX_HOUSEHOLD_ENTRY_AWAY;
    entry[1] = (u_char) days;

    ngx_household_record_append(b, NGX_HOUSEHOLD_ENTRY_AWAY,
                                entry + 2 + 2 * days);

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_time(ngx_household_record_builder_t *b, uint32_t *time,
    ngx_str_t *value)
{
    int64_t  n;

    if (ngx_household_record_time(value, &n) != NGX_OK) {
        return ngx_household_record_reject(b, NGX_HOUSEHOLD_ERROR_TIME);
    }

    *time = (uint32_t) n;

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_country(ngx_household_record_builder_t *b,
    ngx_str_t *value)
{
    if (ngx_household_country_set(b->u.record.country, value->data,
                                  value->len)
        != NGX_OK)
    {
        return ngx_household_record_reject(b, "not a country, two letters");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_seats(ngx_household_record_builder_t *b,
    ngx_str_t *value)
{
    int64_t  n;

    if (ngx_household_record_number(value, &n) != NGX_OK
        || n >= NGX_HOUSEHOLD_SEATS_UNKNOWN)
    {
        return ngx_household_record_reject(b, "not a number, 0 to 65534");
    }

    b->u.record.seats = (uint16_t) n;

    return NGX_OK;
}


static ngx_int_t
ngx_household_record_reject(ngx_household_record_builder_t *b,
    const char *error)
{
    b->error = error;

    return NGX_DECLINED;
}


void
ngx_household_record_malformed(ngx_household_record_builder_t *b)
{
    if (b->u.record.malformed != 0xffff) {
        b->u.record.malformed++;
    }
}


static ngx_inline ngx_uint_t
ngx_household_record_id_valid(const ngx_str_t *id)
{
    return id->len != 0 && id->len <= NGX_HOUSEHOLD_ID_LEN;
}


static ngx_uint_t
ngx_household_record_seat_valid(ngx_str_t *seat)
{
    return ngx_household_record_id_valid(seat)
           && ngx_strlchr(seat->data, seat->data + seat->len, ':') == NULL;
}
