
/*
 * The builder of a record: from what Redis holds to packed entries.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"


typedef struct ngx_household_field_s  ngx_household_field_t;

struct ngx_household_field_s {
    ngx_str_t   name;                  /* ends with ":": a prefix */

    /* "rest" is what follows the prefix; NGX_DECLINED: malformed */
    ngx_int_t (*add)(ngx_household_record_builder_t *b,
        ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value);

    size_t      offset;                /* of a number */
    u_char      kind;                  /* of an entry */
};


static ngx_int_t ngx_household_field_extra(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_device(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_time(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_country(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value);
static ngx_int_t ngx_household_field_seats(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value);

static void ngx_household_record_malformed(ngx_household_record_builder_t *b);
static void ngx_household_record_append(ngx_household_record_builder_t *b,
    u_char *entry, u_char *last);
static u_char *ngx_household_record_put_network(u_char *p, u_char kind,
    ngx_household_network_t *net);
static u_char *ngx_household_record_put_str(u_char *p, ngx_str_t *str);
static ngx_int_t ngx_household_record_time(ngx_str_t *text, int64_t *time);
static ngx_int_t ngx_household_record_number(ngx_str_t *text, int64_t *n);
static ngx_uint_t ngx_household_record_seat_valid(ngx_str_t *slot);


static ngx_household_field_t  ngx_household_fields[] = {

    /* extra:<slot>:<network>  <paid until> */
    { ngx_string("extra:"),
      ngx_household_field_extra,
      0,
      NGX_HOUSEHOLD_ENTRY_EXTRA|NGX_HOUSEHOLD_ENTRY_SEAT },

    /* device:<id>  <seen>[@<slot>] */
    { ngx_string("device:"),
      ngx_household_field_device,
      0,
      NGX_HOUSEHOLD_ENTRY_DEVICE },

    /* travel:<id or *>  <until> */
    { ngx_string("travel:"),
      ngx_household_field_device,
      0,
      NGX_HOUSEHOLD_ENTRY_TRAVEL },

    { ngx_string("revoked_before"),
      ngx_household_field_time,
      offsetof(ngx_household_record_t, revoked_before),
      0 },

    { ngx_string("outside_since"),
      ngx_household_field_time,
      offsetof(ngx_household_record_t, outside_since),
      0 },

    { ngx_string("home_since"),
      ngx_household_field_time,
      offsetof(ngx_household_record_t, home_since),
      0 },

    { ngx_string("country"), ngx_household_field_country, 0, 0 },

    { ngx_string("seats"), ngx_household_field_seats, 0, 0 },

    { ngx_null_string, NULL, 0, 0 }
};


void
ngx_household_record_builder_start(ngx_household_record_builder_t *b)
{
    b->networks = 0;
    b->devices = 0;
    b->too_large = 0;

    ngx_memzero(&b->u.record, sizeof(ngx_household_record_t));

    b->u.record.size = sizeof(ngx_household_record_t);
    b->u.record.seats = NGX_HOUSEHOLD_SEATS_UNKNOWN;
}


void
ngx_household_record_builder_add_home(ngx_household_record_builder_t *b,
    ngx_str_t *member)
{
    u_char                   *p, entry[NGX_HOUSEHOLD_ENTRY_SIZE];
    ngx_household_network_t   net;

    b->u.record.exists = 1;

    if (ngx_household_network_parse(&net, member->data, member->len)
        != NGX_OK)
    {
        ngx_household_record_malformed(b);
        return;
    }

    if (net.addr.family == NGX_HOUSEHOLD_FAMILY_INET) {
        b->u.record.inet = 1;

    } else {
        b->u.record.inet6 = 1;
    }

    p = ngx_household_record_put_network(entry, NGX_HOUSEHOLD_ENTRY_HOME,
                                         &net);
    ngx_household_record_append(b, entry, p);
}


void
ngx_household_record_builder_add_field(ngx_household_record_builder_t *b,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t               rest, *known;
    ngx_household_field_t  *field;

    b->u.record.exists = 1;

    for (field = ngx_household_fields; field->add != NULL; field++) {
        known = &field->name;

        if (name->len < known->len
            || ngx_memcmp(name->data, known->data, known->len) != 0)
        {
            continue;
        }

        rest.len = name->len - known->len;
        rest.data = name->data + known->len;

        if (rest.len != 0 && known->data[known->len - 1] != ':') {
            return;
        }

        if (field->add(b, field, &rest, value) != NGX_OK) {
            ngx_household_record_malformed(b);
        }

        return;
    }
}


ngx_household_record_t *
ngx_household_record_builder_finish(ngx_household_record_builder_t *b)
{
    return b->too_large ? NULL : &b->u.record;
}


static ngx_int_t
ngx_household_field_extra(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value)
{
    u_char                   *p, *last, entry[NGX_HOUSEHOLD_ENTRY_SIZE];
    int64_t                   until;
    ngx_str_t                 slot;
    ngx_household_network_t   net;

    last = rest->data + rest->len;
    p = ngx_strlchr(rest->data, last, ':');

    if (p == NULL) {
        return NGX_DECLINED;
    }

    slot.len = p - rest->data;
    slot.data = rest->data;
    p++;

    if (!ngx_household_record_seat_valid(&slot)
        || ngx_household_network_parse(&net, p, last - p) != NGX_OK
        || ngx_household_record_number(value, &until) != NGX_OK
        || until > NGX_HOUSEHOLD_TIME_MAX)
    {
        return NGX_DECLINED;
    }

    p = ngx_household_record_put_network(entry, field->kind, &net);
    p = ngx_cpymem(p, &until, sizeof(int64_t));
    p = ngx_household_record_put_str(p, &slot);

    ngx_household_record_append(b, entry, p);

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_device(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value)
{
    u_char              *p, entry[NGX_HOUSEHOLD_ENTRY_SIZE];
    int64_t              time;
    ngx_str_t            number, slot;
    ngx_household_id_t   id;

    number = *value;
    ngx_str_null(&slot);

    if (field->kind == NGX_HOUSEHOLD_ENTRY_DEVICE && value->len != 0) {
        p = ngx_strlchr(value->data, value->data + value->len, '@');

        if (p != NULL) {
            number.len = p - value->data;
            slot.len = value->len - number.len - 1;
            slot.data = p + 1;

            if (!ngx_household_record_seat_valid(&slot)) {
                return NGX_DECLINED;
            }
        }
    }

    if (!ngx_household_id_set(&id, rest)
        || ngx_household_record_time(&number, &time) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    p = entry;
    *p++ = field->kind | id.kind
           | (slot.len != 0 ? NGX_HOUSEHOLD_ENTRY_SEAT : 0);

    if (id.kind == NGX_HOUSEHOLD_ENTRY_UUID) {
        p = ngx_cpymem(p, id.uuid, 16);

    } else {
        p = ngx_household_record_put_str(p, &id.bytes);
    }

    p = ngx_cpymem(p, &time, sizeof(int64_t));

    if (slot.len != 0) {
        p = ngx_household_record_put_str(p, &slot);
    }

    ngx_household_record_append(b, entry, p);

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_time(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value)
{
    int64_t    time;
    uint32_t  *scalar;

    if (ngx_household_record_time(value, &time) != NGX_OK) {
        return NGX_DECLINED;
    }

    scalar = (uint32_t *) (b->u.bytes + field->offset);

    *scalar = (uint32_t) time;

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_country(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value)
{
    u_char  c0, c1;

    if (value->len != 2) {
        return NGX_DECLINED;
    }

    c0 = ngx_toupper(value->data[0]);
    c1 = ngx_toupper(value->data[1]);

    if (c0 < 'A' || c0 > 'Z' || c1 < 'A' || c1 > 'Z') {
        return NGX_DECLINED;
    }

    b->u.record.country[0] = c0;
    b->u.record.country[1] = c1;

    return NGX_OK;
}


static ngx_int_t
ngx_household_field_seats(ngx_household_record_builder_t *b,
    ngx_household_field_t *field, ngx_str_t *rest, ngx_str_t *value)
{
    int64_t  n;

    if (ngx_household_record_number(value, &n) != NGX_OK
        || n >= NGX_HOUSEHOLD_SEATS_UNKNOWN)
    {
        return NGX_DECLINED;
    }

    b->u.record.seats = (uint16_t) n;

    return NGX_OK;
}


static void
ngx_household_record_malformed(ngx_household_record_builder_t *b)
{
    if (b->u.record.malformed != 0xffff) {
        b->u.record.malformed++;
    }
}


static void
ngx_household_record_append(ngx_household_record_builder_t *b, u_char *entry,
    u_char *last)
{
    size_t       len;
    ngx_uint_t   max, *counter;

    if (entry[0] & NGX_HOUSEHOLD_ENTRY_NETWORK) {
        max = NGX_HOUSEHOLD_RECORD_NETWORKS;
        counter = &b->networks;

    } else {
        max = NGX_HOUSEHOLD_RECORD_DEVICES;
        counter = &b->devices;
    }

    len = last - entry;

    if (*counter == max
        || len > NGX_HOUSEHOLD_RECORD_SIZE - b->u.record.size)
    {
        b->too_large = 1;
        return;
    }

    ngx_memcpy(b->u.bytes + b->u.record.size, entry, len);

    b->u.record.size += (uint32_t) len;
    (*counter)++;
}


static u_char *
ngx_household_record_put_network(u_char *p, u_char kind,
    ngx_household_network_t *net)
{
    size_t  len;

    len = 4;

    if (net->addr.family == NGX_HOUSEHOLD_FAMILY_INET6) {
        len = 16;
        kind |= NGX_HOUSEHOLD_ENTRY_INET6;
    }

    if (net->bare) {
        kind |= NGX_HOUSEHOLD_ENTRY_NO_PREFIX;
    }

    *p++ = kind;
    *p++ = net->prefix;

    return ngx_cpymem(p, net->addr.bytes, len);
}


static u_char *
ngx_household_record_put_str(u_char *p, ngx_str_t *str)
{
    *p++ = (u_char) str->len;

    return ngx_cpymem(p, str->data, str->len);
}


static ngx_int_t
ngx_household_record_time(ngx_str_t *text, int64_t *time)
{
    if (ngx_household_record_number(text, time) != NGX_OK
        || *time == 0
        || *time > NGX_HOUSEHOLD_TIME_MAX)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* sets "n" only if the text is a number */

static ngx_int_t
ngx_household_record_number(ngx_str_t *text, int64_t *n)
{
    size_t   i;
    int64_t  value, digit;

    if (text->len == 0 || (text->len > 1 && text->data[0] == '0')) {
        return NGX_DECLINED;
    }

    value = 0;

    for (i = 0; i < text->len; i++) {
        digit = (int64_t) text->data[i] - '0';

        if (digit < 0 || digit > 9
            || value > (INT64_MAX - digit) / 10)
        {
            return NGX_DECLINED;
        }

        value = value * 10 + digit;
    }

    *n = value;

    return NGX_OK;
}


static ngx_uint_t
ngx_household_record_seat_valid(ngx_str_t *slot)
{
    return slot->len != 0
           && slot->len <= NGX_HOUSEHOLD_ID_LEN
           && ngx_strlchr(slot->data, slot->data + slot->len, ':') == NULL;
}
