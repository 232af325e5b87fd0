
/*
 * The builder of a record: packing and appending of entries.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"


static void ngx_household_record_drop_ended(
    ngx_household_record_builder_t *b);


void
ngx_household_record_append_id(ngx_household_record_builder_t *b, u_char kind,
    ngx_household_id_t *id, int64_t time, ngx_str_t *seat)
{
    u_char  *p;

    p = ngx_household_record_end(b);
    *p++ = kind | id->kind | (seat->len ? NGX_HOUSEHOLD_ENTRY_SEAT : 0);

    if (id->kind == NGX_HOUSEHOLD_ENTRY_UUID) {
        p = ngx_cpymem(p, id->uuid, 16);

    } else {
        p = ngx_household_record_put_str(p, &id->bytes);
    }

    p = ngx_cpymem(p, &time, sizeof(int64_t));

    if (seat->len != 0) {
        p = ngx_household_record_put_str(p, seat);
    }

    ngx_household_record_append(b, p);
}


/* an ended entry is added only while the record is below its limits */

void
ngx_household_record_append_over(ngx_household_record_builder_t *b,
    u_char *last)
{
    u_char                 *entry;
    ngx_household_entry_t   e;

    entry = ngx_household_record_end(b);

    ngx_memzero(&e, sizeof(ngx_household_entry_t));

    e.pos = entry;
    e.last = last;

    (void) ngx_household_entry_next(&e);

    if (ngx_household_entry_ended(&e, b->now)) {
        return;
    }

    ngx_household_record_drop_ended(b);

    if (!ngx_household_record_fits(b, e.kind, last - entry)) {
        b->too_large = 1;
        return;
    }

    ngx_memmove(ngx_household_record_end(b), entry, last - entry);
    ngx_household_record_add(b, e.kind, last - entry);
}


/*
 * Each call is for a new entry that has not ended: there are at most as many
 * calls as a record has entries.
 */

static void
ngx_household_record_drop_ended(ngx_household_record_builder_t *b)
{
    ngx_household_entry_t  e;

    ngx_household_entry_start(&e, &b->u.record);

    b->networks = 0;
    b->devices = 0;
    b->u.record.size = sizeof(ngx_household_record_t);
    b->u.record.kinds = 0;

    while (ngx_household_entry_next(&e)) {

        if (!ngx_household_entry_ended(&e, b->now)) {
            ngx_memmove(ngx_household_record_end(b), e.start, e.pos - e.start);
            ngx_household_record_add(b, e.kind, e.pos - e.start);
        }
    }
}


u_char *
ngx_household_record_put_network(u_char *p, u_char kind,
    ngx_household_network_t *net)
{
    size_t  len;

    len = 4;

    if (net->addr.family == NGX_HOUSEHOLD_FAMILY_INET6) {
        len = 16;
        kind |= NGX_HOUSEHOLD_ENTRY_INET6;
    }

    if (net->no_prefix) {
        kind |= NGX_HOUSEHOLD_ENTRY_NO_PREFIX;
    }

    *p++ = kind;
    *p++ = net->prefix;

    return ngx_cpymem(p, net->addr.bytes, len);
}


u_char *
ngx_household_record_put_str(u_char *p, ngx_str_t *str)
{
    *p++ = (u_char) str->len;

    return ngx_cpymem(p, str->data, str->len);
}
