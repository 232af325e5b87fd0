
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

/* ms after which the zone is read again, even if nothing has changed */
#define NGX_HTTP_HOUSEHOLD_MEMO_AGE     10000


struct ngx_http_household_memo_decided_s {
    ngx_uint_t                        valid;   /* unsigned  valid:1; */
    ngx_http_household_memo_input_t   input;   /* without the device */
    ngx_household_decision_t          decision;
    ngx_str_t                         device;
    u_char                            device_bytes[NGX_HOUSEHOLD_ID_LEN];
};


static ngx_inline uint64_t ngx_http_household_memo_mix(uint64_t hash,
    uint64_t word);
static ngx_inline uint64_t ngx_http_household_memo_hash(const ngx_str_t *key);
static ngx_http_household_memo_value_t *ngx_http_household_memo_alloc(
    ngx_http_household_memo_value_t *former, size_t size);


static ngx_http_household_memo_place_t
    ngx_http_household_memo[NGX_HTTP_HOUSEHOLD_MEMO_KINDS]
                           [NGX_HTTP_HOUSEHOLD_MEMO_PLACES];


/* the upper bits of the result are made of all others */

static ngx_inline uint64_t
ngx_http_household_memo_mix(uint64_t hash, uint64_t word)
{
    hash = (hash << 32) | (hash >> 32);

    return (hash ^ word) * 0x9e3779b97f4a7c15ULL;
}


/*
 * The hash of the first and the last 16 bytes, which may overlap: ids differ at
 * one of the ends, and the end of a token is its signature.  Whoever chooses
 * keys with the same place only makes the zone be read for them.
 */

static ngx_inline uint64_t
ngx_http_household_memo_hash(const ngx_str_t *key)
{
    size_t     len;
    u_char    *first, *last;
    uint64_t   hash;

    len = key->len;
    first = key->data;

    if (len < 8) {
        return ngx_http_household_memo_mix(len, ngx_household_word_read(first,
                                                                        len));
    }

    last = first + len - 8;

    hash = ngx_http_household_memo_mix(len, ngx_household_word_read(first, 8));

    if (len > 16) {
        hash = ngx_http_household_memo_mix(hash,
                                        ngx_household_word_read(first + 8, 8));
        hash = ngx_http_household_memo_mix(hash,
                                        ngx_household_word_read(last - 8, 8));
    }

    return ngx_http_household_memo_mix(hash, ngx_household_word_read(last, 8));
}


void
ngx_http_household_memo_find(ngx_http_household_memo_kind_e kind,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key,
    ngx_http_household_memo_found_t *found)
{
    uint64_t                          hash;
    ngx_http_household_memo_place_t  *place;
    ngx_http_household_memo_value_t  *value;

    hash = ngx_http_household_memo_hash(key);

    place = &ngx_http_household_memo[kind]
                                    [hash >> (64
                                              - NGX_HTTP_HOUSEHOLD_MEMO_BITS)];
    value = place->value;

    found->hash = hash;
    found->place = place;
    found->value = value != NULL
                   && value->ns == ns
                   && ngx_household_str_equal(&value->key, key)
                   ? value : NULL;
}


ngx_http_household_memo_value_t *
ngx_http_household_memo_keep(ngx_http_household_memo_found_t *found,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key, const u_char *data,
    size_t len, const ngx_household_zone_mark_t *mark)
{
    ngx_msec_t                        until;
    ngx_http_household_memo_place_t  *place;
    ngx_http_household_memo_value_t  *value;

    place = found->place;

    if (found->value == NULL && place->hash != found->hash) {
        /* most accounts that are requested once are not requested again soon */
        place->hash = found->hash;
        return NULL;
    }

    value = ngx_http_household_memo_alloc(place->value, len + key->len);

    place->value = value;
    place->hash = 0;
    found->value = value;

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


/* the decision has pointers into the record, which its requests hold */

ngx_uint_t
ngx_http_household_memo_recall(ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input, ngx_household_decision_t *d)
{
    const ngx_household_decision_t         *from;
    const ngx_http_household_memo_input_t  *was;
    ngx_http_household_memo_decided_t      *decided;

    decided = value != NULL ? value->decided : NULL;

    if (decided == NULL
        || !decided->valid
        || (const void *) value->data != input->record)
    {
        return 0;
    }

    was = &decided->input;

    if (was->now != input->now
        || was->conf != input->conf
        || was->mode != input->mode
        || was->rollout != input->rollout
        || was->token != input->token
        || was->issued_at != input->issued_at
        || was->unauthorized != input->unauthorized
        || !ngx_household_addr_equal(&was->addr, &input->addr)
        || !ngx_household_str_equal(&decided->device, input->device))
    {
        return 0;
    }

    from = &decided->decision;

    ngx_memcpy(d, from, offsetof(ngx_household_decision_t, nseen));

    if (from->write_device || from->learn) {
        /* few decisions: the rest is for these writes */
        *d = *from;
    }

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
