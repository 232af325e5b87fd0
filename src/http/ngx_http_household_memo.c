
/*
 * The memory of a worker process.  See ngx_http_household_memo.h.
 *
 * Each key has one place in a table, which it shares with others.  Values are
 * allocated outside of pools: they outlive requests and connections.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_memo.h"
#include "ngx_household_str.h"
#include "ngx_household_word.h"


/* places of each kind: 1 << BITS */
#define NGX_HTTP_HOUSEHOLD_MEMO_BITS     12
#define NGX_HTTP_HOUSEHOLD_MEMO_PLACES   (1 << NGX_HTTP_HOUSEHOLD_MEMO_BITS)

/* bytes of a value and its key at most, and the steps of their memory */
#define NGX_HTTP_HOUSEHOLD_MEMO_MAX      4096
#define NGX_HTTP_HOUSEHOLD_MEMO_STEP      128

/* bytes of a key that its place depends on */
#define NGX_HTTP_HOUSEHOLD_MEMO_HASHED     64

/* ms after which the zone is read again, even if nothing has changed */
#define NGX_HTTP_HOUSEHOLD_MEMO_AGE     10000


struct ngx_http_household_memo_place_s {
    ngx_http_household_memo_value_t  *value;   /* NULL: none */

    /* of the last key without a value, and no hit since; or 0 */
    uint64_t                          hash;
};


struct ngx_http_household_memo_decided_s {
    ngx_uint_t                        valid;   /* unsigned  valid:1; */
    ngx_http_household_memo_input_t   input;   /* without the device */
    ngx_household_decision_t          decision;
    ngx_str_t                         device;
    u_char                            device_bytes[NGX_HOUSEHOLD_ID_LEN];
};


static ngx_inline uint64_t ngx_http_household_memo_hash(const ngx_str_t *key);
static ngx_http_household_memo_value_t *ngx_http_household_memo_alloc(
    ngx_http_household_memo_value_t *former, size_t size);


static ngx_http_household_memo_place_t
    ngx_http_household_memo[NGX_HTTP_HOUSEHOLD_MEMO_KINDS]
                           [NGX_HTTP_HOUSEHOLD_MEMO_PLACES];


/*
 * Whoever chooses keys with the same place only makes the zone be read for
 * them.  The end of a token is its signature.
 */

static ngx_inline uint64_t
ngx_http_household_memo_hash(const ngx_str_t *key)
{
    size_t     left;
    u_char    *p;
    uint64_t   hash;

    left = ngx_min(key->len, NGX_HTTP_HOUSEHOLD_MEMO_HASHED);
    p = key->data + key->len - left;
    hash = key->len;

    for ( /* void */ ; left >= 8; left -= 8) {
        hash = (hash ^ ngx_household_word_read(p, 8)) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32;
        p += 8;
    }

    return (hash ^ ngx_household_word_read(p, left)) * 0x9e3779b97f4a7c15ULL;
}


ngx_http_household_memo_place_t *
ngx_http_household_memo_place(ngx_http_household_memo_kind_e kind,
    const ngx_str_t *key)
{
    uint64_t  hash;

    hash = ngx_http_household_memo_hash(key);

    /* the upper bits are made of all others */

    hash >>= 64 - NGX_HTTP_HOUSEHOLD_MEMO_BITS;

    return &ngx_http_household_memo[kind][hash];
}


ngx_http_household_memo_value_t *
ngx_http_household_memo_find(ngx_http_household_memo_place_t *place,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key)
{
    ngx_http_household_memo_value_t  *value;

    value = place->value;

    if (value == NULL
        || value->ns != ns
        || !ngx_household_str_equal(&value->key, key)
        || !ngx_household_zone_unchanged(ns, &value->mark, ngx_current_msec))
    {
        return NULL;
    }

    place->hash = 0;

    return value;
}


ngx_http_household_memo_value_t *
ngx_http_household_memo_keep(ngx_http_household_memo_place_t *place,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key, const u_char *data,
    size_t len, const ngx_household_zone_mark_t *mark)
{
    uint64_t                          hash;
    ngx_msec_t                        until;
    ngx_http_household_memo_value_t  *value;

    hash = ngx_http_household_memo_hash(key);
    value = place->value;

    if (place->hash != hash
        && (value == NULL
            || value->ns != ns
            || !ngx_household_str_equal(&value->key, key)))
    {
        /* most accounts that are requested once are not requested again soon */
        place->hash = hash;
        return NULL;
    }

    value = ngx_http_household_memo_alloc(value, len + key->len);

    place->value = value;
    place->hash = 0;

    if (value == NULL) {
        return NULL;
    }

    value->ns = ns;
    value->mark = *mark;

    /* an entry in use is not to become the least recently used of the zone */

    until = ngx_current_msec + NGX_HTTP_HOUSEHOLD_MEMO_AGE;

    if ((ngx_msec_int_t) (value->mark.until - until) > 0) {
        value->mark.until = until;
    }

    value->key.data = ngx_cpymem(value->data, data, len);
    value->key.len = key->len;
    ngx_memcpy(value->key.data, key->data, key->len);

    return value;
}


/*
 * Returns memory of "size" bytes, without a decision: that of the former value
 * if it suffices, and nobody else holds it.
 */

static ngx_http_household_memo_value_t *
ngx_http_household_memo_alloc(ngx_http_household_memo_value_t *former,
    size_t size)
{
    ngx_http_household_memo_value_t  *value;

    if (former != NULL) {

        if (former->holders == 1 && size <= former->size) {

            if (former->decided != NULL) {
                former->decided->valid = 0;
            }

            return former;
        }

        ngx_http_household_memo_release(former);
    }

    if (size > NGX_HTTP_HOUSEHOLD_MEMO_MAX) {
        return NULL;
    }

    size = ngx_align(size, NGX_HTTP_HOUSEHOLD_MEMO_STEP);

    value = ngx_alloc(offsetof(ngx_http_household_memo_value_t, data) + size,
                      ngx_cycle->log);
    if (value == NULL) {
        return NULL;
    }

    value->holders = 1;
    value->size = size;
    value->decided = NULL;

    return value;
}


void *
ngx_http_household_memo_hold(ngx_http_household_memo_value_t **held,
    ngx_http_household_memo_value_t *value)
{
    if (*held == NULL) {
        value->holders++;
        *held = value;
    }

    return *held == value ? value->data : NULL;
}


void
ngx_http_household_memo_release(ngx_http_household_memo_value_t *value)
{
    if (--value->holders == 0) {

        if (value->decided != NULL) {
            ngx_free(value->decided);
        }

        ngx_free(value);
    }
}


ngx_uint_t
ngx_http_household_memo_knows(ngx_http_household_memo_place_t *place,
    const ngx_str_t *account)
{
    return place->value != NULL
           && ngx_household_str_equal(&place->value->key, account);
}


/* the decision has pointers into the record, which its requests hold */

ngx_uint_t
ngx_http_household_memo_recall(ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input, ngx_household_decision_t *d)
{
    ngx_http_household_memo_decided_t  *decided;

    decided = value != NULL ? value->decided : NULL;

    if (decided == NULL
        || !decided->valid
        || (const void *) value->data != input->record
        || ngx_memcmp(&decided->input, input,
                      offsetof(ngx_http_household_memo_input_t, device))
           != 0
        || !ngx_household_str_equal(&decided->device, input->device))
    {
        return 0;
    }

    *d = decided->decision;

    return 1;
}


void
ngx_http_household_memo_decided(ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input,
    const ngx_household_decision_t *d)
{
    const ngx_str_t                    *device;
    ngx_http_household_memo_decided_t  *decided;

    device = input->device;

    if (value == NULL
        || (const void *) value->data != input->record
        || device->len > NGX_HOUSEHOLD_ID_LEN)
    {
        return;
    }

    decided = value->decided;

    if (decided == NULL) {
        decided = ngx_alloc(sizeof(ngx_http_household_memo_decided_t),
                            ngx_cycle->log);
        if (decided == NULL) {
            return;
        }

        value->decided = decided;
    }

    decided->valid = 1;
    decided->decision = *d;

    ngx_memcpy(&decided->input, input,
               sizeof(ngx_http_household_memo_input_t));

    decided->device.data = decided->device_bytes;
    decided->device.len = device->len;

    if (device->len) {
        ngx_memcpy(decided->device_bytes, device->data, device->len);
    }
}
