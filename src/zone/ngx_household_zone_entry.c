
/*
 * Keys and entries of the cache, and the freshness of an entry.
 */


#include "ngx_household_zone_shm.h"
#include "ngx_household_id.h"
#include "ngx_household_siphash.h"
#include "ngx_household_word.h"


static ngx_uint_t ngx_household_zone_classify(ngx_household_zone_ns_t *ns,
    ngx_household_cells_entry_t *e, ngx_msec_t now,
    ngx_household_zone_result_t *found);


ngx_int_t
ngx_household_zone_key(ngx_household_zone_ns_t *ns, ngx_str_t *id,
    ngx_household_cells_key_t *key)
{
    if (id->len > NGX_HOUSEHOLD_ZONE_ID_LEN) {
        return NGX_DECLINED;
    }

    key->bytes[0] = ns->index;

    if (ngx_household_uuid_pack(key->bytes + 1, id)) {
        key->bytes[0] |= NGX_HOUSEHOLD_ZONE_UUID;
        key->len = 1 + NGX_HOUSEHOLD_UUID_PACKED;

    } else {
        ngx_memcpy(key->bytes + 1, id->data, id->len);
        key->len = 1 + id->len;
    }

    ngx_household_zone_hash(ns, key);

    return NGX_OK;
}


void
ngx_household_zone_hash(ngx_household_zone_ns_t *ns,
    ngx_household_cells_key_t *key)
{
    uint64_t  n;

    if (ns->kind == NGX_HOUSEHOLD_ZONE_TOKEN
        && key->len > NGX_HOUSEHOLD_ZONE_DIGEST)
    {
        /* it begins with a digest, a keyed hash: any bits of it will do */

        n = ngx_household_word_read(key->bytes + 1, 8) * NGX_HOUSEHOLD_WORD_MIX;

        key->hash = n ^ (n >> 32);
        return;
    }

    key->hash = ngx_household_siphash(ns->zone->cells->seed, key->bytes,
                                      key->len);
}


ngx_int_t
ngx_household_zone_digest(ngx_household_zone_ns_t *ns, const ngx_str_t *text,
    u_char digest[NGX_HOUSEHOLD_ZONE_DIGEST])
{
    ngx_household_zone_sh_t  *sh;

    sh = ns->zone->sh;

    if (!sh->has_secret) {
        return NGX_DECLINED;
    }

    ngx_household_siphash_128(sh->secret, text->data, text->len, digest);

    return NGX_OK;
}


ngx_household_cells_entry_t *
ngx_household_zone_find(ngx_household_zone_t *zone,
    const ngx_household_cells_key_t *key)
{
    ngx_household_cells_entry_t  *e;

    e = ngx_household_cells_find(zone->cells, key);

    if (e && !ngx_household_zone_not_flushed(zone, e)) {
        ngx_household_zone_drop(zone, e);
        return NULL;
    }

    return e;
}


void
ngx_household_zone_drop(ngx_household_zone_t *zone,
    ngx_household_cells_entry_t *e)
{
    if (ngx_household_zone_not_flushed(zone, e)) {
        ngx_household_zone_ns_of(zone, e)->entries--;
    }

    ngx_household_cells_remove(zone->cells, e);
}


ngx_household_cells_entry_t *
ngx_household_zone_probe(ngx_household_zone_ns_t *ns,
    const ngx_household_cells_key_t *key, ngx_msec_t now,
    ngx_household_zone_result_t *found)
{
    ngx_household_zone_t         *zone;
    ngx_household_cells_entry_t  *e;

    zone = ns->zone;

    if (ngx_household_zone_ns_shm(ns) == NULL) {
        return NULL;
    }

    found->generation = ngx_household_zone_read_generation(ns, key->hash);

    e = ngx_household_zone_find(zone, key);

    if (e == NULL) {
        return NULL;
    }

    if (!ngx_household_zone_classify(ns, e, now, found)) {
        ngx_household_zone_drop(zone, e);
        return NULL;
    }

    found->len = e->len;

    return e;
}


/*
 * Returns 0 if the value must not be used.  Otherwise fills "found" with the
 * reasons why the value is not fresh, if any, and returns 1.
 */

static ngx_uint_t
ngx_household_zone_classify(ngx_household_zone_ns_t *ns,
    ngx_household_cells_entry_t *e, ngx_msec_t now,
    ngx_household_zone_result_t *found)
{
    ngx_uint_t                    expired, changed, invalidated, incoherent;
    ngx_msec_t                    age;
    ngx_household_zone_ns_shm_t  *shm;

    shm = ngx_household_zone_ns_of(ns->zone, e);
    age = ngx_household_zone_age(e, now);

    expired = (age >= e->fresh);

    changed = (e->flags & NGX_HOUSEHOLD_ZONE_F_INVALIDATED) ? 1 : 0;
    invalidated = changed
                  || ngx_household_zone_before(e->seq,
                                     ngx_household_zone_fresh_seq(shm, e));

    incoherent = ns->tracked && !ngx_household_zone_tracked(shm, now);

    if ((expired || invalidated || incoherent)
        && (e->stale == 0 || (uint64_t) age >= (uint64_t) e->fresh + e->stale))
    {
        return 0;
    }

    found->age = age;
    found->missing = (e->flags & NGX_HOUSEHOLD_ZONE_F_MISSING) ? 1 : 0;
    found->expired = expired;
    found->invalidated = invalidated;
    found->changed = changed;
    found->incoherent = incoherent;

    return 1;
}
