
/*
 * The memory of a worker process.  See ngx_http_household_memo.h.
 *
 * Each key has one bucket in a table, which it shares with others.  With more
 * accounts than the caches of the processor hold, the time of a request is that
 * of the lines it must wait for: so a bucket is one of them, and small enough
 * that several accounts share it.  Values are allocated outside of pools: they
 * outlive requests and connections.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_memo.h"
#include "ngx_household_compiler.h"
#include "ngx_household_str.h"
#include "ngx_household_word.h"


/* buckets of each kind: 1 << BITS */
#define NGX_HTTP_HOUSEHOLD_MEMO_BITS      9
#define NGX_HTTP_HOUSEHOLD_MEMO_BUCKETS  (1 << NGX_HTTP_HOUSEHOLD_MEMO_BITS)

/* keys that were not kept for lack of a place: so many of each bucket count */
#define NGX_HTTP_HOUSEHOLD_MEMO_WANTED    4

/* bytes of a value and its key at most, and the steps of their memory */
#define NGX_HTTP_HOUSEHOLD_MEMO_MAX      4096
#define NGX_HTTP_HOUSEHOLD_MEMO_STEP      128

/* ms after which the zone is read again, even if nothing has changed */
#define NGX_HTTP_HOUSEHOLD_MEMO_AGE     10000


/* a line of the processor's cache, and the part of a value that is read */
#define NGX_HTTP_HOUSEHOLD_MEMO_LINE       64
#define NGX_HTTP_HOUSEHOLD_MEMO_READ      256


/* what is read of most of them comes first */

struct ngx_http_household_memo_decided_s {
    uint32_t                          valid;   /* unsigned  valid:1; */
    uint32_t                          device_len;
    ngx_http_household_memo_input_t   input;
    ngx_household_decision_t          decision;
    u_char                            device[NGX_HOUSEHOLD_ID_LEN];
};


static ngx_inline uint64_t ngx_http_household_memo_mix(uint64_t hash,
    uint64_t word);
static ngx_inline uint64_t ngx_http_household_memo_hash(const ngx_str_t *key);
static ngx_inline void ngx_http_household_memo_prefetch(uintptr_t value);
static ngx_inline ngx_uint_t ngx_http_household_memo_same(
    const ngx_http_household_memo_input_t *a,
    const ngx_http_household_memo_input_t *b);
static ngx_int_t ngx_http_household_memo_way(
    ngx_http_household_memo_found_t *found);
static ngx_uint_t ngx_http_household_memo_wanted(
    ngx_http_household_memo_found_t *found);
static ngx_http_household_memo_value_t *ngx_http_household_memo_alloc(
    ngx_http_household_memo_value_t *value,
    ngx_http_household_memo_kind_e kind, size_t key_len, size_t len);


static ngx_household_aligned(NGX_HTTP_HOUSEHOLD_MEMO_LINE)
    ngx_http_household_memo_bucket_t
    ngx_http_household_memo[NGX_HTTP_HOUSEHOLD_MEMO_KINDS]
                           [NGX_HTTP_HOUSEHOLD_MEMO_BUCKETS];

/* the tags of keys that were not kept, the last one first */
static uint16_t
    ngx_http_household_memo_missed[NGX_HTTP_HOUSEHOLD_MEMO_KINDS]
                                  [NGX_HTTP_HOUSEHOLD_MEMO_BUCKETS]
                                  [NGX_HTTP_HOUSEHOLD_MEMO_WANTED];


/* the upper bits of the result are made of all others */

static ngx_inline uint64_t
ngx_http_household_memo_mix(uint64_t hash, uint64_t word)
{
    hash = (hash << 32) | (hash >> 32);

    return (hash ^ word) * NGX_HOUSEHOLD_WORD_MIX;
}


/*
 * The hash of the first and the last 16 bytes, which may overlap: ids differ at
 * one of the ends, and the end of a token is its signature.  Whoever chooses
 * keys with the same bucket only makes the zone be read for them.
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
    uint32_t                           way;
    uint64_t                           hash;
    ngx_http_household_memo_value_t   *value;
    ngx_http_household_memo_bucket_t  *bucket, *records;

    hash = ngx_http_household_memo_hash(key);

    bucket = &ngx_http_household_memo[kind]
                                     [hash >> (64
                                              - NGX_HTTP_HOUSEHOLD_MEMO_BITS)];

    found->bucket = bucket;
    found->value = NULL;
    found->tag = (uint16_t) (hash >> (48 - NGX_HTTP_HOUSEHOLD_MEMO_BITS));
    found->kind = kind;

    for (way = 0; way < NGX_HTTP_HOUSEHOLD_MEMO_WAYS; way++) {

        value = bucket->values[way];

        if (value == NULL) {
            return;
        }

        if (bucket->tags[way] != (uint8_t) found->tag) {
            continue;
        }

        ngx_http_household_memo_prefetch((uintptr_t) value);

        if (value->account != 0) {
            records = ngx_http_household_memo[NGX_HTTP_HOUSEHOLD_MEMO_RECORD];

            ngx_household_prefetch(&records[value->bucket], 0);
            ngx_http_household_memo_prefetch(value->account);
        }

        if (value->ns == ns && ngx_household_str_equal(&value->key, key)) {
            found->value = value;
            found->way = way;
            return;
        }
    }
}


/* of a value that may be gone */

static ngx_inline void
ngx_http_household_memo_prefetch(uintptr_t value)
{
    size_t  n;

    for (n = 0;
         n < NGX_HTTP_HOUSEHOLD_MEMO_READ;
         n += NGX_HTTP_HOUSEHOLD_MEMO_LINE)
    {
        ngx_household_prefetch(value, n);
    }
}


ngx_http_household_memo_value_t *
ngx_http_household_memo_keep(ngx_http_household_memo_found_t *found,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key, const u_char *data,
    size_t len, const ngx_household_zone_mark_t *mark)
{
    ngx_int_t                          way;
    ngx_msec_t                         until;
    ngx_http_household_memo_value_t   *value;
    ngx_http_household_memo_bucket_t  *bucket;

    way = ngx_http_household_memo_way(found);

    if (way == NGX_DECLINED) {
        return NULL;
    }

    bucket = found->bucket;

    value = ngx_http_household_memo_alloc(bucket->values[way], found->kind,
                                          key->len, len);
    found->value = value;
    found->way = way;

    if (value == NULL) {

        for (/* void */; way < NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1; way++) {
            bucket->values[way] = bucket->values[way + 1];
            bucket->tags[way] = bucket->tags[way + 1];
        }

        bucket->values[way] = NULL;

        return NULL;
    }

    bucket->values[way] = value;
    bucket->tags[way] = (uint8_t) found->tag;

    value->ns = ns;
    value->mark = *mark;

    /* an entry in use is not to become the least recently used of the zone */

    until = ngx_current_msec + NGX_HTTP_HOUSEHOLD_MEMO_AGE;

    if ((ngx_msec_int_t) (value->mark.until - until) > 0) {
        value->mark.until = until;
    }

    ngx_memcpy(value->data, data, len);
    ngx_memcpy(value->key.data, key->data, key->len);

    return value;
}


/* returns the way of the value, or of one for it; or NGX_DECLINED */

static ngx_int_t
ngx_http_household_memo_way(ngx_http_household_memo_found_t *found)
{
    ngx_int_t  way;

    if (found->value != NULL) {
        return found->way;
    }

    for (way = 0; way < NGX_HTTP_HOUSEHOLD_MEMO_WAYS; way++) {
        if (found->bucket->values[way] == NULL) {
            return way;
        }
    }

    /* most accounts that are requested once are not requested again soon */

    return ngx_http_household_memo_wanted(found)
           ? NGX_HTTP_HOUSEHOLD_MEMO_WAYS - 1 : NGX_DECLINED;
}


/* returns 1 if the key was one of those not kept; if not, it becomes one */

static ngx_uint_t
ngx_http_household_memo_wanted(ngx_http_household_memo_found_t *found)
{
    uint16_t   *missed;
    ngx_uint_t  i;

    missed = ngx_http_household_memo_missed[found->kind]
                    [found->bucket - ngx_http_household_memo[found->kind]];

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_MEMO_WANTED; i++) {
        if (missed[i] == found->tag) {
            missed[i] = 0;
            return 1;
        }
    }

    for (i = NGX_HTTP_HOUSEHOLD_MEMO_WANTED - 1; i > 0; i--) {
        missed[i] = missed[i - 1];
    }

    missed[0] = found->tag;

    return 0;
}


/*
 * Returns a value without a decision: the former one if its memory suffices,
 * and nobody else holds it.
 */

static ngx_http_household_memo_value_t *
ngx_http_household_memo_alloc(ngx_http_household_memo_value_t *value,
    ngx_http_household_memo_kind_e kind, size_t key_len, size_t len)
{
    u_char  *p;
    size_t   size, decided;

    decided = kind == NGX_HTTP_HOUSEHOLD_MEMO_RECORD
              ? sizeof(ngx_http_household_memo_decided_t) : 0;

    size = sizeof(ngx_http_household_memo_value_t)
           + ngx_align(key_len, sizeof(uint64_t)) + decided + len;

    if (value != NULL
        && (value->holders != 1 || value->size < size
            || key_len + len > NGX_HTTP_HOUSEHOLD_MEMO_MAX))
    {
        ngx_http_household_memo_release(value);
        value = NULL;
    }

    if (key_len + len > NGX_HTTP_HOUSEHOLD_MEMO_MAX) {
        return NULL;
    }

    if (value == NULL) {
        size = ngx_align(size, NGX_HTTP_HOUSEHOLD_MEMO_STEP);

        value = ngx_memalign(NGX_HTTP_HOUSEHOLD_MEMO_LINE, size,
                             ngx_cycle->log);
        if (value == NULL) {
            return NULL;
        }

        value->holders = 1;
        value->size = size;
    }

    p = (u_char *) value + sizeof(ngx_http_household_memo_value_t);

    value->key.data = p;
    value->key.len = key_len;
    p += ngx_align(key_len, sizeof(uint64_t));

    value->account = 0;
    value->decided = NULL;

    if (decided) {
        value->decided = (ngx_http_household_memo_decided_t *) p;
        value->decided->valid = 0;
        p += decided;
    }

    value->data = p;

    return value;
}


void
ngx_http_household_memo_link_anew(ngx_http_household_memo_value_t *token,
    const ngx_http_household_memo_found_t *account)
{
    token->account = (uintptr_t) account->value;
    token->bucket = (uint16_t) (account->bucket
                   - ngx_http_household_memo[NGX_HTTP_HOUSEHOLD_MEMO_RECORD]);
}


void
ngx_http_household_memo_release(ngx_http_household_memo_value_t *value)
{
    if (--value->holders == 0) {
        ngx_free(value);
    }
}


/* the decision has pointers into the record, which its requests hold */

ngx_uint_t
ngx_http_household_memo_recall(ngx_http_household_memo_value_t *value,
    const void *record, const ngx_str_t *device,
    const ngx_http_household_memo_input_t *input, ngx_household_decision_t *d)
{
    const ngx_household_decision_t     *from;
    ngx_http_household_memo_decided_t  *decided;

    if (value == NULL || value->data != record) {
        return 0;
    }

    decided = value->decided;

    if (!decided->valid
        || decided->device_len != device->len
        || !ngx_http_household_memo_same(&decided->input, input)
        || (device->len != 0
            && ngx_memcmp(decided->device, device->data, device->len) != 0))
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


/* no branches: a compiler takes what follows a chain of them for rare */

static ngx_inline ngx_uint_t
ngx_http_household_memo_same(const ngx_http_household_memo_input_t *a,
    const ngx_http_household_memo_input_t *b)
{
    size_t         i;
    uint64_t       differ;
    const u_char  *p, *q;

    p = (const u_char *) a;
    q = (const u_char *) b;
    differ = 0;

    for (i = 0; i < sizeof(ngx_http_household_memo_input_t); i += 8) {
        differ |= ngx_household_word_read(p + i, 8)
                  ^ ngx_household_word_read(q + i, 8);
    }

    return differ == 0;
}


void
ngx_http_household_memo_decided(ngx_http_household_memo_value_t *value,
    const void *record, const ngx_str_t *device,
    const ngx_http_household_memo_input_t *input,
    const ngx_household_decision_t *d)
{
    ngx_http_household_memo_decided_t  *decided;

    if (value == NULL
        || value->data != record
        || device->len > NGX_HOUSEHOLD_ID_LEN)
    {
        return;
    }

    decided = value->decided;

    decided->valid = 1;
    decided->input = *input;
    decided->decision = *d;
    decided->device_len = device->len;

    if (device->len) {
        ngx_memcpy(decided->device, device->data, device->len);
    }
}
