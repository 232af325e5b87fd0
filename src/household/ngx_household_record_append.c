
/*
 * The builder of a record: networks of entries, and entries over a limit.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"
#include "ngx_household_record_entry.h"


static void ngx_household_record_drop_ended(
    ngx_household_record_builder_t *b);


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
    p[1] = net->prefix;

    if (net->no_prefix) {
        kind |= NGX_HOUSEHOLD_ENTRY_NO_PREFIX;
    }

    if (net->addr.family == NGX_HOUSEHOLD_FAMILY_INET) {
        p[0] = kind;
        return ngx_cpymem(p + 2, net->addr.bytes, 4);
    }

    p[0] = kind | NGX_HOUSEHOLD_ENTRY_INET6;

    return ngx_cpymem(p + 2, net->addr.bytes, 16);
}
