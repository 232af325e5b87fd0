
/*
 * What a worker process remembers of the accounts and tokens of its last
 * requests: the record, the claims, and the decision.  A player asks for a
 * hundred segments, on one connection or on several.
 *
 * A value is a copy of a fresh one of the zone, and is used as long as the zone
 * would return that one: see ngx_household_zone_unchanged().
 */


#ifndef _NGX_HTTP_HOUSEHOLD_MEMO_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_MEMO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"
#include "ngx_household_zone.h"


typedef enum {
    NGX_HTTP_HOUSEHOLD_MEMO_RECORD = 0,
    NGX_HTTP_HOUSEHOLD_MEMO_TOKEN,
    NGX_HTTP_HOUSEHOLD_MEMO_KINDS
} ngx_http_household_memo_kind_e;


/* a decision for a record, and what it was made of */
typedef struct ngx_http_household_memo_decided_s
    ngx_http_household_memo_decided_t;


/*
 * Key, decision and data follow in the same memory.  "data" is aligned.  Both
 * stay while a request holds the value.
 */

typedef struct {
    uint32_t                            holders; /* requests, and the table */
    uint16_t                            size;    /* with what follows */
    uint16_t                            bucket;  /* of "account" */
    ngx_household_zone_ns_t            *ns;
    ngx_household_zone_mark_t           mark;

    /* of a token: the address of its account's value, or of a former one */
    uintptr_t                           account;

    ngx_str_t                           key;
    ngx_http_household_memo_decided_t  *decided; /* of a record */
    void                               *data;
} ngx_http_household_memo_value_t;


/*
 * The values of keys that share a part of their hashes, in one line of the
 * processor's cache.  After a place that is empty all are.  A tag is another
 * part of the hash: memory of another key's value is hardly ever read.
 */

#define NGX_HTTP_HOUSEHOLD_MEMO_WAYS  7

typedef struct {
    ngx_http_household_memo_value_t    *values[NGX_HTTP_HOUSEHOLD_MEMO_WAYS];
    uint8_t                             tags[NGX_HTTP_HOUSEHOLD_MEMO_WAYS];
} ngx_http_household_memo_bucket_t;


/* what was found for a key; it is so until the next event */

typedef struct {
    ngx_http_household_memo_bucket_t   *bucket;
    ngx_http_household_memo_value_t    *value; /* fresh or not; NULL: none */
    uint32_t                            way;   /* of the value */
    uint16_t                            tag;   /* a place has half of it */
    ngx_http_household_memo_kind_e      kind;
} ngx_http_household_memo_found_t;


/*
 * What a decision for a record and a device is made of; "conf" stands for the
 * directives.  There are no bytes between the members.
 */

typedef struct {
    uint64_t                     conf;    /* address */
    int64_t                      now;
    int64_t                      issued_at;
    ngx_household_addr_t         addr;
    u_char                       unauthorized; /* NONE, or why */
    u_char                       token;   /* identity is from one */
    u_char                       mode;    /* both with the override */
    uint32_t                     rollout;
} ngx_http_household_memo_input_t;


/*
 * Fills "found" for a key of the namespace, which may be NULL: then there is no
 * value.  The id of an account that has one was valid.
 */
void ngx_http_household_memo_find(ngx_http_household_memo_kind_e kind,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key,
    ngx_http_household_memo_found_t *found);

/* exchanges the value with the one before it */
static ngx_inline void
ngx_http_household_memo_forward(ngx_http_household_memo_found_t *found)
{
    uint8_t                            *tags;
    ngx_http_household_memo_value_t   **values;

    values = &found->bucket->values[found->way];
    tags = &found->bucket->tags[found->way];

    values[0] = values[-1];
    values[-1] = found->value;

    tags[0] = tags[-1];
    tags[-1] = (uint8_t) found->tag;

    found->way--;
}


/*
 * Returns the value that was found if it is still fresh, which counts as a hit
 * of the zone; otherwise NULL.  What is hit moves away from the last place of
 * its bucket, whose value is the next to be replaced.
 */
static ngx_inline ngx_http_household_memo_value_t *
ngx_http_household_memo_fresh(ngx_http_household_memo_found_t *found)
{
    ngx_http_household_memo_value_t  *value;

    value = found->value;

    if (value == NULL
        || !ngx_household_zone_unchanged(value->ns, &value->mark,
                                         ngx_current_msec))
    {
        return NULL;
    }

    if (found->way != 0) {
        ngx_http_household_memo_forward(found);
    }

    return value;
}


/*
 * Keeps a copy of a HIT, in place of a former value of the key.  If the bucket
 * is full, the value of another key is replaced, but not for a key that is
 * asked for once: it must be one of the last four that were not kept.  Returns
 * the value; or NULL if it is not kept, is too large, or memory allocation
 * failed.
 */
ngx_http_household_memo_value_t *ngx_http_household_memo_keep(
    ngx_http_household_memo_found_t *found, ngx_household_zone_ns_t *ns,
    const ngx_str_t *key, const u_char *data, size_t len,
    const ngx_household_zone_mark_t *mark);

/* for ngx_http_household_memo_link() */
void ngx_http_household_memo_link_anew(ngx_http_household_memo_value_t *token,
    const ngx_http_household_memo_found_t *account);

/*
 * With a token, which may be NULL, memory of the account that was found for it
 * is fetched from now on.
 */
static ngx_inline void
ngx_http_household_memo_link(ngx_http_household_memo_value_t *token,
    const ngx_http_household_memo_found_t *account)
{
    if (token != NULL && token->account != (uintptr_t) account->value) {
        ngx_http_household_memo_link_anew(token, account);
    }
}

/*
 * Returns the data, which stays with the key until "held" is released: a
 * request uses it after another one may have replaced the value.  Returns NULL
 * if "held" has another value already, which the request may still use.
 */
static ngx_inline void *
ngx_http_household_memo_hold(ngx_http_household_memo_value_t **held,
    ngx_http_household_memo_value_t *value)
{
    if (*held == NULL) {
        value->holders++;
        *held = value;
    }

    return *held == value ? value->data : NULL;
}

void ngx_http_household_memo_release(ngx_http_household_memo_value_t *value);

/*
 * Copies the last decision for a record and a device, if it was made of the
 * same input.  "value" is the kept record, or NULL.  Returns 1; or 0 if there
 * is none.
 */
ngx_uint_t ngx_http_household_memo_recall(
    ngx_http_household_memo_value_t *value, const void *record,
    const ngx_str_t *device, const ngx_http_household_memo_input_t *input,
    ngx_household_decision_t *d);

/* keeps a decision; likewise */
void ngx_http_household_memo_decided(ngx_http_household_memo_value_t *value,
    const void *record, const ngx_str_t *device,
    const ngx_http_household_memo_input_t *input,
    const ngx_household_decision_t *d);


#endif /* _NGX_HTTP_HOUSEHOLD_MEMO_H_INCLUDED_ */
