
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
    uint32_t                            size;    /* with what follows */
    ngx_household_zone_ns_t            *ns;
    ngx_household_zone_mark_t           mark;
    ngx_str_t                           key;
    ngx_http_household_memo_decided_t  *decided; /* of a record */
    void                               *data;
} ngx_http_household_memo_value_t;


/*
 * Where the values of some keys are, one at a time.  Tags are parts of hashes:
 * memory of another key's value is not read.
 */

typedef struct {
    ngx_http_household_memo_value_t    *value; /* NULL: none */
    uint32_t                            tag;   /* of the key of the value */

    /* of the last key without a value, and no hit since; or 0 */
    uint32_t                            wanted;
} ngx_http_household_memo_place_t;


/* what was found for a key; it is so until the next event */

typedef struct {
    ngx_http_household_memo_place_t    *place;
    ngx_http_household_memo_value_t    *value; /* fresh or not; NULL: none */
    uint32_t                            tag;   /* of the key */
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

/*
 * Returns the value that was found if it is still fresh, which counts as a hit
 * of the zone; otherwise NULL.
 */
static ngx_inline ngx_http_household_memo_value_t *
ngx_http_household_memo_fresh(const ngx_http_household_memo_found_t *found)
{
    ngx_http_household_memo_value_t  *value;

    value = found->value;

    if (value == NULL
        || !ngx_household_zone_unchanged(value->ns, &value->mark,
                                         ngx_current_msec))
    {
        return NULL;
    }

    found->place->wanted = 0;

    return value;
}


/*
 * Keeps a copy of a HIT, in place of a former value of the key.  A value of
 * another key is replaced if this key comes twice without a request for that
 * one in between.  Returns the value; or NULL if it is not kept, is too large,
 * or memory allocation failed.
 */
ngx_http_household_memo_value_t *ngx_http_household_memo_keep(
    ngx_http_household_memo_found_t *found, ngx_household_zone_ns_t *ns,
    const ngx_str_t *key, const u_char *data, size_t len,
    const ngx_household_zone_mark_t *mark);

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
