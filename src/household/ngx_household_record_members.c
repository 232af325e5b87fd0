
/*
 * The packed record of one account: ids of the members, as texts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record_entry.h"


ngx_uint_t
ngx_household_record_members(const ngx_household_record_t *rec,
    ngx_str_t *ids, u_char *text)
{
    ngx_uint_t             n;
    ngx_household_entry_t  e;

    n = 0;

    if (!ngx_household_record_has(rec, NGX_HOUSEHOLD_ENTRY_MEMBER)) {
        return 0;
    }

    ngx_household_entry_start(&e, rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_MEMBER) {
            continue;
        }

        if (ids == NULL) {
            n++;
            continue;
        }

        if (e.flags & NGX_HOUSEHOLD_ENTRY_UUID) {
            ngx_household_uuid_unpack(text, e.id.data);

            ids[n].data = text;
            ids[n].len = NGX_HOUSEHOLD_UUID_LEN;

            text += NGX_HOUSEHOLD_UUID_LEN;

        } else {
            ids[n] = e.id;
        }

        n++;
    }

    return n;
}
