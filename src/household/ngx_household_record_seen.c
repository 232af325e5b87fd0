
/*
 * The times of devices: as text, and the later times that are kept beside an
 * account.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"
#include "ngx_household_str.h"


static void ngx_household_record_renew(ngx_household_record_builder_t *b,
    ngx_household_id_t *id, ngx_household_seen_t *seen);


void
ngx_household_record_builder_add_seen(ngx_household_record_builder_t *b,
    ngx_str_t *device, ngx_str_t *value)
{
    ngx_uint_t            i, n;
    ngx_household_id_t    id;
    ngx_household_seen_t  seen[NGX_HOUSEHOLD_SEEN_MAX];

    n = ngx_household_record_places(value, seen);

    if (!ngx_household_id_set(&id, device)
        || n == 0 || n > NGX_HOUSEHOLD_SEEN_MAX)
    {
        ngx_household_record_malformed(b);
        return;
    }

    for (i = 0; i < n; i++) {
        ngx_household_record_renew(b, &id, &seen[i]);
    }
}


/* sets the time of the device at that place, if the record has it, earlier */

static void
ngx_household_record_renew(ngx_household_record_builder_t *b,
    ngx_household_id_t *id, ngx_household_seen_t *seen)
{
    u_char                 *time;
    ngx_str_t               bytes;
    ngx_household_entry_t   e;

    bytes = id->bytes;

    if (id->kind == NGX_HOUSEHOLD_ENTRY_UUID) {
        bytes.len = 16;
        bytes.data = id->uuid;
    }

    ngx_household_entry_start(&e, &b->u.record);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_DEVICE
            || (e.flags & NGX_HOUSEHOLD_ENTRY_UUID) != id->kind
            || e.time >= seen->time
            || !ngx_household_str_equal(&e.id, &bytes)
            || !ngx_household_str_equal(&e.seat, &seen->seat))
        {
            continue;
        }

        /* it follows the id */

        time = e.id.data + e.id.len;
        ngx_memcpy(time, &seen->time, sizeof(int64_t));
    }
}


void
ngx_household_record_later(ngx_str_t *value, ngx_str_t *later, u_char *buf)
{
    ngx_uint_t            i, k, n, nlater;
    ngx_household_seen_t  seen[NGX_HOUSEHOLD_SEEN_MAX];
    ngx_household_seen_t  other[NGX_HOUSEHOLD_SEEN_MAX];

    n = ngx_household_record_places(value, seen);
    nlater = ngx_household_record_places(later, other);

    if (n == 0 || n > NGX_HOUSEHOLD_SEEN_MAX
        || nlater == 0 || nlater > NGX_HOUSEHOLD_SEEN_MAX)
    {
        return;
    }

    for (i = 0; i < n; i++) {
        for (k = 0; k < nlater; k++) {

            if (ngx_household_str_equal(&seen[i].seat, &other[k].seat)) {
                seen[i].time = ngx_max(seen[i].time, other[k].time);
            }
        }
    }

    value->len = ngx_household_record_put_seen(buf, seen, n) - buf;
    value->data = buf;
}


u_char *
ngx_household_record_put_seen(u_char *p, ngx_household_seen_t *seen,
    ngx_uint_t n)
{
    u_char      *digit, text[NGX_INT64_LEN];
    int64_t      time;
    ngx_uint_t   i;

    for (i = 0; i < n; i++) {

        if (i) {
            *p++ = ':';
        }

        digit = text + sizeof(text);

        for (time = seen[i].time; time > 0; time /= 10) {
            *--digit = (u_char) ('0' + time % 10);
        }

        p = ngx_cpymem(p, digit, text + sizeof(text) - digit);

        if (seen[i].seat.len) {
            *p++ = '@';
            p = ngx_household_str_put(p, &seen[i].seat);
        }
    }

    return p;
}
