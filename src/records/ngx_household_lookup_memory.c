
/*
 * The memory of lookups, which is kept for the next ones.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_id.h"
#include "ngx_household_lookup_redis.h"


ngx_household_lookup_t *
ngx_household_lookup_alloc(ngx_household_lookups_t *lookups,
    ngx_str_t *account)
{
    ngx_household_lookup_t  *lookup;

    if (account->len > NGX_HOUSEHOLD_ID_LEN) {
        return NULL;
    }

    lookup = ngx_household_spares_alloc(&lookups->spares,
                                        sizeof(ngx_household_lookup_t)
                                        + NGX_HOUSEHOLD_ID_LEN);
    if (lookup == NULL) {
        return NULL;
    }

    ngx_memzero(lookup, sizeof(ngx_household_lookup_t));

    lookup->lookups = lookups;
    lookup->node.str.len = account->len;
    lookup->node.str.data = (u_char *) lookup + sizeof(ngx_household_lookup_t);
    ngx_memcpy(lookup->node.str.data, account->data, account->len);

    return lookup;
}


void
ngx_household_lookup_free(ngx_household_lookup_t *lookup)
{
    ngx_household_lookups_t  *lookups;

    lookups = lookup->lookups;

    ngx_household_lookup_free_builder(lookups, lookup->builder);
    ngx_household_lookup_free_builder(lookups, lookup->replica);

    ngx_household_spares_free(&lookups->spares, lookup);
}


ngx_household_record_builder_t *
ngx_household_lookup_builder(ngx_household_lookups_t *lookups)
{
    ngx_household_record_builder_t  *builder;

    if (lookups->nbuilders) {
        builder = lookups->builders[--lookups->nbuilders];

    } else {
        builder = ngx_alloc(sizeof(ngx_household_record_builder_t),
                            ngx_cycle->log);
        if (builder == NULL) {
            return NULL;
        }
    }

    ngx_household_record_builder_start(builder, ngx_time());

    return builder;
}


void
ngx_household_lookup_free_builder(ngx_household_lookups_t *lookups,
    ngx_household_record_builder_t *builder)
{
    if (builder == NULL) {
        return;
    }

    if (lookups->nbuilders
        < sizeof(lookups->builders) / sizeof(lookups->builders[0]))
    {
        lookups->builders[lookups->nbuilders++] = builder;

    } else {
        ngx_free(builder);
    }
}


void
ngx_household_lookup_free_spares(ngx_household_lookups_t *lookups)
{
    ngx_household_spares_release(&lookups->spares);

    while (lookups->nbuilders) {
        ngx_free(lookups->builders[--lookups->nbuilders]);
    }
}
