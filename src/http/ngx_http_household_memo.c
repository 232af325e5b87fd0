
/*
 * The memory of a connection.  See ngx_http_household_memo.h.
 *
 * Values are allocated outside of pools: that of the connection would grow with
 * each value, and those of requests end before the next request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_memo.h"
#include "ngx_household_str.h"


/* bytes of a value and its key at most, and at least */
#define NGX_HTTP_HOUSEHOLD_MEMO_MAX  4096
#define NGX_HTTP_HOUSEHOLD_MEMO_MIN   512

/* ms after which the zone is read again, even if nothing has changed */
#define NGX_HTTP_HOUSEHOLD_MEMO_AGE   10000


struct ngx_http_household_memo_s {
    ngx_http_household_memo_value_t  *values[NGX_HTTP_HOUSEHOLD_MEMO_SLOTS];

    /* of the last keys: a value is kept if its key is requested twice */
    uint64_t                          hashes[NGX_HTTP_HOUSEHOLD_MEMO_SLOTS];

    /* the last decision, if "decided", for the present record */
    ngx_uint_t                        decided; /* unsigned  decided:1; */
    ngx_http_household_memo_input_t   input;   /* without the device */
    ngx_household_decision_t          decision;
    ngx_str_t                         device;
    u_char                            device_bytes[NGX_HOUSEHOLD_ID_LEN];
};


static void ngx_http_household_memo_cleanup(void *data);
static ngx_inline ngx_uint_t ngx_http_household_memo_is_kept(
    ngx_http_household_memo_t *memo, ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input);
static ngx_http_household_memo_value_t *ngx_http_household_memo_alloc(
    ngx_http_household_memo_value_t *former, size_t size);


ngx_http_household_memo_t *
ngx_http_household_memo_get(ngx_http_request_t *r)
{
    ngx_connection_t           *c;
    ngx_pool_cleanup_t         *cln;
    ngx_http_household_memo_t  *memo;

    c = r->connection;

#if (NGX_HTTP_V3)

    /* a stream has a connection of its own */

    if (c->quic != NULL) {
        c = c->quic->parent;
    }

#endif

    for (cln = c->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_household_memo_cleanup) {
            return cln->data;
        }
    }

    /* the requests of HTTP/3 are not counted in the connection of a stream */

    if (c == r->connection && c->requests < 2) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_household_memo_t));
    if (cln == NULL) {
        return NULL;
    }

    memo = cln->data;
    ngx_memzero(memo, sizeof(ngx_http_household_memo_t));

    cln->handler = ngx_http_household_memo_cleanup;

    return memo;
}


static void
ngx_http_household_memo_cleanup(void *data)
{
    ngx_http_household_memo_t *memo = data;

    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_MEMO_SLOTS; i++) {
        if (memo->values[i] != NULL) {
            ngx_http_household_memo_release(memo->values[i]);
        }
    }
}


ngx_http_household_memo_value_t *
ngx_http_household_memo_find(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_slot_e slot, ngx_household_zone_ns_t *ns,
    const ngx_str_t *key)
{
    ngx_http_household_memo_value_t  *value;

    value = memo != NULL ? memo->values[slot] : NULL;

    return value != NULL
           && value->ns == ns
           && ngx_household_str_equal(&value->key, key)
           && ngx_household_zone_unchanged(ns, &value->mark, ngx_current_msec)
           ? value : NULL;
}


ngx_http_household_memo_value_t *
ngx_http_household_memo_keep(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_slot_e slot, ngx_household_zone_ns_t *ns,
    const ngx_str_t *key, const u_char *data,
    size_t len, const ngx_household_zone_mark_t *mark)
{
    ngx_msec_t                        until;
    ngx_http_household_memo_value_t  *value;

    if (memo == NULL) {
        return NULL;
    }

    if (memo->hashes[slot] != mark->hash) {
        /* a proxy may ask for many accounts on one connection */
        memo->hashes[slot] = mark->hash;
        return NULL;
    }

    if (slot == NGX_HTTP_HOUSEHOLD_MEMO_RECORD) {
        memo->decided = 0;
    }

    value = ngx_http_household_memo_alloc(memo->values[slot], len + key->len);

    memo->values[slot] = value;

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


/* returns memory of "size" bytes, that of the former value if it suffices */

static ngx_http_household_memo_value_t *
ngx_http_household_memo_alloc(ngx_http_household_memo_value_t *former,
    size_t size)
{
    ngx_http_household_memo_value_t  *value;

    if (former != NULL) {

        if (former->holders == 1 && size <= former->size) {
            return former;
        }

        ngx_http_household_memo_release(former);
    }

    if (size > NGX_HTTP_HOUSEHOLD_MEMO_MAX) {
        return NULL;
    }

    size = ngx_max(size, NGX_HTTP_HOUSEHOLD_MEMO_MIN);

    value = ngx_alloc(offsetof(ngx_http_household_memo_value_t, data) + size,
                      ngx_cycle->log);
    if (value == NULL) {
        return NULL;
    }

    value->holders = 1;
    value->size = size;

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
        ngx_free(value);
    }
}


ngx_uint_t
ngx_http_household_memo_knows(ngx_http_household_memo_t *memo,
    const ngx_str_t *account)
{
    ngx_http_household_memo_value_t  *value;

    value = memo != NULL ? memo->values[NGX_HTTP_HOUSEHOLD_MEMO_RECORD] : NULL;

    return value != NULL && ngx_household_str_equal(&value->key, account);
}


/*
 * Returns 1 if "value" has the record of the input, and is still that of the
 * connection.
 */

static ngx_inline ngx_uint_t
ngx_http_household_memo_is_kept(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input)
{
    return value != NULL
           && (const void *) value->data == input->record
           && value == memo->values[NGX_HTTP_HOUSEHOLD_MEMO_RECORD];
}


/* the decision has pointers into the record, which its requests hold */

ngx_uint_t
ngx_http_household_memo_recall(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input,
    ngx_household_decision_t *d)
{
    ngx_http_household_memo_input_t  *last;

    if (!ngx_http_household_memo_is_kept(memo, value, input)
        || !memo->decided)
    {
        return 0;
    }

    last = &memo->input;

    if (last->conf != input->conf
        || last->unauthorized != input->unauthorized
        || last->mode != input->mode
        || last->rollout != input->rollout
        || last->now != input->now
        || last->issued_at != input->issued_at
        || last->token != input->token
        || last->addr.family != input->addr.family
        || ngx_memcmp(last->addr.bytes, input->addr.bytes,
                      sizeof(last->addr.bytes))
           != 0
        || !ngx_household_str_equal(&memo->device, input->device))
    {
        return 0;
    }

    *d = memo->decision;

    return 1;
}


void
ngx_http_household_memo_decided(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input,
    const ngx_household_decision_t *d)
{
    const ngx_str_t  *device;

    device = input->device;

    if (!ngx_http_household_memo_is_kept(memo, value, input)
        || device->len > NGX_HOUSEHOLD_ID_LEN)
    {
        return;
    }

    memo->decided = 1;
    memo->input = *input;
    memo->decision = *d;

    memo->device.data = memo->device_bytes;
    memo->device.len = device->len;

    if (device->len) {
        ngx_memcpy(memo->device_bytes, device->data, device->len);
    }
}
