
/*
 * What a connection of a client remembers of its last request: the record of
 * the account, the claims of the token, and the decision.  A player asks for a
 * hundred segments on one connection.
 *
 * A value is a copy of a fresh one of the zone, and is used as long as the zone
 * would return that one: see ngx_household_zone_unchanged().
 */


#ifndef _NGX_HTTP_HOUSEHOLD_MEMO_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_MEMO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_decide.h"
#include "ngx_household_zone.h"


typedef enum {
    NGX_HTTP_HOUSEHOLD_MEMO_RECORD = 0,
    NGX_HTTP_HOUSEHOLD_MEMO_TOKEN,
    NGX_HTTP_HOUSEHOLD_MEMO_SLOTS
} ngx_http_household_memo_slot_e;


typedef struct ngx_http_household_memo_s  ngx_http_household_memo_t;


/* "data" is aligned, and stays while a request holds the value */

typedef struct {
    ngx_uint_t                   holders; /* requests, and the connection */
    size_t                       size;    /* of "data" */
    ngx_household_zone_ns_t     *ns;
    ngx_household_zone_mark_t    mark;
    ngx_str_t                    key;     /* in "data", too */
    uint64_t                     data[1];
} ngx_http_household_memo_value_t;


/* what a decision is made of; "conf" stands for the directives */

typedef struct {
    const void                  *record;
    const void                  *conf;
    ngx_household_reason_e       unauthorized; /* NONE, or why */
    ngx_uint_t                   mode;    /* both with the override */
    ngx_uint_t                   rollout;
    int64_t                      now;
    int64_t                      issued_at;
    ngx_uint_t                   token;   /* identity is from one */
    ngx_household_addr_t         addr;
    const ngx_str_t             *device;
} ngx_http_household_memo_input_t;


/*
 * Returns the memory of the connection of "r"; or NULL if this is its first
 * request, or memory allocation failed.
 */
ngx_http_household_memo_t *ngx_http_household_memo_get(ngx_http_request_t *r);

/*
 * Returns the value of "key" in the namespace if it is kept and still fresh,
 * which counts as a hit of the zone; otherwise NULL.  "memo" may be NULL.
 */
ngx_http_household_memo_value_t *ngx_http_household_memo_find(
    ngx_http_household_memo_t *memo, ngx_http_household_memo_slot_e slot,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key);

/*
 * Keeps a copy of a HIT in place of the former value of the slot, if the last
 * HIT was of the same key.  Returns the value; or NULL if it was not, "memo" is
 * NULL, the value is too large, or memory allocation failed.
 */
ngx_http_household_memo_value_t *ngx_http_household_memo_keep(
    ngx_http_household_memo_t *memo, ngx_http_household_memo_slot_e slot,
    ngx_household_zone_ns_t *ns, const ngx_str_t *key, const u_char *data,
    size_t len, const ngx_household_zone_mark_t *mark);

/*
 * Returns the data, which stays until "held" is released: a request uses it
 * after another one may have replaced the value.  Returns NULL if "held" has
 * another value already, which the request may still use.
 */
void *ngx_http_household_memo_hold(ngx_http_household_memo_value_t **held,
    ngx_http_household_memo_value_t *value);

void ngx_http_household_memo_release(ngx_http_household_memo_value_t *value);

/* returns 1 if the account is that of the kept record, and so a valid id */
ngx_uint_t ngx_http_household_memo_knows(ngx_http_household_memo_t *memo,
    const ngx_str_t *account);

/*
 * Copies the decision that was kept, if it was made of the same input.  "value"
 * is the kept record of the input, or NULL.  Returns 1; or 0 if there is none.
 */
ngx_uint_t ngx_http_household_memo_recall(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input,
    ngx_household_decision_t *d);

/* keeps a decision; likewise */
void ngx_http_household_memo_decided(ngx_http_household_memo_t *memo,
    ngx_http_household_memo_value_t *value,
    const ngx_http_household_memo_input_t *input,
    const ngx_household_decision_t *d);


#endif /* _NGX_HTTP_HOUSEHOLD_MEMO_H_INCLUDED_ */
