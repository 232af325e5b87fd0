
/*
 * What the units of the record need: a builder, and lookups by plain text.
 */


#ifndef _NGX_HOUSEHOLD_RECORD_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_RECORD_TEST_H_INCLUDED_


#include "ngx_household_test.h"
#include "ngx_household_record.h"


#define TEST_NOW     1700000000

#define TEST_UUID    "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f36"
#define TEST_UUID2   "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f37"
#define TEST_UUID3   "ffffffff-ffff-ffff-ffff-ffffffffffff"


static ngx_household_record_builder_t  builder;


/* strings of exactly their sizes, so that no byte beyond is read unseen */

static ngx_inline void
test_home_n(const char *text, size_t len)
{
    ngx_str_t  member;

    member.len = len;
    member.data = test_copy(text, len);

    ngx_household_record_builder_add_home(&builder, &member);

    free(member.data);
}


static ngx_inline void
test_field_n(const char *n, size_t nlen, const char *v, size_t vlen)
{
    ngx_str_t  name, value;

    name.len = nlen;
    name.data = test_copy(n, nlen);
    value.len = vlen;
    value.data = test_copy(v, vlen);

    ngx_household_record_builder_add_field(&builder, &name, &value);

    free(name.data);
    free(value.data);
}


static ngx_inline void
test_home(const char *text)
{
    test_home_n(text, strlen(text));
}


static ngx_inline void
test_field(const char *name, const char *value)
{
    test_field_n(name, strlen(name), value, strlen(value));
}


/* the record as shared memory has it: elsewhere, and of its size; free it */

static ngx_inline ngx_household_record_t *
test_finish(void)
{
    ngx_household_record_t  *rec;

    rec = ngx_household_record_builder_finish(&builder);
    assert_non_null(rec);

    return test_copy(rec, rec->size);
}


static ngx_inline ngx_household_addr_t
test_addr(const char *text)
{
    ngx_household_network_t  net;

    assert_int_equal(ngx_household_network_parse(&net, (u_char *) text,
                                                 strlen(text)),
                     NGX_OK);

    return net.addr;
}


/* the network that holds the address, as text; "" if there is none */

static ngx_inline const char *
test_place(ngx_household_record_t *rec, const char *text, ngx_uint_t extra,
    ngx_str_t *seat)
{
    ngx_uint_t               found;
    ngx_household_addr_t     addr;
    ngx_household_place_t    places[2];
    ngx_household_network_t  net;

    static char              buf[NGX_HOUSEHOLD_NETWORK_LEN + 1];

    addr = test_addr(text);

    if (extra) {
        found = ngx_household_record_extra(rec, &addr, 64, TEST_NOW, NULL, 0,
                                           places);
        net = places[0].network;
        *seat = places[0].seat;

    } else {
        found = ngx_household_record_home(rec, &addr, 64, &net);
    }

    if (!found) {
        return "";
    }

    buf[ngx_household_network_format(&net, 64, (u_char *) buf)] = '\0';

    return buf;
}


/* the value of the device's field, or "" */

static ngx_inline const char *
test_device_n(ngx_household_record_t *rec, const char *text, size_t len)
{
    char                  *p;
    ngx_str_t              id;
    ngx_uint_t             i, n;
    ngx_household_seen_t   seen[NGX_HOUSEHOLD_SEEN_MAX];

    static char            buf[1024];

    id.len = len;
    id.data = test_copy(text, len);

    p = buf;
    *p = '\0';

    n = ngx_household_record_seen(rec, &id, seen);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s%lld%s", i ? ":" : "", (long long) seen[i].time,
                     seen[i].seat.len ? "@" : "");

        ngx_memcpy(p, seen[i].seat.data ? (char *) seen[i].seat.data : "",
                   seen[i].seat.len);
        p += seen[i].seat.len;
        *p = '\0';
    }

    free(id.data);

    return buf;
}


static ngx_inline const char *
test_device(ngx_household_record_t *rec, const char *text)
{
    return test_device_n(rec, text, strlen(text));
}


static ngx_inline ngx_uint_t
test_travel(ngx_household_record_t *rec, const char *text, int64_t now)
{
    ngx_str_t  id;

    id = test_str(text);

    return ngx_household_record_travel(rec, &id, now);
}


static ngx_inline ngx_uint_t
test_paid(ngx_household_record_t *rec, const char *text, int64_t now)
{
    ngx_str_t  seat;

    seat = test_str(text);

    return ngx_household_record_seat_paid(rec, &seat, now);
}


static ngx_inline void
test_many_networks(ngx_uint_t n)
{
    char        name[64];
    ngx_uint_t  i;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    for (i = 0; i < n; i++) {
        sprintf(name, "extra:s%u:10.0.%u.0/24", (unsigned) i, (unsigned) i);

        if (i % 2) {
            test_field(name, "0");

        } else {
            test_home(strrchr(name, ':') + 1);
        }

        test_home("malformed");
    }
}


static ngx_inline void
test_many_devices(ngx_uint_t n)
{
    char        name[64];
    ngx_uint_t  i;

    ngx_household_record_builder_start(&builder, TEST_NOW);

    for (i = 0; i < n; i++) {
        sprintf(name, "%s:d%u", i % 2 ? "travel" : "device", (unsigned) i);
        test_field(name, i % 2 ? "1700000001" : "1700000000");
        test_field("device:malformed", "x");
    }
}


#endif /* _NGX_HOUSEHOLD_RECORD_TEST_H_INCLUDED_ */
